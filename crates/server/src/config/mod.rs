//! The configuration of a space: one table of settings, from defaults, `config.toml`, the environment and flags.

mod defaults;
mod detections;
mod layers;
mod mail;
mod settings;
mod urls;
mod values;

pub use layers::{ConfigError, Resolved, Source, home_from, load, resolve};
pub use mail::MailSettings;
pub use settings::{LogFormat, Registration, SETTINGS, Setting, Settings};
