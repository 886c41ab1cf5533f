//! The queue before the hashing threads: clients take turns, so that whoever asks most often is not whoever is served.
//!
//! A client is an address. It waits in one of three lanes, which take turns too: those that have logged in before; those of
//! which nothing is known; and those that lately had a hash made that led to no login. However many addresses guess, they
//! hold up one another and few others.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use syft_space_domain::identity::ports::HashingClient;

use crate::job::HashJob;

/// The most hashes that one client of which nothing is known has waiting.
const MAX_PER_CLIENT: usize = 2;
/// The most of one that has logged in before: it may be the address of a whole office.
const MAX_PER_KNOWN_CLIENT: usize = 8;

/// How long it counts that a client's hash led to no login.
const FAILURE_LASTS: Duration = Duration::from_secs(10 * 60);
/// The most clients for which that is kept.
const MAX_FAILED_CLIENTS: usize = 10_000;

/// The lanes in the order in which each turn asks them. In every lane somebody gets one turn in four at least.
const TURNS: [[Lane; 3]; 4] = [
    [Lane::Known, Lane::New, Lane::Failed],
    [Lane::New, Lane::Known, Lane::Failed],
    [Lane::Known, Lane::New, Lane::Failed],
    [Lane::Failed, Lane::New, Lane::Known],
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lane {
    Known,
    New,
    Failed,
}

/// The hashes that wait for a thread.
#[derive(Default)]
pub(crate) struct HashQueue {
    known: Clients,
    new: Clients,
    failed: Clients,
    turn: usize,
    /// When a client's hash last led to no login.
    failures: HashMap<Option<IpAddr>, Instant>,
}

/// The clients of one lane, those that are served next in front.
#[derive(Default)]
struct Clients {
    turns: VecDeque<Option<IpAddr>>,
    jobs: HashMap<Option<IpAddr>, VecDeque<HashJob>>,
    waiting: usize,
}

impl HashQueue {
    /// Lets a hash wait, unless its client has as many waiting as it may, or its lane is full. A thread that is `idle` takes
    /// one of them at once, which counts for neither.
    pub(crate) fn push(&mut self, client: HashingClient, job: HashJob, max: usize, idle: usize) -> bool {
        let lane = self.lane_of(client);
        let per_client = if lane == Lane::Known { MAX_PER_KNOWN_CLIENT } else { MAX_PER_CLIENT };
        let clients = self.lane(lane);
        let fits = |clients: &Clients| {
            let own = clients.jobs.get(&client.address).map_or(0, VecDeque::len);
            own < per_client + idle && clients.waiting < max + idle
        };
        if !fits(clients) {
            clients.drop_abandoned();
            if !fits(clients) {
                return false;
            }
        }
        clients.push(client.address, job);
        true
    }

    /// The hash whose turn it is.
    pub(crate) fn pop(&mut self) -> Option<HashJob> {
        let turn = TURNS.get(self.turn % TURNS.len())?;
        let job = turn.iter().find_map(|lane| self.lane(*lane).pop());
        self.turn = self.turn.wrapping_add(usize::from(job.is_some()));
        job
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Notes how a client's hash ended.
    pub(crate) fn ended(&mut self, client: HashingClient, was_right: bool) {
        if was_right {
            self.failures.remove(&client.address);
            return;
        }
        let now = now();
        if self.failures.len() >= MAX_FAILED_CLIENTS {
            self.failures.retain(|_, at| now.duration_since(*at) < FAILURE_LASTS);
        }
        if self.failures.len() < MAX_FAILED_CLIENTS {
            self.failures.insert(client.address, now);
        }
    }

    fn lane_of(&self, client: HashingClient) -> Lane {
        if client.has_logged_in || client.address.is_none() {
            return Lane::Known;
        }
        let failed = self.failures.get(&client.address);
        match failed {
            Some(at) if now().duration_since(*at) < FAILURE_LASTS => Lane::Failed,
            _ => Lane::New,
        }
    }

    fn lane(&mut self, lane: Lane) -> &mut Clients {
        match lane {
            Lane::Known => &mut self.known,
            Lane::New => &mut self.new,
            Lane::Failed => &mut self.failed,
        }
    }
}

impl Clients {
    fn push(&mut self, client: Option<IpAddr>, job: HashJob) {
        let own = self.jobs.entry(client).or_default();
        if own.is_empty() {
            self.turns.push_back(client);
        }
        own.push_back(job);
        self.waiting += 1;
    }

    /// The first hash of the client whose turn it is, who then goes to the end. Nobody waits for one that is abandoned.
    fn pop(&mut self) -> Option<HashJob> {
        while let Some(client) = self.turns.pop_front() {
            let Some(own) = self.jobs.get_mut(&client) else { continue };
            let mut found = None;
            while let Some(job) = own.pop_front() {
                self.waiting = self.waiting.saturating_sub(1);
                if !job.is_abandoned() {
                    found = Some(job);
                    break;
                }
            }
            if own.is_empty() {
                self.jobs.remove(&client);
            } else {
                self.turns.push_back(client);
            }
            if found.is_some() {
                return found;
            }
        }
        None
    }

    fn drop_abandoned(&mut self) {
        self.jobs.retain(|_, own| {
            own.retain(|job| !job.is_abandoned());
            !own.is_empty()
        });
        let Self { turns, jobs, .. } = self;
        turns.retain(|client| jobs.contains_key(client));
        self.waiting = jobs.values().map(VecDeque::len).sum();
    }
}

#[expect(clippy::disallowed_methods, reason = "it orders who waits for whom, and decides no rule")]
fn now() -> Instant {
    Instant::now()
}
