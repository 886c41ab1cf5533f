//! The account as which a command acts: it logs in as anywhere, and has no more rights than there.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::api::{option, unusable};
use crate::cli::exit::CommandError;
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
    /// Read a code of its second factor (the authenticator app's, or a recovery code) from this file, or from standard input
    /// if it is -; else the terminal asks for it, where there is one
    #[arg(long, value_name = "FILE")]
    pub(super) totp_file: Option<PathBuf>,
}

impl Account {
    /// Refuses a password and a code on one standard input.
    pub(super) fn check(&self) -> Result<(), CommandError> {
        if [&self.password_file, &self.totp_file].iter().all(|file| is_standard_input(file)) {
            let why = "standard input has the password: name a file for the code";
            return Err(unusable("--totp-file", why));
        }
        Ok(())
    }

    /// Checks the arguments, and asks for the password.
    pub(super) fn read(&self, tenant: Option<&str>) -> anyhow::Result<Login> {
        let email = option("--as", &self.email)?;
        let tenant = tenant.map(|tenant| option("--tenant", tenant)).transpose()?;
        let password = match &self.password_file {
            Some(path) => password::secret_from_file(path, "--password-file", "the password")?,
            None => password::ask(&email)?,
        };
        let code = |path: &PathBuf| password::secret_from_file(path, "--totp-file", "the code");
        let totp = self.totp_file.as_ref().map(code).transpose()?;
        Ok(Login { email, password, tenant, totp })
    }
}

/// Whether a file that was named is standard input.
pub(super) fn is_standard_input(file: &Option<PathBuf>) -> bool {
    file.as_deref() == Some(Path::new("-"))
}
