//! The configuration of a policy of type `rate_limit`: how it is read, and the form in which it is shown.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::limit::{Limit, Period, Window};
use crate::as_text::named_enum;
use crate::policy::access::{AccessConfiguration, AccessProblem, pattern_schema};
use crate::policy::policy_type::{ConfigurationError, ConfigurationSchema};
use crate::policy::reference::Reference;

/// What a rate limit demands.
///
/// ```
/// use serde_json::json;
/// use syft_space_domain::policy::{RateLimitConfiguration, RateScope};
/// let ours = RateLimitConfiguration::parse(&json!({"rate": "100/m", "burst": 20}))?;
/// assert_eq!((ours.limit.number, ours.limit.burst(), ours.scope), (100, 20, RateScope::User));
///
/// let imported = RateLimitConfiguration::parse(&json!({"limit": "5/h", "scope": "global", "applied_to": ["*"]}))?;
/// assert_eq!(imported.to_json(), json!({"rate": "5/h", "scope": "endpoint", "window": "sliding"}));
/// # Ok::<(), syft_space_domain::policy::RateLimitConfigurationError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateLimitConfiguration {
    /// How much is let through.
    pub limit: Limit,
    /// Who is counted together.
    pub scope: RateScope,
    /// Whom it limits.
    pub applies_to: AppliesTo,
}

/// Whom a limit is for. Those who are named are named as a policy names whom it allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AppliesTo {
    /// Everybody.
    Everybody,
    /// Those whom it means alone.
    Only(AccessConfiguration),
    /// Everybody but those whom it means.
    AllBut(AccessConfiguration),
}

impl AppliesTo {
    /// Those who are named, whichever way.
    #[must_use]
    pub fn named(&self) -> Option<&AccessConfiguration> {
        match self {
            Self::Everybody => None,
            Self::Only(named) | Self::AllBut(named) => Some(named),
        }
    }
}

/// The names of a limit's terms.
pub(in crate::policy) const TERMS: [&str; 6] = ["rate", "burst", "scope", "window", APPLIES_TO, EXCEPT];
const APPLIES_TO: &str = "applies_to";
const EXCEPT: &str = "except";
/// The terms that list people.
const LISTS: [&str; 2] = [APPLIES_TO, EXCEPT];

named_enum! {
    /// Who is counted together by a rate limit.
    pub enum RateScope {
        /// Each caller by themselves, whichever sessions, tokens and keys they use; guests by their address.
        User = "user",
        /// Each API key by itself; who calls with none is counted as a user.
        Key = "key",
        /// Everybody who queries the same endpoint.
        Endpoint = "endpoint",
        /// Each client's address by itself.
        Address = "address",
        /// Everybody whom the same pattern means, of those whom the limit is for.
        Pattern = "pattern",
        /// Everybody.
        Tenant = "tenant",
    }
}

/// A configuration that cannot be read: where, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{}{problem}", .pointer, if .pointer.is_empty() { "" } else { ": " })]
pub struct RateLimitConfigurationError {
    /// A JSON pointer (RFC 6901) into the configuration, empty where it is meant as a whole.
    pub pointer: Cow<'static, str>,
    /// What is wrong.
    pub problem: RateLimitProblem,
}

/// What is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RateLimitProblem {
    /// It is no object.
    #[error(r#"a rate limit is an object such as {{"rate": "100/m"}}"#)]
    NotAnObject,
    /// It holds what it should not.
    #[error("a rate limit has rate, burst, scope, window, and applies_to or except, but no {0:?}")]
    UnknownKey(String),
    /// The rate is none, or missing.
    #[error(r#"a rate is a number from 1 to {0}, a slash, and s, m, h or d, such as "100/m""#)]
    Rate(u32),
    /// The burst is none.
    #[error("burst is a number from 1 to {0}")]
    Burst(u32),
    /// It would take too long until so large a burst is there again.
    #[error(
        "at this rate it takes longer than {} days until so large a burst is there again: write a smaller one",
        Limit::MAX_REFILL.as_secs() / 86_400
    )]
    BurstTooLarge,
    /// Each period of a strict window has the rate's number, and no burst.
    #[error("a strict window lets the rate's number through, and takes no burst: leave it out")]
    BurstOfStrict,
    /// The scope is none.
    #[error(r#"scope is "user", "key", "endpoint", "address", "pattern" or "tenant""#)]
    Scope,
    /// There are no patterns by which to count.
    #[error(r#"scope "pattern" counts those together whom one of the patterns in applies_to means: name some there"#)]
    PatternScope,
    /// The window is none.
    #[error(r#"window is "sliding" or "strict""#)]
    Window,
    /// The scope is none of the Python product's.
    #[error(r#"beside limit, scope is "per_user" or "global""#)]
    ForeignScope,
    /// Nobody is meant.
    #[error("say whom, or leave it out where it limits everybody")]
    Nobody,
    /// It is for some, and for all but some.
    #[error(
        "a limit is for those whom applies_to names, or for all but those whom except names: write one of them"
    )]
    Both,
    /// Whom it limits cannot be read.
    #[error(transparent)]
    AppliesTo(AccessProblem),
}

