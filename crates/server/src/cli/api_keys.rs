//! The commands `syft-space api-keys list|revoke`.

use clap::Subcommand;
use reqwest::Method;
use syft_space_domain::ids::ApiKeyId;

use crate::cli::api::{ApiClient, option};
use crate::cli::instant::time;
use crate::cli::lists::list_all;
use crate::cli::output::{Column, Output, text};
use crate::routes::api_keys::HeldApiKey;

/// What one can do with API keys of members.
#[derive(Subcommand)]
pub(super) enum ApiKeys {
    /// List those of all members of the tenant: whose they are, whether they work and until when, and when they were last used
    List,
    /// Revoke one: it is refused from the very next request on
    Revoke {
        /// Its id
        #[arg(value_name = "ID")]
        id: String,
    },
}

const PATH: &str = "/operator/v1/api-keys";

const KEYS: &[Column<HeldApiKey>] = &[
    text("HOLDER", |held| held.holder.to_string()),
    text("NAME", |held| held.key.name.to_string()),
    text("STATE", |held| held.state.clone()),
    text("EXPIRES", |held| time(held.key.expires_at)),
    text("LAST USED", |held| held.key.last_used_at.map_or_else(|| "(never)".to_owned(), time)),
    text("ID", |held| held.key.id.to_string()),
];

pub(super) async fn run(api: &ApiClient, what: &ApiKeys, out: &mut Output) -> anyhow::Result<()> {
    match what {
        ApiKeys::List => list_all(api, PATH, KEYS, out).await,
        ApiKeys::Revoke { id } => {
            let id: ApiKeyId = option("ID", id)?;
            let revoked: HeldApiKey =
                api.read(api.request(Method::DELETE, &format!("{PATH}/{id}"), &[])?).await?;
            if out.json {
                return out.document(&revoked);
            }
            out.line(&format!(
                "The key {:?} of {} is refused from now on.",
                revoked.key.name.as_str(),
                revoked.holder
            ))
        }
    }
}
