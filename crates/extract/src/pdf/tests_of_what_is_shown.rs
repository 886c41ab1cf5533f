//! Tests that what a reader of a PDF sees is its text, no more and no less.

use std::fmt::Write;

use super::extract;
use super::tests::{pages, pages_with, pdf, stream, text};

/// A PDF of one page with these contents: the catalogue, the page and the fonts have these entries, and the objects
/// that follow are numbered from 5.
fn page(contents: &str, catalogue: &str, page: &str, fonts: &str, objects: &[Vec<u8>]) -> Vec<u8> {
    let helvetica = "/F<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>";
    let mut all = vec![
        format!("<</Type/Catalog/Pages 2 0 R{catalogue}>>").into_bytes(),
        b"<</Type/Pages/Kids[3 0 R]/Count 1/MediaBox[0 0 600 800]>>".to_vec(),
        format!("<</Type/Page/Parent 2 0 R/Contents 4 0 R{page}/Resources<</Font<<{helvetica}{fonts}>>>>>>")
            .into_bytes(),
        stream("", contents.as_bytes()),
    ];
    all.extend_from_slice(objects);
    pdf(&all, "")
}

/// The text of lines of 12 points, one below the other.
fn lines(lines: &[&str]) -> String {
    let mut contents = "BT /F 12 Tf 14 TL 50 700 Td".to_owned();
    for line in lines {
        write!(contents, " ({line}) Tj T*").unwrap();
    }
    text(&pages(&[&format!("{contents} ET")])).unwrap()
}

