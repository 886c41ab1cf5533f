//! The commands `syft-space users`.

use clap::Subcommand;
use reqwest::Method;
use serde_json::json;
use syft_space_domain::identity::{AccountStatus, Email};

use crate::cli::account::Account;
use crate::cli::api::{ApiClient, option};
use crate::cli::exit::CommandError;
use crate::cli::instant::time;
use crate::cli::lists::{USERS, list_all};
use crate::cli::member_changes::{self, NamedMember, PATH, SetRole, find_member};
use crate::cli::output::Output;
use crate::routes::totp::MemberAddress;
use crate::routes::users::IssuedReset;

/// What one can do with members.
#[derive(Subcommand)]
pub(super) enum Users {
    /// List all of them
    List,
    /// Give a member another role
    SetRole(SetRole),
    /// Keep a member out until they are enabled: their sessions and API keys are refused
    Disable(NamedMember),
    /// Let a member in again who was disabled
    Enable(NamedMember),
    /// Remove a member: they are out with all that they brought in, and with the invitations that they made
    Remove(NamedMember),
    /// Let a member who forgot their password choose another one
    Reset {
        /// Their e-mail address
        #[arg(value_name = "EMAIL")]
        email: String,
    },
    /// Take off the second factor of a member who lost their app and their recovery codes, and end their sessions; their password
    /// stays as it is
    #[command(name = "disable-2fa")]
    Disable2fa {
        /// The member's e-mail address
        #[arg(value_name = "EMAIL")]
        email: String,
    },
}

impl Users {
    /// The account as which it acts, where it is not the operator.
    pub(super) fn account(&self) -> Option<&Account> {
        match self {
            Self::List | Self::Reset { .. } | Self::Disable2fa { .. } => None,
            Self::SetRole(what) => Some(&what.account),
            Self::Disable(what) | Self::Enable(what) | Self::Remove(what) => Some(&what.account),
        }
    }

    /// Refuses what can be no address and no role.
    pub(super) fn check(&self) -> Result<(), CommandError> {
        match self {
            Self::List | Self::Reset { .. } | Self::Disable2fa { .. } => Ok(()),
            Self::SetRole(what) => what.read().map(drop),
            Self::Disable(what) | Self::Enable(what) | Self::Remove(what) => what.read().map(drop),
        }
    }
}

pub(super) async fn run(api: &ApiClient, what: &Users, out: &mut Output) -> anyhow::Result<()> {
    match what {
        Users::List => list_all(api, PATH, USERS, out).await,
        Users::SetRole(what) => member_changes::set_role(api, what, out).await,
        Users::Disable(what) => member_changes::set_status(api, what, AccountStatus::Disabled, out).await,
        Users::Enable(what) => member_changes::set_status(api, what, AccountStatus::Active, out).await,
        Users::Remove(what) => member_changes::remove(api, what, out).await,
        Users::Reset { email } => reset(api, &option("EMAIL", email)?, out).await,
        Users::Disable2fa { email } => disable_second_factor(api, option("EMAIL", email)?, out).await,
    }
}

async fn disable_second_factor(api: &ApiClient, email: Email, out: &mut Output) -> anyhow::Result<()> {
    let member = MemberAddress { email };
    api.send(api.request(Method::POST, "/operator/v1/users/disable-2fa", &[])?.json(&member)).await?;
    if out.json {
        return out.document(&json!({ "email": member.email, "second_factor": false }));
    }
    out.line(&format!(
        "{} has no second factor any more, and is logged out everywhere. The password is as it was.",
        member.email
    ))
}

async fn reset(api: &ApiClient, email: &Email, out: &mut Output) -> anyhow::Result<()> {
    let member = find_member(api, email).await?;
    let issued: IssuedReset<'_> =
        api.read(api.request(Method::POST, &format!("{PATH}/{}/reset", member.id), &[])?).await?;
    if out.json {
        return out.document(&issued);
    }
    let until = time(issued.expires_at);
    out.line(&format!("{email} may choose another password until {until}, with this token:"))?;
    // The operator is shown it in any case.
    let token = issued.token.unwrap_or_default();
    out.line(&format!("\n  {token}\n"))?;
    out.line(
        "It is shown this once, works once, and is for them alone. Their password stays as it is until then.",
    )?;
    match &issued.link {
        Some(link) => out.line(&format!("They choose it at\n\n  {link}")),
        None => out.line(&format!(
            "Where they reach this space, they choose it at\n\n  /choose-password#reset={token}\n\nWhere `public_url` is set, the \
             whole link stands here."
        )),
    }
}
