//! What a chunk is, for any text: short enough, nothing lost, nothing torn, headings first.

use std::collections::BTreeSet;

use proptest::prelude::*;
use syft_space_domain::dataset::{Chunk, chunks};
use unicode_segmentation::UnicodeSegmentation;

fn texts(content: &str) -> Vec<String> {
    chunks(content).into_iter().map(|chunk| chunk.text).collect()
}

fn without_space(text: &str) -> Vec<char> {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// Whether the chunks, read in order, give every character of the content but white space, each one repeating no
/// more than an overlap of what was read before.
fn covers(content: &str, chunks: &[String]) -> bool {
    let all = without_space(content);
    // The same words may stand in a text more than once, so every way to read on is followed.
    let mut read = BTreeSet::from([0]);
    for chunk in chunks {
        let chunk = without_space(chunk);
        let mut next = BTreeSet::new();
        for at in &read {
            for repeated in 0..=Chunk::OVERLAP.min(*at).min(chunk.len()) {
                let start = at - repeated;
                if repeated < chunk.len() && all.get(start..).is_some_and(|rest| rest.starts_with(&chunk)) {
                    next.insert(start + chunk.len());
                }
            }
        }
        read = next;
    }
    read.contains(&all.len())
}

fn prose(sentences: usize, words: usize) -> String {
    let sentence = |s: usize| (0..words).map(|w| format!("word{s}x{w}")).collect::<Vec<_>>().join(" ");
    (0..sentences).map(|s| (sentence(s) + ". ").replacen('w', "W", 1)).collect()
}

fn any_content() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[A-Za-z]{1,12}",
        2 => Just(" ".to_owned()),
        1 => "[ \t\n\r]{1,40}",
        1 => Just(". ".to_owned()),
        1 => Just("\n\n".to_owned()),
        1 => Just("\r\n".to_owned()),
        1 => Just("\n# Title ".to_owned()),
        1 => Just("\n```\n".to_owned()),
        1 => Just("\n- ".to_owned()),
        1 => "[一-鿿]{1,60}。",
        1 => "[a-z]{700,1700}",
        1 => Just("👩‍👩‍👧‍👦🇩🇪e\u{301}。\u{fe00}".to_owned()),
        1 => "\\PC{1,30}",
        1 => Just(prose(6, 9)),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn a_chunk_is_never_longer_than_the_most_and_never_empty(content in any_content()) {
        for text in texts(&content) {
            prop_assert!(text.chars().count() <= Chunk::MAX);
            prop_assert!(!text.trim().is_empty());
            prop_assert_eq!(text.trim(), &text);
        }
    }

    #[test]
    fn nothing_but_white_space_is_lost(content in any_content()) {
        prop_assert!(covers(&content, &texts(&content)), "{:?}", texts(&content));
    }

    #[test]
    fn no_grapheme_is_torn(content in any_content()) {
        let whole: BTreeSet<&str> = content.graphemes(true).collect();
        for text in texts(&content) {
            for grapheme in text.graphemes(true).filter(|g| !g.contains(char::is_whitespace)) {
                // White space takes the accents that follow it; it may be cut off from them.
                let with_space = whole.iter().any(|g| g.contains(char::is_whitespace) && g.contains(grapheme));
                prop_assert!(whole.contains(grapheme) || with_space, "{grapheme:?}");
            }
        }
    }

    #[test]
    fn any_text_at_all_is_cut_without_loss(content in "\\PC{0,2000}") {
        prop_assert!(covers(&content, &texts(&content)));
    }
}

#[test]
fn a_text_without_words_has_no_chunks() {
    assert!(chunks("").is_empty());
    assert!(chunks(" \r\n\t\n\u{a0} ").is_empty());
}

#[test]
fn a_heading_begins_a_chunk_and_is_not_repeated() {
    let content = format!("# One\n\n{}\n\n## Two\nShort.\n", prose(30, 9));
    let texts = texts(&content);
    assert!(texts[0].starts_with("# One\n\nWord0x0"));
    assert_eq!(texts.iter().filter(|text| text.contains("# One")).count(), 1);
    assert_eq!(texts.last().unwrap(), "## Two\nShort.");
    assert!(texts.len() > 3);
}

