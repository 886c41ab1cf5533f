//! Which events of the log are about a person, and what of them is told to that person.

use serde_json::{Value, json};

use crate::audit::{Actor, ObjectKind, Person, RecordedEvent};
use crate::identity::Email;
use crate::ids::{AccountId, ActorId, ApiKeyId, SessionId};

/// By what a person is known in a log.
#[derive(Debug, Clone)]
pub(super) struct KnownAs {
    pub(super) account: AccountId,
    pub(super) email: Email,
    /// What of theirs may be the object of an event, as the log writes it.
    objects: Vec<String>,
    keys: Vec<ApiKeyId>,
}

impl KnownAs {
    pub(super) fn new(
        account: AccountId,
        email: Email,
        keys: Vec<ApiKeyId>,
        sessions: impl IntoIterator<Item = SessionId>,
    ) -> Self {
        let mut objects = vec![account.to_string()];
        objects.extend(keys.iter().map(ToString::to_string));
        objects.extend(sessions.into_iter().map(|session| session.to_string()));
        Self { account, email, objects, keys }
    }

    /// The person as the doer of events.
    pub(super) fn actor(&self) -> ActorId {
        self.account.into()
    }

    fn is_actor(&self, actor: &Actor) -> bool {
        matches!(actor, Actor::Account { id, .. } if *id == self.account)
    }

    fn is_address_named(&self, person: &Person) -> bool {
        person.email.as_deref() == Some(self.email.as_str())
    }

    fn is_key_named(&self, person: &Person) -> bool {
        person.api_key.as_ref().is_some_and(|used| self.keys.contains(&used.id))
    }

    fn is_named(&self, person: &Person) -> bool {
        self.is_address_named(person) || self.is_key_named(person)
    }

    fn is_object(&self, recorded: &RecordedEvent) -> bool {
        recorded.event.object.as_ref().is_some_and(|object| {
            matches!(object.kind, ObjectKind::Member | ObjectKind::ApiKey | ObjectKind::Session)
                && self.objects.contains(&object.id)
        })
    }

    /// Whether what an event knows of a person goes with this one: it is by them, names a key of theirs, or was done to them by
    /// somebody whom nobody knows; or it names their address, and that was still theirs. What is known of others who did something to
    /// them stays: it is those others'.
    pub(super) fn is_to_go(&self, recorded: &RecordedEvent, is_their_address: bool) -> bool {
        let event = &recorded.event;
        // Of an event whose row was erased the salt is gone too.
        let is_there = event.salt != [0; 16];
        let is_nobodys = matches!(event.actor, Actor::Anonymous);
        is_there
            && (self.is_actor(&event.actor)
                || self.is_key_named(&event.person)
                || (is_their_address && self.is_address_named(&event.person))
                || (is_nobodys && self.is_object(recorded)))
    }

    /// An event as the person is shown it; `None` where it is not about them. What somebody else did to them is told without who that
    /// was, and without where that one was.
    pub(super) fn shown(&self, recorded: &RecordedEvent) -> Option<Value> {
        let event = &recorded.event;
        let (is_own, is_named) = (self.is_actor(&event.actor), self.is_named(&event.person));
        if !is_own && !is_named && !self.is_object(recorded) {
            return None;
        }
        // Whoever nobody knows is, by all that is known, the person: a failed login is one at their account.
        let is_nobodys = matches!(event.actor, Actor::Anonymous);
        let person = &event.person;
        let shows_origin = is_own || is_nobodys;
        Some(json!({
            "seq": recorded.seq,
            "id": event.id.to_string(),
            "time": event.time,
            "action": event.action.as_str(),
            "outcome": event.outcome.as_str(),
            "by_you": is_own,
            "actor_kind": event.actor.kind(),
            "actor_role": event.actor.role(),
            "object": event.object.as_ref().map(|object| json!({ "kind": object.kind.as_str(), "id": object.id })),
            "reason_code": event.reason_code.as_ref().map(ToString::to_string),
            "request_id": shows_origin.then(|| event.request.map(|request| request.to_string())).flatten(),
            "count": event.count,
            "policy": event.policy.map(|policy| json!({ "id": policy.id.to_string(), "revision": policy.revision })),
            "person_commitment": hex::encode(recorded.person_commitment),
            "personal": {
                "address": shows_origin.then(|| person.address.map(|address| address.to_string())).flatten(),
                "email": person.email.as_deref().filter(|email| *email == self.email.as_str()),
                "user_agent": person.user_agent.as_deref().filter(|_| shows_origin),
                "purpose": person.purpose.as_ref().filter(|_| is_own).map(ToString::to_string),
                "redactions": Some(&person.redactions).filter(|redactions| is_own && !redactions.is_empty()),
                "shown": person.shown.as_ref().filter(|_| is_own),
                "api_key": person.api_key.as_ref().filter(|used| is_own || self.keys.contains(&used.id)).map(
                    |used| json!({ "id": used.id.to_string(), "name": used.name.as_str() }),
                ),
            },
        }))
    }
}
