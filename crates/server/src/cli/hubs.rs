//! The commands `syft-space hubs trust|list|remove`.

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::json;

use crate::cli::api::ApiClient;
use crate::cli::exit::{CommandError, ExitStatus};
use crate::cli::lists::field;
use crate::cli::output::Output;

/// What one can do with hubs.
#[derive(Subcommand)]
pub(super) enum Hubs {
    /// Trust a hub: believe tokens of this issuer by the keys at this URL
    Trust(Trust),
    /// List all of them
    List,
    /// Trust a hub no more
    Remove {
        /// What the hub's tokens name as iss
        #[arg(value_name = "ISSUER")]
        issuer: String,
    },
}

/// Which hub, and where.
#[derive(Args)]
pub(super) struct Trust {
    /// What the hub's tokens name as iss
    #[arg(value_name = "ISSUER")]
    issuer: String,
    /// Where the hub is
    #[arg(value_name = "URL")]
    url: String,
}

const PATH: &str = "/operator/v1/hubs";

pub(super) async fn run(api: &ApiClient, what: &Hubs, out: &mut Output) -> anyhow::Result<()> {
    match what {
        Hubs::Trust(Trust { issuer, url }) => {
            let body = json!({ "issuer": issuer, "url": url });
            let hub = api.send(api.request(Method::POST, PATH, &[])?.json(&body)).await?;
            if out.json {
                return out.document(&hub);
            }
            out.line(&format!(
                "Tokens of {} are believed by the keys at {}.",
                field(&hub, "issuer"),
                field(&hub, "url")
            ))
        }
        Hubs::List => super::lists::hubs(api, out).await,
        Hubs::Remove { issuer } => {
            let page = api.page(PATH, &[], None).await?;
            let hub = page.items.iter().find(|hub| field(hub, "issuer") == *issuer).ok_or_else(|| {
                let message = format!(
                    "no hub with the issuer {issuer:?} is trusted; `syft-space hubs list` shows which are"
                );
                CommandError::new(ExitStatus::NotFound, message)
            })?;
            api.send(api.request(Method::DELETE, &format!("{PATH}/{}", field(hub, "id")), &[])?).await?;
            if out.json {
                return out.document(hub);
            }
            out.line(&format!("Tokens of {issuer} are believed no more."))
        }
    }
}
