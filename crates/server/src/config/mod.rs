//! How a space is set up: one table of settings, from defaults, `config.toml`, the environment and flags.

mod layers;
mod settings;

pub use layers::{ConfigError, Source, home_from, load};
pub use settings::{LogFormat, Registration, SETTINGS, Setting, Settings};
