//! The policy type `content`: what may not be asked, and what must be.

use std::collections::BTreeSet;
use std::sync::Arc;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use serde_json::{Value, json};

use crate::endpoint::Conversation;
use crate::policy::metadata::PolicyEntry;
use crate::policy::phrase::canonical;
use crate::policy::policy_type::{ConfigurationError, ConfigurationSchema, Facts, Finding, PolicyType, Rule};
use crate::policy::settings::settings;

/// The most phrases of one policy.
const MAX_PHRASES: usize = 1_000;
/// The most bytes of a phrase, as it is written and as it is kept.
const MAX_PHRASE_BYTES: usize = 256;
/// The most bytes of all phrases of one policy: compiled, each takes some 20.
const MAX_BYTES: usize = 1 << 16;
/// For so many bytes a phrase counts as one of the patterns that a tenant may have.
const BYTES_OF_A_PATTERN: usize = 16;

/// The type `content`: `{"block": ["credit card"], "require": ["penguin"]}`. A conversation in which the caller says a blocked
/// phrase is refused, and a question with none of those that are required.
#[derive(Debug, Clone, Copy, Default)]
pub struct ContentType;

impl PolicyType for ContentType {
    fn name(&self) -> &'static str {
        "content"
    }

    fn check_shadow(&self) -> Result<(), &'static str> {
        Ok(())
    }

    fn schema(&self) -> ConfigurationSchema {
        let phrases = |description: &str| {
            json!({
                "type": "array", "maxItems": MAX_PHRASES, "description": description,
                "items": { "type": "string", "minLength": 1, "maxLength": MAX_PHRASE_BYTES },
            })
        };
        let schema = |required: &[&str]| {
            json!({
                "type": "object", "additionalProperties": false, "required": required, "title": "Content",
                "properties": {
                    "block": phrases("What may not be said in a conversation."),
                    "require": phrases("Of these at least one must be in the question, unless there are none."),
                },
            })
        };
        let taken = schema(&[]);
        ConfigurationSchema { taken: taken.clone(), shown: schema(&["block", "require"]), patch: taken }
    }

    fn parse(&self, configuration: &Value) -> Result<Value, ConfigurationError> {
        let [block, require] = read(configuration)?;
        Ok(json!({ "block": block, "require": require }))
    }

    fn compile(&self, configuration: &Value) -> Result<Arc<dyn Rule>, ConfigurationError> {
        let [block, require] = read(configuration)?;
        Ok(Arc::new(ContentRule { block: Phrases::new(&block)?, require: Phrases::new(&require)? }))
    }

    fn patterns(&self, configuration: &Value) -> u64 {
        let lists = ["block", "require"].into_iter().filter_map(|field| configuration.get(field)?.as_array());
        let phrases = lists.flatten().filter_map(Value::as_str);
        let counted: usize = phrases.map(|phrase| phrase.len().div_ceil(BYTES_OF_A_PATTERN)).sum();
        u64::try_from(counted).unwrap_or(u64::MAX)
    }

    fn refusal(&self) -> PolicyEntry {
        PolicyEntry::rejected(
            self.name(),
            "access",
            "CONTENT_NOT_ALLOWED",
            "the endpoint does not answer such questions",
        )
    }
}

fn error(pointer: String, message: impl Into<String>) -> ConfigurationError {
    ConfigurationError { pointer, message: message.into() }
}

/// The phrases that are blocked, and those that are required, each once, in the order of their bytes.
fn read(configuration: &Value) -> Result<[BTreeSet<String>; 2], ConfigurationError> {
    let example = r#"{"block": ["a phrase"]}"#;
    let object = settings(configuration, "a content policy", example, &["block", "require"])?;
    let phrases = |field| object.get(field).map_or(Ok(BTreeSet::new()), |list| read_phrases(field, list));
    let read = [phrases("block")?, phrases("require")?];
    let all = || read.iter().flatten();
    if all().next().is_none() {
        return Err(error("/block".to_owned(), "name a phrase, to block or to require"));
    }
    if all().count() > MAX_PHRASES || all().map(String::len).sum::<usize>() > MAX_BYTES {
        let message =
            format!("a policy has at most {MAX_PHRASES} phrases, together of at most {MAX_BYTES} bytes");
        return Err(error(String::new(), message));
    }
    Ok(read)
}

fn read_phrases(field: &str, list: &Value) -> Result<BTreeSet<String>, ConfigurationError> {
    let list = list.as_array().filter(|list| list.len() <= MAX_PHRASES);
    let list = list.ok_or_else(|| {
        error(format!("/{field}"), format!("{field} is a list of at most {MAX_PHRASES} phrases"))
    })?;
    let phrases = list.iter().enumerate().map(|(index, one)| {
        let fits = |text: &&str| !text.is_empty() && text.len() <= MAX_PHRASE_BYTES;
        let phrase = one.as_str().filter(fits).map(canonical);
        let phrase = phrase.as_deref().map(str::trim).filter(fits);
        phrase.map(str::to_owned).ok_or_else(|| {
            let message =
                format!("a phrase has at most {MAX_PHRASE_BYTES} bytes, and at least one letter or digit");
            error(format!("/{field}/{index}"), message)
        })
    });
    phrases.collect()
}

