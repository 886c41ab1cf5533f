//! The canonical bytes of events: golden ones, which never change, and what they promise, by a foreign reader of CBOR.

#![expect(clippy::unwrap_used, reason = "tests and their helpers may panic")]

use ciborium::Value;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use syft_space_domain::access::Role;
use syft_space_domain::audit::{
    Action, Actor, Event, HubUser, Log, Object, ObjectKind, Outcome, Person, ReasonCode, RecordedEvent,
    RecordedReason,
};
use syft_space_domain::ids::{AccountId, ActorId, EventId, HubId, PolicyId, RequestId, TenantId};
use syft_space_domain::marketplace::HubRole;
use syft_space_domain::policy::PolicyRevision;
use syft_space_domain::time::Timestamp;

fn any_event() -> impl Strategy<Value = Event> {
    let log = prop_oneof![
        Just(Log::Installation),
        any::<[u8; 16]>().prop_map(|id| Log::Tenant(TenantId::from_bytes(id))),
    ];
    let actor = prop_oneof![
        select(vec![Actor::Anonymous, Actor::System, Actor::Operator]),
        (any::<[u8; 16]>(), option::of(select(Role::ALL.to_vec())))
            .prop_map(|(id, role)| Actor::Account { id: AccountId::from_bytes(id), role }),
        (any::<[u8; 16]>(), select(HubRole::ALL.to_vec()))
            .prop_map(|(id, role)| Actor::HubUser { id: ActorId::from_bytes(id), role }),
    ];
    // Some texts are longer than one byte can count.
    let object = (select(ObjectKind::ALL.to_vec()), prop_oneof![".*", "x{250,260}"])
        .prop_map(|(kind, id)| Object { kind, id });
    let reason = prop_oneof![
        select(ReasonCode::ALL.to_vec()).prop_map(RecordedReason::from),
        "[a-z_]{0,30}".prop_map(RecordedReason::from_stored),
    ];
    let person = (option::of(any::<std::net::IpAddr>()), option::of(".*"), option::of(".*"));
    let person = person.prop_map(|(address, email, user_agent)| Person {
        address,
        email,
        user_agent,
        ..Person::default()
    });
    let what = (select(Action::ALL.to_vec()), select(Outcome::ALL.to_vec()), actor, option::of(object));
    let ids = (any::<[u8; 16]>(), any::<[u8; 16]>(), option::of(any::<[u8; 16]>()));
    let policy = (any::<[u8; 16]>(), any::<u64>())
        .prop_map(|(id, revision)| PolicyRevision { id: PolicyId::from_bytes(id), revision });
    let why = (option::of(reason), option::of(policy));
    (log, any::<i64>(), what, why, ids, any::<u32>(), person).prop_map(
        |(log, time, (action, outcome, actor, object), why, (id, salt, request), count, person)| {
            let (reason_code, policy) = why;
            Event {
                id: EventId::from_bytes(id),
                salt,
                log,
                time: Timestamp::from_unix_micros(time),
                action,
                outcome,
                actor,
                object,
                reason_code,
                request: request.map(RequestId::from_bytes),
                count,
                policy,
                person,
            }
        },
    )
}

/// An event with any number, short or long.
fn any_recorded() -> impl Strategy<Value = RecordedEvent> {
    let seq = prop_oneof![0..30_u64, 250..260_u64, 65_530..65_540_u64, any::<u64>()];
    (any_event(), seq).prop_map(|(event, seq)| recorded(event, seq))
}

fn recorded(event: Event, before: u64) -> RecordedEvent {
    let person_commitment = Person::commitment(&event.salt, &event.person.canonical());
    RecordedEvent { seq: before.saturating_add(1), event, person_commitment }
}

/// What is left of an event when the person is erased.
fn erased(recorded: &RecordedEvent) -> RecordedEvent {
    let event = Event { salt: [0; 16], person: Person::default(), ..recorded.event.clone() };
    RecordedEvent { event, ..recorded.clone() }
}

fn array<const N: usize>(value: &Value) -> [Value; N] {
    value.as_array().unwrap().clone().try_into().unwrap()
}

fn fixed<const N: usize>(value: &Value) -> [u8; N] {
    value.as_bytes().unwrap().as_slice().try_into().unwrap()
}

fn optional<'a, T>(value: &'a Value, read: impl FnOnce(&'a Value) -> T) -> Option<T> {
    (!value.is_null()).then(|| read(value))
}

fn text(value: &Value) -> &str {
    value.as_text().unwrap()
}

fn number<T: TryFrom<i128, Error: std::fmt::Debug>>(value: &Value) -> T {
    i128::from(value.as_integer().unwrap()).try_into().unwrap()
}

