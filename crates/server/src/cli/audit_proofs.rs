//! The commands `syft-space audit export|checkpoint|key|verify`.

use std::io::{self, BufRead, BufReader, Write};
use std::path::PathBuf;

use clap::Args;
use reqwest::Method;
use serde_json::json;
use syft_space_domain::audit::{self, LogName, LogVerifier, VerifiedLog};
use syft_space_notes::VerifierKey;

use crate::audit_formats::form::ExportFormat;
use crate::cli::api::{ApiClient, option};
use crate::cli::checkpoint_files;
use crate::cli::exit::{CommandError, ExitStatus};
use crate::cli::exported_line::ExportedLine;
use crate::cli::named_file::open_named;
use crate::cli::new_file::NewFile;
use crate::cli::output::Output;
use crate::routes::audit_proofs::{Checkpoint, Export};

/// The most bytes of a line of an export. No event has as many.
const MAX_LINE_BYTES: u64 = 1 << 20;

/// Whose log.
#[derive(Default, Args)]
pub(super) struct WhichLog {
    /// The installation's own log instead of a tenant's
    #[arg(long)]
    installation: bool,
}

impl WhichLog {
    fn path(&self, what: &str) -> String {
        let surface = if self.installation { "/operator/v1" } else { "/api/v1" };
        format!("{surface}/audit/{what}")
    }
}

/// Which log, and where to.
#[derive(Args)]
pub(super) struct ExportArguments {
    #[command(flatten)]
    which: WhichLog,
    /// Write it into this file, which must not be there yet, instead of to standard output
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// In which form; verify reads jsonl alone
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = ExportFormat::Jsonl)]
    format: ExportFormat,
    /// Leave out what events know of persons: it verifies all the same, and may go to others
    #[arg(long)]
    without_persons: bool,
}

/// What is verified, and by what.
#[derive(Args)]
pub(super) struct VerifyArguments {
    /// The exported log; - reads standard input
    #[arg(value_name = "FILE")]
    export: PathBuf,
    /// A file with checkpoints of the log that were kept, one or many; may stand more than once
    #[arg(long = "checkpoint", value_name = "FILE", requires = "key")]
    checkpoints: Vec<PathBuf>,
    /// The key that signed them, as `syft-space audit key` showed it then
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
}

pub(super) async fn checkpoint(api: &ApiClient, which: &WhichLog, out: &mut Output) -> anyhow::Result<()> {
    let shown: Checkpoint = api.get(&which.path("checkpoint")).await?;
    if out.json { out.document(&shown) } else { out.text(&shown.checkpoint) }
}

pub(super) async fn key(api: &ApiClient, which: &WhichLog, out: &mut Output) -> anyhow::Result<()> {
    let shown: Checkpoint = api.get(&which.path("checkpoint")).await?;
    if out.json {
        out.document(&json!({ "verifier_key": shown.verifier_key }))
    } else {
        out.line(&shown.verifier_key)
    }
}

/// Writes the log as it is now.
pub(super) async fn export(
    api: &ApiClient,
    ExportArguments { which, file, format, without_persons }: &ExportArguments,
    out: &mut Output,
) -> anyhow::Result<()> {
    let mut writer = file.as_deref().map(|path| NewFile::create("--file", path)).transpose()?;
    let write = |lines: &str| match &mut writer {
        Some(writer) => Ok(writer.write_all(lines.as_bytes())?),
        None => out.text(lines),
    };
    let (written, pruned) = write_log(api, which, *format, *without_persons, write).await?;
    if let Some(writer) = writer {
        writer.keep()?;
        let persons = if *without_persons { "is not among them" } else { "is among them" };
        out.remark(&format!("{written} events are written. What the log knows of persons {persons}."));
        if pruned > 0 {
            out.remark(&format!(
                "The {pruned} events before them are removed, as their term has ended: their hashes are all that is there."
            ));
        }
    }
    Ok(())
}

/// Writes the log as it is now, a part at a time. Answers how many events it has, and of how many before them there are hashes alone.
pub(super) async fn write_log(
    api: &ApiClient,
    which: &WhichLog,
    format: ExportFormat,
    without_persons: bool,
    mut write: impl FnMut(&str) -> anyhow::Result<()>,
) -> anyhow::Result<(u64, u64)> {
    let path = which.path("export");
    let (mut seq, mut pruned, mut size) = (0_u64, 0_u64, None);
    loop {
        api.renew_session().await?;
        let after = seq.to_string();
        let part: Export = api.read(api.request(Method::GET, &path, &[("after", &after)])?).await?;
        // Each part leaves an event of its own, which the next export has.
        let end = *size.get_or_insert(part.size);
        let left = usize::try_from(end.saturating_sub(seq)).unwrap_or(usize::MAX);
        let mut lines = String::new();
        let is_last = part.items.is_empty() && part.pruned.is_empty();
        if seq > pruned && !part.pruned.is_empty() {
            // Behind an event its leaf would look like something that is hidden.
            let message =
                "events were removed while the log was exported, as their term had ended: export it anew";
            return Err(CommandError::new(ExitStatus::Refused, message).into());
        }
        for event in part.pruned.into_iter().take(left) {
            // What others read has a form for events alone.
            if format == ExportFormat::Jsonl {
                lines.push_str(&serde_json::to_string(&event)?);
                lines.push('\n');
            }
            (seq, pruned) = (event.seq, event.seq);
        }
        for mut event in part.items.into_iter().take(left) {
            if without_persons {
                event.forget_person();
            }
            lines.push_str(&format.line(event)?);
            lines.push('\n');
            seq = seq.saturating_add(1);
        }
        write(&lines)?;
        if seq >= end || is_last {
            return Ok((seq.saturating_sub(pruned), pruned));
        }
    }
}

