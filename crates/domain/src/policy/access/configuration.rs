//! The configuration of an access policy: whom it means, and when.

use std::collections::HashSet;
use std::hash::Hash;

use serde_json::{Map, Value, json};

use crate::group::{GroupName, GroupNameError};
use crate::policy::access::entry::{AccessEntry, AccessEntryError};
use crate::policy::access::hub_pattern::{HubPattern, HubPatternError};
use crate::policy::pattern::{EmailPattern, PatternError};
use crate::policy::policy_type::{ConfigurationError, Effect};
use crate::policy::reference::{Reference, Referent};
use crate::policy::validity::{Validity, ValidityError};
use crate::time::Timestamp;

/// What an access policy demands. What it means beside others stands at [`AccessType`](super::AccessType).
///
/// ```
/// use serde_json::json;
/// use syft_space_domain::policy::{AccessConfiguration, Effect};
/// let ours = AccessConfiguration::parse(&json!({"mode": "deny", "patterns": ["*@Competitor.com"]}))?;
/// assert_eq!((ours.mode, ours.guests), (Effect::Deny, false));
/// assert_eq!(ours.to_json(), json!({"mode": "deny", "patterns": ["*@competitor.com"], "guests": false}));
///
/// let imported = AccessConfiguration::parse(&json!({"allowed_users": ["ada@example.com"], "denied_users": []}))?;
/// assert_eq!(imported.mode, Effect::Allow);
///
/// let error = AccessConfiguration::parse(&json!({"mode": "allow", "patterns": ["*@example.com", "ada"]}));
/// assert_eq!(error.unwrap_err().pointer(), "/patterns/1");
/// # Ok::<(), syft_space_domain::policy::AccessConfigurationError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessConfiguration {
    /// Whether whoever matches may query or may not.
    pub mode: Effect,
    /// Who is meant, each pattern once. None of them means a guest.
    pub patterns: Vec<EmailPattern>,
    /// Users of which marketplaces are meant, too, each pattern once.
    pub hubs: Vec<HubPattern>,
    /// The groups whose members are meant, too, each once.
    pub groups: Vec<GroupName>,
    /// Whether guests are meant, too.
    pub guests: bool,
    /// When it means anybody.
    pub validity: Validity,
}

/// A configuration that cannot be read: where, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{}{problem}", .pointer, if .pointer.is_empty() { "" } else { ": " })]
pub struct AccessConfigurationError {
    pointer: String,
    problem: AccessProblem,
}

