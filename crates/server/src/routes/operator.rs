//! The operator's routes of tenants.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syft_space_domain::identity::{Email, Password};
use syft_space_domain::ids::TenantId;
use syft_space_domain::page::Page;
use syft_space_domain::secret::Secret;
use syft_space_domain::tenant::{self, TenantName};
use syft_space_domain::time::Timestamp;

use crate::http::problem::Problem;
use crate::http::request::Request;
use crate::routes::auth::NewMember;
use crate::routes::reply;
use crate::routes::rules::{self, take};
use crate::routes::shapes;

#[derive(Serialize, JsonSchema)]
pub(crate) struct Tenant {
    #[schemars(with = "shapes::IdShape")]
    id: String,
    #[schemars(with = "shapes::TenantNameShape")]
    name: String,
    #[schemars(with = "shapes::TimeShape")]
    created_at: Timestamp,
}

impl From<tenant::Tenant> for Tenant {
    fn from(tenant: tenant::Tenant) -> Self {
        Self { id: tenant.id.to_string(), name: tenant.name.to_string(), created_at: tenant.created_at }
    }
}

pub(crate) async fn tenants(request: Request) -> Result<HttpResponse, Problem> {
    let tenants = tenant::tenants(request.space(), request.operator()?).await?;
    // There are few enough of them for one page.
    reply::list(Page::<tenant::Tenant, TenantId> { items: tenants, next: None }, Tenant::from).await
}

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Founding {
    #[garde(custom(rules::email))]
    #[schemars(with = "shapes::EmailShape")]
    email: String,
    #[garde(skip)]
    #[schemars(with = "shapes::NewPasswordShape")]
    password: Secret<String>,
    #[garde(custom(rules::tenant_name))]
    #[schemars(with = "shapes::TenantNameShape")]
    tenant_name: String,
}

pub(crate) async fn found(mut request: Request) -> Result<HttpResponse, Problem> {
    let body: Founding = request.json().await?;
    let operator = request.operator()?;
    let email = take("/email", Email::parse(&body.email))?;
    let password = Password::parse(&body.password)?;
    let name = take("/tenant_name", TenantName::parse(&body.tenant_name))?;
    let membership =
        tenant::found_as_operator(request.space(), &request.context, operator, &email, &password, &name)
            .await?;
    // From now on it opens nothing.
    if let Some(file) = &request.state.setup_token {
        file.discard();
    }
    reply::json(StatusCode::CREATED, &NewMember::from(membership))
}
