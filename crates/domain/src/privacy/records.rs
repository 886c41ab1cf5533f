//! What is told of each thing in an export: never a secret, never a hash, and nothing of anybody else.

use serde_json::{Value, json};

use crate::approval::{ApprovalRequest, PromptMessage};
use crate::expectation::Expectation;
use crate::identity::oidc::{SessionAtProvider, Subject};
use crate::identity::{ApiKey, Invitation, LoginRecord, Member, PasswordReset, SecondFactor, Session};
use crate::ids::{AccountId, ActorId, EndpointId, PolicyId};
use crate::ledger::{AccountBalance, Transfer};
use crate::policy::ports::Disclosed;
use crate::policy::{HypotheticalCaller, Policy, RevisionSummary};

pub(super) fn account(member: &Member, factor: Option<&SecondFactor>, codes_left: u64) -> Value {
    json!({
        "id": member.account.to_string(),
        "tenant_id": member.tenant.to_string(),
        "email": member.email.as_str(),
        "role": member.role.as_str(),
        "status": member.status.as_str(),
        "created_at": member.created_at,
        "last_login_at": member.last_login_at,
        "generation": member.generation,
        "revision": member.revision,
        "has_password": member.has_password,
        "short_password": member.short_password,
        "second_factor": factor.map(|factor| json!({
            "confirmed_at": factor.confirmed_at,
            "last_step": factor.last_step,
            "recovery_codes_left": codes_left,
        })),
    })
}

pub(super) fn session(session: &Session, at_provider: Option<&SessionAtProvider>) -> Value {
    json!({
        "id": session.id.to_string(),
        "created_at": session.created_at,
        "last_used_at": session.last_used_at,
        "expires_at": session.expires_at,
        "idle_until": session.idle_until,
        "refreshed_at": session.refresh.rotated.as_ref().map(|rotated| rotated.at),
        "address": session.address.map(|address| address.to_string()),
        "user_agent": session.user_agent,
        "identity_provider": at_provider.map(|at| json!({
            "id": at.provider.to_string(),
            "subject": at.subject.as_str(),
            "sid": at.sid.as_ref().map(Subject::as_str),
        })),
    })
}

pub(super) fn api_key(key: &ApiKey) -> Value {
    json!({
        "id": key.id.to_string(),
        "name": key.name.as_str(),
        "scopes": key.terms.scopes().iter().map(|scope| scope.as_str()).collect::<Vec<_>>(),
        "endpoints": key.terms.endpoints().map(texts),
        "addresses": key.terms.addresses().map(texts),
        "created_at": key.created_at,
        "rotated_at": key.rotated_at,
        "expires_at": key.expires_at,
        "last_used_at": key.last_used_at,
        "previous_secrets_until": key.previous.iter().map(|previous| previous.until).collect::<Vec<_>>(),
    })
}

