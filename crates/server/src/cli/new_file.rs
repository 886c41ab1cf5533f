//! A file that a command makes: for its owner alone, never over another, and gone again where the command does not get to its end.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::cli::api::unusable;
use crate::cli::exit::{CommandError, ExitStatus};

/// A file that is being written.
pub(super) struct NewFile {
    path: PathBuf,
    writer: BufWriter<File>,
    is_whole: bool,
}

impl NewFile {
    /// Makes it.
    ///
    /// # Errors
    /// When there is such a file already, or none can be made there: by the argument that names it.
    pub(super) fn create(argument: &str, path: &Path) -> Result<Self, CommandError> {
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        let file = made.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => {
                unusable(argument, format!("{} is there already: name another", path.display()))
            }
            _ => CommandError::new(
                ExitStatus::Failed,
                format!("{argument}: creating {}: {error}", path.display()),
            ),
        })?;
        Ok(Self { path: path.to_owned(), writer: BufWriter::new(file), is_whole: false })
    }

    /// Keeps it, with all that was written.
    ///
    /// # Errors
    /// When it is not durable: then it is removed.
    pub(super) fn keep(mut self) -> io::Result<()> {
        self.writer.flush()?;
        self.writer.get_ref().sync_all()?;
        self.is_whole = true;
        Ok(())
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        // Half of it would pass for the whole.
        if !self.is_whole
            && let Err(error) = fs::remove_file(&self.path)
        {
            tracing::warn!(%error, file = %self.path.display(), "what there is of the file could not be removed");
        }
    }
}
