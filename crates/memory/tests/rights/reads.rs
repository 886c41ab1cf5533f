//! A read waits in a queue. Who loses the right meanwhile gets nothing of what it found, and no success is recorded.

use std::fmt::Display;

use futures_executor::block_on;
use serde_json::json;
use syft_space_domain::access::{Permission, Role, may};
use syft_space_domain::approval;
use syft_space_domain::audit::{self, Action, Outcome};
use syft_space_domain::dataset::{self, DocumentId, Job, Metadata, NewDocument, SearchQuery, Upload};
use syft_space_domain::endpoint::{self, EndpointName};
use syft_space_domain::expectation;
use syft_space_domain::group::{self, GroupName, NewGroup};
use syft_space_domain::identity::{self, Principal};
use syft_space_domain::ids::{AccountId, ApprovalId, DatasetId, EndpointId, JobId, MarketplaceId, PolicyId};
use syft_space_domain::inquiry::{self, ImpactOf, NamedFilter, Tail};
use syft_space_domain::marketplace::{
    self, ChangeMarketplace, HubCredential, NewMarketplace, RegistrationSettings,
};
use syft_space_domain::page::PageRequest;
use syft_space_domain::policy::{
    self, ChangePolicy, Enforcement, HypotheticalChange, LintTarget, ReplayedChange,
};
use syft_space_domain::privacy::{self, Export};
use syft_space_domain::retention;
use syft_space_domain::sink;

use crate::world::{Loss, World, account, context, secret};

/// What there is to read.
struct Things {
    dataset: DatasetId,
    document: DocumentId,
    job: JobId,
    endpoint: EndpointName,
    endpoint_id: EndpointId,
    policy: PolicyId,
    group: GroupName,
    /// It is not there: whoever may not read learns not even that.
    marketplace: MarketplaceId,
}

impl Things {
    fn make(world: &World) -> Self {
        let endpoint = world.endpoint();
        let EndpointName::Id(endpoint_id) = endpoint.clone() else { panic!("it is an id") };
        let (space, owner) = (&world.space, &world.owner);
        let dataset = block_on(endpoint::endpoint(space, owner, &endpoint)).unwrap().dataset;
        let document = DocumentId::parse("note").unwrap();
        let new =
            NewDocument { id: document.clone(), content: "Text.".to_owned(), metadata: Metadata::new() };
        let Job { id: job, .. } =
            dataset::start_ingestion(space, &context(space), owner, dataset, vec![new]).unwrap();
        let configuration = json!({ "mode": "allow", "patterns": ["*"] });
        let configuration = space.policy_types.parse("access", &configuration).unwrap();
        let wanted = policy::NewPolicy {
            name: "all".parse().unwrap(),
            configuration,
            enforcement: Enforcement::Enforce,
        };
        let policy = block_on(policy::create_policy(space, &context(space), owner, wanted)).unwrap().id;
        let group: GroupName = "partners".parse().unwrap();
        let wanted = NewGroup { name: group.clone(), description: "".parse().unwrap() };
        block_on(group::create_group(space, &context(space), owner, wanted)).unwrap();
        let marketplace = MarketplaceId::generate(space.clock.now(), &*space.entropy).unwrap();
        Self { dataset, document, job, endpoint, endpoint_id, policy, group, marketplace }
    }
}

