//! The settings of a configuration: an object with those alone that its type has.

use serde_json::{Map, Value};

use crate::policy::policy_type::ConfigurationError;

/// How much of an unknown setting's name is told: it is the writer's text, and there is no end to what it may be.
const MAX_NAME: usize = 40;

/// The settings of a configuration of a type that is called so (`a token_limit`), looks like the example, and has these.
///
/// # Errors
/// When it is no object, or has another setting.
pub(in crate::policy) fn settings<'a>(
    configuration: &'a Value,
    called: &str,
    example: &str,
    known: &[&str],
) -> Result<&'a Map<String, Value>, ConfigurationError> {
    let wrong = |message| ConfigurationError { pointer: String::new(), message };
    let object = configuration.as_object();
    let object = object.ok_or_else(|| wrong(format!("{called} is an object such as {example}")))?;
    match object.keys().find(|key| !known.contains(&key.as_str())) {
        None => Ok(object),
        Some(other) => {
            let other: String = other.chars().take(MAX_NAME).collect();
            let known = if known.is_empty() { "nothing to set".to_owned() } else { known.join(", ") };
            Err(wrong(format!("{called} has {known}, but no {other:?}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::policy::{PolicyConfigurationError, PolicyTypes};

    #[test]
    fn f8_each_type_names_the_setting_that_it_does_not_have() {
        let types = PolicyTypes::default();
        for policy_type in types.iter() {
            let name = policy_type.name();
            let refused = |configuration| match types.parse(name, &configuration) {
                Err(PolicyConfigurationError::Invalid(error)) => error.message,
                other => panic!("{name}: {other:?}"),
            };
            let message = refused(json!({ "colour": 1 }));
            assert!(message.contains("but no \"colour\""), "{name}: {message}");
            let message = refused(json!({ "a".repeat(5_000): 1 }));
            assert!(message.len() < 400, "{name}: {message}");
            let message = refused(json!([]));
            assert!(message.contains(" is an object such as {"), "{name}: {message}");
        }
    }
}
