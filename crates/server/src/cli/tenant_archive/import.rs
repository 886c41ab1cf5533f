//! The command `syft-space tenants import`: it makes what is in an archive of a tenant, as an owner of the tenant into which it goes.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use reqwest::Method;
use serde::Serialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};
use syft_space_domain::access::Role;
use syft_space_domain::audit::VerifiedLog;
use syft_space_domain::dataset::DatasetType;
use syft_space_domain::endpoint::Slug;
use syft_space_domain::expectation::ExpectedVerdict;
use syft_space_domain::group::{GroupName, MAX_MEMBERS_AT_ONCE};
use syft_space_domain::identity::{AccountStatus, Email};
use syft_space_domain::ids::{DatasetId, PolicyId};
use syft_space_domain::time::Timestamp;
use syft_space_notes::VerifierKey;

use crate::cli::api::ApiClient;
use crate::cli::audit_proofs::read_log;
use crate::cli::checkpoint_files;
use crate::cli::exit::{CommandError, ExitStatus, is_refused_for, status_of};
use crate::cli::instant::time;
use crate::cli::output::Output;
use crate::cli::tenant_archive::reader::ArchiveReader;
use crate::cli::tenant_archive::{
    ArchivedDataset, ArchivedDocument, ArchivedEndpoint, ArchivedGroup, ArchivedMember, ArchivedPolicy,
    CHECKPOINT, DATASETS, ENDPOINTS, GROUPS, ImportTenant, LOG, MEMBERS, POLICIES, Settings, counted,
    documents_of,
};
use crate::http::reason::Reason;
use crate::routes::datasets::Dataset;
use crate::routes::endpoints::{Endpoint, EndpointWithPolicies};
use crate::routes::groups::{AddGroupMembers, AddedGroupMembers, Group};
use crate::routes::invitations::{Invitation, Invite, IssuedInvitation};
use crate::routes::jobs::StartedJob;
use crate::routes::policies::Policy;
use crate::routes::retention::Retention;
use crate::routes::users::Member;

/// The bytes of documents after which a request is sent, and their number.
const MAX_BATCH_BYTES: usize = 4 << 20;
const MAX_BATCH_DOCUMENTS: usize = 250;

/// What there is in the tenant already.
struct Known {
    groups: BTreeSet<GroupName>,
    policies: Vec<ArchivedPolicy>,
    datasets: BTreeMap<String, DatasetId>,
    /// The endpoints, and whether each is published.
    endpoints: BTreeMap<Slug, bool>,
}

impl Known {
    async fn read(api: &ApiClient) -> anyhow::Result<Self> {
        let groups = api.all::<Group>("/api/v1/groups").await?;
        let datasets = api.all::<Dataset>("/api/v1/datasets").await?;
        let endpoints = api.all::<Endpoint>("/api/v1/endpoints").await?;
        Ok(Self {
            groups: groups.into_iter().map(|group| group.name).collect(),
            policies: api.all("/api/v1/policies").await?,
            datasets: datasets.into_iter().map(|dataset| (dataset.name, dataset.id)).collect(),
            endpoints: endpoints.into_iter().map(|endpoint| (endpoint.slug, endpoint.published)).collect(),
        })
    }

    /// Refuses an archive of which something is called as what is there: it may be another.
    fn check_free(&self, archive: &mut ArchiveReader) -> anyhow::Result<()> {
        let mut taken = Vec::new();
        for group in archive.items::<ArchivedGroup>(GROUPS)? {
            taken.extend(self.groups.contains(&group.name).then(|| format!("the group {}", group.name)));
        }
        for dataset in archive.items::<ArchivedDataset>(DATASETS)? {
            let is_taken = self.datasets.contains_key(&dataset.name);
            taken.extend(is_taken.then(|| format!("the dataset {:?}", dataset.name)));
        }
        for endpoint in archive.items::<ArchivedEndpoint>(ENDPOINTS)? {
            let is_taken = self.endpoints.contains_key(&endpoint.slug);
            taken.extend(is_taken.then(|| format!("the endpoint {}", endpoint.slug)));
        }
        let Some(first) = taken.first() else { return Ok(()) };
        let more = match taken.len() {
            1 => String::new(),
            count => format!(", and {} more that the archive has", count.saturating_sub(1)),
        };
        let message = format!(
            "this tenant has {first} already{more}: import into a tenant that has none of it, or go on with --resume where an import of this \
             archive was broken off"
        );
        Err(CommandError::new(ExitStatus::Refused, message).into())
    }
}

