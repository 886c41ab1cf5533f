//! Whether the clock can be believed as the server starts.

use std::time::Duration;

use syft_space_domain::Space;
use syft_space_domain::audit::ports::EventFilter;
use syft_space_domain::page::PageRequest;
use syft_space_domain::store::{Flow, StoreError, View};
use syft_space_domain::tenant::OperatorScope;
use syft_space_domain::time::Timestamp;

/// How far the clock may have gone on since the installation's log was last written, without that being doubted.
const UNDOUBTED: Duration = Duration::from_secs(86_400);
/// For how long a clock is doubted that has gone on further: until then a host has mostly been told the time.
const DOUBTED_FOR: Duration = Duration::from_secs(600);

/// For how long from the start nothing goes because its time has come: a host whose clock is ahead as it boots would remove a tenant that could
/// still be kept, and what nobody gets back. Asked before the start is recorded.
///
/// # Errors
/// When the store fails.
pub(crate) async fn doubted_for(space: &Space, operator: &OperatorScope) -> Result<Duration, StoreError> {
    let operator = operator.clone();
    let find = move |view: &mut dyn View| {
        let events = view.installation_events(&operator, &EventFilter::default(), PageRequest::default())?;
        Ok::<_, StoreError>(events.events.items.first().map(|recorded| recorded.event.time))
    };
    let last = space.store.read(Flow::Installation, find).await?;
    let doubted = doubted(last, space.clock.now());
    if !doubted.is_zero() {
        tracing::warn!(
            minutes = doubted.as_secs() / 60,
            "the clock has gone on by more than a day since this space was last started, stopped or changed by its operator: in case it is \
             ahead, the removal of no tenant begins in the first minutes, and nothing goes by its age"
        );
    }
    Ok(doubted)
}

fn doubted(last: Option<Timestamp>, now: Timestamp) -> Duration {
    let is_doubted = last.is_some_and(|last| now > last.plus(UNDOUBTED));
    if is_doubted { DOUBTED_FOR } else { Duration::ZERO }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g2_a_clock_that_has_gone_on_by_more_than_a_day_since_the_last_event_is_doubted_for_a_while() {
        let now = Timestamp::from_unix_micros(1_764_000_000_000_000);
        let day = Duration::from_secs(86_400);
        assert_eq!(doubted(None, now), Duration::ZERO, "of a new space");
        for ago in [Duration::ZERO, Duration::from_secs(60), day] {
            assert_eq!(doubted(Some(now.minus(ago)), now), Duration::ZERO, "{ago:?}");
        }
        assert_eq!(doubted(Some(now.plus(day)), now), Duration::ZERO, "one that was set back");
        for ago in [day + Duration::from_micros(1), day * 31] {
            assert_eq!(doubted(Some(now.minus(ago)), now), DOUBTED_FOR, "{ago:?}");
        }
    }
}
