//! One use of the engine: its version is asked first, each call is bounded in time, and whatever goes wrong gets a name.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bollard::Docker;
use bollard::errors::Error;
use syft_space_domain::provisioning::ports::ProvisionError;

use crate::transport::Way;

/// How often something is removed that the engine still lists, and looked for that has just been made.
pub(crate) const ROUNDS: u32 = 12;
/// What engines say where a network has no address left.
const NO_ADDRESS: &[&str] = &[
    "no available ipv4 address",
    "no available ip address",
    "could not find free ip",
    "failed to find free ip",
];
/// The most characters that are told of what an engine says.
const MAX_MESSAGE: usize = 300;

/// A client of the engine, in the version that both know.
pub(crate) struct Engine {
    pub(crate) docker: Docker,
    pub(crate) call_timeout: Duration,
}

/// A call did not do what it was for.
#[derive(Debug)]
pub(crate) enum CallError {
    /// The engine says why not.
    Refused {
        /// The status of its answer.
        status: u16,
        /// What it says, as one short line.
        message: String,
    },
    /// Anything else.
    Failed(ProvisionError),
}

impl CallError {
    /// Whether what was named is not there.
    pub(crate) fn is_missing(&self) -> bool {
        matches!(self, Self::Refused { status: 404, .. })
    }

    /// Whether what is there stands in the way.
    pub(crate) fn is_conflict(&self) -> bool {
        matches!(self, Self::Refused { status: 409, .. })
    }

    /// Whether the engine says something with one of these texts.
    pub(crate) fn says(&self, texts: &[&str]) -> bool {
        matches!(self, Self::Refused { message, .. } if {
            let message = message.to_ascii_lowercase();
            texts.iter().any(|text| message.contains(text))
        })
    }
}

impl From<CallError> for ProvisionError {
    fn from(error: CallError) -> Self {
        if error.says(&["no space left on device", "disk quota exceeded"]) {
            return match error {
                CallError::Refused { message, .. } => Self::OutOfSpace(message),
                CallError::Failed(error) => error,
            };
        }
        if error.says(NO_ADDRESS) {
            return Self::NoAddressLeft("the tenant's network is full".to_owned());
        }
        match error {
            CallError::Refused { status, message } => Self::Refused(format!("{status}: {message}")),
            CallError::Failed(error) => error,
        }
    }
}

/// A text of the engine as one short line.
pub(crate) fn one_line(text: &str) -> String {
    let clean = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    clean.take(MAX_MESSAGE).collect::<String>().trim().to_owned()
}

/// What a failure of the client means. Of an answer that cannot be read nothing is told: it may hold a credential.
fn named(what: &str, error: Error) -> CallError {
    let down =
        |why: String| CallError::Failed(ProvisionError::EngineDown(format!("{what}: {}", one_line(&why))));
    match error {
        // What stands before an engine says so of it: an engine has no use for these itself.
        Error::DockerResponseServerError { status_code: 502 | 503, message } => down(message),
        Error::DockerResponseServerError { status_code: 504, .. } => {
            CallError::Failed(ProvisionError::TooSlow(what.to_owned()))
        }
        Error::DockerResponseServerError { status_code, message } => {
            CallError::Refused { status: status_code, message: one_line(&message) }
        }
        Error::RequestTimeoutError => CallError::Failed(ProvisionError::TooSlow(what.to_owned())),
        Error::IOError { err } => down(err.to_string()),
        Error::HyperResponseError { err } if !err.is_parse() => down(err.to_string()),
        _ => CallError::Failed(ProvisionError::Nonsense(format!("{what}: this is no answer to it"))),
    }
}

/// An answer that lacks what each such answer has.
pub(crate) fn lacks(what: &str) -> ProvisionError {
    ProvisionError::Nonsense(format!("an answer lacks {what}"))
}

