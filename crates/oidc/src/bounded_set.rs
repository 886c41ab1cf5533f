//! What was used once, and must not be used again for a while: bounded.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use syft_space_domain::secret::TokenHash;
use tokio::time::Instant;

/// The most that are remembered. Beyond, the oldest is forgotten: then it is for the provider to refuse what comes twice.
const MAX_REMEMBERED: usize = 65_536;

/// A set whose members leave it after a time.
pub(crate) struct BoundedSet {
    lifetime: Duration,
    members: Mutex<Members>,
}

#[derive(Default)]
struct Members {
    known: HashSet<TokenHash>,
    by_age: VecDeque<(Instant, TokenHash)>,
}

impl BoundedSet {
    pub(crate) fn new(lifetime: Duration) -> Self {
        Self { lifetime, members: Mutex::default() }
    }

    /// Adds a member. `false` where it is one already.
    pub(crate) fn insert(&self, member: TokenHash) -> bool {
        let now = Instant::now();
        let mut members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((since, oldest)) = members.by_age.front().copied() {
            if now.duration_since(since) < self.lifetime && members.by_age.len() < MAX_REMEMBERED {
                break;
            }
            members.by_age.pop_front();
            members.known.remove(&oldest);
        }
        let is_new = members.known.insert(member);
        if is_new {
            members.by_age.push_back((now, member));
        }
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a1_what_was_used_is_known_for_a_while_and_in_bounded_number() {
        let set = BoundedSet::new(Duration::from_secs(60));
        let member = |n: usize| TokenHash::of(&n.to_string());
        assert!(set.insert(member(0)));
        assert!(!set.insert(member(0)));
        tokio::time::advance(Duration::from_secs(59)).await;
        assert!(!set.insert(member(0)), "that it comes again keeps it no longer");
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(set.insert(member(0)));
        for n in 1..MAX_REMEMBERED + 10 {
            assert!(set.insert(member(n)));
        }
        let members = set.members.lock().unwrap();
        assert_eq!((members.known.len(), members.by_age.len()), (MAX_REMEMBERED, MAX_REMEMBERED));
    }
}