/// The error of a log that does not verify.
pub(super) fn not_verified(why: impl std::fmt::Display) -> CommandError {
    CommandError::new(ExitStatus::Refused, format!("this log does not verify: {why}"))
        .because("log_not_verified")
}

/// Verifies from what is given alone.
pub(super) fn verify(what: &VerifyArguments, out: &mut Output) -> anyhow::Result<()> {
    let key = what.key.as_deref().map(|key| option::<VerifierKey>("--key", key)).transpose()?;
    let checkpoints = checkpoint_files::read(&what.checkpoints, key.as_ref(), not_verified, out)?;
    let verified = read_log(BufReader::new(open_named("FILE", &what.export)?), checkpoints, key.as_ref())?;
    tell(&verified, out)
}

/// Verifies the events of an export, by checkpoints that this key has signed.
pub(super) fn read_log(
    mut lines: impl BufRead,
    checkpoints: Vec<audit::Checkpoint>,
    key: Option<&VerifierKey>,
) -> anyhow::Result<VerifiedLog> {
    let mut verifier = LogVerifier::new(checkpoints).map_err(not_verified)?;
    let (mut line, mut number) = (String::new(), 0_u64);
    loop {
        line.clear();
        number = number.saturating_add(1);
        let read = io::Read::take(&mut lines, MAX_LINE_BYTES).read_line(&mut line);
        let read = read.map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData => not_verified(format!("line {number} is no text")).into(),
            _ => anyhow::Error::new(error).context("reading the log"),
        })?;
        if read == 0 {
            break;
        }
        let unreadable = |error: &dyn std::fmt::Display| {
            let other = if number == 1 { "; what is verified is an export without --format" } else { "" };
            not_verified(format!("line {number} is no event: {error}{other}"))
        };
        match ExportedLine::parse(&line).map_err(|error| unreadable(&error))? {
            ExportedLine::Pruned { seq, leaf } => verifier.take_pruned(seq, leaf).map_err(not_verified)?,
            ExportedLine::Event(event) => {
                let (recorded, erased) = event.recorded().map_err(|error| unreadable(&error))?;
                verifier.take(&recorded, erased).map_err(not_verified)?;
            }
        }
    }
    if let (Some(key), Some(log)) = (key, verifier.log()) {
        check_name(key, log)?;
    }
    let verified = verifier.finish().map_err(not_verified)?;
    if verified.events == 0 {
        return Err(not_verified("it is empty, and each log has events: did what wrote it fail?").into());
    }
    Ok(verified)
}

/// The key of one log says nothing of another's.
fn check_name(key: &VerifierKey, log: audit::Log) -> Result<(), CommandError> {
    let installation = key.name().split("/audit/").next().unwrap_or_default();
    if LogName::of(installation, log).as_str() == key.name() {
        return Ok(());
    }
    Err(not_verified("the key is that of another log"))
}

fn tell(verified: &VerifiedLog, out: &mut Output) -> anyhow::Result<()> {
    let VerifiedLog { events, root, vouched, erased, pruned } = verified;
    let root = hex::encode(root);
    if out.json {
        return out.document(
            &json!({ "events": events, "root": root, "vouched": vouched, "erased": erased, "pruned": pruned }),
        );
    }
    out.line(&format!("All {events} events stand in their order, and fit what they say of persons."))?;
    if *erased > 0 {
        out.line(&format!(
            "What {erased} of them knew of persons is not there: it was erased, or left out."
        ))?;
    }
    if *pruned > 0 {
        out.line(&format!(
            "Of the first {pruned} the hashes alone are there: they were removed as their term had ended, or left out."
        ))?;
    }
    match events.saturating_sub(*vouched) {
        0 if *events > 0 => out.line("They are those that were signed: no event was changed, put in or left out.")?,
        _ if *vouched == 0 => {
            out.line("No checkpoint was given, so nothing vouches that they are those that were recorded.")?;
        }
        later => out.line(&format!(
            "The first {vouched} are those that were signed. Nothing vouches for the {later} behind them yet: a later checkpoint will."
        ))?,
    }
    out.line(&format!("Root: {root}"))
}
