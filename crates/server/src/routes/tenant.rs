//! The routes of the caller's tenant: its settings, and its end.

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
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct TenantSettings {
    #[schemars(with = "shapes::IdShape")]
    pub(crate) id: TenantId,
    #[schemars(with = "shapes::TenantNameShape")]
    name: TenantName,
    /// The roles whose members need a second factor.
    #[schemars(with = "Vec<shapes::RoleShape>")]
    second_factor_roles: BTreeSet<Role>,
    /// How many days a secret of an API key works at most.
    max_key_days: u32,
    #[schemars(with = "shapes::TimeShape")]
    created_at: Timestamp,
    /// When it ends, once that was asked for.
    end: Option<TenantEnd>,
}

/// That a tenant ends.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct TenantEnd {
    #[schemars(with = "shapes::TimeShape")]
    pub(crate) asked_at: Timestamp,
    /// From when on everything of it is removed. Until then it can be kept.
    #[schemars(with = "shapes::TimeShape")]
    pub(crate) ends_at: Timestamp,
}

impl From<tenant::TenantEnd> for TenantEnd {
    fn from(end: tenant::TenantEnd) -> Self {
        Self { asked_at: end.asked_at, ends_at: end.ends_at }
    }
}

impl From<tenant::Tenant> for TenantSettings {
    fn from(tenant: tenant::Tenant) -> Self {
        let tenant::Tenant { id, name, second_factor_roles, max_key_days, created_at, end, .. } = tenant;
        Self { id, name, second_factor_roles, max_key_days, created_at, end: end.map(TenantEnd::from) }
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

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EndTenant {
    /// What the tenant is called that is to end: no other one is.
    #[schemars(with = "shapes::TenantNameShape")]
    pub(crate) tenant_name: TenantName,
}

/// A tenant that ends.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct EndingTenant {
    #[schemars(with = "shapes::IdShape")]
    pub(crate) id: TenantId,
    #[schemars(with = "shapes::TenantNameShape")]
    pub(crate) name: TenantName,
    pub(crate) end: Option<TenantEnd>,
}

pub(crate) async fn end(mut request: Request) -> Result<HttpResponse, Problem> {
    let EndTenant { tenant_name } = request.json().await?;
    let grace = request.state.tenant_end_grace;
    let ended =
        tenant::end_tenant(request.space(), &request.context, request.principal()?, tenant_name, grace);
    let tenant::Tenant { id, name, end, .. } = ended.await?;
    reply::json(StatusCode::OK, &EndingTenant { id, name, end: end.map(TenantEnd::from) })
}

pub(crate) async fn keep(request: Request) -> Result<HttpResponse, Problem> {
    tenant::keep_tenant(request.space(), &request.context, request.principal()?).await?;
    Ok(reply::no_content())
}
