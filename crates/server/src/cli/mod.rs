//! The command line: its commands, and how each is run.

mod access;
mod access_review;
mod account;
mod address_file;
mod api;
mod api_keys;
mod approvals;
mod ask;
mod attached_policies;
mod audit;
mod audit_events;
mod audit_impact;
mod audit_proofs;
mod audit_tail;
mod by_right;
mod call;
mod certificates;
mod change_password;
mod checkpoint_files;
mod completions;
mod config;
mod connect;
mod csv;
mod datasets;
mod deletions;
mod demo;
mod docker_guard;
mod documents;
mod durations;
mod encoder;
mod endpoints;
mod event_stream;
mod exit;
mod expectations;
mod exported_line;
mod forget_database;
mod groups;
mod hubs;
mod ingest;
mod installation;
mod instant;
mod invitations;
mod invite;
mod jobs;
mod keys;
mod known_marketplaces;
mod known_policies;
mod ledger;
mod lists;
mod member_changes;
mod metrics;
mod named_file;
mod names;
mod new_file;
mod oidc;
mod output;
mod owner;
mod password;
mod policies;
mod policy_attach;
mod policy_changes;
mod policy_coverage;
mod policy_enforcement;
mod policy_history;
mod policy_replay;
mod policy_rule;
mod policy_tools;
mod policy_upstream;
mod printable;
mod privacy;
mod publish;
pub mod read_files;
mod read_model;
mod receipts;
mod reindex;
mod retention;
mod serve;
mod sessions;
mod shut_out;
mod sign_off;
mod statements;
mod tenant_archive;
mod tenants;
mod users;
mod who_may_ask;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use syft_space_domain::access::Permission;

use by_right::by_right;
pub use exit::{CommandError, ExitStatus};

use crate::cli::account::Account;
use crate::cli::call::{Asked, call};
use crate::cli::connect::{Connection, IfMissing};
use crate::cli::lists::ListOnly;
use crate::cli::output::Output;
use crate::cli::tenants::Tenants;
use crate::config::{Resolved, Source};
use crate::demo::StartHub;
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
    /// Guard a container engine's socket: let through what a space's databases need, and nothing else
    DockerGuard(docker_guard::DockerGuard),
    /// Build the search indexes anew from the stored documents, with no server running
    Reindex(reindex::ReindexArguments),
    /// Tell the id of this installation, which the guard of a container engine is told
    Installation,
    /// Give up the vector database of a dataset that never comes back, with no server running
    ForgetDatabase(forget_database::ForgetDatabaseArguments),
    /// Read files for a server, which starts this by itself
    #[command(hide = true)]
    ReadFiles,
    /// Read a model that is installed, which the command that installs it starts by itself
    #[command(hide = true)]
    ReadModel(read_model::ReadModel),
    /// Install what turns texts into vectors, so that they are found by what they mean
    #[command(subcommand)]
    Encoder(encoder::EncoderCommand),
    /// Bring the files of a folder into a dataset: only what it does not hold yet
    Ingest(ingest::Ingest),
    /// Ask an endpoint, as an account
    Ask(ask::AskArguments),
    /// See what an account may ask, on which terms, and what is left to it
    Access(access::AccessArguments),
    /// Let others ask an endpoint, and show it on a marketplace, as an account
    Publish(publish::Publish),
    /// Make an endpoint a draft again, or take it off a marketplace, as an account
    Unpublish(publish::Unpublish),
    /// Let somebody join the tenant, as an account
    Invite(invite::InviteArguments),
    /// Change an account's own password
    Password(change_password::PasswordArguments),
    /// See how the space is set up
    #[command(subcommand)]
    Config(config::Config),
    /// Make owners
    #[command(subcommand)]
    Owner(owner::Owner),
    /// See which datasets there are, and change or remove some
    #[command(subcommand)]
    Datasets(datasets::Datasets),
    /// See which documents a dataset holds, and remove some
    #[command(subcommand)]
    Documents(documents::Documents),
    /// See which endpoints there are, and remove some
    #[command(subcommand)]
    Endpoints(endpoints::Endpoints),
    /// See which policies there are, and say what they are
    #[command(subcommand)]
    Policies(policies::Policies),
    /// See which groups of addresses there are, and who is in them, and change that
    #[command(subcommand)]
    Groups(groups::Groups),
    /// See which questions wait for approval, and decide on them, as an account
    #[command(subcommand)]
    Approvals(approvals::Approvals),
    /// See the keys that sign access tokens, and make a new one
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Tell the numbers of the server, as OpenMetrics, for whoever watches it
    Metrics,
    /// Say which hubs are trusted
    #[command(subcommand)]
    Hubs(hubs::Hubs),
    /// Say which identity providers a tenant believes
    #[command(subcommand)]
    Oidc(oidc::Oidc),
    /// See on which hubs the tenant has accounts
    #[command(subcommand)]
    Marketplaces(ListOnly),
    /// See who is a member, what they are, and let back in who forgot their password or lost their second factor
    #[command(subcommand)]
    Users(users::Users),
    /// See what is held about somebody, and have it erased, as an account
    #[command(subcommand)]
    Privacy(privacy::Privacy),
    /// Say for how long what nobody removes is kept, and hold it, as an owner
    #[command(subcommand)]
    Retention(retention::RetentionCommand),
    /// See who is invited, and withdraw invitations, as an account
    #[command(subcommand)]
    Invitations(invitations::Invitations),
    /// See the API keys of a tenant's members, and revoke one
    #[command(subcommand)]
    ApiKeys(api_keys::ApiKeys),
    /// End sessions of members
    #[command(subcommand)]
    Sessions(sessions::Sessions),
    /// See which tenants there are, end one, and take one to another host
    #[command(subcommand)]
    Tenants(Tenants),
    /// See which documents were brought, and how that went
    #[command(subcommand)]
    Jobs(jobs::Jobs),
    /// See what callers were charged, and prove that the sums hold
    #[command(subcommand)]
    Ledger(ledger::Ledger),
    /// Review who can query what, and why
    AccessReview(access_review::AccessReview),
    /// Put on record that one has seen an access review, as an owner
    SignOff(sign_off::SignOffArguments),
    /// Read the audit log, and verify that nobody has bent it
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Prove what one was told, by the receipt of an answer
    #[command(subcommand)]
    Receipt(receipts::Receipts),
    /// Write what lets a shell complete these commands
    Completions {
        /// The shell
        shell: Shell,
    },
}

