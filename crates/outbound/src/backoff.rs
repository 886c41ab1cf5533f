//! How long is waited before a call is tried again?

use std::time::Duration;

use syft_space_domain::random::Entropy;

/// The wait before the first repetition, at most.
const FIRST: Duration = Duration::from_millis(200);
/// The longest wait.
const LONGEST: Duration = Duration::from_secs(5);

/// A wait that doubles with each attempt, between half of it and all of it: those who failed together do not come
/// back together.
pub(crate) fn wait(attempt: u32, entropy: &dyn Entropy) -> Duration {
    let whole = FIRST.saturating_mul(1u32.checked_shl(attempt).unwrap_or(u32::MAX)).min(LONGEST);
    let mut bytes = [0; 4];
    // Without randomness the wait is whole, and still right.
    let share = if entropy.fill(&mut bytes).is_ok() { u32::from_be_bytes(bytes) } else { u32::MAX };
    whole.div_f64(2.0) + whole.mul_f64(f64::from(share) / f64::from(u32::MAX) / 2.0)
}

#[cfg(test)]
mod tests {
    use syft_space_domain::random::RandomError;

    use super::*;

    struct Always(u8);

    impl Entropy for Always {
        fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
            buffer.fill(self.0);
            Ok(())
        }
    }

    struct Broken;

    impl Entropy for Broken {
        fn fill(&self, _: &mut [u8]) -> Result<(), RandomError> {
            Err(RandomError("none".to_owned()))
        }
    }

    #[test]
    fn waits_double_up_to_a_bound_and_are_spread() {
        for (attempt, whole) in [(0, 200), (1, 400), (2, 800), (4, 3_200), (5, 5_000), (400, 5_000)] {
            assert_eq!(wait(attempt, &Always(0)), Duration::from_millis(whole / 2));
            assert_eq!(wait(attempt, &Always(255)), Duration::from_millis(whole));
            assert_eq!(wait(attempt, &Broken), Duration::from_millis(whole));
        }
    }
}
