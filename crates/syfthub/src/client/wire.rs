//! The bodies of requests to a hub and of its responses.

use serde::{Deserialize, Serialize};
use syft_space_domain::marketplace::is_same_address;
use syft_space_domain::marketplace::ports::{HealthReport, OwnMark, Publication};

/// The limits of a hub; what is longer is cut, so that an endpoint is shown rather than refused.
const MAX_NAME_CHARS: usize = 100;
const MAX_LINE_CHARS: usize = 500;
const MAX_README_CHARS: usize = 50_000;
const MAX_TAGS: usize = 10;
const MAX_TAG_BYTES: usize = 30;

#[derive(Deserialize)]
pub(super) struct AccountResponse {
    pub(super) id: u64,
    pub(super) username: String,
    pub(super) email: String,
    /// Where the callers of its endpoints are sent.
    pub(super) domain: Option<String>,
}

#[derive(Serialize)]
pub(super) struct DomainRequest<'a> {
    pub(super) domain: &'a str,
}

#[derive(Deserialize)]
pub(super) struct SessionResponse {
    pub(super) access_token: String,
    pub(super) refresh_token: Option<String>,
}

#[derive(Serialize)]
pub(super) struct RefreshRequest<'a> {
    pub(super) refresh_token: &'a str,
}

#[derive(Serialize)]
pub(super) struct VerifyRequest<'a> {
    pub(super) token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) satellite_id: Option<String>,
}

/// The hub's answer about a token.
#[derive(Deserialize)]
pub(super) struct VerifyResponse {
    pub(super) valid: bool,
    #[serde(default)]
    pub(super) sub: String,
    #[serde(default)]
    pub(super) aud: String,
    #[serde(default)]
    pub(super) username: String,
    #[serde(default)]
    pub(super) email: String,
    #[serde(default)]
    pub(super) role: String,
    #[serde(default)]
    pub(super) error: String,
    #[serde(default)]
    pub(super) message: String,
}

#[derive(Serialize)]
pub(super) struct SatelliteRequest<'a> {
    pub(super) kind: &'static str,
    pub(super) base_url: &'a str,
}

#[derive(Deserialize)]
pub(super) struct SatelliteResponse {
    pub(super) id: String,
    #[serde(default)]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) base_url: String,
}

#[derive(Deserialize)]
pub(super) struct TokenResponse {
    pub(super) target_token: String,
    pub(super) expires_in: u32,
}

/// An endpoint as its owner reads it, as far as it tells whose it is.
#[derive(Deserialize)]
pub(super) struct OwnEndpointResponse {
    pub(super) slug: String,
    #[serde(default)]
    pub(super) is_active: bool,
    #[serde(default)]
    satellite_id: Option<String>,
    #[serde(default)]
    connect: Vec<ConnectionResponse>,
}

#[derive(Deserialize)]
struct ConnectionResponse {
    #[serde(default)]
    config: serde_json::Map<String, serde_json::Value>,
}

impl OwnEndpointResponse {
    /// Whether it is this space's: all its connections lead to this tenant here.
    pub(super) fn has_mark(&self, mark: &OwnMark) -> bool {
        let is_satellite = mark.satellite.is_some()
            && mark.satellite.map(|id| id.to_string()).as_deref() == self.satellite_id.as_deref();
        let leads_here = |connection: &ConnectionResponse| {
            let text = |member| connection.config.get(member).and_then(serde_json::Value::as_str);
            let is_here = text("url").is_some_and(|url| is_same_address(url, &mark.url));
            text("tenant_name") == Some(&mark.tenant_name) && (is_here || is_satellite)
        };
        !self.connect.is_empty() && self.connect.iter().all(leads_here)
    }
}

#[derive(Deserialize)]
pub(super) struct HealthResponse {
    #[serde(default)]
    pub(super) ignored: u64,
}

