//! The operations that are let through, and how a request's method and target say which.

use http::Method;

use crate::container::MAX_STOP_SECONDS;
use crate::filters::Filters;
use crate::object::{ObjectName, Reference};
use crate::policy::Policy;
use crate::query::Query;
use crate::refusal::Refusal;

/// What is asked of the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is an operation of the engine's API, by its own name")]
pub enum Operation {
    Ping {
        head: bool,
    },
    Version,
    Info,
    /// Of an image of the list.
    ImageInspect(String),
    ContainerCreate(ObjectName),
    ContainerList {
        all: bool,
        limit: Option<u32>,
        filters: Filters,
    },
    ContainerInspect(Reference),
    ContainerStart(Reference),
    /// With the seconds that it is given to end.
    ContainerStop(Reference, Option<u32>),
    ContainerRemove {
        container: Reference,
        force: bool,
        volumes: bool,
    },
    ContainerLogs {
        container: Reference,
        stdout: bool,
        stderr: bool,
        timestamps: bool,
        tail: u32,
    },
    VolumeCreate,
    VolumeList(Filters),
    VolumeInspect(ObjectName),
    VolumeRemove {
        volume: ObjectName,
        force: bool,
    },
    NetworkCreate,
    NetworkList(Filters),
    NetworkInspect(Reference),
    NetworkRemove(Reference),
    NetworkConnect(Reference),
    NetworkDisconnect(Reference),
}

/// A request: what is asked, and the version of the API in which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What is asked.
    pub operation: Operation,
    /// The minor version of the API, where the path names one: 41 for `/v1.41/`.
    pub version: Option<u8>,
}

/// The most lines of a log that are answered.
const MAX_LOG_LINES: u32 = 1_000;
/// The most bytes of a request's target.
const MAX_TARGET_BYTES: usize = 8 * 1024;

impl Request {
    /// Reads a method and a target (path and query string).
    ///
    /// # Errors
    /// When the path is not in its normal form, or it is nothing that is let through.
    pub fn parse(method: &Method, target: &str, policy: &Policy) -> Result<Self, Refusal> {
        if target.len() > MAX_TARGET_BYTES {
            return Err(Refusal::malformed("the path is too long"));
        }
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path = path.strip_prefix('/').ok_or_else(|| Refusal::malformed("the path is not absolute"))?;
        let (version, path) = split_version(path);
        let mut query = Query::parse(query)?;
        let segments: Vec<&str> = path.split('/').collect();
        if segments.iter().any(|segment| matches!(*segment, "" | "." | "..")) {
            return Err(Refusal::malformed("the path is not in its normal form"));
        }
        // Only the name of an image has more segments than one, and is written with escapes by some clients.
        if let ["images", name @ .., "json"] = segments.as_slice()
            && method == Method::GET
        {
            let name = name.join("/").replace("%40", "@").replace("%3A", ":").replace("%3a", ":");
            let image = policy.image(&name)?.to_owned();
            query.finish()?;
            return Ok(Self { operation: Operation::ImageInspect(image), version });
        }
        let operation = by_segments(method, &segments, &mut query)?;
        query.finish()?;
        Ok(Self { operation, version })
    }
}

/// The minor version at the front of a path, and the rest.
fn split_version(path: &str) -> (Option<u8>, &str) {
    let version = path.strip_prefix("v1.").and_then(|path| path.split_once('/'));
    let version = version.and_then(|(minor, rest)| {
        let digits = (1..=2).contains(&minor.len()) && minor.chars().all(|letter| letter.is_ascii_digit());
        minor.parse().ok().filter(|_| digits).map(|minor| (Some(minor), rest))
    });
    version.unwrap_or((None, path))
}

