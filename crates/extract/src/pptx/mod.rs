//! The text of a presentation.
//!
//! A PPTX is a package as a DOCX is, with a part for each slide. Slides are read in the order in which they are shown, and
//! their shapes in the order in which they are drawn.

mod slide;
#[cfg(test)]
mod tests;

use syft_space_domain::dataset::{ExtractedText, FileFormat, FileRefused, Landmark};

use self::slide::Slide;
use crate::package::xml::{self, Node};
use crate::package::{Package, damaged, title};
use crate::text_builder::Gap;

const FORMAT: FileFormat = FileFormat::Pptx;

pub(crate) fn extract(bytes: &[u8]) -> Result<ExtractedText, FileRefused> {
    let mut package = Package::open(FORMAT, bytes)?;
    let of_package = package.relations("")?.unwrap_or_default();
    let main = of_package.part("officeDocument").unwrap_or("ppt/presentation.xml").to_owned();
    let presentation = package.part(&main)?.ok_or_else(|| damaged(FORMAT, "it has no presentation in it"))?;
    let relations = package.relations(&main)?.unwrap_or_default();
    let mut slides = Vec::new();
    xml::read(FORMAT, &presentation, |node| {
        if let Node::Open("sldId", attributes) = node {
            slides.extend(attributes.prefixed("id"));
        }
    })?;
    let mut slide = Slide::default();
    for (number, id) in (1_u32..).zip(slides) {
        let part = relations.by_id(&id).and_then(|relation| relation.part.as_deref());
        let missing = || damaged(FORMAT, "one of its slides is missing");
        let part = part.ok_or_else(missing)?;
        let text = package.part(part)?.ok_or_else(missing)?;
        slide.begin();
        slide.builder.mark(Landmark::Page(number));
        xml::read(FORMAT, &text, |node| slide.node(node))?;
        for diagram in slide.take_diagrams() {
            let of_slide = package.relations(part)?.unwrap_or_default();
            let data = of_slide.by_id(&diagram).and_then(|relation| relation.part.as_deref());
            if let Some(data) = data.map_or(Ok(None), |data| package.part(data))? {
                slide.builder.gap(Gap::Paragraph);
                xml::read(FORMAT, &data, |node| slide.node(node))?;
            }
        }
        if slide.builder.is_full() {
            break;
        }
    }
    let properties = of_package.part("core-properties").unwrap_or("docProps/core.xml");
    let title = package.part(properties)?.map_or(Ok(None), |properties| title(FORMAT, &properties))?;
    let heading = slide.heading.take();
    let marks = slide.builder.take_marks();
    Ok(ExtractedText { title: title.or(heading), text: slide.builder.finish()?, marks })
}
