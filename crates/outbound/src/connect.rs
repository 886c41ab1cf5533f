//! The connectors: a connection is made to an address that was checked, and to no other.

use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tower_service::Service;

use crate::allow_list::AllowList;
use crate::error::OutboundError;
use crate::paced::Paced;
use crate::resolver::Resolver;
use crate::target_policy::Target;

type ConnectFuture<T> = Pin<Box<dyn Future<Output = Result<T, OutboundError>> + Send>>;

/// Resolves a name once, checks every address, and connects to one of those.
///
/// A connection is kept for its scheme, host and port. So one that is used again was checked for the same target
/// against the same list: a client has one list for good.
#[derive(Clone)]
pub(crate) struct GuardedConnector {
    pub(crate) resolver: Arc<dyn Resolver>,
    pub(crate) allow: Arc<AllowList>,
    pub(crate) timeout: Duration,
    pub(crate) name_time: Duration,
}

impl GuardedConnector {
    /// The addresses of a target, each of which may be called.
    async fn addresses(&self, target: &Target) -> Result<Vec<SocketAddr>, OutboundError> {
        if let Ok(address) = target.host.parse::<IpAddr>() {
            let addresses = vec![SocketAddr::new(address, target.port)];
            target.check(&addresses, &self.allow)?;
            return Ok(addresses);
        }
        let told_at = Instant::now() + self.name_time;
        let found = timeout_at(told_at, self.resolver.resolve(&target.host, target.port)).await;
        let checked = match found {
            Ok(Ok(addresses)) if !addresses.is_empty() => {
                target.check(&addresses, &self.allow).map(|()| addresses).map_err(OutboundError::from)
            }
            _ => Err(OutboundError::Unresolved(target.host.clone())),
        };
        if checked.is_err() {
            // At once it would tell whoever names a target which names of the network behind this machine there are.
            sleep_until(told_at).await;
        }
        checked
    }

    async fn connect(self, target: Target) -> Result<TokioIo<Paced>, OutboundError> {
        let addresses = self.addresses(&target).await?;
        // Each address has its share of the time: one that is silent does not take it all.
        let share = self.timeout / u32::try_from(addresses.len().max(1)).unwrap_or(u32::MAX);
        let mut last = OutboundError::Unresolved(target.host.clone());
        for address in addresses {
            let connected = timeout(share, TcpStream::connect(address)).await;
            let connected = connected.map_err(|_| "the other side is silent".to_owned());
            match connected.and_then(|done| done.map_err(|error| error.kind().to_string())) {
                Ok(stream) => {
                    // Requests are written at once and are short.
                    stream.set_nodelay(true).ok();
                    return Ok(TokioIo::new(Paced::new(stream)));
                }
                Err(why) => last = OutboundError::Connect(why),
            }
        }
        Err(last)
    }
}

/// The target of a URI.
fn target(uri: &Uri) -> Option<Target> {
    let host = uri.host()?.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.');
    let is_plain_http = uri.scheme() != Some(&http::uri::Scheme::HTTPS);
    let port = uri.port_u16().unwrap_or(if is_plain_http { 80 } else { 443 });
    Some(Target { host: host.to_owned(), port, is_plain_http })
}

impl Service<Uri> for GuardedConnector {
    type Response = TokioIo<Paced>;
    type Error = OutboundError;
    type Future = ConnectFuture<Self::Response>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connector = self.clone();
        Box::pin(async move {
            let target = target(&uri).ok_or_else(|| OutboundError::Url(uri.to_string()))?;
            connector.connect(target).await
        })
    }
}

/// Makes a connection, TLS included, within a time.
#[derive(Clone)]
pub(crate) struct TimeoutConnector {
    pub(crate) inner: HttpsConnector<GuardedConnector>,
    pub(crate) timeout: Duration,
}

impl Service<Uri> for TimeoutConnector {
    type Response = MaybeHttpsStream<TokioIo<Paced>>;
    type Error = OutboundError;
    type Future = ConnectFuture<Self::Response>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let (connecting, within) = (self.inner.call(uri), self.timeout);
        Box::pin(async move {
            let connected = timeout(within, connecting).await;
            let connected =
                connected.map_err(|_| OutboundError::Connect("the other side is silent".to_owned()))?;
            connected.map_err(|error| match OutboundError::from_source(error.as_ref()) {
                OutboundError::Broken => OutboundError::Connect("the other side hung up".to_owned()),
                known => known,
            })
        })
    }
}
