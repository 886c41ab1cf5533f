use std::io::{Cursor, Write};

use syft_space_domain::dataset::{ExtractedText, FileRefused};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::extract;

/// An archive of these parts.
pub(super) fn pack(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, bytes) in parts {
        archive.start_file(*name, options).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

pub(super) fn document(body: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><w:document xmlns:w=\"urn:w\" xmlns:mc=\"urn:mc\"><w:body>{body}\
         </w:body></w:document>"
    )
}

/// A document whose body is this.
fn docx(body: &str) -> Vec<u8> {
    pack(&[("word/document.xml", document(body).as_bytes())])
}

pub(super) fn text(bytes: &[u8]) -> Result<String, FileRefused> {
    extract(bytes).map(|extracted| extracted.text)
}

#[track_caller]
pub(super) fn assert_damaged(bytes: &[u8], why: &str) {
    match text(bytes) {
        Err(FileRefused::Damaged("DOCX", told)) => assert!(told.contains(why), "{told:?} tells {why:?}"),
        other => panic!("{:?}", other.map(|text| text.len())),
    }
}

#[test]
fn q2_headings_lists_tables_and_notes_of_a_document_are_its_text() {
    let relations = br#"<Relationships><Relationship Type="http://x/officeDocument" Target="/word/main.xml"/></Relationships>"#;
    let styles = br#"<w:styles><w:style w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>
        <w:style w:styleId="Own"><w:name w:val="Own"/><w:basedOn w:val="Base"/></w:style>
        <w:style w:styleId="Base"><w:name w:val="Base"/><w:pPr><w:outlineLvl w:val="1"/></w:pPr></w:style>
        <w:style w:styleId="Loop"><w:basedOn w:val="Loop"/></w:style></w:styles>"#;
    let body = document(
        r#"<w:p><w:pPr><w:pStyle w:val="berschrift1"/></w:pPr><w:r><w:t>The </w:t></w:r><w:r><w:t>harbor</w:t></w:r></w:p>
        <w:p><w:r><w:t xml:space="preserve">Fish &amp; ships, </w:t><w:br/><w:t>one</w:t><w:tab/><w:t>two&#x2e;</w:t></w:r>
            <w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r><w:del><w:r><w:delText>deleted</w:delText></w:r></w:del>
            <w:moveFrom><w:r><w:t>moved</w:t></w:r></w:moveFrom></w:p><w:p/>
        <w:p><w:pPr><w:pStyle w:val="Own"/></w:pPr><w:r><w:t>Rules</w:t></w:r></w:p>
        <w:p><w:pPr><w:pStyle w:val="Loop"/><w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr></w:pPr><w:r><w:t>Be quiet</w:t></w:r></w:p>
        <w:p><w:pPr><w:numPr><w:ilvl w:val="1"/><w:numId w:val="1"/></w:numPr></w:pPr><w:r><w:t>No wake</w:t></w:r></w:p>
        <w:tbl><w:tr><w:tc><w:p><w:r><w:t>Ship</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>m</w:t></w:r></w:p></w:tc></w:tr>
            <w:tr><w:tc><w:p><w:r><w:t>Ada</w:t></w:r></w:p><w:p><w:r><w:t>II</w:t></w:r></w:p></w:tc>
            <w:tc><w:tbl><w:tr><w:tc><w:p><w:r><w:t>12</w:t></w:r></w:p></w:tc></w:tr></w:tbl></w:tc></w:tr></w:tbl>
        <mc:AlternateContent><mc:Choice><w:p><w:r><w:t>In a box</w:t></w:r></w:p></mc:Choice>
            <mc:Fallback><w:p><w:r><w:t>In a box</w:t></w:r></w:p></mc:Fallback></mc:AlternateContent>"#,
    );
    let notes =
        br"<w:footnotes><w:footnote><w:p><w:r><w:t>A note</w:t></w:r></w:p></w:footnote></w:footnotes>";
    let lists = br#"<w:numbering><w:abstractNum w:abstractNumId="3"><w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/></w:lvl>
        <w:lvl w:ilvl="1"><w:numFmt w:val="bullet"/></w:lvl></w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="3"/></w:num>
        </w:numbering>"#;
    let parts: [(&str, &[u8]); 7] = [
        ("_rels/.rels", relations),
        ("word/numbering.xml", lists),
        ("word/main.xml", body.as_bytes()),
        ("word/styles.xml", styles),
        ("word/footnotes.xml", notes),
        ("word/vbaProject.bin", b"macros are never read"),
        ("word/embeddings/inner.zip", b"nor are archives in the archive"),
    ];
    let expected = "# The harbor\n\nFish & ships,\none two.\n\n## Rules\n\n- Be quiet\n  - No wake\n\n| Ship | m |\n| Ada II | 12 |\n\n\
                    In a box\n\nA note";
    let extracted =
        ExtractedText { title: Some("The harbor".to_owned()), text: expected.to_owned(), marks: Vec::new() };
    assert_eq!(extract(&pack(&parts)), Ok(extracted));
    let properties = br"<p><dc:title>Harbor &amp; rules</dc:title><dc:creator>Ada</dc:creator></p>";
    let titled: Vec<(&str, &[u8])> =
        parts.into_iter().chain([("docProps/core.xml", properties.as_slice())]).collect();
    assert_eq!(extract(&pack(&titled)).unwrap().title.as_deref(), Some("Harbor & rules"));
}

