//! Tests that any file, however broken, ends as text or as a refusal.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::io::{Cursor, Write};

use proptest::prelude::*;
use syft_space_domain::dataset::{FileFormat, NewDocument};
use syft_space_extract::extract;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const PDF: &[u8] = b"%PDF-1.7\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Count 1/MediaBox\
    [0 0 600 800]/Kids[3 0 R]>>\nendobj\n3 0 obj\n<</Type/Page/Parent 2 0 R/Contents 5 0 R/Resources<</Font<</F 4 0 R>>>>\
    >>\nendobj\n4 0 obj\n<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>\nendobj\n5 0 obj\n<</Length 58>>\nstream\nBT /F \
    12 Tf 50 700 Td [(The)-500(harbor)] TJ 0 -14 Td (x) Tj ET\nendstream\nendobj\ntrailer\n<</Size 6/Root 1 0 R>>\n";

const HTML: &[u8] = b"<!DOCTYPE html><html><head><meta charset=utf-8><title>A &amp; b</title><script>x</script></head><body>\
    <nav>a</nav><h1>H</h1><ul><li>a<ol><li>b</ol></ul><table><tr><td>a<td>b</table><pre>\nc</pre><p>&#x41;&notin;<br>";

const EML: &[u8] = b"From: A <a@example.org>\r\nSubject: =?utf-8?B?w7w=?=\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\
    Content-Type: text/html; charset=koi8-r\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p>=C1\r\n--b\r\nContent-Disposition: attachment; \
    filename*0*=utf-8''x\r\n\r\nx\r\n--b--\r\n";

/// Documents that are archives, each with a part for its text and what leads to that.
const DOCX: &[(&str, &str)] = &[
    (
        "word/document.xml",
        "<w:document><w:p><w:pPr><w:pStyle w:val='A'/><w:numPr><w:ilvl w:val='1'/></w:numPr></w:pPr><w:r><w:t>x&amp;y</w:t></w:r></w:p>\
         <w:tbl><w:tr><w:tc><w:p><w:r><w:t>c</w:t></w:r></w:p></w:tc></w:tr></w:tbl></w:document>",
    ),
    ("word/styles.xml", "<w:styles><w:style w:styleId='A'><w:name w:val='heading 2'/></w:style></w:styles>"),
];
const XLSX: &[(&str, &str)] = &[
    ("xl/workbook.xml", "<workbook><sheets><sheet name='S' r:id='a'/></sheets></workbook>"),
    (
        "xl/_rels/workbook.xml.rels",
        "<R><Relationship Id='a' Type='/worksheet' Target='one.xml'/><Relationship Id='t' Type='/styles' Target='looks.xml'/></R>",
    ),
    (
        "xl/one.xml",
        "<worksheet><row><c r='A1' s='0'><v>45292.5</v></c><c r='B1' t='str'><v>b</v></c></row></worksheet>",
    ),
    (
        "xl/looks.xml",
        "<styleSheet><numFmt numFmtId='164' formatCode='#,##0.00 [$€-407];-0'/><cellXfs><xf numFmtId='164'/></cellXfs></styleSheet>",
    ),
];
const PPTX: &[(&str, &str)] = &[
    ("ppt/presentation.xml", "<p:presentation><p:sldId id='1' r:id='a'/></p:presentation>"),
    ("ppt/_rels/presentation.xml.rels", "<R><Relationship Id='a' Type='/slide' Target='s.xml'/></R>"),
    (
        "ppt/s.xml",
        "<p:sld><p:sp><p:ph type='title'/><a:p><a:r><a:t>T</a:t></a:r></a:p></p:sp><a:tbl><a:tr><a:tc><a:t>c</a:t></a:tc></a:tr></a:tbl></p:sld>",
    ),
];
const ODT: &[(&str, &str)] = &[(
    "content.xml",
    "<d><text:list-style style:name='N'><text:list-level-style-number text:level='1' style:num-format='i'/></text:list-style><office:body>\
     <text:h>H</text:h><text:list text:style-name='N'><text:list-item><text:p>i</text:p></text:list-item></text:list></office:body></d>",
)];
const EPUB: &[(&str, &str)] = &[
    ("META-INF/container.xml", "<c><rootfile full-path='b.opf'/></c>"),
    ("b.opf", "<p><item id='a' href='a.html' media-type='text/html'/><itemref idref='a'/></p>"),
    ("a.html", "<p>x"),
];

