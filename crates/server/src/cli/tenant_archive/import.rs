//! The command `syft-space tenants import`: it makes what is in an archive of a tenant, as an owner of the tenant into which it goes.

use std::collections::BTreeSet;

use reqwest::Method;
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};
use syft_space_domain::audit::{ChangeCode, Checkpoint};
use syft_space_domain::dataset::DatasetType;
use syft_space_domain::group::{GroupName, MAX_MEMBERS_AT_ONCE};
use syft_space_domain::identity::{AccountStatus, Email};

use crate::cli::api::ApiClient;
use crate::cli::exit::{CommandError, ExitStatus};
use crate::cli::output::Output;
use crate::cli::tenant_archive::bring::{bring, is_of_the_thing};
use crate::cli::tenant_archive::journal::{Journal, RefusedDocument, Step};
use crate::cli::tenant_archive::known::Known;
use crate::cli::tenant_archive::outcome::{Imported, Invited, Left};
use crate::cli::tenant_archive::reader::Archive;
use crate::cli::tenant_archive::{
    ArchivedDataset, ArchivedDocument, ArchivedMember, ArchivedPolicy, ImportTenant, Settings,
};
use crate::routes::audit::Event;
use crate::routes::datasets::{Dataset, DatasetUsage};
use crate::routes::groups::{AddGroupMembers, AddedGroupMembers, Group};
use crate::routes::invitations::{Invitation, Invite, IssuedInvitation};
use crate::routes::retention::Retention;
use crate::routes::tenant::TenantSettings;
use crate::routes::users::Member;

/// The bytes of documents, written out as JSON, after which a request is sent, and their number. Where a server takes less, what was too much
/// is halved until it is not.
const MAX_BATCH_BYTES: usize = 1 << 20;
const MAX_BATCH_DOCUMENTS: usize = 250;
/// The name of what there is once.
pub(super) const ONCE: &str = "";
/// Where the log that a tenant had is named.
const PREDECESSOR_PATH: &str = "/api/v1/audit/predecessor";
pub(super) const RETENTION_PATH: &str = "/api/v1/retention";

/// An import under way.
pub(super) struct Import<'a> {
    pub(super) api: &'a ApiClient,
    out: &'a mut Output,
    pub(super) archive: Archive,
    pub(super) known: Known,
    pub(super) journal: Journal,
    pub(super) done: Imported,
}

