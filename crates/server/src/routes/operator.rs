//! The operator's routes of tenants.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syft_space_domain::identity::{Email, Password};
use syft_space_domain::ids::TenantId;
use syft_space_domain::page::Page;
use syft_space_domain::secret::Secret;
use syft_space_domain::tenant::{self, OwnerMade, TenantName};
use syft_space_domain::time::Timestamp;

use crate::http::problem::Problem;
use crate::http::request::Request;
use crate::routes::auth::NewMember;
use crate::routes::reply;
use crate::routes::rules;
use crate::routes::shapes;
use crate::routes::tenant::TenantEnd;

#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Tenant {
    #[schemars(with = "shapes::IdShape")]
    pub(crate) id: TenantId,
    #[schemars(with = "shapes::TenantNameShape")]
    pub(crate) name: TenantName,
    #[schemars(with = "shapes::TimeShape")]
    pub(crate) created_at: Timestamp,
    /// When it ends, once that was asked for.
    pub(crate) end: Option<TenantEnd>,
    /// Whether it is being removed: then nobody can keep it any more.
    pub(crate) is_going: bool,
}

impl From<tenant::Tenant> for Tenant {
    fn from(tenant: tenant::Tenant) -> Self {
        let is_going = tenant.is_going();
        let tenant::Tenant { id, name, created_at, end, .. } = tenant;
        Self { id, name, created_at, end: end.map(TenantEnd::from), is_going }
    }
}

pub(crate) async fn tenants(request: Request) -> Result<HttpResponse, Problem> {
    let tenants = tenant::tenants(request.space(), request.operator()?).await?;
    // There are few enough of them for one page.
    reply::list(Page::<tenant::Tenant, TenantId> { items: tenants, next: None }, Tenant::from).await
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Founding {
    #[schemars(with = "shapes::EmailShape")]
    pub(crate) email: Email,
    #[serde(serialize_with = "rules::exposed")]
    #[schemars(with = "shapes::NewPasswordShape")]
    pub(crate) password: Secret<String>,
    #[schemars(with = "shapes::TenantNameShape")]
    pub(crate) tenant_name: TenantName,
}

pub(crate) async fn found(mut request: Request) -> Result<HttpResponse, Problem> {
    let Founding { email, password, tenant_name } = request.json().await?;
    let operator = request.operator()?;
    let password = Password::parse(&password)?;
    let made = tenant::found_as_operator(
        request.space(),
        &request.context,
        operator,
        &email,
        &password,
        &tenant_name,
    )
    .await?;
    // From now on it opens nothing.
    if let Some(file) = &request.state.setup_token {
        file.discard();
    }
    match made {
        OwnerMade::Founded(owner) => reply::json(StatusCode::CREATED, &NewMember::from(owner)),
        OwnerMade::Restored(owner) => reply::json(StatusCode::OK, &NewMember::from(owner)),
    }
}
