//! The routes to sign in by OpenID Connect, and the operator's of which providers a tenant believes.

use actix_web::http::StatusCode;
use actix_web::http::header::{COOKIE, HeaderValue, LOCATION, SET_COOKIE};
use actix_web::{HttpRequest, HttpResponse};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syft_space_domain::access::Role;
use syft_space_domain::audit::{Action, ReasonCode};
use syft_space_domain::identity::oidc::ports::{OidcError, Prompt};
use syft_space_domain::identity::oidc::{
    self, ClaimName, ClientId, EmailDomain, Group, LogoutError, NewOidcProvider, OidcIssuer, ProviderAnswer,
    ProviderName, SignInError,
};
use syft_space_domain::ids::OidcProviderId;
use syft_space_domain::page::Page;
use syft_space_domain::secret::Secret;
use syft_space_domain::tenant::TenantName;
use syft_space_domain::time::Timestamp;

use crate::http::problem::Problem;
use crate::http::reason::Reason;
use crate::http::request::Request;
use crate::http::route_docs::Parameter;
use crate::routes::auth;
use crate::routes::reply;
use crate::routes::rules;
use crate::routes::shapes;

/// What a provider adds to the address that it sends a browser back to. Others are ignored.
pub(crate) const ANSWER: &[Parameter] = &[
    Parameter::new::<String>("code", "What the provider's word is had for."),
    Parameter::new::<String>("state", "Which sign-in it is."),
    Parameter::new::<String>("iss", "Who the provider says that it is (RFC 9207)."),
    Parameter::new::<String>("error", "That the provider did not sign the person in."),
];

/// The cookie in which a browser keeps its sign-in. Browsers take it over HTTPS alone, from this host alone, and for all its paths
/// (`__Host-`).
const COOKIE_NAME: &str = "__Host-syft-space-sign-in";

/// A tenant and a provider, as a path names them. What cannot be a name is the name of nothing.
fn named(request: &Request) -> Result<(TenantName, ProviderName), Problem> {
    let what = "identity provider";
    Ok((request.path("tenant", what)?, request.path("provider", what)?))
}

/// Where a provider sends a browser back to: one address for each (RFC 9700, section 4.4.2.2).
fn redirect_uri(request: &Request, tenant: &TenantName, provider: &ProviderName) -> Result<String, Problem> {
    let public_url = request.state.public_url.as_deref().ok_or_else(|| {
        let detail = "no identity provider would know where to send you back to: the space's operator sets \
                      SYFT_SPACE_PUBLIC_URL to where others reach it";
        Problem::new(Reason::PublicUrlMissing, detail)
    })?;
    Ok(format!("{}/api/v1/auth/oidc/{tenant}/{provider}/callback", public_url.trim_end_matches('/')))
}

pub(crate) async fn start(request: Request) -> Result<HttpResponse, Problem> {
    let (tenant, provider) = named(&request)?;
    let redirect_uri = redirect_uri(&request, &tenant, &provider)?;
    let started =
        oidc::start_sign_in(request.space(), &tenant, &provider, redirect_uri, prompt(&request.http)).await;
    count(&request, started.as_ref().err());
    let started = started?;
    let cookie = cookie(started.remembered.expose(), started.lifetime.as_secs());
    let mut answer = HttpResponse::build(StatusCode::SEE_OTHER);
    answer.insert_header((LOCATION, started.url)).insert_header((SET_COOKIE, cookie));
    Ok(answer.finish())
}

/// A browser that another site has led here has not said that its person wants in: the provider asks them, so that no session begins
/// without anybody's doing (ASVS 5.0, 7.6.2). `Sec-Fetch-Site` is a browser's own word, and no page can change it (W3C, Fetch
/// Metadata Request Headers).
fn prompt(http: &HttpRequest) -> Prompt {
    let from = http.headers().get("sec-fetch-site").map(HeaderValue::as_bytes);
    if matches!(from, None | Some(b"none" | b"same-origin")) { Prompt::AsNeeded } else { Prompt::Login }
}

