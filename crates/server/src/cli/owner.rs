//! The command `syft-space owner create`: it makes a tenant, and the account that owns it.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use reqwest::StatusCode;
use syft_space_domain::access::Role;
use syft_space_domain::identity::AccountStatus;

use crate::cli::api::{ApiClient, option};
use crate::cli::exit::{CommandError, ExitStatus};
use crate::cli::output::Output;
use crate::cli::password;
use crate::routes::auth::NewMember;
use crate::routes::operator::{Founding, Tenant};
use crate::routes::reply::List;
use crate::routes::users::Member;

/// The most tenants that a question names.
const MAX_NAMED: usize = 5;

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
    /// Make an account that is there already an owner, with this password; else the terminal asks whether to
    #[arg(long)]
    restore: bool,
    /// Found one more tenant where there are some; else the terminal asks whether to
    #[arg(long)]
    new_tenant: bool,
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
pub(super) async fn create(
    api: &ApiClient,
    what: &CreateOwner,
    owner: &Founding,
    out: &mut Output,
) -> anyhow::Result<()> {
    if let Some(question) = question(api, what, owner).await? {
        let Question { told, asked, option } = question;
        // A server in this process goes on while the person thinks.
        let answer = actix_web::rt::task::spawn_blocking(move || password::confirm(&asked)).await??;
        match answer {
            Some(true) => {}
            Some(false) => {
                return Err(CommandError::new(ExitStatus::Refused, "nothing was done").into());
            }
            None => {
                let message = format!("{told}; if that is meant, say {option}");
                return Err(CommandError::new(ExitStatus::Usage, message).into());
            }
        }
    }
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

/// What somebody who mistyped a name or an address would not have meant.
struct Question {
    /// What there is.
    told: String,
    /// The same, as a question.
    asked: String,
    /// The option that answers it.
    option: &'static str,
}

/// What is to be asked before an owner is made. The first tenant of a space is founded unasked.
async fn question(api: &ApiClient, what: &CreateOwner, owner: &Founding) -> anyhow::Result<Option<Question>> {
    let Founding { email, tenant_name, .. } = owner;
    // They are one page.
    let tenants = api.get::<List<Tenant>>("/operator/v1/tenants").await?.items;
    if tenants.iter().any(|tenant| tenant.name == *tenant_name) {
        let members = api.all_in::<Member>(tenant_name, "/api/v1/users").await?;
        let Some(member) = members.iter().find(|member| member.email == *email) else {
            return match members.iter().find(|member| is_active_owner(member)) {
                Some(known) => Err(no_account(owner, known).into()),
                // Whoever it is, the tenant has an owner then.
                None => Ok(None),
            };
        };
        let told = format!("{email} has an account ({}) in {tenant_name}", member.role);
        let asked = format!("{told}. Make it an owner with this password?");
        return Ok((!what.restore).then_some(Question { told, asked, option: "--restore" }));
    }
    if tenants.is_empty() || what.new_tenant {
        return Ok(None);
    }
    let names: Vec<_> = tenants.iter().take(MAX_NAMED).map(|tenant| tenant.name.to_string()).collect();
    let more = if tenants.len() > MAX_NAMED { ", …" } else { "" };
    let told = format!("there is no tenant {tenant_name} yet, but {}{more}", names.join(", "));
    let asked = format!("{told}. Found {tenant_name} as one more?");
    Ok(Some(Question { told, asked, option: "--new-tenant" }))
}

fn is_active_owner(member: &Member) -> bool {
    member.role == Role::Owner && member.status == AccountStatus::Active
}

/// The error of an address that has no account in a tenant which has an owner.
fn no_account(Founding { email, tenant_name, .. }: &Founding, known: &Member) -> CommandError {
    let message = format!(
        "{email} has no account in {tenant_name}, which has an owner ({}): name an address that has one (`syft-space users list --tenant {tenant_name}`), \
         or have an owner invite this one",
        known.email
    );
    CommandError::new(ExitStatus::Refused, message).because("name_taken")
}
