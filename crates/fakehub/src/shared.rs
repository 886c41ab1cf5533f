//! The state that the handle, the server and the aggregator share.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use actix_web::http::StatusCode;
use serde_json::Value;
use tokio::sync::watch;

use crate::mode::{Control, Mode};
use crate::routes::Route;
use crate::state::HubState;

/// The hub, its injected failures, and whether it is down.
pub(crate) struct Shared {
    hub: Mutex<HubState>,
    control: Mutex<Control>,
    /// Wakes stalled requests, so that they read their route's mode again.
    mode_changes: watch::Sender<()>,
    /// Whether open connections get no response: a worker takes a moment to stop.
    is_down: AtomicBool,
}

impl Shared {
    pub(crate) fn new(hub: HubState) -> Self {
        Self {
            hub: Mutex::new(hub),
            control: Mutex::default(),
            mode_changes: watch::Sender::new(()),
            is_down: AtomicBool::new(false),
        }
    }

    pub(crate) fn hub(&self) -> MutexGuard<'_, HubState> {
        self.hub.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn control(&self) -> MutexGuard<'_, Control> {
        self.control.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets whether open connections end without a response.
    pub(crate) fn set_down(&self, is_down: bool) {
        self.is_down.store(is_down, Ordering::SeqCst);
    }

    pub(crate) fn is_down(&self) -> bool {
        self.is_down.load(Ordering::SeqCst)
    }

    /// Makes stalled requests read their mode again.
    pub(crate) fn wake(&self) {
        self.mode_changes.send_replace(());
    }

    /// Handles a request of one of the hub's own services, without HTTP, and returns its status. It is recorded.
    pub(crate) fn call_internally(&self, route: Route, bearer: Option<&str>, body: &Value) -> StatusCode {
        let request = route.request(bearer, body, "the hub itself");
        self.control().record(route, request.clone());
        let response = route.handle(&mut self.hub(), &request).unwrap_or_else(|error| error);
        StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The mode of a route. Waits while it is stalled.
    pub(crate) async fn mode(&self, route: Route) -> Mode {
        let mut changes = self.mode_changes.subscribe();
        loop {
            let mode = self.control().mode(route);
            if mode != Mode::Stalled || changes.changed().await.is_err() {
                return mode;
            }
        }
    }
}