fn by_segments(method: &Method, segments: &[&str], query: &mut Query) -> Result<Operation, Refusal> {
    let not_let_through =
        || Refusal::forbidden(format!("{method} /{} is not let through", segments.join("/")));
    Ok(match (method.as_str(), segments) {
        ("GET", ["_ping"]) => Operation::Ping { head: false },
        ("HEAD", ["_ping"]) => Operation::Ping { head: true },
        ("GET", ["version"]) => Operation::Version,
        ("GET", ["info"]) => Operation::Info,
        (_, ["containers", rest @ ..]) => of_containers(method, rest, query)?.ok_or_else(not_let_through)?,
        ("POST", ["volumes", "create"]) => Operation::VolumeCreate,
        ("GET", ["volumes"]) => Operation::VolumeList(take_filters(query)?),
        ("GET", ["volumes", name]) => Operation::VolumeInspect(object_name(name)?),
        ("DELETE", ["volumes", name]) => {
            Operation::VolumeRemove { volume: object_name(name)?, force: query.take_flag("force")? }
        }
        ("POST", ["networks", "create"]) => Operation::NetworkCreate,
        ("GET", ["networks"]) => Operation::NetworkList(take_filters(query)?),
        ("GET", ["networks", network]) => Operation::NetworkInspect(reference(network)?),
        ("DELETE", ["networks", network]) => Operation::NetworkRemove(reference(network)?),
        ("POST", ["networks", network, "connect"]) => Operation::NetworkConnect(reference(network)?),
        ("POST", ["networks", network, "disconnect"]) => Operation::NetworkDisconnect(reference(network)?),
        _ => return Err(not_let_through()),
    })
}

fn of_containers(
    method: &Method,
    segments: &[&str],
    query: &mut Query,
) -> Result<Option<Operation>, Refusal> {
    Ok(Some(match (method.as_str(), segments) {
        ("POST", ["create"]) => {
            let name =
                query.take("name").ok_or_else(|| Refusal::forbidden("a container must have a name"))?;
            Operation::ContainerCreate(object_name(&name)?)
        }
        ("GET", ["json"]) => {
            // Docker's client for Python writes -1 for "all".
            let limit = query.take("limit").filter(|limit| limit != "-1");
            let limit =
                limit.map(|limit| limit.parse().map_err(|_| Refusal::malformed("limit is no number")));
            Operation::ContainerList {
                all: query.take_flag("all")?,
                limit: limit.transpose()?.filter(|limit| *limit > 0),
                filters: take_filters(query)?,
            }
        }
        ("GET", [container, "json"]) => Operation::ContainerInspect(reference(container)?),
        ("POST", [container, "start"]) => Operation::ContainerStart(reference(container)?),
        ("POST", [container, "stop"]) => {
            Operation::ContainerStop(reference(container)?, query.take_number("t", MAX_STOP_SECONDS.into())?)
        }
        ("DELETE", [container]) => Operation::ContainerRemove {
            container: reference(container)?,
            force: query.take_flag("force")?,
            volumes: query.take_flag("v")?,
        },
        ("GET", [container, "logs"]) => {
            let (stdout, stderr) = (query.take_flag("stdout")?, query.take_flag("stderr")?);
            let timestamps = query.take_flag("timestamps")?;
            let tail = query.take("tail").filter(|tail| tail != "all");
            let tail = tail
                .and_then(|tail| tail.parse().ok())
                .map_or(MAX_LOG_LINES, |tail: u32| tail.min(MAX_LOG_LINES));
            Operation::ContainerLogs { container: reference(container)?, stdout, stderr, timestamps, tail }
        }
        _ => return Ok(None),
    }))
}

fn take_filters(query: &mut Query) -> Result<Filters, Refusal> {
    Filters::parse(query.take("filters").as_deref())
}

fn object_name(text: &str) -> Result<ObjectName, Refusal> {
    ObjectName::try_from(text.to_owned()).map_err(Refusal::forbidden)
}

fn reference(text: &str) -> Result<Reference, Refusal> {
    Reference::try_from(text.to_owned()).map_err(Refusal::forbidden)
}
