//! Rolling a policy back: a change whose name, configuration and enforcement are those of a kept revision.

use crate::access::Permission;
use crate::audit::{Action, ObjectKind, RequestContext};
use crate::identity::Principal;
use crate::ids::PolicyId;
use crate::policy::manage::apply_change;
use crate::policy::{ChangePolicy, KeptRevision, Policy, PolicyError, PolicyTypes};
use crate::space::Space;
use crate::store::View;
use crate::tenant::TenantScope;
use crate::text::Name;

/// Makes a policy again what it was by a revision, with that revision's name. It is a change like any other: it must fit into what the
/// tenant may have, the groups and marketplaces that it names must be there, today's rules must read it, and it has a revision of its own.
///
/// # Errors
/// When there is no such policy, it has been changed since, the revision is not kept, cannot be read or names a group or marketplace that is gone,
/// the caller's role does not permit it, or a port failed.
pub async fn rollback_policy(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    id: PolicyId,
    revision: u64,
    if_revision: Option<u64>,
) -> Result<Policy, PolicyError> {
    principal.scope(Permission::WritePolicies)?;
    let event = principal.event(context, Action::ConfigChange)?.on(ObjectKind::Policy, id);
    let policy_types = space.policy_types.clone();
    // Read where it may take long. A revision never changes, so it matters not that it may be let go of meanwhile.
    let find = move |view: &mut dyn View, scope: &TenantScope| {
        view.policy_revision(scope, id)?.ok_or(PolicyError::NotFound)?;
        let kept = view.revision(scope, id, revision)?.ok_or(PolicyError::RevisionNotKept(revision))?;
        change_to(&policy_types, kept, if_revision)
    };
    let change = space.read_ahead(principal, Permission::WritePolicies, &event, find).await?;
    let changed = apply_change(space, context, principal, id, change, Some(revision)).await;
    changed.map_err(|error| match error {
        PolicyError::UnknownReference(named) => PolicyError::LostReference(revision, named),
        error => error,
    })
}

/// The change that makes a policy what it was, as today's rules read it.
fn change_to(
    policy_types: &PolicyTypes,
    kept: KeptRevision,
    if_revision: Option<u64>,
) -> Result<ChangePolicy, PolicyError> {
    let KeptRevision { summary, configuration, .. } = kept;
    let unreadable = |why: String| PolicyError::RevisionUnreadable(summary.revision, why);
    let name = Name::parse(&summary.name).map_err(|error| unreadable(error.to_string()))?;
    let enforcement = summary.enforcement;
    let json = configuration.to_value().map_err(|error| unreadable(error.to_string()))?;
    let parsed = policy_types.parse(configuration.type_name(), &json);
    let configuration = parsed.map_err(|error| unreadable(error.to_string()))?;
    let mut change =
        ChangePolicy { name: Some(name), configuration: Some(configuration), ..ChangePolicy::default() };
    if enforcement.is_shadow() {
        policy_types.check_shadow(&summary.policy_type).map_err(unreadable)?;
    }
    (change.enforcement, change.if_revision) = (Some(enforcement), if_revision);
    Ok(change)
}
