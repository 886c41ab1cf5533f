//! The route by which whoever holds a receipt has it proved.

use std::str::FromStr;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syft_space_domain::audit::tree::NodeHash;
use syft_space_domain::audit::{Log, ReceiptProofError, prove_receipt};

use crate::http::problem::Problem;
use crate::http::request::Request;
use crate::http::route_docs::Parameter;
use crate::routes::audit_proofs::{Checkpoint, counted, telling};
use crate::routes::{reply, shapes};

/// That the event of a receipt is in the log.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct ReceiptProof {
    #[schemars(with = "shapes::LogNameShape")]
    pub(crate) log: String,
    pub(crate) seq: u64,
    /// Of which size of the log.
    pub(crate) size: u64,
    /// The root over so many events.
    #[schemars(with = "shapes::HashShape")]
    pub(crate) root: String,
    /// The hashes beside the way from the event's leaf to the root, the lowest first.
    #[schemars(with = "Vec<shapes::HashShape>")]
    pub(crate) hashes: Vec<String>,
    /// The checkpoint of that size; null where a size was asked for.
    pub(crate) checkpoint: Option<Checkpoint>,
}

/// For which checkpoint.
pub(crate) const OF_SIZE: &[Parameter] = &[Parameter::new::<shapes::SeqShape>(
    "size",
    "Of which size of the log, for a checkpoint that one has. Left out, that of now, with a checkpoint of it.",
)];

/// The number of an event, in the one way in which it is written.
struct Number(u64);

/// A hash in hexadecimal digits, in lower case.
struct Leaf(NodeHash);

/// A part of the path that is of no receipt.
struct NoReceipt;

impl FromStr for Number {
    type Err = NoReceipt;

    fn from_str(text: &str) -> Result<Self, NoReceipt> {
        let number: u64 = text.parse().map_err(|_| NoReceipt)?;
        if number.to_string() == text { Ok(Self(number)) } else { Err(NoReceipt) }
    }
}

impl FromStr for Leaf {
    type Err = NoReceipt;

    fn from_str(text: &str) -> Result<Self, NoReceipt> {
        let mut leaf = [0; 32];
        hex::decode_to_slice(text, &mut leaf).map_err(|_| NoReceipt)?;
        if hex::encode(leaf) == text { Ok(Self(leaf)) } else { Err(NoReceipt) }
    }
}

pub(crate) async fn prove(request: Request) -> Result<HttpResponse, Problem> {
    let size = counted(&request, "size")?;
    let what = "receipt";
    let (tenant, Number(seq)) = (request.path("log", what)?, request.path("seq", what)?);
    let Leaf(leaf) = request.path("leaf", what)?;
    let proved = prove_receipt(request.space(), tenant, seq, leaf, size).await;
    let is_changed = |error: &ReceiptProofError| *error == ReceiptProofError::Changed;
    let proved = telling(proved, is_changed, Log::Tenant(tenant), &request).await?;
    let body = ReceiptProof {
        log: proved.log.to_string(),
        seq,
        size: proved.inclusion.size,
        root: hex::encode(proved.root),
        hashes: proved.inclusion.path.iter().map(hex::encode).collect(),
        checkpoint: proved.checkpoint.map(Checkpoint::from),
    };
    reply::json(StatusCode::OK, &body)
}
