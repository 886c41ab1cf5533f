//! The routes to register, to log in, and to read who one is.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syft_space_domain::access::Permission;
use syft_space_domain::audit::Action;
use syft_space_domain::identity::{self, Email, Password};
use syft_space_domain::secret::{Secret, TokenHash};
use syft_space_domain::tenant::{self, NewMembership, RegisterError, TenantName};
use syft_space_domain::time::Timestamp;

use crate::http::problem::Problem;
use crate::http::request::Request;
use crate::routes::reply;
use crate::routes::rules::{self, take};
use crate::routes::shapes;

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Registration {
    #[garde(custom(rules::email))]
    #[schemars(with = "shapes::EmailShape")]
    email: String,
    #[garde(skip)]
    #[schemars(with = "shapes::NewPasswordShape")]
    password: Secret<String>,
    #[garde(custom(rules::tenant_name))]
    #[schemars(with = "shapes::TenantNameShape")]
    tenant_name: String,
    #[garde(skip)]
    #[schemars(with = "Option<shapes::SecretShape>")]
    setup_token: Option<Secret<String>>,
}

/// Somebody who has become a member.
#[derive(Serialize, JsonSchema)]
pub(crate) struct NewMember {
    #[schemars(with = "shapes::IdShape")]
    id: String,
    #[schemars(with = "shapes::CanonicalEmailShape")]
    email: String,
    #[schemars(with = "shapes::TenantNameShape")]
    tenant_name: String,
    #[schemars(with = "shapes::RoleShape")]
    role: &'static str,
    #[schemars(with = "shapes::TimeShape")]
    created_at: Timestamp,
}

impl From<NewMembership> for NewMember {
    fn from(membership: NewMembership) -> Self {
        Self {
            id: membership.account.to_string(),
            email: membership.email.to_string(),
            tenant_name: membership.tenant_name.to_string(),
            role: membership.role.as_str(),
            created_at: membership.created_at,
        }
    }
}

pub(crate) async fn register(request: Request) -> Result<HttpResponse, Problem> {
    let body: Registration = request.json().await?;
    let wanted = tenant::Registration {
        email: take("/email", Email::parse(&body.email))?,
        password: Password::parse(&body.password)?,
        tenant_name: take("/tenant_name", TenantName::parse(&body.tenant_name))?,
        setup_token: body.setup_token.as_ref().map(|token| TokenHash::of(token.expose().trim())),
    };
    let gate = request.state.registration_gate();
    let membership = tenant::register(request.space(), &request.context, &gate, wanted).await;
    if let Some(reason_code) = membership.as_ref().err().and_then(RegisterError::anonymous_failure) {
        request.state.anonymous_failures.count(
            request.context.origin.address,
            Action::AuthzFail,
            reason_code,
        );
    }
    let membership = membership?;
    if let Some(file) = &request.state.setup_token {
        file.discard();
    }
    reply::json(StatusCode::CREATED, &NewMember::from(membership))
}

#[derive(Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Login {
    #[garde(custom(rules::email))]
    #[schemars(with = "shapes::EmailShape")]
    email: String,
    #[garde(skip)]
    #[schemars(with = "shapes::PasswordShape")]
    password: Secret<String>,
    #[garde(custom(rules::optional(rules::tenant_name)))]
    #[schemars(with = "Option<shapes::TenantNameShape>")]
    tenant: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct AccessToken<'a> {
    access_token: &'a str,
    token_type: &'static str,
    expires_in: u64,
}

pub(crate) async fn login(request: Request) -> Result<HttpResponse, Problem> {
    let body: Login = request.json().await?;
    let wanted = identity::Login {
        email: take("/email", Email::parse(&body.email))?,
        password: Password::presented(&body.password)?,
        tenant: body.tenant.map(|name| take("/tenant", TenantName::parse(&name))).transpose()?,
    };
    let logged_in = identity::login(request.space(), &request.context, wanted).await?;
    let token = AccessToken {
        access_token: logged_in.token.expose(),
        token_type: "bearer",
        expires_in: logged_in.lifetime.as_secs(),
    };
    reply::json(StatusCode::OK, &token)
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Me {
    #[schemars(with = "shapes::IdShape")]
    id: String,
    #[schemars(with = "shapes::CanonicalEmailShape")]
    email: String,
    #[schemars(with = "shapes::TenantNameShape")]
    tenant_name: String,
    #[schemars(with = "shapes::RoleShape")]
    role: &'static str,
}

pub(crate) async fn me(request: Request) -> Result<HttpResponse, Problem> {
    let principal = request.principal()?;
    let member = principal.member(Permission::OwnAccount)?;
    let me = Me {
        id: member.account.to_string(),
        email: member.email.to_string(),
        tenant_name: principal.snapshot().tenant.name.to_string(),
        role: member.role.as_str(),
    };
    reply::json(StatusCode::OK, &me)
}
