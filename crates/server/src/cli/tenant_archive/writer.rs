//! Writing an archive of a tenant, from its beginning to its end.

use std::collections::BTreeMap;
use std::io::Write;

use serde::Serialize;
use sha2::{Digest, Sha256};
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

use crate::cli::new_file::NewFile;
use crate::cli::tenant_archive::ListedFile;

/// An archive that is being written: one file after the other.
pub(super) struct ArchiveWriter<'a> {
    zip: ZipWriter<StreamWriter<&'a mut NewFile>>,
    /// The file that is open.
    open: Option<OpenFile>,
    files: BTreeMap<String, ListedFile>,
}

struct OpenFile {
    name: String,
    lines: u64,
    hash: Sha256,
}

impl<'a> ArchiveWriter<'a> {
    pub(super) fn new(file: &'a mut NewFile) -> Self {
        Self { zip: ZipWriter::new_stream(file), open: None, files: BTreeMap::new() }
    }

    /// Begins the next file.
    pub(super) fn begin(&mut self, name: &str) -> anyhow::Result<()> {
        self.end_file();
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .large_file(true)
            .unix_permissions(0o600);
        self.zip.start_file(name, options)?;
        self.open = Some(OpenFile { name: name.to_owned(), lines: 0, hash: Sha256::new() });
        Ok(())
    }

    /// Adds lines to the file that was begun.
    pub(super) fn text(&mut self, text: &str) -> anyhow::Result<()> {
        self.zip.write_all(text.as_bytes())?;
        if let Some(open) = &mut self.open {
            let lines = text.bytes().filter(|byte| *byte == b'\n').count();
            open.lines = open.lines.saturating_add(u64::try_from(lines)?);
            open.hash.update(text.as_bytes());
        }
        Ok(())
    }

    /// Adds a line of JSON to the file that was begun.
    pub(super) fn item(&mut self, item: &impl Serialize) -> anyhow::Result<()> {
        let mut line = serde_json::to_string(item)?;
        line.push('\n');
        self.text(&line)
    }

    /// The files that were written so far.
    pub(super) fn files(&mut self) -> BTreeMap<String, ListedFile> {
        self.end_file();
        self.files.clone()
    }

    /// Ends the archive.
    pub(super) fn finish(self) -> anyhow::Result<()> {
        self.zip.finish()?;
        Ok(())
    }

    fn end_file(&mut self) {
        if let Some(OpenFile { name, lines, hash }) = self.open.take() {
            self.files.insert(name, ListedFile { items: lines, sha256: hex::encode(hash.finalize()) });
        }
    }
}
