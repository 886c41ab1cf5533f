//! The routes of the caller's tenant: its settings.

use std::collections::BTreeSet;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syft_space_domain::access::Role;
use syft_space_domain::ids::TenantId;
use syft_space_domain::tenant::{self, ChangeSettings, TenantName};
use syft_space_domain::time::Timestamp;

use crate::http::json::present;
use crate::http::problem::Problem;
use crate::http::request::Request;
use crate::routes::reply;
use crate::routes::shapes;

/// A tenant, as its owners see it.
#[derive(Serialize, JsonSchema)]
pub(crate) struct TenantSettings {
    #[schemars(with = "shapes::IdShape")]
    id: TenantId,
    #[schemars(with = "shapes::TenantNameShape")]
    name: TenantName,
    /// The roles whose members need a second factor.
    #[schemars(with = "Vec<shapes::RoleShape>")]
    second_factor_roles: BTreeSet<Role>,
    #[schemars(with = "shapes::TimeShape")]
    created_at: Timestamp,
}

impl From<tenant::Tenant> for TenantSettings {
    fn from(tenant: tenant::Tenant) -> Self {
        let tenant::Tenant { id, name, second_factor_roles, created_at, .. } = tenant;
        Self { id, name, second_factor_roles, created_at }
    }
}

pub(crate) async fn get(request: Request) -> Result<HttpResponse, Problem> {
    let found = tenant::settings(request.space(), request.principal()?).await?;
    reply::resource(StatusCode::OK, found.revision, &TenantSettings::from(found))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeTenantSettings {
    /// The roles whose members need a second factor: without one they do nothing but enrol it.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Vec<shapes::RoleShape>")]
    second_factor_roles: Option<BTreeSet<Role>>,
}

pub(crate) async fn change(mut request: Request) -> Result<HttpResponse, Problem> {
    let ChangeTenantSettings { second_factor_roles } = request.merge_patch().await?;
    let change = ChangeSettings { second_factor_roles, if_revision: request.if_match() };
    let changed =
        tenant::change_settings(request.space(), &request.context, request.principal()?, change).await?;
    reply::resource(StatusCode::OK, changed.revision, &TenantSettings::from(changed))
}
