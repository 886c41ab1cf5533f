//! The styles of a workbook: in which format each cell shows its number.

use std::collections::HashMap;

use syft_space_domain::dataset::FileRefused;

use super::FORMAT;
use super::number_format::NumberFormat;
use crate::package::escapes::unescaped;
use crate::package::xml::{self, Node};

/// The styles of a workbook.
#[derive(Debug, Default)]
pub(super) struct Styles(Vec<NumberFormat>);

impl Styles {
    pub(super) fn read(xml: &str) -> Result<Self, FileRefused> {
        let mut own: HashMap<String, NumberFormat> = HashMap::new();
        let (mut used, mut in_cells) = (Vec::new(), false);
        xml::read(FORMAT, xml, |node| match node {
            Node::Open("numFmt", attributes) => {
                if let (Some(id), Some(code)) = (attributes.get("numFmtId"), attributes.get("formatCode")) {
                    own.insert(id, NumberFormat::of_code(&unescaped(&code)));
                }
            }
            Node::Open("cellXfs", _) => in_cells = true,
            Node::Close("cellXfs") => in_cells = false,
            Node::Open("xf", attributes) if in_cells => used.push(attributes.get("numFmtId")),
            _ => {}
        })?;
        let format = |id: Option<String>| {
            let id = id.unwrap_or_default();
            own.get(&id).cloned().unwrap_or_else(|| NumberFormat::of_code(built_in(&id)))
        };
        Ok(Self(used.into_iter().map(format).collect()))
    }

    /// The format of the style of this number.
    pub(super) fn format(&self, style: Option<usize>) -> Option<&NumberFormat> {
        self.0.get(style?)
    }
}

/// The code of a format that every workbook has.
fn built_in(id: &str) -> &'static str {
    match id {
        "1" => "0",
        "2" => "0.00",
        "3" | "37" | "38" => "#,##0",
        "4" | "39" | "40" => "#,##0.00",
        "9" => "0%",
        "10" => "0.00%",
        "14" | "15" | "16" | "17" | "27" | "28" | "29" | "30" | "31" | "36" | "50" | "51" | "52" | "53"
        | "54" | "57" | "58" => "yyyy-mm-dd",
        "18" | "19" | "20" | "21" | "32" | "33" | "34" | "35" | "45" | "55" | "56" => "hh:mm:ss",
        "46" => "[h]:mm:ss",
        "47" => "mm:ss.0",
        "22" => "yyyy-mm-dd hh:mm",
        _ => "General",
    }
}
