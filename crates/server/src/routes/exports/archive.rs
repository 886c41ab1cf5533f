//! The archive that an export is: it is written from its beginning to its end, and nothing of it is kept.

use std::io::{self, Write};
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::web::Bytes;
use serde_json::{Map, Value};
use syft_space_domain::privacy::{ExportFile, ExportPortion};
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

/// What was written and has not gone out yet.
#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An archive on its way out.
pub(super) struct Archive {
    zip: ZipWriter<StreamWriter<Buffer>>,
    buffer: Buffer,
    /// The page that comes first, until it is written.
    readme: Option<String>,
    /// The file that is open, and how many things it has.
    open: Option<(ExportFile, u64)>,
    /// How many things each file has.
    counts: Map<String, Value>,
}

impl Archive {
    pub(super) fn new(readme: String) -> Self {
        let buffer = Buffer::default();
        let zip = ZipWriter::new_stream(buffer.clone());
        Self { zip, buffer, readme: Some(readme), open: None, counts: Map::new() }
    }

    /// Writes a portion, or without one the end. Answers what is to go out.
    pub(super) fn write(&mut self, portion: Option<ExportPortion>) -> io::Result<Bytes> {
        if let Some(readme) = self.readme.take() {
            self.begin("README.md")?;
            self.zip.write_all(readme.as_bytes())?;
        }
        match portion {
            Some(portion) => self.write_portion(&portion)?,
            None => {
                self.begin("complete.json")?;
                serde_json::to_writer_pretty(&mut self.zip, &self.counts)?;
                let other = ZipWriter::new_stream(self.buffer.clone());
                mem::replace(&mut self.zip, other).finish()?;
            }
        }
        let mut waiting = self.buffer.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(mem::take(&mut *waiting).into())
    }

    fn write_portion(&mut self, portion: &ExportPortion) -> io::Result<()> {
        let ExportPortion { file, things, is_last } = portion;
        let mut count = match self.open.take() {
            Some((open, count)) if open == *file => count,
            _ => {
                self.begin(&format!("{file}.json"))?;
                self.zip.write_all(b"[")?;
                0
            }
        };
        for thing in things {
            self.zip.write_all(if count == 0 { b"\n" } else { b",\n" })?;
            serde_json::to_writer(&mut self.zip, thing)?;
            count = count.saturating_add(1);
        }
        if *is_last {
            self.zip.write_all(b"\n]\n")?;
            self.counts.insert(file.to_string(), count.into());
        } else {
            self.open = Some((*file, count));
        }
        Ok(())
    }

    fn begin(&mut self, name: &str) -> io::Result<()> {
        // A log may be larger than what fits the form of before.
        let options =
            SimpleFileOptions::default().compression_method(CompressionMethod::Deflated).large_file(true);
        Ok(self.zip.start_file(name, options)?)
    }
}
