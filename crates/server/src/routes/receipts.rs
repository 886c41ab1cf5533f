//! The route by which whoever holds a receipt has it proved.

use std::str::FromStr;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syft_space_domain::audit::tree::NodeHash;
use syft_space_domain::audit::{LogName, prove_receipt};

use crate::http::problem::Problem;
use crate::http::request::Request;
use crate::http::route_docs::Parameter;
use crate::routes::audit_proofs::{Checkpoint, counted};
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

/// What stands in a receipt.
pub(crate) const OF_RECEIPT: &[Parameter] = &[
    Parameter::new::<shapes::LogNameShape>("log", "The name of the log, as the receipt has it."),
    Parameter::new::<shapes::SeqShape>("seq", "The number of the event."),
    Parameter::new::<shapes::HashShape>("leaf", "The leaf of the event."),
    Parameter::new::<shapes::SeqShape>(
        "size",
        "Of which size of the log, for a checkpoint that one has. Left out, that of now, with a checkpoint of it.",
    ),
];

/// A hash in hexadecimal digits.
struct Leaf(NodeHash);

#[derive(Debug, thiserror::Error)]
#[error("a leaf has 64 hexadecimal digits, in lower case")]
struct LeafError;

impl FromStr for Leaf {
    type Err = LeafError;

    fn from_str(text: &str) -> Result<Self, LeafError> {
        let mut leaf = [0; 32];
        hex::decode_to_slice(text, &mut leaf).map_err(|_| LeafError)?;
        if hex::encode(leaf) == text { Ok(Self(leaf)) } else { Err(LeafError) }
    }
}

fn missing(name: &str) -> Problem {
    Problem::field(format!("/{name}"), "is missing: it stands in the receipt")
}

pub(crate) async fn proof(request: Request) -> Result<HttpResponse, Problem> {
    let log = request.query().get("log").ok_or_else(|| missing("log"))?;
    let log = LogName::from_checkpoint(log.to_owned());
    let seq = counted(&request, "seq")?.ok_or_else(|| missing("seq"))?;
    let Leaf(leaf) = request.query().parse("leaf")?.ok_or_else(|| missing("leaf"))?;
    let size = counted(&request, "size")?;
    let proved = prove_receipt(request.space(), &log, seq, leaf, size).await?;
    let body = ReceiptProof {
        log: log.to_string(),
        seq,
        size: proved.inclusion.size,
        root: hex::encode(proved.root),
        hashes: proved.inclusion.path.iter().map(hex::encode).collect(),
        checkpoint: proved.checkpoint.map(Checkpoint::from),
    };
    reply::json(StatusCode::OK, &body)
}
