//! The text of an OpenDocument text.
//!
//! An ODT is an archive, in which one part has the text, and others styles and the title.

mod body;
mod styles;
#[cfg(test)]
mod tests;

use syft_space_domain::dataset::{ExtractedText, FileFormat, FileRefused};

use self::body::Body;
use self::styles::Styles;
use crate::package::xml::{self, Node};
use crate::package::{Package, damaged, title};

const FORMAT: FileFormat = FileFormat::Odt;

pub(crate) fn extract(bytes: &[u8]) -> Result<ExtractedText, FileRefused> {
    let mut package = Package::open(FORMAT, bytes)?;
    if let Some(manifest) = package.part("META-INF/manifest.xml")? {
        let mut is_encrypted = false;
        xml::read(FORMAT, &without_document_type(&manifest), |node| {
            is_encrypted |= matches!(node, Node::Open("encryption-data", _));
        })?;
        if is_encrypted {
            return Err(FileRefused::Encrypted);
        }
    }
    let content = package.part("content.xml")?.ok_or_else(|| damaged(FORMAT, "it has no document in it"))?;
    let mut styles = Styles::default();
    if let Some(common) = package.part("styles.xml")? {
        styles.read(&common)?;
    }
    styles.read(&content)?;
    let mut body = Body::new(&styles);
    xml::read(FORMAT, &content, |node| body.node(node))?;
    let (text, heading) = body.finish()?;
    let properties = package.part("meta.xml")?;
    let title = properties.map_or(Ok(None), |properties| title(FORMAT, &properties))?;
    Ok(ExtractedText { title: title.or(heading), text, marks: Vec::new() })
}

/// A manifest without the document type that OpenOffice.org gave it, which names no entities.
fn without_document_type(manifest: &str) -> String {
    match manifest.split_once("<!DOCTYPE manifest:manifest") {
        Some((before, rest)) => {
            let (_, behind) = rest.split_once('>').unwrap_or((rest, ""));
            format!("{before}{behind}")
        }
        None => manifest.to_owned(),
    }
}
