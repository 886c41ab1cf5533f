//! The commands `syft-space publish` and `syft-space unpublish`: who finds an endpoint.

use clap::Args;
use reqwest::Method;
use reqwest::header::HeaderValue;
use serde::Serialize;
use syft_space_domain::endpoint::{EndpointName, ResponseType, Slug};
use syft_space_domain::ids::{DatasetId, MarketplaceId};
use syft_space_domain::text::{Line, Prose};

use crate::cli::account::Account;
use crate::cli::api::{ApiClient, option};
use crate::cli::attached_policies::attach_beside;
use crate::cli::datasets::find_dataset;
use crate::cli::exit::{CommandError, ExitStatus, status_of};
use crate::cli::known_marketplaces::find_marketplace;
use crate::cli::known_policies::find_policy;
use crate::cli::output::Output;
use crate::cli::who_may_ask::who_may_ask;
use crate::routes::endpoints::{ChangeEndpoint, Endpoint, EndpointWithPolicies, NewEndpoint};
use crate::routes::listings::{Listing, Listings, NewListing};

const PATH: &str = "/api/v1/endpoints";

/// Which endpoint, and where.
#[derive(Args)]
pub(super) struct Publish {
    /// The endpoint's slug, or its id
    #[arg(value_name = "ENDPOINT")]
    endpoint: String,
    /// Make the endpoint over this dataset, if there is none of that slug
    #[arg(long, value_name = "NAME")]
    dataset: Option<String>,
    /// Attach this policy before anybody else can ask it: its name, or its id; may stand several times
    #[arg(long, value_name = "POLICY")]
    policy: Vec<String>,
    /// Show it on this marketplace, too: its name, or its id
    #[arg(long, value_name = "MARKETPLACE")]
    to: Option<String>,
    #[command(flatten)]
    pub(super) account: Account,
}

/// Which endpoint, and where no more.
#[derive(Args)]
pub(super) struct Unpublish {
    /// The endpoint's slug, or its id
    #[arg(value_name = "ENDPOINT")]
    endpoint: String,
    /// Take it off this marketplace alone: its name, or its id
    #[arg(long, value_name = "MARKETPLACE")]
    from: Option<String>,
    #[command(flatten)]
    pub(super) account: Account,
}

/// What a program is told: the endpoint as it is now, and its listing where a marketplace was named.
#[derive(Serialize)]
struct Outcome {
    endpoint: Endpoint,
    listing: Option<Listing>,
}

pub(super) async fn publish(api: &ApiClient, what: &Publish, out: &mut Output) -> anyhow::Result<()> {
    // All that is named is looked up before anything is changed.
    let marketplace = match &what.to {
        Some(named) => Some((named, find_marketplace(api, named).await?)),
        None => None,
    };
    let (EndpointWithPolicies { endpoint, policies }, was_published) = published(api, what).await?;
    if !out.json {
        out.line(&format!("{} is published. {}", endpoint.slug, who_may_ask(&policies)))?;
    }
    let listing = match marketplace {
        Some((_, id)) => {
            let done = format!("{} is published", endpoint.slug);
            let listed = list(api, &endpoint.slug, id).await;
            Some(listed.map_err(|error| CommandError::partial(&done, &error))?)
        }
        None => None,
    };
    // What the marketplace said when it was told last. Of what was no draft's yet it has said nothing that counts.
    let hanging = listing.as_ref().zip(marketplace).and_then(|(listing, (named, _))| {
        let why = listing.last_error.as_deref().filter(|_| was_published)?;
        Some(format!("{} is published, and on {named} it is {}: {why}", endpoint.slug, listing.state))
    });
    if out.json {
        out.document(&Outcome { endpoint, listing })?;
    } else if let (None, Some((listing, (named, _)))) = (&hanging, listing.zip(marketplace)) {
        out.line(&format!("On {named} it is {}.", listing.state))?;
        out.remark(&format!("{}.", capitalised(&listing.note)));
    }
    hanging.map_or(Ok(()), |why| Err(CommandError::new(ExitStatus::Partial, why).into()))
}