#[test]
fn q2_a_hyphen_at_the_end_of_a_line_is_taken_away_only_where_it_cuts_a_word() {
    for (written, expected) in [
        // A word that is cut, and one that stands whole elsewhere.
        (&["The fisher-", "man sails."][..], "The fisherman sails."),
        (&["The wreck-", "age. A wreckage."], "The wreckage. A wreckage."),
        // One that has its hyphen elsewhere, of more parts, or begins as another does.
        (&["A deep-", "sea net is for deep-sea fish."], "A deep-sea net is for deep-sea fish."),
        (&["A man-of-", "war sails."], "A man-of-war sails."),
        (&["Use fish-", "count or fish-sort."], "Use fish-count or fish-sort."),
        (
            &["The green blue-", "white flag: white is it, and blue."],
            "The green blue-white flag: white is it, and blue.",
        ),
        // A hyphen that hangs before a conjunction, in some languages.
        (&["Hafen- und Fluss-", "oder Seefahrt"], "Hafen- und Fluss-\noder Seefahrt"),
        (&["Wind-", "bzw. Wasserkraft"], "Wind-\nbzw. Wasserkraft"),
        (&["binnen-", "en buitenland"], "binnen-\nen buitenland"),
        (&["pre-", "and post-war ports"], "pre-\nand post-war ports"),
        (&["Zu-", "resp. Ausgang, ost-", "nicht westw\\344rts"], "Zu-\nresp. Ausgang, ost-\nnicht westwärts"),
        (
            &["older-", "than usual, two-", "as well as three-fold"],
            "older-\nthan usual, two-\nas well as three-fold",
        ),
        (&["socio-", "y econ\\363mico"], "socio-\ny económico"),
        (&["two-", "to three-deck ships, 5-", "to 6-mast"], "two-\nto three-deck ships, 5-\nto 6-mast"),
        (&["short-", "through long-", "term, 4-", "or 5-oar"], "short-\nthrough long-term, 4-\nor 5-oar"),
        // Not in the midst of a compound, or at its end.
        (&["a hit-", "and-run, a face-", "to-face talk"], "a hit-and-run, a face-to-face talk"),
        (&["a lean-", "to shed, dock 4-", "a"], "a lean-to shed, dock 4-a"),
        (&["for-", "och eftermiddag"], "for-\noch eftermiddag"),
        // What no one cuts: numbers, capitals, letters that stand alone.
        (
            &["the COVID-", "19 rules on A4-", "size sheets from 1990-", "1995"],
            "the COVID-19 rules on A4-size sheets from 1990-1995",
        ),
        (&["an e-", "mail to Baden-", "W\\374rttemberg"], "an e-mail to Baden-Württemberg"),
        (&["a dash -", "and more"], "a dash -\nand more"),
        // In doubt: words of which nothing tells that they have none, and halves of other compounds.
        (&["quay-", "hosted or", "berth-", "alternatives"], "quay-hosted or\nberth-alternatives"),
        (&["Die Werk-", "statt ruft fish-", "get auf"], "Die Werk-statt ruft fish-get auf"),
        // One that the language tells, in another form, in capitals; not where a single letter is left.
        (&["all infor-", "mation on har-", "bors. WA-", "TER"], "all information on harbors. WATER"),
        (&["an a-", "part, A-", "partment"], "an a-part, A-partment"),
        // Paths, addresses, names and options, whatever the words in them.
        (
            &["in /srv/har-", "bor or /srv/water, har-", "bor/water"],
            "in /srv/har-bor or /srv/water, har-bor/water",
        ),
        (&["https://docks.example/infor-", "mation"], "https://docks.example/infor-mation"),
        (
            &["har-", "bor@docks.example or old@har-", "bor.example"],
            "har-bor@docks.example or old@har-bor.example",
        ),
        (
            &["fleet_har-", "bor and har-", "bor_fleet and x-", "_y"],
            "fleet_har-bor and har-bor_fleet and x-_y",
        ),
        (
            &["--no-har-", "bor, har-", "bor.txt and ask.har-", "bor"],
            "--no-har-bor, har-bor.txt and ask.har-bor",
        ),
        // A name of capitals and small letters that stands elsewhere.
        (&["Har-", "Bor or DockYard: Dock-", "Yard"], "Har-Bor or DockYard: DockYard"),
        // Half a word that is whole in a compound elsewhere.
        (&["the quay-", "ling dock and the quayling-ship"], "the quayling dock and the quayling-ship"),
    ] {
        assert_eq!(lines(written), expected);
    }
    // What may only be seen where a word is cut is a hyphen all the same where it is drawn.
    let font = "/S<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding<</Differences[126/uni00AD]>>>>";
    let soft =
        "BT /S 12 Tf 14 TL 50 700 Td (The har~) Tj T* (bor has a water~) Tj T* (gate. A water~gate.) Tj ET";
    assert_eq!(
        text(&page(soft, "", "", font, &[])).as_deref(),
        Ok("The harbor has a water-gate. A water-gate.")
    );
    // So is one that stands at ends of lines alone, and is not the usual one; not one that is never parted.
    let font =
        "/S<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding<</Differences[125/uni2011/uni2010]>>>>";
    let set = "BT /S 12 Tf 14 TL 50 700 Td (A quay~) Tj T* (ling and a moor-) Tj T* (ling: no dock}) Tj T* (ling.) Tj ET";
    assert_eq!(
        text(&page(set, "", "", font, &[])).as_deref(),
        Ok("A quayling and a moor-ling: no dock\u{2011}ling.")
    );
    let typed = "BT /S 12 Tf 14 TL 50 700 Td (A quay~) Tj T* (ling or quay~side, moor~side) Tj ET";
    assert_eq!(
        text(&page(typed, "", "", font, &[])).as_deref(),
        Ok("A quay\u{2010}ling or quay\u{2010}side, moor\u{2010}side")
    );
    // A document that has cut words has cut no others thereby.
    for (left, right) in
        [("quay", "ling"), ("ex", "captain"), ("multi", "deck"), ("non", "tidal"), ("demi", "lune")]
    {
        let [doubted, next] = [format!("bers: {left}-"), format!("{right} of old.")];
        let cut = ["The infor-", "mation of har-", "bors and num-", &doubted, &next];
        let expected = format!("The information of harbors and numbers: {left}-{right} of old.");
        assert_eq!(lines(&cut), expected);
    }
    // From right to left.
    let hebrew_lines = "BT /H 12 Tf 50 700 Td (-dc ba) Tj 0 -14 Td (fe hg) Tj ET";
    let expected = "\u{5d0}\u{5d1} \u{5d2}\u{5d3}-\u{5d6}\u{5d7} \u{5d4}\u{5d5}";
    let read = text(&page(hebrew_lines, "", "", &hebrew(), &[])).unwrap();
    assert_eq!(read.chars().rev().collect::<String>(), expected.chars().rev().collect::<String>());
    // A command that is set like one is not cut.
    let fonts = "/C<</Type/Font/Subtype/Type1/BaseFont/Courier>>";
    let command = "BT /F 12 Tf 14 TL 50 700 Td (Whoever wants to sort all of the fish in the harbor calls) Tj T* /C 12 Tf \
        (harbor-) Tj T* (sorted) Tj ET";
    let expected = "Whoever wants to sort all of the fish in the harbor calls\nharbor-sorted";
    assert_eq!(text(&page(command, "", "", fonts, &[])).as_deref(), Ok(expected));
    // Headings of several lines are cut like text, and a word may go on on the next page.
    let heading = "BT /F 24 Tf 50 700 Td (The fisher-) Tj 0 -28 Td (man) Tj ET BT /F 12 Tf 50 600 Td (He sails the whole har-) Tj ET";
    let next = "BT /F 12 Tf 50 700 Td (bor round.) Tj ET";
    assert_eq!(
        text(&pages(&[heading, next])).as_deref(),
        Ok("# The fisherman\n\nHe sails the whole harbor round.")
    );
}

