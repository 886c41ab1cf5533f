//! The commands `syft-space receipt verify|proof`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::json;
use sha2::{Digest, Sha256};
use syft_space_domain::audit::{AnswerReceipt, Event, Outcome};
use syft_space_notes::{SignedCertificate, SignedDeletion, SignedReceipt, VerifierKey};

use crate::cli::api::{ApiClient, option};
use crate::cli::exit::{CommandError, ExitStatus};
use crate::cli::named_file::read_named;
use crate::cli::output::Output;
use crate::cli::statements::{HeldAgainst, LoggedAt, note_of, tell_held_against};
use crate::routes::receipts::ReceiptProof;

/// The most bytes of a question or an answer that are looked at.
const MAX_BODY_BYTES: usize = 256 << 20;

/// What one can do with a receipt.
#[derive(Subcommand)]
pub(super) enum Receipts {
    /// Verify a receipt, with no server, home or network
    Verify(VerifyArguments),
    /// Get the proof that what a receipt, or a certificate, is of is in the audit log
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
    #[command(flatten)]
    against: HeldAgainst,
}

/// Which proof.
#[derive(Args)]
pub(super) struct ProofArguments {
    /// The receipt, as the header Syft-Receipt had it or decoded, or the certificate of an erasure or a deletion; - reads standard input
    #[arg(value_name = "FILE")]
    statement: PathBuf,
    /// For a checkpoint of this size, which one has; left out, the proof brings a checkpoint of now
    #[arg(long, value_name = "NUMBER")]
    size: Option<u64>,
}

/// The error of a receipt that does not verify.
fn not_verified(why: impl std::fmt::Display) -> CommandError {
    CommandError::new(ExitStatus::Refused, format!("this receipt does not verify: {why}"))
        .because("receipt_not_verified")
}

/// Gets the proof from the space of the home.
pub(super) async fn proof(api: &ApiClient, what: &ProofArguments, out: &mut Output) -> anyhow::Result<()> {
    let note = note_of(&what.statement, not_verified)?;
    let receipt = SignedReceipt::parse(&note);
    let (erasure, deletion) = (SignedCertificate::parse(&note), SignedDeletion::parse(&note));
    let LoggedAt { log, seq, leaf } = match (&receipt, &erasure, &deletion) {
        (_, Ok(certificate), _) => certificate.claimed().into(),
        (_, _, Ok(certificate)) => certificate.claimed().into(),
        (Ok(receipt), ..) => receipt.claimed().into(),
        (Err(error), ..) => return Err(not_verified(error).into()),
    };
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
    let signed = SignedReceipt::parse(&note_of(&what.receipt, not_verified)?).map_err(not_verified)?;
    let key = known.as_ref().unwrap_or(signed.claimed_key());
    let receipt = signed.verify(key).map_err(not_verified)?;
    let answer = fits("--body", what.body.as_deref(), Some(receipt.answer), "answer")?;
    let question = fits("--question", what.question.as_deref(), receipt.question, "question")?;
    let same = (receipt.time, Some(receipt.request), receipt.outcome);
    let is_same = |event: &Event| (event.time, event.request, event.outcome) == same;
    let (proved, exported) = what.against.check(receipt.into(), key, is_same, not_verified, out)?;
    let (key_is_known, kept) = (known.is_some(), what.against.has_checkpoints());
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
    tell_held_against(proved, kept, exported, "In the exported log the event is what the receipt says.", out)
}
