//! The text of a web page.
//!
//! The page is read token by token and written in one pass; no tree is built of it, so there is nothing whose depth
//! could matter. Headings become Markdown's, items of lists get a mark, rows of tables become `| a | b |`,
//! preformatted text is fenced. Scripts, styles and what leads to other pages (`<nav>`, and what is marked as
//! `navheader`, `navfooter` or with the role `navigation`) are left out.

mod attributes;
mod element;
mod page;

use html5ever::buffer_queue::BufferQueue;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{Tokenizer, TokenizerOpts};
use syft_space_domain::dataset::{ExtractedText, FileRefused};

use crate::encoding::decode_html;
use page::{ContentScope, Page, PageSink};

pub(crate) fn extract(bytes: &[u8]) -> Result<ExtractedText, FileRefused> {
    let text = decode_html(bytes)?;
    attributes::check(&text)?;
    let page = read(&text, ContentScope::Main);
    // Whoever opens a part for navigation and never closes it has not meant the rest of the page.
    let page = if page.ended_in_skipped_element() { read(&text, ContentScope::All) } else { page };
    page.finish()
}

fn read(text: &str, scope: ContentScope) -> Page {
    let is_xml = text.trim_start().starts_with("<?xml");
    let tokenizer = Tokenizer::new(PageSink::new(scope, is_xml), TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(text));
    // It would stop only for a script that is to be run, and the sink asks for none.
    let _done = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.into_page()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(html: &str) -> Result<String, FileRefused> {
        extract(html.as_bytes()).map(|extracted| extracted.text)
    }

    #[test]
    fn q2_a_page_becomes_text_that_reads_like_markdown() {
        let html = "<!DOCTYPE html><html><head><title>The\n harbor &amp; its ships</title><style>p { x }</style>\
            <script>if (a < b) { document.write('<p>no</p>') }</script></head><body>\
            <nav><ul><li><a href=/>Home</a></nav>\
            <h1>The <em>harbor</em></h1><p>Built in&nbsp;1900,<br>for   \n ships&mdash;of&#x20;all kinds.</p>\
            <h2><a id=x></a>Rules</h2><ul><li>Be <b>quiet</b><li><p>No wake</p><ol><li>Ever<li>At all</ol></ul>\
            <table><tr><th>Ship<th>Length</tr><tr><td>Ada<td><p>12 m</p></td></tr></table>\
            <pre>let a = 1;\n  let b = a &lt; 2;\n</pre><p>After<script>x</script>wards <img alt='a buoy' src=x>.</p></body></html>";
        let expected = "# The harbor\n\nBuilt in 1900,\nfor ships\u{2014}of all kinds.\n\n## Rules\n\n- Be quiet\n- No wake\n\
            \x20 1. Ever\n  2. At all\n\n| Ship | Length |\n| Ada | 12 m |\n\n```\nlet a = 1;\n  let b = a < 2;\n```\n\n\
            Afterwards a buoy.";
        let extracted = extract(html.as_bytes()).unwrap();
        assert_eq!(extracted.title.as_deref(), Some("The harbor & its ships"));
        assert_eq!(extracted.text, expected);
    }

    #[test]
    fn q2_what_leads_to_other_pages_is_left_out_and_nothing_else() {
        let html = "<div class='x navheader'><table><tr><td>Prev<td>Up</table><div>Next</div></div><p>text</p>\
            <div role=navigation>Menu<div></div></div><p>more</p><div class=navfooter><hr>Home</div>";
        assert_eq!(text(html).as_deref(), Ok("text\n\nmore"));
        let open = "<nav><a href=/>Home</a><p>The page itself</p>";
        assert_eq!(text(open).as_deref(), Ok("Home\n\nThe page itself"));
        let strict =
            "<?xml version='1.0'?><html><script src='x'/><title/><div class='navheader'/><p>text</p></html>";
        assert_eq!(text(strict).as_deref(), Ok("text"));
    }

    #[test]
    fn q2_tables_of_any_kind_stay_readable() {
        let layout = "<table><tr><td><h1>Title</h1><p>One.</p><ul><li>a</ul></td><td>side</td></tr></table>";
        assert_eq!(text(layout).as_deref(), Ok("# Title\n\nOne.\n\n- a\n\n| side |"));
        let empty = "<table><tr><td></td><td>b</td><td></td></tr><tr><td><tr></table><p>c";
        assert_eq!(text(empty).as_deref(), Ok("| | b | |\n\nc"));
    }

    #[test]
    fn q2_preformatted_text_keeps_its_lines_and_never_ends_its_own_fence() {
        assert_eq!(text("<pre>\n\n a\n```\n# b</pre>c").as_deref(), Ok("~~~\n\n a\n```\n# b\n~~~\n\nc"));
        assert_eq!(text("<pre>open <b>end").as_deref(), Ok("```\nopen end\n```"));
        assert_eq!(text("<table><tr><td><pre>a\nb</pre></table>").as_deref(), Ok("```\na\nb\n```"));
    }

    #[test]
    fn i1_a_page_without_text_is_refused() {
        for empty in
            ["", "<html><body><script>x", "<p>&nbsp;</p>", "<title>only a title</title>", "<nav></nav>"]
        {
            assert_eq!(text(empty), Err(FileRefused::NoText), "{empty}");
        }
    }

    #[test]
    fn k16_hostile_pages_are_read_in_one_pass() {
        let deep = format!("{}x", "<div><b><table><tr><td><ul><li>".repeat(20_000));
        assert!(text(&deep).is_ok());
        let entities = "&amp;".repeat(100_000);
        assert_eq!(text(&entities).map(|text| text.len()), Ok(100_000));
        let lists = format!("{}x{}y", "<ol><li>".repeat(20_000), "</ol>".repeat(40_000));
        assert!(text(&lists).is_ok());
        assert_eq!(text(&"x".repeat(9_000_000)), Err(FileRefused::TooLarge(8 * 1024 * 1024)));
        assert_eq!(text("<p>a&#0;b\u{1}c<p").as_deref(), Ok("a\u{fffd}bc"));
    }
}
