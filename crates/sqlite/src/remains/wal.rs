//! Which pages have been written, as the write-ahead log has it.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::database::with_suffix;

const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
/// How many frames are read at once, or as many as one transaction has.
const FRAMES_AT_ONCE: usize = 1024;

/// Reads a write-ahead log on, from one transaction to the next. While a reader holds its snapshot the log is begun anew at most once: then it has
/// all that was written since that snapshot.
pub(super) struct WalPages {
    path: PathBuf,
    /// What tells the log from the one before it in the same file.
    salts: [u8; 8],
    /// How many frames were read.
    position: u64,
}

impl WalPages {
    pub(super) fn of(database: &Path) -> Self {
        Self { path: with_suffix(database, "-wal"), salts: [0; 8], position: 0 }
    }

    /// Some of the pages that were written since the last call, or all of them where it answers `true` beside. For between two
    /// transactions: of one that goes on nothing is read.
    pub(super) fn next(&mut self) -> io::Result<(Vec<u32>, bool)> {
        let file = match File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), true)),
            opened => opened?,
        };
        let Some(header) = read_at::<HEADER>(&file, 0)? else { return Ok((Vec::new(), true)) };
        let [.., a, b, c, d, e, f, g, h, _, _, _, _, _, _, _, _] = header;
        let salts = [a, b, c, d, e, f, g, h];
        let [_, _, _, _, _, _, _, _, a, b, c, d, ..] = header;
        let frame_bytes = u64::from(u32::from_be_bytes([a, b, c, d])).saturating_add(24);
        if self.salts != salts {
            (self.salts, self.position) = (salts, 0);
        }
        let (mut written, mut of_transaction, mut position) = (Vec::new(), Vec::new(), self.position);
        while written.len() < FRAMES_AT_ONCE {
            let place = position.saturating_mul(frame_bytes).saturating_add(32);
            let frame = read_at::<FRAME_HEADER>(&file, place)?.map(Frame::read);
            // What a transaction has left that was rolled back has no end, and stands behind the last that has.
            let Some(frame) = frame.filter(|frame| frame.salts == salts) else { return Ok((written, true)) };
            position = position.saturating_add(1);
            of_transaction.push(frame.page);
            if frame.is_last {
                written.append(&mut of_transaction);
                self.position = position;
            }
        }
        Ok((written, false))
    }
}

/// The header of a frame.
struct Frame {
    page: u32,
    /// Whether it ends a transaction.
    is_last: bool,
    salts: [u8; 8],
}

impl Frame {
    fn read(bytes: [u8; FRAME_HEADER]) -> Self {
        let [a, b, c, d, pages @ .., _, _, _, _, _, _, _, _] = bytes;
        let [e, f, g, h, salts @ ..] = pages;
        Self { page: u32::from_be_bytes([a, b, c, d]), is_last: [e, f, g, h] != [0; 4], salts }
    }
}

/// So many bytes from a place on; `None` where the file ends before.
fn read_at<const N: usize>(file: &File, place: u64) -> io::Result<Option<[u8; N]>> {
    let mut bytes = [0; N];
    match file.read_exact_at(&mut bytes, place) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        read => read.map(|()| Some(bytes)),
    }
}
