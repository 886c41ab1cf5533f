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
use crate::routes::rules;
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
    /// How many days a secret of an API key works at most.
    max_key_days: u32,
    #[schemars(with = "shapes::TimeShape")]
    created_at: Timestamp,
}

impl From<tenant::Tenant> for TenantSettings {
    fn from(tenant: tenant::Tenant) -> Self {
        let tenant::Tenant { id, name, second_factor_roles, max_key_days, created_at, .. } = tenant;
        Self { id, name, second_factor_roles, max_key_days, created_at }
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
    /// How many days a secret of an API key works at most. It acts on keys that are there, too.
    #[serde(default, deserialize_with = "rules::max_key_days")]
    #[schemars(with = "u32", range(min = 1, max = 3_650))]
    max_key_days: Option<u32>,
}

pub(crate) async fn change(mut request: Request) -> Result<HttpResponse, Problem> {
    let ChangeTenantSettings { second_factor_roles, max_key_days } = request.merge_patch().await?;
    let change = ChangeSettings { second_factor_roles, max_key_days, if_revision: request.if_match() };
    let changed =
        tenant::change_settings(request.space(), &request.context, request.principal()?, change).await?;
    reply::resource(StatusCode::OK, changed.revision, &TenantSettings::from(changed))
}
