//! The context of a chunk: the title of its document, the headings above it, and its words without their hyphens.
//!
//! "It is off by default" says what is off only under its heading, and who looks for "email" wants "e-mail" as well. An
//! index has these words with those of the chunk; what is handed out is the chunk alone.

use crate::dataset::chunk::{Heading, headings};
use crate::dataset::{Chunk, Document};

/// A title has as many characters that count.
pub(super) const MAX_TITLE_CHARS: usize = 200;

/// For each chunk of a document, in order, the document's title and the headings above the chunk, a line each. A
/// heading in the chunk itself is not one of them. Then, in a line, what hyphens part in all of these, without them.
#[must_use]
pub fn contexts(document: &Document) -> Vec<String> {
    let with_words = |(mut above, chunk): (String, &Chunk)| {
        let mut without_hyphens = String::new();
        push_without_hyphens(&above, &mut without_hyphens);
        push_without_hyphens(&chunk.text, &mut without_hyphens);
        above.push_str(&without_hyphens);
        above
    };
    above(document).into_iter().zip(&document.chunks).map(with_words).collect()
}

/// For each chunk of a document, in order, what an encoder reads of it: the document's title, the headings above the chunk, and
/// its text, a line each.
#[must_use]
pub fn encoder_texts(document: &Document) -> Vec<String> {
    let with_text = |(mut above, chunk): (String, &Chunk)| {
        if !above.is_empty() {
            above.push('\n');
        }
        above.push_str(&chunk.text);
        above
    };
    above(document).into_iter().zip(&document.chunks).map(with_text).collect()
}

/// For each chunk of a document, in order, the document's title and the headings above the chunk.
fn above(document: &Document) -> Vec<String> {
    let title = document.metadata.get("title").and_then(|title| title.as_str()).unwrap_or_default();
    let title: String = title.chars().take(MAX_TITLE_CHARS).collect();
    let content = document.content.as_str();
    let mut headings = headings(content).peekable();
    let mut above: Vec<Heading<'_>> = Vec::new();
    let mut from = 0_usize;
    let mut contexts = Vec::with_capacity(document.chunks.len());
    for chunk in &document.chunks {
        let mut context = title.clone();
        // A chunk is a slice of the content that begins after the one before it.
        let found = content.get(from..).and_then(|rest| rest.find(&chunk.text));
        if let Some(start) = found.and_then(|at| from.checked_add(at)) {
            let end = start.saturating_add(chunk.text.len());
            while let Some(heading) = headings.next_if(|heading| heading.at < end) {
                above.retain(|outer| outer.level < heading.level);
                above.push(heading);
            }
            for heading in above.iter().filter(|heading| heading.at < start) {
                context.push('\n');
                context.push_str(heading.title);
            }
            from = start.saturating_add(chunk.text.chars().next().map_or(0, char::len_utf8));
        }
        contexts.push(context);
    }
    contexts
}

/// The usual hyphen, the one of typography, and the one that is never parted from what follows.
const HYPHENS: [char; 3] = ['-', '\u{2010}', '\u{2011}'];

/// The words of a text that have hyphens between letters, each as the parts that these leave: "Werk" and "statt".
pub fn hyphenated_words(text: &str) -> impl Iterator<Item = Vec<&str>> {
    let words = text.split(|c: char| !(c.is_alphabetic() || HYPHENS.contains(&c)));
    let parts = words.filter(|word| word.contains(HYPHENS)).flat_map(|word| {
        let parts: Vec<&str> = word.split(HYPHENS).collect();
        parts.split(|part| part.is_empty()).map(<[_]>::to_vec).collect::<Vec<_>>()
    });
    parts.filter(|parts| parts.len() > 1)
}

/// Adds what each hyphen between letters parts, as one word: "Werkstatt" of "Werk-statt".
fn push_without_hyphens(text: &str, joined: &mut String) {
    for parts in hyphenated_words(text) {
        for pair in parts.windows(2) {
            joined.push(if joined.is_empty() { '\n' } else { ' ' });
            joined.extend(pair.iter().copied());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::dataset::{ContentHash, DocumentId, Metadata, chunks};
    use crate::time::Timestamp;

    fn document(title: &str, content: &str) -> Document {
        Document {
            id: DocumentId::parse("d").unwrap(),
            content: content.to_owned(),
            metadata: Metadata::from_iter([("title".to_owned(), title.into())]),
            chunks: chunks(content),
            sha256: ContentHash::of_file(content.as_bytes()),
            reader: None,
            created_at: Timestamp::from_unix_micros(0),
        }
    }

    #[test]
    fn a_chunk_stands_under_its_title_and_the_headings_above_it() {
        let long = |word: &str| format!("{word} is told here at length. ").repeat(60);
        let content = format!(
            "Before.\n\n# Keys\n{}\n\n## Rotation\n{}\n\n# Users\n```\n# no heading\n```\nInvite them.\n",
            long("alpha"),
            long("beta"),
        );
        let document = document("Manual", &content);
        let contexts = contexts(&document);
        assert_eq!(contexts.len(), document.chunks.len());
        for (chunk, context) in document.chunks.iter().zip(&contexts) {
            let expected = match chunk.text.as_str() {
                "Before." => "Manual",
                text if text.starts_with("# ") => "Manual",
                text if text.contains("alpha") => "Manual\nKeys",
                text if text.starts_with("## Rotation") => "Manual\nKeys",
                _ => "Manual\nKeys\nRotation",
            };
            assert_eq!(context, expected, "{}", chunk.text);
        }
        assert!(contexts.iter().any(|context| context.ends_with("Rotation")));
        assert!(document.chunks.last().unwrap().text.contains("# no heading"));
    }

    #[test]
    fn a_title_that_is_none_or_endless_does_no_harm() {
        let mut plain = document("x", "Text.");
        plain.metadata.insert("title".to_owned(), 7.into());
        assert_eq!(contexts(&plain), [""]);
        assert_eq!(contexts(&document(&"é".repeat(9000), "Text."))[0].chars().count(), MAX_TITLE_CHARS);
        plain.content.clear();
        assert_eq!(contexts(&plain), [""], "chunks that are no part of the content stand under no heading");
    }

    #[test]
    fn what_a_hyphen_parts_is_found_as_one_word_too() {
        for (title, content, expected) in [
            ("", "The Werk-statt is self\u{2010}hosted.", "\nWerkstatt selfhosted"),
            ("E-mails", "deep-sea-net", "E-mails\nEmails deepsea seanet"),
            ("", "COVID-19, 2019-2020, A4-size, - a, -b, c- d, e--f, /har-bor_x/", "\nharbor"),
        ] {
            assert_eq!(contexts(&document(title, content)), [expected], "{content}");
        }
    }

    proptest! {
        #[test]
        fn each_chunk_of_any_text_has_a_context(content in "(#{0,3} ?[a-c é\n`]{0,30}\n){0,40}") {
            let document = document("t", &content);
            prop_assert_eq!(contexts(&document).len(), document.chunks.len());
        }
    }
}
