//! The command `syft-space password`: an account changes its own password.

use std::path::PathBuf;

use clap::Args;

use crate::cli::account::{Account, is_standard_input};
use crate::cli::api::{ApiClient, unusable};
use crate::cli::exit::CommandError;
use crate::cli::output::Output;
use crate::cli::password;
use crate::routes::auth::{AccessToken, Login, Me, PasswordChange};

/// Whose password becomes which.
#[derive(Args)]
pub(super) struct PasswordArguments {
    /// Read the new password from this file, or from standard input if it is -; else the terminal asks for it, twice
    #[arg(long, value_name = "FILE")]
    new_password_file: Option<PathBuf>,
    #[command(flatten)]
    pub(super) account: Account,
}

impl PasswordArguments {
    /// Refuses a new password on the standard input that has something else.
    pub(super) fn check(&self) -> Result<(), CommandError> {
        let Account { password_file, totp_file, .. } = &self.account;
        let taken = [(password_file, "the current password"), (totp_file, "the code")];
        match taken
            .iter()
            .find(|(file, _)| is_standard_input(file) && is_standard_input(&self.new_password_file))
        {
            Some((_, what)) => {
                let why = format!("standard input has {what}: name a file for the new password");
                Err(unusable("--new-password-file", why))
            }
            None => Ok(()),
        }
    }

    /// Takes the new password, beside the current one of a login.
    pub(super) fn read(&self, login: &Login) -> anyhow::Result<PasswordChange> {
        let new_password =
            password::new(self.new_password_file.as_deref(), "--new-password-file", "New password")?;
        Ok(PasswordChange { current_password: login.password.clone(), new_password })
    }
}

/// Changes the password of the account that is logged in.
pub(super) async fn run(api: &ApiClient, change: &PasswordChange, out: &mut Output) -> anyhow::Result<()> {
    // Whoever has several accounts and named no tenant is told which it is.
    let Me { email, tenant_name, .. } = api.get("/api/v1/auth/me").await?;
    // Its answer is of a new session, which nobody uses.
    let issued: AccessToken<'_> = api.put("/api/v1/auth/password", change).await?;
    api.end_session(&issued.access_token).await?;
    if out.json {
        return out.document(&serde_json::json!({ "email": email, "tenant": tenant_name }));
    }
    out.line(&format!(
        "The password of {email} in the tenant {tenant_name} is changed. All devices have to log in again.",
    ))
}
