//! The policy type `pii_filter`: personal data is not shown.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use regex::{Match, Regex, RegexBuilder};
use serde_json::{Map, Value, json};

use crate::dataset::{Hits, Location};
use crate::policy::pii::{PiiKind, redacted};
use crate::policy::policy_type::{
    ConfigurationError, ConfigurationSchema, Facts, Finding, PolicyType, Rule, Stage,
};
use crate::policy::redactions::Redactions;
use crate::policy::settings::settings;

/// The most patterns of one policy. To look for one may take as long as a text is long for each match that it has.
const MAX_PATTERNS: usize = 5;
/// How many matches of a pattern are taken from one text. Where there are more, the rest of the text is not shown: so neither time
/// nor what comes of it grows without end.
const MAX_MATCHES: usize = 32;
/// The most bytes of a pattern.
const MAX_PATTERN_BYTES: usize = 256;
/// The most bytes of a pattern's name.
const MAX_NAME_BYTES: usize = 32;
/// The most bytes that a pattern takes when it is compiled, and those of the states that are made while it is searched for.
const MAX_COMPILED_BYTES: usize = 1 << 17;
/// As how many of the patterns that a tenant may have one of these counts: it takes that much more memory.
const WEIGHT: u64 = 1_000;

/// The type `pii_filter`: `{"kinds": ["email", "card"], "patterns": [{"name": "ticket", "pattern": "TICKET-[0-9]+"}]}`. What is
/// of these kinds is taken from what is shown, and what the patterns match.
#[derive(Debug, Clone, Copy, Default)]
pub struct PiiFilterType;

impl PolicyType for PiiFilterType {
    fn name(&self) -> &'static str {
        "pii_filter"
    }

    fn check_shadow(&self) -> Result<(), &'static str> {
        Err(
            "a pii_filter refuses nobody and changes what is shown, so it cannot be tried in shadow: attach it to an endpoint of its own over the same dataset, and ask that",
        )
    }

    fn schema(&self) -> ConfigurationSchema {
        let kinds: Vec<_> = PiiKind::ALL.iter().map(|kind| kind.as_str()).collect();
        let schema = |required: &[&str]| {
            json!({
                "type": "object", "additionalProperties": false, "required": required, "title": "PersonalData",
                "properties": {
                    "kinds": {
                        "type": "array", "maxItems": kinds.len(), "items": { "type": "string", "enum": kinds },
                        "description": "What is taken away. All of these where it is left out.",
                    },
                    "patterns": {
                        "type": "array", "maxItems": MAX_PATTERNS, "description": "What else is taken away.",
                        "items": {
                            "type": "object", "additionalProperties": false, "required": ["name", "pattern"],
                            "properties": {
                                "name": {
                                    "type": "string", "pattern": "^[a-z][a-z0-9_]{0,31}$",
                                    "description": "What stands for it, in square brackets.",
                                },
                                "pattern": {
                                    "type": "string", "minLength": 1, "maxLength": MAX_PATTERN_BYTES,
                                    "description": "A regular expression in the syntax of RE2, without look-around and \
                                                    references to what was matched.",
                                },
                            },
                        },
                    },
                },
            })
        };
        let taken = schema(&[]);
        ConfigurationSchema { taken: taken.clone(), shown: schema(&["kinds", "patterns"]), patch: taken }
    }

    fn parse(&self, configuration: &Value) -> Result<Value, ConfigurationError> {
        Ok(PiiRule::read(configuration)?.to_json())
    }

    fn compile(&self, configuration: &Value) -> Result<Arc<dyn Rule>, ConfigurationError> {
        Ok(Arc::new(PiiRule::read(configuration)?))
    }

    fn patterns(&self, configuration: &Value) -> u64 {
        let patterns = configuration.get("patterns").and_then(Value::as_array).map_or(0, Vec::len);
        WEIGHT.saturating_mul(u64::try_from(patterns).unwrap_or(u64::MAX))
    }
}

struct PiiRule {
    kinds: Vec<PiiKind>,
    patterns: Vec<OwnPattern>,
}

/// A pattern of the tenant's own.
struct OwnPattern {
    name: String,
    regex: Regex,
}

fn error(pointer: &str, message: impl Into<String>) -> ConfigurationError {
    ConfigurationError { pointer: pointer.to_owned(), message: message.into() }
}

