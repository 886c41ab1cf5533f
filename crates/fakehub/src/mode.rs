//! What can be wrong with a hub?

use std::collections::HashMap;
use std::time::Duration;

use crate::Route;
use crate::wire::Request;

/// How a route answers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Mode {
    /// As it should.
    #[default]
    Healthy,
    /// As it should, after a while.
    Slow(Duration),
    /// Not before its mode is another: whoever asked waits.
    Held,
    /// With the first half of the answer, and then the connection's end.
    Cut,
    /// With 500.
    Failing,
    /// With 200, and something that is not JSON.
    Garbage,
    /// With 302, to this URL.
    Redirecting(String),
    /// As it should, with blanks behind it until it has this many bytes: still JSON, and much too long.
    Huge(usize),
}

/// What a test has asked for, and what it may ask about.
#[derive(Default)]
pub(crate) struct Control {
    everywhere: Mode,
    of_route: HashMap<Route, Mode>,
    calls: HashMap<Route, usize>,
    requests: Vec<(Route, Request)>,
}

impl Control {
    pub(crate) fn mode(&self, route: Route) -> Mode {
        self.of_route.get(&route).unwrap_or(&self.everywhere).clone()
    }

    pub(crate) fn set(&mut self, route: Route, mode: Mode) {
        self.of_route.insert(route, mode);
    }

    pub(crate) fn set_everywhere(&mut self, mode: Mode) {
        self.of_route.clear();
        self.everywhere = mode;
    }

    pub(crate) fn record(&mut self, route: Route, request: Request) {
        *self.calls.entry(route).or_default() += 1;
        self.requests.push((route, request));
    }

    pub(crate) fn calls(&self, route: Route) -> usize {
        self.calls.get(&route).copied().unwrap_or_default()
    }

    pub(crate) fn requests(&self, route: Route) -> Vec<Request> {
        let meant = self.requests.iter().filter(|(one, _)| *one == route);
        meant.map(|(_, request)| request.clone()).collect()
    }

    pub(crate) fn forget_requests(&mut self) {
        self.calls.clear();
        self.requests.clear();
    }
}
