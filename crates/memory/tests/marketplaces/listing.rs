//! Is a hub told of what is listed, of what has changed, and of how it is?

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
    Listing, ListingError, ListingState, HEALTH_REPORT_INTERVAL, PublicationStatus, list, listings, report, tell_due, unlist,
};
use syft_space_domain::policy::{NewPolicy, PolicyConfiguration, attach, create_policy};
use syft_space_domain::tenant::TenantScope;

use crate::world::{PUBLIC, World, block_on, url};

const ADDRESS: &str = "https://space.example";

/// A tenant that is `spaceowner` on the hub, with an endpoint that `*@secret.example` may query.
struct Shown {
    world: World,
    principal: Principal,
    scope: TenantScope,
    marketplace: MarketplaceId,
    endpoint: Endpoint,
    told: PublicationStatus,
}

impl Shown {
    async fn new() -> Self {
        let world = World::new();
        let principal = world.owner("acme").await;
        let account = world.account("spaceowner", "market");
        let marketplace = world.register(&principal, PUBLIC, &account).await.unwrap().marketplace.id;
        let (space, context) = (&world.space, world.call());
        let dataset = NewDataset {
            name: "mountains".to_owned(),
            summary: String::new(),
            tags: String::new(),
            analyzer: AnalyzerSettings::default(),
        };
        let dataset = create_dataset(space, &context, &principal, dataset).await.unwrap();
        let endpoint = NewEndpoint {
            name: "Mountains".to_owned(),
            slug: "mountains".parse().unwrap(),
            summary: String::new(),
            description: String::new(),
            tags: "high, cold".to_owned(),
            dataset: dataset.id,
            response_type: ResponseType::Raw,
            published: true,
        };
        let endpoint = create_endpoint(space, &context, &principal, endpoint).await.unwrap();
        let scope = TenantScope::assume(principal.live().tenant.id, "a test looks behind the use cases");
        let shown = Self { principal, scope, marketplace, endpoint, told: PublicationStatus::default(), world };
        shown.attach(&["*@secret.example"]).await;
        shown
    }

    fn name(&self) -> EndpointName {
        EndpointName::Id(self.endpoint.id)
    }

    /// Attaches a policy that allows these, or none.
    async fn attach(&self, patterns: &[&str]) {
        let (space, context) = (&self.world.space, self.world.call());
        let mut ids = Vec::new();
        if !patterns.is_empty() {
            let configuration = json!({ "mode": "allow", "patterns": patterns });
            let configuration = PolicyConfiguration::parse("access", &configuration).unwrap();
            let policy = NewPolicy { name: "partners of secret.example".to_owned(), configuration };
            ids.push(create_policy(space, &context, &self.principal, policy).await.unwrap().id);
        }
        attach(space, &context, &self.principal, self.name(), ids, None).await.unwrap();
    }

    async fn list(&self) -> Result<Listing, ListingError> {
        let (space, context) = (&self.world.space, self.world.call());
        list(space, &context, &self.principal, &self.name(), self.marketplace, true).await
    }

    async fn tell(&self) {
        tell_due(&self.world.space, &self.world.operator, &self.told).await.unwrap();
    }

    async fn report(&self) {
        let told = report(&self.world.space, &self.scope, self.marketplace, ADDRESS, &self.told).await;
        told.unwrap().unwrap();
    }

    fn listing(&self) -> Listing {
        let found = listings(&self.world.space, &self.principal, &self.name()).unwrap();
        found.into_iter().next().unwrap()
    }

    fn on_the_hub(&self) -> Option<String> {
        let shown = self.world.hub.shown(&url(), "spaceowner");
        shown.get("mountains").map(|one| format!("{one:?}"))
    }

    async fn change(&self, change: ChangeEndpoint) {
        let (space, context) = (&self.world.space, self.world.call());
        change_endpoint(space, &context, &self.principal, self.endpoint.id, change).await.unwrap();
    }
}

#[test]
fn q4_of_policies_a_hub_learns_the_kind_and_neither_name_nor_address() {
    block_on(async {
        let shown = Shown::new().await;
        shown.list().await.unwrap();
        shown.tell().await;
        let told = shown.on_the_hub().unwrap();
        assert!(
            told.contains("\"access\"") && told.contains("People whom the owner names are admitted."),
            "{told}"
        );
        assert!(told.contains("\"high\"") && told.contains("acme"), "{told}");
        assert!(!told.contains("secret"), "{told}");
        assert_eq!(shown.listing().state, ListingState::Listed);
    });
}

