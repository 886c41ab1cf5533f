//! The command `syft-space tenants export`: it reads a tenant as one of its owners may, and writes what is in it into an archive.

use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::json;
use syft_space_domain::dataset::{DatasetType, DocumentId};
use syft_space_domain::time::Clock;
use tokio::signal::unix::{SignalKind, signal};

use crate::audit_formats::form::ExportFormat;
use crate::cli::api::ApiClient;
use crate::cli::audit_proofs::{WhichLog, write_log};
use crate::cli::exit::{CommandError, ExitStatus, status_of};
use crate::cli::new_file::NewFile;
use crate::cli::output::Output;
use crate::cli::tenant_archive::writer::ArchiveWriter;
use crate::cli::tenant_archive::{
    ArchivedDataset, ArchivedDocument, ArchivedEndpoint, ArchivedGroup, ArchivedMember, ArchivedPolicy,
    CHECKPOINT, DATASETS, ENDPOINTS, ExportTenant, FORMAT, GROUPS, LOG, MANIFEST, MEMBERS, Manifest,
    POLICIES, README, Settings, as_set, counted, documents_of,
};
use crate::routes::audit_proofs::Checkpoint;
use crate::routes::datasets::Dataset;
use crate::routes::documents::DocumentSummary;
use crate::routes::endpoints::{Endpoint, EndpointWithPolicies};
use crate::routes::expectations::Expectations;
use crate::routes::groups::{Group, GroupMember};
use crate::routes::retention::Retention;
use crate::system::SystemClock;

/// How many documents are read at once.
const READ_AT_ONCE: usize = 8;

/// What stands before everything else in an archive.
const README_TEXT: &str = "\
# A tenant of a space

`syft-space tenants import FILE --as OWNER` brings it into a tenant of another space, or of the same one. Whoever has this archive has all
that the tenant publishes and the addresses of its members: keep it as you keep the space.

* `manifest.json`: the settings of the tenant, its terms of retention and legal holds, and each file with its SHA-256.
* `groups.jsonl`, `policies.jsonl`, `datasets.jsonl`, `endpoints.jsonl`, `members.jsonl`: one thing a line.
* `documents/1.jsonl`: the documents of the first dataset, one a line, and so on.
* `audit.jsonl`: its audit log. `checkpoint.txt` vouches for it, by the key in `manifest.json`: `syft-space audit verify audit.jsonl
  --checkpoint checkpoint.txt --key KEY`.

Not in it: passwords, second factors, API keys, sessions, identity providers, credentials of hubs and databases; invitations that nobody has accepted;
former versions of policies, what was charged and shown, questions that wait for approval; listings on marketplaces. It was not read at one moment: what was changed meanwhile may be in it
as it was before or after.
";

pub(in crate::cli) async fn export(
    api: &ApiClient,
    what: &ExportTenant,
    out: &mut Output,
) -> anyhow::Result<()> {
    let (mut terminate, mut hang_up) = (signal(SignalKind::terminate())?, signal(SignalKind::hangup())?);
    let interrupted = || {
        let message = "interrupted; nothing stays of the archive";
        Err(CommandError::new(ExitStatus::Interrupted, message).into())
    };
    // The file goes with whoever writes it.
    tokio::select! {
        written = write_archive(api, what, out) => written,
        _ = tokio::signal::ctrl_c() => interrupted(),
        _ = terminate.recv() => interrupted(),
        _ = hang_up.recv() => interrupted(),
    }
}

