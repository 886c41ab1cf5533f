//! Which user agents were recorded today: one is kept with the first event of a person and day, and not with each.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use syft_space_domain::audit::{Event, Log};
use syft_space_domain::ids::ActorId;

use crate::http::client_address::prefix;

/// The most user agents of one person that are kept in a day. Whoever makes up more has them left out.
const MAX_PER_PERSON: usize = 8;
/// The most persons that are remembered. One more, and all are met anew.
const MAX_PERSONS: usize = 10_000;
const MICROS_PER_DAY: i64 = 86_400_000_000;

/// A person as a log tells them apart: by who they are, or by where they come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Person {
    Known(Log, ActorId),
    From(Log, Option<IpAddr>),
}

/// A user agent that was kept with an event.
pub(crate) struct SeenUserAgent {
    person: Person,
    hash: u64,
}

#[derive(Default)]
struct Today {
    day: i64,
    persons: HashMap<Person, Vec<u64>>,
}

/// The user agents that were recorded today.
#[derive(Default)]
pub(crate) struct UserAgents {
    hasher: RandomState,
    today: Mutex<Today>,
}

impl UserAgents {
    /// Takes the user agent off an event where an earlier one of the person and day has it. Answers what was remembered
    /// where it stays.
    pub(crate) fn keep_once(&self, event: &mut Event) -> Option<SeenUserAgent> {
        let user_agent = event.person.user_agent.as_ref()?;
        let hash = self.hasher.hash_one(user_agent);
        let person = match event.actor.id() {
            Some(id) => Person::Known(event.log, id),
            None => Person::From(event.log, event.person.address.map(prefix)),
        };
        let day = event.time.as_unix_micros().div_euclid(MICROS_PER_DAY);
        let mut today = self.today();
        let is_full = today.persons.len() >= MAX_PERSONS && !today.persons.contains_key(&person);
        if today.day != day || is_full {
            *today = Today { day, persons: HashMap::new() };
        }
        let seen = today.persons.entry(person).or_default();
        if seen.contains(&hash) || seen.len() >= MAX_PER_PERSON {
            event.person.user_agent = None;
            return None;
        }
        seen.push(hash);
        Some(SeenUserAgent { person, hash })
    }

    /// Forgets a user agent: the event was not kept.
    pub(crate) fn take_back(&self, SeenUserAgent { person, hash }: SeenUserAgent) {
        if let Some(seen) = self.today().persons.get_mut(&person) {
            seen.retain(|other| *other != hash);
        }
    }

    fn today(&self) -> MutexGuard<'_, Today> {
        self.today.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use syft_space_domain::audit::{Action, Actor, Origin};
    use syft_space_domain::time::Timestamp;

    use super::*;
    use crate::http::testing::state;

    fn event(address: u32, user_agent: &str, day: i64) -> Event {
        let origin = Origin {
            address: Some(IpAddr::from(address.to_be_bytes())),
            user_agent: Some(user_agent.to_owned()),
        };
        let context = state().space.request_context(origin).unwrap();
        let event = context.event(Log::Installation, Action::AuthnLoginFail, Actor::Anonymous).unwrap();
        Event { time: Timestamp::from_unix_micros(day * MICROS_PER_DAY), ..event }
    }

    #[test]
    fn u1_a_user_agent_is_kept_once_a_person_and_day_and_only_few_of_each() {
        let agents = UserAgents::default();
        let keeps = |mut event: Event| {
            let seen = agents.keep_once(&mut event);
            assert_eq!(seen.is_some(), event.person.user_agent.is_some());
            seen
        };
        assert!(keeps(event(1, "curl", 1)).is_some());
        assert!(keeps(event(1, "curl", 1)).is_none());
        assert!(keeps(event(2, "curl", 1)).is_some(), "another person");
        assert!(keeps(event(1, "wget", 1)).is_some(), "another program");
        assert!(keeps(event(1, "curl", 2)).is_some(), "another day");
        let kept = (0..100).filter(|n| keeps(event(3, &n.to_string(), 2)).is_some()).count();
        assert_eq!(kept, MAX_PER_PERSON);
        let seen = keeps(event(4, "curl", 2)).unwrap();
        agents.take_back(seen);
        assert!(keeps(event(4, "curl", 2)).is_some(), "what was not written is not known");
    }
}
