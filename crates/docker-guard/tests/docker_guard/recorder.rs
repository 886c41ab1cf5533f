//! An engine that only records: it answers from a list, and keeps every byte that it was sent.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::bodies::{INSTALLATION, NETWORK, VOLUME};

pub(crate) const CONTAINER_ID: char = 'c';
pub(crate) const NETWORK_ID: char = 'd';

/// The id of one letter.
pub(crate) fn id(letter: char) -> String {
    letter.to_string().repeat(64)
}

/// What an engine answers, by method and target: the status and the body.
pub(crate) type Answers = BTreeMap<String, (u16, String)>;

pub(crate) struct Recorder {
    pub(crate) socket: PathBuf,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Recorder {
    pub(crate) fn start(folder: &Path, answers: Answers) -> Self {
        let socket = folder.join("engine.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let seen_there = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                answer(stream.unwrap(), &answers, &seen_there);
            }
        });
        Self { socket, seen }
    }

    /// Every request that came, byte for byte.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    /// The methods and targets of the requests that came.
    pub(crate) fn targets(&self) -> Vec<String> {
        self.seen().iter().map(|request| request.split(" HTTP/1.1").next().unwrap().to_owned()).collect()
    }
}

fn answer(mut stream: UnixStream, answers: &Answers, seen: &Mutex<Vec<String>>) {
    let mut request = Vec::new();
    let mut piece = [0; 4096];
    while !is_complete(&request) {
        match stream.read(&mut piece) {
            Ok(count) if count > 0 => request.extend_from_slice(&piece[..count]),
            _ => return,
        }
    }
    let request = String::from_utf8(request).unwrap();
    let target = request.split(" HTTP/1.1").next().unwrap().to_owned();
    seen.lock().unwrap().push(request);
    let (status, body) =
        answers.get(&target).cloned().unwrap_or((404, r#"{"message":"no such thing"}"#.to_owned()));
    let head = format!(
        "HTTP/1.1 {status} Status\r\nContent-Type: application/json\r\nApi-Version: 1.41\r\nServer: engine\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    // Who asked may be gone.
    let _told = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
}

fn is_complete(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length =
        head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ").map(str::to_owned));
    body.len() >= length.map_or(0, |length| length.trim().parse().unwrap())
}

/// What the engine says of a thing with labels.
fn of(id: char, labels: &Value) -> Value {
    json!({ "Id": id.to_string().repeat(64), "Driver": "bridge", "Labels": labels, "Config": { "Labels": labels, "Env": ["A=b"] } })
}

pub(crate) fn filters() -> &'static str {
    "filters=%7B%22label%22%3A%7B%22syft-space.installation%3Dspace-1%22%3Atrue%7D%7D"
}

/// An engine with a container, a volume and a network of the installation, and those of somebody else beside them.
pub(crate) fn answers() -> Answers {
    let own = json!({ "syft-space.installation": INSTALLATION });
    let others = json!({ "syft-space.installation": "space-2" });
    let volume = |name: &str, labels: &Value, options: &Value| {
        json!({ "Name": name, "Driver": "local", "Labels": labels, "Options": options, "Mountpoint": "/x" })
            .to_string()
    };
    let (container_id, network_id) = (id(CONTAINER_ID), id(NETWORK_ID));
    let mut answers = Answers::new();
    let mut add =
        |target: &str, status: u16, body: String| drop(answers.insert(target.to_owned(), (status, body)));
    for name in ["syft-space-d-1", &container_id] {
        add(&format!("GET /containers/{name}/json"), 200, of(CONTAINER_ID, &own).to_string());
    }
    add("GET /containers/others/json", 200, of('e', &others).to_string());
    add("GET /containers/nobodys/json", 200, of('e', &Value::Null).to_string());
    add("GET /containers/nonsense/json", 200, "{".to_owned());
    add(
        "GET /containers/strange/json",
        200,
        json!({ "Id": "../x", "Config": { "Labels": own } }).to_string(),
    );
    add("GET /containers/broken/json", 500, r#"{"message":"inner matters"}"#.to_owned());
    add("GET /containers/leaving/json", 101, String::new());
    for name in [NETWORK, &network_id] {
        add(&format!("GET /networks/{name}"), 200, of(NETWORK_ID, &own).to_string());
    }
    add("GET /networks/others", 200, of('e', &others).to_string());
    add(
        "GET /networks/syft-space-macvlan",
        200,
        json!({ "Id": id('e'), "Driver": "macvlan", "Labels": own }).to_string(),
    );
    add(&format!("GET /volumes/{VOLUME}"), 200, volume(VOLUME, &own, &Value::Null));
    add("GET /volumes/syft-space-others", 200, volume("syft-space-others", &others, &Value::Null));
    let bind = json!({ "type": "none", "o": "bind", "device": "/" });
    add("GET /volumes/syft-space-bind", 200, volume("syft-space-bind", &own, &bind));
    add(&format!("GET /containers/json?all=true&{}", filters()), 200, "[{}]".to_owned());
    add(&format!("GET /volumes?{}", filters()), 200, r#"{"Volumes":null,"Warnings":null}"#.to_owned());
    add(&format!("GET /networks?{}", filters()), 200, "[{},{},{}]".to_owned());
    add(
        "POST /containers/create?name=syft-space-d-1",
        201,
        json!({ "Id": container_id, "Warnings": [] }).to_string(),
    );
    add("POST /volumes/create", 201, "{}".to_owned());
    add(&format!("POST /containers/{container_id}/start"), 204, String::new());
    add(&format!("POST /containers/{container_id}/stop?t=5"), 204, String::new());
    add(&format!("DELETE /containers/{container_id}?force=true&v=true"), 204, String::new());
    add(&format!("DELETE /networks/{network_id}"), 204, String::new());
    add(&format!("DELETE /volumes/{VOLUME}?force=false"), 204, String::new());
    add(&format!("POST /networks/{network_id}/connect"), 200, String::new());
    add("GET /_ping", 200, "OK".to_owned());
    add(
        "GET /v1.41/info",
        200,
        json!({ "Name": "host", "ID": "x", "Swarm": {}, "NCPU": 2, "ServerVersion": "20" }).to_string(),
    );
    add(
        "GET /version",
        200,
        json!({ "Version": "20", "ApiVersion": "1.41", "KernelVersion": "6" }).to_string(),
    );
    answers
}
