//! The commands `syft-space invitations list|withdraw`.

use clap::{Args, Subcommand};
use reqwest::Method;
use syft_space_domain::identity::Email;

use crate::cli::account::Account;
use crate::cli::api::{ApiClient, option};
use crate::cli::exit::{CommandError, ExitStatus};
use crate::cli::instant::time;
use crate::cli::lists::list_all;
use crate::cli::output::{Column, Output, text};
use crate::routes::invitations::Invitation;

/// What one can do with open invitations.
#[derive(Subcommand)]
pub(super) enum Invitations {
    /// List the open ones
    List(ListInvitations),
    /// Withdraw those of an address: their tokens work no more
    Withdraw(Withdraw),
}

/// As whom they are read.
#[derive(Args)]
pub(super) struct ListInvitations {
    #[command(flatten)]
    account: Account,
}

/// Whose invitations.
#[derive(Args)]
pub(super) struct Withdraw {
    /// The address that was invited
    #[arg(value_name = "EMAIL")]
    email: String,
    #[command(flatten)]
    account: Account,
}

const PATH: &str = "/api/v1/invitations";

const INVITATIONS: &[Column<Invitation>] = &[
    text("EMAIL", |invitation| invitation.email.to_string()),
    text("ROLE", |invitation| invitation.role.to_string()),
    text("INVITED", |invitation| time(invitation.created_at)),
    text("EXPIRES", |invitation| time(invitation.expires_at)),
];

impl Invitations {
    /// The account as which it acts.
    pub(super) fn account(&self) -> &Account {
        match self {
            Self::List(list) => &list.account,
            Self::Withdraw(withdraw) => &withdraw.account,
        }
    }

    /// Refuses what can be no address.
    pub(super) fn check(&self) -> Result<(), CommandError> {
        match self {
            Self::List(_) => Ok(()),
            Self::Withdraw(withdraw) => withdraw.read().map(drop),
        }
    }
}

impl Withdraw {
    fn read(&self) -> Result<Email, CommandError> {
        option("EMAIL", &self.email)
    }
}

pub(super) async fn run(api: &ApiClient, what: &Invitations, out: &mut Output) -> anyhow::Result<()> {
    match what {
        Invitations::List(_) => list_all(api, PATH, INVITATIONS, out).await,
        Invitations::Withdraw(what) => withdraw(api, &what.read()?, out).await,
    }
}

async fn withdraw(api: &ApiClient, email: &Email, out: &mut Output) -> anyhow::Result<()> {
    let mut open: Vec<Invitation> = api.all(PATH).await?;
    open.retain(|invitation| invitation.email == *email);
    if open.is_empty() {
        let message = format!(
            "there is no open invitation of {email}; `syft-space invitations list` shows which there are"
        );
        return Err(CommandError::new(ExitStatus::NotFound, message).into());
    }
    for invitation in &open {
        api.send(api.request(Method::DELETE, &format!("{PATH}/{}", invitation.id), &[])?).await?;
    }
    if out.json {
        return out.document(&serde_json::json!({ "withdrawn": open }));
    }
    out.line(&format!("The invitation of {email} is withdrawn: its token works no more."))
}
