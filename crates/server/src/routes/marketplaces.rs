//! The routes of a tenant's accounts on hubs.

use std::borrow::Cow;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syft_space_domain::ids::MarketplaceId;
use syft_space_domain::marketplace::{
    self, HubCredential, HubUrl, HubUsername, Issuer, MarketplaceName, MarketplaceWithHub,
    RegistrationSettings, SatelliteId,
};
use syft_space_domain::secret::Secret;
use syft_space_domain::text::Line;
use syft_space_domain::time::Timestamp;

use crate::http::json::present;
use crate::http::problem::Problem;
use crate::http::request::Request;
use crate::routes::reply;
use crate::routes::rules;
use crate::routes::shapes;

#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Marketplace {
    #[schemars(with = "shapes::IdShape")]
    pub(crate) id: MarketplaceId,
    #[schemars(with = "shapes::SlugShape")]
    pub(crate) name: MarketplaceName,
    #[schemars(with = "shapes::HubUrlShape")]
    pub(crate) url: HubUrl,
    #[schemars(with = "shapes::IssuerShape")]
    pub(crate) issuer: Issuer,
    /// The account's name on the hub, as the hub told it.
    #[schemars(with = "shapes::HubUsernameShape")]
    pub(crate) username: HubUsername,
    /// By which id the hub knows this space; `null` where it knows no satellites, or not where this space is reached.
    #[schemars(with = "Option<shapes::IdShape>")]
    pub(crate) satellite_id: Option<SatelliteId>,
    pub(crate) credential: ShownCredential,
    #[schemars(with = "shapes::TimeShape")]
    pub(crate) created_at: Timestamp,
    #[schemars(with = "shapes::TimeShape")]
    pub(crate) updated_at: Timestamp,
}

/// What is told of a credential: never what it is.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct ShownCredential {
    /// Its type; `null` while it cannot be opened.
    #[schemars(with = "Option<shapes::HubCredentialTypeShape>")]
    pub(crate) r#type: Option<Cow<'static, str>>,
    #[schemars(with = "shapes::CredentialStateShape")]
    pub(crate) state: Cow<'static, str>,
    /// Since when it is known that the hub refuses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shapes::TimeShape")]
    pub(crate) refused_at: Option<Timestamp>,
    /// What the hub said of why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub(crate) reason: Option<String>,
}

impl From<MarketplaceWithHub> for Marketplace {
    fn from(MarketplaceWithHub { marketplace, hub, credential, refusal }: MarketplaceWithHub) -> Self {
        let state = match (&credential, &refusal) {
            (None, _) => "needs_new_value",
            (Some(_), Some(_)) => "refused",
            (Some(_), None) => "ok",
        };
        Self {
            id: marketplace.id,
            name: marketplace.name,
            url: hub.url,
            issuer: hub.issuer,
            username: marketplace.username,
            satellite_id: marketplace.satellite,
            credential: ShownCredential {
                state: state.into(),
                r#type: credential.map(Cow::from),
                refused_at: refusal.as_ref().map(|refusal| refusal.at),
                reason: refusal.map(|refusal| refusal.why),
            },
            created_at: marketplace.created_at,
            updated_at: marketplace.updated_at,
        }
    }
}

pub(crate) async fn list(request: Request) -> Result<HttpResponse, Problem> {
    let page = request.query().page()?;
    let found = marketplace::marketplaces(request.space(), request.principal()?, page).await?;
    reply::list(found, Marketplace::from).await
}

pub(crate) async fn get(request: Request) -> Result<HttpResponse, Problem> {
    let found = marketplace::marketplace(request.space(), request.principal()?, id(&request)?).await?;
    reply::resource(StatusCode::OK, found.marketplace.revision, &Marketplace::from(found))
}

/// What proves to a hub who the tenant is there: a personal access token, or a name and a password.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Credential {
    r#type: String,
    /// The token, where the type is `pat`.
    #[serde(default, deserialize_with = "rules::hub_secret")]
    token: Option<Secret<String>>,
    /// What the hub's login takes, where the type is `password`: a name or an e-mail address.
    #[serde(default, deserialize_with = "present")]
    username: Option<Line>,
    /// The password, where the type is `password`.
    #[serde(default, deserialize_with = "rules::hub_secret")]
    password: Option<Secret<String>>,
}