pub(crate) async fn callback(request: Request) -> Result<HttpResponse, Problem> {
    let (tenant, provider) = named(&request)?;
    let parameter = |name: &str| request.parameters.get(name).map(str::to_owned);
    let answer = ProviderAnswer {
        remembered: remembered(&request.http),
        state: parameter("state").map(Secret::new),
        code: parameter("code").map(Secret::new),
        issuer: parameter("iss"),
        is_error: request.parameters.get("error").is_some(),
    };
    let (space, context) = (request.space(), &request.context);
    let signed_in = oidc::finish_sign_in(space, context, &tenant, &provider, answer).await;
    count(&request, signed_in.as_ref().err());
    let mut answer = auth::token(&signed_in?)?;
    if let Ok(ended) = cookie("", 0).parse() {
        answer.headers_mut().insert(SET_COOKIE, ended);
    }
    Ok(answer)
}

/// Anybody can fail to sign in, at any rate: it is merged into few events.
fn count(request: &Request, error: Option<&SignInError>) {
    if let Some(reason_code) = error.and_then(SignInError::anonymous_failure) {
        let address = request.context.origin.address;
        request.state.merged_refusals.count(address, Action::AuthnLoginFail, reason_code);
    }
}

fn cookie(value: &str, seconds: u64) -> String {
    format!("{COOKIE_NAME}={value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={seconds}")
}

/// What the browser kept. One that brings it twice brings nothing.
fn remembered(http: &HttpRequest) -> Option<Secret<String>> {
    let headers = http.headers().get_all(COOKIE).filter_map(|header| header.to_str().ok());
    let pairs = headers.flat_map(|header| header.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut found = pairs.filter(|(name, _)| *name == COOKIE_NAME).map(|(_, value)| value);
    let value = found.next().filter(|value| !value.is_empty())?;
    found.next().is_none().then(|| Secret::new(value.to_owned()))
}

/// The form in which a provider says that somebody logged out.
#[derive(Serialize, JsonSchema)]
pub(crate) struct LogoutForm {
    /// The token that says so, signed by the provider.
    logout_token: String,
}

pub(crate) async fn backchannel_logout(mut request: Request) -> Result<HttpResponse, Problem> {
    let (tenant, provider) = named(&request)?;
    let token = request.form_field("logout_token").await?;
    let (space, context) = (request.space(), &request.context);
    let ended = oidc::log_out_by_provider(space, context, &tenant, &provider, token.expose()).await;
    match ended {
        // Whoever has no session here is logged out.
        Ok(()) | Err(LogoutError::NoSession) => Ok(HttpResponse::Ok().finish()),
        Err(error) => {
            if let LogoutError::Provider(error) = &error {
                let (address, reason_code) = (request.context.origin.address, logout_reason(*error));
                request.state.merged_refusals.count(address, Action::AuthnTokenFail, reason_code);
            }
            Err(error.into())
        }
    }
}

fn logout_reason(error: OidcError) -> ReasonCode {
    match error {
        OidcError::Unavailable => ReasonCode::ProviderUnavailable,
        OidcError::CodeRefused | OidcError::Invalid | OidcError::Replayed => {
            ReasonCode::ProviderAnswerInvalid
        }
    }
}

/// A provider that a tenant believes.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct OidcProvider {
    #[schemars(with = "shapes::IdShape")]
    pub(crate) id: OidcProviderId,
    #[schemars(with = "shapes::SlugShape")]
    pub(crate) name: ProviderName,
    #[schemars(with = "shapes::OidcIssuerShape")]
    pub(crate) issuer: OidcIssuer,
    #[schemars(with = "shapes::OidcTextShape")]
    pub(crate) client_id: ClientId,
    /// Whether a client secret is kept. It is never shown.
    pub(crate) has_client_secret: bool,
    /// The domains whose verified addresses join without an invitation.
    #[schemars(with = "Vec<String>")]
    pub(crate) allowed_domains: Vec<EmailDomain>,
    /// Which of its groups are which role; `null` where its groups say nothing.
    pub(crate) groups: Option<GroupRoles>,
    #[schemars(with = "shapes::TimeShape")]
    pub(crate) created_at: Timestamp,
}

