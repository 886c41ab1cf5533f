//! Injected failures of a hub's routes, and the record of their requests.

use std::collections::HashMap;
use std::time::Duration;

use crate::Route;
use crate::wire::Request;

/// How a route responds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Mode {
    /// Normally.
    #[default]
    Healthy,
    /// Normally, after this delay.
    Slow(Duration),
    /// Not at all, until the mode changes.
    Stalled,
    /// With the first half of the body; then the connection ends.
    Truncated,
    /// With status 500.
    Failing,
    /// With status 200 and a body that is not JSON.
    Garbage,
    /// With status 302 to this URL.
    Redirect(String),
    /// Normally, with a body that is padded with blanks to this many bytes. It is still JSON.
    Oversized(usize),
}

/// The modes of the routes, and the recorded requests.
#[derive(Default)]
pub(crate) struct Control {
    default_mode: Mode,
    mode_by_route: HashMap<Route, Mode>,
    request_counts: HashMap<Route, usize>,
    requests: Vec<(Route, Request)>,
}

impl Control {
    pub(crate) fn mode(&self, route: Route) -> Mode {
        self.mode_by_route.get(&route).unwrap_or(&self.default_mode).clone()
    }

    pub(crate) fn set(&mut self, route: Route, mode: Mode) {
        self.mode_by_route.insert(route, mode);
    }

    pub(crate) fn set_everywhere(&mut self, mode: Mode) {
        self.mode_by_route.clear();
        self.default_mode = mode;
    }

    pub(crate) fn record(&mut self, route: Route, request: Request) {
        *self.request_counts.entry(route).or_default() += 1;
        self.requests.push((route, request));
    }

    pub(crate) fn calls(&self, route: Route) -> usize {
        self.request_counts.get(&route).copied().unwrap_or_default()
    }

    pub(crate) fn requests(&self, route: Route) -> Vec<Request> {
        let matching = self.requests.iter().filter(|(requested, _)| *requested == route);
        matching.map(|(_, request)| request.clone()).collect()
    }

    pub(crate) fn forget_requests(&mut self) {
        self.request_counts.clear();
        self.requests.clear();
    }
}
