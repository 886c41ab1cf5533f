//! What owners do with policies: attaching, naming, rolling back, and coming down from above a limit.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use syft_space_domain::endpoint::EndpointName;
use syft_space_domain::group::{GroupError, NewGroup, create_group, remove_group};
use syft_space_domain::ids::PolicyId;
use syft_space_domain::marketplace::{
    ListingError, MarketplaceError, RegistrationSettings, list, remove_marketplace,
};
use syft_space_domain::page::PageRequest;
use syft_space_domain::policy::{
    ChangePolicy, Enforcement, MAX_ATTACHED, MAX_CONFIGURATION_BYTES_PER_TENANT, MAX_PATTERNS_PER_TENANT,
    NewPolicy, Policy, PolicyConfiguration, PolicyError, attach, change_policy, create_policy, policies,
    policy as policy_of, revision, revisions, rollback_policy,
};

use crate::world::{World, block_on, policy};

fn parsed(world: &World, policy_type: &str, configuration: &Value) -> PolicyConfiguration {
    world.space.policy_types.parse(policy_type, configuration).unwrap()
}

fn create(world: &World, configuration: PolicyConfiguration) -> Result<Policy, PolicyError> {
    let wanted = NewPolicy { name: "who".parse().unwrap(), configuration, enforcement: Enforcement::Enforce };
    block_on(create_policy(&world.space, &world.context(), &world.owner, wanted))
}

fn change(world: &World, id: PolicyId, change: ChangePolicy) -> Result<Policy, PolicyError> {
    block_on(change_policy(&world.space, &world.context(), &world.owner, id, change))
}

fn into(configuration: PolicyConfiguration) -> ChangePolicy {
    ChangePolicy { configuration: Some(configuration), ..ChangePolicy::default() }
}

fn put(world: &World, ids: &[PolicyId], if_revision: Option<u64>) -> Result<usize, PolicyError> {
    let name = EndpointName::Id(world.endpoint.id);
    let attached =
        block_on(attach(&world.space, &world.context(), &world.owner, name, ids.to_vec(), if_revision))?;
    assert_eq!(attached.iter().map(|attached| attached.policy).collect::<Vec<_>>(), ids, "in this order");
    Ok(attached.len())
}

/// So many policies, which let in everybody.
fn some(world: &World, count: usize) -> Vec<PolicyId> {
    (0..count).map(|_| create(world, parsed(world, "access", &policy("allow", &["*"]))).unwrap().id).collect()
}

#[test]
fn z4_the_event_of_an_attachment_tells_what_became_of_the_endpoints_policies() {
    let world = World::new();
    let [a, b, c] = some(&world, 3).try_into().unwrap();
    for (ids, told) in [
        (&[a, b][..], "policies_added"),
        (&[b, a], "policies_reordered"),
        (&[b, a], ""),
        (&[c, a], "policies_added,policies_removed"),
        (&[b, a, c], "policies_added,policies_reordered"),
        (&[c, a], "policies_removed,policies_reordered"),
        (&[a], "policies_removed"),
        (&[], "policies_removed"),
        (&[], ""),
    ] {
        world.forget_events();
        put(&world, ids, None).unwrap();
        assert_eq!(world.events(), [format!("config_change success {told} on it")], "{ids:?}");
    }
}

#[test]
fn k12_an_endpoint_has_twenty_policies_at_most_each_once_and_is_changed_by_who_has_read_it() {
    let world = World::new();
    let ids = some(&world, MAX_ATTACHED + 1);
    assert_eq!(put(&world, &ids, None), Err(PolicyError::TooMany));
    assert_eq!(put(&world, &ids[..20], Some(1)), Ok(20));
    let twice = [ids[3], ids[4], ids[3]];
    assert_eq!(put(&world, &twice, None), Err(PolicyError::NamedTwice(ids[3])));
    // Each attachment is a change of the endpoint.
    assert_eq!(put(&world, &ids[..19], Some(1)), Err(PolicyError::Changed));
    assert_eq!(put(&world, &ids[..19], Some(2)), Ok(19));
    assert_eq!(put(&world, &ids[..19], Some(3)), Ok(19));
    assert_eq!(put(&world, &[], Some(3)), Err(PolicyError::Changed));
    assert_eq!(PolicyError::TooMany.to_string(), "an endpoint has at most 20 policies");
}

