//! The text of a web page.
//!
//! The page is read token by token and written in one pass; no tree is built of it, so there is nothing whose depth
//! could matter. Headings become Markdown's, items of lists get a mark, rows of tables become `| a | b |`,
//! preformatted text is fenced. What an element hides, scripts, styles and what leads to other pages (`<nav>`, and what is marked as
//! `navheader`, `navfooter` or with the role `navigation`) are left out.

mod attributes;
mod document_type;
mod element;
mod encoding;
mod list;
mod open_elements;
mod page;
mod style;

use html5ever::buffer_queue::BufferQueue;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{Tokenizer, TokenizerOpts};
use syft_space_domain::dataset::{ExtractedText, FileRefused};

use crate::encoding::{Named, decode_named};
use encoding::decode_html;
use page::{ContentScope, ListCounts, Page, PageSink};

pub(crate) fn extract(bytes: &[u8]) -> Result<ExtractedText, FileRefused> {
    read_page(&decode_html(bytes)?, false)
}

/// The text of a page that came with something that says which encoding it is in, which goes before what it says itself
/// where it can be.
pub(crate) fn extract_named(bytes: &[u8], named: Named) -> Result<ExtractedText, FileRefused> {
    let decoded = decode_named(bytes, named).or_else(|_| decode_html(bytes))?;
    read_page(&decoded, false)
}

/// The text of a page that has been decoded.
pub(crate) fn extract_decoded(page: &str) -> Result<ExtractedText, FileRefused> {
    read_page(page, false)
}

/// The text of a page whose name says that it is XML.
pub(crate) fn extract_xhtml(bytes: &[u8]) -> Result<ExtractedText, FileRefused> {
    read_page(&decode_html(bytes)?, true)
}

fn read_page(text: &str, is_xml: bool) -> Result<ExtractedText, FileRefused> {
    let text = &*document_type::resolve(text)?;
    attributes::check(text)?;
    let is_xml = is_xml || text.trim_start().starts_with("<?xml");
    let page = read(text, is_xml, ContentScope::Main);
    // Whoever opens a part for navigation and never closes it has not meant the rest of the page.
    let page = if page.ended_in_skipped_element() { read(text, is_xml, ContentScope::All) } else { page };
    page.finish()
}

/// Reads a page, and once again where a list counts down from the number of its items.
fn read(text: &str, is_xml: bool, scope: ContentScope) -> Page {
    let mut page = read_once(text, is_xml, scope, ListCounts::default());
    match page.take_counts() {
        Some(counts) => read_once(text, is_xml, scope, counts),
        None => page,
    }
}

fn read_once(text: &str, is_xml: bool, scope: ContentScope, counts: ListCounts) -> Page {
    let tokenizer = Tokenizer::new(PageSink::new(scope, is_xml, counts), TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(text));
    // It would stop only for a script that is to be run, and the sink asks for none.
    let _done = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.into_page()
}

#[cfg(test)]
mod tests {
    use syft_space_domain::dataset::Landmark;

    use super::*;

    fn text(html: &str) -> Result<String, FileRefused> {
        extract(html.as_bytes()).map(|extracted| extracted.text)
    }

