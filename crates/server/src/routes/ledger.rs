//! The routes of the ledger.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syft_space_domain::ids::{ActorId, EndpointId, EventId, PolicyId};
use syft_space_domain::ledger::{self, LedgerAccount, Span, TransferFilter};
use syft_space_domain::time::Timestamp;

use crate::http::problem::Problem;
use crate::http::request::Request;
use crate::http::route_docs::{CURSOR, LIMIT, Parameter};
use crate::routes::reply;
use crate::routes::shapes;

/// What one answer was charged.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Transfer {
    /// The event of the answer in the audit log.
    #[schemars(with = "shapes::IdShape")]
    pub(crate) event_id: EventId,
    /// The policy that charged it.
    #[schemars(with = "shapes::IdShape")]
    pub(crate) policy_id: PolicyId,
    /// When the query was let in.
    #[schemars(with = "shapes::TimeShape")]
    pub(crate) time: Timestamp,
    /// Who was charged, by the id that the audit log has.
    #[schemars(with = "shapes::IdShape")]
    pub(crate) payer_id: ActorId,
    /// Which endpoint earned it.
    #[schemars(with = "shapes::IdShape")]
    pub(crate) endpoint_id: EndpointId,
    #[serde(flatten)]
    pub(crate) period: Period,
    #[schemars(with = "shapes::CurrencyShape")]
    pub(crate) currency: String,
    #[serde(flatten)]
    pub(crate) charged: Charged,
    /// How many times the request was sent again for nothing.
    pub(crate) repeats: u8,
}

/// What an account has come to.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct AccountBalance {
    /// The policy that charges.
    #[schemars(with = "shapes::IdShape")]
    pub(crate) policy_id: PolicyId,
    #[serde(flatten)]
    pub(crate) account: Account,
    #[serde(flatten)]
    pub(crate) period: Period,
    #[schemars(with = "shapes::CurrencyShape")]
    pub(crate) currency: String,
    #[serde(flatten)]
    pub(crate) charged: Charged,
    /// How much of it is of transfers that are gone by their age.
    pub(crate) brought_forward: Charged,
}

/// Whose account it is.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Account {
    pub(crate) account_kind: AccountKind,
    #[schemars(with = "shapes::IdShape")]
    pub(crate) account_id: String,
}

/// On which side of the ledger an account is.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AccountKind {
    /// A caller, who is charged. The id is that of the audit log.
    Payer,
    /// An endpoint, which has earned it.
    Endpoint,
}

/// The period that something counts in.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Period {
    #[schemars(with = "shapes::LedgerPeriodShape")]
    pub(crate) period: String,
    /// When it begins; 1970 where it is all of time.
    #[schemars(with = "shapes::TimeShape")]
    pub(crate) period_begins: Timestamp,
}

/// What was counted, and what it costs.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Charged {
    /// How many queries or documents.
    pub(crate) units: u64,
    /// How many of them were free.
    pub(crate) free_units: u64,
    /// What the others cost.
    #[schemars(with = "shapes::AmountShape")]
    pub(crate) amount: String,
}

/// What comes of adding up the ledger.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Reconciliation {
    /// Whether all sums hold.
    pub(crate) sound: bool,
    /// How many transfers there are.
    pub(crate) transfers: u64,
    pub(crate) currencies: Vec<CurrencySums>,
    /// Balances that are not what their transfers come to, at most 100.
    pub(crate) discrepancies: Vec<Discrepancy>,
}

/// What the ledger comes to in a currency.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct CurrencySums {
    #[schemars(with = "shapes::CurrencyShape")]
    pub(crate) currency: String,
    /// What all transfers come to that are there.
    #[schemars(with = "shapes::AmountShape")]
    pub(crate) transferred: String,
    /// What callers were charged by them, by their balances.
    #[schemars(with = "shapes::AmountShape")]
    pub(crate) debited: String,
    /// What endpoints have earned by them, by theirs.
    #[schemars(with = "shapes::AmountShape")]
    pub(crate) credited: String,
}

