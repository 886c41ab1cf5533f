//! The routes of endpoints, of the policies attached to them, and of the explanation who may query them.

use std::net::IpAddr;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syft_space_domain::endpoint::{self, Conversation, EndpointName, ResponseType, Slug};
use syft_space_domain::identity::Email;
use syft_space_domain::ids::{DatasetId, EndpointId, PolicyId};
use syft_space_domain::marketplace::{HubRole, Issuer};
use syft_space_domain::policy::ports::Attachment;
use syft_space_domain::policy::{self, Enforcement, HypotheticalCaller, HypotheticalQuery, Purpose};
use syft_space_domain::text::{Line, Name, Prose};
use syft_space_domain::time::Timestamp;

use crate::http::json::present;
use crate::http::problem::Problem;
use crate::http::reason::Reason;
use crate::http::request::Request;
use crate::routes::explanation::Explanation;
use crate::routes::query::Messages;
use crate::routes::reply;
use crate::routes::rules;
use crate::routes::shapes;

#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Endpoint {
    #[schemars(with = "shapes::IdShape")]
    pub(crate) id: EndpointId,
    pub(crate) name: String,
    #[schemars(with = "shapes::SlugShape")]
    pub(crate) slug: Slug,
    pub(crate) summary: String,
    pub(crate) description: String,
    pub(crate) tags: String,
    #[schemars(with = "shapes::IdShape")]
    pub(crate) dataset_id: DatasetId,
    #[schemars(with = "shapes::NothingShape")]
    pub(crate) model_id: Option<String>,
    #[schemars(with = "shapes::ResponseTypeShape")]
    pub(crate) response_type: ResponseType,
    pub(crate) published: bool,
    #[schemars(with = "shapes::TimeShape")]
    pub(crate) created_at: Timestamp,
    #[schemars(with = "shapes::TimeShape")]
    pub(crate) updated_at: Timestamp,
}

impl From<endpoint::Endpoint> for Endpoint {
    fn from(endpoint: endpoint::Endpoint) -> Self {
        Self {
            id: endpoint.id,
            name: endpoint.name,
            slug: endpoint.slug,
            summary: endpoint.summary,
            description: endpoint.description,
            tags: endpoint.tags,
            dataset_id: endpoint.dataset,
            model_id: None,
            response_type: endpoint.response_type,
            published: endpoint.published,
            created_at: endpoint.created_at,
            updated_at: endpoint.updated_at,
        }
    }
}

/// What those see who may query an endpoint, and no more.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct QueryableEndpoint {
    name: String,
    #[schemars(with = "shapes::SlugShape")]
    slug: Slug,
    summary: String,
}

/// What is listed: in full for those who manage endpoints, else what one may query.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "it describes what the two lists have in common")]
pub(crate) enum ListedEndpoint {
    Full(Endpoint),
    Queryable(QueryableEndpoint),
}

pub(crate) async fn list(request: Request) -> Result<HttpResponse, Problem> {
    let page = request.query().page()?;
    let listed = endpoint::endpoints(request.space(), request.principal()?, page).await?;
    if listed.in_full {
        return reply::list(listed.page, Endpoint::from).await;
    }
    reply::list(listed.page, |endpoint| QueryableEndpoint {
        name: endpoint.name,
        slug: endpoint.slug,
        summary: endpoint.summary,
    })
    .await
}

#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct EndpointWithPolicies {
    #[serde(flatten)]
    pub(crate) endpoint: Endpoint,
    pub(crate) policies: Vec<AttachedPolicy>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct AttachedPolicy {
    #[schemars(with = "shapes::IdShape")]
    pub(crate) id: PolicyId,
    pub(crate) name: String,
    #[schemars(with = "shapes::StoredPolicyTypeShape")]
    pub(crate) policy_type: String,
    #[schemars(with = "shapes::EnforcementShape")]
    pub(crate) enforcement: Enforcement,
}

