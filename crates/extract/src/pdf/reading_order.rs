//! The order in which the pieces of a line are read.
//!
//! A page shows text of both directions from left to right, each word of a right-to-left script from its end to its
//! beginning. The algorithm that brings text into the order in which it is shown (UAX #9) also brings it back:
//! what it turns round once is turned round again, and numbers stay as they are.

use unicode_bidi::{BidiClass, BidiInfo, Level, bidi_class};

use super::glyph::Piece;

/// The directions of the letters of a text.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Directions {
    left_to_right: usize,
    right_to_left: usize,
}

impl Directions {
    pub(super) fn add(&mut self, text: &str) {
        if text.is_ascii() {
            let letters = text.bytes().filter(u8::is_ascii_alphabetic).count();
            self.left_to_right = self.left_to_right.saturating_add(letters);
            return;
        }
        for character in text.chars() {
            match bidi_class(character) {
                BidiClass::L => self.left_to_right = self.left_to_right.saturating_add(1),
                class if is_right_to_left(class) => {
                    self.right_to_left = self.right_to_left.saturating_add(1);
                }
                _ => {}
            }
        }
    }

    pub(super) fn sum(self, other: Self) -> Self {
        Self {
            left_to_right: self.left_to_right.saturating_add(other.left_to_right),
            right_to_left: self.right_to_left.saturating_add(other.right_to_left),
        }
    }

    /// Whether there is a letter of a right-to-left script.
    pub(super) fn turns(self) -> bool {
        self.right_to_left > 0
    }
}

/// Whether a line is read from right to left: letters of such scripts stand at both its ends, or most of the page has
/// such.
fn reads_right_to_left(shown: &[&str], page: Directions) -> bool {
    let turns = |piece: &&str| match bidi_class(representative(piece)) {
        BidiClass::L => Some(false),
        class => is_right_to_left(class).then_some(true),
    };
    let (first, last) = (shown.iter().find_map(turns), shown.iter().rev().find_map(turns));
    first == Some(true) && last == Some(true) || page.right_to_left >= page.left_to_right
}

fn is_right_to_left(class: BidiClass) -> bool {
    matches!(class, BidiClass::R | BidiClass::AL)
}

/// Puts the pieces of a line in the order in which they stand, from left to right, each mark on its letter.
pub(super) fn sort(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut sorted: Vec<Piece> = Vec::with_capacity(pieces.len());
    let mut marks = String::new();
    let mut rest = pieces.into_iter().peekable();
    while let Some(mut piece) = rest.next() {
        if is_mark(&piece.text) {
            match sorted.last_mut().filter(|before| is_marked_before(before, rest.peek())) {
                Some(before) => before.text.push_str(&piece.text),
                None => marks.push_str(&piece.text),
            }
        } else {
            piece.text.push_str(&std::mem::take(&mut marks));
            sorted.push(piece);
        }
    }
    if let Some(last) = sorted.last_mut() {
        last.text.push_str(&marks);
    }
    sorted.sort_by(|a, b| along(a).total_cmp(&along(b)));
    sorted
}

fn along(piece: &Piece) -> f64 {
    piece.position.from.to_vec2().dot(piece.position.direction)
}

/// Whether a mark is on the letter that was drawn before it, rather than on the next. What is drawn from left to right
/// against the direction of its script has its marks first.
fn is_marked_before(before: &Piece, next: Option<&Piece>) -> bool {
    let is_latin = bidi_class(representative(&before.text)) == BidiClass::L;
    is_latin || next.is_none_or(|next| along(next) < along(before))
}

fn is_mark(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|character| bidi_class(character) == BidiClass::NSM)
}

