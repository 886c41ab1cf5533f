//! The routes to invite, and to accept an invitation.

use std::borrow::Cow;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syft_space_domain::access::Role;
use syft_space_domain::audit::{Action, ReasonCode};
use syft_space_domain::identity::{self, AcceptError, Email};
use syft_space_domain::ids::InvitationId;
use syft_space_domain::mail::Purpose;
use syft_space_domain::secret::{Secret, TokenHash};
use syft_space_domain::time::Timestamp;

use crate::http::problem::Problem;
use crate::http::request::Request;
use crate::routes::auth::NewMember;
use crate::routes::reply;
use crate::routes::shapes;

#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Invitation {
    #[schemars(with = "shapes::IdShape")]
    pub(crate) id: InvitationId,
    #[schemars(with = "shapes::CanonicalEmailShape")]
    pub(crate) email: Email,
    #[schemars(with = "shapes::RoleShape")]
    pub(crate) role: Role,
    #[schemars(with = "shapes::TimeShape")]
    pub(crate) created_at: Timestamp,
    #[schemars(with = "shapes::TimeShape")]
    pub(crate) expires_at: Timestamp,
}

impl From<identity::Invitation> for Invitation {
    fn from(invitation: identity::Invitation) -> Self {
        Self {
            id: invitation.id,
            email: invitation.email,
            role: invitation.role,
            created_at: invitation.created_at,
            expires_at: invitation.expires_at,
        }
    }
}

pub(crate) async fn list(request: Request) -> Result<HttpResponse, Problem> {
    let page = request.query().page()?;
    let found = identity::invitations(request.space(), request.principal()?, page).await?;
    reply::list(found, Invitation::from).await
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Invite {
    #[schemars(with = "shapes::EmailShape")]
    pub(crate) email: Email,
    #[schemars(with = "shapes::RoleShape")]
    pub(crate) role: Role,
}

/// An invitation that was made. Where there is a mailer its token is sent to whoever is invited, and not in here.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct IssuedInvitation<'a> {
    #[schemars(with = "shapes::IdShape")]
    pub(crate) id: InvitationId,
    /// It is there where the space sends no mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<Cow<'a, str>>,
    /// Where they choose a password with it: there with the token, where the space knows its own address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) link: Option<String>,
    #[schemars(with = "shapes::TimeShape")]
    pub(crate) expires_at: Timestamp,
}

pub(crate) async fn create(mut request: Request) -> Result<HttpResponse, Problem> {
    let body: Invite = request.json().await?;
    let wanted = identity::Invite { email: body.email, role: body.role };
    let invited = identity::invite(request.space(), &request.context, request.principal()?, wanted).await?;
    let (token, link) = reply::shown(&request, &invited.token, Purpose::Invitation);
    let issued = IssuedInvitation {
        id: invited.invitation.id,
        token,
        link,
        expires_at: invited.invitation.expires_at,
    };
    reply::json(StatusCode::CREATED, &issued)
}

pub(crate) async fn withdraw(request: Request) -> Result<HttpResponse, Problem> {
    let id = request.path("id", "invitation")?;
    identity::withdraw_invitation(request.space(), &request.context, request.principal()?, id).await?;
    Ok(reply::no_content())
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AcceptInvitation {
    #[schemars(with = "shapes::SecretShape")]
    token: Secret<String>,
    #[schemars(with = "shapes::MembersPasswordShape")]
    password: Secret<String>,
}

pub(crate) async fn accept(mut request: Request) -> Result<HttpResponse, Problem> {
    let body: AcceptInvitation = request.json().await?;
    let wanted = identity::AcceptInvitation {
        token: TokenHash::of(body.token.expose().trim()),
        password: body.password,
    };
    let joined = identity::accept_invitation(request.space(), &request.context, wanted).await;
    if let Err(AcceptError::NotFound) = &joined {
        let (address, reason_code) = (request.context.origin.address, ReasonCode::InvitationUnknown);
        request.state.merged_refusals.count(address, Action::AuthnTokenFail, reason_code);
    }
    let joined = joined?;
    reply::json(StatusCode::CREATED, &NewMember::from(joined))
}