impl PiiRule {
    fn read(configuration: &Value) -> Result<Self, ConfigurationError> {
        let example = r#"{"kinds": ["email", "card"]}"#;
        let object = settings(configuration, "a pii_filter", example, &["kinds", "patterns"])?;
        let kinds = match object.get("kinds") {
            None => PiiKind::ALL.to_vec(),
            Some(kinds) => read_kinds(kinds)?,
        };
        let patterns = match object.get("patterns") {
            None => Vec::new(),
            Some(patterns) => read_patterns(patterns)?,
        };
        if kinds.is_empty() && patterns.is_empty() {
            return Err(error("/kinds", "name a kind, or a pattern: without both nothing is taken away"));
        }
        Ok(Self { kinds, patterns })
    }

    fn to_json(&self) -> Value {
        let kinds: Vec<_> = self.kinds.iter().map(|kind| kind.as_str()).collect();
        let pattern = |own: &OwnPattern| json!({ "name": own.name, "pattern": own.regex.as_str() });
        json!({ "kinds": kinds, "patterns": self.patterns.iter().map(pattern).collect::<Vec<_>>() })
    }

    /// A text without what is not shown, which is counted; `None` where all of it is.
    fn without(&self, text: &str, counts: &mut Redactions) -> Option<String> {
        let shown = without_own(text, &self.patterns, counts);
        redacted(shown.as_deref().unwrap_or(text), &self.kinds, counts).or(shown)
    }

    /// A value of metadata without what is not shown; `None` where all of it is. Names and numbers stay.
    fn without_in(&self, value: &Value, counts: &mut Redactions) -> Option<Value> {
        match value {
            Value::String(text) => self.without(text, counts).map(Value::String),
            Value::Array(items) => {
                let shown: Vec<_> = items.iter().map(|item| self.without_in(item, counts)).collect();
                let all = || items.iter().zip(shown.iter().cloned());
                let is_changed = shown.iter().any(Option::is_some);
                is_changed.then(|| all().map(|(item, shown)| shown.unwrap_or_else(|| item.clone())).collect())
            }
            Value::Object(object) => self.without_inside(object, counts).map(Value::Object),
            Value::Null | Value::Bool(_) | Value::Number(_) => None,
        }
    }

    fn without_inside(
        &self,
        object: &Map<String, Value>,
        counts: &mut Redactions,
    ) -> Option<Map<String, Value>> {
        let mut changed_to =
            |(name, value): (&String, &Value)| Some((name.clone(), self.without_in(value, counts)?));
        let changed: Vec<_> = object.iter().filter_map(&mut changed_to).collect();
        if changed.is_empty() {
            return None;
        }
        let mut shown = object.clone();
        shown.extend(changed);
        Some(shown)
    }
}

impl OwnPattern {
    /// What it matches of a text.
    fn matches(&self, text: &str) -> Vec<Range<usize>> {
        // A pattern that matches its own name finds nothing new in what it has replaced.
        let is_own = |found: &Match<'_>| {
            found.as_str() == self.name
                && text.get(..found.start()).is_some_and(|before| before.ends_with('['))
                && text.get(found.end()..).is_some_and(|after| after.starts_with(']'))
        };
        let found = self.regex.find_iter(text).filter(|found| !found.is_empty() && !is_own(found));
        let mut matches: Vec<_> = found.take(MAX_MATCHES + 1).map(|found| found.range()).collect();
        if let Some(last) = matches.get_mut(MAX_MATCHES) {
            last.end = text.len();
        }
        matches
    }
}

/// A text without what any of these match; `None` where none matches. All are looked for in the text itself, and none in what
/// stands for another's match.
fn without_own(text: &str, patterns: &[OwnPattern], counts: &mut Redactions) -> Option<String> {
    let named = |own| OwnPattern::matches(own, text).into_iter().map(move |range| (range, &own.name));
    let mut matches: Vec<(Range<usize>, &String)> = patterns.iter().flat_map(named).collect();
    if matches.is_empty() {
        return None;
    }
    // Of those that begin together the first pattern names it.
    matches.sort_by_key(|(range, _)| range.start);
    let (mut shown, mut copied) = (String::new(), 0);
    for (range, name) in matches {
        if range.start >= copied {
            shown.push_str(text.get(copied..range.start).unwrap_or_default());
            shown.push('[');
            shown.push_str(name);
            shown.push(']');
            counts.count(name);
        }
        copied = copied.max(range.end);
    }
    shown.push_str(text.get(copied..).unwrap_or_default());
    Some(shown)
}

