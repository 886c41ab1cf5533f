//! The HTTP server of a space: it serves until it is told to stop.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer};
use anyhow::Context;
use syft_space_domain::Space;
use syft_space_domain::audit::Action;
use syft_space_domain::sink;
use syft_space_domain::tenant::OperatorScope;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::background::audit_sinks::deliver_forever;
use crate::background::workers::Workers;
use crate::background::{
    approvals, checkpoints, databases, detections, doubted_clock, erasures, marketplace_sync, remains,
    retention, reviews, signing_keys, tenant_ends, vector_databases,
};
use crate::config::{Registration, Settings};
use crate::http::announcing_store::announce_commits;
use crate::http::body_budget::BodyBudget;
use crate::http::changed_logs::ChangedLogs;
use crate::http::client_limit::ClientLimit;
use crate::http::connection::Peers;
use crate::http::disk_reserve::DiskReserve;
use crate::http::exports_under_way::ExportsUnderWay;
use crate::http::in_flight::InFlight;
use crate::http::merging_store::merge_refusals;
use crate::http::state::{RequestLimits, State};
use crate::http::tenant_bounds::TenantBounds;
use crate::http::{app, openapi, receipts};
use crate::startup::audit_sinks;
use crate::startup::control::{ControlSocket, SocketFile};
use crate::startup::open_files;
use crate::startup::setup_token::SetupTokenFile;
use crate::startup::wiring;

/// How many threads that may block a worker has at most. They are made when they are needed, and are many more than one
/// tenant may have (`TenantBounds`), on a machine of any size.
const BLOCKING_THREADS_PER_WORKER: usize = 256;

/// How long the shutdown waits for requests that were cut off.
const CUT_OFF_TIMEOUT: Duration = Duration::from_secs(5);

/// The state that all requests share, from the settings.
#[must_use]
pub fn state(space: Space, settings: &Settings, setup_token: Option<SetupTokenFile>) -> Arc<State> {
    let limits = RequestLimits {
        body_bytes: settings.max_body_bytes,
        documents_body_bytes: settings.max_documents_body_bytes,
        upload_bytes: settings.max_upload_bytes,
        body_timeout: settings.body_timeout,
    };
    // Inside of all others: what any of them writes is told of.
    let (space, audit_tails) = announce_commits(space);
    let (space, merged_refusals) = merge_refusals(space);
    // Outside of what merges: an event that was merged is nobody's own.
    let (space, receipts) = receipts::keep_events(space);
    Arc::new(State {
        space,
        limits,
        body_budget: BodyBudget::new(settings.max_bodies_bytes),
        client_limit: ClientLimit::new(
            settings.client_rate,
            // A proxy that names no client stands for all of its own.
            settings.shared_sources.iter().chain(&settings.behind_proxy).copied().collect(),
        ),
        trusted_proxies: settings.behind_proxy.clone(),
        registration_open: settings.registration == Registration::Open,
        public_url: settings.public_url.clone(),
        tenant_end_grace: settings.tenant_end_grace,
        setup_token,
        key_uses: Arc::default(),
        merged_refusals,
        receipts,
        tenant_bounds: TenantBounds::default(),
        audit_tails,
        exports: ExportsUnderWay::default(),
        in_flight: InFlight::default(),
        disk: Arc::new(DiskReserve::new(settings.min_free_bytes)),
        security_contact: settings.security_contact.clone(),
        ready: AtomicBool::new(true),
        lacks_walls: AtomicBool::new(false),
        changed_logs: ChangedLogs::default(),
        audit_sinks: audit_sinks::statuses(settings),
        metrics: Arc::default(),
        docs_enabled: settings.docs_enabled,
        openapi: LazyLock::new(Box::new(move || openapi::document(&limits).to_string().into())),
    })
}

/// Tells the operator which walls this system lacks around those who read files.
async fn look_at_walls(state: &State) -> anyhow::Result<()> {
    let extractor = Arc::clone(&state.space.extractor);
    match tokio::task::spawn_blocking(move || extractor.lacking_walls()).await? {
        Ok(lacking) if lacking.is_empty() => {}
        Ok(lacking) => {
            state.lacks_walls.store(true, Ordering::Relaxed);
            tracing::warn!(
                lacking = lacking.join("; "),
                "files are read behind fewer walls than there should be: docs/ingestion.md says what that means"
            );
        }
        Err(error) => tracing::error!(%error, "files cannot be read"),
    }
    Ok(())
}

