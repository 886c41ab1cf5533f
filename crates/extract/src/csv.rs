//! The text of a table in a CSV file.
//!
//! A row becomes a paragraph that names each of its values, so that a few rows mean something without the first:
//!
//! ```text
//! name: Ada
//! city: London
//!
//! name: Grace
//! city: New York
//! ```

use std::borrow::Cow;

use syft_space_domain::dataset::{ExtractedText, FileRefused};

use crate::data_uri::without_data_uris;
use crate::encoding::decode;
use crate::text_builder::{Gap, TextBuilder};

/// The most columns; a file with more is no table that people read.
const MAX_COLUMNS: usize = 10_000;
/// The most bytes of a value. A mark of quotation that is never closed makes one of all that follows.
const MAX_VALUE_BYTES: usize = 1024 * 1024;

pub(crate) fn extract(bytes: &[u8]) -> Result<ExtractedText, FileRefused> {
    let text = decode(bytes)?;
    let text = from_first_line(&text);
    let (declared, text) = declared_separator(text).unwrap_or((None, text));
    let text = from_first_line(text);
    let separator = declared.unwrap_or_else(|| separator(text));
    let mut rows = csv::ReaderBuilder::new()
        .delimiter(separator)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut names: Option<csv::StringRecord> = None;
    let mut builder = TextBuilder::default();
    let mut row = csv::StringRecord::new();
    let damaged = |why: String| FileRefused::Damaged("CSV", why);
    let mut number = 0_u64;
    let mut has_rows = false;
    while rows.read_record(&mut row).map_err(|error| damaged(error.to_string()))? {
        number = number.saturating_add(1);
        if row.len() > MAX_COLUMNS {
            return Err(damaged(format!("row {number} has more than {MAX_COLUMNS} columns")));
        }
        if row.iter().any(|value| value.len() > MAX_VALUE_BYTES) {
            let why = format!(
                "row {number} has a value of more than {MAX_VALUE_BYTES} bytes; is there a mark of quotation that is not closed?"
            );
            return Err(damaged(why));
        }
        if let Some(names) = &names {
            has_rows = true;
            write_row(&mut builder, names, &row);
        } else if row.iter().any(|value| !value.trim().is_empty()) {
            names = Some(std::mem::take(&mut row));
        }
        if builder.is_full() {
            break;
        }
    }
    // A table without a row still says what it is about.
    if let (Some(names), false) = (&names, has_rows) {
        for name in names {
            builder.words(name);
            builder.gap(Gap::Line);
        }
    }
    Ok(ExtractedText { title: None, text: builder.finish()?, marks: Vec::new() })
}

fn write_row(builder: &mut TextBuilder, names: &csv::StringRecord, row: &csv::StringRecord) {
    builder.gap(Gap::Paragraph);
    for (column, value) in row.iter().enumerate() {
        let value = without_data_uris(value);
        if value.trim().is_empty() {
            continue;
        }
        let name = names.get(column).map(str::trim).filter(|name| !name.is_empty());
        let name =
            name.map_or_else(|| Cow::Owned(format!("column {}", column.saturating_add(1))), Cow::Borrowed);
        builder.words(&name);
        builder.verbatim(": ");
        builder.words(value.trim());
        builder.gap(Gap::Line);
    }
}

/// What a first line such as `sep=;`, which Excel takes for no row, says of the separator, and the rest of the file.
fn declared_separator(text: &str) -> Option<(Option<u8>, &str)> {
    let (line, rest) = text.split_once('\n').unwrap_or((text, ""));
    let line = line.trim_start_matches(['"', ' ']);
    let (name, separator) = line.split_at_checked("sep=".len())?;
    if !name.eq_ignore_ascii_case("sep=") {
        return None;
    }
    let separator = separator.trim_matches('"');
    // A space separates where there is nothing else.
    let separator =
        if separator.trim_matches(' ').is_empty() { separator } else { separator.trim_matches(' ') };
    let separator = separator.trim_matches('"');
    let Some(first) = separator.bytes().next() else { return Some((None, rest)) };
    // A program that has read it as a row may have written it so: followed by the separators of empty columns. It has
    // others in all rows, or rows of one column, in which what it says still holds.
    let mut behind = separator.bytes().skip(1);
    let is_declared = first.is_ascii()
        && !first.is_ascii_alphanumeric()
        && behind.all(|byte| byte == first || matches!(byte, b',' | b';' | b'\t' | b'"' | b' '));
    let names = from_first_line(rest).lines().next().unwrap_or_default();
    let holds = separator.bytes().all(|byte| byte == first) || names.bytes().any(|byte| byte == first);
    is_declared.then_some((Some(first).filter(|_| holds), rest))
}

/// A text without the lines that hold nothing, or separators alone, before its first one.
fn from_first_line(text: &str) -> &str {
    let line = text.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ';'));
    let blank = text.len().saturating_sub(line.len());
    let end = text.get(..blank).and_then(|blank| blank.rfind('\n'));
    end.and_then(|end| text.get(end.saturating_add(1)..)).unwrap_or(text)
}

