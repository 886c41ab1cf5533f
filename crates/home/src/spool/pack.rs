//! A pack: small files of a job in one file, so that dozens of them cost one create, one sync and one unlink.
//!
//! A pack holds the files of [`FILES_PER_PACK`] numbers, and is named by the first. It begins with its head, which has an entry
//! of four bytes for each number; behind it lie the bytes of the files, in order. The head is written when the pack ends, for
//! nobody knows before how long a file is. Until then the job has no list, so nobody reads the pack.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use syft_space_domain::dataset::ports::{FILES_PER_PACK, SMALL_FILE_MAX_BYTES};

use crate::private_file;

/// The end of a pack's name.
const SUFFIX: &str = ".pack";
const ENTRY_BYTES: usize = size_of::<u32>();
const HEAD_BYTES: usize = FILES_PER_PACK * ENTRY_BYTES;

/// What a head says of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Entry {
    /// It lies here, and has so many bytes.
    Here(usize),
    /// It lies in a file of its own.
    Alone,
    /// Nothing is kept of it, or there is none of this number.
    Nothing,
}

impl Entry {
    const ALONE: u32 = u32::MAX - 1;
    const NOTHING: u32 = u32::MAX;

    fn encode(self) -> [u8; ENTRY_BYTES] {
        let code = match self {
            // No small file is so long that its length is none of this type.
            Self::Here(length) => u32::try_from(length).unwrap_or(Self::NOTHING),
            Self::Alone => Self::ALONE,
            Self::Nothing => Self::NOTHING,
        };
        code.to_le_bytes()
    }

    /// A length that no small file has is refused: so much would be read into memory.
    fn decode(code: [u8; ENTRY_BYTES]) -> io::Result<Self> {
        match u32::from_le_bytes(code) {
            Self::ALONE => Ok(Self::Alone),
            Self::NOTHING => Ok(Self::Nothing),
            length => {
                let length = usize::try_from(length).ok().filter(|length| *length <= SMALL_FILE_MAX_BYTES);
                length.map(Self::Here).ok_or_else(|| damaged("it tells of a file that is too long for it"))
            }
        }
    }
}

/// What a pack has of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Packed {
    /// All its bytes.
    Bytes(Vec<u8>),
    /// It lies in a file of its own, if it is there.
    Alone,
    /// Nothing is kept of it.
    Nothing,
}

/// Reads the file of a number in its pack: the head, and no other file's bytes.
///
/// Where there is no pack, no file of it was small, or it was removed. A version that knew no packs spooled every file alone:
/// a job that has waited since then is read in this way until it has ended, and nothing else is for it.
pub(super) fn read(folder: &Path, number: usize) -> io::Result<Packed> {
    let Some(file) = private_file::open(&folder.join(name(number)))? else { return Ok(Packed::Alone) };
    let mut head = [0; HEAD_BYTES];
    fill(&file, &mut head, 0)?;
    let (entries, _) = head.as_chunks();
    let place = place_of(number);
    // It stays small: each of the few lengths is.
    let mut start = HEAD_BYTES;
    for code in entries.iter().take(place) {
        if let Entry::Here(length) = Entry::decode(*code)? {
            start = start.saturating_add(length);
        }
    }
    match entries.get(place).map_or(Ok(Entry::Nothing), |code| Entry::decode(*code))? {
        Entry::Here(length) => {
            let mut bytes = vec![0; length];
            fill(&file, &mut bytes, offset(start)?)?;
            Ok(Packed::Bytes(bytes))
        }
        Entry::Alone => Ok(Packed::Alone),
        Entry::Nothing => Ok(Packed::Nothing),
    }
}

/// The number behind the last file that a pack of this name may hold; `None` when the name is no pack's.
pub(super) fn end_of(name: &str) -> Option<usize> {
    let first: usize = name.strip_suffix(SUFFIX)?.parse().ok()?;
    Some(first.saturating_add(FILES_PER_PACK))
}

/// A pack that is being written.
pub(super) struct PackWriter {
    path: PathBuf,
    /// There is none as long as nothing lies in the pack.
    file: Option<File>,
    /// Of the files that were begun, in order.
    entries: Vec<Entry>,
    /// Where the next byte goes.
    end: usize,
}

