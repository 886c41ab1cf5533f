//! Adapters of the other ports with one fault each.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use syft_space_conformance::{
    DocumentsFactory, Fixture, PasswordsFactory, SigningKeysFactory, TokensFactory, documents, passwords,
    sample, signing_keys, tokens,
};
use syft_space_domain::Pending;
use syft_space_domain::dataset::ports::{DocumentStore, DocumentStoreError, Removal};
use syft_space_domain::dataset::{
    Change, ChangeNumber, ContentHash, Document, DocumentId, DocumentSummary, JobProgress, MadeOf, Usage,
};
use syft_space_domain::identity::ports::{
    AccessTokens, Compared, HashingClient, HashingError, Passwords, SigningKeys,
};
use syft_space_domain::identity::{
    AccessClaims, AccessToken, KeyEpoch, Password, PasswordError, PasswordHash, PreviousKeys, SigningKey,
    SigningKeysError, TokenRefused, TokenSignError,
};
use syft_space_domain::ids::{DatasetId, JobId, TenantId};
use syft_space_domain::page::{Page, PageRequest};
use syft_space_domain::secret::Secret;
use syft_space_domain::tenant::{OperatorScope, TenantScope};
use syft_space_domain::time::Timestamp;
use syft_space_memory::{InsecurePasswords, MemoryDocuments, MemoryTokens, SeededEntropy};

use crate::assert_caught;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    IgnoresTenant,
    RepeatsJob,
    HidesRemovals,
    KeepsJobs,
    FollowsAnyNumber,
    LosesProgress,
    IgnoresExpiry,
    TrimsToken,
    TruncatesAt72,
    AcceptsAnyPassword,
    IgnoresContext,
    KeepsRevokedKeys,
    ForgetsUnrecordedKeys,
    RevokesAlways,
}

struct FaultyAdapter<P> {
    inner: P,
    fault: Fault,
    calls: AtomicU64,
}

impl<P> FaultyAdapter<P> {
    fn new(inner: P, fault: Fault) -> Self {
        Self { inner, fault, calls: AtomicU64::new(0) }
    }

    fn scope(&self, scope: &TenantScope) -> TenantScope {
        if self.fault == Fault::IgnoresTenant { sample::scope(1) } else { *scope }
    }
}

impl DocumentStore for FaultyAdapter<MemoryDocuments> {
    fn put(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
        documents: &[Document],
    ) -> Result<ChangeNumber, DocumentStoreError> {
        let new_job = sample::job_id(1_000 + self.calls.fetch_add(1, Ordering::SeqCst));
        let job = if self.fault == Fault::RepeatsJob { new_job } else { job };
        self.inner.put(&self.scope(scope), dataset, job, documents)
    }

    fn put_by(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
    ) -> Result<Option<ChangeNumber>, DocumentStoreError> {
        self.inner.put_by(&self.scope(scope), dataset, job)
    }

    fn put_part(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
        documents: &[Document],
        removed: &[DocumentId],
        progress: &JobProgress,
    ) -> Result<ChangeNumber, DocumentStoreError> {
        if self.fault == Fault::LosesProgress && !documents.is_empty() {
            let none = JobProgress::default();
            return self.inner.put_part(&self.scope(scope), dataset, job, documents, removed, &none);
        }
        self.inner.put_part(&self.scope(scope), dataset, job, documents, removed, progress)
    }

    fn progress(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
    ) -> Result<Option<JobProgress>, DocumentStoreError> {
        self.inner.progress(&self.scope(scope), dataset, job)
    }

    fn forget_progress(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
    ) -> Result<(), DocumentStoreError> {
        self.inner.forget_progress(&self.scope(scope), dataset, job)
    }

    fn hashes(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        ids: &[DocumentId],
    ) -> Result<Vec<Option<MadeOf>>, DocumentStoreError> {
        self.inner.hashes(&self.scope(scope), dataset, ids)
    }

    fn made_of(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        sha256: &ContentHash,
    ) -> Result<Option<DocumentId>, DocumentStoreError> {
        self.inner.made_of(&self.scope(scope), dataset, sha256)
    }

    fn document(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        id: &DocumentId,
    ) -> Result<Option<Document>, DocumentStoreError> {
        self.inner.document(&self.scope(scope), dataset, id)
    }

    fn documents(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        page: PageRequest<DocumentId>,
    ) -> Result<Page<DocumentSummary, DocumentId>, DocumentStoreError> {
        self.inner.documents(&self.scope(scope), dataset, page)
    }

    fn remove(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        id: &DocumentId,
    ) -> Result<Option<ChangeNumber>, DocumentStoreError> {
        self.inner.remove(&self.scope(scope), dataset, id)
    }

