//! Hostile requests, as a table over every route: each is refused with a 4xx that helps, none with a 5xx, and the
//! server goes on and holds what it held.
//!
//! Most of the table is made from the route table: each field of each body × each value that is wrong for it
//! (`fields`, `values`), each part of each path, each parameter, each header. A route or a field that nobody has
//! described here fails the test. Requests go over bare sockets, byte for byte: an HTTP client would not send many of
//! them.

pub mod bodies;
mod body_timeouts;
mod by_hand;
pub mod case;
pub mod fields;
pub mod forms;
pub mod headers;
mod pairs;
mod stored_text;
pub mod targets;
mod values;
pub mod wire;
pub mod world;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, stream};
use syft_space::http::route_table::ROUTES;

use case::Case;
use world::World;

/// How many requests are on their way at once.
const MAX_CONCURRENT_REQUESTS: usize = 16;

#[tokio::test]
async fn i1_hostile_requests_over_every_route_are_4xx_that_help_and_change_nothing() {
    let world = World::make().await;
    let before = world.held().await;
    let table: Vec<Case> =
        [fields::cases, bodies::cases, forms::cases, targets::cases, headers::cases, wire::cases]
            .into_iter()
            .flat_map(|cases| cases(&world))
            .collect();
    let reached: BTreeSet<_> = table.iter().filter_map(|case| case.route).collect();
    let all: BTreeSet<_> = ROUTES.iter().map(|route| (route.method, route.path)).collect();
    assert_eq!(reached, all, "every route of the table is attacked");
    assert!(table.len() >= 300, "{}", table.len());

    let mut wrong = Vec::new();
    let mut tally: BTreeMap<u16, usize> = BTreeMap::new();
    let mut answers =
        stream::iter(&table).map(|case| case.run(world.address())).buffer_unordered(MAX_CONCURRENT_REQUESTS);
    while let Some((status, verdict)) = answers.next().await {
        *tally.entry(status).or_default() += 1;
        wrong.extend(verdict.err());
    }
    println!("{} hostile requests over {} routes, by status: {tally:?}", table.len(), all.len());
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), table.len(), wrong.join("\n"));
    assert!(tally.keys().all(|status| *status < 500), "{tally:?}");
    assert_eq!(world.held().await, before, "the server holds what it held");
    world.still_serves().await;
}
