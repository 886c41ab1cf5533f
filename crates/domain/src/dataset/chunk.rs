//! Cutting a document into the pieces that are found.
//!
//! A chunk is a slice of the content. It begins at a heading or where the one before it ended, less an overlap, so
//! that a sentence at a border is found with what stands before it. It ends, in order of preference, before a
//! heading, after a paragraph, after a sentence (or a line of a list, a table or code), after a word, and inside a
//! word only where the word alone is longer than a chunk. Everything is one pass over the text.

use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};

use crate::dataset::location::{Landmarks, Location, Mark};
use crate::dataset::markdown::{self, LineKind};
use crate::text::one_line;

/// A piece of a document's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// Its text.
    pub text: String,
    /// Where it stands in its document.
    pub location: Location,
}

impl Chunk {
    /// About how many characters a chunk has.
    pub const TARGET_CHARS: usize = 800;
    /// The most characters of a chunk.
    pub const MAX: usize = 1200;
    /// The most characters that a chunk repeats of the one before it.
    pub const OVERLAP: usize = 120;
}

/// Cuts a text into chunks, in order. Nothing but white space is left out.
///
/// ```
/// use syft_space_domain::dataset::chunks;
/// let pieces = chunks("# Keys\nRotate them yearly.\n\n# Users\nInvite them.\n");
/// let texts: Vec<&str> = pieces.iter().map(|piece| piece.text.as_str()).collect();
/// assert_eq!(texts, ["# Keys\nRotate them yearly.", "# Users\nInvite them."]);
/// ```
#[must_use]
pub fn chunks(content: &str) -> Vec<Chunk> {
    chunks_at(content, &[])
}

/// Cuts a text into chunks, as [`chunks`] does, and tells where they stand by the marks of its reader, which are in order.
#[must_use]
pub fn chunks_at(content: &str, marks: &[Mark]) -> Vec<Chunk> {
    let units = units(content);
    let mut locator = Locator::new(content, &units, marks);
    let mut chunks = Vec::new();
    let mut open: Option<Open<'_>> = None;
    let mut rest = units.as_slice();
    while let [unit, after @ ..] = rest {
        open = Some(match open {
            Some(chunk) if chunk.takes(unit, after) => chunk.with(unit),
            Some(chunk) => {
                chunks.extend(chunk.cut(content, &mut locator));
                Open::new(rest, chunk.next_start(content, unit), unit)
            }
            None => Open::new(rest, unit.start, unit),
        });
        rest = after;
    }
    chunks.extend(open.and_then(|chunk| chunk.cut(content, &mut locator)));
    chunks
}

/// A place in the text: in bytes, to cut there, and in characters, to measure.
#[derive(Debug, Clone, Copy, Default)]
struct Position {
    byte: usize,
    chars: usize,
}

/// What a unit begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Begins {
    Heading,
    Paragraph,
    Sentence,
}

/// What is not cut: a sentence, a line of a list or of code, a heading, or a part of one that is longer than a
/// chunk. No white space is at its ends.
#[derive(Debug, Clone, Copy)]
struct Unit {
    start: Position,
    end: Position,
    begins: Begins,
}

/// A chunk that may still grow.
struct Open<'a> {
    start: Position,
    end: Position,
    /// Its own units, without those it repeats, and all that follow them.
    units: &'a [Unit],
    /// How many of them are its own.
    count: usize,
    only_headings: bool,
}

impl<'a> Open<'a> {
    fn new(units: &'a [Unit], start: Position, unit: &Unit) -> Self {
        Self { start, end: unit.end, units, count: 1, only_headings: unit.begins == Begins::Heading }
    }

    fn with(self, unit: &Unit) -> Self {
        let only_headings = self.only_headings && unit.begins == Begins::Heading;
        Self { end: unit.end, count: self.count.saturating_add(1), only_headings, ..self }
    }

    fn takes(&self, unit: &Unit, after: &[Unit]) -> bool {
        let length = |end: Position| end.chars.saturating_sub(self.start.chars);
        // A heading stays with the text below it whenever both fit at all.
        let most = if self.only_headings { Chunk::MAX } else { Chunk::TARGET_CHARS };
        match unit.begins {
            Begins::Heading => self.only_headings && length(unit.end) <= Chunk::TARGET_CHARS,
            Begins::Sentence => length(unit.end) <= most,
            // A paragraph that does not fit as a whole begins the next chunk, unless this one would stay short.
            Begins::Paragraph => {
                let rest = after.iter().take_while(|piece| piece.begins == Begins::Sentence).last();
                let short = length(self.end) < Chunk::TARGET_CHARS / 2;
                length(rest.unwrap_or(unit).end) <= Chunk::TARGET_CHARS
                    || (length(unit.end) <= most && (self.only_headings || short))
            }
        }
    }

