//! The routes by which people have erased what is held about them.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syft_space_domain::identity::Email;
use syft_space_domain::ids::{AccountId, EndpointId, PolicyId, TenantId};
use syft_space_domain::privacy::{
    self, BegunErasure, ErasedRows, ErasureBy, ErasureReport, ShownCertificate,
};
use syft_space_domain::secret::BearerSecret;
use syft_space_domain::time::Timestamp;

use crate::http::problem::Problem;
use crate::http::reason::Reason;
use crate::http::request::Request;
use crate::routes::reply;
use crate::routes::shapes;

/// How many rows of each kind went, so far.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it describes the rows that the domain counts, which are written as they are")]
struct Erased {
    accounts: u64,
    sessions: u64,
    api_keys: u64,
    recovery_codes: u64,
    /// Who they were at identity providers.
    identities: u64,
    /// Theirs, and those that they made.
    invitations: u64,
    /// Theirs, and those that they made.
    password_resets: u64,
    approvals: u64,
    /// What was known of logins.
    logins: u64,
    group_members: u64,
    disclosures: u64,
    /// The personal data of events of the tenant's log. The events stay.
    events: u64,
    /// The same of the installation's log.
    installation_events: u64,
}

/// An erasure of what is held about a member.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Erasure {
    /// The id that the account had. It is nobody's any more.
    #[schemars(with = "shapes::IdShape")]
    pub(crate) account_id: AccountId,
    #[schemars(with = "shapes::ErasureByShape")]
    pub(crate) asked_by: ErasureBy,
    #[schemars(with = "shapes::TimeShape")]
    pub(crate) asked_at: Timestamp,
    /// Until when all of it is to be gone.
    #[schemars(with = "shapes::TimeShape")]
    pub(crate) due_at: Timestamp,
    /// When the last of it went; null as long as something is left.
    #[schemars(with = "Option<shapes::TimeShape>")]
    pub(crate) ended_at: Option<Timestamp>,
    /// Whether it should have ended by now.
    pub(crate) overdue: bool,
    #[schemars(with = "Erased")]
    pub(crate) erased: ErasedRows,
    /// The policies that named the address as it ended, for an owner to decide on.
    #[schemars(with = "Vec<shapes::IdShape>")]
    pub(crate) naming_policies: Vec<PolicyId>,
    /// The endpoints whose expectations did.
    #[schemars(with = "Vec<shapes::IdShape>")]
    pub(crate) naming_expectations: Vec<EndpointId>,
}

impl Erasure {
    fn of(erasure: privacy::Erasure, now: Timestamp) -> Self {
        let overdue = erasure.is_overdue(now);
        let ErasureReport { erased, policies, expectations } = erasure.report;
        Self {
            account_id: erasure.account,
            asked_by: erasure.asked_by,
            asked_at: erasure.asked_at,
            due_at: erasure.due_at,
            ended_at: erasure.ended_at,
            overdue,
            erased,
            naming_policies: policies,
            naming_expectations: expectations,
        }
    }
}

/// An erasure that has begun.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct NewErasure {
    #[serde(flatten)]
    pub(crate) erasure: Erasure,
    /// Where whoever has this gets the certificate once it has ended, without a token: shown in this answer alone. It is null where the
    /// erasure had begun before.
    pub(crate) certificate_path: Option<String>,
}

/// Whose erasure is asked for.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ErasedAddress {
    /// The address that they have here, or had.
    #[schemars(with = "shapes::EmailShape")]
    pub(crate) email: Email,
}

/// That an erasure or a deletion has ended, signed.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Certificate {
    /// The signed note: what went, when it was asked, when the last of it went, and the event of the log that says so.
    pub(crate) certificate: String,
    /// The public key, as `name+id+key`. Who verifies has it from elsewhere.
    pub(crate) verifier_key: String,
}

impl From<ShownCertificate> for Certificate {
    fn from(ShownCertificate { note, verifier }: ShownCertificate) -> Self {
        Self { certificate: note, verifier_key: verifier }
    }
}

fn accepted(
    request: &Request,
    BegunErasure { erasure, token }: BegunErasure,
) -> Result<HttpResponse, Problem> {
    let tenant = request.principal()?.snapshot().tenant.id;
    let account = erasure.account;
    let path = |token: BearerSecret| format!("/api/v1/certificates/{tenant}/{account}/{}", token.expose());
    let erasure = Erasure::of(erasure, request.context.now);
    reply::json(StatusCode::ACCEPTED, &NewErasure { erasure, certificate_path: token.map(path) })
}

pub(crate) async fn own(request: Request) -> Result<HttpResponse, Problem> {
    let begun = privacy::erase_own(request.space(), &request.context, request.principal()?).await?;
    accepted(&request, begun)
}

pub(crate) async fn of_member(request: Request) -> Result<HttpResponse, Problem> {
    let account = request.path("id", "member")?;
    let begun =
        privacy::erase_member(request.space(), &request.context, request.principal()?, account).await?;
    accepted(&request, begun)
}

pub(crate) async fn of_address(mut request: Request) -> Result<HttpResponse, Problem> {
    let ErasedAddress { email } = request.json().await?;
    let begun =
        privacy::erase_address(request.space(), &request.context, request.principal()?, email).await?;
    accepted(&request, begun)
}

pub(crate) async fn certificate(request: Request) -> Result<HttpResponse, Problem> {
    let account = request.path("id", "erasure")?;
    let shown = privacy::certificate(request.space(), request.principal()?, account).await?;
    reply::json(StatusCode::OK, &Certificate::from(shown))
}

pub(crate) async fn certificate_by_token(request: Request) -> Result<HttpResponse, Problem> {
    let what = "erasure";
    let (tenant, account): (TenantId, AccountId) = (request.path("log", what)?, request.path("id", what)?);
    let token: String = request.path("token", what)?;
    let token = BearerSecret::presented(&token)
        .ok_or_else(|| Problem::new(Reason::NotFound, "there is no such erasure"))?;
    let shown = privacy::certificate_by_token(request.space(), tenant, account, token.hash()).await?;
    reply::json(StatusCode::OK, &Certificate::from(shown))
}

pub(crate) async fn list(request: Request) -> Result<HttpResponse, Problem> {
    let page = request.parameters.page()?;
    let found = privacy::erasures(request.space(), request.principal()?, page).await?;
    let now = request.context.now;
    reply::list(found, move |erasure| Erasure::of(erasure, now)).await
}
