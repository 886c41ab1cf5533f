//! A file that an argument names, or standard input.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::cli::api::unusable;
use crate::cli::exit::{CommandError, ExitStatus};

/// A file to be read from its beginning, or standard input where it is `-`.
///
/// # Errors
/// When there is no such file, or it cannot be read: by the argument that names it.
pub(super) fn open_named(argument: &str, path: &Path) -> Result<Box<dyn Read>, CommandError> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin()));
    }
    match File::open(path) {
        Ok(file) => Ok(Box::new(file)),
        Err(error) => Err(not_read(argument, &path.display().to_string(), &error)),
    }
}

/// The error of a file that cannot be read, by the argument that names it.
pub(super) fn not_read(argument: &str, from: &str, error: &io::Error) -> CommandError {
    let status = match error.kind() {
        io::ErrorKind::NotFound => ExitStatus::NotFound,
        _ => ExitStatus::Failed,
    };
    CommandError::new(status, format!("{argument}: reading {from}: {error}"))
}

/// What a file holds, or standard input where it is `-`, and how it is called. What some programs put before a text, a byte order
/// mark, is none of it.
///
/// # Errors
/// When there is no such file, it cannot be read, or it has more bytes than `most`: by the argument that names it.
pub(super) fn read_named(
    argument: &str,
    path: &Path,
    most: usize,
) -> Result<(Vec<u8>, String), CommandError> {
    let from = if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() };
    let bytes = read(path, most).map_err(|error| not_read(argument, &from, &error))?;
    if bytes.len() > most {
        return Err(unusable(argument, format!("{from} has more than {most} bytes")));
    }
    let text = bytes.strip_prefix("\u{feff}".as_bytes()).map(<[u8]>::to_vec);
    Ok((text.unwrap_or(bytes), from))
}

fn read(path: &Path, most: usize) -> io::Result<Vec<u8>> {
    let most = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        io::stdin().lock().take(most).read_to_end(&mut bytes)?;
    } else {
        File::open(path)?.take(most).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}
