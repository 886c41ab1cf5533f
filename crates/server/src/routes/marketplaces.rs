//! The routes of a tenant's accounts on hubs.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syft_space_domain::ids::MarketplaceId;
use syft_space_domain::marketplace::{
    self, HubCredential, HubUrl, HubUsername, Issuer, MarketplaceName, MarketplaceWithHub,
    RegistrationSettings,
};
use syft_space_domain::secret::Secret;
use syft_space_domain::time::Timestamp;

use crate::http::json::present;
use crate::http::problem::Problem;
use crate::http::request::Request;
use crate::routes::reply;
use crate::routes::rules::{self, take};
use crate::routes::shapes::{self, MAX_HUB_SECRET_BYTES};

#[derive(Serialize, JsonSchema)]
pub(crate) struct Marketplace {
    #[schemars(with = "shapes::IdShape")]
    id: String,
    #[schemars(with = "shapes::SlugShape")]
    name: String,
    #[schemars(with = "shapes::HubUrlShape")]
    url: String,
    #[schemars(with = "shapes::IssuerShape")]
    issuer: String,
    /// The account's name on the hub, as the hub told it.
    #[schemars(with = "shapes::HubUsernameShape")]
    username: String,
    /// By which id the hub knows this space; `null` where it knows no satellites, or not where this space is reached.
    #[schemars(with = "Option<shapes::IdShape>")]
    satellite_id: Option<String>,
    credential: ShownCredential,
    #[schemars(with = "shapes::TimeShape")]
    created_at: Timestamp,
    #[schemars(with = "shapes::TimeShape")]
    updated_at: Timestamp,
}

/// What is told of a credential: never what it is.
#[derive(Serialize, JsonSchema)]
struct ShownCredential {
    /// Its type; `null` while it cannot be opened.
    #[schemars(with = "Option<shapes::HubCredentialTypeShape>")]
    r#type: Option<&'static str>,
    #[schemars(with = "shapes::CredentialStateShape")]
    state: &'static str,
}

impl From<MarketplaceWithHub> for Marketplace {
    fn from(MarketplaceWithHub { marketplace, hub, credential }: MarketplaceWithHub) -> Self {
        Self {
            id: marketplace.id.to_string(),
            name: marketplace.name.to_string(),
            url: hub.url.to_string(),
            issuer: hub.issuer.to_string(),
            username: marketplace.username.to_string(),
            satellite_id: marketplace.satellite.map(|id| id.to_string()),
            credential: ShownCredential {
                r#type: credential,
                state: if credential.is_some() { "ok" } else { "needs_new_value" },
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
#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
struct Credential {
    #[garde(skip)]
    r#type: String,
    /// The token, where the type is `pat`.
    #[serde(default, deserialize_with = "present")]
    #[garde(skip)]
    token: Option<Secret<String>>,
    /// What the hub's login takes, where the type is `password`: a name or an e-mail address.
    #[serde(default, deserialize_with = "present")]
    #[garde(custom(rules::optional(rules::line)))]
    username: Option<String>,
    /// The password, where the type is `password`.
    #[serde(default, deserialize_with = "present")]
    #[garde(skip)]
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
                let username = username.filter(|name| !name.trim().is_empty());
                let missing = "is empty: send the name or the e-mail address that the hub's login takes";
                let username = username.ok_or_else(|| Problem::field("/credential/username", missing))?;
                Ok(HubCredential::Password { username, password: secret("password", password)? })
            }
            _ => Err(Problem::field("/credential/type", "a credential's type is pat or password")),
        }
    }
}

fn secret(field: &str, value: Option<Secret<String>>) -> Result<Secret<String>, Problem> {
    let pointer = || format!("/credential/{field}");
    let value = value.ok_or_else(|| Problem::field(pointer(), "is missing"))?;
    let plain = |c: char| !c.is_control();
    match value.expose().len() {
        0 => Err(Problem::field(pointer(), "is empty")),
        1..=MAX_HUB_SECRET_BYTES if value.expose().chars().all(plain) => Ok(value),
        1..=MAX_HUB_SECRET_BYTES => Err(Problem::field(pointer(), "holds a control character")),
        _ => Err(Problem::field(pointer(), format!("has more than {MAX_HUB_SECRET_BYTES} bytes"))),
    }
}

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewMarketplace {
    #[garde(custom(rules::marketplace_name))]
    #[schemars(with = "shapes::SlugShape")]
    name: String,
    #[garde(custom(rules::hub_url))]
    #[schemars(with = "shapes::HubUrlShape")]
    url: String,
    #[garde(custom(rules::issuer))]
    #[schemars(with = "shapes::IssuerShape")]
    issuer: String,
    /// The account's name on the hub. It may be left out: the hub tells it, and another than the hub tells is refused.
    #[serde(default)]
    #[garde(custom(rules::optional(rules::hub_username)))]
    #[schemars(with = "Option<shapes::HubUsernameShape>")]
    username: Option<String>,
    #[garde(dive)]
    #[schemars(with = "shapes::HubCredentialShape")]
    credential: Credential,
}

pub(crate) async fn create(mut request: Request) -> Result<HttpResponse, Problem> {
    let body: NewMarketplace = request.json().await?;
    let username = body.username.as_deref().map(HubUsername::parse);
    let wanted = marketplace::NewMarketplace {
        name: take("/name", MarketplaceName::parse(&body.name))?,
        url: take("/url", HubUrl::parse(&body.url))?,
        issuer: take("/issuer", Issuer::parse(&body.issuer))?,
        username: take("/username", username.transpose())?,
        credential: body.credential.read()?,
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

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeMarketplace {
    #[serde(default, deserialize_with = "present")]
    #[garde(custom(rules::optional(rules::marketplace_name)))]
    #[schemars(with = "shapes::SlugShape")]
    name: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[garde(dive)]
    #[schemars(with = "shapes::HubCredentialShape")]
    credential: Option<Credential>,
}

pub(crate) async fn change(mut request: Request) -> Result<HttpResponse, Problem> {
    let id = id(&request)?;
    marketplace::marketplace(request.space(), request.principal()?, id).await?;
    let body: ChangeMarketplace = request.merge_patch().await?;
    let name = body.name.as_deref().map(MarketplaceName::parse);
    let change = marketplace::ChangeMarketplace {
        name: take("/name", name.transpose())?,
        credential: body.credential.map(Credential::read).transpose()?,
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
