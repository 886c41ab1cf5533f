//! What is told of a value of the wrong shape, in the words of JSON: what serde says speaks of Rust's types.

/// The most characters of a field's name that a refusal repeats.
pub(super) const MAX_NAME_CHARS: usize = 60;

/// What serde says of a value, in the words of JSON and without the value: it may be a secret in the wrong place, and it may be
/// long. The name of a field that nobody knows stays.
pub(super) fn plainly(message: &str) -> String {
    // `invalid type: string "…", expected u64`, ``unknown field `…`, expected one of …``
    let Some((found, expected)) = message.rsplit_once(", expected ") else { return message.to_owned() };
    let (what, value) = found.split_once(['"', '`']).unwrap_or((found, ""));
    let what = what.trim_end();
    let wanted = wanted(expected);
    match (what, what.strip_prefix("invalid type: ").and_then(kind)) {
        ("unknown field", _) => {
            let name: String = value.trim_end_matches('`').chars().take(MAX_NAME_CHARS).collect();
            format!("unknown field `{name}`, expected {expected}")
        }
        // The wrong number, and not no number.
        (_, Some("a number")) if wanted.contains("number") => format!("must be {wanted}"),
        (_, Some(kind)) => format!("must be {wanted}, not {kind}"),
        _ => format!("must be {wanted}"),
    }
}

/// What serde expects, in the words of JSON (RFC 8259, section 3).
fn wanted(expected: &str) -> &str {
    match expected {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "usize" => "a whole number, 0 or more",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a sequence" => "an array",
        "a map" => "an object",
        "string or map" => "a string or an object",
        "IP address" => "an IP address",
        // The name of a Rust type tells a caller nothing.
        other if other.starts_with("struct ") => "an object",
        other => other,
    }
}

/// What a value is, where serde says it by its type alone.
fn kind(found: &str) -> Option<&'static str> {
    match found {
        "boolean" => Some("a boolean"),
        "integer" | "floating point" => Some("a number"),
        "string" => Some("a string"),
        "sequence" => Some("an array"),
        "map" => Some("an object"),
        "null" | "unit value" => Some("null"),
        _ => None,
    }
}
