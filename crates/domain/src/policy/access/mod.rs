//! The policy type `access`: who may query. Its rule, and what a hub is told of it.

mod configuration;
mod entry;
mod hub_pattern;
mod hub_users;

pub use configuration::{AccessConfiguration, AccessConfigurationError, AccessProblem};
pub use entry::{AccessEntry, AccessEntryError};
pub use hub_pattern::{HubPattern, HubPatternError};

use std::sync::Arc;

use serde_json::{Value, json};

use crate::group::GroupName;
use crate::identity::Email;
use crate::marketplace::MarketplaceName;
use crate::policy::access::hub_users::HubUsers;
use crate::policy::metadata::{PolicyEntry, PolicyOutcome};
use crate::policy::pattern::EmailPattern;
use crate::policy::pattern_set::PatternSet;
use crate::policy::policy_type::{
    ConfigurationError, ConfigurationSchema, Effect, Facts, Finding, PolicyType, Rule, Subject,
};
use crate::policy::reference::Reference;
use crate::policy::validity::Validity;

/// The type `access`.
///
/// 1. Whom any policy of mode deny means is refused, whatever allows them.
/// 2. If there is a policy of mode allow, at least one must mean the caller. Where all are of mode deny, an
///    identified caller whom none means is allowed.
/// 3. A pattern other than `*` alone cannot be looked at without the caller's address: if the address is unknown
///    and the decision would hang on it, they are refused.
/// 4. A guest is meant where `guests` is true, and nowhere else.
/// 5. Whoever is in a group that it names is meant by their address alone, as by a pattern. No group means a guest.
/// 6. A user of a marketplace that it names is meant by the address that they have there. No such entry means a member of the
///    tenant, or a guest.
/// 7. Before `valid_from`, and from `valid_until` on, a policy means nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct AccessType;

impl PolicyType for AccessType {
    fn name(&self) -> &'static str {
        "access"
    }

    fn check_shadow(&self) -> Result<(), &'static str> {
        Ok(())
    }

    fn schema(&self) -> ConfigurationSchema {
        let mut patch = own_schema(&[]);
        for (key, kind) in [("guests", "boolean"), ("valid_from", "string"), ("valid_until", "string")] {
            if let Some(one) = patch.pointer_mut(&format!("/properties/{key}/type")) {
                // In a merge patch null takes away what may be left out.
                *one = json!([kind, "null"]);
            }
        }
        ConfigurationSchema {
            taken: json!({ "oneOf": [
                own_schema(&["mode", "patterns"]),
                imported_schema("allowed_users", "denied_users"),
                imported_schema("denied_users", "allowed_users"),
            ] }),
            shown: own_schema(&["mode", "patterns", "guests"]),
            patch,
        }
    }

    fn parse(&self, configuration: &Value) -> Result<Value, ConfigurationError> {
        let access = AccessConfiguration::parse(configuration)?;
        access.check_costs()?;
        Ok(access.to_json())
    }

    fn compile(&self, configuration: &Value) -> Result<Arc<dyn Rule>, ConfigurationError> {
        Ok(Arc::new(AccessRule::compile(configuration)?))
    }

    fn names_callers(&self) -> bool {
        true
    }

    fn is_replayable(&self) -> bool {
        true
    }

    fn patterns(&self, configuration: &Value) -> u64 {
        let patterns = configuration.get("patterns").and_then(Value::as_array).map_or(0, Vec::len);
        u64::try_from(patterns).unwrap_or(u64::MAX)
    }

    fn references(&self, configuration: &Value) -> Vec<Reference> {
        AccessConfiguration::references_of(configuration, "patterns")
    }

    fn outcome(&self) -> PolicyOutcome {
        PolicyOutcome::AccessDenied
    }

    fn refusal(&self) -> PolicyEntry {
        PolicyEntry::rejected(
            self.name(),
            "access",
            "ACCESS_DENIED",
            "the endpoint's access policy does not admit you",
        )
    }
}

/// Whom a policy means.
pub(in crate::policy) struct AccessRule {
    mode: Effect,
    patterns: PatternSet,
    hub_users: HubUsers,
    groups: Box<[GroupName]>,
    /// How each of the groups is named, for whoever is shown what decided.
    references: Box<[Arc<str>]>,
    guests: bool,
    names_some: bool,
    validity: Validity,
}

impl Rule for AccessRule {
    fn effect(&self) -> Effect {
        self.mode
    }

    fn evaluate(&self, facts: &Facts<'_>) -> Finding {
        if !self.validity.holds(facts.now) {
            return Finding::NotMatched;
        }
        let is_known = |name: &MarketplaceName| facts.hub_of(name).is_some();
        if !self.groups.iter().all(|group| facts.can_read(group))
            || !self.hub_users.marketplaces().iter().all(is_known)
        {
            return Finding::Unavailable;
        }
        let pattern = match facts.subject {
            Subject::Guest if self.guests => return Finding::Matched("guests".into()),
            Subject::Guest => None,
            Subject::Identified { email: Some(email) } => {
                match self.patterns.first_match(email).and_then(|index| self.patterns.get(index)) {
                    None => {
                        let at_hub = self.hub_users.first_match(facts, email).map(Finding::Matched);
                        return at_hub.unwrap_or_else(|| self.first_group(facts, email));
                    }
                    pattern => pattern,
                }
            }
            Subject::Identified { email: None } => match self.patterns.everyone() {
                None => match self.hub_users.everyone(facts) {
                    Some(everyone) => return Finding::Matched(everyone),
                    None if self.patterns.needs_email()
                        || self.hub_users.need_email(facts)
                        || !self.groups.is_empty() =>
                    {
                        return Finding::AddressUnknown;
                    }
                    None => None,
                },
                everyone => everyone,
            },
        };
        pattern.map_or(Finding::NotMatched, |pattern| Finding::Matched(pattern.to_text()))
    }