impl Engine {
    /// Asks the engine for its version, so that calls are in one that it knows.
    pub(crate) async fn open(way: &Way, call_timeout: Duration) -> Result<Self, ProvisionError> {
        let what = "asking for its version";
        let version = Arc::default();
        let docker = way.client(call_timeout, &version).map_err(|error| named(what, error))?;
        let asked = tokio::time::timeout(call_timeout, docker.negotiate_version()).await;
        let docker = asked.map_err(|_| ProvisionError::TooSlow(what.to_owned()))?;
        let docker = docker.map_err(|error| named(what, error))?;
        version.get_or_init(|| docker.client_version());
        Ok(Self { docker, call_timeout })
    }

    /// Waits for the answer to one call, as long as one may take.
    pub(crate) async fn call<T>(
        &self,
        what: &str,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, CallError> {
        self.call_within(self.call_timeout, what, call).await
    }

    /// Waits for the answer to a call that the engine takes longer for.
    pub(crate) async fn call_within<T>(
        &self,
        limit: Duration,
        what: &str,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, CallError> {
        match tokio::time::timeout(limit, call).await {
            Ok(answer) => answer.map_err(|error| named(what, error)),
            Err(_) => Err(CallError::Failed(ProvisionError::TooSlow(what.to_owned()))),
        }
    }
}

/// Waits a little longer each round, until an engine has done in the background what it has answered to.
pub(crate) async fn pause(round: u32) {
    tokio::time::sleep(Duration::from_millis(25).saturating_mul(round.saturating_add(1))).await;
}

/// Whether removing went as well as it can: what is gone already, or is on its way, is no failure. What was really removed is
/// seen in the next list.
pub(crate) fn removed(result: Result<(), CallError>) -> Result<Option<String>, ProvisionError> {
    match result {
        Ok(()) => Ok(None),
        Err(error) if error.is_missing() => Ok(None),
        Err(CallError::Refused { status: 403 | 409, message }) => Ok(Some(message)),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, message: &str) -> CallError {
        CallError::Refused { status, message: message.to_owned() }
    }

    #[test]
    fn r4_what_an_engine_says_is_told_as_what_the_operator_can_do() {
        let full = refused(500, "mkdir /var/lib/docker/x: No space left on device");
        assert!(matches!(ProvisionError::from(full), ProvisionError::OutOfSpace(_)));
        let crowded = refused(500, "no available IPv4 addresses on this network's address pools");
        assert!(matches!(ProvisionError::from(crowded), ProvisionError::NoAddressLeft(_)));
        let other = ProvisionError::from(refused(403, "not in this house"));
        assert_eq!(other, ProvisionError::Refused("403: not in this house".to_owned()));
    }

    #[test]
    fn r4_an_engine_that_is_down_or_slow_behind_a_proxy_is_told_as_one_that_is_so_itself() {
        let answer = |status_code| {
            named("x", Error::DockerResponseServerError { status_code, message: "no\nengine".to_owned() })
        };
        for status in [502, 503] {
            let error = ProvisionError::from(answer(status));
            assert_eq!(error, ProvisionError::EngineDown("x: no engine".to_owned()));
        }
        assert_eq!(ProvisionError::from(answer(504)), ProvisionError::TooSlow("x".to_owned()));
        assert!(matches!(answer(500), CallError::Refused { status: 500, .. }));
    }

    #[test]
    fn n3_what_an_engine_says_is_one_short_line() {
        let told = one_line(&format!("a\nb\u{1b}[31m{}", "x".repeat(10_000)));
        assert!(told.starts_with("a b [31mx") && told.chars().count() == MAX_MESSAGE);
    }

    #[test]
    fn n3_nothing_is_told_of_an_answer_that_cannot_be_read() {
        let secret = "0123456789abcdef";
        let unread = Error::JsonDataError { message: format!("near \"Env\":[\"KEY={secret}\"]"), column: 7 };
        let CallError::Failed(error) = named("looking at a container", unread) else { panic!("no refusal") };
        assert!(!error.to_string().contains(secret), "{error}");
    }
}
