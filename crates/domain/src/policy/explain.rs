//! Telling an owner why somebody may, or may not, query an endpoint.

use crate::access::{Permission, may};
use crate::endpoint::EndpointName;
use crate::fault::{Fault, faults};
use crate::identity::{AccountStatus, Email, Forbidden, Principal};
use crate::policy::{AccessRules, Explanation, Subject};
use crate::space::Space;
use crate::store::{StoreError, View};
use crate::tenant::TenantScope;

/// What an owner is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// Whether they may query.
    pub allowed: bool,
    /// Why, as a stable word.
    pub reason_code: &'static str,
    /// What the access policies had to say.
    pub policies: Explanation,
}

/// There is nothing to explain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExplainError {
    /// The caller's role does not permit it.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// There is no such endpoint.
    #[error("there is no such endpoint")]
    NotFound,
    /// A port failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}
faults!(ExplainError);

/// Explains the verdict on somebody's query to an endpoint, step by step, without any effect. Where no access
/// policy is attached it hangs on whether they are a member who may query.
///
/// # Errors
/// Why there is nothing to explain.
pub fn explain(
    space: &Space,
    who: &Principal,
    name: &EndpointName,
    somebody: &Email,
) -> Result<Explained, ExplainError> {
    let scope = who.scope(Permission::WritePolicies)?;
    let mut view = space.store.read()?;
    let endpoint = name.find(&mut *view, &scope)?.ok_or(ExplainError::NotFound)?;
    let rules = AccessRules::compile(&view.attached_policies(&scope, endpoint.id)?);
    let policies = rules.explain(Subject::Identified { email: Some(somebody) });
    if rules.is_empty() {
        let allowed = is_querying_member(&mut *view, &scope, somebody)?;
        let reason_code = if allowed { "member_of_tenant" } else { policies.verdict.reason.as_str() };
        return Ok(Explained { allowed, reason_code, policies });
    }
    let (allowed, reason_code) = (policies.verdict.is_allow(), policies.verdict.reason.as_str());
    Ok(Explained { allowed, reason_code, policies })
}

fn is_querying_member(view: &mut dyn View, scope: &TenantScope, email: &Email) -> Result<bool, StoreError> {
    let Some(account) = view.account_by_email(email)? else { return Ok(false) };
    let active = account.status == AccountStatus::Active;
    let member = view.member(scope, account.id)?.map(|one| one.membership);
    Ok(active
        && member.is_some_and(|one| one.status == AccountStatus::Active && may(one.role, Permission::Query)))
}
