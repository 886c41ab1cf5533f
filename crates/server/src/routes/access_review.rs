//! The route of the access review.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syft_space_domain::access::{Permission, Role};
use syft_space_domain::endpoint::Slug;
use syft_space_domain::group::GroupName;
use syft_space_domain::identity::oidc::{ClaimName, EmailDomain, Group, OidcIssuer};
use syft_space_domain::identity::{ClientNet, Email};
use syft_space_domain::ids::{AccountId, EndpointId, PolicyId};
use syft_space_domain::policy::{self, ReviewDigest, ReviewPage, ReviewPart, ReviewToken, SubjectKey};
use syft_space_domain::time::Timestamp;

use crate::http::problem::Problem;
use crate::http::request::Request;
use crate::routes::reply;
use crate::routes::shapes;

/// Who could call, and what they can query.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct ReviewedSubject {
    pub(crate) kind: SubjectKind,
    /// Of the account, the API key, the marketplace whose users or guests they are, the identity provider, or the invitation.
    #[schemars(with = "shapes::IdShape")]
    pub(crate) id: String,
    /// What it is called: an address, or the name of a key, a marketplace or a provider.
    pub(crate) name: String,
    /// The member that it is, or whose key it is.
    pub(crate) member: Option<ReviewedMember>,
    /// The key that it is.
    pub(crate) api_key: Option<ReviewedKey>,
    /// What lets those in who are no members yet, where that is what it is.
    pub(crate) entry: Option<ReviewedEntry>,
    /// When it was last used: a member by a session that began, a key by a request; null if never, and of others.
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
    /// Whoever an identity provider makes a member of a role. Without a role it makes nobody one who is not invited.
    OidcProvider,
    /// Whoever holds an invitation.
    Invitation,
}

impl From<SubjectKey> for SubjectKind {
    fn from(key: SubjectKey) -> Self {
        match key {
            SubjectKey::Member(_) => Self::Member,
            SubjectKey::ApiKey(_) => Self::ApiKey,
            SubjectKey::HubUsers(_) => Self::HubUsers,
            SubjectKey::HubGuests(_) => Self::HubGuests,
            SubjectKey::Provider(..) => Self::OidcProvider,
            SubjectKey::Invitation(_) => Self::Invitation,
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
    /// Who has none signs in at an identity provider alone, which may ask for more.
    pub(crate) password: bool,
    /// Whether they have a second factor of this space.
    pub(crate) second_factor: bool,
    /// Whether they must enrol a second factor before they do anything, to query too.
    pub(crate) must_enrol: bool,
}

/// What a review tells of an API key.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct ReviewedKey {
    /// What it is for.
    #[schemars(with = "Vec<shapes::ScopeShape>")]
    pub(crate) scopes: Vec<Permission>,
    /// The networks from which it may be used; null, all.
    #[schemars(with = "Option<Vec<shapes::ClientNetShape>>")]
    pub(crate) addresses: Option<Vec<ClientNet>>,
    /// From when on it is refused.
    #[schemars(with = "shapes::TimeShape")]
    pub(crate) expires_at: Timestamp,
    /// Whether it ends within 14 days.
    pub(crate) due: bool,
    /// Whether it was never used, or not for 90 days.
    pub(crate) unused: bool,
}

/// What a review tells of a way to become a member.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct ReviewedEntry {
    /// What they become. The groups of a provider make that of who is a member already, too.
    #[schemars(with = "Option<shapes::RoleShape>")]
    pub(crate) role: Option<Role>,
    /// The provider that says who they are; null of an invitation.
    #[schemars(with = "Option<String>")]
    pub(crate) issuer: Option<OidcIssuer>,
    /// The domains whose addresses the provider lets in without an invitation.
    #[schemars(with = "Vec<String>")]
    pub(crate) domains: Vec<EmailDomain>,
    /// The claim that names the provider's groups; null where those say nothing here.
    #[schemars(with = "Option<String>")]
    pub(crate) claim: Option<ClaimName>,
    /// The provider's groups that have this role. Where there is a claim, whoever comes by it is in one of them.
    #[schemars(with = "Vec<String>")]
    pub(crate) groups: Vec<Group>,
    /// When an invitation ends.
    #[schemars(with = "Option<shapes::TimeShape>")]
    pub(crate) expires_at: Option<Timestamp>,
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
    /// The groups that these name, where they name any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) groups: Vec<GroupRevision>,
}

