//! The operator says which identity providers a tenant believes.

use crate::audit::{Action, Actor, ChangeCode, Event, ObjectKind, ReasonCode, RequestContext};
use crate::identity::oidc::{ClientId, EmailDomain, GroupRoles, OidcIssuer, OidcProvider, ProviderName};
use crate::ids::OidcProviderId;
use crate::marketplace::{HubCredential, HubSecretError};
use crate::port_error::{PortError, port_errors};
use crate::secret::Secret;
use crate::space::Space;
use crate::store::Flow;
use crate::tenant::{OperatorScope, TenantName, TenantScope, WriteScope};
use crate::unit::Recorded;

/// A provider that is to be believed.
pub struct NewOidcProvider {
    /// Its name in URLs.
    pub name: ProviderName,
    /// What it calls itself.
    pub issuer: OidcIssuer,
    /// What it calls this space.
    pub client_id: ClientId,
    /// What proves to it that this space asks.
    pub client_secret: Option<Secret<String>>,
    /// The domains whose verified addresses join without an invitation.
    pub allowed_domains: Vec<EmailDomain>,
    /// Which of its groups are which role.
    pub groups: Option<GroupRoles>,
}

/// What a tenant believes was not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OidcProviderError {
    /// There is no such tenant.
    #[error("there is no tenant {0}")]
    NoTenant(TenantName),
    /// There is no such provider.
    #[error("there is no such identity provider in this tenant")]
    NotFound,
    /// Another has the name.
    #[error("the tenant has an identity provider {0} already; remove it first")]
    NameTaken(ProviderName),
    /// Another has the issuer.
    #[error("the tenant has an identity provider of this issuer already, {0}; remove it first")]
    IssuerTaken(ProviderName),
    /// The client secret is none.
    #[error("the client secret {0}")]
    Secret(#[from] HubSecretError),
    /// Too many domains or groups are named.
    #[error(
        "at most {} domains and {} groups are named",
        OidcProvider::MAX_DOMAINS,
        OidcProvider::MAX_GROUPS
    )]
    TooMany,
    /// The tenant has as many as it may.
    #[error("the tenant has {} identity providers, which is all it may have", OidcProvider::MAX_PER_TENANT)]
    LimitReached,
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(OidcProviderError);

/// Has a tenant believe a provider. It is not called: a provider that is down can be added too.
///
/// # Errors
/// When there is no such tenant, it has a provider of the name or the issuer, or as many as it may, the client secret is none,
/// or a port failed.
pub async fn add_oidc_provider(
    space: &Space,
    context: &RequestContext,
    operator: &OperatorScope,
    tenant: &TenantName,
    wanted: NewOidcProvider,
) -> Result<OidcProvider, OidcProviderError> {
    let scope = scope(space, operator, tenant).await?;
    let NewOidcProvider { name, issuer, client_id, client_secret, allowed_domains, groups } = wanted;
    let groups_named = groups.as_ref().map_or(0, |groups| groups.roles.len());
    if allowed_domains.len() > OidcProvider::MAX_DOMAINS || groups_named > OidcProvider::MAX_GROUPS {
        return Err(OidcProviderError::TooMany);
    }
    let id = OidcProviderId::generate(context.now, &*context.entropy)?;
    let client_secret = match &client_secret {
        None => None,
        Some(secret) => {
            HubCredential::check_secret(secret)?;
            let plain = Secret::new(secret.expose().clone().into_bytes());
            Some(space.sealer.seal(&scope, &OidcProvider::secret_place(id), &plain)?)
        }
    };
    let provider = OidcProvider {
        tenant: scope.tenant(),
        id,
        name,
        issuer,
        client_id,
        client_secret,
        allowed_domains,
        groups,
        created_at: context.now,
    };
    let event = context.event(&scope, Action::ConfigChange, Actor::Operator)?;
    let event = event.on(ObjectKind::OidcProvider, id).changing(ChangeCode::Created);
    space
        .store
        .write(move |tx| {
            let scope = WriteScope::of_system(&scope);
            let kept = tx.oidc_providers(&scope)?;
            if kept.iter().any(|kept| kept.name == provider.name) {
                return Err(OidcProviderError::NameTaken(provider.name.clone()).into());
            }
            if let Some(kept) = kept.iter().find(|kept| kept.issuer == provider.issuer) {
                return Err(OidcProviderError::IssuerTaken(kept.name.clone()).into());
            }
            if kept.len() >= OidcProvider::MAX_PER_TENANT {
                return Err(OidcProviderError::LimitReached.into());
            }
            tx.add_oidc_provider(&scope, &provider)?;
            Ok(Recorded::new(provider.clone(), event.clone()))
        })
        .await
}

/// Has a tenant believe a provider no more. The sessions that it began end with it.
///
/// # Errors
/// When there is no such tenant or provider, or a port failed.
pub async fn remove_oidc_provider(
    space: &Space,
    context: &RequestContext,
    operator: &OperatorScope,
    tenant: &TenantName,
    name: &ProviderName,
) -> Result<(), OidcProviderError> {
    let scope = scope(space, operator, tenant).await?;
    let event = context.event(&scope, Action::ConfigChange, Actor::Operator)?.changing(ChangeCode::Removed);
    let ended = context.event(&scope, Action::SessionExpired, Actor::Operator)?;
    let ended = Event { reason_code: Some(ReasonCode::ProviderRemoved.into()), ..ended };
    let name = name.clone();
    space
        .store
        .write(move |tx| {
            let scope = WriteScope::of_system(&scope);
            let kept = tx.oidc_providers(&scope)?.into_iter().find(|kept| kept.name == name);
            let id = kept.ok_or(OidcProviderError::NotFound)?.id;
            let sessions = tx.oidc_sessions(&scope, id, None, None)?;
            for (account, session) in &sessions {
                tx.remove_session(&scope, *account, *session)?;
            }
            tx.remove_oidc_provider(&scope, id)?;
            let recorded = Recorded::new((), event.clone().on(ObjectKind::OidcProvider, id));
            let count = u32::try_from(sessions.len()).unwrap_or(u32::MAX);
            if count == 0 {
                return Ok(recorded);
            }
            Ok(recorded.and(Event { count, ..ended.clone() }.on(ObjectKind::OidcProvider, id)))
        })
        .await
}

/// The providers that a tenant believes, in the order of their names.
///
/// # Errors
/// When there is no such tenant, or a port failed.
pub async fn oidc_providers(
    space: &Space,
    operator: &OperatorScope,
    tenant: &TenantName,
) -> Result<Vec<OidcProvider>, OidcProviderError> {
    let scope = scope(space, operator, tenant).await?;
    Ok(space.store.read(Flow::Installation, move |view| view.oidc_providers(&scope)).await?)
}

async fn scope(
    space: &Space,
    operator: &OperatorScope,
    tenant: &TenantName,
) -> Result<TenantScope, OidcProviderError> {
    let name = tenant.clone();
    let found = space.store.read(Flow::Installation, move |view| view.tenant_named(&name)).await?;
    found.map(|id| operator.tenant(id)).ok_or_else(|| OidcProviderError::NoTenant(tenant.clone()))
}
