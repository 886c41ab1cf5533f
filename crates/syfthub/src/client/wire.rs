//! The bodies of requests to a hub and of its responses.

use serde::{Deserialize, Serialize};
use syft_space_domain::marketplace::ports::{HealthReport, Publication};

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
}

#[derive(Deserialize)]
pub(super) struct TokenResponse {
    pub(super) target_token: String,
    pub(super) expires_in: u32,
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
        let mut tags: Vec<String> = publication.tags.iter().filter_map(|text| tag(text)).collect();
        tags.truncate(MAX_TAGS);
        Self {
            slug: Some(&publication.slug),
            kind: Some("data_source"),
            name: cut(&publication.name, MAX_NAME_CHARS),
            visibility: "public",
            description: cut(&publication.summary, MAX_LINE_CHARS),
            version: "0.1.0",
            readme: cut(&publication.readme, MAX_README_CHARS),
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

/// A tag as hubs take them: lower-case letters, digits, and single hyphens within; `None` when nothing is left.
fn tag(text: &str) -> Option<String> {
    let text = text.to_lowercase();
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let tag = words.collect::<Vec<_>>().join("-");
    let tag = tag.get(..MAX_TAG_BYTES).unwrap_or(&tag).trim_end_matches('-').to_owned();
    (!tag.is_empty()).then_some(tag)
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
    use super::*;

    #[test]
    fn a_tag_takes_the_form_that_hubs_ask_for() {
        for (given, made) in [
            ("History", Some("history")),
            (" open  data ", Some("open-data")),
            ("--a--b--", Some("a-b")),
            ("Größe", Some("gr-e")),
            ("日本", None),
            ("", None),
        ] {
            assert_eq!(tag(given).as_deref(), made);
        }
        assert_eq!(tag(&"a".repeat(99)).unwrap().len(), 30);
        assert_eq!(tag(&format!("{}-b", "a".repeat(29))).unwrap(), "a".repeat(29));
    }
}
