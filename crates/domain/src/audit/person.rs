//! The personal data of an event, kept aside so that it can be erased without breaking the log.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::dataset::DocumentId;
use crate::ids::{ApiKeyId, HubId};
use crate::policy::{Purpose, Redactions};
use crate::text::Name;

/// A user of a hub, as the hub knows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HubUser {
    /// The hub.
    pub hub: HubId,
    /// Who they are there: the `sub` of their tokens.
    pub subject: String,
}

/// An API key as it was called then. It is told with the event, so that the log can be read when the key is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsedKey {
    /// The key.
    pub id: ApiKeyId,
    /// What its holder called it.
    pub name: Name,
}

/// The personal data of one event.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The client's address.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub address: Option<IpAddr>,
    /// The e-mail address somebody gave, in canonical form.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub email: Option<String>,
    /// The client's own description of itself, cut to 256 characters.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub user_agent: Option<String>,
    /// Who somebody is on the hub that they came from.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub hub_user: Option<HubUser>,
    /// What somebody said that their query is for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub purpose: Option<Purpose>,
    /// The API key with which it was done; of what was done to a key, that key.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub api_key: Option<UsedKey>,
    /// How often something was taken from what somebody was shown.
    #[serde(skip_serializing_if = "Redactions::is_empty", default)]
    pub redactions: Redactions,
    /// The documents that somebody was shown, where a policy has that recorded: each once, the closest first. `None` where none has.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub shown: Option<Vec<DocumentId>>,
}

impl Person {
    /// Whether nothing personal is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The bytes that are stored aside and committed to: JSON with the keys in a fixed order.
    #[must_use]
    pub fn canonical(&self) -> Vec<u8> {
        // A struct of optional texts always serialises.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The commitment of an event to its personal data: `SHA-256(salt ‖ data)`.
    #[must_use]
    pub fn commitment(salt: &[u8; 16], canonical: &[u8]) -> [u8; 32] {
        Sha256::new().chain_update(salt).chain_update(canonical).finalize().into()
    }
}
