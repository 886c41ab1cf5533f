//! Hyphens at the ends of lines: whether a word was cut there, or has its hyphen by itself.
//!
//! Nothing in a file says so. A hyphen is taken away only where the document shows that the word has none: one that is
//! left too many can be read, and the word is found without it too; one too few makes two words unfindable.

use std::collections::HashSet;

use super::english;
use super::lines::Line;
use crate::text_builder::Gap;

/// What becomes of a hyphen at the end of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hyphen {
    /// It is taken away: the word was cut.
    Cut,
    /// It stays, and the word goes on right behind it.
    Kept,
    /// It stays, and another word follows: "Ein- und Ausgang".
    Hanging,
}

/// What a document tells of the words that the ends of its lines part.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// Of those words in small letters, with and without their hyphen, the ones that stand elsewhere.
    known: HashSet<String>,
    /// Hyphens other than the usual one, mostly at the ends of lines: whatever set the document has put them there.
    cutting: Vec<char>,
}

/// Hyphens that may cut a word, and those that never do: one that must not be parted from what follows, and the Hebrew one.
const CUTTING: [char; 3] = ['-', '\u{ad}', '\u{2010}'];
const HYPHENS: [char; 5] = ['-', '\u{ad}', '\u{2010}', '\u{2011}', '\u{5be}'];

/// What stands in paths, addresses and names of programs, and in no word.
const TECHNICAL: [char; 14] = ['/', '\\', '@', '_', '=', '~', '#', '%', '+', '<', '>', '|', '*', '$'];

/// Words that a hanging hyphen stands before, and that end no compound and no word that was cut. Where one is missing, a
/// space is.
const CONJUNCTIONS: &str = " \
    und oder bzw beziehungsweise sowie bis als wie aber resp respektive nicht sondern auch \
    and or nor but versus vs than as not rather \
    en of tot dan og och eller \
    et ou y e o u i a \
    ja tai sekä või ega ill \
    és vagy illetve oraz lub albo czy nebo či až alebo ili \
    sau şi și и или либо та або й і а και ή ";

/// Words that a hanging hyphen stands before if a compound follows, as in "two- to three-day": else they end one.
const SPANNING: [&str; 2] = ["to", "through"];

impl Words {
    pub(super) fn of(lines: &[Line]) -> Self {
        let pairs: Vec<Parts> = lines.windows(2).filter_map(Parts::of_pair).collect();
        let asked: HashSet<String> = pairs.iter().flat_map(Parts::asked).collect();
        let mut words = Self::default();
        if asked.is_empty() {
            return words;
        }
        let mut note = |word: &str| {
            if asked.contains(word) && !words.known.contains(word) {
                words.known.insert(word.to_owned());
            }
        };
        let (mut small, mut is_cut) = (String::new(), false);
        for line in lines {
            let text = line.text.trim();
            small.clear();
            if text.is_ascii() {
                small.push_str(text);
                small.make_ascii_lowercase();
            } else {
                small.extend(text.chars().flat_map(char::to_lowercase).map(usual));
            }
            let mut found = small.split(|c| !is_of_word(c)).filter(|word| !word.is_empty()).peekable();
            if is_cut {
                found.next();
            }
            is_cut = ends_in_hyphen(text);
            while let Some(word) = found.next() {
                if is_cut && found.peek().is_none() {
                    continue;
                }
                let mut rest = word;
                while let Some((first, behind)) = rest.split_once('-') {
                    note(first);
                    let second = behind.split('-').next().unwrap_or_default();
                    note(
                        rest.get(..first.len().saturating_add(1).saturating_add(second.len()))
                            .unwrap_or_default(),
                    );
                    rest = behind;
                }
                note(rest);
            }
        }
        words.cutting = cutting(lines);
        words
    }

    /// What becomes of the hyphen at the end of a line, when another follows. `None` where there is none, or it is a dash.
    pub(super) fn hyphen(&self, line: &Line, next: &Line) -> Option<Hyphen> {
        let parts = Parts::of(line, next)?;
        if self.known.contains(&parts.with_hyphen()) || parts.is_technical {
            return Some(Hyphen::Kept);
        }
        if self.shows_cut(&parts) {
            return Some(Hyphen::Cut);
        }
        Some(if parts.hangs { Hyphen::Hanging } else { Hyphen::Kept })
    }
}

impl Words {
    /// Whether the document or the language shows that a word has no hyphen there.
    fn shows_cut(&self, parts: &Parts) -> bool {
        let is_known = || {
            let word = parts.without();
            self.known.contains(&word) || parts.is_of_one_case && english::is_word(&word)
        };
        parts.may_be_cut && (self.cutting.contains(&parts.hyphen) || is_known())
    }
}

