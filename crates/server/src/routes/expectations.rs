//! The routes of what is expected of an endpoint.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syft_space_domain::endpoint::EndpointName;
use syft_space_domain::expectation::{
    self, CheckedExpectation, CheckedExpectations, ExpectedVerdict, MAX_EXPECTATIONS,
};
use syft_space_domain::policy::Purpose;
use syft_space_domain::text::Line;

use crate::http::problem::Problem;
use crate::http::request::Request;
use crate::routes::endpoints::{self, Identity};
use crate::routes::{reply, shapes};

/// What is expected of an endpoint.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Expectations {
    pub(crate) expectations: Vec<Expectation>,
}

/// That somebody may query the endpoint, or may not.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Expectation {
    #[schemars(with = "shapes::IdentityShape")]
    pub(crate) identity: Identity,
    #[schemars(with = "Option<shapes::PurposeShape>")]
    pub(crate) purpose: Option<Purpose>,
    #[schemars(with = "shapes::ExpectedVerdictShape")]
    pub(crate) verdict: ExpectedVerdict,
    pub(crate) note: String,
    /// Whether it is so now. No write that is held to it breaks it, but time may, and who leaves by themselves.
    pub(crate) holds: bool,
    /// Why it is decided so now, in the words of an explanation.
    pub(crate) reason_code: String,
}

impl From<CheckedExpectation> for Expectation {
    fn from(checked: CheckedExpectation) -> Self {
        let CheckedExpectation { expectation, holds, reason } = checked;
        Self {
            identity: expectation.caller.into(),
            purpose: expectation.purpose,
            verdict: expectation.verdict,
            note: expectation.note,
            holds,
            reason_code: reason.as_str().to_owned(),
        }
    }
}

/// What is expected from now on, in the place of what was.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetExpectations {
    #[schemars(length(max = MAX_EXPECTATIONS))]
    pub(crate) expectations: Vec<NewExpectation>,
}

/// That somebody may query the endpoint, or may not.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewExpectation {
    /// Who. An address that is to be denied is denied as a member's and as that of a user of any marketplace.
    #[schemars(with = "shapes::IdentityShape")]
    pub(crate) identity: Identity,
    /// For which purpose; without one, for any that the policies allow.
    #[schemars(with = "Option<shapes::PurposeShape>")]
    pub(crate) purpose: Option<Purpose>,
    #[schemars(with = "shapes::ExpectedVerdictShape")]
    pub(crate) verdict: ExpectedVerdict,
    /// Why.
    #[serde(default)]
    #[schemars(with = "shapes::LineShape")]
    pub(crate) note: Line,
}

fn respond(found: CheckedExpectations) -> Result<HttpResponse, Problem> {
    let CheckedExpectations { expectations, revision } = found;
    let body = Expectations { expectations: expectations.into_iter().map(Expectation::from).collect() };
    reply::resource(StatusCode::OK, revision, &body)
}

pub(crate) async fn list(request: Request) -> Result<HttpResponse, Problem> {
    let name = EndpointName::Id(endpoints::find(&request).await?.id);
    respond(expectation::expectations(request.space(), request.principal()?, &name).await?)
}

pub(crate) async fn set(mut request: Request) -> Result<HttpResponse, Problem> {
    let name = EndpointName::Id(endpoints::find(&request).await?.id);
    let body: SetExpectations = request.json().await?;
    let read = |(place, one): (usize, NewExpectation)| {
        Ok::<_, Problem>(expectation::Expectation {
            caller: one.identity.read(&format!("/expectations/{place}"))?,
            purpose: one.purpose,
            verdict: one.verdict,
            note: one.note.into(),
        })
    };
    let wanted = body.expectations.into_iter().enumerate().map(read).collect::<Result<_, _>>()?;
    let (principal, if_revision) = (request.principal()?, request.if_match());
    let set = expectation::set_expectations(
        request.space(),
        &request.context,
        principal,
        name,
        wanted,
        if_revision,
    );
    respond(set.await?)
}