/// An endpoint as a hub shows it. Without slug and type it is a change of one.
#[derive(Serialize)]
pub(super) struct EndpointRequest<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) slug: Option<&'a str>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<&'static str>,
    name: String,
    visibility: &'static str,
    description: String,
    version: &'static str,
    readme: String,
    tags: Vec<String>,
    policies: Vec<Policy<'a>>,
    connect: [Connection<'a>; 1],
}

#[derive(Serialize)]
struct Policy<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    version: &'static str,
    enabled: bool,
    description: String,
    /// Always empty: who is named in a policy is nobody's business but the space's.
    config: EmptyObject,
}

#[derive(Serialize)]
struct EmptyObject {}

#[derive(Serialize)]
struct Connection<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    enabled: bool,
    description: &'static str,
    config: ConnectionConfig<'a>,
}

#[derive(Serialize)]
struct ConnectionConfig<'a> {
    /// A path below the space's address, which the hub knows.
    url: &'static str,
    tenant_name: &'a str,
}

impl<'a> EndpointRequest<'a> {
    pub(super) fn of(publication: &'a Publication) -> Self {
        let policies = publication.policies.iter().map(|policy| Policy {
            kind: &policy.policy_type,
            version: "1.0",
            enabled: true,
            description: cut(&policy.description, MAX_LINE_CHARS),
            config: EmptyObject {},
        });
        let (tags, others) = tags(&publication.tags);
        Self {
            slug: Some(&publication.slug),
            kind: Some("data_source"),
            name: cut(&publication.name, MAX_NAME_CHARS),
            visibility: "public",
            description: cut(&publication.summary, MAX_LINE_CHARS),
            version: "0.1.0",
            readme: readme(&publication.readme, &others),
            tags,
            policies: policies.collect(),
            connect: [Connection {
                kind: "rest_api",
                enabled: true,
                description: "",
                config: ConnectionConfig { url: "", tenant_name: &publication.tenant_name },
            }],
        }
    }
}

fn cut(text: &str, max_chars: usize) -> String {
    text.chars().take(max_chars).collect()
}

/// An endpoint's tags as hubs take them, and those that they do not take.
fn tags(given: &[String]) -> (Vec<String>, Vec<&str>) {
    let (mut tags, mut others) = (Vec::new(), Vec::new());
    for text in given {
        match tag(text) {
            Some(tag) if tags.len() < MAX_TAGS => tags.push(tag),
            _ => others.push(text.as_str()),
        }
    }
    (tags, others)
}

/// A tag as hubs take them: lower-case letters, digits, and single hyphens within; `None` for one that it would not be any
/// more: of other letters, or too long.
fn tag(text: &str) -> Option<String> {
    let text = text.to_lowercase();
    let is_plain = |c: char| c.is_ascii_alphanumeric();
    if text.chars().any(|c| c.is_alphanumeric() && !is_plain(c)) {
        return None;
    }
    let words = text.split(|c| !is_plain(c)).filter(|word| !word.is_empty());
    let tag = words.collect::<Vec<_>>().join("-");
    (!tag.is_empty() && tag.len() <= MAX_TAG_BYTES).then_some(tag)
}

/// The text about an endpoint. Tags that hubs do not take as such are its last line, so that they are read and found there.
fn readme(text: &str, other_tags: &[&str]) -> String {
    if other_tags.is_empty() {
        return cut(text, MAX_README_CHARS);
    }
    let line = format!("Tags: {}", other_tags.join(", "));
    let text = cut(text, MAX_README_CHARS.saturating_sub(line.chars().count() + 2));
    if text.is_empty() { line } else { format!("{text}\n\n{line}") }
}

#[derive(Serialize)]
pub(super) struct HealthRequest<'a> {
    url: &'a str,
    ttl_seconds: u64,
    endpoints: Vec<EndpointHealth<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    satellite_id: Option<String>,
}

#[derive(Serialize)]
struct EndpointHealth<'a> {
    slug: &'a str,
    status: &'static str,
    checked_at: String,
}

