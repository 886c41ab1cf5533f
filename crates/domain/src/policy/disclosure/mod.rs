//! The policy type `disclosure_limit`: how much of what is found one caller may be shown in a time.

mod configuration;
mod list;
mod open_coverage;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use sha2::{Digest, Sha256};

pub use configuration::{DisclosureConfiguration, DisclosureUnit, DisclosureUnitError};
pub use list::coverage;

use open_coverage::{Admitted, Item, Key, OpenCoverage, Terms};

use crate::Pending;
use crate::dataset::{Hit, Hits};
use crate::ids::{ActorId, DatasetId, EventId, PolicyId};
use crate::policy::allowance::{Allowance, DisclosureStatus};
use crate::policy::configuration::PolicyConfiguration;
use crate::policy::metadata::{PolicyEntry, PolicyMetadata, PolicyOutcome};
use crate::policy::obligation::{
    Hold, Obligation, ObligationContext, ObligationError, Posting, Release, TenantStore,
};
use crate::policy::policy_type::{
    ConfigurationError, ConfigurationSchema, Facts, Finding, PolicyType, Rule, Stage,
};
use crate::policy::ports::Disclosed;
use crate::store::{StoreError, Tx};
use crate::tenant::WriteScope;
use crate::time::Timestamp;

/// For how long it counts what callers were shown under a policy; `None` where nothing is counted.
pub(crate) fn shown_counts_for(policy: &PolicyConfiguration) -> Option<Duration> {
    let json = Some(policy).filter(|policy| policy.type_name() == NAME)?.to_value().ok()?;
    Some(DisclosureConfiguration::parse(&json).ok()?.counts_for())
}

/// The type `disclosure_limit`.
///
/// 1. In any window no caller is shown more than the cap, however many ask at once, and whenever the process dies: what is shown
///    is written with the event of the answer.
/// 2. What was shown may be shown again. Beyond the cap nothing else is, and the answer says so; where nothing is left of it the
///    query is refused.
/// 3. All guests of a hub are one caller.
#[derive(Debug, Default)]
pub struct DisclosureType {
    coverage: Arc<OpenCoverage>,
}

const NAME: &str = "disclosure_limit";
const KIND: &str = "access";
const REASON_CODE: &str = "DISCLOSURE_LIMIT";

impl PolicyType for DisclosureType {
    fn name(&self) -> &'static str {
        NAME
    }

    fn check_shadow(&self) -> Result<(), &'static str> {
        Err(
            "what callers were shown is written down, so a disclosure_limit cannot be tried in shadow: enforce it with a limit that nobody reaches, and see in its coverage how much each caller is shown",
        )
    }

    fn schema(&self) -> ConfigurationSchema {
        configuration::schema()
    }

    fn parse(&self, configuration: &Value) -> Result<Value, ConfigurationError> {
        Ok(DisclosureConfiguration::parse(configuration)?.to_json())
    }

    fn compile(&self, configuration: &Value) -> Result<Arc<dyn Rule>, ConfigurationError> {
        let configuration = DisclosureConfiguration::parse(configuration)?;
        Ok(Arc::new(DisclosureRule { coverage: Arc::clone(&self.coverage), configuration }))
    }

    fn refusal(&self) -> PolicyEntry {
        refusal()
    }
}

fn refusal() -> PolicyEntry {
    PolicyEntry::rejected(
        NAME,
        KIND,
        REASON_CODE,
        "you were shown as much of what the endpoint has as you may be, and what you ask for is none of it",
    )
}

struct DisclosureRule {
    coverage: Arc<OpenCoverage>,
    configuration: DisclosureConfiguration,
}

impl Rule for DisclosureRule {
    fn stage(&self) -> Stage {
        Stage::Limit
    }

    fn evaluate(&self, _: &Facts<'_>) -> Finding {
        Finding::NotMatched
    }

    fn obligation(&self, facts: &Facts<'_>) -> Option<Arc<dyn Obligation>> {
        let query = facts.query?;
        let (caller, dataset) = (query.principal?, query.dataset?);
        let coverage = Arc::clone(&self.coverage);
        let configuration = self.configuration;
        Some(Arc::new(Disclose { coverage, configuration, policy: facts.policy, caller, dataset }))
    }

