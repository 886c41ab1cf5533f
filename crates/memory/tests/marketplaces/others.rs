//! Listings on an account that others use too: what is not this space's stays as it is, and what is taken from it is seen.

use std::time::Duration;

use syft_space_domain::endpoint::{ChangeEndpoint, EndpointError, change_endpoint};
use syft_space_domain::marketplace::ports::HubError;
use syft_space_domain::marketplace::{
    ChangeMarketplace, HubCredential, ListingError, ListingState, MarketplaceError, ReportError,
    change_marketplace, marketplace, unlist,
};
use syft_space_domain::secret::Secret;

use crate::listing::{ListedEndpoint, PUBLIC_URL};
use crate::world::{CLOSED, PUBLIC, block_on, url};

const ELSEWHERE: &str = "https://elsewhere.example";

fn is_displaced(outcome: &Result<(), ReportError>) -> bool {
    matches!(outcome, Err(ReportError::Hub(HubError::Displaced(at))) if at == ELSEWHERE)
}

#[test]
fn q4_an_endpoint_that_is_not_our_own_is_neither_taken_over_nor_deleted() {
    block_on(async {
        let listed = ListedEndpoint::new().await;
        let hub = &listed.world.hub;
        hub.add_other_endpoint(&url(), "spaceowner", "mountains");
        let id = listed.list().await.unwrap().id;
        listed.publish().await;
        let told = listed.listing().await;
        assert_eq!((told.state, listed.publication()), (ListingState::Pending, None));
        let why = told.last_error.unwrap();
        assert!(why.contains("mountains") && why.contains("not this space's"), "{why}");

        let context = listed.world.context();
        unlist(&listed.world.space, &context, &listed.principal, &listed.name(), id).await.unwrap();
        listed.publish().await;
        // It is there still: another listing meets it again.
        listed.list().await.unwrap();
        listed.publish().await;
        assert!(listed.listing().await.last_error.is_some());
        // Its owner takes it away, and the listing mends itself.
        hub.lose_endpoints(&url(), "spaceowner");
        listed.world.clock.advance(Duration::from_secs(5));
        listed.publish().await;
        assert_eq!(listed.listing().await.state, ListingState::Listed);
        assert!(listed.publication().is_some());
    });
}

#[test]
fn q4_what_the_hub_has_lost_is_shown_again_with_the_next_report() {
    block_on(async {
        let listed = ListedEndpoint::new().await;
        listed.list().await.unwrap();
        listed.publish().await;
        listed.report().await;
        listed.world.hub.lose_endpoints(&url(), "spaceowner");
        listed.report().await;
        assert!(listed.publication().is_some());
        assert_eq!(listed.world.hub.health(&url(), "spaceowner").get("mountains"), Some(&true));
        assert_eq!(listed.listing().await.state, ListingState::Listed);
    });
}

#[test]
fn q4_an_account_that_another_space_has_taken_is_seen_and_not_taken_back_without_a_word() {
    block_on(async {
        let listed = ListedEndpoint::new().await;
        let (space, hub) = (&listed.world.space, &listed.world.hub);
        listed.list().await.unwrap();
        listed.publish().await;
        assert_eq!(hub.domain(&url(), "spaceowner").as_deref(), Some(PUBLIC_URL));
        hub.move_account(&url(), "spaceowner", ELSEWHERE);
        assert!(is_displaced(&listed.try_report(PUBLIC_URL).await));
        let told = listed.listing().await;
        assert_eq!(told.state, ListingState::Displaced);
        assert!(told.last_error.unwrap().contains(ELSEWHERE), "it says where");
        listed.world.clock.advance(Duration::from_secs(3_600));
        listed.publish().await;
        assert_eq!(listed.listing().await.state, ListingState::Displaced);
        assert_eq!(hub.domain(&url(), "spaceowner").as_deref(), Some(ELSEWHERE), "nothing was set");

        let context = listed.world.context();
        let take_over = || ChangeMarketplace { take_over: true, ..ChangeMarketplace::default() };
        let change = |settings| {
            change_marketplace(space, &context, &listed.principal, settings, listed.marketplace, take_over())
        };
        assert_eq!(change(CLOSED).await, Err(MarketplaceError::NoAddress));
        change(PUBLIC).await.unwrap();
        assert_eq!(hub.domain(&url(), "spaceowner").as_deref(), Some(PUBLIC_URL));
        listed.publish().await;
        let told = listed.listing().await;
        assert_eq!((told.state, told.last_error), (ListingState::Listed, None));
    });
}

#[test]
fn q4_a_space_that_moves_takes_its_own_account_along() {
    block_on(async {
        let listed = ListedEndpoint::new().await;
        listed.list().await.unwrap();
        listed.publish().await;
        listed.try_report("https://moved.example").await.unwrap();
        let hub = &listed.world.hub;
        assert_eq!(hub.domain(&url(), "spaceowner").as_deref(), Some("https://moved.example"));
        assert_eq!(listed.listing().await.state, ListingState::Listed);
        // Where nobody is cut off, an address that somebody else set is no hindrance.
        hub.move_account(&url(), "spaceowner", ELSEWHERE);
        hub.lose_endpoints(&url(), "spaceowner");
        listed.report().await;
        assert_eq!(hub.domain(&url(), "spaceowner").as_deref(), Some(PUBLIC_URL));
        assert!(listed.publication().is_some());
    });
}