/// A font whose small letters are Hebrew ones from alef on, and whose other characters are Latin.
fn hebrew() -> String {
    let letters = ('\u{5d0}'..='\u{5e9}').fold(String::new(), |mut names, letter| {
        write!(names, "/uni{:04X}", u32::from(letter)).unwrap();
        names
    });
    let widths = " 500".repeat(95);
    format!(
        "/H<</Type/Font/Subtype/Type1/BaseFont/Helvetica/FirstChar 32/Widths[{widths}]/Encoding<</Differences[97{letters}]>>>>"
    )
}

#[test]
fn q2_a_line_from_right_to_left_is_read_from_right_to_left() {
    let read = |contents: &str| text(&page(contents, "", "", &hebrew(), &[])).unwrap();
    // As most programs draw it, from left to right; with a number, a bracket as it looks, and Latin words.
    assert_eq!(
        read("BT /H 12 Tf 50 700 Td (.12 cba ,fed) Tj ET"),
        "ויה, גבא 12.".to_owned().replace("ויה", "דהו").replace("גבא", "אבג")
    );
    assert_eq!(read("BT /H 12 Tf 50 700 Td (\\(b a\\)) Tj ET"), "(א ב)");
    assert_eq!(read("BT /H 12 Tf 50 700 Td (c 10:30 b COVID-19 a) Tj ET"), "א COVID-19 ב 10:30 ג");
    // Glyph by glyph from the right, and word by word.
    assert_eq!(
        read("BT /H 12 Tf 1 0 0 1 80 700 Tm (a) Tj 1 0 0 1 74 700 Tm (b) Tj 1 0 0 1 62 700 Tm (c) Tj ET"),
        "אב ג"
    );
    assert_eq!(read("BT /H 12 Tf 1 0 0 1 80 700 Tm (ba) Tj 1 0 0 1 62 700 Tm (dc) Tj ET"), "אב גד");
    // A word in a line of the other direction.
    assert_eq!(read("BT /H 12 Tf 50 700 Td (THE WORD cba MEANS PEACE) Tj ET"), "THE WORD אבג MEANS PEACE");
    // A mark stands on its letter, whichever was drawn first.
    let fonts = format!(
        "{}/M<</Type/Font/Subtype/Type1/BaseFont/Helvetica/FirstChar 97/Widths[0]/Encoding<</Differences[97/uni05B8]>>>>",
        hebrew()
    );
    let marked = "BT /H 12 Tf 50 700 Td (b) Tj /M 12 Tf (a) Tj /H 12 Tf (a) Tj ET";
    assert_eq!(text(&page(marked, "", "", &fonts, &[])).as_deref(), Ok("א\u{5b8}ב"));
}

