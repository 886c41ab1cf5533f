//! The ports of datasets, of their documents, and of a search engine.

use serde::{Deserialize, Serialize};

use crate::Pending;
use crate::dataset::{
    Change, ChangeNumber, ChunkRef, ContentHash, Dataset, Document, DocumentId, DocumentSummary,
    ExtractedText, FileFormat, FileRefused, Hits, IndexKey, Job, JobProgress, MadeOf, ReaderVersion,
    SearchQuery, Usage,
};
use crate::ids::{DatasetId, JobId, TenantId};
use crate::page::{Page, PageRequest};
use crate::store::StoreError;
use crate::tenant::{OperatorScope, TenantScope, WriteScope};

mod remote_spaces;
mod vector_databases;
mod vector_index;

pub use remote_spaces::{NoRemoteSpaces, RemoteSpaceError, RemoteSpaces};
pub use vector_databases::{VectorDatabases, VectorDatabasesError};
pub use vector_index::{LostDatabases, VectorBatch, VectorIndex, VectorIndexError};

/// Reads datasets and jobs. A dataset that is being deleted is there for the methods that say so, and for
/// nobody else.
pub trait DatasetView {
    /// One dataset of the tenant, whatever its state.
    fn dataset(&mut self, scope: &TenantScope, id: DatasetId) -> Result<Option<Dataset>, StoreError>;
    /// The tenant's dataset of this name, whatever its state.
    fn dataset_named(&mut self, scope: &TenantScope, name: &str) -> Result<Option<Dataset>, StoreError>;
    /// The tenant's active datasets, in the order of their ids.
    fn datasets(
        &mut self,
        scope: &TenantScope,
        page: PageRequest<DatasetId>,
    ) -> Result<Page<Dataset, DatasetId>, StoreError>;
    /// How many datasets the tenant has, whatever their state.
    fn count_datasets(&mut self, scope: &TenantScope) -> Result<u64, StoreError>;
    /// Every dataset of the tenant, whatever its state, in the order of their ids.
    fn all_datasets(&mut self, scope: &TenantScope) -> Result<Vec<Dataset>, StoreError>;

    /// One job of a dataset.
    fn job(&mut self, scope: &TenantScope, dataset: DatasetId, id: JobId) -> Result<Option<Job>, StoreError>;
    /// A dataset's jobs, those with the greatest ids first: ids tell when they were made.
    fn jobs(
        &mut self,
        scope: &TenantScope,
        dataset: DatasetId,
        page: PageRequest<JobId>,
    ) -> Result<Page<Job, JobId>, StoreError>;
    /// A dataset's jobs whose status is not final, in the order of their ids.
    fn unfinished_jobs(&mut self, scope: &TenantScope, dataset: DatasetId) -> Result<Vec<Job>, StoreError>;
}

/// Writes datasets and jobs.
pub trait DatasetRows: DatasetView {
    /// Adds a dataset. Its id and name are new in the tenant, else [`StoreError::Conflict`].
    fn add_dataset(&mut self, scope: &WriteScope, dataset: &Dataset) -> Result<(), StoreError>;
    /// Replaces all of a dataset but its id, its analyzer and `created_at`.
    fn update_dataset(&mut self, scope: &WriteScope, dataset: &Dataset) -> Result<(), StoreError>;
    /// Removes a dataset and its jobs. `false` when there is none; [`StoreError::Conflict`] while an endpoint
    /// searches it.
    fn remove_dataset(&mut self, scope: &WriteScope, id: DatasetId) -> Result<bool, StoreError>;
    /// Adds a job of an existing dataset.
    fn add_job(&mut self, scope: &WriteScope, job: &Job) -> Result<(), StoreError>;
    /// Replaces a job's status, totals, progress and `finished_at`.
    fn update_job(&mut self, scope: &WriteScope, job: &Job) -> Result<(), StoreError>;
}

/// That a document was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Removal {
    /// The number of that change.
    pub change: ChangeNumber,
    /// Whether what it has left in the store's own files is overwritten.
    pub is_overwritten: bool,
}

/// The store of documents failed.
pub type DocumentStoreError = StoreError;

