//! The review of access: of one moment, as long as somebody reads it, and true of keys, members and groups.

use std::sync::Arc;
use std::time::Duration;

use syft_space_conformance::sample;
use syft_space_domain::access::{Permission, Role};
use syft_space_domain::endpoint::Endpoint;
use syft_space_domain::group::{NewGroup, add_members, create_group};
use syft_space_domain::identity::{
    Email, Member, NewApiKey, PresentedKey, Principal, authenticate_key, create_api_key, note_key_uses,
};
use syft_space_domain::ids::AccountId;
use syft_space_domain::inquiry::{ImpactOf, impact};
use syft_space_domain::page::{Cursor, PageLimit, PageRequest};
use syft_space_domain::policy::{
    GroupRevision, OpenReviews, Reason, ReviewError, ReviewPage, ReviewPart, ReviewToken, ReviewedSubject,
    SubjectKey,
};
use syft_space_domain::tenant::{ChangeSettings, change_settings};

use crate::approving::the_owner;
use crate::world::{World, block_on, email, join, policy};

fn page(
    world: &World,
    by: &Principal,
    limit: u64,
    after: Option<Cursor<ReviewToken>>,
) -> Result<ReviewPage, ReviewError> {
    let request = PageRequest { limit: PageLimit::parse(limit).unwrap(), after };
    block_on(ReviewPart::begin(&world.space, &world.context(), by, request))?.make(&world.space)
}

fn whole(world: &World) -> Vec<ReviewedSubject> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let part = page(world, &the_owner(world), 100, after).unwrap();
        all.extend(part.subjects.items);
        after = part.subjects.next;
        if after.is_none() {
            return all;
        }
    }
}

fn of(world: &World, address: &Email) -> ReviewedSubject {
    let mut all = whole(world).into_iter();
    let is_of = |subject: &ReviewedSubject| {
        matches!(subject.key, SubjectKey::Member(_)) && subject.name == address.to_string()
    };
    all.find(is_of).unwrap()
}

fn account(principal: &Principal) -> AccountId {
    principal.member(Permission::Query).unwrap().account
}

#[test]
fn z4_a_review_is_there_for_ten_minutes_from_the_page_that_was_read_last() {
    let world = World::new();
    join(&world.space, &world.owner, "max@harbor.example", Role::User);
    let first = page(&world, &the_owner(&world), 1, None).unwrap();
    let almost = OpenReviews::KEPT - Duration::from_secs(1);
    world.clock.advance(almost);
    let second = page(&world, &the_owner(&world), 1, first.subjects.next.clone()).unwrap();
    world.clock.advance(almost);
    let third = page(&world, &the_owner(&world), 1, second.subjects.next.clone()).unwrap();
    assert_eq!(third.as_of, first.as_of);
    assert!(third.whole.is_some() && third.subjects.next.is_none());
    world.clock.advance(Duration::from_secs(1));
    let late = page(&world, &the_owner(&world), 1, second.subjects.next);
    assert!(matches!(late, Err(ReviewError::Cursor(_))), "nobody read it for so long");
}

#[test]
fn k12_what_nobody_reads_on_takes_no_memory_once_it_is_forgotten() {
    let world = World::new();
    let owner = the_owner(&world);
    let as_it_was = Arc::downgrade(world.renewed(&owner).snapshot());
    let begun = page(&world, &owner, 1, None).unwrap();
    assert!(begun.subjects.next.is_some());
    drop(owner);
    // The tenant is another by now.
    join(&world.space, &the_owner(&world), "max@harbor.example", Role::User);
    let reviews = &world.space.reviews;
    world.clock.advance(OpenReviews::KEPT - Duration::from_micros(1));
    reviews.forget_old(world.space.clock.now());
    assert!(as_it_was.upgrade().is_some(), "it may be read on");
    world.clock.advance(Duration::from_micros(1));
    reviews.forget_old(world.space.clock.now());
    assert!(as_it_was.upgrade().is_none());
}

#[test]
fn k12_a_page_of_a_review_takes_ten_thousand_decisions_at_most() {
    let world = World::new();
    join(&world.space, &world.owner, "max@harbor.example", Role::User);
    // With the one that is there, ten thousand decisions are enough for two subjects, and then for one.
    for (from, to, on_a_page) in [(1, 4_999, 2), (5_000, 5_000, 1)] {
        let dataset = world.dataset;
        world.store_behind(move |tx, scope| {
            (from..=to)
                .try_for_each(|n| tx.add_endpoint(scope, &Endpoint { dataset, ..sample::endpoint(n, 1) }))
        });
        let read = page(&world, &the_owner(&world), 100, None).unwrap().subjects;
        assert_eq!((read.items.len(), read.next.is_some()), (on_a_page, true), "{to}");
        assert_eq!(read.items[0].access.len(), usize::try_from(to).unwrap() + 1);
    }
}

