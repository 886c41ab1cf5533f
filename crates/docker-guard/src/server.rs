//! The server: connections, how many, and for how long.

use std::io;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{UnixListener, UnixStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::confine::confine;
use crate::engine::Engine;
use crate::guard::Guard;
use crate::policy::Policy;
use crate::socket::SocketError;

/// The most connections; further ones wait.
const MAX_CONNECTIONS: usize = 64;
/// The time in which the head of a request comes, and for which a connection may be idle.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// The time after which a connection takes no further request.
const CONNECTION_TIME: Duration = Duration::from_secs(300);
/// The time for what is under way then: longer than anything that is waited for.
const LAST_REQUEST_TIME: Duration = Duration::from_secs(900);
/// The time for what is under way when the guard is told to stop.
const STOP_TIME: Duration = Duration::from_secs(10);
/// The pause after a connection could not be taken.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// The most bytes of the head of a request.
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// Where a guard stands.
#[derive(Debug, Clone)]
pub struct GuardSettings {
    /// The socket that it listens on.
    pub socket: PathBuf,
    /// The engine's socket.
    pub engine: PathBuf,
}

/// An error that ends a guard.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// It would call itself.
    #[error("the guard's socket is the engine's: name two")]
    SameSocket,
    /// It cannot listen.
    #[error(transparent)]
    Socket(#[from] SocketError),
    /// The system does not give it what every program has.
    #[error("the guard cannot be started: {0}")]
    Io(#[from] io::Error),
}

/// Guards an engine until it is told to stop by SIGTERM or SIGINT. `listening` is called once connections are taken.
///
/// Call it in a process of its own, before there is a second thread: it confines the whole process.
///
/// # Errors
/// When it cannot listen, or the system refuses what every program may do. Where the system lacks a wall, the log says so.
pub fn run(settings: &GuardSettings, policy: Policy, listening: impl FnOnce()) -> Result<(), GuardError> {
    if settings.socket == settings.engine {
        return Err(GuardError::SameSocket);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let (mut terminate, mut interrupt) =
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let listener = UnixListener::from_std(crate::socket::listen(&settings.socket)?)?;
        for lacking in confine()? {
            tracing::warn!("a wall around the guard is not there: {lacking}");
        }
        let guard = Arc::new(Guard::new(policy, Engine::new(settings.engine.clone())));
        listening();
        let stop = async {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        serve(&listener, &guard, stop).await;
        Ok(())
    })
}

/// Takes connections until told to stop, and lets what is under way end.
async fn serve(listener: &UnixListener, guard: &Arc<Guard>, stop: impl Future<Output = ()>) {
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let (stopping, _) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        let accepted = async {
            // Nobody closes the semaphore.
            let permit = Arc::clone(&permits).acquire_owned().await.ok();
            (permit, listener.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            () = &mut stop => break,
            accepted = accepted => accepted,
        };
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok((stream, _)) => {
                let (guard, stopping) = (Arc::clone(guard), stopping.subscribe());
                connections.spawn(async move {
                    serve_connection(stream, &guard, stopping).await;
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    tracing::info!("stopping: requests under way may end");
    drop(stopping);
    let ended = async { while connections.join_next().await.is_some() {} };
    let _all_or_not = timeout(STOP_TIME, ended).await;
}

/// Serves a connection until its end, its time has come, or `stopping` has no sender any more.
async fn serve_connection(stream: UnixStream, guard: &Guard, mut stopping: watch::Receiver<()>) {
    let service = service_fn(|request| guard.answer(request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = async { tokio::select! { () = sleep(CONNECTION_TIME) => {} _ = stopping.changed() => {} } } => {
            connection.as_mut().graceful_shutdown();
            timeout(LAST_REQUEST_TIME, connection).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended");
    }
}
