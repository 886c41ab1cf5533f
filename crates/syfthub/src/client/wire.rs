//! What do the bodies look like that go to a hub and come from it?

use serde::{Deserialize, Serialize};
use syft_space_domain::marketplace::ports::{HealthReport, Publication};

/// The limits of a hub; what is longer is cut, so that an endpoint is shown rather than refused.
const NAME_MAX: usize = 100;
const LINE_MAX: usize = 500;
const README_MAX: usize = 50_000;
const TAGS_MAX: usize = 10;
const TAG_MAX: usize = 30;

#[derive(Deserialize)]
pub(super) struct Account {
    pub(super) id: u64,
    pub(super) username: String,
    pub(super) email: String,
}

#[derive(Deserialize)]
pub(super) struct Session {
    pub(super) access_token: String,
    pub(super) refresh_token: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Refresh<'a> {
    pub(super) refresh_token: &'a str,
}

#[derive(Serialize)]
pub(super) struct Verify<'a> {
    pub(super) token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) satellite_id: Option<String>,
}

/// The hub's word on a token.
#[derive(Deserialize)]
pub(super) struct Verdict {
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
pub(super) struct NewSatellite<'a> {
    pub(super) kind: &'static str,
    pub(super) base_url: &'a str,
}

#[derive(Deserialize)]
pub(super) struct Satellite {
    pub(super) id: String,
}

#[derive(Deserialize)]
pub(super) struct Minted {
    pub(super) target_token: String,
    pub(super) expires_in: u32,
}

/// An endpoint as a hub shows it. Without slug and type it is a change of one.
#[derive(Serialize)]
pub(super) struct Endpoint<'a> {
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
    config: Empty,
}

#[derive(Serialize)]
struct Empty {}

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

impl<'a> Endpoint<'a> {
    pub(super) fn of(publication: &'a Publication) -> Self {
        let policies = publication.policies.iter().map(|policy| Policy {
            kind: &policy.policy_type,
            version: "1.0",
            enabled: true,
            description: cut(&policy.description, LINE_MAX),
            config: Empty {},
        });
        let mut tags: Vec<String> = publication.tags.iter().filter_map(|text| tag(text)).collect();
        tags.truncate(TAGS_MAX);
        Self {
            slug: Some(&publication.slug),
            kind: Some("data_source"),
            name: cut(&publication.name, NAME_MAX),
            visibility: "public",
            description: cut(&publication.summary, LINE_MAX),
            version: "0.1.0",
            readme: cut(&publication.readme, README_MAX),
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

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

/// A tag as hubs take them: lower-case letters, digits, and single hyphens within; `None` when nothing is left.
fn tag(text: &str) -> Option<String> {
    let text = text.to_lowercase();
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let tag = words.collect::<Vec<_>>().join("-");
    let tag = tag.get(..TAG_MAX).unwrap_or(&tag).trim_end_matches('-').to_owned();
    (!tag.is_empty()).then_some(tag)
}

#[derive(Serialize)]
pub(super) struct Health<'a> {
    url: &'a str,
    ttl_seconds: u64,
    endpoints: Vec<OneHealth<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    satellite_id: Option<String>,
}

#[derive(Serialize)]
struct OneHealth<'a> {
    slug: &'a str,
    status: &'static str,
    checked_at: String,
}

impl<'a> Health<'a> {
    pub(super) fn of(
        url: &'a str,
        reports: &'a [HealthReport],
        ttl_seconds: u64,
        satellite_id: Option<String>,
    ) -> Self {
        let one = |report: &'a HealthReport| OneHealth {
            slug: &report.slug,
            status: if report.healthy { "healthy" } else { "unhealthy" },
            checked_at: report.checked_at.start_of_second().to_string(),
        };
        Self { url, ttl_seconds, endpoints: reports.iter().map(one).collect(), satellite_id }
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
