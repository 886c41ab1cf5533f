//! The limiter: who has taken how much of which limit, in memory, exactly and within bounds.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::hash::{BuildHasherDefault, Hash};

use super::limit::{Headroom, Level, Limit, Moment, Window};
use super::limit_key::{KeyHasher, LimitKey};
use super::limiter_time::LimiterTime;
use super::sync::{Mutex, MutexGuard, PoisonError};
use crate::time::Timestamp;

/// What was taken by one key, as it is kept for the next start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakenLimit {
    /// Whose.
    pub key: LimitKey,
    /// Until when something of the limit is missing, by the clock.
    pub until: Timestamp,
    /// What else is known, as in [`Level::part`].
    pub part: u32,
}

/// That something was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Took {
    /// Whose limit it was taken from.
    pub from: LimitKey,
    /// How much.
    pub amount: u32,
    /// What had been taken of it then.
    pub after: Level,
    /// When.
    pub at: Moment,
    /// Under which terms of those that the limit has had, in their order.
    era: u8,
}

/// Too little is left of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoneLeft {
    /// In how many microseconds enough is left, if nothing is taken until then.
    pub wait: i64,
    /// What has been taken of it.
    pub taken: Level,
    /// When it was looked for.
    pub at: Moment,
}

/// What callers have taken of their limits.
///
/// It holds at most as many keys as it is made for. Of one policy it holds at most a tenth of as many as are free, and of one tenant
/// a quarter: so however many policies one has, and however many of them are full, there is room for those of others. A key goes when
/// its limit is whole again. Where there is no room, the new keys of a policy share one, which each policy has besides: so nobody is
/// ever let in unlimited, and who is known keeps what is theirs.
///
/// A policy's limit may be changed: what was taken under the former one counts as the same time of waiting, and at most as
/// all of the new one. It is not given back any more: how much of it the new one still counts is not known.
pub struct RateLimiter {
    time: LimiterTime,
    /// The first part of the keys, and the others.
    shards: (Mutex<Shard>, Box<[Mutex<Shard>]>),
    /// How many keys a part holds.
    keys_of_part: usize,
    /// Whether all of them may be of one policy.
    is_undivided: bool,
}

/// A part of the keys, under a lock of its own.
#[derive(Default)]
struct Shard {
    cells: HashMap<LimitKey, Cell, BuildHasherDefault<KeyHasher>>,
    /// How many keys there are of each policy and of each tenant, but for those that the new keys of a policy share.
    of_policy: HashMap<[u8; 8], usize>,
    of_tenant: HashMap<[u8; 4], usize>,
    /// When whatever is whole was last taken out because there was no room.
    swept_at: Option<i64>,
}

/// A [`Level`], under which terms it was written, and whether it has changed since it was last kept: 16 bytes, and 32 with
/// the key.
#[derive(Default)]
struct Cell {
    until: i64,
    part: u32,
    /// A digest of the terms.
    terms: u16,
    /// How often there were others. The last of them stands for all that come after it.
    era: u8,
    is_changed: bool,
}

impl RateLimiter {
    /// For how many keys a limiter is made by default: at most 75 MB where all are in use.
    pub const DEFAULT_KEYS: usize = 1_000_000;
    /// Into how many parts the keys are divided, so that few calls wait for one lock, and none for long.
    const SHARDS: usize = 256;
    /// Of the keys that are free, one of so many may be of the same policy.
    const POLICIES: usize = 10;
    /// Of the keys that are free, one of so many may be of the same tenant.
    const TENANTS: usize = 4;
    /// How long a part without room is not swept again, in microseconds.
    const SWEEP_AGAIN: i64 = 1_000_000;

    /// A limiter that holds so many keys, of which none has taken anything.
    #[must_use]
    pub fn new(keys: usize) -> Self {
        Self::of_shards(keys, Self::SHARDS)
    }

    /// One whose keys are all of one policy of nobody's.
    #[must_use]
    pub fn undivided(keys: usize) -> Self {
        Self { is_undivided: true, ..Self::new(keys) }
    }

    /// One that is [divided](Self::new), with so many parts, at least one.
    pub(super) fn of_shards(keys: usize, shards: usize) -> Self {
        let all = keys.div_ceil(shards.max(1)).max(1);
        Self {
            time: LimiterTime::new(),
            shards: (Mutex::default(), (1..shards).map(|_| Mutex::default()).collect()),
            keys_of_part: all,
            is_undivided: false,
        }
    }

