//! Registering, changing and removing a marketplace, with failures in between.

use syft_space_conformance::sample::listing;
use syft_space_domain::audit::Action;
use syft_space_domain::marketplace::ports::{HubAccess, HubError, OwnMark, Publication, TrustedHubs};
use syft_space_domain::marketplace::{
    ChangeMarketplace, HubCredential, HubUrl, Listing, Marketplace, MarketplaceError, NewMarketplace,
    TrustError, TrustedBy, change_marketplace, distrust_hub, marketplace, remove_marketplace, trust_hub,
};
use syft_space_domain::secret::Secret;
use syft_space_domain::snapshot::Snapshots;
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::{TenantScope, WriteScope};
use syft_space_domain::unit::Recorded;

use crate::world::{CLOSED, ISSUER, OPEN, PUBLIC, World, block_on, url};

#[test]
fn a2_who_was_cut_off_registers_once_more_and_is_the_same_satellite() {
    block_on(async {
        let world = World::new();
        world.hub.set_supports_satellites(true);
        let acme = world.owner("acme").await;
        let account = world.account("spaceowner", "market");
        // The hub was called, and then the space crashed before it committed the row.
        let access = HubAccess { url: url(), credential: account.credential.clone() };
        let satellite = world.space.hubs.register_satellite(&access, "https://space.example").await.unwrap();
        let registered = world.register(&acme, PUBLIC, &account).await.unwrap();
        assert!(satellite.is_some() && registered.marketplace.satellite == satellite);
        let addressed = world.cache.addressed(registered.hub.id, &satellite.unwrap().into()).unwrap();
        assert_eq!(addressed.tenant.id, acme.snapshot().tenant.id);
    });
}

#[test]
fn z1_an_account_that_one_tenant_has_is_no_others() {
    block_on(async {
        let world = World::new();
        world.hub.set_supports_satellites(true);
        let (acme, globex) = (world.owner("acme").await, world.owner("globex").await);
        let account = world.account("spaceowner", "market");
        world.register(&acme, PUBLIC, &account).await.unwrap();
        for setting in [PUBLIC, CLOSED] {
            let refused = world.register(&globex, setting, &account).await.unwrap_err();
            assert_eq!(refused, MarketplaceError::AudienceTaken);
        }
        assert!(world.cache.all().len() == 1 && globex.snapshot().marketplaces().next().is_none());
    });
}

#[test]
fn z1_while_registration_is_open_only_the_operator_says_which_hubs_are_trusted() {
    block_on(async {
        let world = World::new();
        let acme = world.owner("acme").await;
        let account = world.account("spaceowner", "market");
        let refused = world.register(&acme, OPEN, &account).await.unwrap_err();
        assert!(matches!(refused, MarketplaceError::HubNotTrusted { .. }), "{refused:?}");
        assert!(world.cache.all().is_empty());

        let issuer = || ISSUER.parse().unwrap();
        let elsewhere = HubUrl::parse("https://elsewhere.example").unwrap();
        let context = world.context();
        let trust = |url: HubUrl| trust_hub(&world.space, &context, &world.operator, issuer(), url);
        let hub = trust(elsewhere.clone()).await.unwrap();
        let refused = world.register(&acme, OPEN, &account).await.unwrap_err();
        assert_eq!(refused, MarketplaceError::IssuerUrlMismatch(issuer()));
        // The URL of a hub may change only while no marketplace is registered on it.
        assert_eq!(trust(url()).await.unwrap().id, hub.id);
        let registered = world.register(&acme, OPEN, &account).await.unwrap();
        assert_eq!((registered.hub.id, registered.hub.trusted_by), (hub.id, TrustedBy::Operator));
        let refused = trust(elsewhere).await.unwrap_err();
        assert!(matches!(refused, TrustError::InUseElsewhere { .. }), "{refused:?}");
        let refused = distrust_hub(&world.space, &world.context(), &world.operator, hub.id).await;
        assert_eq!(refused, Err(TrustError::InUse(1)));
        let gone = remove_marketplace(
            &world.space,
            &world.context(),
            &acme,
            PUBLIC,
            registered.marketplace.id,
            None,
        )
        .await;
        assert_eq!(gone.unwrap(), Ok(()));
        distrust_hub(&world.space, &world.context(), &world.operator, hub.id).await.unwrap();
        let refused = distrust_hub(&world.space, &world.context(), &world.operator, hub.id).await;
        assert_eq!(refused, Err(TrustError::NotFound));
    });
}

