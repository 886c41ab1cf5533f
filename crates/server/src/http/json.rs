//! The strict JSON reader of bodies: no key twice, no deep nesting, no unknown field.

mod deserializer;
mod meter;
mod strict;
mod wording;

use schemars::{JsonSchema, SchemaGenerator};
use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde_json::{Map, Value};

pub use crate::http::json::meter::TakeMemory;
pub use crate::http::json::strict::strict_value;
pub(crate) use crate::http::json::strict::strict_value_of;
use crate::http::json::wording::plainly;
use crate::http::problem::{FieldError, MAX_FIELD_ERRORS, Problem};

/// How deep a body may nest.
pub const MAX_DEPTH: usize = 32;

/// Reads a body: text that is not JSON, a key that stands twice and bottomless nesting are 400; JSON of another
/// shape is 422.
///
/// `take` is asked for the memory that the values take, as they are read: the bytes of all so far.
///
/// # Errors
/// When the text is not such JSON, or the value is not of the type `T`; all that is wrong with it is told at once. When the
/// memory is not to be had.
pub fn parse<T: DeserializeOwned + JsonSchema>(body: &[u8], take: &mut TakeMemory<'_>) -> Result<T, Problem> {
    deserialize(strict_value(body, take)?).or_else(|error| {
        let value = strict_value(body, take)?;
        let missing = missing_fields::<T>(&value);
        let mut search = ErrorSearch::default();
        search.search::<T>(value, error);
        let mut errors = search.errors;
        errors.retain(|error| !missing.contains(error));
        errors.extend(missing);
        Err(Problem::fields(errors))
    })
}

/// The fields that a body must have and lacks, where it is an object. Reading names the first of them alone, and none where
/// another field is wrong.
fn missing_fields<T: JsonSchema>(value: &Value) -> Vec<FieldError> {
    let Value::Object(fields) = value else { return Vec::new() };
    let schema = SchemaGenerator::default().into_root_schema_for::<T>();
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    let missing = required.filter_map(Value::as_str).filter(|name| !fields.contains_key(*name));
    missing
        .map(|name| FieldError { pointer: String::new(), message: format!("missing field `{name}`") })
        .collect()
}

fn deserialize<T: DeserializeOwned>(value: Value) -> Result<T, FieldError> {
    serde_path_to_error::deserialize(deserializer::StrictDeserializer(value)).map_err(|error| {
        let pointer = pointer(error.path().iter().map(|segment| match segment {
            serde_path_to_error::Segment::Seq { index } => index.to_string(),
            serde_path_to_error::Segment::Map { key } => key.clone(),
            serde_path_to_error::Segment::Enum { variant } => variant.clone(),
            serde_path_to_error::Segment::Unknown => "?".to_owned(),
        }));
        FieldError { pointer, message: plainly(&error.inner().to_string()) }
    })
}

/// A step into a value: to a member of an object, or to an item of a list.
enum Step {
    Member(String),
    Item(usize),
}

/// How many parts of a body are read by themselves at most: a body may be nothing but errors.
const MAX_PARTS: usize = 10_000;

/// Looks for all that is wrong with a body. Reading stops at the first error, so each part is read by itself, in a body
/// that holds nothing else.
#[derive(Default)]
struct ErrorSearch {
    path: Vec<Step>,
    errors: Vec<FieldError>,
    parts: usize,
}

impl ErrorSearch {
    /// Adds all that is wrong with the part of a body that stands at the path, of which one error is known.
    fn search<T: DeserializeOwned>(&mut self, value: Value, error: FieldError) {
        // What is wrong further out is that the other parts are missing.
        let Some(below) = error.pointer.strip_prefix(&pointer_to(&self.path, |_| 0)) else { return };
        let found_before = self.errors.len();
        // Where the part itself is wrong, none of its own parts was: it is of another type, or lacks one.
        if !below.is_empty() {
            match value {
                Value::Object(fields) => {
                    for (name, value) in fields {
                        self.search_part::<T>(Step::Member(name), value);
                    }
                }
                Value::Array(items) => {
                    for (number, item) in items.into_iter().enumerate() {
                        self.search_part::<T>(Step::Item(number), item);
                    }
                }
                _ => {}
            }
        }
        if self.errors.len() == found_before {
            let pointer = pointer_to(&self.path, |number| number) + below;
            self.errors.push(FieldError { pointer, message: error.message });
        }
    }