    fn usage(&self, scope: &TenantScope, dataset: DatasetId) -> Result<Usage, DocumentStoreError> {
        self.inner.usage(&self.scope(scope), dataset)
    }

    fn changes(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        after: ChangeNumber,
        limit: usize,
    ) -> Result<Option<Vec<Change>>, DocumentStoreError> {
        let mut changes = self.inner.changes(&self.scope(scope), dataset, after, limit)?;
        if self.fault == Fault::FollowsAnyNumber {
            changes.get_or_insert_default();
        }
        if let Some(changes) = &mut changes {
            changes.retain(|change| self.fault != Fault::HidesRemovals || matches!(change, Change::Put(..)));
        }
        Ok(changes)
    }

    fn removal(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        id: &DocumentId,
    ) -> Result<Option<Removal>, DocumentStoreError> {
        if self.fault == Fault::HidesRemovals {
            return Ok(None);
        }
        self.inner.removal(&self.scope(scope), dataset, id)
    }

    fn overwrite_remains(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        goes_on: &(dyn Fn() -> bool + Sync),
    ) -> Result<(), DocumentStoreError> {
        self.inner.overwrite_remains(&self.scope(scope), dataset, goes_on)
    }

    fn destroy(&self, scope: &TenantScope, dataset: DatasetId) -> Result<(), DocumentStoreError> {
        if self.fault != Fault::KeepsJobs {
            return self.inner.destroy(&self.scope(scope), dataset);
        }
        for document in self.inner.documents(scope, dataset, PageRequest::default())?.items {
            self.inner.remove(scope, dataset, &document.id)?;
        }
        Ok(())
    }

    fn held(&self, operator: &OperatorScope) -> Result<Vec<(TenantId, DatasetId)>, DocumentStoreError> {
        self.inner.held(operator)
    }
}

impl AccessTokens for FaultyAdapter<MemoryTokens> {
    fn lifetime(&self) -> Duration {
        self.inner.lifetime()
    }

    fn sign(&self, claims: &AccessClaims) -> Result<AccessToken, TokenSignError> {
        let never = Timestamp::from_unix_micros(i64::MAX);
        let expires_at = if self.fault == Fault::IgnoresExpiry { never } else { claims.expires_at };
        self.inner.sign(&AccessClaims { expires_at, ..claims.clone() })
    }

    fn verify(&self, token: &str, now: Timestamp) -> Result<AccessClaims, TokenRefused> {
        let token = if self.fault == Fault::TrimsToken { token.trim() } else { token };
        let claims = self.inner.verify(token, now)?;
        let default_expiry = claims.issued_at.plus(self.lifetime());
        let expires_at = if self.fault == Fault::IgnoresExpiry { default_expiry } else { claims.expires_at };
        Ok(AccessClaims { expires_at, ..claims })
    }
}

impl SigningKeys for FaultyAdapter<MemoryTokens> {
    fn epoch(&self) -> KeyEpoch {
        self.inner.epoch()
    }

    fn keys(&self, now: Timestamp) -> Vec<SigningKey> {
        self.inner.keys(now)
    }

    fn rotate(
        &self,
        previous: PreviousKeys,
        now: Timestamp,
    ) -> Pending<'_, Result<SigningKey, SigningKeysError>> {
        let previous = match self.fault {
            Fault::KeepsRevokedKeys => PreviousKeys::Overlap,
            Fault::RevokesAlways => PreviousKeys::Revoke,
            _ => previous,
        };
        self.inner.rotate(previous, now)
    }

    fn unrecorded(&self) -> Vec<String> {
        if self.fault == Fault::ForgetsUnrecordedKeys { Vec::new() } else { self.inner.unrecorded() }
    }

    fn set_recorded<'a>(&'a self, id: &'a str) -> Pending<'a, Result<(), SigningKeysError>> {
        self.inner.set_recorded(id)
    }

    fn forget_expired(&self, now: Timestamp) -> Pending<'_, Result<(), SigningKeysError>> {
        self.inner.forget_expired(now)
    }
}

impl Passwords for FaultyAdapter<InsecurePasswords> {
    fn check(&self, password: &Password, context: &[&str]) -> Result<(), PasswordError> {
        self.inner.check(password, if self.fault == Fault::IgnoresContext { &[] } else { context })
    }

