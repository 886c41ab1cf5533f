//! How does a suite get a fresh adapter, and open it a second time?

use std::sync::Arc;

use syft_space_domain::dataset::ports::{DocumentStore, SearchEngine, Spool, TextExtractor};
use syft_space_domain::identity::ports::{AccessTokens, Passwords};
use syft_space_domain::sealing::Sealer;
use syft_space_domain::store::{CommitHook, Store};

/// An adapter that was just made, empty.
pub struct Made<P: ?Sized> {
    /// The adapter.
    pub port: Box<P>,
    /// Opens what it left behind, once `port` is dropped; `None` for an adapter that leaves nothing. A temporary
    /// folder lives in this closure, and so as long as it is needed.
    pub reopen: Option<Reopen<P>>,
}

/// Opens what an adapter left behind.
pub type Reopen<P> = Box<dyn FnOnce() -> Made<P>>;

impl<P: ?Sized> Made<P> {
    /// An adapter that leaves nothing behind.
    #[must_use]
    pub fn new(port: Box<P>) -> Self {
        Self { port, reopen: None }
    }

    /// Says how to open it again.
    #[must_use]
    pub fn reopened_by(mut self, reopen: impl FnOnce() -> Self + 'static) -> Self {
        self.reopen = Some(Box::new(reopen));
        self
    }
}

/// Makes a store without a row, which tells the follower of each commit. A store that is opened again by
/// [`Made::reopen`] need not.
pub type MakeStore = dyn Fn(Arc<dyn CommitHook>) -> Made<dyn Store>;
/// Makes a document store without a document.
pub type MakeDocuments = dyn Fn() -> Made<dyn DocumentStore>;
/// Makes a search engine without an index.
pub type MakeSearch = dyn Fn() -> Made<dyn SearchEngine>;
/// Makes a reader of files.
pub type MakeExtractor = dyn Fn() -> Box<dyn TextExtractor>;
/// Makes a spool without a file.
pub type MakeSpool = dyn Fn() -> Made<dyn Spool>;
/// Makes a hasher of passwords.
pub type MakePasswords = dyn Fn() -> Box<dyn Passwords>;
/// Makes a signer of tokens, with keys of its own: another's tokens are not accepted.
pub type MakeTokens = dyn Fn() -> Box<dyn AccessTokens>;
/// Makes a sealer of secrets, with a key of its own: another cannot open what it sealed.
pub type MakeSealer = dyn Fn() -> Box<dyn Sealer>;
