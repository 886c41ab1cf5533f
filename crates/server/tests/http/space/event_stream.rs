//! A stream of Server-Sent Events, as a test follows it.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::timeout;

use super::Client;

/// How long what must come may take, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// Reads bytes until the other side closes, of a stream of events, which does not end by itself, the head alone. It may close before it has
/// read all.
pub async fn read_raw(stream: &mut (impl AsyncRead + Unpin)) -> Vec<u8> {
    let mut answer = Vec::new();
    let mut piece = vec![0; 16 << 10];
    while let Ok(length @ 1..) = stream.read(&mut piece).await {
        answer.extend_from_slice(&piece[..length]);
        if let Some(end) = end_of_head(&answer) {
            answer.truncate(end);
            break;
        }
    }
    answer
}

/// No head has more bytes than these.
const MAX_HEAD_BYTES: usize = 4 << 10;

/// Where the head of a stream of events ends, be it that an interim answer stands before it.
fn end_of_head(answer: &[u8]) -> Option<usize> {
    let answer = &answer[..answer.len().min(MAX_HEAD_BYTES)];
    let find = |from: usize, text: &[u8]| {
        let rest = answer.get(from..)?;
        Some(from + rest.windows(text.len()).position(|window| window.eq_ignore_ascii_case(text))?)
    };
    let line = find(0, b"\r\ncontent-type: text/event-stream\r\n")?;
    find(line, b"\r\n\r\n").map(|end| end + 4)
}

/// A tail that is followed.
pub struct EventStream {
    pub answer: reqwest::Response,
    text: String,
    /// The number of the last event, or of what went by.
    pub last: u64,
    /// How many comments came between events.
    pub comments: usize,
}

impl EventStream {
    /// Begins a tail, as a browser does that comes again with the id of the last event.
    pub async fn begin(client: &Client, path: &str, last: Option<u64>) -> Self {
        let mut request = client.request("GET", path);
        if let Some(last) = last {
            request = request.header("last-event-id", last.to_string());
        }
        Self::of(request).await
    }

    pub async fn of(request: reqwest::RequestBuilder) -> Self {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        Self { answer, text: String::new(), last: 0, comments: 0 }
    }

    /// The next block of lines; `None` where the stream has ended, in order or not.
    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                return Some(block);
            }
            let piece = timeout(PATIENCE, self.answer.chunk()).await.expect("an event comes, or the end");
            match piece {
                Ok(Some(piece)) => self.text.push_str(std::str::from_utf8(&piece).unwrap()),
                Ok(None) | Err(_) => return None,
            }
        }
    }

    /// Whether the next block is of this kind: a comment or an id alone tells of no event.
    pub async fn heartbeat(&mut self) -> u64 {
        let comments = self.comments;
        while self.comments == comments {
            let block = self.block().await.expect("the stream goes on");
            assert!(!block.contains("data:"), "{block}");
            self.take(&block);
        }
        self.last
    }

    fn take(&mut self, block: &str) -> Option<Value> {
        let mut event = None;
        for line in block.lines() {
            match line.split_once(':') {
                Some(("id", id)) => self.last = id.trim().parse().unwrap(),
                Some(("data", data)) => event = Some(serde_json::from_str::<Value>(data).unwrap()),
                Some(("", _)) => self.comments += 1,
                Some(("retry", _)) => {}
                _ => panic!("no line of a stream: {line:?}"),
            }
        }
        if let Some(event) = &event {
            assert_eq!(event["seq"], self.last, "the id is the number");
        }
        event
    }

    /// The next event; `None` where the stream has ended.
    pub async fn next(&mut self) -> Option<Value> {
        loop {
            let block = self.block().await?;
            if let Some(event) = self.take(&block) {
                return Some(event);
            }
        }
    }

    /// The next events.
    pub async fn take_next(&mut self, number: usize) -> Vec<Value> {
        let mut events = Vec::new();
        for _ in 0..number {
            events.push(self.next().await.expect("the stream goes on"));
        }
        events
    }
}