/// The kinds of a configuration, each once, in the order of their names.
fn read_kinds(kinds: &Value) -> Result<Vec<PiiKind>, ConfigurationError> {
    let all: Vec<_> = PiiKind::ALL.iter().map(|kind| kind.as_str()).collect();
    let message = || format!("kinds are some of: {}", all.join(", "));
    let list = kinds.as_array().ok_or_else(|| error("/kinds", message()))?;
    let mut named = BTreeSet::new();
    for (index, one) in list.iter().enumerate() {
        let kind = PiiKind::ALL.into_iter().find(|kind| one.as_str() == Some(kind.as_str()));
        let kind = kind.ok_or_else(|| error(&format!("/kinds/{index}"), message()))?;
        named.insert(kind.as_str());
    }
    Ok(PiiKind::ALL.into_iter().filter(|kind| named.contains(kind.as_str())).collect())
}

fn read_patterns(patterns: &Value) -> Result<Vec<OwnPattern>, ConfigurationError> {
    let list = patterns.as_array().filter(|list| list.len() <= MAX_PATTERNS);
    let list = list.ok_or_else(|| {
        let message =
            format!(r#"patterns is a list of at most {MAX_PATTERNS}, each {{"name": …, "pattern": …}}"#);
        error("/patterns", message)
    })?;
    let mut read: Vec<OwnPattern> = Vec::new();
    for (index, one) in list.iter().enumerate() {
        let at = |field: &str| format!("/patterns/{index}{field}");
        let object = one.as_object().filter(|object| object.len() == 2);
        let texts =
            object.and_then(|object| object.get("name")?.as_str().zip(object.get("pattern")?.as_str()));
        let (name, pattern) =
            texts.ok_or_else(|| error(&at(""), r#"a pattern is an object {"name": …, "pattern": …}"#))?;
        let is_kind = PiiKind::ALL.iter().any(|kind| kind.as_str() == name);
        if !is_name(name) || is_kind || read.iter().any(|other| other.name == name) {
            let message = "a name has 1 to 32 of a to z, 0 to 9 and _, begins with a letter, and is neither a kind's nor \
                           another pattern's";
            return Err(error(&at("/name"), message));
        }
        let regex = compile(pattern).map_err(|message| error(&at("/pattern"), message))?;
        read.push(OwnPattern { name: name.to_owned(), regex });
    }
    Ok(read)
}

fn is_name(name: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_lowercase();
    name.len() <= MAX_NAME_BYTES
        && name.bytes().next().is_some_and(is_letter)
        && name.bytes().all(|byte| is_letter(byte) || byte.is_ascii_digit() || byte == b'_')
}

fn compile(pattern: &str) -> Result<Regex, String> {
    if pattern.is_empty() || pattern.len() > MAX_PATTERN_BYTES {
        return Err(format!("a pattern has 1 to {MAX_PATTERN_BYTES} bytes"));
    }
    let mut builder = RegexBuilder::new(pattern);
    let built = builder.size_limit(MAX_COMPILED_BYTES).dfa_size_limit(MAX_COMPILED_BYTES).build();
    let regex = built.map_err(|problem| match problem {
        regex::Error::CompiledTooBig(_) => {
            "it is too large when compiled: repeat less, or name characters instead of classes such as \\w"
                .to_owned()
        }
        other => {
            // The last line says what is wrong; those before it draw where.
            let told = other.to_string();
            told.lines().next_back().unwrap_or_default().trim_start_matches("error: ").to_owned()
        }
    })?;
    if regex.is_match("") {
        return Err("it matches nothing at all, too: say what must be there".to_owned());
    }
    Ok(regex)
}

impl Rule for PiiRule {
    fn stage(&self) -> Stage {
        Stage::Filter
    }

    fn evaluate(&self, _: &Facts<'_>) -> Finding {
        Finding::NotMatched
    }

    fn filter(&self, mut hits: Hits, counts: &mut Redactions) -> Hits {
        for hit in &mut hits {
            if let Some(shown) = self.without(&hit.content, counts) {
                hit.content = shown.into();
            }
            if let Some(shown) = self.without_inside(&hit.metadata, counts) {
                hit.metadata = Arc::new(shown);
            }
            // A heading is there with each chunk below it.
            let texts = [&hit.location.heading, &hit.location.anchor];
            if texts.into_iter().flatten().any(|text| self.without(text, counts).is_some()) {
                hit.location = Arc::new(Location { page: hit.location.page, ..Location::default() });
            }
        }
        hits
    }

    fn description(&self) -> String {
        "Personal data is left out of what is shown.".to_owned()
    }
}

#[cfg(test)]
#[path = "pii_filter_tests.rs"]
mod tests;
