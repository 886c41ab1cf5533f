//! The text of a Word document.
//!
//! A DOCX is a ZIP archive of XML parts. The part that is the document is found by the archive's own relations, the
//! others by the document's, and unpacked with a bound; nothing outside of the archive is ever named. Headings are
//! known by their styles, items of lists by their numbering, rows of tables by their elements. Notes follow at the
//! end. Text that was deleted or is hidden is none.

mod body;
mod chunk;
mod field;
mod numbering;
mod paragraph;
mod styles;
mod symbols;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_of_what_is_shown;

use syft_space_domain::dataset::{ExtractedText, FileFormat, FileRefused};

use self::body::Body;
use self::field::Fields;
use self::numbering::Numbering;
use self::styles::Styles;
use crate::package::{Package, Relations, title, xml};
use crate::text_builder::Gap;

pub(crate) fn extract(bytes: &[u8]) -> Result<ExtractedText, FileRefused> {
    let mut package = Package::open(FileFormat::Docx, bytes)?;
    let of_package = package.relations("")?.unwrap_or_default();
    let main = of_package.part("officeDocument").unwrap_or("word/document.xml").to_owned();
    let document = package.part(&main)?.ok_or_else(|| damaged("it has no document in it"))?;
    let relations = package.relations(&main)?;
    let beside = Beside { main: &main, relations: relations.as_ref() };
    let styles = package.named(beside.part("styles"))?;
    let styles = styles.map_or_else(|| Ok(Styles::default()), |styles| Styles::read(&styles))?;
    let numbering = package.named(beside.part("numbering"))?;
    let numbering = numbering.map_or_else(|| Ok(Numbering::default()), |lists| Numbering::read(&lists))?;
    let notes = [package.named(beside.part("footnotes"))?, package.named(beside.part("endnotes"))?];
    let properties = of_package.part("core-properties").unwrap_or("docProps/core.xml");
    let title =
        package.part(properties)?.map_or(Ok(None), |properties| title(FileFormat::Docx, &properties))?;
    let mut chunk = |id: &str| chunk::text(&mut package, relations.as_ref(), id);
    let mut read = |fields: Fields| {
        let mut body = Body::new(&styles, numbering.clone(), fields, &mut chunk);
        xml::read(FileFormat::Docx, &document, |node| body.node(node))?;
        for notes in notes.iter().flatten() {
            body.builder.gap(Gap::Paragraph);
            xml::read(FileFormat::Docx, notes, |node| body.node(node))?;
        }
        Ok((body.lacks_end_of_field(), body.finish()))
    };
    let (lacks_end, mut read_text) = read(Fields::default())?;
    if lacks_end {
        (_, read_text) = read(Fields::without_ends())?;
    }
    let (text, heading) = read_text?;
    Ok(ExtractedText { title: title.or(heading), text, marks: Vec::new() })
}

/// The parts beside the document.
struct Beside<'a> {
    main: &'a str,
    relations: Option<&'a Relations>,
}

impl Beside<'_> {
    /// The name of the part for this: as the document's relations say, and the usual one where it has no relations.
    fn part(&self, kind: &str) -> Option<String> {
        let Some(relations) = self.relations else {
            let folder = self.main.rsplit_once('/').map(|(folder, _)| format!("{folder}/"));
            return Some(format!("{}{kind}.xml", folder.unwrap_or_default()));
        };
        relations.part(kind).map(str::to_owned)
    }
}

fn damaged(why: &str) -> FileRefused {
    crate::package::damaged(FileFormat::Docx, why)
}
