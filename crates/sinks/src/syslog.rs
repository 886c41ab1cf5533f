//! A syslog collector: RFC 5424 over TLS (RFC 5425), or over TCP on this machine (RFC 6587, with octet counting).
//!
//! Syslog has no answer. What is written to a connection may be lost with it, so a batch has a connection of its own, which is closed from
//! this side; the collector closes it from the other once it has read all. A collector that ends before leaves what it has not read, and
//! its system answers that with a reset. Nothing but a close behind ours, without one, says that the batch is there.

use std::future::poll_fn;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use rustix::system::uname;
use syft_space_domain::audit::Outcome;
use syft_space_outbound::{SetupError, tls_config};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::SinkError;
use crate::message::Message;

/// How long a batch may take, with the connection.
const TIMEOUT: Duration = Duration::from_secs(20);
/// The least time in which a reset may come behind a close.
const LEAST_WAIT_FOR_RESET: Duration = Duration::from_millis(20);
/// Log audit (RFC 5424, 6.2.1).
const FACILITY: u8 = 13;
/// The longest name of a host (RFC 5424, 6).
const MAX_HOST: usize = 255;

/// Which collector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyslogSettings {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether it is spoken to over TLS. Without, it is on this machine.
    pub tls: bool,
}

/// Whether a host is this machine.
#[must_use]
pub fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Sends to a collector.
pub struct SyslogSink {
    settings: SyslogSettings,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    host: String,
    timeout: Duration,
}

impl SyslogSink {
    /// A sink. Nothing is called yet. Certificates of a file are believed besides the system's.
    ///
    /// # Errors
    /// When TLS cannot be set up, or the host can have no certificate.
    pub fn new(settings: SyslogSettings, ca_file: Option<&Path>) -> Result<Self, SetupError> {
        let tls = if settings.tls {
            let name = ServerName::try_from(settings.host.clone())
                .map_err(|error| SetupError::Tls(format!("{}: {error}", settings.host)))?;
            Some((TlsConnector::from(Arc::new(tls_config(ca_file)?)), name))
        } else {
            None
        };
        let system = uname();
        let host = system.nodename().to_string_lossy();
        let host: String = host.chars().filter(char::is_ascii_graphic).take(MAX_HOST).collect();
        let host = if host.is_empty() { "-".to_owned() } else { host };
        Ok(Self { settings, tls, host, timeout: TIMEOUT })
    }

    pub(crate) async fn send(&self, batch: &[Message]) -> Result<(), SinkError> {
        let frames: String = batch.iter().map(|message| frame(&self.host, message)).collect();
        let SyslogSettings { host, port, .. } = &self.settings;
        let sent = timeout(self.timeout, self.exchange(frames.as_bytes())).await;
        let late = || io::Error::from(io::ErrorKind::TimedOut);
        sent.unwrap_or_else(|_| Err(late()))
            .map_err(|error| SinkError::Unavailable(format!("{host}:{port}: {error}")))
    }

    async fn exchange(&self, frames: &[u8]) -> io::Result<()> {
        let begun = Instant::now();
        let stream = TcpStream::connect((self.settings.host.as_str(), self.settings.port)).await?;
        let round_trip = begun.elapsed();
        let wait = round_trip.saturating_mul(2).max(LEAST_WAIT_FOR_RESET);
        let stream = match &self.tls {
            Some((connector, name)) => {
                let mut stream = connector.connect(name.clone(), stream).await?;
                hand_over(&mut stream, frames).await?;
                stream.into_inner().0
            }
            None => {
                if !stream.peer_addr()?.ip().is_loopback() {
                    return Err(io::Error::other("nothing is sent in the clear to another machine"));
                }
                let mut stream = stream;
                hand_over(&mut stream, frames).await?;
                stream
            }
        };
        // A collector that had closed before our bytes came resets the connection when they come.
        sleep(wait).await;
        stream.take_error()?.map_or(Ok(()), Err)
    }
}

/// Writes all, closes, and waits until the other side has closed too.
async fn hand_over(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), frames: &[u8]) -> io::Result<()> {
    stream.write_all(frames).await?;
    stream.flush().await?;
    if has_closed(stream).await? {
        return Err(io::Error::other("the collector closed before it had read all"));
    }
    stream.shutdown().await?;
    let mut rest = [0; 1024];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}