/// A font of drawings whose capitals are 30 units wide, with this matrix and these names of its glyphs.
fn drawn(matrix: &str, names: &str) -> (String, Vec<u8>) {
    let procedures: String = names.split_whitespace().map(|name| format!("{name} 5 0 R")).collect();
    let widths = (32..127).fold(String::new(), |widths, code| {
        widths + if char::from(code).is_ascii_uppercase() { " 30" } else { " 22" }
    });
    let font = format!(
        "/T<</Type/Font/Subtype/Type3/FontBBox[0 0 0 0]/FontMatrix[{matrix}]/FirstChar 32/LastChar 126/Widths[{widths}]\
         /Encoding<</Differences[{names}]>>/CharProcs<<{procedures}>>>>"
    );
    (font, stream("", b"22 0 d0"))
}

/// Names of the characters of ASCII from the space on, each as its number with this before it.
fn numbered(prefix: &str) -> String {
    (32..127).fold("32".to_owned(), |names, code| format!("{names}/{prefix}{code:02} "))
}

#[test]
fn q2_fonts_of_drawings_are_measured_and_their_glyphs_read() {
    // Of a page at 300 dots an inch: letters of 22 units are 22 dots, 5.28 points.
    let contents = "0.24 0 0 0.24 0 0 cm BT /T 1 Tf 1 0 0 1 200 2900 Tm [(The)-12000(harbor)] TJ 1 0 0 1 200 2850 Tm \
        [(is)-12000(open,)-12000(see)-12000(96b)-12000(\\(06-24-96\\).)] TJ ET";
    for prefix in ["a", "g", "C00", "cid"] {
        let (font, glyph) = drawn("1 0 0 1 0 0", &numbered(prefix));
        let read = text(&page(contents, "", "", &font, &[glyph]));
        assert_eq!(read.as_deref(), Ok("The harbor\nis open, see 96b (06-24-96)."), "{prefix}");
    }
    // Turned upside down, as TeX does, and with a matrix that fits its size.
    let (font, glyph) = drawn("1 0 0 -1 0 0", &numbered("a"));
    assert!(text(&page(contents, "", "", &font, &[glyph])).unwrap().starts_with("The harbor\nis"));
    let usual = "BT /T 12 Tf 50 700 Td [(The)-400(harbor)] TJ 0 -14 Td (is open.) Tj ET BT /F 12 Tf 50 650 Td (And busy.) Tj ET";
    let (font, glyph) = drawn("0.0227 0 0 0.0227 0 0", &numbered("g"));
    let read = text(&page(usual, "", "", &font, &[glyph]));
    assert_eq!(read.as_deref(), Ok("The harbor\nis open.\n\nAnd busy."));
    // Where the names that say something say otherwise, codes are no characters.
    let (font, glyph) = drawn("1 0 0 1 0 0", "65/alpha /beta /gamma /x1 /x2");
    let greek = "0.24 0 0 0.24 0 0 cm BT /T 1 Tf 1 0 0 1 200 2900 Tm (ABCDE) Tj ET";
    assert_eq!(text(&page(greek, "", "", &font, &[glyph])).as_deref(), Ok("αβγ"));
}

#[test]
fn q2_what_is_drawn_twice_is_read_once() {
    let bold = "BT /F 12 Tf 50 700 Td (Fees: 42) Tj .3 0 Td (Fees: 42) Tj .3 .2 Td (Fees: 42) Tj ET";
    assert_eq!(text(&pages(&[bold])).as_deref(), Ok("Fees: 42"));
    // A shadow, line by line, and text that lies over what was recognized.
    let shadow = "BT /F 24 Tf 52 698 Td (Still) Tj 0 -30 Td (water) Tj ET BT /F 24 Tf 50 700 Td (Still) Tj 0 -30 Td (water) Tj ET";
    assert_eq!(text(&pages(&[shadow])).as_deref(), Ok("Still\nwater"));
    let recognized =
        "BT 3 Tr /F 12 Tf 50 700 Td (Still water) Tj ET BT 0 Tr /F 12 Tf 50.2 700 Td (Still water) Tj ET";
    assert_eq!(text(&pages(&[recognized])).as_deref(), Ok("Still water"));
    // The same word again, beside, below or on another page, is another one.
    let again = "BT /F 12 Tf 50 700 Td (illl 111 ill 1.) Tj 0 -14 Td (illl 111 ill 1.) Tj ET";
    assert_eq!(
        text(&pages(&[again, again])).as_deref(),
        Ok("illl 111 ill 1.\nilll 111 ill 1.\n\nilll 111 ill 1.\nilll 111 ill 1.")
    );
}

