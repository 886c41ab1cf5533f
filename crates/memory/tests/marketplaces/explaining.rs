//! What an owner is told of somebody's query is what happens when they make it.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::subsequence;
use proptest::test_runner::{Config, TestCaseError, TestRunner, contextualize_config};
use serde_json::json;
use syft_space_conformance::sample::{
    account, account_id, email, endpoint, endpoint_id, event, policy, session,
};
use syft_space_domain::access::Role;
use syft_space_domain::audit::{Action, Log};
use syft_space_domain::dataset::{AnalyzerSettings, NewDataset, create_dataset};
use syft_space_domain::endpoint::{Conversation, Endpoint, EndpointName, Query, QueryCall, QueryError};
use syft_space_domain::identity::{
    AccessClaims, Account, AccountStatus, Email, Member, Principal, authenticate,
};
use syft_space_domain::ids::{AccountId, HubId, SessionId, TokenId};
use syft_space_domain::marketplace::ports::HubIdentity;
use syft_space_domain::marketplace::{Audience, HubRole, Issuer, SatelliteClaims, admit};
use syft_space_domain::policy::{
    HypotheticalCaller, HypotheticalQuery, Policy, PolicyConfiguration, PolicyTypes, explain,
};
use syft_space_domain::store::{StoreError, Tx};
use syft_space_domain::tenant::{TenantScope, WriteScope};
use syft_space_domain::text::Line;
use syft_space_domain::unit::Recorded;

use crate::world::{ISSUER, PUBLIC, World, block_on};

/// The members 1 to 5, by their roles; the fifth is disabled. The sixth is nobody.
const ROLES: [Role; 5] = [Role::Owner, Role::Admin, Role::User, Role::Viewer, Role::User];
pub(crate) const DISABLED: u64 = 5;
const ACCOUNTS: u64 = 6;

const PATTERNS: [&str; 7] =
    ["*", "*@*", "*@example.org", "person-1@example.org", "person-3@*.org", "*-6@*", "*n-*2@example.org"];

/// Somebody who calls.
#[derive(Debug, Clone)]
enum Somebody {
    Account(u64),
    HubUser { known: bool, role: HubRole, email: Option<u64> },
}

#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) published: bool,
    pub(crate) policies: Vec<PolicyConfiguration>,
}

pub(crate) fn cases() -> impl Strategy<Value = Case> {
    let access =
        (any::<bool>(), subsequence(&PATTERNS, 0..4), any::<bool>()).prop_map(|(allow, patterns, guests)| {
            let mode = if allow { "allow" } else { "deny" };
            let json = json!({ "mode": mode, "patterns": patterns, "guests": guests });
            PolicyTypes::default().parse("access", &json).unwrap()
        });
    let unknown = Just(PolicyConfiguration::from_storage("unheard_of", "{}", 0));
    let policies = vec(prop_oneof![12 => access, 1 => unknown], 0..4);
    (prop::bool::weighted(0.7), policies).prop_map(|(published, policies)| Case { published, policies })
}

fn everybody() -> Vec<Somebody> {
    let hub_users = [true, false].into_iter().flat_map(|known| {
        let roles = [HubRole::User, HubRole::Admin, HubRole::Guest];
        let of = move |role| {
            [None, Some(1), Some(3), Some(6)].map(move |email| Somebody::HubUser { known, role, email })
        };
        roles.into_iter().flat_map(of)
    });
    (1..=ACCOUNTS).map(Somebody::Account).chain(hub_users).collect()
}

/// A tenant with its members, an endpoint and its policies.
pub(crate) struct Tenant {
    pub(crate) world: World,
    pub(crate) owner: Principal,
    pub(crate) scope: TenantScope,
    hub: HubId,
}

impl Tenant {
    pub(crate) async fn new(case: &Case) -> Self {
        let world = World::new();
        let owner = world.owner("acme").await;
        let marketplace = world.account("spaceowner", "market");
        let registered = world.register(&owner, PUBLIC, &marketplace).await.unwrap();
        let dataset = NewDataset {
            name: "mountains".parse().unwrap(),
            summary: Line::default(),
            tags: Line::default(),
            analyzer: AnalyzerSettings::default(),
            retrieval: Default::default(),
            vectors: Default::default(),
        };
        let dataset = create_dataset(&world.space, &world.context(), &owner, dataset).await.unwrap();
        let scope = TenantScope::assume(owner.snapshot().tenant.id, "a test looks behind the use cases");
        let (published, policies) = (case.published, case.policies.clone());
        let event = event(Log::Installation, Action::ConfigChange);
        let work = move |tx: &mut dyn Tx| {
            let scope = WriteScope::assume(&scope, "a test looks behind the use cases");
            for (n, role) in (1..).zip(ROLES) {
                let status = if n == DISABLED { AccountStatus::Disabled } else { AccountStatus::Active };
                let account = account(1, n, role);
                let member = Member { tenant: scope.tenant(), status, ..account.member };
                tx.add_account(&scope, &Account { member, ..account })?;
                tx.add_session(&scope, &session(1, n, n))?;
            }
            let one = endpoint(1, 1);
            tx.add_endpoint(&scope, &Endpoint { dataset: dataset.id, published, ..one })?;
            let mut ids = Vec::new();
            for (n, configuration) in (1..).zip(&policies) {
                let one = Policy { configuration: configuration.clone(), ..policy(n) };
                ids.push(one.id);
                tx.add_policy(&scope, &one)?;
            }
            tx.attach_policies(&scope, endpoint_id(1), &ids)?;
            Ok(Recorded::new((), event.clone()))
        };
        let stored: Result<(), StoreError> = world.space.store.write(work).await;
        stored.unwrap();
        let hub = registered.marketplace.hub;
        let mut tenant = Self { world, owner, scope, hub };
        tenant.owner = tenant.member(account_id(1), email(1)).unwrap();
        tenant
    }

