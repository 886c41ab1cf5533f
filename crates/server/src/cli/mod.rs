//! What one can tell the binary to do.

mod api;
mod config;
mod demo;
mod exit;
mod hubs;
mod ingest;
mod lists;
mod out;
mod owner;
mod password;
mod printable;
mod reach;
pub mod read_files;
mod reindex;
mod serve;

use std::path::{Path, PathBuf};

use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

pub use exit::{Exit, Stop, report};

use crate::cli::out::Out;
use crate::cli::reach::{Missing, Reached};
use crate::config::{Resolved, Source};
use crate::telemetry;

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
    /// In which tenant to work; not needed where there is one
    #[arg(long, global = true, value_name = "NAME")]
    tenant: Option<String>,
    /// Write one JSON document instead of text for people
    #[arg(long, global = true)]
    json: bool,
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
    /// Bring the files of a folder into a dataset: only what it does not hold yet
    Ingest(ingest::Ingest),
    /// See how the space is set up
    #[command(subcommand)]
    Config(config::Config),
    /// Make owners
    #[command(subcommand)]
    Owner(owner::Owner),
    /// See which datasets there are
    #[command(subcommand)]
    Datasets(lists::Datasets),
    /// See which endpoints there are
    #[command(subcommand)]
    Endpoints(lists::Plain),
    /// See which policies there are
    #[command(subcommand)]
    Policies(lists::Plain),
    /// Say which hubs are trusted
    #[command(subcommand)]
    Hubs(hubs::Hubs),
    /// See on which hubs the tenant has accounts
    #[command(subcommand)]
    Marketplaces(lists::Plain),
    /// See who is a member
    #[command(subcommand)]
    Users(lists::Plain),
    /// See which tenants there are
    #[command(subcommand)]
    Tenants(lists::Plain),
    /// See which documents were brought, and how that went
    #[command(subcommand)]
    Jobs(lists::Jobs),
    /// Read the audit log
    #[command(subcommand)]
    Audit(lists::Audit),
    /// Write what lets a shell complete these commands
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// The command line as data, for its documentation.
#[must_use]
pub fn command() -> clap::Command {
    Arguments::command()
}

/// Runs what the command line says.
///
/// # Errors
/// Why it could not be done.
pub fn run() -> anyhow::Result<()> {
    let Arguments { home, listen, log_format, tenant, json, command } = Arguments::parse();
    let flags: Vec<(&'static str, String)> = [("listen", listen), ("log_format", log_format)]
        .into_iter()
        .filter_map(|(key, value)| value.map(|value| (key, value)))
        .collect();
    let resolve = |home: &Path| crate::config::resolve(home, std::env::vars_os(), &flags);
    let here = || crate::config::home_from(home.as_deref());
    let command = command.unwrap_or(Command::Serve);
    if json && matches!(command, Command::Serve | Command::Demo(_) | Command::Completions { .. }) {
        return Err(
            Stop::new(Exit::Usage, "this command has no result to write as JSON: leave out --json").into()
        );
    }
    let mut out = Out::new(json);
    match &command {
        Command::Serve => {
            drop(out);
            let (home, _) = here()?;
            serve::run(&home, &resolve(&home)?.settings)
        }
        Command::ReadFiles => {
            drop(out);
            read_files::run()
        }
        Command::Demo(demo) => {
            drop(out);
            demo::run(demo, |home| Ok(resolve(home)?.settings))
        }
        Command::Reindex(which) => {
            let (home, _) = here()?;
            reindex::run(&home, &resolve(&home)?.settings, which, &mut out)
        }
        Command::Config(config::Config::Show) => {
            let home = here()?;
            let resolved = resolve(&home.0)?;
            config::show(&home, &resolved, &mut out)
        }
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Arguments::command(), "syft-space", &mut script);
            out.text(&String::from_utf8(script)?)
        }
        other => {
            let (home, _) = here()?;
            at_work(&home, resolve(&home)?, tenant, other, &mut out)
        }
    }
}

/// Runs a command that needs the space: over the server that has its home, or alone.
fn at_work(
    home: &Path,
    resolved: Resolved,
    tenant: Option<String>,
    command: &Command,
    out: &mut Out,
) -> anyhow::Result<()> {
    let quiet = *resolved.source("log") == Source::Default;
    let mut settings = resolved.settings;
    if quiet {
        "warn".clone_into(&mut settings.log);
    }
    telemetry::start(&settings);
    // What a person has to be asked comes before anything is touched.
    let (wanted, missing) = match command {
        Command::Owner(owner::Owner::Create(create)) => {
            (Some(create.read(tenant.as_deref())?), Missing::Make)
        }
        _ => (None, Missing::Refuse),
    };
    let tenant = tenant.filter(|_| wanted.is_none());
    actix_web::rt::System::new().block_on(async {
        let space = Reached::space(home, &settings, tenant, missing).await?;
        let api = &space.api;
        let done = match (command, &wanted) {
            (Command::Owner(_), Some(wanted)) => owner::create(api, wanted, out).await,
            (Command::Ingest(wanted), _) => ingest::run(api, wanted, out).await,
            (Command::Datasets(what), _) => lists::datasets(api, what, out).await,
            (Command::Endpoints(lists::Plain::List), _) => lists::endpoints(api, out).await,
            (Command::Policies(lists::Plain::List), _) => lists::policies(api, out).await,
            (Command::Hubs(what), _) => hubs::run(api, what, out).await,
            (Command::Marketplaces(lists::Plain::List), _) => lists::marketplaces(api, out).await,
            (Command::Users(lists::Plain::List), _) => lists::users(api, out).await,
            (Command::Tenants(lists::Plain::List), _) => lists::tenants(api, out).await,
            (Command::Jobs(what), _) => lists::jobs(api, what, out).await,
            (Command::Audit(what), _) => lists::audit(api, what, out).await,
            _ => Ok(()),
        };
        let left = space.leave().await;
        done.and(left)
    })
}