/// Which groups of a provider are which role.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GroupRoles {
    /// The claim that names somebody's groups.
    #[schemars(with = "shapes::OidcTextShape")]
    pub(crate) claim: ClaimName,
    /// The first that somebody is in says their role.
    pub(crate) roles: Vec<GroupRole>,
}

/// One of them.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GroupRole {
    #[schemars(with = "shapes::OidcTextShape")]
    pub(crate) group: Group,
    #[schemars(with = "shapes::RoleShape")]
    pub(crate) role: Role,
}

impl From<oidc::OidcProvider> for OidcProvider {
    fn from(provider: oidc::OidcProvider) -> Self {
        let roles =
            |roles: Vec<(Group, Role)>| roles.into_iter().map(|(group, role)| GroupRole { group, role });
        Self {
            id: provider.id,
            name: provider.name,
            issuer: provider.issuer,
            client_id: provider.client_id,
            has_client_secret: provider.client_secret.is_some(),
            allowed_domains: provider.allowed_domains,
            groups: provider
                .groups
                .map(|groups| GroupRoles { claim: groups.claim, roles: roles(groups.roles).collect() }),
            created_at: provider.created_at,
        }
    }
}

pub(crate) async fn list(request: Request) -> Result<HttpResponse, Problem> {
    let tenant = request.path("tenant", "tenant")?;
    let items = oidc::oidc_providers(request.space(), request.operator()?, &tenant).await?;
    // There are few enough of them for one page.
    reply::list(Page::<oidc::OidcProvider, OidcProviderId> { items, next: None }, OidcProvider::from).await
}

/// A provider that is to be believed.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddOidcProvider {
    #[schemars(with = "shapes::SlugShape")]
    pub(crate) name: ProviderName,
    #[schemars(with = "shapes::OidcIssuerShape")]
    pub(crate) issuer: OidcIssuer,
    #[schemars(with = "shapes::OidcTextShape")]
    pub(crate) client_id: ClientId,
    #[serde(default, serialize_with = "rules::exposed_if_any")]
    #[schemars(with = "Option<shapes::SecretShape>")]
    pub(crate) client_secret: Option<Secret<String>>,
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(crate) allowed_domains: Vec<EmailDomain>,
    #[serde(default)]
    pub(crate) groups: Option<GroupRoles>,
}

pub(crate) async fn add(mut request: Request) -> Result<HttpResponse, Problem> {
    let body: AddOidcProvider = request.json().await?;
    let tenant = request.path("tenant", "tenant")?;
    let groups = body.groups.map(|groups| oidc::GroupRoles {
        claim: groups.claim,
        roles: groups.roles.into_iter().map(|GroupRole { group, role }| (group, role)).collect(),
    });
    let wanted = NewOidcProvider {
        name: body.name,
        issuer: body.issuer,
        client_id: body.client_id,
        client_secret: body.client_secret,
        allowed_domains: body.allowed_domains,
        groups,
    };
    let (space, operator) = (request.space(), request.operator()?);
    let added = oidc::add_oidc_provider(space, &request.context, operator, &tenant, wanted).await?;
    reply::json(StatusCode::CREATED, &OidcProvider::from(added))
}

pub(crate) async fn remove(request: Request) -> Result<HttpResponse, Problem> {
    let (tenant, provider) = named(&request)?;
    let (space, operator) = (request.space(), request.operator()?);
    oidc::remove_oidc_provider(space, &request.context, operator, &tenant, &provider).await?;
    Ok(reply::no_content())
}