/// Phrases that are looked for all at once, in time linear in the text.
struct Phrases {
    phrases: Vec<Arc<str>>,
    automaton: AhoCorasick,
}

impl Phrases {
    fn new(phrases: &BTreeSet<String>) -> Result<Self, ConfigurationError> {
        let words = phrases.iter().map(|phrase| format!(" {phrase} "));
        // Of all kinds this one takes the least memory without being slow.
        let built = AhoCorasick::builder().kind(Some(AhoCorasickKind::ContiguousNFA)).build(words);
        let automaton = built.map_err(|problem| error(String::new(), problem.to_string()))?;
        Ok(Self { phrases: phrases.iter().map(|phrase| phrase.as_str().into()).collect(), automaton })
    }

    /// The first of the phrases that ends in the form of a text.
    fn find(&self, form: &str) -> Option<&Arc<str>> {
        let found = self.automaton.find(form)?;
        self.phrases.get(found.pattern().as_usize())
    }
}

/// Whoever could say a blocked phrase behind what is looked through is refused.
fn too_long() -> Finding {
    Finding::Matched(format!("more than {} bytes to look through", Conversation::MAX_LOOKED_THROUGH).into())
}

struct ContentRule {
    block: Phrases,
    require: Phrases,
}

impl Rule for ContentRule {
    fn evaluate(&self, facts: &Facts<'_>) -> Finding {
        // Where nobody says what is asked, nobody is refused for it.
        let Some(conversation) = facts.query.and_then(|query| query.conversation) else {
            return Finding::NotMatched;
        };
        if !self.block.phrases.is_empty() {
            let Some(mut said) = conversation.said_forms() else { return too_long() };
            if let Some(phrase) = said.find_map(|form| self.block.find(form)) {
                return Finding::Matched(Arc::clone(phrase));
            }
        }
        if !self.require.phrases.is_empty() {
            let Some(question) = conversation.question_form() else { return too_long() };
            if self.require.find(question).is_none() {
                return Finding::Matched("no required phrase".into());
            }
        }
        Finding::NotMatched
    }

    fn description(&self) -> String {
        match (self.block.phrases.is_empty(), self.require.phrases.is_empty()) {
            (false, true) => "Some phrases may not be in a question.".to_owned(),
            (true, _) => "A question has one of some phrases.".to_owned(),
            (false, false) => {
                "Some phrases may not be in a question, and one of some others must be.".to_owned()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn z4_phrases_are_kept_in_one_form_and_what_is_none_is_refused_where_it_stands() {
        let read = |json: Value| ContentType.parse(&json).map_err(|error| error.pointer);
        let kept = json!({"block": ["credit card", "x"], "require": []});
        assert_eq!(read(json!({"block": ["X", "Credit  card", "credit-card"]})), Ok(kept.clone()));
        assert_eq!(read(kept.clone()), Ok(kept.clone()));
        assert_eq!(ContentType.patterns(&kept), 2);
        let long = "x".repeat(256);
        assert!(read(json!({"block": [long]})).is_ok());
        let many: Vec<_> = (0..1_001).map(|n| n.to_string()).collect();
        let large: Vec<_> = (0..300).map(|n| format!("{n}{}", "x".repeat(240))).collect();
        for (json, pointer) in [
            (json!([]), ""),
            (json!({}), "/block"),
            (json!({"block": [], "require": []}), "/block"),
            (json!({"block": ["a"], "allow": []}), ""),
            (json!({"block": "a"}), "/block"),
            (json!({"block": many}), "/block"),
            (json!({"block": many[..600], "require": many[600..]}), ""),
            (json!({"block": large}), ""),
            (json!({"block": ["a", "!?"]}), "/block/1"),
            (json!({"require": [""]}), "/require/0"),
            (json!({"require": [7]}), "/require/0"),
            (json!({"require": [format!("{long}x")]}), "/require/0"),
            // One character that stands for 18.
            (json!({"require": ["\u{fdfa}".repeat(80)]}), "/require/0"),
        ] {
            assert_eq!(read(json.clone()), Err(pointer.to_owned()), "{json}");
        }
    }

    #[test]
    fn z4_a_phrase_is_found_as_whole_words_wherever_it_stands() {
        let phrases = Phrases::new(&["credit card".to_owned(), "pin".to_owned()].into()).unwrap();
        let find = |text: &str| phrases.find(&canonical(text)).map(ToString::to_string);
        for (text, expected) in [
            ("My CREDIT-CARD?", Some("credit card")),
            ("credit\n card", Some("credit card")),
            ("the pin, please", Some("pin")),
            ("pin pin", Some("pin")),
            ("credit cards and pins, spin", None),
            ("credit the card", None),
            ("", None),
        ] {
            assert_eq!(find(text).as_deref(), expected, "{text}");
        }
    }
}
