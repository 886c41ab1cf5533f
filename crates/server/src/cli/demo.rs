//! The command `syft-space demo`: it shows the main job in a minute, through the real HTTP server.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use syft_space_domain::secret::BearerSecret;
use syft_space_fakehub::RunningHub;

use crate::config::Settings;
use crate::demo::{documents, marketplace, story};
use crate::startup::serve::{serve, shutdown_signal, state};
use crate::startup::setup_token::SetupTokenFile;
use crate::startup::wiring;
use crate::system::SystemEntropy;
use crate::telemetry;

/// What is shown.
#[derive(Args)]
pub(super) struct DemoArguments {
    /// Ask the .txt and .md files of this folder instead of the project's own documentation
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

/// Shows the main job in a home of its own, which goes when this ends.
pub(super) fn run(
    arguments: &DemoArguments,
    settings_of: impl Fn(&Path) -> anyhow::Result<Settings>,
) -> anyhow::Result<()> {
    let documents = match &arguments.documents {
        Some(folder) => documents::of_folder(folder)?,
        None => documents::own(),
    };
    let private = std::fs::Permissions::from_mode(0o700);
    let home = tempfile::Builder::new().prefix("syft-space-demo-").permissions(private).tempdir()?;
    let mut settings = settings_of(home.path())?;
    let free = TcpListener::bind(settings.listen).or_else(|_| {
        // Somebody listens there already: any other port shows the same.
        settings.listen.set_port(0);
        TcpListener::bind(settings.listen)
    });
    // Taken now, so that a marketplace can be told of it before the server listens.
    settings.listen = free?.local_addr()?;
    "warn".clone_into(&mut settings.log);
    telemetry::start(&settings);
    let question = arguments.question.as_deref();
    let token = BearerSecret::generate(&SystemEntropy)?;
    let hub = arguments.with_hub.then(|| marketplace::hub(&story::password_from(&token))).transpose()?;
    if let Some(hub) = &hub {
        settings.outbound_allow.push(hub.address().to_string());
        settings.public_url = Some(format!("http://{}", settings.listen));
    }
    actix_web::rt::System::new().block_on(async {
        let opened = wiring::open(home.path(), &settings)?;
        let file = SetupTokenFile::write(home.path(), &token)?;
        let state = state(opened.space.clone(), &settings, Some(file));
        let (listening, address) = tokio::sync::oneshot::channel();
        let (shown, all_shown) = tokio::sync::oneshot::channel::<()>();
        let stop = async {
            if all_shown.await.is_ok() && !arguments.exit {
                shutdown_signal().await;
            }
        };
        let server = serve(
            state,
            &settings,
            Arc::new(opened.operator),
            None,
            move |address| {
                // The story has ended early, and waits for no address.
                let _unheard = listening.send(address);
            },
            stop,
        );
        let show = async {
            let outcome = tell(address.await?, &token, &documents, question, hub.as_ref()).await;
            if outcome.is_ok() && !arguments.exit {
                writeln!(std::io::stdout(), "\nThe server runs until Ctrl-C; its home goes with it.")?;
            }
            // Where something went wrong there is nothing to play with: the sender is dropped, and the server stops.
            if outcome.is_ok() {
                let _stopped = shown.send(());
            }
            outcome
        };
        let (served, shown) = tokio::join!(server, show);
        shown.and(served)
    })
}

/// Tells the story, with its second part where there is a marketplace, and how to go on.
async fn tell(
    address: SocketAddr,
    token: &BearerSecret,
    documents: &[documents::Document],
    question: Option<&str>,
    hub: Option<&RunningHub>,
) -> anyhow::Result<()> {
    let story = story::run(address, token, documents, question).await?;
    if let Some(hub) = hub {
        marketplace::run(&story, hub).await?;
    }
    story::print_next_steps(&story)?;
    hub.map_or(Ok(()), |hub| marketplace::print_next_steps(&story, hub))
}
