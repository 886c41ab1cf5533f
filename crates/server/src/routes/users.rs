//! The routes of the members of a tenant.

use std::borrow::Cow;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syft_space_domain::access::Role;
use syft_space_domain::identity::{self, AccountStatus, Email};
use syft_space_domain::ids::AccountId;
use syft_space_domain::mail::Purpose;
use syft_space_domain::time::Timestamp;

use crate::http::json::present;
use crate::http::problem::Problem;
use crate::http::request::Request;
use crate::routes::reply;
use crate::routes::shapes;

#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Member {
    #[schemars(with = "shapes::IdShape")]
    pub(crate) id: AccountId,
    #[schemars(with = "shapes::CanonicalEmailShape")]
    pub(crate) email: Email,
    #[schemars(with = "shapes::RoleShape")]
    pub(crate) role: Role,
    #[schemars(with = "shapes::MemberStatusShape")]
    pub(crate) status: AccountStatus,
    #[schemars(with = "shapes::TimeShape")]
    pub(crate) created_at: Timestamp,
}

impl From<identity::Member> for Member {
    fn from(member: identity::Member) -> Self {
        Self {
            id: member.account,
            email: member.email,
            role: member.role,
            status: member.status,
            created_at: member.created_at,
        }
    }
}

pub(crate) async fn list(request: Request) -> Result<HttpResponse, Problem> {
    let page = request.query().page()?;
    let found = identity::members(request.space(), request.principal()?, page).await?;
    reply::list(found, Member::from).await
}

pub(crate) async fn get(request: Request) -> Result<HttpResponse, Problem> {
    let found = identity::member(request.space(), request.principal()?, id(&request)?).await?;
    reply::resource(StatusCode::OK, found.revision, &Member::from(found))
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeMember {
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shapes::RoleShape")]
    pub(crate) role: Option<Role>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shapes::MemberStatusShape")]
    pub(crate) status: Option<AccountStatus>,
}

pub(crate) async fn change(mut request: Request) -> Result<HttpResponse, Problem> {
    let id = id(&request)?;
    // What is not there cannot be changed, whatever the body says.
    identity::member(request.space(), request.principal()?, id).await?;
    let body: ChangeMember = request.merge_patch().await?;
    let change =
        identity::ChangeMember { role: body.role, status: body.status, if_revision: request.if_match() };
    let changed =
        identity::change_member(request.space(), &request.context, request.principal()?, id, change).await?;
    reply::resource(StatusCode::OK, changed.revision, &Member::from(changed))
}

pub(crate) async fn remove(request: Request) -> Result<HttpResponse, Problem> {
    let if_revision = request.if_match();
    identity::remove_member(
        request.space(),
        &request.context,
        request.principal()?,
        id(&request)?,
        if_revision,
    )
    .await?;
    Ok(reply::no_content())
}

/// A reset that was made. Where there is a mailer its token is sent to the member, and not in here.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct IssuedReset<'a> {
    #[schemars(with = "shapes::IdShape")]
    id: AccountId,
    /// It is there where the space sends no mail, and for its operator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<Cow<'a, str>>,
    /// Where they choose a password with it: there with the token, where the space knows its own address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) link: Option<String>,
    #[schemars(with = "shapes::TimeShape")]
    pub(crate) expires_at: Timestamp,
}

pub(crate) async fn reset(request: Request) -> Result<HttpResponse, Problem> {
    let id = id(&request)?;
    let made = identity::reset_password(request.space(), &request.context, request.principal()?, id).await?;
    let (token, link) = reply::shown(&request, &made.token, Purpose::PasswordReset);
    let issued = IssuedReset { id: made.account, token, link, expires_at: made.expires_at };
    reply::json(StatusCode::CREATED, &issued)
}

fn id(request: &Request) -> Result<AccountId, Problem> {
    request.path("id", "member")
}
