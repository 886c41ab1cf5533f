//! Inviting, and accepting.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syft_space_domain::audit::Action;
use syft_space_domain::identity::{
    AcceptError, AcceptInvitation, Email, Invitation, Invite, accept_invitation, invitations, invite,
    withdraw_invitation,
};
use syft_space_domain::secret::{Secret, TokenHash};
use syft_space_domain::time::Timestamp;

use crate::http::problem::Problem;
use crate::http::request::Request;
use crate::routes::auth::NewMember;
use crate::routes::reply;
use crate::routes::rules::{self, take};
use crate::routes::shapes;

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Invitation")]
pub(crate) struct Shown {
    #[schemars(with = "shapes::IdShape")]
    id: String,
    #[schemars(with = "shapes::ShownEmailShape")]
    email: String,
    #[schemars(with = "shapes::RoleShape")]
    role: &'static str,
    #[schemars(with = "shapes::TimeShape")]
    created_at: Timestamp,
    #[schemars(with = "shapes::TimeShape")]
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
    let page = request.query().page()?;
    reply::list(invitations(request.space(), request.principal()?, page)?, Shown::from)
}

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Invite")]
pub(crate) struct InviteBody {
    #[garde(custom(rules::email))]
    #[schemars(with = "shapes::EmailShape")]
    email: String,
    #[garde(custom(rules::role))]
    #[schemars(with = "shapes::RoleShape")]
    role: String,
}

/// The one answer that shows an invitation's token.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "IssuedInvitation")]
pub(crate) struct Issued<'a> {
    #[schemars(with = "shapes::IdShape")]
    id: String,
    token: &'a str,
    #[schemars(with = "shapes::TimeShape")]
    expires_at: Timestamp,
}

pub(crate) async fn create(request: Request) -> Result<HttpResponse, Problem> {
    let body: InviteBody = request.json().await?;
    let wanted =
        Invite { email: take("/email", Email::parse(&body.email))?, role: take("/role", body.role.parse())? };
    let invited = invite(request.space(), &request.call, request.principal()?, wanted).await?;
    let issued = Issued {
        id: invited.invitation.id.to_string(),
        token: invited.token.expose(),
        expires_at: invited.invitation.expires_at,
    };
    reply::json(StatusCode::CREATED, &issued)
}

pub(crate) async fn withdraw(request: Request) -> Result<HttpResponse, Problem> {
    let id = request.path("id", "invitation")?;
    withdraw_invitation(request.space(), &request.call, request.principal()?, id).await?;
    Ok(reply::nothing())
}

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "AcceptInvitation")]
pub(crate) struct AcceptBody {
    #[garde(skip)]
    #[schemars(with = "shapes::SecretShape")]
    token: Secret<String>,
    #[garde(skip)]
    #[schemars(with = "shapes::NewPasswordShape")]
    password: Secret<String>,
}

pub(crate) async fn accept(request: Request) -> Result<HttpResponse, Problem> {
    let body: AcceptBody = request.json().await?;
    let wanted =
        AcceptInvitation { token: TokenHash::of(body.token.expose().trim()), password: body.password };
    let joined = accept_invitation(request.space(), &request.call, wanted).await;
    if let Err(AcceptError::NotFound) = &joined {
        let address = request.context.origin.address;
        request.state.anonymous_failures.count(address, Action::AuthnTokenFail, "invitation_unknown");
    }
    let joined = joined?;
    reply::json(StatusCode::CREATED, &NewMember::from(joined))
}
