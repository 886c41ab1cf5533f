//! Marketplaces: which hubs are trusted, what a tenant is on each of them, and who comes from there.
//!
//! * A [`Hub`] is the installation's: one issuer of satellite tokens, and the one URL that speaks for it.
//! * A [`Marketplace`] is a tenant's account on a hub. Its [`Audience`]s are what satellite tokens for this tenant are
//!   made out to.
//! * A [`SatelliteClaims`] is what a satellite token says once it is verified: who the caller is on the hub, and
//!   nothing about what they may do here but through policies.
//! * A [`Listing`] is an endpoint that is shown on a marketplace.

mod account;
mod admit;
mod audience;
mod credential;
mod error;
mod hub;
mod hub_access;
mod identify;
mod listing;
mod manage;
mod names;
pub mod ports;
mod publication;
mod publish;
mod register;
mod satellite;
mod tell;
mod trust;

pub use account::{Marketplace, SatelliteId};
pub use admit::{AdmitError, HubCaller, admit};
pub use audience::{Audience, AudienceError};
pub use credential::HubCredential;
pub use error::MarketplaceError;
pub use hub::{Hub, TrustedBy, TrustedByError};
pub(crate) use identify::identify;
pub use listing::{Listing, ListingState, ListingStateError};
pub use manage::{
    ChangeMarketplace, MarketplaceWithHub, change_marketplace, marketplace, marketplaces, remove_marketplace,
};
pub use names::{
    HubUrl, HubUrlError, HubUsername, HubUsernameError, Issuer, IssuerError, MarketplaceName,
    MarketplaceNameError,
};
pub(crate) use publish::take_off;
pub use publish::{ListingError, list, listings, sync, unlist};
pub use register::{MARKETPLACES_MAX, NewMarketplace, Setting, register_marketplace};
pub use satellite::{
    HubRole, HubRoleError, SUBJECT_MAX, SatelliteClaims, SatelliteRefused, SubjectError, check_subject,
};
pub use tell::{HEALTH_TTL, HEALTH_REPORT_INTERVAL, PublicationStatus, report, tell_due};
pub use trust::{TrustError, distrust_hub, trust_hub, trusted_hubs};
