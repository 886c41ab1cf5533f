//! Test that no headers and bodies are logged. Alone in its process: logging is set up once for all threads.
#![cfg(test)]

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use syft_space_domain::random::{Entropy, RandomError};
use syft_space_domain::secret::Secret;
use syft_space_outbound::{AllowList, Client, ClientSettings, Request, SystemResolver, http::Method};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

struct Zeros;

impl Entropy for Zeros {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
        buffer.fill(0);
        Ok(())
    }
}

/// Answers one request with secrets, and gives back what it was sent.
async fn answer_once() -> (SocketAddr, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let sent = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut sent = Vec::new();
        while !sent.ends_with(b"hunter-in-body") {
            stream.read_buf(&mut sent).await.unwrap();
        }
        let answer = b"HTTP/1.1 200 OK\r\nset-cookie: hunter-a\r\ncontent-length: 8\r\n\r\nhunter-b";
        stream.write_all(answer).await.unwrap();
        String::from_utf8(sent).unwrap()
    });
    (address, sent)
}

#[tokio::test]
async fn k3_no_header_and_no_body_is_logged_at_any_level() {
    let log = Log::default();
    tracing_subscriber::fmt().with_max_level(LevelFilter::TRACE).with_writer(log.clone()).init();
    let (address, sent) = answer_once().await;
    let settings =
        ClientSettings { allow: AllowList::parse("127.0.0.1").unwrap(), ..ClientSettings::default() };
    let client = Client::new(settings, Arc::new(SystemResolver), Arc::new(Zeros)).unwrap();
    let request = Request::new(Method::POST, &format!("http://{address}/login?token=hunter-in-query"))
        .unwrap()
        .bearer(&Secret::new("hunter-in-header".to_owned()))
        .unwrap()
        .body("application/json", b"hunter-in-body".to_vec());
    let answer = client.call(&request).await.unwrap();
    assert_eq!(answer.body.as_ref(), b"hunter-b");
    assert!(sent.await.unwrap().contains("authorization: Bearer hunter-in-header\r\n"));
    tracing::info!(?answer, "what a caller may log");
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("called") && log.contains("Response(200, 8 bytes)"), "{log}");
    assert!(!log.contains("hunter"), "{log}");
}
