//! The ports of hubs, marketplaces and listings.

use std::sync::Arc;
use std::time::Duration;

use crate::Pending;
use crate::audit::ReasonCode;
use crate::identity::Email;
use crate::ids::{EndpointId, HubId, ListingId, MarketplaceId, TenantId};
use crate::marketplace::{
    Audience, CredentialRefusal, Hub, HubCredential, HubRole, HubUrl, HubUsername, Issuer, Listing,
    Marketplace, SatelliteClaims, SatelliteId, SatelliteRefused,
};
use crate::page::{Page, PageLimit, PageRequest};
use crate::sealing::Unsealable;
use crate::secret::Secret;
use crate::store::StoreError;
use crate::tenant::{OperatorScope, TenantScope, WriteScope};
use crate::time::Timestamp;

/// Reads hubs, marketplaces and listings. Hubs belong to the installation, so their look-ups take no scope.
pub trait MarketplaceView {
    /// Every trusted hub, in the order of their issuers.
    fn hubs(&mut self) -> Result<Vec<Hub>, StoreError>;
    /// One hub.
    fn hub(&mut self, id: HubId) -> Result<Option<Hub>, StoreError>;
    /// The hub of this issuer.
    fn hub_by_issuer(&mut self, issuer: &Issuer) -> Result<Option<Hub>, StoreError>;
    /// How many marketplaces of any tenant are on a hub.
    fn count_marketplaces_on(&mut self, hub: HubId) -> Result<u64, StoreError>;
    /// Whose an audience on a hub is. It tells no more than registering it would: that it is taken.
    fn holder_of_audience(
        &mut self,
        hub: HubId,
        audience: &Audience,
    ) -> Result<Option<(TenantId, MarketplaceId)>, StoreError>;

    /// One marketplace of the tenant.
    fn marketplace(
        &mut self,
        scope: &TenantScope,
        id: MarketplaceId,
    ) -> Result<Option<Marketplace>, StoreError>;
    /// The tenant's marketplaces, in the order of their ids.
    fn marketplaces(
        &mut self,
        scope: &TenantScope,
        page: PageRequest<MarketplaceId>,
    ) -> Result<Page<Marketplace, MarketplaceId>, StoreError>;

    /// One listing of the tenant.
    fn listing(&mut self, scope: &TenantScope, id: ListingId) -> Result<Option<Listing>, StoreError>;
    /// The tenant's listings of an endpoint, in the order of their ids.
    fn listings_of(&mut self, scope: &TenantScope, endpoint: EndpointId) -> Result<Vec<Listing>, StoreError>;
    /// The tenant's listings on a marketplace, in the order of their ids.
    fn listings_on(
        &mut self,
        scope: &TenantScope,
        marketplace: MarketplaceId,
    ) -> Result<Vec<Listing>, StoreError>;
    /// The listings of every tenant that are due at a time, the longest due first; of those due at the same time, in
    /// the order of tenant and id.
    fn listings_due(
        &mut self,
        operator: &OperatorScope,
        at: Timestamp,
        limit: PageLimit,
    ) -> Result<Vec<(TenantId, Listing)>, StoreError>;
}

/// Writes hubs, marketplaces and listings. What changes a hub or a marketplace touches the snapshot.
pub trait MarketplaceRows: MarketplaceView {
    /// Trusts a hub. Its id and issuer are new, else [`StoreError::Conflict`].
    fn add_hub(&mut self, hub: &Hub) -> Result<(), StoreError>;
    /// Replaces a hub's URL and who trusted it.
    fn update_hub(&mut self, hub: &Hub) -> Result<(), StoreError>;
    /// Trusts a hub no more. `false` when there is none; [`StoreError::Conflict`] while a marketplace is on it.
    fn remove_hub(&mut self, id: HubId) -> Result<bool, StoreError>;

    /// Adds a marketplace. Its hub exists, its id and name are new in the tenant, and its audiences are no other
    /// marketplace's on the hub, of whatever tenant; else [`StoreError::Conflict`].
    fn add_marketplace(&mut self, scope: &WriteScope, marketplace: &Marketplace) -> Result<(), StoreError>;
    /// Replaces all of a marketplace but its id, hub and `created_at`. [`StoreError::Conflict`] as when it is added.
    fn update_marketplace(&mut self, scope: &WriteScope, marketplace: &Marketplace)
    -> Result<(), StoreError>;
    /// Removes a marketplace and its listings. `false` when there is none.
    fn remove_marketplace(&mut self, scope: &WriteScope, id: MarketplaceId) -> Result<bool, StoreError>;

