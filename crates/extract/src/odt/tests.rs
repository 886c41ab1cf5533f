use syft_space_domain::dataset::FileRefused;

use super::extract;
use crate::package::tests::pack;

fn content(styles: &str, body: &str) -> String {
    format!(
        "<office:document-content><office:automatic-styles>{styles}</office:automatic-styles><office:body><office:text>{body}\
         </office:text></office:body></office:document-content>"
    )
}

fn text(styles: &str, body: &str) -> Result<String, FileRefused> {
    extract(&pack(&[("content.xml", &content(styles, body))])).map(|extracted| extracted.text)
}

#[test]
fn q2_headings_lists_tables_and_notes_of_an_open_document_are_its_text() {
    let lists = "<text:list-style style:name='N'><text:list-level-style-number text:level='1' style:num-format='1' style:num-suffix='.'/>\
        <text:list-level-style-number text:level='2' style:num-format='a' style:num-suffix=')' text:display-levels='2'/></text:list-style>\
        <text:list-style style:name='B'><text:list-level-style-bullet text:level='1' text:bullet-char='•'/></text:list-style>\
        <number:date-style><number:text>no text</number:text></number:date-style>";
    let body = "<text:tracked-changes><text:p>deleted</text:p></text:tracked-changes><text:sequence-decls/>\
        <text:h text:outline-level='2'>The <text:span>harbor</text:span></text:h>\
        <text:p>Ships,<text:s text:c='3'/>and<text:line-break/>fi\u{ad}sh<text:note><text:note-citation>1</text:note-citation>\
        <text:note-body><text:p>A note.</text:p></text:note-body></text:note>.<office:annotation><text:p>remark</text:p></office:annotation></text:p>\
        <text:list text:style-name='N'><text:list-item><text:p>one</text:p><text:p>more</text:p><text:list><text:list-item><text:p>within</text:p>\
        </text:list-item></text:list></text:list-item><text:list-item><text:p>two</text:p></text:list-item></text:list>\
        <text:p>Between.</text:p>\
        <text:list text:style-name='N' text:continue-numbering='true'><text:list-item><text:p>three</text:p></text:list-item></text:list>\
        <text:list text:style-name='B'><text:list-item><text:p>dot</text:p></text:list-item></text:list>\
        <table:table><table:table-row><table:table-cell><text:p>Ship</text:p></table:table-cell><table:table-cell><text:p>m</text:p>\
        </table:table-cell></table:table-row></table:table>\
        <text:p><draw:frame><draw:text-box><text:p>In a box</text:p></draw:text-box><svg:title>name</svg:title></draw:frame></text:p>\
        <text:p><text:ruby><text:ruby-base>港</text:ruby-base><text:ruby-text>みなと</text:ruby-text></text:ruby></text:p>";
    let meta = "<office:document-meta><office:meta><dc:title>Of ships</dc:title></office:meta></office:document-meta>";
    let content = content(lists, body);
    let parts = [("content.xml", content.as_str()), ("meta.xml", meta), ("Pictures/x.png", "x")];
    let extracted = extract(&pack(&parts)).unwrap();
    let expected = "## The harbor\n\nShips, and\nfish.\n\n1. one\nmore\n  1.a) within\n2. two\n\nBetween.\n\n3. three\n- dot\n\n| Ship | m |\n\n\
                    In a box\n\n港(みなと)\n\nA note.";
    assert_eq!(extracted.text, expected);
    assert_eq!(extracted.title.as_deref(), Some("Of ships"));
    assert_eq!(extract(&pack(&parts[..1])).unwrap().title.as_deref(), Some("The harbor"));
}

#[test]
fn q2_text_that_an_open_document_hides_is_none() {
    let styles = "<style:style style:name='H' style:family='text'><style:text-properties text:display='none'/></style:style>\
        <style:style style:name='I' style:family='text' style:parent-style-name='H'/>\
        <style:style style:name='S' style:family='text' style:parent-style-name='H'><style:text-properties text:display='true'/></style:style>\
        <style:style style:name='P' style:family='paragraph'><style:text-properties text:display='none'/></style:style>";
    let body = "<text:p>seen<text:span text:style-name='H'> hidden<text:span text:style-name='S'> shown</text:span></text:span>\
        <text:span text:style-name='I'> inherited</text:span></text:p><text:p text:style-name='P'>all<text:span text:style-name='S'>again</text:span></text:p>\
        <text:section text:display='none'><text:p>section</text:p></text:section>\
        <text:p><text:hidden-text text:is-hidden='true'>x</text:hidden-text><text:hidden-text text:is-hidden='false'>y</text:hidden-text></text:p>\
        <text:p><text:hidden-paragraph text:is-hidden='true'/>z</text:p>";
    assert_eq!(text(styles, body).as_deref(), Ok("seen shown\n\nagain\n\ny"));
}

