//! What a policy demands, as the command line says it.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use serde::Deserialize;
use serde_json::{Value, json};
use syft_space_domain::group::GroupName;
use syft_space_domain::policy::AccessEntry;

use crate::cli::api::{option, unusable};
use crate::cli::exit::{CommandError, ExitStatus};

/// The most bytes of a policy's file: as many as the server takes.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// Whom a policy lets ask, or a file that says all of it.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub(super) struct RuleArguments {
    /// Whom alone it lets ask: an address, a pattern such as *@example.org, or group:NAME; may stand several times
    #[arg(long, value_name = "PATTERN")]
    allow: Vec<String>,
    /// Whom it does not let ask; may stand several times
    #[arg(long, value_name = "PATTERN")]
    deny: Vec<String>,
    /// Take all that it is from this JSON file: {"policy_type": …, "configuration": {…}}, with its "name" or without
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

/// What a policy is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyRule {
    /// What its file says that it is called.
    name: Option<String>,
    pub(super) policy_type: String,
    pub(super) configuration: Value,
}

impl RuleArguments {
    /// Refuses what can be no pattern, by the argument that has it.
    pub(super) fn check(&self) -> Result<(), CommandError> {
        for (name, patterns) in [("--allow", &self.allow), ("--deny", &self.deny)] {
            for pattern in patterns {
                let read = option::<AccessEntry>(&format!("{name} {pattern:?}"), pattern);
                let meant = if pattern.starts_with('@') {
                    Some(format!("everybody at that domain is *{pattern}"))
                } else if pattern.parse::<GroupName>().is_ok() {
                    Some(format!("a group of that name is group:{pattern}"))
                } else {
                    None
                };
                let _readable = read.map_err(|error| match meant {
                    Some(meant) => error.and(&meant),
                    None => error,
                })?;
            }
        }
        Ok(())
    }

    /// The rule.
    pub(super) fn read(&self) -> anyhow::Result<PolicyRule> {
        let (mode, patterns) = match (&self.file, self.allow.is_empty()) {
            (Some(file), _) => return PolicyRule::from_file(file),
            (None, false) => ("allow", &self.allow),
            (None, true) => ("deny", &self.deny),
        };
        let configuration = json!({ "mode": mode, "patterns": patterns });
        Ok(PolicyRule { name: None, policy_type: "access".to_owned(), configuration })
    }
}

impl PolicyRule {
    /// Refuses the rule of a file that is of a policy with another name.
    pub(super) fn check_name(&self, wanted: &str) -> Result<(), CommandError> {
        match self.name.as_deref() {
            Some(name) if name != wanted => {
                let why = format!("the file is of the policy {name:?}, and NAME is {wanted:?}");
                Err(unusable("--file", format!("{why}: name that one, or leave \"name\" out of the file")))
            }
            _ => Ok(()),
        }
    }

    /// The rule that a file holds.
    pub(super) fn from_file(path: &Path) -> anyhow::Result<Self> {
        let reading = || format!("--file: reading {}", path.display());
        let mut text = Vec::new();
        let file = File::open(path).with_context(reading)?;
        file.take(MAX_FILE_BYTES.saturating_add(1)).read_to_end(&mut text).with_context(reading)?;
        let read = serde_json::from_slice(&text);
        read.map_err(|error| {
            let message = format!(
                "--file: {}: {error}; a policy is {{\"policy_type\", \"configuration\"}}, with or without \"name\"",
                path.display()
            );
            CommandError::new(ExitStatus::Refused, message).into()
        })
    }
}
