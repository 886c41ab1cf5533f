//! Which numbers are somebody's, and which only look like it: both sides of each rule.

use super::shown;

#[track_caller]
fn assert_all(texts: &[&str], expected: &str) {
    for text in texts {
        assert_eq!(shown(text), expected, "{text}");
    }
}

#[track_caller]
fn assert_stay(texts: &[&str]) {
    for text in texts {
        assert_eq!(shown(text), **text, "it is nobody's number");
    }
}

#[test]
fn z4_a_card_of_each_issuer_is_known_at_the_edges_of_its_numbers() {
    #[rustfmt::skip]
    assert_all(&[
        "4712843088606", "4111111111111111", "4915248705331812348",
        "5120796043498861", "5507500201017015", "2221887525156690", "2720454356128060",
        "341920579860963", "370575667033842",
        "36916362055845", "3817186159819071", "30023608191629", "30505101749416", "3090988318180859217",
        "62323796459658616", "6568362699872623", "6442177879224326", "6499853846999434048", "6011763295357260",
        "3528793798071608", "3589733134334225", "2200904205261115", "2204144057950053",
        "5018566713977", "5020628514161", "5038178418559", "5893744159883", "6304178504924", "6759225711824",
        "6761596842774", "6763421128890", "6759651446020784387",
    ], "[card]");
}

#[test]
fn z4_a_number_with_a_right_check_digit_that_nobody_issues_in_that_length_stays() {
    #[rustfmt::skip]
    assert_stay(&[
        "9556781571249113", "1377542896702200", "5091239662992638", "5688292345407663", "2220589478470935", "2721013728733830",
        "350871942271909", "30605938178050", "6435552190153132", "6012637510613260", "3527771863740779", "3590672704557855",
        "2199963034527834", "2205230296820212", "6760927720067561", "6764003606703319", "46732591519040", "447473840555106",
        "516199010102801", "628586268525672",
        // Too short, and too long.
        "675970385372", "67595750649614261860",
    ]);
}

#[test]
fn z4_a_card_is_read_in_the_groups_that_cards_are_printed_in_and_in_no_others() {
    assert_all(
        &[
            "4111 1111 1111 1111",
            "4111\u{a0}1111\u{a0}1111\u{a0}1111",
            "4712 8430 8860 6",
            "4915 2487 0533 1812 348",
            "3419 205798 60963",
            "3691 636205 5845",
        ],
        "[card]",
    );
    assert_stay(&[
        // One and the same gap parts them, and that is a space or a hyphen.
        "4111 1111-1111-1111",
        "4111-1111 1111 1111",
        "4111.1111.1111.1111",
        "4111, 1111, 1111, 1111",
        "4111/1111/1111/1111",
        "4111 11111 1111 111",
        "4111 1111 11111111",
        "4111 111111 111111",
    ]);
}

#[test]
fn z4_a_number_in_a_word_of_any_alphabet_is_no_card_and_one_beside_a_short_number_is() {
    assert_stay(&["x4111111111111111", "é4111111111111111", "4111111111111111ж", "ü12345678Z"]);
    for (text, expected) in [
        ("12 4111111111111111", "12 [card]"),
        ("no.4111111111111111", "no.[card]"),
        ("4111111111111111.no", "[card].no"),
        // A number that is counted off, and one before a long one, are no decimals.
        ("7.4111 1111 1111 1111", "7.[card]"),
        ("12345.4111111111111111", "12345.[card]"),
        ("4111111111111111.12345", "[card].12345"),
    ] {
        assert_eq!(shown(text), expected, "{text}");
    }
    assert_stay(&["1234.4111111111111111", "4111111111111111.1234"]);
}

#[test]
fn z4_an_account_number_has_digits_behind_its_country_and_one_gap_between_its_groups() {
    assert_all(&["GB82 WEST 1234 5698 7654 32", "gb82-west-1234-5698-7654-32"], "[iban]");
    assert_stay(&[
        "GB82 WEST-1234 5698 7654 32",
        "GB82.WEST.1234.5698.7654.32",
        // Its letters would check out.
        "GBECWEST77334786891591",
    ]);
}

#[test]
fn z4_an_address_ends_in_a_name_of_two_letters_or_more() {
    assert_all(&["root@harbor.io", "root@10.harbor.xn--p1ai"], "[email]");
    assert_stay(&["root@harbor.o", "root@192.168.0.10", "root@10.0.0.255"]);
}

#[test]
fn z4_a_german_tax_number_repeats_one_digit_begins_with_none_but_1_to_9_and_checks_out() {
    let numbers = ["61735450890", "26084578913", "86139704237", "90413750261", "36647508268"];
    assert_all(&numbers, "[national_id]");
    assert_all(&["61 735 450 890", "61\u{a0}735\u{a0}450\u{a0}890"], "[national_id]");
    assert_stay(&["01942935863", "85743912606", "61735450891", "26084578914", "61-735-450-890"]);
}

#[test]
fn z4_a_polish_number_holds_a_day_of_birth_of_a_month_that_tells_the_century() {
    assert_all(&["84101612078", "02271409843", "99923109853", "85013112311"], "[national_id]");
    // Of the months 0 and 13, and of the days 0 and 32: their check digits are right.
    assert_stay(&["84001612945", "84131612132", "84331612008", "84120012833", "84123212698", "84123912000"]);
}

