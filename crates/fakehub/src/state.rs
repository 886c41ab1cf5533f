//! What does the hub know?

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::keys::random;
use crate::{FakeHubError, HubClock, HubKey, HubOptions};

/// What a user is on the hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserRole {
    /// A user.
    User,
    /// One who manages the hub.
    Admin,
}

impl UserRole {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Admin => "admin",
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) id: u64,
    pub(crate) username: String,
    pub(crate) email: String,
    pub(crate) full_name: String,
    /// As it is: this is a server for tests.
    pub(crate) password: String,
    pub(crate) role: UserRole,
    pub(crate) is_active: bool,
    pub(crate) created_at: i64,
    pub(crate) domain: Option<String>,
}

/// What a session token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SessionKind {
    Access,
    Refresh,
}

impl SessionKind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Refresh => "refresh",
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Session {
    pub(crate) user: u64,
    pub(crate) kind: SessionKind,
    pub(crate) expires_at: i64,
}

#[derive(Debug, Clone)]
pub(crate) struct Pat {
    pub(crate) id: u64,
    pub(crate) user: u64,
    pub(crate) token: String,
    pub(crate) name: String,
    pub(crate) scopes: Value,
    pub(crate) created_at: i64,
}

#[derive(Debug, Clone)]
pub(crate) struct Satellite {
    pub(crate) id: Uuid,
    pub(crate) user: u64,
    pub(crate) kind: String,
    pub(crate) base_url: String,
    pub(crate) last_seen_at: Option<i64>,
    pub(crate) created_at: i64,
}

#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    pub(crate) id: u64,
    pub(crate) user: u64,
    pub(crate) satellite: Option<Uuid>,
    pub(crate) slug: String,
    /// What its owner wrote of it, defaults filled in.
    pub(crate) fields: Map<String, Value>,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
    /// Until when the monitor takes it for alive.
    pub(crate) alive_until: i64,
}

pub(crate) struct Hub {
    pub(crate) issuer: String,
    pub(crate) satellites_known: bool,
    pub(crate) rate_limits: bool,
    pub(crate) clock: HubClock,
    pub(crate) aggregator_backoff: Duration,
    /// What tokens are signed with.
    pub(crate) key: HubKey,
    /// What `/verify` knows besides.
    pub(crate) older_keys: Vec<HubKey>,
    /// What the JWKS shows.
    pub(crate) shown: Vec<Value>,
    /// What sessions are signed with.
    pub(crate) session_secret: [u8; 32],
    pub(crate) users: Vec<User>,
    pub(crate) sessions: HashMap<String, Session>,
    pub(crate) logged_out: HashSet<String>,
    pub(crate) pats: Vec<Pat>,
    pub(crate) satellites: Vec<Satellite>,
    pub(crate) endpoints: Vec<Endpoint>,
    /// When calls of a limited kind came, by kind and address.
    pub(crate) calls: HashMap<(&'static str, String), Vec<i64>>,
    last_id: u64,
}

impl Hub {
    pub(crate) fn new(options: HubOptions) -> Result<Self, FakeHubError> {
        let shown = vec![options.key.jwk()?];
        Ok(Self {
            issuer: options.issuer,
            satellites_known: options.satellites,
            rate_limits: options.rate_limits,
            clock: options.clock,
            aggregator_backoff: options.aggregator_backoff,
            key: options.key,
            older_keys: Vec::new(),
            shown,
            session_secret: random()?,
            users: Vec::new(),
            sessions: HashMap::new(),
            logged_out: HashSet::new(),
            pats: Vec::new(),
            satellites: Vec::new(),
            endpoints: Vec::new(),
            calls: HashMap::new(),
            last_id: 0,
        })
    }

    pub(crate) fn now(&self) -> i64 {
        self.clock.now()
    }

    /// A new id. Users are numbered by themselves, from 1 on.
    pub(crate) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    pub(crate) fn user(&self, id: u64) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }

    pub(crate) fn user_mut(&mut self, id: u64) -> Option<&mut User> {
        self.users.iter_mut().find(|user| user.id == id)
    }

    pub(crate) fn user_named(&self, username: &str) -> Option<&User> {
        self.users.iter().find(|user| user.username == username)
    }

    pub(crate) fn user_named_mut(&mut self, username: &str) -> Result<&mut User, FakeHubError> {
        let found = self.users.iter_mut().find(|user| user.username == username);
        found.ok_or_else(|| FakeHubError::NoUser(username.to_owned()))
    }

    /// The spaces of a user.
    pub(crate) fn spaces_of(&self, user: u64) -> Vec<&Satellite> {
        self.satellites.iter().filter(|one| one.user == user && one.kind == "space").collect()
    }
}