impl Command {
    /// The account as which it acts; all others are the operator's.
    fn account(&self) -> Option<&account::Account> {
        match self {
            Self::Ask(ask) => Some(&ask.account),
            Self::Access(what) => Some(&what.account),
            Self::Publish(publish) => Some(&publish.account),
            Self::Unpublish(unpublish) => Some(&unpublish.account),
            Self::Invite(invite) => Some(&invite.account),
            Self::SignOff(what) => Some(&what.account),
            Self::Password(change) => Some(&change.account),
            Self::Policies(what) => what.account(),
            Self::Groups(what) => what.account(),
            Self::Datasets(what) => what.account(),
            Self::Endpoints(what) => what.account(),
            Self::Users(what) => what.account(),
            Self::Invitations(what) => Some(what.account()),
            Self::Privacy(what) => what.account(),
            Self::Retention(what) => Some(what.account()),
            Self::Approvals(what) => Some(what.account()),
            Self::Tenants(what) => what.account(),
            _ => None,
        }
    }
}

impl Command {
    /// Refuses arguments that cannot be followed, before a password is asked for.
    fn check(&self) -> Result<(), CommandError> {
        self.account().map_or(Ok(()), Account::check)?;
        match self {
            Self::Ask(ask) => ask.read().map(drop),
            Self::Access(what) => what.check(),
            Self::Invite(invite) => invite.read().map(drop),
            Self::SignOff(what) => what.read().map(drop),
            Self::Password(change) => change.check(),
            Self::Policies(what) => what.check(),
            Self::Groups(what) => what.check(),
            Self::Users(what) => what.check(),
            Self::Invitations(what) => what.check(),
            Self::Privacy(what) => what.check(),
            Self::Retention(what) => what.check(),
            Self::Approvals(what) => what.check(),
            _ => Ok(()),
        }
    }

    /// What it does as an account, where it reads other things first that more roles may read.
    fn permission(&self) -> Option<Permission> {
        match self {
            Self::Publish(_) | Self::Unpublish(_) => Some(Permission::WriteEndpoints),
            Self::Datasets(what) => what.permission(),
            Self::Endpoints(what) if what.account().is_some() => Some(Permission::WriteEndpoints),
            Self::Users(what) if what.account().is_some() => Some(Permission::ManageMembers),
            Self::Policies(what) if what.account().is_some() => Some(Permission::WritePolicies),
            Self::Groups(what) if what.account().is_some() => Some(Permission::WritePolicies),
            Self::Approvals(_) => Some(Permission::WritePolicies),
            Self::Tenants(what) if what.account().is_some() => Some(Permission::ManageTenant),
            Self::Privacy(what) if what.is_of_another() => Some(Permission::ManageTenant),
            _ => None,
        }
    }
}

/// The command line as data, for its documentation.
#[must_use]
pub fn command() -> clap::Command {
    Arguments::command()
}

/// The whole of a program: runs the command line, and reports the error of a command that fails. `start_hub` is how a
/// demonstration gets a marketplace, in a program that brings one.
#[must_use]
pub fn main(start_hub: Option<StartHub>) -> ExitCode {
    // Whatever any library makes in the home is the owner's alone.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    match run(start_hub) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => exit::report(&error),
    }
}

