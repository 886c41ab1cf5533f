//! Sample rows of every kind, by number: the higher the number, the later the id sorts.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::json;
use syft_space_domain::access::{Permission, Role};
use syft_space_domain::audit::ports::LogWriteScope;
use syft_space_domain::audit::{Action, Actor, Event, Log, Outcome, Person};
use syft_space_domain::dataset::{AnalyzerSettings, Dataset, DatasetState, Job, JobProgress, JobStatus};
use syft_space_domain::encoder::{EncoderModel, ModelId, ModelRevision};
use syft_space_domain::endpoint::{Endpoint, ResponseType, Slug};
use syft_space_domain::group::{Group as AddressGroup, GroupName};
use syft_space_domain::identity::oidc::{
    ClaimName, ClientId, EmailDomain, Group, GroupRoles, OidcIssuer, OidcProvider, ProviderName,
};
use syft_space_domain::identity::{
    Account, AccountStatus, ApiKey, Email, Invitation, KeyTerms, Member, PasswordHash, PasswordReset,
    RefreshHashes, SecondFactor, Session,
};
use syft_space_domain::ids::{
    AccountId, ApiKeyId, DatasetId, EndpointId, EventId, GroupId, HubId, InvitationId, JobId, ListingId,
    MarketplaceId, OidcProviderId, PolicyId, RequestId, SessionId, TenantId,
};
use syft_space_domain::marketplace::{
    Hub, HubUrl, HubUsername, Issuer, Listing, ListingState, Marketplace, MarketplaceName, SatelliteId,
    TrustedBy,
};
use syft_space_domain::policy::{Enforcement, Policy, PolicyConfiguration, PolicyTypes};
use syft_space_domain::sealing::Sealed;
use syft_space_domain::secret::TokenHash;
use syft_space_domain::tenant::{Tenant, TenantLimits, TenantName, TenantScope, WriteScope};
use syft_space_domain::text::Name;
use syft_space_domain::time::Timestamp;

fn bytes(n: u64) -> [u8; 16] {
    (u128::from(n) | 0x7000_8000_0000_0000_0000).to_be_bytes()
}

macro_rules! numbered_ids {
    ($($(#[$doc:meta])* $name:ident -> $Id:ident;)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $name(n: u64) -> $Id {
            $Id::from_bytes(bytes(n))
        }
    )*};
}

numbered_ids! {
    /// The tenant with this number.
    tenant_id -> TenantId;
    /// The account with this number.
    account_id -> AccountId;
    /// The API key with this number.
    api_key_id -> ApiKeyId;
    /// The session with this number.
    session_id -> SessionId;
    /// The invitation with this number.
    invitation_id -> InvitationId;
    /// The dataset with this number.
    dataset_id -> DatasetId;
    /// The job with this number.
    job_id -> JobId;
    /// The endpoint with this number.
    endpoint_id -> EndpointId;
    /// The policy with this number.
    policy_id -> PolicyId;
    /// The group with this number.
    group_id -> GroupId;
    /// The identity provider with this number.
    oidc_provider_id -> OidcProviderId;
    /// The hub with this number.
    hub_id -> HubId;
    /// The marketplace with this number.
    marketplace_id -> MarketplaceId;
    /// The listing with this number.
    listing_id -> ListingId;
    /// The satellite with this number.
    satellite_id -> SatelliteId;
    /// The request with this number.
    request_id -> RequestId;
}

/// The name of the group with this number.
#[must_use]
pub fn group_name(n: u64) -> GroupName {
    GroupName::parse(&format!("group-{n}")).expect("a valid name")
}

/// A group, which nobody is in.
#[must_use]
pub fn group(n: u64) -> AddressGroup {
    AddressGroup {
        id: group_id(n),
        name: group_name(n),
        description: format!("group {n}"),
        members: 0,
        revision: 1,
        created_at: time(5),
        updated_at: time(5),
    }
}

/// The address with this number: the higher the number, of at most three digits, the later it sorts.
#[must_use]
pub fn numbered_email(n: u64) -> Email {
    Email::parse(&format!("member-{n:03}@example.org")).expect("a valid address")
}

/// The issuer of the identity provider with this number.
#[must_use]
pub fn issuer_of(n: u64) -> OidcIssuer {
    OidcIssuer::parse(&format!("https://id-{n}.example.org")).expect("a valid issuer")
}

/// An identity provider of a tenant.
#[must_use]
pub fn oidc_provider(tenant: u64, n: u64) -> OidcProvider {
    let roles = vec![
        (Group::parse("staff").expect("a valid group"), Role::User),
        (Group::parse("bosses").expect("a valid group"), Role::Owner),
    ];
    OidcProvider {
        tenant: tenant_id(tenant),
        id: oidc_provider_id(n),
        name: ProviderName::parse(&format!("provider-{n}")).expect("a valid name"),
        issuer: issuer_of(n),
        client_id: ClientId::parse("space").expect("a valid id"),
        client_secret: (n % 2 == 1).then(|| Sealed::from_bytes(vec![1, 2, 3])),
        allowed_domains: vec![EmailDomain::parse("example.org").expect("a valid domain")],
        groups: (n % 2 == 1)
            .then(|| GroupRoles { claim: ClaimName::parse("groups").expect("a valid claim"), roles }),
        created_at: time(3),
    }
}

