//! The text of a PDF.
//!
//! A PDF says where glyphs stand on a page, and no more. The interpreter of `hayro` finds out which glyphs and
//! where; [`page`] makes lines of them by their places and [`lines`] a text of the lines, in which what is larger
//! than the rest is a heading.

mod lines;
mod page;
#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};

use hayro_interpret::hayro_syntax::{LoadPdfError, Pdf};
use hayro_interpret::kurbo::{Affine, Rect};
use hayro_interpret::{Context, InterpreterCache, InterpreterSettings, interpret_page};
use syft_space_domain::dataset::{ExtractedText, FileFormat, FileRefused};

use self::page::PageDevice;
use crate::encoding::decode;
use crate::text_builder;

/// The bytes in which the header of a file is looked for.
const HEADER_SEARCH_BYTES: usize = 1024;

pub(crate) fn extract(bytes: &[u8]) -> Result<ExtractedText, FileRefused> {
    let head = bytes.get(..HEADER_SEARCH_BYTES).unwrap_or(bytes);
    if !head.windows(5).any(|window| window == b"%PDF-") {
        return Err(damaged("it does not begin as a PDF does"));
    }
    let bytes = bytes.to_vec();
    // A fault of the interpreter is the file's loss alone.
    catch_unwind(AssertUnwindSafe(|| read(bytes)))
        .unwrap_or_else(|_| Err(damaged("its reader could not make sense of it")))
}

fn read(bytes: Vec<u8>) -> Result<ExtractedText, FileRefused> {
    let pdf = Pdf::new(bytes).map_err(|error| match error {
        LoadPdfError::Decryption(_) => FileRefused::Encrypted,
        LoadPdfError::Invalid => damaged("it is cut or broken"),
    })?;
    let cache = InterpreterCache::new();
    let mut device = PageDevice::default();
    for page in pdf.pages().iter() {
        let area = Rect::new(0.0, 0.0, 1.0, 1.0);
        let settings = InterpreterSettings::default();
        let mut context = Context::new(Affine::IDENTITY, area, &cache, pdf.xref(), settings);
        interpret_page(page, &mut context, &mut device);
        device.end_page();
        if device.is_full() {
            return Err(text_builder::too_much_text());
        }
    }
    let (text, heading) = lines::write(&device.into_lines())?;
    let title = pdf.metadata().title.as_deref().and_then(title);
    Ok(ExtractedText { title: title.or(heading), text })
}

/// A title as PDF writes it: UTF-16 or UTF-8 with a byte order mark, or else one byte a character.
fn title(bytes: &[u8]) -> Option<String> {
    let marked = [&b"\xfe\xff"[..], b"\xff\xfe", b"\xef\xbb\xbf"].iter().any(|mark| bytes.starts_with(mark));
    if marked {
        return decode(bytes).ok().and_then(|title| text_builder::title(&title));
    }
    let title: String = bytes.iter().map(|byte| char::from(*byte)).collect();
    text_builder::title(&title)
}

fn damaged(why: &str) -> FileRefused {
    FileRefused::Damaged(crate::format_name(FileFormat::Pdf), why.to_owned())
}
