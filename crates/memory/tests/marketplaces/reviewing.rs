//! The review of access says of everybody what an owner is told of each of them.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner, contextualize_config};
use serde_json::json;
use syft_space_conformance::sample::{
    self, account, account_id, api_key, api_key_id, email, endpoint, endpoint_id, event, invitation,
    invitation_id, oidc_provider, policy_id, token,
};
use syft_space_domain::access::{Permission, Role};
use syft_space_domain::audit::{Action, Log};
use syft_space_domain::endpoint::{Endpoint, EndpointName};
use syft_space_domain::identity::oidc::OidcProvider;
use syft_space_domain::identity::{Account, ApiKey, Email, Invitation, KeyTerms, Member, Principal};
use syft_space_domain::ids::EndpointId;
use syft_space_domain::marketplace::{HubRole, Issuer};
use syft_space_domain::page::{PageLimit, PageRequest};
use syft_space_domain::policy::{
    Decider, HypotheticalCaller, HypotheticalQuery, Policy, PolicyConfiguration, PolicyRevision, PolicyTypes,
    Reason, ReviewDigest, ReviewError, ReviewPage, ReviewPart, ReviewToken, ReviewedSubject, SubjectKey,
    explain,
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

/// The invitations 1 to 5: by whom each is, and as what. The third and the fourth are by who may not; the fifth has ended.
const INVITATIONS: [(u64, Role); 5] =
    [(1, Role::Admin), (2, Role::User), (3, Role::User), (DISABLED, Role::User), (1, Role::Owner)];
const EXPIRED: u64 = 5;

/// Three providers: one whose groups say the role, one that lets in a domain, and one that lets in nobody by itself.
pub(crate) fn providers() -> [OidcProvider; 3] {
    let last = OidcProvider { allowed_domains: Vec::new(), groups: None, ..oidc_provider(1, 3) };
    [oidc_provider(1, 1), oidc_provider(1, 2), last]
}

/// Stores something behind the use cases.
pub(crate) async fn store(
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
pub(crate) async fn furnish(tenant: &Tenant, case: &Case) {
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
        for (n, (by, role)) in (1..).zip(INVITATIONS) {
            let expires_at = if n == EXPIRED { now } else { now.plus(ApiKey::DEFAULT_LIFETIME) };
            tx.add_invitation(scope, &Invitation { role, expires_at, ..invitation(1, n, by) })?;
        }
        providers().iter().try_for_each(|provider| tx.add_oidc_provider(scope, provider))
    };
    store(tenant, add).await;
}

pub(crate) async fn page(
    tenant: &Tenant,
    by: &Principal,
    page: PageRequest<ReviewToken>,
) -> Result<ReviewPage, ReviewError> {
    let space = &tenant.world.space;
    ReviewPart::begin(space, &tenant.world.context(), by, page).await?.make(space)
}

/// All of the review, in pages of so many, and what signs it off.
pub(crate) async fn read_whole(
    tenant: &Tenant,
    limit: u64,
) -> (Vec<ReviewedSubject>, (ReviewDigest, ReviewToken)) {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let request = PageRequest { limit: PageLimit::parse(limit).unwrap(), after };
        let page = page(tenant, &tenant.owner, request).await.unwrap();
        all.extend(page.subjects.items);
        after = page.subjects.next;
        if let Some(whole) = page.whole {
            assert!(after.is_none());
            return (all, whole);
        }
    }
}

async fn review(tenant: &Tenant, limit: u64) -> (Vec<ReviewedSubject>, ReviewDigest) {
    let (all, (digest, _)) = read_whole(tenant, limit).await;
    (all, digest)
}

type Explained = (EndpointId, Reason, Option<Decider>);

/// What an owner is told that somebody can query, or could with the right address.
async fn explained(tenant: &Tenant, somebody: &HypotheticalCaller) -> Vec<Explained> {
    let mut explained = Vec::new();
    for n in [1, 2] {
        let name = EndpointName::Id(endpoint_id(n));
        let decision =
            explain(&tenant.world.space, &tenant.owner, &name, somebody, &HypotheticalQuery::default())
                .await
                .unwrap()
                .decision;
        let reason = decision.diagnostics.reason;
        if decision.is_allow() || reason == Reason::AddressUnknown {
            explained.push((endpoint_id(n), reason, decision.diagnostics.decided_by));
        }
    }
    explained
}

fn told(subject: &ReviewedSubject) -> Vec<Explained> {
    let access = subject.access.iter();
    access.map(|access| (access.endpoint, access.reason, access.decided_by.clone())).collect()
}