/// The scope of the tenant with this number.
#[must_use]
pub fn scope(n: u64) -> TenantScope {
    TenantScope::assume(tenant_id(n), "a conformance suite plays every tenant")
}

/// The right to write in the tenant with this number. It is made inside each unit.
#[must_use]
pub fn write_scope(n: u64) -> WriteScope {
    WriteScope::assume(&scope(n), "a conformance suite plays every tenant")
}

/// The right to write what belongs to a tenant's log.
#[must_use]
pub fn log_write_scope(n: u64) -> LogWriteScope {
    LogWriteScope::assume(Log::from(&scope(n)), "a conformance suite plays every tenant")
}

/// A time, this many seconds into a day of 2025.
#[must_use]
pub fn time(seconds: u32) -> Timestamp {
    Timestamp::from_unix_micros(1_764_000_000_000_000 + i64::from(seconds) * 1_000_000)
}

/// A tenant.
#[must_use]
pub fn tenant(n: u64) -> Tenant {
    Tenant {
        id: tenant_id(n),
        name: TenantName::parse(&format!("tenant-{n}")).expect("a valid name"),
        max_key_days: Tenant::DEFAULT_MAX_KEY_DAYS,
        limits: TenantLimits::default(),
        end: None,
        second_factor_roles: BTreeSet::new(),
        version: 0,
        revision: 1,
        created_at: time(1),
    }
}

/// An account of a tenant.
#[must_use]
pub fn account(tenant: u64, n: u64, role: Role) -> Account {
    Account {
        member: member(tenant, n, role),
        password: Some(PasswordHash::from_phc(format!("$sample${tenant}${n}"))),
    }
}

/// An API key of an account.
#[must_use]
pub fn api_key(tenant: u64, n: u64, account: u64) -> ApiKey {
    ApiKey {
        id: api_key_id(n),
        tenant: tenant_id(tenant),
        account: account_id(account),
        name: Name::parse(&format!("key {n}")).expect("a name"),
        terms: KeyTerms::new(vec![Permission::ReadMetadata], None, None).expect("terms"),
        secret: token(tenant, 1_000 + n),
        previous: Vec::new(),
        created_at: time(2),
        rotated_at: time(2),
        expires_at: time(1_000),
        last_used_at: None,
        created_by: None,
        rotated_by: None,
    }
}

/// An account's address.
#[must_use]
pub fn email(n: u64) -> Email {
    Email::parse(&format!("person-{n}@example.org")).expect("a valid address")
}

/// What a tenant knows of an account.
#[must_use]
pub fn member(tenant: u64, account: u64, role: Role) -> Member {
    Member {
        tenant: tenant_id(tenant),
        account: account_id(account),
        email: email(account),
        role,
        status: AccountStatus::Active,
        generation: 3,
        second_factor_since: None,
        has_password: true,
        short_password: false,
        last_login_at: None,
        revision: 1,
        created_at: time(3),
    }
}

/// A second factor, with a secret derived from its number.
#[must_use]
pub fn second_factor(n: u64) -> SecondFactor {
    let secret = Sealed::from_bytes([&[0, 255], n.to_be_bytes().as_slice()].concat());
    SecondFactor { secret, confirmed_at: Some(time(13)), last_step: 58_800_000 }
}

/// An invitation by an account, with a token derived from its number.
#[must_use]
pub fn invitation(tenant: u64, n: u64, by: u64) -> Invitation {
    Invitation {
        id: invitation_id(n),
        tenant: tenant_id(tenant),
        email: email(1_000 + n),
        role: Role::User,
        token: token(tenant, n),
        invited_by: account_id(by),
        created_at: time(4),
        expires_at: time(400),
    }
}

/// The reset of an account's password, made by another, with a token derived from its number.
#[must_use]
pub fn password_reset(tenant: u64, account: u64, by: Option<u64>) -> PasswordReset {
    PasswordReset {
        tenant: tenant_id(tenant),
        account: account_id(account),
        generation: 3,
        token: token(tenant, 100 + account),
        made_by: by.map(account_id),
        created_at: time(4),
        expires_at: time(400),
    }
}

/// The token of an invitation, or of a reset.
#[must_use]
pub fn token(tenant: u64, n: u64) -> TokenHash {
    TokenHash::of(&format!("token {n} of {tenant}"))
}

/// A dataset.
#[must_use]
pub fn dataset(n: u64) -> Dataset {
    Dataset {
        id: dataset_id(n),
        name: format!("dataset {n}"),
        summary: "what the suites write".to_owned(),
        tags: "sample suite".to_owned(),
        analyzer: AnalyzerSettings::default(),
        retrieval: Default::default(),
        vectors: Default::default(),
        state: DatasetState::Active,
        revision: 1,
        created_at: time(5),
        updated_at: time(5),
    }
}

