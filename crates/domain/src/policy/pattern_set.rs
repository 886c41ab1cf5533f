//! Many patterns at once: the first that matches an address, without trying each.

use std::collections::HashMap;

use crate::identity::Email;
use crate::policy::EmailPattern;
use crate::policy::pattern::{Shape, glob};

/// Patterns compiled for look-up: addresses by hash, globs by the hash of their domain where it holds no `*`, and
/// each other domain half tested once for all patterns that share it. A look-up allocates nothing.
#[derive(Debug, Clone, Default)]
pub struct PatternSet {
    patterns: Box<[EmailPattern]>,
    everyone: Option<usize>,
    addresses: HashMap<EmailPattern, usize>,
    domains: HashMap<Box<str>, Vec<LocalHalf>>,
    domain_globs: HashMap<Box<str>, Vec<LocalHalf>>,
}

/// What a pattern with a known domain half has before its `@`.
#[derive(Debug, Clone)]
struct LocalHalf {
    glob: Box<str>,
    index: usize,
}

impl PatternSet {
    /// Compiles patterns. Their order is that of [`PatternSet::first_match`].
    #[must_use]
    pub fn compile(patterns: &[EmailPattern]) -> Self {
        let mut set = Self { patterns: patterns.into(), ..Self::default() };
        for (index, pattern) in patterns.iter().enumerate() {
            match pattern.shape() {
                Shape::Everyone => {
                    set.everyone.get_or_insert(index);
                }
                Shape::Address => {
                    set.addresses.entry(pattern.clone()).or_insert(index);
                }
                Shape::Glob { local, domain } => {
                    let halves = if domain.contains('*') { &mut set.domain_globs } else { &mut set.domains };
                    halves.entry(domain.into()).or_default().push(LocalHalf { glob: local.into(), index });
                }
            }
        }
        set
    }

    /// The index of the first pattern that matches: of several, the one given first to [`PatternSet::compile`].
    #[must_use]
    pub fn first_match(&self, email: &Email) -> Option<usize> {
        let (local, domain) = email.halves();
        let mut first = self.everyone;
        if let Some(index) = self.addresses.get(email.as_str()) {
            first = sooner(first, *index);
        }
        if let Some(halves) = self.domains.get(domain) {
            first = match_local(halves, local, first);
        }
        for (domain_glob, halves) in &self.domain_globs {
            // Halves are in order of their indices: if the first comes too late, so does each.
            let too_late = halves.first().is_none_or(|half| first.is_some_and(|first| first < half.index));
            if !too_late && glob(domain_glob, domain) {
                first = match_local(halves, local, first);
            }
        }
        first
    }

    /// The pattern of an index.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&EmailPattern> {
        self.patterns.get(index)
    }

    /// The pattern `*`, which matches without an address, if it is one of them.
    #[must_use]
    pub fn everyone(&self) -> Option<&EmailPattern> {
        self.get(self.everyone?)
    }

    /// Whether there is a pattern other than `*`, which nothing but an address can tell to match or not.
    #[must_use]
    pub fn needs_email(&self) -> bool {
        !(self.addresses.is_empty() && self.domains.is_empty() && self.domain_globs.is_empty())
    }
}

fn match_local(halves: &[LocalHalf], local: &str, first: Option<usize>) -> Option<usize> {
    let candidates = halves.iter().take_while(|half| first.is_none_or(|first| half.index < first));
    candidates.into_iter().find(|half| glob(&half.glob, local)).map(|half| half.index).or(first)
}

fn sooner(first: Option<usize>, index: usize) -> Option<usize> {
    Some(first.map_or(index, |first| first.min(index)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(patterns: &[&str], email: &str) -> Option<usize> {
        let patterns: Vec<_> = patterns.iter().map(|text| EmailPattern::parse(text).unwrap()).collect();
        PatternSet::compile(&patterns).first_match(&Email::parse(email).unwrap())
    }

    #[test]
    fn z2_the_first_pattern_that_matches_decides_whatever_its_kind() {
        let patterns = ["x@a.com", "a*@*.com", "*@a.com", "ada@a.com", "*", "*a@*.com", "ada@*"];
        assert_eq!(first(&patterns, "ada@a.com"), Some(1));
        assert_eq!(first(&patterns[2..], "ada@a.com"), Some(0));
        assert_eq!(first(&patterns[3..], "ada@a.com"), Some(0));
        assert_eq!(first(&patterns[4..], "ada@a.com"), Some(0));
        assert_eq!(first(&patterns[5..], "ada@a.com"), Some(0));
        assert_eq!(first(&patterns[6..], "ada@a.com"), Some(0));
        assert_eq!(first(&patterns[..1], "ada@a.com"), None);
        assert_eq!(first(&[], "ada@a.com"), None);
        for twice in ["ada@a.com", "*@a.com", "*@*", "*"] {
            assert_eq!(first(&["b@b.com", twice, twice], "ada@a.com"), Some(1));
        }
    }

    #[test]
    fn z2_only_the_lone_star_is_decided_without_an_address() {
        let set = |text| PatternSet::compile(&[EmailPattern::parse(text).unwrap()]);
        assert!(set("*").everyone().is_some());
        assert!(!set("*").needs_email());
        for text in ["*@*", "*@a.com", "a*@a.com", "a@a.com", "*@*.com"] {
            assert!(set(text).everyone().is_none(), "{text}");
            assert!(set(text).needs_email(), "{text}");
        }
    }
}
