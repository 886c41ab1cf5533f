//! The values of settings, from their text and back.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;
use serde_json::json;
use syft_space_domain::policy::{Limit, RateLimitConfiguration};

pub(super) const DAY_SECONDS: u64 = 24 * 60 * 60;

pub(super) fn set<T>(setting: &mut T, value: Option<T>) -> Option<()> {
    *setting = value?;
    Some(())
}

/// A path, and nothing where there is none.
pub(super) fn shown_path(path: Option<&Path>) -> String {
    path.map_or_else(String::new, |path| path.display().to_string())
}

pub(super) fn joined<T: ToString>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

pub(super) fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|entry| !entry.is_empty())
}

pub(super) fn within(text: &str, least: usize, most: usize) -> Option<usize> {
    text.parse().ok().filter(|number| (least..=most).contains(number))
}

/// Networks, and addresses by themselves, but never everybody.
pub(super) fn networks(text: &str) -> Option<Vec<IpNet>> {
    let network = |entry: &str| entry.parse().ok().or_else(|| entry.parse().ok().map(IpAddr::into));
    list(text).map(|entry| network(entry).filter(|network: &IpNet| network.prefix_len() > 0)).collect()
}

/// A rate as policies write it: as many at once, and so many in a time.
pub(super) fn rate(text: &str) -> Option<Limit> {
    RateLimitConfiguration::parse(&json!({ "rate": text })).ok().map(|configuration| configuration.limit)
}

pub(super) fn seconds(text: &str, most: usize) -> Option<Duration> {
    within(text, 1, most).and_then(|number| u64::try_from(number).ok()).map(Duration::from_secs)
}

pub(super) fn session_seconds(text: &str) -> Option<Duration> {
    let number = text.parse().ok().filter(|number| (60..=365 * DAY_SECONDS).contains(number));
    number.map(Duration::from_secs)
}

/// A host and its port, such as mail.example.org:587 or [::1]:25.
pub(super) fn host_and_port(text: &str) -> Option<(String, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    let is_host = host.parse::<IpAddr>().is_ok() || (!host.is_empty() && host.chars().all(is_name));
    let port = port.parse().ok().filter(|port| *port > 0)?;
    is_host.then(|| (host.to_owned(), port))
}

/// As [`host_and_port`] reads it.
pub(super) fn shown_host(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// Words `NAME=VALUE`, each taken once.
pub(super) struct Words<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Words<'a> {
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let words: Option<Vec<_>> = text.split_whitespace().map(|word| word.split_once('=')).collect();
        let words = words?;
        let names: BTreeSet<&str> = words.iter().map(|(name, _)| *name).collect();
        (names.len() == words.len()).then_some(Self(words))
    }

    pub(super) fn take(&mut self, name: &str) -> Option<&'a str> {
        let at = self.0.iter().position(|(word, _)| *word == name)?;
        Some(self.0.swap_remove(at).1)
    }

    /// A number within bounds, or one where none is said. `None` where what is said is none.
    pub(super) fn number(&mut self, name: &str, least: u64, most: u64, default: u64) -> Option<u64> {
        let Some(text) = self.take(name) else { return Some(default) };
        text.parse().ok().filter(|number| (least..=most).contains(number))
    }

    pub(super) fn path(&mut self, name: &str) -> Option<PathBuf> {
        self.take(name).map(PathBuf::from).filter(|path| path.is_absolute())
    }

    /// Whether each was taken.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
