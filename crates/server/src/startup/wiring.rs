//! The wiring of a space: from a home and its settings to the adapter behind each port.

use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::available_parallelism;

use anyhow::Context;
use syft_space_domain::audit::ports::CheckpointSigner;
use syft_space_domain::audit::{Action, Actor, Log, Origin};
use syft_space_domain::dataset::{
    IngestQueue, Meaning, Reconciled, StoredVectorDatabases, lost_datasets, reconcile,
};
use syft_space_domain::expectation::GuardTurns;
use syft_space_domain::identity::oidc::ProviderLogouts;
use syft_space_domain::ids::{DatasetId, TenantId};
use syft_space_domain::mail::Mails;
use syft_space_domain::mail::ports::Mailer;
use syft_space_domain::marketplace::ports::TrustedHubs;
use syft_space_domain::policy::{OpenReviews, PolicyTypes, RateLimitType, TokenLimitType};
use syft_space_domain::privacy::ports::ErasureLedger;
use syft_space_domain::privacy::{Reapplied, reapply_erasures};
use syft_space_domain::random::Entropy;
use syft_space_domain::sealing::Sealer;
use syft_space_domain::secret::Secret;
use syft_space_domain::snapshot::{ClosedTenant, SnapshotCache};
use syft_space_domain::store::{CommitHook, Flow, Store};
use syft_space_domain::tenant::OperatorScope;
use syft_space_domain::time::Clock;
use syft_space_domain::{DatasetLocks, Space};
use syft_space_home::{FileSpool, Home, HomeLock};
use syft_space_jwt::TokenSettings;
use syft_space_models::InstalledEncoders;
use syft_space_notes::NoteSigner;
use syft_space_oidc::RelyingParty;
use syft_space_outbound::{AllowList, Client, ClientSettings, SystemResolver};
use syft_space_passwords::{Argon2Passwords, HashingSettings};
use syft_space_search::{FlatVectors, TantivySearch, VectorOptions};
use syft_space_secrets::{MasterKey, XChaChaSealer};
use syft_space_smtp::{SmtpMailer, SmtpSettings};
use syft_space_sqlite::{SqliteDocuments, SqliteOptions, SqliteRateLimits, SqliteStore, prepare_home};
use syft_space_syfthub::{HubHttp, IdentitySettings, SyftHub, SyftHubIdentities, SyftHubTokens, SyftSpaces};
use syft_space_vectordb::{Clients, ExternalOptions, ExternalVectors, RoutedVectors};

use crate::cli::read_files;
use crate::config::{MailSettings, Settings};
use crate::startup::databases;
use crate::startup::erasure_ledger::FolderLedger;
use crate::startup::keys::{KeySettings, TokenKeys};
use crate::startup::ledger_mark::folder_of_home;
use crate::system::{SystemClock, SystemEntropy};

/// The issuer and the audience of access tokens. The keys tell one space from another.
const ISSUER: &str = "syft-space";

/// A space on its home, which no other process serves meanwhile.
pub struct OpenedSpace {
    /// Every port.
    pub space: Space,
    /// The operator, who started this.
    pub operator: OperatorScope,
}

/// Opens the space of a home, makes what it lacks, and ends what an earlier run left half done.
///
/// # Errors
/// When the home, its database or its keys cannot be used, with what to do about it.
pub fn open(path: &Path, settings: &Settings) -> anyhow::Result<OpenedSpace> {
    open_locked(prepare_home(path)?.lock()?, settings)
}

/// Opens the space of a home that is locked already.
///
/// # Errors
/// As for [`open`].
pub fn open_locked(lock: HomeLock, settings: &Settings) -> anyhow::Result<OpenedSpace> {
    lock.home().remove_empty_tenants().context("removing what is left of tenants that have ended")?;
    let home = lock.home().clone();
    let opened = open_at(lock, settings)?;
    let reconciled =
        reconcile(&opened.space, &opened.operator).context("ending what an earlier run left half done")?;
    check_documents(&home, &reconciled.lost)?;
    tell_unknown(&home, &reconciled.unknown);
    for (tenant, dataset) in &reconciled.outdated {
        tracing::warn!(
            folder = %home.dataset(*tenant, *dataset).display(),
            "the index of a dataset had seen changes that its documents lack, so these are another copy of them: it was made anew, \
             and what was put in or removed behind that copy was not"
        );
    }
    if reconciled != Reconciled::default() {
        tracing::info!(mended = ?reconciled, "ended what an earlier run left half done");
    }
    for reapplied in reapply_erasures(&opened.space, &opened.operator)? {
        tell_reapplied(reapplied);
    }
    Ok(opened)
}