/// A group as it was.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct GroupRevision {
    #[schemars(with = "shapes::GroupNameShape")]
    pub(crate) name: GroupName,
    /// As the group tells it.
    pub(crate) revision: u64,
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
            SubjectKey::Provider(id, _) => id.to_string(),
            SubjectKey::Invitation(id) => id.to_string(),
        };
        Self {
            kind: subject.key.into(),
            id,
            name: subject.name,
            member: subject.member.map(ReviewedMember::from),
            api_key: subject.api_key.map(ReviewedKey::from),
            entry: subject.entry.map(ReviewedEntry::from),
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
            password: member.has_password,
            second_factor: member.has_second_factor,
            must_enrol: member.must_enrol,
        }
    }
}

impl From<policy::ReviewedKey> for ReviewedKey {
    fn from(key: policy::ReviewedKey) -> Self {
        Self {
            scopes: key.terms.scopes().to_vec(),
            addresses: key.terms.addresses().map(<[_]>::to_vec),
            expires_at: key.ends_at,
            due: key.is_due,
            unused: key.is_unused,
        }
    }
}

impl From<policy::ReviewedEntry> for ReviewedEntry {
    fn from(entry: policy::ReviewedEntry) -> Self {
        let policy::ReviewedEntry { role, issuer, domains, claim, groups, ends_at } = entry;
        Self { role, issuer, domains, claim, groups, expires_at: ends_at }
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
            groups: access.groups.into_iter().map(GroupRevision::from).collect(),
        }
    }
}

impl From<policy::GroupRevision> for GroupRevision {
    fn from(policy::GroupRevision { name, revision }: policy::GroupRevision) -> Self {
        Self { name, revision }
    }
}

impl From<policy::PolicyRevision> for PolicyRevision {
    fn from(policy::PolicyRevision { id, revision }: policy::PolicyRevision) -> Self {
        Self { id, revision }
    }
}

/// A part of the review, and at its end what it comes to.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct AccessReview {
    #[serde(flatten)]
    pub(crate) list: reply::List<ReviewedSubject>,
    /// When its first page was asked for: all of it is as of then.
    #[schemars(with = "shapes::TimeShape")]
    pub(crate) as_of: Timestamp,
    /// Of the whole review, on its last page.
    #[schemars(with = "Option<String>")]
    pub(crate) digest: Option<ReviewDigest>,
    /// What signs the whole review off, on its last page. It works for 30 days since `as_of`.
    #[schemars(with = "Option<String>")]
    pub(crate) review_token: Option<ReviewToken>,
}

pub(crate) async fn list(request: Request) -> Result<HttpResponse, Problem> {
    let page = request.query().page()?;
    let state = Arc::clone(&request.state);
    let part = ReviewPart::begin(request.space(), &request.context, request.principal()?, page).await?;
    let ReviewPage { subjects, as_of, whole } =
        reply::computing(&request, move || part.make(&state.space)).await??;
    let (digest, review_token) = whole.unzip();
    reply::large_json(subjects.bytes(), move || AccessReview {
        list: reply::List::of(subjects, ReviewedSubject::from),
        as_of,
        digest,
        review_token,
    })
    .await
}

/// The review that is signed off.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignOff {
    /// What it comes to, as the copy has it that the caller has seen.
    #[schemars(with = "String", regex(pattern = "^[0-9a-f]{64}$"))]
    pub(crate) digest: ReviewDigest,
    /// What the space gave out with it, on its last page.
    #[schemars(with = "String", length(max = 1000), regex(pattern = "^[0-9a-fA-F]*$"))]
    pub(crate) review_token: ReviewToken,
}

/// Which review was signed off.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct SignedOff {
    /// When its first page was asked for.
    #[schemars(with = "shapes::TimeShape")]
    pub(crate) as_of: Timestamp,
    #[schemars(with = "String")]
    pub(crate) digest: ReviewDigest,
}

pub(crate) async fn sign_off(mut request: Request) -> Result<HttpResponse, Problem> {
    let body: SignOff = request.json().await?;
    let (space, principal) = (request.space(), request.principal()?);
    let SignOff { digest, review_token } = body;
    let signed = policy::sign_off(space, &request.context, principal, digest, &review_token).await?;
    reply::json(StatusCode::OK, &SignedOff { as_of: signed.as_of, digest: signed.digest })
}
