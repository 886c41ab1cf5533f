//! Tests of the tokenizer.

use proptest::prelude::*;

use super::*;

fn cut(cjk: CjkMode, casing: Casing, text: &str) -> Vec<String> {
    let mut words = Vec::new();
    UnicodeTokenizer::new(cjk, casing, Listed::Unmarked, None)
        .token_stream(text)
        .process(&mut |token| words.push(token.text.clone()));
    words
}

fn letters(text: &str) -> Vec<String> {
    cut(CjkMode::Letters, Casing::Standard, text)
}

fn document(text: &str) -> Vec<String> {
    cut(CjkMode::BigramsAndUnigrams, Casing::Standard, text)
}

fn question(text: &str) -> Vec<String> {
    cut(CjkMode::Bigrams, Casing::Standard, text)
}

#[test]
fn words_are_runs_of_letters_and_digits_in_lower_case() {
    assert_eq!(letters("Größe: 42 m², don't!"), ["größe", "42", "m2", "don", "t"]);
    assert_eq!(letters("ΟΔΟΣ οδος"), ["οδοσ", "οδοσ"]);
    assert_eq!(cut(CjkMode::Letters, Casing::Turkish, "ISPARTA İzmir"), ["ısparta", "izmir"]);
    assert_eq!(letters(" \n…"), [""; 0]);
}

#[test]
fn what_looks_alike_is_alike() {
    assert_eq!(letters("u\u{308}ber"), ["über"]);
    assert_eq!(letters("o\u{fb03}ce"), ["office"]);
    assert_eq!(letters("Donau\u{ad}dampf\u{ad}schiff"), ["donaudampfschiff"]);
    assert_eq!(question("ｶﾞﾗｽ ＡＢＣ１２３"), ["ガラ", "ラス", "abc123"]);
    assert_eq!(question("\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}"), ["한글"]);
}

#[test]
fn marks_belong_to_the_letter_before_them() {
    assert_eq!(letters("தமிழ் நூல்"), ["தமிழ்", "நூல்"]);
    assert_eq!(letters("हिन्दी"), ["हिन्दी"]);
    assert_eq!(letters("\u{301}a"), ["a"]);
}

#[test]
fn a_run_is_listed_by_neighbours_and_in_a_document_by_each_alone() {
    assert_eq!(document("東京都"), ["東", "東京", "京", "京都", "都"]);
    assert_eq!(question("東京都"), ["東京", "京都"]);
    assert_eq!(document("猫"), ["猫"]);
    assert_eq!(question("猫"), ["猫"]);
    assert_eq!(question("猫。犬"), ["猫", "犬"]);
    assert_eq!(question("サーバー"), ["サー", "ーバ", "バー"]);
    assert_eq!(question("辻\u{e0100}さん"), ["辻さ", "さん"]);
}

#[test]
fn other_words_stay_whole_among_the_runs() {
    assert_eq!(
        question("Windows11で動くAI技術 Schlüssel"),
        ["windows11", "で動", "動く", "ai", "技術", "schlüssel"]
    );
    assert_eq!(document("3月の"), ["3", "月", "月の", "の"]);
}

#[test]
fn a_very_long_word_is_none() {
    let longest = "x".repeat(MAX_WORD_CHARS);
    assert_eq!(letters(&format!("{longest} {longest}x y")), [longest, "y".to_owned()]);
}

fn stop_words() -> [StopWordFilter; 2] {
    let lists = [["it", "us", "a", "i", "s"], ["t", "the", "will", "may", "who"]];
    lists.map(|words| StopWordFilter::remove(words.map(str::to_owned)))
}

#[test]
fn stop_words_are_marked_unless_they_are_names_in_capitals() {
    let words = |listed, text: &str| {
        let mut tokenizer =
            UnicodeTokenizer::new(CjkMode::Letters, Casing::Standard, listed, Some(stop_words()));
        let mut words = Vec::new();
        tokenizer.token_stream(text).process(&mut |token| {
            let text = token.text.replace(STOP_WORD_MARK, "-").replace(NAME_MARK, "+");
            words.push(text.replace(CAPITAL_MARK, "^"));
        });
        words.join(" ")
    };
    assert_eq!(words(Listed::Marked, "The IT staff fixed it."), "-the +it -it");
    assert_eq!(words(Listed::Unmarked, "The IT staff fixed it."), "staff fixed");
    assert_eq!(words(Listed::UnmarkedAndNames, "The IT staff fixed it."), "+it staff fixed");
    assert_eq!(words(Listed::Marked, "ASK US, IT\nthe US, it\nUS"), "^us ^it -the +us -it ^us");
    assert_eq!(words(Listed::Marked, "It is A plan"), "-it +a");
    assert_eq!(words(Listed::Marked, "IT \u{fb01}ne \nIT"), "+it ^it");
    assert_eq!(words(Listed::UnmarkedAndNames, "\u{1}it \u{2}x"), "x");
}

#[test]
fn a_capital_letter_tells_a_name_inside_of_a_sentence_only() {
    for (text, expected) in [
        ("Who asked Will in May?", "-who ^will ^may"),
        ("Will it? Will! \"Will\" (Will): Will; Will", "-will -it -will -will ^will -will -will"),
        ("- Will\n* May\n# US\nsaid, Will", "-will -may ^us ^will"),
        ("plan A, vitamin A-b or A", "+a +a +a"),
        ("A plan. A plan.\nA plan: A plan", "-a -a -a -a"),
        ("PLAN A", "^a"),
        ("he and I DON'T like the U.S. very", "-i -t -the -s"),
        ("the Will's tale", "-the ^will -s"),
        ("Mr. Will, (Dr. May). Prof. Us. Dry. Will", "^will ^may ^us -will"),
    ] {
        let mut tokenizer =
            UnicodeTokenizer::new(CjkMode::Letters, Casing::Standard, Listed::Marked, Some(stop_words()));
        let mut words = Vec::new();
        tokenizer.token_stream(text).process(&mut |token| {
            let mark =
                token.text.chars().next().and_then(|mark| MARKS.iter().position(|other| *other == mark));
            words.push(format!("{}{}", ["-", "^", "+"][mark.unwrap()], &token.text[1..]));
        });
        assert_eq!(words.join(" "), expected, "{text}");
    }
}

proptest! {
    #[test]
    fn a_question_asks_for_nothing_that_the_same_text_is_not_found_by(text in "\\PC{0,40}") {
        let listed = document(&text);
        for word in question(&text) {
            prop_assert!(listed.contains(&word), "{word}");
        }
    }

    #[test]
    fn a_part_of_a_run_is_found_in_it(run in "[一-十あ-おア-オ가-갚]{1,12}", from in 0_usize..12, length in 1_usize..12) {
        let part: String = run.chars().skip(from).take(length).collect();
        let listed = document(&run);
        for word in question(&part) {
            prop_assert!(listed.contains(&word), "{word}");
        }
    }
}