impl RateLimitConfiguration {
    /// Reads `{"rate", "burst", "scope", "window"}`, where all but the rate may be missing; or `{"limit", "scope",
    /// "applied_to"}`, as the Python product writes it.
    ///
    /// # Errors
    /// When it is neither, or a part is wrong.
    pub fn parse(json: &Value) -> Result<Self, RateLimitConfigurationError> {
        let object = json.as_object().ok_or_else(|| RateLimitProblem::NotAnObject.at(""))?;
        if object.contains_key("limit") { Self::parse_foreign(object) } else { Self::parse_own(object) }
    }

    fn parse_own(object: &Map<String, Value>) -> Result<Self, RateLimitConfigurationError> {
        refuse_others(object, &TERMS)?;
        Self::of_terms(object, Limit::MAX)
    }

    /// Reads the terms of an object that may hold more, where at most so much may be let through.
    ///
    /// # Errors
    /// When one of them is wrong.
    pub(in crate::policy) fn of_terms(
        object: &Map<String, Value>,
        most: u32,
    ) -> Result<Self, RateLimitConfigurationError> {
        let rate = object.get("rate").and_then(Value::as_str);
        let rate = rate.and_then(|rate| rate_of(rate, most, Period::as_str));
        let (number, period) = rate.ok_or_else(|| RateLimitProblem::Rate(most).at("/rate"))?;
        let scope = match object.get("scope").map(Value::as_str) {
            None => RateScope::User,
            Some(named) => RateScope::ALL
                .into_iter()
                .find(|scope| named == Some(scope.as_str()))
                .ok_or_else(|| RateLimitProblem::Scope.at("/scope"))?,
        };
        let burst = match object.get("burst") {
            None => None,
            Some(burst) => {
                Some(burst_of(burst, most).ok_or_else(|| RateLimitProblem::Burst(most).at("/burst"))?)
            }
        };
        let window = match (object.get("window").map(Value::as_str), burst) {
            (None | Some(Some("sliding")), burst) => Window::Sliding { burst: burst.unwrap_or(number) },
            (Some(Some("strict")), None) => Window::Strict,
            (Some(Some("strict")), Some(_)) => return Err(RateLimitProblem::BurstOfStrict.at("/burst")),
            (Some(_), _) => return Err(RateLimitProblem::Window.at("/window")),
        };
        let limit = Limit { number, period, window };
        if limit.refill() > Limit::MAX_REFILL {
            return Err(RateLimitProblem::BurstTooLarge.at("/burst"));
        }
        let listed = |key| object.get(key).map(|list| people(list, key)).transpose();
        let applies_to = match (listed(APPLIES_TO)?, listed(EXCEPT)?) {
            (None, None) => AppliesTo::Everybody,
            (Some(named), None) => AppliesTo::Only(named),
            (None, Some(named)) => AppliesTo::AllBut(named),
            (Some(_), Some(_)) => return Err(RateLimitProblem::Both.at(format!("/{EXCEPT}"))),
        };
        if scope == RateScope::Pattern && !matches!(applies_to, AppliesTo::Only(_)) {
            return Err(RateLimitProblem::PatternScope.at("/scope"));
        }
        Ok(Self { limit, scope, applies_to })
    }

    fn parse_foreign(object: &Map<String, Value>) -> Result<Self, RateLimitConfigurationError> {
        refuse_others(object, &["limit", "scope", "applied_to"])?;
        let limit = object.get("limit").and_then(Value::as_str);
        let rate = |limit, name| rate_of(limit, Limit::MAX, name);
        let limit = limit.and_then(|limit| rate(limit, Period::as_str).or_else(|| rate(limit, word)));
        let (number, period) = limit.ok_or_else(|| RateLimitProblem::Rate(Limit::MAX).at("/limit"))?;
        let scope = match object.get("scope").map(Value::as_str) {
            None | Some(Some("per_user")) => RateScope::User,
            Some(Some("global")) => RateScope::Endpoint,
            Some(_) => return Err(RateLimitProblem::ForeignScope.at("/scope")),
        };
        let applied = object.get("applied_to").filter(|applied| **applied != json!(["*"]));
        let applies_to = applied.map(applied_to).transpose()?.map_or(AppliesTo::Everybody, AppliesTo::Only);
        let window = Window::Sliding { burst: number };
        Ok(Self { limit: Limit { number, period, window }, scope, applies_to })
    }

