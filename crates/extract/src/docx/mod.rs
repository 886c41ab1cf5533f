//! The text of a Word document.
//!
//! A DOCX is a ZIP archive of XML parts. The part that is the document is found by the archive's own relations, and
//! unpacked with a bound; nothing outside of the archive is ever named. Headings are known by their styles, items of
//! lists and rows of tables by their elements. Notes follow at the end. Text that was deleted or is hidden is none.

mod body;
mod package;
mod styles;
#[cfg(test)]
mod tests;
mod xml;

use syft_space_domain::dataset::{ExtractedText, FileFormat, FileRefused};

use self::body::Body;
use self::package::Package;
use self::styles::Styles;
use self::xml::Node;
use crate::text_builder::{self, Gap};

pub(crate) fn extract(bytes: &[u8]) -> Result<ExtractedText, FileRefused> {
    let mut package = Package::open(bytes)?;
    let main = package.main_part()?;
    let document = package.part(&main)?.ok_or_else(|| damaged("it has no document in it"))?;
    let beside = |name: &str| match main.rsplit_once('/') {
        Some((folder, _)) => format!("{folder}/{name}"),
        None => name.to_owned(),
    };
    let styles = package.part(&beside("styles.xml"))?;
    let styles = styles.map_or_else(|| Ok(Styles::default()), |styles| Styles::read(&styles))?;
    let mut body = Body::new(&styles);
    xml::read(&document, |node| body.node(node))?;
    drop(document);
    for notes in ["footnotes.xml", "endnotes.xml"] {
        if let Some(notes) = package.part(&beside(notes))? {
            body.builder.gap(Gap::Paragraph);
            xml::read(&notes, |node| body.node(node))?;
        }
    }
    let title = match package.part("docProps/core.xml")? {
        Some(properties) => title(&properties)?,
        None => None,
    };
    Ok(ExtractedText { title: title.or(body.heading), text: body.builder.finish()? })
}

/// The title that a document's properties tell.
fn title(properties: &str) -> Result<Option<String>, FileRefused> {
    let (mut title, mut open) = (String::new(), false);
    xml::read(properties, |node| match node {
        Node::Open(name, _) => open = name == "title",
        Node::Close(_) => open = false,
        Node::Text(text) if open => title.push_str(text),
        Node::Text(_) => {}
    })?;
    Ok(text_builder::title(&title))
}

fn damaged(why: &str) -> FileRefused {
    FileRefused::Damaged(crate::format_name(FileFormat::Docx), why.to_owned())
}