impl Credential {
    fn read(self) -> Result<HubCredential, Problem> {
        let Self { r#type, token, username, password } = self;
        let extra = |field: &str| {
            let detail = format!("a credential of the type {type} has no {field}", r#type = r#type);
            Problem::field(format!("/credential/{field}"), detail)
        };
        match r#type.as_str() {
            "pat" => {
                if username.is_some() {
                    return Err(extra("username"));
                }
                if password.is_some() {
                    return Err(extra("password"));
                }
                Ok(HubCredential::Pat(secret("token", token)?))
            }
            "password" => {
                if token.is_some() {
                    return Err(extra("token"));
                }
                let username = username.map(String::from).filter(|name| !name.trim().is_empty());
                let missing = "is empty: send the name or the e-mail address that the hub's login takes";
                let username = username.ok_or_else(|| Problem::field("/credential/username", missing))?;
                Ok(HubCredential::Password { username, password: secret("password", password)? })
            }
            _ => Err(Problem::field("/credential/type", "a credential's type is pat or password")),
        }
    }
}

fn secret(field: &str, value: Option<Secret<String>>) -> Result<Secret<String>, Problem> {
    value.ok_or_else(|| Problem::field(format!("/credential/{field}"), "is missing"))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewMarketplace {
    #[schemars(with = "shapes::SlugShape")]
    name: MarketplaceName,
    #[schemars(with = "shapes::HubUrlShape")]
    url: HubUrl,
    /// What the hub's tokens name as their issuer. It may be left out: a token of the hub tells it, and another than that
    /// is refused.
    #[serde(default)]
    #[schemars(with = "Option<shapes::IssuerShape>")]
    issuer: Option<Issuer>,
    /// The account's name on the hub. It may be left out: the hub tells it, and another than the hub tells is refused.
    #[serde(default)]
    #[schemars(with = "Option<shapes::HubUsernameShape>")]
    username: Option<HubUsername>,
    #[schemars(with = "shapes::HubCredentialShape")]
    credential: Credential,
    /// Whether the account is to be moved here, where the hub sends its callers to another address at which endpoints are
    /// up: they are cut off.
    #[serde(default)]
    take_over: bool,
}

pub(crate) async fn create(mut request: Request) -> Result<HttpResponse, Problem> {
    let body: NewMarketplace = request.json().await?;
    let wanted = marketplace::NewMarketplace {
        name: body.name,
        url: body.url,
        issuer: body.issuer,
        username: body.username,
        credential: body.credential.read()?,
        take_over: body.take_over,
    };
    let created = marketplace::register_marketplace(
        request.space(),
        &request.context,
        request.principal()?,
        registration_settings(&request),
        wanted,
    )
    .await?;
    reply::resource(StatusCode::CREATED, created.marketplace.revision, &Marketplace::from(created))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeMarketplace {
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "shapes::SlugShape")]
    name: Option<MarketplaceName>,
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "shapes::HubCredentialShape")]
    credential: Option<Credential>,
    /// Whether the account is to be moved here, where the hub sends its callers to another address at which endpoints are
    /// up: they are cut off.
    #[serde(default)]
    take_over: bool,
}

pub(crate) async fn change(mut request: Request) -> Result<HttpResponse, Problem> {
    let id = id(&request)?;
    marketplace::marketplace(request.space(), request.principal()?, id).await?;
    let body: ChangeMarketplace = request.merge_patch().await?;
    let change = marketplace::ChangeMarketplace {
        name: body.name,
        credential: body.credential.map(Credential::read).transpose()?,
        take_over: body.take_over,
        if_revision: request.if_match(),
    };
    let changed = marketplace::change_marketplace(
        request.space(),
        &request.context,
        request.principal()?,
        registration_settings(&request),
        id,
        change,
    )
    .await?;
    reply::resource(StatusCode::OK, changed.marketplace.revision, &Marketplace::from(changed))
}

pub(crate) async fn remove(request: Request) -> Result<HttpResponse, Problem> {
    let id = id(&request)?;
    let unpublished = marketplace::remove_marketplace(
        request.space(),
        &request.context,
        request.principal()?,
        registration_settings(&request),
        id,
        request.if_match(),
    )
    .await?;
    if let Err(error) = unpublished {
        tracing::warn!(marketplace = %id, %error, "the hub was not told that a marketplace was removed");
    }
    Ok(reply::no_content())
}

fn registration_settings(request: &Request) -> RegistrationSettings<'_> {
    RegistrationSettings {
        registration_open: request.state.registration_open,
        public_url: request.state.public_url.as_deref(),
    }
}

fn id(request: &Request) -> Result<MarketplaceId, Problem> {
    request.path("id", "marketplace")
}