/// What whoever joins as this, at this address, can query. They stay a member.
async fn explained_once_joined(tenant: &mut Tenant, n: u64, address: &Email, role: Role) -> Vec<Explained> {
    let (address, email) = (address.clone(), address.clone());
    let join = move |tx: &mut dyn Tx, scope: &WriteScope| {
        let account = account(1, n, role);
        let member = Member { tenant: scope.tenant(), email: email.clone(), ..account.member };
        tx.add_account(scope, &Account { member, ..account })
    };
    store(tenant, join).await;
    tenant.owner = tenant.member(account_id(1), sample::email(1)).unwrap();
    explained(tenant, &HypotheticalCaller::Address(address)).await
}

/// What is told of somebody whose address is unknown holds of whatever address they come with.
fn holds_of(told: &[Explained], once_joined: &[Explained]) -> bool {
    let reason_of =
        |all: &[Explained], id| all.iter().find(|(of, ..)| *of == id).map(|(_, reason, _)| *reason);
    [1, 2].map(endpoint_id).into_iter().all(|id| match reason_of(told, id) {
        Some(Reason::AddressUnknown) => true,
        reason => reason == reason_of(once_joined, id),
    })
}

async fn expected(tenant: &Tenant, subject: &ReviewedSubject) -> Vec<Explained> {
    let hub_user = |role| HypotheticalCaller::HubUser {
        issuer: Issuer::parse(ISSUER).unwrap(),
        subject: "1".to_owned(),
        role,
        email: None,
    };
    match subject.key {
        SubjectKey::Member(_) => {
            let address = subject.member.as_ref().unwrap().email.clone();
            explained(tenant, &HypotheticalCaller::Address(address)).await
        }
        SubjectKey::ApiKey(id) => {
            let n = (1..).zip(KEYS).find(|(n, _)| api_key_id(*n) == id).unwrap().1;
            let (holder, permission, endpoints) = n;
            let mut held = explained(tenant, &HypotheticalCaller::Address(email(holder))).await;
            held.retain(|(id, ..)| {
                let reaches = endpoints.is_none_or(|ids| ids.iter().any(|of| endpoint_id(*of) == *id));
                permission == Permission::Query && reaches
            });
            held
        }
        SubjectKey::HubUsers(_) => explained(tenant, &hub_user(HubRole::User)).await,
        SubjectKey::HubGuests(_) => explained(tenant, &hub_user(HubRole::Guest)).await,
        SubjectKey::Provider(..) | SubjectKey::Invitation(_) => unreachable!("they are no callers yet"),
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
            let (review, digest) = review(&tenant, limit).await;
            prop_assert_eq!(digest, self::review(&tenant, 100).await.1);
            let (newcomers, callers): (Vec<_>, Vec<_>) =
                review.iter().partition(|subject| subject.entry.is_some());
            for subject in callers {
                prop_assert_eq!(told(subject), expected(&tenant, subject).await, "{:?}", subject);
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
            prop_assert_eq!((review.len(), hubs.len()), (6 + 5 + 2 + 4 + 2, 2));
            for (n, subject) in (100..).zip(newcomers) {
                let (told, entry) = (told(subject), subject.entry.as_ref().unwrap());
                match (subject.key, entry.role) {
                    (SubjectKey::Invitation(_), Some(role)) => {
                        let address = Email::parse(&subject.name).unwrap();
                        let joined = explained_once_joined(&mut tenant, n, &address, role).await;
                        prop_assert_eq!(told, joined, "{:?}", subject);
                    }
                    (_, Some(role)) => {
                        for (n, domain) in [(n, "example.org"), (n + 100, "elsewhere.org")] {
                            let address = Email::parse(&format!("person-{n}@{domain}")).unwrap();
                            let joined = explained_once_joined(&mut tenant, n, &address, role).await;
                            prop_assert!(holds_of(&told, &joined), "{:?} {:?}", subject, joined);
                        }
                    }
                    (_, None) => prop_assert!(told.is_empty(), "{:?}", subject),
                }
            }
            Ok::<(), TestCaseError>(())
        })
    });
    outcome.unwrap();
}

#[test]
fn z4_a_subject_is_named_as_it_is_read() {
    const ID: &str = "0192f0c1-2d3e-7f40-8a51-62738495a6b7";
    for kind in ["member", "api_key", "hub_users", "hub_guests", "oidc_provider", "invitation"] {
        let text = format!("{kind}:{ID}");
        assert_eq!(text.parse::<SubjectKey>().unwrap().to_string(), text);
        let with_role = format!("{text}:owner");
        let read = with_role.parse::<SubjectKey>().ok().map(|key| key.to_string());
        assert_eq!(read, (kind == "oidc_provider").then_some(with_role));
    }
    let [owner, boss] = ["owner", "oidc_provider"].map(|kind| format!("{kind}:{ID}"));
    for bad in ["", "member", "member:", &owner, "member:7", &format!("{boss}:boss"), &format!("{boss}:")] {
        assert!(bad.parse::<SubjectKey>().is_err(), "{bad}");
    }
}

