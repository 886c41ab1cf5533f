//! The command `syft-space tenants import`: it makes what is in an archive of a tenant, as an owner of the tenant into which it goes.

use std::collections::BTreeSet;

use reqwest::Method;
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};
use syft_space_domain::dataset::DatasetType;
use syft_space_domain::expectation::ExpectedVerdict;
use syft_space_domain::group::{GroupName, MAX_MEMBERS_AT_ONCE};
use syft_space_domain::identity::{AccountStatus, Email};

use crate::cli::api::ApiClient;
use crate::cli::exit::{CommandError, ExitStatus, is_refused_for};
use crate::cli::output::Output;
use crate::cli::tenant_archive::bring::{bring, is_of_the_thing};
use crate::cli::tenant_archive::journal::{Journal, Step};
use crate::cli::tenant_archive::known::Known;
use crate::cli::tenant_archive::outcome::{Imported, Invited, Left};
use crate::cli::tenant_archive::reader::Archive;
use crate::cli::tenant_archive::{
    ArchivedDataset, ArchivedDocument, ArchivedEndpoint, ArchivedMember, ImportTenant, Settings, as_set,
};
use crate::http::reason::Reason;
use crate::routes::datasets::Dataset;
use crate::routes::endpoints::{Endpoint, EndpointWithPolicies};
use crate::routes::expectations::{Expectations, NewExpectation};
use crate::routes::groups::{AddGroupMembers, AddedGroupMembers, Group};
use crate::routes::invitations::{Invitation, Invite, IssuedInvitation};
use crate::routes::policies::Policy;
use crate::routes::retention::Retention;
use crate::routes::tenant::TenantSettings;
use crate::routes::users::Member;

/// The bytes of documents, written out as JSON, after which a request is sent, and their number. Where a server takes less, what was too much
/// is halved until it is not.
const MAX_BATCH_BYTES: usize = 1 << 20;
const MAX_BATCH_DOCUMENTS: usize = 250;
/// The name of what there is once.
const ONCE: &str = "";

/// An import under way.
struct Import<'a> {
    api: &'a ApiClient,
    out: &'a mut Output,
    archive: Archive,
    known: Known,
    journal: Journal,
    done: Imported,
}

pub(in crate::cli) async fn import(
    api: &ApiClient,
    what: &ImportTenant,
    archive: Archive,
    out: &mut Output,
) -> anyhow::Result<()> {
    // Whoever may not change it all is told before anything is changed.
    api.get::<Retention>("/api/v1/retention").await?;
    let tenant: TenantSettings = api.get("/api/v1/tenant").await?;
    let known = Known::read(api).await?;
    let journal = Journal::open(archive.path(), &archive.digest, tenant.id)?;
    if !journal.goes_on
        && let Err(error) = known.check_free(&archive)
    {
        journal.finish()?;
        return Err(error.into());
    }
    let mut import = Import { api, out, archive, known, journal, done: Imported::default() };
    let ended = import.run(!what.no_invitations).await;
    let Import { archive, done, mut journal, .. } = import;
    done.tell(&archive, out)?;
    // Now somebody has their links.
    for invited in &done.invitations {
        journal.end(Step::Invitation, invited.email.as_str(), ONCE)?;
    }
    if let Err(error) = ended {
        let message = format!("the import was broken off: {error:#}; run the same command again to go on");
        return Err(CommandError::new(ExitStatus::Partial, message).into());
    }
    match done.left.len() {
        0 => Ok(journal.finish()?),
        count => {
            let things = if count == 1 { "one thing was".to_owned() } else { format!("{count} things were") };
            let message =
                format!("{things} not brought in; run the same command again where that was mended");
            Err(CommandError::new(ExitStatus::Partial, message).into())
        }
    }
}

