//! The memory that the bodies of all requests may take at once.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use syft_space_domain::ids::{ActorId, TenantId};

use crate::http::json;
use crate::http::problem::Problem;
use crate::http::reason::Reason;

/// Up to here what one has at once counts against the budget alone, and against no share: so whoever asks for little is never refused
/// for what others have, be it to log in.
const OWN_BYTES: usize = 64 * 1024;

/// Whose bodies are looked at together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BodyOwner {
    /// Those of all members of a tenant, and of marketplaces' users who ask it.
    Tenant(TenantId),
    /// Those of one of them.
    Caller(TenantId, Option<ActorId>),
    /// Those of the host's operator.
    Operator,
    /// Those of everybody who is not known yet.
    Strangers,
    /// Those of one of them, by the part of the address that counts.
    Stranger(Option<IpAddr>),
}

impl BodyOwner {
    /// How much one of a kind may have for each byte that is free: so there is always something left for the next one, however many come
    /// (the dynamic thresholds of Choudhury and Hahne, 1998). One caller alone has half of the budget at most, one tenant two thirds.
    fn bytes_per_free_byte(self) -> usize {
        match self {
            Self::Caller(..) | Self::Stranger(_) => 1,
            Self::Tenant(_) | Self::Strangers | Self::Operator => 2,
        }
    }
}

/// The bytes that bodies may take at once, and how many of them are taken.
pub struct BodyBudget {
    max_bytes: usize,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    all: usize,
    /// By whom. Who has none has no entry.
    of: HashMap<BodyOwner, usize>,
}

/// The bytes that one body has taken, until this is dropped.
pub struct BodyBytes {
    budget: Arc<BodyBudget>,
    /// Those with whom they are looked at together, and the one.
    owners: [BodyOwner; 2],
    bytes: usize,
}

impl BodyBudget {
    /// A budget of so many bytes.
    #[must_use]
    pub fn new(max_bytes: usize) -> Arc<Self> {
        Arc::new(Self { max_bytes, taken: Mutex::default() })
    }

    /// A body of those with whom somebody is looked at together, and of theirs, of which nothing has come yet.
    #[must_use]
    pub fn empty_body(self: &Arc<Self>, owners: [BodyOwner; 2]) -> BodyBytes {
        BodyBytes { budget: Arc::clone(self), owners, bytes: 0 }
    }

    /// Nothing panics while it holds the lock, so what is under it is whole.
    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BodyBytes {
    /// Takes what the body needs besides what it has.
    ///
    /// # Errors
    /// When there is not as much, or its owners have their share already.
    pub fn grow_to(&mut self, bytes: usize) -> Result<(), Problem> {
        let more = bytes.saturating_sub(self.bytes);
        if more == 0 {
            return Ok(());
        }
        let mut taken = self.budget.taken();
        let free = self.budget.max_bytes.saturating_sub(taken.all);
        let would_have = |owner: &BodyOwner| taken.of.get(owner).copied().unwrap_or(0).saturating_add(more);
        // What it takes is free no more.
        let has_room = |owner: &BodyOwner| {
            would_have(owner) <= free.saturating_sub(more).saturating_mul(owner.bytes_per_free_byte())
        };
        let [_, one] = &self.owners;
        if more > free || (would_have(one) > OWN_BYTES && !self.owners.iter().all(has_room)) {
            let detail = "the bodies of requests take all the memory there is for them, or your share of it; try again soon";
            return Err(Problem::new(Reason::Overloaded, detail));
        }
        taken.all = taken.all.saturating_add(more);
        for owner in self.owners {
            let theirs = taken.of.entry(owner).or_default();
            *theirs = theirs.saturating_add(more);
        }
        self.bytes = bytes;
        Ok(())
    }
}

impl BodyBytes {
    /// Reads a body as JSON. What is read takes memory besides its text, which is taken as well.
    ///
    /// # Errors
    /// As for [`json::parse`].
    pub fn parse<T: DeserializeOwned + JsonSchema>(&mut self, body: &[u8]) -> Result<T, Problem> {
        json::parse(body, &mut |bytes| self.grow_to(body.len().saturating_add(bytes)))
    }

