//! Patterns by their sides: which of them mean all that another means is found without trying each.

use std::collections::BTreeMap;

use crate::policy::affixes::{Affixes, End};
use crate::policy::lint::inclusion::{Inclusions, Side};
use crate::policy::lint::part::Part;
use crate::policy::pattern::Half;

/// Patterns by what stands behind the `@`, and for each of that by what stands before it.
pub(super) struct Cover<'a> {
    domains: SideIndex<'a, SideIndex<'a, usize>>,
}

/// What stands on one side, each with a value. Only globs with a `*` between two texts, or with several, are tried one by one.
struct SideIndex<'a, T> {
    side: Side,
    /// Sorted.
    exact: Box<[(&'a str, T)]>,
    affixes: Option<Box<[Affixes<T>; 2]>>,
    mixed: Box<[(&'a str, T)]>,
}

/// Patterns on their way to be indexed: the first of each text.
#[derive(Default)]
pub(super) struct CoverDraft<'a> {
    domains: BTreeMap<&'a str, BTreeMap<&'a str, usize>>,
}

impl<'a> CoverDraft<'a> {
    /// Adds a pattern, by its place among all of them.
    pub(super) fn add(&mut self, local: Part<'a>, domain: Part<'a>, index: usize) {
        self.domains.entry(domain.text).or_default().entry(local.text).or_insert(index);
    }

    /// Indexes them.
    pub(super) fn index(self) -> Cover<'a> {
        let locals = self.domains.into_iter();
        let locals = locals.map(|(domain, locals)| (domain, SideIndex::new(Side::Local, locals)));
        Cover { domains: SideIndex::new(Side::Domain, locals) }
    }
}

impl<'a> Cover<'a> {
    /// The first pattern found that means all that another means, and that is wanted.
    pub(super) fn find(
        &self,
        local: Part<'a>,
        domain: Part<'a>,
        inclusions: &mut Inclusions<'a>,
        mut is_wanted: impl FnMut(usize, &mut Inclusions<'a>) -> bool,
    ) -> Option<usize> {
        let mut found = None;
        self.domains.visit(domain, inclusions, &mut |locals, inclusions| {
            locals.visit(local, inclusions, &mut |index, inclusions| {
                let is_found = is_wanted(*index, inclusions);
                found = is_found.then_some(*index);
                is_found
            })
        });
        found
    }
}

impl<'a, T> SideIndex<'a, T> {
    /// Indexes values by texts, which are sorted.
    fn new(side: Side, values: impl IntoIterator<Item = (&'a str, T)>) -> Self {
        let (mut exact, mut prefixes, mut suffixes, mut mixed) = (vec![], vec![], vec![], vec![]);
        for (text, value) in values {
            match Half::of(text) {
                Half::Exact(text) => exact.push((text, value)),
                Half::Prefix(text) => prefixes.push((text.into(), value)),
                Half::Suffix(text) => suffixes.push((text.into(), value)),
                Half::Mixed(text) => mixed.push((text, value)),
            }
        }
        // Most domains have none.
        let affixes = !(prefixes.is_empty() && suffixes.is_empty());
        let affixes = affixes
            .then(|| Box::new([Affixes::new(End::Prefix, prefixes), Affixes::new(End::Suffix, suffixes)]));
        Self { side, exact: exact.into(), affixes, mixed: mixed.into() }
    }

    /// Shows the value of each side that means all that another means, until one is found.
    fn visit(
        &self,
        narrow: Part<'a>,
        inclusions: &mut Inclusions<'a>,
        is_found: &mut dyn FnMut(&T, &mut Inclusions<'a>) -> bool,
    ) -> bool {
        let exact = self.exact.binary_search_by_key(&narrow.text, |(text, _)| *text);
        let exact = exact.ok().and_then(|index| self.exact.get(index)).map(|(_, value)| value);
        let at_ends = self.affixes.as_deref().into_iter().flat_map(|[prefixes, suffixes]| {
            prefixes.at(narrow.beginning()).chain(suffixes.at(narrow.end()))
        });
        for value in exact.into_iter().chain(at_ends) {
            if !inclusions.budget.take(1) {
                return false;
            }
            if is_found(value, inclusions) {
                return true;
            }
        }
        for (text, value) in &self.mixed {
            if !inclusions.budget.take(1) {
                return false;
            }
            if inclusions.includes(self.side, Part::new(text), narrow) == Some(true)
                && is_found(value, inclusions)
            {
                return true;
            }
        }
        false
    }
}
