//! Looking at the policies of an endpoint, or at some that are not stored yet.

use std::sync::Arc;

use crate::access::Permission;
use crate::endpoint::EndpointName;
use crate::identity::{AuthorizationError, Principal};
use crate::ids::PolicyId;
use crate::policy::lint::{Lint, LintedPolicy, lint};
use crate::policy::reference::Reference;
use crate::policy::unknown_reference::unknown_reference;
use crate::policy::{MAX_ATTACHED, PolicyConfiguration};
use crate::port_error::{PortError, port_errors};
use crate::space::Space;

/// Whose patterns are looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LintTarget {
    /// The policies of an endpoint, as they are stored.
    Endpoint(EndpointName),
    /// These, as if they were attached to one endpoint.
    Policies(Vec<PolicyConfiguration>),
}

/// Nothing was looked at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LintError {
    /// The caller may not do it, or not any more.
    #[error(transparent)]
    Authorization(#[from] AuthorizationError),
    /// There is no such endpoint.
    #[error("there is no such endpoint")]
    NotFound,
    /// One of the policies, by its place, names a group or marketplace that does not exist.
    #[error("there is no {}: make it first", .1.to)]
    UnknownReference(usize, Reference),
    /// Too many policies at once.
    #[error("at most {MAX_ATTACHED} policies are looked at together: an endpoint has no more")]
    TooMany,
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(LintError);

/// Looks at the access policies of an endpoint for patterns that do nothing, or more than anybody meant. It changes nothing, and
/// is done where a store reads: that may take about a second.
///
/// # Errors
/// When there is no such endpoint, there are too many policies or one names a group or marketplace that there is not, the caller's role does not permit it, or not any more, or a
/// port failed.
pub async fn lint_policies(
    space: &Space,
    principal: &Principal,
    target: LintTarget,
) -> Result<Lint, LintError> {
    principal.scope(Permission::WritePolicies)?;
    if matches!(&target, LintTarget::Policies(policies) if policies.len() > MAX_ATTACHED) {
        return Err(LintError::TooMany);
    }
    let snapshot = Arc::clone(principal.snapshot());
    if let LintTarget::Policies(policies) = &target {
        for (index, policy) in policies.iter().enumerate() {
            if let Some(unknown) = unknown_reference(policy, &snapshot) {
                return Err(LintError::UnknownReference(index, unknown.clone()));
            }
        }
    }
    let types = space.policy_types.clone();
    let now = space.clock.now();
    let read = space.read(principal, Permission::WritePolicies, move |view, scope| {
        let policies =
            match target {
                LintTarget::Policies(policies) => (0_u128..).zip(policies).map(unstored).collect(),
                LintTarget::Endpoint(name) => {
                    let endpoint = name.find(view, scope)?.ok_or(LintError::NotFound)?;
                    let mut policies = Vec::new();
                    for attached in view.attachments(scope, Some(endpoint.id))? {
                        let policy = view.policy(scope, attached.policy)?;
                        policies.extend(policy.map(|policy| LintedPolicy {
                            id: policy.id,
                            configuration: policy.configuration,
                        }));
                    }
                    policies
                }
            };
        Ok::<_, LintError>(lint(&types, &policies, snapshot.groups(), snapshot.marketplace_hubs(), now))
    });
    read.await
}

/// A policy that is not stored, which needs an id to be told from the others.
fn unstored((index, configuration): (u128, PolicyConfiguration)) -> LintedPolicy {
    LintedPolicy { id: PolicyId::from_bytes(index.to_be_bytes()), configuration }
}
