//! What may be written of an endpoint?

use serde_json::{Map, Value, json};

use crate::wire::{Answer, text};

/// Slugs that are, or may become, pages of the hub.
const RESERVED: [&str; 24] = [
    "about",
    "admin",
    "api",
    "auth",
    "blog",
    "contact",
    "dashboard",
    "docs",
    "explore",
    "ftp",
    "health",
    "help",
    "login",
    "mail",
    "openapi.json",
    "privacy",
    "profile",
    "redoc",
    "register",
    "search",
    "settings",
    "support",
    "terms",
    "www",
];
const TYPES: [&str; 4] = ["agent", "data_source", "model", "model_data_source"];
const VISIBILITIES: [&str; 3] = ["internal", "private", "public"];
/// The members of a policy and of a connection; a policy alone has a version.
const PARTS: [&str; 5] = ["config", "description", "enabled", "type", "version"];
const TAGS_MAX: usize = 10;

/// Reads a whole endpoint: its slug, and the rest with defaults filled in.
pub(crate) fn whole(body: &Value) -> Result<(String, Map<String, Value>), Answer> {
    let slug = slug(text(body, "slug")?)?;
    let kind = text(body, "type")?;
    text(body, "name")?;
    if !TYPES.contains(&kind) {
        return Err(one_of("type", &TYPES, kind));
    }
    let mut fields = Map::new();
    for (name, default) in [
        ("visibility", json!("public")),
        ("description", json!("")),
        ("version", json!("0.1.0")),
        ("readme", json!("")),
        ("tags", json!([])),
        ("policies", json!([])),
        ("connect", json!([])),
        ("contributors", json!([])),
    ] {
        fields.insert(name.to_owned(), default);
    }
    fields.extend(changes(body)?);
    fields.insert("type".to_owned(), json!(kind));
    Ok((slug, fields))
}

/// Reads the members that may be changed later; what is not known is left out.
pub(crate) fn changes(body: &Value) -> Result<Map<String, Value>, Answer> {
    let mut fields = Map::new();
    for (name, characters) in [("name", 100), ("description", 500), ("version", 20), ("readme", 50_000)] {
        if body.get(name).is_some_and(|value| !value.is_null()) {
            let value = text(body, name)?;
            if value.chars().count() > characters || (name == "name" && value.is_empty()) {
                let message = format!("String should have at most {characters} characters");
                return Err(Answer::invalid("string_too_long", &["body", name], &message, json!(value)));
            }
            fields.insert(name.to_owned(), json!(value));
        }
    }
    if body.get("visibility").is_some_and(|value| !value.is_null()) {
        let visibility = text(body, "visibility")?;
        if !VISIBILITIES.contains(&visibility) {
            return Err(one_of("visibility", &VISIBILITIES, visibility));
        }
        fields.insert("visibility".to_owned(), json!(visibility));
    }
    if let Some(tags) = body.get("tags").filter(|value| !value.is_null()) {
        fields.insert("tags".to_owned(), json!(tags_of(tags)?));
    }
    for name in ["policies", "connect"] {
        if let Some(parts) = body.get(name).filter(|value| !value.is_null()) {
            fields.insert(name.to_owned(), parts_of(name, parts)?);
        }
    }
    Ok(fields)
}

fn one_of(member: &str, known: &[&str], found: &str) -> Answer {
    let message = format!("Input should be {}", known.join(", "));
    Answer::invalid("enum", &["body", member], &message, json!(found))
}

fn is_hyphenated(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    text.bytes().all(allowed) && !text.starts_with('-') && !text.ends_with('-') && !text.contains("--")
}

fn slug(text: &str) -> Result<String, Answer> {
    let refused = |why: &str| Err(Answer::bad_value("slug", why, json!(text)));
    if RESERVED.contains(&text) {
        return refused(&format!("'{text}' is a reserved slug and cannot be used"));
    }
    if !(3..=63).contains(&text.len()) || !is_hyphenated(text) {
        return refused("a slug has 3 to 63 of a-z, 0-9 and single hyphens inside");
    }
    Ok(text.to_owned())
}

fn tags_of(tags: &Value) -> Result<Vec<String>, Answer> {
    let refused = |why: &str| Answer::bad_value("tags", why, tags.clone());
    let list = tags.as_array().ok_or_else(|| refused("it is no list"))?;
    if list.len() > TAGS_MAX {
        return Err(refused("Maximum 10 tags allowed"));
    }
    let mut read = Vec::new();
    for tag in list {
        let tag = tag.as_str().ok_or_else(|| refused("a tag is a text"))?.trim().to_lowercase();
        if tag.len() > 30 || !is_hyphenated(&tag) {
            return Err(refused("a tag has up to 30 of a-z, 0-9 and single hyphens inside"));
        }
        if !tag.is_empty() && !read.contains(&tag) {
            read.push(tag);
        }
    }
    Ok(read)
}

/// Policies or connections: each with a type, and no member that is not known.
fn parts_of(member: &str, parts: &Value) -> Result<Value, Answer> {
    let list = parts.as_array();
    let list = list.ok_or_else(|| Answer::bad_value(member, "it is no list", parts.clone()))?;
    let mut read = Vec::new();
    for part in list {
        text(part, "type")?;
        let members = part.as_object().cloned().unwrap_or_default();
        let is_known = |name: &str| PARTS.contains(&name) && (member == "policies" || name != "version");
        if let Some((name, value)) = members.iter().find(|(name, _)| !is_known(name)) {
            let message = "Extra inputs are not permitted";
            return Err(Answer::invalid("extra_forbidden", &["body", member, name], message, value.clone()));
        }
        let mut whole = Map::new();
        whole.insert("enabled".to_owned(), json!(true));
        whole.insert("description".to_owned(), json!(""));
        whole.insert("config".to_owned(), json!({}));
        if member == "policies" {
            whole.insert("version".to_owned(), json!("1.0"));
        }
        whole.extend(members);
        read.push(Value::Object(whole));
    }
    Ok(Value::Array(read))
}