/// What came of an import.
#[derive(Default, Serialize)]
struct Imported {
    groups: u64,
    policies: u64,
    datasets: u64,
    documents: u64,
    endpoints: u64,
    published: u64,
    invitations: Vec<Invited>,
    /// What was not brought in, and why.
    left: Vec<Left>,
}

/// Somebody who may join.
#[derive(Serialize)]
struct Invited {
    email: Email,
    role: Role,
    token: Option<String>,
    link: Option<String>,
    expires_at: Timestamp,
}

#[derive(Serialize)]
struct Left {
    what: String,
    why: String,
}

/// An import under way.
struct Import<'a> {
    api: &'a ApiClient,
    archive: ArchiveReader,
    known: Known,
    done: Imported,
}

pub(in crate::cli) async fn import(
    api: &ApiClient,
    what: &ImportTenant,
    out: &mut Output,
) -> anyhow::Result<()> {
    let mut archive = ArchiveReader::open(&what.file)?;
    let log = verify_log(&mut archive)?;
    // Whoever may not change it all is told before anything is changed.
    api.get::<Retention>("/api/v1/retention").await?;
    let known = Known::read(api).await?;
    if !what.resume {
        known.check_free(&mut archive)?;
    }
    let mut import = Import { api, archive, known, done: Imported::default() };
    let ended = import.run(!what.no_invitations).await;
    ended.context("the import was broken off; run the same command with --resume to go on")?;
    let Import { archive, done, .. } = import;
    tell(&archive.manifest.tenant, &log, &done, out)?;
    match done.left.len() {
        0 => Ok(()),
        count => {
            let message = format!("{} not brought in", counted_left(count));
            Err(CommandError::new(ExitStatus::Partial, message).into())
        }
    }
}

fn counted_left(count: usize) -> String {
    if count == 1 { "one thing was".to_owned() } else { format!("{count} things were") }
}

/// Verifies that the log is the one that was signed, and whole.
fn verify_log(archive: &mut ArchiveReader) -> anyhow::Result<VerifiedLog> {
    let key: VerifierKey =
        archive.manifest.log_key.parse().map_err(|error| archive.broken("log_key", &error))?;
    let checkpoint = checkpoint_files::verify(&archive.text(CHECKPOINT)?, &key);
    let checkpoint = checkpoint.map_err(|error| archive.broken(CHECKPOINT, &error))?;
    read_log(archive.file(LOG)?, vec![checkpoint], Some(&key))
}

