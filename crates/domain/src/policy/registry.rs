//! The types of policy that a space knows, and the rules that are in use.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use serde_json::Value;
use serde_json::value::RawValue;

use crate::audit::{ChangeCode, Changes};
use crate::policy::access::AccessType;
use crate::policy::accounting::AccountingType;
use crate::policy::configuration::{PolicyConfiguration, PolicyConfigurationError};
use crate::policy::content::ContentType;
use crate::policy::disclosure::DisclosureType;
use crate::policy::disclosure_log::DisclosureLogType;
use crate::policy::manual_review::ManualReviewType;
use crate::policy::pii_filter::PiiFilterType;
use crate::policy::policy_type::{ConfigurationError, PolicyType, Rule};
use crate::policy::purpose_type::PurposeType;
use crate::policy::rate_limit::RateLimitType;
use crate::policy::reference::Reference;
use crate::policy::schedule::ScheduleType;
use crate::policy::token_limit::TokenLimitType;

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
        let rates = RateLimitType::default();
        Self { types: BTreeMap::new(), rules: Arc::default() }
            .with(TokenLimitType::new(rates.limiter()))
            .with(AccessType)
            .with(AccountingType::default())
            .with(DisclosureType::default())
            .with(DisclosureLogType)
            .with(ManualReviewType)
            .with(PurposeType)
            .with(rates)
            .with(PiiFilterType)
            .with(ContentType)
            .with(ScheduleType)
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

    /// Whether a policy of a type can be tried in shadow.
    ///
    /// # Errors
    /// Why it cannot, and what to do instead. Of a type that is unknown here nobody can say.
    pub fn check_shadow(&self, name: &str) -> Result<(), String> {
        let policy_type = self.known(name).map_err(|unknown| unknown.to_string())?;
        policy_type.check_shadow().map_err(str::to_owned)
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
        let (patterns, references) = (policy_type.patterns(&canonical), policy_type.references(json));
        Ok(PolicyConfiguration::new(type_name, &canonical, patterns, references))
    }

    /// The groups and marketplaces that a configuration names; none of one that cannot be read.
    pub(crate) fn references(&self, configuration: &PolicyConfiguration) -> Vec<Reference> {
        let named = self.get(configuration.type_name()).zip(configuration.to_value().ok());
        named.map_or_else(Vec::new, |(policy_type, json)| policy_type.references(&json))
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

    /// Notes which settings of a policy are others, by the names that its type gives them, and their values where they are
    /// of few; of a policy that is made, those values. Nothing that a caller wrote is among it.
    pub(crate) fn note_changes(
        &self,
        before: Option<&PolicyConfiguration>,
        after: &PolicyConfiguration,
        changes: &mut Changes,
    ) {
        if before == Some(after) {
            return;
        }
        let same_type = before.filter(|before| before.type_name() == after.type_name());
        if before.is_some() && same_type.is_none() {
            changes.note(ChangeCode::ChangedPolicyType);
        }
        let schema = self.get(after.type_name()).map(|policy_type| policy_type.schema().shown);
        let named = schema.as_ref().and_then(|schema| schema.get("properties")?.as_object());
        // By their names: a map of JSON has the order of its making in some programs, and in others not.
        let named: BTreeMap<_, _> = named.into_iter().flatten().collect();
        let (old, new) = (same_type.map(settings).unwrap_or_default(), settings(after));
        let mut is_told = same_type.is_none();
        for (name, schema) in named {
            let value = new.get(name).copied();
            if old.get(name).copied().map(RawValue::get) == value.map(RawValue::get) {
                continue;
            }
            let value = value.and_then(|value| one_of_few(schema, value));
            if same_type.is_some() || value.is_some() {
                changes.note_setting(name, value.as_deref());
                is_told = true;
            }
        }
        if !is_told {
            changes.note(ChangeCode::ChangedConfiguration);
        }
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

/// The settings of a configuration as they are stored; none of one that is no object.
fn settings(configuration: &PolicyConfiguration) -> HashMap<String, &RawValue> {
    serde_json::from_str(configuration.stored()).unwrap_or_default()
}

/// The text of a value, where its schema says that there are few.
fn one_of_few(schema: &Value, value: &RawValue) -> Option<String> {
    let few = schema.get("enum").and_then(Value::as_array);
    let is_boolean = schema.get("type").and_then(Value::as_str) == Some("boolean");
    match serde_json::from_str(value.get()).ok().filter(|_| is_boolean || few.is_some())? {
        Value::Bool(value) if is_boolean => Some(value.to_string()),
        Value::String(value) => few?.iter().any(|one| *one == value).then_some(value),
        value => few?.contains(&value).then(|| value.to_string()),
    }
}

fn unreadable(error: &serde_json::Error) -> ConfigurationError {
    ConfigurationError { pointer: String::new(), message: error.to_string() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::audit::{Action, Actor, Log, Origin, RequestContext};
    use crate::policy::policy_type::{ConfigurationSchema, Facts, Finding};
    use crate::random::{Entropy, RandomError};
    use crate::time::Timestamp;

    struct Zeros;

    impl Entropy for Zeros {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
            bytes.fill(0);
            Ok(())
        }
    }

    /// A type of another program.
    struct Curfew(Value);

    impl PolicyType for Curfew {
        fn name(&self) -> &'static str {
            "curfew"
        }

        fn schema(&self) -> ConfigurationSchema {
            self.0.clone().into()
        }

        fn parse(&self, configuration: &Value) -> Result<Value, ConfigurationError> {
            Ok(configuration.clone())
        }

        fn compile(&self, _: &Value) -> Result<Arc<dyn Rule>, ConfigurationError> {
            Ok(Arc::new(Never))
        }
    }

    struct Never;

    impl Rule for Never {
        fn evaluate(&self, _: &Facts<'_>) -> Finding {
            Finding::NotMatched
        }

        fn description(&self) -> String {
            "never".to_owned()
        }
    }

    fn told(types: &PolicyTypes, before: Option<&str>, after: (&str, &str)) -> String {
        let mut changes = Changes::default();
        let before = before.map(|text| PolicyConfiguration::from_storage("curfew", text, 0));
        let after = PolicyConfiguration::from_storage(after.0, after.1, 0);
        types.note_changes(before.as_ref(), &after, &mut changes);
        let context =
            RequestContext::begin(Timestamp::from_unix_micros(0), Arc::new(Zeros), Origin::default())
                .unwrap();
        let event = context.event(Log::Installation, Action::ConfigChange, Actor::System).unwrap();
        event.changing(changes).reason_code.map_or_else(String::new, |reason| reason.to_string())
    }

    #[test]
    fn u1_what_is_told_of_a_changed_policy_are_names_and_values_of_its_schema_alone() {
        let schema = json!({ "type": "object", "properties": {
            "after": { "type": "string" },
            "mode": { "type": "string", "enum": ["enforced", "disabled"] },
            "strict": { "type": "boolean" },
            "tries": { "type": "integer", "enum": [1, 3] },
        }});
        let types = PolicyTypes::default().with(Curfew(schema));
        let full = r#"{"after":"22:00","mode":"enforced","strict":true,"tries":1}"#;
        for (before, after, expected) in [
            (None, full, "mode_enforced,strict_true,tries_1"),
            (None, r#"{"after":"22:00"}"#, ""),
            (Some(full), full, ""),
            (Some(full), r#"{"after":"22:00","mode":"disabled","strict":true,"tries":1}"#, "mode_disabled"),
            (
                Some(full),
                r#"{"after":"bob","mode":"enforced","strict":false,"tries":1}"#,
                "changed_after,strict_false",
            ),
            (
                Some(full),
                r#"{"after":"22:00","mode":"bob","tries":3}"#,
                "changed_mode,changed_strict,tries_3",
            ),
            // What no schema knows is told of, and not named.
            (Some("{}"), r#"{"bob":1}"#, "changed_configuration"),
            (Some(full), "no JSON", "changed_after,changed_mode,changed_strict,changed_tries"),
            (Some("no JSON"), "[]", "changed_configuration"),
        ] {
            assert_eq!(told(&types, before, ("curfew", after)), expected, "{before:?} {after}");
        }
        let other = ("access", r#"{"mode":"deny","patterns":["bob@example.org"],"guests":false}"#);
        assert_eq!(told(&types, Some(full), other), "changed_policy_type,guests_false,mode_deny");
    }

    #[test]
    fn u1_a_policy_whose_type_names_no_settings_is_said_to_be_another() {
        for types in [PolicyTypes::default().with(Curfew(json!(true))), PolicyTypes::default()] {
            assert_eq!(told(&types, Some(r#"{"a":1}"#), ("curfew", r#"{"a":2}"#)), "changed_configuration");
            assert_eq!(told(&types, Some("{}"), ("curfew", "{}")), "");
            assert_eq!(told(&types, None, ("curfew", "{}")), "");
        }
    }

    #[test]
    fn u1_a_value_that_is_none_of_the_few_is_not_told_whatever_it_looks_like() {
        let schema = json!({ "type": "object", "properties": { "loud": { "enum": ["auto", true, 7] } } });
        let types = PolicyTypes::default().with(Curfew(schema));
        for (value, expected) in [
            ("true", "loud_true"),
            ("false", "changed_loud"),
            (r#""auto""#, "loud_auto"),
            (r#""bob""#, "changed_loud"),
            ("7", "loud_7"),
            ("8", "changed_loud"),
        ] {
            let after = format!(r#"{{"loud":{value}}}"#);
            assert_eq!(told(&types, Some("{}"), ("curfew", &after)), expected, "{value}");
        }
    }

    #[test]
    fn k12_rules_that_nobody_uses_are_forgotten_and_those_in_use_are_compiled_once() {
        let types = PolicyTypes::default().with(Curfew(json!(true)));
        let compiled =
            |n: u32| types.compile(&PolicyConfiguration::from_storage("curfew", &n.to_string(), 0)).unwrap();
        let used: Vec<_> = (0..100).map(compiled).collect();
        let mut most = 0;
        for n in 100..2_000 {
            drop(compiled(n));
            most = most.max(types.lock(|rules| rules.by_digest.len()));
        }
        assert_eq!(most, 200, "all are looked at, so that waits until half of them are of no use");
        for (n, rule) in (0..).zip(&used) {
            assert!(Arc::ptr_eq(rule, &compiled(n)), "{n}");
        }
        drop(used);
        (2_000..3_000).for_each(|n| drop(compiled(n)));
        assert!(types.lock(|rules| rules.by_digest.len()) <= Rules::MIN_SWEEP);
    }
}