/// An archive without compression, so that changes reach its XML.
fn pack(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, text) in parts {
        archive.start_file(*name, options).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn sample(format: FileFormat) -> Vec<u8> {
    match format {
        FileFormat::Text | FileFormat::Markdown => "# Grüße\n\ntext\n```\ncode\n".as_bytes().to_vec(),
        FileFormat::Html | FileFormat::Xhtml => HTML.to_vec(),
        FileFormat::Csv => b"a;b\n\"x;\"\"\ny\";2\n3\n".to_vec(),
        FileFormat::Json => br#"{"title":"t","a":[{"b":1.5e3,"c":null},true,"\u00e9"]}"#.to_vec(),
        FileFormat::Pdf => PDF.to_vec(),
        FileFormat::Docx => pack(DOCX),
        FileFormat::Xlsx => pack(XLSX),
        FileFormat::Pptx => pack(PPTX),
        FileFormat::Odt => pack(ODT),
        FileFormat::Epub => pack(EPUB),
        FileFormat::Eml => EML.to_vec(),
    }
}

/// What fits a document comes out, or a refusal; and the same each time.
fn check(format: FileFormat, bytes: &[u8]) -> Result<(), TestCaseError> {
    let outcome = extract(format, bytes);
    if let Ok(extracted) = &outcome {
        let text = &extracted.text;
        prop_assert!(!text.trim().is_empty() && text.len() <= NewDocument::MAX_BYTES);
        prop_assert!(!text.chars().any(|c| c.is_control() && c != '\n' && c != '\t'));
    }
    prop_assert_eq!(outcome, extract(format, bytes));
    Ok(())
}

#[test]
fn every_sample_has_text() {
    for format in FileFormat::ALL {
        assert!(extract(format, &sample(format)).is_ok(), "{format:?}");
    }
}

proptest! {
    #[test]
    fn k16_arbitrary_bytes_are_text_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..2_048)) {
        for format in FileFormat::ALL {
            check(format, &bytes)?;
        }
    }

    #[test]
    fn k16_a_file_with_changes_anywhere_is_text_or_refused(
        format in prop::sample::select(&FileFormat::ALL[..]),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        cut in any::<prop::sample::Index>(),
        doubled in any::<bool>(),
    ) {
        let mut bytes = sample(format);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let cut = cut.index(bytes.len());
        if doubled {
            let piece = bytes[cut..].to_vec();
            bytes.extend(piece);
        } else if cut % 3 == 0 {
            bytes.truncate(cut);
        }
        check(format, &bytes)?;
    }

    #[test]
    fn k16_an_archive_with_changes_in_its_parts_is_text_or_refused(
        (format, parts) in prop::sample::select(&[
            (FileFormat::Docx, DOCX), (FileFormat::Xlsx, XLSX), (FileFormat::Pptx, PPTX), (FileFormat::Odt, ODT), (FileFormat::Epub, EPUB),
        ][..]),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 1_u8..128), 1..8),
    ) {
        let mut texts: Vec<Vec<u8>> = parts.iter().map(|(_, text)| text.bytes().collect()).collect();
        for (part, at, byte) in changes {
            let part = part.index(texts.len());
            let at = at.index(texts[part].len());
            texts[part][at] = byte;
        }
        let texts: Vec<String> = texts.iter().map(|text| String::from_utf8_lossy(text).into_owned()).collect();
        let changed: Vec<(&str, &str)> = parts.iter().zip(&texts).map(|((name, _), text)| (*name, text.as_str())).collect();
        check(format, &pack(&changed))?;
    }

    #[test]
    fn k16_tokens_of_each_format_in_any_order_are_text_or_refused(
        tokens in prop::collection::vec(prop::sample::select(&[
            "<", ">", "</", "<p>", "<td>", "<tr>", "<table>", "<ul>", "</ul>", "<li>", "<pre>", "</pre>", "<title>", "<svg>", "<nav>",
            "</nav>", "&", "&amp", "&#0;", "&#x110000;", "<!--", "-->", "<![CDATA[", "<script>", "\"", "'", ",", ";", "\n", "\t", "{",
            "}", "[", "]", ":", "\\u", "1e9", "null", "# ", "```", "~~~", "a", "\u{feff}", "\u{202e}", "<plaintext>", "<?xml", "/>",
        ][..]), 0..64)
    ) {
        let text = tokens.concat();
        for format in &FileFormat::ALL[..5] {
            check(*format, text.as_bytes())?;
        }
    }
}
