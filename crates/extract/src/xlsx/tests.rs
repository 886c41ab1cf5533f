use syft_space_domain::dataset::FileRefused;

use super::extract;
use crate::package::tests::pack;

const RELATIONS: &str = r#"<R><Relationship Id="a" Type="http://x/worksheet" Target="worksheets/one.xml"/><Relationship Id="b"
    Type="http://x/worksheet" Target="/xl/worksheets/two.xml"/><Relationship Id="c" Type="http://x/chartsheet" Target="c.xml"/>
    <Relationship Id="s" Type="http://x/sharedStrings" Target="texts.xml"/><Relationship Id="t" Type="http://x/styles"
    Target="looks.xml"/></R>"#;
const WORKBOOK: &str = "<workbook><sheets><sheet name='Ships' sheetId='1' r:id='a'/><sheet name='Secret' sheetId='2' state='hidden' r:id='b'/>\
    <sheet name='Chart' sheetId='3' r:id='c'/></sheets></workbook>";
const TEXTS: &str = "<sst><si><t>Ship</t></si><si><r><t>A</t></r><r><t>da</t></r><rPh><t>reading</t></rPh></si><si><t>Built</t></si></sst>";
const LOOKS: &str = "<styleSheet><numFmts><numFmt numFmtId='164' formatCode='#,##0.00 \"m\"'/></numFmts><cellStyleXfs><xf numFmtId='9'/></cellStyleXfs>\
    <cellXfs><xf numFmtId='0'/><xf numFmtId='14'/><xf numFmtId='164'/></cellXfs></styleSheet>";

fn workbook(sheet: &str) -> Vec<u8> {
    workbook_with(sheet, TEXTS)
}

fn workbook_with(sheet: &str, texts: &str) -> Vec<u8> {
    let sheet = format!("<worksheet>{sheet}</worksheet>");
    pack(&[
        ("xl/workbook.xml", WORKBOOK),
        ("xl/_rels/workbook.xml.rels", RELATIONS),
        ("xl/worksheets/one.xml", &sheet),
        ("xl/worksheets/two.xml", "<worksheet><row><c><v>7</v></c></row></worksheet>"),
        ("xl/texts.xml", texts),
        ("xl/looks.xml", LOOKS),
    ])
}

#[test]
fn q2_rows_of_a_workbook_are_lines_of_what_their_cells_show() {
    let sheet = "<cols><col min='5' max='6' hidden='1'/></cols><sheetData>\
        <row r='1'><c r='A1' t='s'><v>0</v></c><c r='B1' t='s'><v>2</v></c><c r='C1' t='inlineStr'><is><t>Length</t></is></c></row>\
        <row r='2'><c r='A2' t='s'><v>1</v></c><c r='B2' s='1'><v>45292</v></c><c r='C2' s='2'><f>1+1</f><v>1234.5</v></c><c r='E2'><v>9</v></c></row>\
        <row r='3' hidden='1'><c r='A3'><v>8</v></c></row>\
        <row r='4'><c r='A4' t='str'><f>A1&amp;A2</f><v>a &amp; b</v></c><c r='C4' t='b'><v>1</v></c><c r='G4' t='e'><v>#N/A</v></c></row>\
        <row r='5'><c r='A5' s='1'/></row><row><c r='A6'><v>0.1</v></c><c r='XFD6'><v>2</v></c></row></sheetData>";
    let extracted = extract(&workbook(sheet)).unwrap();
    let expected = "# Ships\n\n| Ship | Built | Length |\n| Ada | 2024-01-01 | 1,234.50 m |\n| a & b | | TRUE | | | | #N/A |\n| 0.1 | XFD6: 2 |";
    assert_eq!(extracted.text, expected);
}

