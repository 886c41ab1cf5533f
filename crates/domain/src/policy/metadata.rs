//! What a caller learns of the policies, in the words that marketplace clients read.

use serde::{Serialize, Serializer};

use crate::ids::ApprovalId;
use crate::ledger::{Amount, Currency, TransferKey};

/// How the policies of an endpoint decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyOutcome {
    /// They let the query through.
    Success,
    /// The caller is not admitted.
    AccessDenied,
    /// They have asked too often.
    RateLimited,
    /// What they may spend is spent.
    PaymentRequired,
    /// A policy refused for another reason.
    PolicyViolation,
}

/// One policy's part in the outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PolicyEntry {
    /// The type of the policy.
    pub policy_type: &'static str,
    /// The kind of part it played.
    pub kind: &'static str,
    /// What it did.
    pub status: &'static str,
    /// What was charged, where the policy charges.
    #[serde(flatten)]
    pub charge: Option<Charge>,
    /// Why it refused, in the words marketplace clients know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason_code: Option<&'static str>,
    /// Why, for a person. It never shows a rule: those are the owner's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// What else a program may want to know of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<EntryDetails>,
}

/// What else is told of one policy's part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct EntryDetails {
    /// The request by which the question waits for approval, or was denied.
    pub approval_id: ApprovalId,
}

impl PolicyEntry {
    /// The entry of a policy that refuses.
    #[must_use]
    pub fn rejected(
        policy_type: &'static str,
        kind: &'static str,
        reason_code: &'static str,
        reason: &'static str,
    ) -> Self {
        let (reason_code, reason) = (Some(reason_code), Some(reason));
        Self { policy_type, kind, status: "rejected", charge: None, reason_code, reason, details: None }
    }
}

impl PolicyMetadata {
    /// What a caller learns whom a policy refuses.
    #[must_use]
    pub fn rejected(outcome: PolicyOutcome, entry: PolicyEntry) -> Self {
        Self { outcome, entries: vec![entry] }
    }
}

/// What an answer was charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Charge {
    /// How much: shown as a number, as marketplace clients read it.
    #[serde(serialize_with = "as_number")]
    pub amount: Amount,
    /// In which currency.
    pub currency: Currency,
    /// Where it stands in the ledger.
    pub transaction: LedgerReference,
}

/// Where a charge stands in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LedgerReference {
    /// What was paid by: the space's own ledger.
    pub rail: &'static str,
    /// The transfer.
    #[serde(serialize_with = "as_text")]
    pub id: TransferKey,
}

impl LedgerReference {
    /// Of a transfer of the ledger.
    #[must_use]
    pub fn of(id: TransferKey) -> Self {
        Self { rail: "ledger", id }
    }
}

fn as_number<S: Serializer>(amount: &Amount, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(amount.to_f64())
}

fn as_text<S: Serializer>(key: &TransferKey, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(key)
}

/// What the caller learns of the policies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PolicyMetadata {
    /// How they decided.
    pub outcome: PolicyOutcome,
    /// Which of them decided, where one refused; else those that charged.
    pub entries: Vec<PolicyEntry>,
}
