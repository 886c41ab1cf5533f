//! Telling an owner why somebody may, or may not, query an endpoint.

use crate::access::{Permission, may};
use crate::endpoint::EndpointName;
use crate::identity::{AccountStatus, AuthorizationError, Email, Principal};
use crate::marketplace::{HubRole, Issuer};
use crate::policy::{AccessRules, Explanation, Subject};
use crate::port_error::{PortError, port_errors};
use crate::space::Space;
use crate::store::{StoreError, View};
use crate::tenant::TenantScope;

/// Whose query is explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HypotheticalCaller {
    /// Whoever has this address.
    Address(Email),
    /// A user of a hub. Where a policy hangs on their address, it must be said: nobody is asked for it.
    HubUser {
        /// The hub.
        issuer: Issuer,
        /// What they are there.
        role: HubRole,
        /// Their address there.
        email: Option<Email>,
    },
}

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
    /// The caller may not do it, or not any more.
    #[error(transparent)]
    Authorization(#[from] AuthorizationError),
    /// There is no such endpoint.
    #[error("there is no such endpoint")]
    NotFound,
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(ExplainError);

/// Explains the verdict on somebody's query to an endpoint, step by step, without any effect. Where no access
/// policy is attached it hangs on whether they are a member who may query.
///
/// # Errors
/// Why there is nothing to explain.
pub fn explain(
    space: &Space,
    principal: &Principal,
    name: &EndpointName,
    somebody: &HypotheticalCaller,
) -> Result<Explained, ExplainError> {
    let scope = principal.scope(Permission::WritePolicies)?;
    let mut view = space.store.read()?;
    let endpoint = name.find(&mut *view, &scope)?.ok_or(ExplainError::NotFound)?;
    let rules = AccessRules::compile(&view.attached_policies(&scope, endpoint.id)?);
    let policies = rules.explain(match somebody {
        HypotheticalCaller::HubUser { role: HubRole::Guest, .. } => Subject::Guest,
        HypotheticalCaller::HubUser { email, .. } => Subject::Identified { email: email.as_ref() },
        HypotheticalCaller::Address(email) => Subject::Identified { email: Some(email) },
    });
    let by_policies = (policies.verdict.is_allow(), policies.verdict.reason.as_str());
    let (allowed, reason_code) = match somebody {
        HypotheticalCaller::Address(email) if rules.is_empty() => {
            if is_querying_member(&mut *view, &scope, email)? {
                (true, "member_of_tenant")
            } else {
                by_policies
            }
        }
        HypotheticalCaller::HubUser { issuer, .. } if !is_on(space, principal, issuer) => {
            (false, "hub_not_registered")
        }
        HypotheticalCaller::HubUser { .. } if !endpoint.published => (false, "endpoint_draft"),
        HypotheticalCaller::HubUser { .. } if rules.is_empty() => (false, policies.verdict.reason.as_str()),
        HypotheticalCaller::Address(_) | HypotheticalCaller::HubUser { .. } => by_policies,
    };
    Ok(Explained { allowed, reason_code, policies })
}

/// Whether the tenant has an account on the hub of this issuer: without one no token of that hub is made out to it.
fn is_on(space: &Space, principal: &Principal, issuer: &Issuer) -> bool {
    let hub = space.trusted.by_issuer(issuer.as_str());
    hub.is_some_and(|hub| principal.snapshot().marketplaces().any(|one| one.hub == hub.id))
}

fn is_querying_member(view: &mut dyn View, scope: &TenantScope, email: &Email) -> Result<bool, StoreError> {
    let Some(account) = view.account_by_email(email)? else { return Ok(false) };
    let active = account.status == AccountStatus::Active;
    let member = view.member(scope, account.id)?.map(|one| one.membership);
    Ok(active
        && member.is_some_and(|one| one.status == AccountStatus::Active && may(one.role, Permission::Query)))
}