    pub(crate) fn member(&self, account: AccountId, email: Email) -> Option<Principal> {
        let now = self.world.space.clock.now();
        let claims = AccessClaims {
            account,
            email,
            tenant: self.scope.tenant(),
            tenant_name: self.owner.snapshot().tenant.name.clone(),
            role: Role::Owner,
            // Each account has the one session of its number.
            session: SessionId::from_bytes(*account.as_bytes()),
            id: TokenId::generate(now, &*self.world.space.entropy).unwrap(),
            issued_at: now,
            expires_at: now.plus(Duration::from_secs(900)),
        };
        authenticate(&*self.world.cache, &claims, self.world.space.signing_keys.epoch().mark()).ok()
    }

    fn hub_user(&self, known: bool, role: HubRole, address: Option<u64>) -> Option<Principal> {
        let now = self.world.space.clock.now();
        let hub = if known { self.hub } else { HubId::from_bytes([9; 16]) };
        let username = "visitor".parse().unwrap();
        self.world.hub.add_identity(hub, "7", HubIdentity { username, email: address.map(email), role });
        let claims = SatelliteClaims {
            hub,
            subject: if role == HubRole::Guest { "guest" } else { "7" }.to_owned(),
            audience: Audience::from(&"spaceowner".parse().unwrap()),
            role,
            issued_at: now,
            not_before: now,
            expires_at: now.plus(Duration::from_secs(900)),
        };
        admit(&*self.world.cache, claims, "token").ok()
    }

    /// Whether somebody is answered.
    async fn is_answered(&self, somebody: &Somebody) -> bool {
        let principal = match *somebody {
            Somebody::Account(n) => self.member(account_id(n), email(n)),
            Somebody::HubUser { known, role, email } => self.hub_user(known, role, email),
        };
        let Some(principal) = principal else { return false };
        let (space, context) = (&self.world.space, self.world.context());
        let query =
            Query::new(Conversation::of_question("How high is it?".to_owned()).unwrap(), 5, 0.0).unwrap();
        let slug = endpoint(1, 1).slug;
        let answer = match QueryCall::open(space, &context, principal, slug.as_str(), None).await {
            Ok(call) => call.run(query).await,
            Err(error) => Err(error),
        };
        match answer {
            Ok(_) => true,
            Err(
                QueryError::Authorization(_)
                | QueryError::NotFound
                | QueryError::Refused(_)
                | QueryError::PolicyUnavailable,
            ) => false,
            Err(error) => panic!("{error}"),
        }
    }

    /// Whether the owner is told that they would be answered, and why.
    async fn explanation(&self, somebody: &Somebody) -> (bool, &'static str) {
        let hypothetical = match *somebody {
            Somebody::Account(n) => HypotheticalCaller::Address(email(n)),
            Somebody::HubUser { known, role, email: address } => HypotheticalCaller::HubUser {
                issuer: Issuer::parse(if known { ISSUER } else { "https://another.example" }).unwrap(),
                subject: "1".to_owned(),
                role,
                email: address.map(email),
            },
        };
        let name = EndpointName::Id(endpoint_id(1));
        let decision =
            explain(&self.world.space, &self.owner, &name, &hypothetical, &HypotheticalQuery::default())
                .await
                .unwrap()
                .decision;
        (decision.is_allow(), decision.diagnostics.reason.as_str())
    }

    /// Whether the owner who asks of an address is told that a user of each marketplace who has it there would be answered.
    async fn explanation_of_marketplaces(&self, n: u64) -> Vec<bool> {
        let (name, somebody) = (EndpointName::Id(endpoint_id(1)), HypotheticalCaller::Address(email(n)));
        let query = HypotheticalQuery::default();
        let explained = explain(&self.world.space, &self.owner, &name, &somebody, &query).await.unwrap();
        explained.of_marketplaces.iter().map(|user| user.decision.is_allow()).collect()
    }
}

#[test]
fn z4_explaining_and_enforcing_never_disagree() {
    let config = contextualize_config(Config { cases: 200, failure_persistence: None, ..Config::default() });
    let outcome = TestRunner::new(config).run(&cases(), |case| {
        block_on(async {
            let tenant = Tenant::new(&case).await;
            for somebody in everybody() {
                let answered = tenant.is_answered(&somebody).await;
                let (allowed, reason) = tenant.explanation(&somebody).await;
                prop_assert_eq!(answered, allowed, "{:?} is told {}", somebody, reason);
            }
            for n in 1..=ACCOUNTS {
                let user = Somebody::HubUser { known: true, role: HubRole::User, email: Some(n) };
                let answered = tenant.is_answered(&user).await;
                prop_assert_eq!(tenant.explanation_of_marketplaces(n).await, [answered], "{:?}", user);
            }
            Ok::<(), TestCaseError>(())
        })
    });
    outcome.unwrap();
}