#[test]
fn k16_an_open_document_that_is_encrypted_broken_or_a_bomb_is_refused() {
    let manifest = "<?xml version='1.0'?><!DOCTYPE manifest:manifest PUBLIC '-//x' 'Manifest.dtd'><manifest:manifest><manifest:file-entry>\
        <manifest:encryption-data/></manifest:file-entry></manifest:manifest>";
    let whole = content("", "<text:p>x</text:p>");
    let parts = [("content.xml", whole.as_str()), ("META-INF/manifest.xml", manifest)];
    assert_eq!(extract(&pack(&parts)), Err(FileRefused::Encrypted));
    assert_eq!(text("", "<text:p/>"), Err(FileRefused::NoText));
    for broken in ["<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "<a>", "<a>&b;</a>"] {
        assert!(matches!(extract(&pack(&[("content.xml", broken)])), Err(FileRefused::Damaged("ODT", _))));
    }
    assert!(matches!(extract(&pack(&[("other.xml", "<a/>")])), Err(FileRefused::Damaged("ODT", _))));
    assert!(matches!(text("", &" ".repeat(6_000_000)), Err(FileRefused::TooLarge(_))));
    let deep = format!("{}{}", "<text:list>".repeat(600), "</text:list>".repeat(600));
    assert!(matches!(text("", &deep), Err(FileRefused::Damaged("ODT", _))));
}

#[test]
fn q2_raised_digits_of_an_open_document_never_run_into_those_before_them() {
    let styles = "<style:style style:name='P' style:family='text'><style:text-properties style:text-position='super 58%'/></style:style>\
        <style:style style:name='C' style:family='text' style:parent-style-name='P'/>\
        <style:style style:name='L' style:family='text'><style:text-properties style:text-position='-33% 58%'/></style:style>\
        <style:style style:name='N' style:family='text'><style:text-properties style:text-position='0% 100%'/></style:style>";
    let span = |style: &str, text: &str| format!("<text:span text:style-name='{style}'>{text}</text:span>");
    for (body, shown) in [
        (format!("10{} euro, m{}", span("P", "6"), span("C", "2")), "10^6 euro, m^2"),
        (format!("H{}O, 101{}", span("L", "2"), span("L", "2")), "H2O, 101_2"),
        (format!("10{}", span("N", "6")), "106"),
        (format!("10{}", span("P", &format!("6{}", span("N", "7")))), "10^6 7"),
    ] {
        assert_eq!(text(styles, &format!("<text:p>{body}</text:p>")).as_deref(), Ok(shown), "{body}");
        let cell = format!(
            "<table:table><table:table-row><table:table-cell><text:p>{body}</text:p></table:table-cell></table:table-row></table:table>"
        );
        assert_eq!(text(styles, &cell).as_deref(), Ok(format!("| {shown} |").as_str()), "{body}");
    }
    let heading = format!("<text:h>10{}</text:h>", span("P", "6"));
    let extracted = extract(&pack(&[("content.xml", &content(styles, &heading))])).unwrap();
    assert_eq!((extracted.text.as_str(), extracted.title.as_deref()), ("# 10^6", Some("10^6")));
}

#[test]
fn q2_fractions_of_a_formula_in_an_open_document_are_written_in_a_line() {
    let half = "<draw:object><math><semantics><mfrac><mn>1</mn><mn>2</mn></mfrac><annotation>1 over 2</annotation></semantics></math></draw:object>";
    assert_eq!(
        text("", &format!("<text:p>Take 1{half} or{half}</text:p>")).as_deref(),
        Ok("Take 1 1/2 or1/2")
    );
    let list = format!("<text:list><text:list-item><text:p>{half}</text:p></text:list-item></text:list>");
    assert_eq!(text("", &list).as_deref(), Ok("- 1/2"));
    let note = format!(
        "<text:p>a<text:note><text:note-body><text:p>{half}</text:p></text:note-body></text:note></text:p>"
    );
    assert_eq!(text("", &note).as_deref(), Ok("a\n\n1/2"));
}
