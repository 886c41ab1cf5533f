//! What a member reads is read in one way, which asks again behind the read whether they still may.

use std::collections::BTreeSet;
use std::fs;

use crate::house::words::{root, sources};

/// The functions of the domain that read the store themselves, and for whom: for no principal.
const DIRECT: &[(&str, &str)] = &[
    ("dataset/encode.rs wanted", "nobody: vectors follow in the background"),
    ("dataset/forget_database.rs forget_database", "the operator, with no server running"),
    ("dataset/remove.rs finish_removal", "nobody: whoever removes a dataset was asked when it began"),
    ("provisioning/keep.rs find_databases", "nobody: databases are looked after in the background"),
    ("provisioning/keep.rs wanted", "nobody: databases are looked after in the background"),
    ("dataset/vector_location.rs database", "nobody: the space calls its own vector database"),
    ("retention/sweep.rs sweep_everywhere", "nobody: it goes by itself"),
    ("retention/sweep.rs sweep_log", "nobody: it goes by itself"),
    ("identity/reading.rs read", "the one way itself"),
    ("identity/reading.rs read_ahead", "the same, with a refusal that is recorded"),
    ("identity/accept.rs look_up", "whoever holds the token; a unit of work asks again"),
    ("identity/redeem_reset.rs look_up", "whoever holds the token; a unit of work asks again"),
    ("identity/login.rs look_up", "whoever claims an address; a unit of work asks again"),
    ("identity/login.rs know", "whoever has given the password; a unit of work asks again"),
    ("identity/oidc/start.rs find_provider", "whoever signs in; a unit of work asks again"),
    ("identity/oidc/enter.rs enter", "whoever a provider has identified; a unit of work asks again"),
    ("identity/oidc/configure.rs scope", "the operator"),
    ("identity/oidc/configure.rs oidc_providers", "the operator"),
    ("identity/refresh.rs refresh", "whoever holds the token; a unit of work asks again"),
    ("tenant/register.rs tenants", "the operator"),
    ("tenant/remove.rs remove_ended_tenants", "the background"),
    ("tenant/remove.rs read", "the background"),
    ("tenant/forget_members.rs read", "the background"),
    ("tenant/register.rs is_founded", "whoever sets a space up"),
    ("policy/manual_review/mod.rs find", "the policy, whatever the caller may; a unit of work asks again"),
    ("expectation/guard.rs write", "the guard, whatever the caller may; the unit of work asks again"),
    ("audit/list.rs installation_events", "the operator"),
    ("audit/export.rs export_installation", "the operator"),
    ("inquiry/tail.rs begin_installation", "the operator"),
    ("inquiry/tail.rs next", "the operator; a member's by the one way"),
    ("audit/sign_checkpoints.rs installation_checkpoint", "the operator"),
    ("audit/sign_checkpoints.rs sign_grown_logs", "the background"),
    ("audit/sign_checkpoints.rs look_at", "the background"),
    ("audit/prove_receipt.rs prove_receipt", "whoever holds a receipt: its leaf is the secret"),
    ("marketplace/trust.rs trusted_hubs", "the operator"),
    ("approval/sweep.rs finish_outdated", "the background"),
    ("approval/sweep.rs has_ended", "the background"),
    ("approval/sweep.rs remove_ended_approvals", "the background"),
    ("privacy/certify.rs certificate_by_token", "whoever has the token of the erasure"),
    ("privacy/finish_erasures.rs finish_erasures", "the background"),
    ("privacy/finish_erasures.rs go_on", "the background"),
    ("privacy/finish_erasures.rs read", "the background"),
    ("privacy/reapply.rs reapply_erasures", "the start"),
    ("privacy/reapply.rs remove_again", "the start"),
    ("privacy/reapply.rs known", "the start"),
    ("privacy/reapply.rs erase", "the start"),
    ("privacy/reapply.rs find", "the start"),
    ("privacy/reapply.rs find_by_mark", "the start"),
    ("marketplace/tell.rs tell_due", "the background"),
    ("marketplace/tell.rs listed", "the background"),
    ("marketplace/tell.rs wanted", "the background"),
    (
        "dataset/ingest.rs finish_ingestion",
        "the background, or whoever waits for it and is asked for behind it",
    ),
    ("dataset/ingest_files.rs working_for", "the background"),
    ("detection/look.rs detect", "the background"),
    ("detection/look.rs look_at", "the background"),
    ("sink/batch.rs next_batch", "the background"),
    ("sink/batch.rs next_of_log", "the background"),
    ("dataset/reconcile.rs lost_datasets", "the operator, with no server running"),
    ("dataset/reconcile.rs reconcile", "the start"),
    ("dataset/reconcile.rs stored", "the start"),
    ("dataset/reconcile.rs was_removed", "the start"),
];

/// The name of the function that begins in a line.
fn function(line: &str) -> Option<&str> {
    let (before, rest) = line.split_once("fn ")?;
    let is_item = before.split_whitespace().all(|word| word == "async" || word.starts_with("pub"));
    is_item.then(|| rest.split(['(', '<']).next().unwrap_or_default())
}

#[test]
fn no_use_case_reads_on_somebodys_behalf_without_asking_again() {
    let mut found = BTreeSet::new();
    let domain = root().join("crates/domain/src");
    for file in sources(&domain) {
        let path = file.strip_prefix(&domain).unwrap().display();
        let text = fs::read_to_string(&file).unwrap();
        let own = text.split("#[cfg(test)]").next().unwrap_or_default();
        let mut name = "";
        let mut before = "";
        for line in own.lines().map(str::trim) {
            name = function(line).unwrap_or(name);
            let goes_on = before.ends_with("store") && line.starts_with(".read(");
            if goes_on || line.contains("store.read(") || line.contains("store.submit_read(") {
                found.insert(format!("{path} {name}"));
            }
            before = line;
        }
    }
    let stated: BTreeSet<_> = DIRECT.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(found, stated, "read by `Space::read`, or say in DIRECT why nobody is to be asked for again");
}
