//! Hyphens at the ends of lines: whether a word was cut there, or has its hyphen by itself.

use std::collections::HashSet;

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

/// The words of a document, in small letters, but for those that a line's end cuts.
#[derive(Debug, Default)]
pub(super) struct Words {
    whole: HashSet<String>,
    /// Words with a hyphen in them.
    compound: HashSet<String>,
    /// What stands before the first hyphen of such words.
    first_parts: HashSet<String>,
    /// Most of the text is set like a program's: that a word is says nothing then.
    is_monospaced: bool,
}

const HYPHENS: [char; 4] = ['-', '\u{ad}', '\u{2010}', '\u{2011}'];
/// The fewest letters of two words that stand alone elsewhere for a hyphen between them to be their own.
const MIN_LETTERS: usize = 4;

/// Words that a hanging hyphen stands before, in the languages that people write so.
const CONJUNCTIONS: &str = " \
    und oder bzw beziehungsweise sowie bis als wie statt noch aber \
    and or nor to but versus vs through \
    en of tot dan \
    et ou ni \
    och eller og samt \
    ja tai sekä \
    és vagy illetve \
    oraz lub albo czy \
    nebo či až alebo \
    ali ili nebo pa te \
    sau şi și \
    ve veya ile \
    и или либо та або й \
    και ή ";

impl Words {
    pub(super) fn of(lines: &[Line]) -> Self {
        let mut words = Self::default();
        if !lines.iter().any(|line| ends_in_hyphen(&line.text)) {
            return words;
        }
        let (mut all, mut monospaced, mut cut) = (0_usize, 0_usize, false);
        for line in lines {
            all = all.saturating_add(line.text.len());
            if line.is_monospaced {
                monospaced = monospaced.saturating_add(line.text.len());
            }
            let text = line.text.trim();
            let mut found = text.split(|c: char| !is_of_word(c)).filter(|word| !word.is_empty()).peekable();
            if cut {
                found.next();
            }
            cut = ends_in_hyphen(text);
            while let Some(word) = found.next() {
                if !(cut && found.peek().is_none()) {
                    words.add(word);
                }
            }
        }
        words.is_monospaced = monospaced > all / 2;
        words
    }

    fn add(&mut self, word: &str) {
        let word = plain(word);
        let word = word.trim_matches('-');
        let Some((first, _)) = word.split_once('-') else {
            self.whole.insert(word.to_owned());
            return;
        };
        self.first_parts.insert(first.to_owned());
        self.compound.insert(word.to_owned());
    }

    fn knows(&self, word: &str) -> bool {
        self.whole.contains(word) || self.compound.contains(word)
    }

    /// What becomes of the hyphen at the end of a line, when another follows. `None` where there is none, or it is a dash.
    pub(super) fn hyphen(&self, line: &Line, next: &Line) -> Option<Hyphen> {
        let before = line.text.trim_end().strip_suffix(HYPHENS)?;
        let left = before.rsplit(|c: char| !is_of_word(c)).next().filter(|left| !left.is_empty())?;
        let behind = next.text.trim_start();
        let right = behind.split(|c: char| !is_of_word(c)).next().filter(|right| !right.is_empty())?;
        let goes_on_small = behind.starts_with(char::is_lowercase);
        // A paragraph ends where the next does not go on with a word.
        if next.gap != Gap::Line && !(goes_on_small && left.ends_with(char::is_lowercase)) {
            return None;
        }
        let (left, right) = (plain(left), plain(right));
        let compound = format!("{left}-{right}");
        if self.compound.contains(&compound) {
            return Some(Hyphen::Kept);
        }
        if self.knows(&format!("{left}{right}")) {
            return Some(Hyphen::Cut);
        }
        let is_word = goes_on_small && before.ends_with(char::is_alphabetic);
        if is_word && is_conjunction(&right) {
            return Some(Hyphen::Hanging);
        }
        // Programs are not cut, nor are words of which one letter or a hyphen of their own is left.
        let is_set_as_program = line.ends_monospaced && !self.is_monospaced;
        let may_be_cut =
            before.ends_with(char::is_lowercase) && !left.contains('-') && left.chars().count() > 1;
        let begins_others = left.chars().count() > 2 && self.first_parts.contains(&left);
        let of_two_words = self.stands_alone(&left) && self.stands_alone(&right);
        let is_cut = is_word && may_be_cut && !is_set_as_program && !begins_others && !of_two_words;
        Some(if is_cut { Hyphen::Cut } else { Hyphen::Kept })
    }

    fn stands_alone(&self, word: &str) -> bool {
        word.chars().count() >= MIN_LETTERS && self.whole.contains(word)
    }
}

fn is_conjunction(word: &str) -> bool {
    // No language cuts a single letter off the end of a word.
    word.chars().count() == 1 || CONJUNCTIONS.split(' ').any(|known| known == word)
}

fn ends_in_hyphen(text: &str) -> bool {
    text.trim_end().strip_suffix(HYPHENS).is_some_and(|before| before.ends_with(char::is_alphanumeric))
}

fn is_of_word(character: char) -> bool {
    character.is_alphanumeric() || HYPHENS.contains(&character)
}

/// A word in small letters, with one kind of hyphen.
fn plain(word: &str) -> String {
    word.to_lowercase().replace(HYPHENS, "-")
}