#[test]
fn headings_without_text_between_them_stay_together() {
    assert_eq!(texts("# A\n## B\n### C\ntext\n"), ["# A\n## B\n### C\ntext"]);
}

#[test]
fn a_heading_stays_with_a_sentence_that_fills_a_chunk() {
    let sentence = prose(1, 88);
    assert!(
        (Chunk::TARGET_CHARS - 50..=Chunk::TARGET_CHARS).contains(&sentence.trim().len()),
        "{}",
        sentence.len()
    );
    let content = format!("# {}\n\n{sentence}", "Title ".repeat(20));
    assert_eq!(texts(&content), [content.trim()]);
}

#[test]
fn what_looks_like_a_heading_in_code_is_none() {
    assert_eq!(texts("```sh\n# a comment\n\necho\n```\nafter").len(), 1);
    assert_eq!(texts("#hashtag is prose\n#!/bin/sh too").len(), 1);
}

#[test]
fn chunks_end_with_sentences_and_the_next_one_repeats_the_last() {
    let texts = texts(&prose(40, 9));
    assert!(texts.len() > 3);
    for pair in texts.windows(2) {
        assert!(pair[0].ends_with('.'));
        assert!(pair[1].starts_with("Word"));
        let repeated = pair[0].rfind("Word").map(|at| &pair[0][at..]).unwrap();
        assert!(pair[1].starts_with(repeated), "{repeated:?}");
    }
}

#[test]
fn a_long_sentence_repeats_its_last_words() {
    let texts = texts(&prose(1, 300));
    assert!(texts.len() > 2);
    for pair in texts.windows(2) {
        let first = format!(" {} ", pair[1].split(' ').next().unwrap());
        let repeated = pair[0].len() - pair[0].find(&first).unwrap();
        assert!(repeated <= Chunk::OVERLAP + 1, "{repeated}");
    }
}

#[test]
fn a_paragraph_that_fits_is_not_torn() {
    let paragraphs: Vec<String> = (0..20).map(|_| prose(5, 9).trim().to_owned()).collect();
    let last = paragraphs[0].rsplit(". ").next().unwrap();
    for text in texts(&paragraphs.join("\n\n")) {
        assert!(text.len() >= Chunk::TARGET_CHARS / 2);
        assert!(text.ends_with(last), "{text}");
    }
}

#[test]
fn windows_line_ends_make_the_same_chunks() {
    let content = format!("# One\n\n{}\n\n- a\n- b\n", prose(30, 9));
    let unix = texts(&content);
    let windows: Vec<String> =
        texts(&content.replace('\n', "\r\n")).iter().map(|text| text.replace("\r\n", "\n")).collect();
    assert_eq!(windows, unix);
}

#[test]
fn a_letter_under_thousands_of_accents_is_still_cut() {
    let content = format!("e{}", "\u{301}".repeat(5000));
    let texts = texts(&content);
    assert!(texts.iter().all(|text| text.chars().count() <= Chunk::MAX));
    assert!(covers(&content, &texts));
}

#[test]
fn an_abbreviation_ends_no_sentence() {
    let sentence = format!("{} e.g. this goes on", "Word ".repeat(158).trim());
    let texts = texts(&format!("{sentence}. {}", prose(10, 9)));
    assert!(!texts.iter().any(|text| text.ends_with("e.g.")), "{texts:?}");
}

#[test]
fn the_largest_document_is_cut_in_one_pass() {
    // Each of these makes a cutter that looks far ahead or far back take minutes.
    let bytes = 512 * 1024;
    for piece in ["\u{301}", "🇩🇪", "a", " ", ". ", "# \n", "```\n", "a\n", "a. ", "- \n", "。", "\n\n"]
    {
        let content = format!("x{}", piece.repeat(bytes / piece.len()));
        assert!(!chunks(&content).is_empty());
    }
}