/// A use case that reads, what is asked of its caller, and a call of it.
type Reads = (&'static str, Permission, fn(&World, &Principal, &Things) -> Result<(), String>);

fn told<T, E: Display>(answer: Result<T, E>) -> Result<(), String> {
    answer.map(drop).map_err(|error| error.to_string())
}

const SETTINGS: RegistrationSettings<'static> =
    RegistrationSettings { registration_open: false, public_url: None };

fn credential() -> HubCredential {
    HubCredential::Pat(secret())
}

/// Use cases that only read.
const READS: &[Reads] = &[
    ("events", Permission::ReadAudit, |world, who, _| {
        let page = PageRequest::default();
        told(block_on(inquiry::named_events(&world.space, who, NamedFilter::default(), page)))
    }),
    ("retention", Permission::ManageTenant, |world, who, _| {
        told(block_on(retention::retention(&world.space, who)))
    }),
    ("due", Permission::ManageTenant, |world, who, _| told(block_on(retention::due(&world.space, who)))),
    ("checkpoint", Permission::ReadAudit, |world, who, _| {
        told(block_on(audit::checkpoint(&world.space, who)))
    }),
    ("prove_inclusion", Permission::ReadAudit, |world, who, _| {
        told(block_on(audit::prove_inclusion(&world.space, who, None, None)))
    }),
    ("prove_consistency", Permission::ReadAudit, |world, who, _| {
        told(block_on(audit::prove_consistency(&world.space, who, None, None)))
    }),
    ("members", Permission::ReadMembers, |world, who, _| {
        told(block_on(identity::members(&world.space, who, PageRequest::default())))
    }),
    ("member", Permission::ReadMembers, |world, who, _| {
        told(block_on(identity::member(&world.space, who, account(who))))
    }),
    ("invitations", Permission::ManageMembers, |world, who, _| {
        told(block_on(identity::invitations(&world.space, who, PageRequest::default())))
    }),
    ("endpoint", Permission::ReadMetadata, |world, who, things| {
        told(block_on(endpoint::endpoint(&world.space, who, &things.endpoint)))
    }),
    ("endpoints", Permission::ReadMetadata, |world, who, _| {
        told(block_on(endpoint::endpoints(&world.space, who, PageRequest::default())))
    }),
    ("policy", Permission::ReadMetadata, |world, who, things| {
        told(block_on(policy::policy(&world.space, who, things.policy)))
    }),
    ("revisions", Permission::ReadMetadata, |world, who, things| {
        told(block_on(policy::revisions(&world.space, who, things.policy, PageRequest::default())))
    }),
    ("revision", Permission::ReadMetadata, |world, who, things| {
        told(block_on(policy::revision(&world.space, who, things.policy, 1)))
    }),
    ("policies", Permission::ReadMetadata, |world, who, _| {
        told(block_on(policy::policies(&world.space, who, PageRequest::default())))
    }),
    ("approvals", Permission::WritePolicies, |world, who, _| {
        let filter = approval::ApprovalFilter::default();
        told(block_on(approval::approvals(&world.space, who, filter, PageRequest::default())))
    }),
    ("approval", Permission::WritePolicies, |world, who, _| {
        // It is not there: whoever may not read learns not even that.
        let id = ApprovalId::from_bytes([7; 16]);
        told(block_on(approval::approval(&world.space, &context(&world.space), who, id)))
    }),
    ("own_approvals", Permission::ListQueryable, |world, who, _| {
        told(block_on(approval::own_approvals(&world.space, who, PageRequest::default())))
    }),
    ("own_access", Permission::ListQueryable, |world, who, _| {
        let query = endpoint::ForecastQuery::default();
        told(block_on(endpoint::own_access(&world.space, who, &query, PageRequest::default())))
    }),
    ("erasures", Permission::ManageTenant, |world, who, _| {
        told(block_on(privacy::erasures(&world.space, who, PageRequest::default())))
    }),
    ("certificate", Permission::ManageTenant, |world, who, _| {
        // It is not there: whoever may not read learns not even that.
        told(block_on(privacy::certificate(&world.space, who, AccountId::from_bytes([7; 16]))))
    }),
    ("export", Permission::ManageTenant, |world, who, _| {
        let (space, of) = (&world.space, account(&world.owner));
        told(block_on(Export::of_member(space, &context(space), who, of)))
    }),
    ("attached", Permission::ReadMetadata, |world, who, things| {
        told(block_on(policy::attached(&world.space, who, things.endpoint_id)))
    }),
    ("expectations", Permission::WritePolicies, |world, who, things| {
        told(block_on(expectation::expectations(&world.space, who, &things.endpoint)))
    }),
    ("group", Permission::ReadMetadata, |world, who, things| {
        told(block_on(group::group(&world.space, who, things.group.clone())))
    }),
    ("groups", Permission::ReadMetadata, |world, who, _| {
        told(block_on(group::groups(&world.space, who, PageRequest::default())))
    }),
    ("group_members", Permission::ReadMetadata, |world, who, things| {
        told(block_on(group::members(&world.space, who, things.group.clone(), PageRequest::default())))
    }),
    ("listings", Permission::ReadMetadata, |world, who, things| {
        told(block_on(marketplace::listings(&world.space, who, &things.endpoint)))
    }),
    ("marketplace", Permission::ReadMarketplaces, |world, who, things| {
        told(block_on(marketplace::marketplace(&world.space, who, things.marketplace)))
    }),
    ("marketplaces", Permission::ReadMarketplaces, |world, who, _| {
        told(block_on(marketplace::marketplaces(&world.space, who, PageRequest::default())))
    }),
    ("lint_policies", Permission::WritePolicies, |world, who, things| {
        let target = LintTarget::Endpoint(things.endpoint.clone());
        told(block_on(policy::lint_policies(&world.space, who, target)))
    }),
    ("simulate", Permission::WritePolicies, |world, who, things| {
        let configuration = json!({ "mode": "deny", "patterns": ["*"] });
        let configuration = world.space.policy_types.parse("access", &configuration).unwrap();
        let change = HypotheticalChange { policy: things.policy, configuration, people: Vec::new() };
        told(block_on(policy::simulate(&world.space, who, change)))
    }),
    ("replay", Permission::WritePolicies, |world, who, things| {
        let configuration = json!({ "mode": "deny", "patterns": ["*"] });
        let configuration = world.space.policy_types.parse("access", &configuration).unwrap();
        let change = ReplayedChange { policy: things.policy, configuration, since: None, until: None };
        told(block_on(policy::replay(&world.space, who, change)))
    }),
    ("dataset", Permission::ReadMetadata, |world, who, things| {
        told(block_on(dataset::dataset(&world.space, who, things.dataset)))
    }),
    ("datasets", Permission::ReadMetadata, |world, who, _| {
        told(block_on(dataset::datasets(&world.space, who, PageRequest::default())))
    }),
    ("usage", Permission::ReadMetadata, |world, who, things| {
        told(dataset::usage(&world.space, who, things.dataset))
    }),
    ("job", Permission::WriteDatasets, |world, who, things| {
        told(block_on(dataset::job(&world.space, who, things.dataset, things.job)))
    }),
    ("jobs", Permission::WriteDatasets, |world, who, things| {
        told(block_on(dataset::jobs(&world.space, who, things.dataset, PageRequest::default())))
    }),
    ("sinks_of_tenant", Permission::ReadAudit, |world, who, _| {
        told(block_on(sink::sinks_of_tenant(&world.space, who, Vec::new())))
    }),
    ("documents", Permission::WriteDatasets, |world, who, things| {
        told(dataset::documents(&world.space, who, things.dataset, PageRequest::default()))
    }),
];

/// Use cases that read ahead of something that is recorded: so is a refusal behind the read.
const READS_AHEAD: &[Reads] = &[
    ("document", Permission::ReadContent, |world, who, things| {
        let (space, document) = (&world.space, &things.document);
        told(dataset::document(space, &context(space), who, things.dataset, document))
    }),
    ("export", Permission::ReadAudit, |world, who, _| {
        told(block_on(audit::export(&world.space, &context(&world.space), who, 0)))
    }),
    ("impact", Permission::ReadAudit, |world, who, _| {
        let context = context(&world.space);
        told(block_on(inquiry::impact(&world.space, &context, who, ImpactOf::Tenant, (None, None), None)))
    }),
    ("tail", Permission::ReadAudit, |world, who, _| {
        let (space, context) = (&world.space, context(&world.space));
        told(block_on(Tail::begin(space, &context, who.clone(), NamedFilter::default(), None)))
    }),
    ("search_dataset", Permission::ReadContent, |world, who, things| {
        let (space, query) = (&world.space, SearchQuery::new("text", 5, 0.5).unwrap());
        told(block_on(dataset::search_dataset(space, &context(space), who, things.dataset, &query)))
    }),
    ("remove_document", Permission::WriteDatasets, |world, who, things| {
        let (space, document) = (&world.space, &things.document);
        told(dataset::remove_document(space, &context(space), who, things.dataset, document))
    }),
    ("cancel_job", Permission::WriteDatasets, |world, who, things| {
        let space = &world.space;
        told(dataset::cancel_job(space, &context(space), who, things.dataset, things.job))
    }),
    ("upload", Permission::WriteDatasets, |world, who, things| {
        told(Upload::begin(&world.space, &context(&world.space), who, things.dataset))
    }),
    ("change_policy", Permission::WritePolicies, |world, who, things| {
        let space = &world.space;
        let configuration = json!({ "mode": "deny", "patterns": ["*"] });
        let configuration = Some(space.policy_types.parse("access", &configuration).unwrap());
        let change = ChangePolicy { configuration, ..ChangePolicy::default() };
        told(block_on(policy::change_policy(space, &context(space), who, things.policy, change)))
    }),
    ("rollback_policy", Permission::WritePolicies, |world, who, things| {
        let space = &world.space;
        told(block_on(policy::rollback_policy(space, &context(space), who, things.policy, 1, None)))
    }),
    ("attach", Permission::WritePolicies, |world, who, things| {
        let (space, ids) = (&world.space, vec![things.policy]);
        told(block_on(policy::attach(space, &context(space), who, things.endpoint.clone(), ids, None)))
    }),
    ("register_marketplace", Permission::ManageMarketplaces, |world, who, _| {
        let space = &world.space;
        let wanted = NewMarketplace {
            name: "hub".parse().unwrap(),
            url: "https://hub.example".parse().unwrap(),
            issuer: None,
            username: None,
            credential: credential(),
            take_over: false,
        };
        let context = context(space);
        told(block_on(marketplace::register_marketplace(space, &context, who, SETTINGS, wanted)))
    }),
    ("change_marketplace", Permission::ManageMarketplaces, |world, who, things| {
        let space = &world.space;
        let change = ChangeMarketplace { credential: Some(credential()), ..ChangeMarketplace::default() };
        let context = context(space);
        let id = things.marketplace;
        told(block_on(marketplace::change_marketplace(space, &context, who, SETTINGS, id, change)))
    }),
];

#[test]
fn h1_whoever_loses_the_right_while_a_read_waits_gets_nothing_of_what_it_found() {
    for (n, (name, permission, call)) in READS.iter().chain(READS_AHEAD).enumerate() {
        for change in Loss::ALL {
            let world = World::new();
            let things = Things::make(&world);
            let olga = world.member("olga", Role::Owner);
            world.reads.set(world.change(&olga, change));
            let answer = call(&world, &olga, &things);
            let (error, event) = change.refusal(*permission);
            let refused = Err(error.to_string());
            if matches!(change, Loss::Demoted) && may(Role::Viewer, *permission) {
                assert_ne!(answer, refused, "{name}: {change:?}");
                continue;
            }
            assert_eq!(answer, refused, "{name}: {change:?}");
            let last = world.last_event();
            if n >= READS.len() {
                assert_eq!(last, event, "{name}: {change:?}");
            } else {
                let of_the_change: &[Action] = match change {
                    // That stands in the installation's log; the tenant's has the login before it.
                    Loss::KeysRevoked => &[Action::AuthnLoginSuccess],
                    _ => &[Action::UserDeleted, Action::PrivilegePermissionsChanged],
                };
                assert!(of_the_change.contains(&last.0) && last.1 == Outcome::Success, "{name}: {last:?}");
            }
        }
        // Whom nothing happens to is answered, and so is somebody beside whom something happens.
        let world = World::new();
        let things = Things::make(&world);
        let ben = world.member("ben", Role::Owner);
        world.reads.set(world.change(&ben, Loss::Removed));
        let refusals = Loss::ALL.map(|change| change.refusal(*permission).0.to_string());
        let answer = call(&world, &world.owner, &things);
        assert!(!refusals.contains(&answer.err().unwrap_or_default()), "{name}");
    }
}

#[test]
fn u1_whoever_loses_the_right_between_two_parts_of_a_tail_gets_nothing_more() {
    for change in Loss::ALL {
        let world = World::new();
        let olga = world.member("olga", Role::Owner);
        let space = &world.space;
        let begin = |after| {
            let filter = NamedFilter::default();
            block_on(Tail::begin(space, &context(space), olga.clone(), filter, after)).unwrap()
        };
        let mut tail = begin(Some(0));
        let part = block_on(tail.next(space, 2)).unwrap();
        assert_eq!((part.events.len(), part.seq), (2, 2), "{change:?}: no further than it was told of");
        world.reads.set(world.change(&olga, change));
        let error = block_on(tail.next(space, 3)).unwrap_err();
        let (refused, _) = change.refusal(Permission::ReadAudit);
        assert_eq!(error.to_string(), refused.to_string(), "{change:?}");
        assert_eq!(tail.check(space).unwrap_err().to_string(), refused.to_string(), "{change:?}");
        assert_eq!(tail.seq(), 2, "{change:?}: what was read meanwhile is told to nobody");
    }
}

#[test]
fn g1_whoever_loses_the_right_between_two_portions_of_an_export_gets_nothing_more() {
    for change in Loss::ALL {
        let world = World::new();
        let olga = world.member("olga", Role::Owner);
        let (space, of) = (&world.space, account(&world.owner));
        let mut export = block_on(Export::of_member(space, &context(space), &olga, of)).unwrap();
        let first = block_on(export.next(space)).unwrap().unwrap();
        assert_eq!((first.things.len(), first.is_last), (1, true), "{change:?}");
        world.reads.set(world.change(&olga, change));
        let error = block_on(export.next(space)).unwrap_err();
        let (refused, _) = change.refusal(Permission::ManageTenant);
        assert_eq!(error.to_string(), refused.to_string(), "{change:?}");
        assert_eq!(block_on(export.next(space)), Ok(None), "{change:?}: it has ended");
    }
    // Nor is anything more told of somebody who is gone.
    let world = World::new();
    let olga = world.member("olga", Role::Owner);
    let (space, of) = (&world.space, account(&olga));
    let mut export = block_on(Export::of_member(space, &context(space), &world.owner, of)).unwrap();
    block_on(identity::leave(space, &context(space), &olga)).unwrap();
    assert_eq!(block_on(export.next(space)), Err(privacy::ExportError::NotFound));
}