    fn description(&self) -> String {
        let DisclosureConfiguration { unit, cap, days } = self.configuration;
        format!("In {days} days each caller is shown at most {cap} {unit}.")
    }
}

/// To keep within what a caller may be shown.
struct Disclose {
    coverage: Arc<OpenCoverage>,
    configuration: DisclosureConfiguration,
    policy: PolicyId,
    caller: ActorId,
    /// What is searched: another dataset's documents are others, also where they have the same ids.
    dataset: DatasetId,
}

/// What the items of a unit begin with.
fn code(unit: DisclosureUnit) -> u8 {
    match unit {
        DisclosureUnit::Documents => 0,
        DisclosureUnit::Chunks => 1,
        DisclosureUnit::Characters => 2,
    }
}

/// How often it is read what a caller was shown before it is given up.
const MAX_READS: usize = 8;

impl Disclose {
    fn key(&self, of: &TenantStore) -> Key {
        (of.scope.tenant(), self.policy, self.caller, code(self.configuration.unit))
    }

    fn terms(&self, now: Timestamp) -> Terms {
        let DisclosureConfiguration { cap, .. } = self.configuration;
        let (counts_for, written_every) =
            (self.configuration.counts_for(), self.configuration.written_every());
        Terms { cap, counts_for, written_every, now }
    }

    /// Asks, once it is known what the caller was shown since then.
    async fn once_open<T>(
        &self,
        of: &TenantStore,
        since: Timestamp,
        ask: impl Fn(&OpenCoverage, &Key) -> Result<T, u64>,
    ) -> Result<T, ObligationError> {
        let key = self.key(of);
        // Others may be forgotten while it is read, and so read again; not time after time.
        for _ in 0..MAX_READS {
            let forgotten = match ask(&self.coverage, &key) {
                Ok(asked) => return Ok(asked),
                Err(forgotten) => forgotten,
            };
            let (scope, policy, caller) = (of.scope, self.policy, self.caller);
            let read = of.store.read(&of.scope, move |view| view.disclosures(&scope, policy, caller, since));
            let mut read: Vec<Disclosed> =
                read.await.map_err(|_: StoreError| ObligationError::Unavailable)?;
            // What was counted before the policy counted something else means nothing now.
            read.retain(|shown| shown.item.first() == Some(&code(self.configuration.unit)));
            self.coverage.open(key, read, forgotten);
        }
        Err(ObligationError::Unavailable)
    }
}

impl Obligation for Disclose {
    /// Whoever was shown all that they may be is let in all the same: what was shown may be shown again.
    fn look<'a>(
        &'a self,
        context: &'a ObligationContext,
    ) -> Pending<'a, Result<Option<Allowance>, ObligationError>> {
        Box::pin(async move {
            let of = context.store.as_ref().ok_or(ObligationError::Unavailable)?;
            let terms = self.terms(context.now);
            let look = |coverage: &OpenCoverage, key: &Key| coverage.remaining(key, &terms);
            // What is read here is remembered for queries, and the time may be one that somebody asks about: so all of it.
            let remaining = self.once_open(of, Timestamp::from_unix_micros(0), look).await?;
            let DisclosureConfiguration { unit, cap, .. } = self.configuration;
            let (unit, window) = (unit.as_str(), self.configuration.window());
            Ok(Some(Allowance::Disclosure(DisclosureStatus { unit, cap, remaining, window })))
        })
    }

    fn perform<'a>(
        &'a self,
        context: &'a ObligationContext,
    ) -> Pending<'a, Result<Box<dyn Hold>, ObligationError>> {
        Box::pin(async move {
            let of = context.store.as_ref().ok_or(ObligationError::Unavailable)?;
            let since = context.now.minus(self.configuration.counts_for());
            self.once_open(of, since, OpenCoverage::begin).await?;
            let hold: Box<dyn Hold> = Box::new(DisclosureHold {
                coverage: Arc::clone(&self.coverage),
                key: self.key(of),
                terms: self.terms(context.now),
                unit: self.configuration.unit,
                dataset: self.dataset,
                admitted: Admitted::default(),
                is_cut: false,
            });
            Ok(hold)
        })
    }
}

