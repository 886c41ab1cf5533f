//! The tables in which refusals are counted until they are written (`merged_refusals.rs`).

use std::collections::HashMap;
use std::net::IpAddr;

use syft_space_domain::audit::{Action, Actor, Event, Log, Object, Outcome, ReasonCode, RecordedReason};
use syft_space_domain::ids::EventId;
use syft_space_domain::policy::PolicyRevision;

use crate::http::client_address::prefix;

/// The most kinds of refusal of one [`Side`] that are told apart within a second, besides coarse ones.
pub(super) const MAX_KINDS: usize = 1_000;
/// The most kinds of one principal's that are told apart within a second, besides coarse ones.
pub(super) const MAX_KINDS_PER_PRINCIPAL: usize = 16;
/// How many refusals of one caller are written as they are within a second: of one kind, and of all.
pub(super) const WRITTEN_PER_SECOND: (u32, u32) = (10, 100);
/// How many of all callers of one [`Side`] are: accounts on a hub are as many as somebody likes.
pub(super) const WRITTEN_PER_SIDE: u32 = 200;

/// Refusals of one kind become one event.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct RefusalKind {
    pub(super) log: Log,
    pub(super) actor: Actor,
    pub(super) action: Action,
    pub(super) outcome: Outcome,
    pub(super) reason_code: Option<RecordedReason>,
    pub(super) object: Option<Object>,
    pub(super) policy: Option<PolicyRevision>,
    pub(super) address: Option<IpAddr>,
}

impl RefusalKind {
    /// The kind of a refusal by nobody known, which has no event of its own.
    pub(super) fn anonymous(address: Option<IpAddr>, action: Action, reason_code: ReasonCode) -> Self {
        Self {
            log: Log::Installation,
            actor: Actor::Anonymous,
            action,
            outcome: Outcome::Denied,
            reason_code: Some(reason_code.into()),
            object: None,
            policy: None,
            address: address.map(prefix),
        }
    }

    pub(super) fn of(event: &Event) -> Self {
        let Event { log, actor, action, outcome, reason_code, object, policy, person, .. } = event;
        Self {
            log: *log,
            actor: *actor,
            action: *action,
            outcome: *outcome,
            reason_code: reason_code.clone(),
            object: object.clone(),
            policy: *policy,
            address: person.address.map(prefix),
        }
    }

    /// Without what there may be any number of. Members are as many as a tenant has, and what was tried on whom must not
    /// hide behind anything else.
    pub(super) fn coarse(self) -> Self {
        let changes_member = matches!(self.action, Action::PrivilegePermissionsChanged | Action::UserDeleted);
        let object = if changes_member { self.object } else { None };
        Self { address: None, object, policy: None, ..self }
    }

    fn side(&self) -> Side {
        match self.actor {
            Actor::Anonymous => Side::Nobody,
            Actor::HubUser { .. } => Side::HubUsers(self.log),
            _ => Side::Accounts(self.log),
        }
    }
}

/// How often something was refused since the last flush.
#[derive(Default)]
pub(super) struct Count {
    pub(super) number: u32,
    /// The event of one of them, where it was drafted. Where that one is taken back it stays for who they are, without
    /// its request: it is no other's event.
    pub(super) draft: Option<Event>,
    /// Where all of them came from; within it `None` where that is not known, or not one address.
    pub(super) address: Option<Option<IpAddr>>,
}

impl Count {
    fn add(&mut self, other: Self) {
        self.number = self.number.saturating_add(other.number);
        self.draft = self.draft.take().or(other.draft);
        self.address = match (self.address, other.address) {
            (Some(one), Some(another)) if one != another => Some(None),
            (one, another) => one.or(another),
        };
    }
}

/// Those whose refusals share a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Side {
    Nobody,
    /// Anybody who has an account on a hub: without one here.
    HubUsers(Log),
    Accounts(Log),
}

/// Who was refused. Of nobody known it is the address alone: whether a login failed for somebody who has an account must
/// not show in how long it took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Client {
    Principal(Log, Actor),
    Address(Option<IpAddr>),
}

impl Client {
    fn of(kind: &RefusalKind) -> Self {
        match kind.actor {
            Actor::Anonymous => Self::Address(kind.address),
            actor => Self::Principal(kind.log, actor),
        }
    }
}

/// How many refusals of one caller were written at once: of each kind, whose number is bounded by that of all.
#[derive(Default)]
pub(super) struct Written {
    pub(super) all: u32,
    pub(super) kinds: HashMap<RefusalKind, u32>,
}

/// The refusals of one side since the last flush.
#[derive(Default)]
pub(super) struct Table {
    pub(super) counts: HashMap<RefusalKind, Count>,
    /// How many were written at once, of whom.
    pub(super) written: HashMap<Client, Written>,
    /// How many were, of all.
    all_written: u32,
    /// How many kinds are counted, of which principal.
    kinds: HashMap<Client, usize>,
}

impl Table {
    /// Counts more of a kind, and answers under which kind.
    pub(super) fn add(&mut self, kind: RefusalKind, count: Count) -> RefusalKind {
        let has_room = self.counts.len() < MAX_KINDS || self.counts.contains_key(&kind);
        let kind = if has_room { kind } else { kind.coarse() };
        self.counts.entry(kind.clone()).or_default().add(count);
        kind
    }

    pub(super) fn admit(&mut self, event: &Event, round: u64) -> Admission {
        let mut kind = RefusalKind::of(event);
        let mut client = Client::of(&kind);
        if self.written.len() >= MAX_KINDS && !self.written.contains_key(&client) {
            client = Client::Address(None);
        }
        // Of nobody known all are of one kind: see [`Client`].
        let told = if kind.actor == Actor::Anonymous { kind.clone().coarse() } else { kind.clone() };
        let told = RefusalKind {
            log: if told.actor == Actor::Anonymous { Log::Installation } else { told.log },
            ..told
        };
        let written = self.written.entry(client).or_default();
        let of_kind = written.kinds.get(&told).copied().unwrap_or_default();
        let (most_of_kind, most) = WRITTEN_PER_SECOND;
        if of_kind < most_of_kind && written.all < most && self.all_written < WRITTEN_PER_SIDE {
            self.all_written = self.all_written.saturating_add(1);
            written.all = written.all.saturating_add(1);
            written.kinds.insert(told.clone(), of_kind.saturating_add(1));
            return Admission::Written(round, client, told);
        }
        let count = Count { number: 1, draft: Some(event.clone()), address: Some(kind.address) };
        if matches!(client, Client::Principal(..)) && !self.counts.contains_key(&kind) {
            let kinds = self.kinds.entry(client).or_default();
            if *kinds >= MAX_KINDS_PER_PRINCIPAL {
                kind = kind.coarse();
            }
            *kinds = kinds.saturating_add(1);
        }
        Admission::Counted(round, self.add(kind, count), event.id)
    }
}

/// Refusals since the last flush.
#[derive(Default)]
pub(super) struct Refusals {
    pub(super) tables: HashMap<Side, Table>,
    /// How often they were flushed.
    pub(super) round: u64,
}

impl Refusals {
    pub(super) fn table(&mut self, kind: &RefusalKind) -> &mut Table {
        self.tables.entry(kind.side()).or_default()
    }
}

/// What became of an event that would tell of a refusal, before which flush.
pub(crate) enum Admission {
    /// It is one of the first of this caller's: it is to be written.
    Written(u64, Client, RefusalKind),
    /// It was counted.
    Counted(u64, RefusalKind, EventId),
}
