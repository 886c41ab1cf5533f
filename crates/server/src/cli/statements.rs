//! Statements that the key of a log has signed, receipts and certificates, and what they are held against: the proof that their event is
//! in the log, and the exported log.

use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Args;
use syft_space_domain::audit::tree::{InclusionProof, NodeHash};
use syft_space_domain::audit::{AnswerReceipt, Event, LogName};
use syft_space_domain::privacy::{DeletionCertificate, ErasureCertificate};
use syft_space_notes::{SignedNote, VerifierKey};

use crate::cli::api::unusable;
use crate::cli::checkpoint_files;
use crate::cli::exit::CommandError;
use crate::cli::exported_line::ExportedLine;
use crate::cli::named_file::{open_named, read_named};
use crate::cli::output::Output;
use crate::routes::receipts::ReceiptProof;

/// The most bytes of a statement, and of its proof. None has as many.
const MAX_BYTES: usize = 64 << 10;
/// The most bytes of a line of an exported log. No event has as many.
const MAX_LINE_BYTES: u64 = 1 << 20;

/// Tells why a statement does not verify.
pub(super) type Fail = fn(String) -> CommandError;

/// Where the event stands that a statement is of.
#[derive(Clone, Copy)]
pub(super) struct LoggedAt<'a> {
    pub(super) log: &'a LogName,
    pub(super) seq: u64,
    pub(super) leaf: NodeHash,
}

impl<'a> From<&'a AnswerReceipt> for LoggedAt<'a> {
    fn from(AnswerReceipt { log, seq, leaf, .. }: &'a AnswerReceipt) -> Self {
        Self { log, seq: *seq, leaf: *leaf }
    }
}

impl<'a> From<&'a ErasureCertificate> for LoggedAt<'a> {
    fn from(ErasureCertificate { log, seq, leaf, .. }: &'a ErasureCertificate) -> Self {
        Self { log, seq: *seq, leaf: *leaf }
    }
}

impl<'a> From<&'a DeletionCertificate> for LoggedAt<'a> {
    fn from(DeletionCertificate { log, seq, leaf, .. }: &'a DeletionCertificate) -> Self {
        Self { log, seq: *seq, leaf: *leaf }
    }
}

/// What a statement is held against.
#[derive(Args)]
pub(super) struct HeldAgainst {
    /// The proof that the event is in the log, as receipt proof wrote it
    #[arg(long, value_name = "FILE")]
    proof: Option<PathBuf>,
    /// A file with checkpoints of the log that somebody kept, one of which is of the proof's size; may stand more than once
    #[arg(long = "checkpoint", value_name = "FILE", requires = "proof")]
    checkpoints: Vec<PathBuf>,
    /// The exported log, in which the event is what it is said to be
    #[arg(long, value_name = "FILE")]
    export: Option<PathBuf>,
}