    /// Takes so much of a key's limit: no more than [there is at once](Limit::burst).
    ///
    /// # Errors
    /// When less is left; then nothing was taken.
    pub fn take(&self, key: LimitKey, limit: &Limit, amount: u32, now: Timestamp) -> Result<Took, NoneLeft> {
        let known = {
            let mut shard = self.lock(key);
            // Under the lock: else a take that came first might be of a later time.
            let now = self.time.at(now.as_unix_micros());
            shard.take(key, limit, amount, now, |shard| self.has_room(shard, key))
        };
        // The lock is given up by now: the shared one may be the same.
        known.unwrap_or_else(|| {
            let shared = key.shared();
            let mut shard = self.lock(shared);
            let now = self.time.at(now.as_unix_micros());
            shard.cells.entry(shared).or_default().take(shared, limit, amount, now)
        })
    }

    /// How a key's limit stands, where so much of it is wanted. Takes nothing.
    ///
    /// # Errors
    /// When less is left.
    pub fn look(
        &self,
        key: LimitKey,
        limit: &Limit,
        amount: u32,
        now: Timestamp,
    ) -> Result<Headroom, NoneLeft> {
        let level = {
            let shard = self.lock(key);
            let known = shard.cells.get(&key).map(Cell::level);
            known.or_else(|| self.has_room(&shard, key).then(Level::default))
        };
        let level = level.unwrap_or_else(|| {
            let shared = key.shared();
            self.lock(shared).cells.get(&shared).map(Cell::level).unwrap_or_default()
        });
        let now = self.time.look(now.as_unix_micros());
        let headroom = limit.headroom(level, now);
        limit.take(level, amount, now).map(|_| headroom).map_err(|wait| NoneLeft {
            wait,
            taken: level,
            at: now,
        })
    }

    /// Gives back what was taken, as [`Limit::give_back`] has it; nothing where somebody has taken under other terms since.
    pub fn give_back(&self, took: &Took, limit: &Limit) {
        let mut shard = self.lock(took.from);
        let time = self.time.latest();
        let now = Moment { time, clock: self.time.clock_at(time) };
        if let Some(cell) = shard.cells.get_mut(&took.from).filter(|cell| cell.is_of(took, limit)) {
            cell.set(limit.give_back(cell.level(), took.amount, took.at, took.after, now));
        }
    }

    /// What has changed since this was last asked, and is not whole again; what is whole is forgotten.
    #[must_use]
    pub fn changed(&self) -> Vec<TakenLimit> {
        let time = self.time.latest();
        let mut changed = Vec::new();
        for shard in self.all_shards() {
            let mut shard = lock(shard);
            shard.sweep(time);
            for (key, cell) in &mut shard.cells {
                if std::mem::take(&mut cell.is_changed) {
                    let until = Timestamp::from_unix_micros(self.time.clock_at(cell.until));
                    changed.push(TakenLimit { key: *key, until, part: cell.part });
                }
            }
        }
        changed
    }

    /// Has these told as changed once more: they could not be kept.
    pub fn not_kept(&self, changed: &[TakenLimit]) {
        for taken in changed {
            if let Some(cell) = self.lock(taken.key).cells.get_mut(&taken.key) {
                cell.is_changed = true;
            }
        }
    }

    /// Takes over what an earlier limiter told as changed, but for what is whole by now.
    pub fn restore(&self, taken: &[TakenLimit], now: Timestamp) {
        let now = self.time.at(now.as_unix_micros());
        for taken in taken {
            let level = Level { until: taken.until.as_unix_micros(), part: taken.part };
            if !level.is_whole(now.time) {
                let cell = Cell { until: level.until, part: level.part, ..Cell::default() };
                let mut shard = self.lock(taken.key);
                if shard.cells.insert(taken.key, cell).is_none() {
                    shard.count(taken.key);
                }
            }
        }
    }

    /// How many keys it holds.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.all_shards().map(|shard| lock(shard).cells.len()).sum()
    }

    /// Whether there is room in its part for a new key.
    fn has_room(&self, shard: &Shard, key: LimitKey) -> bool {
        let free = self.keys_of_part.saturating_sub(shard.cells.len());
        if self.is_undivided {
            return free > 0;
        }
        let of_policy = shard.of_policy.get(&key.policy()).copied().unwrap_or(0);
        let of_tenant = shard.of_tenant.get(&key.tenant()).copied().unwrap_or(0);
        of_policy < free.div_ceil(Self::POLICIES) && of_tenant < free.div_ceil(Self::TENANTS)
    }

    fn all_shards(&self) -> impl Iterator<Item = &Mutex<Shard>> {
        let (first, others) = &self.shards;
        std::iter::once(first).chain(others)
    }

    fn lock(&self, key: LimitKey) -> MutexGuard<'_, Shard> {
        let (first, others) = &self.shards;
        lock(others.get(key.part(others.len().saturating_add(1))).unwrap_or(first))
    }
}

