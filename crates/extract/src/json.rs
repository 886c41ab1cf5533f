//! The text of a JSON file.
//!
//! Every string, number and truth value becomes a line that says where it stood, and each object of an array a
//! paragraph:
//!
//! ```text
//! people.name: Ada
//! people.address.city: London
//!
//! people.name: Grace
//! ```
//!
//! The file is read in one go into that text, without a tree of its values in between: memory is bounded by the text.
//! A number stands there as it stands in the file: read as one of 64 bits it could become another.

use json_event_parser::{JsonEvent, JsonSyntaxError, SliceJsonParser};
use syft_space_domain::dataset::{ExtractedText, FileRefused};

use crate::data_uri::without_data_uris;
use crate::encoding::decode;
use crate::text_builder::{self, Gap, TextBuilder};

/// The most bytes of the names that lead to a value; what goes beyond is left out.
const MAX_PATH_BYTES: usize = 1_000;
/// The most objects and arrays within each other.
const MAX_DEPTH: usize = 128;

pub(crate) fn extract(bytes: &[u8]) -> Result<ExtractedText, FileRefused> {
    let text = decode(bytes)?;
    if text.trim().is_empty() {
        return Err(FileRefused::NoText);
    }
    let mut output = JsonText::default();
    let mut json = SliceJsonParser::new(text.as_bytes());
    loop {
        match json.parse_next().map_err(|error| damaged(&error))? {
            JsonEvent::Eof => break,
            event => output.take(event)?,
        }
        if output.builder.is_full() {
            return Err(text_builder::too_much_text());
        }
    }
    Ok(ExtractedText { title: output.title, text: output.builder.finish()?, marks: Vec::new() })
}

fn damaged(error: &JsonSyntaxError) -> FileRefused {
    let place = error.location().start;
    let (line, column) = (place.line.saturating_add(1), place.column.saturating_add(1));
    FileRefused::Damaged("JSON", format!("{} at line {line} column {column}", error.message()))
}

#[derive(Default)]
struct JsonText {
    builder: TextBuilder,
    /// The names that lead to the value that is read, joined by dots.
    path: String,
    /// For each object and array that is open, how much of the path led to it.
    open: Vec<usize>,
    title: Option<String>,
}

impl JsonText {
    /// Takes what comes next in the file.
    fn take(&mut self, event: JsonEvent<'_>) -> Result<(), FileRefused> {
        match event {
            JsonEvent::StartObject => {
                self.builder.gap(Gap::Paragraph);
                self.begin()?;
            }
            JsonEvent::StartArray => self.begin()?,
            JsonEvent::EndObject => {
                self.builder.gap(Gap::Paragraph);
                self.end();
            }
            JsonEvent::EndArray => self.end(),
            JsonEvent::ObjectKey(name) => self.name(&name),
            JsonEvent::String(value) => {
                if self.open.len() == 1 && self.path == "title" && self.title.is_none() {
                    self.title = text_builder::title(&value);
                }
                self.write(&value);
            }
            JsonEvent::Number(digits) => self.write(&digits),
            JsonEvent::Boolean(value) => self.write(if value { "true" } else { "false" }),
            JsonEvent::Null | JsonEvent::Eof => {}
        }
        Ok(())
    }

    fn begin(&mut self) -> Result<(), FileRefused> {
        if self.open.len() >= MAX_DEPTH {
            return Err(FileRefused::Damaged("JSON", format!("it nests deeper than {MAX_DEPTH}")));
        }
        self.open.push(self.path.len());
        Ok(())
    }

    fn end(&mut self) {
        self.path.truncate(self.open.pop().unwrap_or_default());
    }

    /// Has a name lead to the next value, in place of the one before it in the same object.
    fn name(&mut self, name: &str) {
        self.path.truncate(self.open.last().copied().unwrap_or_default());
        if self.path.len().saturating_add(name.len()) < MAX_PATH_BYTES {
            if !self.path.is_empty() {
                self.path.push('.');
            }
            self.path.push_str(name);
        }
    }

    fn write(&mut self, value: &str) {
        let value = without_data_uris(value);
        if !value.trim().is_empty() {
            self.builder.gap(Gap::Line);
            if !self.path.is_empty() {
                self.builder.words(&self.path);
                self.builder.verbatim(": ");
            }
            self.builder.words(value.trim());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(json: &str) -> Result<String, FileRefused> {
        extract(json.as_bytes()).map(|extracted| extracted.text)
    }

    #[test]
    fn q2_every_value_says_where_it_stood() {
        let json = r#"{"title": "People", "people": [
            {"name": "Ada\u0000", "born": 1815, "alive": false, "address": {"city": "London"}},
            {"name": "Grace", "tags": ["navy", "cobol"], "note": null, "weight": -1.5}]}"#;
        let lines = "title: People\n\npeople.name: Ada\npeople.born: 1815\npeople.alive: false\n\n\
                     people.address.city: London\n\npeople.name: Grace\npeople.tags: navy\npeople.tags: cobol\n\
                     people.weight: -1.5";
        let extracted = extract(json.as_bytes()).unwrap();
        assert_eq!(
            extracted,
            ExtractedText { title: Some("People".to_owned()), text: lines.to_owned(), marks: Vec::new() }
        );
        assert_eq!(text(r#""only words""#).as_deref(), Ok("only words"));
        assert_eq!(text("\u{feff}[1, [2]]").as_deref(), Ok("1\n2"));
    }

    #[test]
    fn q2_a_number_stands_as_it_stands_in_the_file() {
        for number in [
            "340282366920938463463374607431768211456789",
            "-9223372036854775809",
            "2.70",
            "10.00",
            "6.02214076E+23",
            "1e999",
            "-0",
            "-0.0",
            "0.1000000000000000055511151231257827",
        ] {
            let json = format!("{{\"a\": {number}, \"b\": [{number}]}}");
            assert_eq!(text(&json), Ok(format!("a: {number}\nb: {number}")));
            assert_eq!(text(number).as_deref(), Ok(number));
        }
    }

    #[test]
    fn i1_json_without_text_is_refused() {
        for empty in ["", "{}", "[[], null]", r#"{"a": " "}"#] {
            assert_eq!(text(empty), Err(FileRefused::NoText), "{empty}");
        }
    }

    #[test]
    fn k16_what_is_no_json_or_nests_too_deep_is_refused() {
        let deep = "[".repeat(1_000_000);
        let deep_objects = r#"{"a":"#.repeat(1_000_000);
        for bad in [
            "{",
            "[1,]",
            "nonsense",
            "{\"a\":1} {\"a\":2}",
            "\"\\ud800\"",
            "01",
            "1.",
            "+1",
            "NaN",
            &deep,
            &deep_objects,
        ] {
            let head: String = bad.chars().take(20).collect();
            assert!(matches!(text(bad), Err(FileRefused::Damaged("JSON", _))), "{head}");
        }
        let mut inner = "1".to_owned();
        for _ in 0..100 {
            inner = format!("{{\"{}\":{inner}}}", "n".repeat(100));
        }
        assert!(text(&inner).is_ok_and(|text| text.len() < 1_100), "a path has its bound");
        assert_eq!(text(&format!("[{}1]", "[],".repeat(500_000))).as_deref(), Ok("1"));
        let much = format!("{{\"{}\": [{}1]}}", "n".repeat(900), "1,".repeat(100_000));
        assert_eq!(text(&much), Err(FileRefused::TooLarge(8 * 1024 * 1024)));
    }
}