#[test]
fn z4_a_french_number_is_of_a_sex_and_a_month_of_birth_and_has_its_key() {
    assert_all(
        &[
            "184127645101523",
            "284127645120079",
            "884127645108984",
            "1 84 12 76 451 015 23",
            "1841276451015 23",
        ],
        "[national_id]",
    );
    assert_stay(&[
        "584127645108940",
        "984127645108934",
        "184007645108948",
        "184137645108962",
        "184437645108957",
        "184127645101524",
        "284127645120078",
    ]);
}

#[test]
fn z4_a_spanish_number_of_a_foreigner_counts_its_first_letter() {
    assert_all(&["X1234567L", "Y1234567X", "Z1234567R", "y-1234567-x", "z1234567r"], "[national_id]");
    assert_stay(&["Y1234567L", "Z1234567L", "Z1234567X", "W1234567L", "X-abcdefg-L 1234567"]);
}

#[test]
fn z4_blanks_of_a_number_may_be_such_that_do_not_break_and_hyphens_are_hyphens() {
    assert_all(&["943 476 5919", "943\u{a0}476\u{a0}5919"], "[national_id]");
    assert_all(&["123-45-6789"], "[national_id]");
    assert_stay(&["123\u{a0}45\u{a0}6789", "123 45 6789", "9434765919"]);
}

#[test]
fn z4_a_phone_number_with_a_plus_has_eight_to_fifteen_digits_and_ten_in_one_piece() {
    #[rustfmt::skip]
    assert_all(&["+49 30 1234", "+4930123456", "+493012345678901", "+49 301 234 567 890 1", "+49 (0)30 - 1234567"], "[phone]");
    assert_stay(&["+49 30 123", "+493012345", "+4930123456789013", "+0301234567", "+49    301    234567"]);
}

#[test]
fn z4_a_phone_number_with_two_zeros_has_ten_digits_and_twelve_in_one_piece() {
    assert_all(&["0049 30 1234", "004930123456", "004930123456789"], "[phone]");
    assert_stay(&["0049 30 123", "00493012345", "0049301234567890", "000 30 1234567"]);
}

#[test]
fn z4_an_american_phone_number_is_three_three_and_four_digits_that_begin_with_2_or_more() {
    assert_all(&["200-200-2671", "999-555-2671", "1 415 555-2671", "415.555.2671"], "[phone]");
    assert_stay(&[
        "123-456-7890",
        "199-555-2671",
        "415-199-2671",
        "4155-555-2671",
        "415-abc-2671",
        "415-5a5-2671",
        "415/555/2671",
        "415-555-26711",
    ]);
}

#[test]
fn z4_a_national_phone_number_is_nine_digits_in_groups_that_stand_close_together() {
    #[rustfmt::skip]
    assert_all(&["030 123456", "030 1234567", "030 - 1234567", "0171/1234567", "01.23.45.67.89", "(030) 123456"], "[phone]");
    assert_stay(&[
        "030 12345",
        "030123456",
        // A column of its own is another number.
        "030    1234567",
        // Points are between pairs alone.
        "030.1234567",
        "030.123.45.67.89",
        "01.23.45.67.89.01",
    ]);
    // What hangs on another number is a part of it, and what stands beside one or hangs on a word is not.
    assert_stay(&["2026-030 1234567", "2026/030 1234567"]);
    for (text, expected) in [("Line 2 030 1234567", "Line 2 [phone]"), ("Tel-030 1234567", "Tel-[phone]")] {
        assert_eq!(shown(text), expected, "{text}");
    }
}

#[test]
fn z4_a_number_beside_words_that_are_written_without_spaces_is_taken_away() {
    for (text, expected) in [
        ("卡号4111111111111111。", "卡号[card]。"),
        ("卡号4111 1111 1111 1111有效", "卡号[card]有效"),
        ("カード番号は4111111111111111です", "カード番号は[card]です"),
        ("카드 4111111111111111입니다", "카드 [card]입니다"),
        ("บัตร4111111111111111ครับ", "บัตร[card]ครับ"),
        ("البطاقة4111111111111111", "البطاقة[card]"),
        ("账号DE89370400440532013000。", "账号[iban]。"),
        ("电话+8613812345678。", "电话[phone]。"),
        ("电话030 1234567。", "电话[phone]。"),
    ] {
        assert_eq!(shown(text), expected);
    }
    // A year, a day and a sum are nobody's.
    assert_stay(&["2026年12月01日", "1234567890円", "第4111111111111112号"]);
}

#[test]
fn z4_a_number_in_the_digits_of_another_script_is_taken_away_and_what_stands_around_it_stays() {
    for (text, expected) in [
        ("カード４１１１　１１１１　１１１１　１１１１です。", "カード[card]です。"),
        ("電話（０３０）１２３４５６７、内線１２", "電話[phone]、内線１２"),
        ("電話＋８６１３８１２３４５６７８。", "電話[phone]。"),
        ("بطاقة ٤١١١١١١١١١١١١١١١ صالحة", "بطاقة [card] صالحة"),
        ("कार्ड ४१११११११११११११११ और 4111111111111111", "कार्ड [card] और [card]"),
        ("ａｄａ＠ｅｘａｍｐｌｅ．ｏｒｇ へ", "[email] へ"),
    ] {
        assert_eq!(shown(text), expected);
    }
    assert_stay(&["２０２６年１２月０１日", "４１１１１１１１１１１１１１１２", "٤١١١"]);
}
