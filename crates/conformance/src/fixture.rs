//! Test fixtures: a fresh adapter for each check, and the way to open it a second time.

use std::sync::Arc;

use syft_space_domain::dataset::ports::{DocumentStore, SearchEngine, Spool, TextExtractor, VectorIndex};
use syft_space_domain::encoder::ports::Encoder;
use syft_space_domain::identity::ports::{AccessTokens, Passwords, SigningKeys};
use syft_space_domain::policy::ports::RateLimitStore;
use syft_space_domain::provisioning::ports::Provisioner;
use syft_space_domain::sealing::Sealer;
use syft_space_domain::store::{CommitHook, Store};

/// An empty adapter under test.
pub struct Fixture<P: ?Sized> {
    /// The adapter.
    pub adapter: Box<P>,
    /// Opens the same data again, once `adapter` is dropped; `None` for an adapter without persistence. The closure
    /// owns the temporary folder, which therefore lives as long as it is needed.
    pub reopen: Option<Reopen<P>>,
}

/// Opens the data of an adapter again.
pub type Reopen<P> = Box<dyn FnOnce() -> Fixture<P>>;

impl<P: ?Sized> Fixture<P> {
    /// An adapter without persistence.
    #[must_use]
    pub fn new(adapter: Box<P>) -> Self {
        Self { adapter, reopen: None }
    }

    /// Adds how to open the data again.
    #[must_use]
    pub fn with_reopen(mut self, reopen: impl FnOnce() -> Self + 'static) -> Self {
        self.reopen = Some(Box::new(reopen));
        self
    }
}

/// Makes an empty store that calls the hook after each commit. A store that [`Fixture::reopen`] opens need not call it.
pub type StoreFactory = dyn Fn(Arc<dyn CommitHook>) -> Fixture<dyn Store>;
/// Makes an empty document store.
pub type DocumentsFactory = dyn Fn() -> Fixture<dyn DocumentStore>;
/// Makes a search engine without an index.
pub type SearchFactory = dyn Fn() -> Fixture<dyn SearchEngine>;
/// Makes an index of vectors that holds none.
pub type VectorsFactory = dyn Fn() -> Fixture<dyn VectorIndex>;
/// Makes a text extractor.
pub type ExtractorFactory = dyn Fn() -> Box<dyn TextExtractor>;
/// Makes an encoder, each time of the same model. The model tells the words `one`, `two` and `three` apart.
pub type EncoderFactory = dyn Fn() -> Box<dyn Encoder>;
/// Makes a provisioner that has provisioned nothing.
pub type ProvisionerFactory = dyn Fn() -> Box<dyn Provisioner>;
/// Makes an empty spool.
pub type SpoolFactory = dyn Fn() -> Fixture<dyn Spool>;
/// Makes an empty store of rate limits.
pub type RateLimitsFactory = dyn Fn() -> Fixture<dyn RateLimitStore>;
/// Makes a password hasher.
pub type PasswordsFactory = dyn Fn() -> Box<dyn Passwords>;
/// Makes a token signer with its own keys. It does not accept the tokens of another signer.
pub type TokensFactory = dyn Fn() -> Box<dyn AccessTokens>;
/// Makes a token signer with one key of its own, and what keeps its keys.
pub type SigningKeysFactory = dyn Fn() -> (Arc<dyn AccessTokens>, Arc<dyn SigningKeys>);
/// Makes a sealer with its own key. Another sealer cannot open its values.
pub type SealerFactory = dyn Fn() -> Box<dyn Sealer>;