    #[test]
    fn q2_what_has_an_id_is_marked_where_its_text_begins() {
        let html = "<body id=top><h1>Harbor</h1><section id=rules><h2>Rules</h2><p>Quiet.</p></section>\
            <h2><a name=ships></a>Ships</h2><p>Ada.<p hidden id=gone>x</p><span id='no address'>y</span>\
            <h2 id=last>Last</h2>";
        let page = extract(html.as_bytes()).unwrap();
        let marked: Vec<_> = page
            .marks
            .iter()
            .map(|mark| {
                let Landmark::Anchor(id) = &mark.landmark else { panic!("a page has no pages") };
                (id.as_str(), page.text[mark.at..].lines().next().unwrap())
            })
            .collect();
        let expected =
            [("top", "# Harbor"), ("rules", "## Rules"), ("ships", "## Ships"), ("last", "## Last")];
        assert_eq!(marked, expected);
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
    fn q2_the_texts_of_two_pictures_side_by_side_are_two_words() {
        for (page, shown) in [
            (
                "<p><a href=/><img alt='Product Site'></a><a href=/d><img alt=Documentation></a>",
                "Product Site Documentation",
            ),
            ("<p>a<img alt=b>c<img alt=d>.", "abcd."),
            ("<table><tr><td><img alt=a><img alt=b><td><img alt=c></table>", "| a b | c |"),
        ] {
            assert_eq!(text(page).as_deref(), Ok(shown), "{page}");
        }
    }

    #[test]
    fn q2_raised_digits_never_run_into_those_before_them() {
        for (page, shown) in [
            ("<p>10<sup>6</sup> euro, 10<sup>-6</sup> m, 5 m<sup>2</sup>", "10^6 euro, 10^-6 m, 5 m^2"),
            ("<p>the 1<sup>st</sup>, a harbor<sup><a href=#n>1</a></sup>", "the 1st, a harbor^1"),
            ("<p>H<sub>2</sub>O, x<sub>1</sub>, 101<sub>2</sub>", "H2O, x1, 101_2"),
            ("<p>10 <sup>6</sup>", "10 6"),
            ("<p>1<sup>1</sup>/<sub>2</sub> hours at 5 m<sup>2</sup>/s", "1 1/2 hours at 5 m^2/s"),
            ("<table><tr><td>10<sup>6</sup><td>m<sup>2</sup></table>", "| 10^6 | m^2 |"),
            ("<h1>10<sup>6</sup></h1>", "# 10^6"),
            ("<pre>10<sup>6</sup>7</pre>", "```\n10^6 7\n```"),
            ("<p>10<sup hidden>6</sup>7", "107"),
            // A paragraph ends what was opened in the one before it.
            ("<p>10<sup>6<p>7</sup>8", "10^6\n\n78"),
            ("<p>10<span style='vertical-align:super'>6</span>7", "10^6 7"),
            ("<p>10<sup><b>6</b></sup>7, 101<span style='VERTICAL-ALIGN: sub'>2</span>", "10^6 7, 101_2"),
            ("<p>10<sup style='vertical-align:baseline'>6</sup>", "106"),
            ("<table><tr><td>10<span style='vertical-align:super'>6</span><td>7</table>", "| 10^6 | 7 |"),
        ] {
            assert_eq!(text(page).as_deref(), Ok(shown), "{page}");
        }
    }

    #[test]
    fn q2_a_box_tells_whether_it_is_ticked() {
        for (page, shown) in [
            ("<p><input type=checkbox checked>Dogs <input type='CheckBox' />Cats", "☒ Dogs ☐ Cats"),
            (
                "<ul><li><input type=radio name=a checked disabled> Yes<li><input type=radio name=a> No</ul>",
                "- ☒ Yes\n- ☐ No",
            ),
            ("<p><label>Name <input value=Ada></label><input type=checkbox hidden checked>.", "Name ."),
        ] {
            assert_eq!(text(page).as_deref(), Ok(shown), "{page}");
        }
    }

    #[test]
    fn q2_a_formula_that_is_written_for_the_eye_once_more_is_read_once() {
        let drawn = "<span class='katex-html x' aria-hidden=true><span>10</span><span>6</span></span>";
        let math = "<span class=katex-mathml><math><msup><mn>10</mn><mn>6</mn></msup></math></span>";
        for (page, shown) in [
            (format!("<p>About <span class=katex>{math}{drawn}</span> ships"), "About 10^6 ships"),
            // One that is written for the eye alone is read as it is.
            (format!("<p>About <span class=katex>{drawn}</span> ships"), "About 106 ships"),
            (format!("<p>{math}{drawn} and {drawn}"), "10^6 and 106"),
        ] {
            assert_eq!(text(&page).as_deref(), Ok(shown), "{page}");
        }
    }

    #[test]
    fn q2_fractions_and_exponents_of_a_formula_are_written_in_a_line() {
        let math = |inner: &str| format!("<math>{inner}</math>");
        let half = "<mfrac><mn>1</mn><mn>2</mn></mfrac>";
        for (page, shown) in [
            (format!("Take {} tablet", math(half)), "Take 1/2 tablet"),
            (format!("Take 1{}4", math(half)), "Take 1 1/2 4"),
            (math(&[half, half].concat()), "1/2 1/2"),
            (math("<mfrac>\n<mn>1</mn>\n<mn>2</mn>\n</mfrac>"), "1/2"),
            (math("<mfrac><mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow><mn>2</mn></mfrac>"), "(a+b)/2"),
            (math(&format!("<mfrac>{half}<mn>3</mn></mfrac>")), "(1/2)/3"),
            (math("<msup><mn>10</mn><mn>6</mn></msup>"), "10^6"),
            (math("<msup> <mn>10</mn> <mrow><mo>-</mo><mn>6</mn></mrow> </msup><mn>5</mn>"), "10^-6 5"),
            (math(&format!("<msup><mn>10</mn>{half}</msup>")), "10^(1/2)"),
            (
                math("<msub><mi>x</mi><mn>1</mn></msub><mo>+</mo><msub><mn>101</mn><mn>2</mn></msub>"),
                "x1+101_2",
            ),
            (math("<msubsup><mi>x</mi><mn>1</mn><mn>2</mn></msubsup>"), "x1^2"),
            (math("<msup><mn>10</mn><mspace/></msup><mn>6</mn>"), "106"),
            (math(&format!("<semantics>{half}<annotation>\\frac12</annotation></semantics>")), "1/2"),
            (format!("<table><tr><td>{}<td>b</table>", math(half)), "| 1/2 | b |"),
            (format!("<ul><li>{} tablet</ul>", math(half)), "- 1/2 tablet"),
            (
                math(
                    "<munderover><mo>∑</mo><mrow><mi>i</mi><mo>=</mo><mn>1</mn></mrow><mn>9</mn></munderover>",
                ),
                "∑_(i=1)^9",
            ),
            ("<math><mfrac><mn>1<mn>2".to_owned(), "12"),
        ] {
            assert_eq!(text(&page).as_deref(), Ok(shown), "{page}");
        }
        let nested = format!("<math>{}x{}", "<mfrac><mi>".repeat(50_000), "</mfrac>".repeat(50_000));
        assert!(text(&nested).is_ok());
        let marked =
            extract(b"<p id=a>x <math><msup><mn id=b>10</mn> <mn id=c>6</mn></msup></math>").unwrap();
        let at: Vec<usize> = marked.marks.iter().map(|mark| mark.at).collect();
        assert_eq!((marked.text.as_str(), at), ("x 10^6", vec![0, 2, 5]));
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
    fn q2_an_item_has_the_number_that_the_page_shows() {
        for (list, shown) in [
            ("<ol start=3><li>a<li>b</ol>", "3. a\n4. b"),
            ("<ol><li>a<li value=9>b<li>c</ol>", "1. a\n9. b\n10. c"),
            ("<ol start=-1><li>a<li>b<li>c</ol>", "-1. a\n0. b\n1. c"),
            ("<ol start=x><li>a</ol>", "1. a"),
            ("<ol reversed><li>a<li>b<ol><li>c</ol><li hidden>x<li>d</ol>", "3. a\n2. b\n  1. c\n1. d"),
            ("<ol reversed start=12><li>a<li value=5>b<li>c</ol>", "12. a\n5. b\n4. c"),
            ("<ol type=a start=26><li>a<li>b</ol>", "z. a\naa. b"),
            ("<ol type=I><li>a<li type=i>b<li style='list-style: decimal'>c</ol>", "I. a\nii. b\n3. c"),
            ("<ol style='list-style-type:lower-roman' start=4><li>a</ol>", "iv. a"),
            ("<ol style='counter-reset: list-item 4'><li>a<li>b</ol>", "5. a\n6. b"),
            ("<ol start=9 style='counter-reset:x 2 list-item'><li>a<li>b</ol>", "1. a\n2. b"),
            ("<ol style='counter-reset: list-item -3'><li>a<li>b</ol>", "-2. a\n-1. b"),
            ("<ol><li style='counter-set: list-item 7'>a<li>b</ol>", "7. a\n8. b"),
            ("<ol><li style='counter-increment: list-item 5'>a<li>b</ol>", "5. a\n6. b"),
            ("<ol><li>a<li style='counter-increment: list-item 0'>b<li>c</ol>", "1. a\n1. b\n2. c"),
            ("<ol style='counter-reset: section 4'><li>a</ol>", "1. a"),
            ("<ol reversed style='counter-reset: list-item 4'><li>a<li>b</ol>", "3. a\n2. b"),
            ("<ul><li value=4>a<li>b</ul>", "- a\n- b"),
            ("<ol><li>a</ol><p>x</p><ol><li>b</ol>", "1. a\n\nx\n\n1. b"),
            ("<ol><li>a<li style='visibility:hidden'>b<li>c</ol>", "1. a\n3. c"),
        ] {
            assert_eq!(text(list).as_deref(), Ok(shown), "{list}");
        }
        let deep = format!("{}<ol start=5><li>x</ol>", "<ul><li>".repeat(12));
        assert!(text(&deep).is_ok_and(|text| text.ends_with("5. x")), "however deep");
    }

    #[test]
    fn q2_what_an_element_hides_is_left_out_and_nothing_else() {
        for hidden in [
            "<p hidden>no</p>",
            "<p hidden>no<p>",
            "<p hidden>no<div></div>",
            "<div><span hidden>no</div>",
            "<div hidden><p>no</p><div>no</div><ul><li>no</ul></div>",
            "<div hidden>no<table><tr><td>no</div>no</td></tr></table>no</div>",
            "<ul><li hidden>no</ul>",
            "<dl><dt hidden>no<dd style='display:none'>no</dl>",
            "<table><tr><td hidden>no</table>",
            "<table><tr hidden><td>no<tr></table>",
            "<table hidden><tr><td>no<table><tr><td>no</table>no</table>",
            "<dialog><p>no</dialog>",
            "<b hidden>no<p>no</b>",
            "<p><b hidden>no</p><p>no</b></p>",
            "<b><div hidden></b>no</div>",
            "<span hidden><div>no</span>no</div></span>",
            "<a hidden>no<a></a>",
            "<img hidden alt=no><img style='visibility:hidden' alt=no>",
            "<pre hidden>no</pre>",
            "<h1 hidden>no</h1>",
            "<div style='visibility:hidden'>no<p>no</p></div>",
            "<div style='font-size:0'>no <b style='font-size:2em'>no</b></div>",
            "<p style='font:0/0 a'>no</p>",
            "<p style='font: italic 700 0px/1.2 serif'>no</p>",
            "<p style='FONT:0 \"Arial\"'>no</p>",
            "<p style='font: bold .0em a'>no</p>",
            "<p style='font-size:calc(0px)'>no</p>",
            "<p style='font-size: clamp(0rem, 0vw, 0px)'>no</p>",
            "<p style='font-size:0e3px'>no</p>",
            "<p style='font-size:+0'>no</p>",
            "<p style='font-size: 0.00% !important; font-size: 12px'>no</p>",
            "<div style='font:0/0 a'><p style='font-weight:bold'>no</div>",
            "<div style='display:none'><p style='display:block'>no</div>",
            "<video>no</video><template>no</template><datalist><option>no</datalist>",
            "<input type=hidden value=no><textarea hidden>no</textarea><script hidden>no</script>",
            "<section hidden=until-found>no</section>",
            "<nav hidden>no</nav>",
            "<div hidden><nav>no</nav><svg><p>no</svg>no</div>",
            "<custom-tag hidden>no</custom-tag>",
        ] {
            let page = format!("<title>t</title><p>one</p>{hidden}<p>two</p>");
            let shown = text(&page).map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
            assert_eq!(shown.as_deref(), Ok("one two"), "{hidden}");
        }
        for (page, shown) in [
            ("<div style='visibility:hidden'>no <b style='visibility:visible'>b</b></div>", "b"),
            ("<div style='font-size:0'>no <b style='font-size:9pt'>b</b></div>", "b"),
            ("<p style='font: 700 1em/0 serif'>a</p>", "a"),
            ("<p style='font: 0'>a</p>", "a"),
            ("<p style='font: 12px \"0\"'>a</p>", "a"),
            ("<p style='font-size: calc(1px + 0px)'>a</p>", "a"),
            ("<div style='font:0/0 a'>no <b style='font: 12pt serif'>b</b></div>", "b"),
            ("<div style='font:0/0 a; font-size: 9pt'>b</div>", "b"),
            ("<dialog open>a</dialog><details><summary>b</summary>c</details>", "a\n\nb\n\nc"),
            ("<p aria-hidden=true>a</p><p hidden style='display:block'>b</p>", "a\n\nb"),
            ("<pre>a<i hidden>no</i>b</pre>", "```\nab\n```"),
            ("<table><tr><td>a<td hidden>no<td>b</table>", "| a | b |"),
            ("<table><tr><td>a<td style='visibility:hidden'>no<td>b</table>", "| a | | b |"),
            ("<p>a</p><div hidden>no</div></div>b", "a\n\nb"),
            ("<head hidden><title>t</title><body>a", "a"),
        ] {
            assert_eq!(text(page).as_deref(), Ok(shown), "{page}");
        }
        assert_eq!(text("<body hidden><p>no</body>no"), Err(FileRefused::NoText));
        let titled = extract(b"<div hidden><title>t</title></div>a").unwrap();
        assert_eq!(titled.title.as_deref(), Some("t"));
    }

    #[test]
    fn q2_a_page_of_xhtml_is_read_as_xml() {
        let body = "<head><title/><script src='x'/><style/></head><body><h1>One</h1><p/><div class='navheader'/>\
            <table><tr><td/><td>a</td></tr></table><ol><li/><li>b</li></ol><p>if <![CDATA[a < b && c]]> <textarea/>d</p>\
            <p hidden='hidden'><div>no</div></p></body>";
        let shown = Ok("# One\n\n| | a |\n\n2. b\n\nif a < b && c d".to_owned());
        let xhtml = "http://www.w3.org/1999/xhtml";
        assert_eq!(text(&format!("<!DOCTYPE html>\n<html xmlns='{xhtml}'>{body}</html>")), shown);
        assert_eq!(text(&format!("<?xml version='1.0'?><html>{body}</html>")), shown);
        let by_name = extract_xhtml(format!("<html>{body}</html>").as_bytes());
        assert_eq!(by_name.map(|extracted| extracted.text), shown);
        let prefixed = format!(
            "<h:html xmlns:h='{xhtml}'><h:head><h:title>t<![CDATA[<]]></h:title><h:script/></h:head><h:h2>a</h:h2></h:html>"
        );
        let extracted = extract(prefixed.as_bytes()).unwrap();
        assert_eq!((extracted.title.as_deref(), extracted.text.as_str()), (Some("t<"), "## a"));
        // In HTML a mark of XML means nothing, but in a drawing.
        assert_eq!(text("<div hidden/>no</div><svg/><p>a</p>").as_deref(), Ok("a"));
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
        assert_eq!(text("<pre>```\n~~~~ x</pre>").as_deref(), Ok("~~~~~\n```\n~~~~ x\n~~~~~"));
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
        for piece in [
            "<b hidden><p>",
            "<p hidden><b hidden></p>",
            "<object>",
            "</object>",
            "<div hidden/>",
            "<a hidden>",
        ] {
            let _any = text(&piece.repeat(20_000));
            let _any = text(&format!("<table>{}{}", "<b>".repeat(20_000), "</p></td></b><p>".repeat(20_000)));
        }
        let _any = text(&format!("<p style='{}'>x", "\\(/*".repeat(100_000)));
        let entities = "&amp;".repeat(100_000);
        assert_eq!(text(&entities).map(|text| text.len()), Ok(100_000));
        let lists = format!("{}x{}y", "<ol><li>".repeat(20_000), "</ol>".repeat(40_000));
        assert!(text(&lists).is_ok());
        assert_eq!(text(&"x".repeat(9_000_000)), Err(FileRefused::TooLarge(8 * 1024 * 1024)));
        assert_eq!(text("<p>a&#0;b\u{1}c<p").as_deref(), Ok("a\u{fffd}bc"));
    }
}