/// What a line's end parts.
struct Parts {
    /// What stands before and behind the hyphen, up to the next, in small letters.
    left: String,
    right: String,
    hyphen: char,
    /// They are of a path, an address or a name of a program.
    is_technical: bool,
    /// A word follows that a hanging hyphen stands before.
    hangs: bool,
    /// They are small on both sides, or on none.
    is_of_one_case: bool,
    /// The hyphen may cut a word there: no one leaves a single letter.
    may_be_cut: bool,
}

impl Parts {
    fn of_pair(pair: &[Line]) -> Option<Self> {
        let [line, next] = pair else { return None };
        Self::of(line, next)
    }

    fn of(line: &Line, next: &Line) -> Option<Self> {
        let text = line.text.trim_end();
        let hyphen = text.chars().next_back().filter(|last| HYPHENS.contains(last))?;
        let before = text.strip_suffix(hyphen)?;
        let behind = next.text.trim_start();
        let (last, first) = (before.chars().next_back()?, behind.chars().next()?);
        if !(is_of_name(last) && is_of_name(first)) {
            return None;
        }
        // A paragraph ends where the next does not go on with a word.
        if next.gap != Gap::Line && !(last.is_lowercase() && first.is_lowercase()) {
            return None;
        }
        let left = before.rsplit(|c: char| !c.is_alphanumeric()).next()?;
        let right = behind.split(|c: char| !c.is_alphanumeric()).next()?;
        let token = before.rsplit(char::is_whitespace).next()?;
        let mut words = behind.split_whitespace();
        let (behind, after) = (words.next()?, words.next().unwrap_or_default());
        let is_of_letters = last.is_alphabetic() && first.is_alphabetic();
        let is_single = left.chars().nth(1).is_none() || right.chars().nth(1).is_none();
        let left = left.to_lowercase();
        let right = right.to_lowercase();
        Some(Self {
            hangs: (is_of_letters || right.chars().nth(1).is_some()) && is_hung_before(&right, behind, after),
            left,
            right,
            hyphen,
            is_technical: is_technical(token) || is_technical(behind),
            is_of_one_case: last.is_lowercase() == first.is_lowercase(),
            may_be_cut: CUTTING.contains(&hyphen) && is_of_letters && !is_single,
        })
    }

    /// What is to be looked for elsewhere.
    fn asked(&self) -> [String; 2] {
        [self.with_hyphen(), self.without()]
    }

    fn with_hyphen(&self) -> String {
        format!("{}-{}", self.left, self.right)
    }

    fn without(&self) -> String {
        format!("{}{}", self.left, self.right)
    }
}

/// Whether a hanging hyphen stands before a word, of which this is all between spaces, and this comes next.
fn is_hung_before(word: &str, token: &str, next: &str) -> bool {
    let goes_on = |token: &str| token.trim_start_matches(HYPHENS).contains(HYPHENS);
    let is_spanning = || SPANNING.contains(&word) && goes_on(next);
    !goes_on(token) && (CONJUNCTIONS.split(' ').any(|known| known == word) || is_spanning())
}

/// Whether something between spaces is no word of a sentence: it has signs in it, begins as an option does, or goes on
/// right behind a dot or a colon.
fn is_technical(token: &str) -> bool {
    let inside = token.trim_matches(|c: char| !c.is_alphanumeric() && !TECHNICAL.contains(&c));
    let goes_on_behind_dot = inside.contains(['.', ':']);
    token.starts_with(HYPHENS) || inside.contains(TECHNICAL) || goes_on_behind_dot
}

/// The hyphens other than the usual one of which most stand at the ends of lines.
fn cutting(lines: &[Line]) -> Vec<char> {
    let is_cutting = |hyphen: &char| {
        let (mut at_ends, mut all) = (0_usize, 0_usize);
        for line in lines.iter().filter(|line| !line.text.is_ascii()) {
            let text = line.text.trim_end();
            all = all.saturating_add(text.matches(*hyphen).count());
            at_ends = at_ends.saturating_add(usize::from(text.ends_with(*hyphen)));
        }
        at_ends > all / 2
    };
    CUTTING.into_iter().filter(|hyphen| *hyphen != '-').filter(is_cutting).collect()
}

fn ends_in_hyphen(text: &str) -> bool {
    text.strip_suffix(HYPHENS).is_some_and(|before| before.ends_with(is_of_name))
}

fn is_of_word(character: char) -> bool {
    character.is_alphanumeric() || HYPHENS.contains(&character)
}

fn is_of_name(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// The usual hyphen for any.
fn usual(character: char) -> char {
    if HYPHENS.contains(&character) { '-' } else { character }
}