#[test]
fn i1_a_document_without_text_is_refused() {
    assert_eq!(text(&docx("<w:p/>")), Err(FileRefused::NoText));
    assert_damaged(&pack(&[("word/other.xml", b"<a/>")]), "no document");
}

#[test]
fn k16_entities_document_types_and_deep_nesting_are_refused() {
    let laughs = "<!DOCTYPE a [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]>";
    let xml = |body: &str| pack(&[("word/document.xml", body.as_bytes())]);
    assert_damaged(&xml(&format!("{laughs}<d><w:t>&b;</w:t></d>")), "document type");
    assert_damaged(&xml("<!DOCTYPE a SYSTEM 'file:///etc/passwd'><d/>"), "document type");
    assert_damaged(&docx("<w:t>&b;</w:t>"), "entity");
    assert_damaged(&docx(&format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000))), "nests deeper");
    assert_damaged(&docx(&"<a>".repeat(100)), "broken");
    assert_damaged(&xml("<a><b>"), "ends in the middle");
    assert_eq!(text(&xml("<w:t>\u{fffe}</w:t><x y=\"")).map_err(|_| ()), Err(()));
    // Attributes by the hundred thousand are passed over in one go.
    let many: String = (0..100_000).map(|number| format!(" a{number}=\"\"")).collect();
    assert_eq!(
        text(&docx(&format!("<w:p{many}><w:pPr><w:pStyle{many}/></w:pPr><w:r><w:t>x</w:t></w:r></w:p>")))
            .as_deref(),
        Ok("x")
    );
}

#[test]
fn k16_a_bomb_is_refused_without_being_unpacked() {
    let bomb = document(&" ".repeat(6_000_000));
    assert!(
        matches!(text(&pack(&[("word/document.xml", bomb.as_bytes())])), Err(FileRefused::TooLarge(bytes)) if bytes < 8 << 20)
    );
    // A bomb where nobody looks harms nobody.
    let beside = vec![0; 6_000_000];
    let parts: [(&str, &[u8]); 2] =
        [("word/media/image.png", &beside), ("word/document.xml", b"<w:r><w:t>x</w:t></w:r>")];
    assert_eq!(text(&pack(&parts)).as_deref(), Ok("x"));
}

