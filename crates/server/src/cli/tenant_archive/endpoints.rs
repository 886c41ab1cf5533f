//! The endpoints of an import: each is published only once just what decided for it before does.

use reqwest::Method;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use syft_space_domain::expectation::ExpectedVerdict;

use crate::cli::exit::is_refused_for;
use crate::cli::tenant_archive::import::{Import, ONCE};
use crate::cli::tenant_archive::journal::Step;
use crate::cli::tenant_archive::{ArchivedEndpoint, ArchivedPolicy, as_set};
use crate::http::reason::Reason;
use crate::routes::endpoints::{Endpoint, EndpointWithPolicies};
use crate::routes::expectations::{Expectations, NewExpectation};

impl Import<'_> {
    pub(super) async fn endpoints(&mut self) -> anyhow::Result<()> {
        for endpoint in std::mem::take(&mut self.archive.endpoints) {
            self.api.renew_session().await?;
            let slug = endpoint.slug.as_str();
            if self.journal.done(Step::EndpointReady, slug).is_none() {
                let made = self.endpoint(&endpoint).await;
                if self
                    .unless_refused(|| format!("the endpoint {slug}"), made)?
                    .is_none_or(|is_ready| !is_ready)
                {
                    continue;
                }
                self.journal.end(Step::EndpointReady, slug, ONCE)?;
            }
            if self.journal.done(Step::Expectations, slug).is_some() {
                continue;
            }
            let what = || format!("expectations of the endpoint {slug}");
            let broken = self.all_expectations(&endpoint).await;
            match self.unless_refused(what, broken)? {
                Some(None) => self.journal.end(Step::Expectations, slug, ONCE)?,
                Some(Some(why)) => self.left(
                    what(),
                    format!(
                        "as long as who is meant has not joined those of denials alone are set ({why}); where somebody is not to join, say what \
                         is expected here by `syft-space policies expect {slug}`"
                    ),
                ),
                None => {}
            }
        }
        Ok(())
    }

    /// Makes an endpoint, and publishes it if it was: once just the policies that it had decide for it, and whoever was never to be let in is not.
    /// Answers whether it got so far; why not is told.
    async fn endpoint(&mut self, endpoint: &ArchivedEndpoint) -> anyhow::Result<bool> {
        let (slug, api) = (endpoint.slug.as_str(), self.api);
        let what = || format!("the endpoint {slug}");
        let Some(dataset) = self.journal.done(Step::Dataset, &endpoint.dataset).map(str::to_owned) else {
            self.left(what(), format!("its dataset {:?} is not there", endpoint.dataset));
            return Ok(false);
        };
        let path = format!("/api/v1/endpoints/{slug}");
        let id = match self.journal.done(Step::Endpoint, slug) {
            Some(id) => id.to_owned(),
            None => {
                let begun = self.journal.is_begun(Step::Endpoint, slug);
                let there = match begun && self.known.endpoints.contains(&endpoint.slug) {
                    true => Some(api.get::<EndpointWithPolicies>(&path).await?),
                    false => None,
                };
                let as_made =
                    there.filter(|there| is_as_made(there, endpoint, &dataset) && there.policies.is_empty());
                let made = match as_made {
                    Some(there) => there.endpoint.id,
                    None => {
                        self.journal.begin(Step::Endpoint, slug)?;
                        let made = api.post("/api/v1/endpoints", &new_endpoint(endpoint, &dataset)).await;
                        let made = self.unless_taken((Step::Endpoint, slug), what, made)?;
                        let Some(Endpoint { id, .. }) = made else { return Ok(false) };
                        id
                    }
                };
                self.done.endpoints += 1;
                self.journal.end(Step::Endpoint, slug, &made.to_string())?;
                made.to_string()
            }
        };
        let ids = endpoint.policies.iter().map(|old| self.journal.done(Step::Policy, &old.to_string()));
        let Some(ids) = ids.map(|id| id.map(str::to_owned)).collect::<Option<Vec<String>>>() else {
            self.left(what(), "a policy of it is not there, so it stays a draft");
            return Ok(false);
        };
        let attached = |found: &EndpointWithPolicies| -> Vec<String> {
            found.policies.iter().map(|policy| policy.id.to_string()).collect()
        };
        let changed = "somebody has changed it meanwhile, so it stays as it is";
        let (found, revision) = api.get_revision::<EndpointWithPolicies>(&path).await?;
        let is_ours = found.endpoint.id.to_string() == id && is_as_made(&found, endpoint, &dataset);
        if is_ours && found.endpoint.published && attached(&found) == ids {
            // It was published as the last import was broken off.
            if self.journal.is_begun(Step::EndpointReady, slug) {
                return Ok(true);
            }
        }
        let is_bare = attached(&found).is_empty() || attached(&found) == ids;
        if !is_ours || found.endpoint.published || !is_bare {
            self.left(what(), changed);
            return Ok(false);
        }
        let body = json!({ "policy_ids": ids });
        api.change::<IgnoredAny>(Method::PUT, &format!("{path}/policies"), revision, &body).await?;
        let expected = format!("{path}/expectations");
        let (set, revision) = api.get_revision::<Expectations>(&expected).await?;
        let denied = denials(endpoint);
        let set = set.expectations.iter().map(as_set).collect::<Result<Vec<_>, _>>()?;
        if set.is_empty() {
            let body = json!({ "expectations": denied });
            api.change::<IgnoredAny>(Method::PUT, &expected, revision, &body).await?;
        } else if serde_json::to_value(&set)? != serde_json::to_value(&denied)? {
            self.left(what(), changed);
            return Ok(false);
        }
        if endpoint.published {
            let (found, revision) = api.get_revision::<EndpointWithPolicies>(&path).await?;
            if !is_as_made(&found, endpoint, &dataset) || attached(&found) != ids {
                self.left(what(), changed);
                return Ok(false);
            }
            if !self.policies_are_as_made(endpoint).await? {
                self.left(what(), "a policy of it says something else by now, so it stays a draft");
                return Ok(false);
            }
            self.journal.begin(Step::EndpointReady, slug)?;
            let body = json!({ "published": true });
            api.change::<IgnoredAny>(Method::PATCH, &path, revision, &body).await?;
            self.done.published += 1;
        }
        Ok(true)
    }

    /// Whether nobody has changed a policy of an endpoint since it was made.
    async fn policies_are_as_made(&self, endpoint: &ArchivedEndpoint) -> anyhow::Result<bool> {
        for old in &endpoint.policies {
            let old = old.to_string();
            let Some(id) = self.journal.done(Step::Policy, &old) else { return Ok(false) };
            let policy: ArchivedPolicy = self.api.get(&format!("/api/v1/policies/{id}")).await?;
            if self.journal.done(Step::PolicyDigest, &old) != Some(&*policy.digest()?) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Sets all that is expected of an endpoint, where nobody has set anything else. That somebody may ask holds only once they are a member, so it
    /// is no reason to leave the endpoint a draft. Answers why it does not hold, if it does not.
    async fn all_expectations(&mut self, endpoint: &ArchivedEndpoint) -> anyhow::Result<Option<String>> {
        let path = format!("/api/v1/endpoints/{}", endpoint.slug);
        if denials(endpoint).len() == endpoint.expectations.len() {
            return Ok(None);
        }
        let path = format!("{path}/expectations");
        let (set, revision) = self.api.get_revision::<Expectations>(&path).await?;
        let set = set.expectations.iter().map(as_set).collect::<Result<Vec<_>, _>>()?;
        if serde_json::to_value(set)? != serde_json::to_value(denials(endpoint))? {
            return Ok(None);
        }
        let body = json!({ "expectations": endpoint.expectations });
        match self.api.change::<IgnoredAny>(Method::PUT, &path, revision, &body).await {
            Ok(_) => Ok(None),
            Err(error) if is_refused_for(&error, Reason::ExpectationBroken) => Ok(Some(format!("{error:#}"))),
            Err(error) => Err(error),
        }
    }
}

/// Whether an endpoint is one of the archive, over this dataset, and nobody has said anything else of it.
fn is_as_made(found: &EndpointWithPolicies, endpoint: &ArchivedEndpoint, dataset: &str) -> bool {
    let Endpoint { name, summary, description, tags, dataset_id, .. } = &found.endpoint;
    (name, summary, description, tags, &*dataset_id.to_string())
        == (&endpoint.name, &endpoint.summary, &endpoint.description, &endpoint.tags, dataset)
}

/// Whoever is never to be let in.
fn denials(endpoint: &ArchivedEndpoint) -> Vec<&NewExpectation> {
    endpoint.expectations.iter().filter(|expected| expected.verdict == ExpectedVerdict::Denied).collect()
}

fn new_endpoint(endpoint: &ArchivedEndpoint, dataset: &str) -> Value {
    json!({
        "name": endpoint.name, "slug": endpoint.slug, "summary": endpoint.summary,
        "description": endpoint.description, "tags": endpoint.tags, "dataset_id": dataset,
        "model_id": endpoint.model_id, "response_type": endpoint.response_type, "published": false,
    })
}