    /// What was taken so far, to be kept elsewhere.
    pub fn take(&mut self) -> Self {
        let empty = self.budget.empty_body(self.owners);
        std::mem::replace(self, empty)
    }
}

impl Drop for BodyBytes {
    fn drop(&mut self) {
        let mut taken = self.budget.taken();
        taken.all = taken.all.saturating_sub(self.bytes);
        for owner in self.owners.iter().filter(|_| self.bytes > 0) {
            if let Entry::Occupied(mut theirs) = taken.of.entry(*owner) {
                *theirs.get_mut() = theirs.get().saturating_sub(self.bytes);
                if *theirs.get() == 0 {
                    theirs.remove();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIB: usize = 1024;
    /// A body that counts against shares.
    const LARGE: usize = 2 * OWN_BYTES;
    const STRANGER: [BodyOwner; 2] = [BodyOwner::Strangers, BodyOwner::Stranger(None)];

    fn caller(tenant: u8, caller: u8) -> [BodyOwner; 2] {
        let tenant = TenantId::from_bytes([tenant; 16]);
        let actor = ActorId::from_bytes([caller; 16]);
        [BodyOwner::Tenant(tenant), BodyOwner::Caller(tenant, Some(actor))]
    }

    /// Bodies of so many bytes of one caller, as many as they may have at once.
    fn as_many_as_fit(budget: &Arc<BodyBudget>, owners: [BodyOwner; 2], bytes: usize) -> Vec<BodyBytes> {
        let one = || {
            let mut body = budget.empty_body(owners);
            body.grow_to(bytes).is_ok().then_some(body)
        };
        std::iter::from_fn(one).take(10_000).collect()
    }

    #[test]
    fn a1_bodies_share_a_budget_and_give_back_what_they_took() {
        let budget = BodyBudget::new(100);
        let (mut first, mut second) = (budget.empty_body(caller(1, 1)), budget.empty_body(caller(1, 2)));
        first.grow_to(60).unwrap();
        first.grow_to(50).unwrap();
        second.grow_to(40).unwrap();
        assert_eq!(second.grow_to(41).unwrap_err().reason(), Reason::Overloaded);
        drop(first);
        second.grow_to(100).unwrap();
        drop(second);
        assert_eq!(budget.taken().all, 0);
    }

    #[test]
    fn z1_however_much_one_tenant_holds_another_one_always_gets_some() {
        let budget = BodyBudget::new(15 * LARGE);
        let mut held = Vec::new();
        for account in 1..=50 {
            held.extend(as_many_as_fit(&budget, caller(1, account), LARGE));
        }
        assert!((8..=10).contains(&held.len()), "two thirds: {}", held.len());
        for tenant in 2..=4 {
            let other = as_many_as_fit(&budget, caller(tenant, 1), LARGE);
            assert!(!other.is_empty(), "the {tenant}. tenant");
            drop(other);
        }
        assert!(budget.empty_body(caller(1, 99)).grow_to(OWN_BYTES).is_ok(), "nobody's share counts little");
        drop(held);
        let taken = budget.taken();
        assert_eq!((taken.all, taken.of.len()), (0, 0), "all is given back");
    }

    #[test]
    fn z1_one_caller_leaves_something_for_the_others_of_their_tenant() {
        let budget = BodyBudget::new(16 * LARGE);
        let one = as_many_as_fit(&budget, caller(1, 1), LARGE);
        assert_eq!(one.len(), 8, "half of it");
        assert!(!as_many_as_fit(&budget, caller(1, 2), LARGE).is_empty());
        assert!(!as_many_as_fit(&budget, STRANGER, LARGE).is_empty());
    }

    #[test]
    fn a1_however_many_small_bodies_a_tenant_holds_others_log_in_and_have_their_share() {
        let budget = BodyBudget::new(40 * LARGE);
        let mut held = Vec::new();
        for kib in [1023, 16, 2] {
            for account in 1..=12 {
                held.extend(as_many_as_fit(&budget, caller(1, account), kib * KIB));
            }
        }
        assert!(budget.empty_body(STRANGER).grow_to(16 * KIB).is_ok(), "somebody logs in");
        assert!(budget.empty_body(caller(1, 99)).grow_to(16 * KIB).is_ok(), "another of that tenant asks");
        assert!(!as_many_as_fit(&budget, caller(2, 1), LARGE).is_empty(), "another tenant uploads");
        // As little of each of very many is all there is to hold.
        let own: usize = budget.taken().of.values().max().copied().unwrap();
        assert!(own <= 40 * LARGE * 2 / 3 + 12 * OWN_BYTES, "{own}");
        drop(held);
        let taken = budget.taken();
        assert_eq!((taken.all, taken.of.len()), (0, 0), "all is given back");
    }

    #[test]
    fn a1_a_body_counts_against_a_share_as_it_grows_and_once() {
        let budget = BodyBudget::new(1024 * KIB);
        let mut body = budget.empty_body(caller(1, 1));
        for kib in [1, 15, 16, 17, 17, 400, 512] {
            body.grow_to(kib * KIB).unwrap();
        }
        assert!(body.grow_to(513 * KIB).is_err());
        let taken = budget.taken();
        assert!(taken.all == 512 * KIB && taken.of.values().all(|theirs| *theirs == 512 * KIB));
    }
}
