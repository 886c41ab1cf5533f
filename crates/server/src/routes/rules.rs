//! The validation rules of bodies' fields. Each calls a parser of the domain: limits stand there, and only there.

use std::fmt::Display;

use syft_space_domain::access::Role;
use syft_space_domain::dataset::{SearchQuery, SearchQueryError, Threshold};
use syft_space_domain::endpoint::{ResponseType, Slug};
use syft_space_domain::identity::{AccountStatus, Email};
use syft_space_domain::ids::{DatasetId, MarketplaceId, PolicyId};
use syft_space_domain::marketplace::{HubRole, HubUrl, HubUsername, Issuer, MarketplaceName, check_subject};
use syft_space_domain::tenant::TenantName;
use syft_space_domain::text;

use crate::http::problem::Problem;

fn rule<T, E: Display>(parsed: Result<T, E>) -> garde::Result {
    parsed.map(|_| ()).map_err(garde::Error::new)
}

macro_rules! rules {
    ($($name:ident: $parse:expr;)*) => {$(
        pub(super) fn $name(value: &str, _: &()) -> garde::Result {
            rule($parse(value))
        }
    )*};
}

rules! {
    email: Email::parse;
    tenant_name: TenantName::parse;
    slug: Slug::parse;
    name: text::name;
    line: text::line;
    prose: text::prose;
    question: SearchQuery::check_text;
    role: str::parse::<Role>;
    status: str::parse::<AccountStatus>;
    response_type: str::parse::<ResponseType>;
    dataset_id: str::parse::<DatasetId>;
    policy_id: str::parse::<PolicyId>;
    marketplace_name: MarketplaceName::parse;
    hub_url: HubUrl::parse;
    hub_username: HubUsername::parse;
    issuer: Issuer::parse;
    marketplace_id: str::parse::<MarketplaceId>;
    hub_role: str::parse::<HubRole>;
    hub_subject: check_subject;
}

/// The same rules for a field that may be absent.
pub(super) fn optional(
    rule: impl Fn(&str, &()) -> garde::Result,
) -> impl Fn(&Option<String>, &()) -> garde::Result {
    move |value, context| value.as_deref().map_or(Ok(()), |text| rule(text, context))
}

/// How close a chunk must be, as it is written: a number that only rounds to 1 is out of bounds.
pub(super) fn threshold(value: &Option<f64>, _: &()) -> garde::Result {
    let fits = value.is_none_or(|value| (0.0..=1.0).contains(&value));
    if fits { Ok(()) } else { Err(garde::Error::new(SearchQueryError::Threshold)) }
}

/// How close a chunk must be, once its rule has passed.
#[expect(clippy::as_conversions, reason = "from 0 to 1 there is a nearest smaller number for every one")]
pub(super) fn threshold_or_default(value: Option<f64>) -> f32 {
    value.map_or(Threshold::DEFAULT.get(), |value| value as f32)
}

/// The same rules for each item of a list.
pub(super) fn each(rule: impl Fn(&str, &()) -> garde::Result) -> impl Fn(&Vec<String>, &()) -> garde::Result {
    move |values, context| values.iter().try_for_each(|text| rule(text, context))
}

/// Takes a field as the domain's type, once its rule has passed.
pub(super) fn take<T, E: Display>(pointer: &str, parsed: Result<T, E>) -> Result<T, Problem> {
    parsed.map_err(|error| Problem::field(pointer, error))
}
