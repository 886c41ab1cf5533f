//! The commands `syft-space users list|disable-2fa`.

use clap::Subcommand;
use reqwest::Method;
use serde_json::json;

use crate::cli::api::{ApiClient, option};
use crate::cli::lists::{USERS, list_all};
use crate::cli::output::Output;
use crate::routes::totp::MemberAddress;

/// What one can do with members.
#[derive(Subcommand)]
pub(super) enum Users {
    /// List all of them
    List,
    /// Take off the second factor of a member who lost their app and their recovery codes, and end their sessions; their password
    /// stays as it is
    #[command(name = "disable-2fa")]
    Disable2fa {
        /// The member's e-mail address
        #[arg(value_name = "EMAIL")]
        email: String,
    },
}

pub(super) async fn run(api: &ApiClient, what: &Users, out: &mut Output) -> anyhow::Result<()> {
    let email = match what {
        Users::List => return list_all(api, "/api/v1/users", USERS, out).await,
        Users::Disable2fa { email } => option("EMAIL", email)?,
    };
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
