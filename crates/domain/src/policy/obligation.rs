//! What must be done for a decision to hold: something is taken or held before the work, and settled or released after.

use std::sync::Arc;
use std::time::Duration;

use crate::Pending;
use crate::approval::Unapproved;
use crate::dataset::Hits;
use crate::ids::EventId;
use crate::policy::allowance::{Allowance, LimitStatus};
use crate::policy::metadata::{PolicyEntry, PolicyMetadata};
use crate::policy::revisions::PolicyRevision;
use crate::sealing::Sealer;
use crate::store::{Store, StoreError, Tx};
use crate::tenant::{TenantScope, WriteScope};
use crate::time::Timestamp;

/// What a rule demands for a query that it lets in, such as one call of a limit or an amount of an account. The rule's
/// type brings the port that performs it.
pub trait Obligation: Send + Sync {
    /// Whether it could be performed now, and how what it takes from stands then. Changes nothing.
    ///
    /// # Errors
    /// When there is not enough left, or nobody can tell.
    fn look<'a>(
        &'a self,
        context: &'a ObligationContext,
    ) -> Pending<'a, Result<Option<Allowance>, ObligationError>>;

    /// Performs it.
    ///
    /// # Errors
    /// When there is not enough left, or nobody can tell; then nothing was taken.
    fn perform<'a>(
        &'a self,
        context: &'a ObligationContext,
    ) -> Pending<'a, Result<Box<dyn Hold>, ObligationError>>;
}

/// When an obligation is performed, and in which tenant's store.
#[derive(Clone)]
pub struct ObligationContext {
    /// When.
    pub now: Timestamp,
    /// What types read that keep their accounts in the store; `None` where a program decides without one. What needs it is
    /// unavailable then.
    pub store: Option<TenantStore>,
    /// What keys the digests of those that know a question again; `None` where a program decides without. What needs it is
    /// unavailable then.
    pub sealer: Option<Arc<dyn Sealer>>,
}

/// The store, and whose part of it is meant.
#[derive(Clone)]
pub struct TenantStore {
    /// The store.
    pub store: Arc<dyn Store>,
    /// Whose part.
    pub scope: TenantScope,
}

impl ObligationContext {
    /// At a time, without a store.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self { now, store: None, sealer: None }
    }

    /// At a time, in a tenant's part of a store.
    #[must_use]
    pub fn in_store(now: Timestamp, store: &Arc<dyn Store>, scope: TenantScope) -> Self {
        Self { now, store: Some(TenantStore { store: Arc::clone(store), scope }), sealer: None }
    }

    /// The same, with what keys digests.
    #[must_use]
    pub fn sealing_with(self, sealer: &Arc<dyn Sealer>) -> Self {
        Self { sealer: Some(Arc::clone(sealer)), ..self }
    }
}

/// What was taken or held for a query. One of both methods that end it does. Neither may block or panic: a release also happens
/// where a query is cut off, or something else panicked.
pub trait Hold: Send {
    /// How the limit stands that it was taken from, if it is one.
    fn status(&self) -> Option<LimitStatus> {
        None
    }

    /// Whether it has a say in what is shown.
    fn limits_what_is_shown(&self) -> bool {
        false
    }

    /// What may be shown of what is about to be: the hits, the closest first, and behind them what is to be shown around them. It
    /// counts from now on. Asked again where the answer has become another; then only the last counts.
    fn show(&mut self, hits: Hits) -> Hits {
        hits
    }

    /// Why the query is refused behind the search: because it left out what was to be shown, or because what it was to write of
    /// the answer has no room any more.
    fn refusal(&self) -> Option<PolicyMetadata> {
        None
    }

    /// What is to be written of an answer that shows so many documents. Asked again where the answer has become another before
    /// it was written; then only the last counts.
    fn posting(&mut self, documents: usize) -> Option<Arc<dyn Posting>> {
        let _ = documents;
        None
    }

    /// What was approved, where it is that: the question as one that is not.
    fn approved(&self) -> Option<&Unapproved> {
        None
    }

    /// What the caller is told of it in the answer, once what was to be written of it is.
    fn entry(&self) -> Option<PolicyEntry> {
        None
    }

    /// The query was answered.
    fn settle(self: Box<Self>);

    /// It was not.
    fn release(self: Box<Self>, why: Release);
}

