//! The routes of API keys: those of members, and the operator's.

use std::borrow::Cow;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syft_space_domain::access::Permission;
use syft_space_domain::endpoint::EndpointName;
use syft_space_domain::identity::{
    self, ApiKeyState, ClientNet, Email, IdempotencyKey, IssuedApiKey, NewApiKey, RotateApiKey,
};
use syft_space_domain::ids::{AccountId, ApiKeyId, EndpointId};
use syft_space_domain::text::Name;
use syft_space_domain::time::Timestamp;

use crate::http::listener;
use crate::http::problem::Problem;
use crate::http::reason::Reason;
use crate::http::request::Request;
use crate::http::route_docs::Parameter;
use crate::routes::reply;
use crate::routes::rules;
use crate::routes::shapes;

/// The header by which a request that is sent again does nothing twice.
pub(crate) const IDEMPOTENCY: &[Parameter] = &[Parameter::new::<shapes::IdempotencyKeyShape>(
    "idempotency-key",
    "What the request is marked with. Sent again with the same mark it does nothing, and is answered with the key as it is, \
     without its text.",
)];

#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct ApiKey {
    #[schemars(with = "shapes::IdShape")]
    pub(crate) id: ApiKeyId,
    /// Whose it is.
    #[schemars(with = "shapes::IdShape")]
    pub(crate) account_id: AccountId,
    #[schemars(with = "shapes::NameShape")]
    pub(crate) name: Name,
    #[schemars(with = "Vec<shapes::ScopeShape>")]
    pub(crate) scopes: Vec<Permission>,
    /// The endpoints that it is for; null for all.
    #[schemars(with = "Option<Vec<shapes::IdShape>>")]
    pub(crate) endpoints: Option<Vec<EndpointId>>,
    /// The networks from which it may be used; null for all.
    #[schemars(with = "Option<Vec<shapes::ClientNetShape>>")]
    pub(crate) addresses: Option<Vec<ClientNet>>,
    #[schemars(with = "shapes::TimeShape")]
    pub(crate) created_at: Timestamp,
    /// When its secret was made.
    #[schemars(with = "shapes::TimeShape")]
    pub(crate) rotated_at: Timestamp,
    /// From when on it is refused.
    #[schemars(with = "shapes::TimeShape")]
    pub(crate) expires_at: Timestamp,
    /// When it was last used, to about a minute; null if never.
    #[schemars(with = "Option<shapes::TimeShape>")]
    pub(crate) last_used_at: Option<Timestamp>,
    /// Until when each secret of before works, the oldest first.
    #[schemars(with = "Vec<shapes::TimeShape>")]
    pub(crate) previous_until: Vec<Timestamp>,
    /// Whether it ends within 14 days, or has ended.
    pub(crate) due: bool,
    /// Whether it was never used, or not for 90 days.
    pub(crate) unused: bool,
}

impl From<ApiKeyState> for ApiKey {
    fn from(ApiKeyState { key, max_days, now }: ApiKeyState) -> Self {
        let expires_at = key.ends_at(max_days);
        let previous = key.previous.iter().map(|previous| previous.until.min(expires_at));
        Self {
            id: key.id,
            account_id: key.account,
            scopes: key.terms.scopes().to_vec(),
            endpoints: key.terms.endpoints().map(<[_]>::to_vec),
            addresses: key.terms.addresses().map(<[_]>::to_vec),
            created_at: key.created_at,
            rotated_at: key.rotated_at,
            expires_at,
            last_used_at: key.last_used_at,
            previous_until: previous.filter(|until| now < *until).collect(),
            due: key.is_due(max_days, now),
            unused: key.is_unused(now),
            name: key.name,
        }
    }
}

/// A key that was made or rotated, with what is shown of it in this answer alone.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "IssuedApiKey")]
pub(crate) struct Issued<'a> {
    #[serde(flatten)]
    key: ApiKey,
    /// The key itself, to be sent as `Authorization: Bearer …`; null where this request had been answered before.
    pub(crate) api_key: Option<Cow<'a, str>>,
    /// What became of the text of the key.
    pub(crate) note: Cow<'a, str>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "NewApiKey")]
#[serde(deny_unknown_fields)]
pub(crate) struct Create {
    #[schemars(with = "shapes::NameShape")]
    name: Name,
    #[schemars(with = "Vec<shapes::ScopeShape>", length(min = 1))]
    scopes: Vec<Permission>,
    /// The endpoints that it is for, by slug or id; left out, all. Such a key has no scopes but `list_queryable` and `query`.
    #[schemars(with = "Option<Vec<shapes::SlugOrIdShape>>", length(min = 1, max = 100))]
    endpoints: Option<Vec<String>>,
    /// The addresses and networks from which it may be used; left out, all.
    #[schemars(with = "Option<Vec<shapes::ClientNetShape>>", length(min = 1, max = 100))]
    addresses: Option<Vec<ClientNet>>,
    /// From when on it is refused; left out, in 90 days, or after the tenant's maximum.
    #[schemars(with = "Option<shapes::TimeShape>")]
    expires_at: Option<Timestamp>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "RotateApiKey")]
