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

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use syft_space_domain::dataset::{ExtractedText, FileRefused};

use crate::encoding::decode;
use crate::text_builder::{self, Gap, TextBuilder};

/// The most bytes of the names that lead to a value; what goes beyond is left out.
const MAX_PATH_BYTES: usize = 1_000;

pub(crate) fn extract(bytes: &[u8]) -> Result<ExtractedText, FileRefused> {
    let text = decode(bytes)?;
    if text.trim().is_empty() {
        return Err(FileRefused::NoText);
    }
    let mut output = JsonText::default();
    let mut json = serde_json::Deserializer::from_str(&text);
    let read =
        ValueVisitor { output: &mut output, depth: 0 }.deserialize(&mut json).and_then(|()| json.end());
    match read {
        // The reader was stopped because there is no room.
        Err(_) if output.builder.is_full() => Err(text_builder::too_much_text()),
        Err(error) => Err(FileRefused::Damaged("JSON", error.to_string())),
        Ok(()) => Ok(ExtractedText { title: output.title, text: output.builder.finish()? }),
    }
}

#[derive(Default)]
struct JsonText {
    builder: TextBuilder,
    /// The names that lead to the value that is read, joined by dots.
    path: String,
    title: Option<String>,
}

impl JsonText {
    fn write<E: Error>(&mut self, value: &str) -> Result<(), E> {
        if !value.trim().is_empty() {
            self.builder.gap(Gap::Line);
            if !self.path.is_empty() {
                self.builder.words(&self.path);
                self.builder.verbatim(": ");
            }
            self.builder.words(value.trim());
        }
        if self.builder.is_full() { Err(E::custom("no room")) } else { Ok(()) }
    }

    /// Appends a name to the path. Answers the previous length of the path.
    fn push_name(&mut self, name: &str) -> usize {
        let before = self.path.len();
        if before.saturating_add(name.len()) < MAX_PATH_BYTES {
            if before > 0 {
                self.path.push('.');
            }
            self.path.push_str(name);
        }
        before
    }
}

/// Reads one value into the output. The parser bounds how deep values nest (128), and with that our stack.
struct ValueVisitor<'a> {
    output: &'a mut JsonText,
    /// The number of objects and arrays around the value.
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for ValueVisitor<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.output.write(if value { "true" } else { "false" })
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.output.write(&value.to_string())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.output.write(&value.to_string())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.output.write(&value.to_string())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        if self.depth == 1 && self.output.path == "title" && self.output.title.is_none() {
            self.output.title = text_builder::title(value);
        }
        self.output.write(value)
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<(), A::Error> {
        let depth = self.depth.saturating_add(1);
        while values.next_element_seed(ValueVisitor { output: &mut *self.output, depth })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        self.output.builder.gap(Gap::Paragraph);
        let depth = self.depth.saturating_add(1);
        while let Some(name) = entries.next_key::<String>()? {
            let before = self.output.push_name(&name);
            entries.next_value_seed(ValueVisitor { output: &mut *self.output, depth })?;
            self.output.path.truncate(before);
        }
        self.output.builder.gap(Gap::Paragraph);
        Ok(())
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
        assert_eq!(extracted, ExtractedText { title: Some("People".to_owned()), text: lines.to_owned() });
        assert_eq!(text(r#""only words""#).as_deref(), Ok("only words"));
        assert_eq!(text("\u{feff}[1, [2]]").as_deref(), Ok("1\n2"));
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
        for bad in
            ["{", "[1,]", "nonsense", "{\"a\":1} {\"a\":2}", "\"\\ud800\"", "1e999", &deep, &deep_objects]
        {
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
