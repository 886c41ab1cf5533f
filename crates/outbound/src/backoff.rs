//! The delay before a call is tried again.

use std::time::Duration;

use syft_space_domain::random::Entropy;

/// The delay before the first retry, at most.
const FIRST_DELAY: Duration = Duration::from_millis(200);
/// The longest delay.
const MAX_DELAY: Duration = Duration::from_secs(5);

/// An exponential delay with jitter, between half of it and all of it: calls that failed together do not come back
/// together.
pub(crate) fn delay(attempt: u32, entropy: &dyn Entropy) -> Duration {
    let full = FIRST_DELAY.saturating_mul(1u32.checked_shl(attempt).unwrap_or(u32::MAX)).min(MAX_DELAY);
    let mut bytes = [0; 4];
    // Without randomness the delay is full, and still valid.
    let share = if entropy.fill(&mut bytes).is_ok() { u32::from_be_bytes(bytes) } else { u32::MAX };
    full.div_f64(2.0) + full.mul_f64(f64::from(share) / f64::from(u32::MAX) / 2.0)
}

#[cfg(test)]
mod tests {
    use syft_space_domain::random::RandomError;

    use super::*;

    struct FixedEntropy(u8);

    impl Entropy for FixedEntropy {
        fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
            buffer.fill(self.0);
            Ok(())
        }
    }

    struct BrokenEntropy;

    impl Entropy for BrokenEntropy {
        fn fill(&self, _: &mut [u8]) -> Result<(), RandomError> {
            Err(RandomError("none".to_owned()))
        }
    }

    #[test]
    fn waits_double_up_to_a_bound_and_are_spread() {
        for (attempt, full) in [(0, 200), (1, 400), (2, 800), (4, 3_200), (5, 5_000), (400, 5_000)] {
            assert_eq!(delay(attempt, &FixedEntropy(0)), Duration::from_millis(full / 2));
            assert_eq!(delay(attempt, &FixedEntropy(255)), Duration::from_millis(full));
            assert_eq!(delay(attempt, &BrokenEntropy), Duration::from_millis(full));
        }
    }
}
