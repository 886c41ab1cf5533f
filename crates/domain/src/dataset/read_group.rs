//! Looking at a job's next files: which are there already, and what text the others give.

use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use crate::dataset::ports::{ExtractError, SpooledFile};
use crate::dataset::task::FileTask;
use crate::dataset::{
    ContentHash, Document, DocumentError, DocumentId, ExtractedText, FILE_MAX_BYTES, FileFormat, FileName,
    FileRefused, JobFailure, MadeOf, Metadata, NewDocument, ReaderVersion, chunks_at,
};
use crate::port_error::PortError;
use crate::space::Space;
use crate::tenant::TenantScope;

/// The most files of a group.
const MAX_FILES_PER_GROUP: usize = 512;
/// A group that holds this much text is stored.
const MAX_TEXT_BYTES_PER_GROUP: usize = 4 * 1024 * 1024;
/// So is one that was read for this long.
const MAX_GROUP_DURATION: Duration = Duration::from_secs(2);
/// The most characters of a name that are shown.
const MAX_NAME_CHARS: usize = 200;

/// What a look at a file has shown.
pub(super) enum ExtractedFile {
    /// The document is stored as it is.
    Unchanged,
    /// A document of the same content is stored under another id, or stands before it in the group under that.
    Duplicate { id: DocumentId, file: String, of: DocumentId },
    /// It gives no document. What is stored under its id is not what it says, and goes.
    Refused { failure: JobFailure, removes: Option<DocumentId> },
    /// It gives this one.
    Read { document: Document, file: String, stored: Stored },
}

/// What is stored under the id of a file before it is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stored {
    Nothing,
    /// What other bytes gave.
    OtherContent,
    /// What the same bytes gave to another version of the reader.
    SameContent,
}

/// What is told of a file that gives no document, where it takes away what was stored of it.
pub(super) fn with_removal(message: &str) -> String {
    format!("{message}; what was stored of it before is removed")
}

/// Looks at files from a position on, until a group is full. Each comes with the bytes that were sent of it.
///
/// What fails for no fault of a file ends the group before that file; with nothing in it that is an error.
pub(super) fn read_group(
    space: &Space,
    scope: &TenantScope,
    files: &FileTask,
    position: usize,
) -> Result<Vec<(u64, ExtractedFile)>, PortError> {
    let began = space.clock.now();
    let next: Vec<(usize, &SpooledFile)> =
        files.list.iter().enumerate().skip(position).take(MAX_FILES_PER_GROUP).collect();
    let names: Vec<Option<FileName>> =
        next.iter().map(|(_, file)| FileName::parse(&file.name).ok()).collect();
    let ids: Vec<DocumentId> = names.iter().flatten().map(FileName::document_id).collect();
    let stored = space.documents.hashes(scope, files.job.dataset, &ids)?;
    let stored: HashMap<&DocumentId, MadeOf> =
        ids.iter().zip(stored).filter_map(|(id, made_of)| Some((id, made_of?))).collect();

    let (hashes, removed, extracted) = (HashMap::new(), HashSet::new(), Vec::new());
    let mut group = Group { space, scope, files, stored, hashes, removed, extracted };
    let mut text = 0_usize;
    let mut bytes_done = files.job.progress.bytes_done;
    for ((number, file), name) in next.into_iter().zip(names) {
        if space.ingestion.is_stopped(files.job.id) {
            break;
        }
        let extracted = match group.look(number, file, name) {
            Ok(extracted) => extracted,
            Err(fault) if group.extracted.is_empty() => return Err(fault),
            Err(_) => break,
        };
        match &extracted {
            ExtractedFile::Read { document, .. } => {
                text = text.saturating_add(document.content.len());
                group.hashes.insert(file.sha256, document.id.clone());
            }
            ExtractedFile::Refused { removes, .. } => group.removed.extend(removes.clone()),
            ExtractedFile::Unchanged | ExtractedFile::Duplicate { .. } => {}
        }
        group.extracted.push((file.bytes, extracted));
        bytes_done = bytes_done.saturating_add(file.bytes);
        let now = space.clock.now();
        space.ingestion.note_bytes(files.job.id, bytes_done, now);
        if text >= MAX_TEXT_BYTES_PER_GROUP || now.since(began) >= MAX_GROUP_DURATION {
            break;
        }
    }
    Ok(group.extracted)
}

struct Group<'a> {
    space: &'a Space,
    scope: &'a TenantScope,
    files: &'a FileTask,
    /// Of the documents that the files become, those that are stored.
    stored: HashMap<&'a DocumentId, MadeOf>,
    /// What is in the group and not stored yet.
    hashes: HashMap<ContentHash, DocumentId>,
    /// What is still stored, and goes with the group.
    removed: HashSet<DocumentId>,
    extracted: Vec<(u64, ExtractedFile)>,
}

