//! Whether all that one side of a pattern means is meant by a side of another, too.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::policy::lint::budget::Budget;
use crate::policy::lint::glob::Glob;
use crate::policy::lint::grammar::{Domain, Grammar, Local};
use crate::policy::lint::part::Part;
use crate::policy::pattern::Half;

/// How many states of two globs and the grammar are looked at together, at most: more than those have that people write.
const MAX_STATES: usize = 50_000;

/// How many bytes a glob is tried on in the time of one step.
const BYTES_OF_STEP: usize = 16;

/// On which side of the `@`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Side {
    /// Before it.
    Local,
    /// Behind it.
    Domain,
}

/// Tells which sides include which, and remembers it where that took long.
pub(super) struct Inclusions<'a> {
    known: HashMap<(Side, &'a str, &'a str), Option<bool>>,
    /// What may still be done.
    pub(super) budget: Budget,
}

impl<'a> Inclusions<'a> {
    /// Nothing is known yet.
    pub(super) fn new(budget: Budget) -> Self {
        Self { known: HashMap::new(), budget }
    }

    /// Whether whatever `narrow` matches is matched by `wide`, of what can stand on that side of a canonical address; `None`
    /// where that would take too long to tell. That sides and labels are not endless is not counted: a `*` stands for texts of
    /// any length. `narrow` matches something.
    pub(super) fn includes(&mut self, side: Side, wide: Part<'a>, narrow: Part<'a>) -> Option<bool> {
        match wide.half {
            Half::Exact(text) => Some(narrow.text == text),
            // Where a `*` stands any of several letters can, so no text has an end that is not literal in it.
            Half::Prefix(text) => Some(narrow.beginning().starts_with(text)),
            Half::Suffix(text) => Some(narrow.end().ends_with(text)),
            Half::Mixed(_) if narrow.text == wide.text => Some(true),
            Half::Mixed(text) if !narrow.is_glob() => {
                let may = self.budget.take(1 + (text.len() + narrow.text.len()) / BYTES_OF_STEP);
                may.then(|| wide.half.matches(narrow.text))
            }
            Half::Mixed(_) => {
                let may_begin = narrow.beginning().starts_with(wide.beginning());
                if may_begin && narrow.end().ends_with(wide.end()) {
                    self.globs(side, wide.text, narrow.text)
                } else {
                    Some(false)
                }
            }
        }
    }

    fn globs(&mut self, side: Side, wide: &'a str, narrow: &'a str) -> Option<bool> {
        if let Some(known) = self.known.get(&(side, wide, narrow)) {
            return *known;
        }
        let found = match side {
            Side::Local => includes(Local::default(), wide, narrow, &mut self.budget),
            Side::Domain => includes(Domain::of_any_length(), wide, narrow, &mut self.budget),
        };
        self.known.insert((side, wide, narrow), found);
        found
    }
}

/// Follows both globs and the grammar through all texts at once, and looks for one that `narrow` matches and `wide` does not.
fn includes<G: Grammar>(grammar: G, wide: &str, narrow: &str, budget: &mut Budget) -> Option<bool> {
    let letters = letters::<G>(wide, narrow);
    if !budget.take(wide.len() + narrow.len()) {
        return None;
    }
    let (wide, narrow) = (Glob::new(wide), Glob::new(narrow));
    let start = (narrow.start(), Some(wide.start()), grammar);
    let (mut seen, mut open) = (HashSet::from([start]), vec![start]);
    while let Some((in_narrow, in_wide, grammar)) = open.pop() {
        if in_wide.is_some_and(|at| wide.matches_all(at)) {
            continue;
        }
        if narrow.is_end(in_narrow) && grammar.is_whole() && !in_wide.is_some_and(|at| wide.is_end(at)) {
            return Some(false);
        }
        if !budget.take(letters.len()) {
            return None;
        }
        for letter in &letters {
            let Some(grammar) = grammar.read(*letter) else { continue };
            let Some(in_narrow) = narrow.read(in_narrow, *letter) else { continue };
            let next = (in_narrow, in_wide.and_then(|at| wide.read(at, *letter)), grammar);
            if seen.insert(next) {
                open.push(next);
            }
        }
        if seen.len() > MAX_STATES {
            // Two patterns alone shall not use up what is there for all.
            budget.skip();
            return None;
        }
    }
    Some(true)
}

/// The letters of two globs, those that mean something in the grammar, and one other: all others are like it.
fn letters<G: Grammar>(wide: &str, narrow: &str) -> Vec<u8> {
    let literal = wide.bytes().chain(narrow.bytes()).filter(|byte| *byte != b'*');
    let mut letters: BTreeSet<u8> = literal.chain(G::SPECIAL.iter().copied()).collect();
    // A letter, where there is one: whatever a digit can stand for, it can.
    let other = (b'a'..=b'z').chain(b'!'..=b'~').find(|byte| G::is_letter(*byte) && !letters.contains(byte));
    letters.extend(other);
    letters.into_iter().collect()
}
