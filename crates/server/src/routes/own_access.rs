//! The route by which callers see what they may ask, on which terms, and what is left to them.

use actix_web::HttpResponse;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syft_space_domain::endpoint::{ForecastQuery, OwnAccess, QueryError, own_access};
use syft_space_domain::policy::{self, Purpose};
use syft_space_domain::time::Timestamp;

use crate::http::problem::Problem;
use crate::http::rate_limit_headers::whole_seconds;
use crate::http::request::Request;
use crate::http::route_docs::{CURSOR, LIMIT, Parameter};
use crate::routes::reply;
use crate::routes::shapes;

/// An endpoint that the caller may query, and what is left to them there.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct EndpointAccess {
    /// The slug of the endpoint.
    #[schemars(with = "shapes::SlugShape")]
    pub(crate) slug: String,
    pub(crate) name: String,
    pub(crate) summary: String,
    /// What its policies ask, in the order in which they are attached.
    pub(crate) terms: Vec<Term>,
    /// Why a query would be refused now; null where none would be. What hangs on the text of a question refuses nobody here.
    pub(crate) refusal: Option<ForecastRefusal>,
    /// Where a query must say what it is for, and none was named: which of these are admitted.
    #[schemars(with = "Vec<shapes::PurposeShape>")]
    pub(crate) purposes: Vec<Purpose>,
    /// How often the caller may ask, and how much.
    pub(crate) limits: Vec<RateLimit>,
    /// What the caller pays.
    pub(crate) prices: Vec<Price>,
    /// How much the caller may be shown.
    pub(crate) disclosures: Vec<Disclosure>,
}

/// What a policy asks.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Term {
    #[schemars(with = "shapes::PolicyTypeShape")]
    pub(crate) policy_type: String,
    /// A sentence for people, as marketplaces show it.
    pub(crate) description: String,
}

/// Why a query would be refused.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct ForecastRefusal {
    #[schemars(with = "shapes::ReasonCodeShape")]
    pub(crate) reason_code: String,
    pub(crate) detail: String,
    /// In how many seconds such a query is let in, where that hangs on time alone and nothing is asked until then.
    pub(crate) retry_after: Option<u64>,
}

/// How a limit stands, as the header `RateLimit` tells it.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct RateLimit {
    pub(crate) name: String,
    /// What is counted: `queries`, or `characters` of what is asked.
    pub(crate) unit: String,
    /// How much of it there is in a window, when it is whole.
    pub(crate) quota: u64,
    /// How many seconds a window is.
    pub(crate) window: u64,
    /// How much is left now.
    pub(crate) remaining: u64,
    /// In how many seconds there is more.
    pub(crate) reset: u64,
}

/// What the caller pays.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Price {
    /// What is paid for.
    #[schemars(with = "shapes::PricedUnitShape")]
    pub(crate) unit: String,
    /// What each costs.
    #[schemars(with = "shapes::AmountShape")]
    pub(crate) price: String,
    #[schemars(with = "shapes::CurrencyShape")]
    pub(crate) currency: String,
    /// How many more are free.
    pub(crate) free_units: u64,
    /// What the caller may spend beyond that; null where they have no budget of their own.
    #[schemars(with = "Option<shapes::AmountShape>")]
    pub(crate) remaining: Option<String>,
    /// When both are whole again; null where they never are.
    #[schemars(with = "Option<shapes::TimeShape>")]
    pub(crate) resets_at: Option<Timestamp>,
}

/// How much the caller may be shown.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Disclosure {
    /// What is counted.
    #[schemars(with = "shapes::DisclosureUnitShape")]
    pub(crate) unit: String,
    /// How much of it in a window.
    pub(crate) cap: u64,
    /// How much that the caller was not shown yet.
    pub(crate) remaining: u64,
    /// For how many seconds what was shown counts.
    pub(crate) window: u64,
}

impl From<OwnAccess> for EndpointAccess {
    fn from(access: OwnAccess) -> Self {
        let OwnAccess { slug, name, summary, terms, refusal, allowances } = access;
        let term = |(policy_type, description): (&str, String)| Term {
            policy_type: policy_type.to_owned(),
            description,
        };
        let mut shown = Self {
            slug: slug.to_string(),
            name,
            summary,
            terms: terms.into_iter().map(term).collect(),
            purposes: match &refusal {
                Some(QueryError::PurposeMissing(purposes)) => purposes.clone(),
                _ => Vec::new(),
            },
            refusal: refusal.map(|error| ForecastRefusal::from(&Problem::from(error))),
            limits: Vec::new(),
            prices: Vec::new(),
            disclosures: Vec::new(),
        };
        for allowance in allowances {
            match allowance {
                policy::Allowance::Limit(status) => shown.limits.push(status.into()),
                policy::Allowance::Account(status) => shown.prices.push(status.into()),
                policy::Allowance::Disclosure(status) => shown.disclosures.push(status.into()),
            }
        }
        shown
    }
}

impl From<&Problem> for ForecastRefusal {
    fn from(problem: &Problem) -> Self {
        Self {
            reason_code: problem.reason().code().to_owned(),
            detail: problem.detail().to_owned(),
            retry_after: problem.seconds_to_wait(),
        }
    }
}

impl From<policy::LimitStatus> for RateLimit {
    fn from(status: policy::LimitStatus) -> Self {
        let policy::LimitStatus { name, unit, quota, window, remaining, reset } = status;
        let (window, reset) = (whole_seconds(window), whole_seconds(reset));
        Self { name: name.to_string(), unit: unit.to_owned(), quota, window, remaining, reset }
    }
}

impl From<policy::AccountStatus> for Price {
    fn from(status: policy::AccountStatus) -> Self {
        let policy::AccountStatus { unit, price, currency, free_units, remaining, resets_at } = status;
        Self {
            unit: unit.to_owned(),
            price: price.to_string(),
            currency: currency.to_string(),
            free_units,
            remaining: remaining.map(|amount| amount.to_string()),
            resets_at,
        }
    }
}

impl From<policy::DisclosureStatus> for Disclosure {
    fn from(status: policy::DisclosureStatus) -> Self {
        let policy::DisclosureStatus { unit, cap, remaining, window } = status;
        Self { unit: unit.to_owned(), cap, remaining, window: whole_seconds(window) }
    }
}

/// What the list may be asked with.
pub(crate) const PARAMETERS: &[Parameter] =
    &[LIMIT, CURSOR, Parameter::new::<shapes::PurposeShape>("purpose", "What the queries would be for.")];

pub(crate) async fn list(request: Request) -> Result<HttpResponse, Problem> {
    let parameters = request.query();
    let (purpose, page) = (parameters.parse("purpose")?, parameters.page()?);
    let query = ForecastQuery { address: request.context.origin.address, purpose };
    let found = own_access(request.space(), request.principal()?, &query, page).await?;
    reply::list(found, EndpointAccess::from).await
}
