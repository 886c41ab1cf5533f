//! The commands `syft-space receipt verify|proof`.

use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::json;
use sha2::{Digest, Sha256};
use syft_space_domain::audit::tree::InclusionProof;
use syft_space_domain::audit::{AnswerReceipt, Outcome};
use syft_space_notes::{SignedNote, SignedReceipt, VerifierKey};

use crate::cli::api::{ApiClient, option, unusable};
use crate::cli::checkpoint_files;
use crate::cli::exit::{CommandError, ExitStatus};
use crate::cli::named_file::{open_named, read_named};
use crate::cli::output::Output;
use crate::routes::audit_proofs::ExportedEvent;
use crate::routes::receipts::ReceiptProof;

/// The most bytes of a receipt, and of its proof. None has as many.
const MAX_BYTES: usize = 64 << 10;
/// The most bytes of a question or an answer that are looked at.
const MAX_BODY_BYTES: usize = 256 << 20;
/// The most bytes of a line of an exported log. No event has as many.
const MAX_LINE_BYTES: u64 = 1 << 20;

/// What one can do with a receipt.
#[derive(Subcommand)]
pub(super) enum Receipts {
    /// Verify a receipt, with no server, home or network
    Verify(VerifyArguments),
    /// Get the proof that what a receipt is of is in the audit log
    Proof(ProofArguments),
}

/// What is verified, and by what.
#[derive(Args)]
pub(super) struct VerifyArguments {
    /// The receipt, as the header Syft-Receipt had it or decoded; - reads standard input
    #[arg(value_name = "FILE")]
    receipt: PathBuf,
    /// The key of the log, as the space's owner showed it; left out, the one that the receipt names itself
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// The body of the answer, byte for byte
    #[arg(long, value_name = "FILE")]
    body: Option<PathBuf>,
    /// The body of the request, byte for byte
    #[arg(long, value_name = "FILE")]
    question: Option<PathBuf>,
    /// The proof that the event is in the log, as proof wrote it
    #[arg(long, value_name = "FILE")]
    proof: Option<PathBuf>,
    /// A file with checkpoints of the log that somebody kept, one of which is of the proof's size; may stand more than once
    #[arg(long = "checkpoint", value_name = "FILE", requires = "proof")]
    checkpoints: Vec<PathBuf>,
    /// The exported log, in which the event is what the receipt says
    #[arg(long, value_name = "FILE")]
    export: Option<PathBuf>,
}

/// Which proof.
#[derive(Args)]
pub(super) struct ProofArguments {
    /// The receipt, as the header Syft-Receipt had it or decoded; - reads standard input
    #[arg(value_name = "FILE")]
    receipt: PathBuf,
    /// For a checkpoint of this size, which one has; left out, the proof brings a checkpoint of now
    #[arg(long, value_name = "NUMBER")]
    size: Option<u64>,
}

/// The error of a receipt that does not verify.
fn not_verified(why: impl std::fmt::Display) -> CommandError {
    CommandError::new(ExitStatus::Refused, format!("this receipt does not verify: {why}"))
        .because("receipt_not_verified")
}

/// A receipt, as a text or as the value of the header.
fn read(path: &Path) -> anyhow::Result<SignedReceipt> {
    let (bytes, from) = read_named("FILE", path, MAX_BYTES)?;
    let text = String::from_utf8(bytes).map_err(|_| not_verified(format!("{from} is no text")))?;
    let decoded = URL_SAFE_NO_PAD.decode(text.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    Ok(SignedReceipt::parse(&decoded.unwrap_or(text)).map_err(not_verified)?)
}

/// Gets the proof from the space of the home.
pub(super) async fn proof(api: &ApiClient, what: &ProofArguments, out: &mut Output) -> anyhow::Result<()> {
    let signed = read(&what.receipt)?;
    let AnswerReceipt { log, seq, leaf, .. } = signed.claimed();
    let (tenant, leaf) = (log.as_str().rsplit('/').next().unwrap_or_default(), hex::encode(leaf));
    let size = what.size.map(|size| size.to_string());
    let parameters: Vec<_> = size.as_deref().map(|size| ("size", size)).into_iter().collect();
    let request =
        api.request(Method::GET, &format!("/api/v1/receipts/{tenant}/{seq}/{leaf}"), &parameters)?;
    let proof: ReceiptProof = api.read(request).await?;
    if out.json {
        out.document(&proof)
    } else {
        out.text(&format!("{}\n", serde_json::to_string_pretty(&proof)?))
    }
}

/// What was found to hold.
struct Verified<'a> {
    receipt: &'a AnswerReceipt,
    key: &'a VerifierKey,
    /// Whether the key is from elsewhere than the receipt.
    key_is_known: bool,
    answer: bool,
    question: bool,
    /// Of which size of the log the event is proved to be in it.
    proved: Option<u64>,
    /// Whether a checkpoint that somebody kept vouches for that.
    kept: bool,
    exported: bool,
}

