//! The command `syft-space demo`: it shows the main job in a minute, through the real HTTP server.

use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use syft_space_domain::secret::BearerSecret;

use crate::cli::api::ApiClient;
use crate::cli::exit::{CommandError, ExitStatus, status_of};
use crate::cli::ingest::{self, Folder, Ingest};
use crate::cli::output::Output;
use crate::config::{Resolved, Source};
use crate::demo::temporary_home::TemporaryHome;
use crate::demo::{DemoHub, StartHub, documents, marketplace, story};
use crate::startup::control::{ControlSocket, SocketPath};
use crate::startup::serve::{cannot_listen, serve, shutdown_signal, state};
use crate::startup::setup_token::SetupTokenFile;
use crate::startup::wiring;
use crate::system::SystemEntropy;
use crate::telemetry;

/// The program that brings a marketplace: this command line, and a hub besides.
const PROGRAM_WITH_HUB: &str = "syft-space-demo";

/// What is shown.
#[derive(Args)]
pub(super) struct DemoArguments {
    /// Ask the files of this folder instead of the project's own documentation
    #[arg(long, value_name = "FOLDER")]
    documents: Option<PathBuf>,
    /// What to ask [default: a question the documentation answers]
    #[arg(long, value_name = "TEXT")]
    question: Option<String>,
    /// Start a marketplace too, and have its users ask
    #[arg(long)]
    with_hub: bool,
    /// End when all is shown, instead of leaving a server to play with
    #[arg(long)]
    exit: bool,
}

/// Shows the main job in a home of its own, which goes when this ends. A program that brings no marketplace leaves a
/// demonstration with one to the program that does.
pub(super) fn run(
    arguments: &DemoArguments,
    start_hub: Option<StartHub>,
    resolve: impl Fn(&Path) -> anyhow::Result<Resolved>,
) -> anyhow::Result<()> {
    if arguments.with_hub && start_hub.is_none() {
        return run_program_with_hub();
    }
    if let Some(folder) = &arguments.documents {
        check_folder(folder)?;
    }
    let home = TemporaryHome::create(&SystemEntropy)?;
    let resolved = resolve(home.path())?;
    let is_chosen = *resolved.source("listen") != Source::Default;
    let mut settings = resolved.settings;
    let free = TcpListener::bind(settings.listen).or_else(|error| {
        if is_chosen {
            return Err(error);
        }
        // Somebody listens there already: any other port shows the same.
        settings.listen.set_port(0);
        TcpListener::bind(settings.listen)
    });
    // Taken now, so that a marketplace can be told of it before the server listens.
    settings.listen = free.with_context(|| cannot_listen(settings.listen))?.local_addr()?;
    "warn".clone_into(&mut settings.log);
    telemetry::start(&settings);
    let token = BearerSecret::generate(&SystemEntropy)?;
    let start_hub = start_hub.filter(|_| arguments.with_hub);
    let hub = start_hub.map(|start| marketplace::start(start, &story::password_from(&token))).transpose()?;
    if let Some(hub) = &hub {
        settings.outbound_allow.push(hub.address().to_string());
        settings.public_url = Some(format!("http://{}", settings.listen));
    }
    actix_web::rt::System::new().block_on(async {
        let opened = wiring::open(home.path(), &settings)?;
        let file = SetupTokenFile::write(home.path(), &token)?;
        let state = state(opened.space.clone(), &settings, Some(file));
        let (listening, address) = tokio::sync::oneshot::channel();
        let operator = Arc::new(opened.operator);
        let control = ControlSocket::listen(home.path(), Arc::clone(&operator))?;
        let (shown, all_shown) = tokio::sync::oneshot::channel::<()>();
        let stop = async {
            if all_shown.await.is_ok() && !arguments.exit {
                shutdown_signal().await;
            }
        };
        let server = serve(
            state,
            &settings,
            operator,
            Some(control),
            move |address| {
                // The story has ended early, and waits for no address.
                let _unheard = listening.send(address);
            },
            stop,
        );
        let show = async {
            let outcome = tell(address.await?, &token, arguments, home.path(), hub.as_deref()).await;
            if outcome.is_ok() && !arguments.exit {
                writeln!(io::stdout(), "\nThe server runs until Ctrl-C; its home goes with it.")?;
            }
            // Where something went wrong there is nothing to play with: the sender is dropped, and the server stops.
            if outcome.is_ok() {
                let _stopped = shown.send(());
            }
            outcome
        };
        let (served, shown) = tokio::join!(server, show);
        match shown {
            // Nobody reads on, as behind `head`.
            Err(error) if is_broken_pipe(&error) => {
                served.and(Err(CommandError::new(ExitStatus::BrokenPipe, "nobody reads the output").into()))
            }
            shown => shown.and(served),
        }
    })
}

/// Becomes the program that brings a marketplace, with the same arguments.
fn run_program_with_hub() -> anyhow::Result<()> {
    let program = std::env::current_exe()?.with_file_name(PROGRAM_WITH_HUB);
    if !program.is_file() {
        let message = format!(
            "the marketplace of the demonstration is in a program of its own, and {} is not there: \
             `cargo run --release -- demo --with-hub` in the project's folder builds and runs it",
            program.display()
        );
        return Err(CommandError::new(ExitStatus::NotFound, message).into());
    }
    let error = Command::new(&program).args(std::env::args_os().skip(1)).exec();
    Err(error).with_context(|| format!("running {}", program.display()))
}

/// Tells the story, with its second part where there is a marketplace, and how to go on where the server does.
async fn tell(
    address: SocketAddr,
    token: &BearerSecret,
    arguments: &DemoArguments,
    home: &Path,
    hub: Option<&dyn DemoHub>,
) -> anyhow::Result<()> {
    let bring = async |api: &story::Api, owner: &str, dataset: &str| match &arguments.documents {
        Some(folder) => bring_folder(folder, home).await,
        None => story::bring(api, owner, dataset, &documents::own()).await,
    };
    let story = story::run(address, token, arguments.question.as_deref(), bring).await?;
    if let Some(hub) = hub {
        marketplace::run(&story, hub).await?;
    }
    if arguments.exit {
        return Ok(());
    }
    story::print_next_steps(&story)?;
    hub.map_or(Ok(()), |hub| marketplace::print_next_steps(&story, hub))
}

/// Refuses what holds no file that could be asked.
fn check_folder(folder: &Path) -> anyhow::Result<()> {
    if Folder::open(folder)?.walk().files.is_empty() {
        let message = format!("{} holds no file that can be read", folder.display());
        return Err(CommandError::new(ExitStatus::NotFound, message).into());
    }
    Ok(())
}

/// Brings the files of a folder as `syft-space ingest` does, which says what was left out and why.
async fn bring_folder(folder: &Path, home: &Path) -> anyhow::Result<()> {
    writeln!(io::stdout(), "3. The files of {} are brought, as by `syft-space ingest`:\n", folder.display())?;
    let api = ApiClient::new(SocketPath::control(home)?, None)?;
    let files = Ingest::of_folder(folder.to_owned(), story::DATASET);
    match ingest::run(&api, &files, &mut Output::new(false)).await {
        // What it has told by then; the others can be asked.
        Err(error) if status_of(&error) == ExitStatus::Partial => {}
        outcome => outcome?,
    }
    Ok(writeln!(io::stdout())?)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let of_output = error.downcast_ref::<io::Error>().map(io::Error::kind);
    of_output == Some(io::ErrorKind::BrokenPipe) || status_of(error) == ExitStatus::BrokenPipe
}
