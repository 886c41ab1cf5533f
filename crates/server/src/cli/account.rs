//! The account as which a command acts: it logs in as anywhere, and has no more rights than there.

use std::path::PathBuf;

use clap::Args;

use crate::cli::api::option;
use crate::cli::password;
use crate::routes::auth::Login;

/// As whom a command acts.
#[derive(Args)]
pub(super) struct Account {
    /// Act as the account with this e-mail address, with its rights
    #[arg(id = "account", long = "as", value_name = "EMAIL")]
    pub(super) email: String,
    /// Read its password from this file, or from standard input if it is -; else the terminal asks for it
    #[arg(long, value_name = "FILE")]
    pub(super) password_file: Option<PathBuf>,
    /// Read a code of its second factor from this file, where it has one: of the authenticator app, or a recovery code
    #[arg(long, value_name = "FILE")]
    pub(super) totp_file: Option<PathBuf>,
}

impl Account {
    /// Checks the arguments, and asks for the password.
    pub(super) fn read(&self, tenant: Option<&str>) -> anyhow::Result<Login> {
        let email = option("--as", &self.email)?;
        let tenant = tenant.map(|tenant| option("--tenant", tenant)).transpose()?;
        let password = match &self.password_file {
            Some(path) => password::from_file(path)?,
            None => password::ask(&email)?,
        };
        let code = |path: &PathBuf| password::secret_from_file(path, "--totp-file", "the code");
        let totp = self.totp_file.as_ref().map(code).transpose()?;
        Ok(Login { email, password, tenant, totp })
    }
}