fn read_actor(value: &Value) -> Actor {
    let parts = value.as_array().unwrap();
    assert!(matches!(parts.len(), 1 | 3), "{parts:?}");
    let id = parts.get(1).map(|id| ActorId::from_bytes(fixed(id)));
    let role = parts.get(2).and_then(|role| optional(role, text));
    Actor::from_parts(text(parts.first().unwrap()), id, role).unwrap()
}

/// Takes canonical bytes apart with a reader that is not ours.
fn read(canonical: &[u8]) -> RecordedEvent {
    let whole: Value = ciborium::from_reader(canonical).unwrap();
    let mut items = whole.as_array().unwrap().clone();
    let policy = (items.len() == 14).then(|| {
        let [id, revision] = array(&items.pop().unwrap());
        PolicyRevision { id: PolicyId::from_bytes(fixed(&id)), revision: number(&revision) }
    });
    let [version, log, seq, id, time, action, outcome, actor, object, reason, request, count, commitment] =
        items.try_into().unwrap();
    assert_eq!(version, Value::from(if policy.is_some() { 2 } else { 1 }));
    RecordedEvent {
        seq: number(&seq),
        event: Event {
            id: EventId::from_bytes(fixed(&id)),
            salt: [0; 16],
            log: optional(&log, |id| Log::Tenant(TenantId::from_bytes(fixed(id))))
                .unwrap_or(Log::Installation),
            time: Timestamp::from_unix_micros(number(&time)),
            action: text(&action).parse().unwrap(),
            outcome: text(&outcome).parse().unwrap(),
            actor: read_actor(&actor),
            object: optional(&object, |object| {
                let [kind, id] = array(object);
                Object { kind: text(&kind).parse().unwrap(), id: text(&id).to_owned() }
            }),
            reason_code: optional(&reason, |reason| RecordedReason::from_stored(text(reason).to_owned())),
            request: optional(&request, |id| RequestId::from_bytes(fixed(id))),
            count: number(&count),
            policy,
            person: Person::default(),
        },
        person_commitment: fixed(&commitment),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1_000, ..ProptestConfig::default() })]

    /// So they are different for different events: whoever reads them gets back each field.
    #[test]
    fn u1_a_foreign_reader_finds_all_of_an_event_in_its_canonical_bytes(recorded in any_recorded()) {
        prop_assert_eq!(read(&recorded.canonical()), erased(&recorded));
    }

    /// A reader that writes what it has read writes the shortest form, as it must be here.
    #[test]
    fn u1_a_foreign_writer_gives_the_same_canonical_bytes(recorded in any_recorded()) {
        let canonical = recorded.canonical();
        let whole: Value = ciborium::from_reader(canonical.as_slice()).unwrap();
        let mut written = Vec::new();
        ciborium::into_writer(&whole, &mut written).unwrap();
        prop_assert_eq!(written, canonical);
    }

    #[test]
    fn u1_an_events_canonical_bytes_stay_when_the_person_is_erased(recorded in any_recorded()) {
        prop_assert_eq!(erased(&recorded).canonical(), recorded.canonical());
    }

    #[test]
    fn u1_another_person_or_salt_gives_other_canonical_bytes(event in any_event(), salt: [u8; 16], agent in ".*") {
        let told = recorded(event.clone(), 0).canonical();
        prop_assume!(salt != event.salt);
        prop_assert_ne!(recorded(Event { salt, ..event.clone() }, 0).canonical(), told.clone());
        let person = Person { user_agent: Some(agent), ..event.person.clone() };
        prop_assume!(person != event.person);
        prop_assert_ne!(recorded(Event { person, ..event }, 0).canonical(), told);
    }

    /// No part can be pushed over into its neighbour, nor one event into the next.
    #[test]
    fn u1_no_canonical_bytes_begin_with_those_of_another_event(one in any_recorded(), other in any_recorded()) {
        let (one, other) = (one.canonical(), other.canonical());
        prop_assert!(one == other || !one.starts_with(&other));
    }
}

fn plain() -> Event {
    Event {
        id: EventId::from_bytes([1; 16]),
        salt: [2; 16],
        log: Log::Installation,
        time: Timestamp::from_unix_micros(1_764_000_000_000_000),
        action: Action::SysStartup,
        outcome: Outcome::Success,
        actor: Actor::System,
        object: None,
        reason_code: None,
        request: None,
        count: 1,
        policy: None,
        person: Person::default(),
    }
}

fn of_tenant() -> Event {
    Event {
        log: Log::Tenant(TenantId::from_bytes([3; 16])),
        request: Some(RequestId::from_bytes([4; 16])),
        ..plain()
    }
}