/// The separator of the columns: of `,`, `;` and a tab the one that the first line has most of, outside of quotation.
fn separator(text: &str) -> u8 {
    let mut counts = [(b',', 0_usize), (b';', 0), (b'\t', 0)];
    let mut quoted = false;
    for byte in text.bytes() {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => break,
            byte if !quoted => {
                if let Some((_, count)) = counts.iter_mut().find(|(separator, _)| *separator == byte) {
                    *count = count.saturating_add(1);
                }
            }
            _ => {}
        }
    }
    // Of equals the last: a comma may well stand in a name, a tab hardly.
    counts.into_iter().max_by_key(|(_, count)| *count).map_or(b',', |(separator, _)| separator)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(csv: &str) -> Result<String, FileRefused> {
        extract(csv.as_bytes()).map(|extracted| extracted.text)
    }

    #[test]
    fn q2_every_row_names_its_values() {
        let csv = "name,city,note\r\nAda,London,\"first, and\r\n\"\"best\"\"\"\r\nGrace,New York,\r\n\r\nLin,,x,extra\r\n";
        let rows = "name: Ada\ncity: London\nnote: first, and \"best\"\n\nname: Grace\ncity: New York\n\n\
                    name: Lin\nnote: x\ncolumn 4: extra";
        assert_eq!(text(csv).as_deref(), Ok(rows));
    }

    #[test]
    fn q2_semicolons_and_tabs_separate_columns_too() {
        assert_eq!(text("name;price\nsail;1,5").as_deref(), Ok("name: sail\nprice: 1,5"));
        assert_eq!(text("name\tprice, net\nsail\t1").as_deref(), Ok("name: sail\nprice, net: 1"));
        assert_eq!(text("\"a;b;c\",d\n1,2").as_deref(), Ok("a;b;c: 1\nd: 2"));
        assert_eq!(text("word\nsail").as_deref(), Ok("word: sail"));
    }

    #[test]
    fn q2_a_first_line_for_excel_names_the_separator_and_is_no_row() {
        let rows = Ok("ship: Ada\nlength: 12,5".to_owned());
        for first in ["sep=;", "SEP=;", "\"sep=;\"", "sep=;;;", "\u{feff}sep=;", "sep=; ", "sep=;\n\n;;"] {
            assert_eq!(text(&format!("{first}\nship;length\nAda;12,5\n")), rows, "{first}");
            assert_eq!(text(&format!("{first}\r\nship;length\r\nAda;12,5\r\n")), rows, "{first}");
        }
        assert_eq!(text("sep=|\na|b,c\n1|2").as_deref(), Ok("a: 1\nb,c: 2"));
        assert_eq!(text("sep=\t\na\tb,c;d,e\n1\t2").as_deref(), Ok("a: 1\nb,c;d,e: 2"));
        assert_eq!(text("sep=,\na;b;c,d\n1,2").as_deref(), Ok("a;b;c: 1\nd: 2"));
        for first in ["sep= ", "\"sep= \"", "SEP= ", "sep=  "] {
            let table = format!("{first}\na b;c,d\n1 2;3,4\n");
            assert_eq!(text(&table).as_deref(), Ok("a: 1\nb;c,d: 2;3,4"), "{first:?}");
        }
        // One that names none, stands behind empty lines, or was saved again as a row of commas, is no row either.
        for first in [
            "sep=",
            "\"sep=\"",
            "sep=\n\n",
            "\n\nsep=;",
            ";;\n \nsep=;",
            "sep=;,,",
            "\"sep=;\",,",
            "sep=;\t",
            "sep=|,,\n,,",
            "sep=,\t",
        ] {
            assert_eq!(text(&format!("{first}\nship;length\nAda;12,5\n")), rows, "{first}");
        }
        assert_eq!(text("sep="), Err(FileRefused::NoText));
        assert_eq!(text("sep=x,b\n1,2").as_deref(), Ok("sep=x: 1\nb: 2"));
        assert_eq!(text("sep=;"), Err(FileRefused::NoText));
    }

    #[test]
    fn q2_what_is_empty_before_the_names_of_the_columns_is_passed_over() {
        for before in ["\n", "\n\n\r\n", "  \n", "\t\n", ";;;\n\n", "\"\";\"\"\n", ",,\n"] {
            let table = format!("{before}ship;length, m\nAda;12\n");
            assert_eq!(text(&table).as_deref(), Ok("ship: Ada\nlength, m: 12"), "{before:?}");
        }
        assert_eq!(text("\n\nship,length\n").as_deref(), Ok("ship\nlength"));
        assert_eq!(text(",\n;\n\n"), Err(FileRefused::NoText));
    }

    #[test]
    fn q2_a_table_without_a_row_says_its_columns() {
        assert_eq!(text("name,city\n").as_deref(), Ok("name\ncity"));
        assert_eq!(text("name,city\n,\n"), Err(FileRefused::NoText));
        assert_eq!(text(""), Err(FileRefused::NoText));
    }

    #[test]
    fn k16_a_table_that_is_none_is_refused() {
        let open = format!("a,b\n1,\"{}", "x\n".repeat(MAX_VALUE_BYTES));
        assert!(matches!(text(&open), Err(FileRefused::Damaged("CSV", why)) if why.contains("row 2")));
        let wide = ",".repeat(1_000_000);
        assert!(matches!(text(&wide), Err(FileRefused::Damaged("CSV", _))));
        // A long name, which each row repeats, may not make more of a file than a document holds.
        let names = format!("{},b\n{}", "n".repeat(100_000), "1,2\n".repeat(10_000));
        assert_eq!(text(&names), Err(FileRefused::TooLarge(8 * 1024 * 1024)));
    }
}