    /// Where the chunk that follows with `unit` starts: with as many whole units before it as an overlap holds, or
    /// with the last words when the last unit alone is longer.
    fn next_start(&self, content: &str, unit: &Unit) -> Position {
        let own = self.units.get(..self.count).unwrap_or_default();
        let last_is_heading = own.last().is_none_or(|last| last.begins == Begins::Heading);
        if unit.begins == Begins::Heading || last_is_heading {
            return unit.start;
        }
        let earliest = self.end.chars.saturating_sub(Chunk::OVERLAP);
        let repeated = own
            .iter()
            .rev()
            .take_while(|piece| piece.begins != Begins::Heading && piece.start.chars >= earliest);
        let start =
            repeated.last().map(|piece| piece.start).or_else(|| self.last_words(content, own.last()?));
        start.filter(|start| unit.end.chars.saturating_sub(start.chars) <= Chunk::MAX).unwrap_or(unit.start)
    }

    /// Where the last words of a unit start that fit into an overlap.
    fn last_words(&self, content: &str, last: &Unit) -> Option<Position> {
        let text = content.get(last.start.byte..last.end.byte)?;
        let mut at = last.end;
        let mut start = None;
        let mut word_follows = false;
        for character in text.chars().rev().take(Chunk::OVERLAP) {
            if character.is_whitespace() && word_follows {
                start = Some(at);
            }
            word_follows = !character.is_whitespace();
            at = Position {
                byte: at.byte.saturating_sub(character.len_utf8()),
                chars: at.chars.saturating_sub(1),
            };
        }
        start
    }

    fn cut(&self, content: &str, locator: &mut Locator<'_>) -> Option<Chunk> {
        let text = content.get(self.start.byte..self.end.byte)?;
        Some(Chunk { text: text.to_owned(), location: locator.location(self.start.byte) })
    }
}

/// A heading in a text.
pub(super) struct Heading<'a> {
    /// Where it begins, in bytes.
    pub(super) at: usize,
    /// 1 to 6; a higher one stands below a lower one.
    pub(super) level: usize,
    /// What it says.
    pub(super) title: &'a str,
}

/// The headings of a text, in order.
pub(super) fn headings(content: &str) -> impl Iterator<Item = Heading<'_>> {
    units(content).into_iter().filter_map(|unit| heading(content, &unit))
}

fn heading<'a>(content: &'a str, unit: &Unit) -> Option<Heading<'a>> {
    let line = content.get(unit.start.byte..unit.end.byte).filter(|_| unit.begins == Begins::Heading)?;
    let title = line.trim_start_matches('#');
    let level = line.len().saturating_sub(title.len());
    Some(Heading { at: unit.start.byte, level, title: title.trim() })
}

/// Tells where chunks stand, one after another.
struct Locator<'a> {
    content: &'a str,
    /// The units behind the last chunk that was asked for.
    units: &'a [Unit],
    landmarks: Landmarks<'a>,
    heading: Option<String>,
}

impl<'a> Locator<'a> {
    fn new(content: &'a str, units: &'a [Unit], marks: &'a [Mark]) -> Self {
        Self { content, units, landmarks: Landmarks::new(marks), heading: None }
    }

    /// The location of the chunk that begins here.
    fn location(&mut self, start: usize) -> Location {
        // A chunk that begins with headings stands under the last of them.
        let mut place = start;
        while let [unit, rest @ ..] = self.units {
            if unit.start.byte > start && unit.begins != Begins::Heading {
                break;
            }
            match heading(self.content, unit) {
                Some(heading) => {
                    // It is shown beside the text, where nothing may dress up what follows.
                    let title = one_line(heading.title);
                    let title = markdown::without_closing_marks(title.trim());
                    if !title.is_empty() {
                        self.heading = Some(title.to_owned());
                    }
                    place = place.max(heading.at);
                }
                None if unit.start.byte >= start => break,
                None => {}
            }
            self.units = rest;
        }
        let (page, _) = self.landmarks.at(start);
        let (_, anchor) = self.landmarks.at(place);
        Location { page, heading: self.heading.clone(), anchor: anchor.map(str::to_owned) }
    }
}

