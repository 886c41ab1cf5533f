//! What a policy demands, as the command line says it.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Deserialize;
use serde_json::{Value, json};
use syft_space_domain::group::GroupName;
use syft_space_domain::policy::{AccessEntry, Enforcement};

use crate::cli::api::{option, unusable};
use crate::cli::exit::{CommandError, ExitStatus};
use crate::cli::named_file::read_named;
use crate::http::json::strict_value_of;

/// The most bytes of a policy's file: as many as the server takes.
const MAX_FILE_BYTES: usize = 1 << 20;

/// Whom a policy lets ask, or a file that says all of it.
#[derive(Args)]
#[group(multiple = false)]
pub(super) struct RuleArguments {
    /// Whom alone it lets ask: an address, a pattern such as *@example.org, group:NAME, or hub:MARKETPLACE/PATTERN; may stand
    /// several times
    #[arg(long, value_name = "PATTERN")]
    allow: Vec<String>,
    /// Whom it does not let ask; may stand several times
    #[arg(long, value_name = "PATTERN")]
    deny: Vec<String>,
    /// Take all that it is from this JSON file: {"policy_type": …, "configuration": {…}}, with its "name" or without
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

/// Whether a policy decides on queries; as it was, where neither is said.
#[derive(Args)]
#[group(multiple = false)]
pub(super) struct EnforcementArguments {
    /// Try it: it refuses nobody, and the audit log tells which queries it would have refused
    #[arg(long)]
    shadow: bool,
    /// Have it decide, as a new one does
    #[arg(long)]
    enforce: bool,
}

impl EnforcementArguments {
    /// What is said, if anything is.
    pub(super) fn said(&self) -> Option<Enforcement> {
        let shadow = self.shadow.then_some(Enforcement::Shadow);
        shadow.or_else(|| self.enforce.then_some(Enforcement::Enforce))
    }
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

    /// Whether anything is said.
    pub(super) fn is_said(&self) -> bool {
        self.file.is_some() || !self.allow.is_empty() || !self.deny.is_empty()
    }

    /// The rule, if one is said.
    pub(super) fn read(&self) -> Result<Option<PolicyRule>, CommandError> {
        let (mode, patterns) = match (&self.file, self.allow.is_empty()) {
            (Some(file), _) => return PolicyRule::from_file(file).map(Some),
            (None, false) => ("allow", &self.allow),
            (None, true) if self.deny.is_empty() => return Ok(None),
            (None, true) => ("deny", &self.deny),
        };
        let configuration = json!({ "mode": mode, "patterns": patterns });
        Ok(Some(PolicyRule { name: None, policy_type: "access".to_owned(), configuration }))
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
    pub(super) fn from_file(path: &Path) -> Result<Self, CommandError> {
        let (text, from) = read_named("--file", path, MAX_FILE_BYTES)?;
        let what = "a policy is {\"policy_type\", \"configuration\"}, with or without \"name\"";
        let refused =
            |why: String| CommandError::new(ExitStatus::Refused, format!("--file: {from}: {why}; {what}"));
        if text.trim_ascii().is_empty() {
            return Err(refused("the file is empty".to_owned()));
        }
        // As strict as the server: a key that stands twice has no meaning.
        let value = strict_value_of(&text).map_err(|error| refused(format!("it is no JSON: {error}")))?;
        if !value.is_object() {
            return Err(refused("it is JSON, and no object".to_owned()));
        }
        serde_json::from_value(value).map_err(|error| refused(error.to_string()))
    }
}
