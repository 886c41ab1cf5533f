//! The commands `syft-space approvals list|show|approve|deny`.

use clap::{Args, Subcommand};
use syft_space_domain::approval::{ApprovalState, CallerKind};
use syft_space_domain::ids::ApprovalId;
use syft_space_domain::text::Line;

use crate::cli::account::Account;
use crate::cli::api::{ApiClient, option};
use crate::cli::exit::CommandError;
use crate::cli::lists::time;
use crate::cli::output::{Column, Output, number, text};
use crate::cli::printable::printable;
use crate::cli::publish::find_endpoint;
use crate::routes::approvals::{Approval, ApprovalWithPrompt, Decide, DecidedApproval};

/// What one can do with questions that wait for approval.
#[derive(Subcommand)]
pub(super) enum Approvals {
    /// List those that wait, the oldest first
    List(ListApprovals),
    /// Show one of them, and what is asked, where that is kept
    Show(OneApproval),
    /// Let one of them be answered
    Approve(DecideApproval),
    /// Have one of them not answered
    Deny(DecideApproval),
}

/// Which questions are listed.
#[derive(Args)]
pub(super) struct ListApprovals {
    /// Those that stand like this instead: approved, denied or ended
    #[arg(long, value_name = "STATE", default_value = "pending")]
    state: String,
    /// Only those at this endpoint
    #[arg(long, value_name = "ENDPOINT")]
    endpoint: Option<String>,
    #[command(flatten)]
    account: Account,
}

/// Which question is shown.
#[derive(Args)]
pub(super) struct OneApproval {
    /// Its id
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    account: Account,
}

/// Which question is decided on.
#[derive(Args)]
pub(super) struct DecideApproval {
    /// Its id
    #[arg(value_name = "ID")]
    id: String,
    /// What to say of it to whoever asked
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    #[command(flatten)]
    account: Account,
}

impl Approvals {
    /// As whom it is done.
    pub(super) fn account(&self) -> &Account {
        match self {
            Self::List(list) => &list.account,
            Self::Show(one) => &one.account,
            Self::Approve(decide) | Self::Deny(decide) => &decide.account,
        }
    }

    /// Refuses arguments that cannot be followed.
    pub(super) fn check(&self) -> Result<(), CommandError> {
        match self {
            Self::List(list) => option::<ApprovalState>("--state", &list.state).map(drop),
            Self::Show(one) => option::<ApprovalId>("ID", &one.id).map(drop),
            Self::Approve(decide) | Self::Deny(decide) => decide.read().map(drop),
        }
    }
}

impl DecideApproval {
    fn read(&self) -> Result<(ApprovalId, Decide), CommandError> {
        let note = self.note.as_deref().map(|note| option::<Line>("--note", note)).transpose()?;
        let note = note.unwrap_or_default();
        Ok((option("ID", &self.id)?, Decide { note }))
    }
}

const PATH: &str = "/api/v1/approvals";

const APPROVALS: &[Column<Approval>] = &[
    text("ASKED", |approval| time(approval.own.asked_at)),
    text("WHO", who),
    text("ENDPOINT", endpoint),
    text("PURPOSE", |approval| approval.own.purpose.as_ref().map_or_else(String::new, ToString::to_string)),
    number("LIMIT", |approval| approval.own.limit.map_or_else(String::new, |limit| limit.to_string())),
    number("CHARACTERS", |approval| approval.own.characters.to_string()),
    text("STATE", |approval| approval.own.state.to_string()),
    text("UNTIL", |approval| time(approval.own.ends_at)),
    text("ID", |approval| approval.own.id.to_string()),
];

/// Whoever asked: by their address if they are a member, and a guest as one.
fn who(approval: &Approval) -> String {
    match (&approval.caller_email, approval.caller_kind) {
        (Some(email), _) => email.to_string(),
        (None, Some(CallerKind::Guest)) => "guest".to_owned(),
        (None, Some(CallerKind::MarketplaceUser)) => format!("marketplace user {}", approval.caller_id),
        (None, _) => approval.caller_id.to_string(),
    }
}

fn endpoint(approval: &Approval) -> String {
    let own = &approval.own;
    own.endpoint.as_ref().map_or_else(|| own.endpoint_id.to_string(), ToString::to_string)
}

pub(super) async fn run(api: &ApiClient, what: &Approvals, out: &mut Output) -> anyhow::Result<()> {
    match what {
        Approvals::List(which) => list(api, which, out).await,
        Approvals::Show(one) => show(api, option("ID", &one.id)?, out).await,
        Approvals::Approve(decide) => {
            let decided = post(api, decide, "approve").await?;
            told(&decided, "is answered", out)
        }
        Approvals::Deny(decide) => {
            let decided = post(api, decide, "deny").await?;
            told(&decided, "is not answered", out)
        }
    }
}

async fn list(api: &ApiClient, which: &ListApprovals, out: &mut Output) -> anyhow::Result<()> {
    let mut query = vec![("limit", "100"), ("state", which.state.as_str())];
    let endpoint = match &which.endpoint {
        Some(name) => Some(find_endpoint(api, name).await?.0.endpoint.id.to_string()),
        None => None,
    };
    query.extend(endpoint.as_deref().map(|id| ("endpoint", id)));
    let (mut table, mut cursor) = (out.table(APPROVALS), None::<String>);
    loop {
        let page = api.page::<Approval>(PATH, &query, cursor.as_deref()).await?;
        table.items(&page.items)?;
        cursor = page.next_cursor;
        if cursor.is_none() {
            return table.end().map(drop);
        }
    }
}

async fn show(api: &ApiClient, id: ApprovalId, out: &mut Output) -> anyhow::Result<()> {
    let found: ApprovalWithPrompt = api.get(&format!("{PATH}/{id}")).await?;
    if out.json {
        return out.document(&found);
    }
    let own = &found.approval.own;
    let (who, endpoint) = (who(&found.approval), endpoint(&found.approval));
    let purpose = own.purpose.as_ref().map_or_else(String::new, |purpose| format!(", for {purpose}"));
    out.line(&format!("{who} asks {endpoint}{purpose}: {}, until {}.", own.state, time(own.ends_at)))?;
    if let (Some(limit), Some(threshold), Some(context)) = (own.limit, own.similarity_threshold, own.context) {
        let around = if context == 0 { String::new() } else { format!(", with {context} around each") };
        out.line(&format!("Asked for: at most {limit} passages as close as {threshold}{around}."))?;
    }
    match &found.prompt {
        Some(prompt) => {
            for message in prompt {
                out.line(&printable(&format!("{}: {}", message.role, message.content)))?;
            }
            Ok(())
        }
        None => {
            let (characters, digest) = (own.characters, &own.digest);
            out.line(&format!("What is asked is not kept: {characters} characters, digest {digest}."))
        }
    }
}

async fn post(api: &ApiClient, decide: &DecideApproval, how: &str) -> anyhow::Result<DecidedApproval> {
    let (id, body) = decide.read()?;
    api.post(&format!("{PATH}/{id}/{how}"), &body).await
}

fn told(decided: &DecidedApproval, what: &str, out: &mut Output) -> anyhow::Result<()> {
    if out.json {
        return out.document(decided);
    }
    out.line(&format!("The question {what} until {}.", time(decided.ends_at)))
}
