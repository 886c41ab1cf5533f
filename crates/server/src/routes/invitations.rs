//! Inviting, and accepting.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use garde::Validate;
use serde::{Deserialize, Serialize};
use syft_space_domain::identity::{
    AcceptInvitation, Email, Invitation, Invite, accept_invitation, invitations, invite, withdraw_invitation,
};
use syft_space_domain::secret::{Secret, TokenHash};
use syft_space_domain::time::Timestamp;

use crate::http::problem::Problem;
use crate::http::request::{Parameters, Request};
use crate::routes::auth::NewMember;
use crate::routes::reply;
use crate::routes::rules::{self, take};

#[derive(Serialize)]
struct Shown {
    id: String,
    email: String,
    role: &'static str,
    created_at: Timestamp,
    expires_at: Timestamp,
}

impl From<Invitation> for Shown {
    fn from(invitation: Invitation) -> Self {
        Self {
            id: invitation.id.to_string(),
            email: invitation.email.to_string(),
            role: invitation.role.as_str(),
            created_at: invitation.created_at,
            expires_at: invitation.expires_at,
        }
    }
}

pub(crate) async fn list(request: Request) -> Result<HttpResponse, Problem> {
    let page = request.query(&Parameters::PAGE)?.page()?;
    reply::list(invitations(request.space(), request.who()?, page)?, Shown::from)
}

#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
struct InviteBody {
    #[garde(custom(rules::email))]
    email: String,
    #[garde(custom(rules::role))]
    role: String,
}

/// The one answer that shows an invitation's token.
#[derive(Serialize)]
struct Issued<'a> {
    id: String,
    token: &'a str,
    expires_at: Timestamp,
}

pub(crate) async fn create(request: Request) -> Result<HttpResponse, Problem> {
    let body: InviteBody = request.json().await?;
    let wanted =
        Invite { email: take("/email", Email::parse(&body.email))?, role: take("/role", body.role.parse())? };
    let invited = invite(request.space(), &request.call, request.who()?, wanted).await?;
    let issued = Issued {
        id: invited.invitation.id.to_string(),
        token: invited.token.expose(),
        expires_at: invited.invitation.expires_at,
    };
    reply::json(StatusCode::CREATED, &issued)
}

pub(crate) async fn withdraw(request: Request) -> Result<HttpResponse, Problem> {
    let id = request.path("id", "invitation")?;
    withdraw_invitation(request.space(), &request.call, request.who()?, id).await?;
    Ok(reply::nothing())
}

#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
struct AcceptBody {
    #[garde(skip)]
    token: Secret<String>,
    #[garde(skip)]
    password: Secret<String>,
}

pub(crate) async fn accept(request: Request) -> Result<HttpResponse, Problem> {
    let body: AcceptBody = request.json().await?;
    let wanted =
        AcceptInvitation { token: TokenHash::of(body.token.expose().trim()), password: body.password };
    let joined = accept_invitation(request.space(), &request.call, wanted).await?;
    reply::json(StatusCode::CREATED, &NewMember::from(joined))
}
