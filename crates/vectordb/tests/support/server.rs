//! A server of ours that speaks Chroma's and Qdrant's API as they are documented, as far as the adapter uses them. It is no
//! foreign part: it is there to be killed, slow and wrong at will. The real Chroma is asked in `chroma.rs`.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use syft_space_domain::ids::TenantId;

use super::answers;

/// What is wrong with the answer to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The connection ends before anything is done.
    Ignored,
    /// All is done, and the connection ends without an answer.
    Unanswered,
    /// All is done, and the answer breaks off in its middle.
    Half,
    /// Nothing is done, and no answer comes until the other side hangs up.
    Silence,
    /// Nothing is done, and this is the answer.
    Instead(u16, String),
    /// All is done, and the answer has this status.
    Status(u16),
}

/// A request that came.
#[derive(Debug, Clone)]
pub(crate) struct Came {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

/// A collection: what it was made with, and its vectors, each as it came with its id.
#[derive(Debug, Clone, Default)]
pub(crate) struct Held {
    pub(crate) id: String,
    pub(crate) dimension: usize,
    pub(crate) points: BTreeMap<String, Vec<f32>>,
}

/// Says for each request, counted from 0, what is wrong with it.
type Faults = Box<dyn FnMut(usize, &Came) -> Option<Fault> + Send>;

#[derive(Default)]
pub(crate) struct State {
    pub(crate) collections: Mutex<BTreeMap<String, Held>>,
    pub(crate) came: Mutex<Vec<Came>>,
    /// What it answers of instead, by the id that is asked for.
    pub(crate) instead: Mutex<BTreeMap<String, String>>,
    faults: Mutex<Option<Faults>>,
    connections: Mutex<Vec<TcpStream>>,
    is_closed: AtomicBool,
}

pub(crate) struct Server {
    pub(crate) state: Arc<State>,
    port: u16,
}

impl Server {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.is_closed.load(Ordering::SeqCst) {
                    return;
                }
                let (stream, shared) = (stream.unwrap(), Arc::clone(&shared));
                shared.connections.lock().unwrap().push(stream.try_clone().unwrap());
                std::thread::spawn(move || while serve(&stream, &shared).is_some() {});
            }
        });
        Self { state, port }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// From now on this is wrong, with requests counted from 0.
    pub(crate) fn with_faults(&self, faults: impl FnMut(usize, &Came) -> Option<Fault> + Send + 'static) {
        self.state.came.lock().unwrap().clear();
        *self.state.faults.lock().unwrap() = Some(Box::new(faults));
    }

    pub(crate) fn without_faults(&self) {
        *self.state.faults.lock().unwrap() = None;
    }

    /// How many requests came since faults were asked for.
    pub(crate) fn requests(&self) -> usize {
        self.state.came.lock().unwrap().len()
    }

    /// How many vectors lie in each collection.
    pub(crate) fn counts(&self) -> Vec<usize> {
        self.state.collections.lock().unwrap().values().map(|held| held.points.len()).collect()
    }

    /// Changes the only collection.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Held)) {
        let mut collections = self.state.collections.lock().unwrap();
        assert_eq!(collections.len(), 1, "there is one collection");
        change(collections.values_mut().next().unwrap());
    }

    /// Changes the only collection of a tenant.
    pub(crate) fn change_of(&self, tenant: TenantId, change: impl FnOnce(&mut Held)) {
        let mut collections = self.state.collections.lock().unwrap();
        let of_tenant = format!("syft-{tenant}-");
        change(collections.iter_mut().find(|(name, _)| name.starts_with(&of_tenant)).unwrap().1);
    }

    /// Nobody is there any more. Whoever has a connection loses it.
    pub(crate) fn stop(&self) {
        self.state.is_closed.store(true, Ordering::SeqCst);
        // Wakes the thread that listens.
        drop(TcpStream::connect(("127.0.0.1", self.port)));
        for connection in self.state.connections.lock().unwrap().drain(..) {
            drop(connection.shutdown(Shutdown::Both));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Answers one request. `None` when the connection is over.
fn serve(mut stream: &TcpStream, state: &State) -> Option<()> {
    let came = read(stream)?;
    let number = {
        let mut all = state.came.lock().unwrap();
        all.push(came.clone());
        all.len() - 1
    };
    let fault = state.faults.lock().unwrap().as_mut().and_then(|faults| faults(number, &came));
    let (status, body) = match &fault {
        Some(Fault::Ignored) => {
            drop(stream.shutdown(Shutdown::Both));
            return None;
        }
        Some(Fault::Silence) => {
            // Ends when the other side hangs up.
            drop(stream.read(&mut [0]));
            return None;
        }
        Some(Fault::Instead(status, body)) => (*status, body.clone()),
        Some(Fault::Status(status)) => (*status, answers::answer(state, &came).1),
        Some(Fault::Unanswered | Fault::Half) | None => answers::answer(state, &came),
    };
    let head = format!(
        "HTTP/1.1 {status} Told\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    match fault {
        Some(Fault::Unanswered) => {
            drop(stream.shutdown(Shutdown::Both));
            None
        }
        Some(Fault::Half) => {
            stream.write_all(head.as_bytes()).ok()?;
            stream.write_all(&body.as_bytes()[..body.len() / 2]).ok()?;
            drop(stream.shutdown(Shutdown::Both));
            None
        }
        _ => stream.write_all(format!("{head}{body}").as_bytes()).ok(),
    }
}

fn read(mut stream: &TcpStream) -> Option<Came> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 64 * 1024];
    loop {
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut request = httparse::Request::new(&mut headers);
        if let httparse::Status::Complete(end) = request.parse(&bytes).unwrap() {
            let length =
                request.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
            let length = length.map_or(0, |header| String::from_utf8_lossy(header.value).parse().unwrap());
            if bytes.len() >= end + length {
                return Some(Came {
                    method: request.method.unwrap().to_owned(),
                    path: request.path.unwrap().to_owned(),
                    head: String::from_utf8_lossy(&bytes[..end]).into_owned(),
                    body: bytes[end..end + length].to_vec(),
                });
            }
        }
        let read = stream.read(&mut buffer).ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&buffer[..read]);
    }
}
