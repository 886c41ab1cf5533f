//! `syft-space hubs trust|list|remove`: which hubs are trusted.

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::json;

use crate::cli::api::Api;
use crate::cli::exit::{Exit, Stop};
use crate::cli::lists::word;
use crate::cli::out::Out;

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

pub(super) async fn run(api: &Api, what: &Hubs, out: &mut Out) -> anyhow::Result<()> {
    match what {
        Hubs::Trust(Trust { issuer, url }) => {
            let body = json!({ "issuer": issuer, "url": url });
            let hub = api.send(api.request(Method::POST, PATH, &[])?.json(&body)).await?;
            if out.json {
                return out.document(&hub);
            }
            out.line(&format!(
                "Tokens of {} are believed by the keys at {}.",
                word(&hub, "issuer"),
                word(&hub, "url")
            ))
        }
        Hubs::List => super::lists::hubs(api, out).await,
        Hubs::Remove { issuer } => {
            let part = api.part(PATH, &[], None).await?;
            let hub = part.items.iter().find(|one| word(one, "issuer") == *issuer).ok_or_else(|| {
                let message = format!(
                    "no hub with the issuer {issuer:?} is trusted; `syft-space hubs list` shows which are"
                );
                Stop::new(Exit::NotFound, message)
            })?;
            api.send(api.request(Method::DELETE, &format!("{PATH}/{}", word(hub, "id")), &[])?).await?;
            if out.json {
                return out.document(hub);
            }
            out.line(&format!("Tokens of {issuer} are believed no more."))
        }
    }
}
