use std::fmt::Write;

use syft_space_domain::dataset::{ExtractedText, FileRefused, Landmark, Mark};

use super::extract;

/// A PDF of these objects, numbered from 1: the first is the catalogue.
pub(super) fn pdf(objects: &[Vec<u8>], trailer: &str) -> Vec<u8> {
    let mut file = b"%PDF-1.7\n".to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (number, object) in objects.iter().enumerate() {
        writeln!(table, "{:010} 00000 n ", file.len()).unwrap();
        file.extend(format!("{} 0 obj\n", number + 1).bytes());
        file.extend(object);
        file.extend(b"\nendobj\n");
    }
    let start = file.len();
    let size = objects.len() + 1;
    let end = format!("{table}trailer\n<</Size {size}/Root 1 0 R{trailer}>>\nstartxref\n{start}\n%%EOF\n");
    file.extend(end.bytes());
    file
}

pub(super) fn stream(entries: &str, content: &[u8]) -> Vec<u8> {
    let mut object = format!("<</Length {}{entries}>>\nstream\n", content.len()).into_bytes();
    object.extend(content);
    object.extend(b"\nendstream");
    object
}

/// A PDF with a page for each content, in Helvetica.
pub(super) fn pages(contents: &[&str]) -> Vec<u8> {
    pages_with(contents, "")
}

pub(super) fn pages_with(contents: &[&str], trailer: &str) -> Vec<u8> {
    let kids: String = (0..contents.len()).map(|page| format!("{} 0 R ", 4 + 2 * page)).collect();
    let mut objects = vec![
        b"<</Type/Catalog/Pages 2 0 R>>".to_vec(),
        format!("<</Type/Pages/Kids[{kids}]/Count {}/MediaBox[0 0 600 800]>>", contents.len()).into_bytes(),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>".to_vec(),
    ];
    for (page, content) in contents.iter().enumerate() {
        let page = format!(
            "<</Type/Page/Parent 2 0 R/Resources<</Font<</F 3 0 R>>>>/Contents {} 0 R>>",
            5 + 2 * page
        );
        objects.push(page.into_bytes());
        objects.push(stream("", content.as_bytes()));
    }
    pdf(&objects, trailer)
}

pub(super) fn text(bytes: &[u8]) -> Result<String, FileRefused> {
    extract(bytes).map(|extracted| extracted.text)
}

#[test]
fn q2_lines_paragraphs_and_headings_are_found_by_where_glyphs_stand() {
    let first = "BT /F 24 Tf 50 700 Td (The harbor) Tj ET BT /F 16 Tf 50 660 Td (Rules) Tj ET \
        BT /F 12 Tf 50 630 Td (Be quiet, and make no) Tj 0 -14 Td (wa\\153e in the har-) Tj 0 -14 Td (bor, ever.) Tj \
        0 -40 Td [(New)-500(para)20(graph.)] TJ ET";
    let second = "BT /F 12 Tf 1 0 0 1 50 700 Tm (Ship) Tj 1 0 0 1 200 700 Tm (12 m) Tj ET";
    let expected = "# The harbor\n\n## Rules\n\nBe quiet, and make no\nwake in the harbor, ever.\n\nNew paragraph.\n\nShip 12 m";
    let second_page = expected.find("Ship").unwrap();
    let marks = [(0, Landmark::Page(1)), (second_page, Landmark::Page(2))];
    let marks = marks.map(|(at, landmark)| Mark { at, landmark }).to_vec();
    let extracted = ExtractedText { title: Some("The harbor".to_owned()), text: expected.to_owned(), marks };
    assert_eq!(extract(&pages(&[first, second])), Ok(extracted));
}

#[test]
fn q2_the_title_of_a_pdf_may_be_in_any_of_its_encodings() {
    let content = ["BT /F 12 Tf 50 700 Td (text) Tj ET"];
    let titled =
        |title: &str| extract(&pages_with(&content, &format!("/Info<</Title {title}>>"))).unwrap().title;
    assert_eq!(titled("(Harbor rules)").as_deref(), Some("Harbor rules"));
    assert_eq!(titled("<FEFF0047007200FC00DF0065>").as_deref(), Some("Grüße"));
    assert_eq!(titled("<4772FCDF65>").as_deref(), Some("Grüße"));
    assert_eq!(titled("( )"), None);
}

