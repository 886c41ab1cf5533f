//! Every action with every outcome, in every form. The program of others that reads what is written here is in
//! `tools/audit-export`.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use syft_space_domain::access::Role;
use syft_space_domain::audit::{
    Action, Actor, Event, Log, Object, ObjectKind, Outcome, Person, RecordedEvent, RecordedReason,
};
use syft_space_domain::ids::{AccountId, ActorId, EventId, PolicyId, RequestId, TenantId};
use syft_space_domain::marketplace::HubRole;
use syft_space_domain::policy::PolicyRevision;
use syft_space_domain::time::Timestamp;

use super::says;
use crate::audit_formats::form::ExportFormat;
use crate::routes::audit_proofs::ExportedEvent;

const FORMATS: [(ExportFormat, &str); 4] = [
    (ExportFormat::Jsonl, "jsonl"),
    (ExportFormat::Ocsf, "ocsf"),
    (ExportFormat::Ecs, "ecs"),
    (ExportFormat::Cloudevents, "cloudevents"),
];

/// Events of every action, with every outcome, by everybody, of a tenant and of the installation.
fn events() -> Vec<RecordedEvent> {
    let account = Actor::Account { id: AccountId::from_bytes([4; 16]), role: Some(Role::User) };
    let guest = Actor::HubUser { id: ActorId::from_bytes([5; 16]), role: HubRole::Guest };
    let actors = [Actor::Anonymous, Actor::System, Actor::Operator, account, guest];
    let reasons =
        [None, Some("created"), Some("removed"), Some("role_user_to_admin"), Some("member_disabled")];
    let mut events = Vec::new();
    for action in Action::ALL {
        for outcome in Outcome::ALL {
            for (n, (actor, reason)) in actors.into_iter().zip(reasons).enumerate() {
                let seq = u64::try_from(events.len() + 1).unwrap();
                let object = (n > 0).then(|| match n {
                    1 => Object::new(ObjectKind::Member, AccountId::from_bytes([6; 16])),
                    _ => Object::new(ObjectKind::Route, "POST /api/v1/endpoints"),
                });
                let person = match n {
                    3 => Person {
                        address: Some([192, 0, 2, 1].into()),
                        email: Some("a@b.example".to_owned()),
                        user_agent: Some("curl/8".to_owned()),
                        ..Person::default()
                    },
                    _ => Person::default(),
                };
                let event = Event {
                    id: EventId::from_bytes([u8::try_from(n).unwrap(); 16]),
                    salt: [3; 16],
                    log: if n == 2 { Log::Installation } else { Log::Tenant(TenantId::from_bytes([1; 16])) },
                    time: Timestamp::from_unix_micros(1_764_000_000_123_456),
                    action,
                    outcome,
                    actor,
                    object,
                    reason_code: reason.map(|reason| RecordedReason::from_stored(reason.to_owned())),
                    request: (n > 1).then(|| RequestId::from_bytes([7; 16])),
                    count: 1,
                    policy: (n == 4)
                        .then(|| PolicyRevision { id: PolicyId::from_bytes([8; 16]), revision: 2 }),
                    person,
                };
                let person_commitment = Person::commitment(&event.salt, &event.person.canonical());
                events.push(RecordedEvent { seq, event, person_commitment });
            }
        }
    }
    events
}

#[test]
fn u1_every_event_is_told_in_every_form() {
    let folder = std::env::var_os("SYFT_SPACE_WRITE_EXPORTS").map(PathBuf::from);
    let mut classes = BTreeSet::new();
    for (format, name) in FORMATS {
        let mut lines = String::new();
        for recorded in events() {
            let line = format.line(ExportedEvent::from(recorded.clone())).unwrap();
            assert!(!line.contains('\n'));
            let told: serde_json::Value = serde_json::from_str(&line).unwrap();
            let place = match format {
                ExportFormat::Jsonl => "/seq",
                ExportFormat::Ocsf => "/metadata/sequence",
                ExportFormat::Ecs => "/event/sequence",
                ExportFormat::Cloudevents => "/data/seq",
            };
            assert_eq!(told.pointer(place), Some(&recorded.seq.into()), "{line}");
            classes.extend(told["class_uid"].as_u64());
            lines.push_str(&line);
            lines.push('\n');
        }
        if let Some(folder) = &folder {
            fs::write(folder.join(format!("{name}.jsonl")), lines).unwrap();
        }
    }
    assert_eq!(classes, BTreeSet::from([3001, 3002, 3003, 3005, 6003]));
}

#[test]
fn u1_a_word_of_a_reason_is_found_among_others() {
    let mut event = events().pop().unwrap().event;
    event.reason_code = Some(RecordedReason::from_stored("changed_name,published".to_owned()));
    assert!(says(&event, "published") && says(&event, "changed_") && !says(&event, "changed"));
}
