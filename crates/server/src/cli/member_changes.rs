//! The commands that change a member: `syft-space users set-role|disable|enable|remove`.

use clap::Args;
use reqwest::Method;
use reqwest::header::IF_MATCH;
use syft_space_domain::access::Role;
use syft_space_domain::identity::{AccountStatus, Email};

use crate::cli::account::Account;
use crate::cli::api::{ApiClient, option};
use crate::cli::exit::{CommandError, ExitStatus};
use crate::cli::output::Output;
use crate::routes::users::{ChangeMember, Member};

pub(super) const PATH: &str = "/api/v1/users";

/// Which member.
#[derive(Args)]
pub(super) struct NamedMember {
    /// Their e-mail address
    #[arg(value_name = "EMAIL")]
    pub(super) email: String,
    #[command(flatten)]
    pub(super) account: Account,
}

/// Which member, and what they become.
#[derive(Args)]
pub(super) struct SetRole {
    /// Their e-mail address
    #[arg(value_name = "EMAIL")]
    email: String,
    /// What they become: owner, admin, user (who asks) or viewer (who sees what there is, and may not ask)
    #[arg(value_name = "ROLE")]
    role: String,
    #[command(flatten)]
    pub(super) account: Account,
}

impl NamedMember {
    /// The address.
    pub(super) fn read(&self) -> Result<Email, CommandError> {
        option("EMAIL", &self.email)
    }
}

impl SetRole {
    /// The address, and the role.
    pub(super) fn read(&self) -> Result<(Email, Role), CommandError> {
        Ok((option("EMAIL", &self.email)?, option("ROLE", &self.role)?))
    }
}

/// The member with this address.
pub(super) async fn find_member(api: &ApiClient, email: &Email) -> anyhow::Result<Member> {
    let members: Vec<Member> = api.all(PATH).await?;
    members.into_iter().find(|member| member.email == *email).ok_or_else(|| {
        let message = format!("{email} is no member here; `syft-space users list` shows who is");
        CommandError::new(ExitStatus::NotFound, message).into()
    })
}

pub(super) async fn set_role(api: &ApiClient, what: &SetRole, out: &mut Output) -> anyhow::Result<()> {
    let (email, role) = what.read()?;
    let change = ChangeMember { role: Some(role), status: None };
    let told =
        |member: &Member| format!("{} is {} now, from the very next request on.", member.email, member.role);
    change_member(api, &email, &change, told, out).await
}

pub(super) async fn set_status(
    api: &ApiClient,
    what: &NamedMember,
    status: AccountStatus,
    out: &mut Output,
) -> anyhow::Result<()> {
    let email = what.read()?;
    let change = ChangeMember { role: None, status: Some(status) };
    let told = |member: &Member| match status {
        AccountStatus::Active => format!("{} may log in again.", member.email),
        AccountStatus::Disabled => {
            format!(
                "{} is let in no more, from the very next request on, until they are enabled.",
                member.email
            )
        }
    };
    change_member(api, &email, &change, told, out).await
}

/// Changes a member as they were when they were looked up.
async fn change_member(
    api: &ApiClient,
    email: &Email,
    change: &ChangeMember,
    told: impl Fn(&Member) -> String,
    out: &mut Output,
) -> anyhow::Result<()> {
    let path = format!("{PATH}/{}", find_member(api, email).await?.id);
    let (_, revision) = api.get_revision::<Member>(&path).await?;
    let changed: Member = api.change(Method::PATCH, &path, revision, change).await?;
    if out.json { out.document(&changed) } else { out.line(&told(&changed)) }
}

pub(super) async fn remove(api: &ApiClient, what: &NamedMember, out: &mut Output) -> anyhow::Result<()> {
    let email = what.read()?;
    let path = format!("{PATH}/{}", find_member(api, &email).await?.id);
    let (member, revision) = api.get_revision::<Member>(&path).await?;
    api.send(api.request(Method::DELETE, &path, &[])?.header(IF_MATCH, revision)).await?;
    if out.json {
        return out.document(&member);
    }
    out.line(&format!(
        "{email} is no member any more: they are let in no more, from the very next request on."
    ))
}