    fn search_part<T: DeserializeOwned>(&mut self, step: Step, part: Value) {
        // Where there are more errors than are told, one more is found and no other.
        if self.errors.len() > MAX_FIELD_ERRORS || self.parts == MAX_PARTS {
            return;
        }
        self.parts += 1;
        self.path.push(step);
        let alone = self.path.iter().rev().fold(part.clone(), |value, step| match step {
            Step::Member(name) => Value::Object(Map::from_iter([(name.clone(), value)])),
            Step::Item(_) => Value::Array(vec![value]),
        });
        if let Err(error) = deserialize::<T>(alone) {
            self.search::<T>(part, error);
        }
        self.path.pop();
    }
}

fn pointer_to(path: &[Step], number: fn(usize) -> usize) -> String {
    pointer(path.iter().map(|step| match step {
        Step::Member(name) => name.clone(),
        Step::Item(n) => number(*n).to_string(),
    }))
}

/// A JSON Pointer of plain segments (RFC 6901, section 3).
fn pointer(segments: impl Iterator<Item = String>) -> String {
    segments.map(|segment| format!("/{}", segment.replace('~', "~0").replace('/', "~1"))).collect()
}

/// A field of a merge patch (RFC 7396) that tells "not there" from "null".
pub fn present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use super::*;
    use crate::http::json::meter::MAX_VALUES;
    use crate::http::reason::Reason;

    fn strict_value(body: &[u8]) -> Result<Value, Problem> {
        super::strict_value(body, &mut |_| Ok(()))
    }

    fn parse<T: DeserializeOwned + JsonSchema>(body: &[u8]) -> Result<T, Problem> {
        super::parse(body, &mut |_| Ok(()))
    }

    #[test]
    fn i1_a_key_that_stands_twice_is_refused_at_any_depth() {
        assert!(strict_value(br#"{"a":{"b":[{"c":1}]}}"#).is_ok());
        for twice in [r#"{"a":1,"a":2}"#, r#"[{"x":{"a":1,"a":1}}]"#, r#"{"a":1,"\u0061":2}"#] {
            let problem = strict_value(twice.as_bytes()).unwrap_err();
            assert_eq!(problem.reason(), Reason::Malformed, "{twice}");
        }
    }

    #[test]
    fn i1_bottomless_nesting_is_refused_without_a_stack_overflow() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(strict_value(nested(MAX_DEPTH).as_bytes()).is_ok());
        for depth in [MAX_DEPTH + 1, 10_000, 1_000_000] {
            assert!(strict_value(nested(depth).as_bytes()).is_err());
        }
    }

    #[test]
    fn m4_a_body_of_nothing_but_small_values_is_refused_before_it_takes_its_memory() {
        let list = |values: usize| format!("[{}0]", "0,".repeat(values - 2));
        assert!(strict_value(list(MAX_VALUES).as_bytes()).is_ok());
        let objects = format!("[{}0]", r#"{"":0},"#.repeat(MAX_VALUES / 2));
        let members: Vec<String> = (0..MAX_VALUES).map(|n| format!("\"{n}\":{{}}")).collect();
        for body in
            [list(MAX_VALUES + 1), list(16 * 1024 * 1024), objects, format!("{{{}}}", members.join(","))]
        {
            let problem = strict_value(body.as_bytes()).unwrap_err();
            assert_eq!(problem.reason(), Reason::Malformed);
        }
    }

    #[test]
    fn m4_the_memory_of_values_is_taken_as_they_are_read_and_no_more_are_read_without_it() {
        let documents = format!(r#"{{"documents":[{}0]}}"#, r#"{"content":"x"},"#.repeat(50_000));
        let mut taken = 0;
        assert!(
            super::strict_value(documents.as_bytes(), &mut |bytes| {
                taken = bytes;
                Ok(())
            })
            .is_ok()
        );
        assert!(
            taken > 40 * documents.len() && taken < 80 * documents.len(),
            "{taken} for {}",
            documents.len()
        );
        let mut steps = 0;
        let refused = super::strict_value(documents.as_bytes(), &mut |bytes| {
            steps += 1;
            if bytes < 1 << 20 { Ok(()) } else { Err(Problem::new(Reason::Overloaded, "no more")) }
        });
        assert_eq!(refused.unwrap_err().reason(), Reason::Overloaded);
        assert!(steps <= 40, "it goes on after a refusal: {steps}");
        let text = format!("[\"{}\"]", "x".repeat(1 << 20));
        super::strict_value(text.as_bytes(), &mut |bytes| {
            taken = bytes;
            Ok(())
        })
        .unwrap();
        assert!((1 << 20..3 << 19).contains(&taken), "{taken}");
    }

    #[test]
    fn a3_a_value_of_the_wrong_type_is_not_repeated() {
        #[derive(Debug, serde::Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        #[expect(dead_code, reason = "it is read, and never looked at")]
        struct Body {
            password: String,
            count: u64,
        }
        let refusal = |body: &str| {
            let answer = parse::<Body>(body.as_bytes()).unwrap_err();
            format!("{answer:?}")
        };
        for body in [
            r#"{"password":424242424242,"count":1}"#,
            r#"{"password":"p","count":"4242, expected `4242\", expected 4242"}"#,
            r#"{"password":"p","count":-424242}"#,
            r#"{"password":"p","count":4242.42}"#,
            r#""4242""#,
        ] {
            let message = refusal(body);
            assert!(message.contains("must be ") && !message.contains("4242"), "{message}");
        }
        let long = format!(r#"{{"{}":1}}"#, "x".repeat(100_000));
        let message = refusal(&long);
        assert!(message.contains("unknown field `xxx") && message.contains("`password`"), "{message}");
        assert!(message.len() < 2_000, "{}", message.len());
    }

    #[test]
    fn i1_a_whole_number_is_one_however_it_is_written() {
        fn holds<T>(good: &[(&str, T)], bad: &[&str])
        where
            T: DeserializeOwned + JsonSchema + fmt::Debug + PartialEq + Copy,
        {
            #[derive(Debug, serde::Deserialize, JsonSchema)]
            struct Body<T> {
                count: Option<T>,
            }
            for &(good, count) in good {
                let read = parse::<Body<T>>(format!(r#"{{"count":{good}}}"#).as_bytes()).unwrap();
                assert_eq!(read.count, Some(count), "{good}");
            }
            for bad in bad {
                assert!(parse::<Body<T>>(format!(r#"{{"count":{bad}}}"#).as_bytes()).is_err(), "{bad}");
            }
        }
        macro_rules! each_type {
            ($($number:ty: $($also_bad:literal)*;)*) => {
                $(holds::<$number>(
                    &[("12", 12), ("12.0", 12), ("1.2e1", 12), ("0.0", 0), ("-0.0", 0)],
                    &["12.5", "1e19", "\"12\"", "true", $($also_bad),*],
                );)*
            };
        }
        each_type! {
            u8: "-1.0" "256.0"; u16: "-1.0" "65536.0"; u32: "-1.0" "4294967296.0"; u64: "-1.0" "1e17";
            i8: "128.0"; i16: "32768.0"; i32: "2147483648.0"; i64: "1e17";
        }
        holds::<i64>(&[("-12.0", -12), ("-9007199254740992.0", -9_007_199_254_740_992)], &["-1e17"]);
    }

    #[test]
    fn i1_a_list_is_never_taken_for_an_object_whose_fields_stand_in_order() {
        #[derive(Debug, PartialEq, serde::Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        struct Outer {
            name: String,
            inner: Option<Vec<Inner>>,
        }
        #[derive(Debug, PartialEq, serde::Deserialize, JsonSchema)]
        struct Inner {
            share: f32,
            count: Option<u64>,
            any: Map<String, Value>,
        }
        let good = r#"{"name":"n","inner":[{"share":1,"count":null,"any":{"x":[1,-2,0.5,"y",null,{}]}}]}"#;
        let inner = parse::<Outer>(good.as_bytes()).unwrap().inner.unwrap();
        assert_eq!((inner[0].share, inner[0].count), (1.0, None));
        assert_eq!(
            Value::from(inner[0].any.clone()),
            serde_json::json!({ "x": [1, -2, 0.5, "y", null, {}] })
        );
        assert_eq!(parse::<Outer>(br#"{"name":"n"}"#).unwrap().inner, None);
        for (bad, pointer) in [
            (r#"["n",null]"#, "pointer: \"\""),
            (r#"[]"#, "pointer: \"\""),
            (r#"{"name":"n","inner":[[1,null,{}]]}"#, "pointer: \"/inner/0\""),
            (r#"{"name":"n","inner":{}}"#, "pointer: \"/inner\""),
            (r#"{"name":"n","inner":[{"share":1,"any":null}]}"#, "pointer: \"/inner/0/any\""),
        ] {
            let message = format!("{:?}", parse::<Outer>(bad.as_bytes()).unwrap_err());
            assert!(message.contains(pointer) && message.contains("must be "), "{message}");
        }
    }

    #[test]
    fn i1_all_that_is_wrong_is_told_at_once() {
        #[derive(Debug, serde::Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        #[expect(dead_code, reason = "it is read, and never looked at")]
        struct Outer {
            name: String,
            inner: Vec<Inner>,
        }
        #[derive(Debug, serde::Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        #[expect(dead_code, reason = "it is read, and never looked at")]
        struct Inner {
            count: u64,
            share: Option<f64>,
        }
        let pointers = |body: &str| {
            let value = strict_value(body.as_bytes()).unwrap();
            let (mut search, error) =
                (ErrorSearch::default(), deserialize::<Outer>(value.clone()).unwrap_err());
            search.search::<Outer>(value, error);
            search.errors.into_iter().map(|error| error.pointer).collect::<Vec<_>>()
        };
        let inner = r#"[{"count":1},{"share":true},7,{"count":-1,"share":"x","more":0}]"#;
        let body = format!(r#"{{"no":1,"name":null,"inner":{inner},"also":[]}}"#);
        let all = ["/no", "/name", "/inner/1/share", "/inner/2", "/inner/3/count", "/inner/3/share"];
        assert_eq!(pointers(&body), [&all[..], &["/inner/3/more", "/also"]].concat());
        assert_eq!(pointers(r#"{"name":"n"}"#), [""], "a field is missing");
        assert_eq!(pointers(r#"{"name":"n","inner":[{"count":1},{}]}"#), ["/inner/1"]);
        assert_eq!(pointers("[]"), [""]);
        let many = format!(r#"{{"name":"n","inner":[{}0]}}"#, "0,".repeat(100_000));
        assert_eq!(pointers(&many).len(), MAX_FIELD_ERRORS + 1, "no more are looked for than are told");
        let last = format!(r#"{{"name":"n","inner":[{}0]}}"#, r#"{"count":1},"#.repeat(2 * MAX_PARTS));
        assert_eq!(
            pointers(&last),
            [format!("/inner/{}", 2 * MAX_PARTS)],
            "the first error is told in any case"
        );
    }

    #[test]
    fn f8_what_is_wrong_with_a_value_is_told_in_the_words_of_json() {
        #[derive(Debug, serde::Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        #[expect(dead_code, reason = "it is read, and never looked at")]
        struct Body {
            count: Option<u32>,
            share: Option<f64>,
            list: Option<Vec<String>>,
            any: Option<Map<String, Value>>,
            which: Option<Which>,
        }
        #[derive(Debug, serde::Deserialize, JsonSchema)]
        #[serde(rename_all = "lowercase")]
        enum Which {
            One,
            Other,
        }
        for (body, told) in [
            (r#"{"count":"1"}"#, "must be a whole number from 0 to 4294967295, not a string"),
            (r#"{"count":-1}"#, "must be a whole number from 0 to 4294967295"),
            (r#"{"count":1.5}"#, "must be a whole number from 0 to 4294967295"),
            (r#"{"share":{}}"#, "must be a number, not an object"),
            (r#"{"list":7}"#, "must be an array, not a number"),
            (r#"{"list":[null]}"#, "must be a string, not null"),
            (r#"{"any":[]}"#, "must be an object, not an array"),
            (r#"{"which":"third"}"#, "must be `one` or `other`"),
            (r#"{"which":true}"#, "must be a string or an object, not a boolean"),
            (r#"[]"#, "must be an object, not an array"),
        ] {
            let error = format!("{:?}", parse::<Body>(body.as_bytes()).unwrap_err());
            assert!(error.contains(&format!("message: \"{told}\"")), "{body}: {error}");
        }
    }

    #[test]
    fn i1_what_is_not_json_is_refused() {
        for bad in [&b""[..], b"{", b"{\"a\":1} x", b"{'a':1}", b"\xff\xfe", b"{\"a\":NaN}", b"{\"a\":1e999}"]
        {
            assert!(strict_value(bad).is_err(), "{bad:?}");
        }
    }
}
