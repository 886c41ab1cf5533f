//! `syft-space policies lint --upstream`: what becomes of policies of the Python Syft Space, and whose verdict differs.

use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};
use syft_space_domain::policy::{
    Effect, MAX_ATTACHED, RateLimitConfiguration, UpstreamAccess, UpstreamComparison, UpstreamDifference,
};

use crate::cli::exit::{CommandError, ExitStatus};
use crate::cli::named_file::read_named;
use crate::cli::output::{Column, Output, text};
use crate::http::json::strict_value_of;

/// The most bytes of the file: as many as of a policy's.
const MAX_FILE_BYTES: usize = 1 << 20;

/// Somebody whose verdict differs.
#[derive(Serialize)]
struct Difference {
    email: String,
    there: &'static str,
    here: &'static str,
    why: String,
}

const DIFFERENCES: &[Column<Difference>] = &[
    text("WHO", |one| one.email.clone()),
    text("THERE", |one| one.there.to_owned()),
    text("HERE", |one| one.here.to_owned()),
    text("WHY", |one| one.why.clone()),
];

impl From<&UpstreamDifference> for Difference {
    fn from(one: &UpstreamDifference) -> Self {
        let verdict = |admits| if admits { Effect::Allow } else { Effect::Deny }.as_str();
        let (there, here) = (verdict(one.there), verdict(one.here));
        Self { email: one.email.to_string(), there, here, why: one.reason.clone() }
    }
}

/// What a file holds.
#[derive(Default)]
struct Upstream {
    access: Vec<UpstreamAccess>,
    /// Rate limits, as they are made here.
    limits: Vec<Value>,
    /// What is said besides.
    remarks: Vec<String>,
}

/// Tells what is made of the policies in a file, which are attached to one endpoint there, and whose verdict differs.
pub(super) fn lint(file: &Path, out: &mut Output) -> anyhow::Result<()> {
    let upstream = Upstream::read(file)?;
    let compared = UpstreamComparison::of(&upstream.access);
    let made = compared.translated.iter().flat_map(|translated| &translated.policies);
    let made = made.map(|policy| json!({ "policy_type": "access", "configuration": policy.to_json() }));
    let policies: Vec<Value> = made.chain(upstream.limits).collect();
    let differences: Vec<Difference> = compared.differences.iter().map(Difference::from).collect();
    let mut remarks = upstream.remarks;
    let inexact = compared.translated.iter().flat_map(|translated| &translated.inexact);
    remarks.extend(inexact.map(|pattern| {
        format!("{pattern} cannot be written here: left out where it allows, widened where it denies")
    }));
    if out.json {
        return out.document(&json!({
            "policies": policies, "differences": differences, "remarks": remarks, "truncated": compared.truncated,
        }));
    }
    for policy in &policies {
        out.line(&policy.to_string())?;
    }
    let mut table = out.table(DIFFERENCES);
    table.items(&differences)?;
    if table.end()? == 0 && !compared.truncated {
        out.remark("(no member's verdict differs)");
    }
    for remark in &remarks {
        out.remark(remark);
    }
    if compared.truncated {
        out.remark("there may be more differences: it would have taken too long");
    }
    Ok(())
}

impl Upstream {
    /// Reads one policy, or a list of them.
    fn read(path: &Path) -> Result<Self, CommandError> {
        let (bytes, from) = read_named("--upstream", path, MAX_FILE_BYTES)?;
        let refused =
            |why: String| CommandError::new(ExitStatus::Refused, format!("--upstream: {from}: {why}"));
        let read = strict_value_of(&bytes).map_err(|error| refused(error.to_string()))?;
        let (policies, is_list) = match read {
            Value::Array(policies) => (policies, true),
            one => (vec![one], false),
        };
        if policies.len() > MAX_ATTACHED {
            return Err(refused(format!("it has more than {MAX_ATTACHED} policies")));
        }
        let mut upstream = Self::default();
        for (index, policy) in policies.iter().enumerate() {
            let at = if is_list { format!("/{index}") } else { String::new() };
            upstream.add(policy, &at).map_err(refused)?;
        }
        if upstream.access.is_empty() {
            upstream.remarks.push(
                "without an access policy whoever has a verified token may ask there; here members who may query, and \
                 nobody else"
                    .to_owned(),
            );
        } else if upstream.access.iter().any(|policy| policy.admits("")) {
            upstream
                .remarks
                .push("guests whom no pattern denies may ask there; here no guest may".to_owned());
        }
        Ok(upstream)
    }

    fn add(&mut self, policy: &Value, at: &str) -> Result<(), String> {
        let stored = policy.get("configuration");
        let (configuration, at) =
            stored.map_or((policy, at.to_owned()), |one| (one, format!("{at}/configuration")));
        let named = match policy.get("policy_type").map(Value::as_str) {
            Some(Some(name)) => name,
            Some(None) => return Err("policy_type is a text".to_owned()),
            None if configuration.get("limit").is_some() => "rate_limit",
            None => "access",
        };
        match named {
            "access" => {
                let read = UpstreamAccess::parse(configuration);
                self.access.push(read.map_err(|error| format!("{at}{}: {}", error.pointer, error.message))?);
            }
            "rate_limit" => {
                let read = RateLimitConfiguration::parse(configuration);
                let limit = read.map_err(|error| format!("{at}{}: {}", error.pointer, error.problem))?;
                self.limits.push(json!({ "policy_type": "rate_limit", "configuration": limit.to_json() }));
                self.remarks.push(format!(
                    "the rate limit {} counts by itself here, and goes on where it was behind a restart",
                    limit.rate()
                ));
            }
            other => {
                let name: String = other.chars().take(40).collect();
                self.remarks.push(format!("a policy of the type {name} is not brought here"));
            }
        }
        Ok(())
    }
}
