//! Tables as CSV (RFC 4180), for spreadsheets.

use serde::Serialize;

use crate::cli::printable::printable;

/// Lines as CSV, whose cells were guarded.
pub(super) fn text<T: Serialize>(lines: &[T], with_header: bool) -> anyhow::Result<String> {
    let mut writer = csv::WriterBuilder::new()
        .has_headers(with_header)
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    for line in lines {
        writer.serialize(line)?;
    }
    Ok(String::from_utf8(writer.into_inner().map_err(csv::IntoInnerError::into_error)?)?)
}

/// A cell that no spreadsheet takes for a formula, nor a part of it behind what may divide cells where the program is set up so. What
/// is not seen is written out.
pub(super) fn guard(cell: &str) -> String {
    // In wide, small and raised forms too, and behind what is not seen, which some programs take off first.
    const BEGINS: [char; 13] = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '﹦', '﹢', '﹣', '﹫', '⁼'];
    let is_seen = |c: &char| c.is_alphanumeric() || c.is_ascii_graphic() || BEGINS.contains(c);
    let guarded = printable(cell);
    let guarded = guarded.split_inclusive([';', '\n']).map(|part| {
        let begins_formula = part.chars().find(is_seen).is_some_and(|first| BEGINS.contains(&first));
        if begins_formula { format!("'{part}") } else { part.to_owned() }
    });
    guarded.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn z4_no_cell_is_a_formula_to_a_spreadsheet() {
        for (cell, guarded) in [
            ("x;=1+1;y", "x;'=1+1;y"),
            ("\t=1", "\\u{9}=1"),
            ("\u{200b}\u{feff}=1", "\\u{200b}\\u{feff}=1"),
            ("a\u{202e}b", "a\\u{202e}b"),
            ("a\n-b", "a\n'-b"),
            ("a-b=c", "a-b=c"),
            ("*@example.org", "*@example.org"),
        ] {
            assert_eq!(guard(cell), guarded);
        }
    }
}
