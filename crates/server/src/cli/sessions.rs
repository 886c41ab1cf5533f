//! The command `syft-space sessions revoke`.

use clap::{Args, Subcommand};
use syft_space_domain::identity::Email;

use crate::cli::api::{ApiClient, option};
use crate::cli::output::Output;
use crate::routes::sessions::{RevokeSessions, RevokedSessions};

/// What one can do with sessions.
#[derive(Subcommand)]
pub(super) enum Sessions {
    /// Log a member out everywhere, or everybody in the tenant; passwords, second factors and API keys stay
    Revoke(Revoke),
}

/// Whose sessions.
#[derive(Args)]
pub(super) struct Revoke {
    /// Of the member with this address
    #[arg(long, value_name = "EMAIL", required_unless_present = "all", conflicts_with = "all")]
    email: Option<String>,
    /// Of everybody in the tenant
    #[arg(long)]
    all: bool,
}

pub(super) async fn run(api: &ApiClient, what: &Sessions, out: &mut Output) -> anyhow::Result<()> {
    let Sessions::Revoke(Revoke { email, all }) = what;
    let email = email.as_deref().map(|email| option::<Email>("--email", email)).transpose()?;
    let revoked: RevokedSessions =
        api.post("/operator/v1/sessions/revoke", &RevokeSessions { email: email.clone(), all: *all }).await?;
    if out.json {
        return out.document(&revoked);
    }
    let whose = email.map_or_else(|| "everybody in the tenant".to_owned(), |email| email.to_string());
    out.line(&format!("{whose} is logged out: {} sessions have ended. API keys stay.", revoked.ended))
}