    /// Adds a listing. Its marketplace exists, its id is new in the tenant, and neither its endpoint nor its slug is
    /// listed on that marketplace yet; else [`StoreError::Conflict`]. It outlives its endpoint, so that the hub can
    /// still be told.
    fn add_listing(&mut self, scope: &WriteScope, listing: &Listing) -> Result<(), StoreError>;
    /// Replaces a listing's state, what is known of its last attempt, and its revision.
    fn update_listing(&mut self, scope: &WriteScope, listing: &Listing) -> Result<(), StoreError>;
    /// Removes a listing. `false` when there is none.
    fn remove_listing(&mut self, scope: &WriteScope, id: ListingId) -> Result<bool, StoreError>;
}

/// Which hubs are trusted, from memory.
pub trait TrustedHubs: Send + Sync {
    /// The hub whose tokens name this issuer.
    fn by_issuer(&self, issuer: &str) -> Option<Arc<Hub>>;
    /// The hub with this id.
    fn by_id(&self, id: HubId) -> Option<Arc<Hub>>;
    /// Every trusted hub, in the order of their issuers.
    fn all(&self) -> Vec<Arc<Hub>>;
}

/// Verifies satellite tokens by the public keys of the hubs that are trusted.
pub trait SatelliteTokens: Send + Sync {
    /// Verifies a token that a caller presents. Whether a tenant owns its audience is for the caller of this to see.
    ///
    /// # Errors
    /// When it is no token of a trusted hub, of its key, form and time.
    fn verify<'a>(
        &'a self,
        token: &'a str,
        now: Timestamp,
    ) -> Pending<'a, Result<SatelliteClaims, SatelliteRefused>>;

    /// Which issuer the tokens of a hub name, that is not trusted yet or may name another by now: a token that it minted is
    /// verified by the keys that it shows at this URL, as each token of a caller would be.
    ///
    /// # Errors
    /// When the token would not be let in, whatever its issuer.
    fn issuer<'a>(
        &'a self,
        url: &'a HubUrl,
        token: &'a str,
        now: Timestamp,
    ) -> Pending<'a, Result<Issuer, SatelliteRefused>>;
}

/// A hub did not do what it was asked to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HubError {
    /// It could not be reached, did not answer in time, or failed.
    #[error("the hub cannot be reached at the moment: {0}")]
    Unavailable(String),
    /// Its name cannot be resolved.
    #[error("the hub cannot be reached at the moment: its name cannot be resolved")]
    Unresolved,
    /// Its address may not be called from here; the text names the setting that would allow it.
    #[error("{0}")]
    NotAllowed(String),
    /// It does not accept the credential; what it said of why.
    #[error("the hub does not accept the credential")]
    Unauthorized(String),
    /// It refused; what it said of why.
    #[error("the hub refused: {0}")]
    Refused(String),
    /// It has no such route or thing.
    #[error("the hub knows no such thing")]
    NotFound,
    /// It answered what no hub answers.
    #[error("the hub's answer cannot be read: {0}")]
    Unreadable(String),
    /// It shows something else under this name, which is not this space's to change.
    #[error(
        "the account has an endpoint {0} on the hub that is not this space's, and stays as it is: remove or rename it there, \
         or give this endpoint another slug"
    )]
    NotOurs(String),
    /// It sends the account's callers to another address, where endpoints are up.
    #[error(
        "the hub sends callers of this account to {0}, where endpoints are up: another space may serve them. To move the \
         account here, change the marketplace with take_over: true"
    )]
    Displaced(String),
    /// The stored credential cannot be opened.
    #[error("the stored credential cannot be opened: give the marketplace a new one")]
    Unsealable,
}

