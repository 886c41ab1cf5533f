//! The review of access says of everybody what an owner is told of each of them.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner, contextualize_config};
use serde_json::json;
use syft_space_conformance::sample::{
    account_id, api_key, api_key_id, email, endpoint, endpoint_id, event, policy_id,
};
use syft_space_domain::access::{Permission, Role};
use syft_space_domain::audit::{Action, Log};
use syft_space_domain::endpoint::{Endpoint, EndpointName};
use syft_space_domain::identity::{ApiKey, KeyTerms, Member, Principal};
use syft_space_domain::ids::EndpointId;
use syft_space_domain::marketplace::{HubRole, Issuer};
use syft_space_domain::page::{PageLimit, PageRequest};
use syft_space_domain::policy::{
    Decider, HypotheticalCaller, Policy, PolicyConfiguration, PolicyRevision, PolicyTypes, Reason,
    ReviewDigest, ReviewedSubject, SignOff, SignOffError, SubjectKey, access_review, explain,
};
use syft_space_domain::store::{StoreError, Tx};
use syft_space_domain::tenant::{self as domain, WriteScope};
use syft_space_domain::time::Timestamp;
use syft_space_domain::unit::Recorded;

use crate::explaining::{Case, DISABLED, Tenant, cases};
use crate::world::{ISSUER, block_on};

/// The keys 1 to 6: whose each is, what for, and for which endpoints. The sixth has ended.
const KEYS: [(u64, Permission, Option<&[u64]>); 6] = [
    (1, Permission::Query, None),
    (3, Permission::Query, Some(&[2])),
    (3, Permission::ReadMetadata, None),
    (4, Permission::Query, None),
    (DISABLED, Permission::Query, None),
    (1, Permission::Query, None),
];
const ENDED: u64 = 6;

/// Stores something behind the use cases.
async fn store(
    tenant: &Tenant,
    mut work: impl FnMut(&mut dyn Tx, &WriteScope) -> Result<(), StoreError> + Send + 'static,
) {
    let (scope, event) = (tenant.scope, event(Log::Installation, Action::ConfigChange));
    let work = move |tx: &mut dyn Tx| {
        work(tx, &WriteScope::assume(&scope, "a test looks behind the use cases"))?;
        Ok(Recorded::new((), event.clone()))
    };
    let stored: Result<(), StoreError> = tenant.world.space.store.write(work).await;
    stored.unwrap();
}

/// Adds a second endpoint, which is published where the first is not and has no policy, and API keys.
async fn furnish(tenant: &Tenant, case: &Case) {
    let published = !case.published;
    let now = tenant.world.space.clock.now();
    let add = move |tx: &mut dyn Tx, scope: &WriteScope| {
        let known = tx.endpoint(scope, endpoint_id(1))?.unwrap();
        tx.add_endpoint(scope, &Endpoint { dataset: known.dataset, published, ..endpoint(2, 1) })?;
        for (n, (holder, permission, endpoints)) in (1..).zip(KEYS) {
            let endpoints = endpoints.map(|ids| ids.iter().map(|id| endpoint_id(*id)).collect());
            let terms = KeyTerms::new(vec![permission], endpoints, None).unwrap();
            let expires_at = now.plus(ApiKey::DEFAULT_LIFETIME);
            let living = ApiKey { terms, rotated_at: now, expires_at, ..api_key(1, n, holder) };
            let expires_at = if n == ENDED { now } else { expires_at };
            tx.put_api_key(scope, &ApiKey { expires_at, tenant: scope.tenant(), ..living })?;
        }
        Ok(())
    };
    store(tenant, add).await;
}

/// All of the review, in pages of so many.
fn review(tenant: &Tenant, limit: u64) -> (Vec<ReviewedSubject>, ReviewDigest) {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = PageRequest { limit: PageLimit::parse(limit).unwrap(), after };
        let page = access_review(&tenant.world.space, &tenant.owner, page).unwrap();
        all.extend(page.subjects.items);
        after = page.subjects.next;
        if let Some(digest) = page.digest {
            assert!(after.is_none());
            return (all, digest);
        }
    }
}

type Explained = (EndpointId, Reason, Option<Decider>);

/// What an owner is told that somebody can query, or could with the right address.
fn explained(tenant: &Tenant, somebody: &HypotheticalCaller) -> Vec<Explained> {
    let of = |n: u64| {
        let name = EndpointName::Id(endpoint_id(n));
        let decision = explain(&tenant.world.space, &tenant.owner, &name, somebody).unwrap();
        let reason = decision.diagnostics.reason;
        let counts = decision.is_allow() || reason == Reason::AddressUnknown;
        counts.then_some((endpoint_id(n), reason, decision.diagnostics.decided_by))
    };
    [1, 2].into_iter().filter_map(of).collect()
}

fn told(subject: &ReviewedSubject) -> Vec<Explained> {
    let access = subject.access.iter();
    access.map(|access| (access.endpoint, access.reason, access.decided_by.clone())).collect()
}