/// The text of a statement, which may stand encoded as the value of a header.
pub(super) fn note_of(path: &Path, fail: Fail) -> Result<String, CommandError> {
    let (bytes, from) = read_named("FILE", path, MAX_BYTES)?;
    let text = String::from_utf8(bytes).map_err(|_| fail(format!("{from} is no text")))?;
    let decoded = URL_SAFE_NO_PAD.decode(text.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    // An editor or a mail may have changed how lines end, and nothing that is signed has another end of a line in it.
    Ok(decoded.unwrap_or_else(|| format!("{}\n", text.replace("\r\n", "\n").trim_end_matches('\n'))))
}

impl HeldAgainst {
    /// Whether checkpoints were named that somebody kept.
    pub(super) fn has_checkpoints(&self) -> bool {
        !self.checkpoints.is_empty()
    }

    /// Holds a statement against all that is given. Answers of which size of the log its event is proved to be in it, and whether it is what
    /// it is said to be in the exported log.
    pub(super) fn check(
        &self,
        at: LoggedAt<'_>,
        key: &VerifierKey,
        is_same: impl Fn(&Event) -> bool,
        fail: Fail,
        out: &Output,
    ) -> anyhow::Result<(Option<u64>, bool)> {
        let proof = self.proof.as_deref();
        let proved = proof.map(|path| self.check_proof(path, at, key, fail, out)).transpose()?;
        let export = self.export.as_deref();
        let exported = export.map(|path| check_export(path, at, is_same, fail)).transpose()?;
        Ok((proved, exported.is_some()))
    }

    /// Checks that the event is in the log, and answers of which size.
    fn check_proof(
        &self,
        path: &Path,
        at: LoggedAt<'_>,
        key: &VerifierKey,
        fail: Fail,
        out: &Output,
    ) -> anyhow::Result<u64> {
        let (bytes, from) = read_named("--proof", path, MAX_BYTES)?;
        let proof: ReceiptProof = serde_json::from_slice(&bytes)
            .map_err(|error| unusable("--proof", format!("{from} is no proof: {error}")))?;
        if proof.log != at.log.as_str() || proof.seq != at.seq {
            return Err(fail("the proof is of another event".to_owned()).into());
        }
        let path = proof.hashes.iter().map(|text| hash(text, fail)).collect::<Result<Vec<_>, _>>()?;
        let root = hash(&proof.root, fail)?;
        let inclusion = InclusionProof { seq: proof.seq, size: proof.size, path };
        inclusion.check(at.leaf, &root).map_err(|error| fail(error.to_string()))?;
        let mut checkpoints = checkpoint_files::read(&self.checkpoints, Some(key), fail, out)?;
        if self.checkpoints.is_empty() {
            let Some(brought) = &proof.checkpoint else {
                return Err(unusable(
                    "--proof",
                    "it brings no checkpoint: name a file that has one by --checkpoint",
                )
                .into());
            };
            let opened = SignedNote::parse(&brought.checkpoint).and_then(|note| note.verify(key));
            checkpoints.push(opened.map_err(|error| fail(error.to_string()))?);
        }
        let Some(vouching) = checkpoints.iter().find(|checkpoint| checkpoint.size == proof.size) else {
            return Err(
                fail(format!("no checkpoint is of size {}, which the proof is of", proof.size)).into()
            );
        };
        if vouching.log != *at.log || vouching.root != root {
            return Err(fail("the proof does not lead to what the checkpoint signs".to_owned()).into());
        }
        Ok(proof.size)
    }
}

fn hash(text: &str, fail: Fail) -> Result<NodeHash, CommandError> {
    let mut hash = [0; 32];
    hex::decode_to_slice(text, &mut hash)
        .map_err(|_| fail("the proof has a hash that is none".to_owned()))?;
    Ok(hash)
}

/// Checks that the event in an exported log is the one that the statement is of.
fn check_export(
    path: &Path,
    at: LoggedAt<'_>,
    is_same: impl Fn(&Event) -> bool,
    fail: Fail,
) -> anyhow::Result<()> {
    let mut lines = BufReader::new(open_named("--export", path)?);
    let mut line = String::new();
    loop {
        line.clear();
        let read = io::Read::take(&mut lines, MAX_LINE_BYTES).read_line(&mut line);
        if read.map_err(|error| fail(format!("the exported log cannot be read: {error}")))? == 0 {
            return Err(fail(format!("the exported log has no event {}", at.seq)).into());
        }
        let line = ExportedLine::parse(&line)
            .map_err(|error| fail(format!("a line of the exported log is no event: {error}")))?;
        let event = match line {
            ExportedLine::Event(event) => event,
            ExportedLine::Pruned { seq, .. } if seq == at.seq => {
                let why =
                    format!("event {seq} is pruned from the exported log: --proof shows that it was there");
                return Err(fail(why).into());
            }
            ExportedLine::Pruned { .. } => continue,
        };
        let (recorded, _) = event.recorded().map_err(|error| fail(error.to_string()))?;
        if recorded.seq != at.seq {
            continue;
        }
        if recorded.leaf() != at.leaf || !is_same(&recorded.event) {
            let why =
                format!("event {} of the exported log is another than the one it was given for", at.seq);
            return Err(fail(why).into());
        }
        return Ok(());
    }
}

/// Says what was found against what a statement was held.
pub(super) fn tell_held_against(
    proved: Option<u64>,
    kept: bool,
    exported: bool,
    export_fits: &str,
    out: &mut Output,
) -> anyhow::Result<()> {
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
        out.line(export_fits)?;
    }
    Ok(())
}

/// Says by which key a certificate is signed.
pub(super) fn tell_key(key: &VerifierKey, key_is_known: bool, out: &mut Output) -> anyhow::Result<()> {
    if key_is_known {
        return out.line("This is signed by the key that you named.");
    }
    out.line(&format!(
        "This is signed by the key that the certificate names itself. It proves what the space said once you know from elsewhere that the \
         key is the space's: {key}"
    ))
}