#[test]
fn k16_an_archive_of_too_many_parts_or_of_parts_in_parts_is_refused() {
    let names: Vec<String> = (0..4_097).map(|number| number.to_string()).collect();
    let parts: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    assert_damaged(&pack(&parts), "more than 4096 parts");
    // Both entries of the directory are made to name the bytes of the first.
    let mut twice =
        pack(&[("word/document.xml", b"<w:t>one</w:t>"), ("word/document.xmk", b"<w:t>two</w:t>")]);
    let entries: Vec<usize> =
        twice.windows(4).enumerate().filter(|(_, w)| *w == b"PK\x01\x02").map(|(at, _)| at).collect();
    let first = twice[entries[0] + 42..entries[0] + 46].to_vec();
    twice[entries[1] + 42..entries[1] + 46].copy_from_slice(&first);
    assert!(matches!(text(&twice), Err(FileRefused::Damaged("DOCX", _))));
    let mut same =
        pack(&[("word/document.xml", b"<w:t>one</w:t>"), ("word/document.xmk", b"<w:t>two</w:t>")]);
    while let Some(at) = same.windows(3).position(|window| window == b"xmk") {
        same[at + 2] = b'l';
    }
    assert!(matches!(text(&same), Err(FileRefused::Damaged("DOCX", _))));
}

#[test]
fn k16_names_that_lead_out_of_the_archive_are_refused() {
    for name in ["../../etc/passwd", "/etc/passwd", "word/../../x", "..\\x", "C:x", "word\\x"] {
        let parts: [(&str, &[u8]); 2] =
            [("word/document.xml", b"<w:t>x</w:t>"), ("PLACEHOLDER-OF-A-NAME", b"")];
        let mut archive = pack(&parts);
        // The writer itself would not write such a name.
        let name = format!("{name:x<21}");
        while let Some(at) = archive.windows(21).position(|window| window == b"PLACEHOLDER-OF-A-NAME") {
            archive[at..at + 21].copy_from_slice(name.as_bytes());
        }
        assert_damaged(&archive, "leads out");
    }
    let relations = br#"<R><Relationship Type="/officeDocument" TargetMode="External" Target="http://example.org/x"/></R>"#;
    let parts: [(&str, &[u8]); 2] =
        [("_rels/.rels", relations), ("word/document.xml", b"<w:r><w:t>x</w:t></w:r>")];
    assert_eq!(text(&pack(&parts)).as_deref(), Ok("x"), "what is outside is not looked for");
}

#[test]
fn k16_encrypted_and_old_documents_are_told_apart() {
    let old = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and what Word 97 wrote".to_vec();
    assert_damaged(&old, "save it as .docx");
    let name: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(text(&[old, name].concat()), Err(FileRefused::Encrypted));
    let mut flagged = docx("<w:p/>");
    let directory = flagged.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    flagged[6] |= 1;
    flagged[directory + 8] |= 1;
    assert_eq!(text(&flagged), Err(FileRefused::Encrypted));
}

#[test]
fn k16_what_is_cut_or_no_archive_is_refused() {
    let whole = docx("<w:p><w:r><w:t>The whole text</w:t></w:r></w:p>");
    assert_eq!(text(&whole).as_deref(), Ok("The whole text"));
    for length in 0..whole.len() {
        assert!(text(&whole[..length]).is_err(), "cut at {length}");
    }
    assert_damaged(b"", "no archive");
    assert_damaged(b"plain text whose name ends with .docx", "no archive");
    let mut spoilt = whole;
    spoilt[60] ^= 0xff;
    assert!(text(&spoilt).is_err(), "a checksum that does not fit");
}