/// A job of a dataset.
#[must_use]
pub fn job(n: u64, dataset: u64) -> Job {
    Job {
        id: job_id(n),
        dataset: dataset_id(dataset),
        status: JobStatus::Queued,
        documents_total: 3,
        bytes_total: 0,
        progress: JobProgress::default(),
        created_at: time(6),
        finished_at: None,
    }
}

/// A slug.
#[must_use]
pub fn slug(n: u64) -> Slug {
    Slug::parse(&format!("endpoint-{n}")).expect("a valid slug")
}

/// An endpoint over a dataset.
#[must_use]
pub fn endpoint(n: u64, dataset: u64) -> Endpoint {
    Endpoint {
        id: endpoint_id(n),
        name: format!("Endpoint {n}"),
        slug: slug(n),
        summary: "what the suites publish".to_owned(),
        description: "One line,\nand another.".to_owned(),
        tags: "sample".to_owned(),
        dataset: dataset_id(dataset),
        response_type: ResponseType::Raw,
        published: true,
        revision: 1,
        created_at: time(7),
        updated_at: time(7),
    }
}

/// A session of an account, whose refresh tokens have not been used.
#[must_use]
pub fn session(tenant: u64, n: u64, account: u64) -> Session {
    let hash =
        |part| TokenHash([tenant, n, part, 0].map(u64::to_be_bytes).concat().try_into().expect("32 bytes"));
    Session {
        tenant: tenant_id(tenant),
        id: session_id(n),
        account: account_id(account),
        created_at: time(20),
        last_used_at: time(21),
        expires_at: time(90),
        idle_until: time(40),
        address: Some("2001:db8::7".parse().expect("an address")),
        user_agent: Some(format!("client/{n}")),
        refresh: RefreshHashes { family: hash(1), current: hash(2), rotated: None },
    }
}

/// The configuration of an access policy with a pattern for this domain.
#[must_use]
pub fn access(mode: &str, domain: &str) -> PolicyConfiguration {
    let json = json!({"mode": mode, "patterns": [format!("*@{domain}")], "guests": false});
    PolicyTypes::default().parse("access", &json).expect("a valid configuration")
}

/// A policy.
#[must_use]
pub fn policy(n: u64) -> Policy {
    Policy {
        id: policy_id(n),
        name: format!("policy {n}"),
        configuration: access("allow", "example.org"),
        enforcement: Enforcement::Enforce,
        revision: 1,
        created_at: time(8),
        updated_at: time(8),
    }
}

/// A hub.
#[must_use]
pub fn hub(n: u64) -> Hub {
    Hub {
        id: hub_id(n),
        issuer: Issuer::parse(&format!("https://hub-{n}.example.org")).expect("a valid issuer"),
        url: HubUrl::parse(&format!("https://hub-{n}.example.org:8443")).expect("a valid URL"),
        trusted_by: TrustedBy::Operator,
        created_at: time(10),
    }
}

/// A name on a hub.
#[must_use]
pub fn username(n: u64) -> HubUsername {
    HubUsername::parse(&format!("owner-{n}")).expect("a valid name")
}

/// A marketplace on a hub, without a satellite.
#[must_use]
pub fn marketplace(n: u64, hub: u64, username_of: u64) -> Marketplace {
    Marketplace {
        id: marketplace_id(n),
        name: MarketplaceName::parse(&format!("market-{n}")).expect("a valid name"),
        hub: hub_id(hub),
        username: username(username_of),
        satellite: None,
        credential: Sealed::from_bytes(vec![0, 255, 7]),
        told_url: None,
        revision: 1,
        created_at: time(11),
        updated_at: time(11),
    }
}

/// A listing of an endpoint on a marketplace.
#[must_use]
pub fn listing(n: u64, endpoint: u64, marketplace: u64) -> Listing {
    Listing {
        id: listing_id(n),
        endpoint: endpoint_id(endpoint),
        slug: slug(endpoint),
        marketplace: marketplace_id(marketplace),
        state: ListingState::Pending,
        last_error: None,
        told_at: None,
        due_at: time(12),
        failures: 0,
        revision: 1,
        created_at: time(12),
    }
}

static NEXT_EVENT: AtomicU64 = AtomicU64::new(1);

/// An event with a new id.
#[must_use]
pub fn event(log: impl Into<Log>, action: Action) -> Event {
    let n = NEXT_EVENT.fetch_add(1, Ordering::Relaxed);
    Event {
        id: EventId::from_bytes(bytes(n)),
        salt: bytes(n.rotate_left(32)),
        log: log.into(),
        time: time(9),
        action,
        outcome: Outcome::Success,
        actor: Actor::System,
        object: None,
        reason_code: None,
        request: None,
        count: 1,
        policy: None,
        person: Person::default(),
    }
}

/// A model with vectors of 64 components, which reads 32 tokens.
#[must_use]
pub fn encoder_model() -> EncoderModel {
    let id = ModelId::parse("sample").expect("a valid name");
    EncoderModel::new(id, ModelRevision::from_bytes([7; 32]), 64, 32).expect("numbers that a model has")
}
