//! Where a database that was provisioned is reached.

use std::fmt;
use std::net::SocketAddr;

/// Where a database is reached from the space: over HTTP, at an address of the host or of the tenant's network. Whenever the database is
/// started anew it may be another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DatabaseAddress(SocketAddr);

impl DatabaseAddress {
    /// The database that listens there.
    #[must_use]
    pub const fn new(address: SocketAddr) -> Self {
        Self(address)
    }

    /// The address and the port.
    #[must_use]
    pub const fn socket(self) -> SocketAddr {
        self.0
    }
}

impl fmt::Display for DatabaseAddress {
    /// As a URL, without a slash at its end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}", self.0)
    }
}