    /// The configuration in the form that is shown and stored. [`RateLimitConfiguration::parse`] reads it back. A burst that
    /// is the rate's number is left out, so that it follows where the rate is changed.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let window = match self.limit.window {
            Window::Sliding { .. } => "sliding",
            Window::Strict => "strict",
        };
        let mut json = json!({ "rate": self.rate(), "scope": self.scope.as_str(), "window": window });
        if let (Some(object), true) = (json.as_object_mut(), self.limit.burst() != self.limit.number) {
            object.insert("burst".to_owned(), self.limit.burst().into());
        }
        let list = match &self.applies_to {
            AppliesTo::Everybody => None,
            AppliesTo::Only(named) => Some((APPLIES_TO, named)),
            AppliesTo::AllBut(named) => Some((EXCEPT, named)),
        };
        if let (Some(object), Some((key, named))) = (json.as_object_mut(), list) {
            object.insert(key.to_owned(), named.listed().into());
        }
        json
    }

    /// The rate as it is written.
    #[must_use]
    pub fn rate(&self) -> String {
        format!("{}/{}", self.limit.number, self.limit.period.as_str())
    }
}

impl RateLimitProblem {
    fn at(self, pointer: impl Into<Cow<'static, str>>) -> RateLimitConfigurationError {
        RateLimitConfigurationError { pointer: pointer.into(), problem: self }
    }
}

impl From<RateLimitConfigurationError> for ConfigurationError {
    fn from(error: RateLimitConfigurationError) -> Self {
        Self { pointer: error.pointer.into_owned(), message: error.problem.to_string() }
    }
}

/// Whom a limit is for, or not: a list such as an access policy has.
fn people(list: &Value, key: &str) -> Result<AccessConfiguration, RateLimitConfigurationError> {
    if list.as_array().is_some_and(Vec::is_empty) {
        return Err(RateLimitProblem::Nobody.at(format!("/{key}")));
    }
    read_list("patterns", &json!({ "mode": "allow", "patterns": list }), key)
}

/// The same, as the Python product writes it.
fn applied_to(list: &Value) -> Result<AccessConfiguration, RateLimitConfigurationError> {
    if list.as_array().is_some_and(Vec::is_empty) {
        return Err(RateLimitProblem::Nobody.at("/applied_to"));
    }
    read_list("allowed_users", &json!({ "allowed_users": list }), "applied_to")
}

/// Reads a list, which stands at one place, as one of an access policy at another.
fn read_list(
    key: &str,
    policy: &Value,
    at: &str,
) -> Result<AccessConfiguration, RateLimitConfigurationError> {
    let read = AccessConfiguration::parse(policy).and_then(|read| read.check_costs().map(|()| read));
    read.map_err(|error| {
        let place = error.pointer().strip_prefix(&format!("/{key}")).unwrap_or_default();
        RateLimitProblem::AppliesTo(error.problem().clone()).at(format!("/{at}{place}"))
    })
}

/// The period's name in the Python product's documentation.
fn word(period: Period) -> &'static str {
    match period {
        Period::Second => "second",
        Period::Minute => "minute",
        Period::Hour => "hour",
        Period::Day => "day",
    }
}

fn rate_of(text: &str, most: u32, name: fn(Period) -> &'static str) -> Option<(u32, Period)> {
    let (number, unit) = text.split_once('/')?;
    let period = Period::ALL.into_iter().find(|period| name(*period) == unit)?;
    // As a number is written: no sign, and no zero before it.
    let is_plain = !number.starts_with('0') && number.bytes().all(|byte| byte.is_ascii_digit());
    let number = is_plain.then(|| number.parse().ok())?;
    number.filter(|number| (1..=most).contains(number)).map(|number| (number, period))
}

fn burst_of(json: &Value, most: u32) -> Option<u32> {
    let burst = json.as_u64().and_then(|burst| u32::try_from(burst).ok());
    burst.filter(|burst| (1..=most).contains(burst))
}

fn refuse_others(object: &Map<String, Value>, known: &[&str]) -> Result<(), RateLimitConfigurationError> {
    match object.keys().find(|key| !known.contains(&key.as_str())) {
        None => Ok(()),
        // Cut short: it is the writer's text, and there is no end to what it may be.
        Some(key) => Err(RateLimitProblem::UnknownKey(key.chars().take(40).collect()).at("")),
    }
}