/// Cuts a text into units.
fn units(content: &str) -> Vec<Unit> {
    let mut cutter =
        Cutter { content, units: Vec::new(), at: Position::default(), begins: Begins::Paragraph };
    // Where prose began that is not cut into sentences yet.
    let mut prose = 0_usize;
    let mut line_start = 0_usize;
    for (line, kind) in markdown::lines(content) {
        let line_end = line_start.saturating_add(line.len());
        let text = line.trim();
        let heading = kind == LineKind::Heading;
        let code = kind == LineKind::Code;
        if text.is_empty() || heading || code || begins_line(text) {
            cutter.sentences(prose, line_start);
            prose = line_start;
        }
        if heading {
            cutter.begins = Begins::Heading;
            cutter.stretch(line_start, line_end);
        } else if code {
            cutter.stretch(line_start, line_end);
        }
        if heading || (text.is_empty() && !code) {
            cutter.begins = Begins::Paragraph;
        }
        if heading || code {
            prose = line_end;
        }
        line_start = line_end;
    }
    cutter.sentences(prose, content.len());
    cutter.units
}

/// Whether a line is an item of a list, a row of a table or a quotation, and so not part of a sentence before it.
fn begins_line(line: &str) -> bool {
    let after_digits = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let numbered =
        after_digits.len() < line.len() && [". ", ") "].iter().any(|dot| after_digits.starts_with(dot));
    numbered || ["- ", "* ", "+ ", "|", ">"].iter().any(|mark| line.starts_with(mark))
}

/// Collects units, counting characters as it goes.
struct Cutter<'a> {
    content: &'a str,
    units: Vec<Unit>,
    /// The end of the last unit.
    at: Position,
    /// What the next unit begins.
    begins: Begins,
}

impl Cutter<'_> {
    /// Cuts prose into sentences.
    fn sentences(&mut self, start: usize, end: usize) {
        let content = self.content;
        let prose = content.get(start..end).unwrap_or_default();
        let mut sentence = start;
        let mut ended = false;
        let mut characters = prose.char_indices().peekable();
        while let Some((at, character)) = characters.next() {
            let next = characters.peek().map(|(at, _)| start.saturating_add(*at));
            ended = match character {
                '.' | '!' | '?' | '…' => true,
                '"' | '\'' | '”' | '’' | '»' | ')' | ']' | '*' | '_' => ended,
                // These languages put no space between sentences.
                '。' | '！' | '？' => {
                    if let Some(next) = next.filter(|next| is_grapheme_border(content, *next)) {
                        self.stretch(sentence, next);
                        sentence = next;
                    }
                    false
                }
                _ if ended && character.is_whitespace() => {
                    // "e.g. this" goes on.
                    let goes_on = prose
                        .get(at..)
                        .and_then(|rest| rest.trim_start().chars().next())
                        .is_none_or(char::is_lowercase);
                    if !goes_on {
                        self.stretch(sentence, start.saturating_add(at));
                        sentence = start.saturating_add(at);
                    }
                    false
                }
                _ => false,
            };
        }
        self.stretch(sentence, end);
    }

    /// Adds a stretch of text as one unit, or as several when it is longer than a chunk.
    fn stretch(&mut self, start: usize, end: usize) {
        let stretch = self.content.get(start..end).unwrap_or_default();
        let mut rest = stretch.trim_start();
        while !rest.is_empty() {
            let (piece, after) = rest.split_at_checked(piece_length(rest)).unwrap_or((rest, ""));
            let piece_start = end.saturating_sub(rest.len());
            let piece = piece.trim_end();
            self.add(piece_start, piece);
            rest = after.trim_start();
        }
    }

    fn add(&mut self, start: usize, text: &str) {
        let gap = self.content.get(self.at.byte..start).unwrap_or_default();
        let start = Position { byte: start, chars: self.at.chars.saturating_add(gap.chars().count()) };
        let chars = text.chars().count();
        self.at = Position {
            byte: start.byte.saturating_add(text.len()),
            chars: start.chars.saturating_add(chars),
        };
        self.units.push(Unit { start, end: self.at, begins: self.begins });
        self.begins = Begins::Sentence;
    }
}

/// How much of a text that begins with a word is no longer than a chunk: all of it, else whole words, else whole
/// graphemes, else (a letter under a thousand accents) characters.
fn piece_length(text: &str) -> usize {
    let Some((limit, next)) = text.char_indices().nth(Chunk::TARGET_CHARS) else { return text.len() };
    let head = text.get(..limit).unwrap_or(text);
    if next.is_whitespace() {
        return limit;
    }
    if let Some(border) = head.rfind(char::is_whitespace).filter(|border| *border > 0) {
        return border;
    }
    if is_grapheme_border(text, limit) {
        return limit;
    }
    head.grapheme_indices(true).map(|(at, _)| at).next_back().filter(|border| *border > 0).unwrap_or(limit)
}

fn is_grapheme_border(text: &str, at: usize) -> bool {
    GraphemeCursor::new(at, text.len(), true).is_boundary(text, 0).unwrap_or(true)
}
