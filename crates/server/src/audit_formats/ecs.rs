//! The Elastic Common Schema, 8. What it has no field for stands below `syft_space`.

use serde_json::{Value, json};
use syft_space_domain::audit::{Action, Event, Log, ObjectKind, Outcome, RecordedEvent, RecordedReason};

use super::{actor_id, log_name, rest, says, without_nulls};

pub(super) fn event(recorded: &RecordedEvent) -> Value {
    let RecordedEvent { seq, event, .. } = recorded;
    let (category, mut types) = kind(event);
    if event.outcome == Outcome::Denied && category == "api" {
        types.push("denied");
    }
    let target = event.object.as_ref().filter(|object| object.kind == ObjectKind::Member);
    let tenant = match event.log {
        Log::Installation => None,
        Log::Tenant(tenant) => Some(tenant),
    };
    without_nulls(json!({
        "@timestamp": event.time,
        "ecs": { "version": "8.17.0" },
        "event": {
            "id": event.id, "kind": "event", "category": [category], "type": types, "action": event.action,
            // Whatever was not done is a failure here.
            "outcome": if event.outcome == Outcome::Success { "success" } else { "failure" },
            "reason": event.reason_code.as_ref().map(RecordedReason::as_str), "sequence": seq,
            "module": "syft_space", "dataset": "syft_space.audit", "provider": log_name(event),
        },
        "organization": tenant.map(|id| json!({ "id": id })),
        "service": { "name": "syft-space", "type": "syft-space" },
        "user": {
            "id": actor_id(&event.actor), "name": (event.actor.id().is_none()).then(|| event.actor.kind()),
            "roles": event.actor.role().map(|role| [role]), "email": event.person.email,
            "target": target.map(|member| json!({ "id": member.id })),
        },
        "source": event.person.address.map(|address| json!({ "ip": address })),
        "user_agent": event.person.user_agent.as_ref().map(|agent| json!({ "original": agent })),
        "http": event.request.map(|id| json!({ "request": { "id": id } })),
        "syft_space": { "audit": rest(recorded), "count": event.count },
    }))
}

/// The category, and the types within it.
fn kind(event: &Event) -> (&'static str, Vec<&'static str>) {
    match event.action {
        Action::AuthnLoginSuccess | Action::AuthnLoginFail => ("authentication", vec!["start"]),
        Action::SessionExpired => ("authentication", vec!["end"]),
        Action::SessionRenewed | Action::AuthnTokenReuse | Action::AuthnTokenFail => {
            ("authentication", vec!["info"])
        }
        Action::UserCreated => ("iam", vec!["user", "creation"]),
        Action::UserDeleted => ("iam", vec!["user", "deletion"]),
        Action::AuthnPasswordChange
        | Action::AuthnPasswordChangeFail
        | Action::AuthnFactorChange
        | Action::AuthnFactorChangeFail
        | Action::PrivilegePermissionsChanged => ("iam", vec!["user", "change"]),
        Action::AuthnTokenCreated => ("iam", vec!["admin", "creation"]),
        Action::AuthnTokenRevoked => ("iam", vec!["admin", "deletion"]),
        Action::AccessReviewed => ("iam", vec!["admin", "info"]),
        Action::ConfigChange if says(event, "created") => ("configuration", vec!["creation"]),
        Action::TenantDeleted => ("configuration", vec!["deletion"]),
        Action::ConfigChange if says(event, "removed") => ("configuration", vec!["deletion"]),
        Action::ConfigChange => ("configuration", vec!["change"]),
        Action::SensitiveCreate => ("api", vec!["creation"]),
        Action::SensitiveDelete => ("api", vec!["deletion"]),
        Action::SensitiveRead | Action::EndpointQuery | Action::PolicyViolation | Action::AuthzFail => {
            ("api", vec!["access"])
        }
        Action::ExcessRateLimitExceeded => ("api", vec!["info"]),
        Action::AuditIntegrityFail | Action::Detection => ("intrusion_detection", vec!["info"]),
        Action::SysStartup => ("process", vec!["start"]),
        Action::SysShutdown => ("process", vec!["end"]),
    }
}
