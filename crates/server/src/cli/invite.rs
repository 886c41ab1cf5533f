//! The command `syft-space invite`: somebody may join the tenant.

use clap::Args;

use crate::cli::account::Account;
use crate::cli::api::{ApiClient, option};
use crate::cli::exit::CommandError;
use crate::cli::instant::time;
use crate::cli::output::Output;
use crate::routes::invitations::{Invite, IssuedInvitation};

/// Whom to invite, and as what.
#[derive(Args)]
pub(super) struct InviteArguments {
    /// The e-mail address of whoever is invited
    #[arg(value_name = "EMAIL")]
    email: String,
    /// What they will be: owner, admin, user (who asks) or viewer (who sees what there is, and may not ask)
    #[arg(long, value_name = "ROLE")]
    role: String,
    #[command(flatten)]
    pub(super) account: Account,
}

impl InviteArguments {
    /// Whom it invites, and as what.
    pub(super) fn read(&self) -> Result<Invite, CommandError> {
        Ok(Invite { email: option("EMAIL", &self.email)?, role: option("--role", &self.role)? })
    }
}

pub(super) async fn run(api: &ApiClient, what: &InviteArguments, out: &mut Output) -> anyhow::Result<()> {
    let body = what.read()?;
    let issued: IssuedInvitation<'_> = api.post("/api/v1/invitations", &body).await?;
    if out.json {
        return out.document(&issued);
    }
    out.line(&format!(
        "{} may join as {} until {}{}",
        body.email,
        body.role,
        time(issued.expires_at),
        if issued.token.is_some() { ", with this token:" } else { ". They are sent how to." }
    ))?;
    let Some(token) = &issued.token else { return Ok(()) };
    out.line(&format!("\n  {token}\n"))?;
    if let Some(link) = &issued.link {
        return out.line(&format!(
            "It is shown this once, works once, and is for them alone. They choose a password at\n\n  {link}"
        ));
    }
    out.line(&format!(
        "It is shown this once, works once, and is for them alone. Where they reach this space, they choose a password at\n\n  \
         /choose-password#invitation={token}\n\nWhere `public_url` is set, the whole link stands here."
    ))
}
