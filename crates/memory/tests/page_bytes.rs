//! What a page counts of its items is all their text: so no list grows beyond what a page may hold.

use syft_space_conformance::sample;
use syft_space_domain::audit::{
    Action, Log, LogHead, Object, ObjectKind, Person, ReasonCode, RecordedReason,
};
use syft_space_domain::identity::{ApiKeyState, Email, HeldApiKey, Member};
use syft_space_domain::marketplace::MarketplaceWithHub;
use syft_space_domain::page::PageItem;
use syft_space_domain::policy::{KeptRevision, RevisionSummary};

/// Longer than all of a sample.
const LONG: usize = 200;

fn long() -> String {
    "x".repeat(LONG)
}

/// An item's text grew by `LONG` bytes.
#[track_caller]
fn grows(what: &str, before: &impl PageItem, after: &impl PageItem, grown_from: usize) {
    assert_eq!(after.bytes() - before.bytes(), LONG - grown_from, "{what}");
}

#[test]
fn an_event_counts_each_of_its_texts() {
    let event = sample::event(Log::Installation, Action::ConfigChange);
    let event = |object: String, reason: String, email: String, agent: String| {
        let person = Person { email: Some(email), user_agent: Some(agent), ..event.person.clone() };
        let object = Some(Object { kind: ObjectKind::Endpoint, id: object });
        let reason_code = Some(RecordedReason::from_stored(reason));
        let event = syft_space_domain::audit::Event { object, reason_code, person, ..event.clone() };
        LogHead::default().append(event).recorded
    };
    let none = String::new;
    let before = event(none(), none(), none(), none());
    assert_eq!(before.bytes(), 0);
    grows("object", &before, &event(long(), none(), none(), none()), 0);
    grows("reason", &before, &event(none(), long(), none(), none()), 0);
    grows("e-mail", &before, &event(none(), none(), long(), none()), 0);
    grows("user agent", &before, &event(none(), none(), none(), long()), 0);
    let all = event(long(), long(), long(), long());
    assert_eq!(all.bytes(), 4 * LONG);
    // A reason of today is counted by its name.
    let mut known = before;
    known.event.reason_code = Some(ReasonCode::Internal.into());
    assert_eq!(known.bytes(), ReasonCode::Internal.as_str().len());
}

#[test]
fn an_endpoint_and_a_policy_count_each_of_their_texts() {
    let before = sample::endpoint(1, 1);
    for field in 0..4 {
        let mut after = before.clone();
        let texts = [&mut after.name, &mut after.summary, &mut after.description, &mut after.tags];
        let text = texts.into_iter().nth(field).unwrap();
        let old = std::mem::replace(text, long()).len();
        grows("endpoint", &before, &after, old);
    }
    let slug = before.slug.as_str().len();
    assert!(before.bytes() >= slug + before.name.len());
    let before = sample::policy(1);
    let mut after = before.clone();
    let old = std::mem::replace(&mut after.name, long()).len();
    grows("policy", &before, &after, old);
    let configuration = before.configuration.json().get().len();
    assert_eq!(before.bytes(), before.name.len() + configuration);
    let summary = RevisionSummary {
        revision: 1,
        changed_at: sample::time(1),
        changed_by: None,
        changes: None,
        rolled_back_to: None,
        name: before.name,
        policy_type: before.configuration.type_name().to_owned(),
        enforcement: before.enforcement,
    };
    let listed = summary.bytes();
    let kept = KeptRevision { policy: before.id, summary, configuration: before.configuration };
    assert_eq!(kept.bytes(), listed + configuration);
}

#[test]
fn members_invitations_keys_hubs_and_marketplaces_count_each_of_their_texts() {
    let invitation = sample::invitation(1, 1, 1);
    assert_eq!(invitation.bytes(), invitation.email.as_str().len());
    let key = sample::api_key(1, 1, 1);
    let state = ApiKeyState { max_days: 365, now: sample::time(9), key };
    let held = HeldApiKey { holder: sample::email(1), state: state.clone() };
    assert_eq!(held.bytes(), state.key.name.as_str().len() + held.holder.as_str().len());
    let member = Member {
        email: Email::parse("a-long-address@example.org").unwrap(),
        ..sample::member(1, 1, syft_space_domain::access::Role::User)
    };
    assert_eq!(member.bytes(), "a-long-address@example.org".len());
    let hub = sample::hub(1);
    assert_eq!(hub.bytes(), hub.issuer.as_str().len() + hub.url.as_str().len());
    let marketplace = sample::marketplace(1, 1, 1);
    let texts = [marketplace.name.as_str().len(), marketplace.username.as_str().len()];
    let credential = marketplace.credential.as_bytes().len();
    assert_eq!(marketplace.bytes(), texts.into_iter().sum::<usize>() + credential);
    let both = MarketplaceWithHub {
        marketplace: marketplace.clone(),
        hub: hub.clone(),
        credential: None,
        refusal: None,
    };
    assert_eq!(both.bytes(), marketplace.bytes() + hub.bytes());
}
