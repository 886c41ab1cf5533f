//! One side of a pattern as a deterministic automaton: a state for each of its bytes, and no more.

/// A glob, compiled. What stands between two `*` is found where it first can be, as it leaves the most for what is behind.
pub(super) struct Glob {
    states: Box<[State]>,
    start: u16,
}

/// Where a glob is in its text.
pub(super) type At = u16;

struct State {
    /// The byte that leads on; `None` where the piece ends.
    expected: Option<u8>,
    next: At,
    /// Where another byte is looked at again; `None` where the text is no match then.
    otherwise: Otherwise,
    is_end: bool,
}

#[derive(Clone, Copy)]
enum Otherwise {
    Never,
    /// Any byte is passed over here.
    Stay,
    /// It is looked at from there.
    From(At),
}

impl Glob {
    /// Compiles one side of a pattern, in which no two `*` stand side by side.
    pub(super) fn new(text: &str) -> Self {
        let pieces: Vec<&[u8]> = text.split('*').map(str::as_bytes).collect();
        let last = pieces.len() - 1;
        let mut states: Vec<State> = Vec::with_capacity(text.len() + 1);
        for (number, piece) in pieces.iter().enumerate() {
            let is_last = number == last;
            if piece.is_empty() && !is_last {
                // Nothing stands before the first `*`.
                continue;
            }
            let begin = states.len();
            let borders = borders(piece);
            // The end of a piece is the beginning of the next, but for the last, which must be the end of the text.
            let lengths = if is_last { piece.len() + 1 } else { piece.len() };
            for matched in 0..lengths {
                let otherwise = match borders.get(matched) {
                    _ if number == 0 => Otherwise::Never,
                    Some(Some(border)) => Otherwise::From(at(begin + border)),
                    _ => Otherwise::Stay,
                };
                states.push(State {
                    expected: piece.get(matched).copied(),
                    next: at(begin + matched + 1),
                    otherwise,
                    is_end: is_last && matched == piece.len(),
                });
            }
        }
        Self { states: states.into(), start: 0 }
    }

    /// Before the text.
    pub(super) fn start(&self) -> At {
        self.start
    }

    /// Behind one byte more; `None` where no text that goes on so matches.
    pub(super) fn read(&self, mut at: At, byte: u8) -> Option<At> {
        loop {
            let state = self.states.get(usize::from(at))?;
            if state.expected == Some(byte) {
                return Some(state.next);
            }
            at = match state.otherwise {
                Otherwise::Never => return None,
                Otherwise::Stay => return Some(at),
                Otherwise::From(border) => border,
            };
        }
    }

    /// Whether the text matches if it ends here.
    pub(super) fn is_end(&self, at: At) -> bool {
        self.states.get(usize::from(at)).is_some_and(|state| state.is_end)
    }

    /// Whether the text matches from here on whatever follows.
    pub(super) fn matches_all(&self, at: At) -> bool {
        let state = self.states.get(usize::from(at));
        state.is_some_and(|state| {
            state.is_end && state.expected.is_none() && matches!(state.otherwise, Otherwise::Stay)
        })
    }
}

/// Patterns are far shorter than what this could not count.
fn at(index: usize) -> At {
    At::try_from(index).unwrap_or(At::MAX)
}

/// For each length of a piece's beginning, from 0 to all of it, the longest shorter beginning that it also ends with
/// (Knuth, Morris and Pratt); `None` for the empty one.
fn borders(piece: &[u8]) -> Vec<Option<usize>> {
    let mut borders = vec![None];
    for (index, byte) in piece.iter().enumerate() {
        let mut border = borders.get(index).copied().flatten();
        while let Some(length) = border {
            if piece.get(length) == Some(byte) {
                break;
            }
            border = borders.get(length).copied().flatten();
        }
        borders.push(Some(border.map_or(0, |length| length + 1)));
    }
    borders
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::identity::Email;
    use crate::policy::EmailPattern;

    proptest! {
        #[test]
        fn k12_the_automaton_of_a_glob_matches_what_the_rule_matches(
            glob in r"\*?[ab]{0,3}(\*[ab]{1,3}){0,2}\*?", texts in proptest::collection::vec("[ab]{1,9}", 20)
        ) {
            prop_assume!(glob.contains('*') && !glob.contains("**"));
            let automaton = Glob::new(&glob);
            let pattern = EmailPattern::parse(&format!("{glob}@x.org")).unwrap();
            for text in texts {
                let read = text.bytes().try_fold(automaton.start(), |at, byte| automaton.read(at, byte));
                let found = read.is_some_and(|at| automaton.is_end(at));
                let email = Email::parse(&format!("{text}@x.org")).unwrap();
                prop_assert_eq!(found, pattern.matches(&email), "{} {}", glob, text);
            }
        }
    }
}