/// Verifies from what is given alone.
pub(super) fn verify(what: &VerifyArguments, out: &mut Output) -> anyhow::Result<()> {
    let known = what.key.as_deref().map(|key| option::<VerifierKey>("--key", key)).transpose()?;
    let signed = read(&what.receipt)?;
    let key = known.as_ref().unwrap_or(signed.claimed_key());
    let receipt = signed.verify(key).map_err(not_verified)?;
    let answer = fits("--body", what.body.as_deref(), Some(receipt.answer), "answer")?;
    let question = fits("--question", what.question.as_deref(), receipt.question, "question")?;
    let proved = what
        .proof
        .as_deref()
        .map(|path| check_proof(path, &what.checkpoints, receipt, key, out))
        .transpose()?;
    let exported = what.export.as_deref().map(|path| check_export(path, receipt)).transpose()?.is_some();
    let (key_is_known, kept) = (known.is_some(), !what.checkpoints.is_empty());
    tell(&Verified { receipt, key, key_is_known, answer, question, proved, kept, exported }, out)
}

/// Whether there is a file to compare, which then is the one that the receipt is of.
fn fits(
    argument: &'static str,
    path: Option<&Path>,
    digest: Option<[u8; 32]>,
    what: &str,
) -> anyhow::Result<bool> {
    let Some(path) = path else { return Ok(false) };
    let (bytes, from) = read_named(argument, path, MAX_BODY_BYTES)?;
    match digest {
        None => Err(not_verified(format!("it is of no {what}: none was read before it was refused")).into()),
        Some(digest) if <[u8; 32]>::from(Sha256::digest(&bytes)) == digest => Ok(true),
        Some(_) => Err(not_verified(format!("{from} is not the {what} that it is of")).into()),
    }
}

fn hash(text: &str) -> Result<[u8; 32], CommandError> {
    let mut hash = [0; 32];
    hex::decode_to_slice(text, &mut hash).map_err(|_| not_verified("the proof has a hash that is none"))?;
    Ok(hash)
}

/// Checks that the event is in the log, and answers of which size.
fn check_proof(
    path: &Path,
    kept: &[PathBuf],
    receipt: &AnswerReceipt,
    key: &VerifierKey,
    out: &Output,
) -> anyhow::Result<u64> {
    let (bytes, from) = read_named("--proof", path, MAX_BYTES)?;
    let proof: ReceiptProof = serde_json::from_slice(&bytes)
        .map_err(|error| unusable("--proof", format!("{from} is no proof: {error}")))?;
    if proof.log != receipt.log.as_str() || proof.seq != receipt.seq {
        return Err(not_verified("the proof is of another event").into());
    }
    let path = proof.hashes.iter().map(|text| hash(text)).collect::<Result<Vec<_>, _>>()?;
    let root = hash(&proof.root)?;
    let inclusion = InclusionProof { seq: proof.seq, size: proof.size, path };
    inclusion.check(receipt.leaf, &root).map_err(not_verified)?;
    let mut checkpoints = checkpoint_files::read(kept, Some(key), not_verified, out)?;
    if kept.is_empty() {
        let Some(brought) = &proof.checkpoint else {
            return Err(unusable(
                "--proof",
                "it brings no checkpoint: name a file that has one by --checkpoint",
            )
            .into());
        };
        let opened = SignedNote::parse(&brought.checkpoint).and_then(|note| note.verify(key));
        checkpoints.push(opened.map_err(not_verified)?);
    }
    let Some(vouching) = checkpoints.iter().find(|checkpoint| checkpoint.size == proof.size) else {
        return Err(
            not_verified(format!("no checkpoint is of size {}, which the proof is of", proof.size)).into()
        );
    };
    if vouching.log != receipt.log || vouching.root != root {
        return Err(not_verified("the proof does not lead to what the checkpoint signs").into());
    }
    Ok(proof.size)
}

