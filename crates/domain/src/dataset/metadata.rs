//! The metadata of a document.

/// What an owner says about a document: any JSON object. It comes back with each hit.
pub type Metadata = serde_json::Map<String, serde_json::Value>;
