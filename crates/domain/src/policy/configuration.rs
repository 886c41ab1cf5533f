//! What a policy demands: the name of its type, and JSON that the type has checked.

use std::fmt;
use std::sync::Arc;

use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::policy::policy_type::ConfigurationError;
use crate::policy::reference::Reference;

/// What a policy demands. [`PolicyTypes::parse`](crate::policy::PolicyTypes::parse) makes one of a caller's JSON; a store
/// gives back what it was given. A clone is a pointer to the same.
#[derive(Clone)]
pub struct PolicyConfiguration {
    type_name: Arc<str>,
    json: Arc<RawValue>,
    /// What a store kept, where that is no JSON.
    unreadable: Option<Arc<str>>,
    patterns: u64,
    references: Arc<[Reference]>,
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
    pub(super) fn new(type_name: &str, json: &Value, patterns: u64, references: Vec<Reference>) -> Self {
        Self { references: references.into(), ..Self::from_storage(type_name, &json.to_string(), patterns) }
    }

    /// A configuration as a store kept it. Whether its type is known and can read it shows when it is compiled: until
    /// then it can be listed and replaced. A text that is no JSON is shown as `{"unreadable": "…"}`, and no type can read it.
    #[must_use]
    pub fn from_storage(type_name: &str, text: &str, patterns: u64) -> Self {
        let (json, unreadable) = match serde_json::from_str::<&RawValue>(text) {
            Ok(json) => (json.to_owned(), None),
            Err(_) => {
                let shown = to_raw_value(&json!({ "unreadable": text }));
                (shown.unwrap_or_else(|_| RawValue::NULL.to_owned()), Some(text.into()))
            }
        };
        Self {
            type_name: type_name.into(),
            json: json.into(),
            unreadable,
            patterns,
            references: Arc::default(),
        }
    }

    /// The type's name in JSON and in storage.
    #[must_use]
    pub fn type_name(&self) -> &str {
        &self.type_name
    }

    /// The configuration as it is shown.
    #[must_use]
    pub fn json(&self) -> &Arc<RawValue> {
        &self.json
    }

    /// The configuration as it is stored: what was read is written back, whether it can be understood or not.
    #[must_use]
    pub fn stored(&self) -> &str {
        self.unreadable.as_deref().unwrap_or_else(|| self.json.get())
    }

    /// How many patterns it holds, of those a tenant may have.
    #[must_use]
    pub fn patterns(&self) -> u64 {
        self.patterns
    }

    /// The groups and marketplaces that it names, each where its writer named it. Of one that a store gave back none are known: the
    /// store has [noted](crate::group::ports::GroupRows::set_groups_of_policy) which groups the policy names.
    #[must_use]
    pub fn references(&self) -> &[Reference] {
        &self.references
    }

    /// How many bytes are stored of it.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        u64::try_from(self.stored().len()).unwrap_or(u64::MAX)
    }

    /// The configuration as a value.
    ///
    /// # Errors
    /// When it is nested deeper than JSON is read here, or what a store kept is no JSON.
    pub fn to_value(&self) -> Result<Value, serde_json::Error> {
        serde_json::from_str(self.stored())
    }

    /// Tells configurations apart.
    pub(super) fn digest(&self) -> [u8; 32] {
        // No type's name holds a zero byte, so no two pairs are hashed alike.
        Sha256::new()
            .chain_update(self.type_name.as_bytes())
            .chain_update([0])
            .chain_update(self.stored())
            .finalize()
            .into()
    }
}

impl PartialEq for PolicyConfiguration {
    fn eq(&self, other: &Self) -> bool {
        (&self.type_name, self.stored(), self.patterns) == (&other.type_name, other.stored(), other.patterns)
    }
}

impl Eq for PolicyConfiguration {}

impl fmt::Debug for PolicyConfiguration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.type_name, self.stored())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn z2_a_stored_text_that_is_no_json_is_shown_and_never_read() {
        let (broken, shown) = ("\"{", r#"{"unreadable":"\"{"}"#);
        let configuration = PolicyConfiguration::from_storage("of_texts", broken, 3);
        assert_eq!((configuration.json().get(), configuration.stored()), (shown, broken));
        assert!(configuration.to_value().is_err());
        // What is shown is another configuration, which a type may read.
        let of_json = PolicyConfiguration::from_storage("of_texts", shown, 3);
        assert_eq!(of_json.to_value().unwrap(), json!({ "unreadable": broken }));
        assert_ne!(configuration, of_json);
        assert_ne!(configuration.digest(), of_json.digest());
    }
}
