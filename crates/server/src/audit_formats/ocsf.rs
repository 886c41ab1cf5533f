//! The Open Cybersecurity Schema Framework, 1.5.0. What it has no field for stands below `unmapped`.

use serde_json::{Value, json};
use syft_space_domain::audit::{Action, Actor, Event, Log, Outcome, RecordedEvent, RecordedReason};

use super::{actor_id, concerned, log_name, rest, says, without_nulls};

/// The version of the schema.
const VERSION: &str = "1.5.0";

/// A class of events.
struct Class {
    uid: u32,
    name: &'static str,
    category: (u32, &'static str),
}

const IAM: (u32, &str) = (3, "Identity & Access Management");
const ACCOUNT_CHANGE: Class = Class { uid: 3001, name: "Account Change", category: IAM };
const AUTHENTICATION: Class = Class { uid: 3002, name: "Authentication", category: IAM };
const AUTHORIZE_SESSION: Class = Class { uid: 3003, name: "Authorize Session", category: IAM };
const USER_ACCESS: Class = Class { uid: 3005, name: "User Access Management", category: IAM };
const API_ACTIVITY: Class = Class { uid: 6003, name: "API Activity", category: (6, "Application Activity") };

/// What was done, by its number in the class and its name.
type Activity = (u32, &'static str);

const OTHER: Activity = (99, "Other");

/// The class of an event, and what was done.
fn classify(event: &Event) -> (Class, Activity) {
    match event.action {
        Action::UserCreated => (ACCOUNT_CHANGE, (1, "Create")),
        Action::UserDeleted => (ACCOUNT_CHANGE, (6, "Delete")),
        Action::AuthnPasswordChange if says(event, "password_reset") => {
            (ACCOUNT_CHANGE, (4, "Password Reset"))
        }
        Action::AuthnPasswordChange | Action::AuthnPasswordChangeFail => {
            (ACCOUNT_CHANGE, (3, "Password Change"))
        }
        Action::AuthnFactorChange if says(event, "confirmed") => (ACCOUNT_CHANGE, (10, "MFA Factor Enable")),
        Action::AuthnFactorChange if says(event, "removed") => (ACCOUNT_CHANGE, (11, "MFA Factor Disable")),
        Action::AuthnFactorChange | Action::AuthnFactorChangeFail => (ACCOUNT_CHANGE, OTHER),
        Action::PrivilegePermissionsChanged if says(event, "member_disabled") => {
            (ACCOUNT_CHANGE, (5, "Disable"))
        }
        Action::PrivilegePermissionsChanged if says(event, "member_enabled") => {
            (ACCOUNT_CHANGE, (2, "Enable"))
        }
        Action::PrivilegePermissionsChanged => (USER_ACCESS, (1, "Assign Privileges")),
        Action::AuthnLoginSuccess | Action::AuthnLoginFail => (AUTHENTICATION, (1, "Logon")),
        Action::SessionExpired => (AUTHENTICATION, (2, "Logoff")),
        Action::SessionRenewed | Action::AuthnTokenReuse | Action::AuthnTokenFail => {
            (AUTHENTICATION, (3, "Authentication Ticket"))
        }
        Action::AuthzFail => (AUTHORIZE_SESSION, OTHER),
        Action::AuthnTokenCreated | Action::SensitiveCreate => (API_ACTIVITY, (1, "Create")),
        Action::AuthnTokenRevoked | Action::SensitiveDelete | Action::TenantDeleted => {
            (API_ACTIVITY, (4, "Delete"))
        }
        Action::SensitiveRead | Action::EndpointQuery | Action::PolicyViolation => {
            (API_ACTIVITY, (2, "Read"))
        }
        Action::ConfigChange if says(event, "created") => (API_ACTIVITY, (1, "Create")),
        Action::ConfigChange if says(event, "removed") => (API_ACTIVITY, (4, "Delete")),
        Action::ConfigChange => (API_ACTIVITY, (3, "Update")),
        Action::AccessReviewed
        | Action::AuditIntegrityFail
        | Action::Detection
        | Action::ExcessRateLimitExceeded
        | Action::SysStartup
        | Action::SysShutdown => (API_ACTIVITY, OTHER),
    }
}

fn severity(event: &Event) -> (u32, &'static str) {
    match (event.action, event.outcome) {
        (Action::AuditIntegrityFail, _) => (5, "Critical"),
        (Action::AuthnTokenReuse | Action::Detection, _) => (4, "High"),
        (_, Outcome::Success) => (1, "Informational"),
        (_, Outcome::Denied) => (2, "Low"),
        (_, Outcome::Failure) => (3, "Medium"),
    }
}

/// A user by the id that the log has, or by the name of what is no user.
fn user(id: Option<String>, actor: &Actor) -> Value {
    match id {
        Some(id) => json!({ "uid": id, "type_id": 1, "type": "User" }),
        None => json!({ "name": actor.kind(), "type_id": 99, "type": actor.kind() }),
    }
}

/// The role that somebody has by the event, or what else was changed of their rights.
fn privilege(reason: Option<&str>) -> &str {
    let reason = reason.unwrap_or("unchanged");
    reason.rsplit_once("_to_").map_or(reason, |(_, role)| role)
}

pub(super) fn event(recorded: &RecordedEvent) -> Value {
    let RecordedEvent { seq, event, .. } = recorded;
    let (class, (activity_id, activity_name)) = classify(event);
    let (severity_id, severity) = severity(event);
    let reason = event.reason_code.as_ref().map(RecordedReason::as_str);
    let is_done = event.outcome == Outcome::Success;
    let source = event.person.address.map_or_else(
        || json!({ "name": if event.actor == Actor::Operator { "control socket" } else { "unknown" } }),
        |address| json!({ "ip": address }),
    );
    let tenant = match event.log {
        Log::Installation => None,
        Log::Tenant(tenant) => Some(tenant),
    };
    let mut told = json!({
        "category_uid": class.category.0, "category_name": class.category.1, "class_uid": class.uid,
        "class_name": class.name, "activity_id": activity_id, "activity_name": activity_name,
        "type_uid": class.uid.saturating_mul(100).saturating_add(activity_id),
        "type_name": format!("{}: {activity_name}", class.name),
        // Milliseconds since 1970.
        "time": event.time.as_unix_micros().div_euclid(1_000),
        "severity_id": severity_id, "severity": severity,
        "status_id": if is_done { 1 } else { 2 }, "status": if is_done { "Success" } else { "Failure" },
        "status_detail": reason, "message": event.action, "count": event.count,
        "metadata": {
            "version": VERSION, "product": { "name": "Syft Space", "version": env!("CARGO_PKG_VERSION") },
            "uid": event.id, "sequence": seq, "log_name": log_name(event), "event_code": event.action,
            "correlation_uid": event.request, "tenant_uid": tenant,
        },
        "actor": { "user": user(actor_id(&event.actor), &event.actor) },
        "src_endpoint": source,
        "http_request": event.person.user_agent.as_ref().map(|agent| json!({ "user_agent": agent })),
        "unmapped": rest(recorded),
    });
    let extra = match class.uid {
        3001 | 3002 | 3003 | 3005 => {
            let mut whom = user(concerned(event), &event.actor);
            if let (Some(email), Some(whom)) = (&event.person.email, whom.as_object_mut()) {
                whom.insert("email_addr".to_owned(), json!(email));
            }
            match class.uid {
                3002 => json!({ "user": whom, "service": { "name": "syft-space" } }),
                // What was not allowed.
                3003 => {
                    let wanted = event.object.as_ref().map_or("unknown", |object| object.id.as_str());
                    json!({ "user": whom, "privileges": [wanted] })
                }
                3005 => json!({ "user": whom, "privileges": [privilege(reason)] }),
                _ => json!({ "user": whom }),
            }
        }
        _ => json!({
            "api": {
                "operation": event.action, "service": { "name": "syft-space" },
                "request": event.request.map(|id| json!({ "uid": id })),
            },
            "resources": event.object.as_ref().map(|object| json!([{ "uid": object.id, "type": object.kind }])),
        }),
    };
    if let (Some(told), Value::Object(extra)) = (told.as_object_mut(), extra) {
        told.extend(extra);
    }
    without_nulls(told)
}
