//! The limits of what a tenant's policies take up together.

use syft_space_domain::identity::Principal;
use syft_space_domain::ids::PolicyId;
use syft_space_domain::policy::{
    ChangePolicy, Enforcement, MAX_CONFIGURATION_BYTES_PER_TENANT, MAX_PATTERNS_PER_TENANT, NewPolicy,
    Policy, PolicyConfiguration, PolicyError, change_policy, create_policy,
};

use crate::world::{World, block_on};

fn configuration(patterns: u64, bytes: u64) -> PolicyConfiguration {
    let text = "x".repeat(usize::try_from(bytes).unwrap() - 2);
    PolicyConfiguration::from_storage("access", &format!("\"{text}\""), patterns)
}

async fn create(world: &World, owner: &Principal, one: PolicyConfiguration) -> Result<Policy, PolicyError> {
    let wanted =
        NewPolicy { name: "ours".parse().unwrap(), configuration: one, enforcement: Enforcement::Enforce };
    create_policy(&world.space, &world.context(), owner, wanted).await
}

async fn change(
    world: &World,
    owner: &Principal,
    id: PolicyId,
    one: PolicyConfiguration,
) -> Result<Policy, PolicyError> {
    let change = ChangePolicy { configuration: Some(one), ..ChangePolicy::default() };
    change_policy(&world.space, &world.context(), owner, id, change).await
}

#[test]
fn k12_the_patterns_of_a_tenants_policies_have_an_end() {
    block_on(async {
        let world = World::new();
        let (owner, other) = (world.owner("acme").await, world.owner("globex").await);
        let half = MAX_PATTERNS_PER_TENANT / 2;
        let first = create(&world, &owner, configuration(half, 10)).await.unwrap();
        create(&world, &owner, configuration(half, 10)).await.unwrap();
        let full = Err(PolicyError::PatternLimitReached(MAX_PATTERNS_PER_TENANT));
        assert_eq!(create(&world, &owner, configuration(1, 10)).await, full);
        assert_eq!(change(&world, &owner, first.id, configuration(half + 1, 10)).await, full);
        change(&world, &owner, first.id, configuration(half - 1, 10)).await.unwrap();
        create(&world, &owner, configuration(1, 10)).await.unwrap();
        create(&world, &other, configuration(half, 10)).await.unwrap();
    });
}

#[test]
fn k12_the_bytes_of_a_tenants_policies_have_an_end() {
    block_on(async {
        let world = World::new();
        let owner = world.owner("acme").await;
        let half = MAX_CONFIGURATION_BYTES_PER_TENANT / 2;
        let first = create(&world, &owner, configuration(1, half)).await.unwrap();
        create(&world, &owner, configuration(1, half)).await.unwrap();
        let full = Err(PolicyError::ByteLimitReached(MAX_CONFIGURATION_BYTES_PER_TENANT));
        assert_eq!(create(&world, &owner, configuration(1, 3)).await, full);
        assert_eq!(change(&world, &owner, first.id, configuration(1, half + 1)).await, full);
        change(&world, &owner, first.id, configuration(1, half - 3)).await.unwrap();
        create(&world, &owner, configuration(1, 3)).await.unwrap();
    });
}