fn texts<T: ToString>(list: &[T]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

/// `counted` is what the record is about.
pub(super) fn login(record: &LoginRecord, counted: &str) -> Value {
    json!({
        "of": counted,
        "address": record.address.map(|address| address.to_string()),
        "guesses_until": record.guesses_until,
        "logged_in_at": record.logged_in_at,
        "expires_at": record.expires_at(),
    })
}

/// Of an invitation of somebody else it is not told who is invited; of one to the person not by whom.
pub(super) fn invitation(invitation: &Invitation, account: AccountId, is_invited: bool) -> Value {
    json!({
        "id": invitation.id.to_string(),
        "email": is_invited.then(|| invitation.email.as_str()),
        "made_by_you": invitation.invited_by == account,
        "role": invitation.role.as_str(),
        "created_at": invitation.created_at,
        "expires_at": invitation.expires_at,
    })
}

pub(super) fn password_reset(reset: &PasswordReset, account: AccountId) -> Value {
    json!({
        "of_your_password": reset.account == account,
        "made_by_you": reset.made_by == Some(account),
        "created_at": reset.created_at,
        "expires_at": reset.expires_at,
        "generation": (reset.account == account).then_some(reset.generation),
    })
}

pub(super) fn policy(policy: &Policy) -> Value {
    json!({
        "id": policy.id.to_string(),
        "name": policy.name,
        "policy_type": policy.configuration.type_name(),
        "enforcement": policy.enforcement.as_str(),
        "revision": policy.revision,
        "updated_at": policy.updated_at,
    })
}

/// What of a policy's history is about the person: that they made the change, or that it named their address.
pub(super) fn revision(policy: PolicyId, kept: &RevisionSummary, is_own: bool, is_named: bool) -> Value {
    json!({
        "policy_id": policy.to_string(),
        "policy_name": kept.name,
        "policy_type": kept.policy_type,
        "enforcement": kept.enforcement.as_str(),
        "revision": kept.revision,
        "changed_at": kept.changed_at,
        "changed_by_you": is_own,
        "names_your_address": is_named,
        "changes": kept.changes.as_ref().map(ToString::to_string),
        "rolled_back_to": kept.rolled_back_to,
    })
}

pub(super) fn expectation(endpoint: EndpointId, expectation: &Expectation) -> Value {
    let hub_user = match &expectation.caller {
        HypotheticalCaller::Address(_) => Value::Null,
        HypotheticalCaller::HubUser { issuer, subject, role, .. } => {
            json!({ "issuer": issuer.as_str(), "subject": subject, "role": role.as_str() })
        }
    };
    json!({
        "endpoint_id": endpoint.to_string(),
        "hub_user": hub_user,
        "purpose": expectation.purpose.as_ref().map(ToString::to_string),
        "verdict": expectation.verdict.as_str(),
        "note": expectation.note,
    })
}

/// A question that the person asked.
pub(super) fn asked(request: &ApprovalRequest, prompt: Option<&[PromptMessage]>) -> Value {
    json!({
        "id": request.id.to_string(),
        "asked_by_you": true,
        "endpoint_id": request.key.endpoint.to_string(),
        "policy_id": request.key.policy.to_string(),
        "purpose": request.purpose.as_ref().map(ToString::to_string),
        "characters": request.characters,
        "limit": request.extent.as_ref().map(|extent| extent.limit),
        "similarity_threshold": request.extent.as_ref().map(|extent| extent.threshold.get()),
        "context": request.extent.as_ref().map(|extent| extent.context.get()),
        "asked_at": request.asked_at,
        "ends_at": request.ends_at,
        "verdict": request.decided.as_ref().map(|decided| decided.verdict.as_str()),
        "decided_at": request.decided.as_ref().map(|decided| decided.at),
        "note": request.decided.as_ref().map(|decided| decided.note.as_str()),
        "prompt_kept": request.prompt_kept,
        "messages": prompt,
    })
}

/// What the person decided on a question of somebody else, if they did.
pub(super) fn decided(request: &ApprovalRequest, person: ActorId) -> Option<Value> {
    let decided = request.decided.as_ref().filter(|decided| decided.by == person)?;
    Some(json!({
        "id": request.id.to_string(),
        "asked_by_you": false,
        "endpoint_id": request.key.endpoint.to_string(),
        "policy_id": request.key.policy.to_string(),
        "verdict": decided.verdict.as_str(),
        "decided_at": decided.at,
        "note": decided.note.as_str(),
    }))
}

pub(super) fn disclosure(policy: PolicyId, shown: &Disclosed) -> Value {
    json!({
        "policy_id": policy.to_string(),
        "item": hex::encode(shown.item),
        "shown_at": shown.shown_at,
        "amount": shown.amount,
    })
}

pub(super) fn transfer(transfer: &Transfer) -> Value {
    json!({
        "event_id": transfer.key.event.to_string(),
        "policy_id": transfer.key.policy.to_string(),
        "endpoint_id": transfer.endpoint.to_string(),
        "time": transfer.time,
        "period": transfer.span.period.as_str(),
        "period_begins": transfer.span.begins,
        "currency": transfer.currency.as_str(),
        "units": transfer.charged.units,
        "free_units": transfer.charged.free_units,
        "amount": transfer.charged.amount.to_string(),
        "repeats": transfer.repeats,
    })
}

pub(super) fn balance(balance: &AccountBalance) -> Value {
    json!({
        "policy_id": balance.key.policy.to_string(),
        "period": balance.key.span.period.as_str(),
        "period_begins": balance.key.span.begins,
        "currency": balance.key.currency.as_str(),
        "units": balance.balance.units,
        "free_units": balance.balance.free_units,
        "amount": balance.balance.amount.to_string(),
        "brought_forward": {
            "units": balance.brought_forward.units,
            "free_units": balance.brought_forward.free_units,
            "amount": balance.brought_forward.amount.to_string(),
        },
    })
}
