//! The command `syft-space config show`: every setting with its value and its source.

use std::path::Path;

use clap::Subcommand;
use serde::Serialize;

use crate::cli::output::{Column, Output, text};
use crate::config::{Resolved, SETTINGS, Source};

/// What one can do with settings.
#[derive(Subcommand)]
pub(super) enum Config {
    /// Show every setting, its value, and where it was said
    Show,
}

/// A setting, its value and where it was said.
#[derive(Serialize)]
struct ShownSetting {
    key: &'static str,
    value: String,
    source: ShownSource,
}

#[derive(Serialize)]
struct ShownSource {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

const COLUMNS: &[Column<ShownSetting>] = &[
    text("SETTING", |setting| setting.key.to_owned()),
    text("VALUE", |setting| if setting.value.is_empty() { "-".to_owned() } else { setting.value.clone() }),
    text("FROM", |setting| match &setting.source {
        ShownSource { kind, name: None } => (*kind).to_owned(),
        ShownSource { kind, name: Some(name) } => format!("{kind} {name}"),
    }),
];

/// Shows the settings; the space itself is not opened. No setting holds a secret: keys lie in the home.
pub(super) fn show(
    home: &(impl AsRef<Path>, Source),
    resolved: &Resolved,
    out: &mut Output,
) -> anyhow::Result<()> {
    let (path, home_source) = home;
    let value = path.as_ref().display().to_string();
    let mut all = vec![ShownSetting { key: "home", value, source: home_source.into() }];
    all.extend(SETTINGS.iter().map(|setting| ShownSetting {
        key: setting.key,
        value: (setting.show)(&resolved.settings),
        source: resolved.source(setting.key).into(),
    }));
    let mut table = out.table(COLUMNS);
    table.items(&all)?;
    table.end().map(drop)
}

impl From<&Source> for ShownSource {
    fn from(source: &Source) -> Self {
        let (kind, name) = match source {
            Source::Default => ("default", None),
            Source::File(path) => ("file", Some(path.display().to_string())),
            Source::Variable(name) => ("environment", Some(name.clone())),
            Source::Flag(name) => ("flag", Some(name.clone())),
        };
        Self { kind, name }
    }
}