/// What is written of an answer in the unit of work that records it, so that both are durable or neither is.
pub trait Posting: Send + Sync {
    /// Writes it, with the event of the answer. It may run more than once, as units do. Answers whether what it rests on is
    /// still so: where it is not, nothing of the answer is written, and the query is not answered.
    ///
    /// # Errors
    /// When the store failed.
    fn post(&self, tx: &mut dyn Tx, scope: &WriteScope, event: EventId) -> Result<bool, StoreError>;
}

/// Why what was taken or held for a query is released.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Release {
    /// A policy refused the query, or the caller may not make it any more.
    Refused,
    /// Its question waits for somebody's approval, or was denied.
    Unapproved,
    /// It could not be answered, and that is not the caller's fault.
    Failed,
    /// Whoever asked was gone before the answer.
    #[default]
    Canceled,
}

/// An obligation cannot be performed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ObligationError {
    /// There is not enough left of a limit or an amount.
    Shortfall(Shortfall),
    /// Nobody has approved the question.
    Unapproved(Box<Unapproved>),
    /// How much is left cannot be read, so nobody is let in.
    Unavailable,
}

/// There is not enough left of a limit or an amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shortfall {
    /// Which limit, as the owner wrote it. The owner is shown it, and nobody else.
    pub rule: Arc<str>,
    /// In how long there is enough, if that hangs on time alone and nothing is taken until then.
    pub retry_after: Option<Duration>,
    /// How what it takes from stands.
    pub allowance: Option<Allowance>,
}

/// Everything that was taken or held for one query. Whatever has not been settled is released when this is dropped,
/// however that comes.
#[derive(Default)]
#[must_use = "what was held is released when this is dropped"]
pub struct Obligations {
    /// Each with the policy that demands it.
    held: Vec<(PolicyRevision, Box<dyn Hold>)>,
    why: Release,
}

impl Obligations {
    pub(super) fn add(&mut self, policy: PolicyRevision, hold: Box<dyn Hold>) {
        self.held.push((policy, hold));
    }

    /// Whether anything was taken or held for a policy as it is.
    pub(super) fn holds(&self, policy: PolicyRevision) -> bool {
        self.held.iter().any(|(of, _)| *of == policy)
    }

    /// How many policies anything was taken or held for.
    pub(super) fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether nothing was taken or held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Gives back what was taken or held for policies that demand it no more as they are now.
    pub(super) fn give_back(&mut self, is_demanded: impl Fn(PolicyRevision) -> bool) {
        for (_, hold) in self.held.extract_if(.., |(policy, _)| !is_demanded(*policy)) {
            hold.release(Release::Refused);
        }
    }

    /// Whether any of it has a say in what is shown.
    #[must_use]
    pub fn limit_what_is_shown(&self) -> bool {
        self.held.iter().any(|(_, hold)| hold.limits_what_is_shown())
    }

    /// What may be shown of what is about to be.
    pub fn show(&mut self, hits: Hits) -> Hits {
        self.held.iter_mut().fold(hits, |hits, (_, hold)| hold.show(hits))
    }

    /// Why the query is refused behind the search, and by which policy, where any of it is the reason.
    #[must_use]
    pub fn refusal(&self) -> Option<(PolicyRevision, PolicyMetadata)> {
        self.held.iter().find_map(|(policy, hold)| Some((*policy, hold.refusal()?)))
    }

    /// What was approved of the query, each as a question that is not, and the policy that demands it. Whoever answers looks whether it
    /// still is: it may have ended, or been taken back.
    #[must_use]
    pub fn approved(&self) -> Vec<(PolicyRevision, Unapproved)> {
        let held = self.held.iter();
        held.filter_map(|(policy, hold)| Some((*policy, hold.approved()?.clone()))).collect()
    }

    /// What is to be written of an answer that shows so many documents.
    pub fn postings(&mut self, documents: usize) -> Vec<Arc<dyn Posting>> {
        self.held.iter_mut().filter_map(|(_, hold)| hold.posting(documents)).collect()
    }

    /// What the caller is told in the answer of what was taken or held for it.
    #[must_use]
    pub fn entries(&self) -> Vec<PolicyEntry> {
        self.held.iter().filter_map(|(_, hold)| hold.entry()).collect()
    }

    /// The query was answered.
    pub fn settle(mut self) {
        for (_, hold) in std::mem::take(&mut self.held) {
            hold.settle();
        }
    }

    /// The query was not answered.
    pub fn release(mut self, why: Release) {
        self.why = why;
    }
}

impl Drop for Obligations {
    fn drop(&mut self) {
        let why = if std::thread::panicking() { Release::Failed } else { self.why };
        for (_, hold) in std::mem::take(&mut self.held) {
            hold.release(why);
        }
    }
}
