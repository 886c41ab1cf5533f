//! The text of a question, as it is kept for who decides: sealed for its tenant and its row.

use serde::{Deserialize, Serialize};

use crate::endpoint::Conversation;
use crate::ids::ApprovalId;
use crate::sealing::{AssociatedData, SealError, Sealed, Sealer};
use crate::secret::Secret;
use crate::tenant::TenantScope;

/// The most bytes that the messages of a conversation have together, where they are kept.
pub const MAX_PROMPT_BYTES: usize = 32 * 1024;

/// A message of a question that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromptMessage {
    /// Who says it.
    pub role: String,
    /// Its text.
    pub content: String,
}

#[derive(Serialize)]
struct Spoken<'a> {
    role: &'a str,
    content: &'a str,
}

fn place(id: ApprovalId) -> AssociatedData {
    AssociatedData { table: "approvals", column: "prompt", row: *id.as_bytes() }
}

/// Seals what is said in a conversation, for the row of a request.
///
/// # Errors
/// When there is no key or no randomness.
pub fn seal_prompt(
    sealer: &dyn Sealer,
    scope: &TenantScope,
    id: ApprovalId,
    conversation: &Conversation,
) -> Result<Sealed, SealError> {
    let spoken = conversation.messages().map(|(role, content)| Spoken { role: role.as_str(), content });
    // With room for all, so that the buffer never grows and leaves a copy behind: of a character at most six become.
    let bytes: usize = conversation.messages().map(|(_, text)| 6 * text.len() + 64).sum();
    let mut json = Vec::with_capacity(bytes.saturating_add(2));
    let written = serde_json::to_writer(&mut json, &spoken.collect::<Vec<_>>());
    let plain = Secret::new(json);
    written.map_err(|error| SealError(error.to_string()))?;
    sealer.seal(scope, &place(id), &plain)
}

/// Opens the text of a request; `None` where the key is another, or it was changed or moved.
pub(crate) fn open_prompt(
    sealer: &dyn Sealer,
    scope: &TenantScope,
    id: ApprovalId,
    sealed: &Sealed,
) -> Option<Vec<PromptMessage>> {
    let plain = sealer.open(scope, &place(id), sealed).ok()?;
    serde_json::from_slice(plain.expose()).ok()
}
