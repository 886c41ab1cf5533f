//! The command `syft-space owner create`: it makes a tenant, and the account that owns it.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use reqwest::StatusCode;

use crate::cli::api::{ApiClient, option};
use crate::cli::exit::{CommandError, ExitStatus};
use crate::cli::output::Output;
use crate::cli::password;
use crate::routes::auth::NewMember;
use crate::routes::operator::Founding;

/// What one can do with owners.
#[derive(Subcommand)]
pub(super) enum Owner {
    /// Found a tenant, named by --tenant, and make the account that owns it; or give an account there another password and
    /// make it an owner's
    Create(CreateOwner),
}

/// Whom to make an owner.
#[derive(Args)]
pub(super) struct CreateOwner {
    /// The owner's e-mail address
    #[arg(long, value_name = "ADDRESS")]
    email: String,
    /// Read the password from this file, or from standard input if it is -; else the terminal asks for it
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

impl CreateOwner {
    /// Checks the arguments, and asks for the password.
    pub(super) fn read(&self, tenant: Option<&str>) -> anyhow::Result<Founding> {
        let tenant_name = tenant.ok_or_else(|| {
            CommandError::new(ExitStatus::Usage, "say what the tenant is called: --tenant NAME")
        })?;
        let (tenant_name, email) = (option("--tenant", tenant_name)?, option("--email", &self.email)?);
        let password = password::new(self.password_file.as_deref(), "--password-file", "Password")?;
        Ok(Founding { email, password, tenant_name })
    }
}

/// Founds the tenant, and makes its owner.
pub(super) async fn create(api: &ApiClient, owner: &Founding, out: &mut Output) -> anyhow::Result<()> {
    let (status, made): (StatusCode, NewMember) = api.post_for_status("/operator/v1/tenants", owner).await?;
    if out.json {
        return out.document(&made);
    }
    let NewMember { email, tenant_name, .. } = made;
    if status == StatusCode::CREATED {
        return out
            .line(&format!("{email} owns the tenant {tenant_name}, and can log in now with this password."));
    }
    out.line(&format!(
        "{email}, who had an account in the tenant {tenant_name}, is an owner there, and this is the password now. No identity \
         provider signs them in any more. Where the account has a second factor, a login needs a code as before: `syft-space users disable-2fa {email} --tenant \
         {tenant_name}` takes it off.",
    ))
}
