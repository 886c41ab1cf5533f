//! `syft-space owner create`: a tenant, and the account that owns it.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::json;
use syft_space_domain::identity::{Email, Password};
use syft_space_domain::secret::Secret;
use syft_space_domain::tenant::TenantName;

use crate::cli::api::Api;
use crate::cli::exit::{Exit, Stop};
use crate::cli::lists::word;
use crate::cli::out::Out;
use crate::cli::password;

/// What one can do with owners.
#[derive(Subcommand)]
pub(super) enum Owner {
    /// Found a tenant, named by --tenant, and make the account that owns it
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

/// What is to be founded: everything but the server's own say.
pub(super) struct Wanted {
    email: Email,
    tenant: TenantName,
    password: Secret<String>,
}

impl CreateOwner {
    /// Checks what was said, and asks for the password.
    pub(super) fn read(&self, tenant: Option<&str>) -> anyhow::Result<Wanted> {
        let usage = |message: String| Stop::new(Exit::Usage, message);
        let tenant =
            tenant.ok_or_else(|| usage("say what the tenant is called: --tenant NAME".to_owned()))?;
        let tenant = TenantName::parse(tenant).map_err(|error| usage(format!("--tenant: {error}")))?;
        let email = Email::parse(&self.email).map_err(|error| usage(format!("--email: {error}")))?;
        let password = match &self.password_file {
            Some(path) => password::from_file(path)?,
            None => password::ask()?,
        };
        Password::parse(&password).map_err(|error| Stop::new(Exit::Refused, error.to_string()))?;
        Ok(Wanted { email, tenant, password })
    }
}

/// Founds it.
pub(super) async fn create(api: &Api, wanted: &Wanted, out: &mut Out) -> anyhow::Result<()> {
    let body = json!({
        "email": wanted.email.as_str(),
        "tenant_name": wanted.tenant.as_str(),
        "password": wanted.password.expose(),
    });
    let founded = api.send(api.request(Method::POST, "/operator/v1/tenants", &[])?.json(&body)).await?;
    if out.json {
        return out.document(&founded);
    }
    out.line(&format!(
        "Founded the tenant {}. Its owner is {}, who can log in now.",
        word(&founded, "tenant_name"),
        word(&founded, "email")
    ))
}
