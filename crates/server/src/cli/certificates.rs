//! The commands `syft-space privacy certificate|verify`, and what they share with `syft-space datasets certificate`.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use serde_json::json;
use syft_space_domain::audit::{Action, Event, Object, ObjectKind};
use syft_space_domain::ids::AccountId;
use syft_space_domain::privacy::ErasureCertificate;
use syft_space_notes::{SignedCertificate, SignedDeletion, VerifierKey};

use crate::cli::account::Account;
use crate::cli::api::{ApiClient, option, unusable};
use crate::cli::deletions;
use crate::cli::exit::{CommandError, ExitStatus};
use crate::cli::output::Output;
use crate::cli::statements::{HeldAgainst, note_of, tell_held_against, tell_key};
use crate::routes::erasures;

/// Where a certificate is written.
#[derive(Args)]
pub(super) struct CertificateFile {
    /// Write it into this file, which must not be there yet, instead of to standard output
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

/// Of which erasure.
#[derive(Args)]
pub(super) struct CertificateArguments {
    /// The id that the account had, as `privacy erasures` lists it
    #[arg(value_name = "ACCOUNT")]
    id: String,
    #[command(flatten)]
    file: CertificateFile,
    #[command(flatten)]
    pub(super) account: Account,
}

/// What is verified, and by what.
#[derive(Args)]
pub(super) struct VerifyArguments {
    /// The certificate, or the answer that had it; - reads standard input
    #[arg(value_name = "FILE")]
    certificate: PathBuf,
    /// The key of the log, as the space's owner showed it; left out, the one that the certificate names itself
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    #[command(flatten)]
    pub(super) against: HeldAgainst,
}

impl CertificateFile {
    /// Refuses one that is there.
    pub(super) fn check(&self) -> Result<(), CommandError> {
        match &self.file {
            Some(path) if path.exists() => {
                Err(unusable("--file", format!("{} is there already", path.display())))
            }
            _ => Ok(()),
        }
    }

    /// Gets a certificate from the space of the home, and writes it there.
    pub(super) async fn fetch(&self, api: &ApiClient, path: &str, out: &mut Output) -> anyhow::Result<()> {
        let shown: erasures::Certificate = api.get(path).await?;
        if let Some(path) = &self.file {
            let file = OpenOptions::new().write(true).create_new(true).open(path);
            let mut file = file.with_context(|| format!("{} could not be made", path.display()))?;
            file.write_all(shown.certificate.as_bytes())?;
            file.sync_all()?;
        }
        if out.json {
            return out.document(&shown);
        }
        match &self.file {
            Some(path) => out.line(&format!("The certificate is written to {}.", path.display())),
            None => out.text(&shown.certificate),
        }
    }
}

impl CertificateArguments {
    /// Refuses what can be no id, and a file that is there.
    pub(super) fn check(&self) -> Result<(), CommandError> {
        if let Err(error) = self.id.parse::<AccountId>() {
            let error = format!("{error}; `syft-space privacy erasures` lists the ids that accounts had");
            return Err(unusable("ACCOUNT", error));
        }
        self.file.check()
    }
}

/// The error of a certificate that does not verify.
fn not_verified(why: impl std::fmt::Display) -> CommandError {
    CommandError::new(ExitStatus::Refused, format!("this certificate does not verify: {why}"))
        .because("certificate_not_verified")
}

/// Gets it from the space of the home.
pub(super) async fn certificate(
    api: &ApiClient,
    what: &CertificateArguments,
    out: &mut Output,
) -> anyhow::Result<()> {
    let id: AccountId = option("ACCOUNT", &what.id)?;
    what.file.fetch(api, &format!("/api/v1/erasures/{id}/certificate"), out).await
}

/// Verifies from what is given alone.
pub(super) fn verify(what: &VerifyArguments, out: &mut Output) -> anyhow::Result<()> {
    let known = what.key.as_deref().map(|key| option::<VerifierKey>("--key", key)).transpose()?;
    let text = note_of(&what.certificate, not_verified)?;
    let answer: Option<erasures::Certificate> = serde_json::from_str(&text).ok();
    let note = answer.map_or(text, |answer| answer.certificate);
    if let Ok(signed) = SignedDeletion::parse(&note) {
        return deletions::verify(&signed, known.as_ref(), &what.against, not_verified, out);
    }
    let signed = SignedCertificate::parse(&note).map_err(not_verified)?;
    let key = known.as_ref().unwrap_or(signed.claimed_key());
    let certificate = signed.verify(key).map_err(not_verified)?;
    let is_same = |event: &Event| is_end(event, certificate);
    let (proved, exported) = what.against.check(certificate.into(), key, is_same, not_verified, out)?;
    let (key_is_known, kept) = (known.is_some(), what.against.has_checkpoints());
    if out.json {
        let ErasureCertificate { log, seq, leaf, account, asked_by, asked_at, ended_at, erased, .. } =
            certificate;
        return out.document(&json!({
            "log": log.as_str(), "seq": seq, "leaf": hex::encode(leaf), "account_id": account, "asked_by": asked_by.as_str(),
            "asked_at": asked_at, "ended_at": ended_at, "erased": erased, "naming_policies": certificate.naming_policies,
            "naming_expectations": certificate.naming_expectations, "key": key.to_string(), "key_is_known": key_is_known,
            "proved_size": proved, "checkpoint_was_kept": kept, "export_fits": exported.then_some(true),
        }));
    }
    tell(certificate, key, key_is_known, out)?;
    tell_held_against(
        proved,
        kept,
        exported,
        "In the exported log the event is the end of this erasure.",
        out,
    )
}

/// Whether an event tells of the end of the erasure.
fn is_end(event: &Event, certificate: &ErasureCertificate) -> bool {
    event.time == certificate.ended_at
        && event.action == Action::UserDeleted
        && event.object == Some(Object::new(ObjectKind::Member, certificate.account))
}

fn tell(
    certificate: &ErasureCertificate,
    key: &VerifierKey,
    key_is_known: bool,
    out: &mut Output,
) -> anyhow::Result<()> {
    let ErasureCertificate {
        log,
        seq,
        account,
        asked_by,
        asked_at,
        ended_at,
        erased,
        naming_policies,
        naming_expectations,
        ..
    } = certificate;
    out.line(&format!(
        "The space says that all it held about the account {account} is gone: that was asked for by the {asked_by} at {asked_at}, and the last \
         of it went at {ended_at}. It recorded that as event {seq} of its log {log}."
    ))?;
    let went = erased.kinds().filter(|(_, rows)| *rows > 0);
    let went: Vec<String> = went.map(|(kind, rows)| format!("{} ({rows})", kind.replace('_', " "))).collect();
    let went = if went.is_empty() { "nothing".to_owned() } else { went.join(", ") };
    out.line(&format!("What went: {went}."))?;
    if *naming_policies > 0 || *naming_expectations > 0 {
        out.line(&format!(
            "What was left to an owner to decide on: {naming_policies} policies and the expectations of {naming_expectations} endpoints named \
             the address then."
        ))?;
    }
    tell_key(key, key_is_known, out)
}
