//! The tokenizer: how text of any script is cut into words.
//!
//! Text is brought into normal form NFKC first, so that half-width and full-width forms, ligatures, and letters with
//! marks written apart are what they look like. A word is a run of letters and digits with their marks, in lower
//! case. With [`CjkMode`], characters of the Chinese, Japanese and Korean scripts are no part of such words: each is
//! listed with its neighbour, because these languages do not tell words apart by spaces, or write particles onto them.
//!
//! A stop word is listed with a mark, and apart from other words: in a field of its own, so that it can be asked for
//! and yet does not count elsewhere. The mark says how it is written. In capitals, in a line that is not all capitals, it is
//! a name such as IT, US, WHO or the A of "plan A". With a capital letter inside a sentence (Will, May), or in a line of
//! capitals, it may be one.

use std::borrow::Cow;

use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup, Script};
use icu_properties::script::ScriptWithExtensions;
use icu_properties::{CodePointMapData, CodePointSetData};
use tantivy::tokenizer::{RawTokenizer, StopWordFilter, Token, TokenFilter, TokenStream, Tokenizer};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

/// The longest word. Longer ones are not words: encoded data, keys.
const MAX_WORD_CHARS: usize = 64;

/// No character before this one is of the Chinese, Japanese and Korean scripts: the first of Hangul Jamo.
const FIRST_CJK: char = '\u{1100}';

/// What stands before a name, with a full stop that ends no sentence.
const TITLES: [&str; 9] = ["dr", "fr", "hr", "messrs", "mr", "mrs", "ms", "prof", "rev"];

/// What a stop word begins with. It is part of no word of a text.
pub(crate) const STOP_WORD_MARK: char = '\u{1}';

/// What a name begins with that would be a stop word if it were not in capitals.
pub(crate) const NAME_MARK: char = '\u{2}';

/// What a stop word begins with that may be a name by its capitals, and may be none.
pub(crate) const CAPITAL_MARK: char = '\u{3}';

/// All marks, by how surely a word with it is a name.
pub(crate) const MARKS: [char; 3] = [STOP_WORD_MARK, CAPITAL_MARK, NAME_MARK];

/// The treatment of characters of the Chinese, Japanese and Korean scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum CjkMode {
    /// They are letters like others.
    Letters,
    /// Of a run, each two neighbours and each one alone: the terms of a document.
    BigramsAndUnigrams,
    /// Of a run, each two neighbours; only of a run of one, that one: the terms of a query.
    Bigrams,
}

/// The mapping of letters to lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Casing {
    /// As in nearly every language.
    Standard,
    /// `I` is the capital of `ı`, and `İ` that of `i`.
    Turkish,
}

/// The words that are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Listed {
    /// Those with a mark: stop words, and names that look like one.
    Marked,
    /// Those without one.
    Unmarked,
    /// All but stop words.
    UnmarkedAndNames,
}

/// A list of stop words. The filter does not show its list, so a word is put through it.
#[derive(Clone)]
struct StopList(Filtered<Filtered<RawTokenizer>>);

type Filtered<T> = <StopWordFilter as TokenFilter>::Tokenizer<T>;

impl StopList {
    fn contains(&mut self, word: &str) -> bool {
        !self.0.token_stream(word).advance()
    }
}

/// Cuts text into words.
#[derive(Clone)]
pub(crate) struct UnicodeTokenizer {
    cjk: CjkMode,
    casing: Casing,
    listed: Listed,
    stop_words: Option<StopList>,
    token: Token,
}

impl UnicodeTokenizer {
    pub(crate) fn new(
        cjk: CjkMode,
        casing: Casing,
        listed: Listed,
        stop_words: Option<[StopWordFilter; 2]>,
    ) -> Self {
        let stop_words = stop_words.map(|[one, other]| {
            let filtered = one.transform(RawTokenizer::default());
            StopList(other.transform(filtered))
        });
        Self { cjk, casing, listed, stop_words, token: Token::default() }
    }
}

impl Tokenizer for UnicodeTokenizer {
    type TokenStream<'a> = UnicodeTokenStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> UnicodeTokenStream<'a> {
        self.token.reset();
        UnicodeTokenStream {
            text: normalized(text),
            at: 0,
            previous: None,
            pending: None,
            cjk: self.cjk,
            casing: self.casing,
            listed: self.listed,
            stop_words: self.stop_words.as_mut(),
            line: Line { end: 0, has_small_letters: false },
            token: &mut self.token,
        }
    }
}

/// A text in normal form. The offsets of words are those in it.
pub(crate) fn normalized(text: &str) -> Cow<'_, str> {
    let normal = text.is_ascii() || is_nfkc_quick(text.chars()) == IsNormalized::Yes;
    if normal { Cow::Borrowed(text) } else { Cow::Owned(text.nfkc().collect()) }
}