fn expected(tenant: &Tenant, subject: &ReviewedSubject) -> Vec<Explained> {
    let hub_user =
        |role| HypotheticalCaller::HubUser { issuer: Issuer::parse(ISSUER).unwrap(), role, email: None };
    match subject.key {
        SubjectKey::Member(_) => {
            explained(tenant, &HypotheticalCaller::Address(subject.member.as_ref().unwrap().email.clone()))
        }
        SubjectKey::ApiKey(id) => {
            let n = (1..).zip(KEYS).find(|(n, _)| api_key_id(*n) == id).unwrap().1;
            let (holder, permission, endpoints) = n;
            let mut held = explained(tenant, &HypotheticalCaller::Address(email(holder)));
            held.retain(|(id, ..)| {
                let reaches = endpoints.is_none_or(|ids| ids.iter().any(|of| endpoint_id(*of) == *id));
                permission == Permission::Query && reaches
            });
            held
        }
        SubjectKey::HubUsers(_) => explained(tenant, &hub_user(HubRole::User)),
        SubjectKey::HubGuests(_) => explained(tenant, &hub_user(HubRole::Guest)),
    }
}

#[test]
fn z4_a_review_says_of_everybody_what_explaining_each_of_them_says() {
    let config = contextualize_config(Config { cases: 200, failure_persistence: None, ..Config::default() });
    let outcome = TestRunner::new(config).run(&(cases(), 1_u64..=9), |(case, limit)| {
        block_on(async {
            let mut tenant = Tenant::new(&case).await;
            furnish(&tenant, &case).await;
            tenant.owner = tenant.member(account_id(1), email(1)).unwrap();
            let (review, digest) = review(&tenant, limit);
            prop_assert_eq!(digest, self::review(&tenant, 100).1);
            for subject in &review {
                prop_assert_eq!(told(subject), expected(&tenant, subject), "{:?}", subject);
            }
            // Everybody stands in it once: the six members, the keys that work, the users and the guests of the hub.
            let members = review.iter().filter(|subject| matches!(subject.key, SubjectKey::Member(_)));
            prop_assert_eq!(members.count(), 6);
            for (n, (holder, ..)) in (1..).zip(KEYS) {
                let key = review.iter().find(|subject| subject.key == SubjectKey::ApiKey(api_key_id(n)));
                prop_assert_eq!(key.is_some(), n != ENDED);
                let of = key.map(|subject| subject.member.as_ref().unwrap().account);
                prop_assert!(of.is_none_or(|of| of == account_id(holder)));
            }
            let kinds: Vec<_> = review.iter().map(|subject| subject.key.kind()).collect();
            let hubs = kinds.iter().filter(|kind| kind.starts_with("hub_")).collect::<BTreeSet<_>>();
            prop_assert_eq!((review.len(), hubs.len()), (6 + 5 + 2, 2));
            Ok::<(), TestCaseError>(())
        })
    });
    outcome.unwrap();
}

#[test]
fn z4_a_subject_is_named_as_it_is_read() {
    for text in ["member", "api_key", "hub_users", "hub_guests"] {
        let text = format!("{text}:0192f0c1-2d3e-7f40-8a51-62738495a6b7");
        assert_eq!(text.parse::<SubjectKey>().unwrap().to_string(), text);
    }
    for bad in ["", "member", "member:", "owner:0192f0c1-2d3e-7f40-8a51-62738495a6b7", "member:7"] {
        assert!(bad.parse::<SubjectKey>().is_err(), "{bad}");
    }
}

/// Changes a member's row behind the use cases.
async fn change(tenant: &Tenant, n: u64, change: impl Fn(&mut Member) + Send + 'static) {
    let work = move |tx: &mut dyn Tx, scope: &WriteScope| {
        let mut member = tx.member(scope, account_id(n))?.unwrap();
        change(&mut member);
        tx.update_member(scope, &member)
    };
    store(tenant, work).await;
}

async fn sign_off(tenant: &Tenant, by: &Principal, digest: ReviewDigest) -> Result<(), SignOffError> {
    let mut begun = SignOff::begin(&tenant.world.space, by, digest)?;
    while begun.advance() {}
    begun.record(&tenant.world.space, &tenant.world.context()).await
}

#[test]
fn z4_a_review_is_signed_off_by_an_owner_as_long_as_it_is_what_they_have_seen() {
    block_on(async {
        let case = Case { published: true, policies: Vec::new() };
        let tenant = Tenant::new(&case).await;
        furnish(&tenant, &case).await;
        let space = &tenant.world.space;
        let seen = review(&tenant, 3).1;
        sign_off(&tenant, &tenant.owner, seen).await.unwrap();
        let later = tenant.world.space.clock.now();
        change(&tenant, 3, move |member| member.last_login_at = Some(later)).await;
        sign_off(&tenant, &tenant.owner, seen).await.unwrap();
        assert_eq!(
            sign_off(&tenant, &tenant.owner, ReviewDigest::default()).await,
            Err(SignOffError::Changed)
        );
        // An admin reviews, and does not sign off.
        let admin = tenant.member(account_id(2), email(2)).unwrap();
        assert!(access_review(space, &admin, PageRequest::default()).is_ok());
        assert!(matches!(sign_off(&tenant, &admin, seen).await, Err(SignOffError::Authorization(_))));
        change(&tenant, 3, |member| member.role = Role::Viewer).await;
        assert_eq!(sign_off(&tenant, &tenant.owner, seen).await, Err(SignOffError::Changed));
        let now = review(&tenant, 100).1;
        sign_off(&tenant, &tenant.owner, now).await.unwrap();
        // Whoever may not any more does not, nor do they read one.
        change(&tenant, 1, |member| member.role = Role::Admin).await;
        let now = review(&tenant, 100).1;
        assert!(matches!(sign_off(&tenant, &tenant.owner, now).await, Err(SignOffError::Authorization(_))));
        change(&tenant, 1, |member| member.role = Role::User).await;
        assert!(access_review(space, &tenant.owner, PageRequest::default()).is_err());
    });
}