/// The datasets that have an index, and no documents that it could be of: their file is missing or empty.
fn without_documents(home: &Home) -> io::Result<Vec<(TenantId, DatasetId)>> {
    let mut folders = home.dataset_folders()?;
    folders.retain(|(tenant, dataset)| {
        let documents =
            home.documents_db(*tenant, *dataset).metadata().map_or(0, |documents| documents.len());
        home.index(*tenant, *dataset).exists() && documents == 0
    });
    Ok(folders)
}

/// Refuses a home of which the documents of these datasets are missing.
fn check_documents(home: &Home, lost: &[(TenantId, DatasetId)]) -> anyhow::Result<()> {
    let Some((tenant, dataset)) = lost.first() else { return Ok(()) };
    anyhow::bail!(
        "{} of the datasets of this home had documents, and they are not there; those of one should lie in {}. Mount what holds them, or restore a \
         backup; where they are lost for good leave an empty folder there, and the dataset begins anew",
        lost.len(),
        home.dataset(*tenant, *dataset).display(),
    )
}

/// Tells of documents that a home should not have.
fn tell_unknown(home: &Home, unknown: &[(TenantId, DatasetId)]) {
    for (tenant, dataset) in unknown {
        tracing::warn!(
            folder = %home.dataset(*tenant, *dataset).display(),
            "there is a dataset that app.db does not know, so it may be older than the dataset is: put the copy there that it is of, or \
             remove the folder"
        );
    }
}

/// Tells the operator what goes again.
fn tell_reapplied(reapplied: Reapplied) {
    match reapplied {
        Reapplied::Account { tenant, account, was_last_owner } => {
            tracing::warn!(
                %tenant, %account,
                "somebody who was erased stood in this home, as an older copy of it was put back: they are erased again"
            );
            if was_last_owner {
                tracing::error!(%tenant, "the tenant has no owner by that: `syft-space owner create --tenant NAME` makes one");
            }
        }
        Reapplied::Tenant(tenant) => tracing::warn!(
            %tenant,
            "a tenant that was removed stood in this home, as an older copy of it was put back: it is removed again"
        ),
    }
}

/// Opens the space of a home without ending what an earlier run left half done: for commands that repair it, such as
/// building a damaged index anew.
///
/// # Errors
/// As for [`open`].
pub fn open_unreconciled(path: &Path, settings: &Settings) -> anyhow::Result<OpenedSpace> {
    let lock = prepare_home(path)?.lock()?;
    let home = lock.home().clone();
    let opened = open_at(lock, settings)?;
    check_documents(&home, &lost_datasets(&opened.space, &opened.operator)?)?;
    Ok(opened)
}

/// Tells where a new key is about to be made although secrets may be sealed with another. Whoever shows a code of a second factor is told that
/// it is wrong, as if they had mistyped it.
fn tell_missing_sealing_key(store: &dyn Store, operator: &OperatorScope, home: &Home) -> anyhow::Result<()> {
    let file = home.sealing_key();
    if file.try_exists().context("looking for the sealing key")? {
        return Ok(());
    }
    let everywhere = operator.clone();
    let tenants = store.read(Flow::Installation, move |view| view.tenant_ids(&everywhere)).wait()?;
    if !tenants.is_empty() {
        tracing::error!(
            file = %file.display(),
            "the key that secrets are sealed with is not there, and a new one is made: codes of second factors fit no more, and secrets of hubs, \
             mail, sinks and databases cannot be opened. Stop the server and put the file back from a copy of the home"
        );
    }
    Ok(())
}