/// How many patterns the lists of a configuration have.
pub(in crate::policy) fn listed_patterns(configuration: &Value) -> u64 {
    let lists = LISTS.iter().filter_map(|key| configuration.get(key)?.as_array());
    u64::try_from(lists.map(Vec::len).sum::<usize>()).unwrap_or(u64::MAX)
}

/// The groups and marketplaces that the lists of a configuration name.
pub(in crate::policy) fn listed_references(configuration: &Value) -> Vec<Reference> {
    LISTS.iter().flat_map(|key| AccessConfiguration::references_of(configuration, key)).collect()
}

/// What a configuration looks like.
pub(super) fn schema() -> ConfigurationSchema {
    let mut patch = own_schema(&[]);
    optional_terms(&mut patch, &["burst", "scope", "window", APPLIES_TO, EXCEPT]);
    let foreign = json!({
        "type": "object", "additionalProperties": false, "required": ["limit"],
        "title": "Limit, as the Python Syft Space has it",
        "properties": {
            "limit": { "type": "string", "pattern": "^([1-9][0-9]{0,5}|1000000)/(s|m|h|d|second|minute|hour|day)$" },
            "scope": { "type": "string", "enum": ["per_user", "global"], "default": "per_user" },
            "applied_to": listed_schema(WHOM_ALONE),
        },
    });
    ConfigurationSchema {
        taken: json!({ "oneOf": [own_schema(&["rate"]), foreign] }),
        shown: own_schema(&["rate", "scope", "window"]),
        patch,
    }
}

fn own_schema(required: &[&str]) -> Value {
    json!({
        "type": "object", "additionalProperties": false, "required": required, "title": "Rate",
        "properties": terms_schema(Limit::MAX, "queries"),
    })
}

/// What a limit's terms look like, by their names, where at most so many of something are let through.
pub(in crate::policy) fn terms_schema(most: u32, counted: &str) -> Map<String, Value> {
    let scopes = RateScope::ALL.map(RateScope::as_str);
    let digits = most.checked_ilog10().unwrap_or(1).saturating_sub(1);
    let terms = [
        json!({ "type": "string", "pattern": format!("^([1-9][0-9]{{0,{digits}}}|{most})/[smhd]$"),
            "description": format!("How many {counted} are let through in a second, minute, hour or day: at most {most}.") }),
        json!({ "type": "integer", "minimum": 1, "maximum": most,
            "description": "How many are let through at once; the rate's number where it is missing. Not with a strict window." }),
        json!({ "type": "string", "enum": scopes, "default": "user", "description": "Who is counted together." }),
        json!({ "type": "string", "enum": ["sliding", "strict"], "default": "sliding",
            "description": "`sliding` fills up evenly; `strict` is full again at the border of each period in UTC." }),
        listed_schema(WHOM_ALONE),
        listed_schema("Whom it does not limit, and everybody else; not beside `applies_to`."),
    ];
    TERMS.into_iter().map(str::to_owned).zip(terms).collect()
}

/// What a list of those looks like whom a limit is for.
const WHOM_ALONE: &str = "Whom it limits; everybody where it is missing. Nobody else is limited by it.";

fn listed_schema(description: &str) -> Value {
    json!({
        "type": "array", "minItems": 1, "maxItems": AccessConfiguration::PATTERNS_MAX, "items": pattern_schema(),
        "description": description,
    })
}

