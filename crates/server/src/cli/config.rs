//! The command `syft-space config show`: every setting with its value and its source.

use std::path::Path;

use clap::Subcommand;
use serde_json::{Value, json};

use crate::cli::lists::field;
use crate::cli::output::{Column, Output, text};
use crate::config::{Resolved, SETTINGS, Source};

/// What one can do with settings.
#[derive(Subcommand)]
pub(super) enum Config {
    /// Show every setting, its value, and where it was said
    Show,
}

const COLUMNS: &[Column] = &[
    text("SETTING", |item| field(item, "key")),
    text("VALUE", |item| match field(item, "value") {
        value if value.is_empty() => "-".to_owned(),
        value => value,
    }),
    text("FROM", |item| {
        let source = item.get("source").cloned().unwrap_or_default();
        format!("{} {}", field(&source, "kind"), field(&source, "name")).trim().to_owned()
    }),
];

/// Shows the settings; the space itself is not opened. No setting holds a secret: keys lie in the home.
pub(super) fn show(
    home: &(impl AsRef<Path>, Source),
    resolved: &Resolved,
    out: &mut Output,
) -> anyhow::Result<()> {
    let (path, home_source) = home;
    let home = json!({
        "key": "home", "value": path.as_ref().display().to_string(), "source": source(home_source),
    });
    let settings = SETTINGS.iter().map(|setting| {
        json!({
            "key": setting.key,
            "value": (setting.show)(&resolved.settings),
            "source": source(resolved.source(setting.key)),
        })
    });
    let all: Vec<Value> = std::iter::once(home).chain(settings).collect();
    let mut table = out.table(COLUMNS);
    table.items(&all)?;
    table.end().map(drop)
}

fn source(source: &Source) -> Value {
    match source {
        Source::Default => json!({ "kind": "default" }),
        Source::File(path) => json!({ "kind": "file", "name": path.display().to_string() }),
        Source::Variable(name) => json!({ "kind": "environment", "name": name }),
        Source::Flag(name) => json!({ "kind": "flag", "name": name }),
    }
}
