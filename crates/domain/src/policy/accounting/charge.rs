//! What is held for one query, and what is written of it in the ledger.

use std::sync::{Arc, Mutex, PoisonError};

use super::configuration::{AccountingConfiguration, PricedUnit};
use super::open_accounts::{Demanded, Key, Leaving, OpenAccounts};
use super::{KIND, NAME, refusal};
use crate::ids::{ActorId, EndpointId, EventId, PolicyId};
use crate::ledger::{
    Amount, Balance, BalanceKey, REPEATED_WITHIN, RequestDigest, Span, Transfer, TransferKey,
};
use crate::policy::metadata::{Charge, LedgerReference, PolicyEntry, PolicyMetadata, PolicyOutcome};
use crate::policy::obligation::{Hold, Posting, Release};
use crate::store::{StoreError, Tx};
use crate::tenant::WriteScope;
use crate::time::Timestamp;

/// Who is charged where, when, and by what.
#[derive(Debug, Clone, Copy)]
pub(super) struct ChargeTerms {
    pub(super) policy: PolicyId,
    pub(super) endpoint: EndpointId,
    pub(super) payer: ActorId,
    pub(super) span: Span,
    pub(super) time: Timestamp,
    pub(super) request: Option<RequestDigest>,
}

impl ChargeTerms {
    /// Since when the same request is a repeat.
    pub(super) fn repeated_since(&self) -> Timestamp {
        self.time.minus(REPEATED_WITHIN)
    }
}

/// What a query may come to, held until it is answered or given up.
pub(super) struct ChargeHold {
    accounts: Arc<OpenAccounts>,
    configuration: Arc<AccountingConfiguration>,
    terms: ChargeTerms,
    demanded: Demanded,
    /// `None` for a repeat that the budgets have no room for: it is charged nothing or not answered.
    held: Option<Balance>,
    posting: Option<Arc<ChargePosting>>,
}

/// What is written of it.
struct ChargePosting {
    transfer: Transfer,
    /// The most that the payer and the endpoint may come to, in the order of the transfer's balances.
    bounds: [Option<Amount>; 2],
    is_held: bool,
    /// Since when the same request is a repeat.
    repeated_since: Timestamp,
    posted: Mutex<Posted>,
}

/// What became of it when it was last written.
#[derive(Debug, Clone, Default)]
enum Posted {
    #[default]
    Not,
    /// The ledger had no room for it: these are the balances.
    NoRoom(Vec<(BalanceKey, Balance)>),
    /// It is in the ledger.
    Charged(TransferKey, Balance),
    /// It was a repeat of what is.
    Repeated(TransferKey),
}

impl Posted {
    /// What was posted; `None` as long as nobody knows.
    fn amount(&self) -> Option<Balance> {
        match self {
            Self::Not => None,
            Self::Charged(_, charged) => Some(*charged),
            Self::NoRoom(_) | Self::Repeated(_) => Some(Balance::default()),
        }
    }
}

impl ChargeHold {
    pub(super) fn new(
        accounts: Arc<OpenAccounts>,
        configuration: Arc<AccountingConfiguration>,
        terms: ChargeTerms,
        demanded: Demanded,
        held: Option<Balance>,
    ) -> Self {
        Self { accounts, configuration, terms, demanded, held, posting: None }
    }

    /// What an answer comes to that shows so many documents: never more than is held.
    fn charged(&self, documents: usize) -> Balance {
        let held = self.held.unwrap_or_default();
        let units = match self.configuration.unit {
            PricedUnit::Query => held.units,
            PricedUnit::Document => held.units.min(u64::try_from(documents).unwrap_or(u64::MAX)),
        };
        let free_units = units.min(held.free_units);
        Balance {
            units,
            free_units,
            amount: self.configuration.price.times(units.saturating_sub(free_units)),
        }
    }

    fn posted(&self) -> Posted {
        self.posting.as_ref().map_or(Posted::Not, |posting| posting.posted())
    }

    fn end(&self, posted: Balance) {
        let Some(held) = self.held else { return };
        for key in self.demanded.keys() {
            self.accounts.end(&key, held, posted);
        }
    }
}