/// What is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccessProblem {
    /// It is no object.
    #[error(r#"an access policy is an object such as {{"mode": "allow", "patterns": ["*@example.com"]}}"#)]
    NotAnObject,
    /// It holds what it should not.
    #[error("an access policy has mode, patterns, guests, valid_from and valid_until, but no {0:?}")]
    UnknownKey(String),
    /// The mode is none, or missing.
    #[error(r#"mode is "allow" or "deny""#)]
    Mode,
    /// The patterns are no list, or missing.
    #[error("write a list of patterns; [] if there are none")]
    NotAList,
    /// There are too many patterns.
    #[error("an access policy has at most {} patterns", AccessConfiguration::PATTERNS_MAX)]
    TooMany,
    /// There are too many patterns that have to be tried one by one, or these are too dear.
    #[error(
        "an access policy has at most {} patterns with a * between two texts, or with several on one side of the @, and in \
         these at most {} *; one * at the beginning or end of a side is not counted",
        AccessConfiguration::MAX_MIXED_PATTERNS,
        AccessConfiguration::MAX_MIXED_STARS
    )]
    TooManyMixed,
    /// A pattern is no text.
    #[error("a pattern is a text")]
    NotAText,
    /// A text is no pattern.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// What stands behind `hub:` means no users of a marketplace.
    #[error(transparent)]
    Hub(#[from] HubPatternError),
    /// What stands behind `group:` is no name of a group.
    #[error(transparent)]
    Group(#[from] GroupNameError),
    /// There are too many groups.
    #[error("an access policy names at most {} groups", AccessConfiguration::MAX_GROUPS)]
    TooManyGroups,
    /// Whether guests are meant is unclear.
    #[error("guests is true or false")]
    Guests,
    /// A time is none.
    #[error("a time is RFC 3339, such as 2027-06-30T18:00:00Z; leave it out if there is no such end")]
    Time,
    /// The times contradict each other.
    #[error(transparent)]
    Validity(#[from] ValidityError),
    /// A list of another program's, with both allowed and denied users.
    #[error("one policy either allows or denies: make one of mode allow and one of mode deny")]
    BothLists,
    /// A list of another program's that means everybody.
    #[error(r#"empty lists would admit everybody: if that is meant, write {{"mode": "allow", "patterns": ["*"]}}"#)]
    NeitherList,
    /// A wildcard of another program's.
    #[error("? is no wildcard here: write * or each address")]
    ForeignWildcard,
}

impl AccessConfigurationError {
    /// Where: a JSON pointer (RFC 6901) into the configuration, empty where it is meant as a whole.
    #[must_use]
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// Why.
    #[must_use]
    pub fn problem(&self) -> &AccessProblem {
        &self.problem
    }
}

impl AccessConfiguration {
    /// The most patterns of one policy, those that name a group included.
    pub const PATTERNS_MAX: usize = 10_000;
    /// The most patterns of one policy that no index finds ([`EmailPattern::is_mixed`]): each query pays for each.
    pub const MAX_MIXED_PATTERNS: usize = 100;
    /// The most `*` in these together: what it takes to try one grows with them.
    pub const MAX_MIXED_STARS: usize = 400;

    /// The most groups that one policy names: each query looks into each.
    pub const MAX_GROUPS: usize = 50;

    /// Reads `{"mode", "patterns", "guests", "valid_from", "valid_until"}`, of which the last three may be missing; or `{"allowed_users", "denied_users"}`,
    /// as the Python product writes it, if just one of the lists names somebody. A pattern that stands twice is
    /// kept where it stands first; users of marketplaces are kept behind the patterns, and groups behind those.
    ///
    /// # Errors
    /// When it is neither, or a part is wrong.
    pub fn parse(json: &Value) -> Result<Self, AccessConfigurationError> {
        let object = json.as_object().ok_or_else(|| AccessProblem::NotAnObject.at(""))?;
        if object.contains_key("allowed_users") || object.contains_key("denied_users") {
            Self::parse_lists(object)
        } else {
            Self::parse_own(object)
        }
    }

    fn parse_own(object: &Map<String, Value>) -> Result<Self, AccessConfigurationError> {
        refuse_others(object, &["mode", "patterns", "guests", "valid_from", "valid_until"])?;
        let mode = match object.get("mode").and_then(Value::as_str) {
            Some("allow") => Effect::Allow,
            Some("deny") => Effect::Deny,
            _ => return Err(AccessProblem::Mode.at("/mode")),
        };
        let guests = match object.get("guests") {
            None => false,
            Some(Value::Bool(guests)) => *guests,
            Some(_) => return Err(AccessProblem::Guests.at("/guests")),
        };
        let validity = Validity::new(time(object, "valid_from")?, time(object, "valid_until")?);
        let validity = validity.map_err(|error| AccessProblem::from(error).at("/valid_until"))?;
        let (mut patterns, mut hubs, mut groups) = (Vec::new(), Vec::new(), Vec::new());
        for entry in entries(object, "patterns", AccessEntry::parse)? {
            match entry {
                AccessEntry::Pattern(pattern) => patterns.push(pattern),
                AccessEntry::Hub(pattern) => hubs.push(pattern),
                AccessEntry::Group(name) => groups.push(name),
            }
        }
        Ok(Self { mode, patterns, hubs, groups, guests, validity })
    }

    fn parse_lists(object: &Map<String, Value>) -> Result<Self, AccessConfigurationError> {
        refuse_others(object, &["allowed_users", "denied_users"])?;
        let list =
            |key| if object.contains_key(key) { entries(object, key, foreign) } else { Ok(Vec::new()) };
        let (allowed, denied) = (list("allowed_users")?, list("denied_users")?);
        let (mode, patterns) = match (allowed.is_empty(), denied.is_empty()) {
            (false, true) => (Effect::Allow, allowed),
            (true, false) => (Effect::Deny, denied),
            (false, false) => return Err(AccessProblem::BothLists.at("")),
            (true, true) => return Err(AccessProblem::NeitherList.at("")),
        };
        let (hubs, groups) = (Vec::new(), Vec::new());
        Ok(Self { mode, patterns, hubs, groups, guests: false, validity: Validity::default() })
    }

    /// The groups and marketplaces that a list in a configuration names, each where it is named. One that is written as the Python
    /// product writes it names none.
    pub(in crate::policy) fn references_of(json: &Value, key: &str) -> Vec<Reference> {
        let list = json.get(key).and_then(Value::as_array).into_iter().flatten();
        let named = list.enumerate().filter_map(|(index, one)| {
            // Most are plain patterns, of which there may be many.
            let text = one.as_str().filter(|text| text.contains(':'))?;
            let to = match AccessEntry::parse(text).ok()? {
                AccessEntry::Pattern(_) => return None,
                AccessEntry::Hub(pattern) => Referent::Marketplace(pattern.marketplace),
                AccessEntry::Group(name) => Referent::Group(name),
            };
            Some(Reference { pointer: format!("/{key}/{index}"), to })
        });
        named.collect()
    }

    /// Whether no more is to be tried one by one than may be. What is stored is not asked: it may come from before this limit.
    pub(in crate::policy) fn check_costs(&self) -> Result<(), AccessConfigurationError> {
        let patterns = self.patterns.iter().chain(self.hubs.iter().map(|hub| &hub.pattern));
        let mixed: Vec<_> = patterns.filter(|pattern| pattern.is_mixed()).collect();
        let stars: usize = mixed.iter().map(|pattern| pattern.as_str().matches('*').count()).sum();
        if mixed.len() > Self::MAX_MIXED_PATTERNS || stars > Self::MAX_MIXED_STARS {
            Err(AccessProblem::TooManyMixed.at("/patterns"))
        } else if self.groups.len() > Self::MAX_GROUPS {
            Err(AccessProblem::TooManyGroups.at("/patterns"))
        } else {
            Ok(())
        }
    }

    /// Whom it means, as they are listed in what is shown and stored.
    #[must_use]
    pub fn listed(&self) -> Vec<String> {
        let patterns = self.patterns.iter().map(|pattern| pattern.as_str().to_owned());
        let patterns = patterns.chain(self.hubs.iter().map(HubPattern::to_string));
        patterns.chain(self.groups.iter().map(GroupName::reference)).collect()
    }

    /// The configuration in the form that is shown and stored. [`AccessConfiguration::parse`] reads it back.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut json =
            json!({ "mode": self.mode.as_str(), "patterns": self.listed(), "guests": self.guests });
        for (key, time) in [("valid_from", self.validity.from()), ("valid_until", self.validity.until())] {
            if let (Some(time), Some(object)) = (time, json.as_object_mut()) {
                object.insert(key.to_owned(), time.to_string().into());
            }
        }
        json
    }
}

impl AccessProblem {
    fn at(self, pointer: impl Into<String>) -> AccessConfigurationError {
        AccessConfigurationError { pointer: pointer.into(), problem: self }
    }
}

impl From<AccessEntryError> for AccessProblem {
    fn from(error: AccessEntryError) -> Self {
        match error {
            AccessEntryError::Pattern(error) => error.into(),
            AccessEntryError::Hub(error) => error.into(),
            AccessEntryError::Group(error) => error.into(),
        }
    }
}

impl From<AccessConfigurationError> for ConfigurationError {
    fn from(error: AccessConfigurationError) -> Self {
        Self { message: error.problem.to_string(), pointer: error.pointer }
    }
}

fn refuse_others(object: &Map<String, Value>, known: &[&str]) -> Result<(), AccessConfigurationError> {
    match object.keys().find(|key| !known.contains(&key.as_str())) {
        None => Ok(()),
        // Cut short: it is the writer's text, and there is no end to what it may be.
        Some(key) => Err(AccessProblem::UnknownKey(key.chars().take(40).collect()).at("")),
    }
}

fn time(object: &Map<String, Value>, key: &str) -> Result<Option<Timestamp>, AccessConfigurationError> {
    let problem = || AccessProblem::Time.at(format!("/{key}"));
    let time = object.get(key).map(|time| time.as_str().and_then(|text| Timestamp::parse(text).ok()));
    time.map(|time| time.ok_or_else(problem)).transpose()
}

fn entries<T, E>(
    object: &Map<String, Value>,
    key: &str,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<Vec<T>, AccessConfigurationError>
where
    T: Clone + Eq + Hash,
    AccessProblem: From<E>,
{
    let Some(list) = object.get(key).and_then(Value::as_array) else {
        return Err(AccessProblem::NotAList.at(format!("/{key}")));
    };
    if list.len() > AccessConfiguration::PATTERNS_MAX {
        return Err(AccessProblem::TooMany.at(format!("/{key}")));
    }
    let mut seen = HashSet::new();
    let mut kept = Vec::new();
    for (index, one) in list.iter().enumerate() {
        let at = |problem: AccessProblem| problem.at(format!("/{key}/{index}"));
        let text = one.as_str().ok_or_else(|| at(AccessProblem::NotAText))?;
        let entry = parse(text).map_err(|error| at(error.into()))?;
        if seen.insert(entry.clone()) {
            kept.push(entry);
        }
    }
    Ok(kept)
}

/// A pattern of the Python product, where `?` stands for any character. Taken literally, it would silently stop
/// denying whom it denied.
fn foreign(text: &str) -> Result<EmailPattern, AccessProblem> {
    if text.contains('?') { Err(AccessProblem::ForeignWildcard) } else { Ok(EmailPattern::parse(text)?) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::EmailError;

    fn read(json: &Value) -> Result<Value, (String, AccessProblem)> {
        AccessConfiguration::parse(json)
            .map(|configuration| configuration.to_json())
            .map_err(|error| (error.pointer().to_owned(), error.problem().clone()))
    }

    fn refused(json: &Value, pointer: &str, problem: AccessProblem) {
        assert_eq!(read(json), Err((pointer.to_owned(), problem)), "{json}");
    }

    #[test]
    fn f8_both_shapes_are_read_and_one_is_shown() {
        let ours = json!({"mode": "allow", "patterns": ["*@Example.com", "b@c.de", "*@example.COM"], "guests": true});
        assert_eq!(
            read(&ours),
            Ok(json!({"mode": "allow", "patterns": ["*@example.com", "b@c.de"], "guests": true}))
        );
        let nobody = json!({"mode": "allow", "patterns": [], "guests": false});
        assert_eq!(read(&nobody), Ok(nobody));
        assert_eq!(
            read(&json!({"allowed_users": ["*"], "denied_users": []})),
            Ok(json!({"mode": "allow", "patterns": ["*"], "guests": false}))
        );
        assert_eq!(
            read(&json!({"denied_users": ["*@evil.com"]})),
            Ok(json!({"mode": "deny", "patterns": ["*@evil.com"], "guests": false}))
        );
    }

    #[test]
    fn z2_groups_are_named_among_the_patterns_and_kept_once_behind_them() {
        let written = json!({"mode": "allow", "patterns": ["group:b", "*@a.org", "group:a", "group:b"]});
        let kept = json!({"mode": "allow", "patterns": ["*@a.org", "group:b", "group:a"], "guests": false});
        assert_eq!(read(&written), Ok(kept.clone()));
        assert_eq!(read(&kept), Ok(kept));
        let named = AccessConfiguration::references_of(&written, "patterns");
        let places: Vec<_> = named.iter().map(|named| (&*named.pointer, named.to.to_string())).collect();
        let group = |name: &str| format!("group {name:?}");
        let expected =
            [("/patterns/0", group("b")), ("/patterns/2", group("a")), ("/patterns/3", group("b"))];
        assert_eq!(places, expected);
        for name in ["group:", "group:A", "group:a b", "group:*", "group:a@b.de"] {
            let policy = json!({"mode": "deny", "patterns": ["*", name]});
            refused(&policy, "/patterns/1", AccessProblem::Group(GroupNameError));
        }
        // The other program has none: there it would mean nobody.
        let foreign = json!({"allowed_users": ["group:a"]});
        refused(&foreign, "/allowed_users/0", PatternError::NotOneAt.into());
        let many: Vec<_> = (0..51).map(|n| format!("group:g{n}")).collect();
        let fits = |count: usize| {
            let policy = json!({"mode": "allow", "patterns": many[..count]});
            AccessConfiguration::parse(&policy).unwrap().check_costs().is_ok()
        };
        assert!(fits(AccessConfiguration::MAX_GROUPS) && !fits(AccessConfiguration::MAX_GROUPS + 1));
    }

    #[test]
    fn f8_a_foreign_policy_that_would_change_its_meaning_is_refused() {
        refused(
            &json!({"allowed_users": ["a@b.de"], "denied_users": ["c@d.de"]}),
            "",
            AccessProblem::BothLists,
        );
        refused(&json!({"allowed_users": [], "denied_users": []}), "", AccessProblem::NeitherList);
        refused(
            &json!({"denied_users": ["bo?@evil.com"]}),
            "/denied_users/0",
            AccessProblem::ForeignWildcard,
        );
        refused(&json!({"denied_users": ["[ab]@evil.com"]}), "/denied_users/0", local());
        refused(&json!({"denied_users": ["*evil.com"]}), "/denied_users/0", PatternError::NotOneAt.into());
        refused(&json!({"denied_users": "a@b.de"}), "/denied_users", AccessProblem::NotAList);
        refused(&json!({"denied_users": [], "mode": "deny"}), "", AccessProblem::UnknownKey("mode".into()));
    }

    fn local() -> AccessProblem {
        PatternError::Address(EmailError::Local).into()
    }

    #[test]
    fn z2_a_configuration_that_cannot_be_read_is_refused_and_says_where() {
        refused(&json!([]), "", AccessProblem::NotAnObject);
        refused(&json!({}), "/mode", AccessProblem::Mode);
        refused(&json!({"mode": "Allow", "patterns": []}), "/mode", AccessProblem::Mode);
        refused(&json!({"mode": "deny"}), "/patterns", AccessProblem::NotAList);
        refused(&json!({"mode": "deny", "patterns": "*"}), "/patterns", AccessProblem::NotAList);
        refused(&json!({"mode": "deny", "patterns": ["*", 1]}), "/patterns/1", AccessProblem::NotAText);
        refused(&json!({"mode": "deny", "patterns": [], "guests": null}), "/guests", AccessProblem::Guests);
        refused(
            &json!({"mode": "deny", "patterns": [], "guest": true}),
            "",
            AccessProblem::UnknownKey("guest".into()),
        );
        let at_fault = json!({"mode": "deny", "patterns": ["a@b.de", "*", "c@d.de", "a b@c.de"]});
        let error = AccessConfiguration::parse(&at_fault).unwrap_err();
        assert!(
            error.to_string().starts_with("/patterns/3: the part before the @ has 1 to 64 of"),
            "{error}"
        );
    }

    #[test]
    fn k12_there_is_an_end_to_how_many_patterns_a_policy_has() {
        let many = |count| json!({"mode": "deny", "patterns": vec!["*"; count]});
        assert!(read(&many(10_000)).is_ok());
        refused(&many(10_001), "/patterns", AccessProblem::TooMany);
    }
}
