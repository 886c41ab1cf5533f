//! What a question names exactly: quoted texts, and words that no sentence has, such as `shared_buffers` or `40P01`.
//!
//! Vectors tell `pg_dump` from `pg_dumpall` no better than one sentence from another that is about the same. So what is named
//! is looked for as it is written, in the texts of what was found.

/// The most identifiers of a question. The next ones are none.
const MAX_IDENTIFIERS: usize = 32;
/// The most characters of an identifier. A longer one is none.
const MAX_CHARS: usize = 200;
/// Which share of the chunks has a word that tells none from another.
const COMMON_SHARE: f32 = 0.05;
/// What opens a quotation, and what may close it.
const QUOTES: [(char, &[char]); 6] =
    [('"', &['"']), ('`', &['`']), ('“', &['”']), ('„', &['“', '”']), ('«', &['»']), ('「', &['」'])];
/// What stands around a word and is no part of it. A dot in front is: `.gitignore`.
const AROUND: &[char] = &[
    ',', ';', ':', '!', '?', '(', ')', '[', ']', '{', '}', '<', '>', '#', '\'', '’', '"', '`', '“', '”', '„',
    '«', '»',
];
/// Marks that stand within words of machines.
const WITHIN: &[char] = &['.', '/', ':', '$', '@', '\\'];
/// Marks that words of machines begin with.
const BEFORE: &[char] = &['-', '.', '$', '/', '@'];
/// Alternatives of a sentence, such as "and/or" and "his/her", have at most as many letters on each side.
const MAX_ALTERNATIVE_CHARS: usize = 4;

/// What a question names exactly, as [`comparable`] has it: what it quotes, in order, and then its words that have
///
/// * an underscore between letters or digits, or a capital behind a small letter: `shared_buffers`, `camelCase`,
/// * one of `. / : $ @ \` within: `pg_hba.conf`, `refs/heads`,
/// * one of `- . $ / @` before: `--force`, `.gitignore`,
/// * letters and digits together: `40P01`, `md5`,
/// * or three digits and more that are no year: `23505`.
///
/// Abbreviations ("e.g.") and short alternatives ("and/or") are words of sentences. None stands there twice, and there are at
/// most 32. One of more than 200 characters is none.
#[must_use]
pub fn identifiers(question: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut rest = String::with_capacity(question.len());
    let quoted = split_quotations(question, &mut rest);
    let words = rest
        .split(|c: char| c.is_whitespace() || is_unspaced(c))
        .map(bare)
        .filter(|word| is_identifier(word));
    for text in quoted.into_iter().chain(words) {
        if found.len() == MAX_IDENTIFIERS {
            break;
        }
        let text = comparable(text);
        let fits = !text.is_empty() && text.chars().nth(MAX_CHARS).is_none();
        if fits && !found.contains(&text) {
            found.push(text);
        }
    }
    found
}

/// A text as texts are compared: in lower case, each run of white space as one space, and none at its ends.
#[must_use]
pub fn comparable(text: &str) -> String {
    let lower = text.to_lowercase();
    let mut made = String::with_capacity(lower.len());
    for word in lower.split_whitespace() {
        if !made.is_empty() {
            made.push(' ');
        }
        made.push_str(word);
    }
    made
}

/// Whether an identifier tells some chunks of a dataset from the others, if this share of them has the rarest of its words.
///
/// A word that more than a twentieth of them has does not, as PostgreSQL in its own manual. With marks it does, however
/// common its words are: few chunks have `FETCH_HEAD` or `--all`.
#[must_use]
pub fn tells_apart(identifier: &str, share: f32) -> bool {
    share <= COMMON_SHARE || !identifier.chars().all(char::is_alphanumeric)
}

/// Whether a text has an identifier, and not only as a part of a longer word: `pg_dump` is not in "pg_dumpall". Both are
/// [`comparable`].
pub(super) fn names(text: &str, identifier: &str) -> bool {
    let (Some(first), Some(last)) = (identifier.chars().next(), identifier.chars().next_back()) else {
        return false;
    };
    let mut before = None;
    let mut rest = text;
    while let Some((skipped, from)) = rest.find(identifier).and_then(|at| rest.split_at_checked(at)) {
        before = skipped.chars().next_back().or(before);
        let after = from.strip_prefix(identifier).and_then(|after| after.chars().next());
        let begins = !is_word(first) || !before.is_some_and(goes_on);
        let ends = !is_word(last) || !after.is_some_and(goes_on);
        if begins && ends {
            return true;
        }
        before = Some(first);
        rest = from.strip_prefix(first).unwrap_or_default();
    }
    false
}

