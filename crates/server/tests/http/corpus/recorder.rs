//! Sends the requests of a chapter one after the other, and keeps what was answered.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

use super::names::Names;
use crate::space::event_stream::read_raw;
use crate::space::{PASSWORD, TestSpace};

/// The most characters of a request's body that are written down.
const SHOWN_MAX: usize = 700;

/// One request. What stands in it as «name» is sent as the value of that name.
pub struct Ask {
    who: String,
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl Ask {
    /// A request by somebody: `nobody`, whoever has logged in, or the `operator`. A target under the API's base, or
    /// outside of it when it begins with two slashes.
    pub fn new(who: &str, method: &str, target: &str) -> Self {
        let target = match target.strip_prefix('/') {
            Some(outside) if outside.starts_with('/') => outside.to_owned(),
            _ => format!("/api/v1{target}"),
        };
        Self { who: who.to_owned(), method: method.to_owned(), target, headers: Vec::new(), body: None }
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").body(body.to_string())
    }

    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }
}

/// What was answered, to go on with.
pub struct Told {
    pub status: u16,
    pub body: Value,
}

impl Told {
    /// A text of the body.
    #[track_caller]
    pub fn text(&self, pointer: &str) -> &str {
        let found = self.body.pointer(pointer).and_then(Value::as_str);
        found.unwrap_or_else(|| panic!("{pointer} is not in {}", self.body))
    }
}

/// What was asked for, and how that ended.
pub struct Seen {
    pub asked: String,
    pub method: String,
    pub path: String,
    pub status: u16,
    pub reason: String,
}

/// One part of a recording.
pub enum Entry {
    /// What was asked, and the bytes of the answer.
    Answer { asked: String, sent: Vec<String>, raw: Vec<u8>, request: String },
    /// A tenant's log, the oldest first.
    Log { whose: String, events: Vec<Value> },
}

/// A chapter as it is played.
pub struct Recorder {
    pub chapter: &'static str,
    pub names: Names,
    address: String,
    socket: PathBuf,
    pub entries: Vec<Entry>,
    pub scores: bool,
    pub seen: Vec<Seen>,
}

impl Recorder {
    pub fn new(chapter: &'static str, space: &TestSpace) -> Self {
        Self::at(
            chapter,
            space.anybody().root().trim_start_matches("http://"),
            space.home().join("control.sock"),
        )
    }

    /// A recorder of what is answered at an address.
    pub fn at(chapter: &'static str, address: &str, socket: PathBuf) -> Self {
        let (names, entries, seen) = (Names::default(), Vec::new(), Vec::new());
        Self { chapter, names, address: address.to_owned(), socket, entries, scores: false, seen }
    }

    /// From now on it is written down how close hits are.
    pub fn with_scores(mut self) -> Self {
        self.scores = true;
        self
    }

    /// How many requests were sent.
    pub fn asked(&self) -> usize {
        self.entries.iter().filter(|entry| matches!(entry, Entry::Answer { .. })).count()
    }

    pub fn keep(&mut self, name: &str, value: &str) {
        self.names.keep(name, value);
    }

    /// From now on somebody comes with this token.
    pub fn bear(&mut self, who: &str, token: &str) {
        self.names.keep(&format!("token of {who}"), token);
    }

    pub async fn get(&mut self, who: &str, target: &str) -> Told {
        self.send(Ask::new(who, "GET", target)).await
    }

    pub async fn delete(&mut self, who: &str, target: &str) -> Told {
        self.send(Ask::new(who, "DELETE", target)).await
    }

    pub async fn post(&mut self, who: &str, target: &str, body: Value) -> Told {
        self.send(Ask::new(who, "POST", target).json(&body)).await
    }

    pub async fn put(&mut self, who: &str, target: &str, body: Value) -> Told {
        self.send(Ask::new(who, "PUT", target).json(&body)).await
    }

    pub async fn patch(&mut self, who: &str, target: &str, body: Value) -> Told {
        self.send(Ask::new(who, "PATCH", target).json(&body)).await
    }

    /// Makes something, whose id has this name from now on.
    pub async fn make(&mut self, name: &str, who: &str, target: &str, body: Value) {
        let told = self.post(who, target, body).await;
        assert!(told.status < 300, "{}: {name} was not made: {}", self.chapter, told.body);
        let id =
            told.body.pointer("/job/id").or_else(|| told.body.get("id")).and_then(Value::as_str).unwrap();
        self.keep(name, id);
    }

    /// Logs somebody in.
    pub async fn log_in(&mut self, who: &str, email: &str) {
        self.log_in_with(who, json!({ "email": email, "password": PASSWORD })).await;
    }

