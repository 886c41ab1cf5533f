//! The resolution of names to addresses.

use std::io;
use std::net::SocketAddr;

use syft_space_domain::Pending;

/// Looks names up. A port, so that tests can answer as a hostile name server would.
pub trait Resolver: Send + Sync {
    /// The addresses of a host, with the port.
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> Pending<'a, io::Result<Vec<SocketAddr>>>;
}

/// The system's resolver.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> Pending<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
    }
}