#[test]
fn z4_a_key_is_unused_until_its_first_use_and_not_behind_it() {
    let world = World::new();
    let wanted = NewApiKey {
        name: "nightly".parse().unwrap(),
        scopes: vec![Permission::Query],
        endpoints: None,
        addresses: None,
        expires_at: None,
        idempotency: None,
    };
    let issued = block_on(create_api_key(&world.space, &world.context(), &world.member, wanted)).unwrap();
    let told = || {
        let all = whole(&world);
        let key = all.into_iter().find(|subject| matches!(subject.key, SubjectKey::ApiKey(_))).unwrap();
        (key.api_key.unwrap().is_unused, key.last_used_at)
    };
    assert_eq!(told(), (true, None));
    world.clock.advance(Duration::from_secs(86_400));
    let now = world.space.clock.now();
    let key = PresentedKey::parse(issued.text.unwrap().expose()).unwrap();
    let used = authenticate_key(&*world.space.snapshots, &key, None).unwrap();
    let used = used.renew(&*world.space.snapshots, now).unwrap();
    block_on(note_key_uses(&*world.space.store, used.key_use(now).into_iter().collect())).unwrap();
    assert_eq!(told(), (false, Some(now)));
    world.clock.advance(Duration::from_secs(89 * 86_400) - Duration::from_micros(1));
    assert_eq!(told(), (false, Some(now)));
}

#[test]
fn z9_a_review_says_who_must_enrol_a_second_factor_first() {
    let world = World::new();
    let (mia, owner) = (world.member.email().unwrap().clone(), the_owner(&world));
    let account = account(&world.member);
    let shorten = |is_short: bool| {
        world.store_behind(move |tx, scope| {
            let member = tx.member(scope, account)?.unwrap();
            tx.update_member(scope, &Member { short_password: is_short, ..member })
        });
    };
    let enrol = |has_one: bool| {
        world.store_behind(move |tx, scope| match has_one {
            true => tx.put_second_factor(scope, account, &sample::second_factor(1), &[]),
            false => tx.remove_second_factor(scope, account).map(drop),
        });
    };
    let told = || {
        let subject = of(&world, &mia);
        let member = subject.member.unwrap();
        (member.has_second_factor, member.must_enrol)
    };
    assert_eq!(told(), (false, false), "nothing asks for one");
    shorten(true);
    assert_eq!(told(), (false, true), "a short password does");
    enrol(true);
    assert_eq!(told(), (true, false), "they have one");
    shorten(false);
    assert_eq!(told(), (true, false), "and need none");
    enrol(false);
    let settings =
        ChangeSettings { second_factor_roles: Some([Role::User].into()), ..ChangeSettings::default() };
    block_on(change_settings(&world.space, &world.context(), &owner, settings)).unwrap();
    assert_eq!(told(), (false, true), "their role does");
    enrol(true);
    assert_eq!(told(), (true, false));
    let others = of(&world, owner.email().unwrap()).member.unwrap();
    assert_eq!((others.has_second_factor, others.must_enrol), (false, false), "of another role");
}

#[test]
fn z4_a_review_names_the_groups_that_access_hangs_on_where_nobody_knows_the_address_yet() {
    let world = World::new();
    world.register();
    let name: syft_space_domain::group::GroupName = "readers".parse().unwrap();
    let group = NewGroup { name: name.clone(), description: "".parse().unwrap() };
    block_on(create_group(&world.space, &world.context(), &world.owner, group)).unwrap();
    let addresses = vec![world.member.email().unwrap().clone(), email("ada@partner.example")];
    block_on(add_members(&world.space, &world.context(), &world.owner, name.clone(), addresses)).unwrap();
    world.attach(&[policy("allow", &["group:readers"])]);
    let member = of(&world, world.member.email().unwrap()).access;
    let [access] = &*member else { panic!("{member:?}") };
    assert_eq!(
        (access.reason, &*access.groups, &*access.policies),
        (Reason::AllowedByPolicy, &[][..], &[][..])
    );
    let all = whole(&world);
    let users = all.iter().find(|subject| matches!(subject.key, SubjectKey::HubUsers(_))).unwrap();
    let [access] = &*users.access else { panic!("{users:?}") };
    assert_eq!((access.reason, access.policies.len()), (Reason::AddressUnknown, 1));
    assert_eq!(access.groups, [GroupRevision { name, revision: 2 }]);
}

#[test]
fn z4_what_a_breach_of_an_account_touches_is_what_it_can_query_now() {
    let world = World::new();
    world.attach(&[policy("allow", &["mia@harbor.example"])]);
    let reached = |who: &str| {
        let (space, context, owner) = (&world.space, world.context(), the_owner(&world));
        let of = ImpactOf::Principal(who.parse().unwrap());
        let told = block_on(impact(space, &context, &owner, of, (None, None), None)).unwrap().reach.unwrap();
        let endpoints = told.endpoints.iter().map(|reached| (reached.endpoint, reached.reason));
        (endpoints.collect::<Vec<_>>(), told.reads_content)
    };
    let it = (world.endpoint.id, Some(Reason::AllowedByPolicy));
    assert_eq!(reached("mia@harbor.example"), (vec![it], false));
    assert_eq!(reached("olivia@harbor.example"), (vec![], true), "an owner reads datasets themselves");
    assert_eq!(reached("nobody@harbor.example"), (vec![], false));
    world.attach(&[policy("allow", &["olivia@harbor.example"])]);
    assert_eq!(reached("mia@harbor.example"), (vec![], false), "as the policies are now");
}