/// Checks that the event in an exported log is what the receipt says.
fn check_export(path: &Path, receipt: &AnswerReceipt) -> anyhow::Result<()> {
    let mut lines = BufReader::new(open_named("--export", path)?);
    let mut line = String::new();
    loop {
        line.clear();
        let read = io::Read::take(&mut lines, MAX_LINE_BYTES).read_line(&mut line);
        if read.map_err(|error| not_verified(format!("the exported log cannot be read: {error}")))? == 0 {
            return Err(not_verified(format!("the exported log has no event {}", receipt.seq)).into());
        }
        let event: ExportedEvent = serde_json::from_str(&line)
            .map_err(|error| not_verified(format!("a line of the exported log is no event: {error}")))?;
        let (recorded, _) = event.recorded().map_err(not_verified)?;
        if recorded.seq != receipt.seq {
            continue;
        }
        let event = &recorded.event;
        let same = (event.time, event.request, event.outcome)
            == (receipt.time, Some(receipt.request), receipt.outcome);
        if recorded.leaf() != receipt.leaf || !same {
            let why =
                format!("event {} of the exported log is another than the one it was given for", receipt.seq);
            return Err(not_verified(why).into());
        }
        return Ok(());
    }
}

fn tell(verified: &Verified<'_>, out: &mut Output) -> anyhow::Result<()> {
    let Verified { receipt, key, key_is_known, answer, question, proved, kept, exported } = *verified;
    if out.json {
        return out.document(&json!({
            "log": receipt.log.as_str(), "seq": receipt.seq, "leaf": hex::encode(receipt.leaf), "time": receipt.time,
            "request_id": receipt.request, "outcome": receipt.outcome, "endpoint": receipt.endpoint,
            "correlation_id": receipt.correlation, "status": receipt.status, "key": key.to_string(),
            "key_is_known": key_is_known, "answer_fits": answer.then_some(true),
            "question_fits": question.then_some(true), "proved_size": proved, "checkpoint_was_kept": kept,
            "export_fits": exported.then_some(true),
        }));
    }
    let AnswerReceipt { log, seq, time, request, outcome, endpoint, correlation, status, .. } = receipt;
    let asked =
        endpoint.as_deref().map_or_else(String::new, |endpoint| format!(" for the endpoint {endpoint}"));
    let named =
        correlation.as_deref().map_or_else(String::new, |id| format!(", which its sender named {id}"));
    let ended = match outcome {
        Outcome::Success => "what it asked for was done",
        Outcome::Denied => "it was not allowed",
        Outcome::Failure => "it was allowed, and failed",
    };
    out.line(&format!("At {time} the space took in the request {request}{asked}{named}."))?;
    out.line(&format!(
        "It answered with status {status}: {ended}. It recorded that as event {seq} of its log {log}."
    ))?;
    if key_is_known {
        out.line("This is signed by the key that you named.")?;
    } else {
        out.line(&format!(
            "This is signed by the key that the receipt names itself. It proves what the space said once you know from elsewhere that \
             the key is the space's: {key}"
        ))?;
    }
    out.line(match answer {
        true => "The answer that you have is the one that was given, byte for byte.",
        false => "What the answer was is not shown: --body compares the one that you have.",
    })?;
    if question {
        out.line("The request that you have is the one that was answered, byte for byte.")?;
    }
    match proved {
        Some(size) => {
            let whose = if kept { "that you have" } else { "that came with the proof" };
            out.line(&format!(
                "The event is in the log: it is among the first {size}, for which the signed checkpoint {whose} vouches."
            ))?;
        }
        None => out.line("That the log still holds the event is not shown: --proof shows it.")?,
    }
    if exported {
        out.line("In the exported log the event is what the receipt says.")?;
    }
    Ok(())
}