/// Nothing panics while it holds a lock, so what is under it is whole.
fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shard {
    /// `None` where the key is new, and there is no room.
    fn take(
        &mut self,
        key: LimitKey,
        limit: &Limit,
        amount: u32,
        now: Moment,
        has_room: impl Fn(&Self) -> bool,
    ) -> Option<Result<Took, NoneLeft>> {
        if let Some(cell) = self.cells.get_mut(&key) {
            return Some(cell.take(key, limit, amount, now));
        }
        if !has_room(self) {
            let again = |swept_at: i64| now.time.saturating_sub(swept_at) >= RateLimiter::SWEEP_AGAIN;
            if self.swept_at.is_none_or(again) {
                self.swept_at = Some(now.time);
                self.sweep(now.time);
            }
            if !has_room(self) {
                return None;
            }
        }
        self.count(key);
        Some(self.cells.entry(key).or_default().take(key, limit, amount, now))
    }

    fn count(&mut self, key: LimitKey) {
        if !key.is_shared() {
            let of_policy = self.of_policy.entry(key.policy()).or_default();
            *of_policy = of_policy.saturating_add(1);
            let of_tenant = self.of_tenant.entry(key.tenant()).or_default();
            *of_tenant = of_tenant.saturating_add(1);
        }
    }

    /// Takes out whatever is whole.
    fn sweep(&mut self, time: i64) {
        let (of_policy, of_tenant) = (&mut self.of_policy, &mut self.of_tenant);
        self.cells.retain(|key, cell| {
            let is_kept = !cell.level().is_whole(time);
            if is_kept || key.is_shared() {
                return is_kept;
            }
            count_down(of_policy, key.policy());
            count_down(of_tenant, key.tenant());
            is_kept
        });
        if self.cells.capacity() > self.cells.len().saturating_mul(4).saturating_add(64) {
            self.cells.shrink_to(self.cells.len().saturating_mul(2));
        }
    }
}

/// One less of these.
fn count_down<T: Eq + Hash>(counts: &mut HashMap<T, usize>, of: T) {
    if let Entry::Occupied(mut count) = counts.entry(of) {
        *count.get_mut() = count.get().saturating_sub(1);
        if *count.get() == 0 {
            count.remove();
        }
    }
}

impl Cell {
    fn level(&self) -> Level {
        Level { until: self.until, part: self.part }
    }

    fn set(&mut self, level: Level) {
        (self.until, self.part, self.is_changed) = (level.until, level.part, true);
    }

    /// Whether what was taken was taken under the terms that hold since.
    fn is_of(&self, took: &Took, limit: &Limit) -> bool {
        self.terms == digest(limit) && self.era == took.era && self.era < u8::MAX
    }

    fn take(&mut self, from: LimitKey, limit: &Limit, amount: u32, now: Moment) -> Result<Took, NoneLeft> {
        let terms = digest(limit);
        if self.terms != terms {
            (self.terms, self.era) = (terms, self.era.saturating_add(1));
        }
        match limit.take(self.level(), amount, now) {
            Ok(after) => {
                self.set(after);
                Ok(Took { from, amount, after, at: now, era: self.era })
            }
            Err(wait) => {
                // What counts as all of a changed limit fills up from now on.
                if limit.is_beyond(self.level(), now) {
                    self.set(limit.counted(self.level(), now));
                }
                Err(NoneLeft { wait, taken: self.level(), at: now })
            }
        }
    }
}

/// A digest of a limit's terms: the same for the same, and hardly ever for others.
fn digest(limit: &Limit) -> u16 {
    let burst = match limit.window {
        Window::Sliding { burst } => burst,
        Window::Strict => u32::MAX,
    };
    let terms = u64::from(limit.number) << 32 | u64::from(burst);
    // The multiplier of Fibonacci hashing. The upper bits of the product hang on all of the terms.
    let hash = terms.wrapping_add(limit.period.micros().unsigned_abs()).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let [first, second, ..] = hash.to_be_bytes();
    u16::from_be_bytes([first, second])
}

impl fmt::Debug for RateLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimiter").field("keys_of_part", &self.keys_of_part).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l1_a_key_and_what_it_has_taken_are_32_bytes() {
        // And one more in the table, which is at least 7/16 full when it has grown: at most 75 bytes.
        assert_eq!(size_of::<(LimitKey, Cell)>(), 32);
    }
}
