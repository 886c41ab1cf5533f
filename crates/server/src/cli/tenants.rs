//! The commands `syft-space tenants list|end|keep`.

use clap::Subcommand;
use reqwest::Method;
use serde_json::json;
use syft_space_domain::tenant::TenantName;

use crate::cli::api::{ApiClient, option};
use crate::cli::instant::time;
use crate::cli::lists::list_all;
use crate::cli::output::{Column, Output, text};
use crate::routes::operator::Tenant;
use crate::routes::tenant::{EndTenant, EndingTenant};

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
}

const TENANTS: &[Column<Tenant>] = &[
    text("NAME", |tenant| tenant.name.to_string()),
    text("FOUNDED", |tenant| time(tenant.created_at)),
    text("ENDS", |tenant| match &tenant.end {
        Some(_) if tenant.is_going => "is being removed".to_owned(),
        Some(end) => time(end.ends_at),
        None => String::new(),
    }),
    text("ID", |tenant| tenant.id.to_string()),
];

pub(super) async fn run(api: &ApiClient, what: &Tenants, out: &mut Output) -> anyhow::Result<()> {
    match what {
        Tenants::List => list_all(api, "/operator/v1/tenants", TENANTS, out).await,
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
    let request = api.request_in(&tenant_name, Method::DELETE, "/api/v1/tenant")?;
    let ended: EndingTenant = api.read(request.json(&EndTenant { tenant_name })).await?;
    if out.json {
        return out.document(&ended);
    }
    let EndingTenant { name, end, .. } = ended;
    let from = end.map_or_else(|| "now".to_owned(), |end| time(end.ends_at));
    out.line(&format!(
        "The tenant {name} ends: it lets in its owners alone, and everything of it is removed from {from} on. Until then \
         `syft-space tenants keep {name}` keeps it."
    ))
}
