//! The vectors of datasets in a vector database outside of the space: Chroma (HTTP API, version 2) or Qdrant (REST).
//!
//! [`RoutedVectors`] implements [`VectorIndex`](syft_space_domain::dataset::ports::VectorIndex): for each dataset it asks the
//! port [`VectorDatabases`](syft_space_domain::dataset::ports::VectorDatabases) where its vectors lie, and goes to the index
//! in the space or to [`ExternalVectors`].
//!
//! # What leaves the space
//!
//! Vectors, each under a number: a random one for each version of a document, and the chunk's place in it. No text, title, id
//! or metadata of a document does, nor anything a person wrote. A collection is called by the ids of the tenant and the
//! dataset and a random number, and is never used again once it was given up.
//!
//! # What the space keeps
//!
//! Which number means which document stands in a journal, one database for each dataset in the dataset's folder. The
//! journal is what counts: whatever a server answers, a number that is not in it is no hit. So a server that answers
//! nonsense, another tenant's points or those of a document that was removed shows nothing.
//!
//! # What is removed
//!
//! is out of the journal's documents at once, durably, and in its list of what must leave the server. It is found by nobody
//! from then on. It stays in that list until the server has none of it, which the server is asked after it was told to
//! remove it: a status alone confirms nothing. [`ExternalVectors::sweep`] goes on with the list.
//!
//! # What a crash leaves
//!
//! Before anything is sent, the journal has it in the list of what must leave. Only once it has arrived do the journal's
//! documents have it instead. So whatever a crash leaves at the server is in one of both.
#![forbid(unsafe_code)]

mod api;
mod batches;
mod collection;
mod external;
mod journal;
mod nearest;
mod point;
mod rest;
mod routed;
mod step;
mod sweep;

pub use external::{Clients, ExternalOptions, ExternalVectors};
pub use routed::RoutedVectors;
pub use sweep::Swept;