/// Stores a policy as an earlier version might have let it in.
fn plant(world: &World, configuration: &PolicyConfiguration) -> PolicyId {
    let id = some(world, 1)[0];
    let known = block_on(policy_of(&world.space, &world.owner, id)).unwrap();
    let planted = Policy { configuration: configuration.clone(), ..known };
    world.store_behind(move |tx, scope| tx.update_policy(scope, &planted));
    id
}

#[test]
fn k12_a_tenant_above_a_limit_changes_what_takes_no_more_than_before_and_comes_down() {
    let of = |patterns: u64, text: &str| {
        PolicyConfiguration::from_storage("access", &format!("\"{text}\""), patterns)
    };
    let world = World::new();
    let many = MAX_PATTERNS_PER_TENANT + 5;
    let id = plant(&world, &of(many, "a"));
    assert!(change(&world, id, into(of(many, "b"))).is_ok(), "as many as before");
    let more = change(&world, id, into(of(many + 1, "c")));
    assert!(matches!(more, Err(PolicyError::PatternLimitReached(_))), "{more:?}");
    assert!(change(&world, id, into(of(many - 1, "d"))).is_ok(), "fewer, and still too many");

    let world = World::new();
    let long = |letter: &str, more: usize| {
        let most: usize = MAX_CONFIGURATION_BYTES_PER_TENANT.try_into().unwrap();
        of(1, &letter.repeat(most + more))
    };
    let id = plant(&world, &long("a", 5));
    assert!(change(&world, id, into(long("b", 5))).is_ok(), "as long as before");
    let more = change(&world, id, into(long("c", 6)));
    assert!(matches!(more, Err(PolicyError::ByteLimitReached(_))), "{more:?}");
    assert!(change(&world, id, into(long("d", 4))).is_ok(), "shorter, and still too long");
}

#[test]
fn z4_a_policy_names_groups_that_there_are_and_none_of_them_goes_as_long_as_it_does() {
    let world = World::new();
    let readers = parsed(&world, "access", &policy("allow", &["group:readers"]));
    let refused = create(&world, readers.clone()).unwrap_err();
    assert_eq!(refused.to_string(), "there is no group \"readers\": make it first");
    assert!(matches!(refused, PolicyError::UnknownReference(_)));
    let all = block_on(policies(&world.space, &world.owner, PageRequest::default())).unwrap();
    assert!(all.items.is_empty(), "nothing of it is kept");
    let group = NewGroup { name: "readers".parse().unwrap(), description: "".parse().unwrap() };
    block_on(create_group(&world.space, &world.context(), &world.owner, group)).unwrap();
    let remove = || {
        let name = "readers".parse().unwrap();
        block_on(remove_group(&world.space, &world.context(), &world.owner, name, None))
    };
    let id = create(&world, readers.clone()).unwrap().id;
    assert_eq!(remove(), Err(GroupError::InUse(vec![(id, "who".to_owned())])));
    let everybody = parsed(&world, "access", &policy("allow", &["*"]));
    change(&world, id, into(everybody)).unwrap();
    assert_eq!(remove(), Ok(()));
    let lost = change(&world, id, into(readers));
    assert!(matches!(lost, Err(PolicyError::UnknownReference(_))), "{lost:?}");
}

