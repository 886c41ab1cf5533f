//! The commands `syft-space hubs trust|list|remove`.

use clap::{Args, Subcommand};
use reqwest::Method;

use crate::cli::api::{ApiClient, option};
use crate::cli::exit::{CommandError, ExitStatus};
use crate::cli::lists::{HUBS, list_all};
use crate::cli::output::Output;
use crate::routes::hubs::{Hub, TrustHub};

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
            let body = TrustHub { issuer: option("ISSUER", issuer)?, url: option("URL", url)? };
            let hub: Hub = api.post(PATH, &body).await?;
            if out.json {
                return out.document(&hub);
            }
            out.line(&format!("Tokens of {} are believed by the keys at {}.", hub.issuer, hub.url))
        }
        Hubs::List => list_all(api, PATH, HUBS, out).await,
        Hubs::Remove { issuer } => {
            let page = api.page::<Hub>(PATH, &[], None).await?;
            let hub = page.items.iter().find(|hub| hub.issuer.as_str() == issuer).ok_or_else(|| {
                let message = format!(
                    "no hub with the issuer {issuer:?} is trusted; `syft-space hubs list` shows which are"
                );
                CommandError::new(ExitStatus::NotFound, message)
            })?;
            api.send(api.request(Method::DELETE, &format!("{PATH}/{}", hub.id), &[])?).await?;
            if out.json {
                return out.document(hub);
            }
            out.line(&format!("Tokens of {issuer} are believed no more."))
        }
    }
}
