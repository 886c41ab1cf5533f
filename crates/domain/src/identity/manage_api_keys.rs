//! Making, showing, rotating and revoking API keys.

use std::sync::Arc;
use std::time::Duration;

use crate::access::{Permission, PrincipalKind};
use crate::as_text::named_enum;
use crate::audit::{Action, ChangeCode, Event, ObjectKind, RequestContext, UsedKey};
use crate::endpoint::EndpointName;
use crate::identity::{
    ApiKey, AuthorizationError, ClientNet, Forbidden, IdempotencyKey, KeySecret, KeyTerms, KeyTermsError,
    Principal, RequestMark, TooManySecrets,
};
use crate::ids::{AccountId, ApiKeyId, EndpointId};
use crate::page::{Page, PageItem, PageRequest, every};
use crate::port_error::{PortError, port_errors};
use crate::secret::{Secret, TokenHash};
use crate::space::Space;
use crate::store::{StoreError, Tx, View};
use crate::tenant::{TenantScope, WriteScope};
use crate::text::Name;
use crate::time::Timestamp;
use crate::unit::{Abort, Recorded, Refused};

/// A key is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewApiKey {
    /// What its holder calls it.
    pub name: Name,
    /// Which of the holder's permissions it has.
    pub scopes: Vec<Permission>,
    /// For which endpoints; `None` for all.
    pub endpoints: Option<Vec<EndpointName>>,
    /// From where; `None` for everywhere.
    pub addresses: Option<Vec<ClientNet>>,
    /// When it ends; `None` after [`ApiKey::DEFAULT_LIFETIME`], or the tenant's maximum if that is shorter.
    pub expires_at: Option<Timestamp>,
    /// What the request is marked with.
    pub idempotency: Option<IdempotencyKey>,
}

/// A key is to have another secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RotateApiKey {
    /// How long the secrets of before work on.
    pub overlap: Duration,
    /// What the request is marked with.
    pub idempotency: Option<IdempotencyKey>,
}

/// A key as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyState {
    /// The key.
    pub key: ApiKey,
    /// How many days a key of its tenant lives at most.
    pub max_days: u32,
    /// The present time.
    pub now: Timestamp,
}

named_enum! {
    /// Whether a key works.
    pub enum KeyStanding {
        /// It works, and goes on for some time.
        Works = "works",
        /// It works, and ends soon.
        Due = "due",
        /// It has ended.
        Ended = "ended",
    }
}

/// A key that was made or rotated.
pub struct IssuedApiKey {
    /// The key.
    pub state: ApiKeyState,
    /// Its text, which nobody is shown again. `None` where the request had been answered before.
    pub text: Option<Secret<String>>,
}

