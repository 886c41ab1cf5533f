//! A line of an exported log.

use syft_space_domain::audit::tree::NodeHash;

use crate::routes::audit_proofs::{ExportedEvent, PrunedEvent};

/// An event, or what is there of one that is pruned.
pub(super) enum ExportedLine {
    Event(Box<ExportedEvent>),
    Pruned { seq: u64, leaf: NodeHash },
}

impl ExportedLine {
    /// # Errors
    /// When it is neither: what is told is why it is no event.
    pub(super) fn parse(line: &str) -> Result<Self, serde_json::Error> {
        if let Ok(PrunedEvent { seq, leaf }) = serde_json::from_str(line) {
            let mut hash = NodeHash::default();
            hex::decode_to_slice(leaf, &mut hash).map_err(serde::de::Error::custom)?;
            return Ok(Self::Pruned { seq, leaf: hash });
        }
        Ok(Self::Event(Box::new(serde_json::from_str(line)?)))
    }
}