/// A sentence, as it begins.
fn capitalised(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

pub(super) async fn unpublish(api: &ApiClient, what: &Unpublish, out: &mut Output) -> anyhow::Result<()> {
    let (EndpointWithPolicies { endpoint, .. }, _) = find_endpoint(api, &what.endpoint).await?;
    let slug = endpoint.slug.clone();
    let (outcome, told) = match &what.from {
        Some(named) => {
            let id = find_marketplace(api, named).await?;
            let listing = listing_on(api, &slug, id).await?.ok_or_else(|| {
                CommandError::new(ExitStatus::NotFound, format!("{slug} is not listed on {named}"))
            })?;
            let path = format!("{PATH}/{slug}/listings/{}", listing.id);
            api.send(api.request(Method::DELETE, &path, &[])?).await?;
            (Outcome { endpoint, listing: Some(listing) }, format!("{slug} is taken off {named}."))
        }
        None => {
            let endpoint = set_published(api, endpoint, false).await?;
            let told = format!("{slug} is a draft: only owners and admins can ask it.");
            (Outcome { endpoint, listing: None }, told)
        }
    };
    if out.json { out.document(&outcome) } else { out.line(&told) }
}

/// The endpoint of this slug or id, its policies, and its revision.
pub(super) async fn find_endpoint(
    api: &ApiClient,
    named: &str,
) -> anyhow::Result<(EndpointWithPolicies, HeaderValue)> {
    let unknown = || {
        let message =
            format!("there is no endpoint {named:?}; `syft-space endpoints list` shows which there are");
        CommandError::new(ExitStatus::NotFound, message)
    };
    // What is neither is the name of nothing, and would be another path.
    let path = match EndpointName::parse(named).ok_or_else(unknown)? {
        EndpointName::Slug(slug) => format!("{PATH}/{slug}"),
        EndpointName::Id(id) => format!("{PATH}/{id}"),
    };
    let found = api.get_revision(&path).await;
    found.map_err(|error| if status_of(&error) == ExitStatus::NotFound { unknown().into() } else { error })
}

/// The endpoint, published, and its policies, and whether it was published before. It has those that are named before it is.
async fn published(api: &ApiClient, what: &Publish) -> anyhow::Result<(EndpointWithPolicies, bool)> {
    let dataset = match &what.dataset {
        Some(named) => Some(find_dataset(api, named).await?.id),
        None => None,
    };
    let mut named = Vec::new();
    for policy in &what.policy {
        named.push(find_policy(api, policy).await?.id);
    }
    let (is_new, (found, revision)) = match (find_endpoint(api, &what.endpoint).await, dataset) {
        (Err(error), Some(dataset)) if status_of(&error) == ExitStatus::NotFound => {
            let endpoint = make(api, what, dataset).await?;
            (true, find_endpoint(api, endpoint.slug.as_str()).await?)
        }
        (Err(error), None) if status_of(&error) == ExitStatus::NotFound => {
            let message = format!("{error}, and --dataset NAME makes one over a dataset");
            return Err(CommandError::new(ExitStatus::NotFound, message).into());
        }
        (found, _) => (false, found?),
    };
    let endpoint = &found.endpoint;
    if dataset.is_some_and(|dataset| dataset != endpoint.dataset_id) {
        let message = format!("{} searches another dataset: choose another slug", endpoint.slug);
        return Err(CommandError::new(ExitStatus::Refused, message).into());
    }
    let (slug, was_published) = (endpoint.slug.clone(), endpoint.published && !is_new);
    let finished = async {
        let is_attached = attach_beside(api, &found, revision, &named).await?;
        let EndpointWithPolicies { endpoint, policies } =
            if is_attached { find_endpoint(api, slug.as_str()).await?.0 } else { found };
        let endpoint = set_published(api, endpoint, true).await?;
        Ok((EndpointWithPolicies { endpoint, policies }, was_published))
    };
    finished.await.map_err(|error: anyhow::Error| {
        let made = format!("{slug} is made, and is a draft");
        if is_new { CommandError::partial(&made, &error).into() } else { error }
    })
}

/// Makes the endpoint over a dataset: a draft, where it is to have policies before anybody else can ask it.
async fn make(api: &ApiClient, what: &Publish, dataset_id: DatasetId) -> anyhow::Result<Endpoint> {
    let body = NewEndpoint {
        name: option("ENDPOINT", &what.endpoint)?,
        slug: option("ENDPOINT", &what.endpoint)?,
        summary: Line::default(),
        description: Prose::default(),
        tags: Line::default(),
        dataset_id,
        model_id: None,
        response_type: ResponseType::Raw,
        published: what.policy.is_empty(),
    };
    api.post(PATH, &body).await
}

/// Publishes an endpoint, or makes it a draft. What is so already is left alone.
async fn set_published(api: &ApiClient, endpoint: Endpoint, published: bool) -> anyhow::Result<Endpoint> {
    if endpoint.published == published {
        return Ok(endpoint);
    }
    let change = ChangeEndpoint { published: Some(published), ..ChangeEndpoint::default() };
    api.read(api.request(Method::PATCH, &format!("{PATH}/{}", endpoint.slug), &[])?.json(&change)).await
}

/// The listing of an endpoint on a marketplace, where it is listed there.
async fn listing_on(api: &ApiClient, slug: &Slug, id: MarketplaceId) -> anyhow::Result<Option<Listing>> {
    let Listings { items } = api.get(&format!("{PATH}/{slug}/listings")).await?;
    Ok(items.into_iter().find(|listing| listing.marketplace_id == id))
}

/// Lists an endpoint on a marketplace, unless it is listed there.
async fn list(api: &ApiClient, slug: &Slug, id: MarketplaceId) -> anyhow::Result<Listing> {
    match listing_on(api, slug, id).await? {
        Some(listing) => Ok(listing),
        None => api.post(&format!("{PATH}/{slug}/listings"), &NewListing { marketplace_id: id }).await,
    }
}
