//! The routes to register, to log in, and to read who one is.

use std::borrow::Cow;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syft_space_domain::access::{Permission, Role};
use syft_space_domain::audit::{Action, ReasonCode};
use syft_space_domain::identity::{
    self, ChangePassword, ChangePasswordError, Email, FactorCode, LoggedIn, LoginError, Password,
    RedeemError, RefreshError,
};
use syft_space_domain::ids::AccountId;
use syft_space_domain::secret::{Secret, TokenHash};
use syft_space_domain::tenant::{self, RegisterError, TenantName};
use syft_space_domain::time::Timestamp;

use crate::http::problem::Problem;
use crate::http::request::Request;
use crate::routes::reply;
use crate::routes::rules;
use crate::routes::shapes;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Registration {
    #[schemars(with = "shapes::EmailShape")]
    email: Email,
    #[schemars(with = "shapes::NewPasswordShape")]
    password: Secret<String>,
    #[schemars(with = "shapes::TenantNameShape")]
    tenant_name: TenantName,
    #[schemars(with = "Option<shapes::SecretShape>")]
    setup_token: Option<Secret<String>>,
}

/// Somebody who has become a member.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct NewMember {
    #[schemars(with = "shapes::IdShape")]
    pub(crate) id: AccountId,
    #[schemars(with = "shapes::CanonicalEmailShape")]
    pub(crate) email: Email,
    #[schemars(with = "shapes::TenantNameShape")]
    pub(crate) tenant_name: TenantName,
    #[schemars(with = "shapes::RoleShape")]
    pub(crate) role: Role,
    #[schemars(with = "shapes::TimeShape")]
    pub(crate) created_at: Timestamp,
}

impl From<tenant::NewMember> for NewMember {
    fn from(member: tenant::NewMember) -> Self {
        Self {
            id: member.account,
            email: member.email,
            tenant_name: member.tenant_name,
            role: member.role,
            created_at: member.created_at,
        }
    }
}

