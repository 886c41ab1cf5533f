//! One request of the table: its bytes, and what must be answered.

use serde_json::Value;
use syft_space::http::reason::Reason;
use syft_space::http::route_table::{Guard, Method, Route};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::space::event_stream::read_raw;

/// Stands in every secret that a hostile request sends: no answer may repeat it.
pub const SECRET: &str = "8317265940";

/// One request of the table.
pub struct Case {
    pub name: String,
    /// The route that is meant.
    pub route: Option<(Method, &'static str)>,
    pub bytes: Vec<u8>,
    pub expect: Expect,
}

/// What must be answered.
#[derive(Debug, Clone)]
pub enum Expect {
    /// A problem of this reason.
    Refused(Reason),
    /// A problem of this reason whose first error is at this JSON Pointer, and whose detail names its field.
    At(Reason, String),
    /// There is no request yet: this status, and an empty body.
    Unread(u16),
    /// What is odd about it makes no difference.
    Harmless(u16),
}

/// The most bytes of a body on a route that is open to anybody.
const MAX_OPEN_BODY_BYTES: usize = 8 * 1024;

fn body_bytes(request: &[u8]) -> usize {
    let head = request.windows(4).position(|end| end == b"\r\n\r\n");
    head.map_or(0, |head| request.len() - head - 4)
}

impl Case {
    pub fn new(name: impl Into<String>, route: &'static Route, bytes: Vec<u8>, expect: Expect) -> Self {
        let name = format!("{} {} {}", route.method, route.path, name.into());
        let expect = match expect {
            // Where anybody may send a body, its size is looked at first.
            Expect::Refused(Reason::Malformed | Reason::PasswordRefused) | Expect::At(Reason::Invalid, _)
                if matches!(route.guard, Guard::Open) && body_bytes(&bytes) > MAX_OPEN_BODY_BYTES =>
            {
                Expect::Refused(Reason::TooLarge)
            }
            other => other,
        };
        Self { name, route: Some((route.method, route.path)), bytes, expect }
    }

    /// Sends the bytes, and says what is wrong with the answer.
    pub async fn run(&self, address: &str) -> (u16, Result<(), String>) {
        let mut raw = exchange(address, &self.bytes).await;
        let mut answer = Answer::read(&raw);
        // An account is exported once at a time, and has some tails, and these are sent side by side.
        let is_of = |end: &str| self.route.is_some_and(|(_, path)| path.ends_with(end));
        let full = [("/export", 503), ("/audit/tail", 429)].into_iter().find(|(end, _)| is_of(end));
        while full.is_some_and(|(_, status)| answer.as_ref().is_some_and(|answer| answer.status == status)) {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            raw = exchange(address, &self.bytes).await;
            answer = Answer::read(&raw);
        }
        let verdict = self.judge(&answer, &raw);
        let told = String::from_utf8_lossy(&raw).chars().take(1_000).collect::<String>();
        let told = |why| format!("{}\n  expected {:?}: {why}\n  {told:?}", self.name, self.expect);
        (answer.map_or(0, |answer| answer.status), verdict.map_err(told))
    }

    fn judge(&self, answer: &Option<Answer>, raw: &[u8]) -> Result<(), String> {
        let Some(answer) = answer else {
            return Err("no answer".to_owned());
        };
        if String::from_utf8_lossy(raw).contains(SECRET) {
            return Err("the answer repeats a secret".to_owned());
        }
        // One request, one answer: nothing in it was taken for a request of its own.
        if answer.more {
            return Err("more than one answer".to_owned());
        }
        match &self.expect {
            Expect::Refused(reason) => answer.is_problem(*reason, None),
            Expect::At(reason, pointer) => answer.is_problem(*reason, Some(pointer)),
            Expect::Unread(status) => {
                let empty = answer.status == *status && answer.body.is_empty();
                empty.then_some(()).ok_or_else(|| "it is not refused before it is a request".to_owned())
            }
            Expect::Harmless(status) => {
                (answer.status == *status).then_some(()).ok_or_else(|| "it made a difference".to_owned())
            }
        }
    }
}

/// Sends bytes and reads until the server closes. It may close before it has read them all.
pub async fn exchange(address: &str, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let (mut read, mut write) = stream.split();
    let exchanged = async {
        // A server that answers for long need not read meanwhile what nobody asked for.
        let write = async {
            drop(write.write_all(bytes).await);
            std::future::pending().await
        };
        tokio::select! {
            answer = read_raw(&mut read) => answer,
            never = write => never,
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), exchanged).await.expect("the server answers")
}

/// An answer, taken apart.
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
    more: bool,
}

impl Answer {
    pub fn read(raw: &[u8]) -> Option<Self> {
        let interim = b"HTTP/1.1 100 Continue\r\n\r\n";
        let raw = raw.strip_prefix(interim.as_slice()).unwrap_or(raw);
        let end = raw.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&raw[..end]).to_lowercase();
        let status = head.split(' ').nth(1)?.parse().ok()?;
        let body = &raw[end + 4..];
        let length = match header(&head, "transfer-encoding") {
            _ if header(&head, "content-type") == "text/event-stream" => body.len(),
            "chunked" => chunked(body)?,
            // It ends with the connection.
            _ if header(&head, "content-type") == "application/zip" => body.len(),
            _ => header(&head, "content-length").parse().unwrap_or(0).min(body.len()),
        };
        Some(Self { status, body: body[..length].to_vec(), more: body.len() > length, head })
    }

    fn is_problem(&self, reason: Reason, pointer: Option<&str>) -> Result<(), String> {
        let demand = |holds: bool, what: &str| holds.then_some(()).ok_or_else(|| what.to_owned());
        demand(self.status == reason.status().as_u16(), "another status")?;
        demand(header(&self.head, "content-type") == "application/problem+json", "another media type")?;
        demand(header(&self.head, "x-content-type-options") == "nosniff", "a browser might guess")?;
        let body: Value = serde_json::from_slice(&self.body).map_err(|error| error.to_string())?;
        demand(body["reason_code"] == reason.code(), "another reason")?;
        let detail = body["detail"].as_str().ok_or("no detail")?;
        demand(detail.len() > 10, "the detail does not help")?;
        demand(self.body.len() < 20_000, "the answer is too long")?;
        demand(body["instance"].as_str().is_some_and(|id| id.starts_with("urn:uuid:")), "no request id")?;
        if let Some(pointer) = pointer {
            demand(body["errors"][0]["pointer"] == pointer, "another pointer")?;
            let field = pointer.rsplit('/').find(|part| !part.is_empty() && part.parse::<usize>().is_err());
            demand(field.is_none_or(|field| detail.contains(field)), "the detail does not name the field")?;
        }
        Ok(())
    }
}

/// How many bytes a body in chunks has, up to its end (RFC 9112, section 7.1).
fn chunked(body: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let line = body[at..].windows(2).position(|end| end == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&body[at..at + line]).ok()?, 16).ok()?;
        at += line + 2 + size + 2;
        if at > body.len() {
            return None;
        }
        if size == 0 {
            return Some(at);
        }
    }
}

/// The value of a header, from a head in lower case.
pub fn header<'a>(head: &'a str, name: &str) -> &'a str {
    let of_name = |line: &'a str| line.split_once(": ").filter(|(known, _)| *known == name);
    head.lines().find_map(of_name).map_or("", |(_, value)| value.trim())
}
