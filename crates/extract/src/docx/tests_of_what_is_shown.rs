//! Tests that what a reader of a document sees is its text, no more and no less.

use super::extract;
use super::tests::{assert_damaged, document, pack, text};

/// A document of a body, its styles, and further parts.
fn docx(body: &str, styles: &str, further: &[(&str, &str)]) -> Vec<u8> {
    let (document, styles) = (document(body), format!("<w:styles>{styles}</w:styles>"));
    let mut parts = vec![("word/document.xml", document.as_bytes()), ("word/styles.xml", styles.as_bytes())];
    parts.extend(further.iter().map(|(name, text)| (*name, text.as_bytes())));
    pack(&parts)
}

fn shown(body: &str, styles: &str) -> String {
    text(&docx(body, styles, &[])).unwrap()
}

fn relation(id: &str, kind: &str, target: &str) -> String {
    format!(r#"<Relationship Id="{id}" Type="http://purl.oclc.org/ooxml/{kind}" Target="{target}"/>"#)
}

fn relations(of: &[String]) -> String {
    format!("<Relationships>{}</Relationships>", of.concat())
}

#[test]
fn q2_text_that_a_style_hides_is_none() {
    let styles = r#"
        <w:style w:type="paragraph" w:styleId="Bottom"><w:rPr><w:vanish/></w:rPr></w:style>
        <w:style w:type="paragraph" w:styleId="Lower"><w:basedOn w:val="Bottom"/></w:style>
        <w:style w:type="paragraph" w:styleId="Clear"><w:basedOn w:val="Lower"/><w:rPr><w:vanish w:val="false"/></w:rPr></w:style>
        <w:style w:type="character" w:styleId="Mark"><w:rPr><w:vanish w:val="1"/></w:rPr></w:style>
        <w:style w:type="table" w:styleId="Grid"><w:tblStylePr><w:rPr><w:vanish/></w:rPr></w:tblStylePr></w:style>
        <w:style w:type="table" w:styleId="Secret"><w:rPr><w:vanish/></w:rPr></w:style>"#;
    let paragraph = |style: &str, properties: &str, text: &str| {
        format!(
            r#"<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr><w:r><w:rPr>{properties}</w:rPr><w:t>{text}</w:t></w:r></w:p>"#
        )
    };
    let mark = r#"<w:rStyle w:val="Mark"/>"#;
    for (style, properties, is_shown) in [
        ("Bottom", "", false),
        ("Lower", "", false),
        ("Clear", "", true),
        ("Unknown", "", true),
        ("Unknown", mark, false),
        ("Unknown", "<w:rStyle w:val='Mark'/><w:vanish w:val='0'/>", true),
        ("Lower", "<w:vanish w:val='off'/>", true),
        // Each style that hides turns over what the others say.
        ("Lower", mark, true),
        ("Clear", mark, false),
        // What was before a change that is tracked is no more.
        ("Unknown", "<w:rPrChange><w:rPr><w:vanish/></w:rPr></w:rPrChange>", true),
    ] {
        let body = format!("{}{}", paragraph("Unknown", "", "first"), paragraph(style, properties, "x"));
        let expected = if is_shown { "first\n\nx" } else { "first" };
        assert_eq!(shown(&body, styles), expected, "{style} {properties}");
    }
    // The mark of a paragraph may be hidden, and its text is not.
    let mark_alone = "<w:p><w:pPr><w:rPr><w:vanish/></w:rPr></w:pPr><w:r><w:t>x</w:t></w:r></w:p>";
    assert_eq!(shown(mark_alone, styles), "x");
    let table = |style: &str| {
        format!(
            r#"<w:tbl><w:tblPr><w:tblStyle w:val="{style}"/></w:tblPr><w:tr><w:tc><w:p><w:r><w:t>{style}</w:t></w:r></w:p></w:tc>
            </w:tr></w:tbl>"#
        )
    };
    assert_eq!(shown(&format!("{}{}", table("Secret"), table("Grid")), styles), "| Grid |");
    let hidden_by_default =
        r#"<w:docDefaults><w:rPrDefault><w:rPr><w:vanish/></w:rPr></w:rPrDefault></w:docDefaults>"#;
    let body = format!("{}{}", paragraph("A", "", "x"), paragraph("A", "<w:vanish w:val='0'/>", "y"));
    assert_eq!(shown(&body, hidden_by_default), "y");
    let every_paragraph =
        r#"<w:style w:type="paragraph" w:default="1" w:styleId="A0"><w:rPr><w:vanish/></w:rPr></w:style>"#;
    assert!(text(&docx("<w:p><w:r><w:t>x</w:t></w:r></w:p>", every_paragraph, &[])).is_err());
}

#[test]
fn q2_parts_are_found_by_their_relations_whatever_their_names() {
    let of_package = relations(&[
        relation("a", "officeDocument/relationships/officeDocument", "/Word/My%20document.xml"),
        relation("b", "package/relationships/metadata/core-properties", "meta/5f.psmdcp"),
    ]);
    let of_document = relations(&[
        relation("a", "officeDocument/relationships/stylesWithEffects", "wrong.xml"),
        relation("b", "officeDocument/relationships/styles", "/parts/styles7.xml"),
        relation("c", "officeDocument/relationships/footnotes", "../parts/./feet.xml"),
        relation("d", "officeDocument/relationships/endnotes", "END.XML"),
        relation("e", "officeDocument/relationships/numbering", "lists.xml"),
    ]);
    let body = document(
        r#"<w:p><w:pPr><w:pStyle w:val="T"/></w:pPr><w:r><w:t>Tides</w:t></w:r></w:p>
        <w:p><w:pPr><w:numPr><w:numId w:val="5"/></w:numPr></w:pPr><w:r><w:t>High</w:t><w:footnoteReference w:id="3"/></w:r>
        <w:del><w:r><w:footnoteReference w:id="4"/></w:r></w:del><w:r><w:endnoteReference w:id="1"/></w:r></w:p>"#,
    );
    let styles = r#"<w:styles><w:style w:styleId="T"><w:name w:val="heading 2"/></w:style></w:styles>"#;
    let feet = r#"<w:footnotes><w:footnote w:id="-1"><w:p><w:r><w:t>a line</w:t></w:r></w:p></w:footnote><w:footnote w:id="3"><w:p>
        <w:r><w:t>At noon.</w:t></w:r></w:p></w:footnote><w:footnote w:id="4"><w:p><w:r><w:t>Of what was deleted</w:t></w:r></w:p>
        </w:footnote></w:footnotes>"#;
    let ends = r#"<w:endnotes><w:endnote w:id="1"><w:p><w:r><w:t>The end.</w:t></w:r></w:p></w:endnote></w:endnotes>"#;
    let lists = r#"<w:numbering><w:abstractNum w:abstractNumId="1"><w:lvl w:ilvl="0"><w:start w:val="4"/><w:numFmt w:val="upperRoman"/>
        <w:lvlText w:val="(%1)"/></w:lvl></w:abstractNum><w:num w:numId="5"><w:abstractNumId w:val="1"/></w:num></w:numbering>"#;
    let parts: [(&str, &str); 9] = [
        ("_rels/.rels", &of_package),
        ("Word/_rels/My document.xml.rels", &of_document),
        ("Word/My document.xml", &body),
        ("parts/styles7.xml", styles),
        ("parts/feet.xml", feet),
        ("Word/end.xml", ends),
        ("Word/lists.xml", lists),
        ("Word/footnotes.xml", "<a><w:p><w:r><w:t>of an earlier version</w:t></w:r></w:p></a>"),
        ("meta/5f.psmdcp", "<p><dc:title>Of tides</dc:title></p>"),
    ];
    let packed: Vec<(&str, &[u8])> = parts.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    let extracted = extract(&pack(&packed)).unwrap();
    assert_eq!(extracted.text, "## Tides\n\n(IV) High\n\nAt noon.\n\nThe end.");
    assert_eq!(extracted.title.as_deref(), Some("Of tides"));
}

#[test]
fn q2_an_item_that_was_deleted_with_its_end_is_not_counted() {
    let lists = r#"<w:numbering><w:abstractNum w:abstractNumId="1"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/>
        <w:lvlText w:val="%1."/></w:lvl></w:abstractNum><w:num w:numId="5"><w:abstractNumId w:val="1"/></w:num></w:numbering>"#;
    let item = |mark: &str, inner: &str| {
        format!(
            "<w:p><w:pPr><w:numPr><w:numId w:val='5'/></w:numPr><w:rPr>{mark}</w:rPr></w:pPr>{inner}</w:p>"
        )
    };
    let (one, gone) = ("<w:r><w:t>one</w:t></w:r>", "<w:del><w:r><w:delText>gone</w:delText></w:r></w:del>");
    for (mark, inner, next) in [("<w:del/>", gone, 2), ("<w:moveFrom/>", "", 2), ("", "", 3), ("", gone, 3)] {
        let body = [item("", one), item(mark, inner), item("", one)].concat();
        let shown = text(&docx(&body, "", &[("word/numbering.xml", lists)])).unwrap();
        assert_eq!(shown, format!("1. one\n{next}. one"), "{mark} {inner}");
    }
}

#[test]
fn q2_an_embedded_file_is_read_in_its_place_or_the_document_is_refused() {
    let body =
        "<w:p><w:r><w:t>One.</w:t></w:r></w:p><w:altChunk r:id='x'/><w:p><w:r><w:t>Three.</w:t></w:r></w:p>";
    let with = |name: &str, media_type: &str, content: &str| {
        let types = format!(
            r#"<Types><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/{name}"
            ContentType="{media_type}"/></Types>"#
        );
        let of_document = relations(&[relation("x", "officeDocument/relationships/aFChunk", name)]);
        let name = format!("word/{name}");
        let further = [
            ("[Content_Types].xml", types.as_str()),
            ("word/_rels/document.xml.rels", &of_document),
            (&name, content),
        ];
        docx(body, "", if content.is_empty() { &further[1..2] } else { &further })
    };
    let read = |name: &str, media_type: &str, content: &str| text(&with(name, media_type, content));
    let html = "<html><body><h2>Two</h2><p>Here.</p></body></html>";
    let expected = "One.\n\n## Two\n\nHere.\n\nThree.";
    assert_eq!(read("a.html", "text/html", html).as_deref(), Ok(expected));
    assert_eq!(read("a.dat", "application/xhtml+xml; charset=utf-8", html).as_deref(), Ok(expected));
    let named = "text/html; Charset=iso-2022-jp";
    assert_eq!(read("a.html", named, "<p>\x1b$B9A\x1b(B").as_deref(), Ok("One.\n\n港\n\nThree."));
    assert_eq!(read("a.htm", "application/xml", html).as_deref(), Ok(expected));
    assert_eq!(read("a.txt", "text/plain", "two\nlines\n").as_deref(), Ok("One.\n\ntwo\nlines\n\nThree."));
    assert_eq!(read("a.html", "text/html", "<p> </p>").as_deref(), Ok("One.\n\nThree."));
    assert_damaged(&with("a.rtf", "application/rtf", "{\\rtf1 Two}"), "embedded file a.rtf");
    let packed = "MIME-Version: 1.0\nContent-Type: text/html\n\n<h2>Two</h2><p>Here.</p>";
    assert_eq!(read("a.mht", "message/rfc822", packed).as_deref(), Ok(expected));
    assert_damaged(&with("a.docx", "application/vnd.other", "PK"), "open it in Word and save it again");
    assert_damaged(&with("a.html", "text/html", ""), "missing");
    assert_damaged(&docx("<w:altChunk r:id='x'/>", "", &[]), "embedded file");
    assert_damaged(&docx("<w:subDoc r:id='x'/>", "", &[]), "embedded file");
    let outside =
        r#"<R><Relationship Id="x" Type="/aFChunk" TargetMode="External" Target="file:///etc/passwd"/></R>"#;
    let outside = docx("<w:altChunk r:id='x'/>", "", &[("word/_rels/document.xml.rels", outside)]);
    assert_damaged(&outside, "outside of it");
    // One that was deleted, or stands where nobody looks, is no hole.
    let unseen = "<w:p><w:r><w:t>One.</w:t></w:r></w:p><w:del><w:altChunk r:id='x'/></w:del>";
    assert_eq!(shown(unseen, ""), "One.");
}

#[test]
fn q2_symbols_and_boxes_of_forms_are_shown_as_characters() {
    let run = |content: &str| format!("<w:p><w:r>{content}</w:r></w:p>");
    for (content, expected) in [
        ("<w:sym w:font='Wingdings' w:char='F0FE'/><w:t xml:space='preserve'> Fish</w:t>", "☑ Fish"),
        ("<w:sym w:font='Wingdings' w:char='F0A8'/><w:t xml:space='preserve'> Fowl</w:t>", "☐ Fowl"),
        ("<w:sym w:font='Wingdings 2' w:char='F053'/><w:t>a</w:t>", "☒a"),
        ("<w:sym w:font='Symbol' w:char='F06D'/><w:t>m</w:t>", "μm"),
        ("<w:sym w:font='Segoe UI Symbol' w:char='2610'/>", "☐"),
        ("<w:sym w:font='Wingdings' w:char='F03A'/><w:t>a</w:t>", "a"),
        ("<w:rPr><w:vanish/></w:rPr><w:sym w:font='Wingdings' w:char='F0FE'/></w:r><w:r><w:t>a</w:t>", "a"),
        ("<w:rPr><w:rFonts w:ascii='Wingdings'/></w:rPr><w:t>\u{f0fc}</w:t></w:r><w:r><w:t>a</w:t>", "✓a"),
        ("<w:rPr><w:rFonts w:hAnsi='Symbol'/></w:rPr><w:t>D</w:t></w:r><w:r><w:t>t</w:t>", "Δt"),
        (
            "<w:t>wa\u{ad}ter</w:t><w:softHyphen/><w:t>fall A4</w:t><w:noBreakHyphen/><w:t>x</w:t>",
            "waterfall A4-x",
        ),
        (
            "<w:fldChar><w:ffData><w:checkBox><w:default w:val='1'/></w:checkBox></w:ffData></w:fldChar><w:t>a</w:t>",
            "☒a",
        ),
        (
            "<w:fldChar><w:ffData><w:checkBox><w:default w:val='1'/><w:checked w:val='0'/></w:checkBox></w:ffData></w:fldChar>\
             <w:t>a</w:t>",
            "☐a",
        ),
        (
            "<w:fldChar><w:ffData><w:ddList><w:result w:val='1'/><w:listEntry w:val='cod'/><w:listEntry w:val='eel'/></w:ddList>\
             </w:ffData></w:fldChar>",
            "eel",
        ),
        (
            "<w:ruby><w:rt><w:r><w:t>みなと</w:t></w:r></w:rt><w:rubyBase><w:r><w:t>港</w:t></w:r></w:rubyBase></w:ruby>",
            "港(みなと)",
        ),
    ] {
        assert_eq!(shown(&run(content), ""), expected, "{content}");
    }
    // A box that can be ticked shows what is in it.
    let ticked = "<w:p><w:sdt><w:sdtPr><w14:checkbox><w14:checked w14:val='1'/></w14:checkbox></w:sdtPr><w:sdtContent><w:r><w:t>☒\
        </w:t></w:r></w:sdtContent></w:sdt><w:r><w:t xml:space='preserve'> yes</w:t></w:r></w:p>";
    assert_eq!(shown(ticked, ""), "☒ yes");
}

#[test]
fn q2_items_of_lists_are_known_by_style_and_numbered_as_word_numbers_them() {
    let styles = r#"
        <w:style w:styleId="Bullet"><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>
        <w:style w:styleId="Bullet2"><w:basedOn w:val="Bullet"/><w:pPr><w:numPr><w:ilvl w:val="1"/></w:numPr></w:pPr></w:style>
        <w:style w:styleId="Plain"><w:basedOn w:val="Bullet"/><w:pPr><w:numPr><w:numId w:val="0"/></w:numPr></w:pPr></w:style>
        <w:style w:styleId="H1"><w:name w:val="heading 1"/><w:pPr><w:numPr><w:numId w:val="2"/></w:numPr></w:pPr></w:style>
        <w:style w:styleId="H2"><w:name w:val="heading 2"/><w:pPr><w:numPr><w:numId w:val="2"/></w:numPr></w:pPr></w:style>"#;
    let level = |number: u8, format: &str, text: &str, more: &str| {
        format!(
            r#"<w:lvl w:ilvl="{number}"><w:start w:val="1"/><w:numFmt w:val="{format}"/>{more}<w:lvlText w:val="{text}"/></w:lvl>"#
        )
    };
    let numbering = format!(
        r#"<w:numbering><w:abstractNum w:abstractNumId="10">{}{}</w:abstractNum><w:abstractNum w:abstractNumId="20">{}{}</w:abstractNum>
        <w:abstractNum w:abstractNumId="30">{}</w:abstractNum><w:abstractNum w:abstractNumId="40">{}{}</w:abstractNum>
        <w:num w:numId="1"><w:abstractNumId w:val="10"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="20"/></w:num>
        <w:num w:numId="3"><w:abstractNumId w:val="30"/></w:num><w:num w:numId="4"><w:abstractNumId w:val="40"/></w:num>
        <w:num w:numId="5"><w:abstractNumId w:val="40"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="7"/></w:lvlOverride></w:num>
        </w:numbering>"#,
        level(0, "bullet", "\u{f0b7}", ""),
        level(1, "bullet", "o", ""),
        level(0, "upperRoman", "%1", "<w:pStyle w:val='H1'/>"),
        level(1, "decimal", "%1.%2", "<w:isLgl/><w:pStyle w:val='H2'/>"),
        level(0, "none", "", ""),
        level(0, "decimal", "%1.", ""),
        level(1, "lowerLetter", "%2)", ""),
    );
    let styled = |style: &str, more: &str, text: &str| {
        format!(r#"<w:p><w:pPr><w:pStyle w:val="{style}"/>{more}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"#)
    };
    let item = |list: u8, level: u8, text: &str| {
        let number = format!(r#"<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{list}"/></w:numPr>"#);
        styled("None", &number, text)
    };
    let body = [
        styled("H1", "", "Ports"),
        styled("Bullet", "", "bread"),
        styled("Bullet2", "", "rye"),
        styled("Plain", "", "no item"),
        styled("Bullet", "<w:numPr><w:numId w:val='0'/></w:numPr>", "nor this"),
        styled("H2", "", "Fees"),
        item(4, 0, "first"),
        item(4, 1, "within"),
        item(4, 1, "again"),
        item(4, 0, "second"),
        item(4, 1, "anew"),
        item(3, 0, "unmarked"),
        styled("H1", "", "Ships"),
        styled("H2", "", "Masts"),
        item(5, 0, "seventh"),
        "<w:p><w:pPr><w:numPr><w:numId w:val='5'/></w:numPr></w:pPr></w:p>".to_owned(),
        item(5, 0, "ninth"),
    ];
    let parts = [("word/numbering.xml", numbering.as_str())];
    let expected = "# I Ports\n\n- bread\n  - rye\n\nno item\n\nnor this\n\n## 1.1 Fees\n\n1. first\n  a) within\n  b) again\n2. second\n  \
                    a) anew\nunmarked\n\n# II Ships\n\n## 2.1 Masts\n\n7. seventh\n9. ninth";
    let extracted = extract(&docx(&body.concat(), styles, &parts)).unwrap();
    assert_eq!(extracted.text, expected);
    assert_eq!(extracted.title.as_deref(), Some("Ports"));
    // Without its numbering a list is one all the same.
    assert_eq!(shown(&[item(9, 0, "a"), item(9, 1, "b")].concat(), styles), "- a\n  - b");
}

#[test]
fn q2_what_was_deleted_and_what_stands_twice_is_left_out() {
    let body = "<w:p><w:pPr><w:rPr><w:del w:id='1'/></w:rPr></w:pPr><w:r><w:t>Har</w:t></w:r></w:p>\
        <w:p><w:r><w:t>bor</w:t></w:r><w:del><w:r><w:sym w:font='Wingdings' w:char='F0FE'/><w:tab/><w:delText>x</w:delText></w:r></w:del>\
        <w:r><w:t>side</w:t></w:r><w:ins><w:r><w:t>s</w:t></w:r></w:ins></w:p>\
        <w:p><w:r><w:t xml:space='preserve'>Before </w:t><mc:AlternateContent><mc:Choice><w:txbxContent><w:p><w:pPr><w:pStyle \
        w:val='Heading'/></w:pPr><w:r><w:t>in the box</w:t></w:r></w:p></w:txbxContent></mc:Choice><mc:Choice><w:p><w:r><w:t>other\
        </w:t></w:r></w:p></mc:Choice><mc:Fallback><w:p><w:r><w:t>in the box</w:t></w:r></w:p></mc:Fallback></mc:AlternateContent></w:r>\
        <w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r><w:r><w:t>after</w:t></w:r></w:p>\
        <mc:AlternateContent><mc:Fallback><w:p><w:r><w:t>For old readers</w:t></w:r></w:p></mc:Fallback></mc:AlternateContent>";
    let styles = "<w:style w:styleId='Heading'><w:name w:val='heading 1'/></w:style>";
    let expected = "Harborsides\n\nBefore\n\n# in the box\nafter\n\nFor old readers";
    assert_eq!(shown(body, styles), expected);
}

#[test]
fn q2_a_font_of_symbols_counts_wherever_it_is_said() {
    let styles = r#"
        <w:style w:type="paragraph" w:styleId="Box"><w:rPr><w:rFonts w:ascii="Wingdings" w:hAnsi="Wingdings"/></w:rPr></w:style>
        <w:style w:type="paragraph" w:styleId="Boxed"><w:basedOn w:val="Box"/></w:style>
        <w:style w:type="paragraph" w:styleId="Text"><w:basedOn w:val="Box"/><w:rPr><w:rFonts w:asciiTheme="minorHAnsi"/></w:rPr></w:style>
        <w:style w:type="character" w:styleId="Tick"><w:rPr><w:rFonts w:ascii="Wingdings 2"/></w:rPr></w:style>
        <w:style w:type="character" w:styleId="Letter"><w:rPr><w:rFonts w:ascii="Arial"/></w:rPr></w:style>
        <w:style w:type="table" w:styleId="Grid"><w:rPr><w:rFonts w:ascii="Symbol"/></w:rPr></w:style>
        <w:style w:type="paragraph" w:styleId="Hidden"><w:rPr><w:vanish/></w:rPr></w:style>
        <w:style w:type="character" w:styleId="Odd"><w:basedOn w:val="Hidden"/></w:style>"#;
    let run = |style: &str, properties: &str, text: &str| {
        format!(
            r#"<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr><w:r><w:rPr>{properties}</w:rPr>{text}</w:r><w:r><w:rPr><w:rFonts
            w:ascii="Arial"/></w:rPr><w:t>.</w:t></w:r></w:p>"#
        )
    };
    for (style, properties, text, expected) in [
        ("Box", "", "<w:t>\u{f0fe}</w:t>", "☑."),
        ("Boxed", "", "<w:t>\u{fe}</w:t>", "☑."),
        ("Text", "", "<w:t>þ</w:t>", "þ."),
        ("Box", "<w:rFonts w:ascii='Arial'/>", "<w:t>þ</w:t>", "þ."),
        ("Box", "<w:rFonts w:cs='Arial'/>", "<w:t>þ</w:t>", "☑."),
        ("Box", "<w:rStyle w:val='Letter'/>", "<w:t>þ</w:t>", "þ."),
        ("None", "<w:rStyle w:val='Tick'/>", "<w:t>S</w:t>", "☒."),
        ("None", "<w:rStyle w:val='Box'/>", "<w:t>S</w:t>", "S."),
        ("Tick", "", "<w:t>S</w:t>", "S."),
        // A style of another kind than what names it counts for nothing.
        ("None", "<w:rStyle w:val='Hidden'/>", "<w:t>S</w:t>", "S."),
        ("None", "<w:rStyle w:val='Odd'/>", "<w:t>S</w:t>", "S."),
        ("Odd", "", "<w:t>S</w:t>", "S."),
        ("Grid", "", "<w:t>S</w:t>", "S."),
    ] {
        assert_eq!(shown(&run(style, properties, text), styles), expected, "{style} {properties} {text}");
    }
    let table = r#"<w:tbl><w:tblPr><w:tblStyle w:val="Grid"/></w:tblPr><w:tr><w:tc><w:p><w:r><w:t>D</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"#;
    assert_eq!(shown(table, styles), "| Δ |");
    let plain = run("", "", "<w:t>\u{f0fe}</w:t>");
    for defaults in [
        "<w:docDefaults><w:rPrDefault><w:rPr><w:rFonts w:ascii='Wingdings'/></w:rPr></w:rPrDefault></w:docDefaults>",
        "<w:style w:type='paragraph' w:default='1' w:styleId='N'><w:rPr><w:rFonts w:ascii='Wingdings'/></w:rPr></w:style>",
        "<w:style w:type='character' w:default='1' w:styleId='N'><w:rPr><w:rFonts w:ascii='Wingdings'/></w:rPr></w:style>",
    ] {
        assert_eq!(shown(&plain, defaults), "☑.", "{defaults}");
    }
}

#[test]
fn q2_a_field_that_tells_its_symbol_shows_it_once() {
    let field = |instruction: &str, result: &str| {
        let step = |kind: &str| format!("<w:r><w:fldChar w:fldCharType='{kind}'/></w:r>");
        let result = if result.is_empty() { String::new() } else { format!("{}{result}", step("separate")) };
        let instruction = format!("<w:r><w:instrText>{instruction}</w:instrText></w:r>");
        format!("{}{instruction}{result}{}", step("begin"), step("end"))
    };
    let rest = "<w:r><w:t xml:space='preserve'> Fish</w:t></w:r>";
    let result = "<w:r><w:rPr><w:rFonts w:ascii='Wingdings'/></w:rPr><w:t>\u{fe}</w:t></w:r>";
    let wrong = "<w:r><w:t>x</w:t><w:sym w:font='Wingdings' w:char='F0A8'/></w:r>";
    let tick = "SYMBOL 254 \\f Wingdings";
    for (fields, expected) in [
        (field(tick, ""), "☑ Fish"),
        (field(tick, result), "☑ Fish"),
        (field(tick, wrong), "☑ Fish"),
        (format!("<w:fldSimple w:instr='{tick}'/>"), "☑ Fish"),
        (format!("<w:fldSimple w:instr='{tick}'>{wrong}</w:fldSimple>"), "☑ Fish"),
        (field("DATE", &wrong.replace("<w:sym w:font='Wingdings' w:char='F0A8'/>", "")), "x Fish"),
        (field("DATE", &field(tick, wrong)), "☑ Fish"),
        (field("SYMBOL 58 \\f Wingdings", wrong), "Fish"),
        (field("MACROBUTTON NoMacro [your name]", ""), "[your name] Fish"),
        ("<w:r><w:fldChar w:fldCharType='end'/></w:r>".to_owned(), "Fish"),
        (
            format!(
                "<w:r><w:rPr><w:vanish/></w:rPr><w:fldChar w:fldCharType='begin'/><w:instrText>{tick}</w:instrText>\
            <w:fldChar w:fldCharType='end'/></w:r>"
            ),
            "Fish",
        ),
        (format!("<w:del>{}</w:del>", field(tick, "")), "Fish"),
    ] {
        assert_eq!(shown(&format!("<w:p>{fields}{rest}</w:p>"), ""), expected, "{fields}");
    }
}

#[test]
fn q2_what_stands_in_the_instruction_of_a_field_is_not_shown() {
    let step = |kind: &str| format!("<w:r><w:fldChar w:fldCharType='{kind}'/></w:r>");
    let run = |text: &str| format!("<w:r><w:t xml:space='preserve'>{text}</w:t></w:r>");
    let told = |text: &str| format!("<w:r><w:instrText xml:space='preserve'>{text}</w:instrText></w:r>");
    let field = |instruction: &str, result: &str| {
        format!("{}{instruction}{}{result}{}", step("begin"), step("separate"), step("end"))
    };
    let symbol = |code: u8| {
        format!("{}{}{}", step("begin"), told(&format!("SYMBOL {code} \\f Wingdings")), step("end"))
    };
    let merged = field(&told(" MERGEFIELD member "), &run("Yes"));
    let told_so = field(&told(" MERGEFIELD member "), &told("Yes"));
    let choice = |of: &str| {
        let (yes, no) = (symbol(254), symbol(168));
        [&told("IF "), of, &told(" = \"Yes\" \""), &yes, &told("\" \""), &no, &told("\"")].concat()
    };
    let tick = "<w:r><w:sym w:font='Wingdings' w:char='F0FE'/></w:r>";
    let box_of_form = "<w:r><w:fldChar w:fldCharType='begin'><w:ffData><w:checkBox><w:default w:val='1'/></w:checkBox></w:ffData>\
        </w:fldChar></w:r>";
    let form = format!("{box_of_form}{}{}", told("FORMCHECKBOX"), step("end"));
    let note = "<w:r><w:footnoteReference w:id='2'/></w:r>";
    for (fields, expected) in [
        (field(&choice(&merged), tick), "☑ Fish"),
        (field(&choice(&told_so), &symbol(254)), "☑ Fish"),
        (field(&choice(&merged), &field(&told("IF 1 = 1 "), &merged)), "Yes Fish"),
        (field(&format!("{}{}", told("IF "), field(&choice(&merged), tick)), &run("so")), "so Fish"),
        (
            field(&format!("{}{}{}", told("IF "), run("a</w:t><w:tab/><w:br/><w:t>b"), note), &run("c")),
            "c Fish",
        ),
        (format!("{}{}{}", step("begin"), choice(&merged), step("end")), "Fish"),
        (field(&format!("{}</w:p><w:p>{}", told("IF 1 = 1 "), run("far")), &run("near")), "near Fish"),
        // What is told by an instruction may be told by fields in it.
        (format!("{}{}{}{}", step("begin"), told("MACROBUTTON Tick "), symbol(168), step("end")), "☐ Fish"),
        (format!("{}{}{tick}{}", step("begin"), told("MACROBUTTON Tick "), step("end")), "☑ Fish"),
        // What a form shows is told before its instruction.
        (form.clone(), "☒ Fish"),
        (field(&format!("{}{form}", told("IF ")), &form), "☒ Fish"),
        // Nothing is lost behind a field that has no end.
        (format!("{}{}", step("begin"), told("IF 1 = 1")), "Fish"),
        (
            format!("{}{}{}{}", step("begin"), told("SYMBOL 254 \\f Wingdings"), step("separate"), tick),
            "☑☑ Fish",
        ),
    ] {
        let body = format!("<w:p>{fields}{}</w:p>", run(" Fish"));
        let notes = (
            "word/footnotes.xml",
            "<w:footnotes><w:footnote w:id='2'><w:p><w:r><w:t>unseen</w:t></w:r></w:p></w:footnote></w:footnotes>",
        );
        assert_eq!(text(&docx(&body, "", &[notes])).as_deref(), Ok(expected), "{fields}");
    }
}

#[test]
fn q2_a_paragraph_that_names_no_list_that_there_is_is_no_item() {
    let numbering = r#"<w:numbering><w:abstractNum w:abstractNumId="1"><w:lvl w:ilvl="0"><w:lvlText w:val="%1."/></w:lvl></w:abstractNum>
        <w:num w:numId="0"><w:abstractNumId w:val="1"/></w:num><w:num w:numId="1"><w:abstractNumId w:val="1"/></w:num>
        <w:num w:numId="2"><w:abstractNumId w:val="9"/></w:num></w:numbering>"#;
    let styles = r#"<w:style w:styleId="In"><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>
        <w:style w:styleId="Gone"><w:pPr><w:numPr><w:numId w:val="7"/></w:numPr></w:pPr></w:style>"#;
    for (style, properties, expected) in [
        ("", "<w:numId w:val='1'/>", "1. x\n2. y"),
        ("In", "", "1. x\n2. y"),
        ("In", "<w:ilvl w:val='0'/>", "1. x\n2. y"),
        ("", "<w:ilvl w:val='0'/>", "x\n\ny"),
        ("", "<w:numId w:val='0'/>", "x\n\ny"),
        ("In", "<w:numId w:val='0'/>", "x\n\ny"),
        ("", "<w:numId w:val='7'/>", "x\n\ny"),
        ("In", "<w:numId w:val='7'/>", "x\n\ny"),
        ("Gone", "", "x\n\ny"),
        ("", "<w:numId w:val='2'/>", "x\n\ny"),
        ("", "<w:numId w:val=''/>", "x\n\ny"),
    ] {
        let item = |text: &str| {
            format!(
                r#"<w:p><w:pPr><w:pStyle w:val="{style}"/><w:numPr>{properties}</w:numPr></w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"#
            )
        };
        let document = docx(&[item("x"), item("y")].concat(), styles, &[("word/numbering.xml", numbering)]);
        assert_eq!(text(&document).as_deref(), Ok(expected), "{style} {properties}");
    }
}
