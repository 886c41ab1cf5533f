//! What is searched: datasets, their documents, the chunks they are cut into, and how they get into an index.
//!
//! The [`ports::DocumentStore`] holds the truth. A [`ports::SearchEngine`]'s index is derived from it: each change
//! to the documents bears a number, the index knows the last number it has seen, and [`catch_up`] brings it the
//! rest. So an index that is behind, broken or lost is mended the same way as one that is new.

mod analyzer;
mod ask_remote;
mod cancel;
mod change;
mod chunk;
mod context;
mod document;
mod document_remains;
mod encode;
mod encoding_queue;
mod file;
mod find;
mod forget_database;
mod fusion;
mod hash;
mod identifiers;
mod ingest;
mod ingest_files;
mod ingest_queue;
mod ingest_turns;
mod job;
mod location;
mod locks;
mod manage;
mod markdown;
mod meaning;
mod metadata;
pub mod ports;
mod rare_words;
mod read_group;
mod reconcile;
mod remote_endpoint;
mod remove;
mod remove_vectors;
mod retrieval;
mod search;
mod search_query;
mod server_url;
mod surroundings;
mod task;
mod unconfirmed_removals;
mod upload;
mod vector_database;
mod vector_location;
mod vectors;

pub use analyzer::{AnalyzerSettings, Stemming, StopWords, Tokenizer};
pub use cancel::cancel_job;
pub use change::{ChangeDataset, change_dataset};
pub use chunk::{Chunk, chunks, chunks_at};
pub use context::{contexts, encoder_texts, hyphenated_words};
pub use document::{
    Change, ChangeNumber, Document, DocumentError, DocumentId, DocumentIdError, DocumentSummary, MadeOf,
    NewDocument, ReaderVersion, Usage,
};
pub use document_remains::overwrite_document_remains;
pub use encode::encode_queued;
pub use encoding_queue::{EncodingProgress, EncodingQueue};
pub use file::{
    ExtractedText, FILE_MAX_BYTES, FileFormat, FileFormatError, FileName, FileNameError, FileRefused,
};
pub use find::SearchResults;
pub(crate) use find::find as find_chunks;
pub use forget_database::forget_database;
pub use fusion::{Explanation, Found, Fused};
pub use hash::{ContentHash, ContentHashError};
pub use identifiers::{comparable, identifiers, tells_apart};
pub use ingest::{
    IngestError, RemoveDocumentError, catch_up, document, documents, finish_ingestion, finish_later,
    ingestion_scope, is_outdated, remove_document, start_ingestion,
};
pub use ingest_files::work_off;
pub use ingest_queue::{IngestQueue, JobWatch};
pub use job::{Job, JobFailure, JobProgress, JobRate, JobSnapshot, JobStatus, JobStatusError};
pub use location::{Landmark, Location, Mark};
pub use locks::DatasetLocks;
pub use manage::{
    DatasetError, DatasetUsage, NewDataset, NewRetrieval, create_dataset, dataset, datasets, job, jobs, usage,
};
pub use markdown::markdown_title;
pub use meaning::Meaning;
pub use metadata::Metadata;
pub use rare_words::{PlainWord, plain_words};
pub use reconcile::{Reconciled, lost_datasets, reconcile};
pub use remote_endpoint::{ChangeRemote, RemoteEndpoint, RemoteIncomplete};
pub use remove::{begin_removal, finish_removal};
pub use retrieval::{Retrieval, RetrievalError, SearchMode, SearchModeError, Searched};
pub use search::{SearchDatasetError, search_dataset};
pub use search_query::{ContextSize, Highlight, Hit, Hits, SearchQuery, SearchQueryError, Threshold};
pub use server_url::{ServerUrl, ServerUrlError};
pub use surroundings::HitContext;
pub(crate) use surroundings::Surroundings;
pub use unconfirmed_removals::UnconfirmedRemovals;
pub use upload::{Upload, UploadError};
pub use vector_database::{
    VectorDatabase, VectorDatabaseCredential, VectorDatabaseCredentialError, VectorDatabaseKind,
    VectorDatabaseKindError,
};
pub use vector_location::{
    ChangeVectors, DatasetType, DatasetTypeError, StoredVectorDatabase, StoredVectorDatabases,
    VectorLocation, VectorLocationError,
};
pub use vectors::{ChunkRef, Neighbour, VectorChange, VectorKey, VectorQuery, VectorQueryError};

use crate::as_text::text_enum;
use crate::ids::DatasetId;
use crate::page::PageItem;
use crate::time::Timestamp;

/// Which index is meant, and how its words are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct IndexKey {
    /// The dataset.
    pub dataset: DatasetId,
    /// How its words are made comparable.
    pub analyzer: AnalyzerSettings,
}

text_enum! {
    /// Whether a dataset is there, or on its way out.
    pub enum DatasetState {
        /// It is there.
        Active = "active",
        /// Its documents are being removed. Nobody sees it any more.
        Deleting = "deleting",
    }

    /// A text that is no state of a dataset.
    #[error("a dataset is active or deleting")]
    pub struct DatasetStateError;
}

/// Documents that are searched together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dataset {
    /// Its id.
    pub id: DatasetId,
    /// Its name, unique in the tenant.
    pub name: String,
    /// One sentence about it.
    pub summary: String,
    /// Words to find it by.
    pub tags: String,
    /// How its words are made comparable.
    pub analyzer: AnalyzerSettings,
    /// How it is searched.
    pub retrieval: Retrieval,
    /// Where its vectors lie.
    pub vectors: VectorLocation,
    /// Whether it is there.
    pub state: DatasetState,
    /// Counts its changes, from 1.
    pub revision: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl PageItem for Dataset {
    fn bytes(&self) -> usize {
        self.name.len() + self.summary.len() + self.tags.len()
    }
}

impl Dataset {
    /// Its index.
    #[must_use]
    pub fn index(&self) -> IndexKey {
        IndexKey { dataset: self.id, analyzer: self.analyzer }
    }

    /// What a search needs to know of it.
    #[must_use]
    pub fn searched(&self) -> Searched {
        Searched {
            index: self.index(),
            retrieval: self.retrieval.clone(),
            dataset_type: self.vectors.dataset_type(),
            remote: self.vectors.remote().cloned(),
        }
    }
}
