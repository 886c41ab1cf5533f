//! The refusals of registering, changing, reading and removing a marketplace.

use crate::expectation::ExpectationRefusal;
use crate::identity::AuthorizationError;
use crate::ids::PolicyId;
use crate::marketplace::ports::HubError;
use crate::marketplace::{HubUrl, HubUsername, Issuer, Marketplace};
use crate::policy::told_policies;
use crate::port_error::{PortError, port_errors};

/// A marketplace was not registered, changed, read or removed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MarketplaceError {
    /// The caller may not do it, or not any more.
    #[error(transparent)]
    Authorization(#[from] AuthorizationError),
    /// There is no such marketplace.
    #[error("there is no such marketplace")]
    NotFound,
    /// Another marketplace has the name.
    #[error("there is a marketplace of this name already; choose another name")]
    NameTaken,
    /// It has been changed since.
    #[error("the marketplace has been changed since; read it again")]
    Changed,
    /// Policies name it.
    #[error("policies name the marketplace: {}; take it out of them first", told_policies(.0))]
    InUse(Vec<(PolicyId, String)>),
    /// Datasets ask other spaces as the account there.
    #[error("datasets ask other spaces as this account: remove them first ({})", .0.join(", "))]
    AskedAs(Vec<String>),
    /// The tenant has as many marketplaces as it may.
    #[error("the tenant has {} marketplaces, which is all it may have", Marketplace::MAX_PER_TENANT)]
    LimitReached,
    /// An expectation of an endpoint would be broken.
    #[error(transparent)]
    Expectation(#[from] ExpectationRefusal),
    /// The issuer is tied to another URL. Which one is the operator's to say.
    #[error(
        "the issuer {0} is trusted at another URL; ask the operator of this space which one, or give the hub's own issuer"
    )]
    IssuerUrlMismatch(Issuer),
    /// The hub's tokens name another issuer than was given.
    #[error(
        "the tokens of this hub name {found} as their issuer, not {given}: send issuer {found}, or leave it out"
    )]
    IssuerMismatch {
        /// The issuer that was given.
        given: Issuer,
        /// The issuer that a token of the hub named.
        found: Issuer,
    },
    /// The hub's tokens have come to name another issuer than the one that is trusted.
    #[error(
        "the tokens of this hub name {found} as their issuer by now, and {trusted} is trusted: remove the marketplace and \
         register it again"
    )]
    IssuerMoved {
        /// The issuer that is trusted.
        trusted: Issuer,
        /// The issuer that a token of the hub named.
        found: Issuer,
    },
    /// Which issuer the hub's tokens name cannot be learned, for it mints none for this account.
    #[error(
        "the hub mints no token for this account, so what its tokens name as their issuer cannot be checked: {0}"
    )]
    NoToken(HubError),
    /// The same, for the hub mints tokens for satellites alone, and the space's address is not known.
    #[error(
        "the hub mints no token for this account before the space is registered there, for which the space's operator says \
         where others reach it"
    )]
    NoPublicUrl,
    /// The issuer is unknown, and registration is open.
    #[error("the hub at {url} is not trusted here")]
    HubNotTrusted {
        /// The issuer that was given, or that a token of the hub named.
        issuer: Option<Issuer>,
        /// The URL that was given.
        url: HubUrl,
    },
    /// The credential is another account's.
    #[error(
        "the credential is {found}'s, not {given}'s: leave username out, or send the credential of {given}"
    )]
    UsernameMismatch {
        /// The name that was given.
        given: HubUsername,
        /// Whose the credential is, by the hub's word; for a marketplace that there is, whose it must be.
        found: HubUsername,
    },
    /// Another marketplace has the account or its satellite.
    #[error(
        "this account on the hub, or its satellite, is registered here already: an account serves one tenant, once"
    )]
    AudienceTaken,
    /// Callers could not be sent here.
    #[error("nobody would know where to send callers: the space's operator says where others reach it")]
    NoAddress,
    /// The account's endpoints are up at another address.
    #[error(
        "the hub sends callers of this account to {0}, where endpoints are up: another space may serve them, and would be cut \
         off. Register another account, or send take_over: true to move this one here"
    )]
    ServedElsewhere(String),
    /// Its address may not be called, or its name cannot be resolved. Which, and where the name leads to, is the operator's
    /// to know: else anybody could have the names of the network behind this space looked up.
    #[error(
        "{0} cannot be called from here: its name cannot be resolved, or it is in a private network or of plain HTTP, and the \
         operator has not allowed it; the server's log says which"
    )]
    NotCallable(HubUrl),
    /// What is there is no hub.
    #[error(
        "there is no hub at {0}, for nobody there knows what each hub does. Write the address without a path, as https://host \
         or https://host:port"
    )]
    NoHub(HubUrl),
    /// The hub did not do what it was asked to; nothing was stored.
    #[error(transparent)]
    Hub(#[from] HubError),
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(MarketplaceError);

impl MarketplaceError {
    /// The error of the first call to a hub: what knows no such route is none.
    pub(super) fn at(url: &HubUrl) -> impl Fn(HubError) -> Self {
        |error| match error {
            HubError::NotFound => Self::NoHub(url.clone()),
            HubError::NotAllowed(_) | HubError::Unresolved => Self::NotCallable(url.clone()),
            error => Self::Hub(error),
        }
    }
}
