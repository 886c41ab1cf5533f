//! The grammar of the two sides of a canonical address, one byte at a time.

use std::hash::Hash;

use crate::identity::Email;

/// The longest label of a domain name (RFC 1035, section 2.3.4).
const LABEL_MAX: u8 = 63;

/// What has been read of one side of an address. Texts that no address has are never accepted, but some that none has
/// are: the lengths are counted where that is said, and whether a label `xn--…` can be decoded is not looked at.
pub(super) trait Grammar: Copy + Eq + Hash {
    /// Bytes that mean something in it, whichever patterns are looked at.
    const SPECIAL: &'static [u8];

    /// Whether a byte other than a dot may stand on this side.
    fn is_letter(byte: u8) -> bool;

    /// What has been read with one byte more, if it can still become a side of an address.
    fn read(self, byte: u8) -> Option<Self>;

    /// Whether what has been read is a side of an address.
    fn is_whole(self) -> bool;
}

/// What stands before the `@`: atoms with single dots between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Local {
    in_atom: bool,
}

impl Grammar for Local {
    const SPECIAL: &'static [u8] = b".";

    fn is_letter(byte: u8) -> bool {
        Email::is_local_character(byte)
    }

    fn read(self, byte: u8) -> Option<Self> {
        let in_atom = byte != b'.';
        (in_atom || self.in_atom).then_some(Self { in_atom })
    }

    fn is_whole(self) -> bool {
        self.in_atom
    }
}

/// What stands behind the `@`: labels of letters, digits and inner hyphens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Domain {
    /// From which length on those of labels are all the same; none is longer than this where it is counted.
    counted: u8,
    /// How long the label is, as far as that is counted.
    length: u8,
    /// How many bytes of `xn` the label began with, while it has no others; 3 where it has.
    began: u8,
    after_hyphen: bool,
    only_digits: bool,
    several: bool,
}

impl Domain {
    /// At the beginning. That labels come to an end is not looked at: it makes few differences, and many states.
    pub(super) fn of_any_length() -> Self {
        Self::at_beginning(5, false)
    }

    /// At the beginning, where no label is longer than one can be.
    pub(super) fn of_known_length() -> Self {
        Self::at_beginning(LABEL_MAX, false)
    }

    fn at_beginning(counted: u8, several: bool) -> Self {
        Self { counted, length: 0, began: 0, after_hyphen: false, only_digits: true, several }
    }
}

impl Grammar for Domain {
    const SPECIAL: &'static [u8] = b".-xn";

    fn is_letter(byte: u8) -> bool {
        byte == b'-' || byte.is_ascii_lowercase() || byte.is_ascii_digit()
    }

    fn read(self, byte: u8) -> Option<Self> {
        let at_edge = self.length == 0 || self.after_hyphen;
        match byte {
            b'.' if at_edge => return None,
            b'.' => return Some(Self::at_beginning(self.counted, true)),
            b'-' if self.length == 0 => return None,
            // The third and the fourth are both hyphens in `xn--` alone.
            b'-' if self.length == 3 && self.after_hyphen && self.began != 2 => return None,
            _ if self.counted == LABEL_MAX && self.length == LABEL_MAX => return None,
            _ => {}
        }
        let began = match (self.length, byte) {
            (0, b'x') => 1,
            (1, b'n') if self.began == 1 => 2,
            (0 | 1, _) => 3,
            // Behind the fourth it makes no difference any more.
            (2 | 3, _) => self.began,
            _ => 3,
        };
        Some(Self {
            length: (self.length + 1).min(self.counted),
            began,
            after_hyphen: byte == b'-',
            only_digits: self.only_digits && byte.is_ascii_digit(),
            ..self
        })
    }

    fn is_whole(self) -> bool {
        self.several && self.length > 0 && !self.after_hyphen && !self.only_digits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(grammar: impl Grammar, text: &str) -> bool {
        let read = text.bytes().try_fold(grammar, Grammar::read);
        read.is_some_and(Grammar::is_whole)
    }

    /// All texts of these letters, up to a length.
    fn texts(letters: &str, longest: usize) -> Vec<String> {
        let mut all = vec![String::new()];
        let mut last = all.clone();
        for _ in 0..longest {
            last = last.iter().flat_map(|text| letters.chars().map(move |c| format!("{text}{c}"))).collect();
            all.extend(last.iter().cloned());
        }
        all
    }

    #[test]
    fn k11_the_grammar_of_a_lint_is_that_of_addresses() {
        for text in texts("a1.-", 7) {
            let is_domain = Email::parse(&format!("a@{text}")).is_ok();
            assert_eq!(accepts(Domain::of_any_length(), &text), is_domain, "{text}");
            assert_eq!(accepts(Domain::of_known_length(), &text), is_domain, "{text}");
        }
        for text in texts("a+.", 6) {
            let is_local = Email::parse(&format!("{text}@a.a")).is_ok();
            assert_eq!(accepts(Local::default(), &text), is_local, "{text}");
        }
        for text in ["xn--4ca.a", "axn--4ca.a", "xn-a.a", "xn--.a", "x--a.a", "xa--a.a", "a.xn--4ca"] {
            let is_domain = Email::parse(&format!("a@{text}")).is_ok();
            assert_eq!(accepts(Domain::of_any_length(), text), is_domain, "{text}");
        }
        for length in [62, 63, 64] {
            let text = format!("a.{}", "b".repeat(length));
            assert_eq!(accepts(Domain::of_known_length(), &text), length <= 63);
            assert!(accepts(Domain::of_any_length(), &text));
        }
    }
}
