//! Starting to sign in: where to send a person, and what their browser keeps meanwhile.

use std::time::Duration;

use crate::identity::oidc::error::SignInError;
use crate::identity::oidc::ports::Prompt;
use crate::identity::oidc::remembered::Remembered;
use crate::identity::oidc::{OidcProvider, ProviderName};
use crate::secret::Secret;
use crate::space::Space;
use crate::store::Flow;
use crate::tenant::{Tenant, TenantName, TenantScope};

/// A sign-in that has begun.
pub struct StartedSignIn {
    /// Where to send the person.
    pub url: String,
    /// What their browser keeps, and shows to nobody but this space.
    pub remembered: Secret<String>,
    /// For how long.
    pub lifetime: Duration,
}

/// Starts to sign somebody in by a provider of a tenant, which sends them back to the `redirect_uri`: one of this provider's own
/// (RFC 9700, section 4.4.2.2).
///
/// # Errors
/// When there is no such provider, it cannot be asked, or a port failed.
pub async fn start_sign_in(
    space: &Space,
    tenant: &TenantName,
    provider: &ProviderName,
    redirect_uri: String,
    prompt: Prompt,
) -> Result<StartedSignIn, SignInError> {
    let (tenant, provider) = find_provider(space, tenant, provider).await?;
    let remembered = Remembered::generate(space, provider.id, redirect_uri)?;
    let url = space.oidc.authorization_url(&provider, &remembered.request, prompt).await?;
    let sealed = remembered.seal(space, &TenantScope::of(tenant.id))?;
    Ok(StartedSignIn { url, remembered: Secret::new(sealed), lifetime: Remembered::LIFETIME })
}

/// A tenant and one of its providers, by their names.
pub(super) async fn find_provider(
    space: &Space,
    tenant: &TenantName,
    provider: &ProviderName,
) -> Result<(Tenant, OidcProvider), SignInError> {
    let (tenant, provider) = (tenant.clone(), provider.clone());
    let found = space.store.read(Flow::Installation, move |view| {
        let Some(tenant) = view.tenant_named(&tenant)? else { return Ok(None) };
        let scope = TenantScope::of(tenant);
        let known = view.oidc_providers(&scope)?.into_iter().find(|known| known.name == provider);
        Ok::<_, SignInError>(view.tenant(&scope)?.zip(known))
    });
    found.await?.ok_or(SignInError::NotFound)
}
