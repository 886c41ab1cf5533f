//! The title of a PDF: as its information says, or else its metadata.

use hayro_interpret::hayro_syntax::Pdf;
use hayro_interpret::hayro_syntax::object::Stream;
use quick_xml::Reader;
use quick_xml::events::Event;

use super::{form, text_string};
use crate::encoding::decode;
use crate::text_builder;

pub(super) fn of(pdf: &Pdf) -> Option<String> {
    let told = pdf.metadata().title.as_deref().map(text_string::decode);
    told.and_then(|title| text_builder::title(&title)).or_else(|| of_metadata(pdf))
}

/// The title in the metadata (XMP): the first of those that it has in different languages.
fn of_metadata(pdf: &Pdf) -> Option<String> {
    let metadata = form::catalogue(pdf)?.get::<Stream<'_>>(b"Metadata")?;
    let metadata = metadata.decoded_data().ok()?;
    let metadata = decode(&metadata).ok()?;
    let mut reader = Reader::from_str(&metadata);
    let (mut in_title, mut in_item, mut title) = (false, false, String::new());
    loop {
        match reader.read_event().ok()? {
            Event::Start(element) => match element.local_name().as_ref() {
                "title" => in_title = true,
                "li" => in_item = in_title,
                _ => {}
            },
            Event::End(element) => match element.local_name().as_ref() {
                "li" if in_item => return text_builder::title(&title),
                "title" => in_title = false,
                _ => {}
            },
            Event::Text(text) if in_item => title.push_str(&text),
            Event::GeneralRef(reference) if in_item => {
                title.extend(reference.resolve_char_ref().ok()?);
                title.push_str(quick_xml::escape::resolve_predefined_entity(&reference).unwrap_or_default());
            }
            Event::Eof => return None,
            _ => {}
        }
    }
}
