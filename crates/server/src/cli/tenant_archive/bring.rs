//! Bringing documents: as many at once as the server takes.

use reqwest::Method;

use crate::cli::api::ApiClient;
use crate::cli::exit::http_status_of;
use crate::cli::tenant_archive::ArchivedDocument;
use crate::routes::jobs::StartedJob;

/// Whether it is the thing that is refused, and not whoever brings it.
pub(super) fn is_of_the_thing(error: &anyhow::Error) -> bool {
    http_status_of(error).is_some_and(|status| [400, 404, 409, 412, 413, 415, 422].contains(&status))
}

/// Documents that were not taken, by their ids, and why.
pub(super) type Refused = Vec<(String, String)>;

/// Brings documents in one request, or, where that is too much or one of them is refused, in ever smaller ones. Answers how many are there, and
/// what was refused.
pub(super) async fn bring(
    api: &ApiClient,
    path: &str,
    documents: &[String],
) -> anyhow::Result<(u64, Refused)> {
    let (mut waiting, mut taken, mut refused) = (vec![documents], 0_u64, Vec::new());
    while let Some(batch) = waiting.pop() {
        api.renew_session().await?;
        let body = format!("{{\"documents\":[{}]}}", batch.join(","));
        let request = api.request(Method::POST, path, &[("wait", "true")])?;
        let request = request.header("content-type", "application/json").body(body);
        match api.read::<StartedJob>(request).await {
            Ok(StartedJob { job }) => {
                let failures = job.errors.into_iter();
                refused.extend(
                    failures.map(|failure| (failure.document_id.unwrap_or_default(), failure.message)),
                );
                let done = job.documents_done.saturating_sub(job.documents_failed);
                taken = taken.saturating_add(done);
            }
            // A dataset that is gone takes none of them.
            Err(error) if is_of_the_thing(&error) && http_status_of(&error) != Some(404) => match batch {
                [document] => refused.push((named(document), format!("{error:#}"))),
                _ => {
                    let (first, second) = batch.split_at(batch.len() / 2);
                    waiting.extend([second, first]);
                }
            },
            Err(error) => return Err(error),
        }
    }
    Ok((taken, refused))
}

/// The id of a document.
fn named(document: &str) -> String {
    let read: Result<ArchivedDocument, _> = serde_json::from_str(document);
    read.map_or_else(|_| String::new(), |read| read.document_id.to_string())
}
