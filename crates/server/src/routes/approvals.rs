//! The routes of questions that wait for approval.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use syft_space_domain::approval::{
    self, ApprovalFilter, ApprovalRequest, ApprovalState, CallerKind, Decided, NewDecision, ShownApproval,
    Verdict,
};
use syft_space_domain::endpoint::Slug;
use syft_space_domain::identity::Email;
use syft_space_domain::ids::{ActorId, ApprovalId, EndpointId, PolicyId};
use syft_space_domain::marketplace::MarketplaceName;
use syft_space_domain::policy::Purpose;
use syft_space_domain::text::Line;
use syft_space_domain::time::Timestamp;

use crate::http::json::present;
use crate::http::problem::Problem;
use crate::http::request::Request;
use crate::http::route_docs::{CURSOR, LIMIT, Parameter};
use crate::routes::reply;
use crate::routes::shapes;

/// A question that waits for approval, or was decided on, as whoever asked it is shown it.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct OwnApproval {
    #[schemars(with = "shapes::IdShape")]
    pub(crate) id: ApprovalId,
    #[schemars(with = "shapes::ApprovalStateShape")]
    pub(crate) state: ApprovalState,
    #[schemars(with = "shapes::IdShape")]
    pub(crate) endpoint_id: EndpointId,
    /// The slug of the endpoint.
    #[schemars(with = "Option<shapes::SlugShape>")]
    pub(crate) endpoint: Option<Slug>,
    /// What the question is said to be for.
    #[schemars(with = "Option<shapes::PurposeShape>")]
    pub(crate) purpose: Option<Purpose>,
    /// How many characters all messages have.
    pub(crate) characters: u64,
    /// How many chunks are asked for at most; null where it is not known any more, as the two below.
    pub(crate) limit: Option<u64>,
    /// How close they must be.
    pub(crate) similarity_threshold: Option<f32>,
    /// How many chunks around each are asked for.
    pub(crate) context: Option<u32>,
    /// The beginning of the digest by which the question is known again. It tells nothing of it.
    pub(crate) digest: String,
    /// When it was asked first.
    #[schemars(with = "shapes::TimeShape")]
    pub(crate) asked_at: Timestamp,
    /// From when on it counts no more: that it waits, or what was decided.
    #[schemars(with = "shapes::TimeShape")]
    pub(crate) ends_at: Timestamp,
    #[schemars(with = "Option<shapes::TimeShape>")]
    pub(crate) decided_at: Option<Timestamp>,
    /// What whoever decided says of it.
    pub(crate) note: Option<String>,
}

/// A question that waits for approval, or was decided on, as who decides is shown it.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Approval {
    #[serde(flatten)]
    pub(crate) own: OwnApproval,
    /// The policy that asks for it.
    #[schemars(with = "shapes::IdShape")]
    pub(crate) policy_id: PolicyId,
    /// Who asked, by the id that the audit log has.
    #[schemars(with = "shapes::IdShape")]
    pub(crate) caller_id: ActorId,
    /// What kind of caller they are; null where it is not known any more. All guests are one caller.
    #[schemars(with = "Option<shapes::CallerKindShape>")]
    pub(crate) caller_kind: Option<CallerKind>,
    /// Their address, if they are a member.
    #[schemars(with = "Option<shapes::EmailShape>")]
    pub(crate) caller_email: Option<Email>,
    /// The marketplace that they are from, as it is called now; null of a member, and where it is not known.
    #[schemars(with = "Option<shapes::SlugShape>")]
    pub(crate) caller_marketplace: Option<MarketplaceName>,
    /// Whether the text of the question is kept.
    pub(crate) prompt_kept: bool,
    /// Who decided.
    #[schemars(with = "Option<shapes::IdShape>")]
    pub(crate) decided_by: Option<ActorId>,
}

/// The same, with the text of the question.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct ApprovalWithPrompt {
    #[serde(flatten)]
    pub(crate) approval: Approval,
    /// What was said; null where it is not kept, or cannot be opened any more.
    pub(crate) prompt: Option<Vec<PromptMessage>>,
}

/// A message of a question.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct PromptMessage {
    pub(crate) role: String,
    pub(crate) content: String,
}

/// What whoever decides says of it.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Decide {
    /// For whoever asked, who reads it.
    #[serde(default)]
    #[schemars(with = "shapes::LineShape")]
    pub(crate) note: Line,
}

/// Which questions are denied, of those that wait: all of a caller, or all at an endpoint.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = json!([{ "required": ["caller_id"] }, { "required": ["endpoint"] }])))]
pub(crate) struct DenyAll {
    /// Whoever asked, by the id that the audit log has.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shapes::IdShape")]
    pub(crate) caller_id: Option<ActorId>,
    /// An endpoint, by its slug.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shapes::SlugShape")]
    pub(crate) endpoint: Option<Slug>,
    /// For those who asked, who read it.
    #[serde(default)]
    #[schemars(with = "shapes::LineShape")]
    pub(crate) note: Line,
}

/// How many questions were denied.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct DeniedApprovals {
    pub(crate) denied: u64,
}