#[test]
fn a2_a_marketplace_that_is_removed_is_taken_off_the_hub_and_off_here_even_without_the_hub() {
    block_on(async {
        let world = World::new();
        world.hub.set_supports_satellites(true);
        let acme = world.owner("acme").await;
        let registered = world.register(&acme, PUBLIC, &world.account("spaceowner", "market")).await.unwrap();
        let scope = TenantScope::assume(acme.snapshot().tenant.id, "a test plays the tenant");
        let row = Listing { marketplace: registered.marketplace.id, ..listing(1, 1, 1) };
        let event = world.context().event(&scope, Action::ConfigChange, acme.actor()).unwrap();
        let slug = row.slug.to_string();
        let outcome: Result<(), StoreError> = world
            .space
            .store
            .write(move |tx| {
                tx.add_listing(&WriteScope::assume(&scope, "a test plays the tenant"), &row)?;
                Ok(Recorded::new((), event.clone()))
            })
            .await;
        outcome.unwrap();
        let access = HubAccess {
            url: url(),
            credential: HubCredential::Pat(Secret::new("pat of spaceowner".to_owned())),
        };
        let publication = Publication {
            slug,
            name: String::new(),
            summary: String::new(),
            readme: String::new(),
            tags: Vec::new(),
            policies: Vec::new(),
            tenant_name: "acme".to_owned(),
        };
        let mark = OwnMark {
            url: "https://space.example".to_owned(),
            tenant_name: "acme".to_owned(),
            satellite: None,
        };
        world.space.hubs.publish(&access, &mark, &publication).await.unwrap();
        assert_eq!(world.hub.publications(&url(), "spaceowner").len(), 1);
        let context = world.context();
        let remove = |id| remove_marketplace(&world.space, &context, &acme, PUBLIC, id, None);
        assert_eq!(remove(registered.marketplace.id).await.unwrap(), Ok(()));
        assert!(world.hub.publications(&url(), "spaceowner").is_empty());
        assert!(world.hub.satellites(&url(), "spaceowner").is_empty());

        let again = world.register(&acme, PUBLIC, &world.account("second", "market")).await.unwrap();
        world.hub.set_down(true);
        let removed = remove(again.marketplace.id).await.unwrap();
        assert!(matches!(removed, Err(HubError::Unavailable(_))), "{removed:?}");
        let found = marketplace(&world.space, &acme, again.marketplace.id).await;
        assert_eq!(found, Err(MarketplaceError::NotFound));
        let audience = (&again.marketplace.username).into();
        assert!(world.cache.addressed(again.hub.id, &audience).is_err(), "its callers are refused at once");
    });
}

