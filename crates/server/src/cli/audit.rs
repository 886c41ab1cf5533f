//! The commands `syft-space audit …`.

use clap::Subcommand;

use crate::cli::api::ApiClient;
use crate::cli::audit_events;
use crate::cli::audit_impact;
use crate::cli::audit_proofs;
use crate::cli::audit_tail;
use crate::cli::lists::list_all;
use crate::cli::output::{Column, Output, number, text};
use crate::routes::audit_sinks::AuditSink;

/// What one can do with the audit log.
#[derive(Subcommand)]
pub(super) enum Audit {
    /// List events, the newest first
    List(audit_events::Events),
    /// Show events as they come, the oldest first, until it is ended (Ctrl-C)
    Tail(audit_tail::TailArguments),
    /// Tell what a key, somebody or a breach could reach, and what the log tells was done
    Impact(audit_impact::ImpactArguments),
    /// Write the whole log, as verify reads it: also what it knows of persons
    Export(audit_proofs::ExportArguments),
    /// List where the log goes besides, and how far that is
    Sinks,
    /// Show a signed checkpoint of the log as it is now, to be kept elsewhere
    Checkpoint(audit_proofs::WhichLog),
    /// Show the key by which checkpoints of the log are verified
    Key(audit_proofs::WhichLog),
    /// Verify an exported log, with no server, home or network
    Verify(audit_proofs::VerifyArguments),
}

const SINKS: &[Column<AuditSink>] = &[
    text("NAME", |sink| sink.name.clone()),
    text("KIND", |sink| sink.kind.clone()),
    text("FORMAT", |sink| sink.format.clone()),
    number("DELIVERED", |sink| sink.delivered.to_string()),
    number("LAG", |sink| sink.lag.to_string()),
];

pub(super) async fn run(api: &ApiClient, what: &Audit, out: &mut Output) -> anyhow::Result<()> {
    match what {
        Audit::List(events) => audit_events::list(api, events, out).await,
        Audit::Tail(what) => audit_tail::follow(api, what, out).await,
        Audit::Impact(what) => audit_impact::impact(api, what, out).await,
        Audit::Sinks => list_all(api, "/api/v1/audit/sinks", SINKS, out).await,
        Audit::Export(what) => audit_proofs::export(api, what, out).await,
        Audit::Checkpoint(which) => audit_proofs::checkpoint(api, which, out).await,
        Audit::Key(which) => audit_proofs::key(api, which, out).await,
        // It needs no space, and never comes here.
        Audit::Verify(what) => audit_proofs::verify(what, out),
    }
}
