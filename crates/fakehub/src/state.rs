//! The state of the hub: users, sessions, tokens, satellites, endpoints and keys.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::keys::random;
use crate::{FakeHubError, HubClock, HubKey, HubOptions};

/// The role of a user on the hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserRole {
    /// A user.
    User,
    /// An administrator of the hub.
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
    /// In plain text: this is a server for tests.
    pub(crate) password: String,
    pub(crate) role: UserRole,
    pub(crate) is_active: bool,
    pub(crate) created_at: i64,
    pub(crate) domain: Option<String>,
}

/// The kind of a session token.
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
    /// The fields that its owner set, with defaults.
    pub(crate) fields: Map<String, Value>,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
    /// When the monitor marks it inactive.
    pub(crate) alive_until: i64,
}

pub(crate) struct HubState {
    pub(crate) issuer: String,
    pub(crate) supports_satellites: bool,
    pub(crate) strict_satellites: bool,
    pub(crate) rate_limits: bool,
    pub(crate) clock: HubClock,
    pub(crate) aggregator_backoff: Duration,
    /// The key that signs satellite tokens.
    pub(crate) key: HubKey,
    /// The older keys that `/verify` also accepts.
    pub(crate) older_keys: Vec<HubKey>,
    /// The keys in the JWKS.
    pub(crate) published_keys: Vec<Value>,
    /// The key that signs session tokens.
    pub(crate) session_secret: [u8; 32],
    pub(crate) users: Vec<User>,
    pub(crate) sessions: HashMap<String, Session>,
    pub(crate) logged_out: HashSet<String>,
    pub(crate) pats: Vec<Pat>,
    pub(crate) satellites: Vec<Satellite>,
    pub(crate) endpoints: Vec<Endpoint>,
    /// The times of rate-limited requests, by kind and address.
    pub(crate) request_times: HashMap<(&'static str, String), Vec<i64>>,
    last_id: u64,
}

impl HubState {
    pub(crate) fn new(options: HubOptions) -> Result<Self, FakeHubError> {
        let published_keys = vec![options.key.jwk()?];
        Ok(Self {
            issuer: options.issuer,
            supports_satellites: options.satellites,
            strict_satellites: options.strict_satellites,
            rate_limits: options.rate_limits,
            clock: options.clock,
            aggregator_backoff: options.aggregator_backoff,
            key: options.key,
            older_keys: Vec::new(),
            published_keys,
            session_secret: random()?,
            users: Vec::new(),
            sessions: HashMap::new(),
            logged_out: HashSet::new(),
            pats: Vec::new(),
            satellites: Vec::new(),
            endpoints: Vec::new(),
            request_times: HashMap::new(),
            last_id: 0,
        })
    }

    pub(crate) fn now(&self) -> i64 {
        self.clock.now()
    }

    /// A new id. Users have a numbering of their own, from 1.
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
        self.satellites
            .iter()
            .filter(|satellite| satellite.user == user && satellite.kind == "space")
            .collect()
    }
}
