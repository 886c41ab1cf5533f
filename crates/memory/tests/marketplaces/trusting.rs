//! The operator says which hubs are trusted.

use futures_executor::block_on;
use syft_space_domain::marketplace::{
    Hub, HubUrl, TrustError, TrustedBy, distrust_hub, trust_hub, trusted_hubs,
};

use crate::world::{CLOSED, ISSUER, World, url};

fn trust(world: &World, issuer: &str, url: &HubUrl) -> Result<Hub, TrustError> {
    let (context, issuer) = (world.context(), issuer.parse().unwrap());
    block_on(trust_hub(&world.space, &context, &world.operator, issuer, url.clone()))
}

fn listed(world: &World) -> Vec<Hub> {
    block_on(trusted_hubs(&world.space, &world.operator)).unwrap()
}

#[test]
fn f1_what_is_trusted_is_listed_and_moves_or_goes_only_where_nobody_is_registered_there() {
    let world = World::new();
    assert_eq!(listed(&world), []);
    let other = HubUrl::parse("https://other.example.org").unwrap();
    let hub = trust(&world, ISSUER, &url()).unwrap();
    let second = trust(&world, "https://another.example", &other).unwrap();
    assert_eq!(hub.trusted_by, TrustedBy::Operator);
    assert_eq!(listed(&world), [second.clone(), hub.clone()], "in the order of their issuers");
    // Trusted again, it is the same hub, at another address.
    let moved = trust(&world, ISSUER, &other).unwrap();
    assert_eq!(moved, Hub { url: other.clone(), ..hub.clone() });
    trust(&world, ISSUER, &url()).unwrap();

    let owner = block_on(world.owner("acme"));
    let account = world.account("alice", "main");
    block_on(world.register(&owner, CLOSED, &account)).unwrap();
    let elsewhere = trust(&world, ISSUER, &other).unwrap_err();
    assert_eq!(elsewhere, TrustError::InUseElsewhere { issuer: hub.issuer.clone(), url: url() });
    trust(&world, ISSUER, &url()).unwrap();
    let distrust = |id| block_on(distrust_hub(&world.space, &world.context(), &world.operator, id));
    assert_eq!(distrust(hub.id), Err(TrustError::InUse(1)));
    distrust(second.id).unwrap();
    assert_eq!(distrust(second.id), Err(TrustError::NotFound));
    assert_eq!(listed(&world), [hub]);
}