#[test]
fn q2_letters_that_are_set_wide_are_words() {
    for contents in [
        "BT /F 12 Tf 4 Tc 50 700 Td (THE OLD HARBOR) Tj ET",
        "BT /F 12 Tf 50 700 Td [(T)-300(H)-300(E)-900(O)-300(L)-300(D)-900(H)-300(A)-300(R)-300(B)-300(O)-300(R)] TJ ET",
        "BT /F 12 Tf 3 Tc 50 700 Td (THE ) Tj (OLD ) Tj (HARBOR) Tj ET",
    ] {
        assert_eq!(text(&pages(&[contents])).as_deref(), Ok("THE OLD HARBOR"));
    }
    // Those of a few letters too, however they are drawn; spaces that are drawn and wider gaps part them.
    let one_by_one = |text: &str| {
        let mut at = 50.0;
        text.chars().fold(String::new(), |drawn, letter| {
            let drawn = drawn + &format!("1 0 0 1 {at} 700 Tm ({letter}) Tj ");
            at += match letter {
                'I' | '.' | ' ' => 6.8,
                'a'..='z' | '0'..='9' => 10.2,
                _ => 12.0,
            };
            drawn
        })
    };
    for word in ["IT", "HR", "A4", "VAT", "No. 5", "US 2", "PART"] {
        let gaps = word
            .replace(' ', "")
            .chars()
            .fold(String::new(), |gaps, letter| gaps + &format!("({letter})-250"));
        let mut drawn = vec![format!("3 Tc 50 700 Td ({word}) Tj"), format!("6 Tc 50 700 Td ({word}) Tj")];
        if word.contains(' ') {
            drawn.push(one_by_one(word));
        } else {
            drawn.extend([format!("50 700 Td [{gaps}] TJ"), one_by_one(word)]);
        }
        for drawn in drawn {
            let contents = format!("BT /F 12 Tf {drawn} ET");
            assert_eq!(text(&pages(&[&contents])).as_deref(), Ok(word), "{contents}");
        }
    }
    let beside = "BT /F 12 Tf 50 700 Td (See chapter ) Tj 3 Tc (IT) Tj 0 Tc ( here) Tj ET";
    assert_eq!(text(&pages(&[beside])).as_deref(), Ok("See chapter IT here"));
    let wide = "BT /F 12 Tf 50 700 Td [(N)-250(o)-250(.)-800(5)] TJ ET";
    assert_eq!(text(&pages(&[wide])).as_deref(), Ok("No. 5"));
    for words in ["[(I)-333(am)-333(A)]", "[(A)-333(is)]", "[(a)-300( )-300(b)]"] {
        let contents = format!("BT /F 12 Tf 50 700 Td {words} TJ ET");
        let expected: String = words.chars().filter(|c| c.is_alphabetic() || *c == ' ').collect();
        let expected = if expected == "a b" {
            expected
        } else {
            expected.replace("IamA", "I am A").replace("Ais", "A is")
        };
        assert_eq!(text(&pages(&[&contents])), Ok(expected));
    }
    let digits = "BT /F 12 Tf 1 0 0 1 50 700 Tm (1) Tj 1 0 0 1 62 700 Tm (2) Tj 1 0 0 1 74 700 Tm (3) Tj ET";
    assert_eq!(text(&pages(&[digits])).as_deref(), Ok("1 2 3"));
    // Columns of single characters, and words of one letter, are apart.
    let columns = "BT /F 12 Tf 1 0 0 1 50 700 Tm (1) Tj 1 0 0 1 80 700 Tm (2) Tj 1 0 0 1 110 700 Tm (3) Tj 1 0 0 1 140 700 Tm (4) Tj \
        1 0 0 1 170 700 Tm (5) Tj ET";
    assert_eq!(text(&pages(&[columns])).as_deref(), Ok("1 2 3 4 5"));
    let words = "BT /F 12 Tf 50 700 Td [(a)-400(b)-400(x1)] TJ ET";
    assert_eq!(text(&pages(&[words])).as_deref(), Ok("a b x1"));
}

