//! Who had an address in a tenant and is gone: by what the log still knows of those who joined and logged in with it.

use crate::audit::ports::{EventFilter, Seq};
use crate::audit::{Action, Actor, ObjectKind, RecordedEvent};
use crate::identity::Email;
use crate::ids::{AccountId, ApiKeyId};
use crate::page::{Cursor, PageLimit, PageRequest};
use crate::privacy::ErasedPerson;
use crate::store::{StoreError, View};
use crate::tenant::TenantScope;

/// How many pages of the log are looked through at once, of a hundred events each.
const PAGES_AT_ONCE: usize = 10;
/// How often logins are looked through: the newest 50,000.
const LOOKS_AT_LOGINS: usize = 50;
/// How many keys of an account that is gone are looked for, by the pages of events that made them.
const PAGES_OF_KEYS: usize = 10;
/// Up to which generation logins of an account are looked for whose own is not known any more.
const FORMER_GENERATION: u64 = 255;

/// A search of a log for the accounts that had an address. It goes in portions, each of them one short read.
pub(super) struct FormerSearch {
    email: Email,
    /// What came later is about somebody who has the address now.
    last_seq: u64,
    stage: Stage,
    after: Option<Cursor<Seq>>,
    found: Vec<AccountId>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Of those who joined, all.
    Joined,
    /// Whom the operator made an owner, or who joined too long ago, is told of by their logins alone. So many looks were made.
    LoggedIn(usize),
    Ended,
}

impl FormerSearch {
    pub(super) fn new(email: Email, last_seq: u64) -> Self {
        Self { email, last_seq, stage: Stage::Joined, after: None, found: Vec::new() }
    }

    pub(super) fn has_ended(&self) -> bool {
        self.stage == Stage::Ended
    }

    /// The accounts that were found, the newest first.
    pub(super) fn newest_first(mut self) -> Vec<AccountId> {
        self.found.sort_unstable_by(|one, other| other.cmp(one));
        self.found
    }

    /// Looks through the next portion.
    pub(super) fn go_on(&mut self, view: &mut dyn View, scope: &TenantScope) -> Result<(), StoreError> {
        let action = match self.stage {
            Stage::Joined => Action::UserCreated,
            Stage::LoggedIn(_) => Action::AuthnLoginSuccess,
            Stage::Ended => return Ok(()),
        };
        let filter = EventFilter { action: Some(action), ..EventFilter::default() };
        for _ in 0..PAGES_AT_ONCE {
            let page = PageRequest { limit: PageLimit::LARGEST, after: self.after };
            let events = view.events(scope, &filter, page)?.events;
            for event in &events.items {
                self.note(event);
            }
            self.after = events.next;
            if self.after.is_none() {
                break;
            }
        }
        self.stage = match self.stage {
            stage @ Stage::Joined if self.after.is_some() => stage,
            Stage::Joined => Stage::LoggedIn(0),
            Stage::LoggedIn(looks) if self.after.is_some() && looks < LOOKS_AT_LOGINS => {
                Stage::LoggedIn(looks.saturating_add(1))
            }
            _ => Stage::Ended,
        };
        Ok(())
    }

    fn note(&mut self, recorded: &RecordedEvent) {
        let event = &recorded.event;
        if recorded.seq > self.last_seq || event.person.email.as_deref() != Some(self.email.as_str()) {
            return;
        }
        let account = match self.stage {
            Stage::Joined => {
                let object = event.object.as_ref().filter(|object| object.kind == ObjectKind::Member);
                object.and_then(|object| object.id.parse().ok())
            }
            _ => None,
        };
        // Who founded a tenant did that to the tenant.
        let account = account.or(match event.actor {
            Actor::Account { id, .. } => Some(id),
            _ => None,
        });
        if let Some(account) = account
            && !self.found.contains(&account)
        {
            self.found.push(account);
        }
    }
}

/// By what the rest of somebody is found whose account has been gone before: their keys as the log tells of them.
pub(super) fn former_person(
    view: &mut dyn View,
    scope: &TenantScope,
    account: AccountId,
    email: Email,
    last_seq: u64,
) -> Result<ErasedPerson, StoreError> {
    let filter = EventFilter {
        action: Some(Action::AuthnTokenCreated),
        actor: Some(account.into()),
        ..EventFilter::default()
    };
    let (mut keys, mut after): (Vec<ApiKeyId>, _) = (Vec::new(), None);
    for _ in 0..PAGES_OF_KEYS {
        let page = PageRequest { limit: PageLimit::LARGEST, after };
        let events = view.events(scope, &filter, page)?.events;
        for object in events.items.iter().filter_map(|recorded| recorded.event.object.as_ref()) {
            if let (ObjectKind::ApiKey, Ok(key)) = (object.kind, object.id.parse())
                && !keys.contains(&key)
            {
                keys.push(key);
            }
        }
        after = events.next;
        if after.is_none() {
            break;
        }
    }
    Ok(ErasedPerson { email, generation: FORMER_GENERATION, keys, last_seq })
}