/// Changes a member's row behind the use cases.
pub(crate) async fn change(tenant: &Tenant, n: u64, change: impl Fn(&mut Member) + Send + 'static) {
    let work = move |tx: &mut dyn Tx, scope: &WriteScope| {
        let mut member = tx.member(scope, account_id(n))?.unwrap();
        change(&mut member);
        tx.update_member(scope, &member)
    };
    store(tenant, work).await;
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
        let (before, digest) = review(&tenant, 100).await;
        // No member's access hangs on it, and that of a hub's users does.
        replace_policy(&tenant, "*@partner.org").await;
        let (after, other) = review(&tenant, 100).await;
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
        let (all, digest) = review(&tenant, 100).await;
        let readers = all.iter().filter(|subject| subject.reads_content);
        let roles: Vec<_> = readers.filter_map(|subject| Some(subject.member.as_ref()?.role)).collect();
        // Who founded the tenant is the last; no key of these is for that.
        assert_eq!(roles, [Role::Owner, Role::Admin, Role::Owner]);
        assert!(all.iter().all(|subject| !subject.reads_content || subject.api_key.is_none()));
        let joining =
            all.iter().filter_map(|subject| Some((subject.entry.as_ref()?.role, subject.reads_content)));
        let (owner, admin, user) = (Some(Role::Owner), Some(Role::Admin), Some(Role::User));
        let of_providers = [(owner, true), (user, false), (user, false), (None, false)];
        let invited = [(admin, true), (user, false)];
        assert_eq!(joining.collect::<Vec<_>>(), [&of_providers[..], &invited].concat());
        let shorten = |tx: &mut dyn Tx, scope: &WriteScope| {
            let before = tx.tenant(scope)?.unwrap();
            tx.update_tenant(scope, &domain::Tenant { max_key_days: 30, ..before })
        };
        store(&tenant, shorten).await;
        assert_ne!(review(&tenant, 100).await.1, digest);
    });
}

#[test]
fn z4_a_review_is_another_one_where_others_may_become_members() {
    block_on(async {
        let case = Case { published: true, policies: Vec::new() };
        let mut tenant = Tenant::new(&case).await;
        let mut seen = BTreeSet::from([review(&tenant, 100).await.1.to_string()]);
        let by_owner =
            || Invitation { expires_at: Timestamp::from_unix_micros(i64::MAX), ..invitation(1, 1, 1) };
        type Change = Box<dyn Fn(&mut dyn Tx, &WriteScope) -> Result<(), StoreError> + Send>;
        let changes: [Change; 6] = [
            Box::new(|tx, scope| tx.add_oidc_provider(scope, &providers()[2])),
            Box::new(|tx, scope| tx.add_oidc_provider(scope, &providers()[0])),
            Box::new(move |tx, scope| tx.add_invitation(scope, &by_owner())),
            Box::new(move |tx, scope| {
                tx.add_invitation(
                    scope,
                    &Invitation { id: invitation_id(2), token: token(1, 2), ..by_owner() },
                )
            }),
            Box::new(|tx, scope| tx.remove_invitation(scope, invitation_id(1)).map(drop)),
            Box::new(|tx, scope| tx.remove_oidc_provider(scope, providers()[2].id).map(drop)),
        ];
        for change in changes {
            store(&tenant, change).await;
            assert!(seen.insert(review(&tenant, 100).await.1.to_string()));
        }
        // An invitation stands as long as who made it may make it, and lets nobody in where they may not any more.
        change(&tenant, 2, |member| member.role = Role::Owner).await;
        let ends = |tx: &mut dyn Tx, scope: &WriteScope| {
            let mut inviter = tx.member(scope, account_id(1))?.unwrap();
            inviter.role = Role::User;
            tx.update_member(scope, &inviter)
        };
        let owner = tenant.member(account_id(2), email(2)).unwrap();
        store(&tenant, ends).await;
        tenant.owner = owner;
        let invited = |review: &[ReviewedSubject]| {
            review.iter().any(|subject| matches!(subject.key, SubjectKey::Invitation(_)))
        };
        assert!(!invited(&review(&tenant, 100).await.0));
    });
}