#[test]
fn z4_a_marketplace_that_a_policy_names_stays_and_the_refusal_names_the_policy() {
    let world = World::new();
    let marketplace = world.register();
    let named = parsed(&world, "access", &policy("allow", &["hub:market/*@partner.example"]));
    let id = create(&world, named).unwrap().id;
    // It has the word in it, and does not name the marketplace.
    create(&world, parsed(&world, "access", &policy("allow", &["market@partner.example"]))).unwrap();
    let remove = || {
        let settings = RegistrationSettings { registration_open: false, public_url: None };
        let (space, context) = (&world.space, world.context());
        block_on(remove_marketplace(space, &context, &world.owner, settings, marketplace.id, None))
    };
    let refused = remove().unwrap_err();
    assert_eq!(refused, MarketplaceError::InUse(vec![(id, "who".to_owned())]));
    let told = format!("policies name the marketplace: \"who\" ({id}); take it out of them first");
    assert_eq!(refused.to_string(), told);
    change(&world, id, into(parsed(&world, "access", &policy("allow", &["*"])))).unwrap();
    assert_eq!(remove(), Ok(Ok(())));
}

#[test]
fn z4_an_endpoint_is_listed_where_a_policy_says_who_may_query_and_not_where_one_says_how_often() {
    let world = World::new();
    let marketplace = world.register();
    let wish = || {
        let name = EndpointName::Id(world.endpoint.id);
        let (space, context) = (&world.space, world.context());
        block_on(list(space, &context, &world.owner, &name, marketplace.id, true)).map(drop)
    };
    for others in [vec![], vec![("disclosure_log", json!({})), ("pii_filter", json!({}))]] {
        world.attach_all(&others);
        assert_eq!(wish(), Err(ListingError::NoAccessPolicy), "{others:?}");
    }
    world.attach_all(&[("disclosure_log", json!({})), ("access", policy("allow", &["*"]))]);
    assert_eq!(wish(), Ok(()));
}

#[test]
fn k12_a_policy_that_is_rolled_back_has_the_name_and_demands_what_the_revision_did() {
    let world = World::new();
    let first = create(&world, parsed(&world, "access", &policy("allow", &["*@harbor.example"]))).unwrap();
    let other = ChangePolicy {
        name: Some("everybody".parse().unwrap()),
        enforcement: Some(Enforcement::Shadow),
        ..into(parsed(&world, "access", &policy("allow", &["*"])))
    };
    let second = change(&world, first.id, other).unwrap();
    assert_ne!((&first.name, &first.configuration), (&second.name, &second.configuration));
    world.forget_events();
    let back = |to, if_revision| {
        let (space, context) = (&world.space, world.context());
        block_on(rollback_policy(space, &context, &world.owner, first.id, to, if_revision))
    };
    assert_eq!(back(1, Some(1)), Err(PolicyError::Changed));
    assert_eq!(back(7, None), Err(PolicyError::RevisionNotKept(7)));
    let third = back(1, Some(2)).unwrap();
    assert_eq!((&third.name, &third.configuration), (&first.name, &first.configuration));
    assert_eq!((third.enforcement, third.revision), (Enforcement::Enforce, 3));
    let known = block_on(policy_of(&world.space, &world.owner, first.id)).unwrap();
    assert_eq!(known, third);
    let told = world.recorded().pop().unwrap().reason_code.unwrap().to_string();
    let told: BTreeSet<_> = told.split(',').map(str::to_owned).collect();
    for code in ["rolled_back", "changed_name", "enforced"] {
        assert!(told.contains(code), "{told:?}");
    }
    let (space, owner) = (&world.space, &world.owner);
    let kept = block_on(revisions(space, owner, first.id, PageRequest::default())).unwrap().items;
    let kept: Vec<_> = kept.iter().map(|kept| (kept.revision, kept.rolled_back_to, &*kept.name)).collect();
    assert_eq!(kept, [(3, Some(1), "who"), (2, None, "everybody"), (1, None, "who")]);
    let newest = block_on(revision(space, owner, first.id, 3)).unwrap();
    assert_eq!(newest.configuration.json().get(), first.configuration.json().get());
}
