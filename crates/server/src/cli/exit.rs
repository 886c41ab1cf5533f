//! The exit status of a command, and the report of its error.

use std::fmt;
use std::io::Write;
use std::process::ExitCode;

use syft_space_domain::ids::ApprovalId;

use crate::cli::printable::printable;
use crate::http::reason::Reason;

/// The exit status of a command that did not do all that was asked. 0 is success; clap exits with 2 where the command
/// line cannot be parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// Nobody reads the output any more: what was asked is done.
    BrokenPipe,
    /// It failed.
    Failed,
    /// The command line cannot be followed.
    Usage,
    /// What was named is not there: a home, a tenant, a dataset, an endpoint.
    NotFound,
    /// The server refused it, and nothing was done.
    Refused,
    /// Only part of it was done.
    Partial,
    /// Ctrl-C.
    Interrupted,
}

impl ExitStatus {
    fn code(self) -> u8 {
        match self {
            Self::BrokenPipe => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NotFound => 3,
            Self::Refused => 4,
            Self::Partial => 5,
            Self::Interrupted => 130,
        }
    }
}

/// The error of a command, with an exit status that tells more than that it failed.
#[derive(Debug)]
pub struct CommandError {
    status: ExitStatus,
    message: String,
    /// Why the server refused it, where it did.
    reason_code: Option<String>,
    /// With which status of HTTP.
    http_status: Option<u16>,
    /// The request for approval that it is about.
    approval: Option<ApprovalId>,
}

impl CommandError {
    /// An error with its exit status. The message may hold text from the server.
    #[must_use]
    pub fn new(status: ExitStatus, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), reason_code: None, http_status: None, approval: None }
    }

    /// The error of a command that the server refused for this reason.
    #[must_use]
    pub(super) fn because(self, reason_code: impl Into<String>) -> Self {
        Self { reason_code: Some(reason_code.into()), ..self }
    }

    /// The same error, of a request that was answered so.
    #[must_use]
    pub(super) fn answered(self, http_status: u16) -> Self {
        Self { http_status: Some(http_status), ..self }
    }

    /// The error of a command whose question nobody has approved.
    #[must_use]
    pub(super) fn about(self, approval: Option<ApprovalId>) -> Self {
        Self { approval, ..self }
    }

    /// The same error, with more to its message.
    #[must_use]
    pub(super) fn and(self, more: &str) -> Self {
        Self { message: format!("{}; {more}", self.message), ..self }
    }

    /// The error of a command whose later step failed, where an earlier one was done.
    #[must_use]
    pub(super) fn partial(done: &str, error: &anyhow::Error) -> Self {
        Self::new(ExitStatus::Partial, format!("{done}; {error:#}"))
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CommandError {}

/// The exit status of a command that ended with this error.
#[must_use]
pub(super) fn status_of(error: &anyhow::Error) -> ExitStatus {
    let told = error.chain().find_map(|cause| cause.downcast_ref::<CommandError>());
    told.map_or(ExitStatus::Failed, |error| error.status)
}

/// The request for approval that the error of a command is about.
#[must_use]
pub(super) fn approval_of(error: &anyhow::Error) -> Option<ApprovalId> {
    error.chain().find_map(|cause| cause.downcast_ref::<CommandError>())?.approval
}

/// The status of HTTP with which the server refused what a command asked for.
#[must_use]
pub(super) fn http_status_of(error: &anyhow::Error) -> Option<u16> {
    error.chain().find_map(|cause| cause.downcast_ref::<CommandError>())?.http_status
}

/// Whether a command ended because the server refused it for this reason.
#[must_use]
pub(super) fn is_refused_for(error: &anyhow::Error, reason: Reason) -> bool {
    let told = error.chain().find_map(|cause| cause.downcast_ref::<CommandError>());
    told.and_then(|error| error.reason_code.as_deref()).is_some_and(|code| code == reason.code())
}

/// Writes the error of a command to standard error, and returns its exit code.
#[must_use]
pub(super) fn report(error: &anyhow::Error) -> ExitCode {
    let status = status_of(error);
    if status != ExitStatus::BrokenPipe {
        // With standard error closed there is nobody to tell, and the exit code still tells.
        let _nobody = writeln!(std::io::stderr(), "syft-space: {}", printable(&format!("{error:#}")));
    }
    ExitCode::from(status.code())
}
