//! The check of every response that a test sees against the OpenAPI document.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use jsonschema::Validator;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use syft_space::http::openapi;
use syft_space::http::route_table::{ROUTES, Route};
use syft_space::http::state::RequestLimits;

/// The description, as a server with the usual settings gives it.
pub static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    openapi::document(&RequestLimits {
        body_bytes: 1 << 20,
        documents_body_bytes: 32 << 20,
        upload_bytes: 256 << 20,
        body_timeout: Duration::from_secs(30),
    })
});

/// What the components are when nothing may be in an answer but what is described.
static CLOSED_COMPONENTS: LazyLock<Value> = LazyLock::new(|| {
    let mut components = DOCUMENT["components"].clone();
    close(&mut components);
    components
});

static VALIDATORS: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);

/// Forbids what a schema does not name, where it names anything.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if object.contains_key("properties") && !object.contains_key("allOf") {
                object.entry("additionalProperties").or_insert(json!(false));
            }
            object.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

/// What validates against a schema of the description. Answers are held to all that it names, and nothing else.
pub fn validator(schema: &Value) -> Arc<Validator> {
    let key = schema.to_string();
    let mut known = VALIDATORS.lock().unwrap();
    let made = known.entry(key).or_insert_with(|| {
        let mut schema = schema.clone();
        close(&mut schema);
        let whole = json!({ "allOf": [schema], "components": *CLOSED_COMPONENTS });
        let options = jsonschema::draft202012::options().should_validate_formats(true);
        Arc::new(options.build(&whole).unwrap())
    });
    Arc::clone(made)
}

/// The part of the description that a reference names, or the part itself.
pub fn resolve(part: &Value) -> &Value {
    match part.get("$ref").and_then(Value::as_str) {
        Some(reference) => DOCUMENT.pointer(reference.trim_start_matches('#')).unwrap(),
        None => part,
    }
}

/// The operation of a route.
pub fn operation(route: &Route) -> &'static Value {
    &DOCUMENT["paths"][route.path][route.method.to_string().to_lowercase()]
}

/// The routes of a path that was asked for.
fn routes(path: &str) -> Vec<&'static Route> {
    let path = path.strip_suffix('/').filter(|path| !path.is_empty()).unwrap_or(path);
    let fits = |route: &&Route| {
        let (pattern, asked) = (route.path.split('/'), path.split('/'));
        pattern.clone().count() == asked.clone().count()
            && pattern
                .zip(asked)
                .all(|(segment, part)| segment == part || (segment.starts_with('{') && !part.is_empty()))
    };
    let mut found: Vec<_> = ROUTES.iter().filter(fits).collect();
    // A literal path goes before one with parameters.
    let fewest = found.iter().map(|route| route.path.matches('{').count()).min().unwrap_or(0);
    found.retain(|route| route.path.matches('{').count() == fewest);
    found
}

/// Demands that an answer is one of those that the description tells of.
#[track_caller]
pub fn check(method: &str, path: &str, status: u16, headers: &HeaderMap, text: &str) {
    let asked = format!("{method} {path}");
    let content_type = headers.get("content-type").map_or("", |value| value.to_str().unwrap());
    // What the HTTP parser refuses, or an answer that is cut short, is none of the description's.
    if status == 400 && content_type.is_empty() {
        return;
    }
    let method = if method == "HEAD" { "GET" } else { method };
    let routes = routes(path);
    let Some(route) = routes.iter().find(|route| route.method.to_string() == method) else {
        let expected = if routes.is_empty() { 404 } else { 405 };
        // Who asks too often is told nothing else.
        let expected = if status == 429 { 429 } else { expected };
        assert_eq!(status, expected, "{asked} is no route, and was answered {status}: {text}");
        return;
    };
    let responses = &operation(route)["responses"];
    let response = responses.get(status.to_string());
    let response =
        resolve(response.unwrap_or_else(|| panic!("{asked} is not described to answer {status}: {text}")));
    for (name, header) in response["headers"].as_object().unwrap() {
        let header = resolve(header);
        match headers.get(name) {
            Some(value) if header["schema"]["type"] == "string" => {
                let value = json!(value.to_str().unwrap());
                assert!(validator(&header["schema"]).is_valid(&value), "{asked}: {name} is {value}");
            }
            Some(_) => {}
            None => assert_ne!(header["required"], true, "{asked} ({status}) lacks {name}: {text}"),
        }
    }
    assert_eq!(
        headers.contains_key("etag"),
        response["headers"].get("ETag").is_some(),
        "{asked} ({status}): an ETag is there if, and only if, it is described"
    );
    let Some(content) = response["content"].as_object() else {
        assert_eq!(text, "", "{asked} ({status}) is described without a body");
        return;
    };
    let media = content.get(content_type.split(';').next().unwrap());
    let media = media.unwrap_or_else(|| panic!("{asked} ({status}) is not described as {content_type:?}"));
    if asked.starts_with("HEAD") || !content_type.ends_with("json") {
        return;
    }
    let body: Value = serde_json::from_str(text).unwrap();
    let wrong: Vec<String> = validator(&media["schema"])
        .iter_errors(&body)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    let begin: String = text.chars().take(2_000).collect();
    assert!(wrong.is_empty(), "{asked} ({status}) is not as described: {wrong:#?}\n{begin}");
}