impl Hold for ChargeHold {
    fn posting(&mut self, documents: usize) -> Option<Arc<dyn Posting>> {
        let ChargeTerms { policy, endpoint, payer, span, time, request } = self.terms;
        let bounds = [self.demanded.budget, self.demanded.endpoint.map(|(_, most)| most)];
        let posting = Arc::new(ChargePosting {
            transfer: Transfer {
                // The event is known when it is written.
                key: TransferKey { event: EventId::from_bytes([0; 16]), policy },
                time,
                payer,
                endpoint,
                span,
                currency: self.configuration.currency,
                charged: self.charged(documents),
                request,
                repeats: 0,
            },
            bounds,
            is_held: self.held.is_some(),
            repeated_since: self.terms.repeated_since(),
            posted: Mutex::default(),
        });
        self.posting = Some(Arc::clone(&posting));
        Some(posting)
    }

    fn refusal(&self) -> Option<PolicyMetadata> {
        let has_no_room = matches!(self.posted(), Posted::NoRoom(_));
        has_no_room.then(|| PolicyMetadata::rejected(PolicyOutcome::PaymentRequired, refusal()))
    }

    fn entry(&self) -> Option<PolicyEntry> {
        let (key, amount) = match self.posted() {
            Posted::Charged(key, charged) => (key, charged.amount),
            Posted::Repeated(key) => (key, Amount::ZERO),
            Posted::Not | Posted::NoRoom(_) => return None,
        };
        let status = if amount == Amount::ZERO { "free" } else { "charged" };
        let (currency, transaction) = (self.configuration.currency, LedgerReference::of(key));
        let charge = Some(Charge { amount, currency, transaction });
        Some(PolicyEntry {
            policy_type: NAME,
            kind: KIND,
            status,
            charge,
            reason_code: None,
            reason: None,
            details: None,
        })
    }

    fn settle(self: Box<Self>) {
        match (self.posted().amount(), &self.posting, self.held) {
            (Some(posted), ..) => self.end(posted),
            // It is being written while its caller goes.
            (None, Some(posting), Some(held)) => {
                let posting = Arc::clone(posting);
                let posted = Box::new(move || posting.posted().amount());
                let keys = self.demanded.keys().collect();
                self.accounts.end_later(Leaving { keys, held, posted });
            }
            (None, ..) => self.end(Balance::default()),
        }
    }

    fn release(self: Box<Self>, _: Release) {
        self.end(Balance::default());
        if let Posted::NoRoom(ledger) = self.posted() {
            // What was remembered was not what the ledger says.
            for (key, balance) in ledger {
                let key: Key = (self.demanded.payer.0, key);
                self.accounts.correct(&key, balance);
            }
        }
    }
}

impl ChargePosting {
    fn posted(&self) -> Posted {
        self.posted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Writes it, and answers what became of it.
    fn write(&self, tx: &mut dyn Tx, scope: &WriteScope, event: EventId) -> Result<Posted, StoreError> {
        let transfer = &self.transfer;
        if let Some(request) = &transfer.request {
            let known = tx.repeatable_transfer(scope, request, transfer.key.policy, self.repeated_since)?;
            if let Some(known) = known {
                tx.count_repeat(scope, known.key)?;
                return Ok(Posted::Repeated(known.key));
            }
        }
        if !self.is_held {
            return Ok(Posted::NoRoom(Vec::new()));
        }
        let (key, charged) = (TransferKey { event, ..transfer.key }, transfer.charged);
        let balances = tx.add_transfer(scope, &Transfer { key, ..transfer.clone() })?;
        // What is held was counted by what is remembered; what the ledger says is what counts. What does not fit is not kept.
        let mut bounded = balances.iter().zip(self.bounds);
        let fits = bounded.all(|(balance, most)| most.is_none_or(|most| balance.amount <= most));
        if charged.amount == Amount::ZERO || fits {
            return Ok(Posted::Charged(key, charged));
        }
        let before = balances.map(|balance| balance.minus(charged));
        Ok(Posted::NoRoom(transfer.balances().into_iter().zip(before).collect()))
    }
}

impl Posting for ChargePosting {
    fn post(&self, tx: &mut dyn Tx, scope: &WriteScope, event: EventId) -> Result<bool, StoreError> {
        let posted = self.write(tx, scope, event).inspect_err(|_| {
            // Nothing is written by a unit that failed.
            *self.posted.lock().unwrap_or_else(PoisonError::into_inner) = Posted::NoRoom(Vec::new());
        })?;
        let is_written = matches!(posted, Posted::Charged(..) | Posted::Repeated(_));
        *self.posted.lock().unwrap_or_else(PoisonError::into_inner) = posted;
        Ok(is_written)
    }
}