    pub async fn log_in_with(&mut self, who: &str, body: Value) {
        let told = self.post("nobody", "/auth/login", body).await;
        let token = told.text("/access_token").to_owned();
        self.bear(who, &token);
    }

    /// Founds a tenant, and logs its owner in under this name.
    pub async fn found(&mut self, space: &TestSpace, who: &str, tenant: &str) {
        let email = format!("{who}@{tenant}.example");
        let mut body = json!({ "email": email, "password": PASSWORD, "tenant_name": tenant });
        // It is gone once somebody has used it.
        if space.home().join("setup-token").exists() {
            self.keep("setup token", &space.setup_token());
            body["setup_token"] = json!("«setup token»");
        }
        self.make(&format!("account of {who}"), "nobody", "/auth/register", body).await;
        self.log_in(who, &email).await;
    }

    /// Has somebody invited by the owner, accept, and log in.
    pub async fn join(&mut self, who: &str, role: &str) {
        let email = format!("{who}@acme.example");
        let invited = self.post("owner", "/invitations", json!({ "email": email, "role": role })).await;
        self.keep(&format!("invitation of {who}"), invited.text("/id"));
        self.keep(&format!("invitation token of {who}"), invited.text("/token"));
        let accepted = json!({ "token": format!("«invitation token of {who}»"), "password": PASSWORD });
        self.make(&format!("account of {who}"), "nobody", "/invitations/accept", accepted).await;
        self.log_in(who, &email).await;
    }

    /// Reads a list to its end, page by page.
    pub async fn pages(&mut self, who: &str, target: &str) {
        let told = self.get(who, target).await;
        let mut next = told.body["next_cursor"].as_str().map(str::to_owned);
        while let Some(cursor) = next {
            let cursor = self.names.cursor(&cursor);
            let told = self.get(who, &format!("{target}&cursor={cursor}")).await;
            next = told.body["next_cursor"].as_str().map(str::to_owned);
        }
    }

    /// Takes down a whole log: of the tenant of whoever reads it, or of the installation.
    pub async fn log(&mut self, who: &str, target: &str) {
        let mut events = self.events(who, target).await;
        let numbers: Vec<u64> = events.iter().map(|event| event["seq"].as_u64().unwrap()).collect();
        assert!(numbers.windows(2).all(|two| two[0] > two[1]), "{numbers:?}");
        events.reverse();
        self.entries.push(Entry::Log { whose: format!("{who} {target}"), events });
    }

    /// Every event of a log, the newest first; nothing is written down.
    pub async fn events(&mut self, who: &str, target: &str) -> Vec<Value> {
        let target =
            if target.contains('?') { format!("{target}&limit=100") } else { format!("{target}?limit=100") };
        let (mut events, mut after) = (Vec::new(), String::new());
        loop {
            let page = self.quiet(Ask::new(who, "GET", &format!("{target}{after}"))).await;
            events.extend(page["items"].as_array().unwrap_or_else(|| panic!("{page}")).iter().cloned());
            match page["next_cursor"].as_str() {
                Some(cursor) => after = format!("&cursor={cursor}"),
                None => return events,
            }
        }
    }

    /// Asks without writing it down.
    pub async fn quiet(&mut self, ask: Ask) -> Value {
        let (raw, _) = self.exchange(&ask).await;
        let (_, _, body) = parts(&raw);
        serde_json::from_slice(&body).unwrap_or(Value::Null)
    }