async fn write_archive(
    api: &ApiClient,
    ExportTenant { file: path, .. }: &ExportTenant,
    out: &mut Output,
) -> anyhow::Result<()> {
    let tenant: Settings = api.get("/api/v1/tenant").await?;
    // Of a log that was changed nothing is taken out.
    api.get::<Checkpoint>("/api/v1/audit/checkpoint").await?;
    let Retention { terms: retention, holds, .. } = api.get("/api/v1/retention").await?;
    let exported_at = SystemClock.now();
    let mut file = NewFile::create("FILE", path)?;
    let mut archive = ArchiveWriter::new(&mut file);
    archive.begin(README)?;
    archive.text(README_TEXT)?;

    write_groups(api, &mut archive).await?;
    archive.begin(POLICIES)?;
    for policy in api.all::<ArchivedPolicy>("/api/v1/policies").await? {
        archive.item(&policy)?;
    }
    let datasets = api.all::<Dataset>("/api/v1/datasets").await?;
    archive.begin(DATASETS)?;
    for dataset in &datasets {
        archive.item(&api.get::<ArchivedDataset>(&format!("/api/v1/datasets/{}", dataset.id)).await?)?;
    }
    for (place, dataset) in datasets.iter().enumerate() {
        archive.begin(&documents_of(place))?;
        // The documents of another space are that one's.
        if dataset.dtype != DatasetType::RemoteSpace {
            write_documents(api, dataset, &mut archive).await?;
        }
    }
    write_endpoints(api, &datasets, &mut archive).await?;
    archive.begin(MEMBERS)?;
    for member in api.all::<ArchivedMember>("/api/v1/users").await? {
        archive.item(&member)?;
    }

    // It vouches for what the log had by then. What is written behind it is all the events that there are.
    let checkpoint: Checkpoint = api.get("/api/v1/audit/checkpoint").await?;
    archive.begin(CHECKPOINT)?;
    archive.text(&checkpoint.checkpoint)?;
    archive.begin(LOG)?;
    write_log(api, &WhichLog::default(), ExportFormat::Jsonl, false, |lines| archive.text(lines)).await?;

    let files = archive.files();
    let manifest = Manifest {
        format: FORMAT.to_owned(),
        exported_at,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        tenant,
        retention,
        holds,
        log_key: checkpoint.verifier_key,
        files: files.clone(),
    };
    archive.begin(MANIFEST)?;
    archive.text(&serde_json::to_string_pretty(&manifest)?)?;
    archive.finish()?;
    file.keep()?;

    let items = |name: &str| files.get(name).map_or(0, |file| file.items);
    let documents = (0..datasets.len()).map(|place| items(&documents_of(place))).sum();
    if out.json {
        return out.document(&json!({
            "file": path, "tenant": manifest.tenant.name, "groups": items(GROUPS), "policies": items(POLICIES),
            "datasets": items(DATASETS), "documents": documents, "endpoints": items(ENDPOINTS),
            "members": items(MEMBERS), "events": items(LOG),
        }));
    }
    out.line(&format!(
        "The tenant {} is in {}: {}, {}, {} with {}, {}, {}, and {} of its log. README.md in it says what is not.",
        manifest.tenant.name,
        path.display(),
        counted(items(GROUPS), "group", "groups"),
        counted(items(POLICIES), "policy", "policies"),
        counted(items(DATASETS), "dataset", "datasets"),
        counted(documents, "document", "documents"),
        counted(items(ENDPOINTS), "endpoint", "endpoints"),
        counted(items(MEMBERS), "member", "members"),
        counted(items(LOG), "event", "events"),
    ))
}

async fn write_groups(api: &ApiClient, archive: &mut ArchiveWriter<'_>) -> anyhow::Result<()> {
    archive.begin(GROUPS)?;
    for group in api.all::<Group>("/api/v1/groups").await? {
        let members = api.all::<GroupMember>(&format!("/api/v1/groups/{}/members", group.name)).await?;
        let members = members.into_iter().map(|member| member.email).collect();
        archive.item(&ArchivedGroup { name: group.name, description: group.description, members })?;
        api.renew_session().await?;
    }
    Ok(())
}

/// Writes the documents of a dataset, a page at a time.
async fn write_documents(
    api: &ApiClient,
    dataset: &Dataset,
    archive: &mut ArchiveWriter<'_>,
) -> anyhow::Result<()> {
    let path = format!("/api/v1/datasets/{}/documents", dataset.id);
    let mut cursor = None::<String>;
    loop {
        api.renew_session().await?;
        let page = api.page::<DocumentSummary>(&path, &[("limit", "100")], cursor.as_deref()).await?;
        let documents = page.items.iter().map(|summary| read_document(api, &path, &summary.document_id));
        let documents: Vec<Option<ArchivedDocument>> =
            stream::iter(documents).buffered(READ_AT_ONCE).try_collect().await?;
        // One that is gone meanwhile is none of the tenant any more.
        for document in documents.into_iter().flatten() {
            archive.item(&document)?;
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(());
        }
    }
}

async fn read_document(
    api: &ApiClient,
    path: &str,
    document: &DocumentId,
) -> anyhow::Result<Option<ArchivedDocument>> {
    api.renew_session().await?;
    match api.get(&format!("{path}/{document}")).await {
        Ok(document) => Ok(Some(document)),
        Err(error) if status_of(&error) == ExitStatus::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

async fn write_endpoints(
    api: &ApiClient,
    datasets: &[Dataset],
    archive: &mut ArchiveWriter<'_>,
) -> anyhow::Result<()> {
    archive.begin(ENDPOINTS)?;
    for Endpoint { slug, .. } in api.all::<Endpoint>("/api/v1/endpoints").await? {
        api.renew_session().await?;
        let path = format!("/api/v1/endpoints/{slug}");
        let EndpointWithPolicies { endpoint, policies } = api.get(&path).await?;
        let expected: Expectations = api.get(&format!("{path}/expectations")).await?;
        let dataset = datasets.iter().find(|dataset| dataset.id == endpoint.dataset_id);
        // A dataset that was made meanwhile is not in the archive, and neither is what is over it.
        let Some(dataset) = dataset else { continue };
        archive.item(&ArchivedEndpoint {
            name: endpoint.name,
            slug: endpoint.slug,
            summary: endpoint.summary,
            description: endpoint.description,
            tags: endpoint.tags,
            dataset: dataset.name.clone(),
            model_id: endpoint.model_id,
            response_type: serde_json::to_value(endpoint.response_type)?,
            published: endpoint.published,
            policies: policies.into_iter().map(|policy| policy.id).collect(),
            expectations: expected.expectations.iter().map(as_set).collect::<Result<_, _>>()?,
        })?;
    }
    Ok(())
}
