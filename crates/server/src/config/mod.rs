//! The configuration of a space: one table of settings, from defaults, `config.toml`, the environment and flags.

mod audit_sinks;
mod defaults;
mod detections;
mod layers;
mod mail;
mod provisioning;
mod settings;
mod urls;
mod values;
mod words;

pub use audit_sinks::{AuditSink, SinkTarget, format_word};
pub use layers::{ConfigError, Resolved, Source, home_from, load, resolve};
pub use mail::MailSettings;
pub use provisioning::ProvisioningSettings;
pub use settings::{SETTINGS, Setting, Settings};
pub use words::{LogFormat, Registration};
