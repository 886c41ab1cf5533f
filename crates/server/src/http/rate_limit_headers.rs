//! The headers that tell a caller how limits stand, as draft-ietf-httpapi-ratelimit-headers-10 has them.

use std::cmp::Reverse;
use std::time::Duration;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use syft_space_domain::policy::LimitStatus;

/// How much there is of each limit.
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// How much is left of each.
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// The seconds after which a time has passed.
pub(crate) fn whole_seconds(time: Duration) -> u64 {
    time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0))
}

/// Adds the headers `RateLimit-Policy` and `RateLimit` for these limits, where there are any. Of limits with the same name, as
/// two policies with the same rate have, the one is told that has less left.
pub fn insert(headers: &mut HeaderMap, limits: &[LimitStatus]) {
    let mut told: Vec<&LimitStatus> = Vec::new();
    for limit in limits {
        match told.iter_mut().find(|one| one.name == limit.name) {
            Some(one) if (limit.remaining, Reverse(limit.reset)) < (one.remaining, Reverse(one.reset)) => {
                *one = limit;
            }
            Some(_) => {}
            None => told.push(limit),
        }
    }
    let list = |item: fn(&LimitStatus) -> String| {
        let items: Vec<String> = told.iter().map(|limit| item(limit)).collect();
        // What no header can hold, no header tells.
        HeaderValue::try_from(items.join(", ")).ok().filter(|value| !value.is_empty())
    };
    if let Some(value) = list(|limit| {
        let (quota, window) = (limit.quota, whole_seconds(limit.window).max(1));
        format!("{};q={quota};w={window}{}", name(limit), unit(limit))
    }) {
        headers.insert(RATE_LIMIT_POLICY, value);
    }
    if let Some(value) =
        list(|limit| format!("{};r={};t={}", name(limit), limit.remaining, whole_seconds(limit.reset)))
    {
        headers.insert(RATE_LIMIT, value);
    }
}

/// What is counted, where it is not queries: those are what is meant where nothing is said.
fn unit(limit: &LimitStatus) -> String {
    let is_told = limit.unit != LimitStatus::QUERIES;
    if is_told { format!(";qu={}", string(limit.unit)) } else { String::new() }
}

fn name(limit: &LimitStatus) -> String {
    string(&limit.name)
}

/// A text as a string of structured fields (RFC 9651).
fn string(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(name: &str, remaining: u64, reset: u64) -> LimitStatus {
        let window = Duration::from_secs(60);
        let (name, reset) = (name.into(), Duration::from_millis(reset));
        LimitStatus { name, unit: LimitStatus::QUERIES, quota: 100, window, remaining, reset }
    }

    fn told(limits: &[LimitStatus]) -> [String; 2] {
        let mut headers = HeaderMap::new();
        insert(&mut headers, limits);
        [RATE_LIMIT_POLICY, RATE_LIMIT]
            .map(|name| headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned())
    }

    #[test]
    fn l1_each_limit_is_told_once_and_the_time_is_never_less_than_the_true_wait() {
        assert_eq!(told(&[]), ["", ""]);
        assert_eq!(
            told(&[limit("user-100-60", 49, 30_001)]),
            ["\"user-100-60\";q=100;w=60", "\"user-100-60\";r=49;t=31"]
        );
        let both = [limit("a", 5, 0), limit("b", 1, 1_000), limit("a", 3, 10), limit("b", 1, 2_000)];
        assert_eq!(told(&both), ["\"a\";q=100;w=60, \"b\";q=100;w=60", "\"a\";r=3;t=1, \"b\";r=1;t=2"]);
        let characters = LimitStatus { unit: LimitStatus::CHARACTERS, ..limit("a", 5, 0) };
        assert_eq!(told(&[characters]), ["\"a\";q=100;w=60;qu=\"characters\"", "\"a\";r=5;t=0"]);
        // A program's own type may name its limit as it likes.
        assert_eq!(told(&[limit("a\"\\", 0, 0)])[1], "\"a\\\"\\\\\";r=0;t=0");
        assert_eq!(told(&[limit("a\nb", 0, 0)]), ["", ""]);
    }
}