/// Nothing was done with a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiKeyError {
    /// The caller may not do it, or not any more.
    #[error(transparent)]
    Authorization(#[from] AuthorizationError),
    /// There is no such key, for this caller.
    #[error("there is no such API key")]
    NotFound,
    /// No key may have these terms.
    #[error(transparent)]
    Terms(#[from] KeyTermsError),
    /// The holder does not have a permission that the key is to have.
    #[error("your role does not hold {0}, so no key of yours can")]
    ScopeNotYours(Permission),
    /// The key is for an endpoint that is not there, for this caller.
    #[error("endpoints names what is no endpoint of this tenant")]
    NoEndpoint,
    /// It would end before it begins.
    #[error("expires_at is over already")]
    ExpiresInPast,
    /// It would live longer than a key of this tenant may.
    #[error("a key of this tenant lives for {0} days at most: choose an earlier expires_at")]
    ExpiresTooLate(u32),
    /// The account has as many living keys as it may.
    #[error("the account has {0} living API keys, which is all it may have: revoke one first")]
    LimitReached(usize),
    /// The key has expired.
    #[error("the API key has expired: make another")]
    Expired,
    /// So many of its secrets work still that it can have no other.
    #[error(transparent)]
    TooManySecrets(#[from] TooManySecrets),
    /// The mark stands for another request.
    #[error("this Idempotency-Key was sent with another request; use a new one for each")]
    OtherRequest,
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(ApiKeyError);

impl PageItem for ApiKeyState {
    fn bytes(&self) -> usize {
        self.key.bytes()
    }
}

impl ApiKeyState {
    /// Whether it works, for so far as it hangs on the key.
    #[must_use]
    pub fn standing(&self) -> KeyStanding {
        if self.key.ends_at(self.max_days) <= self.now {
            return KeyStanding::Ended;
        }
        if self.key.is_due(self.max_days, self.now) { KeyStanding::Due } else { KeyStanding::Works }
    }

    fn of(key: ApiKey, principal: &Principal, now: Timestamp) -> Self {
        Self { key, max_days: principal.snapshot().tenant.max_key_days, now }
    }
}

/// The keys that a caller may see: an Owner those of the tenant, everybody else their own.
///
/// # Errors
/// When the caller has no account, or not any more, or a port failed.
pub async fn api_keys(
    space: &Space,
    principal: &Principal,
    page: PageRequest<ApiKeyId>,
) -> Result<Page<ApiKeyState, ApiKeyId>, ApiKeyError> {
    let (permission, of) = reach(principal)?;
    let read =
        move |view: &mut dyn View, scope: &TenantScope| Ok::<_, ApiKeyError>(view.api_keys(scope, of, page)?);
    let Page { items, next } = space.read(principal, permission, read).await?;
    let now = space.clock.now();
    let items = items.into_iter().map(|key| ApiKeyState::of(key, principal, now)).collect();
    Ok(Page { items, next })
}

/// One key that the caller may see.
///
/// # Errors
/// When there is none, the caller has no account, or not any more, or a port failed.
pub async fn api_key(space: &Space, principal: &Principal, id: ApiKeyId) -> Result<ApiKeyState, ApiKeyError> {
    let (permission, of) = reach(principal)?;
    let read = move |view: &mut dyn View, scope: &TenantScope| {
        let key = view.api_key(scope, id)?.filter(|key| is_within(key, of));
        key.ok_or(ApiKeyError::NotFound)
    };
    let key = space.read(principal, permission, read).await?;
    Ok(ApiKeyState::of(key, principal, space.clock.now()))
}

/// Makes a key of the caller's.
///
/// # Errors
/// When the terms are none that the caller's key may have, it would live too long, the account has as many as it may, the
/// mark stands for another request, or a port failed.
pub async fn create_api_key(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    wanted: NewApiKey,
) -> Result<IssuedApiKey, ApiKeyError> {
    principal.scope(Permission::OwnAccount)?;
    let holder = principal.member(Permission::OwnAccount)?.account;
    // Whoever has to enrol first holds nothing that a key could have, whatever their role.
    let kind = principal.kind();
    let must_enrol = matches!(kind, PrincipalKind::WithoutSecondFactor(_));
    let created_by = wanted.idempotency.as_ref().map(|mark| mark.mark(&told(&wanted)));
    let now = space.clock.now();
    let secret = KeySecret::generate(&*context.entropy)?;
    let id = ApiKeyId::generate(now, &*context.entropy)?;
    let drafted = draft(principal, holder, wanted, now, (id, secret.hash()));
    // What was answered before is answered again, whatever became of its terms: so a marked request is looked up first.
    let drafted = match drafted {
        Err(error) if created_by.is_none() && !must_enrol => return Err(error),
        drafted => drafted.map(|key| ApiKey { created_by, ..key }),
    };
    let event = principal.event(context, Action::AuthnTokenCreated)?;
    let authorization = principal.authorize(Permission::OwnAccount, now)?;
    let issued = space.store.write(move |tx| {
        let scope = tx.authority(&authorization, &event)?;
        if must_enrol {
            let error = AuthorizationError::from(Forbidden { kind, permission: Permission::OwnAccount });
            let event = error.denied(event.clone());
            return Err(Refused::new(ApiKeyError::from(error), event).into());
        }
        let (ended, living) = keys_of(tx, &scope, holder, now)?;
        let mut all = living.iter().chain(&ended);
        if let Some(known) = all.find(|known| same_mark(known.created_by, created_by)) {
            return repeated(known, known.created_by == created_by, &event);
        }
        let key = drafted.clone()?;
        if living.len() >= ApiKey::MAX_PER_ACCOUNT {
            return Err(ApiKeyError::LimitReached(living.len()).into());
        }
        // Those that have ended are kept for whoever looks for them, while there is room.
        if living.len().saturating_add(ended.len()) >= ApiKey::MAX_PER_ACCOUNT {
            for key in &ended {
                tx.remove_api_key(&scope, key.id)?;
            }
        }
        tx.put_api_key(&scope, &key)?;
        let event = about_key(event.clone(), &key).changing(ChangeCode::Created);
        Ok(Recorded::new((key, false), event))
    });
    let (key, is_repeated) = issued.await?;
    let text = secret.present(key.tenant, key.id);
    Ok(issue(principal, key, now, (!is_repeated).then_some(text)))
}

/// The key that is asked for, if it may be had now.
fn draft(
    principal: &Principal,
    holder: AccountId,
    wanted: NewApiKey,
    now: Timestamp,
    (id, secret): (ApiKeyId, TokenHash),
) -> Result<ApiKey, ApiKeyError> {
    let tenant = &principal.snapshot().tenant;
    let endpoints = wanted.endpoints.as_deref().map(|names| endpoint_ids(principal, names)).transpose()?;
    let terms = KeyTerms::new(wanted.scopes, endpoints, wanted.addresses)?;
    if let Some(scope) = terms.scopes().iter().find(|scope| !principal.may(**scope)) {
        return Err(ApiKeyError::ScopeNotYours(*scope));
    }
    let mut key = ApiKey {
        id,
        tenant: tenant.id,
        account: holder,
        name: wanted.name,
        terms,
        secret,
        previous: Vec::new(),
        created_at: now,
        rotated_at: now,
        expires_at: wanted.expires_at.unwrap_or_else(|| now.plus(ApiKey::DEFAULT_LIFETIME)),
        last_used_at: None,
        created_by: None,
        rotated_by: None,
    };
    match wanted.expires_at {
        None => key.expires_at = key.ends_at(tenant.max_key_days),
        Some(expires_at) if expires_at <= now => return Err(ApiKeyError::ExpiresInPast),
        Some(expires_at) if key.ends_at(tenant.max_key_days) < expires_at => {
            return Err(ApiKeyError::ExpiresTooLate(tenant.max_key_days));
        }
        Some(_) => {}
    }
    Ok(key)
}

/// Gives a key of the caller's another secret. An Owner does not do it for others: whoever has the secret acts as the holder.
///
/// # Errors
/// When the caller has no such key, it has expired, too many of its secrets work still, the mark stands for another request,
/// or a port failed.
pub async fn rotate_api_key(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    id: ApiKeyId,
    wanted: RotateApiKey,
) -> Result<IssuedApiKey, ApiKeyError> {
    principal.scope(Permission::OwnAccount)?;
    let holder = principal.member(Permission::OwnAccount)?.account;
    let secret = KeySecret::generate(&*context.entropy)?;
    let hash = secret.hash();
    let RotateApiKey { overlap, idempotency } = wanted;
    let rotated_by = idempotency.map(|mark| mark.mark(&overlap.as_micros().to_be_bytes()));
    let event = principal.event(context, Action::AuthnTokenCreated)?.on(ObjectKind::ApiKey, id);
    let clock = Arc::clone(&space.clock);
    let authorization = principal.authorize(Permission::OwnAccount, clock.now())?;
    let rotated = space.store.write(move |tx| {
        let scope = tx.authority(&authorization, &event)?;
        let found = tx.api_key(&scope, id)?.filter(|key| key.account == holder);
        let mut key = found.ok_or(ApiKeyError::NotFound)?;
        if same_mark(key.rotated_by, rotated_by) {
            return repeated(&key, key.rotated_by == rotated_by, &event);
        }
        // Of now, and of nothing before: of many rotations at once each replaces what the one before it made.
        let (now, max_days) = (clock.now(), max_days(tx, &scope)?);
        if key.ends_at(max_days) <= now {
            return Err(ApiKeyError::Expired.into());
        }
        key.rotate(hash, overlap, max_days, now).map_err(ApiKeyError::from)?;
        key.rotated_by = rotated_by;
        tx.put_api_key(&scope, &key)?;
        let event = about_key(event.clone(), &key).changing(ChangeCode::Rotated);
        Ok(Recorded::new((key, false), event))
    });
    let (key, is_repeated) = rotated.await?;
    let text = secret.present(key.tenant, key.id);
    Ok(issue(principal, key, space.clock.now(), (!is_repeated).then_some(text)))
}

/// Revokes a key that the caller may see.
///
/// # Errors
/// When there is none, the caller has no account, or not any more, or a port failed.
pub async fn revoke_api_key(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    id: ApiKeyId,
) -> Result<(), ApiKeyError> {
    let (permission, of) = reach(principal)?;
    let event = principal.event(context, Action::AuthnTokenRevoked)?.on(ObjectKind::ApiKey, id);
    let authorization = principal.authorize(permission, space.clock.now())?;
    space
        .store
        .write(move |tx| {
            let scope = tx.authority(&authorization, &event)?;
            let found = tx.api_key(&scope, id)?.filter(|key| is_within(key, of));
            let key = found.ok_or(ApiKeyError::NotFound)?;
            tx.remove_api_key(&scope, id)?;
            Ok(Recorded::new((), about_key(event.clone(), &key).changing(ChangeCode::Removed)))
        })
        .await
}

/// Whose keys a caller may see, and by which permission: those of everybody (`None`), or of one account.
fn reach(principal: &Principal) -> Result<(Permission, Option<AccountId>), AuthorizationError> {
    if principal.may(Permission::ManageTenant) {
        return Ok((Permission::ManageTenant, None));
    }
    let own = principal.member(Permission::OwnAccount)?.account;
    Ok((Permission::OwnAccount, Some(own)))
}

fn is_within(key: &ApiKey, of: Option<AccountId>) -> bool {
    of.is_none_or(|account| key.account == account)
}

/// The ids of endpoints that a key is to be for. One that the caller may not know of is none.
fn endpoint_ids(principal: &Principal, names: &[EndpointName]) -> Result<Vec<EndpointId>, ApiKeyError> {
    let (snapshot, caller) = (principal.snapshot(), principal.caller(None));
    let knows_all = principal.may(Permission::ReadMetadata);
    let find = |name: &EndpointName| {
        let found = snapshot.endpoint_named(name);
        found.filter(|endpoint| knows_all || endpoint.is_visible(&caller)).map(|endpoint| endpoint.id)
    };
    names.iter().map(|name| find(name).ok_or(ApiKeyError::NoEndpoint)).collect()
}

/// What a request for a key says, to be compared with one that bears the same mark.
fn told(wanted: &NewApiKey) -> Vec<u8> {
    let NewApiKey { name, scopes, endpoints, addresses, expires_at, idempotency: _ } = wanted;
    format!("{name:?} {scopes:?} {endpoints:?} {addresses:?} {expires_at:?}").into_bytes()
}

fn same_mark(known: Option<RequestMark>, sent: Option<RequestMark>) -> bool {
    known.zip(sent).is_some_and(|(known, sent)| known.key == sent.key)
}

/// A request that was answered before is answered with the key as it is now, without its secret, which nobody has kept.
fn repeated(
    key: &ApiKey,
    is_same: bool,
    event: &Event,
) -> Result<Recorded<(ApiKey, bool)>, Abort<ApiKeyError>> {
    if !is_same {
        return Err(ApiKeyError::OtherRequest.into());
    }
    Ok(Recorded::new((key.clone(), true), about_key(event.clone(), key).changing(ChangeCode::Repeated)))
}

/// Names a key that it was done to, by its id and by what it is called then.
pub(super) fn about_key(event: Event, key: &ApiKey) -> Event {
    let mut event = event.on(ObjectKind::ApiKey, key.id);
    event.person.api_key = Some(UsedKey { id: key.id, name: key.name.clone() });
    event
}

fn max_days(tx: &mut dyn Tx, scope: &WriteScope) -> Result<u32, StoreError> {
    let tenant = tx.tenant(scope)?;
    tenant.map(|tenant| tenant.max_key_days).ok_or_else(|| StoreError::failed("the tenant is gone"))
}

/// An account's keys: those that have ended, and those that live.
fn keys_of(
    tx: &mut dyn Tx,
    scope: &WriteScope,
    account: AccountId,
    now: Timestamp,
) -> Result<(Vec<ApiKey>, Vec<ApiKey>), StoreError> {
    let max_days = max_days(tx, scope)?;
    let keys = every(|page| tx.api_keys(scope, Some(account), page))?;
    Ok(keys.into_iter().partition(|key| key.ends_at(max_days) <= now))
}

fn issue(principal: &Principal, key: ApiKey, now: Timestamp, text: Option<Secret<String>>) -> IssuedApiKey {
    IssuedApiKey { state: ApiKeyState::of(key, principal, now), text }
}
