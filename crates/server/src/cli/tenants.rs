//! The commands `syft-space tenants`.

use clap::Subcommand;
use reqwest::Method;
use serde_json::json;
use syft_space_domain::tenant::TenantName;
use syft_space_domain::time::Clock;

use crate::cli::account::Account;
use crate::cli::api::{ApiClient, option};
use crate::cli::exit::{CommandError, ExitStatus};
use crate::cli::instant::time;
use crate::cli::lists::list_all;
use crate::cli::output::{Column, Output, text};
use crate::cli::password::demand_yes;
use crate::cli::tenant_archive::{self, ExportTenant, ImportTenant};
use crate::routes::operator::Tenant;
use crate::routes::reply::List;
use crate::routes::tenant::{EndTenant, EndingTenant};
use crate::system::SystemClock;

/// What one can do with tenants.
#[derive(Subcommand)]
pub(super) enum Tenants {
    /// List all of them: since when they are there, and which end
    List,
    /// End one: it lets in its owners alone from now on, and everything of it is removed once the time is over in which it can be kept
    End {
        /// What it is called
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Keep one that was to end
    Keep {
        /// What it is called
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Write all that is in the tenant of an owner into an archive, by which it goes to another host
    Export(ExportTenant),
    /// Bring what is in an archive into the tenant of an owner
    Import(ImportTenant),
}

impl Tenants {
    /// The account as which it acts; the others are the operator's.
    pub(super) fn account(&self) -> Option<&Account> {
        match self {
            Self::List | Self::End { .. } | Self::Keep { .. } => None,
            Self::Export(what) => Some(&what.account),
            Self::Import(what) => Some(&what.account),
        }
    }
}

const TENANTS: &[Column<Tenant>] = &[
    text("NAME", |tenant| tenant.name.to_string()),
    text("FOUNDED", |tenant| time(tenant.created_at)),
    text("ENDS", |tenant| match &tenant.end {
        Some(_) if tenant.is_going => "is being removed".to_owned(),
        // A legal hold keeps it, an erasure goes on, a hub was not told yet, or no server runs.
        Some(end) if end.ends_at < SystemClock.now() => format!("{}, and waits", time(end.ends_at)),
        Some(end) => time(end.ends_at),
        None => String::new(),
    }),
    text("ID", |tenant| tenant.id.to_string()),
];

pub(super) async fn run(api: &ApiClient, what: &Tenants, out: &mut Output) -> anyhow::Result<()> {
    match what {
        Tenants::List => list_all(api, "/operator/v1/tenants", TENANTS, out).await,
        Tenants::Export(what) => tenant_archive::export(api, what, out).await,
        // It is done with the archive that was read.
        Tenants::Import(_) => Ok(()),
        Tenants::End { name } => end(api, option("NAME", name)?, out).await,
        Tenants::Keep { name } => {
            let name: TenantName = option("NAME", name)?;
            api.send(api.request_in(&name, Method::DELETE, "/api/v1/tenant/end")?).await?;
            if out.json {
                return out.document(&json!({ "name": name, "end": null }));
            }
            out.line(&format!("The tenant {name} is kept: everything is as before."))
        }
    }
}

async fn end(api: &ApiClient, tenant_name: TenantName, out: &mut Output) -> anyhow::Result<()> {
    if let Some(other) = api.named_tenant()?.filter(|other| *other != tenant_name) {
        let message = format!("--tenant names {other}, and NAME {tenant_name}: leave --tenant out");
        return Err(CommandError::new(ExitStatus::Usage, message).into());
    }
    // They are one page.
    let known = api.get::<List<Tenant>>("/operator/v1/tenants").await?.items;
    let ended_before = known.iter().any(|known| known.name == tenant_name && known.end.is_some());
    if !ended_before {
        let question = format!("All of the tenant {tenant_name} will be removed. Is that meant?");
        demand_yes(question).await?;
    }
    let request = api.request_in(&tenant_name, Method::DELETE, "/api/v1/tenant")?;
    let ended: EndingTenant = api.read(request.json(&EndTenant { tenant_name })).await?;
    if out.json {
        return out.document(&ended);
    }
    let EndingTenant { name, end, .. } = ended;
    let begins = if ended_before { "ends already" } else { "ends" };
    out.line(&match end.filter(|end| end.ends_at > SystemClock.now()) {
        Some(end) => format!(
            "The tenant {name} {begins}: it lets in its owners alone, and everything of it is removed from {} on. Until then \
             `syft-space tenants keep {name}` keeps it.",
            time(end.ends_at)
        ),
        None => format!(
            "The tenant {name} {begins}: everything of it is removed from now on, as soon as nothing keeps it and a server runs, and that cannot \
             be taken back."
        ),
    })
}
