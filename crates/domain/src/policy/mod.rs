//! Who may query an endpoint: access policies, the patterns in them, and a verdict that explains itself.

mod access;
mod explain;
mod manage;
mod metadata;
mod pattern;
mod pattern_set;
pub mod ports;
mod verdict;

pub use access::{AccessConfiguration, AccessConfigurationError, AccessProblem, Mode};
pub use explain::{ExplainError, Explained, HypotheticalCaller, explain};
pub use manage::{
    ATTACHED_MAX, ChangePolicy, NewPolicy, PolicyError, attach, attached, change_policy, create_policy,
    policies, policy, remove_policy,
};
pub use metadata::{PolicyEntry, PolicyMetadata, PolicyOutcome};
pub use pattern::{EmailPattern, PatternError};
pub use pattern_set::PatternSet;
pub use verdict::{AccessRules, Decider, Explanation, Reason, Rule, Step, StepOutcome, Subject, Verdict};

use crate::ids::PolicyId;
use crate::time::Timestamp;

/// A rule that can be attached to endpoints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Its id.
    pub id: PolicyId,
    /// Its name for people.
    pub name: String,
    /// What it demands.
    pub configuration: PolicyConfiguration,
    /// Counts its changes, from 1.
    pub revision: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What a policy demands, by its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyConfiguration {
    /// Who may query.
    Access(AccessConfiguration),
}

/// A policy type or configuration that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyConfigurationError {
    /// There is no such type.
    #[error("policy_type is access; there is no type {0:?} in this version")]
    UnknownType(String),
    /// The configuration is not one of an access policy.
    #[error(transparent)]
    Access(#[from] AccessConfigurationError),
}

impl PolicyConfiguration {
    /// The type's name in JSON and in storage.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Access(_) => "access",
        }
    }

    /// Reads a type and its configuration, from a caller or from storage.
    ///
    /// # Errors
    /// When the type is unknown or the configuration is none of it.
    pub fn parse(type_name: &str, json: &serde_json::Value) -> Result<Self, PolicyConfigurationError> {
        match type_name {
            "access" => Ok(Self::Access(AccessConfiguration::parse(json)?)),
            other => Err(PolicyConfigurationError::UnknownType(other.to_owned())),
        }
    }

    /// The configuration as it is shown and stored. [`PolicyConfiguration::parse`] reads it back.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Access(access) => access.to_json(),
        }
    }
}