fn access_policy(pattern: &str) -> PolicyConfiguration {
    PolicyTypes::default().parse("access", &json!({ "mode": "allow", "patterns": [pattern] })).unwrap()
}

/// Changes the first policy, as its owners would.
async fn replace_policy(tenant: &Tenant, pattern: &str) {
    let configuration = access_policy(pattern);
    let replace = move |tx: &mut dyn Tx, scope: &WriteScope| {
        let before = tx.policy(scope, policy_id(1))?.unwrap();
        let after = Policy { configuration: configuration.clone(), revision: before.revision + 1, ..before };
        tx.update_policy(scope, &after)
    };
    store(tenant, replace).await;
}

#[test]
fn z4_a_review_is_another_one_where_other_addresses_of_a_hub_are_let_in() {
    block_on(async {
        let case = Case { published: true, policies: vec![access_policy("ada@partner.org")] };
        let tenant = Tenant::new(&case).await;
        let (before, digest) = review(&tenant, 100);
        // No member's access hangs on it, and that of a hub's users does.
        replace_policy(&tenant, "*@partner.org").await;
        let (after, other) = review(&tenant, 100);
        let of_users = |review: &[ReviewedSubject]| {
            let users = review.iter().find(|subject| matches!(subject.key, SubjectKey::HubUsers(_))).unwrap();
            let access = users.access.first().unwrap();
            assert_eq!(access.reason, Reason::AddressUnknown);
            access.policies.clone()
        };
        let told = |revision| vec![PolicyRevision { id: policy_id(1), revision }];
        assert_eq!((of_users(&before), of_users(&after)), (told(1), told(2)));
        assert_ne!(digest, other);
    });
}

#[test]
fn z4_a_review_tells_who_reads_content_and_is_another_one_where_keys_live_longer() {
    block_on(async {
        let case = Case { published: true, policies: Vec::new() };
        let tenant = Tenant::new(&case).await;
        furnish(&tenant, &case).await;
        let (all, digest) = review(&tenant, 100);
        let readers = all.iter().filter(|subject| subject.reads_content);
        let roles: Vec<_> = readers.map(|subject| subject.member.as_ref().unwrap().role).collect();
        // Who founded the tenant is the last; no key of these is for that.
        assert_eq!(roles, [Role::Owner, Role::Admin, Role::Owner]);
        assert!(
            all.iter().all(|subject| !subject.reads_content || matches!(subject.key, SubjectKey::Member(_)))
        );
        let shorten = |tx: &mut dyn Tx, scope: &WriteScope| {
            let before = tx.tenant(scope)?.unwrap();
            tx.update_tenant(scope, &domain::Tenant { max_key_days: 30, ..before })
        };
        store(&tenant, shorten).await;
        assert_ne!(review(&tenant, 100).1, digest);
    });
}

#[test]
fn z4_a_review_is_signed_off_as_of_when_that_was_asked_for_whatever_happens_meanwhile() {
    block_on(async {
        let case = Case { published: true, policies: Vec::new() };
        let tenant = Tenant::new(&case).await;
        furnish(&tenant, &case).await;
        let space = &tenant.world.space;
        let seen = review(&tenant, 100).1;
        let begin = || SignOff::begin(space, &tenant.owner, seen).unwrap();
        let made = || {
            let mut begun = begin();
            while begun.advance() {}
            begun
        };
        let half = begin().record(space, &tenant.world.context()).await;
        assert_eq!(half, Err(SignOffError::Changed), "nothing of it was made");
        // Somebody logs in, and somebody gets another role, while it is made.
        let under_way = made();
        change(&tenant, 3, |member| member.last_login_at = Some(Timestamp::from_unix_micros(1))).await;
        change(&tenant, 3, |member| member.role = Role::Viewer).await;
        under_way.record(space, &tenant.world.context()).await.unwrap();
        assert_eq!(sign_off(&tenant, &tenant.owner, seen).await, Err(SignOffError::Changed));
        // But whoever may not any more by then does not sign.
        change(&tenant, 3, |member| member.role = Role::User).await;
        let under_way = made();
        change(&tenant, 1, |member| member.role = Role::Admin).await;
        let refused = under_way.record(space, &tenant.world.context()).await;
        assert!(matches!(refused, Err(SignOffError::Authorization(_))), "{refused:?}");
    });
}