impl From<Attachment> for AttachedPolicy {
    fn from(attached: Attachment) -> Self {
        let Attachment { policy, name, policy_type, enforcement, .. } = attached;
        Self { id: policy, name, policy_type, enforcement }
    }
}

pub(crate) async fn get(request: Request) -> Result<HttpResponse, Problem> {
    let found = find(&request).await?;
    let policies = policy::attached(request.space(), request.principal()?, found.id).await?;
    let shown = EndpointWithPolicies {
        policies: policies.into_iter().map(AttachedPolicy::from).collect(),
        endpoint: Endpoint::from(found.clone()),
    };
    reply::resource(StatusCode::OK, found.revision, &shown)
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewEndpoint {
    #[schemars(with = "shapes::NameShape")]
    pub(crate) name: Name,
    #[schemars(with = "shapes::SlugShape")]
    pub(crate) slug: Slug,
    #[serde(default)]
    #[schemars(with = "shapes::LineShape")]
    pub(crate) summary: Line,
    #[serde(default)]
    #[schemars(with = "shapes::ProseShape")]
    pub(crate) description: Prose,
    #[serde(default)]
    #[schemars(with = "shapes::LineShape")]
    pub(crate) tags: Line,
    #[schemars(with = "shapes::IdShape")]
    pub(crate) dataset_id: DatasetId,
    #[serde(default, deserialize_with = "rules::no_model")]
    #[schemars(with = "Option<shapes::NothingShape>")]
    pub(crate) model_id: Option<String>,
    #[schemars(with = "shapes::ResponseTypeShape")]
    pub(crate) response_type: ResponseType,
    #[serde(default)]
    pub(crate) published: bool,
}

pub(crate) async fn create(mut request: Request) -> Result<HttpResponse, Problem> {
    let body: NewEndpoint = request.json().await?;
    let wanted = endpoint::NewEndpoint {
        name: body.name,
        slug: body.slug,
        summary: body.summary,
        description: body.description,
        tags: body.tags,
        dataset: body.dataset_id,
        response_type: body.response_type,
        published: body.published,
    };
    let created =
        endpoint::create_endpoint(request.space(), &request.context, request.principal()?, wanted).await?;
    reply::resource(StatusCode::CREATED, created.revision, &Endpoint::from(created))
}

#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeEndpoint {
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shapes::NameShape")]
    pub(crate) name: Option<Name>,
    /// Its name in its URL. Hubs on which it is listed are told.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shapes::SlugShape")]
    pub(crate) slug: Option<Slug>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shapes::LineShape")]
    pub(crate) summary: Option<Line>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shapes::ProseShape")]
    pub(crate) description: Option<Prose>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shapes::LineShape")]
    pub(crate) tags: Option<Line>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    pub(crate) published: Option<bool>,
}

pub(crate) async fn change(mut request: Request) -> Result<HttpResponse, Problem> {
    let id = find(&request).await?.id;
    let body: ChangeEndpoint = request.merge_patch().await?;
    let change = endpoint::ChangeEndpoint {
        name: body.name,
        slug: body.slug,
        summary: body.summary,
        description: body.description,
        tags: body.tags,
        published: body.published,
        if_revision: request.if_match(),
    };
    let changed =
        endpoint::change_endpoint(request.space(), &request.context, request.principal()?, id, change)
            .await?;
    reply::resource(StatusCode::OK, changed.revision, &Endpoint::from(changed))
}