fn open_at(lock: HomeLock, settings: &Settings) -> anyhow::Result<OpenedSpace> {
    // Before an index is made anew, of nothing.
    check_documents(
        lock.home(),
        &without_documents(lock.home()).context("looking for the documents of datasets")?,
    )?;
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let operator = OperatorScope::at_startup();

    // Before a query is let in, what was taken before is known.
    let rate_limits = SqliteRateLimits::open(lock.home())
        .context("reading what was taken of rate limits; without the file they begin whole")?;
    let rate_limits = RateLimitType::kept_in(Arc::new(rate_limits), clock.now())?;
    let token_limits = TokenLimitType::new(rate_limits.limiter());
    let policy_types = PolicyTypes::default().with(rate_limits).with(token_limits);
    let snapshots = Arc::new(SnapshotCache::new(policy_types.clone()));
    let commit_hook: Arc<dyn CommitHook> = snapshots.clone();
    let store = SqliteStore::open_locked(lock, SqliteOptions::default(), commit_hook)?;
    let home = store.home().clone();
    let store: Arc<dyn Store> = Arc::new(store);
    let loading = (Arc::clone(&snapshots), operator.clone());
    let closed = store.read(Flow::Installation, move |view| loading.0.load(view, &loading.1)).wait()?;
    for ClosedTenant { tenant, error } in closed {
        tracing::warn!(%tenant, %error, "a tenant is closed, for its state cannot be read; the others are served");
    }

    tell_missing_sealing_key(&*store, &operator, &home)?;
    let environment = settings.environment.clone();
    let sealing_key = MasterKey::load_or_make(&home.sealing_key(), &environment, clock.now(), &*entropy)?;
    let checkpoint_signer =
        Arc::new(NoteSigner::load_or_make(&home.audit_key(), &environment, clock.now(), &*entropy)?);
    let ledger = |folder| -> Arc<dyn ErasureLedger> {
        Arc::new(FolderLedger::new(folder, home.erasure_ledger(), Arc::clone(&checkpoint_signer)))
    };
    let erasure_ledger = ledger_folder(&home, settings)?.map(ledger);
    let client = Arc::new(outbound(settings, &entropy)?);
    let http: Arc<dyn HubHttp> = client.clone();
    let hubs = Arc::new(SyftHub::new(Arc::clone(&http), Arc::clone(&clock), &*entropy)?);
    // Whoever is slow to answer there keeps no call to a hub waiting.
    let remote_spaces = SyftSpaces::new(Arc::new(client_of_spaces(settings, &entropy)?));
    let trusted: Arc<dyn TrustedHubs> = snapshots.clone();
    let satellites =
        SyftHubTokens::new(Arc::clone(&trusted), http, SyftHubTokens::DEFAULT_REMEMBERED, &*entropy)?;
    let identity_settings = IdentitySettings {
        fresh: settings.hub_identity,
        stale: settings.hub_identity_stale,
        ..IdentitySettings::default()
    };

    let key_settings = KeySettings {
        algorithm: settings.access_token_algorithm,
        max_age: settings.access_token_key_max_age,
        environment,
    };
    let tokens = TokenSettings {
        issuer: ISSUER.to_owned(),
        audience: ISSUER.to_owned(),
        lifetime: settings.access_token_lifetime,
        cached: TokenSettings::DEFAULT_CACHED,
    };
    let token_keys = TokenKeys::load_or_create(
        home.token_keys(),
        key_settings,
        tokens,
        clock.now(),
        Arc::clone(&entropy),
    )?;
    let mails = mailer(settings)?.map(|mailer| Mails::new(mailer, settings.public_url.clone()));
    let sealer: Arc<dyn Sealer> = Arc::new(XChaChaSealer::new(sealing_key, Arc::clone(&entropy)));
    let processors = available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let encoders = InstalledEncoders::open(home.clone(), client.clone(), Arc::clone(&sealer), processors);
    let embedded = FlatVectors::new(home.clone(), VectorOptions::default());
    let databases = databases::databases(settings, checkpoint_signer.installation())?;
    let places = StoredVectorDatabases::new(Arc::clone(&store), Arc::clone(&sealer), databases.clone());
    let provisioned = Arc::new(databases::client(settings, &entropy)?);
    let clients = Clients { others: Arc::clone(&client), provisioned };
    let external =
        ExternalVectors::new(home.clone(), clients, Arc::clone(&entropy), ExternalOptions::default());
    let external = external.context("calling vector databases")?;
    let vectors = RoutedVectors::new(Arc::new(embedded), external, Arc::new(places));
    let meaning = Meaning { databases, ..Meaning::new(Arc::new(encoders), Arc::new(vectors)) };
    let space = Space {
        store,
        snapshots,
        policy_types,
        documents: Arc::new(SqliteDocuments::new(&home, &*entropy)?),
        spool: Arc::new(FileSpool::new(&home)),
        extractor: Arc::new(read_files::extractor().context("finding the program that reads files")?),
        engine: Arc::new(TantivySearch::new(home.clone(), syft_space_search::Options::default())),
        passwords: Arc::new(Argon2Passwords::new(HashingSettings::default(), Arc::clone(&entropy))?),
        tokens: token_keys.tokens(),
        session_life: settings.session_life,
        oidc: Arc::new(RelyingParty::new(client)),
        provider_logouts: ProviderLogouts::new(&*entropy)?,
        signing_keys: Arc::new(token_keys),
        identities: Arc::new(SyftHubIdentities::new(
            Arc::clone(&hubs),
            Arc::clone(&trusted),
            identity_settings,
        )),
        trusted,
        satellites: Arc::new(satellites),
        hubs,
        remote_spaces: Arc::new(remote_spaces),
        checkpoint_signer,
        erasure_ledger,
        sealer,
        clock,
        entropy,
        datasets: DatasetLocks::default(),
        mails,
        guard_turns: GuardTurns::default(),
        reviews: OpenReviews::default(),
        ingestion: IngestQueue::default(),
        meaning,
    };
    Ok(OpenedSpace { space, operator })
}