fn hex(recorded: &RecordedEvent) -> String {
    recorded.canonical().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Hashes are taken of these bytes: whoever changes them makes each hash of before look forged. What must change gets
/// another version, and this one stays.
#[test]
fn u1_canonical_bytes_of_version_1_are_these_for_ever() {
    let refused = Event {
        action: Action::PolicyViolation,
        actor: Actor::Account { id: AccountId::from_bytes([5; 16]), role: Some(Role::User) },
        person: Person {
            address: Some([192, 0, 2, 17].into()),
            email: Some("person@example.org".to_owned()),
            user_agent: Some("a client".to_owned()),
            ..Person::default()
        },
        ..of_tenant()
    };
    let refused = refused.on(ObjectKind::Endpoint, "birds").denied(ReasonCode::AccessDenied);
    let merged = Event { action: Action::AuthnTokenFail, actor: Actor::Anonymous, count: 70_000, ..plain() };
    let by_hub_user = Event {
        time: Timestamp::from_unix_micros(-2),
        action: Action::EndpointQuery,
        actor: Actor::HubUser { id: ActorId::from_bytes([6; 16]), role: HubRole::Guest },
        person: Person {
            hub_user: Some(HubUser { hub: HubId::from_bytes([7; 16]), subject: "2".to_owned() }),
            ..Person::default()
        },
        ..of_tenant()
    };
    let by_account = Event {
        actor: Actor::Account { id: AccountId::from_bytes([8; 16]), role: None },
        reason_code: Some(RecordedReason::from_stored("a_reason_of_tomorrow".to_owned())),
        ..of_tenant()
    };
    let golden = [
        (
            recorded(plain(), 0),
            "8d01f60150010101010101010101010101010101011b00064459416240006b7379735f737461727475706773\
             756363657373816673797374656df6f6f60158208a91d9f896091a184a29986fb22807723575c3f8755279b1\
             3fdce592445d47f0",
        ),
        (
            recorded(refused, 4_294_967_295),
            "8d0150030303030303030303030303030303031b000000010000000050010101010101010101010101010101\
             011b000644594162400070706f6c6963795f76696f6c6174696f6e6664656e69656483676163636f756e7450\
             0505050505050505050505050505050564757365728268656e64706f696e746562697264736d616363657373\
             5f64656e6965645004040404040404040404040404040404015820f80dfaaf6dacd223b7eb980674d3dcf239\
             f4b127b38c842feb4deafe9d5cd700",
        ),
        (
            recorded(merged.denied(ReasonCode::TokenMalformed), 255),
            "8d01f619010050010101010101010101010101010101011b000644594162400070617574686e5f746f6b656e\
             5f6661696c6664656e6965648169616e6f6e796d6f7573f66f746f6b656e5f6d616c666f726d6564f61a0001\
             117058208a91d9f896091a184a29986fb22807723575c3f8755279b13fdce592445d47f0",
        ),
        (
            recorded(by_hub_user, 22),
            "8d015003030303030303030303030303030303175001010101010101010101010101010101216e656e64706f\
             696e745f7175657279677375636365737383686875625f757365725006060606060606060606060606060606\
             656775657374f6f65004040404040404040404040404040404015820fdfa469a681095cd08f7017dbd77b22c\
             40e4f76e9a1e5e714fb8d2f1bdde540c",
        ),
        (
            recorded(by_account.on(ObjectKind::Document, "\u{1f980}"), 23),
            "8d015003030303030303030303030303030303181850010101010101010101010101010101011b0006445941\
             6240006b7379735f73746172747570677375636365737383676163636f756e74500808080808080808080808\
             0808080808f68268646f63756d656e7464f09fa68074615f726561736f6e5f6f665f746f6d6f72726f775004\
             0404040404040404040404040404040158208a91d9f896091a184a29986fb22807723575c3f8755279b13fdc\
             e592445d47f0",
        ),
    ];
    for (recorded, bytes) in golden {
        assert_eq!(hex(&recorded), bytes, "{recorded:?}");
    }
}

/// What names a policy has the second version, and these bytes stay as well.
#[test]
fn u1_canonical_bytes_of_version_2_are_these_for_ever() {
    let refused = Event {
        action: Action::PolicyViolation,
        actor: Actor::Account { id: AccountId::from_bytes([5; 16]), role: Some(Role::User) },
        ..of_tenant()
    };
    let refused = refused.on(ObjectKind::Endpoint, "birds").denied(ReasonCode::AccessDenied);
    let refused = recorded(refused.of_policy(PolicyId::from_bytes([9; 16]), 300), 23);
    assert_eq!(
        hex(&refused),
        "8e025003030303030303030303030303030303181850010101010101010101010101010101011b0006445941\
             62400070706f6c6963795f76696f6c6174696f6e6664656e69656483676163636f756e745005050505050505\
             05050505050505050564757365728268656e64706f696e746562697264736d6163636573735f64656e696564\
             50040404040404040404040404040404040158208a91d9f896091a184a29986fb22807723575c3f8755279b1\
             3fdce592445d47f082500909090909090909090909090909090919012c"
    );
}