#[test]
fn i1_a_pdf_without_text_is_refused() {
    assert_eq!(text(&pages(&["0 0 100 100 re f"])), Err(FileRefused::NoText));
    assert_eq!(text(&pages(&["BT /F 12 Tf ( ) Tj ET"])), Err(FileRefused::NoText));
}

#[test]
fn k16_what_is_no_pdf_is_refused() {
    for bytes in [&b""[..], b"plain text", b"PK\x03\x04", b"%PDF-1.7", b"%PDF-1.7\ntrailer <</Root 1 0 R>>"] {
        assert!(matches!(text(bytes), Err(FileRefused::Damaged("PDF", _))), "{bytes:?}");
    }
}

#[test]
fn k16_an_encrypted_pdf_is_refused_as_such() {
    let (o, u) = ("00".repeat(32), "11".repeat(32));
    let trailer = format!("/ID[<00><00>]/Encrypt<</Filter/Standard/V 1/R 2/P -4/O<{o}>/U<{u}>>>");
    assert_eq!(text(&pages_with(&["BT /F 12 Tf (x) Tj ET"], &trailer)), Err(FileRefused::Encrypted));
}

#[test]
fn k16_a_cut_pdf_is_read_as_far_as_it_goes_or_refused() {
    let whole = pages(&["BT /F 12 Tf 50 700 Td (The whole text) Tj ET"]);
    assert_eq!(text(&whole).as_deref(), Ok("The whole text"));
    for length in 0..whole.len() {
        if let Ok(text) = text(&whole[..length]) {
            assert!("The whole text".starts_with(&text), "{text}");
        }
    }
}

#[test]
fn k16_loops_and_deep_nesting_in_a_pdf_come_to_an_end() {
    let page = |contents: &str, rest: &[&[u8]]| {
        let mut objects = vec![
            b"<</Type/Catalog/Pages 2 0 R>>".to_vec(),
            b"<</Type/Pages/Kids[3 0 R 2 0 R]/Count 2/Parent 2 0 R/MediaBox[0 0 9 9]>>".to_vec(),
            format!("<</Type/Page/Parent 2 0 R{contents}>>").into_bytes(),
        ];
        objects.extend(rest.iter().map(|object| object.to_vec()));
        pdf(&objects, "")
    };
    // Pages that are their own kids, contents that name themselves, a length that is its own stream's.
    let _refused = text(&page("/Contents 3 0 R", &[]));
    let _refused = text(&page("/Contents 4 0 R", &[b"4 0 R"]));
    let _refused = text(&page("/Contents 4 0 R", &[b"<</Length 4 0 R>>\nstream\n\nendstream"]));
    let _refused = text(&page("/Contents[4 0 R]", &[b"[[4 0 R][4 0 R]]"]));
    // A form that draws itself.
    let form = stream("/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 4 0 R>>>>", b"/X Do");
    let drawn = page("/Resources<</XObject<</X 4 0 R>>>>/Contents 5 0 R", &[&form, &stream("", b"/X Do")]);
    let _refused = text(&drawn);
    // Arrays in arrays, as an object and as contents.
    let deep = "[".repeat(200_000);
    let _refused = text(&page("/Contents 4 0 R", &[deep.as_bytes()]));
    let _refused = text(&page("/Contents 4 0 R", &[&stream("", deep.as_bytes())]));
    let _refused = text(&page("/Contents 4 0 R", &[&stream("", "q ".repeat(200_000).as_bytes())]));
    // Tables of places that name each other as the one before.
    let mut looped = pages(&["BT /F 12 Tf (x) Tj ET"]);
    let at = looped.windows(5).rposition(|window| window == b"/Size").unwrap();
    let start = looped.windows(5).position(|window| window == b"xref\n").unwrap();
    looped.splice(at..at, format!("/Prev {start}").into_bytes());
    assert_eq!(text(&looped).as_deref(), Ok("x"));
}