/// The folder of the erasure ledger: the one that the settings name, or the one that the home has had. A command whose shell lacks the
/// server's variables brings nobody back either.
fn ledger_folder(home: &Home, settings: &Settings) -> anyhow::Result<Option<PathBuf>> {
    let Some(folder) = &settings.audit_checkpoint_folder else {
        let file = home.erasure_ledger();
        let known = folder_of_home(&file).with_context(|| format!("reading {}", file.display()))?;
        if let Some(folder) = &known {
            tracing::warn!(
                folder = %folder.display(), file = %file.display(),
                "audit_checkpoint_folder is not set, and this home has its erasure ledger in a folder: it is used all the same, until the file \
                 that says so is removed"
            );
        }
        return Ok(known);
    };
    // Who is not there yet is where their parent is.
    let real = folder.canonicalize().or_else(|error| match (folder.parent(), folder.file_name()) {
        (Some(parent), Some(name)) => Ok(parent.canonicalize()?.join(name)),
        _ => Err(error),
    });
    if real.is_ok_and(|real| real.starts_with(home.path())) {
        anyhow::bail!(
            "audit_checkpoint_folder, {}, is in the home: a copy of the home that is put back would bring its own, older one. Name a folder \
             elsewhere, and move there what is in this one",
            folder.display()
        );
    }
    Ok(Some(folder.clone()))
}

/// The one HTTP client through which the space calls other servers.
///
/// # Errors
/// When the settings name an address or a file that cannot be used.
pub(crate) fn outbound(settings: &Settings, entropy: &Arc<dyn Entropy>) -> anyhow::Result<Client> {
    client(settings, entropy, &ClientSettings::default())
}

/// The client for other spaces. Each tenant has a bound of its own there, and many may ask one space.
fn client_of_spaces(settings: &Settings, entropy: &Arc<dyn Entropy>) -> anyhow::Result<Client> {
    const MAX_CALLS: usize = 512;
    let bounds = ClientSettings {
        max_concurrent_calls: MAX_CALLS,
        max_concurrent_calls_per_target: MAX_CALLS,
        ..ClientSettings::default()
    };
    client(settings, entropy, &bounds)
}

fn client(
    settings: &Settings,
    entropy: &Arc<dyn Entropy>,
    bounds: &ClientSettings,
) -> anyhow::Result<Client> {
    let client = ClientSettings {
        allow: AllowList::parse(&settings.outbound_allow.join(","))?,
        ca_file: settings.outbound_ca_file.clone(),
        ..bounds.clone()
    };
    Ok(Client::new(client, Arc::new(SystemResolver), Arc::clone(entropy))?)
}

/// What sends mail, where the operator names a server.
fn mailer(settings: &Settings) -> anyhow::Result<Option<Arc<dyn Mailer>>> {
    let MailSettings { server, tls, user, password_file, from } = &settings.mail;
    let (Some((host, port)), Some(from)) = (server, from) else { return Ok(None) };
    let credentials = match (user, password_file) {
        (Some(user), Some(path)) => Some((user.clone(), mail_password(path)?)),
        _ => None,
    };
    let mailer = SmtpMailer::new(SmtpSettings {
        host: host.clone(),
        port: *port,
        tls: *tls,
        credentials,
        from,
        ca_file: settings.outbound_ca_file.as_deref(),
    })?;
    Ok(Some(Arc::new(mailer)))
}

/// The password of the mail server's user: one line.
fn mail_password(path: &Path) -> anyhow::Result<Secret<String>> {
    let text = std::fs::read_to_string(path).map(Secret::new);
    let text = text.with_context(|| format!("reading smtp_password_file, {}", path.display()))?;
    Ok(Secret::new(text.expose().trim_end_matches(['\r', '\n']).to_owned()))
}

/// Records that the server started or stopped, in the installation's log.
///
/// # Errors
/// When the store fails.
pub async fn record(space: &Space, action: Action) -> anyhow::Result<()> {
    let event = space.request_context(Origin::default())?.event(Log::Installation, action, Actor::System)?;
    Ok(space.store.record(event).await?)
}