#[test]
fn q2_a_title_is_told_by_the_information_or_else_by_the_metadata() {
    let contents = ["BT /F 12 Tf 50 700 Td (text) Tj ET"];
    let titled =
        |title: &str| extract(&pages_with(&contents, &format!("/Info<</Title {title}>>"))).unwrap().title;
    assert_eq!(titled("(The harbor\\220s fees \\205 \\2407)").as_deref(), Some("The harbor’s fees – €7"));
    assert_eq!(titled("<FEFF001B00640065001B0047007200FC00DF00650000>").as_deref(), Some("Grüße"));
    let metadata = |title: &str| {
        let xml = format!(
            "<?xpacket?><x:xmpmeta><rdf:RDF><rdf:Description><xmp:Label><rdf:li>no title</rdf:li></xmp:Label><dc:title><rdf:Alt>\
             <rdf:li xml:lang='x-default'>{title}</rdf:li><rdf:li xml:lang='de'>Hafen</rdf:li></rdf:Alt></dc:title></rdf:Description>\
             </rdf:RDF></x:xmpmeta>"
        );
        let file = page(contents[0], "/Metadata 5 0 R", "", "", &[stream("/Type/Metadata", xml.as_bytes())]);
        extract(&file).unwrap().title
    };
    assert_eq!(metadata("Fees &amp; r\u{fc}les&#33;").as_deref(), Some("Fees & rüles!"));
    assert_eq!(metadata(""), None);
    assert_eq!(metadata("</dc:title>"), None);
}

#[test]
fn q2_what_was_filled_into_a_form_stands_where_its_field_is() {
    let contents =
        "BT /F 12 Tf 50 700 Td (Name:) Tj 0 -30 Td (Ship:) Tj 0 -30 Td (wet) Tj 60 0 Td (dry) Tj ET";
    let filled = |undrawn: bool, fields: &[&str]| {
        let annotations: String =
            fields.iter().map(|field| format!("<</Type/Annot/Subtype/Widget{field}>>")).collect();
        let drawing = stream(
            "/Type/XObject/Subtype/Form/BBox[0 0 200 20]/Resources<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>",
            b"BT /F 12 Tf 2 5 Td (as drawn) Tj ET",
        );
        let parent = b"<</FT/Ch/V[(b)(c)]/Opt[[(a)(Ada)][(b)(Bounty)](c)]>>".to_vec();
        let catalogue = format!("/AcroForm<</NeedAppearances {undrawn}>>");
        text(&page(contents, &catalogue, &format!("/Annots[{annotations}]"), "", &[drawing, parent])).unwrap()
    };
    let name = "/FT/Tx/Rect[100 695 300 715]";
    let whole = |first: &str| format!("Name:{first}\n\nShip:\n\nwet dry");
    assert_eq!(filled(false, &[&format!("{name}/V(Ada L\\366ve)")]), whole(" Ada Löve"));
    assert_eq!(filled(true, &[&format!("{name}/V<FEFF0041000D0042>")]), whole(" A B"));
    // The drawing counts, unless the viewer is to make it anew.
    let drawn = format!("{name}/V(Ada)/AP<</N 5 0 R>>");
    assert_eq!(filled(false, &[&drawn]), whole(" as drawn"));
    assert_eq!(filled(true, &[&drawn]), whole(" Ada"));
    // What is not seen is none: hidden fields, passwords, buttons that do something, empty ones.
    for unseen in ["/F 2/V(x)", "/F 32/V(x)", "/Ff 8192/V(x)", "/V()", ""] {
        assert_eq!(filled(true, &[&format!("{name}{unseen}")]), whole(""), "{unseen}");
    }
    assert_eq!(filled(true, &["/FT/Btn/Ff 65536/Rect[100 695 300 715]/MK<</CA(Send)>>"]), whole(""));
    let boxes = ["/FT/Btn/Rect[30 637 44 651]/AS/Yes/V/Yes", "/FT/Btn/Rect[90 637 104 651]/AS/Off"];
    let chosen = "/Parent 6 0 R/Rect[100 665 300 685]";
    assert_eq!(filled(false, &[boxes[0], boxes[1], chosen]), "Name:\n\nShip: Bounty, c\n\n☒ wet ☐ dry");
    // A field that is its own parent, and one beside all lines.
    assert_eq!(
        filled(true, &["/Parent 3 0 R/Rect[0 0 9 9]", "/FT/Tx/V(below)/Rect[50 20 200 40]"]),
        format!("{}\n\nbelow", whole(""))
    );
}