/// Whether the other side has closed by now.
async fn has_closed(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<bool> {
    let mut bytes = [0; 1024];
    let mut buffer = ReadBuf::new(&mut bytes);
    poll_fn(|context| match Pin::new(&mut *stream).poll_read(context, &mut buffer) {
        Poll::Ready(Ok(())) => Poll::Ready(Ok(buffer.filled().is_empty())),
        Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
        Poll::Pending => Poll::Ready(Ok(false)),
    })
    .await
}

/// A message with its length before it.
fn frame(host: &str, message: &Message) -> String {
    let severity = match message.outcome {
        Outcome::Success => 6,
        Outcome::Denied => 5,
        Outcome::Failure => 4,
    };
    let priority = u16::from(FACILITY).saturating_mul(8).saturating_add(severity);
    let Message { time, action, line, .. } = message;
    let text = format!("<{priority}>1 {time} {host} syft-space - {action} - {line}");
    format!("{} {text}", text.len())
}

#[cfg(test)]
mod tests {
    use syft_space_domain::audit::Action;
    use syft_space_domain::ids::EventId;
    use syft_space_domain::time::Timestamp;
    use tokio::net::TcpListener;

    use super::*;

    fn message(line: &str) -> Message {
        Message {
            id: EventId::from_bytes([1; 16]),
            time: Timestamp::from_unix_micros(1_764_000_000_123_456),
            action: Action::EndpointQuery,
            outcome: Outcome::Denied,
            line: line.to_owned(),
        }
    }

    async fn collector() -> (TcpListener, SyslogSink) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let settings = SyslogSettings { host: "127.0.0.1".to_owned(), port, tls: false };
        let mut sink = SyslogSink::new(settings, None).unwrap();
        sink.timeout = Duration::from_secs(2);
        (listener, sink)
    }

    #[test]
    fn u1_a_message_is_of_rfc_5424_and_counts_its_octets() {
        let told = frame("host", &message("{\"ä\":1}"));
        assert_eq!(
            told,
            "78 <109>1 2025-11-24T16:00:00.123456Z host syft-space - endpoint_query - {\"ä\":1}"
        );
        let (length, text) = told.split_once(' ').unwrap();
        assert_eq!(length.parse::<usize>().unwrap(), text.len());
    }

    #[tokio::test]
    async fn u1_a_batch_is_there_once_the_collector_has_read_all_and_closed() {
        let (listener, sink) = collector().await;
        let reading = tokio::spawn(async move {
            let mut told = String::new();
            listener.accept().await.unwrap().0.read_to_string(&mut told).await.unwrap();
            told
        });
        sink.send(&[message("{\"n\":1}"), message("{\"n\":2}")]).await.unwrap();
        let told = reading.await.unwrap();
        assert_eq!(told.matches(" - endpoint_query - {\"n\":").count(), 2, "{told}");
    }

    #[tokio::test]
    async fn u1_a_collector_that_reads_in_part_or_not_at_all_has_nothing() {
        // It closes before it has read: its system answers with a reset.
        let (listener, sink) = collector().await;
        let closing = tokio::spawn(async move {
            let mut stream = listener.accept().await.unwrap().0;
            let mut byte = [0; 1];
            stream.read_exact(&mut byte).await.unwrap();
        });
        sink.send(&[message(&"x".repeat(200_000))]).await.unwrap_err();
        closing.await.unwrap();
        // It closes at once.
        let (listener, sink) = collector().await;
        let closing = tokio::spawn(async move { drop(listener.accept().await.unwrap()) });
        sink.send(&[message("{}")]).await.unwrap_err();
        closing.await.unwrap();
        // It holds the connection, and does not read.
        let (listener, sink) = collector().await;
        let holding = tokio::spawn(async move {
            let held = listener.accept().await.unwrap();
            sleep(Duration::from_secs(3)).await;
            drop(held);
        });
        sink.send(&[message("{}")]).await.unwrap_err();
        holding.await.unwrap();
        // Nobody is there.
        let (listener, sink) = collector().await;
        drop(listener);
        sink.send(&[message("{}")]).await.unwrap_err();
    }
}
