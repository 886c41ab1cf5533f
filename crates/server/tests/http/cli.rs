//! The command line for a person: with a server running on the home, and alone on it.

pub(crate) mod account;
mod config;
mod docker_guard;
mod docs;
pub(crate) mod encoder;
mod fetched_encoder;
mod groups;
mod ingest;
mod kept;
mod lists;
mod members;
mod owner;
mod password;
mod policies;
mod second_factor;
mod socket;
mod tail;
mod terminal;
mod who_may_ask;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::space::{PASSWORD, TestSpace, binary};

/// The result of a command.
#[derive(Debug)]
pub struct CommandOutput {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl CommandOutput {
    /// Demands an exit code.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        self
    }

    /// The one JSON document that it wrote.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The items of the list that it wrote.
    #[track_caller]
    pub fn items(&self) -> Vec<Value> {
        self.json()["items"].as_array().unwrap().clone()
    }
}

/// A command on a home.
pub fn command(home: &Path, arguments: &[&str]) -> Command {
    let mut command = binary();
    command.args(arguments).arg("--home").arg(home);
    command
}

/// Runs a command on a home. It waits for it, so it is not to be called where the server runs on this thread.
pub fn run(home: &Path, arguments: &[&str]) -> CommandOutput {
    output_of(command(home, arguments).output().unwrap())
}

/// Runs a command that reads this on its standard input.
pub fn run_with(home: &Path, arguments: &[&str], input: &str) -> CommandOutput {
    let mut command = command(home, arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A command that refuses its arguments reads nothing.
    drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
    output_of(child.wait_with_output().unwrap())
}

fn output_of(Output { status, stdout, stderr }: Output) -> CommandOutput {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    CommandOutput { code: status.code(), stdout: text(stdout), stderr: text(stderr) }
}

/// Founds a tenant through the command line.
#[track_caller]
pub fn found(home: &Path, tenant: &str) -> Value {
    let email = format!("owner@{tenant}.example");
    let create = ["owner", "create", "--email", &email, "--tenant", tenant, "--new-tenant"];
    let arguments = [&create[..], &["--password-file", "-", "--json"]].concat();
    run_with(home, &arguments, PASSWORD).expect(0).json()
}

/// Stops the server of a space, which keeps its home.
pub fn stop(space: &mut TestSpace) {
    space.server().signal("TERM");
    assert_eq!(space.server().wait(), Some(0));
}
