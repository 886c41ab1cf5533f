//! The routes of retention: how long kinds of data are kept, what is due, and legal holds.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syft_space_domain::ids::{ActorId, LegalHoldId};
use syft_space_domain::retention::{self, RetentionError, RetentionKind};
use syft_space_domain::text::Name;
use syft_space_domain::time::Timestamp;

use crate::background::retention::PAUSE;
use crate::http::problem::Problem;
use crate::http::request::Request;
use crate::routes::audit_proofs::{own_log, telling};
use crate::routes::{reply, rules, shapes};

/// For how many days each kind of data is kept.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct RetentionTerms {
    /// What events of the log know of persons.
    pub(crate) log_personal_data: u32,
    /// What policies were before they were changed, from when another took its place.
    pub(crate) policy_revisions: u32,
    /// Invitations that nobody accepted, from when they ran out.
    pub(crate) invitations: u32,
    /// What callers were shown under a limit on it; what counts still stays.
    pub(crate) disclosures: u32,
    /// Charges; what accounts have come to stays while it counts.
    pub(crate) transfers: u32,
    /// Events of the log; their leaves stay.
    pub(crate) log_events: u32,
}

impl From<&retention::RetentionTerms> for RetentionTerms {
    fn from(terms: &retention::RetentionTerms) -> Self {
        Self {
            log_personal_data: terms.days(RetentionKind::LogPersonalData),
            policy_revisions: terms.days(RetentionKind::PolicyRevisions),
            invitations: terms.days(RetentionKind::Invitations),
            disclosures: terms.days(RetentionKind::Disclosures),
            transfers: terms.days(RetentionKind::Transfers),
            log_events: terms.days(RetentionKind::LogEvents),
        }
    }
}

/// That nothing goes by its age until it is released.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct LegalHold {
    #[schemars(with = "shapes::IdShape")]
    pub(crate) id: LegalHoldId,
    #[schemars(with = "shapes::NameShape")]
    pub(crate) reason: Name,
    /// Who made it, as the audit log knows them.
    #[schemars(with = "Option<shapes::IdShape>")]
    pub(crate) made_by: Option<ActorId>,
    #[schemars(with = "shapes::TimeShape")]
    pub(crate) created_at: Timestamp,
}

impl From<retention::LegalHold> for LegalHold {
    fn from(hold: retention::LegalHold) -> Self {
        let retention::LegalHold { id, reason, made_by, created_at } = hold;
        Self { id, reason, made_by, created_at }
    }
}

/// How long a tenant keeps things, and what stands against their going.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Retention {
    pub(crate) terms: RetentionTerms,
    pub(crate) holds: Vec<LegalHold>,
    /// The kinds of which anything is kept for longer than a day beyond its term.
    #[schemars(with = "Vec<shapes::RetentionKindShape>")]
    pub(crate) overdue: Vec<RetentionKind>,
}

pub(crate) async fn get(request: Request) -> Result<HttpResponse, Problem> {
    let found = retention::retention(request.space(), request.principal()?).await?;
    let retention::Retention { terms, holds, overdue } = found;
    let holds = holds.into_iter().map(LegalHold::from).collect();
    reply::json(StatusCode::OK, &Retention { terms: RetentionTerms::from(&terms), holds, overdue })
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeRetentionTerms {
    #[serde(default, deserialize_with = "rules::log_personal_data", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u32", range(min = 7, max = 3_650))]
    pub(crate) log_personal_data: Option<u32>,
    #[serde(default, deserialize_with = "rules::policy_revisions", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u32", range(min = 30, max = 3_650))]
    pub(crate) policy_revisions: Option<u32>,
    #[serde(default, deserialize_with = "rules::invitations", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u32", range(min = 1, max = 3_650))]
    pub(crate) invitations: Option<u32>,
    #[serde(default, deserialize_with = "rules::disclosures", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u32", range(min = 1, max = 3_650))]
    pub(crate) disclosures: Option<u32>,
    #[serde(default, deserialize_with = "rules::transfers", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u32", range(min = 90, max = 36_500))]
    pub(crate) transfers: Option<u32>,
    #[serde(default, deserialize_with = "rules::log_events", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u32", range(min = 90, max = 36_500))]
    pub(crate) log_events: Option<u32>,
}

pub(crate) async fn change(mut request: Request) -> Result<HttpResponse, Problem> {
    let ChangeRetentionTerms {
        log_personal_data,
        policy_revisions,
        invitations,
        disclosures,
        transfers,
        log_events,
    } = request.merge_patch().await?;
    let named = [
        (RetentionKind::LogPersonalData, log_personal_data),
        (RetentionKind::PolicyRevisions, policy_revisions),
        (RetentionKind::Invitations, invitations),
        (RetentionKind::Disclosures, disclosures),
        (RetentionKind::Transfers, transfers),
        (RetentionKind::LogEvents, log_events),
    ];
    let days: BTreeMap<_, _> = named.into_iter().filter_map(|(kind, days)| Some((kind, days?))).collect();
    let terms =
        retention::change_terms(request.space(), &request.context, request.principal()?, days).await?;
    reply::json(StatusCode::OK, &RetentionTerms::from(&terms))
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SweepRetention {
    /// Whether it is only told what would go.
    pub(crate) dry_run: bool,
}

/// What went, or would go.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct RetentionSweep {
    pub(crate) dry_run: bool,
    /// Those kinds of which anything went, or would, or of which there is more.
    pub(crate) kinds: Vec<SweptKind>,
}

/// What of a kind of data went, or would go.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct SweptKind {
    #[schemars(with = "shapes::RetentionKindShape")]
    pub(crate) kind: RetentionKind,
    /// How many things: events of the log, or revisions.
    pub(crate) count: u64,
    /// Whether there are more, which are not counted.
    pub(crate) has_more: bool,
}

pub(crate) async fn sweep(mut request: Request) -> Result<HttpResponse, Problem> {
    let SweepRetention { dry_run } = request.json().await?;
    let (space, principal) = (request.space(), request.principal()?);
    let kinds = if dry_run {
        let due = retention::due(space, principal).await?;
        let told = |due: retention::Due| SweptKind {
            kind: due.kind,
            count: u64::try_from(due.count).unwrap_or(u64::MAX),
            has_more: due.has_more,
        };
        due.into_iter().map(told).collect()
    } else {
        let swept = retention::sweep(space, &request.context, principal, PAUSE).await;
        let is_changed = |error: &RetentionError| *error == RetentionError::LogChanged;
        let swept = telling(swept, is_changed, own_log(&request)?, &request).await?;
        let went = swept.into_iter().filter(|swept| swept.count > 0 || swept.has_more);
        went.map(|swept| SweptKind { kind: swept.kind, count: swept.count, has_more: swept.has_more })
            .collect()
    };
    reply::json(StatusCode::OK, &RetentionSweep { dry_run, kinds })
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewLegalHold {
    /// Why nothing may go.
    #[schemars(with = "shapes::NameShape")]
    pub(crate) reason: Name,
}

pub(crate) async fn hold(mut request: Request) -> Result<HttpResponse, Problem> {
    let NewLegalHold { reason } = request.json().await?;
    let made = retention::add_hold(request.space(), &request.context, request.principal()?, reason).await?;
    reply::json(StatusCode::CREATED, &LegalHold::from(made))
}

pub(crate) async fn release(request: Request) -> Result<HttpResponse, Problem> {
    let id = request.path("id", "legal hold")?;
    retention::release_hold(request.space(), &request.context, request.principal()?, id).await?;
    Ok(reply::no_content())
}
