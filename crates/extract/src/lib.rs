//! The extraction of text from files of each format, and the isolation of hostile files.
//!
//! [`ProcessExtractor`] implements the port [`TextExtractor`]: it reads each file in a child process that
//! can reach nothing and has little time and memory. [`extract`] is what runs in there; [`InProcessExtractor`] calls
//! it at once, for those who know where their files come from.
//!
//! # What becomes of a file
//!
//! Text in which headings are Markdown's (`# `), lists are marked, rows of tables and records name what is in them.
//! It has at most [`NewDocument::MAX_BYTES`](syft_space_domain::dataset::NewDocument::MAX_BYTES) bytes and no control character other than line feeds and tabs.
#![forbid(unsafe_code)]

mod csv;
mod data_uri;
mod docx;
mod encoding;
mod epub;
mod formula;
mod html;
mod json;
mod level;
mod mail;
mod numbers;
mod odt;
mod package;
mod pdf;
mod plain;
mod pptx;
mod process;
mod row;
mod text_builder;
mod xlsx;

use syft_space_domain::dataset::ports::{ExtractError, TextExtractor};
use syft_space_domain::dataset::{ExtractedText, FILE_MAX_BYTES, FileFormat, FileRefused, ReaderVersion};

pub use process::{ProcessExtractor, ReaderLimits, ReaderProgram, confine_to_folder, serve, serve_with};

/// The text of a file.
///
/// Bounded in memory by the size of the file, but not in time, and whatever it finds wrong it says by an error.
///
/// # Errors
/// When the file is too large, damaged, encrypted, or in no encoding that can be told; when it holds no text, or more
/// than a document may have.
pub fn extract(format: FileFormat, bytes: &[u8]) -> Result<ExtractedText, FileRefused> {
    check_size(bytes)?;
    match format {
        FileFormat::Text => plain::text(bytes),
        FileFormat::Markdown => plain::markdown(bytes),
        FileFormat::Html => html::extract(bytes),
        FileFormat::Xhtml => html::extract_xhtml(bytes),
        FileFormat::Csv => csv::extract(bytes),
        FileFormat::Json => json::extract(bytes),
        FileFormat::Pdf => pdf::extract(bytes),
        FileFormat::Docx => docx::extract(bytes),
        FileFormat::Xlsx => xlsx::extract(bytes),
        FileFormat::Pptx => pptx::extract(bytes),
        FileFormat::Odt => odt::extract(bytes),
        FileFormat::Epub => epub::extract(bytes),
        FileFormat::Eml => mail::extract(bytes),
    }
}

/// Reads files in the process that calls it. It **trusts its input**: a hostile file can take all memory and hold
/// its thread for minutes. For tests, and for whoever made the files.
#[derive(Debug, Default, Clone, Copy)]
pub struct InProcessExtractor;

impl TextExtractor for InProcessExtractor {
    fn extract(&self, format: FileFormat, bytes: &[u8]) -> Result<ExtractedText, ExtractError> {
        Ok(extract(format, bytes)?)
    }

    fn version(&self, format: FileFormat) -> ReaderVersion {
        version(format)
    }
}

/// The version of the reader of a format. It is raised by whoever changes what a reader makes of some files, so that these are
/// read again: by name, as the others need not be.
fn version(format: FileFormat) -> ReaderVersion {
    ReaderVersion(match format {
        FileFormat::Text
        | FileFormat::Markdown
        | FileFormat::Json
        | FileFormat::Xlsx
        | FileFormat::Pptx
        | FileFormat::Odt
        | FileFormat::Html
        | FileFormat::Xhtml
        | FileFormat::Csv
        | FileFormat::Pdf
        | FileFormat::Docx
        | FileFormat::Epub
        | FileFormat::Eml => 2,
    })
}

fn check_size(bytes: &[u8]) -> Result<(), FileRefused> {
    if bytes.len() <= FILE_MAX_BYTES {
        return Ok(());
    }
    Err(FileRefused::TooLarge(u64::try_from(FILE_MAX_BYTES).unwrap_or(u64::MAX)))
}

/// The name of a format, as people call it.
fn format_name(format: FileFormat) -> &'static str {
    match format {
        FileFormat::Text => "plain text",
        FileFormat::Markdown => "Markdown",
        FileFormat::Html => "HTML",
        FileFormat::Xhtml => "XHTML",
        FileFormat::Csv => "CSV",
        FileFormat::Json => "JSON",
        FileFormat::Pdf => "PDF",
        FileFormat::Docx => "DOCX",
        FileFormat::Xlsx => "XLSX",
        FileFormat::Pptx => "PPTX",
        FileFormat::Odt => "ODT",
        FileFormat::Epub => "EPUB",
        FileFormat::Eml => "EML",
    }
}

/// Whether files of a format are archives of parts.
fn is_archive(format: FileFormat) -> bool {
    match format {
        FileFormat::Docx | FileFormat::Xlsx | FileFormat::Pptx | FileFormat::Odt | FileFormat::Epub => true,
        FileFormat::Text
        | FileFormat::Markdown
        | FileFormat::Html
        | FileFormat::Xhtml
        | FileFormat::Csv
        | FileFormat::Json
        | FileFormat::Pdf
        | FileFormat::Eml => false,
    }
}
