//! Publishing listings, their changes and their health to a hub.

use std::time::Duration;

use serde_json::json;
use syft_space_domain::dataset::{AnalyzerSettings, NewDataset, create_dataset};
use syft_space_domain::endpoint::{
    ChangeEndpoint, Endpoint, EndpointName, NewEndpoint, ResponseType, change_endpoint, create_endpoint,
    remove_endpoint,
};
use syft_space_domain::identity::Principal;
use syft_space_domain::ids::MarketplaceId;
use syft_space_domain::marketplace::{
    Listing, ListingError, ListingState, PublicationStatus, ReportError, list, listings, report, tell_due,
    unlist,
};
use syft_space_domain::policy::{Enforcement, NewPolicy, attach, create_policy};
use syft_space_domain::tenant::TenantScope;
use syft_space_domain::text::{Line, Prose};

use crate::world::{PUBLIC, World, block_on, url};

pub(crate) const PUBLIC_URL: &str = "https://space.example";

/// A tenant that is `spaceowner` on the hub, with an endpoint that `*@secret.example` may query.
pub(crate) struct ListedEndpoint {
    pub(crate) world: World,
    pub(crate) principal: Principal,
    scope: TenantScope,
    pub(crate) marketplace: MarketplaceId,
    pub(crate) endpoint: Endpoint,
    status: PublicationStatus,
}

impl ListedEndpoint {
    pub(crate) async fn new() -> Self {
        let world = World::new();
        let principal = world.owner("acme").await;
        let account = world.account("spaceowner", "market");
        let marketplace = world.register(&principal, PUBLIC, &account).await.unwrap().marketplace.id;
        let (space, context) = (&world.space, world.context());
        let dataset = NewDataset {
            name: "mountains".parse().unwrap(),
            summary: Line::default(),
            tags: Line::default(),
            analyzer: AnalyzerSettings::default(),
            retrieval: Default::default(),
            vectors: Default::default(),
        };
        let dataset = create_dataset(space, &context, &principal, dataset).await.unwrap();
        let endpoint = NewEndpoint {
            name: "Mountains".parse().unwrap(),
            slug: "mountains".parse().unwrap(),
            summary: Line::default(),
            description: Prose::default(),
            tags: "high, cold".parse().unwrap(),
            dataset: dataset.id,
            response_type: ResponseType::Raw,
            published: true,
        };
        let endpoint = create_endpoint(space, &context, &principal, endpoint).await.unwrap();
        let scope = TenantScope::assume(principal.snapshot().tenant.id, "a test looks behind the use cases");
        let listed =
            Self { principal, scope, marketplace, endpoint, status: PublicationStatus::default(), world };
        listed.attach(&["*@secret.example"]).await;
        listed
    }

    pub(crate) fn name(&self) -> EndpointName {
        EndpointName::Id(self.endpoint.id)
    }

    /// Attaches a policy that allows these, or none.
    pub(crate) async fn attach(&self, patterns: &[&str]) {
        let (space, context) = (&self.world.space, self.world.context());
        let mut ids = Vec::new();
        if !patterns.is_empty() {
            let configuration = json!({ "mode": "allow", "patterns": patterns });
            let configuration = space.policy_types.parse("access", &configuration).unwrap();
            let policy = NewPolicy {
                name: "partners of secret.example".parse().unwrap(),
                configuration,
                enforcement: Enforcement::Enforce,
            };
            ids.push(create_policy(space, &context, &self.principal, policy).await.unwrap().id);
        }
        attach(space, &context, &self.principal, self.name(), ids, None).await.unwrap();
    }

    pub(crate) async fn list(&self) -> Result<Listing, ListingError> {
        let (space, context) = (&self.world.space, self.world.context());
        list(space, &context, &self.principal, &self.name(), self.marketplace, true).await
    }

    pub(crate) async fn publish(&self) {
        tell_due(&self.world.space, &self.world.operator, PUBLIC_URL, &self.status).await.unwrap();
    }

    pub(crate) async fn report(&self) {
        self.try_report(PUBLIC_URL).await.unwrap();
    }

    pub(crate) async fn try_report(&self, public_url: &str) -> Result<(), ReportError> {
        report(&self.world.space, &self.scope, self.marketplace, public_url, &self.status).await
    }

    pub(crate) async fn listing(&self) -> Listing {
        let found = listings(&self.world.space, &self.principal, &self.name()).await.unwrap();
        found.into_iter().next().unwrap()
    }

    pub(crate) fn publication(&self) -> Option<String> {
        let publications = self.world.hub.publications(&url(), "spaceowner");
        publications.get("mountains").map(|publication| format!("{publication:?}"))
    }

