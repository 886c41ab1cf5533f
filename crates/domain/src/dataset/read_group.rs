//! Looking at a job's next files: which are there already, and what text the others give.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use crate::dataset::ports::{ExtractError, SpooledFile};
use crate::dataset::task::FileTask;
use crate::dataset::{
    ContentHash, Document, DocumentError, DocumentId, ExtractedText, FILE_MAX_BYTES, FileFormat, FileName,
    FileRefused, JobFailure, Metadata, NewDocument, chunks,
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
    /// A document of the same content is stored under another id.
    Duplicate,
    /// It gives no document.
    Refused(JobFailure),
    /// It gives this one.
    Read { document: Document, file: String, is_new: bool },
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
    let stored: HashMap<&DocumentId, ContentHash> =
        ids.iter().zip(stored).filter_map(|(id, hash)| Some((id, hash?))).collect();

    let mut group = Group { space, scope, files, stored, hashes: HashMap::new(), extracted: Vec::new() };
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
        if let ExtractedFile::Read { document, .. } = &extracted {
            text = text.saturating_add(document.content.len());
            group.hashes.insert(file.sha256, document.id.clone());
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
    stored: HashMap<&'a DocumentId, ContentHash>,
    /// What is in the group and not stored yet.
    hashes: HashMap<ContentHash, DocumentId>,
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
            return Ok(refused(None, &file.name, &crate::dataset::FileNameError));
        };
        let id = name.document_id();
        let refuse = |error: &dyn std::fmt::Display| Ok(refused(Some(&id), &file.name, error));
        let format = match FileFormat::of(&name) {
            Ok(format) => format,
            Err(error) => return refuse(&error),
        };
        if file.bytes > size(FILE_MAX_BYTES) {
            return refuse(&FileRefused::TooLarge(size(FILE_MAX_BYTES)));
        }
        if file.bytes == 0 {
            return refuse(&"the file is empty: there is no text in it");
        }
        let stored = self.stored.get(&id);
        if stored == Some(&file.sha256) {
            return Ok(ExtractedFile::Unchanged);
        }
        // What is stored under this id has another content, and must not go on being found: it is replaced in any case.
        if stored.is_none() && self.is_elsewhere(&id, &file.sha256)? {
            return Ok(ExtractedFile::Duplicate);
        }
        let job = &self.files.job;
        let Some(bytes) = self.space.spool.read(self.scope, job.dataset, job.id, number)? else {
            if self.space.ingestion.is_stopped(job.id) {
                return Err(crate::store::StoreError::Closed.into());
            }
            return refuse(&"the file is not in the spool any more: send it again");
        };
        // A reader or cutter that panics over a file must not be asked again for ever.
        let read = catch_unwind(AssertUnwindSafe(|| {
            let text = self.space.extractor.extract(format, &bytes)?;
            Ok::<_, ExtractError>(self.document(id.clone(), &name, text, file.sha256))
        }));
        let document = match read.unwrap_or(Err(FileRefused::TooHeavy.into())) {
            Ok(document) => document,
            Err(ExtractError::Refused(error)) => return refuse(&error),
            Err(error @ ExtractError::Failed(_)) => return Err(error.into()),
        };
        match document {
            Ok(document) => {
                Ok(ExtractedFile::Read { document, file: shown(&file.name), is_new: stored.is_none() })
            }
            Err(DocumentError::Empty) => refuse(&FileRefused::NoText),
            Err(error) => refuse(&error),
        }
    }

    /// Whether a document of this content is stored under another id, and will stay: one that another file of the
    /// job is about to replace does not count.
    fn is_elsewhere(&self, id: &DocumentId, hash: &ContentHash) -> Result<bool, PortError> {
        if self.hashes.get(hash).is_some_and(|other| other != id) {
            return Ok(true);
        }
        let other = self.space.documents.made_of(self.scope, self.files.job.dataset, hash)?;
        let stays = |other: &DocumentId| self.files.becoming.get(other).is_none_or(|next| next == hash);
        Ok(other.is_some_and(|other| other != *id && stays(&other)))
    }

    fn document(
        &self,
        id: DocumentId,
        name: &FileName,
        text: ExtractedText,
        sha256: ContentHash,
    ) -> Result<Document, DocumentError> {
        let ExtractedText { title, text } = text;
        let mut metadata = Metadata::new();
        metadata.insert("source".to_owned(), name.as_str().into());
        metadata.insert("title".to_owned(), title.unwrap_or_else(|| name.last().to_owned()).into());
        let NewDocument { id, content, metadata } = NewDocument::new(id, text, metadata)?;
        let created_at = self.space.clock.now();
        Ok(Document { id, chunks: chunks(&content), content, metadata, sha256, created_at })
    }
}

fn refused(id: Option<&DocumentId>, name: &str, error: &dyn std::fmt::Display) -> ExtractedFile {
    ExtractedFile::Refused(JobFailure {
        document_id: id.map(ToString::to_string),
        file: Some(shown(name)),
        message: error.to_string(),
    })
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