impl Group<'_> {
    fn look(
        &self,
        number: usize,
        file: &SpooledFile,
        name: Option<FileName>,
    ) -> Result<ExtractedFile, PortError> {
        let Some(name) = name else {
            return Ok(refused(None, file, &crate::dataset::FileNameError));
        };
        let id = name.document_id();
        let format = match FileFormat::of(&name) {
            Ok(format) => format,
            Err(error) => return Ok(refused(Some(&id), file, &error)),
        };
        let version = self.space.extractor.version(format);
        let stored = match self.stored.get(&id) {
            None => Stored::Nothing,
            Some(made_of) if made_of.sha256 != file.sha256 => Stored::OtherContent,
            Some(made_of) if made_of.reader != Some(version) => Stored::SameContent,
            Some(_) => return Ok(ExtractedFile::Unchanged),
        };
        let refuse = |error: &FileRefused| {
            let is_of_load = matches!(error, FileRefused::TooSlow(_) | FileRefused::TooHeavy);
            Ok(refused_in_place(&id, file, stored, &told(error, format, file), is_of_load))
        };
        if file.bytes > size(FILE_MAX_BYTES) {
            return refuse(&FileRefused::TooLarge(size(FILE_MAX_BYTES)));
        }
        if file.bytes == 0 {
            return refuse(&FileRefused::NoText);
        }
        // What is stored under this id must not go on being found where it is not what the file says: it is replaced in any case.
        if stored == Stored::Nothing
            && let Some(of) = self.elsewhere(&id, &file.sha256)?
        {
            return Ok(ExtractedFile::Duplicate { id, file: shown(&file.name), of });
        }
        let job = &self.files.job;
        let Some(bytes) = self.space.spool.read(self.scope, job.dataset, job.id, number)? else {
            if self.space.ingestion.is_stopped(job.id) {
                return Err(crate::store::StoreError::Closed.into());
            }
            let why = "the file is not in the spool any more: send it again";
            return Ok(refused_in_place(&id, file, stored, why, true));
        };
        // A reader or cutter that panics over a file must not be asked again for ever.
        let read = catch_unwind(AssertUnwindSafe(|| {
            let text = self.space.extractor.extract(format, &bytes)?;
            Ok::<_, ExtractError>(self.document(id.clone(), &name, text, file.sha256, version))
        }));
        let document = match read.unwrap_or(Err(FileRefused::TooHeavy.into())) {
            Ok(document) => document,
            Err(ExtractError::Refused(error)) => return refuse(&error),
            Err(error @ ExtractError::Failed(_)) => return Err(error.into()),
        };
        match document {
            Ok(document) => Ok(ExtractedFile::Read { document, file: shown(&file.name), stored }),
            Err(DocumentError::Empty) => refuse(&FileRefused::NoText),
            Err(error) => Ok(refused_in_place(&id, file, stored, &error.to_string(), false)),
        }
    }

    /// The document of this content that is stored under another id, or stands in the group, and will stay: one that another
    /// file of the job is about to replace, or a file of the group takes away, does not count.
    fn elsewhere(&self, id: &DocumentId, hash: &ContentHash) -> Result<Option<DocumentId>, PortError> {
        let stays = |other: &DocumentId| {
            other != id
                && !self.removed.contains(other)
                && self.files.becoming.get(other).is_none_or(|next| next == hash)
        };
        if let Some(other) = self.hashes.get(hash).filter(|other| stays(other)) {
            return Ok(Some(other.clone()));
        }
        let other = self.space.documents.made_of(self.scope, self.files.job.dataset, hash)?;
        Ok(other.filter(stays))
    }

    fn document(
        &self,
        id: DocumentId,
        name: &FileName,
        text: ExtractedText,
        sha256: ContentHash,
        reader: ReaderVersion,
    ) -> Result<Document, DocumentError> {
        let ExtractedText { title, text, marks } = text;
        let mut metadata = Metadata::new();
        metadata.insert("source".to_owned(), name.as_str().into());
        metadata.insert("title".to_owned(), title.unwrap_or_else(|| name.last().to_owned()).into());
        let NewDocument { id, content, metadata } = NewDocument::new(id, text, metadata)?;
        let (reader, created_at) = (Some(reader), self.space.clock.now());
        let chunks = chunks_at(&content, &marks);
        Ok(Document { id, chunks, content, metadata, sha256, reader, created_at })
    }
}

/// A file that gives no document, and takes nothing away.
fn refused(id: Option<&DocumentId>, file: &SpooledFile, error: &dyn std::fmt::Display) -> ExtractedFile {
    let failure = JobFailure {
        document_id: id.map(ToString::to_string),
        file: Some(shown(&file.name)),
        message: error.to_string(),
    };
    ExtractedFile::Refused { failure, removes: None }
}

/// A file that gives no document, and takes away what other bytes gave under its name; or the same bytes, unless it is
/// not what they hold that has failed.
fn refused_in_place(
    id: &DocumentId,
    file: &SpooledFile,
    stored: Stored,
    why: &str,
    is_of_load: bool,
) -> ExtractedFile {
    if stored == Stored::Nothing || (stored == Stored::SameContent && is_of_load) {
        return refused(Some(id), file, &why);
    }
    let failure = JobFailure {
        document_id: Some(id.to_string()),
        file: Some(shown(&file.name)),
        message: with_removal(why),
    };
    ExtractedFile::Refused { failure, removes: Some(id.clone()) }
}

/// Why a file gives no text, in the words of its format.
fn told(error: &FileRefused, format: FileFormat, file: &SpooledFile) -> String {
    match error {
        FileRefused::NoText if file.bytes == 0 => "the file is empty".to_owned(),
        FileRefused::NoText if format == FileFormat::Pdf => {
            format!("{error}; a scanned document needs text recognition first")
        }
        error => error.to_string(),
    }
}

/// A name as it can be shown: what no text for people has is written out.
fn shown(name: &str) -> String {
    let mut shown = String::new();
    for character in name.chars().take(MAX_NAME_CHARS) {
        if crate::text::is_one_line(character.encode_utf8(&mut [0; 4])) {
            shown.push(character);
        } else {
            shown.extend(character.escape_unicode());
        }
    }
    if name.chars().nth(MAX_NAME_CHARS).is_some() {
        shown.push('…');
    }
    shown
}

fn size(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