    pub(crate) async fn change(&self, change: ChangeEndpoint) {
        let (space, context) = (&self.world.space, self.world.context());
        change_endpoint(space, &context, &self.principal, self.endpoint.id, change).await.unwrap();
    }
}

#[test]
fn q4_of_policies_a_hub_learns_the_kind_and_neither_name_nor_address() {
    block_on(async {
        let listed = ListedEndpoint::new().await;
        listed.list().await.unwrap();
        listed.publish().await;
        let publication = listed.publication().unwrap();
        assert!(
            publication.contains("\"access\"")
                && publication.contains("People whom the owner names are admitted."),
            "{publication}"
        );
        assert!(publication.contains("\"high\"") && publication.contains("acme"), "{publication}");
        assert!(!publication.contains("secret"), "{publication}");
        assert_eq!(listed.listing().await.state, ListingState::Listed);
    });
}

#[test]
fn q4_a_change_goes_with_the_next_report_and_what_has_not_changed_is_not_told_again() {
    block_on(async {
        let listed = ListedEndpoint::new().await;
        listed.list().await.unwrap();
        listed.publish().await;
        let revision = listed.listing().await.revision;
        listed.report().await;
        assert_eq!(listed.listing().await.revision, revision, "nothing was to be told");
        assert_eq!(listed.world.hub.health(&url(), "spaceowner").get("mountains"), Some(&true));
        listed
            .change(ChangeEndpoint {
                name: Some("High mountains".parse().unwrap()),
                ..ChangeEndpoint::default()
            })
            .await;
        listed.report().await;
        assert!(listed.publication().unwrap().contains("High mountains"));
    });
}

#[test]
fn q4_what_a_hub_did_not_take_is_told_again_ever_more_seldom_and_the_listing_says_why() {
    block_on(async {
        let listed = ListedEndpoint::new().await;
        listed.list().await.unwrap();
        listed.world.hub.set_down(true);
        let mut delays = Vec::new();
        for failures in 1..=12 {
            listed.publish().await;
            let listing = listed.listing().await;
            assert_eq!((listing.failures, listing.state), (failures, ListingState::Pending));
            assert!(listing.last_error.unwrap().contains("hub"), "it says why");
            let delay = listing.due_at.since(listed.world.space.clock.now());
            // It is not due a microsecond earlier.
            listed.world.clock.advance(delay - Duration::from_micros(1));
            listed.publish().await;
            assert_eq!(listed.listing().await.failures, failures);
            listed.world.clock.advance(Duration::from_micros(1));
            delays.push(delay.as_secs());
        }
        assert_eq!(delays, [5, 10, 20, 40, 80, 160, 320, 640, 1280, 1800, 1800, 1800]);
        listed.world.hub.set_down(false);
        listed.publish().await;
        let listing = listed.listing().await;
        assert_eq!((listing.state, listing.failures, listing.last_error), (ListingState::Listed, 0, None));
    });
}

#[test]
fn q4_an_endpoint_that_is_taken_off_or_removed_goes_from_the_hub_first_and_then_from_here() {
    block_on(async {
        let listed = ListedEndpoint::new().await;
        let (space, context) = (&listed.world.space, listed.world.context());
        let id = listed.list().await.unwrap().id;
        listed.publish().await;
        listed.world.hub.set_down(true);
        unlist(space, &context, &listed.principal, &listed.name(), id).await.unwrap();
        listed.publish().await;
        assert_eq!(listed.listing().await.state, ListingState::Removing);
        listed.world.hub.set_down(false);
        listed.world.clock.advance(Duration::from_secs(5));
        listed.publish().await;
        assert_eq!(listed.publication(), None);
        assert!(listings(space, &listed.principal, &listed.name()).await.unwrap().is_empty());

        listed.list().await.unwrap();
        listed.publish().await;
        remove_endpoint(space, &context, &listed.principal, listed.endpoint.id, None).await.unwrap();
        listed.publish().await;
        assert_eq!(listed.publication(), None);
        let (scope, marketplace) = (listed.scope, listed.marketplace);
        let left = space.store.read(&scope, move |view| view.listings_on(&scope, marketplace)).await.unwrap();
        assert!(left.is_empty());
    });
}

#[test]
fn q4_who_lists_again_what_is_going_is_not_taken_off_by_the_attempt_before() {
    block_on(async {
        let listed = ListedEndpoint::new().await;
        let id = listed.list().await.unwrap().id;
        listed.publish().await;
        let context = listed.world.context();
        unlist(&listed.world.space, &context, &listed.principal, &listed.name(), id).await.unwrap();
        listed.list().await.unwrap();
        listed.publish().await;
        listed.publish().await;
        assert!(listed.publication().is_some());
        assert_eq!(listed.listing().await.state, ListingState::Listed);
        assert_eq!(listed.list().await.unwrap_err(), ListingError::Listed);
    });
}