#[test]
fn q4_a_change_goes_with_the_next_report_and_what_has_not_changed_is_not_told_again() {
    block_on(async {
        let shown = Shown::new().await;
        shown.list().await.unwrap();
        shown.tell().await;
        let revision = shown.listing().revision;
        shown.report().await;
        assert_eq!(shown.listing().revision, revision, "nothing was to be told");
        assert_eq!(shown.world.hub.healthy(&url(), "spaceowner").get("mountains"), Some(&true));
        shown
            .change(ChangeEndpoint { name: Some("High mountains".to_owned()), ..ChangeEndpoint::default() })
            .await;
        shown.report().await;
        assert!(shown.on_the_hub().unwrap().contains("High mountains"));
    });
}

#[test]
fn q4_a_draft_and_an_endpoint_without_a_policy_are_taken_off_and_come_back() {
    block_on(async {
        let shown = Shown::new().await;
        shown.list().await.unwrap();
        shown.tell().await;
        let published =
            |published| ChangeEndpoint { published: Some(published), ..ChangeEndpoint::default() };
        shown.change(published(false)).await;
        shown.report().await;
        assert_eq!(shown.on_the_hub(), None);
        assert_eq!(shown.listing().state, ListingState::Pending);
        assert!(shown.listing().last_error.unwrap().contains("draft"));
        shown.change(published(true)).await;
        shown.world.clock.advance(HEALTH_REPORT_INTERVAL);
        shown.tell().await;
        assert!(shown.on_the_hub().is_some());

        shown.attach(&[]).await;
        shown.report().await;
        assert_eq!(shown.on_the_hub(), None);
    });
}

#[test]
fn q4_what_a_hub_did_not_take_is_told_again_ever_more_seldom_and_the_listing_says_why() {
    block_on(async {
        let shown = Shown::new().await;
        shown.list().await.unwrap();
        shown.world.hub.set_down(true);
        let mut waited = Vec::new();
        for failures in 1..=12 {
            shown.tell().await;
            let listing = shown.listing();
            assert_eq!((listing.failures, listing.state), (failures, ListingState::Pending));
            assert!(listing.last_error.unwrap().contains("hub"), "it says why");
            let wait = listing.due_at.since(shown.world.space.clock.now());
            // Not a moment before.
            shown.world.clock.advance(wait - Duration::from_micros(1));
            shown.tell().await;
            assert_eq!(shown.listing().failures, failures);
            shown.world.clock.advance(Duration::from_micros(1));
            waited.push(wait.as_secs());
        }
        assert_eq!(waited, [5, 10, 20, 40, 80, 160, 320, 640, 1280, 1800, 1800, 1800]);
        shown.world.hub.set_down(false);
        shown.tell().await;
        let listing = shown.listing();
        assert_eq!((listing.state, listing.failures, listing.last_error), (ListingState::Listed, 0, None));
    });
}

#[test]
fn q4_an_endpoint_that_is_taken_off_or_removed_goes_from_the_hub_first_and_then_from_here() {
    block_on(async {
        let shown = Shown::new().await;
        let (space, context) = (&shown.world.space, shown.world.call());
        let id = shown.list().await.unwrap().id;
        shown.tell().await;
        shown.world.hub.set_down(true);
        unlist(space, &context, &shown.principal, &shown.name(), id).await.unwrap();
        shown.tell().await;
        assert_eq!(shown.listing().state, ListingState::Removing);
        shown.world.hub.set_down(false);
        shown.world.clock.advance(Duration::from_secs(5));
        shown.tell().await;
        assert_eq!(shown.on_the_hub(), None);
        assert!(listings(space, &shown.principal, &shown.name()).unwrap().is_empty());

        shown.list().await.unwrap();
        shown.tell().await;
        remove_endpoint(space, &context, &shown.principal, shown.endpoint.id, None).await.unwrap();
        shown.tell().await;
        assert_eq!(shown.on_the_hub(), None);
        let left = space.store.read().unwrap().listings_on(&shown.scope, shown.marketplace).unwrap();
        assert!(left.is_empty());
    });
}

#[test]
fn q4_who_lists_again_what_is_going_is_not_taken_off_by_the_attempt_before() {
    block_on(async {
        let shown = Shown::new().await;
        let id = shown.list().await.unwrap().id;
        shown.tell().await;
        let context = shown.world.call();
        unlist(&shown.world.space, &context, &shown.principal, &shown.name(), id).await.unwrap();
        shown.list().await.unwrap();
        shown.tell().await;
        shown.tell().await;
        assert!(shown.on_the_hub().is_some());
        assert_eq!(shown.listing().state, ListingState::Listed);
        assert_eq!(shown.list().await.unwrap_err(), ListingError::Listed);
    });
}
