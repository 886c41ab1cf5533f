//! Making, changing, reading, removing and attaching policies.

use std::collections::HashSet;

use crate::access::Permission;
use crate::audit::{Action, ObjectKind, RequestContext};
use crate::endpoint::EndpointName;
use crate::identity::{AuthorizationError, Principal};
use crate::ids::{EndpointId, PolicyId};
use crate::page::{Page, PageRequest};
use crate::policy::{Policy, PolicyConfiguration};
use crate::port_error::{PortError, port_errors};
use crate::space::Space;
use crate::unit::{Recorded, check_revision};

/// The most policies that can be attached to one endpoint.
pub const ATTACHED_MAX: usize = 20;

/// A policy is to be made. Its name has passed [`crate::text`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPolicy {
    /// Its name for people.
    pub name: String,
    /// What it demands.
    pub configuration: PolicyConfiguration,
}

/// A policy is to be changed; `None` leaves a part as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChangePolicy {
    /// Its name for people.
    pub name: Option<String>,
    /// What it demands.
    pub configuration: Option<PolicyConfiguration>,
    /// Only if this is still its revision.
    pub if_revision: Option<u64>,
}

/// A policy was not made, changed, read, removed or attached.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// The caller may not do it, or not any more.
    #[error(transparent)]
    Authorization(#[from] AuthorizationError),
    /// There is no such policy.
    #[error("there is no such policy")]
    NotFound,
    /// There is no such endpoint.
    #[error("there is no such endpoint")]
    NoEndpoint,
    /// One of the policies to attach does not exist.
    #[error("{0} is no policy of this tenant")]
    UnknownPolicy(PolicyId),
    /// One of the policies to attach is named twice.
    #[error("the policy {0} is named twice")]
    NamedTwice(PolicyId),
    /// Too many policies at once.
    #[error("an endpoint has at most {ATTACHED_MAX} policies")]
    TooMany,
    /// It has been changed since.
    #[error("it has been changed since; read it again")]
    Changed,
    /// Endpoints use it.
    #[error("the policy is attached to endpoints: detach it first")]
    InUse,
    /// The tenant has as many policies as it may.
    #[error("the tenant has {0} policies, which is all it may have")]
    LimitReached(u64),
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(PolicyError);

/// Makes a policy. It acts nowhere until it is attached.
///
/// # Errors
/// When the tenant is full, the caller's role does not permit it, or a port failed.
pub async fn create_policy(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    wanted: NewPolicy,
) -> Result<Policy, PolicyError> {
    let scope = principal.scope(Permission::WritePolicies)?;
    let policy = Policy {
        id: PolicyId::generate(context.now, &*context.entropy)?,
        name: wanted.name,
        configuration: wanted.configuration,
        revision: 1,
        created_at: context.now,
        updated_at: context.now,
    };
    let event =
        context.event(&scope, Action::ConfigChange, principal.actor())?.on(ObjectKind::Policy, policy.id);
    let limit = principal.snapshot().tenant.limits.policies;
    let authorization = principal.authorize(Permission::WritePolicies, space.clock.now())?;
    space
        .store
        .write(move |tx| {
            let scope = tx.authority(&authorization, &event)?;
            if tx.count_policies(&scope)? >= limit {
                return Err(PolicyError::LimitReached(limit).into());
            }
            tx.add_policy(&scope, &policy)?;
            Ok(Recorded::new(policy.clone(), event.clone()))
        })
        .await
}

/// Changes a policy. It acts on the very next request to each endpoint it is attached to.
///
/// # Errors
/// When there is no such policy or it has been changed since, the caller's role does not permit it, or a port failed.
pub async fn change_policy(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    id: PolicyId,
    change: ChangePolicy,
) -> Result<Policy, PolicyError> {
    let scope = principal.scope(Permission::WritePolicies)?;
    let event = context.event(&scope, Action::ConfigChange, principal.actor())?.on(ObjectKind::Policy, id);
    let now = context.now;
    let authorization = principal.authorize(Permission::WritePolicies, space.clock.now())?;
    space
        .store
        .write(move |tx| {
            let scope = tx.authority(&authorization, &event)?;
            let mut policy = tx.policy(&scope, id)?.ok_or(PolicyError::NotFound)?;
            check_revision(change.if_revision, policy.revision, PolicyError::Changed)?;
            if let Some(name) = &change.name {
                policy.name.clone_from(name);
            }
            if let Some(configuration) = &change.configuration {
                policy.configuration.clone_from(configuration);
            }
            policy.revision += 1;
            policy.updated_at = now;
            tx.update_policy(&scope, &policy)?;
            Ok(Recorded::new(policy, event.clone()))
        })
        .await
}

/// Removes a policy that is attached nowhere.
///
/// # Errors
/// When there is no such policy, it has been changed since or is attached, the caller's role does not permit it, or a
/// port failed.
pub async fn remove_policy(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    id: PolicyId,
    if_revision: Option<u64>,
) -> Result<(), PolicyError> {
    let scope = principal.scope(Permission::WritePolicies)?;
    let event = context.event(&scope, Action::ConfigChange, principal.actor())?.on(ObjectKind::Policy, id);
    let authorization = principal.authorize(Permission::WritePolicies, space.clock.now())?;
    space
        .store
        .write(move |tx| {
            let scope = tx.authority(&authorization, &event)?;
            let policy = tx.policy(&scope, id)?.ok_or(PolicyError::NotFound)?;
            check_revision(if_revision, policy.revision, PolicyError::Changed)?;
            if !tx.endpoints_of_policy(&scope, id)?.is_empty() {
                return Err(PolicyError::InUse.into());
            }
            tx.remove_policy(&scope, id)?;
            Ok(Recorded::new((), event.clone()))
        })
        .await
}

/// One policy.
///
/// # Errors
/// When there is none, the caller's role does not permit it, or a port failed.
pub fn policy(space: &Space, principal: &Principal, id: PolicyId) -> Result<Policy, PolicyError> {
    let scope = principal.scope(Permission::ReadMetadata)?;
    space.store.read()?.policy(&scope, id)?.ok_or(PolicyError::NotFound)
}

/// The tenant's policies.
///
/// # Errors
/// When the caller's role does not permit it, or a port failed.
pub fn policies(
    space: &Space,
    principal: &Principal,
    page: PageRequest<PolicyId>,
) -> Result<Page<Policy, PolicyId>, PolicyError> {
    let scope = principal.scope(Permission::ReadMetadata)?;
    Ok(space.store.read()?.policies(&scope, page)?)
}

/// The policies attached to an endpoint, in order.
///
/// # Errors
/// When there is no such endpoint, the caller's role does not permit it, or a port failed.
pub fn attached(
    space: &Space,
    principal: &Principal,
    endpoint: EndpointId,
) -> Result<Vec<Policy>, PolicyError> {
    let scope = principal.scope(Permission::ReadMetadata)?;
    Ok(space.store.read()?.attached_policies(&scope, endpoint)?)
}

/// Makes these the policies of an endpoint, in this order.
///
/// # Errors
/// When there is no such endpoint or policy, one is named twice, there are too many, the endpoint has been changed since,
/// the caller's role does not permit it, or a port failed.
pub async fn attach(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    name: EndpointName,
    ids: Vec<PolicyId>,
    if_revision: Option<u64>,
) -> Result<Vec<Policy>, PolicyError> {
    let scope = principal.scope(Permission::WritePolicies)?;
    if ids.len() > ATTACHED_MAX {
        return Err(PolicyError::TooMany);
    }
    let mut seen = HashSet::new();
    if let Some(twice) = ids.iter().find(|id| !seen.insert(**id)) {
        return Err(PolicyError::NamedTwice(*twice));
    }
    let event = context.event(&scope, Action::ConfigChange, principal.actor())?;
    let now = context.now;
    let authorization = principal.authorize(Permission::WritePolicies, space.clock.now())?;
    space
        .store
        .write(move |tx| {
            let scope = tx.authority(&authorization, &event)?;
            let mut endpoint = name.find(tx, &scope)?.ok_or(PolicyError::NoEndpoint)?;
            check_revision(if_revision, endpoint.revision, PolicyError::Changed)?;
            for id in &ids {
                if tx.policy(&scope, *id)?.is_none() {
                    return Err(PolicyError::UnknownPolicy(*id).into());
                }
            }
            tx.attach_policies(&scope, endpoint.id, &ids)?;
            endpoint.revision += 1;
            endpoint.updated_at = now;
            tx.update_endpoint(&scope, &endpoint)?;
            let attached = tx.attached_policies(&scope, endpoint.id)?;
            Ok(Recorded::new(attached, event.clone().on(ObjectKind::Endpoint, endpoint.id)))
        })
        .await
}
