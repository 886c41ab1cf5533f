//! How far a database of the space's own making is.

use crate::as_text::text_enum;
use crate::provisioning::ports::ProvisionError;

text_enum! {
    /// How far a database is. That it is wanted is kept with its dataset; the rest is asked of the engine at each start, which alone knows.
    pub enum ProvisioningState {
        /// It is made, or made anew.
        Provisioning = "provisioning",
        /// It was healthy when it was looked at last.
        Ready = "ready",
    }

    /// A text that is no state of a database.
    #[error("a state is provisioning or ready")]
    pub struct ProvisioningStateError;
}

text_enum! {
    /// Why a database is not ready yet, for people who are not the operator: what an engine says of itself is in the operator's log.
    pub enum ProvisioningReason {
        /// The engine cannot be reached.
        EngineDown = "engine_down",
        /// The engine does not answer in time.
        EngineSlow = "engine_slow",
        /// The engine refuses, or answers what makes no sense.
        EngineFault = "engine_fault",
        /// There is no engine, or no image for this kind of database.
        NotOffered = "not_offered",
        /// The engine does not have the image.
        ImageMissing = "image_missing",
        /// The tenant has as many databases as its network has addresses, or there is no network left.
        NoAddressLeft = "no_address_left",
        /// The engine's disk is full.
        OutOfSpace = "out_of_space",
        /// The database does not come up.
        Unhealthy = "unhealthy",
    }

    /// A text that is no such reason.
    #[error("it is no reason for which a database is not ready")]
    pub struct ProvisioningReasonError;
}

impl From<&ProvisionError> for ProvisioningReason {
    fn from(error: &ProvisionError) -> Self {
        match error {
            ProvisionError::EngineDown(_) => Self::EngineDown,
            ProvisionError::TooSlow(_) => Self::EngineSlow,
            ProvisionError::Nonsense(_)
            | ProvisionError::Refused(_)
            | ProvisionError::NotOurs(_)
            | ProvisionError::StillThere(_) => Self::EngineFault,
            ProvisionError::NotOffered(_) => Self::NotOffered,
            ProvisionError::ImageMissing(_) => Self::ImageMissing,
            ProvisionError::NoAddressLeft(_) => Self::NoAddressLeft,
            ProvisionError::OutOfSpace(_) => Self::OutOfSpace,
            ProvisionError::Unhealthy(_) => Self::Unhealthy,
        }
    }
}
