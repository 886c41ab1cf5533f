//! The servers, names and settings that the tests share.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Method;
use syft_space_domain::Pending;
use syft_space_domain::random::{Entropy, RandomError};
use syft_space_outbound::{AllowList, Client, ClientSettings, Request, Resolver, http};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// What a server does with a request.
pub(crate) enum Reply {
    /// Writes these bytes and hangs up.
    Bytes(Vec<u8>),
    /// Writes these bytes and says nothing more.
    Hang(Vec<u8>),
    /// Writes these bytes again and again.
    Endless(Vec<u8>),
}

/// An answer that ends its connection.
pub(crate) fn answer(status: u16, headers: &str, body: &str) -> Reply {
    let length = body.len();
    let text = format!(
        "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    );
    Reply::Bytes(text.into_bytes())
}

type Script = dyn Fn(usize, &str) -> Reply + Send + Sync;

/// A server on loopback that counts requests.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) hits: Arc<AtomicUsize>,
}

impl Server {
    pub(crate) async fn start(script: impl Fn(usize, &str) -> Reply + Send + Sync + 'static) -> Self {
        Self::on("127.0.0.1", None, script).await
    }

    pub(crate) async fn on(
        address: &str,
        tls: Option<TlsAcceptor>,
        script: impl Fn(usize, &str) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((address, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let hits = Arc::new(AtomicUsize::new(0));
        let (counted, script): (_, Arc<Script>) = (Arc::clone(&hits), Arc::new(script));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (counted, script, tls) = (Arc::clone(&counted), Arc::clone(&script), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, &counted, script.as_ref()).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, &counted, script.as_ref()).await;
                            }
                        }
                    }
                });
            }
        });
        Self { address, hits }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn hits(&self) -> usize {
        self.hits.load(Ordering::SeqCst)
    }
}

async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, hits: &AtomicUsize, script: &Script) {
    let mut head = Vec::new();
    while !head.windows(4).any(|four| four == b"\r\n\r\n") {
        let mut piece = [0; 1024];
        match stream.read(&mut piece).await {
            Ok(read) if read > 0 => head.extend_from_slice(&piece[..read]),
            _ => return,
        }
    }
    let number = hits.fetch_add(1, Ordering::SeqCst);
    match script(number, &String::from_utf8_lossy(&head)) {
        Reply::Bytes(bytes) => {
            stream.write_all(&bytes).await.ok();
            stream.shutdown().await.ok();
        }
        Reply::Hang(bytes) => {
            stream.write_all(&bytes).await.ok();
            std::future::pending::<()>().await;
        }
        Reply::Endless(bytes) => while stream.write_all(&bytes).await.is_ok() {},
    }
}

/// A name server that gives each answer once, and the last one for ever.
pub(crate) struct Names {
    answers: Mutex<VecDeque<Vec<IpAddr>>>,
    pub(crate) asked: AtomicUsize,
}

impl Names {
    pub(crate) fn new(answers: &[&[&str]]) -> Arc<Self> {
        let read = |addresses: &&[&str]| addresses.iter().map(|address| address.parse().unwrap()).collect();
        let answers = Mutex::new(answers.iter().map(read).collect());
        Arc::new(Self { answers, asked: AtomicUsize::new(0) })
    }
}

impl Resolver for Names {
    fn resolve<'a>(&'a self, _: &'a str, port: u16) -> Pending<'a, io::Result<Vec<SocketAddr>>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let mut answers = self.answers.lock().unwrap();
        let next = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
        let next = next.unwrap_or_default();
        Box::pin(async move { Ok(next.into_iter().map(|ip| SocketAddr::new(ip, port)).collect()) })
    }
}

/// A name server that says nothing.
pub(crate) struct SilentNames;

impl Resolver for SilentNames {
    fn resolve<'a>(&'a self, _: &'a str, _: u16) -> Pending<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(std::future::pending())
    }
}

/// Randomness that makes each wait its shortest.
pub(crate) struct Zeros;

impl Entropy for Zeros {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
        buffer.fill(0);
        Ok(())
    }
}

pub(crate) fn settings(allow: &str) -> ClientSettings {
    let name_time = Duration::from_millis(20);
    ClientSettings { allow: AllowList::parse(allow).unwrap(), name_time, ..ClientSettings::default() }
}

/// A client that may call this machine.
pub(crate) fn local() -> Client {
    client(ClientSettings { timeout: Duration::from_secs(10), ..settings("127.0.0.1") })
}

pub(crate) fn client(settings: ClientSettings) -> Client {
    named(settings, Names::new(&[&["127.0.0.1"]]))
}

pub(crate) fn named(settings: ClientSettings, names: Arc<dyn Resolver>) -> Client {
    Client::new(settings, names, Arc::new(Zeros)).unwrap()
}

pub(crate) fn get(url: &str) -> Request {
    Request::new(Method::GET, url).unwrap()
}
