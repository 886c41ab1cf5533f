//! Many patterns at once: the first that matches an address, without trying each.

use std::collections::HashMap;

use crate::identity::Email;
use crate::policy::EmailPattern;
use crate::policy::affixes::{Affixes, End};
use crate::policy::pattern::{Half, Shape};

/// Patterns compiled for look-up. Addresses and whole domains are found by hash; halves that begin or end with the one
/// `*` they hold, by what is literal in them. Only patterns with a `*` between two texts, or with several on one side of
/// the `@`, are tried one by one ([`EmailPattern::is_mixed`]). A look-up allocates nothing.
#[derive(Debug, Clone, Default)]
pub struct PatternSet {
    patterns: Box<[EmailPattern]>,
    everyone: Option<usize>,
    addresses: HashMap<EmailPattern, usize>,
    domains: HashMap<Box<str>, LocalHalves>,
    domain_affixes: Box<[Affixes<LocalHalves>]>,
    mixed: Box<[usize]>,
    needs_email: bool,
}

/// What patterns that share a domain half have before their `@`.
#[derive(Debug, Clone)]
struct LocalHalves {
    /// The first with nothing but a `*`.
    any: Option<usize>,
    /// Most domains have no others.
    others: Option<Box<LiteralHalves>>,
}

#[derive(Debug, Clone)]
struct LiteralHalves {
    /// Sorted.
    exact: Box<[(Box<str>, usize)]>,
    affixes: [Affixes<usize>; 2],
}

/// Local halves on their way to be compiled; of several that are the same the first counts.
#[derive(Default)]
struct LocalDraft<'a> {
    any: Option<usize>,
    exact: HashMap<&'a str, usize>,
    prefixes: HashMap<&'a str, usize>,
    suffixes: HashMap<&'a str, usize>,
}

impl PatternSet {
    /// Compiles patterns. Their order is that of [`PatternSet::first_match`].
    #[must_use]
    pub fn compile(patterns: &[EmailPattern]) -> Self {
        let mut set = Self { patterns: patterns.into(), ..Self::default() };
        let (mut domains, mut prefixes, mut suffixes) = (Drafts::new(), Drafts::new(), Drafts::new());
        let mut mixed = Vec::new();
        for (index, pattern) in patterns.iter().enumerate() {
            set.needs_email |= !matches!(pattern.shape(), Shape::Everyone);
            match pattern.shape() {
                Shape::Everyone => {
                    set.everyone.get_or_insert(index);
                }
                Shape::Address => {
                    set.addresses.entry(pattern.clone()).or_insert(index);
                }
                Shape::Glob { local: Half::Mixed(_), .. } | Shape::Glob { domain: Half::Mixed(_), .. } => {
                    mixed.push(index);
                }
                Shape::Glob { local, domain: Half::Exact(domain) } => domains.add(domain, local, index),
                Shape::Glob { local, domain: Half::Prefix(domain) } => prefixes.add(domain, local, index),
                Shape::Glob { local, domain: Half::Suffix(domain) } => suffixes.add(domain, local, index),
            }
        }
        set.domains = domains.compile().collect();
        set.domain_affixes =
            [Affixes::new(End::Prefix, prefixes.compile()), Affixes::new(End::Suffix, suffixes.compile())]
                .into();
        set.mixed = mixed.into();
        set
    }

    /// The index of the first pattern that matches: of several, the one given first to [`PatternSet::compile`].
    #[must_use]
    pub fn first_match(&self, email: &Email) -> Option<usize> {
        let (local, domain) = email.halves();
        let address = self.addresses.get(email.as_str()).copied();
        let by_affix = self.domain_affixes.iter().flat_map(|affixes| affixes.at(domain));
        let by_domain = self.domains.get(domain).into_iter().chain(by_affix);
        let by_domain = by_domain.filter_map(|halves| halves.first_match(local)).min();
        let first = [self.everyone, address, by_domain].into_iter().flatten().min();
        let sooner = self.mixed.iter().copied().take_while(|index| first.is_none_or(|first| *index < first));
        let matches = |index: &usize| self.get(*index).is_some_and(|pattern| pattern.matches(email));
        sooner.into_iter().find(matches).or(first)
    }

    /// About how many steps [`PatternSet::first_match`] takes: what an index finds is one, and of the patterns that are tried one by one each
    /// piece between two `*` is one.
    #[must_use]
    pub fn cost(&self) -> usize {
        let mixed = self.mixed.iter().filter_map(|index| self.get(*index));
        1 + mixed.map(|pattern| 1 + pattern.as_str().matches('*').count()).sum::<usize>()
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

    /// The index of that pattern.
    pub(super) fn everyone_index(&self) -> Option<usize> {
        self.everyone
    }

    /// Whether there is a pattern other than `*`, which nothing but an address can tell to match or not.
    #[must_use]
    pub fn needs_email(&self) -> bool {
        self.needs_email
    }
}

impl LocalHalves {
    fn first_match(&self, local: &str) -> Option<usize> {
        let other = self.others.as_ref().and_then(|others| {
            let affixes = others.affixes.iter().flat_map(|affixes| affixes.at(local));
            let exact = others.exact.binary_search_by(|(text, _)| (**text).cmp(local));
            let exact = exact.ok().and_then(|index| others.exact.get(index)).map(|(_, index)| index);
            exact.into_iter().chain(affixes).copied().min()
        });
        self.any.into_iter().chain(other).min()
    }
}

/// Domain halves on their way to be compiled.
struct Drafts<'a>(HashMap<&'a str, LocalDraft<'a>>);

impl<'a> Drafts<'a> {
    fn new() -> Self {
        Self(HashMap::new())
    }

    fn add(&mut self, domain: &'a str, local: Half<'a>, index: usize) {
        let draft = self.0.entry(domain).or_default();
        let (halves, text) = match local {
            Half::Prefix("") => {
                draft.any.get_or_insert(index);
                return;
            }
            Half::Exact(text) => (&mut draft.exact, text),
            Half::Prefix(text) => (&mut draft.prefixes, text),
            Half::Suffix(text) => (&mut draft.suffixes, text),
            // Whoever adds has set these aside.
            Half::Mixed(_) => return,
        };
        halves.entry(text).or_insert(index);
    }

    fn compile(self) -> impl Iterator<Item = (Box<str>, LocalHalves)> {
        self.0.into_iter().map(|(domain, draft)| (domain.into(), draft.compile()))
    }
}

impl LocalDraft<'_> {
    fn compile(self) -> LocalHalves {
        let Self { any, exact, prefixes, suffixes } = self;
        let owned = |(text, index): (&str, usize)| (Box::from(text), index);
        let bare = exact.is_empty() && prefixes.is_empty() && suffixes.is_empty();
        let others = (!bare).then(|| {
            let mut exact: Box<[_]> = exact.into_iter().map(owned).collect();
            exact.sort_unstable();
            Box::new(LiteralHalves {
                exact,
                affixes: [
                    Affixes::new(End::Prefix, prefixes.into_iter().map(owned)),
                    Affixes::new(End::Suffix, suffixes.into_iter().map(owned)),
                ],
            })
        });
        LocalHalves { any, others }
    }
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