pub(crate) async fn register(mut request: Request) -> Result<HttpResponse, Problem> {
    let body: Registration = request.json().await?;
    let wanted = tenant::Registration {
        email: body.email,
        password: Password::parse(&body.password)?,
        tenant_name: body.tenant_name,
        setup_token: body.setup_token.as_ref().map(|token| TokenHash::of(token.expose().trim())),
    };
    let gate = request.state.registration_gate();
    let registered = tenant::register(request.space(), &request.context, &gate, wanted).await;
    if let Some(reason_code) = registered.as_ref().err().and_then(RegisterError::anonymous_failure) {
        request.state.merged_refusals.count(request.context.origin.address, Action::AuthzFail, reason_code);
    }
    let owner = registered?;
    if let Some(file) = &request.state.setup_token {
        file.discard();
    }
    reply::json(StatusCode::CREATED, &NewMember::from(owner))
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Login {
    #[schemars(with = "shapes::EmailShape")]
    pub(crate) email: Email,
    #[serde(serialize_with = "rules::exposed")]
    #[schemars(with = "shapes::PasswordShape")]
    pub(crate) password: Secret<String>,
    #[schemars(with = "Option<shapes::TenantNameShape>")]
    pub(crate) tenant: Option<TenantName>,
    /// Where the account has a second factor: a code of the authenticator app, or a recovery code.
    #[serde(serialize_with = "rules::exposed_if_some", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<shapes::FactorCodeShape>")]
    pub(crate) totp: Option<Secret<String>>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct AccessToken<'a> {
    pub(crate) access_token: Cow<'a, str>,
    token_type: Cow<'a, str>,
    pub(crate) expires_in: u64,
    #[serde(serialize_with = "rules::exposed")]
    #[schemars(with = "String")]
    pub(crate) refresh_token: Secret<String>,
}

pub(crate) async fn login(mut request: Request) -> Result<HttpResponse, Problem> {
    let body: Login = request.json().await?;
    let wanted = identity::Login {
        email: body.email,
        password: Password::presented(&body.password)?,
        tenant: body.tenant,
        code: body.totp.as_ref().map(FactorCode::read),
    };
    let logged_in = identity::login(request.space(), &request.context, wanted).await;
    if let Err(LoginError::TooManyGuesses(_)) = &logged_in {
        // Anybody can cause it, at any rate, and it costs nothing: it is merged into few events.
        let (address, reason_code) = (request.context.origin.address, ReasonCode::TooManyGuesses);
        request.state.merged_refusals.count(address, Action::AuthnLoginFail, reason_code);
    }
    token(&logged_in?)
}

pub(super) fn token(logged_in: &LoggedIn) -> Result<HttpResponse, Problem> {
    let token = AccessToken {
        access_token: logged_in.token.expose().into(),
        token_type: "bearer".into(),
        expires_in: logged_in.lifetime.as_secs(),
        refresh_token: logged_in.refresh_token.expose(),
    };
    reply::json(StatusCode::OK, &token)
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Refresh {
    #[serde(serialize_with = "rules::exposed")]
    #[schemars(with = "shapes::SecretShape")]
    pub(crate) refresh_token: Secret<String>,
}

pub(crate) async fn refresh(mut request: Request) -> Result<HttpResponse, Problem> {
    let body: Refresh = request.json().await?;
    let refreshed = identity::refresh(request.space(), &request.context, &body.refresh_token).await;
    if let Err(RefreshError::Unknown) = &refreshed {
        // Anybody can cause it, at any rate: it is merged into few events.
        let (address, reason_code) = (request.context.origin.address, ReasonCode::RefreshTokenUnknown);
        request.state.merged_refusals.count(address, Action::AuthnTokenFail, reason_code);
    }
    token(&refreshed?)
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordChange {
    #[serde(serialize_with = "rules::exposed")]
    #[schemars(with = "shapes::PasswordShape")]
    pub(crate) current_password: Secret<String>,
    #[serde(serialize_with = "rules::exposed")]
    #[schemars(with = "shapes::MembersPasswordShape")]
    pub(crate) new_password: Secret<String>,
}

pub(crate) async fn change_password(mut request: Request) -> Result<HttpResponse, Problem> {
    let body: PasswordChange = request.json().await?;
    let wanted =
        ChangePassword { current: Password::presented(&body.current_password)?, new: body.new_password };
    let changed =
        identity::change_password(request.space(), &request.context, request.principal()?, wanted).await;
    if let Err(ChangePasswordError::TooManyGuesses(_)) = &changed {
        // As at a login: whoever tries again and again costs nothing, and is merged into few events.
        let (address, reason_code) = (request.context.origin.address, ReasonCode::TooManyGuesses);
        request.state.merged_refusals.count(address, Action::AuthnPasswordChangeFail, reason_code);
    }
    token(&changed?)
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RedeemReset {
    #[serde(serialize_with = "rules::exposed")]
    #[schemars(with = "shapes::SecretShape")]
    token: Secret<String>,
    #[serde(serialize_with = "rules::exposed")]
    #[schemars(with = "shapes::NewPasswordShape")]
    new_password: Secret<String>,
}

pub(crate) async fn redeem_reset(mut request: Request) -> Result<HttpResponse, Problem> {
    let body: RedeemReset = request.json().await?;
    let wanted = identity::RedeemReset {
        token: TokenHash::of(body.token.expose().trim()),
        password: body.new_password,
    };
    let redeemed = identity::redeem_reset(request.space(), &request.context, wanted).await;
    if let Err(RedeemError::NotFound) = &redeemed {
        let (address, reason_code) = (request.context.origin.address, ReasonCode::ResetUnknown);
        request.state.merged_refusals.count(address, Action::AuthnTokenFail, reason_code);
    }
    redeemed?;
    Ok(reply::no_content())
}

#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Me {
    #[schemars(with = "shapes::IdShape")]
    id: AccountId,
    #[schemars(with = "shapes::CanonicalEmailShape")]
    pub(crate) email: Email,
    #[schemars(with = "shapes::TenantNameShape")]
    pub(crate) tenant_name: TenantName,
    #[schemars(with = "shapes::RoleShape")]
    pub(crate) role: Role,
}

pub(crate) async fn me(request: Request) -> Result<HttpResponse, Problem> {
    let principal = request.principal()?;
    let member = principal.member(Permission::OwnAccount)?;
    let me = Me {
        id: member.account,
        email: member.email.clone(),
        tenant_name: principal.snapshot().tenant.name.clone(),
        role: member.role,
    };
    reply::json(StatusCode::OK, &me)
}

pub(crate) async fn leave(request: Request) -> Result<HttpResponse, Problem> {
    identity::leave(request.space(), &request.context, request.principal()?).await?;
    Ok(reply::no_content())
}
