//! Reading Server-Sent Events (WHATWG HTML, section 9.2.6), as far as a server of ours sends them.

use anyhow::bail;

/// The most bytes of a line: an event of the log has a few thousand.
const MAX_LINE_BYTES: usize = 1 << 20;

/// A stream of which part has come.
#[derive(Default)]
pub(super) struct EventStream {
    /// The line that has not ended yet.
    line: Vec<u8>,
    /// What the lines since the last event say.
    next: StreamedEvent,
}

/// An event: without data it says where to go on, and nothing else.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct StreamedEvent {
    pub(super) id: Option<String>,
    pub(super) data: Option<String>,
}

impl EventStream {
    /// Takes the next bytes, and answers the events that they end.
    pub(super) fn push(&mut self, bytes: &[u8]) -> anyhow::Result<Vec<StreamedEvent>> {
        let mut events = Vec::new();
        let mut rest = bytes;
        while let Some(at) = rest.iter().position(|byte| *byte == b'\n') {
            let (line, behind) = rest.split_at(at);
            rest = behind.get(1..).unwrap_or_default();
            self.line.extend_from_slice(line);
            let line = String::from_utf8(std::mem::take(&mut self.line))?;
            match line.trim_end_matches('\r').split_once(':') {
                None if line.trim_end_matches('\r').is_empty() => {
                    let event = std::mem::take(&mut self.next);
                    events.extend((event != StreamedEvent::default()).then_some(event));
                }
                Some(("id", id)) => self.next.id = Some(value(id)),
                Some(("data", data)) => match &mut self.next.data {
                    Some(lines) => {
                        lines.push('\n');
                        lines.push_str(&value(data));
                    }
                    None => self.next.data = Some(value(data)),
                },
                // A comment, and what nobody needs here.
                _ => {}
            }
        }
        self.line.extend_from_slice(rest);
        if self.line.len() > MAX_LINE_BYTES {
            bail!("the server sends a line of more than {MAX_LINE_BYTES} bytes");
        }
        Ok(events)
    }
}

/// What stands behind the colon: a space there is none of it.
fn value(text: &str) -> String {
    text.strip_prefix(' ').unwrap_or(text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: Option<&str>, data: Option<&str>) -> StreamedEvent {
        StreamedEvent { id: id.map(str::to_owned), data: data.map(str::to_owned) }
    }

    #[test]
    fn u1_events_are_read_wherever_the_stream_is_cut() {
        let text = "retry: 2000\n\n:\n\nid: 7\ndata: {\"a\":\"b: c\"}\n\nid: 9\n:\n\r\ndata:x\r\ndata: ä\n\nid: 10\ndata: {";
        let expected =
            [event(Some("7"), Some("{\"a\":\"b: c\"}")), event(Some("9"), None), event(None, Some("x\nä"))];
        for cut in 0..=text.len() {
            let mut stream = EventStream::default();
            let (first, second) = text.as_bytes().split_at(cut);
            let mut events = stream.push(first).unwrap();
            events.extend(stream.push(second).unwrap());
            assert_eq!(events, expected, "cut at {cut}");
        }
    }

    #[test]
    fn u1_a_line_without_an_end_is_not_kept_for_ever() {
        let mut stream = EventStream::default();
        let piece = vec![b'x'; MAX_LINE_BYTES / 2];
        assert!(stream.push(&piece).is_ok() && stream.push(&piece).is_ok());
        assert!(stream.push(&piece).is_err());
    }
}