#[test]
fn q2_what_a_cell_shows_stands_below_what_stands_above_it() {
    let cell = |name: &str, text: &str| format!("<c r='{name}' t='inlineStr'><is><t>{text}</t></is></c>");
    let rows = |rows: &[&[(&str, &str)]]| {
        let row = |cells: &&[(&str, &str)]| {
            let cells: String = cells.iter().map(|(name, text)| cell(name, text)).collect();
            format!("<row>{cells}</row>")
        };
        extract(&workbook(&rows.iter().map(row).collect::<String>())).unwrap().text
    };
    let head: &[_] = &[("B2", "Region"), ("C2", "Q1"), ("D2", "Q2")];
    // The first row says where the others begin, and a title may stand further left.
    let shown =
        rows(&[head, &[("C3", "10"), ("D3", "20")], &[("B4", "North"), ("D4", "5")], &[("A5", "sum")]]);
    assert_eq!(shown, "# Ships\n\n| Region | Q1 | Q2 |\n| | 10 | 20 |\n| North | | 5 |\n| sum |");
    let shown = rows(&[&[("A1", "Sales")], head]);
    assert_eq!(shown, "# Ships\n\n| Sales |\n| | Region | Q1 | Q2 |");
    let shown = rows(&[&[("A1", "Lin"), ("V1", "m20")], &[("A2", "Bo"), ("BZ2", "m77")]]);
    assert_eq!(shown, format!("# Ships\n\n| Lin |{} m20 |\n| Bo | BZ2: m77 |", " |".repeat(20)));
}

#[test]
fn q2_raised_digits_of_a_cell_never_run_into_those_before_them() {
    let run = |looks: &str, text: &str| format!("<r><rPr>{looks}</rPr><t>{text}</t></r>");
    let (high, low) = ("<vertAlign val='superscript'/>", "<vertAlign val='subscript'/>");
    let power = [run("", "10"), run(high, "6"), run("", " people")].concat();
    let water = [run("", "101"), run(low, "2")].concat();
    let sheet = format!(
        "<row><c r='A1' t='inlineStr'><is>{power}</is></c><c r='B1' t='s'><v>0</v></c><c r='C1' t='s'><v>1</v></c></row>"
    );
    let texts = format!("<sst><si>{water}</si><si>{}</si></sst>", [run(high, "7"), power].concat());
    let text = extract(&workbook_with(&sheet, &texts)).unwrap().text;
    assert_eq!(text, "# Ships\n\n| 10^6 people | 101_2 | 7 10^6 people |");
}

#[test]
fn q2_escaped_characters_of_a_cell_are_what_they_stand_for() {
    let sheet = "<row><c t='inlineStr'><is><t>at noon_x000D_\nat six</t></is></c><c t='str'><f>A1</f><v>a_x000A_b</v></c>\
        <c t='inlineStr'><is><t>max_x005F_x0041_</t></is></c></row>";
    assert_eq!(extract(&workbook(sheet)).unwrap().text, "# Ships\n\n| at noon at six | a b | max_x0041_ |");
}

#[test]
fn k16_a_workbook_without_text_with_a_hole_or_broken_is_refused() {
    let refused = |sheet: &str| extract(&workbook(sheet)).unwrap_err();
    assert_eq!(refused("<row><c r='A1'/></row>"), FileRefused::NoText);
    let why = refused("<row><c r='B7'><f>SUM(A1:A6)</f></c></row>").to_string();
    assert!(why.contains("the formula in B7 was never calculated"), "{why}");
    assert!(matches!(refused("<row>"), FileRefused::Damaged("XLSX", _)));
    assert!(matches!(refused(&" ".repeat(6_000_000)), FileRefused::TooLarge(_)));
    let far = "<row><c r='A1'><v>1</v></c><c r='ZZZZZZZZZZZZZZZZZZZZ1'><v>2</v></c><c r='99'><v>3</v></c><c t='s'><v>99</v></c></row>";
    assert_eq!(extract(&workbook(far)).unwrap().text, "# Ships\n\n| 1 | 2 | 3 |");
    let parts = [("xl/workbook.xml", WORKBOOK), ("xl/_rels/workbook.xml.rels", RELATIONS)];
    assert!(
        matches!(extract(&pack(&parts)), Err(FileRefused::Damaged("XLSX", why)) if why.contains("Ships is missing"))
    );
}
