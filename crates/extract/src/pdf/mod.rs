//! The text of a PDF.
//!
//! A PDF says where glyphs stand on a page, and no more. The interpreter of `hayro` finds out which glyphs and
//! where; [`page`] makes lines of them by their places, [`line`] tells words apart and in which order they are read, and
//! [`lines`] makes a text of the lines, in which what is larger than the rest is a heading.

mod annotations;
mod copies;
mod drawn_fonts;
mod english;
mod form;
mod glyph;
mod hyphens;
mod line;
mod lines;
mod page;
mod reading_order;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_of_what_is_shown;
mod text_string;
mod title;
mod unreadable_maps;

use std::panic::{AssertUnwindSafe, catch_unwind};

use hayro_interpret::hayro_syntax::page::Page;
use hayro_interpret::hayro_syntax::{LoadPdfError, Pdf};
use hayro_interpret::kurbo::{Affine, Rect};
use hayro_interpret::{Context, InterpreterCache, InterpreterSettings, RenderContent, interpret_page};
use syft_space_domain::dataset::{ExtractedText, FileFormat, FileRefused};

use self::page::PageDevice;
use self::unreadable_maps::UnreadableMaps;
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
    let mut device = pages(&pdf, PageDevice::default())?;
    if device.has_unknown() {
        let maps = UnreadableMaps::of(&pdf);
        if !maps.is_empty() {
            device = pages(&pdf, PageDevice::with(maps))?;
        }
    }
    let read = lines::write(&device.into_lines())?;
    Ok(ExtractedText { title: title::of(&pdf).or(read.title), ..read })
}

/// Runs all pages.
fn pages(pdf: &Pdf, mut device: PageDevice) -> Result<PageDevice, FileRefused> {
    let cache = InterpreterCache::new();
    let undrawn = form::leaves_drawing_to_viewer(pdf);
    for page in pdf.pages().iter() {
        interpret(pdf, page, RenderContent::PAGE, &cache, &mut device);
        let contents = device.end_contents();
        let fields = form::fields(page, undrawn);
        fields.iter().filter(|field| !field.is_drawn).for_each(|field| device.cover(field.area));
        interpret(pdf, page, RenderContent::ANNOTATIONS, &cache, &mut device);
        device.end_contents();
        device.fill(&fields, contents);
        device.end_page();
        if device.is_full() {
            return Err(text_builder::too_much_text());
        }
    }
    Ok(device)
}

/// Runs a part of a page.
fn interpret<'a>(
    pdf: &'a Pdf,
    page: &Page<'a>,
    render_content: RenderContent,
    cache: &InterpreterCache<'a>,
    device: &mut PageDevice,
) {
    let area = Rect::new(0.0, 0.0, 1.0, 1.0);
    let settings = InterpreterSettings { render_content, ..InterpreterSettings::default() };
    let mut context = Context::new(Affine::IDENTITY, area, cache, pdf.xref(), settings);
    interpret_page(page, &mut context, device);
}

fn damaged(why: &str) -> FileRefused {
    FileRefused::Damaged(crate::format_name(FileFormat::Pdf), why.to_owned())
}