impl HubError {
    /// The reason in the audit log.
    #[must_use]
    pub fn reason_code(&self) -> ReasonCode {
        match self {
            Self::Unavailable(_) | Self::Unresolved => ReasonCode::HubUnavailable,
            Self::NotAllowed(_) => ReasonCode::OutboundNotAllowed,
            Self::Unauthorized(_) => ReasonCode::CredentialRefused,
            Self::Refused(_) | Self::NotOurs(_) | Self::Displaced(_) => ReasonCode::HubRefused,
            Self::NotFound => ReasonCode::HubNotFound,
            Self::Unreadable(_) => ReasonCode::HubUnreadable,
            Self::Unsealable => ReasonCode::CredentialNeedsNewValue,
        }
    }
}

impl HubError {
    /// Whether waiting mends nothing, for the owner of the account, or the space's operator, must do something.
    #[must_use]
    pub fn needs_owner(&self) -> bool {
        match self {
            Self::NotAllowed(_) | Self::Unauthorized(_) | Self::NotFound | Self::Unsealable => true,
            Self::Unavailable(_)
            | Self::Unresolved
            | Self::Refused(_)
            | Self::NotOurs(_)
            | Self::Displaced(_)
            | Self::Unreadable(_) => false,
        }
    }
}

impl From<Unsealable> for HubError {
    fn from(_: Unsealable) -> Self {
        Self::Unsealable
    }
}

/// Whose account on which hub a call is made with.
#[derive(Clone)]
pub struct HubAccess {
    /// Where the hub is.
    pub url: HubUrl,
    /// What proves who we are. Sessions are kept by it: the same credential, the same session.
    pub credential: HubCredential,
}

/// The account that a credential belongs to, as the hub tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubAccount {
    /// Its user id, the `sub` of its tokens.
    pub subject: String,
    /// Its name.
    pub username: HubUsername,
    /// Its address.
    pub email: String,
    /// To which URL the hub sends the callers of its endpoints, where one is set.
    pub domain: Option<String>,
}

/// By what an endpoint on a hub is known as this space's: the address that callers are sent to and the tenant's name there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnMark {
    /// The address, as the hub was told it.
    pub url: String,
    /// The name that callers are to send as `X-Tenant-Name`.
    pub tenant_name: String,
    /// This space's satellite; the address is then the satellite's.
    pub satellite: Option<SatelliteId>,
}

/// Who the bearer of a satellite token is, as the hub tells it. The address is as true as the hub is careful.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubIdentity {
    /// Their name there.
    pub username: HubUsername,
    /// Their address; `None` where what the hub said is no address we could compare.
    pub email: Option<Email>,
    /// As what the token was issued.
    pub role: HubRole,
}

/// What the hub is told of an endpoint. No addresses and no configuration of policies are in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// Its slug.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// One line.
    pub summary: String,
    /// Markdown.
    pub readme: String,
    /// Words and groups of words to find it by. A hub takes as many of them, and as much of each, as it can.
    pub tags: Vec<String>,
    /// The attached policies: type, and a short description for everybody.
    pub policies: Vec<PublishedPolicy>,
    /// The name that callers are to send as `X-Tenant-Name`.
    pub tenant_name: String,
}

/// What the hub is told of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedPolicy {
    /// Its type, such as `access`.
    pub policy_type: String,
    /// What it is, for everybody to read.
    pub description: String,
}

/// What the hub is told of how an endpoint is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthReport {
    /// The slug.
    pub slug: String,
    /// Whether it can be queried.
    pub healthy: bool,
    /// When that was seen.
    pub checked_at: Timestamp,
}

/// A satellite token of our own, to call another space with.
#[derive(Clone)]
pub struct SatelliteToken {
    /// Its text.
    pub token: Secret<String>,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// Speaks to hubs.
pub trait HubClient: Send + Sync {
    /// Whether the hub refused the credential when it was last used, as far as that is remembered.
    fn refusal(&self, access: &HubAccess) -> Option<CredentialRefusal>;

    /// Forgets what failed with a credential: it is tried anew.
    fn forget_failures(&self, access: &HubAccess);

    /// Whose credential it is.
    fn account<'a>(&'a self, access: &'a HubAccess) -> Pending<'a, Result<HubAccount, HubError>>;

    /// Registers this space, reached at `public_url`, as a satellite, or finds it registered. `None` where the hub
    /// knows no satellites.
    fn register_satellite<'a>(
        &'a self,
        access: &'a HubAccess,
        public_url: &'a str,
    ) -> Pending<'a, Result<Option<SatelliteId>, HubError>>;