/// What is told where an address cannot be listened on.
#[must_use]
pub fn cannot_listen(address: SocketAddr) -> String {
    format!("listening on {address}: choose another address with --listen")
}

/// Serves until `stop` ends, over the network and, where there is one, over the control socket; then takes no new
/// connection, lets requests under way end, and returns. Meanwhile marketplaces are synchronised, as the operator.
/// `listening` gets the address once requests are answered there, and what must leave vector databases is asked for.
///
/// # Errors
/// When the address cannot be listened on, or the server failed.
pub async fn serve(
    state: Arc<State>,
    settings: &Settings,
    operator: Arc<OperatorScope>,
    control: Option<ControlSocket>,
    listening: impl FnOnce(SocketAddr),
    stop: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let listener = TcpListener::bind(settings.listen).with_context(|| cannot_listen(settings.listen))?;
    let address = listener.local_addr()?;
    open_files::allow_connections(settings.max_connections);
    let sinks = audit_sinks::open(settings, &state.space.entropy)?;
    let terms = sinks.iter().map(|open| open.terms.clone()).collect();
    sink::settle(&state.space, &operator, terms).await?;
    let doubted_for = doubted_clock::doubted_for(&state.space, &operator).await?;
    wiring::record(&state.space, Action::SysStartup).await?;
    look_at_walls(&state).await?;
    let workers = Workers::start(&state.space)?;
    let (end_flushing, flushing_ends) = oneshot::channel::<()>();
    let flushing = Arc::clone(&state.merged_refusals).flush_until(async { drop(flushing_ends.await) });
    let flush_task = tokio::spawn(flushing);
    let (end_noting, noting_ends) = oneshot::channel::<()>();
    let store = Arc::clone(&state.space.store);
    let noting = Arc::clone(&state.key_uses).write_until(store, async { drop(noting_ends.await) });
    let noting = tokio::spawn(noting);

    let key_rotation = tokio::spawn(signing_keys::keep_forever(state.space.clone(), Arc::clone(&operator)));
    let reviews = tokio::spawn(reviews::forget_forever(state.space.clone()));
    let approvals = approvals::remove_ended_forever(state.space.clone(), Arc::clone(&operator));
    let approvals = tokio::spawn(approvals);
    let retention = retention::sweep_forever(Arc::clone(&state), Arc::clone(&operator), doubted_for);
    let retention = tokio::spawn(retention);
    let (end_signing, signing_ends) = oneshot::channel::<()>();
    let signing = checkpoints::sign_until(
        Arc::clone(&state),
        Arc::clone(&operator),
        settings.audit_checkpoint_interval,
        settings.audit_checkpoint_folder.clone(),
        async { drop(signing_ends.await) },
    );
    let signing = tokio::spawn(signing);
    let detecting = settings.detections.map(|terms| {
        let metrics = Arc::clone(&state.metrics);
        tokio::spawn(detections::detect_forever(state.space.clone(), Arc::clone(&operator), terms, metrics))
    });
    let mut delivering = Vec::new();
    for (open, status) in sinks.into_iter().zip(&state.audit_sinks) {
        let (space, operator) = (state.space.clone(), Arc::clone(&operator));
        delivering.push(tokio::spawn(deliver_forever(space, operator, open, Arc::clone(status))));
    }
    let endings = tenant_ends::remove_forever(state.space.clone(), Arc::clone(&operator), doubted_for);
    let endings = tokio::spawn(endings);
    let asking = vector_databases::ask_forever(state.space.clone(), Arc::clone(&operator));
    let asking = tokio::spawn(asking);
    let keeping = databases::keep_forever(state.space.clone(), Arc::clone(&operator));
    let keeping = tokio::spawn(keeping);
    let erasures = tokio::spawn(erasures::finish_forever(state.space.clone(), Arc::clone(&operator)));
    let remains = tokio::spawn(remains::overwrite_forever(state.space.clone()));
    let marketplace_sync = settings.public_url.clone().map(|public_url| {
        tokio::spawn(marketplace_sync::sync_forever(state.space.clone(), operator, public_url))
    });

    let served = Arc::clone(&state);
    let peers =
        Peers::new(settings.max_connections_per_peer, settings.behind_proxy.clone(), settings.write_timeout);
    let network = HttpServer::new(move || {
        let state = Arc::clone(&served);
        App::new().wrap(from_fn(app::around)).configure(move |service| app::configure(service, &state))
    })
    .on_connect(move |connection, data| peers.connect(connection, data))
    .workers(settings.workers)
    .worker_max_blocking_threads(BLOCKING_THREADS_PER_WORKER)
    .max_connections(settings.max_connections.div_ceil(settings.workers))
    .client_request_timeout(settings.head_timeout)
    .shutdown_timeout(settings.shutdown_timeout.as_secs())
    .disable_signals()
    .listen(listener)?
    .run();
    let network = RunningServer::start(network);
    let control = control.map(|socket| serve_control(&state, settings, socket)).transpose()?;
    listening(address);

    stop.await;
    state.ready.store(false, Ordering::Release);
    // Whoever waits for a job is answered how far it is.
    state.space.ingestion.close();
    state.audit_tails.close();
    // Both stop taking connections at once, and then wait for what is under way.
    let (network, control) = tokio::join!(network.stop(), async {
        match control {
            Some(control) => control.stop().await,
            None => Ok(()),
        }
    });
    network.and(control)?;
    // A request that was cut off ends on another thread, and leaves its audit event then.
    if timeout(CUT_OFF_TIMEOUT, state.in_flight.ended()).await.is_err() {
        tracing::warn!("a request that was cut off does not end; its audit event may be missing");
    }
    tokio::task::spawn_blocking(move || drop(workers)).await?;
    key_rotation.abort();
    reviews.abort();
    approvals.abort();
    retention.abort();
    erasures.abort();
    endings.abort();
    asking.abort();
    keeping.abort();
    remains.abort();
    if let Some(detecting) = detecting {
        detecting.abort();
    }
    for sink in delivering {
        sink.abort();
    }
    if let Some(sync) = marketplace_sync {
        sync.abort();
    }
    drop(end_noting);
    noting.await?;
    drop(end_flushing);
    flush_task.await?;
    wiring::record(&state.space, Action::SysShutdown).await?;
    // The last checkpoints hold the shutdown, too.
    drop(end_signing);
    Ok(signing.await?)
}

