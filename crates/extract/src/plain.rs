//! The text of plain text and of Markdown.

use syft_space_domain::dataset::{ExtractedText, FileRefused};

use crate::encoding::decode;
use crate::text_builder::{self, TextBuilder};

/// The text of a plain text file is the file.
pub(crate) fn text(bytes: &[u8]) -> Result<ExtractedText, FileRefused> {
    Ok(ExtractedText { title: None, text: verbatim_text(&decode(bytes)?)? })
}

/// The text of a Markdown file is the file. Its first heading of the first level is its title.
pub(crate) fn markdown(bytes: &[u8]) -> Result<ExtractedText, FileRefused> {
    let text = decode(bytes)?;
    Ok(ExtractedText { title: first_heading(&text), text: verbatim_text(&text)? })
}

fn verbatim_text(text: &str) -> Result<String, FileRefused> {
    let mut builder = TextBuilder::default();
    // A page break is where a line ends, too.
    builder.verbatim(&text.replace('\u{c}', "\n"));
    builder.finish()
}

fn first_heading(text: &str) -> Option<String> {
    let mut fence: Option<&str> = None;
    for line in text.lines() {
        let line = line.trim_end();
        let mark = ["```", "~~~"].into_iter().find(|mark| line.trim_start().starts_with(mark));
        match (fence, mark) {
            (None, Some(_)) => fence = mark,
            (Some(open), Some(mark)) if open == mark => fence = None,
            _ => {}
        }
        let heading = line.strip_prefix("# ").filter(|_| fence.is_none());
        if let Some(title) = heading.and_then(|heading| text_builder::title(heading.trim_end_matches('#'))) {
            return Some(title);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q2_the_first_heading_of_markdown_is_its_title() {
        let of = |text: &str| markdown(text.as_bytes()).unwrap().title;
        assert_eq!(of("intro\n\n# The *harbor* #\n# Other").as_deref(), Some("The *harbor*"));
        assert_eq!(of("## Second\n\n```\n# comment\n```\n# First").as_deref(), Some("First"));
        assert_eq!(of("#hashtag\n\n## Second"), None);
    }

    #[test]
    fn q2_plain_text_stays_as_it_is() {
        let text = text(b"# no title\r\n\tindented\x0cpage two  \n").unwrap();
        assert_eq!(
            text,
            ExtractedText { title: None, text: "# no title\n\tindented\npage two  \n".to_owned() }
        );
    }

    #[test]
    fn i1_a_file_without_text_is_refused() {
        for empty in [&b""[..], b" \r\n\t", b"\xef\xbb\xbf", b"\x1b\x07"] {
            assert_eq!(text(empty), Err(FileRefused::NoText), "{empty:?}");
            assert_eq!(markdown(empty), Err(FileRefused::NoText), "{empty:?}");
        }
    }
}
