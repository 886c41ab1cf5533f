//! What a query is answered with.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use crate::dataset::{HitContext, Hits};
use crate::endpoint::QueryError;
use crate::ledger::{Amount, Currency};
use crate::policy::{Charge, LimitStatus, PolicyMetadata};

/// An answer: what is known before its first part, and its parts.
pub struct Answer {
    /// How the policies decided.
    pub policy: PolicyMetadata,
    /// How the limits stand that it was taken from.
    pub limits: Vec<LimitStatus>,
    /// Its parts, as they come.
    pub parts: AnswerParts,
}

impl Answer {
    /// What it costs the caller, in the currency of each policy that charges; nothing where none does.
    #[must_use]
    pub fn cost(&self) -> BTreeMap<Currency, Amount> {
        let mut cost = BTreeMap::new();
        for Charge { amount, currency, .. } in self.policy.entries.iter().filter_map(|entry| entry.charge) {
            let sum: &mut Amount = cost.entry(currency).or_default();
            *sum = sum.plus(amount);
        }
        cost
    }
}

/// A part of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum AnswerPart {
    /// What was found.
    References(References),
}

/// What was found for a query.
#[derive(Debug, Clone, PartialEq)]
pub struct References {
    /// The chunks found, the closest first.
    pub documents: Hits,
    /// What stands around each in its document, in their order; nothing where the query wants none.
    pub contexts: Vec<HitContext>,
    /// The kind of engine that found them.
    pub engine: &'static str,
    /// How long the search took, in milliseconds.
    pub search_ms: u64,
    /// Which share of the dataset can be found by meaning, 0 to 1; `None` where it is searched by words, and where nobody has
    /// looked since the start.
    pub encoded_share: Option<f64>,
}

/// The parts of an answer: a stream that needs no particular runtime. A search gives one part, which is there at once.
pub struct AnswerParts(Option<AnswerPart>);

impl AnswerParts {
    pub(super) fn of_references(references: References) -> Self {
        Self(Some(AnswerPart::References(references)))
    }
}

impl Stream for AnswerParts {
    type Item = Result<AnswerPart, QueryError>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.take().map(Ok))
    }
}