#[test]
fn q2_what_is_drawn_in_a_field_stands_behind_its_question() {
    let helvetica = "/Resources<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>";
    // Fields of an area, a value and the drawing of it.
    let filled = |contents: &str, fields: &[(&str, &str, &str)]| {
        let (mut annotations, mut drawings) = (String::new(), Vec::new());
        for (number, (area, entries, drawing)) in fields.iter().enumerate() {
            let corner: Vec<f64> = area.split(' ').map(|number| number.parse().unwrap()).collect();
            let (width, height) = (corner[2] - corner[0], corner[3] - corner[1]);
            let form = format!("/Type/XObject/Subtype/Form/BBox[0 0 {width} {height}]{helvetica}");
            drawings.push(stream(&form, format!("BT /F 12 Tf {drawing} ET").as_bytes()));
            let drawing = 5 + number;
            write!(annotations, "<</Type/Annot/Rect[{area}]{entries}/AP<</N {drawing} 0 R>>>>").unwrap();
        }
        text(&page(contents, "", &format!("/Annots[{annotations}]"), "", &drawings)).unwrap()
    };
    let field = "/Subtype/Widget/FT/Tx";
    let of = |value: &str| format!("{field}/V({value})");
    // Beside its question, two in a line, whatever the order in which they are drawn.
    let beside = "BT /F 12 Tf 1 0 0 1 50 700 Tm (First name:) Tj 1 0 0 1 300 700 Tm (Last name:) Tj 1 0 0 1 50 670 Tm (Ship:) Tj ET";
    let fields = [
        ("370 696 500 712", &*of("Lovelace"), "2 4 Td (Lovelace) Tj"),
        ("100 666 290 682", &*of("Bounty"), "2 4 Td (Bounty) Tj"),
        ("120 696 290 712", &*of("Ada"), "2 4 Td (Ada) Tj"),
    ];
    assert_eq!(filled(beside, &fields), "First name: Ada Last name: Lovelace\n\nShip: Bounty");
    // Below its question, in two columns.
    let above = "BT /F 9 Tf 1 0 0 1 50 700 Tm (First name) Tj 1 0 0 1 50 660 Tm (Ship) Tj 1 0 0 1 300 700 Tm (Last name) Tj ET";
    let fields = [
        ("50 680 200 696", &*of("Ada"), "2 4 Td (Ada) Tj"),
        ("50 640 200 656", &*of("Bounty"), "2 4 Td (Bounty) Tj"),
        ("300 680 450 696", &*of("Lovelace"), "2 4 Td (Lovelace) Tj"),
    ];
    assert_eq!(filled(above, &fields), "First name\nAda\n\nShip\nBounty\n\nLast name\nLovelace");
    // Below a row of questions, whatever the order in which they are drawn, some of several lines, and a row below.
    let row = "BT /F 9 Tf 1 0 0 1 50 700 Tm (Ship) Tj 1 0 0 1 200 700 Tm (Cargo) Tj 1 0 0 1 350 700 Tm (Port) Tj ET";
    let of_row = [
        ("50 680 180 696", &*of("Bounty"), "2 4 Td (Bounty) Tj"),
        ("200 640 330 696", &*of("bread and\\rfruit"), "2 44 Td (bread and) Tj 0 -14 Td (fruit) Tj"),
        ("350 678 480 694", &*of("Papeete"), "2 4 Td (Papeete) Tj"),
        ("50 620 180 636", &*of("Ada"), "2 4 Td (Ada) Tj"),
        ("350 620 480 636", &*of("Hull"), "2 4 Td (Hull) Tj"),
    ];
    for order in [[0, 1, 2, 3, 4], [2, 1, 0, 4, 3], [1, 0, 2, 3, 4], [3, 0, 4, 2, 1], [4, 3, 1, 2, 0]] {
        let fields = order.map(|at| of_row[at]);
        let expected = "Ship Cargo Port\nBounty bread and fruit Papeete\n\nAda Hull";
        assert_eq!(filled(row, &fields), expected, "{order:?}");
    }
    // A drawing that says more than the value, in boxes for each letter, of several lines, and none.
    let one = "BT /F 12 Tf 50 700 Td (Fee:) Tj 0 -60 Td (Paid:) Tj ET";
    for (value, drawing, expected) in [
        ("1250", "2 20 Td (1,250.00 EUR) Tj", "1,250.00 EUR"),
        ("A 42", "2 20 Td (A) Tj 36 0 Td (4) Tj 18 0 Td (2) Tj", "A 42"),
        ("two and\\ra half", "2 34 Td (two) Tj 0 -14 Td (and) Tj 0 -14 Td (a half) Tj", "two and a half"),
        ("unseen", "", "unseen"),
        ("", "", ""),
    ] {
        let field = ("90 680 300 730", &*of(value), drawing);
        assert_eq!(filled(one, &[field]), format!("Fee: {expected}").trim_end().to_owned() + "\n\nPaid:");
    }
    // Of a list the choice; what is drawn on the page already, once.
    let list = "/Subtype/Widget/FT/Ch/V(b)/Opt[[(a)(Ada)][(b)(Bounty)]]";
    let field = ("90 690 300 720", list, "2 16 Td (Ada) Tj 0 -14 Td (Bounty) Tj");
    assert_eq!(filled(one, &[field]), "Fee: Bounty\n\nPaid:");
    let flat = "BT /F 12 Tf 50 700 Td (Fee:) Tj 50 0 Td (1 250) Tj ET";
    assert_eq!(filled(flat, &[("90 690 300 720", &of("1 250"), "10 10 Td (1 250) Tj")]), "Fee: 1 250");
    // Text that somebody put onto a page that has no fields; a stamp over its text stands behind it.
    let note = "/Subtype/FreeText/Contents(as typed)";
    assert_eq!(filled(one, &[("90 690 300 720", note, "2 10 Td (as typed) Tj")]), "Fee: as typed\n\nPaid:");
    let stamp = ("40 690 300 720", "/Subtype/Stamp", "4 8 Td (VOID) Tj");
    assert_eq!(filled(one, &[stamp]), "Fee:\n\nPaid:\n\nVOID");
}

