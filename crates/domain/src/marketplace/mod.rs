//! Marketplaces: which hubs are trusted, what a tenant is on each of them, and who comes from there.
//!
//! * A [`Hub`] is the installation's: one issuer of satellite tokens, and the one URL that speaks for it.
//! * A [`Marketplace`] is a tenant's account on a hub. Its [`Audience`]s are what satellite tokens for this tenant are
//!   made out to.
//! * A [`SatelliteClaims`] is what a satellite token says once it is verified: who the caller is on the hub, and
//!   nothing about what they may do here but through policies.
//! * A [`Listing`] is an endpoint that is shown on a marketplace.

mod account;
mod audience;
mod credential;
mod hub;
mod listing;
mod names;
pub mod ports;
mod satellite;

pub use account::{Marketplace, SatelliteId};
pub use audience::{Audience, AudienceError};
pub use credential::HubCredential;
pub use hub::{Hub, TrustedBy, TrustedByError};
pub use listing::{Listing, ListingState, ListingStateError};
pub use names::{
    HubUrl, HubUrlError, HubUsername, HubUsernameError, Issuer, IssuerError, MarketplaceName,
    MarketplaceNameError,
};
pub use satellite::{HubRole, HubRoleError, SatelliteClaims, SatelliteRefused};
