//! The list of common passwords.

/// Lower-case, one a line, sorted by their bytes. `NOTICE` says where they are from.
const COMMON_PASSWORDS: &str = include_str!("../data/common-passwords.txt");

/// The common passwords.
pub(crate) struct Blocklist {
    sorted: Vec<&'static str>,
}

impl Blocklist {
    pub(crate) fn new() -> Self {
        Self { sorted: COMMON_PASSWORDS.lines().collect() }
    }

    /// The lengths, in characters, of the common passwords that are prefixes of the text.
    pub(crate) fn prefix_lengths(&self, text: &str) -> Vec<usize> {
        let mut found = Vec::new();
        let mut rest = self.sorted.as_slice();
        for (before, (at, character)) in text.char_indices().enumerate() {
            let prefix = text.get(..at + character.len_utf8()).unwrap_or_default();
            let (_, from_here) = rest.split_at(rest.partition_point(|common| *common < prefix));
            match from_here.first() {
                Some(common) if *common == prefix => found.push(before + 1),
                Some(common) if common.starts_with(prefix) => {}
                _ => break,
            }
            rest = from_here;
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use syft_space_domain::identity::Password;

    use super::*;

    #[test]
    fn the_list_is_sorted_lower_case_without_doubles_and_has_3000_that_are_long_enough() {
        let sorted = Blocklist::new().sorted;
        let long = sorted.iter().filter(|common| common.chars().count() >= Password::MIN_CHARS).count();
        assert!(
            long > 3_000,
            "ASVS 6.2.4 asks for the 3,000 most common that are long enough, at least: {long}"
        );
        assert!(sorted.is_sorted_by(|left, right| left < right));
        assert!(sorted.iter().all(|common| common.chars().count() >= 4 && *common == common.to_lowercase()));
    }

    #[test]
    fn a3_the_notice_says_how_many_entries_can_be_a_whole_password() {
        let notice = include_str!("../NOTICE").split_whitespace().collect::<Vec<_>>().join(" ");
        let count = |lengths: std::ops::Range<usize>| {
            let sorted = Blocklist::new().sorted;
            let count = sorted.iter().filter(|common| lengths.contains(&common.chars().count())).count();
            format!("{},{:03}", count / 1_000, count % 1_000)
        };
        let (least, short) = (Password::MIN_CHARS, Password::MIN_CHARS_BESIDE_FACTOR);
        for told in [
            format!("{} passwords that people really used", count(0..usize::MAX)),
            format!("{} entries have {least} characters or more", count(least..usize::MAX)),
            format!("{} have {short} to {}", count(short..least), least - 1),
            format!("{} are shorter than any password may be", count(0..short)),
        ] {
            assert!(notice.contains(&told), "NOTICE does not say: {told}");
        }
    }

    #[test]
    fn every_common_password_is_found_at_the_beginning_of_a_text() {
        let list = Blocklist::new();
        for common in &list.sorted {
            let text = format!("{common} and more");
            assert!(list.prefix_lengths(&text).contains(&common.chars().count()), "{common}");
        }
        assert_eq!(list.prefix_lengths("passwoxd"), [4], "pass is one, no longer beginning is");
        assert!(list.prefix_lengths("").is_empty());
    }
}
