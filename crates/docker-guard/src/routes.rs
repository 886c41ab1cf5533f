//! What becomes of each operation: what is asked of the engine beforehand, and what is forwarded.

use bytes::Bytes;
use http::{Method, StatusCode};
use hyper::body::Incoming;
use tokio::sync::{Mutex, MutexGuard};

use crate::answers::{Container, Info, List, Network, Version, Volume};
use crate::container::{accept_container, check_endpoint};
use crate::engine::{Call, Engine, parse};
use crate::filters::Filters;
use crate::json;
use crate::network::accept_network;
use crate::object::{ObjectId, ObjectName, Reference};
use crate::operation::{Operation, Request};
use crate::policy::Policy;
use crate::query::with_parameters;
use crate::refusal::Refusal;
use crate::shape::{ConnectBody, DisconnectBody, NoBody};
use crate::volume::accept_volume;

/// An answer: the engine's own as it comes, or one that was read here.
pub(crate) enum Answer {
    Streamed(Box<http::Response<Incoming>>),
    Read(Bytes),
}

/// One request on its way.
pub(crate) struct Route<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) engine: &'a Engine,
    /// Held from the look at what is there to what is made of it, and where a volume is removed.
    pub(crate) making: &'a Mutex<()>,
    pub(crate) version: Option<u8>,
}