/// Has a merge patch (RFC 7396) take away what may be left out, by null.
pub(in crate::policy) fn optional_terms(patch: &mut Value, names: &[&str]) {
    for name in names {
        if let Some(property) = patch.pointer_mut(&format!("/properties/{name}")) {
            *property = json!({ "anyOf": [property.take(), { "type": "null" }] });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(json: &Value) -> Value {
        let read = RateLimitConfiguration::parse(json).unwrap();
        let shown = read.to_json();
        assert_eq!(RateLimitConfiguration::parse(&shown), Ok(read), "what is shown is read back");
        shown
    }

    fn refused(json: &Value, pointer: &str, problem: RateLimitProblem) {
        let error = RateLimitConfiguration::parse(json).unwrap_err();
        assert_eq!((&*error.pointer, error.problem), (pointer, problem), "{json}");
    }

    #[test]
    fn l1_a_rate_is_read_and_shown_with_its_defaults() {
        let plain = json!({"rate": "100/m", "scope": "user", "window": "sliding"});
        assert_eq!(shown(&json!({"rate": "100/m"})), plain);
        assert_eq!(shown(&json!({"rate": "100/m", "burst": 100})), plain);
        assert_eq!(
            shown(&json!({"rate": "1000000/d", "burst": 1, "scope": "address"})),
            json!({"rate": "1000000/d", "burst": 1, "scope": "address", "window": "sliding"})
        );
        let strict = json!({"rate": "1/s", "scope": "tenant", "window": "strict"});
        assert_eq!(shown(&strict), strict);
    }

    #[test]
    fn l1_the_python_products_shape_is_translated_and_what_would_mean_something_else_is_refused() {
        let user = json!({"rate": "100/m", "scope": "user", "window": "sliding"});
        assert_eq!(shown(&json!({"limit": "100/m", "scope": "per_user", "applied_to": ["*"]})), user);
        assert_eq!(shown(&json!({"limit": "100/minute"})), user);
        let global = json!({"rate": "5/h", "scope": "endpoint", "window": "sliding"});
        assert_eq!(shown(&json!({"limit": "5/hour", "scope": "global"})), global);
        assert_eq!(
            shown(&json!({"limit": "5/h", "applied_to": ["*@A.com"]})),
            json!({"rate": "5/h", "scope": "user", "window": "sliding", "applies_to": ["*@a.com"]})
        );
        refused(&json!({"limit": "5/h", "applied_to": []}), "/applied_to", RateLimitProblem::Nobody);
        let wildcard = RateLimitProblem::AppliesTo(AccessProblem::ForeignWildcard);
        refused(&json!({"limit": "5/h", "applied_to": ["*@a.com", "?@a.com"]}), "/applied_to/1", wildcard);
        refused(&json!({"limit": "5/h", "scope": "user"}), "/scope", RateLimitProblem::ForeignScope);
        refused(&json!({"limit": 5}), "/limit", RateLimitProblem::Rate(Limit::MAX));
        refused(&json!({"limit": "5/h", "burst": 1}), "", RateLimitProblem::UnknownKey("burst".to_owned()));
    }

    #[test]
    fn l1_a_configuration_that_cannot_be_read_is_refused_and_says_where() {
        refused(&json!([]), "", RateLimitProblem::NotAnObject);
        for rate in
            ["", "100", "0/m", "+1/m", "01/m", "1000001/m", "1/w", "1/minute", "1 /m", "1/m/s", "-1/m"]
        {
            refused(&json!({ "rate": rate }), "/rate", RateLimitProblem::Rate(Limit::MAX));
        }
        refused(&json!({}), "/rate", RateLimitProblem::Rate(Limit::MAX));
        refused(&json!({"rate": 100}), "/rate", RateLimitProblem::Rate(Limit::MAX));
        for burst in [json!(0), json!(1_000_001), json!("5"), json!(1.5), json!(null), json!(-1)] {
            refused(&json!({"rate": "1/m", "burst": burst}), "/burst", RateLimitProblem::Burst(Limit::MAX));
        }
        refused(&json!({"rate": "1/d", "burst": 367}), "/burst", RateLimitProblem::BurstTooLarge);
        assert!(RateLimitConfiguration::parse(&json!({"rate": "1/d", "burst": 366})).is_ok());
        let strict = json!({"rate": "1/m", "burst": 1, "window": "strict"});
        refused(&strict, "/burst", RateLimitProblem::BurstOfStrict);
        refused(&json!({"rate": "1/m", "scope": "pattern"}), "/scope", RateLimitProblem::PatternScope);
        let some =
            json!({"rate": "1/m", "scope": "pattern", "applies_to": ["group:a", "*@A.com", "hub:b-c/*"]});
        let kept = json!(["*@a.com", "hub:b-c/*", "group:a"]);
        assert_eq!(shown(&some)["applies_to"], kept);
        refused(&json!({"rate": "1/m", "applies_to": []}), "/applies_to", RateLimitProblem::Nobody);
        let list = RateLimitProblem::AppliesTo(AccessProblem::NotAList);
        refused(&json!({"rate": "1/m", "applies_to": "*"}), "/applies_to", list);
        let text = RateLimitProblem::AppliesTo(AccessProblem::NotAText);
        refused(&json!({"rate": "1/m", "applies_to": ["*", 7]}), "/applies_to/1", text);
        refused(&json!({"rate": "1/m", "scope": "per_user"}), "/scope", RateLimitProblem::Scope);
        refused(&json!({"rate": "1/m", "scope": null}), "/scope", RateLimitProblem::Scope);
        refused(&json!({"rate": "1/m", "window": "fixed"}), "/window", RateLimitProblem::Window);
        refused(&json!({"rate": "1/m", "mode": "deny"}), "", RateLimitProblem::UnknownKey("mode".to_owned()));
    }
}
