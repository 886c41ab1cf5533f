//! The targets of file formats: the extracted text is valid, bounded and deterministic.

use std::io::{Cursor, Write};

use syft_space_domain::dataset::{FileFormat, NewDocument};
use syft_space_extract::extract;
use zip::result::ZipResult;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

pub(crate) fn html(bytes: &[u8]) {
    check(FileFormat::Html, bytes);
    check(FileFormat::Xhtml, bytes);
}

pub(crate) fn csv(bytes: &[u8]) {
    check(FileFormat::Csv, bytes);
}

pub(crate) fn eml(bytes: &[u8]) {
    check(FileFormat::Eml, bytes);
}

/// Plain text, Markdown and JSON, which share their encodings.
pub(crate) fn text(bytes: &[u8]) {
    for format in [FileFormat::Text, FileFormat::Markdown, FileFormat::Json] {
        check(format, bytes);
    }
}

/// A DOCX archive, or else the XML of its main part: mutations of a compressed archive would seldom pass its checksums.
pub(crate) fn docx(bytes: &[u8]) {
    archive(FileFormat::Docx, bytes, "word/document.xml", &[]);
}

/// An ODT archive, or else the XML of its content.
pub(crate) fn odt(bytes: &[u8]) {
    archive(FileFormat::Odt, bytes, "content.xml", &[]);
}

/// A PPTX archive, or else the XML of a slide.
pub(crate) fn pptx(bytes: &[u8]) {
    let around = [
        ("ppt/presentation.xml", "<p:presentation><p:sldId r:id='a'/></p:presentation>"),
        ("ppt/_rels/presentation.xml.rels", "<R><Relationship Id='a' Type='/slide' Target='slide.xml'/></R>"),
    ];
    archive(FileFormat::Pptx, bytes, "ppt/slide.xml", &around);
}

/// An XLSX archive, or else the XML of a sheet.
pub(crate) fn xlsx(bytes: &[u8]) {
    let around = [
        ("xl/workbook.xml", "<workbook><sheet name='S' r:id='a'/></workbook>"),
        (
            "xl/_rels/workbook.xml.rels",
            "<R><Relationship Id='a' Type='/worksheet' Target='sheet.xml'/><Relationship Id='b' Type='/styles' Target='styles.xml'/></R>",
        ),
        (
            "xl/styles.xml",
            "<s><cellXfs><xf numFmtId='0'/><xf numFmtId='22'/><xf numFmtId='40'/><xf numFmtId='46'/></cellXfs></s>",
        ),
    ];
    archive(FileFormat::Xlsx, bytes, "xl/sheet.xml", &around);
}

/// An EPUB archive, or else the list of its pages.
pub(crate) fn epub(bytes: &[u8]) {
    let around =
        [("META-INF/container.xml", "<c><rootfile full-path='b.opf'/></c>"), ("a.html", "<h1>A page</h1>")];
    archive(FileFormat::Epub, bytes, "b.opf", &around);
}

/// An archive, or else one of its parts among others.
fn archive(format: FileFormat, bytes: &[u8], part: &str, around: &[(&str, &str)]) {
    if bytes.starts_with(b"PK") {
        check(format, bytes);
    } else if let Ok(archive) = to_archive(bytes, part, around) {
        check(format, &archive);
    }
}

fn to_archive(bytes: &[u8], part: &str, around: &[(&str, &str)]) -> ZipResult<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let around = around.iter().map(|(name, text)| (*name, text.as_bytes()));
    for (name, bytes) in around.chain([(part, bytes)]) {
        archive.start_file(name, stored)?;
        archive.write_all(bytes)?;
    }
    Ok(archive.finish()?.into_inner())
}

/// A PDF file, or else the content stream of a page.
pub(crate) fn pdf(bytes: &[u8]) {
    if bytes.starts_with(b"%PDF") {
        return check(FileFormat::Pdf, bytes);
    }
    // It has no cross-reference table: readers find the objects without it.
    let prefix = b"%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Count 1/MediaBox[0 0 600 800]\
        /Kids[3 0 R]>>endobj 3 0 obj<</Type/Page/Parent 2 0 R/Contents 5 0 R/Resources<</Font<</F 4 0 R>>>>>>endobj \
        4 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj ";
    let stream_header = format!("5 0 obj<</Length {}>>stream\n", bytes.len());
    let suffix = b"\nendstream endobj\ntrailer<</Size 6/Root 1 0 R>>\n";
    check(FileFormat::Pdf, &[prefix, stream_header.as_bytes(), bytes, suffix].concat());
}

fn check(format: FileFormat, bytes: &[u8]) {
    let extracted = extract(format, bytes);
    assert_eq!(extract(format, bytes), extracted, "the same file gives the same text");
    match extracted {
        Ok(extracted) => {
            let text = &extracted.text;
            assert!(!text.trim().is_empty() && text.len() <= NewDocument::MAX_BYTES);
            assert!(!text.contains(|c: char| c.is_control() && c != '\n' && c != '\t'), "control characters");
            if let Some(title) = &extracted.title {
                assert!(!title.trim().is_empty() && title.chars().count() <= 301, "{title:?}");
                assert!(!title.contains(|c: char| c.is_control()), "{title:?}");
            }
        }
        Err(refused) => assert!(refused.to_string().len() > 10, "a refusal says why"),
    }
}
