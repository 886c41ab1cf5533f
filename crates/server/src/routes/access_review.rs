//! The route of the access review.

use std::sync::Arc;

use actix_web::HttpResponse;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syft_space_domain::access::Role;
use syft_space_domain::endpoint::Slug;
use syft_space_domain::identity::Email;
use syft_space_domain::ids::{AccountId, EndpointId, PolicyId};
use syft_space_domain::policy::{self, ReviewDigest, ReviewPage, SubjectKey};
use syft_space_domain::time::Timestamp;

use crate::http::problem::Problem;
use crate::http::request::Request;
use crate::routes::reply;
use crate::routes::shapes;

/// Who could call, and what they can query.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct ReviewedSubject {
    pub(crate) kind: SubjectKind,
    /// Of the account, the API key, or the marketplace whose users or guests they are.
    #[schemars(with = "shapes::IdShape")]
    pub(crate) id: String,
    /// What it is called: an address, or the name of a key or a marketplace.
    pub(crate) name: String,
    /// The member that it is, or whose key it is.
    pub(crate) member: Option<ReviewedMember>,
    /// The key that it is.
    pub(crate) api_key: Option<ReviewedKey>,
    /// When it was last used: a member by a session that began, a key by a request; null if never, and of hubs.
    #[schemars(with = "Option<shapes::TimeShape>")]
    pub(crate) last_used_at: Option<Timestamp>,
    /// Whether it may read what datasets hold without any endpoint, which no policy stands before.
    pub(crate) reads_content: bool,
    /// The endpoints that it can query, or could with the right address, in the order of their slugs.
    pub(crate) access: Vec<Access>,
}

/// What kind of caller it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SubjectKind {
    Member,
    ApiKey,
    /// The users of the hub of a marketplace, whose addresses nobody knows before they call.
    HubUsers,
    /// The guests of the hub of a marketplace.
    HubGuests,
}

impl From<SubjectKey> for SubjectKind {
    fn from(key: SubjectKey) -> Self {
        match key {
            SubjectKey::Member(_) => Self::Member,
            SubjectKey::ApiKey(_) => Self::ApiKey,
            SubjectKey::HubUsers(_) => Self::HubUsers,
            SubjectKey::HubGuests(_) => Self::HubGuests,
        }
    }
}

/// What a review tells of a member.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct ReviewedMember {
    #[schemars(with = "shapes::IdShape")]
    pub(crate) account_id: AccountId,
    #[schemars(with = "shapes::EmailShape")]
    pub(crate) email: Email,
    #[schemars(with = "shapes::RoleShape")]
    pub(crate) role: Role,
    /// Whether the account may be used now. One that may not can query nothing.
    pub(crate) active: bool,
    pub(crate) second_factor: bool,
    /// Whether they must enrol a second factor before they do anything, to query too.
    pub(crate) must_enrol: bool,
}

/// What a review tells of an API key.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct ReviewedKey {
    /// From when on it is refused.
    #[schemars(with = "shapes::TimeShape")]
    pub(crate) expires_at: Timestamp,
    /// Whether it ends within 14 days.
    pub(crate) due: bool,
    /// Whether it was never used, or not for 90 days.
    pub(crate) unused: bool,
}

/// An endpoint that somebody can query, and why.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Access {
    #[schemars(with = "shapes::IdShape")]
    pub(crate) endpoint_id: EndpointId,
    #[schemars(with = "shapes::SlugShape")]
    pub(crate) slug: Slug,
    /// As `POST /api/v1/endpoints/{slug}/policies/explain` tells it. `address_unknown`: whoever has an address that a policy lets in.
    pub(crate) reason_code: String,
    /// The policy whose rule decided, where one did.
    #[schemars(with = "Option<shapes::IdShape>")]
    pub(crate) policy_id: Option<PolicyId>,
    /// Which part of its configuration it was.
    pub(crate) rule: Option<String>,
    /// The policies that it hangs on whose addresses are let in, where it is `address_unknown`.
    pub(crate) policies: Vec<PolicyRevision>,
}

