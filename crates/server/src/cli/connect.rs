//! The connection of a command to a space: through the server that has its home, or, where none has, through a server
//! in this process for as long as the command takes. Either way it speaks HTTP over the control socket.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use syft_space_home::{HomeError, LockError, layout};
use syft_space_sqlite::{OpenError, prepare_home};
use tokio::net::UnixStream;

use crate::background::workers::Workers;
use crate::cli::api::ApiClient;
use crate::cli::exit::{CommandError, ExitStatus};
use crate::config::Settings;
use crate::http::state::State;
use crate::startup::control::{ControlSocket, SocketPath};
use crate::startup::serve::{RunningServer, serve_control, state};
use crate::startup::setup_token::SetupTokenFile;
use crate::startup::wiring;

/// How often to try while another process that has the home starts or stops.
const MAX_ATTEMPTS: u32 = 300;
/// How long to wait before the next attempt.
const RETRY_INTERVAL: Duration = Duration::from_millis(50);

/// A connection to a space.
pub(super) struct Connection {
    pub(super) api: ApiClient,
    /// The server in this process, where no other ran. It has the home until the connection is closed.
    embedded: Option<EmbeddedServer>,
}

/// A server in this process, with its background threads.
struct EmbeddedServer {
    server: RunningServer,
    workers: Workers,
    state: Arc<State>,
}

/// What a command does where the home has no space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IfMissing {
    /// It makes one.
    Create,
    /// It fails.
    Refuse,
}

impl Connection {
    /// Connects to the space of a home.
    pub(super) async fn open(
        home: &Path,
        settings: &Settings,
        tenant: Option<String>,
        if_missing: IfMissing,
    ) -> anyhow::Result<Self> {
        if if_missing == IfMissing::Refuse && !home.join(layout::APP_DB).exists() {
            return Err(no_space(home).into());
        }
        let mut attempts = 0;
        loop {
            attempts += 1;
            if let Some(api) = connect_to_server(home, tenant.clone()).await? {
                return Ok(Self { api, embedded: None });
            }
            match prepare_home(home).map_err(advise)?.lock() {
                Ok(lock) => {
                    let opened = wiring::open_locked(lock, settings)?;
                    // A token of an earlier server opens nothing any more.
                    SetupTokenFile::remove(home)?;
                    let state = state(opened.space, settings, None);
                    let socket = ControlSocket::listen(home, Arc::new(opened.operator))?;
                    let server = serve_control(&state, settings, socket)?;
                    let workers = Workers::start(&state.space)?;
                    let api = ApiClient::new(SocketPath::control(home)?, tenant)?;
                    return Ok(Self { api, embedded: Some(EmbeddedServer { server, workers, state }) });
                }
                // It may be on its way up, or down.
                Err(LockError::Held { .. }) if attempts < MAX_ATTEMPTS => {
                    tokio::time::sleep(RETRY_INTERVAL).await;
                }
                Err(error @ LockError::Held { .. }) => {
                    return Err(anyhow::anyhow!("{error}; it does not answer over its control socket"));
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Closes the connection, and stops the server in this process where there is one.
    pub(super) async fn close(self) -> anyhow::Result<()> {
        drop(self.api);
        let Some(EmbeddedServer { server, workers, state }) = self.embedded else { return Ok(()) };
        state.space.ingestion.close();
        state.audit_tails.close();
        server.stop().await?;
        // What is not worked off yet is, whenever somebody has the home again.
        Ok(tokio::task::spawn_blocking(move || drop(workers)).await?)
    }
}

/// The API of the server that has the home, where one answers.
async fn connect_to_server(home: &Path, tenant: Option<String>) -> anyhow::Result<Option<ApiClient>> {
    if !home.is_dir() {
        return Ok(None);
    }
    let socket = SocketPath::control(home)?;
    match UnixStream::connect(socket.path()).await {
        Ok(_) => {}
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
            return Ok(None);
        }
        Err(error) => {
            let path = home.join(layout::CONTROL_SOCKET);
            return Err(anyhow::anyhow!("{} cannot be spoken to: {error}", path.display()));
        }
    }
    let api = ApiClient::new(socket, tenant)?;
    // Whoever was on its way out may have let the connection fall.
    Ok(api.ping().await?.then_some(api))
}

/// The error of a command on a home that has no space.
pub(super) fn no_space(home: &Path) -> CommandError {
    let message = format!(
        "there is no space in {}: `syft-space owner create` makes one, and --home names another",
        home.display()
    );
    CommandError::new(ExitStatus::NotFound, message)
}

/// Says of somebody else's home how a command gets to it all the same.
fn advise(error: OpenError) -> anyhow::Error {
    match error {
        OpenError::Home(HomeError::ForeignOwner { path, owner, .. }) => anyhow::anyhow!(
            "{} belongs to the user with the id {owner}: run this as that user, or while the server runs",
            path.display()
        ),
        other => other.into(),
    }
}