/// Runs the command line. A [`CommandError`] in the chain of an error has the exit status.
fn run(start_hub: Option<StartHub>) -> anyhow::Result<()> {
    let Arguments { home, listen, log_format, tenant, json, command } = Arguments::parse();
    let command = command.unwrap_or(Command::Serve);
    if let (Command::DockerGuard(guard), false) = (&command, json) {
        return docker_guard::run(guard, log_format.as_deref());
    }
    let flags: Vec<(&'static str, String)> = [("listen", listen), ("log_format", log_format)]
        .into_iter()
        .filter_map(|(key, value)| value.map(|value| (key, value)))
        .collect();
    let resolve = |home: &Path| crate::config::resolve(home, std::env::vars_os(), &flags);
    let find_home = || crate::config::home_from(home.as_deref());
    let resultless = matches!(
        command,
        Command::Serve | Command::Demo(_) | Command::DockerGuard(_) | Command::Completions { .. }
    );
    if json && resultless {
        let message = "this command has no result to write as JSON: leave out --json";
        return Err(CommandError::new(ExitStatus::Usage, message).into());
    }
    let mut out = Output::new(json);
    match &command {
        Command::Serve => {
            drop(out);
            let (home, _) = find_home()?;
            serve::run(&home, &resolve(&home)?.settings)
        }
        Command::ReadFiles => {
            drop(out);
            read_files::run()
        }
        Command::ReadModel(what) => {
            drop(out);
            read_model::run(what)
        }
        Command::Demo(demo) => {
            drop(out);
            if home.is_some() {
                let message = "the demonstration has a home of its own, which goes with it: leave out --home";
                return Err(CommandError::new(ExitStatus::Usage, message).into());
            }
            demo::run(demo, start_hub, |home| Ok(resolve(home)?))
        }
        Command::Config(config::Config::Show) => {
            let home = find_home()?;
            let resolved = resolve(&home.0)?;
            config::show(&home, &resolved, &mut out)
        }
        Command::Audit(audit::Audit::Verify(what)) => audit_proofs::verify(what, &mut out),
        Command::Receipt(receipts::Receipts::Verify(what)) => receipts::verify(what, &mut out),
        Command::Privacy(privacy::Privacy::Verify(what)) => certificates::verify(what, &mut out),
        Command::Completions { shell } => completions::run(*shell, &mut Arguments::command(), &mut out),
        other => {
            let (home, _) = find_home()?;
            let resolved = resolve(&home)?;
            match other {
                Command::Encoder(what) => encoder::run(&home, &resolved.settings, what, &mut out),
                Command::Installation => installation::run(&home, &resolved.settings, &mut out),
                Command::Reindex(which) => reindex::run(&home, &resolved.settings, which, &mut out),
                Command::ForgetDatabase(whose) => {
                    forget_database::run(&home, &resolved.settings, whose, &mut out)
                }
                other => run_on_space(&home, resolved, tenant, other, &mut out),
            }
        }
    }
}

/// Runs a command that needs the space, over the server that has its home or without one.
fn run_on_space(
    home: &Path,
    resolved: Resolved,
    tenant: Option<String>,
    command: &Command,
    out: &mut Output,
) -> anyhow::Result<()> {
    let quiet = *resolved.source("log") == Source::Default;
    let mut settings = resolved.settings;
    if quiet {
        "warn".clone_into(&mut settings.log);
    }
    telemetry::start(&settings);
    // What a person has to be asked comes before anything is touched.
    let mut asked = Asked::default();
    let mut if_missing = IfMissing::Refuse;
    if let Command::Owner(owner::Owner::Create(create)) = command {
        asked.owner = Some(create.read(tenant.as_deref())?);
        if_missing = IfMissing::Create;
    }
    command.check()?;
    if let Command::Tenants(Tenants::Import(what)) = command {
        asked.archive = Some(what.read()?);
    }
    let mut login = command.account().map(|account| account.read(tenant.as_deref())).transpose()?;
    if let (Command::Password(change), Some(login)) = (command, &login) {
        asked.password = Some(change.read(login)?);
    }
    let tenant = tenant.filter(|_| asked.owner.is_none() && login.is_none());
    actix_web::rt::System::new().block_on(async {
        let mut connection = Connection::open(home, &settings, tenant, if_missing).await?;
        let logged_in = match &mut login {
            Some(login) => connection.api.log_in(login).await,
            None => Ok(()),
        };
        let outcome = match logged_in {
            Ok(()) => match call(&connection.api, command, asked, out).await {
                Err(error) => Err(by_right(&connection.api, command.permission(), error).await),
                done => done,
            },
            Err(error) => Err(error),
        };
        // The session was for this one command.
        let logged_out = connection.api.log_out().await;
        let closed = connection.close().await;
        outcome.and(logged_out).and(closed)
    })
}
