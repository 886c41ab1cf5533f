//! What a volume may be: its body, held against the policy.

use crate::json;
use crate::object::ObjectName;
use crate::policy::Policy;
use crate::refusal::Refusal;
use crate::shape::VolumeBody;

/// A volume that the policy allows.
#[derive(Debug, Clone)]
pub struct AcceptedVolume(VolumeBody);

/// Reads the body that makes a volume, and holds it against the policy.
///
/// # Errors
/// When it is no strict JSON, when it has a field that is not in the shape, or one that the policy does not allow.
pub fn accept_volume(body: &[u8], policy: &Policy) -> Result<AcceptedVolume, Refusal> {
    let body: VolumeBody = json::parse(body, &[&[]])?;
    policy.check_labels(&body.labels)?;
    Ok(AcceptedVolume(body))
}

impl AcceptedVolume {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &ObjectName {
        &self.0.name
    }

    /// The body that goes to the engine.
    #[must_use]
    pub fn forwarded(&self) -> Vec<u8> {
        json::write(&self.0)
    }
}