/// What a question quotes, of two characters and more. All else is added to `rest`, with a space for each quotation.
pub(super) fn split_quotations<'a>(question: &'a str, rest: &mut String) -> Vec<&'a str> {
    let mut quoted = Vec::new();
    let mut text = question;
    while let Some(first) = text.chars().next() {
        let after = text.strip_prefix(first).unwrap_or_default();
        if let Some((quotation, behind)) = quotation(first, after) {
            quoted.push(quotation);
            rest.push(' ');
            text = behind;
        } else {
            rest.push(first);
            text = after;
        }
    }
    quoted
}

/// What is quoted behind this character, and what stands behind that.
fn quotation(first: char, after: &str) -> Option<(&str, &str)> {
    let (_, closing) = QUOTES.into_iter().find(|(opening, _)| *opening == first)?;
    let is_end = |c: &char| *c == first || closing.contains(c);
    let (chars, (at, end)) = (0..=MAX_CHARS).zip(after.char_indices()).find(|(_, (_, c))| is_end(c))?;
    let (quotation, behind) = after.split_at_checked(at)?;
    let behind = behind.strip_prefix(end)?;
    (chars >= 2 && closing.contains(&end)).then_some((quotation, behind))
}

/// A word without the marks of its sentence.
pub(super) fn bare(word: &str) -> &str {
    word.trim_start_matches(AROUND).trim_end_matches(|c| c == '.' || AROUND.contains(&c))
}

pub(super) fn is_identifier(word: &str) -> bool {
    if word.chars().nth(1).is_none() || !word.contains(char::is_alphanumeric) {
        return false;
    }
    is_number(word) || has_letters_and_digits(word) || begins_with_mark(word) || is_made_of_parts(word)
}

/// Three digits and more, but no year.
fn is_number(word: &str) -> bool {
    let digits = word.chars().count();
    let is_year = digits == 4 && (word.starts_with("19") || word.starts_with("20"));
    digits >= 3 && !is_year && word.chars().all(char::is_numeric)
}

fn has_letters_and_digits(word: &str) -> bool {
    word.contains(char::is_numeric) && word.contains(|c| is_word(c) && !c.is_numeric())
}

fn begins_with_mark(word: &str) -> bool {
    let option = word.strip_prefix("--").filter(|rest| rest.starts_with(is_word));
    option.is_some() || word.strip_prefix(BEFORE).is_some_and(|rest| rest.starts_with(is_word))
}

/// Whether two of its characters, or what stands between two, are as no word of a sentence has them.
fn is_made_of_parts(word: &str) -> bool {
    let chars: Vec<char> = word.chars().collect();
    let is_capital = |pair: &[char]| matches!(pair, [one, next] if one.is_lowercase() && next.is_uppercase());
    let is_within = |three: &[char], marks: &[char]| matches!(three, [one, mark, next] if is_word(*one) && marks.contains(mark) && is_word(*next));
    chars.windows(2).any(is_capital)
        || chars.windows(3).any(|three| is_within(three, &['_']))
        || (!is_of_a_sentence(word) && chars.windows(3).any(|three| is_within(three, WITHIN)))
}

