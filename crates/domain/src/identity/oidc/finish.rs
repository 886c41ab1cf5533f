//! Finishing to sign in: what a provider answered by way of a browser begins a session.

use crate::audit::RequestContext;
use crate::identity::oidc::enter::enter;
use crate::identity::oidc::error::SignInError;
use crate::identity::oidc::ports::{AuthorizationResponse, OidcError};
use crate::identity::oidc::remembered::Remembered;
use crate::identity::oidc::start::find_provider;
use crate::identity::oidc::{OidcProvider, ProviderName};
use crate::identity::{LoggedIn, address_prefix};
use crate::secret::Secret;
use crate::space::Space;
use crate::tenant::{TenantName, TenantScope};

/// What came back from a provider by way of a browser. Nothing of it is believed.
pub struct ProviderAnswer {
    /// What the browser kept.
    pub remembered: Option<Secret<String>>,
    /// Which request it answers.
    pub state: Option<Secret<String>>,
    /// What the provider's word is had for.
    pub code: Option<Secret<String>>,
    /// Who the provider says that it is (RFC 9207).
    pub issuer: Option<String>,
    /// Whether it says that it did not sign the person in.
    pub is_error: bool,
}

/// The longest code that is handed on to a provider.
const MAX_CODE_BYTES: usize = 2_048;

/// Finishes to sign somebody in. Who they are is the provider's issuer and the subject that it names. Who was never here gets an
/// account where they were invited at an address that the provider has verified, or the operator lets its domain in. Who has
/// logged out at the provider since the sign-in began does not come in.
///
/// # Errors
/// When the browser has begun no such sign-in, the provider has not signed the person in or cannot be asked, the person may not
/// come in, or a port failed.
pub async fn finish_sign_in(
    space: &Space,
    context: &RequestContext,
    tenant: &TenantName,
    provider: &ProviderName,
    answer: ProviderAnswer,
) -> Result<LoggedIn, SignInError> {
    let (tenant, provider) = find_provider(space, tenant, provider).await?;
    let scope = TenantScope::of(tenant.id);
    let (Some(text), Some(state)) = (&answer.remembered, &answer.state) else {
        return Err(SignInError::Unknown);
    };
    let now = space.clock.now();
    let remembered = Remembered::open(text.expose(), space, &scope, provider.id, state.expose(), now)
        .ok_or(SignInError::Unknown)?;
    if answer.is_error {
        return Err(SignInError::Denied);
    }
    let code =
        answer.code.filter(|code| code.expose().len() <= MAX_CODE_BYTES).ok_or(SignInError::Unknown)?;
    let client = context.origin.address.map(address_prefix);
    let secret = client_secret(space, &scope, &provider)?;
    let response = AuthorizationResponse { code, issuer: answer.issuer, client };
    let identity = space.oidc.redeem(&provider, secret.as_ref(), &remembered.request, &response, now).await?;
    enter(space, context, (tenant, provider), identity, remembered.begun_at()).await
}

/// Opens the client secret, where there is one.
fn client_secret(
    space: &Space,
    scope: &TenantScope,
    provider: &OidcProvider,
) -> Result<Option<Secret<String>>, SignInError> {
    let Some(sealed) = &provider.client_secret else { return Ok(None) };
    let opened = space.sealer.open(scope, &OidcProvider::secret_place(provider.id), sealed).ok();
    let text = opened.and_then(|plain| String::from_utf8(plain.expose().clone()).ok());
    // It needs a new value: the operator removes the provider and adds it again.
    let text = text.ok_or(SignInError::Provider(OidcError::Unavailable))?;
    Ok(Some(Secret::new(text)))
}