impl Route<'_> {
    /// Does what is asked.
    ///
    /// # Errors
    /// When the policy refuses it, it is about something that is not the installation's, or the engine cannot be asked.
    pub(crate) async fn run(&self, request: Request, body: &[u8]) -> Result<Answer, Refusal> {
        let operation = request.operation;
        match &operation {
            Operation::ContainerCreate(name) => return self.create_container(name, body).await,
            Operation::VolumeCreate => return self.create_volume(body).await,
            Operation::NetworkCreate => return self.create_network(body).await,
            Operation::NetworkConnect(network) => return self.connect(network, body).await,
            Operation::NetworkDisconnect(network) => return self.disconnect(network, body).await,
            _ => {}
        }
        if !body.is_empty() {
            json::parse::<NoBody>(body, &[&[]])?;
        }
        match operation {
            Operation::Ping { head } => {
                let method = if head { Method::HEAD } else { Method::GET };
                self.forward(Call { method, ..Call::get("/_ping") }).await
            }
            Operation::Version => self.told::<Version>("/version").await,
            Operation::Info => self.told::<Info>("/info").await,
            Operation::ImageInspect(image) => self.forward(Call::get(format!("/images/{image}/json"))).await,
            Operation::ContainerList { all, limit, filters } => {
                let mut parameters = vec![("all", all.to_string())];
                parameters.extend(limit.map(|limit| ("limit", limit.to_string())));
                self.list("/containers/json", parameters, &filters).await
            }
            Operation::VolumeList(filters) => self.list("/volumes", Vec::new(), &filters).await,
            Operation::NetworkList(filters) => self.list("/networks", Vec::new(), &filters).await,
            Operation::ContainerInspect(container) => Ok(Answer::Read(self.container(&container).await?.1)),
            Operation::NetworkInspect(network) => Ok(Answer::Read(self.network(&network).await?.1)),
            Operation::VolumeInspect(volume) => Ok(Answer::Read(self.inspect_volume(&volume).await?)),
            Operation::ContainerStart(container) => {
                let (id, _) = self.container(&container).await?;
                self.forward(Call::change(Method::POST, format!("/containers/{}/start", id.as_str()))).await
            }
            Operation::ContainerStop(container, seconds) => self.stop(&container, seconds).await,
            Operation::ContainerRemove { container, force, volumes } => {
                let (id, _) = self.container(&container).await?;
                let parameters = [("force", force.to_string()), ("v", volumes.to_string())];
                let target = with_parameters(&format!("/containers/{}", id.as_str()), &parameters);
                self.forward(Call::change(Method::DELETE, target)).await
            }
            Operation::ContainerLogs { container, stdout, stderr, timestamps, tail } => {
                let (id, _) = self.container(&container).await?;
                let parameters = [
                    ("stdout", stdout.to_string()),
                    ("stderr", stderr.to_string()),
                    ("timestamps", timestamps.to_string()),
                    ("tail", tail.to_string()),
                ];
                let target = with_parameters(&format!("/containers/{}/logs", id.as_str()), &parameters);
                self.forward(Call::get(target)).await
            }
            Operation::VolumeRemove { volume, force } => {
                let _one_at_a_time = self.making.lock().await;
                self.volume(&volume).await?;
                let target = with_parameters(
                    &format!("/volumes/{}", volume.as_str()),
                    &[("force", force.to_string())],
                );
                self.forward(Call::change(Method::DELETE, target)).await
            }
            Operation::NetworkRemove(network) => {
                let (id, _) = self.network(&network).await?;
                self.forward(Call::change(Method::DELETE, format!("/networks/{}", id.as_str()))).await
            }
            Operation::ContainerCreate(_)
            | Operation::VolumeCreate
            | Operation::NetworkCreate
            | Operation::NetworkConnect(_)
            | Operation::NetworkDisconnect(_) => Err(Refusal::forbidden("it has a body, and was not read")),
        }
    }

    async fn forward(&self, call: Call) -> Result<Answer, Refusal> {
        Ok(Answer::Streamed(Box::new(self.engine.send(self.version, call).await?)))
    }

    /// What may be told of an answer.
    async fn told<T: serde::de::DeserializeOwned + serde::Serialize>(
        &self,
        target: &str,
    ) -> Result<Answer, Refusal> {
        let answer = self.engine.send(self.version, Call::get(target)).await?;
        if answer.status() != StatusCode::OK {
            // As where it does not speak this version: clients try another one then.
            return Ok(Answer::Streamed(Box::new(answer)));
        }
        let told: T = parse(&Engine::whole(answer).await?)?;
        Ok(Answer::Read(json::write(&told).into()))
    }

    async fn list(
        &self,
        path: &str,
        mut parameters: Vec<(&str, String)>,
        filters: &Filters,
    ) -> Result<Answer, Refusal> {
        parameters.push(("filters", filters.forwarded(&self.policy.installation)));
        self.forward(Call::get(with_parameters(path, &parameters))).await
    }

    /// A container of the installation: its id, and what the engine says of it.
    async fn container(&self, container: &Reference) -> Result<(ObjectId, Bytes), Refusal> {
        let missing = || Refusal::not_found("container", container.as_str());
        let target = format!("/containers/{}/json", container.as_str());
        let answer = self.engine.read(self.version, target).await?.ok_or_else(missing)?;
        let found: Container = parse(&answer)?;
        if found.is_of(&self.policy.installation) { Ok((found.id, answer)) } else { Err(missing()) }
    }

    /// A network of the installation: its id, and what the engine says of it.
    async fn network(&self, network: &Reference) -> Result<(ObjectId, Bytes), Refusal> {
        let missing = || Refusal::not_found("network", network.as_str());
        let target = format!("/networks/{}", network.as_str());
        let answer = self.engine.read(self.version, target).await?.ok_or_else(missing)?;
        let found: Network = parse(&answer)?;
        if found.is_of(&self.policy.installation) { Ok((found.id, answer)) } else { Err(missing()) }
    }

    /// The same, where it is asked whether a name is free: that somebody else has it is said, as it is where a volume is made.
    async fn inspect_volume(&self, volume: &ObjectName) -> Result<Bytes, Refusal> {
        let missing = || Refusal::not_found("volume", volume.as_str());
        let answer = self.engine.read(self.version, format!("/volumes/{}", volume.as_str())).await?;
        let answer = answer.ok_or_else(missing)?;
        let found: Volume = parse(&answer)?;
        if found.is_of(volume.as_str(), &self.policy.installation) {
            Ok(answer)
        } else {
            Err(Refusal::conflict("Name: is taken by a volume of somebody else"))
        }
    }

    /// What the engine says of a volume of the installation.
    async fn volume(&self, volume: &ObjectName) -> Result<Bytes, Refusal> {
        let missing = || Refusal::not_found("volume", volume.as_str());
        let target = format!("/volumes/{}", volume.as_str());
        let answer = self.engine.read(self.version, target).await?.ok_or_else(missing)?;
        let found: Volume = parse(&answer)?;
        if found.is_of(volume.as_str(), &self.policy.installation) { Ok(answer) } else { Err(missing()) }
    }

    async fn stop(&self, container: &Reference, seconds: Option<u32>) -> Result<Answer, Refusal> {
        let (id, _) = self.container(container).await?;
        let parameters: Vec<_> = seconds.map(|seconds| ("t", seconds.to_string())).into_iter().collect();
        let target = with_parameters(&format!("/containers/{}/stop", id.as_str()), &parameters);
        let mut call = Call::change(Method::POST, target);
        // Without a word of the caller it is the container's own time, which has the same bound.
        let patience = seconds.unwrap_or(crate::container::MAX_STOP_SECONDS.into());
        call.time = call.time.saturating_add(std::time::Duration::from_secs(patience.into()));
        self.forward(call).await
    }

    async fn create_container(&self, name: &ObjectName, body: &[u8]) -> Result<Answer, Refusal> {
        let accepted = accept_container(body, self.policy)?;
        let (network, _) = self.network(accepted.network()).await?;
        let one_at_a_time = self.making.lock().await;
        // A volume that is not there would be made with the container, and carry no label: none is removed from here on.
        if let Some(volume) = accepted.volume() {
            self.volume(volume).await?;
        }
        let target = with_parameters("/containers/create", &[("name", name.as_str().to_owned())]);
        let call = Call::change(Method::POST, target).with_body(accepted.forwarded(&network));
        let list = with_parameters("/containers/json", &[("all", "true".to_owned()), self.own()]);
        self.make(&one_at_a_time, list, call).await
    }

    async fn create_volume(&self, body: &[u8]) -> Result<Answer, Refusal> {
        let accepted = accept_volume(body, self.policy)?;
        let one_at_a_time = self.making.lock().await;
        let call = Call::change(Method::POST, "/volumes/create").with_body(accepted.forwarded());
        // The engine answers with the volume of that name where there is one, whosever it is.
        let taken = self.engine.read(self.version, format!("/volumes/{}", accepted.name().as_str())).await?;
        if let Some(answer) = taken {
            let found: Volume = parse(&answer)?;
            if !found.is_of(accepted.name().as_str(), &self.policy.installation) {
                return Err(Refusal::conflict("Name: is taken by a volume of somebody else"));
            }
            // It is one of those that were counted when they were made.
            return self.forward(call).await;
        }
        self.make(&one_at_a_time, with_parameters("/volumes", &[self.own()]), call).await
    }

    async fn create_network(&self, body: &[u8]) -> Result<Answer, Refusal> {
        let accepted = accept_network(body, self.policy)?;
        let call = Call::change(Method::POST, "/networks/create").with_body(accepted.forwarded());
        let one_at_a_time = self.making.lock().await;
        self.make(&one_at_a_time, with_parameters("/networks", &[self.own()]), call).await
    }

    /// Makes something, unless there are as many already as there may be: nobody else makes anything meanwhile.
    async fn make(&self, _alone: &MutexGuard<'_, ()>, list: String, call: Call) -> Result<Answer, Refusal> {
        let there: Option<List> = self.engine.read_as(self.version, list).await?;
        if there.is_none_or(|there| there.count() >= self.policy.max_databases) {
            let most = self.policy.max_databases;
            return Err(Refusal::forbidden(format!(
                "there are {most} already, which is the most (--max-databases)"
            )));
        }
        self.forward(call).await
    }

    /// The parameter by which a list is of the installation alone.
    fn own(&self) -> (&'static str, String) {
        ("filters", Filters::default().forwarded(&self.policy.installation))
    }

    async fn connect(&self, network: &Reference, body: &[u8]) -> Result<Answer, Refusal> {
        let ConnectBody { container, endpoint_config } = json::parse(body, &[&["EndpointConfig"], &[]])?;
        endpoint_config.iter().try_for_each(check_endpoint)?;
        let (network, _) = self.network(network).await?;
        let (container, _) = self.container(&container).await?;
        let body = serde_json::json!({
            "Container": container.as_str(),
            "EndpointConfig": endpoint_config.unwrap_or_default(),
        });
        let call = Call::change(Method::POST, format!("/networks/{}/connect", network.as_str()));
        self.forward(call.with_body(json::write(&body))).await
    }

    async fn disconnect(&self, network: &Reference, body: &[u8]) -> Result<Answer, Refusal> {
        let DisconnectBody { container, force } = json::parse(body, &[&[]])?;
        let (network, _) = self.network(network).await?;
        let (container, _) = self.container(&container).await?;
        let body = serde_json::json!({ "Container": container.as_str(), "Force": force });
        let call = Call::change(Method::POST, format!("/networks/{}/disconnect", network.as_str()));
        self.forward(call.with_body(json::write(&body))).await
    }
}
