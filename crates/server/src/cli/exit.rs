//! How a command ends: its exit code, and what it says where it could not do what was asked.

use std::fmt;
use std::io::Write;
use std::process::ExitCode;

use crate::cli::printable::printable;

/// How a command ended that did not do all that was asked. 0 is success; 2 is a command line that is none, from clap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Nobody reads the output any more: what was asked is done.
    ReaderGone,
    /// It failed.
    Failed,
    /// The command line cannot be followed.
    Usage,
    /// What was named is not there: a home, a tenant, a dataset.
    NotFound,
    /// The server refused it, and nothing was done.
    Refused,
    /// Part of it was done.
    Partly,
    /// Ctrl-C.
    Interrupted,
}

impl Exit {
    fn code(self) -> u8 {
        match self {
            Self::ReaderGone => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NotFound => 3,
            Self::Refused => 4,
            Self::Partly => 5,
            Self::Interrupted => 130,
        }
    }
}

/// Why a command ends, where the exit code tells more than that it failed.
#[derive(Debug)]
pub struct Stop {
    exit: Exit,
    message: String,
}

impl Stop {
    /// An end with a reason. What the server wrote may be part of it.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into() }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Stop {}

/// Says why a command could not do what was asked, and answers its exit code.
#[must_use]
pub fn report(error: &anyhow::Error) -> ExitCode {
    let exit =
        error.chain().find_map(|one| one.downcast_ref::<Stop>()).map_or(Exit::Failed, |stop| stop.exit);
    if exit != Exit::ReaderGone {
        // With standard error closed there is nobody to tell, and the exit code still tells.
        let _nobody = writeln!(std::io::stderr(), "syft-space: {}", printable(&format!("{error:#}")));
    }
    ExitCode::from(exit.code())
}
