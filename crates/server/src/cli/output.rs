//! The standard output of a command: one JSON document, or lines and tables for people.

use std::io::{self, IsTerminal, StdoutLock, Write};

use rustix::termios::tcgetwinsize;
use serde::Serialize;

use crate::cli::exit::{CommandError, ExitStatus};
use crate::cli::printable::{cut, one_line, printable, printable_json, width};

/// The most columns of a cell on a terminal.
const MAX_CELL_COLUMNS: usize = 48;

/// Standard output.
pub(super) struct Output {
    writer: StdoutLock<'static>,
    /// Whether a program reads it.
    pub(super) json: bool,
    terminal: bool,
    bold: bool,
}

impl Output {
    pub(super) fn new(json: bool) -> Self {
        let writer = io::stdout().lock();
        let terminal = writer.is_terminal();
        // https://no-color.org: set to anything but nothing.
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { writer, json, terminal, bold: terminal && !no_colour }
    }

    /// Writes lines for a person, made printable: others may have written what is in them.
    pub(super) fn line(&mut self, text: &str) -> anyhow::Result<()> {
        self.printed_line(&printable(text))
    }

    fn printed_line(&mut self, text: &str) -> anyhow::Result<()> {
        check_written(writeln!(self.writer, "{text}"))
    }

    /// Writes a text as it is, without a line's end.
    pub(super) fn text(&mut self, text: &str) -> anyhow::Result<()> {
        check_written(write!(self.writer, "{text}").and_then(|()| self.writer.flush()))
    }

    /// Tells a person something that is no result, on standard error.
    pub(super) fn remark(&self, text: &str) {
        remark(text);
    }

    /// Writes a JSON document.
    pub(super) fn document(&mut self, document: &impl Serialize) -> anyhow::Result<()> {
        self.printed_line(&printable_json(&serde_json::to_string_pretty(document)?))
    }

    /// Writes a JSON document in one line.
    pub(super) fn json_line(&mut self, document: &impl Serialize) -> anyhow::Result<()> {
        self.printed_line(&printable_json(&serde_json::to_string(document)?))
    }

    /// How many columns there are for text: those of the terminal, where it is one.
    pub(super) fn columns(&self) -> usize {
        let size = if self.terminal { tcgetwinsize(&self.writer).ok() } else { None };
        size.map(|size| usize::from(size.ws_col)).filter(|columns| *columns >= 20).unwrap_or(100)
    }

    /// Begins a table with these columns.
    pub(super) fn table<'a, T>(&'a mut self, columns: &'a [Column<T>]) -> Table<'a, T> {
        Table { out: self, columns, widths: Vec::new(), items: 0 }
    }
}

/// Tells a person something that is no result, on standard error.
pub(super) fn remark(text: &str) {
    // With standard error closed there is nobody to tell.
    let _nobody = writeln!(io::stderr(), "{}", printable(text));
}

/// Turns a broken pipe into an exit status of its own.
fn check_written(result: io::Result<()>) -> anyhow::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            Err(CommandError::new(ExitStatus::BrokenPipe, "nobody reads the output").into())
        }
        other => Ok(other?),
    }
}

/// A column of a table: its title, and what of an item stands in it.
pub(super) struct Column<T> {
    pub(super) title: &'static str,
    pub(super) number: bool,
    pub(super) cell: fn(&T) -> String,
}

/// A text column.
pub(super) const fn text<T>(title: &'static str, cell: fn(&T) -> String) -> Column<T> {
    Column { title, number: false, cell }
}

/// A column of numbers, which stand at its right.
pub(super) const fn number<T>(title: &'static str, cell: fn(&T) -> String) -> Column<T> {
    Column { title, number: true, cell }
}

/// A table that is written page by page.
pub(super) struct Table<'a, T> {
    out: &'a mut Output,
    columns: &'a [Column<T>],
    widths: Vec<usize>,
    items: u64,
}

impl<T: Serialize> Table<'_, T> {
    /// Writes some items.
    pub(super) fn items(&mut self, items: &[T]) -> anyhow::Result<()> {
        if self.out.json {
            for item in items {
                let before = if self.items == 0 { "{\"items\":[" } else { "," };
                let item = printable_json(&serde_json::to_string(item)?);
                check_written(write!(self.out.writer, "{before}\n{item}"))?;
                self.items += 1;
            }
            return Ok(());
        }
        let cell = |column: &Column<T>, item: &T| {
            let text = one_line(&(column.cell)(item));
            if self.out.terminal { cut(&text, MAX_CELL_COLUMNS) } else { text }
        };
        let rows: Vec<Vec<String>> =
            items.iter().map(|item| self.columns.iter().map(|column| cell(column, item)).collect()).collect();
        let first = self.items == 0 && !rows.is_empty();
        if first {
            self.widths = self.columns.iter().map(|column| column.title.len()).collect();
        }
        for row in &rows {
            for (widest, cell) in self.widths.iter_mut().zip(row) {
                *widest = width(cell).max(*widest);
            }
        }
        if first {
            let titles: Vec<String> = self.columns.iter().map(|column| column.title.to_owned()).collect();
            let titles = self.row(&titles);
            let titles = if self.out.bold { format!("\u{1b}[1m{titles}\u{1b}[0m") } else { titles };
            self.out.printed_line(&titles)?;
        }
        for row in rows {
            let row = self.row(&row);
            self.out.printed_line(&row)?;
            self.items += 1;
        }
        Ok(())
    }

    fn row(&self, cells: &[String]) -> String {
        let padded = self.columns.iter().zip(cells).zip(&self.widths).map(|((column, cell), widest)| {
            let space = " ".repeat(widest.saturating_sub(width(cell)));
            if column.number { format!("{space}{cell}") } else { format!("{cell}{space}") }
        });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    }

    /// Ends the table, and returns the number of its items.
    pub(super) fn end(self) -> anyhow::Result<u64> {
        if self.out.json {
            let whole = if self.items == 0 { "{\"items\":[]}" } else { "\n]}" };
            self.out.line(whole)?;
        }
        Ok(self.items)
    }
}