    /// Takes back the registration of a satellite. One that is gone is no error.
    fn remove_satellite<'a>(
        &'a self,
        access: &'a HubAccess,
        satellite: SatelliteId,
    ) -> Pending<'a, Result<(), HubError>>;

    /// Who the bearer of a token is. [`HubError::Refused`] when the hub says that the token is not valid.
    fn identify<'a>(
        &'a self,
        access: &'a HubAccess,
        satellite: Option<SatelliteId>,
        token: &'a str,
    ) -> Pending<'a, Result<HubIdentity, HubError>>;

    /// Has the hub send callers of the account's endpoints to a URL.
    fn set_domain<'a>(
        &'a self,
        access: &'a HubAccess,
        public_url: &'a str,
    ) -> Pending<'a, Result<(), HubError>>;

    /// Whether an endpoint of the account is up, as the hub sees it.
    fn has_live_endpoints<'a>(&'a self, access: &'a HubAccess) -> Pending<'a, Result<bool, HubError>>;

    /// Shows an endpoint, or changes how it is shown. One that is there under its slug and has not the mark is left as it is:
    /// [`HubError::NotOurs`].
    fn publish<'a>(
        &'a self,
        access: &'a HubAccess,
        mark: &'a OwnMark,
        publication: &'a Publication,
    ) -> Pending<'a, Result<(), HubError>>;

    /// Shows an endpoint no more. One that is not shown is no error; one that has not the mark is left as it is, and none
    /// either.
    fn unpublish<'a>(
        &'a self,
        access: &'a HubAccess,
        mark: &'a OwnMark,
        slug: &'a str,
    ) -> Pending<'a, Result<(), HubError>>;

    /// Says how endpoints are, and for how long that may be believed. Answers how many of them the hub does not know.
    fn report_health<'a>(
        &'a self,
        access: &'a HubAccess,
        satellite: Option<SatelliteId>,
        public_url: &'a str,
        reports: &'a [HealthReport],
        believed_for: Duration,
    ) -> Pending<'a, Result<u64, HubError>>;

    /// A token of this audience, minted now.
    fn mint<'a>(
        &'a self,
        access: &'a HubAccess,
        audience: &'a Audience,
    ) -> Pending<'a, Result<Secret<String>, HubError>>;

    /// A token to call a space of this audience with. It is kept, and renewed ahead of its end; who asks at the same
    /// time gets the same.
    fn satellite_token<'a>(
        &'a self,
        access: &'a HubAccess,
        audience: &'a Audience,
    ) -> Pending<'a, Result<SatelliteToken, HubError>>;
}

/// The identity of a caller could not be learned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentifyError {
    /// The hub says that the token is not valid (any more): its bearer may have been deactivated.
    #[error("the hub does not vouch for the token's bearer: {0}")]
    NotVouchedFor(String),
    /// The hub cannot be asked, and what is remembered is too old. It is asked again after this time.
    #[error("who the caller is cannot be learned from the hub at the moment")]
    Unavailable(HubError, Duration),
}

/// Remembers who the bearers of tokens are, and asks the hub when it does not know.
pub trait SatelliteIdentities: Send + Sync {
    /// Who the bearer of a verified token is, at the tenant's account of this name. `access` is asked for only when the hub
    /// must be asked; what failed with an earlier credential of the account is tried anew.
    ///
    /// # Errors
    /// When that is not to be learned.
    fn identify<'a>(
        &'a self,
        claims: &'a SatelliteClaims,
        token: &'a str,
        account: &'a Marketplace,
        access: &'a (dyn Fn() -> Result<HubAccess, HubError> + Send + Sync),
        now: Timestamp,
    ) -> Pending<'a, Result<HubIdentity, IdentifyError>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f7_waiting_mends_what_a_hub_may_get_over_and_nothing_that_somebody_must_change() {
        let text = || "so".to_owned();
        for somebodys in [HubError::Unauthorized(text()), HubError::NotFound, HubError::Unsealable] {
            assert!(somebodys.needs_owner(), "{somebodys}");
        }
        for its_own in [
            HubError::Unavailable(text()),
            HubError::Unresolved,
            HubError::Refused(text()),
            HubError::NotOurs(text()),
            HubError::Displaced(text()),
            HubError::Unreadable(text()),
        ] {
            assert!(!its_own.needs_owner(), "{its_own}");
        }
    }
}
