//! The second part of the demonstration: the endpoint on a marketplace, and users of it who query.
#![expect(
    clippy::indexing_slicing,
    reason = "JSON indexed by a key that is not there is null, and never a panic"
)]

use std::time::Duration;

use anyhow::Context;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::demo::hub::{DemoHub, DemoUser, StartHub};
use crate::demo::story::{Story, print_line};

const SPACE_OWNER: &str = "spaceowner";
const ADMITTED: (&str, &str) = ("alice", "alice@example.org");
const REFUSED: (&str, &str) = ("mallory", "mallory@elsewhere.example");
/// How long the listing of the endpoint may take.
const LISTING_TIMEOUT: Duration = Duration::from_secs(30);

/// Starts a hub with the people of the story.
pub(crate) fn start(start_hub: StartHub, password: &str) -> anyhow::Result<Box<dyn DemoHub>> {
    let users = [(SPACE_OWNER, "spaceowner@example.org"), ADMITTED, REFUSED];
    start_hub(&users.map(|(username, email)| DemoUser { username, email, password }))
}

/// Registers the demonstration's tenant on the hub, lists its endpoint, and has two users of the hub ask.
pub(crate) async fn run(Story { api, owner, question, .. }: &Story, hub: &dyn DemoHub) -> anyhow::Result<()> {
    print_line(&format!("\nA marketplace runs at {}", hub.url()))?;
    let marketplace = json!({
        "name": "syfthub", "url": hub.url(), "issuer": hub.issuer(),
        "credential": { "type": "pat", "token": hub.create_pat(SPACE_OWNER)? },
    });
    let marketplace =
        api.send(Method::POST, "/marketplaces", Some(owner), Some(marketplace), StatusCode::CREATED).await?;
    print_line(&format!("5. The tenant registered its account there, {}", marketplace["username"]))?;

    let listing = json!({ "marketplace_id": marketplace["id"] });
    let listings = "/endpoints/handbook/listings";
    api.send(Method::POST, listings, Some(owner), Some(listing), StatusCode::CREATED).await?;
    let listed = async {
        loop {
            let found = api.send(Method::GET, listings, Some(owner), None, StatusCode::OK).await?;
            if found["items"][0]["state"] == "listed" {
                return anyhow::Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(LISTING_TIMEOUT, listed)
        .await
        .context("the hub was not told of the endpoint in time")??;
    print_line(
        "6. The endpoint \"handbook\" is listed there; the hub is told that a policy decides, and not about whom",
    )?;

    for ((name, email), expected) in [(ADMITTED, StatusCode::OK), (REFUSED, StatusCode::FORBIDDEN)] {
        print_line(&format!(
            "\n{name}, a user of the marketplace, asks the same with a token that it made for this space; \
             it knows {name} as {email}:"
        ))?;
        let token = hub.mint_token(name, SPACE_OWNER)?;
        let query = json!({ "messages": question, "limit": 1 });
        let answer =
            api.send(Method::POST, "/endpoints/handbook/query", Some(&token), Some(query), expected).await?;
        let outcome = match answer["references"]["documents"][0]["document_id"].as_str() {
            Some(found) => format!("found in {found}"),
            None => answer["detail"].as_str().unwrap_or_default().to_owned(),
        };
        print_line(&format!("  {}  {outcome}", expected.as_u16()))?;
    }
    Ok(())
}

/// Prints how to go on by oneself.
pub(crate) fn print_next_steps(Story { password, .. }: &Story, hub: &dyn DemoHub) -> anyhow::Result<()> {
    print_line(&format!(
        "\nMarketplace: {} with the users {SPACE_OWNER}, {} and {}, who have the password {password} too",
        hub.url(),
        ADMITTED.0,
        REFUSED.0
    ))
}
