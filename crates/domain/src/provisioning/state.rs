//! How far a database is between being wanted and being gone.

use crate::as_text::text_enum;

text_enum! {
    /// How far a database is. It is kept with its dataset, so that whoever starts again knows what is to be finished.
    pub enum ProvisioningState {
        /// It is wanted, and not known to be healthy: it is made, or made anew.
        Provisioning = "provisioning",
        /// It was healthy when it was looked at last.
        Ready = "ready",
        /// It is wanted no more. Nobody begins to use it; who has begun may end.
        Stopping = "stopping",
        /// Nobody uses it. It goes, and whatever is there of it.
        Removing = "removing",
        /// That nothing of it is there was confirmed.
        Gone = "gone",
    }

    /// A text that is no state of a database.
    #[error("a state is provisioning, ready, stopping, removing or gone")]
    pub struct ProvisioningStateError;
}

impl ProvisioningState {
    /// Whether a database goes from here straight to that state.
    ///
    /// Forward one step at a time, with two exceptions: what is ready and then found ill or lost is provisioned again, and what is not
    /// ready yet may already be wanted no more. From there on no way leads back: a database that goes is gone before another one of the
    /// same dataset begins.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Provisioning, Self::Ready | Self::Stopping)
                | (Self::Ready, Self::Provisioning | Self::Stopping)
                | (Self::Stopping, Self::Removing)
                | (Self::Removing, Self::Gone)
        )
    }

    /// Whether there is to be a database. Where there is not, whatever an engine holds of it is to go.
    #[must_use]
    pub const fn is_wanted(self) -> bool {
        matches!(self, Self::Provisioning | Self::Ready)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The states that can be reached from one, itself among them.
    fn reachable(from: ProvisioningState) -> Vec<ProvisioningState> {
        let mut reached = vec![from];
        while let Some(next) = ProvisioningState::ALL
            .into_iter()
            .find(|next| !reached.contains(next) && reached.iter().any(|state| state.may_become(*next)))
        {
            reached.push(next);
        }
        reached
    }

    #[test]
    fn r4_a_database_that_goes_never_comes_back_and_any_can_go() {
        for state in ProvisioningState::ALL {
            assert!(reachable(state).contains(&ProvisioningState::Gone), "{state} ends");
            assert!(!state.may_become(state), "{state} is no step");
            if !state.is_wanted() {
                assert!(
                    !reachable(state).into_iter().any(ProvisioningState::is_wanted),
                    "{state} leads back"
                );
            }
        }
    }

    #[test]
    fn r4_nothing_is_gone_that_was_not_being_removed() {
        for state in ProvisioningState::ALL {
            let may = state.may_become(ProvisioningState::Gone);
            assert_eq!(may, state == ProvisioningState::Removing, "{state}");
            let may = state.may_become(ProvisioningState::Ready);
            assert_eq!(may, state == ProvisioningState::Provisioning, "{state}");
        }
    }

    #[test]
    fn r4_a_state_is_read_as_it_was_written() {
        for state in ProvisioningState::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
        }
        assert!("running".parse::<ProvisioningState>().is_err());
    }
}
