//! The commands `syft-space encoder add|list|remove`: what turns texts into vectors.
//!
//! They work on the home's folder of encoders, whether a server runs or not: that looks at the folder by itself.

mod add;
mod archive;

use std::path::Path;

use clap::Subcommand;
use serde::Serialize;
use syft_space_domain::encoder::{EncoderName, ModelRevision};
use syft_space_home::{EncoderFolders, EncodersLock, Home, HomeError, layout};
use syft_space_models::{EncoderRecord, RecordRefused, Runs};
use syft_space_sqlite::{OpenError, prepare_home};

use crate::cli::api::unusable;
use crate::cli::connect::no_space;
use crate::cli::exit::{CommandError, ExitStatus};
use crate::cli::output::{Column, Output, number, text};
use crate::config::Settings;

/// How many digits of a revision a person is shown.
const SHOWN_DIGITS: usize = 12;

/// What one can do with encoders.
#[derive(Subcommand)]
pub(super) enum EncoderCommand {
    /// Install an encoder: the model of a folder or of an archive, which runs here, or one that a server runs
    Add(Box<add::AddEncoder>),
    /// List all of them
    List,
    /// Remove one: what was found by it is found by words
    Remove {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
    },
}

/// An encoder as it is listed.
#[derive(Serialize)]
struct ListedEncoder {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoder: Option<EncoderView>,
    /// Why it cannot be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

/// What is known of an encoder.
#[derive(Serialize)]
struct EncoderView {
    model: String,
    revision: String,
    dimension: usize,
    longest_input: usize,
    unrelated_cosine: f32,
    /// The server that runs it; none where it runs here.
    server: Option<String>,
}

impl EncoderView {
    fn of(record: &EncoderRecord) -> Self {
        let EncoderRecord { model, unrelated_cosine, runs } = record;
        Self {
            model: model.id().to_string(),
            revision: model.revision().to_string(),
            dimension: model.dimension(),
            longest_input: model.longest_input(),
            unrelated_cosine: unrelated_cosine.get(),
            server: match runs {
                Runs::Here => None,
                Runs::AtServer(server) => Some(server.base_url.clone()),
            },
        }
    }
}

impl ListedEncoder {
    fn new(name: &EncoderName, record: Result<&EncoderRecord, &RecordRefused>) -> Self {
        let (encoder, problem) = match record {
            Ok(record) => (Some(EncoderView::of(record)), None),
            Err(refused) => (None, Some(refused.to_string())),
        };
        Self { name: name.to_string(), encoder, problem }
    }

    /// What stands in a cell, where the encoder can be used.
    fn cell(&self, cell: impl FnOnce(&EncoderView) -> String) -> String {
        self.encoder.as_ref().map(cell).unwrap_or_default()
    }
}

const ENCODERS: &[Column<ListedEncoder>] = &[
    text("NAME", |encoder| encoder.name.clone()),
    text("MODEL", |encoder| encoder.cell(|view| view.model.clone())),
    text("REVISION", |encoder| encoder.cell(|view| view.revision.chars().take(SHOWN_DIGITS).collect())),
    number("DIMENSION", |encoder| encoder.cell(|view| view.dimension.to_string())),
    number("TOKENS", |encoder| encoder.cell(|view| view.longest_input.to_string())),
    text("WHERE", |encoder| match &encoder.problem {
        Some(problem) => format!("cannot be used: {problem}"),
        None => encoder.cell(|view| view.server.clone().unwrap_or_else(|| "here".to_owned())),
    }),
];

pub(super) fn run(
    home: &Path,
    settings: &Settings,
    what: &EncoderCommand,
    out: &mut Output,
) -> anyhow::Result<()> {
    match what {
        EncoderCommand::Add(add) => add::run(home, settings, add, out),
        EncoderCommand::List => {
            let folders = EncoderFolders::new(open(home)?);
            let items: Vec<_> = EncoderRecord::all(&folders)?
                .iter()
                .map(|(name, record)| ListedEncoder::new(name, record.as_ref()))
                .collect();
            let mut table = out.table(ENCODERS);
            table.items(&items)?;
            if table.end()? == 0 && !out.json {
                out.remark("No encoder is installed; `syft-space encoder add` installs one.");
            }
            Ok(())
        }
        EncoderCommand::Remove { name } => remove(home, name, out),
    }
}

fn remove(home: &Path, name: &str, out: &mut Output) -> anyhow::Result<()> {
    let name = parse_name(name)?;
    let folders = EncoderFolders::new(open(home)?);
    let is_known = folders.names()?.contains(&name);
    if !is_known || !lock(&folders)?.remove(&name)? {
        let message = format!("no encoder {name} is installed; `syft-space encoder list` shows which are");
        return Err(CommandError::new(ExitStatus::NotFound, message).into());
    }
    if out.json {
        return out.document(&serde_json::json!({ "name": name.as_str() }));
    }
    out.line(&format!(
        "{name} is removed. Datasets that use it are found by words, until another is installed under that name."
    ))
}

/// The home of a space.
fn open(path: &Path) -> anyhow::Result<Home> {
    if !path.join(layout::APP_DB).exists() {
        return Err(no_space(path).into());
    }
    prepare_home(path).map_err(|error| match error {
        // What root would write there, the home's user could not read.
        OpenError::Home(HomeError::ForeignOwner { path, owner, .. }) => {
            anyhow::anyhow!(
                "{} belongs to the user with the id {owner}: run this as that user",
                path.display()
            )
        }
        other => other.into(),
    })
}

/// The right to change which encoders are installed.
fn lock(folders: &EncoderFolders) -> anyhow::Result<EncodersLock> {
    folders.lock().map_err(|error| match error.kind() {
        std::io::ErrorKind::WouldBlock => CommandError::new(ExitStatus::Refused, error.to_string()).into(),
        _ => error.into(),
    })
}

fn parse_name(name: &str) -> Result<EncoderName, CommandError> {
    EncoderName::parse(name).map_err(|error| unusable("NAME", error))
}

/// A revision as a person is shown it.
fn short(revision: ModelRevision) -> String {
    revision.to_string().chars().take(SHOWN_DIGITS).collect()
}
