//! What one can tell the binary to do.

mod demo;
pub mod read_files;
mod reindex;
mod serve;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::config::{self, Settings};

/// A self-hosted space: private documents as queryable HTTP endpoints, under your own rules.
#[derive(Parser)]
#[command(name = "syft-space", version)]
struct Arguments {
    /// Where everything lies [default: SYFT_SPACE_HOME, or ~/.syft-space]
    #[arg(long, global = true, value_name = "FOLDER")]
    home: Option<PathBuf>,
    /// Where to listen [default: 127.0.0.1:8080]
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// How to log: pretty or json
    #[arg(long, global = true, value_name = "FORMAT")]
    log_format: Option<String>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the space of the home (what is done without a command)
    Serve,
    /// Show the main job in a minute, in a home of its own that is removed afterwards
    Demo(demo::DemoArguments),
    /// Build the search indexes anew from the stored documents, with no server running
    Reindex(reindex::ReindexArguments),
    /// Read files for a server, which starts this by itself
    #[command(hide = true)]
    ReadFiles,
}

/// Runs what the command line says.
///
/// # Errors
/// Why it could not be done.
pub fn run() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let flags: Vec<(&'static str, String)> =
        [("listen", arguments.listen.clone()), ("log_format", arguments.log_format.clone())]
            .into_iter()
            .filter_map(|(key, value)| value.map(|value| (key, value)))
            .collect();
    let settings_of = |home: &std::path::Path| -> anyhow::Result<Settings> {
        Ok(config::load(home, std::env::vars_os(), &flags)?)
    };
    match arguments.command.unwrap_or(Command::Serve) {
        Command::Serve => {
            let home = config::home_from(arguments.home.as_deref())?;
            serve::run(&home, &settings_of(&home)?)
        }
        Command::ReadFiles => read_files::run(),
        Command::Demo(demo) => demo::run(&demo, |home| settings_of(home)),
        Command::Reindex(reindex) => {
            let home = config::home_from(arguments.home.as_deref())?;
            reindex::run(&home, &settings_of(&home)?, &reindex)
        }
    }
}