#[serde(deny_unknown_fields)]
pub(crate) struct Rotate {
    /// For how many seconds the secrets of before work on: 0 where one has leaked.
    #[serde(deserialize_with = "rules::overlap_seconds")]
    #[schemars(range(min = 0, max = 604_800))]
    overlap_seconds: u64,
}

pub(crate) async fn list(request: Request) -> Result<HttpResponse, Problem> {
    let page = request.query().page()?;
    let found = identity::api_keys(request.space(), request.principal()?, page).await?;
    reply::list(found, ApiKey::from).await
}

pub(crate) async fn get(request: Request) -> Result<HttpResponse, Problem> {
    let found = identity::api_key(request.space(), request.principal()?, id(&request)?).await?;
    reply::json(StatusCode::OK, &ApiKey::from(found))
}

pub(crate) async fn create(mut request: Request) -> Result<HttpResponse, Problem> {
    let idempotency = idempotency(&request)?;
    let Create { name, scopes, endpoints, addresses, expires_at } = request.json().await?;
    let parse = |name: &String| {
        let message = || Problem::field("/endpoints", "endpoints names what is no slug or id of an endpoint");
        EndpointName::parse(name).ok_or_else(message)
    };
    let endpoints = endpoints.map(|names| names.iter().map(parse).collect::<Result<_, _>>()).transpose()?;
    let wanted = NewApiKey { name, scopes, endpoints, addresses, expires_at, idempotency };
    let issued =
        identity::create_api_key(request.space(), &request.context, request.principal()?, wanted).await?;
    respond(if issued.text.is_some() { StatusCode::CREATED } else { StatusCode::OK }, issued)
}

pub(crate) async fn rotate(mut request: Request) -> Result<HttpResponse, Problem> {
    let idempotency = idempotency(&request)?;
    let id = id(&request)?;
    // What is not there cannot be rotated, whatever the body says.
    identity::api_key(request.space(), request.principal()?, id).await?;
    let Rotate { overlap_seconds } = request.json().await?;
    let wanted = RotateApiKey { overlap: Duration::from_secs(overlap_seconds), idempotency };
    let issued =
        identity::rotate_api_key(request.space(), &request.context, request.principal()?, id, wanted).await?;
    respond(StatusCode::OK, issued)
}

pub(crate) async fn revoke(request: Request) -> Result<HttpResponse, Problem> {
    let id = id(&request)?;
    identity::revoke_api_key(request.space(), &request.context, request.principal()?, id).await?;
    Ok(reply::no_content())
}

/// A key as the host's operator sees it.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct HeldApiKey {
    #[serde(flatten)]
    pub(crate) key: ApiKey,
    /// The address of the member whose it is.
    #[schemars(with = "shapes::CanonicalEmailShape")]
    pub(crate) holder: Email,
    /// `works`, `due` where it ends within 14 days, or `ended`.
    pub(crate) state: String,
}

impl From<identity::HeldApiKey> for HeldApiKey {
    fn from(identity::HeldApiKey { state, holder }: identity::HeldApiKey) -> Self {
        let standing = state.standing().as_str().to_owned();
        Self { key: state.into(), holder, state: standing }
    }
}

pub(crate) async fn list_held(request: Request) -> Result<HttpResponse, Problem> {
    let (operator, tenant) = (request.operator()?, listener::named_tenant(&request.http)?);
    let page = request.query().page()?;
    let found = identity::api_keys_as_operator(request.space(), operator, tenant.as_ref(), page).await?;
    reply::list(found, HeldApiKey::from).await
}

pub(crate) async fn revoke_held(request: Request) -> Result<HttpResponse, Problem> {
    let (operator, tenant) = (request.operator()?, listener::named_tenant(&request.http)?);
    let (space, context, id) = (request.space(), &request.context, id(&request)?);
    let revoked = identity::revoke_api_key_as_operator(space, context, operator, tenant.as_ref(), id).await?;
    reply::json(StatusCode::OK, &HeldApiKey::from(revoked))
}

fn respond(status: StatusCode, IssuedApiKey { state, text }: IssuedApiKey) -> Result<HttpResponse, Problem> {
    let note = match &text {
        Some(_) => "keep it now: nobody can show it again",
        None => {
            "this request was answered before, and the text of the key was shown then; nobody has kept it: rotate the key if \
             it is lost"
        }
    };
    let api_key = text.as_ref().map(|text| Cow::from(text.expose().as_str()));
    reply::json(status, &Issued { key: state.into(), api_key, note: note.into() })
}

fn id(request: &Request) -> Result<ApiKeyId, Problem> {
    request.path("id", "API key")
}

fn idempotency(request: &Request) -> Result<Option<IdempotencyKey>, Problem> {
    let Some(value) = request.http.headers().get("idempotency-key") else { return Ok(None) };
    let parsed = IdempotencyKey::parse(value.to_str().unwrap_or_default());
    parsed.map(Some).map_err(|error| Problem::new(Reason::Malformed, error))
}
