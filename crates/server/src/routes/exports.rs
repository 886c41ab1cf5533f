//! The routes by which people see all that is held about them.

mod archive;

use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::Bytes;
use futures_util::stream::{self, Stream};
use syft_space_domain::Space;
use syft_space_domain::ids::AccountId;
use syft_space_domain::privacy::{Export, readme};

use crate::http::exports_under_way::ExportSlot;
use crate::http::problem::Problem;
use crate::http::request::Request;
use crate::http::route_docs::Response;
use crate::routes::exports::archive::Archive;
use crate::routes::reply;

/// An archive of JSON files.
pub(crate) const ARCHIVE: Response = Response {
    status: 200,
    media_type: "application/zip",
    schema: Some(crate::http::route_docs::schema_of::<String>),
};

pub(crate) async fn own(request: Request) -> Result<HttpResponse, Problem> {
    let principal = request.principal()?;
    let account = principal.member(syft_space_domain::access::Permission::OwnAccount)?.account;
    let slot = slot(&request, account)?;
    let export = Export::of_own(request.space(), &request.context, principal).await?;
    Ok(answer(&request, export, slot))
}

pub(crate) async fn of_member(request: Request) -> Result<HttpResponse, Problem> {
    let account = request.path("id", "member")?;
    let slot = slot(&request, account)?;
    let export = Export::of_member(request.space(), &request.context, request.principal()?, account).await?;
    Ok(answer(&request, export, slot))
}

fn slot(request: &Request, account: AccountId) -> Result<ExportSlot, Problem> {
    request.state.exports.begin(request.principal()?.snapshot().tenant.id, account)
}

/// The archive goes out as it is made. Where it breaks off, the connection does: what came is no whole archive then.
fn answer(request: &Request, export: Export, slot: ExportSlot) -> HttpResponse {
    let text = readme(export.tenant(), request.context.now);
    let pieces = pieces(Pieces { space: request.space().clone(), export, slot, archive: Archive::new(text) });
    let mut response = HttpResponse::Ok();
    response
        .insert_header((CONTENT_TYPE, ARCHIVE.media_type))
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"export.zip\""));
    reply::streaming(request, response, pieces)
}

/// What an archive is made of, and where it goes on.
struct Pieces {
    space: Space,
    export: Export,
    slot: ExportSlot,
    archive: Archive,
}

/// An export broke off. Why is in the server's own log alone.
#[derive(Debug, thiserror::Error)]
#[error("the export broke off")]
struct BrokeOff;

fn pieces(begun: Pieces) -> impl Stream<Item = Result<Bytes, BrokeOff>> {
    stream::try_unfold(Some(begun), |state| async {
        let Some(mut state) = state else { return Ok(None) };
        loop {
            if state.slot.is_over() {
                tracing::warn!("an export was read too slowly, and broke off");
                return Err(BrokeOff);
            }
            let portion = state.export.next(&state.space).await.map_err(|error| {
                tracing::warn!(%error, "an export broke off");
                BrokeOff
            })?;
            let is_last = portion.is_none();
            let mut archive = state.archive;
            // To compress a portion takes some milliseconds.
            let written =
                reply::off_workers(move || archive.write(portion).map(|bytes| (archive, bytes))).await;
            let (archive, bytes) = written.map_err(|_| BrokeOff)?.map_err(|error| {
                tracing::error!(%error, "an export could not be written");
                BrokeOff
            })?;
            state.archive = archive;
            if is_last {
                return Ok(Some((bytes, None)));
            }
            if !bytes.is_empty() {
                return Ok(Some((bytes, Some(state))));
            }
        }
    })
}