    fn groups(&self) -> &[GroupName] {
        &self.groups
    }

    fn marketplaces(&self) -> &[MarketplaceName] {
        self.hub_users.marketplaces()
    }

    fn cost(&self) -> usize {
        self.patterns.cost().saturating_add(self.hub_users.cost())
    }

    fn description(&self) -> String {
        let whom = match (self.guests, self.names_some, self.groups.is_empty()) {
            (false, _, true) => "People whom the owner names",
            (true, false, true) => "Guests",
            (true, true, true) => "Guests, and people whom the owner names,",
            (false, false, false) => "Members of groups that the owner keeps",
            (false, true, false) => {
                "People whom the owner names, and members of groups that the owner keeps,"
            }
            (true, false, false) => "Guests, and members of groups that the owner keeps,",
            (true, true, false) => {
                "Guests, people whom the owner names, and members of groups that the owner keeps,"
            }
        };
        match self.mode {
            Effect::Allow => format!("{whom} are admitted."),
            Effect::Deny => format!("{whom} are refused."),
        }
    }
}

impl AccessRule {
    /// # Errors
    /// When the configuration is none of the type.
    pub(in crate::policy) fn compile(configuration: &Value) -> Result<Self, ConfigurationError> {
        let AccessConfiguration { mode, patterns, hubs, groups, guests, validity } =
            AccessConfiguration::parse(configuration)?;
        Ok(Self {
            mode,
            patterns: PatternSet::compile(&patterns),
            references: groups.iter().map(|group| group.reference().into()).collect(),
            groups: groups.into(),
            guests,
            names_some: !patterns.is_empty() || !hubs.is_empty(),
            hub_users: HubUsers::compile(hubs),
            validity,
        })
    }

    /// As [`Rule::evaluate`], for whom it matters which entry means the caller: it is the same whether their address is known or
    /// not, or it is said that the address must be known.
    pub(in crate::policy) fn first_entry(&self, facts: &Facts<'_>) -> Finding {
        let finding = self.evaluate(facts);
        let is_unknown = matches!(facts.subject, Subject::Identified { email: None });
        let is_first = match self.patterns.everyone_index() {
            Some(index) => index == 0,
            None => !self.patterns.needs_email() && self.hub_users.everyone_is_first(facts),
        };
        match finding {
            Finding::Matched(_) if is_unknown && !is_first => Finding::AddressUnknown,
            finding => finding,
        }
    }

    /// What the first of the groups says that an address is in.
    fn first_group(&self, facts: &Facts<'_>, email: &Email) -> Finding {
        for (group, reference) in self.groups.iter().zip(&self.references) {
            match facts.groups.and_then(|groups| groups.includes(group, email)) {
                Some(true) => return Finding::Matched(Arc::clone(reference)),
                Some(false) => {}
                None => return Finding::Unavailable,
            }
        }
        Finding::NotMatched
    }
}

/// What a pattern looks like, or what else a list of them holds.
pub(in crate::policy) fn pattern_schema() -> Value {
    json!({
        "type": "string", "format": "email-pattern", "minLength": 1, "maxLength": EmailPattern::MAX,
        "description": "An e-mail address, or one with `*` for any run of characters on its side of the `@`, or `*` alone; or \
            `hub:`, the name of a marketplace, a slash and one of these; or `group:` and the name of a group.",
    })
}

fn own_schema(required: &[&str]) -> Value {
    json!({
        "type": "object", "additionalProperties": false, "required": required, "title": "Mode and patterns",
        "properties": {
            "mode": { "type": "string", "enum": ["allow", "deny"],
                "description": "Whether whoever matches may query, or may not." },
            "patterns": { "type": "array", "maxItems": AccessConfiguration::PATTERNS_MAX, "items": pattern_schema() },
            "guests": { "type": "boolean", "default": false, "description": "Whether guests are meant, too." },
            "valid_from": { "type": "string", "format": "date-time", "description": "Before this time it means nobody." },
            "valid_until": { "type": "string", "format": "date-time", "description": "From this time on it means nobody." },
        },
    })
}

/// The configuration of the Python product: just one of its lists names somebody.
fn imported_schema(named: &str, empty: &str) -> Value {
    json!({
        "type": "object", "additionalProperties": false, "required": [named], "title": format!("Only {named}"),
        "properties": {
            named: { "type": "array", "minItems": 1, "maxItems": AccessConfiguration::PATTERNS_MAX, "items": pattern_schema() },
            empty: { "type": "array", "maxItems": 0 },
        },
    })
}