impl Import<'_> {
    async fn run(&mut self, invites: bool) -> anyhow::Result<()> {
        self.groups().await?;
        let policies = self.policies().await?;
        self.datasets().await?;
        self.endpoints(&policies).await?;
        self.settings().await?;
        if invites { self.invitations().await } else { Ok(()) }
    }

    /// What was done; `None` where it was refused, which is told at the end. Everything else breaks the import off.
    fn unless_refused<T>(
        &mut self,
        what: impl FnOnce() -> String,
        outcome: anyhow::Result<T>,
    ) -> anyhow::Result<Option<T>> {
        match outcome {
            Ok(done) => Ok(Some(done)),
            Err(error) if matches!(status_of(&error), ExitStatus::Refused | ExitStatus::NotFound) => {
                self.left(what(), format!("{error:#}"));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn left(&mut self, what: String, why: impl Into<String>) {
        self.done.left.push(Left { what, why: why.into() });
    }

    async fn groups(&mut self) -> anyhow::Result<()> {
        for ArchivedGroup { name, description, members } in self.archive.items(GROUPS)? {
            self.api.renew_session().await?;
            if !self.known.groups.contains(&name) {
                let body = json!({ "name": name, "description": description });
                let made = self.api.post::<Group>("/api/v1/groups", &body).await;
                if self.unless_refused(|| format!("the group {name}"), made)?.is_none() {
                    continue;
                }
                self.done.groups += 1;
            }
            for emails in members.chunks(MAX_MEMBERS_AT_ONCE) {
                let body = AddGroupMembers { emails: emails.to_vec() };
                let path = format!("/api/v1/groups/{name}/members");
                let added = self.api.post::<AddedGroupMembers>(&path, &body).await;
                self.unless_refused(|| format!("addresses of the group {name}"), added)?;
            }
        }
        Ok(())
    }

    /// Makes the policies. Answers which id each has that had another in the archive.
    async fn policies(&mut self) -> anyhow::Result<BTreeMap<PolicyId, PolicyId>> {
        let mut made = BTreeMap::new();
        for policy in self.archive.items::<ArchivedPolicy>(POLICIES)? {
            self.api.renew_session().await?;
            let same = self.known.policies.iter().find(|known| known.says_the_same_as(&policy));
            if let Some(same) = same {
                made.insert(policy.id, same.id);
                continue;
            }
            let ArchivedPolicy { id, name, policy_type, configuration, enforcement } = policy;
            let body = json!({
                "name": name, "policy_type": policy_type, "configuration": configuration,
                "enforcement": enforcement,
            });
            let created = self.api.post::<Policy>("/api/v1/policies", &body).await;
            if let Some(created) = self.unless_refused(|| format!("the policy {name:?}"), created)? {
                made.insert(id, created.id);
                self.done.policies += 1;
            }
        }
        Ok(made)
    }

    async fn datasets(&mut self) -> anyhow::Result<()> {
        for (place, dataset) in self.archive.items::<ArchivedDataset>(DATASETS)?.into_iter().enumerate() {
            self.api.renew_session().await?;
            let what = || format!("the dataset {:?}", dataset.name);
            if dataset.dtype == DatasetType::RemoteSpace {
                let why = "it asks another space as an account at a marketplace: make it with `syft-space datasets ask-space`, and go on \
                           with --resume";
                if !self.known.datasets.contains_key(&dataset.name) {
                    self.left(what(), why);
                }
                continue;
            }
            let id = match self.known.datasets.get(&dataset.name) {
                Some(id) => *id,
                None => {
                    let made = self.api.post::<Dataset>("/api/v1/datasets", &new_dataset(&dataset)).await;
                    let Some(made) = self.unless_refused(what, made)? else { continue };
                    self.done.datasets += 1;
                    self.known.datasets.insert(made.name, made.id);
                    made.id
                }
            };
            self.documents(&documents_of(place), &dataset.name, id).await?;
        }
        Ok(())
    }

    /// Brings the documents of a dataset, some at a time. Those that are there already are left as they are.
    async fn documents(&mut self, file: &str, dataset: &str, id: DatasetId) -> anyhow::Result<()> {
        let path = format!("/api/v1/datasets/{id}/documents");
        let (api, mut failures) = (self.api, Vec::new());
        let mut documents = self.archive.each(file)?;
        let (mut batch, mut bytes, mut taken) = (Vec::new(), 0_usize, 0_u64);
        loop {
            let next: Option<ArchivedDocument> = documents.next()?;
            let is_last = next.is_none();
            if let Some(document) = next {
                bytes = bytes.saturating_add(document.content.len());
                batch.push(document);
            }
            let is_full = bytes >= MAX_BATCH_BYTES || batch.len() >= MAX_BATCH_DOCUMENTS;
            if !batch.is_empty() && (is_full || is_last) {
                api.renew_session().await?;
                let request = api.request(Method::POST, &path, &[("wait", "true")])?;
                let StartedJob { job } = api.read(request.json(&json!({ "documents": batch }))).await?;
                taken = taken.saturating_add(job.documents_done).saturating_sub(job.documents_failed);
                failures.extend(job.errors);
                (batch, bytes) = (Vec::new(), 0);
            }
            if is_last {
                break;
            }
        }
        drop(documents);
        self.done.documents = self.done.documents.saturating_add(taken);
        for failure in failures {
            let what = match failure.document_id {
                Some(document) => format!("the document {document} of the dataset {dataset:?}"),
                None => format!("documents of the dataset {dataset:?}"),
            };
            self.left(what, failure.message);
        }
        Ok(())
    }

    async fn endpoints(&mut self, policies: &BTreeMap<PolicyId, PolicyId>) -> anyhow::Result<()> {
        for endpoint in self.archive.items::<ArchivedEndpoint>(ENDPOINTS)? {
            self.api.renew_session().await?;
            // One that is published went all the way.
            if self.known.endpoints.get(&endpoint.slug) == Some(&true) {
                continue;
            }
            let made = self.endpoint(&endpoint, policies).await;
            self.unless_refused(|| format!("the endpoint {}", endpoint.slug), made)?;
        }
        Ok(())
    }

    /// Makes an endpoint, and publishes it if it was: once each policy that it had decides for it, and what was never to be allowed is not.
    async fn endpoint(
        &mut self,
        endpoint: &ArchivedEndpoint,
        policies: &BTreeMap<PolicyId, PolicyId>,
    ) -> anyhow::Result<()> {
        let (slug, api) = (&endpoint.slug, self.api);
        let what = || format!("the endpoint {slug}");
        let Some(dataset) = self.known.datasets.get(&endpoint.dataset) else {
            self.left(what(), format!("its dataset {:?} is not there", endpoint.dataset));
            return Ok(());
        };
        if !self.known.endpoints.contains_key(slug) {
            let body = json!({
                "name": endpoint.name, "slug": slug, "summary": endpoint.summary,
                "description": endpoint.description, "tags": endpoint.tags, "dataset_id": dataset,
                "model_id": endpoint.model_id, "response_type": endpoint.response_type, "published": false,
            });
            api.post::<IgnoredAny>("/api/v1/endpoints", &body).await?;
            self.done.endpoints += 1;
        }
        let path = format!("/api/v1/endpoints/{slug}");
        let ids: Option<Vec<&PolicyId>> = endpoint.policies.iter().map(|id| policies.get(id)).collect();
        let Some(ids) = ids else {
            self.left(what(), "a policy of it is not there, so it stays a draft");
            return Ok(());
        };
        api.put::<IgnoredAny>(&format!("{path}/policies"), &json!({ "policy_ids": ids })).await?;
        self.expectations(endpoint, &path).await?;
        if endpoint.published {
            let (_, revision) = api.get_revision::<EndpointWithPolicies>(&path).await?;
            let body = json!({ "published": true });
            api.change::<IgnoredAny>(Method::PATCH, &path, revision, &body).await?;
            self.done.published += 1;
        }
        Ok(())
    }

    /// Says what is expected of an endpoint. That somebody may ask holds only once they are a member, so it is no reason to leave the endpoint
    /// a draft.
    async fn expectations(&mut self, endpoint: &ArchivedEndpoint, path: &str) -> anyhow::Result<()> {
        if endpoint.expectations.is_empty() {
            return Ok(());
        }
        let path = format!("{path}/expectations");
        let put = |expectations: Value| {
            let (api, path) = (self.api, &path);
            async move { api.put::<IgnoredAny>(path, &json!({ "expectations": expectations })).await }
        };
        match put(serde_json::to_value(&endpoint.expectations)?).await {
            Ok(_) => return Ok(()),
            Err(error) if is_refused_for(&error, Reason::ExpectationBroken) => {}
            Err(error) => return Err(error),
        }
        let denied =
            endpoint.expectations.iter().filter(|expected| expected.verdict == ExpectedVerdict::Denied);
        put(serde_json::to_value(denied.collect::<Vec<_>>())?).await?;
        let why = "they do not hold as long as who is meant has not joined: those of denials alone are set";
        self.left(format!("expectations of the endpoint {}", endpoint.slug), why);
        Ok(())
    }

    /// The second factor comes last: whoever imports may have none yet.
    async fn settings(&mut self) -> anyhow::Result<()> {
        let terms = serde_json::to_value(&self.archive.manifest.retention)?;
        let request = self.api.request(Method::PATCH, "/api/v1/retention", &[])?.json(&terms);
        let set = self.api.send(request).await.map(drop);
        self.unless_refused(|| "the terms of retention".to_owned(), set)?;
        let Settings { second_factor_roles, max_key_days, .. } = &self.archive.manifest.tenant;
        let body = json!({ "second_factor_roles": second_factor_roles, "max_key_days": max_key_days });
        let request = self.api.request(Method::PATCH, "/api/v1/tenant", &[])?.json(&body);
        let set = self.api.send(request).await.map(drop);
        self.unless_refused(|| "the settings of the tenant".to_owned(), set)?;
        Ok(())
    }

    async fn invitations(&mut self) -> anyhow::Result<()> {
        let members = self.api.all::<Member>("/api/v1/users").await?;
        let invited = self.api.all::<Invitation>("/api/v1/invitations").await?;
        let members = members.into_iter().map(|member| member.email);
        let known: BTreeSet<Email> =
            members.chain(invited.into_iter().map(|invited| invited.email)).collect();
        for ArchivedMember { email, role, status } in self.archive.items(MEMBERS)? {
            if status != AccountStatus::Active || known.contains(&email) {
                continue;
            }
            self.api.renew_session().await?;
            let body = Invite { email: email.clone(), role };
            let issued = self.api.post::<IssuedInvitation<'_>>("/api/v1/invitations", &body).await;
            let Some(issued) = self.unless_refused(|| format!("the invitation of {email}"), issued)? else {
                continue;
            };
            let (token, link) = (issued.token.map(Into::into), issued.link);
            self.done.invitations.push(Invited { email, role, token, link, expires_at: issued.expires_at });
        }
        Ok(())
    }
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

fn tell(of: &Settings, log: &VerifiedLog, done: &Imported, out: &mut Output) -> anyhow::Result<()> {
    if out.json {
        return out.document(&json!({ "tenant": of.name, "events_verified": log.events, "imported": done }));
    }
    out.line(&format!(
        "Of the tenant {} were made: {}, {}, {} with {}, {} ({} published). The {} of its log verify; they stay in the archive.",
        of.name,
        counted(done.groups, "group", "groups"),
        counted(done.policies, "policy", "policies"),
        counted(done.datasets, "dataset", "datasets"),
        counted(done.documents, "document", "documents"),
        counted(done.endpoints, "endpoint", "endpoints"),
        done.published,
        counted(log.events, "event", "events"),
    ))?;
    for Invited { email, role, token, link, expires_at } in &done.invitations {
        let until = time(*expires_at);
        out.line(&match (token, link) {
            (_, Some(link)) => format!("{email} may join as {role} until {until}: {link}"),
            (Some(token), None) => {
                format!("{email} may join as {role} until {until}: /choose-password#invitation={token}")
            }
            (None, None) => format!("{email} may join as {role} until {until}, and is sent how to."),
        })?;
    }
    for Left { what, why } in &done.left {
        out.line(&format!("Not brought in: {what}: {why}"))?;
    }
    Ok(())
}
