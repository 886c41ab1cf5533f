//! The rows of a sheet, cell by cell.

use syft_space_domain::dataset::FileRefused;

use super::FORMAT;
use super::number_format::{NumberFormat, general};
use super::styles::Styles;
use crate::level::{Level, Levels};
use crate::package::damaged;
use crate::package::escapes::unescaped;
use crate::package::xml::{Attributes, Node, is_on};
use crate::row::Row;
use crate::text_builder::TextBuilder;

/// A sheet, as far as it is read.
pub(super) struct Sheet<'a> {
    texts: &'a [String],
    styles: &'a Styles,
    from_1904: bool,
    rows: TextBuilder,
    /// The columns that are not shown, from and to.
    hidden_columns: Vec<(usize, usize)>,
    /// The row that is open, with the column of its last cell.
    row: Option<(Row, usize)>,
    /// The column in which the first row begins, and so its rows stand.
    first_column: Option<usize>,
    cell: Cell,
    in_value: bool,
    in_reading: bool,
    has_text: bool,
    /// The cell whose formula was never calculated.
    uncalculated: Option<String>,
}

#[derive(Default)]
struct Cell {
    name: String,
    kind: String,
    style: Option<usize>,
    value: String,
    levels: Levels,
    has_formula: bool,
}

/// The most empty cells that are kept before another, so that those below each other are in one column. Behind more of them a cell is named.
const MAX_EMPTY_CELLS: usize = 64;
/// The longest name of a cell: XFD1048576.
const MAX_NAME_CHARS: usize = 10;

impl<'a> Sheet<'a> {
    pub(super) fn new(texts: &'a [String], styles: &'a Styles, from_1904: bool) -> Self {
        Self {
            texts,
            styles,
            from_1904,
            rows: TextBuilder::default(),
            hidden_columns: Vec::new(),
            row: None,
            first_column: None,
            cell: Cell::default(),
            in_value: false,
            in_reading: false,
            has_text: false,
            uncalculated: None,
        }
    }

    /// Its rows, a line each; `None` when all are empty.
    ///
    /// # Errors
    /// When a formula was never calculated: who opens the sheet sees a number that is not in the file.
    pub(super) fn finish(self) -> Result<Option<TextBuilder>, FileRefused> {
        if let Some(cell) = self.uncalculated {
            let why =
                format!("the formula in {cell} was never calculated: open it in Excel and save it again");
            return Err(damaged(FORMAT, &why));
        }
        Ok(self.has_text.then_some(self.rows))
    }

    pub(super) fn node(&mut self, node: Node<'_>) {
        match node {
            Node::Open("col", attributes) => {
                let bound = |name: &str| attributes.get(name).and_then(|bound| bound.parse().ok());
                if attributes.get("hidden").is_some_and(|hidden| is_on(&hidden)) {
                    self.hidden_columns.extend(bound("min").zip(bound("max")));
                }
            }
            Node::Open("row", attributes) => {
                let is_hidden = attributes.get("hidden").is_some_and(|hidden| is_on(&hidden));
                self.row = (!is_hidden).then(|| (Row::default(), 0));
            }
            Node::Close("row") => {
                if let Some((row, _)) = self.row.take() {
                    row.finish(&mut self.rows);
                }
            }
            Node::Open("c", attributes) => self.cell = Cell::of(attributes),
            Node::Open("f", _) => self.cell.has_formula = true,
            Node::Open("rPh", _) => self.in_reading = true,
            Node::Close("rPh") => self.in_reading = false,
            Node::Open("v" | "t", _) => self.in_value = !self.in_reading,
            Node::Close("v" | "t") => self.in_value = false,
            Node::Open("r", _) => self.cell.levels.set(Level::Line),
            Node::Open("vertAlign", attributes) => {
                self.cell.levels.set(Level::of_vertical_align(&attributes.get("val").unwrap_or_default()));
            }
            Node::Text(text) if self.in_value => {
                self.cell.levels.push(&mut self.cell.value, &unescaped(text));
            }
            Node::Close("c") => self.end_cell(),
            _ => {}
        }
    }

    fn end_cell(&mut self) {
        let cell = std::mem::take(&mut self.cell);
        let Some((row, last)) = &mut self.row else { return };
        let column = column(&cell.name).unwrap_or_else(|| last.saturating_add(1));
        if self.hidden_columns.iter().any(|(from, to)| (*from..=*to).contains(&column)) {
            return;
        }
        if cell.value.is_empty() && cell.has_formula && cell.kind != "str" {
            self.uncalculated.get_or_insert(cell.name);
            return;
        }
        let text = cell.shown(self.texts, self.styles, self.from_1904);
        if text.trim().is_empty() {
            return;
        }
        let first = *self.first_column.get_or_insert(column);
        let next = if *last == 0 { first } else { last.saturating_add(1) };
        let empty = column.saturating_sub(next);
        let is_near = empty <= MAX_EMPTY_CELLS;
        for _ in 0..if is_near { empty } else { 0 } {
            row.cell();
        }
        row.cell();
        if !is_near && cell.name.len() <= MAX_NAME_CHARS {
            row.words(&format!("{}: ", cell.name));
        }
        row.words(&text);
        *last = column;
        self.has_text = true;
    }
}

impl Cell {
    fn of(attributes: Attributes<'_>) -> Self {
        Self {
            name: attributes.get("r").unwrap_or_default(),
            kind: attributes.get("t").unwrap_or_default(),
            style: attributes.get("s").and_then(|style| style.parse().ok()),
            ..Self::default()
        }
    }

    /// What one sees of it.
    fn shown(&self, texts: &[String], styles: &Styles, from_1904: bool) -> String {
        let value = self.value.trim();
        match self.kind.as_str() {
            "s" => value.parse().ok().and_then(|at: usize| texts.get(at)).cloned().unwrap_or_default(),
            "b" => if value == "1" { "TRUE" } else { "FALSE" }.to_owned(),
            "" | "n" => match value.parse::<f64>() {
                Ok(number) => {
                    let format = styles.format(self.style);
                    format.map_or_else(
                        || general(number),
                        |format: &NumberFormat| format.show(number, from_1904),
                    )
                }
                Err(_) => value.to_owned(),
            },
            _ => self.value.clone(),
        }
    }
}

/// The number of the column in the name of a cell: 1 for `A7`, 28 for `AB7`.
fn column(name: &str) -> Option<usize> {
    let mut column = 0_usize;
    for letter in name.bytes().take_while(u8::is_ascii_alphabetic) {
        let digit = usize::from(letter.to_ascii_uppercase().saturating_sub(b'A')).saturating_add(1);
        column = column.saturating_mul(26).saturating_add(digit);
    }
    (column > 0).then_some(column)
}