pub(in crate::cli) async fn import(
    api: &ApiClient,
    what: &ImportTenant,
    archive: Archive,
    out: &mut Output,
) -> anyhow::Result<()> {
    // Whoever may not change it all is told before anything is changed.
    api.get::<Retention>(RETENTION_PATH).await?;
    let tenant: TenantSettings = api.get("/api/v1/tenant").await?;
    let known = Known::read(api).await?;
    let mut journal = Journal::open(archive.path(), &archive.digest, tenant.id)?;
    if !journal.goes_on {
        if let Err(error) = known.check_free(&archive) {
            journal.finish()?;
            return Err(error.into());
        }
        journal.start(&archive.digest, tenant.id)?;
    }
    let mut import = Import { api, out, archive, known, journal, done: Imported::default() };
    let ended = import.run(!what.no_invitations).await;
    let Import { archive, done, mut journal, .. } = import;
    let told = done.tell(&archive, out);
    if let Err(error) = ended {
        let message = format!("the import was broken off: {error:#}; run the same command again to go on");
        return Err(CommandError::new(ExitStatus::Partial, message).into());
    }
    if told.is_ok() {
        // Now somebody has their links.
        for invited in &done.invitations {
            journal.end(Step::Invitation, invited.email.as_str(), ONCE)?;
        }
    }
    match done.left.len() {
        0 => {
            told?;
            Ok(journal.finish()?)
        }
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
        self.log().await?;
        self.holds().await?;
        let incomplete = self.groups().await?;
        self.policies(&incomplete).await?;
        self.datasets().await?;
        self.endpoints().await?;
        self.terms().await?;
        if invites {
            self.invitations().await?;
        }
        // A second factor comes last: whoever imports may have none yet.
        self.settings().await
    }

    /// Names the log of the archive in the tenant's own: from then on nobody can change the archive unseen.
    async fn log(&mut self) -> anyhow::Result<()> {
        if self.journal.done(Step::Log, ONCE).is_some() {
            return Ok(());
        }
        let Checkpoint { log, size, root } = &self.archive.checkpoint;
        let root = hex::encode(root);
        let reason = format!("{}_{size}_{root}", ChangeCode::PredecessorNamed.as_str());
        self.api.renew_session().await?;
        let of_reason = [("reason", reason.as_str()), ("limit", "1")];
        // An import that was broken off may have named it.
        let is_named = self.journal.is_begun(Step::Log, ONCE)
            && !self.api.page::<Event>("/api/v1/audit", &of_reason, None).await?.items.is_empty();
        if !is_named {
            self.journal.begin(Step::Log, ONCE)?;
            let body = json!({ "log": log.as_str(), "size": size, "root": root });
            self.api.send(self.api.request(Method::POST, PREDECESSOR_PATH, &[])?.json(&body)).await?;
        }
        self.journal.end(Step::Log, ONCE, ONCE)?;
        Ok(())
    }

    /// What was done; `None` where the server does not take this thing, which is told at the end. Whatever else is wrong, with the caller or the
    /// server, breaks the import off.
    pub(super) fn unless_refused<T>(
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

    /// What was made; `None` where it was refused: then whatever is called so is somebody else's.
    pub(super) fn unless_taken<T>(
        &mut self,
        (step, name): (Step, &str),
        what: impl FnOnce() -> String,
        made: anyhow::Result<T>,
    ) -> anyhow::Result<Option<T>> {
        let made = self.unless_refused(what, made)?;
        if made.is_none() {
            self.journal.take_back(step, name)?;
        }
        Ok(made)
    }

    pub(super) fn left(&mut self, what: String, why: impl Into<String>) {
        self.done.left.push(Left { what, why: why.into() });
    }

    /// Makes the groups. Answers which are not there with all that are in them.
    async fn groups(&mut self) -> anyhow::Result<BTreeSet<GroupName>> {
        let mut incomplete = BTreeSet::new();
        for group in std::mem::take(&mut self.archive.groups) {
            let (text, name) = (group.name.to_string(), group.name);
            self.api.renew_session().await?;
            let what = || format!("the group {text}");
            let there = self.known.groups.get(&name);
            match self.journal.done(Step::Group, &text) {
                Some(id) if there.is_some_and(|there| there.id.to_string() == id) => {}
                Some(_) => {
                    self.left(what(), "it is not there any more, or another has its name");
                    incomplete.insert(name);
                    continue;
                }
                None => {
                    let begun = self.journal.is_begun(Step::Group, &text);
                    // What was made as the last import was broken off, and could not be written down.
                    let as_made =
                        there.filter(|there| there.members == 0 && there.description == group.description);
                    let id = match as_made.filter(|_| begun) {
                        Some(there) => there.id.to_string(),
                        None => {
                            self.journal.begin(Step::Group, &text)?;
                            let body = json!({ "name": name, "description": group.description });
                            let made = self.api.post::<Group>("/api/v1/groups", &body).await;
                            let Some(made) = self.unless_taken((Step::Group, &text), what, made)? else {
                                incomplete.insert(name);
                                continue;
                            };
                            made.id.to_string()
                        }
                    };
                    self.done.groups += 1;
                    self.journal.end(Step::Group, &text, &id)?;
                }
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
        for policy in &std::mem::take(&mut self.archive.policies) {
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
            let unclaimed = self.known.policies.iter().find(|known| {
                let is_made = self.journal.made(Step::Policy, &known.id.to_string());
                was_begun && !is_made && known.says_the_same_as(policy)
            });
            let (id, digest) = match unclaimed {
                Some(known) => (known.id, known.digest()?),
                None => {
                    self.journal.begin(Step::Policy, &old)?;
                    let body = json!({
                        "name": policy.name, "policy_type": policy.policy_type,
                        "configuration": policy.configuration, "enforcement": policy.enforcement,
                    });
                    let made = self.api.post::<ArchivedPolicy>("/api/v1/policies", &body).await;
                    let Some(made) = self.unless_taken((Step::Policy, &old), what, made)? else { continue };
                    (made.id, made.digest()?)
                }
            };
            self.done.policies += 1;
            self.journal.end(Step::PolicyDigest, &old, &digest)?;
            self.journal.end(Step::Policy, &old, &id.to_string())?;
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
                match self.known.datasets.get(&name).map(|dataset| dataset.id.to_string()) {
                    Some(id) => self.journal.end(Step::Dataset, &name, &id)?,
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
                    let as_made = self.known.datasets.get(&name).filter(|there| {
                        begun && there.summary == dataset.summary && there.tags == dataset.tags
                    });
                    let id = match as_made.map(|there| there.id.to_string()) {
                        Some(id) if self.is_empty(&id).await? => id,
                        _ => {
                            self.journal.begin(Step::Dataset, &name)?;
                            let made =
                                self.api.post::<Dataset>("/api/v1/datasets", &new_dataset(&dataset)).await;
                            let Some(made) = self.unless_taken((Step::Dataset, &name), what, made)? else {
                                continue;
                            };
                            made.id.to_string()
                        }
                    };
                    self.done.datasets += 1;
                    self.journal.end(Step::Dataset, &name, &id)?;
                    id
                }
            };
            let brought = self.documents(place, &name, &id).await;
            self.unless_refused(what, brought)?;
        }
        self.refused_documents().await
    }

    async fn is_empty(&self, dataset: &str) -> anyhow::Result<bool> {
        let usage: DatasetUsage = self.api.get(&format!("/api/v1/datasets/{dataset}/usage")).await?;
        Ok(usage.documents == 0)
    }

    /// Tells of documents that were not taken, but for those that somebody has brought since.
    async fn refused_documents(&mut self) -> anyhow::Result<()> {
        for RefusedDocument { dataset, document, why } in self.journal.refused.clone() {
            self.api.renew_session().await?;
            let Some(id) = self.journal.done(Step::Dataset, &dataset) else { continue };
            let path = format!("/api/v1/datasets/{id}/documents/{document}");
            if document.is_empty() || self.api.get::<IgnoredAny>(&path).await.is_err() {
                self.left(format!("the document {document:?} of the dataset {dataset:?}"), why);
            }
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
                    journal.refuse(RefusedDocument { dataset: dataset.to_owned(), document, why })?;
                }
                journal.send(dataset, read)?;
                (batch, bytes) = (Vec::new(), 0);
            }
            if is_last {
                return Ok(());
            }
        }
    }

    async fn terms(&mut self) -> anyhow::Result<()> {
        let terms = serde_json::to_value(&self.archive.manifest().retention)?;
        self.once(Step::Terms, RETENTION_PATH, &terms, "the terms of retention").await
    }

    async fn settings(&mut self) -> anyhow::Result<()> {
        let Settings { second_factor_roles, max_key_days, .. } = &self.archive.manifest().tenant;
        let body = json!({ "second_factor_roles": second_factor_roles, "max_key_days": max_key_days });
        self.once(Step::Settings, "/api/v1/tenant", &body, "the settings of the tenant").await
    }

    /// Sets something of the tenant once: what is set behind that is somebody's who means it.
    async fn once(&mut self, step: Step, path: &str, body: &Value, what: &str) -> anyhow::Result<()> {
        if self.journal.done(step, ONCE).is_some() {
            return Ok(());
        }
        self.api.renew_session().await?;
        let set = self.api.send(self.api.request(Method::PATCH, path, &[])?.json(body)).await.map(drop);
        if self.unless_refused(|| what.to_owned(), set)?.is_some() {
            self.journal.end(step, ONCE, ONCE)?;
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
                if self.journal.done(Step::InvitationIssued, name) != Some(&*open.id.to_string()) {
                    if self.journal.is_begun(Step::InvitationIssued, name) {
                        let why = "one is open whose link may have been shown to nobody: withdraw it, and run the same command again";
                        self.left(format!("the invitation of {email}"), why);
                    }
                    continue;
                }
                // Nobody was shown its link.
                let path = format!("/api/v1/invitations/{}", open.id);
                let withdrawn = self.api.send(self.api.request(Method::DELETE, &path, &[])?).await;
                self.unless_refused(|| format!("the invitation of {email}"), withdrawn)?;
            }
            self.journal.begin(Step::InvitationIssued, name)?;
            let body = Invite { email: email.clone(), role };
            let issued = self.api.post::<IssuedInvitation<'_>>("/api/v1/invitations", &body).await;
            let step = (Step::InvitationIssued, name);
            let Some(issued) = self.unless_taken(step, || format!("the invitation of {email}"), issued)?
            else {
                continue;
            };
            self.journal.end(Step::InvitationIssued, body.email.as_str(), &issued.id.to_string())?;
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