impl Import<'_> {
    async fn run(&mut self, invites: bool) -> anyhow::Result<()> {
        let incomplete = self.groups().await?;
        self.policies(&incomplete).await?;
        self.datasets().await?;
        self.endpoints().await?;
        self.settings().await?;
        if invites { self.invitations().await } else { Ok(()) }
    }

    /// What was done; `None` where the server does not take this thing, which is told at the end. Whatever else is wrong, with the caller or the
    /// server, breaks the import off.
    fn unless_refused<T>(
        &mut self,
        what: impl FnOnce() -> String,
        outcome: anyhow::Result<T>,
    ) -> anyhow::Result<Option<T>> {
        match outcome {
            Ok(done) => Ok(Some(done)),
            Err(error) if is_of_the_thing(&error) => {
                self.left(what(), format!("{error:#}"));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn left(&mut self, what: String, why: impl Into<String>) {
        self.done.left.push(Left { what, why: why.into() });
    }

    /// Makes the groups. Answers which are not there with all that are in them.
    async fn groups(&mut self) -> anyhow::Result<BTreeSet<GroupName>> {
        let mut incomplete = BTreeSet::new();
        for group in std::mem::take(&mut self.archive.groups) {
            let (text, name) = (group.name.to_string(), group.name);
            self.api.renew_session().await?;
            if self.journal.done(Step::Group, &text).is_none() {
                let is_there = self.journal.is_begun(Step::Group, &text) && self.known.groups.contains(&name);
                self.journal.begin(Step::Group, &text)?;
                if !is_there {
                    let body = json!({ "name": name, "description": group.description });
                    let made = self.api.post::<Group>("/api/v1/groups", &body).await;
                    if self.unless_refused(|| format!("the group {text}"), made)?.is_none() {
                        incomplete.insert(name);
                        continue;
                    }
                }
                self.done.groups += 1;
                self.journal.end(Step::Group, &text, ONCE)?;
            }
            if self.journal.done(Step::GroupMembers, &text).is_some() {
                continue;
            }
            let mut is_whole = true;
            for emails in group.members.chunks(MAX_MEMBERS_AT_ONCE) {
                let body = AddGroupMembers { emails: emails.to_vec() };
                let path = format!("/api/v1/groups/{text}/members");
                let added = self.api.post::<AddedGroupMembers>(&path, &body).await;
                let added = self.unless_refused(|| format!("addresses of the group {text}"), added)?;
                is_whole &= added.is_some();
            }
            if is_whole {
                self.journal.end(Step::GroupMembers, &text, ONCE)?;
            } else {
                incomplete.insert(name);
            }
        }
        Ok(incomplete)
    }

    /// Makes the policies, but for those that name a group which is not whole: they would decide otherwise.
    async fn policies(&mut self, incomplete: &BTreeSet<GroupName>) -> anyhow::Result<()> {
        for policy in std::mem::take(&mut self.archive.policies) {
            self.api.renew_session().await?;
            let old = policy.id.to_string();
            if self.journal.done(Step::Policy, &old).is_some() {
                continue;
            }
            let what = || format!("the policy {:?}", policy.name);
            if policy.names_any(incomplete) {
                self.left(what(), "a group that it names is not there with all that are in it");
                continue;
            }
            // What was made as the last import was broken off, and nobody could write down.
            let was_begun = self.journal.is_begun(Step::Policy, &old);
            let same = self.known.policies.iter().filter(|known| known.says_the_same_as(&policy));
            let mut same = same.map(|known| known.id.to_string());
            let unclaimed = same.find(|id| was_begun && !self.journal.made(Step::Policy, id));
            let id = match unclaimed {
                Some(id) => id,
                None => {
                    self.journal.begin(Step::Policy, &old)?;
                    let body = json!({
                        "name": policy.name, "policy_type": policy.policy_type,
                        "configuration": policy.configuration, "enforcement": policy.enforcement,
                    });
                    let made = self.api.post::<Policy>("/api/v1/policies", &body).await;
                    let Some(made) = self.unless_refused(what, made)? else { continue };
                    made.id.to_string()
                }
            };
            self.done.policies += 1;
            self.journal.end(Step::Policy, &old, &id)?;
        }
        Ok(())
    }

    async fn datasets(&mut self) -> anyhow::Result<()> {
        for (place, dataset) in std::mem::take(&mut self.archive.datasets).into_iter().enumerate() {
            self.api.renew_session().await?;
            let name = dataset.name.clone();
            let what = || format!("the dataset {name:?}");
            if dataset.dtype == DatasetType::RemoteSpace {
                // Somebody makes it by hand.
                match self.known.datasets.get(&name) {
                    Some(id) => self.journal.end(Step::Dataset, &name, &id.clone())?,
                    None => self.left(
                        what(),
                        "it asks another space as an account at a marketplace: make it with `syft-space datasets ask-space`",
                    ),
                }
                continue;
            }
            let id = match self.journal.done(Step::Dataset, &name) {
                Some(id) => id.to_owned(),
                None => {
                    let begun = self.journal.is_begun(Step::Dataset, &name);
                    let id = match self.known.datasets.get(&name).filter(|_| begun) {
                        Some(id) => id.clone(),
                        None => {
                            self.journal.begin(Step::Dataset, &name)?;
                            let made =
                                self.api.post::<Dataset>("/api/v1/datasets", &new_dataset(&dataset)).await;
                            let Some(made) = self.unless_refused(what, made)? else { continue };
                            made.id.to_string()
                        }
                    };
                    self.done.datasets += 1;
                    self.journal.end(Step::Dataset, &name, &id)?;
                    id
                }
            };
            self.documents(place, &name, &id).await?;
        }
        for (document, why) in self.journal.refused.clone() {
            self.left(document, why);
        }
        Ok(())
    }

    /// Brings the documents of a dataset, some at a time, from where an import before this one has got to.
    async fn documents(&mut self, place: usize, dataset: &str, id: &str) -> anyhow::Result<()> {
        let path = format!("/api/v1/datasets/{id}/documents");
        let (api, journal) = (self.api, &mut self.journal);
        let (mut batch, mut bytes, mut read) = (Vec::new(), 0_usize, 0_u64);
        let mut documents = self.archive.documents(place)?;
        loop {
            let next: Option<ArchivedDocument> = documents.next()?;
            let is_last = next.is_none();
            if let Some(document) = next {
                read = read.saturating_add(1);
                if read <= journal.sent(dataset) {
                    continue;
                }
                let document = serde_json::to_string(&document)?;
                bytes = bytes.saturating_add(document.len());
                batch.push(document);
            }
            let is_full = bytes >= MAX_BATCH_BYTES || batch.len() >= MAX_BATCH_DOCUMENTS;
            if !batch.is_empty() && (is_full || is_last) {
                let (taken, refused) = bring(api, &path, &batch).await?;
                self.done.documents = self.done.documents.saturating_add(taken);
                for (document, why) in refused {
                    journal.refuse(format!("{document} of the dataset {dataset:?}"), why)?;
                }
                journal.send(dataset, read)?;
                (batch, bytes) = (Vec::new(), 0);
            }
            if is_last {
                return Ok(());
            }
        }
    }

    async fn endpoints(&mut self) -> anyhow::Result<()> {
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
            let is_all = self.all_expectations(&endpoint).await;
            match self.unless_refused(what, is_all)? {
                Some(true) => self.journal.end(Step::Expectations, slug, ONCE)?,
                Some(false) => self.left(
                    what(),
                    "they do not hold as long as who is meant has not joined: those of denials alone are set",
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
                let made = if begun && self.known.endpoints.contains(&endpoint.slug) {
                    api.get::<Endpoint>(&path).await?
                } else {
                    self.journal.begin(Step::Endpoint, slug)?;
                    api.post("/api/v1/endpoints", &new_endpoint(endpoint, &dataset)).await?
                };
                self.done.endpoints += 1;
                self.journal.end(Step::Endpoint, slug, &made.id.to_string())?;
                made.id.to_string()
            }
        };
        let ids = endpoint.policies.iter().map(|old| self.journal.done(Step::Policy, &old.to_string()));
        let Some(ids) = ids.map(|id| id.map(str::to_owned)).collect::<Option<Vec<String>>>() else {
            self.left(what(), "a policy of it is not there, so it stays a draft");
            return Ok(false);
        };
        let is_as_made = |found: &EndpointWithPolicies, complete: bool| {
            let attached: Vec<String> = found.policies.iter().map(|policy| policy.id.to_string()).collect();
            let Endpoint { id: is, dataset_id, published, .. } = &found.endpoint;
            (is.to_string() == id && dataset_id.to_string() == dataset && !published)
                && (attached == ids || (!complete && attached.is_empty()))
        };
        let changed = "somebody has changed it meanwhile, so it stays as it is";
        let (found, _) = api.get_revision::<EndpointWithPolicies>(&path).await?;
        if !is_as_made(&found, false) {
            self.left(what(), changed);
            return Ok(false);
        }
        api.put::<IgnoredAny>(&format!("{path}/policies"), &json!({ "policy_ids": ids })).await?;
        set_expectations(api, &path, denials(endpoint)).await?;
        if endpoint.published {
            let (found, revision) = api.get_revision::<EndpointWithPolicies>(&path).await?;
            if !is_as_made(&found, true) {
                self.left(what(), changed);
                return Ok(false);
            }
            let body = json!({ "published": true });
            api.change::<IgnoredAny>(Method::PATCH, &path, revision, &body).await?;
            self.done.published += 1;
        }
        Ok(true)
    }

    /// Sets all that is expected of an endpoint, where nobody has set anything else. That somebody may ask holds only once they are a member, so it
    /// is no reason to leave the endpoint a draft. Answers whether it holds.
    async fn all_expectations(&mut self, endpoint: &ArchivedEndpoint) -> anyhow::Result<bool> {
        let path = format!("/api/v1/endpoints/{}", endpoint.slug);
        if denials(endpoint).len() == endpoint.expectations.len() {
            return Ok(true);
        }
        let set: Expectations = self.api.get(&format!("{path}/expectations")).await?;
        let set = set.expectations.iter().map(as_set).collect::<Result<Vec<_>, _>>()?;
        if serde_json::to_value(set)? != serde_json::to_value(denials(endpoint))? {
            return Ok(true);
        }
        match set_expectations(self.api, &path, endpoint.expectations.iter().collect()).await {
            Ok(()) => Ok(true),
            Err(error) if is_refused_for(&error, Reason::ExpectationBroken) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The second factor comes last: whoever imports may have none yet.
    async fn settings(&mut self) -> anyhow::Result<()> {
        if self.journal.done(Step::Settings, ONCE).is_some() {
            return Ok(());
        }
        self.api.renew_session().await?;
        let terms = serde_json::to_value(&self.archive.manifest().retention)?;
        let request = self.api.request(Method::PATCH, "/api/v1/retention", &[])?.json(&terms);
        let set = self.api.send(request).await.map(drop);
        let has_terms = self.unless_refused(|| "the terms of retention".to_owned(), set)?.is_some();
        let Settings { second_factor_roles, max_key_days, .. } = &self.archive.manifest().tenant;
        let body = json!({ "second_factor_roles": second_factor_roles, "max_key_days": max_key_days });
        let request = self.api.request(Method::PATCH, "/api/v1/tenant", &[])?.json(&body);
        let set = self.api.send(request).await.map(drop);
        let has_settings = self.unless_refused(|| "the settings of the tenant".to_owned(), set)?.is_some();
        if has_terms && has_settings {
            self.journal.end(Step::Settings, ONCE, ONCE)?;
        }
        Ok(())
    }

    async fn invitations(&mut self) -> anyhow::Result<()> {
        let members = self.api.all::<Member>("/api/v1/users").await?;
        let members: BTreeSet<Email> = members.into_iter().map(|member| member.email).collect();
        let invited = self.api.all::<Invitation>("/api/v1/invitations").await?;
        for ArchivedMember { email, role, status } in std::mem::take(&mut self.archive.members) {
            let name = email.as_str();
            let was_shown = self.journal.done(Step::Invitation, name).is_some();
            if status != AccountStatus::Active || members.contains(&email) || was_shown {
                continue;
            }
            self.api.renew_session().await?;
            let open = invited.iter().find(|invited| invited.email == email);
            if let Some(open) = open {
                if !self.journal.is_begun(Step::Invitation, name) {
                    continue;
                }
                // Nobody was shown its link.
                let path = format!("/api/v1/invitations/{}", open.id);
                let withdrawn = self.api.send(self.api.request(Method::DELETE, &path, &[])?).await;
                self.unless_refused(|| format!("the invitation of {email}"), withdrawn)?;
            }
            self.journal.begin(Step::Invitation, name)?;
            let body = Invite { email: email.clone(), role };
            let issued = self.api.post::<IssuedInvitation<'_>>("/api/v1/invitations", &body).await;
            let Some(issued) = self.unless_refused(|| format!("the invitation of {email}"), issued)? else {
                continue;
            };
            let (token, link) = (issued.token.map(Into::into), issued.link);
            let invited = Invited { email, role, token, link, expires_at: issued.expires_at };
            if !self.out.json {
                self.out.line(&invited.told())?;
                self.journal.end(Step::Invitation, invited.email.as_str(), ONCE)?;
            }
            self.done.invitations.push(invited);
        }
        Ok(())
    }
}

/// Whoever is never to be let in.
fn denials(endpoint: &ArchivedEndpoint) -> Vec<&NewExpectation> {
    endpoint.expectations.iter().filter(|expected| expected.verdict == ExpectedVerdict::Denied).collect()
}

async fn set_expectations(
    api: &ApiClient,
    endpoint: &str,
    expectations: Vec<&NewExpectation>,
) -> anyhow::Result<()> {
    let body = json!({ "expectations": expectations });
    api.put::<IgnoredAny>(&format!("{endpoint}/expectations"), &body).await.map(drop)
}

fn new_endpoint(endpoint: &ArchivedEndpoint, dataset: &str) -> Value {
    json!({
        "name": endpoint.name, "slug": endpoint.slug, "summary": endpoint.summary,
        "description": endpoint.description, "tags": endpoint.tags, "dataset_id": dataset,
        "model_id": endpoint.model_id, "response_type": endpoint.response_type, "published": false,
    })
}

/// A dataset as it is made: the space keeps its vectors, wherever they lay.
fn new_dataset(dataset: &ArchivedDataset) -> Value {
    let analyzer = ["tokenizer", "stemming", "stop_words"].into_iter();
    let analyzer =
        analyzer.filter_map(|name| Some((name.to_owned(), dataset.configuration.get(name)?.clone())));
    let mut body = json!({
        "name": dataset.name, "dtype": DatasetType::Embedded, "summary": dataset.summary, "tags": dataset.tags,
        "configuration": analyzer.collect::<Map<String, Value>>(), "search": dataset.search,
    });
    if let (Value::Object(members), Some(encoder)) = (&mut body, &dataset.encoder) {
        members.insert("encoder".to_owned(), encoder.as_str().into());
    }
    body
}
