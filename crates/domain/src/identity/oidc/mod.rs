//! Signing in by OpenID Connect: who somebody is, by the word of their organisation's identity provider.
//!
//! The operator says which providers a tenant believes. Whoever one of them has identified is its issuer and its subject
//! together, never an e-mail address: an address that the provider has verified opens an account once, where the person was
//! invited or the operator lets the domain in.

mod configure;
mod enter;
mod error;
mod finish;
mod logout;
pub mod ports;
mod provider;
mod provider_logouts;
mod remembered;
mod start;

pub use configure::{
    NewOidcProvider, OidcProviderError, add_oidc_provider, oidc_providers, remove_oidc_provider,
};
pub use error::{SignInError, SignInRefusal};
pub use finish::{ProviderAnswer, finish_sign_in};
pub use logout::{LogoutError, log_out_by_provider};
pub use provider::{
    ClaimName, ClientId, EmailDomain, Group, GroupRoles, OidcIssuer, OidcNameError, OidcProvider,
    ProviderName, SessionAtProvider, Subject,
};
pub use provider_logouts::ProviderLogouts;
pub use start::{StartedSignIn, start_sign_in};