/// A policy as it was.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct PolicyRevision {
    #[schemars(with = "shapes::IdShape")]
    pub(crate) id: PolicyId,
    /// As the policy tells it.
    pub(crate) revision: u64,
}

impl From<policy::ReviewedSubject> for ReviewedSubject {
    fn from(subject: policy::ReviewedSubject) -> Self {
        let id = match subject.key {
            SubjectKey::Member(id) => id.to_string(),
            SubjectKey::ApiKey(id) => id.to_string(),
            SubjectKey::HubUsers(id) | SubjectKey::HubGuests(id) => id.to_string(),
        };
        Self {
            kind: subject.key.into(),
            id,
            name: subject.name,
            member: subject.member.map(ReviewedMember::from),
            api_key: subject.api_key.map(ReviewedKey::from),
            last_used_at: subject.last_used_at,
            reads_content: subject.reads_content,
            access: subject.access.into_iter().map(Access::from).collect(),
        }
    }
}

impl From<policy::ReviewedMember> for ReviewedMember {
    fn from(member: policy::ReviewedMember) -> Self {
        Self {
            account_id: member.account,
            email: member.email,
            role: member.role,
            active: member.is_active,
            second_factor: member.has_second_factor,
            must_enrol: member.must_enrol,
        }
    }
}

impl From<policy::ReviewedKey> for ReviewedKey {
    fn from(key: policy::ReviewedKey) -> Self {
        Self { expires_at: key.ends_at, due: key.is_due, unused: key.is_unused }
    }
}

impl From<policy::Access> for Access {
    fn from(access: policy::Access) -> Self {
        Self {
            endpoint_id: access.endpoint,
            slug: access.slug,
            reason_code: access.reason.as_str().to_owned(),
            policy_id: access.decided_by.as_ref().map(|decider| decider.policy),
            rule: access.decided_by.map(|decider| decider.rule.to_string()),
            policies: access.policies.into_iter().map(PolicyRevision::from).collect(),
        }
    }
}

impl From<policy::PolicyRevision> for PolicyRevision {
    fn from(policy::PolicyRevision { id, revision }: policy::PolicyRevision) -> Self {
        Self { id, revision }
    }
}

/// A part of the review, and at its end what a sign-off names.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct AccessReview {
    #[serde(flatten)]
    pub(crate) list: reply::List<ReviewedSubject>,
    /// Of the whole review, on its last page.
    #[schemars(with = "Option<String>")]
    pub(crate) digest: Option<ReviewDigest>,
}

pub(crate) async fn list(request: Request) -> Result<HttpResponse, Problem> {
    let page = request.query().page()?;
    let (state, principal) = (Arc::clone(&request.state), request.principal()?.clone());
    let found =
        reply::computing(&request, move || policy::access_review(&state.space, &principal, page)).await??;
    let ReviewPage { subjects, digest } = found;
    reply::large_json(subjects.bytes(), move || AccessReview {
        list: reply::List::of(subjects, ReviewedSubject::from),
        digest,
    })
    .await
}

/// The review that is signed off.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignOff {
    /// As its last page had it.
    #[schemars(with = "String", regex(pattern = "^[0-9a-f]{64}$"))]
    digest: ReviewDigest,
}

pub(crate) async fn sign_off(mut request: Request) -> Result<HttpResponse, Problem> {
    let body: SignOff = request.json().await?;
    let mut compared = policy::SignOff::begin(request.space(), request.principal()?, body.digest)?;
    loop {
        // Whoever hangs up ends it here, and others of the tenant get their turn in between.
        let part = move || {
            let is_more = compared.advance();
            (compared, is_more)
        };
        let is_more;
        (compared, is_more) = reply::computing(&request, part).await?;
        if !is_more {
            break;
        }
    }
    compared.record(request.space(), &request.context).await?;
    Ok(reply::no_content())
}
