//! Making, changing, reading, removing and attaching policies.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use crate::access::Permission;
use crate::approval::ports::ApprovalsOf;
use crate::approval::{Leftover, finish, remove_with, shorten_before, shorten_with};
use crate::audit::{Action, ChangeCode, Changes, Event, ObjectKind, RequestContext};
use crate::endpoint::EndpointName;
use crate::expectation::{Change, ExpectationRefusal, Guard};
use crate::identity::{AuthorizationError, Principal};
use crate::ids::{EndpointId, PolicyId};
use crate::marketplace::{MarketplaceHubs, tell_anew};
use crate::page::{Page, PageRequest, every};
use crate::policy::ports::{Attachment, PolicyUsage};
use crate::policy::reference::{Reference, Referent};
use crate::policy::revisions::keep_revision;
use crate::policy::{ChangePolicy, Enforcement, NewPolicy, Policy, PolicyConfiguration, PolicyTypes, Rule};
use crate::port_error::{PortError, port_errors};
use crate::space::Space;
use crate::store::{Tx, View};
use crate::tenant::{TenantScope, WriteScope};
use crate::unit::{Recorded, check_revision};

/// The most policies that can be attached to one endpoint.
pub const MAX_ATTACHED: usize = 20;

/// The most patterns that the policies of a tenant hold together.
pub const MAX_PATTERNS_PER_TENANT: u64 = 100_000;
/// The most bytes that the configurations of a tenant's policies have together.
pub const MAX_CONFIGURATION_BYTES_PER_TENANT: u64 = 16 * 1024 * 1024;

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
    /// The policy would name a group or marketplace that does not exist.
    #[error("there is no {}: make it first", .0.to)]
    UnknownReference(Reference),
    /// The revision to roll back to names a group or marketplace that does not exist any more.
    #[error("revision {0} names the {what}, which is gone: make it first", what = .1.to)]
    LostReference(u64, Reference),
    /// The revision is not kept of the policy.
    #[error("there is no revision {0} of the policy, or it is not kept any more")]
    RevisionNotKept(u64),
    /// The revision to roll back to is nothing that this version takes.
    #[error("revision {0} cannot be read any more: {1}")]
    RevisionUnreadable(u64, String),
    /// A policy of this type cannot be tried in shadow.
    #[error("{0}")]
    NoShadow(String),
    /// Too many policies at once.
    #[error("an endpoint has at most {MAX_ATTACHED} policies")]
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
    /// The tenant's policies would hold more patterns than they may.
    #[error("the tenant's policies hold {0} patterns; together they may hold {MAX_PATTERNS_PER_TENANT}")]
    PatternLimitReached(u64),
    /// The configurations of the tenant's policies would have more bytes than they may.
    #[error(
        "the configurations of the tenant's policies have {0} bytes; together they may have {MAX_CONFIGURATION_BYTES_PER_TENANT}"
    )]
    ByteLimitReached(u64),
    /// An expectation of an endpoint would be broken, or would be dear to hold.
    #[error(transparent)]
    Expectation(#[from] ExpectationRefusal),
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(PolicyError);

/// Whether a configuration fits beside what a tenant's policies take up, in place of an earlier one.
fn check_usage(
    usage: PolicyUsage,
    before: Option<&PolicyConfiguration>,
    after: &PolicyConfiguration,
) -> Result<(), PolicyError> {
    let (freed_patterns, freed_bytes) =
        before.map_or((0, 0), |configuration| (configuration.patterns(), configuration.bytes()));
    // What takes no more than before is let in, so that a tenant above the limit can come down.
    let patterns = usage.patterns.saturating_sub(freed_patterns).saturating_add(after.patterns());
    if patterns > MAX_PATTERNS_PER_TENANT && after.patterns() > freed_patterns {
        return Err(PolicyError::PatternLimitReached(usage.patterns));
    }
    let bytes = usage.bytes.saturating_sub(freed_bytes).saturating_add(after.bytes());
    if bytes > MAX_CONFIGURATION_BYTES_PER_TENANT && after.bytes() > freed_bytes {
        return Err(PolicyError::ByteLimitReached(usage.bytes));
    }
    Ok(())
}

/// Notes which groups a policy names, as somebody has just written it: none of them goes as long as it does. Nor does a marketplace,
/// whose removal and renaming look through the policies.
fn name_references(
    tx: &mut dyn Tx,
    scope: &WriteScope,
    policy: PolicyId,
    configuration: &PolicyConfiguration,
) -> Result<(), PolicyError> {
    let mut ids = BTreeSet::new();
    let mut hubs = None;
    for named in configuration.references() {
        let unknown = || PolicyError::UnknownReference(named.clone());
        match &named.to {
            Referent::Group(name) => {
                ids.insert(tx.group_named(scope, name)?.ok_or_else(unknown)?.id);
            }
            Referent::Marketplace(name) => {
                if hubs.is_none() {
                    hubs = Some(MarketplaceHubs::of(&every(|page| tx.marketplaces(scope, page))?));
                }
                hubs.as_ref().and_then(|hubs| hubs.hub(name)).ok_or_else(unknown)?;
            }
        }
    }
    let ids: Vec<_> = ids.into_iter().collect();
    Ok(tx.set_groups_of_policy(scope, policy, &ids)?)
}

/// Refuses to have a policy in shadow that is of a type that cannot be tried.
fn check_shadow(types: &PolicyTypes, name: &str, enforcement: Enforcement) -> Result<(), PolicyError> {
    match enforcement {
        Enforcement::Enforce => Ok(()),
        Enforcement::Shadow => types.check_shadow(name).map_err(PolicyError::NoShadow),
    }
}

/// What a change to this is called.
fn told_as(enforcement: Enforcement) -> ChangeCode {
    match enforcement {
        Enforcement::Enforce => ChangeCode::Enforced,
        Enforcement::Shadow => ChangeCode::PutInShadow,
    }
}

/// Makes a policy. It acts nowhere until it is attached.
///
/// # Errors
/// When the tenant is full, the policy names a group or marketplace that there is not or cannot be in shadow, the caller's role does not permit it, or a port failed.
pub async fn create_policy(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    wanted: NewPolicy,
) -> Result<Policy, PolicyError> {
    principal.scope(Permission::WritePolicies)?;
    check_shadow(&space.policy_types, wanted.configuration.type_name(), wanted.enforcement)?;
    let policy = Policy {
        id: PolicyId::generate(context.now, &*context.entropy)?,
        name: wanted.name.into(),
        configuration: wanted.configuration,
        enforcement: wanted.enforcement,
        revision: 1,
        created_at: context.now,
        updated_at: context.now,
    };
    let mut changes = Changes::from(ChangeCode::Created);
    if policy.enforcement.is_shadow() {
        changes.note(ChangeCode::PutInShadow);
    }
    space.policy_types.note_changes(None, &policy.configuration, &mut changes);
    let event = principal.event(context, Action::ConfigChange)?.on(ObjectKind::Policy, policy.id);
    let event = event.changing(changes).of_policy(policy.id, policy.revision);
    let limit = principal.snapshot().tenant.limits.policies;
    let authorization = principal.authorize(Permission::WritePolicies, space.clock.now())?;
    space
        .store
        .write(move |tx| {
            let scope = tx.authority(&authorization, &event)?;
            if tx.count_policies(&scope)? >= limit {
                return Err(PolicyError::LimitReached(limit).into());
            }
            check_usage(tx.policy_usage(&scope)?, None, &policy.configuration)?;
            tx.add_policy(&scope, &policy)?;
            name_references(tx, &scope, policy.id, &policy.configuration)?;
            keep_revision(tx, &scope, &policy, &event, None)?;
            Ok(Recorded::new(policy.clone(), event.clone()))
        })
        .await
}

/// Changes a policy. It acts on the very next request to each endpoint it is attached to.
///
/// # Errors
/// When there is no such policy, it has been changed since or would name a group or marketplace that there is not, an expectation of an endpoint
/// would be broken, the caller's role does not permit it, or a port failed.
pub async fn change_policy(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    id: PolicyId,
    change: ChangePolicy,
) -> Result<Policy, PolicyError> {
    apply_change(space, context, principal, id, change, None).await
}

/// Changes a policy, by a caller's own words or as a revision has it that it is rolled back to.
pub(super) async fn apply_change(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    id: PolicyId,
    change: ChangePolicy,
    rolled_back_to: Option<u64>,
) -> Result<Policy, PolicyError> {
    let scope = principal.scope(Permission::WritePolicies)?;
    let event = principal.event(context, Action::ConfigChange)?.on(ObjectKind::Policy, id);
    // What changes nothing is no revision, and is told by its event alone.
    let wanted = change.clone();
    let unchanged = space.read_ahead(principal, Permission::WritePolicies, &event, move |view, scope| {
        let policy = view.policy(scope, id)?;
        Ok::<_, PolicyError>(policy.filter(|policy| wanted.is_fulfilled_by(policy)))
    });
    if let Some(policy) = unchanged.await? {
        let event = event.of_policy(id, policy.revision);
        space.record::<PolicyError>(principal, Permission::WritePolicies, event)?.await?;
        return Ok(policy);
    }
    // Compiled by a reader, for that may take long, and kept until the unit has been committed, so that the writer need not.
    let compiled = match change.configuration.clone() {
        Some(configuration) => {
            let policy_types = space.policy_types.clone();
            let compile = move |_: &mut dyn View, _: &TenantScope| {
                Ok::<_, PolicyError>(policy_types.compile(&configuration).ok())
            };
            space.read_ahead(principal, Permission::WritePolicies, &event, compile).await?
        }
        None => None,
    };
    loop {
        let event = principal.event(context, Action::ConfigChange)?.on(ObjectKind::Policy, id);
        let changed =
            change_once(space, (principal, &scope), event, id, change.clone(), rolled_back_to).await?;
        if let Some((policy, leftover)) = changed {
            drop(compiled);
            finish(space, &scope, leftover).await;
            return Ok(policy);
        }
    }
}

/// Changes the policy, unless so much of what was decided under it has yet to end under the terms that it has that it is left to the next
/// unit. Answers of what was decided more has to end under its new terms.
async fn change_once(
    space: &Space,
    (principal, scope): (&Principal, &TenantScope),
    event: Event,
    id: PolicyId,
    change: ChangePolicy,
    rolled_back_to: Option<u64>,
) -> Result<Option<(Policy, Option<Leftover>)>, PolicyError> {
    let now = event.time;
    let authorization = principal.authorize(Permission::WritePolicies, space.clock.now())?;
    let policy_types = space.policy_types.clone();
    let wanted = change.clone();
    let foresee = move |view: &mut dyn View, scope: &TenantScope| {
        Ok(view.policy(scope, id)?.and_then(|policy| wanted.decisive(&policy)))
    };
    Guard::of(space, principal)
        .write(space, scope, foresee, move |tx, guard| {
            let scope = tx.authority(&guard.renewed(&authorization), &event)?;
            let mut policy = tx.policy(&scope, id)?.ok_or(PolicyError::NotFound)?;
            check_revision(change.if_revision, policy.revision, PolicyError::Changed)?;
            if let Some(event) = shorten_before(tx, &scope, &policy, &event)? {
                return Ok(Recorded::new(None, event));
            }
            let decisive = change.decisive(&policy);
            let watch = decisive.map(|decisive| guard.watch(tx, &scope, &decisive)).transpose()?;
            let mut changes = rolled_back_to.map_or_else(Changes::default, |_| ChangeCode::RolledBack.into());
            if let Some(name) = &change.name {
                changes.replace(ChangeCode::ChangedName, &mut policy.name, name.clone().into());
            }
            if let Some(configuration) = &change.configuration {
                let usage = tx.policy_usage(&scope)?;
                check_usage(usage, Some(&policy.configuration), configuration)?;
                policy_types.note_changes(Some(&policy.configuration), configuration, &mut changes);
                policy.configuration.clone_from(configuration);
                name_references(tx, &scope, id, configuration)?;
            }
            if let Some(enforcement) = change.enforcement.filter(|wanted| *wanted != policy.enforcement) {
                check_shadow(&policy_types, policy.configuration.type_name(), enforcement)?;
                changes.replace(told_as(enforcement), &mut policy.enforcement, enforcement);
                // As if it were attached, or taken off: what hubs were told of is more or less by it.
                for endpoint in tx.endpoints_of_policy(&scope, id)? {
                    tell_anew(tx, &scope, endpoint, now)?;
                }
            }
            policy.revision += 1;
            policy.updated_at = now;
            tx.update_policy(&scope, &policy)?;
            if let Some(watch) = watch {
                watch.check::<PolicyError>(tx, &scope, &event)?;
            }
            let event = event.clone().changing(changes).of_policy(id, policy.revision);
            keep_revision(tx, &scope, &policy, &event, rolled_back_to)?;
            let leftover = shorten_with(tx, &scope, &policy)?;
            Ok(Recorded::new(Some((policy, leftover)), event))
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
    let event = principal.event(context, Action::ConfigChange)?.on(ObjectKind::Policy, id);
    let authorization = principal.authorize(Permission::WritePolicies, space.clock.now())?;
    let removed = space.store.write(move |tx| {
        let scope = tx.authority(&authorization, &event)?;
        let policy = tx.policy(&scope, id)?.ok_or(PolicyError::NotFound)?;
        check_revision(if_revision, policy.revision, PolicyError::Changed)?;
        if !tx.endpoints_of_policy(&scope, id)?.is_empty() {
            return Err(PolicyError::InUse.into());
        }
        tx.remove_policy(&scope, id)?;
        let leftover = remove_with(tx, &scope, ApprovalsOf::Policy(id))?;
        let event = event.clone().of_policy(id, policy.revision);
        Ok(Recorded::new(leftover, event.changing(ChangeCode::Removed)))
    });
    let leftover: Result<_, PolicyError> = removed.await;
    finish(space, &scope, leftover?).await;
    Ok(())
}

/// One policy.
///
/// # Errors
/// When there is none, the caller's role does not permit it, or a port failed.
pub async fn policy(space: &Space, principal: &Principal, id: PolicyId) -> Result<Policy, PolicyError> {
    let find =
        move |view: &mut dyn View, scope: &TenantScope| view.policy(scope, id)?.ok_or(PolicyError::NotFound);
    space.read(principal, Permission::ReadMetadata, find).await
}

/// The tenant's policies.
///
/// # Errors
/// When the caller's role does not permit it, or a port failed.
pub async fn policies(
    space: &Space,
    principal: &Principal,
    page: PageRequest<PolicyId>,
) -> Result<Page<Policy, PolicyId>, PolicyError> {
    space.read(principal, Permission::ReadMetadata, move |view, scope| Ok(view.policies(scope, page)?)).await
}

/// The policies attached to an endpoint, in order.
///
/// # Errors
/// When there is no such endpoint, the caller's role does not permit it, or a port failed.
pub async fn attached(
    space: &Space,
    principal: &Principal,
    endpoint: EndpointId,
) -> Result<Vec<Attachment>, PolicyError> {
    space
        .read(principal, Permission::ReadMetadata, move |view, scope| {
            Ok(view.attachments(scope, Some(endpoint))?)
        })
        .await
}

/// Makes these the policies of an endpoint, in this order.
///
/// # Errors
/// When there is no such endpoint or policy, one is named twice, there are too many, the endpoint has been changed since, one of its
/// expectations would be broken, the caller's role does not permit it, or a port failed.
pub async fn attach(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    name: EndpointName,
    ids: Vec<PolicyId>,
    if_revision: Option<u64>,
) -> Result<Vec<Attachment>, PolicyError> {
    principal.scope(Permission::WritePolicies)?;
    if ids.len() > MAX_ATTACHED {
        return Err(PolicyError::TooMany);
    }
    let mut seen = HashSet::new();
    if let Some(twice) = ids.iter().find(|id| !seen.insert(**id)) {
        return Err(PolicyError::NamedTwice(*twice));
    }
    let event = principal.event(context, Action::ConfigChange)?;
    let now = context.now;
    // Compiled here, and kept until the unit has been committed, so that the writer need not.
    let compile = compiling(space.policy_types.clone(), ids.clone());
    let compiled = space.read_ahead(principal, Permission::WritePolicies, &event, compile).await?;
    let authorization = principal.authorize(Permission::WritePolicies, space.clock.now())?;
    let guard = Guard::of(space, principal).alone();
    space
        .store
        .write(move |tx| {
            let _held = &compiled;
            let scope = tx.authority(&authorization, &event)?;
            let mut endpoint = name.find(tx, &scope)?.ok_or(PolicyError::NoEndpoint)?;
            check_revision(if_revision, endpoint.revision, PolicyError::Changed)?;
            let watch = guard.watch(tx, &scope, &Change::Endpoint(endpoint.id))?;
            let before = tx.attachments(&scope, Some(endpoint.id))?;
            if let Err(error) = tx.attach_policies(&scope, endpoint.id, &ids) {
                // Looked for only now, for a configuration may be large.
                for id in &ids {
                    if tx.policy(&scope, *id)?.is_none() {
                        return Err(PolicyError::UnknownPolicy(*id).into());
                    }
                }
                return Err(error.into());
            }
            endpoint.revision += 1;
            endpoint.updated_at = now;
            tx.update_endpoint(&scope, &endpoint)?;
            tell_anew(tx, &scope, endpoint.id, now)?;
            let attached = tx.attachments(&scope, Some(endpoint.id))?;
            let event = event.clone().on(ObjectKind::Endpoint, endpoint.id);
            watch.check::<PolicyError>(tx, &scope, &event)?;
            Ok(Recorded::new(attached, event.changing(changed_attachments(&before, &ids))))
        })
        .await
}

/// What becomes of an endpoint's policies: at most [`MAX_ATTACHED`] of each.
fn changed_attachments(before: &[Attachment], after: &[PolicyId]) -> Changes {
    let before: Vec<PolicyId> = before.iter().map(|attachment| attachment.policy).collect();
    let kept = before.iter().filter(|id| after.contains(id));
    let order = after.iter().filter(|id| before.contains(id));
    let told = [
        (ChangeCode::PoliciesAdded, order.clone().count() < after.len()),
        (ChangeCode::PoliciesRemoved, kept.clone().count() < before.len()),
        (ChangeCode::PoliciesReordered, !kept.eq(order)),
    ];
    told.into_iter()
        .filter(|(_, is_so)| *is_so)
        .fold(Changes::default(), |changes, (code, _)| changes.and(code))
}

/// The rules of those policies that there are and that can be read. They are compiled where they are read, on the store's
/// readers: that may take long.
fn compiling(
    policy_types: PolicyTypes,
    ids: Vec<PolicyId>,
) -> impl FnOnce(&mut dyn View, &TenantScope) -> Result<Vec<Arc<dyn Rule>>, PolicyError> {
    move |view, scope| {
        let mut rules = Vec::with_capacity(ids.len());
        for id in ids {
            let policy = view.policy(scope, id)?;
            rules.extend(policy.and_then(|policy| policy_types.compile(&policy.configuration).ok()));
        }
        Ok(rules)
    }
}
