//! The options of a fake hub.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use crate::{FakeHubError, HubClock, HubKey};

/// The options of a fake hub.
#[derive(Clone)]
pub struct HubOptions {
    /// The `iss` claim of its tokens. It is not the hub's URL.
    pub issuer: String,
    /// Whether it supports satellites, as newer hubs do.
    pub satellites: bool,
    /// Whether it is the newest of those: an origin that is registered already is a conflict, also for its own satellite, and
    /// with a satellite its endpoints are deleted.
    pub strict_satellites: bool,
    /// Whether it limits logins and registrations as a real hub does.
    pub rate_limits: bool,
    /// The key that signs its tokens.
    pub key: HubKey,
    /// Its clock.
    pub clock: HubClock,
    /// The delay of the aggregator before its first retry; the second retry waits twice as long.
    pub aggregator_backoff: Duration,
    /// The loopback address to listen on.
    pub address: IpAddr,
    /// The port; 0 for any free port.
    pub port: u16,
}

impl HubOptions {
    /// The issuer of a hub whose operator set none.
    pub const DEFAULT_ISSUER: &'static str = "https://hub.syft.com";

    /// A hub of today: no satellites, the default issuer, the first test key, the system's clock.
    ///
    /// # Errors
    /// When OpenSSL cannot read the key.
    pub fn new() -> Result<Self, FakeHubError> {
        Ok(Self {
            issuer: Self::DEFAULT_ISSUER.to_owned(),
            satellites: false,
            strict_satellites: false,
            rate_limits: true,
            key: HubKey::insecure_test_key(0)?,
            clock: HubClock::system(),
            aggregator_backoff: Duration::from_secs(1),
            address: Ipv4Addr::LOCALHOST.into(),
            port: 0,
        })
    }
}