    fn hash<'a>(
        &'a self,
        client: HashingClient,
        password: &'a Password,
    ) -> Pending<'a, Result<PasswordHash, HashingError>> {
        Box::pin(async move { self.inner.hash(client, &self.truncated(password)).await })
    }

    fn compare<'a>(
        &'a self,
        client: HashingClient,
        password: &'a Password,
        stored: Option<&'a PasswordHash>,
    ) -> Pending<'a, Result<Compared, HashingError>> {
        Box::pin(async move {
            let compared = self.inner.compare(client, &self.truncated(password), stored).await;
            if self.fault == Fault::AcceptsAnyPassword {
                Ok(Compared::Right { rehash: None })
            } else {
                compared
            }
        })
    }
}

impl FaultyAdapter<InsecurePasswords> {
    fn truncated(&self, password: &Password) -> Password {
        let max_chars = if self.fault == Fault::TruncatesAt72 { 72 } else { Password::MAX_BYTES };
        let text = Secret::new(password.expose().chars().take(max_chars).collect());
        Password::presented(&text).expect("a shorter password")
    }
}

fn entropy() -> Arc<SeededEntropy> {
    static SEED: AtomicU64 = AtomicU64::new(0);
    Arc::new(SeededEntropy::new(SEED.fetch_add(1, Ordering::Relaxed)))
}

fn faulty_documents(fault: Fault) -> Box<DocumentsFactory> {
    Box::new(move || Fixture::new(Box::new(FaultyAdapter::new(MemoryDocuments::new(), fault))))
}

fn faulty_tokens(fault: Fault) -> Box<TokensFactory> {
    Box::new(move || {
        Box::new(FaultyAdapter::new(MemoryTokens::new(entropy(), Duration::from_secs(60)), fault))
    })
}

fn faulty_signing_keys(fault: Fault) -> Box<SigningKeysFactory> {
    Box::new(move || {
        let tokens = MemoryTokens::new(entropy(), Duration::from_secs(60));
        let tokens = Arc::new(FaultyAdapter::new(tokens, fault));
        (tokens.clone(), tokens)
    })
}

fn faulty_passwords(fault: Fault) -> Box<PasswordsFactory> {
    Box::new(move || Box::new(FaultyAdapter::new(InsecurePasswords::new(entropy()), fault)))
}

#[test]
fn wrong_stores_of_documents_are_caught() {
    for (fault, promise) in [
        (Fault::IgnoresTenant, "z1_a_tenants_documents_are_its_own"),
        (Fault::RepeatsJob, "the_same_job_again_changes_nothing"),
        (Fault::HidesRemovals, "changes_come_in_order_and_of_each_document_only_the_last"),
        (Fault::HidesRemovals, "g2_a_removal_is_known_and_what_it_has_left_is_overwritten"),
        (Fault::LosesProgress, "a_part_of_a_job_is_put_in_with_how_far_that_brings_it"),
        (Fault::KeepsJobs, "what_is_destroyed_is_gone_and_nothing_else"),
        (Fault::FollowsAnyNumber, "r2_the_number_of_a_change_is_none_of_other_documents"),
    ] {
        assert_caught(documents::CHECKS, &*faulty_documents(fault), promise);
    }
}

#[test]
fn a1_wrong_signers_of_tokens_are_caught() {
    for (fault, promise) in [
        (Fault::IgnoresExpiry, "a1_a_token_is_refused_from_its_end_on"),
        (Fault::TrimsToken, "a1_a_token_that_was_changed_is_refused"),
    ] {
        assert_caught(tokens::CHECKS, &*faulty_tokens(fault), promise);
    }
}

#[test]
fn k2_wrong_keepers_of_signing_keys_are_caught() {
    for (fault, promise) in [
        (Fault::KeepsRevokedKeys, "k2_tokens_of_revoked_keys_are_refused_at_once"),
        (Fault::ForgetsUnrecordedKeys, "k2_a_made_key_is_unrecorded_until_its_event_is_written"),
        (Fault::RevokesAlways, "k2_a_new_key_signs_and_the_one_before_is_accepted_until_its_tokens_expire"),
    ] {
        assert_caught(signing_keys::CHECKS, &*faulty_signing_keys(fault), promise);
    }
}

#[test]
fn a3_wrong_hashers_of_passwords_are_caught() {
    for (fault, promise) in [
        (Fault::TruncatesAt72, "a3_every_byte_of_a_password_counts"),
        (Fault::AcceptsAnyPassword, "a3_only_the_right_password_is_right"),
        (Fault::AcceptsAnyPassword, "a3_without_a_stored_hash_a_password_is_wrong"),
        (Fault::AcceptsAnyPassword, "what_is_no_hash_is_an_error"),
        (Fault::IgnoresContext, "a3_easily_guessed_passwords_are_refused"),
    ] {
        assert_caught(passwords::CHECKS, &*faulty_passwords(fault), promise);
    }
}
