//! Members of the tenant.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syft_space_domain::identity::{ChangeMember, Member, change_member, member, members, remove_member};
use syft_space_domain::ids::AccountId;
use syft_space_domain::time::Timestamp;

use crate::http::json::present;
use crate::http::problem::Problem;
use crate::http::request::Request;
use crate::routes::reply;
use crate::routes::rules::{self, take};
use crate::routes::shapes;

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Member")]
pub(crate) struct User {
    #[schemars(with = "shapes::IdShape")]
    id: String,
    #[schemars(with = "shapes::ShownEmailShape")]
    email: String,
    #[schemars(with = "shapes::RoleShape")]
    role: &'static str,
    #[schemars(with = "shapes::StatusShape")]
    status: &'static str,
    #[schemars(with = "shapes::TimeShape")]
    created_at: Timestamp,
}

impl From<Member> for User {
    fn from(member: Member) -> Self {
        Self {
            id: member.membership.account.to_string(),
            email: member.email.to_string(),
            role: member.membership.role.as_str(),
            status: member.membership.status.as_str(),
            created_at: member.membership.created_at,
        }
    }
}

pub(crate) async fn list(request: Request) -> Result<HttpResponse, Problem> {
    let page = request.query().page()?;
    reply::list(members(request.space(), request.principal()?, page)?, User::from)
}

pub(crate) async fn get(request: Request) -> Result<HttpResponse, Problem> {
    let found = member(request.space(), request.principal()?, id(&request)?)?;
    reply::resource(StatusCode::OK, found.membership.revision, &User::from(found))
}

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ChangeMember")]
pub(crate) struct ChangeBody {
    #[serde(default, deserialize_with = "present")]
    #[garde(custom(rules::optional(rules::role)))]
    #[schemars(with = "shapes::RoleShape")]
    role: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[garde(custom(rules::optional(rules::status)))]
    #[schemars(with = "shapes::StatusShape")]
    status: Option<String>,
}

pub(crate) async fn change(request: Request) -> Result<HttpResponse, Problem> {
    let id = id(&request)?;
    // What is not there cannot be changed, whatever the body says.
    member(request.space(), request.principal()?, id)?;
    let body: ChangeBody = request.merge_patch().await?;
    let change = ChangeMember {
        role: body.role.map(|role| take("/role", role.parse())).transpose()?,
        status: body.status.map(|status| take("/status", status.parse())).transpose()?,
        if_revision: request.if_match(),
    };
    let changed = change_member(request.space(), &request.call, request.principal()?, id, change).await?;
    reply::resource(StatusCode::OK, changed.membership.revision, &User::from(changed))
}

pub(crate) async fn remove(request: Request) -> Result<HttpResponse, Problem> {
    let if_revision = request.if_match();
    remove_member(request.space(), &request.call, request.principal()?, id(&request)?, if_revision).await?;
    Ok(reply::nothing())
}

fn id(request: &Request) -> Result<AccountId, Problem> {
    request.path("id", "member")
}