/// Holds the documents: the truth that every index is derived from. Its methods block on a disk, and must not be
/// called where that matters.
pub trait DocumentStore: Send + Sync {
    /// Puts documents in, all or none; each replaces an older one of its id. They are durable once this answers,
    /// under the number of the last change made. The same job again changes nothing, and answers the same number.
    fn put(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
        documents: &[Document],
    ) -> Result<ChangeNumber, DocumentStoreError>;
    /// Which change a job's documents were put in with; `None` when they never were.
    fn put_by(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
    ) -> Result<Option<ChangeNumber>, DocumentStoreError>;
    /// Puts some of a job's documents in, removes others, and keeps how far that has brought it: all or nothing. Each
    /// document replaces an older one of its id; what is removed may not be there. It is durable once this answers, under
    /// the number of the last change made.
    fn put_part(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
        documents: &[Document],
        removed: &[DocumentId],
        progress: &JobProgress,
    ) -> Result<ChangeNumber, DocumentStoreError>;
    /// How far a job was when a part of it was put in last; `None` when none was.
    fn progress(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
    ) -> Result<Option<JobProgress>, DocumentStoreError>;
    /// Forgets how far a job is. Doing so again changes nothing.
    fn forget_progress(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
    ) -> Result<(), DocumentStoreError>;
    /// What documents were made of, in the order of the ids; `None` where there is no document.
    fn hashes(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        ids: &[DocumentId],
    ) -> Result<Vec<Option<MadeOf>>, DocumentStoreError>;
    /// A document that was made of this, if there is one: of several the first in bytewise order.
    fn made_of(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        sha256: &ContentHash,
    ) -> Result<Option<DocumentId>, DocumentStoreError>;
    /// One document.
    fn document(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        id: &DocumentId,
    ) -> Result<Option<Document>, DocumentStoreError>;
    /// The documents, in bytewise order of their ids.
    fn documents(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        page: PageRequest<DocumentId>,
    ) -> Result<Page<DocumentSummary, DocumentId>, DocumentStoreError>;
    /// Removes a document, and answers the number of that change; `None` when there is none.
    fn remove(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        id: &DocumentId,
    ) -> Result<Option<ChangeNumber>, DocumentStoreError>;
    /// How much the dataset holds.
    fn usage(&self, scope: &TenantScope, dataset: DatasetId) -> Result<Usage, DocumentStoreError>;
    /// The changes after one, or after 0 all of them, in order, up to about `limit`: of each document only the last change. `None` where no
    /// change of these documents has ever had that number: it is of others, as where an older copy was put back.
    fn changes(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        after: ChangeNumber,
        limit: usize,
    ) -> Result<Option<Vec<Change>>, DocumentStoreError>;
    /// The removal of a document; `None` where there is none, or it was put in again.
    fn removal(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        id: &DocumentId,
    ) -> Result<Option<Removal>, DocumentStoreError>;
    /// Overwrites what documents that were removed or replaced before this call have left in the store's own files: once this answers
    /// no byte of them is there. It takes as long as reading all of the dataset, and no time where nothing was removed since the last time.
    /// Others read and write meanwhile.
    ///
    /// # Errors
    /// [`Closed`](StoreError::Closed) when `goes_on` says no, and otherwise the store's failure. It is to be called again then.
    fn overwrite_remains(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        goes_on: &(dyn Fn() -> bool + Sync),
    ) -> Result<(), DocumentStoreError>;
    /// Removes all the dataset ever held. Doing so again changes nothing.
    fn destroy(&self, scope: &TenantScope, dataset: DatasetId) -> Result<(), DocumentStoreError>;
    /// The datasets that hold anything here, known to the rest of the space or not.
    fn held(&self, operator: &OperatorScope) -> Result<Vec<(TenantId, DatasetId)>, DocumentStoreError>;
}

/// A file that was brought, as the list of a spool has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpooledFile {
    /// What it was called by whoever brought it, and no more than that: it may be no [`FileName`](super::FileName).
    pub name: String,
    /// How many bytes were sent. Of a file with more than [`FILE_MAX_BYTES`](super::FILE_MAX_BYTES) none is kept.
    pub bytes: u64,
    /// What it is known by.
    pub sha256: ContentHash,
}

/// How many files a spool may keep together, so that they are made durable and removed at once.
pub const FILES_PER_PACK: usize = 32;
/// The most bytes of a file that is kept together with others.
pub const SMALL_FILE_MAX_BYTES: usize = 256 * 1024;

/// The spool failed.
pub type SpoolError = StoreError;

/// Holds the files of jobs from when they are brought until they are documents. A file has a number, and nothing of
/// what it was called gets near a file system. Its methods block on a disk.
pub trait Spool: Send + Sync {
    /// Begins to take in the files of a job.
    fn begin(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
    ) -> Result<Box<dyn UploadWriter>, SpoolError>;
    /// The files of a job, in the order they were brought; `None` when there are none, or not all of them were.
    fn files(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
    ) -> Result<Option<Vec<SpooledFile>>, SpoolError>;
    /// The bytes of the file with this number, counted from 0; `None` when they are not there.
    fn read(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
        number: usize,
    ) -> Result<Option<Vec<u8>>, SpoolError>;
    /// Removes the bytes of the files before a number; the list stays. So may, until a later call, fewer than
    /// [`FILES_PER_PACK`] files right before it, if they are small. Doing so again changes nothing.
    fn remove_files_before(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
        number: usize,
    ) -> Result<(), SpoolError>;
    /// Removes all of a job. Doing so again changes nothing.
    fn remove(&self, scope: &TenantScope, dataset: DatasetId, job: JobId) -> Result<(), SpoolError>;
    /// The jobs of a dataset that have anything here, whole or not, in the order of their ids.
    fn jobs(&self, scope: &TenantScope, dataset: DatasetId) -> Result<Vec<JobId>, SpoolError>;
    /// Removes all of a dataset. Doing so again changes nothing.
    fn destroy(&self, scope: &TenantScope, dataset: DatasetId) -> Result<(), SpoolError>;
}

