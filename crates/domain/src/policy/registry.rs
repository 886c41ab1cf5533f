//! The types of policy that a space knows, and the rules that are in use.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use serde_json::Value;

use crate::policy::access::AccessType;
use crate::policy::configuration::{PolicyConfiguration, PolicyConfigurationError};
use crate::policy::policy_type::{ConfigurationError, PolicyType, Rule};

/// The types of policy that a space knows. The default knows those of this crate; a program adds its own with
/// [`PolicyTypes::with`]. A clone knows the same and shares the same rules.
#[derive(Clone)]
pub struct PolicyTypes {
    types: BTreeMap<&'static str, Arc<dyn PolicyType>>,
    rules: Arc<Mutex<Rules>>,
}

/// The rules in use by the digests of their configurations, so that a configuration is compiled once however many
/// endpoints and policies have it, and not again when only a policy's name changes.
#[derive(Default)]
struct Rules {
    by_digest: HashMap<[u8; 32], Weak<dyn Rule>>,
    /// At how many entries those that nobody uses any more are removed.
    sweep_at: usize,
}

impl Rules {
    const MIN_SWEEP: usize = 64;

    fn insert(&mut self, digest: [u8; 32], rule: &Arc<dyn Rule>) {
        if self.by_digest.len() >= self.sweep_at {
            self.by_digest.retain(|_, rule| rule.strong_count() > 0);
            self.sweep_at = (2 * self.by_digest.len()).max(Self::MIN_SWEEP);
        }
        self.by_digest.insert(digest, Arc::downgrade(rule));
    }
}

impl Default for PolicyTypes {
    fn default() -> Self {
        Self { types: BTreeMap::new(), rules: Arc::default() }.with(AccessType)
    }
}

impl PolicyTypes {
    /// Adds a type; one of the same name gives way.
    #[must_use]
    pub fn with(mut self, policy_type: impl PolicyType + 'static) -> Self {
        self.types.insert(policy_type.name(), Arc::new(policy_type));
        // What another type of this name compiled is no rule of this one.
        self.rules = Arc::default();
        self
    }

    /// The types, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<dyn PolicyType>> {
        self.types.values()
    }

    /// The type of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<dyn PolicyType>> {
        self.types.get(name)
    }

    /// Whether policies of a type say who may query. Nobody knows of a type that is unknown here.
    pub(crate) fn names_callers(&self, name: &str) -> bool {
        self.get(name).is_some_and(|policy_type| policy_type.names_callers())
    }

    /// Reads a type and its configuration from a caller.
    ///
    /// # Errors
    /// When the type is unknown or the configuration is none of it.
    pub fn parse(
        &self,
        type_name: &str,
        json: &Value,
    ) -> Result<PolicyConfiguration, PolicyConfigurationError> {
        let policy_type = self.known(type_name)?;
        let canonical = policy_type.parse(json)?;
        let patterns = policy_type.patterns(&canonical);
        Ok(PolicyConfiguration::new(type_name, &canonical, patterns))
    }

    /// The rule of a configuration. Whoever holds one that will soon be stored spares the store's writer compiling it:
    /// the rule is there as long as somebody holds it.
    ///
    /// # Errors
    /// When the type is unknown or cannot read the configuration.
    pub fn compile(
        &self,
        configuration: &PolicyConfiguration,
    ) -> Result<Arc<dyn Rule>, PolicyConfigurationError> {
        let policy_type = self.known(configuration.type_name())?;
        let digest = configuration.digest();
        let known = self.lock(|rules| rules.by_digest.get(&digest).and_then(Weak::upgrade));
        if let Some(rule) = known {
            return Ok(rule);
        }
        // Outside the lock, for this may take long.
        let rule = policy_type.compile(&configuration.to_value().map_err(|error| unreadable(&error))?)?;
        self.lock(|rules| rules.insert(digest, &rule));
        Ok(rule)
    }

    fn known(&self, name: &str) -> Result<&Arc<dyn PolicyType>, PolicyConfigurationError> {
        self.get(name).ok_or_else(|| PolicyConfigurationError::UnknownType {
            name: name.to_owned(),
            known: self.types.keys().copied().collect(),
        })
    }

    fn lock<T>(&self, work: impl FnOnce(&mut Rules) -> T) -> T {
        work(&mut self.rules.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn unreadable(error: &serde_json::Error) -> ConfigurationError {
    ConfigurationError { pointer: String::new(), message: error.to_string() }
}
