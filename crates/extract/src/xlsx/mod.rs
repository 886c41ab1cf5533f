//! The text of a workbook.
//!
//! An XLSX is a package as a DOCX is, with a part for each sheet and one for the texts of all cells. Each row becomes a
//! line; numbers are shown as their cells show them, dates as ISO 8601 writes them.

mod number_format;
mod sheet;
mod styles;
#[cfg(test)]
mod tests;

use syft_space_domain::dataset::{ExtractedText, FileFormat, FileRefused, Landmark};

use self::sheet::Sheet;
use self::styles::Styles;
use crate::level::{Level, Levels};
use crate::package::escapes::unescaped;
use crate::package::xml::{self, Node, is_on};
use crate::package::{Package, damaged, title};
use crate::text_builder::{self, Gap, TextBuilder};

const FORMAT: FileFormat = FileFormat::Xlsx;

/// What a workbook says of its sheets.
#[derive(Default)]
struct Workbook {
    /// Their names and the ids of their relations, of those that are shown.
    sheets: Vec<(String, String)>,
    /// Days are counted from 1904 on.
    from_1904: bool,
}

pub(crate) fn extract(bytes: &[u8]) -> Result<ExtractedText, FileRefused> {
    let mut package = Package::open(FORMAT, bytes)?;
    let of_package = package.relations("")?.unwrap_or_default();
    let main = of_package.part("officeDocument").unwrap_or("xl/workbook.xml").to_owned();
    let workbook = package.part(&main)?.ok_or_else(|| damaged(FORMAT, "it has no workbook in it"))?;
    let workbook = workbook_of(&workbook)?;
    let relations = package.relations(&main)?.unwrap_or_default();
    let texts = package.named(relations.part("sharedStrings").map(str::to_owned))?;
    let texts = texts.map_or(Ok(Vec::new()), |texts| shared_texts(&texts))?;
    let styles = package.named(relations.part("styles").map(str::to_owned))?;
    let styles = styles.map_or_else(|| Ok(Styles::default()), |styles| Styles::read(&styles))?;
    let mut builder = TextBuilder::default();
    for (number, (name, id)) in (1_u32..).zip(&workbook.sheets) {
        let relation = relations.by_id(id).filter(|relation| relation.is("worksheet"));
        // What is no sheet of cells is a chart.
        let Some(part) = relation.and_then(|relation| relation.part.as_deref()) else { continue };
        let missing = || damaged(FORMAT, &format!("its sheet {name} is missing"));
        let cells = package.part(part)?.ok_or_else(missing)?;
        let mut sheet = Sheet::new(&texts, &styles, workbook.from_1904);
        xml::read(FORMAT, &cells, |node| sheet.node(node))?;
        let rows = sheet.finish()?;
        builder.gap(Gap::Paragraph);
        if let (Some(rows), Some(name)) = (rows, text_builder::title(name)) {
            builder.mark(Landmark::Page(number));
            builder.verbatim(&format!("# {name}"));
            builder.gap(Gap::Paragraph);
            builder.append(&rows);
        }
        if builder.is_full() {
            break;
        }
    }
    let properties = of_package.part("core-properties").unwrap_or("docProps/core.xml");
    let title = package.part(properties)?.map_or(Ok(None), |properties| title(FORMAT, &properties))?;
    Ok(ExtractedText { title, marks: builder.take_marks(), text: builder.finish()? })
}

fn workbook_of(xml: &str) -> Result<Workbook, FileRefused> {
    let mut workbook = Workbook::default();
    xml::read(FORMAT, xml, |node| match node {
        Node::Open("workbookPr", attributes) => {
            workbook.from_1904 = attributes.get("date1904").is_some_and(|value| is_on(&value));
        }
        Node::Open("sheet", attributes) if attributes.get("state").is_none_or(|state| state == "visible") => {
            let name = attributes.get("name").map(|name| unescaped(&name).into_owned());
            workbook.sheets.extend(name.zip(attributes.get("id")));
        }
        _ => {}
    })?;
    Ok(workbook)
}

/// The texts of all cells, by their number. How characters are read is not of the text.
fn shared_texts(xml: &str) -> Result<Vec<String>, FileRefused> {
    let mut texts: Vec<String> = Vec::new();
    let mut levels = Levels::default();
    let (mut in_text, mut in_reading) = (false, false);
    xml::read(FORMAT, xml, |node| match node {
        Node::Open("si", _) => {
            texts.push(String::new());
            levels = Levels::default();
        }
        Node::Open("r", _) => levels.set(Level::Line),
        Node::Open("vertAlign", attributes) => {
            levels.set(Level::of_vertical_align(&attributes.get("val").unwrap_or_default()));
        }
        Node::Open("rPh", _) => in_reading = true,
        Node::Close("rPh") => in_reading = false,
        Node::Open("t", _) => in_text = !in_reading,
        Node::Close("t") => in_text = false,
        Node::Text(text) if in_text => {
            if let Some(last) = texts.last_mut() {
                levels.push(last, &unescaped(text));
            }
        }
        _ => {}
    })?;
    Ok(texts)
}