impl PackWriter {
    /// A pack without files, the first of which has this number.
    pub(super) fn new(folder: &Path, first: usize) -> Self {
        Self { path: folder.join(name(first)), file: None, entries: Vec::new(), end: HEAD_BYTES }
    }

    /// Whether no file more may be begun.
    pub(super) fn is_full(&self) -> bool {
        self.entries.len() >= FILES_PER_PACK
    }

    /// Begins the next file.
    pub(super) fn begin_file(&mut self) {
        self.entries.push(Entry::Here(0));
    }

    /// Adds bytes to the file that was begun last. `false`, and nothing is added, when it would not be small any more.
    pub(super) fn append(&mut self, bytes: &[u8]) -> io::Result<bool> {
        let length = self.last_length().saturating_add(bytes.len());
        if length > SMALL_FILE_MAX_BYTES {
            return Ok(false);
        }
        let at = offset(self.end)?;
        self.file()?.write_all_at(bytes, at)?;
        self.end = self.end.saturating_add(bytes.len());
        self.set_last(Entry::Here(length));
        Ok(true)
    }

    /// Moves the file that was begun last to a file of its own.
    pub(super) fn move_last(&mut self, alone: &mut File) -> io::Result<()> {
        let length = self.last_length();
        if length > 0 {
            let mut bytes = vec![0; length];
            let packed = private_file::open(&self.path)?.ok_or(io::ErrorKind::NotFound)?;
            fill(&packed, &mut bytes, offset(self.end.saturating_sub(length))?)?;
            alone.write_all(&bytes)?;
        }
        self.take_back(Entry::Alone)
    }

    /// Takes back the file that was begun last: nothing is kept of it.
    pub(super) fn discard_last(&mut self) -> io::Result<()> {
        self.take_back(Entry::Nothing)
    }

    /// Writes the head, and makes the pack durable. Where no file lies in it there is none.
    pub(super) fn finish(mut self) -> io::Result<()> {
        if !self.entries.iter().any(|entry| matches!(entry, Entry::Here(_))) {
            drop(self.file.take());
            return private_file::remove(&self.path);
        }
        let entries = self.entries.iter().copied().chain(std::iter::repeat(Entry::Nothing));
        let head: Vec<u8> = entries.take(FILES_PER_PACK).flat_map(Entry::encode).collect();
        let file = self.file()?;
        file.write_all_at(&head, 0)?;
        file.sync_data()
    }

    fn take_back(&mut self, entry: Entry) -> io::Result<()> {
        let length = self.last_length();
        self.set_last(entry);
        if length == 0 {
            return Ok(());
        }
        self.end = self.end.saturating_sub(length);
        let end = offset(self.end)?;
        self.file()?.set_len(end)
    }

    fn file(&mut self) -> io::Result<&File> {
        let file = match self.file.take() {
            Some(file) => file,
            None => private_file::create(&self.path)?,
        };
        Ok(self.file.insert(file))
    }

    fn last_length(&self) -> usize {
        match self.entries.last() {
            Some(Entry::Here(length)) => *length,
            _ => 0,
        }
    }

    fn set_last(&mut self, entry: Entry) {
        if let Some(last) = self.entries.last_mut() {
            *last = entry;
        }
    }
}

/// The name of the pack that a number belongs to.
fn name(number: usize) -> String {
    let first = number.saturating_sub(place_of(number));
    format!("{first:06}{SUFFIX}")
}

/// Which of a pack's files has a number.
fn place_of(number: usize) -> usize {
    number % FILES_PER_PACK
}

fn offset(at: usize) -> io::Result<u64> {
    u64::try_from(at).map_err(io::Error::other)
}

/// Reads so many bytes from a place on.
fn fill(file: &File, bytes: &mut [u8], at: u64) -> io::Result<()> {
    match file.read_exact_at(bytes, at) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(damaged("it is too short")),
        read => read,
    }
}

fn damaged(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("a pack of files is damaged: {why}"))
}
