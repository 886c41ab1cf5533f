//! The command `syft-space serve`: it serves the space of a home over HTTP until it is told to stop.

use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use syft_space_domain::secret::BearerSecret;
use syft_space_domain::store::Store;
use syft_space_domain::tenant::is_founded;

use crate::config::Settings;
use crate::startup::control::ControlSocket;
use crate::startup::serve::{serve, shutdown_signal, state};
use crate::startup::setup_token::SetupTokenFile;
use crate::startup::wiring;
use crate::telemetry;

/// Serves until told to stop.
pub(super) fn run(home: &Path, settings: &Settings) -> anyhow::Result<()> {
    telemetry::start(settings);
    release_memory_when_idle();
    let mut store = None;
    let served = actix_web::rt::System::new().block_on(async {
        let opened = wiring::open(home, settings)?;
        store = Some(Arc::clone(&opened.space.store));
        let token = if is_founded(&opened.space).await? {
            SetupTokenFile::remove(home)?;
            None
        } else {
            Some(BearerSecret::generate(&*opened.space.entropy)?)
        };
        let file = token.as_ref().map(|token| SetupTokenFile::write(home, token)).transpose()?;
        let state = state(opened.space.clone(), settings, file);
        state.disk.look(home, &opened.space.ingestion);
        tokio::spawn(Arc::clone(&state.disk).watch(home.to_owned(), opened.space.ingestion.clone()));
        let listening = |address| print_next_steps(home, address, token.as_ref());
        let operator = Arc::new(opened.operator);
        let control = match ControlSocket::listen(home, Arc::clone(&operator)) {
            Ok(socket) => Some(socket),
            Err(error) => {
                tracing::warn!("{error}");
                None
            }
        };
        serve(state, settings, operator, control, listening, shutdown_signal()).await
    });
    store.into_iter().for_each(close);
    served
}

/// Waits until nobody else holds the store, and closes it: the thread that wrote last lets go of it a moment after it has
/// said so, and must not be the one that closes it, for then nobody would wait until it has moved its log into the database.
fn close(store: Arc<dyn Store>) {
    for _ in 0..MAX_CLOSING_STEPS {
        if Arc::strong_count(&store) == 1 {
            break;
        }
        std::thread::sleep(CLOSING_STEP);
    }
    drop(store);
}

/// How long others may hold the store at most, once nothing is served any more: a second.
const MAX_CLOSING_STEPS: u32 = 1_000;
const CLOSING_STEP: Duration = Duration::from_millis(1);

/// Has the allocator give memory back to the system while nothing is asked of it, too. Its threads for that are begun here, and
/// not by the allocator itself: in a process that reads files they would stand outside its walls.
fn release_memory_when_idle() {
    #[cfg(target_os = "linux")]
    if let Err(error) = tikv_jemalloc_ctl::background_thread::write(true) {
        tracing::debug!(%error, "the allocator gives memory back only while it is used");
    }
}

/// Tells a person what to do next. That nobody reads it is no reason to stop.
fn print_next_steps(home: &Path, address: SocketAddr, token: Option<&BearerSecret>) {
    let mut out = std::io::stdout().lock();
    let mut lines = vec![format!("Listening on http://{address}"), format!("Home: {}", home.display())];
    if let Some(token) = token {
        let shown = if out.is_terminal() {
            token.expose().to_owned()
        } else {
            format!("\"$(cat {})\"", SetupTokenFile::path(home).display())
        };
        lines.push(format!(
            "\nNobody has an account yet. Make yours, the owner's, in another terminal:\n\n  \
             syft-space --home {} owner create --email you@example.org --tenant my-team\n\n\
             or over the API, with the setup token:\n\n  \
             curl -s http://{address}/api/v1/auth/register -H 'content-type: application/json' \\\n    \
             -d '{{\"email\":\"you@example.org\",\"password\":\"some unrelated words of your own\",\"tenant_name\":\"my-team\",\
             \"setup_token\":\"'{shown}'\"}}'\n",
            home.display()
        ));
    }
    lines.push(format!("What it is and how to go on: http://{address}/. Stop with Ctrl-C."));
    let written = writeln!(out, "{}", lines.join("\n")).and_then(|()| out.flush());
    if let Err(error) = written {
        tracing::debug!(%error, "nobody reads standard output");
    }
}