/// The words of one text.
pub(crate) struct UnicodeTokenStream<'a> {
    text: Cow<'a, str>,
    /// Where the rest of the text begins.
    at: usize,
    /// The character of a run of Chinese, Japanese or Korean ones that stands right before the rest.
    previous: Option<Neighbour>,
    /// The character that is still to be listed alone, and where it stands.
    pending: Option<(char, usize)>,
    cjk: CjkMode,
    casing: Casing,
    listed: Listed,
    stop_words: Option<&'a mut StopList>,
    /// The line that was looked at last.
    line: Line,
    token: &'a mut Token,
}

#[derive(Debug, Clone, Copy)]
struct Line {
    end: usize,
    has_small_letters: bool,
}

#[derive(Debug, Clone, Copy)]
struct Neighbour {
    character: char,
    /// Where it stands.
    at: usize,
    /// Whether it is part of a bigram already, with the one before it.
    in_bigram: bool,
}

/// The role of a character in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CharKind {
    /// A letter or digit.
    Letter,
    /// A letter that is listed with its neighbour.
    Cjk,
    /// A mark on the letter before it.
    Mark,
    /// Nothing one sees, such as a soft hyphen: as if it were not there.
    Ignorable,
    /// What stands between words.
    Other,
}

impl UnicodeTokenStream<'_> {
    fn kind(&self, character: char) -> CharKind {
        if character.is_ascii() {
            return if character.is_ascii_alphanumeric() { CharKind::Letter } else { CharKind::Other };
        }
        if character.is_alphanumeric() {
            return if self.cjk != CjkMode::Letters && is_cjk(character) {
                CharKind::Cjk
            } else {
                CharKind::Letter
            };
        }
        let category = CodePointMapData::<GeneralCategory>::new().get(character);
        // The zero-width space is what tells words apart where no other space does.
        let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character);
        match category {
            _ if ignorable && character != '\u{200b}' => CharKind::Ignorable,
            category if GeneralCategoryGroup::Mark.contains(category) => CharKind::Mark,
            _ => CharKind::Other,
        }
    }

    /// Takes the next character of the rest, if there is one that passes.
    fn next_if(&mut self, passes: impl Fn(CharKind) -> bool) -> Option<(char, CharKind)> {
        let character = self.text.get(self.at..)?.chars().next()?;
        let kind = self.kind(character);
        passes(kind).then(|| {
            self.at = self.at.saturating_add(character.len_utf8());
            (character, kind)
        })
    }

    /// Reads on in a word whose first letter was read. `false` when it is too long to be one, or is not to be listed.
    fn word(&mut self, first: char) -> bool {
        let mut length = 1_usize;
        self.token.offset_from = self.start_of(first);
        let mut capitals = first.is_uppercase();
        self.push(first);
        loop {
            // Most letters are these: they are taken as one.
            let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
            let run = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
            let end = self.at.saturating_add(run);
            if self.casing == Casing::Standard
                && let Some(letters) = self.text.get(self.at..end)
            {
                length = length.saturating_add(run);
                capitals &= letters.bytes().all(|letter| letter.is_ascii_uppercase());
                if length <= MAX_WORD_CHARS {
                    let before = self.token.text.len();
                    self.token.text.push_str(letters);
                    if let Some(letters) = self.token.text.get_mut(before..) {
                        letters.make_ascii_lowercase();
                    }
                }
                self.at = end;
            }
            let Some((character, kind)) =
                self.next_if(|kind| matches!(kind, CharKind::Letter | CharKind::Mark | CharKind::Ignorable))
            else {
                break;
            };
            if kind != CharKind::Ignorable {
                length = length.saturating_add(1);
                capitals &= character.is_uppercase();
                if length <= MAX_WORD_CHARS {
                    self.push(character);
                }
            }
        }
        if length > MAX_WORD_CHARS {
            return false;
        }
        self.token.offset_to = self.at;
        let is_marked =
            self.stop_words.as_mut().is_some_and(|stop_words| stop_words.contains(&self.token.text));
        if !is_marked {
            return self.listed != Listed::Marked;
        }
        if self.listed == Listed::Unmarked {
            return false;
        }
        let mark = if first.is_uppercase() { self.mark(capitals, length) } else { STOP_WORD_MARK };
        self.token.text.insert(0, mark);
        mark == NAME_MARK || self.listed == Listed::Marked
    }

    /// The mark of a stop word with a capital letter that was read last.
    fn mark(&mut self, capitals: bool, length: usize) -> char {
        // English and others write "I" so wherever it stands; in "DON'T" and "U.S." a letter is a part of a word.
        let is_part = length == 1 && (self.token.text == "i" || !self.stands_after_space());
        match (capitals, self.begins_sentence()) {
            _ if is_part => STOP_WORD_MARK,
            (true, _) if !self.line_has_small_letters() => CAPITAL_MARK,
            (true, begins) if length > 1 || !begins => NAME_MARK,
            (_, true) => STOP_WORD_MARK,
            (_, false) => CAPITAL_MARK,
        }
    }

    /// The text before the word that was read last.
    fn text_before(&self) -> &str {
        self.text.get(..self.token.offset_from).unwrap_or_default()
    }

    fn stands_after_space(&self) -> bool {
        self.text_before().chars().next_back().is_none_or(char::is_whitespace)
    }

    /// Whether the word that was read last begins a sentence, where a capital letter says nothing.
    fn begins_sentence(&self) -> bool {
        let is_between = |c: char| {
            c != '\n' && !c.is_alphanumeric() && !matches!(c, '.' | '!' | '?' | '…' | ':' | ';' | ',')
        };
        let before = self.text_before().trim_end_matches(is_between);
        let last_word =
            before.strip_suffix('.').and_then(|words| words.rsplit(|c: char| !c.is_alphanumeric()).next());
        if last_word.is_some_and(is_title) {
            return false;
        }
        before.chars().next_back().is_none_or(|last| last != ',' && !last.is_alphanumeric())
    }

    /// Whether the line of the word that was read last has letters that are no capitals. Each line is read once.
    fn line_has_small_letters(&mut self) -> bool {
        if self.at > self.line.end {
            let (before, after) = self.text.split_at_checked(self.at).unwrap_or_default();
            let before = before.rsplit('\n').next().unwrap_or_default();
            let after = after.split('\n').next().unwrap_or_default();
            let has_small_letters = before.chars().chain(after.chars()).any(char::is_lowercase);
            self.line = Line { end: self.at.saturating_add(after.len()), has_small_letters };
        }
        self.line.has_small_letters
    }

    /// Adds a character to the token, in lower case.
    fn push(&mut self, character: char) {
        let text = &mut self.token.text;
        match (character, self.casing) {
            ('I', Casing::Turkish) => text.push('ı'),
            ('İ', Casing::Turkish) => text.push('i'),
            // The same letter, wherever in a word it stands.
            ('ς', _) => text.push('σ'),
            _ if character.is_ascii() => text.push(character.to_ascii_lowercase()),
            _ => text.extend(character.to_lowercase()),
        }
    }

    /// Where a character begins that was read last.
    fn start_of(&self, character: char) -> usize {
        self.at.saturating_sub(character.len_utf8())
    }

    /// Lists a character alone.
    fn single(&mut self, character: char, at: usize) {
        self.token.text.push(character);
        self.token.offset_from = at;
        self.token.offset_to = at.saturating_add(character.len_utf8());
    }

    /// Reads on in a run, of which `previous` was read last. `false` when there is nothing more to list of it.
    fn bigram(&mut self, previous: Neighbour) -> bool {
        let next = loop {
            match self.next_if(|kind| matches!(kind, CharKind::Cjk | CharKind::Mark | CharKind::Ignorable)) {
                Some((character, CharKind::Cjk)) => break Some((character, self.start_of(character))),
                Some(_) => {}
                None => break None,
            }
        };
        self.previous = next.map(|(character, at)| Neighbour { character, at, in_bigram: true });
        self.token.offset_from = previous.at;
        match next {
            Some((character, at)) => {
                self.token.text.extend([previous.character, character]);
                self.token.offset_to = at.saturating_add(character.len_utf8());
                self.pending = (self.cjk == CjkMode::BigramsAndUnigrams).then_some((character, at));
                true
            }
            None if self.cjk == CjkMode::Bigrams && !previous.in_bigram => {
                self.single(previous.character, previous.at);
                true
            }
            None => false,
        }
    }
}