/// Takes in the files of one job, one after the other. What is dropped before it is sealed leaves nothing behind.
pub trait UploadWriter: Send {
    /// Begins the next file.
    fn begin_file(&mut self) -> Result<(), SpoolError>;
    /// Adds bytes to the file that was begun last.
    fn write(&mut self, bytes: &[u8]) -> Result<(), SpoolError>;
    /// Takes back all bytes of the file that was begun last, and keeps none.
    fn discard_file(&mut self) -> Result<(), SpoolError>;
    /// Makes all files and their list durable. The list has an entry for each file, in order.
    fn seal(self: Box<Self>, files: &[SpooledFile]) -> Result<(), SpoolError>;
}

/// A search engine did not do what it was asked to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SearchError {
    /// The index cannot be read; rebuilding it mends that.
    #[error("the index of dataset {0} is damaged; rebuild it")]
    Damaged(DatasetId),
    /// There is no space left; nothing was done.
    #[error("no space is left to write to; free some and try again")]
    Full,
    /// More chunks were named than one call may name; nothing was done.
    #[error("at most {} chunks can be named at once", ChunkRef::MAX_NAMED)]
    TooManyChunks,
    /// Anything else.
    #[error("the search failed: {0}")]
    Failed(String),
}

/// Finds chunks. What it holds is derived from a [`DocumentStore`].
pub trait SearchEngine: Send + Sync {
    /// The chunks that are closest to a question, the closest first. A dataset without an index has none.
    fn search<'a>(
        &'a self,
        scope: &'a TenantScope,
        index: IndexKey,
        query: &'a SearchQuery<'a>,
    ) -> Pending<'a, Result<Hits, SearchError>>;

    /// The named chunks, as hits for a question: those that the index has, in the order in which they are named, and each
    /// as often as it is named. Those that it does not have are left out, and a dataset without an index has none. Each is
    /// as [`search`](Self::search) would give it for this text, highlights and all, but with the score 0: what a chunk
    /// scores is for the search to say. A text without a word is answered too, with no highlights.
    ///
    /// It takes as long as the named chunks are many, not the dataset's: a document is looked up by its id.
    ///
    /// # Errors
    /// [`TooManyChunks`](SearchError::TooManyChunks) when more than [`ChunkRef::MAX_NAMED`] are named, be some of them the
    /// same, and otherwise as [`search`](Self::search).
    fn chunks<'a>(
        &'a self,
        scope: &'a TenantScope,
        index: IndexKey,
        text: &'a str,
        chunks: &'a [ChunkRef],
    ) -> Pending<'a, Result<Hits, SearchError>>;

    /// How many chunks can have each of these texts within at most, title and headings included: as a share of all
    /// chunks, from 0 to 1, which is that of the text's rarest word. The words are taken as they are: neither a misspelt
    /// one nor another form of a verb stands for one that no chunk has. Where a text has other words, those that the
    /// dataset's settings do not count say nothing; where it has no others, each counts however it is written.
    ///
    /// It is 0 for a text with a word that no chunk has, for one without any word (only punctuation), and where there is
    /// no index. One number for each text, in their order. It takes a look-up for each word.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    fn shares<'a>(
        &'a self,
        scope: &'a TenantScope,
        index: IndexKey,
        texts: &'a [&'a str],
    ) -> Pending<'a, Result<Vec<f32>, SearchError>>;

    /// The last change the index has seen, durably. Blocks on a disk.
    fn indexed(&self, scope: &TenantScope, index: IndexKey) -> Result<ChangeNumber, SearchError>;
    /// Brings the index the next changes, in order. Once this answers they are durable in it and the next search
    /// sees them. Blocks on a disk.
    fn apply(&self, scope: &TenantScope, index: IndexKey, changes: &[Change]) -> Result<(), SearchError>;
    /// Removes the index. Doing so again changes nothing. Blocks on a disk.
    fn destroy(&self, scope: &TenantScope, dataset: DatasetId) -> Result<(), SearchError>;
}

/// No text was taken out of a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExtractError {
    /// It is the file's fault, and will be so again.
    #[error(transparent)]
    Refused(#[from] FileRefused),
    /// It is not the file's fault: there was no process to read it, or no space.
    #[error("files cannot be read at the moment: {0}")]
    Failed(String),
}

/// Takes text out of files. What it reads is hostile until it is text: an implementation bounds time and memory, and
/// no file can harm the process that calls it.
pub trait TextExtractor: Send + Sync {
    /// The text of a file. Blocks until it is read.
    fn extract(&self, format: FileFormat, bytes: &[u8]) -> Result<ExtractedText, ExtractError>;

    /// Which version the reader of a format is: another one than before gives another text for some files.
    fn version(&self, format: FileFormat) -> ReaderVersion;

    /// The walls between a hostile file and the rest that this system lacks, each with why; none where all stand.
    fn lacking_walls(&self) -> Result<Vec<String>, ExtractError> {
        Ok(Vec::new())
    }
}
