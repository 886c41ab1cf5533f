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

/// Plain text, Markdown and JSON, which share their encodings.
pub(crate) fn text(bytes: &[u8]) {
    for format in [FileFormat::Text, FileFormat::Markdown, FileFormat::Json] {
        check(format, bytes);
    }
}

/// A DOCX archive, or else the XML of its main part: mutations of a compressed archive would seldom pass its checksums.
pub(crate) fn docx(bytes: &[u8]) {
    if bytes.starts_with(b"PK") {
        check(FileFormat::Docx, bytes);
    } else if let Ok(archive) = to_archive(bytes) {
        check(FileFormat::Docx, &archive);
    }
}

fn to_archive(document: &[u8]) -> ZipResult<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    archive.start_file("word/document.xml", stored)?;
    archive.write_all(document)?;
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