#[test]
fn q2_a_map_of_characters_with_empty_entries_is_read_without_them() {
    let map = |entries: &str| {
        let map = format!(
            "/CIDInit /ProcSet findresource begin begincmap /CMapName /X def 1 begincodespacerange <0000> <ffff> endcodespacerange \
             {entries} endcmap end"
        );
        stream("", map.as_bytes())
    };
    let font = |map: u8| {
        format!(
            "<</Type/Font/Subtype/Type0/BaseFont/X/Encoding/Identity-H/ToUnicode {map} 0 R/DescendantFonts[<</Type/Font/Subtype\
             /CIDFontType2/BaseFont/X/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>/DW 500/W[2[0]]>>]>>"
        )
        .into_bytes()
    };
    let objects = [
        map("3 beginbfchar <0001> <0061> <0002> <> <0003> <0062> endbfchar"),
        map(
            "2 beginbfchar <0001> <0078> <0004> < > endbfchar 1 beginbfrange <0005> <0006> <0079> endbfrange",
        ),
        font(5),
        font(6),
    ];
    let contents = "BT /A 12 Tf 50 700 Td <0001000200030001> Tj /B 12 Tf 40 0 Td <000100050006> Tj /F 12 Tf 40 0 Td (and more) Tj ET";
    let file = page(contents, "", "", "/A 7 0 R/B 8 0 R", &objects);
    assert_eq!(text(&file).as_deref(), Ok("aba xyz and more"));
}
