//! The commands `syft-space endpoints list|remove`.

use clap::{Args, Subcommand};
use reqwest::Method;
use reqwest::header::IF_MATCH;

use crate::cli::account::Account;
use crate::cli::api::ApiClient;
use crate::cli::instant::time;
use crate::cli::lists::{Described, Description, list_described};
use crate::cli::output::{Column, Output, text};
use crate::cli::publish::find_endpoint;
use crate::cli::who_may_ask::in_a_cell;
use crate::routes::datasets::Dataset;
use crate::routes::endpoints::{Endpoint, EndpointWithPolicies};

/// What one can do with endpoints.
#[derive(Subcommand)]
pub(super) enum Endpoints {
    /// List all of them
    List,
    /// Remove one, with where it is shown and what is expected of it; its dataset and its policies stay
    Remove(RemoveEndpoint),
}

/// Which endpoint goes.
#[derive(Args)]
pub(super) struct RemoveEndpoint {
    /// Its slug, or its id
    #[arg(value_name = "ENDPOINT")]
    endpoint: String,
    #[command(flatten)]
    account: Account,
}

const ENDPOINTS: &[Column<Described<Endpoint>>] = &[
    text("SLUG", |endpoint| endpoint.item.slug.to_string()),
    text("NAME", |endpoint| endpoint.item.name.clone()),
    text("PUBLISHED", |endpoint| if endpoint.item.published { "yes" } else { "no" }.to_owned()),
    text("DATASET", |endpoint| endpoint.description.first.clone()),
    text("POLICIES", |endpoint| endpoint.description.second.clone()),
    text("CHANGED", |endpoint| time(endpoint.item.updated_at)),
];

const PATH: &str = "/api/v1/endpoints";

impl Endpoints {
    /// The account as which it acts, where it changes something.
    pub(super) fn account(&self) -> Option<&Account> {
        match self {
            Self::List => None,
            Self::Remove(remove) => Some(&remove.account),
        }
    }
}

pub(super) async fn run(api: &ApiClient, what: &Endpoints, out: &mut Output) -> anyhow::Result<()> {
    match what {
        Endpoints::List => list(api, out).await,
        Endpoints::Remove(what) => remove(api, what, out).await,
    }
}

async fn list(api: &ApiClient, out: &mut Output) -> anyhow::Result<()> {
    let datasets = if out.json { Vec::new() } else { api.all::<Dataset>("/api/v1/datasets").await? };
    let describe = async |endpoint: &Endpoint| {
        let EndpointWithPolicies { policies, .. } = api.get(&format!("{PATH}/{}", endpoint.slug)).await?;
        let dataset = datasets.iter().find(|dataset| dataset.id == endpoint.dataset_id);
        Ok(Description {
            first: dataset.map_or_else(|| endpoint.dataset_id.to_string(), |dataset| dataset.name.clone()),
            second: in_a_cell(&policies),
        })
    };
    list_described(api, PATH, &[], ENDPOINTS, u64::MAX, out, describe).await
}

/// Removes an endpoint as it was when it was looked up.
async fn remove(api: &ApiClient, what: &RemoveEndpoint, out: &mut Output) -> anyhow::Result<()> {
    let (found, revision) = find_endpoint(api, &what.endpoint).await?;
    let slug = &found.endpoint.slug;
    api.send(api.request(Method::DELETE, &format!("{PATH}/{slug}"), &[])?.header(IF_MATCH, revision)).await?;
    if out.json {
        return out.document(&found);
    }
    out.line(&format!("The endpoint {slug} is removed. Its dataset and its policies stay."))
}