#[test]
fn q2_raised_digits_of_a_document_never_run_into_those_before_them() {
    let styles = br#"<w:styles><w:style w:type="character" w:styleId="High"><w:rPr><w:vertAlign w:val="superscript"/></w:rPr></w:style>
        <w:style w:type="character" w:styleId="Higher"><w:basedOn w:val="High"/></w:style>
        <w:style w:styleId="Head"><w:name w:val="heading 1"/></w:style></w:styles>"#;
    let run =
        |properties: &str, text: &str| format!("<w:r><w:rPr>{properties}</w:rPr><w:t>{text}</w:t></w:r>");
    let (high, low) = ("<w:vertAlign w:val='superscript'/>", "<w:vertAlign w:val='subscript'/>");
    let styled = "<w:rStyle w:val='Higher'/>";
    for (body, shown) in [
        ([run("", "10"), run(high, "1"), run(high, "2"), run("", " m")].concat(), "10^12 m"),
        ([run("", "H"), run(low, "2"), run("", "O")].concat(), "H2O"),
        ([run("", "10"), run(styled, "6")].concat(), "10^6"),
        ([run("", "10"), run(&format!("{styled}<w:vertAlign w:val='baseline'/>"), "6")].concat(), "106"),
    ] {
        for (before, after, shown) in [
            ("", "", shown.to_owned()),
            ("<w:tbl><w:tr><w:tc>", "</w:tc></w:tr></w:tbl>", format!("| {shown} |")),
        ] {
            let body = document(&format!("{before}<w:p>{body}</w:p>{after}"));
            let file = pack(&[("word/document.xml", body.as_bytes()), ("word/styles.xml", styles)]);
            assert_eq!(text(&file), Ok(shown));
        }
    }
    let heading =
        format!("<w:p><w:pPr><w:pStyle w:val='Head'/></w:pPr>{}{}</w:p>", run("", "10"), run(high, "6"));
    let file = pack(&[("word/document.xml", document(&heading).as_bytes()), ("word/styles.xml", styles)]);
    let extracted = extract(&file).unwrap();
    assert_eq!((extracted.text.as_str(), extracted.title.as_deref()), ("# 10^6", Some("10^6")));
}

#[test]
fn q2_fractions_and_exponents_of_a_formula_in_a_document_are_written_in_a_line() {
    let run = |text: &str| format!("<m:r><w:rPr/><m:t>{text}</m:t></m:r>");
    let fraction =
        |num: &str, den: &str| format!("<m:f><m:fPr/><m:num>{num}</m:num><m:den>{den}</m:den></m:f>");
    let power = |base: &str, sup: &str| format!("<m:sSup><m:e>{base}</m:e><m:sup>{sup}</m:sup></m:sSup>");
    let half = fraction(&run("1"), &run("2"));
    for (formula, shown) in [
        (half.clone(), "1/2"),
        (format!("{}{half}", run("1")), "1 1/2"),
        (fraction(&[run("a"), run("+b")].concat(), &half), "(a+b)/(1/2)"),
        (power(&run("10"), &run("6")), "10^6"),
        (power(&run("10"), &[run("-"), run("6")].concat()), "10^-6"),
        (format!("<m:sSub><m:e>{}</m:e><m:sub>{}</m:sub></m:sSub>{}", run("x"), run("1"), run("2")), "x1 2"),
        (
            format!(
                "<m:sSubSup><m:e>{}</m:e><m:sub>{}</m:sub><m:sup>{}</m:sup></m:sSubSup>",
                run("x"),
                run("1"),
                run("2")
            ),
            "x1^2",
        ),
    ] {
        let paragraph = |properties: &str| format!("<w:p>{properties}<m:oMath>{formula}</m:oMath></w:p>");
        let body = format!(
            "{}{}<w:tbl><w:tr><w:tc>{}</w:tc></w:tr></w:tbl>",
            paragraph("<w:r><w:t>Take </w:t></w:r>"),
            paragraph("<w:pPr><w:numPr><w:numId w:val='1'/></w:numPr></w:pPr>"),
            paragraph("")
        );
        assert_eq!(text(&docx(&body)), Ok(format!("Take {shown}\n\n- {shown}\n\n| {shown} |")), "{formula}");
    }
    let deep = format!("<m:oMath>{}{}{}</m:oMath>", "<m:num>".repeat(400), run("1"), "</m:num>".repeat(400));
    assert_eq!(text(&docx(&format!("<w:p>{deep}</w:p>"))).as_deref(), Ok("1"));
}
