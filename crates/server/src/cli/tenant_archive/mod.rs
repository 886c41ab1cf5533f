//! The commands `syft-space tenants export|import`: what an archive of a tenant is, by which it goes to another host.

mod bring;
mod endpoints;
mod export;
mod holds;
mod import;
mod journal;
mod known;
mod outcome;
mod reader;
mod writer;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use syft_space_domain::access::Role;
use syft_space_domain::dataset::{DatasetType, DocumentId};
use syft_space_domain::endpoint::Slug;
use syft_space_domain::group::GroupName;
use syft_space_domain::identity::{AccountStatus, Email};
use syft_space_domain::ids::PolicyId;
use syft_space_domain::tenant::TenantName;
use syft_space_domain::time::Timestamp;

pub(super) use export::export;
pub(super) use import::import;
pub(super) use reader::Archive;

use crate::cli::account::Account;
use crate::routes::expectations::{Expectation, NewExpectation};
use crate::routes::retention::{LegalHold, RetentionTerms};

/// What is in an archive, and in which form.
const FORMAT: &str = "syft-space-tenant-1";

const README: &str = "README.md";
const MANIFEST: &str = "manifest.json";
const GROUPS: &str = "groups.jsonl";
const POLICIES: &str = "policies.jsonl";
const DATASETS: &str = "datasets.jsonl";
const ENDPOINTS: &str = "endpoints.jsonl";
const MEMBERS: &str = "members.jsonl";
const LOG: &str = "audit.jsonl";
const CHECKPOINT: &str = "checkpoint.txt";

/// The file with the documents of a dataset, by its place in the list of datasets.
fn documents_of(place: usize) -> String {
    format!("documents/{}.jsonl", place.saturating_add(1))
}

/// Where the archive goes.
#[derive(Args)]
pub(super) struct ExportTenant {
    /// Write the archive into this file, which must not be there yet
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    pub(super) account: Account,
}

/// What goes into the tenant of the account.
#[derive(Args)]
pub(super) struct ImportTenant {
    /// The archive
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Invite nobody
    #[arg(long)]
    no_invitations: bool,
    #[command(flatten)]
    pub(super) account: Account,
}

/// What an archive is of, and what is in it.
#[derive(Serialize, Deserialize)]
struct Manifest {
    format: String,
    exported_at: Timestamp,
    /// The version of the program that wrote it.
    program: String,
    tenant: Settings,
    retention: RetentionTerms,
    /// Archives of before have none.
    #[serde(default)]
    holds: Vec<LegalHold>,
    /// The key by which the checkpoint of the log is verified, with the log's name.
    log_key: String,
    files: BTreeMap<String, ListedFile>,
}

/// A file of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct ListedFile {
    /// How many lines it has.
    items: u64,
    sha256: String,
}

/// Settings of a tenant.
#[derive(Serialize, Deserialize)]
struct Settings {
    name: TenantName,
    second_factor_roles: BTreeSet<Role>,
    max_key_days: u32,
}

/// A group, and who is in it.
#[derive(Serialize, Deserialize)]
struct ArchivedGroup {
    name: GroupName,
    description: String,
    members: Vec<Email>,
}

/// A policy. The id is the one that it had, by which endpoints name it.
#[derive(Serialize, Deserialize)]
struct ArchivedPolicy {
    id: PolicyId,
    name: String,
    policy_type: String,
    configuration: Value,
    enforcement: Value,
}

impl ArchivedPolicy {
    /// Whether it says the same, whichever id it has.
    fn says_the_same_as(&self, other: &Self) -> bool {
        (&self.name, &self.policy_type, &self.configuration, &self.enforcement)
            == (&other.name, &other.policy_type, &other.configuration, &other.enforcement)
    }

    /// What tells whether it says something else by now.
    fn digest(&self) -> serde_json::Result<String> {
        let said = (&self.name, &self.policy_type, &self.configuration, &self.enforcement);
        Ok(hex::encode(Sha256::digest(serde_json::to_string(&said)?)))
    }

    /// Whether it names one of these groups.
    fn names_any(&self, groups: &BTreeSet<GroupName>) -> bool {
        fn names(value: &Value, groups: &BTreeSet<GroupName>) -> bool {
            match value {
                Value::String(text) => groups.iter().any(|group| text.ends_with(group.as_str())),
                Value::Array(items) => items.iter().any(|item| names(item, groups)),
                Value::Object(members) => members.values().any(|value| names(value, groups)),
                Value::Null | Value::Bool(_) | Value::Number(_) => false,
            }
        }
        names(&self.configuration, groups)
    }
}

impl ImportTenant {
    /// The archive, read and verified: before anybody is asked for a password.
    pub(super) fn read(&self) -> anyhow::Result<Archive> {
        Archive::open(&self.file)
    }
}

/// A dataset. Its configuration is as the API shows it.
#[derive(Serialize, Deserialize)]
struct ArchivedDataset {
    name: String,
    dtype: DatasetType,
    summary: String,
    tags: String,
    configuration: Value,
    search: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    encoder: Option<String>,
}

/// A document.
#[derive(Serialize, Deserialize)]
struct ArchivedDocument {
    document_id: DocumentId,
    content: String,
    metadata: Value,
}

/// An endpoint, with the dataset that it is over by its name, its policies by the ids that they had, and what it is expected to decide.
#[derive(Serialize, Deserialize)]
struct ArchivedEndpoint {
    name: String,
    slug: Slug,
    summary: String,
    description: String,
    tags: String,
    dataset: String,
    model_id: Option<String>,
    response_type: Value,
    published: bool,
    policies: Vec<PolicyId>,
    expectations: Vec<NewExpectation>,
}

/// A member.
#[derive(Serialize, Deserialize)]
struct ArchivedMember {
    email: Email,
    role: Role,
    status: AccountStatus,
}

/// So many of what is called so.
fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// An expectation as it is set: without what it came to.
fn as_set(expectation: &Expectation) -> serde_json::Result<NewExpectation> {
    let mut value = serde_json::to_value(expectation)?;
    if let Value::Object(members) = &mut value {
        members.retain(|name, _| ["identity", "purpose", "verdict", "note"].contains(&name.as_str()));
    }
    serde_json::from_value(value)
}