    /// Asks without writing it down, and answers a header.
    pub async fn quiet_header(&mut self, ask: Ask, name: &str) -> String {
        let (raw, _) = self.exchange(&ask).await;
        let (_, headers, _) = parts(&raw);
        let found = headers.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value).unwrap_or_default()
    }

    /// Waits, without writing it down, until what is answered fits.
    pub async fn until(&mut self, who: &str, target: &str, fits: impl Fn(&Value) -> bool) {
        let mut last = Value::Null;
        for _ in 0..1_200 {
            last = self.quiet(Ask::new(who, "GET", target)).await;
            if fits(&last) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("{}: {target} stays {last}", self.chapter);
    }

    async fn exchange(&self, ask: &Ask) -> (Vec<u8>, Vec<String>) {
        let target = self.names.filled(&ask.target);
        let mut head =
            format!("{} {target} HTTP/1.1\r\nhost: space.example\r\nconnection: close\r\n", ask.method);
        let mut sent = Vec::new();
        for (name, value) in &ask.headers {
            head.push_str(&format!("{name}: {}\r\n", self.names.filled(value)));
            sent.push(format!("{name}: {value}"));
        }
        if !matches!(ask.who.as_str(), "nobody" | "operator") {
            let token = self.names.value(&format!("token of {}", ask.who));
            head.push_str(&format!("authorization: Bearer {token}\r\n"));
        }
        let mut bytes = head.into_bytes();
        if let Some(body) = &ask.body {
            let filled = match std::str::from_utf8(body) {
                Ok(text) => self.names.filled(text).into_bytes(),
                Err(_) => body.clone(),
            };
            bytes.extend_from_slice(format!("content-length: {}\r\n", filled.len()).as_bytes());
            bytes.extend_from_slice(b"\r\n");
            bytes.extend_from_slice(&filled);
            let text = String::from_utf8_lossy(body);
            let shown: String = text.chars().take(SHOWN_MAX).collect();
            sent.extend(shown.split("\r\n").map(str::to_owned));
            if shown.len() < text.len() {
                sent.push(format!("… ({} bytes)", body.len()));
            }
        } else {
            bytes.extend_from_slice(b"\r\n");
        }
        let raw = match ask.who.as_str() {
            "operator" => exchange(UnixStream::connect(&self.socket).await.unwrap(), &bytes).await,
            _ => exchange(TcpStream::connect(&self.address).await.unwrap(), &bytes).await,
        };
        (raw, sent)
    }

    /// Sends a request, and writes down what was answered.
    pub async fn send(&mut self, ask: Ask) -> Told {
        let (raw, sent) = self.exchange(&ask).await;
        let asked = format!("{} {} {}", ask.who, ask.method, ask.target);
        self.note(asked, sent, raw, &ask.method, &ask.target)
    }

    /// Sends bytes as they are, and writes down what was answered to them under a name.
    pub async fn raw(&mut self, name: &str, bytes: &[u8]) -> Told {
        let raw = exchange(TcpStream::connect(&self.address).await.unwrap(), bytes).await;
        self.note_raw(name, raw)
    }

    /// Writes down what was answered to something with this name.
    pub fn note_raw(&mut self, name: &str, raw: Vec<u8>) -> Told {
        let (method, path) = name.split_once(' ').unwrap_or((name, ""));
        let path = path.split([' ', ',']).next().unwrap_or_default();
        let (method, path) = (method.to_owned(), path.to_owned());
        self.note(name.to_owned(), Vec::new(), raw, &method, &path)
    }

    fn note(&mut self, asked: String, sent: Vec<String>, raw: Vec<u8>, method: &str, target: &str) -> Told {
        assert!(!raw.is_empty(), "{}: {asked} was not answered", self.chapter);
        let (status, headers, body) = parts(&raw);
        let request = headers.iter().find(|(name, _)| name == "x-request-id");
        let request = request.map_or(String::new(), |(_, id)| id.clone());
        self.names.asked(&request);
        let status = status.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        if let Some(cursor) = body["next_cursor"].as_str() {
            self.names.cursor(cursor);
        }
        let reason = body["reason_code"].as_str().unwrap_or_default().to_owned();
        let path = target.split('?').next().unwrap_or_default().to_owned();
        self.seen.push(Seen { asked: asked.clone(), method: method.to_owned(), path, status, reason });
        self.entries.push(Entry::Answer { asked, sent, raw, request });
        Told { status, body }
    }
}

/// Sends bytes and reads until the other side closes. It may close before it has read them all.
async fn exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin, bytes: &[u8]) -> Vec<u8> {
    drop(stream.write_all(bytes).await);
    let read = read_raw(&mut stream);
    let answer = tokio::time::timeout(Duration::from_secs(30), read).await.expect("the server answers");
    let interim = b"HTTP/1.1 100 Continue\r\n\r\n";
    answer.strip_prefix(interim.as_slice()).map(<[u8]>::to_vec).unwrap_or(answer)
}

/// An answer's status line, its headers by name, and its body.
pub fn parts(raw: &[u8]) -> (String, Vec<(String, String)>, Vec<u8>) {
    let end = raw.windows(4).position(|window| window == b"\r\n\r\n");
    let end = end.unwrap_or_else(|| panic!("no answer: {:?}", String::from_utf8_lossy(raw)));
    let head = String::from_utf8(raw[..end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap_or_default().to_owned();
    let header =
        |line: &str| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
    let mut headers: Vec<_> = lines.map(|line| header(line).unwrap()).collect();
    headers.sort();
    (status, headers, raw[end + 4..].to_vec())
}
