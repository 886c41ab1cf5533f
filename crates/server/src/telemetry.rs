//! The operator's log.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, Settings};

/// Targets that are muted unless the setting names them: requests that cannot be read are their senders' errors, and
/// anybody can send as many as they like.
const MUTED_TARGETS: &str = "actix_http=off";

/// Starts to log to standard error. Called once.
pub(crate) fn start(settings: &Settings) {
    start_with(&settings.log, settings.log_format);
}

/// Starts to log to standard error what a filter names. Called once.
pub(crate) fn start_with(filter: &str, format: LogFormat) {
    let colours = std::io::stderr().is_terminal();
    let filter = EnvFilter::new(format!("{MUTED_TARGETS},{filter}"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours);
    let log = log.with_writer(std::io::stderr);
    // A second call, as by two servers in one test process, keeps the first one's log.
    let _first_wins = match format {
        LogFormat::Pretty => log.try_init(),
        LogFormat::Json => log.json().try_init(),
    };
}
