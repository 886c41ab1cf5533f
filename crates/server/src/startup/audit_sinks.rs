//! The sinks of the audit logs, from their settings.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::Context;
use syft_space_domain::random::Entropy;
use syft_space_domain::secret::Secret;
use syft_space_domain::sink::SinkTerms;
use syft_space_outbound::Client;
use syft_space_sinks::{FileSink, Sink, SyslogSink, WebhookSecrets, WebhookSink};

use crate::audit_formats::form::ExportFormat;
use crate::config::{AuditSink, Settings, SinkTarget, format_word};
use crate::http::audit_sinks::SinkStatus;
use crate::startup::wiring::outbound;

/// A sink that is ready to be delivered to.
pub(crate) struct OpenSink {
    /// Its name, and what it gets.
    pub(crate) terms: SinkTerms,
    /// How events are told.
    pub(crate) format: ExportFormat,
    /// Where they go.
    pub(crate) sink: Sink,
}

/// What is known of the sinks in the beginning.
pub(super) fn statuses(settings: &Settings) -> Vec<Arc<SinkStatus>> {
    let status = |AuditSink { terms, format, target }: &AuditSink| SinkStatus {
        name: terms.name.clone(),
        kind: target.kind(),
        logs: terms.logs,
        format: format_word(*format),
        is_late: AtomicBool::new(false),
    };
    settings.audit_sinks.iter().map(status).map(Arc::new).collect()
}

/// Makes the sinks. Nothing is written or called yet.
///
/// # Errors
/// When the settings name a file or an address that cannot be used.
pub(super) fn open(settings: &Settings, entropy: &Arc<dyn Entropy>) -> anyhow::Result<Vec<OpenSink>> {
    let sinks = &settings.audit_sinks;
    // A client of their own, made where one is needed: what it may have under way is theirs alone.
    let is_webhook = |sink: &AuditSink| matches!(sink.target, SinkTarget::Webhook { .. });
    let client = sinks.iter().any(is_webhook).then(|| outbound(settings, entropy)).transpose()?.map(Arc::new);
    let ca_file = settings.outbound_ca_file.as_deref();
    let open = |sink: &AuditSink| {
        let AuditSink { terms, format, target } = sink;
        let opened = open_one(sink, target, ca_file, client.as_ref());
        let sink = opened.with_context(|| format!("the audit sink {}", terms.name))?;
        Ok(OpenSink { terms: terms.clone(), format: *format, sink })
    };
    sinks.iter().map(open).collect()
}

fn open_one(
    sink: &AuditSink,
    target: &SinkTarget,
    ca_file: Option<&Path>,
    client: Option<&Arc<Client>>,
) -> anyhow::Result<Sink> {
    Ok(match target {
        SinkTarget::File(settings) => {
            Sink::File(Arc::new(FileSink::new(sink.terms.name.clone(), settings.clone())))
        }
        SinkTarget::Syslog(settings) => Sink::Syslog(SyslogSink::new(settings.clone(), ca_file)?),
        SinkTarget::Webhook { url, secret_file } => {
            let text = std::fs::read_to_string(secret_file).map(Secret::new);
            let text = text.with_context(|| format!("reading secret_file, {}", secret_file.display()))?;
            let secrets = WebhookSecrets::parse(text.expose()).context("reading secret_file")?;
            let client = client.context("there is no client for webhooks")?;
            Sink::Webhook(WebhookSink::new(Arc::clone(client), url.clone(), secrets)?)
        }
    })
}
