//! What holds for a connection as a whole: how many of them one peer may have, how long it may take no byte of an answer,
//! and that nothing is done for it any more once an answer has closed it.

use std::any::Any;
use std::cell::Cell;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io;
use std::net::{IpAddr, Shutdown};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Extensions, ServiceRequest, ServiceResponse};
use actix_web::http::ConnectionType;
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use actix_web::{Error, HttpResponse};
use ipnet::IpNet;
use socket2::SockRef;
use tokio::net::TcpStream;

use crate::http::client_address::prefix;

/// How long the answer that closes a connection may take to leave, before the connection goes with what was sent behind
/// its request.
const CLOSE_DELAY: Duration = Duration::from_secs(1);

/// The bytes of an answer that the system takes in before it can send them.
#[cfg(target_os = "linux")]
const MAX_UNSENT_BYTES: u32 = 64 * 1024;

/// The connections of each peer, and the most that one may have.
pub(crate) struct Peers {
    counts: Mutex<HashMap<IpAddr, usize>>,
    max_per_peer: usize,
    /// Whoever stands behind a proxy shares its address: these have no bound of their own.
    trusted_proxies: Vec<IpNet>,
    write_timeout: Duration,
}

/// One connection, until it ends.
#[derive(Default)]
pub(crate) struct Connection {
    /// An answer has closed it.
    is_closing: Cell<bool>,
    _slot: Option<Slot>,
}

/// The slot of a connection among those of its peer.
struct Slot {
    peers: Arc<Peers>,
    peer: IpAddr,
}

impl Peers {
    pub(crate) fn new(
        max_per_peer: usize,
        trusted_proxies: Vec<IpNet>,
        write_timeout: Duration,
    ) -> Arc<Self> {
        Arc::new(Self { counts: Mutex::default(), max_per_peer, trusted_proxies, write_timeout })
    }

    /// Begins a connection of the network. One too many of its peer is closed before a byte of it is read.
    pub(crate) fn connect(self: &Arc<Self>, connection: &dyn Any, data: &mut Extensions) {
        let Some(stream) = connection.downcast_ref::<TcpStream>() else { return };
        if let Err(error) = limit_write(stream, self.write_timeout) {
            tracing::debug!(%error, "the system sets no time for a peer to take an answer in");
        }
        let address = stream.peer_addr().map(|peer| peer.ip().to_canonical()).ok();
        let slot = match address {
            Some(address) if !self.trusted_proxies.iter().any(|net| net.contains(&address)) => {
                let slot = self.enter(prefix(address));
                if slot.is_none() {
                    tracing::debug!(%address, "a peer has as many connections as it may");
                    // Both halves: the framework sees the end at once, and lets go of it.
                    let _already_gone = SockRef::from(stream).shutdown(Shutdown::Both);
                }
                slot
            }
            _ => None,
        };
        data.insert(Connection { is_closing: Cell::new(false), _slot: slot });
    }

    fn enter(self: &Arc<Self>, peer: IpAddr) -> Option<Slot> {
        let mut counts = self.counts();
        let count = counts.entry(peer).or_default();
        if *count >= self.max_per_peer {
            return None;
        }
        *count += 1;
        drop(counts);
        Some(Slot { peers: Arc::clone(self), peer })
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        // Nothing that can panic runs under the lock.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Entry::Occupied(mut count) = self.peers.counts().entry(self.peer) {
            *count.get_mut() = count.get().saturating_sub(1);
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

/// Has the system end a connection whose peer takes no byte of what is sent for this long, whether it is gone or just does
/// not read: the framework waits for it for ever. Until then the system holds little of what the peer has not asked for yet.
#[cfg(target_os = "linux")]
fn limit_write(stream: &TcpStream, timeout: Duration) -> io::Result<()> {
    let socket = SockRef::from(stream);
    socket.set_tcp_notsent_lowat(MAX_UNSENT_BYTES)?;
    socket.set_tcp_user_timeout(Some(timeout))
}

#[cfg(not(target_os = "linux"))]
fn limit_write(_stream: &TcpStream, _timeout: Duration) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Answers a request, unless an answer before it has closed the connection. What a client has sent behind that is not done
/// (RFC 9112, section 9.6), and gets no answer.
///
/// # Errors
/// When the service behind it fails.
pub(crate) async fn serve_until_closed<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if request.conn_data::<Connection>().is_some_and(|connection| connection.is_closing.get()) {
        // Meanwhile the answer goes out, and the client may read it and leave.
        tokio::time::sleep(CLOSE_DELAY).await;
        return Ok(request.into_response(HttpResponse::Ok().body(BoxBody::new(CutOff))));
    }
    let last_wanted = request.head().connection_type() == ConnectionType::Close;
    let response = next.call(request).await?;
    let closes = last_wanted || response.response().head().connection_type() == ConnectionType::Close;
    if closes && let Some(connection) = response.request().conn_data::<Connection>() {
        connection.is_closing.set(true);
    }
    Ok(response.map_into_boxed_body())
}

/// A body that fails at once: the framework drops the connection, and sends nothing of the response.
struct CutOff;

impl MessageBody for CutOff {
    type Error = io::Error;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a1_a_peer_has_so_many_connections_and_an_ended_one_makes_room() {
        let peers = Peers::new(2, Vec::new(), Duration::from_secs(1));
        let [one, other] = ["192.0.2.1", "2001:db8::"].map(|text| text.parse::<IpAddr>().unwrap());
        let first = peers.enter(one).unwrap();
        let _second = peers.enter(one).unwrap();
        assert!(peers.enter(one).is_none(), "a third is refused");
        let held = peers.enter(other).unwrap();
        drop(first);
        assert!(peers.enter(one).is_some(), "there is room again, and it went at once");
        drop(held);
        assert_eq!(peers.counts().len(), 1, "who has none is forgotten");
    }
}
