//! The commands `syft-space users list|reset|disable-2fa`.

use clap::Subcommand;
use reqwest::Method;
use serde_json::json;
use syft_space_domain::identity::Email;

use crate::cli::api::{ApiClient, option};
use crate::cli::exit::{CommandError, ExitStatus};
use crate::cli::lists::{USERS, list_all, time};
use crate::cli::output::Output;
use crate::routes::totp::MemberAddress;
use crate::routes::users::{IssuedReset, Member};

/// What one can do with members.
#[derive(Subcommand)]
pub(super) enum Users {
    /// List all of them
    List,
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

const PATH: &str = "/api/v1/users";

pub(super) async fn run(api: &ApiClient, what: &Users, out: &mut Output) -> anyhow::Result<()> {
    match what {
        Users::List => list_all(api, PATH, USERS, out).await,
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
    let members: Vec<Member> = api.all(PATH).await?;
    let member = members.iter().find(|member| member.email == *email).ok_or_else(|| {
        let message = format!("{email} is no member here; `syft-space users list` shows who is");
        CommandError::new(ExitStatus::NotFound, message)
    })?;
    let issued: IssuedReset<'_> =
        api.read(api.request(Method::POST, &format!("{PATH}/{}/reset", member.id), &[])?).await?;
    if out.json {
        return out.document(&issued);
    }
    let until = time(issued.expires_at);
    out.line(&format!("{email} may choose another password until {until}, with this token:"))?;
    // The operator is shown it in any case.
    out.line(&format!("\n  {}\n", issued.token.unwrap_or_default()))?;
    out.line(
        "It is shown this once, works once, and is for them alone. Their password stays as it is until then.",
    )?;
    match &issued.link {
        Some(link) => out.line(&format!("They choose it at\n\n  {link}")),
        None => out.line(
            "They send it with a password of their own to POST /api/v1/auth/reset, as {\"token\": …, \"new_password\": …}.",
        ),
    }
}