/// A request that was decided.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct DecidedApproval {
    #[schemars(with = "shapes::IdShape")]
    pub(crate) id: ApprovalId,
    #[schemars(with = "shapes::ApprovalStateShape")]
    pub(crate) state: ApprovalState,
    /// Until when the decision is good.
    #[schemars(with = "shapes::TimeShape")]
    pub(crate) ends_at: Timestamp,
    #[schemars(with = "Option<shapes::TimeShape>")]
    pub(crate) decided_at: Option<Timestamp>,
    #[schemars(with = "Option<shapes::IdShape>")]
    pub(crate) decided_by: Option<ActorId>,
    pub(crate) note: Option<String>,
}

/// What of a decision is told.
fn decision(request: &ApprovalRequest) -> (Option<Timestamp>, Option<ActorId>, Option<String>) {
    let decided = |Decided { at, by, note, .. }: &Decided| (Some(*at), Some(*by), Some(note.to_string()));
    request.decided.as_ref().map_or((None, None, None), decided)
}

impl From<ShownApproval> for OwnApproval {
    fn from(shown: ShownApproval) -> Self {
        let ShownApproval { request, state, slug, .. } = shown;
        let (decided_at, _, note) = decision(&request);
        Self {
            id: request.id,
            state,
            endpoint_id: request.key.endpoint,
            endpoint: slug,
            purpose: request.purpose,
            characters: request.characters,
            limit: request.extent.map(|extent| extent.limit),
            similarity_threshold: request.extent.map(|extent| extent.threshold.get()),
            context: request.extent.map(|extent| extent.context.get()),
            digest: request.key.question.short(),
            asked_at: request.asked_at,
            ends_at: request.ends_at,
            decided_at,
            note,
        }
    }
}

impl From<ShownApproval> for Approval {
    fn from(shown: ShownApproval) -> Self {
        let (_, decided_by, _) = decision(&shown.request);
        Self {
            policy_id: shown.request.key.policy,
            caller_id: shown.request.key.caller,
            caller_email: shown.email.clone(),
            caller_kind: shown.request.caller_kind,
            caller_marketplace: shown.marketplace.clone(),
            prompt_kept: shown.request.prompt_kept && shown.state != ApprovalState::Ended,
            decided_by,
            own: shown.into(),
        }
    }
}

impl From<ShownApproval> for ApprovalWithPrompt {
    fn from(mut shown: ShownApproval) -> Self {
        let message =
            |message: approval::PromptMessage| PromptMessage { role: message.role, content: message.content };
        let prompt = shown.prompt.take().map(|prompt| prompt.into_iter().map(message).collect());
        Self { approval: shown.into(), prompt }
    }
}

/// What the list of requests may be narrowed by.
pub(crate) const FILTERS: &[Parameter] = &[
    LIMIT,
    CURSOR,
    Parameter::new::<shapes::ApprovalStateShape>("state", "Only those that stand like this."),
    Parameter::new::<shapes::IdShape>("endpoint", "Only those at the endpoint with this id."),
];

pub(crate) async fn list(request: Request) -> Result<HttpResponse, Problem> {
    let query = request.query();
    let filter = ApprovalFilter { state: query.parse("state")?, endpoint: query.parse("endpoint")? };
    let page = query.page()?;
    let found = approval::approvals(request.space(), request.principal()?, filter, page).await?;
    reply::list(found, Approval::from).await
}

pub(crate) async fn list_own(request: Request) -> Result<HttpResponse, Problem> {
    let page = request.query().page()?;
    let found = approval::own_approvals(request.space(), request.principal()?, page).await?;
    reply::list(found, OwnApproval::from).await
}

pub(crate) async fn get(request: Request) -> Result<HttpResponse, Problem> {
    let principal = request.principal()?;
    let found = approval::approval(request.space(), &request.context, principal, id(&request)?).await?;
    reply::json(StatusCode::OK, &ApprovalWithPrompt::from(found))
}

pub(crate) async fn approve(request: Request) -> Result<HttpResponse, Problem> {
    decide(request, Verdict::Approved).await
}

pub(crate) async fn deny(request: Request) -> Result<HttpResponse, Problem> {
    decide(request, Verdict::Denied).await
}

async fn decide(mut request: Request, verdict: Verdict) -> Result<HttpResponse, Problem> {
    let id = id(&request)?;
    let Decide { note } = request.json().await?;
    let wanted = NewDecision { id, verdict, note };
    let decided = approval::decide(request.space(), &request.context, request.principal()?, wanted).await?;
    let (decided_at, decided_by, note) = decision(&decided);
    let state = decided.state(request.space().clock.now());
    let answer = DecidedApproval { id, state, ends_at: decided.ends_at, decided_at, decided_by, note };
    reply::json(StatusCode::OK, &answer)
}

pub(crate) async fn deny_all(mut request: Request) -> Result<HttpResponse, Problem> {
    let DenyAll { caller_id, endpoint, note } = request.json().await?;
    let which = match (caller_id, endpoint) {
        (Some(caller), None) => approval::DenyAll::OfCaller(caller),
        (None, Some(slug)) => approval::DenyAll::AtEndpoint(slug),
        _ => {
            return Err(Problem::field(
                "",
                "say whose questions, or those at which endpoint: one of caller_id and endpoint",
            ));
        }
    };
    let denied =
        approval::deny_all(request.space(), &request.context, request.principal()?, which, note).await?;
    reply::json(StatusCode::OK, &DeniedApprovals { denied })
}

fn id(request: &Request) -> Result<ApprovalId, Problem> {
    request.path("id", "approval request")
}
