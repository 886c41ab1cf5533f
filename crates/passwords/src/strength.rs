//! How strong is a password: how many tries does it take to guess it?
//!
//! The text is cut into pieces in the cheapest way (a shortest path over its characters). What a piece costs is the
//! logarithm of how many such pieces someone would try. This is a floor under habits, and an estimate at most.

use crate::blocklist::Blocklist;

/// From this on a password is good enough: 2^36 tries.
pub(crate) const ENOUGH_BITS: u32 = 36;

/// One of about 2^14 common passwords.
const COMMON: u32 = 14;
/// A piece of a row, with its beginning and length.
const ROW: u32 = 6;
/// A name that whoever attacks this account knows.
const NAME: u32 = 3;
/// What stands a little earlier, once more.
const COPY: u32 = 4;

/// How far back a copy reaches, so that a long password takes no longer per character.
const COPY_REACH: usize = 64;
/// Rows and copies of fewer characters happen by chance.
const SHORTEST_PIECE: usize = 3;
/// Shorter parts of names are no names.
const SHORTEST_NAME: usize = 3;

/// What is typed along a keyboard or recited.
const ROWS: [&str; 11] = [
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

/// The names of this product.
const OUR_NAMES: [&str; 4] = ["syftspace", "syft", "space", "openmined"];

/// The logarithm of the tries it takes.
pub(crate) fn bits(password: &str, context: &[&str], blocklist: &Blocklist) -> u32 {
    let text = password.to_lowercase();
    let characters: Vec<char> = text.chars().collect();
    let names = names(context);

    // At each place, the least that everything before it costs.
    let mut cheapest = vec![0];
    cheapest.resize(characters.len() + 1, u32::MAX);
    for (place, ((at, character), copy)) in text.char_indices().zip(copies(&characters)).enumerate() {
        let before = cheapest.get(place).copied().unwrap_or(u32::MAX);
        let rest = text.get(at..).unwrap_or_default();
        let mut piece = |length: usize, cost: u32| {
            if let Some(after) = cheapest.get_mut(place + length) {
                *after = before.saturating_add(cost).min(*after);
            }
        };
        piece(1, if character.is_ascii_digit() { 3 } else { 5 });
        for length in blocklist.beginnings(rest) {
            piece(length, COMMON);
        }
        for name in names.iter().filter(|name| rest.starts_with(name.as_str())) {
            piece(name.chars().count(), NAME);
        }
        for length in SHORTEST_PIECE..=row(&characters, place) {
            piece(length, ROW);
        }
        piece(copy, COPY);
        for length in SHORTEST_PIECE..=copy.min(COPY_REACH) {
            piece(length, COPY);
        }
    }
    cheapest.last().copied().unwrap_or(0)
}

/// The names in the context, whole and in their parts.
fn names(context: &[&str]) -> Vec<String> {
    let mut names: Vec<String> = OUR_NAMES.map(str::to_owned).to_vec();
    for text in context {
        let text = text.to_lowercase();
        let parts = text.split(|character: char| !character.is_alphanumeric()).chain([text.as_str()]);
        names.extend(parts.filter(|part| part.chars().count() >= SHORTEST_NAME).map(str::to_owned));
    }
    names
}

/// How many characters from here on run along a row, forwards or backwards; 0 when too few.
fn row(characters: &[char], place: usize) -> usize {
    let rest = characters.get(place..).unwrap_or_default();
    let along = |row: &mut dyn Iterator<Item = char>| {
        let mut row = row.skip_while(|step| Some(step) != rest.first());
        rest.iter().take_while(|character| row.next().as_ref() == Some(character)).count()
    };
    let longest = ROWS.iter().flat_map(|row| [along(&mut row.chars()), along(&mut row.chars().rev())]).max();
    longest.filter(|length| *length >= SHORTEST_PIECE).unwrap_or(0)
}

/// At each place, how many characters from there on stand a little earlier too; 0 when too few.
fn copies(characters: &[char]) -> Vec<usize> {
    let mut longest = vec![0; characters.len()];
    for distance in 1..=COPY_REACH {
        let here_and_there = characters.iter().skip(distance).zip(characters);
        let mut length = 0;
        for (longest, (here, there)) in longest.iter_mut().skip(distance).zip(here_and_there).rev() {
            length = if here == there { length + 1 } else { 0 };
            if length >= SHORTEST_PIECE {
                *longest = length.max(*longest);
            }
        }
    }
    longest
}
