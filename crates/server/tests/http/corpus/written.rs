//! How a chapter is written down: each request with its answer, and the logs.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::names::without_scores;
use super::recorder::{Entry, Recorder, parts};

/// The most bytes of a body that are written down; of more, the hash is.
const WHOLE_MAX: usize = 40_000;
/// Headers that say something of one answer.
const OF_ONE_ANSWER: [&str; 6] = ["connection", "date", "content-length", "content-type", "etag", "allow"];

impl Recorder {
    /// The recording: each request with its answer, and the logs.
    pub fn written(&mut self) -> String {
        let mut text = String::new();
        let mut usual: Option<Vec<(String, String)>> = None;
        for entry in std::mem::take(&mut self.entries) {
            match entry {
                Entry::Answer { asked, sent, raw, request } => {
                    self.write_answer(&mut text, &mut usual, (&asked, &sent), &raw, &request);
                }
                Entry::Log { whose, events } => self.write_log(&mut text, &whose, &events),
            }
        }
        text
    }

    fn write_answer(
        &mut self,
        text: &mut String,
        usual: &mut Option<Vec<(String, String)>>,
        (asked, sent): (&str, &[String]),
        raw: &[u8],
        request: &str,
    ) {
        let (status, mut headers, body) = parts(raw);
        if usual.is_none() {
            let mut all = headers.clone();
            all.retain(|(name, _)| !OF_ONE_ANSWER.contains(&name.as_str()));
            for (name, value) in &all {
                text.push_str(&format!("{name}: {}\n", self.names.hidden(value, request)));
            }
            text.push_str("(these headers stand in every answer that does not say otherwise)\n");
            *usual = Some(all);
        }
        text.push_str(&format!("\n=== {}\n", shown(&self.names.hidden(asked, request))));
        for line in sent {
            text.push_str(&format!("> {}\n", shown(line)));
        }
        text.push_str(&format!("{status}\n"));
        let length =
            headers.iter().find(|(name, _)| name == "content-length").map(|(_, value)| value.clone());
        if length.as_deref() != Some(&body.len().to_string()) && !(length.is_none() && body.is_empty()) {
            // An answer to HEAD has the length of the body that it does not have; it differs with what is in that.
            text.push_str("content-length: «of another body»\n");
        }
        headers.retain(|(name, _)| !["connection", "date", "content-length"].contains(&name.as_str()));
        for (name, value) in usual.iter().flatten() {
            match headers.iter().position(|(known, _)| known == name) {
                Some(at) if headers[at].1 == *value || name == "x-request-id" => drop(headers.remove(at)),
                Some(_) => {}
                None => text.push_str(&format!("(without {name})\n")),
            }
        }
        for (name, value) in &headers {
            text.push_str(&format!("{name}: {}\n", self.names.hidden(value, request)));
        }
        // A picture of a secret is another in each run, and is hidden below.
        let is_picture = String::from_utf8_lossy(&body).contains("\"svg\":\"");
        // So is what the log was committed to with.
        let is_export = body.starts_with(b"{\"items\":[{\"log\":");
        let exported = String::from_utf8_lossy(&body).matches("\"person_commitment\":\"").count();
        let exported = if is_export { exported } else { 0 };
        if exported > 0 {
            text.push_str(&format!("(an export of {exported} events)\n"));
        } else if headers.iter().any(|(name, value)| name == "content-type" && value == "application/zip") {
            // What is in it is looked at elsewhere: it is another in each run.
            text.push_str("(an archive)\n");
        } else if body.len() > WHOLE_MAX && !is_picture {
            let hash = hex::encode(Sha256::digest(&body));
            text.push_str(&format!("({} bytes of SHA-256 {hash})\n", body.len()));
        } else if !body.is_empty() {
            let body = String::from_utf8(body).unwrap();
            let body = if self.scores { body } else { without_scores(&body) };
            text.push_str(&self.names.hidden(&body, request));
            text.push('\n');
        }
    }

    fn write_log(&mut self, text: &mut String, whose: &str, events: &[Value]) {
        text.push_str(&format!("\n=== the whole log: {whose}\n"));
        for event in events {
            let word =
                |pointer: &str| event.pointer(pointer).and_then(Value::as_str).unwrap_or("-").to_owned();
            let actor = format!("{} {} {}", word("/actor/kind"), word("/actor/role"), word("/actor/id"));
            let object = format!("{} {}", word("/object/kind"), word("/object/id"));
            let cause = word("/request_id");
            let cause = self.names.request(&cause).map_or(cause, |at| self.seen[at].asked.clone());
            let line = format!(
                "{} {} {} | by {actor} | on {object} | {} time(s) from {} | {cause}",
                word("/action"),
                word("/outcome"),
                word("/reason_code"),
                event["count"],
                word("/address"),
            );
            text.push_str(&format!("{}\n", self.names.hidden(&line, "")));
        }
    }
}

/// A text without characters that would make the recording no plain text, or would not be seen in it.
fn shown(text: &str) -> String {
    let unseen = |c: char| {
        c.is_control() || matches!(c, '\u{200b}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    let show = |c: char| if unseen(c) { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(show).collect()
}
