//! Every port that use cases work with, wired once.

use std::sync::Arc;

use crate::audit::ports::CheckpointSigner;
use crate::audit::{Origin, RequestContext};
use crate::dataset::ports::{DocumentStore, RemoteSpaces, SearchEngine, Spool, TextExtractor};
use crate::dataset::{DatasetLocks, IngestQueue, Meaning};
use crate::expectation::GuardTurns;
use crate::identity::SessionLife;
use crate::identity::oidc::ProviderLogouts;
use crate::identity::oidc::ports::OidcClient;
use crate::identity::ports::{AccessTokens, Passwords, SigningKeys};
use crate::mail::Mails;
use crate::marketplace::ports::{HubClient, SatelliteIdentities, SatelliteTokens, TrustedHubs};
use crate::policy::{OpenReviews, PolicyTypes};
use crate::privacy::ports::ErasureLedger;
use crate::random::{Entropy, RandomError};
use crate::sealing::Sealer;
use crate::snapshot::Snapshots;
use crate::store::Store;
use crate::time::Clock;

/// Every port of a space. The binary makes one from its adapters; a test harness makes one from others.
#[derive(Clone)]
pub struct Space {
    /// Keeps documents.
    pub documents: Arc<dyn DocumentStore>,
    /// Finds chunks of them.
    pub engine: Arc<dyn SearchEngine>,
    /// Holds files until they are documents.
    pub spool: Arc<dyn Spool>,
    /// Takes text out of files.
    pub extractor: Arc<dyn TextExtractor>,
    /// Keeps everything but documents. It stands behind them, so that it is closed after them: it is what keeps
    /// others away.
    pub store: Arc<dyn Store>,
    /// Holds ready what the query path needs.
    pub snapshots: Arc<dyn Snapshots>,
    /// Which types of policy there are. The snapshots compile policies with the same.
    pub policy_types: PolicyTypes,
    /// Hashes passwords.
    pub passwords: Arc<dyn Passwords>,
    /// Signs and verifies access tokens.
    pub tokens: Arc<dyn AccessTokens>,
    /// How long sessions live.
    pub session_life: SessionLife,
    /// Keeps the keys that sign them.
    pub signing_keys: Arc<dyn SigningKeys>,
    /// Speaks with identity providers.
    pub oidc: Arc<dyn OidcClient>,
    /// Knows who has logged out at their providers lately.
    pub provider_logouts: ProviderLogouts,
    /// Which hubs are trusted.
    pub trusted: Arc<dyn TrustedHubs>,
    /// Verifies satellite tokens.
    pub satellites: Arc<dyn SatelliteTokens>,
    /// Knows who their bearers are.
    pub identities: Arc<dyn SatelliteIdentities>,
    /// Speaks to hubs.
    pub hubs: Arc<dyn HubClient>,
    /// Asks other spaces.
    pub remote_spaces: Arc<dyn RemoteSpaces>,
    /// Sends mail, where there is a mail server.
    pub mails: Option<Arc<Mails>>,
    /// Signs checkpoints of the audit logs.
    pub checkpoint_signer: Arc<dyn CheckpointSigner>,
    /// Keeps who was erased, in a second place where there is one.
    pub erasure_ledger: Option<Arc<dyn ErasureLedger>>,
    /// Seals secrets.
    pub sealer: Arc<dyn Sealer>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Lets one writer at a time change a dataset's documents.
    pub datasets: DatasetLocks,
    /// Lets one write of a tenant at a time be held to many expectations.
    pub guard_turns: GuardTurns,
    /// The access reviews that are being read.
    pub reviews: OpenReviews,
    /// What waits to be worked off in the background.
    pub ingestion: IngestQueue,
    /// What searching by meaning needs.
    pub meaning: Meaning,
}

impl Space {
    /// Begins the context of a request.
    ///
    /// # Errors
    /// When the source of randomness fails.
    pub fn request_context(&self, origin: Origin) -> Result<RequestContext, RandomError> {
        RequestContext::begin(self.clock.now(), Arc::clone(&self.entropy), origin)
    }
}
