//! What kind of hub is started?

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use crate::{FakeHubError, HubClock, HubKey};

/// What kind of hub is started.
#[derive(Clone)]
pub struct HubOptions {
    /// The `iss` of its tokens. It is not the hub's URL.
    pub issuer: String,
    /// Whether it knows satellites, as newer hubs do.
    pub satellites: bool,
    /// Whether it limits logins and registrations as the real one does.
    pub rate_limits: bool,
    /// What it signs its tokens with.
    pub key: HubKey,
    /// Its clock.
    pub clock: HubClock,
    /// How long its aggregator waits before it asks a space again that failed; twice as long the next time.
    pub aggregator_backoff: Duration,
    /// Where it listens: a loopback address.
    pub address: IpAddr,
    /// Its port; 0 for any that is free.
    pub port: u16,
}

impl HubOptions {
    /// The issuer of a hub whose operator set none.
    pub const DEFAULT_ISSUER: &'static str = "https://hub.syft.com";

    /// A hub as they are today: no satellites, the default issuer, the first test key, the system's clock.
    ///
    /// # Errors
    /// When OpenSSL refuses the key.
    pub fn new() -> Result<Self, FakeHubError> {
        Ok(Self {
            issuer: Self::DEFAULT_ISSUER.to_owned(),
            satellites: false,
            rate_limits: true,
            key: HubKey::insecure_test_key(0)?,
            clock: HubClock::system(),
            aggregator_backoff: Duration::from_secs(1),
            address: Ipv4Addr::LOCALHOST.into(),
            port: 0,
        })
    }
}
