//! A file of addresses, one a line.

use std::path::Path;

use syft_space_domain::identity::Email;

use crate::cli::api::unusable;
use crate::cli::exit::CommandError;
use crate::cli::named_file::read_named;

/// The most bytes of such a file: more than a group of the longest addresses, with a remark to each.
const MAX_FILE_BYTES: usize = 8 << 20;
/// The most wrong lines that are named.
const MAX_NAMED: usize = 10;

/// The addresses in a file, or on standard input where it is `-`. Blank lines and those that begin with `#` are passed over; of
/// lines that are no address all are told, by their numbers.
pub(super) fn addresses_in(path: &Path) -> Result<Vec<Email>, CommandError> {
    let (bytes, from) = read_named("--file", path, MAX_FILE_BYTES)?;
    parse(&bytes).map_err(|wrong| unusable("--file", format!("{from}: {wrong}")))
}

/// The addresses of a text, or what is wrong with its lines.
fn parse(bytes: &[u8]) -> Result<Vec<Email>, String> {
    let (mut emails, mut wrong, mut more) = (Vec::new(), Vec::new(), 0_u64);
    for (line, number) in bytes.split(|byte| *byte == b'\n').zip(1_u64..) {
        let text = String::from_utf8_lossy(line);
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        match text.parse() {
            Ok(email) => emails.push(email),
            Err(error) if wrong.len() < MAX_NAMED => wrong.push(format!("line {number}: {error}")),
            Err(_) => more += 1,
        }
    }
    if wrong.is_empty() {
        return Ok(emails);
    }
    if more > 0 {
        wrong.push(format!("and {more} lines more"));
    }
    Err(wrong.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k3_a_file_of_addresses_is_read_line_by_line_and_wrong_lines_are_named() {
        let file =
            "\u{feff}Ada@X.example\r\n\n  # of the lab\n  bob@x.example \n#eve@x.example\nada@x.example";
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("addresses");
        std::fs::write(&path, file).unwrap();
        let read: Vec<_> = addresses_in(&path).unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(read, ["ada@x.example", "bob@x.example", "ada@x.example"]);
        assert!(parse(b"").unwrap().is_empty());
        let wrong = parse(b"ada@x.example\nnobody\n\xff@x.example\n").unwrap_err();
        assert!(wrong.starts_with("line 2: ") && wrong.contains("; line 3: "), "{wrong}");
        let wrong = parse("nobody\n".repeat(13).as_bytes()).unwrap_err();
        assert!(wrong.ends_with("; and 3 lines more"), "{wrong}");
    }
}
