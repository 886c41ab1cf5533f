//! One side of a pattern: its text, and what kind of glob it is.

use crate::policy::EmailPattern;
use crate::policy::pattern::Half;

/// One side of a pattern.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    /// As it is written.
    pub(super) text: &'a str,
    /// What it is.
    pub(super) half: Half<'a>,
}

impl<'a> Part<'a> {
    /// A side of this text.
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, half: Half::of(text) }
    }

    /// Both sides of a pattern; `None` of `*` alone.
    pub(super) fn of(pattern: &'a EmailPattern) -> Option<(Self, Self)> {
        let (local, domain) = pattern.as_str().split_once('@')?;
        Some((Self::new(local), Self::new(domain)))
    }

    /// The text in front of the first `*`.
    pub(super) fn beginning(self) -> &'a str {
        self.text.split_once('*').map_or(self.text, |(beginning, _)| beginning)
    }

    /// The text behind the last `*`.
    pub(super) fn end(self) -> &'a str {
        self.text.rsplit_once('*').map_or(self.text, |(_, end)| end)
    }

    /// Whether it holds a `*`.
    pub(super) fn is_glob(self) -> bool {
        !matches!(self.half, Half::Exact(_))
    }
}
