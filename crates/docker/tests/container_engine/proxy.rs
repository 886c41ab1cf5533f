//! What may happen between a space and an engine: a proxy of the engine's socket that breaks one call, the nth.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Notify;

/// How the call is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It never reaches the engine.
    Lost,
    /// The engine does it, and the answer is lost.
    Unanswered,
    /// The engine does it, and half of the answer's first part arrives.
    Half,
    /// The engine does it, and the answer waits for ever.
    Hangs,
}

/// The proxy. Each call of the adapter is a connection of its own.
pub(crate) struct Proxy {
    folder: TempDir,
    calls: Arc<AtomicUsize>,
    broken: Arc<Notify>,
}

impl Proxy {
    /// Passes everything to the engine but the nth call.
    pub(crate) fn begin(engine: &Path, nth: usize, fault: Fault) -> Self {
        let proxy =
            Self { folder: tempfile::tempdir().unwrap(), calls: Arc::default(), broken: Arc::default() };
        let listener = UnixListener::bind(proxy.socket()).unwrap();
        let (calls, broken, engine) =
            (Arc::clone(&proxy.calls), Arc::clone(&proxy.broken), engine.to_owned());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let call = calls.fetch_add(1, Ordering::SeqCst) + 1;
                let (broken, engine) = (Arc::clone(&broken), engine.clone());
                tokio::spawn(async move {
                    let fault = (call == nth).then_some(fault);
                    // However a connection ends: that is the client's to find out.
                    let _ = pass(client, &engine, fault, &broken).await;
                });
            }
        });
        proxy
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("proxy.sock")
    }

    /// Whether the call that was to be broken has come.
    pub(crate) fn has_broken(&self, nth: usize) -> bool {
        self.calls.load(Ordering::SeqCst) >= nth
    }

    /// Waits until the engine has done what the broken call was for.
    pub(crate) async fn is_broken(&self) {
        self.broken.notified().await;
    }
}

async fn pass(
    mut client: UnixStream,
    engine: &Path,
    fault: Option<Fault>,
    broken: &Notify,
) -> std::io::Result<()> {
    if fault == Some(Fault::Lost) {
        return Ok(());
    }
    let (mut from_engine, mut to_engine) = UnixStream::connect(engine).await?.into_split();
    let (mut from_client, mut to_client) = client.split();
    let requests = copy(&mut from_client, &mut to_engine);
    let answers = async {
        let Some(fault) = fault else { return copy(&mut from_engine, &mut to_client).await.map(|_| ()) };
        // An engine answers once it has done what it was asked for.
        let mut part = vec![0; 64 * 1024];
        let length = from_engine.read(&mut part).await?;
        broken.notify_one();
        match fault {
            Fault::Half => to_client.write_all(&part[..length / 2]).await,
            Fault::Hangs => std::future::pending().await,
            Fault::Lost | Fault::Unanswered => Ok(()),
        }
    };
    tokio::select! {
        sent = requests => sent.map(|_| ()),
        answered = answers => answered,
    }
}