pub(crate) async fn remove(request: Request) -> Result<HttpResponse, Problem> {
    let id = find(&request).await?.id;
    endpoint::remove_endpoint(
        request.space(),
        &request.context,
        request.principal()?,
        id,
        request.if_match(),
    )
    .await?;
    Ok(reply::no_content())
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AttachPolicies {
    #[serde(deserialize_with = "rules::policy_ids")]
    #[schemars(with = "Vec<shapes::IdShape>")]
    pub(crate) policy_ids: Vec<PolicyId>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct AttachedPolicies {
    policies: Vec<AttachedPolicy>,
}

pub(crate) async fn attach(mut request: Request) -> Result<HttpResponse, Problem> {
    let id = find(&request).await?.id;
    let body: AttachPolicies = request.json().await?;
    let (principal, name, if_revision) = (request.principal()?, EndpointName::Id(id), request.if_match());
    let policies =
        policy::attach(request.space(), &request.context, principal, name, body.policy_ids, if_revision)
            .await?;
    reply::json(
        StatusCode::OK,
        &AttachedPolicies { policies: policies.into_iter().map(AttachedPolicy::from).collect() },
    )
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Explain {
    #[schemars(with = "shapes::IdentityShape")]
    identity: Identity,
    /// The query. Without it no policy that hangs on what is asked refuses anybody.
    #[schemars(with = "Option<shapes::MessagesShape>")]
    messages: Option<Messages>,
    #[schemars(with = "Option<shapes::PurposeShape>")]
    purpose: Option<Purpose>,
    /// The address that it comes from.
    #[schemars(with = "Option<shapes::AddressShape>")]
    address: Option<IpAddr>,
    /// When it is made; now, if nothing is said.
    #[schemars(with = "Option<shapes::TimeShape>")]
    at: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Identity {
    /// Of a member, or of a user of a hub.
    pub(crate) email: Option<Email>,
    /// Of the hub that they come from; with it, `sub` and `role` must be there, too.
    pub(crate) issuer: Option<Issuer>,
    #[serde(default, deserialize_with = "rules::hub_subject")]
    pub(crate) sub: Option<String>,
    pub(crate) role: Option<HubRole>,
}

impl Identity {
    /// Reads it, where it stands in a part of the body.
    pub(super) fn read(self, at: &str) -> Result<HypotheticalCaller, Problem> {
        let Self { email, issuer, sub, role } = self;
        match (issuer, sub, role) {
            (Some(issuer), Some(subject), Some(role)) => {
                Ok(HypotheticalCaller::HubUser { issuer, subject, role, email })
            }
            (None, None, None) => email.map(HypotheticalCaller::Address).ok_or_else(|| {
                Problem::field(
                    format!("{at}/identity/email"),
                    "say who: {\"email\"}, or {\"issuer\", \"sub\", \"role\"} for a user of a hub",
                )
            }),
            _ => Err(Problem::field(
                format!("{at}/identity"),
                "a user of a hub has issuer, sub and role; a member has none of them",
            )),
        }
    }
}

impl From<HypotheticalCaller> for Identity {
    fn from(caller: HypotheticalCaller) -> Self {
        match caller {
            HypotheticalCaller::Address(email) => {
                Self { email: Some(email), issuer: None, sub: None, role: None }
            }
            HypotheticalCaller::HubUser { issuer, subject, role, email } => {
                Self { email, issuer: Some(issuer), sub: Some(subject), role: Some(role) }
            }
        }
    }
}

pub(crate) async fn explain(mut request: Request) -> Result<HttpResponse, Problem> {
    let id = find(&request).await?.id;
    let body: Explain = request.json().await?;
    let Explain { identity, messages, purpose, address, at } = body;
    let caller = identity.read("")?;
    let conversation = messages.map(Conversation::try_from).transpose()?;
    let query = HypotheticalQuery { conversation, purpose, address, at };
    let name = EndpointName::Id(id);
    let explanation = policy::explain(request.space(), request.principal()?, &name, &caller, &query).await?;
    reply::json(StatusCode::OK, &Explanation::from(&explanation))
}

/// The endpoint that the path names, by id or by slug.
pub(super) async fn find(request: &Request) -> Result<endpoint::Endpoint, Problem> {
    let text = request.http.match_info().get("slug").unwrap_or_default();
    let name = EndpointName::parse(text)
        .ok_or_else(|| Problem::new(Reason::NotFound, "there is no such endpoint"))?;
    Ok(endpoint::endpoint(request.space(), request.principal()?, &name).await?)
}
