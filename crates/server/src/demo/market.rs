//! The story goes on: the endpoint on a marketplace, and people from there who ask.
#![expect(
    clippy::indexing_slicing,
    reason = "JSON indexed by a key that is not there is null, and never a panic"
)]

use std::time::Duration;

use anyhow::Context;
use reqwest::{Method, StatusCode};
use serde_json::json;
use syft_space_fakehub::{FakeHub, HubOptions, Running};

use crate::demo::story::{Told, say};

const SPACE_OWNER: &str = "spaceowner";
const ADMITTED: &str = "alice";
const REFUSED: &str = "mallory";
/// How long the hub has to be told of the endpoint.
const PATIENCE: Duration = Duration::from_secs(30);

/// A hub on this machine, with the people of the story.
pub(crate) fn hub(password: &str) -> anyhow::Result<Running> {
    let hub = FakeHub::start(HubOptions::new()?)?;
    for (name, domain) in
        [(SPACE_OWNER, "example.org"), (ADMITTED, "example.org"), (REFUSED, "elsewhere.example")]
    {
        hub.add_user(name, &format!("{name}@{domain}"), password)?;
    }
    Ok(hub)
}

/// Registers the demonstration's tenant on the hub, lists its endpoint, and has two users of the hub ask.
pub(crate) async fn tell(Told { api, owner, question, .. }: &Told, hub: &Running) -> anyhow::Result<()> {
    say(&format!("\nA marketplace runs at {}", hub.url()))?;
    let marketplace = json!({
        "name": "syfthub", "url": hub.url(), "issuer": HubOptions::DEFAULT_ISSUER,
        "credential": { "type": "pat", "token": hub.pat_of(SPACE_OWNER)? },
    });
    let marketplace =
        api.send(Method::POST, "/marketplaces", Some(owner), Some(marketplace), StatusCode::CREATED).await?;
    say(&format!("5. The tenant registered its account there, {}", marketplace["username"]))?;

    let listing = json!({ "marketplace_id": marketplace["id"] });
    let listings = "/endpoints/handbook/listings";
    api.send(Method::POST, listings, Some(owner), Some(listing), StatusCode::CREATED).await?;
    let listed = async {
        loop {
            let told = api.send(Method::GET, listings, Some(owner), None, StatusCode::OK).await?;
            if told["items"][0]["state"] == "listed" {
                return anyhow::Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, listed)
        .await
        .context("the hub was not told of the endpoint in time")??;
    say("6. The endpoint \"handbook\" is listed there; of its policies the hub knows no address")?;

    for (name, expected) in [(ADMITTED, StatusCode::OK), (REFUSED, StatusCode::FORBIDDEN)] {
        say(&format!("\n{name}, a user of the marketplace, asks the same with a satellite token:"))?;
        let token = hub.token_of(name, SPACE_OWNER)?;
        let asked = json!({ "messages": question, "limit": 1, "similarity_threshold": 0.0 });
        let answer =
            api.send(Method::POST, "/endpoints/handbook/query", Some(&token), Some(asked), expected).await?;
        let said = match answer["references"]["documents"][0]["document_id"].as_str() {
            Some(found) => format!("found in {found}"),
            None => answer["detail"].as_str().unwrap_or_default().to_owned(),
        };
        say(&format!("  {}  {said}", expected.as_u16()))?;
    }
    Ok(())
}

/// How to go on by oneself.
pub(crate) fn invite(Told { password, .. }: &Told, hub: &Running) -> anyhow::Result<()> {
    say(&format!(
        "\nMarketplace: {} with the users {SPACE_OWNER}, {ADMITTED} and {REFUSED}, who have the password {password} too",
        hub.url()
    ))
}
