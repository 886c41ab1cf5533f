//! The routes by which people have erased what is held about them.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syft_space_domain::ids::{AccountId, EndpointId, PolicyId};
use syft_space_domain::privacy::{self, ErasedRows, ErasureBy, ErasureReport};
use syft_space_domain::time::Timestamp;

use crate::http::problem::Problem;
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

/// An erasure of what is held about a member: its certificate, once it has ended.
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

pub(crate) async fn own(request: Request) -> Result<HttpResponse, Problem> {
    let erasure = privacy::erase_own(request.space(), &request.context, request.principal()?).await?;
    reply::json(StatusCode::ACCEPTED, &Erasure::of(erasure, request.context.now))
}

pub(crate) async fn of_member(request: Request) -> Result<HttpResponse, Problem> {
    let account = request.path("id", "member")?;
    let erasure =
        privacy::erase_member(request.space(), &request.context, request.principal()?, account).await?;
    reply::json(StatusCode::ACCEPTED, &Erasure::of(erasure, request.context.now))
}

pub(crate) async fn list(request: Request) -> Result<HttpResponse, Problem> {
    let page = request.parameters.page()?;
    let found = privacy::erasures(request.space(), request.principal()?, page).await?;
    let now = request.context.now;
    reply::list(found, move |erasure| Erasure::of(erasure, now)).await
}