/// "e.g" and "z.B", whose last dot is gone already, and "and/or".
fn is_of_a_sentence(word: &str) -> bool {
    let is_letter = |part: &str| part.chars().count() == 1 && part.contains(char::is_alphabetic);
    let is_alternative =
        |part: &str| part.chars().count() <= MAX_ALTERNATIVE_CHARS && part.chars().all(char::is_lowercase);
    let alternatives = word.split_once('/');
    word.split('.').all(is_letter)
        || alternatives.is_some_and(|(one, other)| is_alternative(one) && is_alternative(other))
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether a character beside a word makes it a longer one.
fn goes_on(c: char) -> bool {
    is_word(c) && !is_unspaced(c)
}

/// Of a script that writes words without spaces between them, or what stands before and behind them: Thai, Burmese, Khmer,
/// Chinese, Japanese and, for what it adds to words of others, Korean; with their marks.
pub(super) fn is_unspaced(c: char) -> bool {
    matches!(
        c,
        '\u{e00}'..='\u{eff}'
            | '\u{1000}'..='\u{109f}'
            | '\u{1100}'..='\u{11ff}'
            | '\u{1780}'..='\u{17ff}'
            | '\u{2e80}'..='\u{faff}'
            | '\u{ff00}'..='\u{ffef}'
            | '\u{20000}'..='\u{3ffff}'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What `tools/search-quality/fixtures.py` made of the measured questions, and of texts of all kinds of characters.
    const MEASURED: &str = include_str!("../../tests/fusion/identifiers.json");

    #[test]
    fn q1_questions_name_what_was_measured() {
        let measured: Vec<(String, Vec<String>)> = serde_json::from_str(MEASURED).unwrap();
        assert!(measured.len() > 1_000);
        for (question, expected) in measured {
            assert_eq!(identifiers(&question), expected, "{question:?}");
        }
    }

    #[test]
    fn q1_what_no_sentence_has_is_an_identifier() {
        for (question, expected) in [
            ("What does shared_buffers do?", &["shared_buffers"][..]),
            ("Where is pg_hba.conf, and what is $PGDATA/base?", &["pg_hba.conf", "$pgdata/base"]),
            ("Is --force-with-lease safer than -f.", &["--force-with-lease", "-f"]),
            ("Error 40P01 (or 23505) in 2024, line 12", &["40p01", "23505"]),
            ("git config core.autoCRLF; .gitignore!", &["core.autocrlf", ".gitignore"]),
            ("GmbH, iPhone and LaTeX", &["gmbh", "iphone", "latex"]),
            ("md5 and MD5 and `md5`", &["md5"]),
            ("issue #4711, [E0308]", &["4711", "e0308"]),
            ("错误E0308是什么意思？", &["e0308"]),
            ("mail ada@acme.example", &["ada@acme.example"]),
        ] {
            assert_eq!(identifiers(question), expected, "{question}");
        }
    }

    #[test]
    fn q1_what_is_quoted_is_an_identifier_and_comes_first() {
        for (question, expected) in [
            ("Who wrote a_b about \"no  row\nfound\"?", &["no row found", "a_b"][..]),
            ("Was heißt „Größe A“ oder “size b” or «taille c»?", &["größe a", "size b", "taille c"]),
            ("「東京」とは", &["東京"]),
            ("\"a\"bc\" \"\"", &["bc"]),
            ("5\" of rain", &[]),
            ("„open \"never closed", &[]),
        ] {
            assert_eq!(identifiers(question), expected, "{question}");
        }
    }

    #[test]
    fn q1_sentences_name_nothing() {
        for question in [
            "",
            "How do I take a backup of a single database while it is in use?",
            "What happened in 1989 and 2024, e.g. in the U.S., z.B. and/or his/her?",
            "WARUM IST DIE GRÖSSE ÄHNLICH?",
            "Fill in: ____ - -- ... 12 ½",
            "l’eau d'ici, self-hosted",
        ] {
            assert_eq!(identifiers(question), [""; 0], "{question}");
        }
    }

    #[test]
    fn q1_a_question_has_at_most_32_identifiers_of_at_most_200_characters() {
        let many: String = (100..200).map(|number| format!("{number} ")).collect();
        assert_eq!(identifiers(&many).len(), MAX_IDENTIFIERS);
        assert_eq!(identifiers(&format!("\"{}\"", "é".repeat(200))).len(), 1);
        assert_eq!(identifiers(&format!("\"{}\" {}", "é".repeat(201), "1".repeat(201))), [""; 0]);
    }

    #[test]
    fn q1_an_identifier_is_no_part_of_a_longer_word() {
        for (text, identifier, expected) in [
            ("use pg_dump.", "pg_dump", true),
            ("use pg_dumpall", "pg_dump", false),
            ("pg_dumpall and pg_dump", "pg_dump", true),
            ("my_pg_dump", "pg_dump", false),
            ("git push --force-with-lease", "--force", true),
            ("x--force", "--force", true),
            ("port 15432", "5432", false),
            ("1111", "111", false),
            ("错误e0308是", "e0308", true),
            ("ba.a.a", "a.a", true),
            ("", "a_b", false),
            ("a", "", false),
        ] {
            assert_eq!(names(text, identifier), expected, "{text:?} has {identifier:?}");
        }
    }

    #[test]
    fn q1_a_common_word_tells_no_chunk_from_another_but_a_common_word_with_marks_does() {
        for name in ["postgresql", "40p01", "größe"] {
            assert!(tells_apart(name, 0.0) && tells_apart(name, 0.05) && !tells_apart(name, 0.051));
        }
        assert!(["--all", "fetch_head", "a b", "$1"].iter().all(|name| tells_apart(name, 1.0)));
    }

    proptest! {
        #[test]
        fn q1_a_text_has_each_identifier_of_its_own(
            text in "([a-zA-Zäß0-9_ .,/:$@\\\\\"`„“”«»'?()是-]|\\PC){0,60}",
        ) {
            let found = identifiers(&text);
            let text = comparable(&text);
            for one in &found {
                prop_assert_eq!(&comparable(one), one);
                prop_assert!(text.contains(one.as_str()), "{:?} has {:?}", text, one);
            }
        }
    }
}
