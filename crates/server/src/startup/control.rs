//! The control socket, over which the host's operator speaks to the process that has the home, with the same HTTP API.
//!
//! It lies in the home, which is its owner's alone, and takes connections of that user and of root only. Whoever has
//! the home's lock listens there, and nobody else: what lies there of an earlier holder is dead, and is replaced.

use std::any::Any;
use std::fs::{self, File, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use actix_web::dev::{Extensions, Server};
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer};
use syft_space_domain::tenant::OperatorScope;
use syft_space_home::{layout, private_file};
use tokio::net::UnixStream;

use crate::config::Settings;
use crate::http::app;
use crate::http::connection::Connection;
use crate::http::listener::{Listener, PeerUid};
use crate::http::state::State;

/// Threads that serve it: one person, who uploads while they look on.
const WORKER_THREADS: usize = 2;

/// An error that leaves a home without a control socket.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// The system takes no path of this length.
    #[error(
        "{} is longer than the path of a Unix socket may be, so the command line cannot speak to a running server: \
         choose a home with a shorter path", path.display()
    )]
    TooLong {
        /// Where it would be.
        path: PathBuf,
    },
    /// It could not be made.
    #[error("the control socket {} could not be made: {cause}", path.display())]
    Failed {
        /// Where it would be.
        path: PathBuf,
        /// The cause.
        cause: io::Error,
    },
}

/// A path by which a socket in a home can be reached.
#[derive(Debug)]
pub struct SocketPath {
    path: PathBuf,
    /// Keeps a path that leads over an open folder alive.
    _home: Option<File>,
}

impl SocketPath {
    /// A path to a home's control socket, whether there is one or not.
    ///
    /// # Errors
    /// When its path is too long for a socket.
    pub fn control(home: &Path) -> Result<Self, ControlError> {
        Self::new(home, layout::CONTROL_SOCKET)
    }

    /// The path itself; good for as long as this lives.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn new(home: &Path, name: &str) -> Result<Self, ControlError> {
        let path = home.join(name);
        if SocketAddr::from_pathname(&path).is_ok() {
            return Ok(Self { path, _home: None });
        }
        // Where the system names open files, the folder's number makes a path that is always short enough.
        let short = File::open(home).ok().and_then(|folder| {
            let through = PathBuf::from(format!("/proc/self/fd/{}", folder.as_raw_fd()));
            through.is_dir().then(|| Self { path: through.join(name), _home: Some(folder) })
        });
        short.ok_or(ControlError::TooLong { path })
    }
}

/// The control socket of a home, not yet served.
#[derive(Debug)]
pub struct ControlSocket {
    listener: UnixListener,
    operator: Arc<OperatorScope>,
    file: SocketFile,
}

/// The socket's file: it goes when nobody listens any more.
#[derive(Debug)]
pub(crate) struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.0) {
            tracing::debug!(%error, "the control socket was gone already");
        }
    }
}

impl ControlSocket {
    /// Listens in a home whose lock the caller has.
    ///
    /// # Errors
    /// When the path is too long, or the socket cannot be made.
    pub fn listen(home: &Path, operator: Arc<OperatorScope>) -> Result<Self, ControlError> {
        let path = home.join(layout::CONTROL_SOCKET);
        let temporary = SocketPath::new(home, layout::CONTROL_SOCKET_DRAFT)?;
        let bind = || {
            private_file::remove(temporary.path())?;
            let listener = UnixListener::bind(temporary.path())?;
            fs::set_permissions(temporary.path(), Permissions::from_mode(0o600))?;
            // Nobody finds it before it is its owner's alone, and a dead one is replaced at once.
            fs::rename(temporary.path(), &path)?;
            Ok(listener)
        };
        let listener = bind().map_err(|cause| ControlError::Failed { path: path.clone(), cause })?;
        Ok(Self { listener, operator, file: SocketFile(path) })
    }

    /// Starts to serve: the same app and routes as the network's, on another listener.
    pub(crate) fn serve(self, state: &Arc<State>, settings: &Settings) -> io::Result<(Server, SocketFile)> {
        let (served, operator) = (Arc::clone(state), self.operator);
        let server = HttpServer::new(move || {
            let (state, listener) = (Arc::clone(&served), Listener::Control(Arc::clone(&operator)));
            App::new()
                .wrap(from_fn(app::around))
                .configure(move |service| app::configure_for(service, &state, &listener))
        })
        .on_connect(record_peer)
        .workers(WORKER_THREADS)
        .client_request_timeout(settings.head_timeout)
        .shutdown_timeout(settings.shutdown_timeout.as_secs())
        .disable_signals()
        .listen_uds(self.listener)?
        .run();
        Ok((server, self.file))
    }
}

/// Records the user of the process at the other end.
fn record_peer(connection: &dyn Any, data: &mut Extensions) {
    data.insert(Connection::default());
    let peer = connection.downcast_ref::<UnixStream>().and_then(|stream| stream.peer_cred().ok());
    if let Some(peer) = peer {
        data.insert(PeerUid(peer.uid()));
    }
}
