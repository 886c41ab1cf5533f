//! The command `syft-space sessions revoke`.

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::json;

use crate::cli::api::{ApiClient, option};
use crate::cli::output::Output;
use crate::routes::sessions::EndedSessions;
use crate::routes::totp::MemberAddress;

/// What one can do with sessions of members.
#[derive(Subcommand)]
pub(super) enum Sessions {
    /// End all sessions of a member, or of all members of the tenant, from the very next request on
    Revoke(Revoke),
}

/// Whose sessions.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub(super) struct Revoke {
    /// Those of the member with this e-mail address
    #[arg(long, value_name = "EMAIL")]
    email: Option<String>,
    /// Those of all members of the tenant
    #[arg(long)]
    all: bool,
}

pub(super) async fn run(api: &ApiClient, what: &Sessions, out: &mut Output) -> anyhow::Result<()> {
    let Sessions::Revoke(Revoke { email, all: _ }) = what;
    let (whose, EndedSessions { ended }) = match email {
        Some(email) => {
            let member = MemberAddress { email: option("--email", email)? };
            let ended = api.post("/operator/v1/users/end-sessions", &member).await?;
            (Some(member.email), ended)
        }
        None => (None, api.read(api.request(Method::DELETE, "/operator/v1/sessions", &[])?).await?),
    };
    if out.json {
        return out.document(&json!({ "email": whose, "ended": ended }));
    }
    let whose = whose.map_or_else(|| "all members".to_owned(), |email| email.to_string());
    let stay = "API keys stay; who knows the password logs in again, and whom an identity provider knows signs in again.";
    out.line(&format!("Sessions of {whose} that have ended: {ended}. {stay}"))
}