/// What one query may show, until it is answered or given up.
struct DisclosureHold {
    coverage: Arc<OpenCoverage>,
    key: Key,
    terms: Terms,
    unit: DisclosureUnit,
    dataset: DatasetId,
    admitted: Admitted,
    /// Whether anything was left out.
    is_cut: bool,
}

impl DisclosureHold {
    /// What counts of a hit: which item it is, and how much.
    fn item(&self, hit: &Hit) -> (Item, u64) {
        let mut hash = Sha256::new().chain_update(self.unit.as_str()).chain_update([0]);
        hash.update(self.dataset.as_bytes());
        hash.update(hit.document.as_str());
        let amount = match self.unit {
            DisclosureUnit::Documents => 1,
            DisclosureUnit::Chunks | DisclosureUnit::Characters => {
                // A chunk with another text is another.
                hash.update([0]);
                hash.update(hit.chunk.to_be_bytes());
                hash.update(&*hit.content);
                match self.unit {
                    DisclosureUnit::Characters => {
                        u64::try_from(hit.content.chars().count()).unwrap_or(u64::MAX)
                    }
                    DisclosureUnit::Documents | DisclosureUnit::Chunks => 1,
                }
            }
        };
        let digest: [u8; 32] = hash.finalize().into();
        let [_, rest @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = digest;
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o] = rest;
        ([code(self.unit), a, b, c, d, e, f, g, h, i, j, k, l, m, n, o], amount)
    }

    fn end(&self, shown_at: Option<Timestamp>) {
        self.coverage.end(&self.key, &self.admitted, shown_at);
    }
}

impl Hold for DisclosureHold {
    fn limits_what_is_shown(&self) -> bool {
        true
    }

    fn refusal(&self) -> Option<PolicyMetadata> {
        self.is_cut.then(|| PolicyMetadata::rejected(PolicyOutcome::PolicyViolation, refusal()))
    }

    fn show(&mut self, hits: Hits) -> Hits {
        // The answer may have become another since it was last asked.
        self.coverage.take_back(&self.key, &self.admitted.items);
        let wanted: Vec<_> = hits.iter().map(|hit| self.item(hit)).collect();
        let (may, admitted) = self.coverage.admit(&self.key, &self.terms, &wanted);
        self.admitted = admitted;
        self.is_cut = may.contains(&false);
        hits.into_iter().zip(may).filter(|(_, may)| *may).map(|(hit, _)| hit).collect()
    }

    fn posting(&mut self, _: usize) -> Option<Arc<dyn Posting>> {
        let (_, policy, caller, _) = self.key;
        let written = self.admitted.written.clone();
        let forgotten = self.terms.now.minus(self.terms.counts_for);
        if written.is_empty() {
            return None;
        }
        Some(Arc::new(Disclosing { policy, caller, written, forgotten }))
    }

    fn entry(&self) -> Option<PolicyEntry> {
        self.is_cut.then_some(PolicyEntry {
            policy_type: NAME,
            kind: KIND,
            status: "applied",
            charge: None,
            reason_code: Some(REASON_CODE),
            reason: Some(
                "you were shown as much of what the endpoint has as you may be: the rest was left out",
            ),
            details: None,
        })
    }

    fn settle(self: Box<Self>) {
        self.end(Some(self.terms.now));
    }

    fn release(self: Box<Self>, _: Release) {
        self.end(None);
    }
}

/// What is written of an answer.
struct Disclosing {
    policy: PolicyId,
    caller: ActorId,
    written: Vec<Disclosed>,
    /// What was written before counts no more.
    forgotten: Timestamp,
}

impl Posting for Disclosing {
    fn post(&self, tx: &mut dyn Tx, scope: &WriteScope, _: EventId) -> Result<bool, StoreError> {
        tx.disclose(scope, self.policy, self.caller, &self.written, self.forgotten)?;
        Ok(true)
    }
}
