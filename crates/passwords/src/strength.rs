//! The strength of a password: an estimate of the guesses that it takes.
//!
//! The text is cut into pieces in the cheapest way (a shortest path over its characters). What a piece costs is the
//! logarithm of how many such pieces someone would try. This is a floor under habits, and an estimate at most.

use crate::blocklist::Blocklist;

/// The least strength of a password: 2^36 guesses.
pub(crate) const MIN_GUESS_BITS: u32 = 36;

/// The cost of one of the common passwords, of which there are more than 2^14.
const COMMON_PASSWORD_BITS: u32 = 14;
/// The cost of a piece of a keyboard row, with its beginning and length.
const KEYBOARD_ROW_BITS: u32 = 6;
/// The cost of a name that an attacker of this account knows.
const CONTEXT_NAME_BITS: u32 = 3;
/// The cost of repeating what stands a little earlier.
const REPEAT_BITS: u32 = 4;

/// How far back a repeat reaches, so that a long password takes no longer per character.
const MAX_REPEAT_DISTANCE: usize = 64;
/// The shortest rows and repeats that count. Shorter ones happen by chance.
const MIN_PIECE_CHARS: usize = 3;
/// The shortest part of a name that counts as a name.
const MIN_NAME_CHARS: usize = 3;

/// What is typed along a keyboard or recited.
const KEYBOARD_ROWS: [&str; 11] = [
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "yxcvbnm",
    "azertyuiop",
    "qazwsxedcrfvtgbyhnujmikolp",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
    "1q2w3e4r5t6z7u8i9o0p",
];

/// The names of this product, of its maker, and of what stands beside it.
const PRODUCT_NAMES: [&str; 7] = ["syftspace", "syft", "space", "openmined", "syfthub", "syftbox", "pysyft"];

/// The cost of writing a word with other characters in the place of some letters.
const DISGUISE_BITS: u32 = 1;

/// The binary logarithm of the guesses that a password takes.
pub(crate) fn guess_bits(password: &str, context: &[&str], blocklist: &Blocklist) -> u32 {
    let text = password.to_lowercase();
    let characters: Vec<char> = text.chars().collect();
    let readings = readings(&text, context);
    let mut readings: Vec<_> =
        readings.iter().map(|reading| (reading.text.chars(), &reading.names, reading.bits)).collect();

    // At each position, the least that everything before it costs.
    let mut cheapest = vec![0];
    cheapest.resize(characters.len() + 1, u32::MAX);
    for (position, (character, repeat)) in characters.iter().zip(repeats(&characters)).enumerate() {
        let before = cheapest.get(position).copied().unwrap_or(u32::MAX);
        let mut piece = |length: usize, cost: u32| {
            if let Some(after) = cheapest.get_mut(position + length) {
                *after = before.saturating_add(cost).min(*after);
            }
        };
        piece(1, if character.is_ascii_digit() { 3 } else { 5 });
        for (characters, names, bits) in &mut readings {
            let rest = characters.as_str();
            for length in blocklist.prefix_lengths(rest) {
                piece(length, COMMON_PASSWORD_BITS + *bits);
            }
            for name in names.iter().filter(|name| rest.starts_with(name.as_str())) {
                piece(name.chars().count(), CONTEXT_NAME_BITS + *bits);
            }
            characters.next();
        }
        for length in MIN_PIECE_CHARS..=row_length(&characters, position) {
            piece(length, KEYBOARD_ROW_BITS);
        }
        piece(repeat, REPEAT_BITS);
        for length in MIN_PIECE_CHARS..=repeat.min(MAX_REPEAT_DISTANCE) {
            piece(length, REPEAT_BITS);
        }
    }
    cheapest.last().copied().unwrap_or(0)
}

/// A way to read a password, character by character.
struct Reading {
    text: String,
    /// The names, read in the same way.
    names: Vec<String>,
    /// What it costs to have written a word like that.
    bits: u32,
}

/// A password as it stands, and as it reads with letters in the place of what is usually written for them.
fn readings(text: &str, context: &[&str]) -> Vec<Reading> {
    let names = names(context);
    let undisguised = ['i', 'l'].map(|one| {
        let read = |text: &str| text.chars().map(|character| letter(character, one)).collect::<String>();
        Reading {
            text: read(text),
            names: names.iter().map(|name| read(name)).collect(),
            bits: DISGUISE_BITS,
        }
    });
    let as_it_stands = Reading { text: text.to_owned(), names, bits: 0 };
    undisguised.into_iter().filter(|reading| reading.text != text).chain([as_it_stands]).collect()
}

/// The letter that a character usually stands for. `one` is what is meant by a 1, which stands for two.
fn letter(character: char, one: char) -> char {
    match character {
        '@' | '4' => 'a',
        '8' => 'b',
        '3' => 'e',
        '9' => 'g',
        '1' | '!' => one,
        '0' => 'o',
        '$' | '5' => 's',
        '7' | '+' => 't',
        '2' => 'z',
        other => other,
    }
}

/// The names in the context, whole and in their parts.
fn names(context: &[&str]) -> Vec<String> {
    let mut names: Vec<String> = PRODUCT_NAMES.map(str::to_owned).to_vec();
    for text in context {
        let text = text.to_lowercase();
        let parts = text.split(|character: char| !character.is_alphanumeric()).chain([text.as_str()]);
        names.extend(parts.filter(|part| part.chars().count() >= MIN_NAME_CHARS).map(str::to_owned));
    }
    names
}

/// How many characters from here on run along a row, forwards or backwards; 0 when too few.
fn row_length(characters: &[char], position: usize) -> usize {
    let rest = characters.get(position..).unwrap_or_default();
    let along = |row: &mut dyn Iterator<Item = char>| {
        let mut row = row.skip_while(|step| Some(step) != rest.first());
        rest.iter().take_while(|character| row.next().as_ref() == Some(character)).count()
    };
    let longest =
        KEYBOARD_ROWS.iter().flat_map(|row| [along(&mut row.chars()), along(&mut row.chars().rev())]).max();
    longest.filter(|length| *length >= MIN_PIECE_CHARS).unwrap_or(0)
}

/// At each position, how many characters from there on stand a little earlier too; 0 when too few.
fn repeats(characters: &[char]) -> Vec<usize> {
    let mut longest = vec![0; characters.len()];
    for distance in 1..=MAX_REPEAT_DISTANCE {
        let here_and_there = characters.iter().skip(distance).zip(characters);
        let mut length = 0;
        for (longest, (here, there)) in longest.iter_mut().skip(distance).zip(here_and_there).rev() {
            length = if here == there { length + 1 } else { 0 };
            if length >= MIN_PIECE_CHARS {
                *longest = length.max(*longest);
            }
        }
    }
    longest
}