/// A server that is running.
pub struct RunningServer {
    handle: ServerHandle,
    task: JoinHandle<io::Result<()>>,
    /// The socket's file goes once nobody answers there.
    _file: Option<SocketFile>,
}

impl RunningServer {
    fn start(server: Server) -> Self {
        Self { handle: server.handle(), task: tokio::spawn(server), _file: None }
    }

    /// Takes no new connection, and waits until the requests under way have ended.
    ///
    /// # Errors
    /// When the server failed.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.handle.stop(true).await;
        self.task.await?.context("the HTTP server failed")
    }
}

/// Serves over the control socket alone: for a command that has the home to itself.
///
/// # Errors
/// When the socket cannot be served.
pub fn serve_control(
    state: &Arc<State>,
    settings: &Settings,
    socket: ControlSocket,
) -> anyhow::Result<RunningServer> {
    let (server, file) = socket.serve(state, settings).context("serving the control socket")?;
    Ok(RunningServer { _file: Some(file), ..RunningServer::start(server) })
}

/// Completes when the process has got SIGTERM or SIGINT since this was called: one that comes while the server still starts, or has just
/// said that it listens, ends it in order, too.
pub fn shutdown_signal() -> impl Future<Output = ()> {
    let signal = termination_signal();
    async {
        signal.await;
        tracing::info!("stopping: requests under way may end");
    }
}

/// Completes when the process has got SIGTERM or SIGINT since this was called.
pub fn termination_signal() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let signals = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    async move {
        let (Ok(mut terminate), Ok(mut interrupt)) = signals else {
            tracing::error!("signals cannot be listened for; this runs until it is killed");
            return std::future::pending().await;
        };
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    }
}