impl TokenStream for UnicodeTokenStream<'_> {
    fn advance(&mut self) -> bool {
        self.token.text.clear();
        self.token.position = self.token.position.wrapping_add(1);
        if let Some((character, at)) = self.pending.take() {
            self.single(character, at);
            return true;
        }
        loop {
            if let Some(previous) = self.previous.take() {
                if self.bigram(previous) {
                    return true;
                }
                continue;
            }
            match self.next_if(|_| true) {
                Some((first, CharKind::Letter)) => {
                    if self.word(first) {
                        return true;
                    }
                    self.token.text.clear();
                }
                Some((_, CharKind::Cjk)) if self.listed == Listed::Marked => {}
                Some((character, CharKind::Cjk)) => {
                    let at = self.start_of(character);
                    self.previous = Some(Neighbour { character, at, in_bigram: false });
                    if self.cjk == CjkMode::BigramsAndUnigrams {
                        self.single(character, at);
                        return true;
                    }
                }
                Some(_) => {}
                None => return false,
            }
        }
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}

/// Whether a word is a title that is shortened and stands before a name.
pub(crate) fn is_title(word: &str) -> bool {
    TITLES.iter().any(|title| title.eq_ignore_ascii_case(word))
}

/// Whether a letter is written in Chinese characters, in one of the Japanese syllabaries or in Hangul. The mark that
/// lengthens a syllable belongs to both syllabaries, and so to no one script: hence extensions.
pub(crate) fn is_cjk(letter: char) -> bool {
    const SCRIPTS: [Script; 4] = [Script::Han, Script::Hiragana, Script::Katakana, Script::Hangul];
    letter >= FIRST_CJK
        && ScriptWithExtensions::new()
            .get_script_extensions_val(letter)
            .iter()
            .any(|script| SCRIPTS.contains(&script))
}

#[cfg(test)]
mod tests;
