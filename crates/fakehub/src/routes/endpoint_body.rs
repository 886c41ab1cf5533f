//! Parsing and validation of an endpoint's fields.

use serde_json::{Map, Value, json};

use crate::wire::{HubResponse, text};

/// Slugs that are, or may become, pages of the hub.
const RESERVED_SLUGS: [&str; 24] = [
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
const ENDPOINT_TYPES: [&str; 4] = ["agent", "data_source", "model", "model_data_source"];
const VISIBILITIES: [&str; 3] = ["internal", "private", "public"];
/// The members of a policy and of a connection; only a policy has a version.
const PART_MEMBERS: [&str; 5] = ["config", "description", "enabled", "type", "version"];
const MAX_TAGS: usize = 10;

/// Parses an endpoint: its slug, and the other fields with defaults.
pub(crate) fn parse_endpoint(body: &Value) -> Result<(String, Map<String, Value>), HubResponse> {
    let slug = parse_slug(text(body, "slug")?)?;
    let kind = text(body, "type")?;
    text(body, "name")?;
    if !ENDPOINT_TYPES.contains(&kind) {
        return Err(enum_error("type", &ENDPOINT_TYPES, kind));
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
    fields.extend(parse_changes(body)?);
    fields.insert("type".to_owned(), json!(kind));
    Ok((slug, fields))
}

/// Parses the fields that may change later. Unknown members are ignored.
pub(crate) fn parse_changes(body: &Value) -> Result<Map<String, Value>, HubResponse> {
    let mut fields = Map::new();
    for (name, max_characters) in [("name", 100), ("description", 500), ("version", 20), ("readme", 50_000)] {
        if body.get(name).is_some_and(|value| !value.is_null()) {
            let value = text(body, name)?;
            if value.chars().count() > max_characters || (name == "name" && value.is_empty()) {
                let message = format!("String should have at most {max_characters} characters");
                return Err(HubResponse::invalid("string_too_long", &["body", name], &message, json!(value)));
            }
            fields.insert(name.to_owned(), json!(value));
        }
    }
    if body.get("visibility").is_some_and(|value| !value.is_null()) {
        let visibility = text(body, "visibility")?;
        if !VISIBILITIES.contains(&visibility) {
            return Err(enum_error("visibility", &VISIBILITIES, visibility));
        }
        fields.insert("visibility".to_owned(), json!(visibility));
    }
    if let Some(tags) = body.get("tags").filter(|value| !value.is_null()) {
        fields.insert("tags".to_owned(), json!(parse_tags(tags)?));
    }
    for name in ["policies", "connect"] {
        if let Some(parts) = body.get(name).filter(|value| !value.is_null()) {
            fields.insert(name.to_owned(), parse_parts(name, parts)?);
        }
    }
    Ok(fields)
}

fn enum_error(member: &str, known: &[&str], found: &str) -> HubResponse {
    let message = format!("Input should be {}", known.join(", "));
    HubResponse::invalid("enum", &["body", member], &message, json!(found))
}

fn is_hyphenated(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    text.bytes().all(allowed) && !text.starts_with('-') && !text.ends_with('-') && !text.contains("--")
}

fn parse_slug(text: &str) -> Result<String, HubResponse> {
    let refused = |reason: &str| Err(HubResponse::bad_value("slug", reason, json!(text)));
    if RESERVED_SLUGS.contains(&text) {
        return refused(&format!("'{text}' is a reserved slug and cannot be used"));
    }
    if !(3..=63).contains(&text.len()) || !is_hyphenated(text) {
        return refused("a slug has 3 to 63 of a-z, 0-9 and single hyphens inside");
    }
    Ok(text.to_owned())
}

fn parse_tags(tags: &Value) -> Result<Vec<String>, HubResponse> {
    let refused = |reason: &str| HubResponse::bad_value("tags", reason, tags.clone());
    let list = tags.as_array().ok_or_else(|| refused("it is no list"))?;
    if list.len() > MAX_TAGS {
        return Err(refused("Maximum 10 tags allowed"));
    }
    let mut parsed = Vec::new();
    for tag in list {
        let tag = tag.as_str().ok_or_else(|| refused("a tag is a text"))?.trim().to_lowercase();
        if tag.len() > 30 || !is_hyphenated(&tag) {
            return Err(refused("a tag has up to 30 of a-z, 0-9 and single hyphens inside"));
        }
        if !tag.is_empty() && !parsed.contains(&tag) {
            parsed.push(tag);
        }
    }
    Ok(parsed)
}

/// Parses policies or connections. Each needs a type, and must have no unknown member.
fn parse_parts(member: &str, parts: &Value) -> Result<Value, HubResponse> {
    let list = parts.as_array();
    let list = list.ok_or_else(|| HubResponse::bad_value(member, "it is no list", parts.clone()))?;
    let mut parsed = Vec::new();
    for part in list {
        text(part, "type")?;
        let members = part.as_object().cloned().unwrap_or_default();
        let is_known =
            |name: &str| PART_MEMBERS.contains(&name) && (member == "policies" || name != "version");
        if let Some((name, value)) = members.iter().find(|(name, _)| !is_known(name)) {
            let message = "Extra inputs are not permitted";
            return Err(HubResponse::invalid(
                "extra_forbidden",
                &["body", member, name],
                message,
                value.clone(),
            ));
        }
        let mut members_with_defaults = Map::new();
        members_with_defaults.insert("enabled".to_owned(), json!(true));
        members_with_defaults.insert("description".to_owned(), json!(""));
        members_with_defaults.insert("config".to_owned(), json!({}));
        if member == "policies" {
            members_with_defaults.insert("version".to_owned(), json!("1.0"));
        }
        members_with_defaults.extend(members);
        parsed.push(Value::Object(members_with_defaults));
    }
    Ok(Value::Array(parsed))
}
