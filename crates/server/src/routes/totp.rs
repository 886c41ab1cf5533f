//! The routes of one's own second factor.

use std::borrow::Cow;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use qrcode::QrCode;
use qrcode::render::svg;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syft_space_domain::audit::{Action, ReasonCode};
use syft_space_domain::identity::{self, Email, FactorCode, Password, RecoveryCode, SecondFactorError};
use syft_space_domain::secret::Secret;
use syft_space_domain::time::Timestamp;

use crate::http::listener;
use crate::http::problem::Problem;
use crate::http::reason::Reason;
use crate::http::request::Request;
use crate::routes::reply;
use crate::routes::shapes;

/// What one may know of one's second factor.
#[derive(Serialize, JsonSchema)]
pub(crate) struct SecondFactor {
    /// Whether a login asks for a code.
    enrolled: bool,
    #[schemars(with = "Option<shapes::TimeShape>")]
    since: Option<Timestamp>,
    /// How many recovery codes are not used yet.
    recovery_codes_left: u64,
}

pub(crate) async fn status(request: Request) -> Result<HttpResponse, Problem> {
    let status = identity::second_factor_status(request.space(), request.principal()?).await?;
    let shown = SecondFactor {
        enrolled: status.since.is_some(),
        since: status.since,
        recovery_codes_left: status.recovery_codes_left,
    };
    reply::json(StatusCode::OK, &shown)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Enrol {
    #[schemars(with = "shapes::PasswordShape")]
    password: Secret<String>,
}

/// What is brought into an authenticator app, in three forms of the same. It is shown this once.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Enrolment<'a> {
    /// The secret in base 32, to be typed.
    secret: Cow<'a, str>,
    /// The `otpauth` URI that apps read.
    uri: Cow<'a, str>,
    /// The URI as a QR code, in an SVG image.
    svg: Cow<'a, str>,
}

pub(crate) async fn enrol(mut request: Request) -> Result<HttpResponse, Problem> {
    let Enrol { password } = request.json().await?;
    let password = Password::presented(&password)?;
    let enrolled = identity::enrol(request.space(), &request.context, request.principal()?, &password).await;
    let enrolled = judged(&request, enrolled)?;
    let svg = qr_code(&enrolled.uri)?;
    let shown = Enrolment {
        secret: enrolled.secret.expose().into(),
        uri: enrolled.uri.expose().into(),
        svg: svg.expose().into(),
    };
    reply::json(StatusCode::CREATED, &shown)
}

/// A text as a QR code in an SVG image: black on white, with the quiet zone that scanners need.
fn qr_code(text: &Secret<String>) -> Result<Secret<String>, Problem> {
    let code = QrCode::new(text.expose()).map_err(|error| {
        tracing::error!(%error, "a QR code could not be made");
        Problem::new(Reason::Internal, "the server failed; its operator finds the cause in the log")
    })?;
    Ok(Secret::new(code.render::<svg::Color<'_>>().build()))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Code {
    #[schemars(with = "shapes::FactorCodeShape")]
    code: Secret<String>,
}

/// Recovery codes, each of which stands in for a code of the app once. They are shown this once.
#[derive(Serialize, JsonSchema)]
pub(crate) struct RecoveryCodes {
    #[serde(serialize_with = "exposed")]
    #[schemars(with = "Vec<shapes::RecoveryCodeShape>")]
    recovery_codes: Vec<Secret<String>>,
}

impl From<Vec<RecoveryCode>> for RecoveryCodes {
    fn from(codes: Vec<RecoveryCode>) -> Self {
        Self { recovery_codes: codes.iter().map(RecoveryCode::to_text).collect() }
    }
}

fn exposed<S: serde::Serializer>(codes: &[Secret<String>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(codes.iter().map(Secret::expose))
}

pub(crate) async fn confirm(mut request: Request) -> Result<HttpResponse, Problem> {
    let Code { code } = request.json().await?;
    let (code, principal) = (FactorCode::read(&code), request.principal()?);
    let codes = identity::confirm_second_factor(request.space(), &request.context, principal, &code).await;
    reply::json(StatusCode::OK, &RecoveryCodes::from(judged(&request, codes)?))
}

pub(crate) async fn renew_recovery_codes(mut request: Request) -> Result<HttpResponse, Problem> {
    let Code { code } = request.json().await?;
    let (code, principal) = (FactorCode::read(&code), request.principal()?);
    let codes = identity::renew_recovery_codes(request.space(), &request.context, principal, &code).await;
    reply::json(StatusCode::CREATED, &RecoveryCodes::from(judged(&request, codes)?))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BothFactors {
    #[schemars(with = "shapes::PasswordShape")]
    password: Secret<String>,
    #[schemars(with = "shapes::FactorCodeShape")]
    code: Secret<String>,
}

pub(crate) async fn remove(mut request: Request) -> Result<HttpResponse, Problem> {
    let BothFactors { password, code } = request.json().await?;
    let (password, code) = (Password::presented(&password)?, FactorCode::read(&code));
    let principal = request.principal()?;
    let removed =
        identity::remove_second_factor(request.space(), &request.context, principal, &password, &code).await;
    judged(&request, removed)?;
    Ok(reply::no_content())
}

/// Whoever guesses on beyond the allowance costs nothing, and is merged into few events, as at a login.
fn judged<T>(request: &Request, outcome: Result<T, SecondFactorError>) -> Result<T, Problem> {
    if let Err(SecondFactorError::TooManyGuesses(_)) = &outcome {
        let (address, reason_code) = (request.context.origin.address, ReasonCode::TooManyGuesses);
        request.state.merged_refusals.count(address, Action::AuthnFactorChangeFail, reason_code);
    }
    Ok(outcome?)
}

/// Whose second factor the operator takes off.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MemberAddress {
    #[schemars(with = "shapes::EmailShape")]
    pub(crate) email: Email,
}

pub(crate) async fn disable(mut request: Request) -> Result<HttpResponse, Problem> {
    let MemberAddress { email } = request.json().await?;
    let (operator, tenant) = (request.operator()?, listener::named_tenant(&request.http)?);
    let (space, context) = (request.space(), &request.context);
    identity::disable_second_factor(space, context, operator, tenant.as_ref(), email).await?;
    Ok(reply::no_content())
}