#[test]
fn a2_a_change_needs_the_revision_that_was_read_and_the_account_that_was_registered() {
    block_on(async {
        let world = World::new();
        let acme = world.owner("acme").await;
        let registered = world.register(&acme, CLOSED, &world.account("spaceowner", "market")).await.unwrap();
        assert_eq!(registered.marketplace.satellite, None);
        let context = world.context();
        let change = |change| {
            change_marketplace(&world.space, &context, &acme, PUBLIC, registered.marketplace.id, change)
        };
        let renamed =
            change(ChangeMarketplace { name: Some("renamed".parse().unwrap()), ..Default::default() })
                .await
                .unwrap();
        assert_eq!(renamed.marketplace.revision, 2);
        let credential = Some(world.account("another", "x-x").credential);
        let stale =
            ChangeMarketplace { if_revision: Some(1), credential: credential.clone(), ..Default::default() };
        assert_eq!(change(stale).await, Err(MarketplaceError::Changed));
        let other = ChangeMarketplace { credential, ..Default::default() };
        let refused = change(other).await.unwrap_err();
        assert!(matches!(refused, MarketplaceError::UsernameMismatch { .. }), "{refused:?}");
        // With a new credential, the space registers as a satellite if the hub supports satellites by now.
        world.hub.set_supports_satellites(true);
        let credential = Some(HubCredential::Pat(Secret::new("pat of spaceowner".to_owned())));
        let renewed = change(ChangeMarketplace { credential, ..Default::default() }).await.unwrap();
        assert!(renewed.marketplace.satellite.is_some() && renewed.credential == Some("pat"));
    });
}

#[test]
fn a2_a_tenant_has_no_more_marketplaces_than_it_may() {
    block_on(async {
        let world = World::new();
        let acme = world.owner("acme").await;
        for n in 0..Marketplace::MAX_PER_TENANT {
            let account = world.account(&format!("owner-{n}"), &format!("market-{n}"));
            world.register(&acme, CLOSED, &account).await.unwrap();
        }
        let refused =
            world.register(&acme, CLOSED, &world.account("one-more", "one-more")).await.unwrap_err();
        assert_eq!(refused, MarketplaceError::LimitReached);
    });
}

#[test]
fn a2_the_issuer_is_what_the_hubs_own_tokens_name() {
    block_on(async {
        let world = World::new();
        let acme = world.owner("acme").await;
        let issuer = |text: &str| text.parse().unwrap();
        // The natural guess.
        let guessed =
            NewMarketplace { issuer: Some(issuer(url().as_str())), ..world.account("spaceowner", "market") };
        let refused = world.register(&acme, CLOSED, &guessed).await.unwrap_err();
        let mismatch =
            MarketplaceError::IssuerMismatch { given: issuer(url().as_str()), found: issuer(ISSUER) };
        assert_eq!(refused, mismatch);
        assert!(refused.to_string().contains(ISSUER), "it names the right one");
        assert!(world.cache.all().is_empty());
        let unsaid = NewMarketplace { issuer: None, ..guessed.clone() };
        let registered = world.register(&acme, CLOSED, &unsaid).await.unwrap();
        assert_eq!(registered.hub.issuer, issuer(ISSUER));

        // While registration is open, a hub that is trusted is asked, whatever issuer is guessed, and no other.
        let globex = world.owner("globex").await;
        let guessed = NewMarketplace { issuer: guessed.issuer, ..world.account("globexowner", "market") };
        assert_eq!(world.register(&globex, OPEN, &guessed).await.unwrap_err(), mismatch);
        let unsaid = NewMarketplace { issuer: None, ..guessed };
        let elsewhere = HubUrl::parse("https://elsewhere.example").unwrap();
        let untrusted = NewMarketplace { url: elsewhere.clone(), ..unsaid.clone() };
        let refused = world.register(&globex, OPEN, &untrusted).await.unwrap_err();
        assert_eq!(refused, MarketplaceError::HubNotTrusted { issuer: None, url: elsewhere });
        world.register(&globex, OPEN, &unsaid).await.unwrap();

        // The hub is set up anew: a new credential says so.
        world.hub.set_issuer(url(), issuer("https://moved.example"));
        let credential = Some(HubCredential::Pat(Secret::new("pat of spaceowner".to_owned())));
        let change = ChangeMarketplace { credential, ..ChangeMarketplace::default() };
        let (context, id) = (world.context(), registered.marketplace.id);
        let refused =
            change_marketplace(&world.space, &context, &acme, PUBLIC, id, change).await.unwrap_err();
        let moved =
            MarketplaceError::IssuerMoved { trusted: issuer(ISSUER), found: issuer("https://moved.example") };
        assert_eq!(refused, moved);
    });
}
