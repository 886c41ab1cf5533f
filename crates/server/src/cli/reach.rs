//! How a command gets to a space: through the server that has its home, or, where none has, by serving it itself for
//! as long as the command takes. Either way it speaks HTTP over the control socket.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use syft_space_home::{HomeError, LockError, layout};
use syft_space_sqlite::{OpenError, prepare_home};
use tokio::net::UnixStream;

use crate::cli::api::Api;
use crate::cli::exit::{Exit, Stop};
use crate::config::Settings;
use crate::control::{ControlSocket, Reachable};
use crate::http::state::State;
use crate::serve::{Serving, serve_control, state};
use crate::setup_token::SetupTokenFile;
use crate::wiring;
use crate::workers::Workers;

/// How often to look whether whoever has the home has opened it, or has let go of it.
const LOOKS: u32 = 300;
/// How long to wait before the next look.
const PAUSE: Duration = Duration::from_millis(50);

/// A space within reach.
pub(super) struct Reached {
    pub(super) api: Api,
    /// What serves it, where no server ran. The home is this process's own until both are gone.
    alone: Option<Alone>,
}

/// A space that this process serves itself, with all that works in its background.
struct Alone {
    serving: Serving,
    workers: Workers,
    state: Arc<State>,
}

/// Whether a command may make the space that it works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// It may.
    Make,
    /// Without one there is nothing to do.
    Refuse,
}

impl Reached {
    /// Reaches the space of a home.
    pub(super) async fn space(
        home: &Path,
        settings: &Settings,
        tenant: Option<String>,
        missing: Missing,
    ) -> anyhow::Result<Self> {
        if missing == Missing::Refuse && !home.join(layout::APP_DB).exists() {
            let message = format!(
                "there is no space in {}: `syft-space owner create` makes one, and --home names another",
                home.display()
            );
            return Err(Stop::new(Exit::NotFound, message).into());
        }
        let mut looks = 0;
        loop {
            looks += 1;
            if let Some(api) = running(home, tenant.clone()).await? {
                return Ok(Self { api, alone: None });
            }
            match prepare_home(home).map_err(advise)?.lock() {
                Ok(lock) => {
                    let opened = wiring::open_locked(lock, settings)?;
                    // A token of an earlier server opens nothing any more.
                    SetupTokenFile::remove(home)?;
                    let state = state(opened.space, settings, None);
                    let socket = ControlSocket::listen(home, Arc::new(opened.operator))?;
                    let serving = serve_control(&state, settings, socket)?;
                    let workers = Workers::start(&state.space)?;
                    let api = Api::over(Reachable::control(home)?, tenant)?;
                    return Ok(Self { api, alone: Some(Alone { serving, workers, state }) });
                }
                // It may be on its way up, or down.
                Err(LockError::Held { .. }) if looks < LOOKS => tokio::time::sleep(PAUSE).await,
                Err(error @ LockError::Held { .. }) => {
                    return Err(anyhow::anyhow!("{error}; it does not answer over its control socket"));
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Lets go of the space.
    pub(super) async fn leave(self) -> anyhow::Result<()> {
        drop(self.api);
        let Some(Alone { serving, workers, state }) = self.alone else { return Ok(()) };
        state.space.ingestion.close();
        serving.end().await?;
        // What is not worked off yet is, whenever somebody has the home again.
        Ok(tokio::task::spawn_blocking(move || drop(workers)).await?)
    }
}

/// The API of the server that has the home, where one answers.
async fn running(home: &Path, tenant: Option<String>) -> anyhow::Result<Option<Api>> {
    if !home.is_dir() {
        return Ok(None);
    }
    let socket = Reachable::control(home)?;
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
    let api = Api::over(socket, tenant)?;
    // Whoever was on its way out may have let the connection fall.
    Ok(api.greet().await?.then_some(api))
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