/// A balance that is not what its transfers come to, with what was brought forward.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Discrepancy {
    /// What is kept.
    #[serde(flatten)]
    pub(crate) kept: AccountBalance,
    /// What its transfers come to.
    pub(crate) transferred: Charged,
}

impl From<Span> for Period {
    fn from(span: Span) -> Self {
        Self { period: span.period.to_string(), period_begins: span.begins }
    }
}

impl From<ledger::Balance> for Charged {
    fn from(balance: ledger::Balance) -> Self {
        let ledger::Balance { units, free_units, amount } = balance;
        Self { units, free_units, amount: amount.to_string() }
    }
}

impl From<LedgerAccount> for Account {
    fn from(account: LedgerAccount) -> Self {
        let account_kind = match account {
            LedgerAccount::Payer(_) => AccountKind::Payer,
            LedgerAccount::Endpoint(_) => AccountKind::Endpoint,
        };
        Self { account_kind, account_id: account.parts().1 }
    }
}

impl From<ledger::Transfer> for Transfer {
    fn from(transfer: ledger::Transfer) -> Self {
        Self {
            event_id: transfer.key.event,
            policy_id: transfer.key.policy,
            time: transfer.time,
            payer_id: transfer.payer,
            endpoint_id: transfer.endpoint,
            period: transfer.span.into(),
            currency: transfer.currency.to_string(),
            charged: transfer.charged.into(),
            repeats: transfer.repeats,
        }
    }
}

impl From<ledger::AccountBalance> for AccountBalance {
    fn from(account: ledger::AccountBalance) -> Self {
        let ledger::AccountBalance { key, balance, brought_forward } = account;
        Self {
            policy_id: key.policy,
            account: key.account.into(),
            period: key.span.into(),
            currency: key.currency.to_string(),
            charged: balance.into(),
            brought_forward: brought_forward.into(),
        }
    }
}

impl From<ledger::Reconciliation> for Reconciliation {
    fn from(found: ledger::Reconciliation) -> Self {
        let sums = |(currency, sums): (&ledger::Currency, &ledger::CurrencySums)| CurrencySums {
            currency: currency.to_string(),
            transferred: sums.transferred.to_string(),
            debited: sums.debited.to_string(),
            credited: sums.credited.to_string(),
        };
        let discrepancy = |discrepancy: &ledger::Discrepancy| Discrepancy {
            kept: discrepancy.kept.into(),
            transferred: discrepancy.transferred.into(),
        };
        Self {
            sound: found.is_sound(),
            transfers: found.transfers,
            currencies: found.sums.iter().map(sums).collect(),
            discrepancies: found.discrepancies.iter().map(discrepancy).collect(),
        }
    }
}

/// What a list of transfers may be narrowed by.
pub(crate) const FILTERS: &[Parameter] = &[
    LIMIT,
    CURSOR,
    Parameter::new::<shapes::IdShape>(
        "payer",
        "Only what this caller was charged, by the id that the audit log has.",
    ),
    Parameter::new::<shapes::IdShape>("endpoint", "Only what this endpoint has earned."),
    Parameter::new::<shapes::TimeShape>("since", "Only transfers of this time or later."),
    Parameter::new::<shapes::TimeShape>("until", "Only transfers before this time."),
];

pub(crate) async fn transfers(request: Request) -> Result<HttpResponse, Problem> {
    let query = request.query();
    let filter = TransferFilter {
        payer: query.parse("payer")?,
        endpoint: query.parse("endpoint")?,
        since: query.parse("since")?,
        until: query.parse("until")?,
    };
    let found = ledger::transfers(request.space(), request.principal()?, filter, query.page()?).await?;
    reply::list(found, Transfer::from).await
}

pub(crate) async fn balances(request: Request) -> Result<HttpResponse, Problem> {
    let page = request.query().page()?;
    let found = ledger::balances(request.space(), request.principal()?, page).await?;
    reply::list(found, AccountBalance::from).await
}

pub(crate) async fn reconciliation(request: Request) -> Result<HttpResponse, Problem> {
    let found = ledger::reconcile(request.space(), request.principal()?).await?;
    reply::json(StatusCode::OK, &Reconciliation::from(found))
}