#[test]
fn a2_an_account_that_is_served_elsewhere_is_registered_only_if_it_is_to_be_moved() {
    block_on(async {
        let listed = ListedEndpoint::new().await;
        let hub = &listed.world.hub;
        let globex = listed.world.owner("globex").await;
        let mut account = listed.world.account("globexowner", "market");
        hub.move_account(&url(), "globexowner", ELSEWHERE);
        hub.add_other_endpoint(&url(), "globexowner", "notes");
        let refused = listed.world.register(&globex, PUBLIC, &account).await;
        assert_eq!(refused, Err(MarketplaceError::ServedElsewhere(ELSEWHERE.to_owned())));
        account.take_over = true;
        let registered = listed.world.register(&globex, PUBLIC, &account).await.unwrap();
        assert_eq!(registered.marketplace.told_url.as_deref(), Some(PUBLIC_URL));
        assert_eq!(hub.domain(&url(), "globexowner").as_deref(), Some(PUBLIC_URL));
        // An address without an endpoint that is up cuts nobody off.
        let idle = listed.world.account("idle-owner", "second");
        hub.move_account(&url(), "idle-owner", ELSEWHERE);
        listed.world.register(&globex, PUBLIC, &idle).await.unwrap();
        assert_eq!(hub.domain(&url(), "idle-owner").as_deref(), Some(ELSEWHERE), "nothing is listed yet");
    });
}

#[test]
fn q4_a_draft_and_an_endpoint_without_a_policy_are_taken_off_at_once() {
    block_on(async {
        let listed = ListedEndpoint::new().await;
        listed.list().await.unwrap();
        listed.publish().await;
        let published =
            |published| ChangeEndpoint { published: Some(published), ..ChangeEndpoint::default() };
        listed.change(published(false)).await;
        listed.publish().await;
        assert_eq!(listed.publication(), None, "no report was waited for");
        let draft = listed.listing().await;
        assert_eq!(draft.state, ListingState::Pending);
        assert!(draft.last_error.unwrap().contains("draft"));
        listed.change(published(true)).await;
        listed.publish().await;
        assert!(listed.publication().is_some());
        listed.attach(&[]).await;
        listed.publish().await;
        assert_eq!(listed.publication(), None);
        listed.attach(&["*"]).await;
        listed.publish().await;
        assert!(listed.publication().is_some());
        assert_eq!(listed.listing().await.state, ListingState::Listed);
    });
}

#[test]
fn q4_an_endpoint_takes_its_listings_along_to_another_slug() {
    block_on(async {
        let listed = ListedEndpoint::new().await;
        let (space, context) = (&listed.world.space, listed.world.context());
        let listing = listed.list().await.unwrap();
        listed.publish().await;
        let slug =
            |text: &str| ChangeEndpoint { slug: Some(text.parse().unwrap()), ..ChangeEndpoint::default() };
        for reserved in ["docs", "search", &"a".repeat(64)] {
            let refused =
                change_endpoint(space, &context, &listed.principal, listed.endpoint.id, slug(reserved));
            assert!(matches!(refused.await, Err(EndpointError::UnlistableSlug(_))), "{reserved}");
        }
        // While the hub is away the endpoint moves twice, and back.
        listed.world.hub.set_down(true);
        for next in ["summits", "peaks", "mountains", "hills"] {
            listed.change(slug(next)).await;
            listed.publish().await;
        }
        listed.world.hub.set_down(false);
        listed.world.clock.advance(Duration::from_secs(3_600));
        listed.publish().await;
        let shown = listed.world.hub.publications(&url(), "spaceowner");
        assert_eq!(shown.keys().collect::<Vec<_>>(), ["hills"]);
        let moved = listed.listing().await;
        assert_eq!((moved.id, moved.slug.as_str(), moved.state), (listing.id, "hills", ListingState::Listed));
    });
}

#[test]
fn q4_what_hubs_do_not_take_is_refused_when_it_is_listed() {
    block_on(async {
        let listed = ListedEndpoint::new().await;
        let slug =
            |text: &str| ChangeEndpoint { slug: Some(text.parse().unwrap()), ..ChangeEndpoint::default() };
        // Here they are slugs like others.
        for unlistable in ["health", &"b".repeat(64)] {
            listed.change(slug(unlistable)).await;
            let refused = listed.list().await.unwrap_err();
            assert!(matches!(refused, ListingError::UnlistableSlug(_)), "{refused:?}");
            assert!(refused.to_string().contains("another slug"), "it says what to do: {refused}");
        }
        listed.change(slug("healthy-food")).await;
        listed.list().await.unwrap();
        listed.publish().await;
        assert_eq!(listed.listing().await.state, ListingState::Listed);
    });
}

#[test]
fn a2_a_credential_that_the_hub_refuses_is_shown_as_refused_until_there_is_another() {
    block_on(async {
        let listed = ListedEndpoint::new().await;
        let (space, hub) = (&listed.world.space, &listed.world.hub);
        listed.list().await.unwrap();
        hub.revoke(&url(), "spaceowner");
        listed.publish().await;
        let shown = || marketplace(space, &listed.principal, listed.marketplace);
        assert!(shown().await.unwrap().refusal.is_some());
        assert!(listed.listing().await.failures > 0);

        let credential = HubCredential::Pat(Secret::new("another".to_owned()));
        let account = syft_space_domain::marketplace::ports::HubAccount {
            subject: "spaceowner".to_owned(),
            username: "spaceowner".parse().unwrap(),
            email: "spaceowner@hub.example".to_owned(),
            domain: None,
        };
        hub.add_account(url(), &credential, account);
        let context = listed.world.context();
        let change = ChangeMarketplace { credential: Some(credential), ..ChangeMarketplace::default() };
        change_marketplace(space, &context, &listed.principal, PUBLIC, listed.marketplace, change)
            .await
            .unwrap();
        assert_eq!(shown().await.unwrap().refusal, None);
        listed.publish().await;
        assert_eq!(listed.listing().await.state, ListingState::Listed, "and what failed is tried at once");
    });
}