impl<'a> HealthRequest<'a> {
    pub(super) fn of(
        url: &'a str,
        reports: &'a [HealthReport],
        ttl_seconds: u64,
        satellite_id: Option<String>,
    ) -> Self {
        let endpoint_health = |report: &'a HealthReport| EndpointHealth {
            slug: &report.slug,
            status: if report.healthy { "healthy" } else { "unhealthy" },
            checked_at: report.checked_at.start_of_second().to_string(),
        };
        Self { url, ttl_seconds, endpoints: reports.iter().map(endpoint_health).collect(), satellite_id }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn q4_an_endpoint_is_our_own_by_address_and_tenant_alone() {
        let satellite = "0190d3a1-7c1e-7b7a-9c3e-2f6f3f1f0a11";
        let mark = |satellite: Option<&str>| OwnMark {
            url: "https://space.example".to_owned(),
            tenant_name: "acme".to_owned(),
            satellite: satellite.map(|id| id.parse().unwrap()),
        };
        let to = |url: &str, tenant: &str| json!({"type": "rest_api", "config": {"url": url, "tenant_name": tenant}});
        let here = to("https://space.example/", "acme");
        let has_mark = |connect: &[serde_json::Value], of: Option<&str>, mark: &OwnMark| {
            let endpoint = json!({"slug": "notes", "connect": connect, "satellite_id": of});
            serde_json::from_value::<OwnEndpointResponse>(endpoint).unwrap().has_mark(mark)
        };
        assert!(has_mark(std::slice::from_ref(&here), None, &mark(None)));
        for connect in [
            vec![],
            vec![to("https://space.example", "globex")],
            vec![to("https://other.example", "acme")],
            vec![to("", "acme")],
            vec![json!({"config": {"url": "https://space.example"}})],
            vec![json!({"config": {"url": 7, "tenant_name": "acme"}})],
            vec![json!({})],
            vec![here.clone(), to("https://other.example", "acme")],
        ] {
            assert!(!has_mark(&connect, None, &mark(None)), "{connect:?}");
        }
        // A satellite that has moved is the same satellite.
        let moved = [to("https://earlier.example", "acme")];
        assert!(has_mark(&moved, Some(satellite), &mark(Some(satellite))));
        assert!(!has_mark(&moved, None, &mark(None)));
        assert!(!has_mark(&moved, None, &mark(Some(satellite))));
        assert!(!has_mark(
            &[to("https://earlier.example", "globex")],
            Some(satellite),
            &mark(Some(satellite))
        ));
    }

    #[test]
    fn a_tag_takes_the_form_that_hubs_ask_for_or_is_told_in_the_text() {
        for (given, made) in [
            ("History", Some("history")),
            (" open  data ", Some("open-data")),
            ("--a--b--", Some("a-b")),
            ("C++ & more", Some("c-more")),
            ("Größe", None),
            ("日本", None),
            ("Ünïcode 2", None),
            ("№", None),
            ("", None),
        ] {
            assert_eq!(tag(given).as_deref(), made, "{given}");
        }
        assert_eq!(tag(&"a".repeat(30)).unwrap().len(), 30);
        assert_eq!(tag(&"a".repeat(31)), None);

        let given = ["日本語", "history", "Größe", "☂"].map(str::to_owned);
        let (shown, others) = tags(&given);
        assert_eq!((shown, others.as_slice()), (vec!["history".to_owned()], &["日本語", "Größe", "☂"][..]));
        assert_eq!(readme("All of it.", &others), "All of it.\n\nTags: 日本語, Größe, ☂");
        assert_eq!(readme("", &["日本語"]), "Tags: 日本語");
        assert_eq!(readme("All of it.", &[]), "All of it.");
        let long = readme(&"é".repeat(MAX_README_CHARS), &["日本語"]);
        assert_eq!(long.chars().count(), MAX_README_CHARS);
        assert!(long.ends_with("é\n\nTags: 日本語"));
        let many: Vec<String> = (0..12).map(|n| format!("tag {n}")).collect();
        let (shown, others) = tags(&many);
        assert_eq!((shown.len(), others.as_slice()), (MAX_TAGS, &["tag 10", "tag 11"][..]));
    }
}