/// The text of pieces that stand from left to right, in the order in which it is read.
pub(super) fn read(shown: &[&str], page: Directions) -> String {
    let level = if reads_right_to_left(shown, page) { Level::rtl() } else { Level::ltr() };
    // One character for each piece: what is one glyph is read as it is written.
    let mut characters: Vec<char> = shown.iter().map(|piece| representative(piece)).collect();
    mark_arabic_numbers(&mut characters);
    let characters: String = characters.into_iter().collect();
    let levels = BidiInfo::new(&characters, Some(level)).levels;
    let levels: Vec<Level> =
        characters.char_indices().filter_map(|(at, _)| levels.get(at).copied()).collect();
    let order = BidiInfo::reorder_visual(&levels);
    let turned: Vec<(&str, bool)> = order
        .into_iter()
        .filter_map(|at| Some((*shown.get(at)?, levels.get(at).is_some_and(Level::is_rtl))))
        .collect();
    // Some files name a bracket as it is meant, others as it looks: the first is an opening one.
    let first = turned.iter().find_map(|(piece, is_turned)| bracket(piece).filter(|_| *is_turned));
    let as_it_looks = first.is_some_and(|(_, is_opening)| !is_opening);
    let mut text = String::new();
    for (piece, is_turned) in turned {
        match bracket(piece).filter(|_| is_turned && as_it_looks) {
            Some((other, _)) => text.push_str(other),
            None => text.push_str(piece),
        }
    }
    text
}

/// Numbers behind Arabic letters are Arabic ones, whatever their digits: those that stand to the right of a number come
/// before it.
fn mark_arabic_numbers(shown: &mut [char]) {
    let mut is_arabic = false;
    for character in shown.iter_mut().rev() {
        match bidi_class(*character) {
            BidiClass::AL => is_arabic = true,
            BidiClass::L | BidiClass::R => is_arabic = false,
            BidiClass::EN if is_arabic => *character = '\u{660}',
            _ => {}
        }
    }
}

/// The character by which a piece is ordered: its first letter, if it has one.
fn representative(piece: &str) -> char {
    let is_strong = |character: &char| {
        let class = bidi_class(*character);
        class == BidiClass::L || is_right_to_left(class)
    };
    let character = piece.chars().find(is_strong).or_else(|| piece.chars().next());
    character.filter(|character| bidi_class(*character) != BidiClass::B).unwrap_or(' ')
}

/// The other bracket of a pair, and whether this is the opening one.
fn bracket(piece: &str) -> Option<(&'static str, bool)> {
    Some(match piece {
        "(" => (")", true),
        ")" => ("(", false),
        "[" => ("]", true),
        "]" => ("[", false),
        "{" => ("}", true),
        "}" => ("{", false),
        "<" => (">", true),
        ">" => ("<", false),
        "«" => ("»", true),
        "»" => ("«", false),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, right_to_left: bool) -> String {
        // What a viewer shows.
        let level = if right_to_left { Level::rtl() } else { Level::ltr() };
        let info = BidiInfo::new(text, Some(level));
        info.reorder_line(&info.paragraphs[0], 0..text.len()).into_owned()
    }

    #[test]
    fn q2_what_was_shown_is_read_as_it_was_written() {
        for (text, right_to_left) in [
            ("שלום עולם", true),
            ("הספריה נפתחת ב-9 בבוקר.", true),
            ("חדר 12, קומה 3 בשעה 10:30", true),
            ("מחלת COVID-19 היא כאן", true),
            ("ראו Microsoft Office Professional", true),
            ("המחיר 50% פחות, 1,250.75 ש״ח", true),
            ("تفتح المكتبة في الساعة 9", true),
            ("الغرفة ٣٤٥ مغلقة", true),
            ("من 45-67 إلى 2024/05/12 أو 10.5%", true),
            ("The word שלום means peace", false),
            ("Room 12 (חדר) is closed", false),
        ] {
            let shown = shown(text, right_to_left);
            assert!(shown != text, "{text} is turned");
            let pieces: Vec<String> = shown.chars().map(String::from).collect();
            let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
            let mut page = Directions::default();
            page.add(if right_to_left {
                "שלום שלום שלום שלום שלום שלום שלום"
            } else {
                "peace, peace, peace"
            });
            assert_eq!(read(&pieces, page), text);
        }
    }

    #[test]
    fn q2_brackets_open_first_and_letters_of_one_glyph_stay_together() {
        let page = Directions::default();
        // As it looks, and as it is meant.
        assert_eq!(read(&[")", "ב", "א", "("], page), "(אב)");
        assert_eq!(read(&["(", "ב", "א", ")"], page), "(אב)");
        assert_eq!(read(&["م", "لا", "س"], page), "سلام");
    }
}
