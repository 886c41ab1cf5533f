//! How many requests one client's address may make, whoever it says it is: a bound before anything is looked up or verified.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use syft_space_domain::audit::{Action, ReasonCode, RequestContext};
use syft_space_domain::policy::{Limit, LimitKey, LimitStatus, NoneLeft, RateLimiter};

use crate::http::client_address::prefix;
use crate::http::merged_refusals::MergedRefusals;
use crate::http::problem::Problem;
use crate::http::rate_limit_headers::whole_seconds;
use crate::http::reason::Reason;

/// What tells this limit from the policies' in the headers.
const NAME: &str = "client";

/// The bound on the requests of each client's address. Nothing of it is kept: after a restart it is whole.
pub struct ClientLimit {
    /// `None` where nobody is bounded.
    limit: Option<Limit>,
    limiter: RateLimiter,
    /// Addresses behind which many stand, and those of proxies, which name the client themselves.
    shared: Vec<IpNet>,
    /// With a secret, for whoever makes requests chooses the address they come from.
    hash: RandomState,
    name: Arc<str>,
}

impl ClientLimit {
    /// A bound of which nothing has been taken. Addresses of `shared` have none.
    #[must_use]
    pub fn new(limit: Option<Limit>, shared: Vec<IpNet>) -> Self {
        let limiter = RateLimiter::undivided(RateLimiter::DEFAULT_KEYS);
        Self { limit, limiter, shared, hash: RandomState::new(), name: NAME.into() }
    }

    /// Takes a request from what its client's address has left. IPv6 counts by its /64.
    ///
    /// # Errors
    /// When nothing is left: the answer says when to come back, and the refusal is counted for the installation's log.
    pub(crate) fn take(&self, context: &RequestContext, refusals: &MergedRefusals) -> Result<(), Problem> {
        let (Some(limit), Some(address)) = (self.limit, context.origin.address) else { return Ok(()) };
        if self.shared.iter().any(|net| net.contains(&address)) {
            return Ok(());
        }
        match self.limiter.take(self.key(address), &limit, 1, context.now) {
            Ok(_) => Ok(()),
            Err(none) => {
                let reason_code = ReasonCode::TooManyRequests;
                refusals.count(Some(address), Action::ExcessRateLimitExceeded, reason_code);
                Err(self.refuse(&limit, &none))
            }
        }
    }

    fn key(&self, address: IpAddr) -> LimitKey {
        let [a, b, c, d, e, f, g, h] = self.hash.hash_one(prefix(address)).to_le_bytes();
        LimitKey::from_bytes([0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d, e, f, g, h])
    }

    fn refuse(&self, limit: &Limit, none: &NoneLeft) -> Problem {
        let micros = |micros: i64| Duration::from_micros(u64::try_from(micros).unwrap_or(0));
        let headroom = limit.headroom(none.taken, none.at);
        let (wait, reset) = (micros(none.wait), micros(headroom.more_in));
        let status = LimitStatus {
            name: Arc::clone(&self.name),
            unit: "requests",
            quota: limit.number.into(),
            window: limit.period.duration(),
            remaining: headroom.remaining.into(),
            reset,
        };
        let detail = "more requests came from your network address than the server takes: wait, and go on more slowly; where \
                      many share the address, its operator can name it in shared_sources";
        Problem::new(Reason::TooManyRequests, detail)
            .retry_after(whole_seconds(wait))
            .with_limits(vec![status])
    }
}
