//! What a policy demands: the name of its type, and JSON that the type has checked.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::policy::policy_type::ConfigurationError;

/// What a policy demands. [`PolicyTypes::parse`](crate::policy::PolicyTypes::parse) makes one of a caller's JSON; a store
/// gives back what it was given. A clone is a pointer to the same.
#[derive(Clone)]
pub struct PolicyConfiguration {
    type_name: Arc<str>,
    json: Arc<RawValue>,
    patterns: u64,
}

/// A policy type or configuration that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyConfigurationError {
    /// There is no such type.
    #[error("there is no type {name:?} in this version")]
    UnknownType {
        /// What was named.
        name: String,
        /// The types that there are.
        known: Vec<&'static str>,
    },
    /// The configuration is not one of the type.
    #[error(transparent)]
    Invalid(#[from] ConfigurationError),
}

impl PolicyConfiguration {
    pub(super) fn new(type_name: &str, json: &Value, patterns: u64) -> Result<Self, serde_json::Error> {
        Self::from_storage(type_name, json.to_string(), patterns)
    }

    /// A configuration as a store kept it. Whether its type is known and can read it shows when it is compiled: until
    /// then it can be listed and replaced.
    ///
    /// # Errors
    /// When the text is no JSON.
    pub fn from_storage(type_name: &str, json: String, patterns: u64) -> Result<Self, serde_json::Error> {
        Ok(Self { type_name: type_name.into(), json: RawValue::from_string(json)?.into(), patterns })
    }

    /// The type's name in JSON and in storage.
    #[must_use]
    pub fn type_name(&self) -> &str {
        &self.type_name
    }

    /// The configuration as it is shown and stored.
    #[must_use]
    pub fn json(&self) -> &Arc<RawValue> {
        &self.json
    }

    /// How many patterns it holds, of those a tenant may have.
    #[must_use]
    pub fn patterns(&self) -> u64 {
        self.patterns
    }

    /// How many bytes its JSON has.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        u64::try_from(self.json.get().len()).unwrap_or(u64::MAX)
    }

    /// The configuration as a value.
    ///
    /// # Errors
    /// When it is nested deeper than JSON is read here.
    pub fn to_value(&self) -> Result<Value, serde_json::Error> {
        serde_json::from_str(self.json.get())
    }

    /// Tells configurations apart.
    pub(super) fn digest(&self) -> [u8; 32] {
        // No type's name holds a zero byte, so no two pairs are hashed alike.
        Sha256::new()
            .chain_update(self.type_name.as_bytes())
            .chain_update([0])
            .chain_update(self.json.get())
            .finalize()
            .into()
    }
}

impl PartialEq for PolicyConfiguration {
    fn eq(&self, other: &Self) -> bool {
        (&self.type_name, self.json.get(), self.patterns)
            == (&other.type_name, other.json.get(), other.patterns)
    }
}

impl Eq for PolicyConfiguration {}

impl fmt::Debug for PolicyConfiguration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.type_name, self.json.get())
    }
}
