//! Marketplaces: which hubs are trusted, what a tenant is on each of them, and who comes from there.
//!
//! * A [`Hub`] is the installation's: one issuer of satellite tokens, and the one URL that speaks for it.
//! * A [`Marketplace`] is a tenant's account on a hub. Its [`Audience`]s are what satellite tokens for this tenant are
//!   made out to.
//! * A [`SatelliteClaims`] is what a satellite token says once it is verified: who the caller is on the hub, and
//!   nothing about what they may do here but through policies.
//! * A [`Listing`] is an endpoint that is shown on a marketplace.

mod account;
mod address;
mod admit;
mod audience;
mod claim;
mod credential;
mod endpoint_changed;
mod error;
mod hub;
mod hub_access;
mod hub_caller;
mod hub_role;
mod hubs_by_name;
mod identify;
mod in_use;
mod learn_issuer;
mod listable;
mod listing;
mod manage;
mod names;
pub mod ports;
mod publication;
mod publish;
mod register;
mod report_error;
mod satellite;
mod tell;
mod trust;
mod uniqueness;

pub use crate::ids::SatelliteId;
pub use account::{Marketplace, MarketplaceWithHub};
pub use address::is_same_address;
pub use admit::admit;
pub use audience::{Audience, AudienceError};
pub use credential::{CredentialRefusal, HubCredential, HubSecretError};
pub(crate) use endpoint_changed::{
    FormerListings, is_anything_shown, move_listings, take_off, tell_all_anew, tell_anew,
};
pub use error::MarketplaceError;
pub use hub::{Hub, TrustedBy, TrustedByError};
pub(crate) use hub_access::hub_access;
pub use hub_caller::HubCaller;
pub use hub_role::{HubRole, HubRoleError};
pub use hubs_by_name::MarketplaceHubs;
pub(crate) use identify::identify;
pub use listable::{UnlistableSlug, check_listable};
pub use listing::{Listing, ListingState, ListingStateError};
pub use manage::{ChangeMarketplace, change_marketplace, marketplace, marketplaces, remove_marketplace};
pub use names::{
    HubUrl, HubUrlError, HubUsername, HubUsernameError, Issuer, IssuerError, MarketplaceName,
    MarketplaceNameError,
};
pub use publish::{ListingError, list, listings, sync, unlist};
pub use register::{NewMarketplace, RegistrationSettings, register_marketplace};
pub use report_error::ReportError;
pub(crate) use satellite::hub_actor;
pub use satellite::{SUBJECT_MAX, SatelliteClaims, SatelliteRefused, SubjectError, check_subject};
pub use tell::{HEALTH_REPORT_INTERVAL, HEALTH_TTL, PublicationStatus, report, tell_due};
pub use trust::{TrustError, distrust_hub, trust_hub, trusted_hubs};
