//! The command `syft-space policies coverage`: how much each caller was shown.

use clap::Args;

use crate::cli::api::ApiClient;
use crate::cli::exit::{CommandError, ExitStatus};
use crate::cli::instant::time;
use crate::cli::known_policies::{PATH, find_policy};
use crate::cli::lists::{Described, Description, list_described};
use crate::cli::names::Names;
use crate::cli::output::{Column, Output, number, text};
use crate::routes::policies::CallerCoverage;

/// The type of the policies that count what they let a caller be shown.
const COUNTING_TYPE: &str = "disclosure_limit";

/// Of which policy.
#[derive(Args)]
pub(super) struct Coverage {
    /// Its name, or its id; it is of the type disclosure_limit
    #[arg(value_name = "NAME")]
    name: String,
}

const COVERAGE: &[Column<Described<CallerCoverage>>] = &[
    text("CALLER", |shown| shown.description.first.clone()),
    number("SHOWN", |shown| shown.item.shown.to_string()),
    text("LAST", |shown| time(shown.item.last_shown_at)),
];

pub(super) async fn run(api: &ApiClient, what: &Coverage, out: &mut Output) -> anyhow::Result<()> {
    let policy = find_policy(api, &what.name).await?;
    if policy.policy_type != COUNTING_TYPE {
        let message = format!(
            "the policy {:?} is of the type {}: what each caller was shown is counted by policies of the type {COUNTING_TYPE}",
            policy.name, policy.policy_type,
        );
        return Err(CommandError::new(ExitStatus::Refused, message).into());
    }
    let names = if out.json { Names::default() } else { Names::read(api).await? };
    let name = async |shown: &CallerCoverage| {
        Ok(Description { first: names.of(&shown.caller_id.to_string()), ..Description::default() })
    };
    let path = format!("{PATH}/{}/coverage", policy.id);
    list_described(api, &path, &[], COVERAGE, u64::MAX, out, name).await
}
