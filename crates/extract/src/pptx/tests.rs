use syft_space_domain::dataset::FileRefused;

use super::extract;
use crate::package::tests::pack;

fn slide(shapes: &str) -> String {
    format!("<p:sld><p:cSld><p:spTree>{shapes}</p:spTree></p:cSld></p:sld>")
}

fn shape(properties: &str, paragraphs: &[&str]) -> String {
    let text: String = paragraphs
        .iter()
        .map(|text| match text.split_once('>') {
            Some((level, text)) => {
                format!(
                    "<a:p><a:pPr lvl='{level}'><a:buChar char='•'/></a:pPr><a:r><a:t>{text}</a:t></a:r></a:p>"
                )
            }
            None => format!("<a:p><a:r><a:t>{text}</a:t></a:r></a:p>"),
        })
        .collect();
    format!(
        "<p:sp><p:nvSpPr><p:cNvPr id='2' name='x'{properties}</p:nvSpPr><p:txBody>{text}</p:txBody></p:sp>"
    )
}

#[test]
fn q2_slides_are_read_in_the_order_in_which_they_are_shown() {
    let relation = |id: &str, kind: &str, target: &str| {
        format!(r#"<Relationship Id="{id}" Type="http://x/{kind}" Target="{target}"/>"#)
    };
    let of_presentation = format!(
        "<R>{}{}{}</R>",
        relation("r1", "slide", "slides/slide1.xml"),
        relation("r2", "slide", "/ppt/slides/slide2.xml"),
        relation("r3", "slide", "slides/slide3.xml")
    );
    let presentation = "<p:presentation><p:sldIdLst><p:sldId id='256' r:id='r2'/><p:sldId id='257' r:id='r1'/><p:sldId id='258' r:id='r3'/>\
        </p:sldIdLst></p:presentation>";
    let first = slide(&[
        shape("/><p:nvPr><p:ph type='ctrTitle'/></p:nvPr>", &["The_x000D_harbor"]),
        shape("/><p:nvPr><p:ph idx='1'/></p:nvPr>", &["0>ships", "1>of all kinds", "and_x000B_fish_x0021_"]),
        "<p:sp><a:p><a:r><a:t>10</a:t></a:r><a:r><a:rPr baseline='30000'/><a:t>6</a:t></a:r><a:r><a:t> m</a:t></a:r><a:r>\
         <a:rPr baseline='-25%'/><a:t>2</a:t></a:r><a:r><a:rPr/><a:t>3</a:t></a:r></a:p><a:p><a14:m><m:oMath><m:f><m:num><m:r><m:t>1</m:t>\
         </m:r></m:num><m:den><m:r><m:t>2</m:t></m:r></m:den></m:f></m:oMath></a14:m></a:p></p:sp>"
            .to_owned(),
        shape(" hidden='1'/>", &["not shown"]),
        shape("/><p:nvPr><p:ph type='sldNum'/></p:nvPr>", &["7"]),
        format!("<p:grpSp><p:nvGrpSpPr><p:cNvPr hidden='1'/></p:nvGrpSpPr>{}</p:grpSp>", shape("/>", &["nor this"])),
        "<mc:AlternateContent><mc:Choice><p:graphicFrame><dgm:relIds r:dm='d1'/></p:graphicFrame></mc:Choice><mc:Fallback><p:sp><a:p><a:r>\
         <a:t>again</a:t></a:r></a:p></p:sp></mc:Fallback></mc:AlternateContent>"
            .to_owned(),
    ]
    .concat());
    let second = slide(
        "<p:graphicFrame><a:tbl><a:tr><a:tc><a:p><a:r><a:t>Ship</a:t></a:r></a:p></a:tc><a:tc><a:p><a:r><a:t>m</a:t></a:r></a:p></a:tc>\
         </a:tr></a:tbl></p:graphicFrame>",
    );
    let hidden = slide(&shape("/>", &["hidden slide"])).replace("<p:sld>", "<p:sld show='0'>");
    let of_first = format!("<R>{}</R>", relation("d1", "diagramData", "../diagrams/data1.xml"));
    let diagram = "<dgm:dataModel><dgm:pt><dgm:t><a:p><a:r><a:t>Boat</a:t></a:r></a:p></dgm:t></dgm:pt></dgm:dataModel>";
    let parts = [
        ("ppt/presentation.xml", presentation),
        ("ppt/_rels/presentation.xml.rels", &of_presentation),
        ("ppt/slides/slide1.xml", &second),
        ("ppt/slides/slide2.xml", &first),
        ("ppt/slides/slide3.xml", &hidden),
        ("ppt/slides/_rels/slide2.xml.rels", &of_first),
        ("ppt/diagrams/data1.xml", diagram),
    ];
    let extracted = extract(&pack(&parts)).unwrap();
    assert_eq!(
        extracted.text,
        "# The harbor\n\n- ships\n  - of all kinds\nand\nfish!\n\n10^6 m2 3\n1/2\n\nBoat\n\n| Ship | m |"
    );
    assert_eq!(extracted.title.as_deref(), Some("The harbor"));
    // One whose slide is missing has a hole; one without slides has no text.
    assert!(
        matches!(extract(&pack(&parts[..3])), Err(FileRefused::Damaged("PPTX", why)) if why.contains("missing"))
    );
    assert_eq!(extract(&pack(&[("ppt/presentation.xml", "<p/>")])), Err(FileRefused::NoText));
    assert!(matches!(extract(b"PK"), Err(FileRefused::Damaged("PPTX", _))));
    let old = extract(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1").map_err(|error| error.to_string());
    assert_eq!(
        old.unwrap_err(),
        "the file is not readable as PPTX: it is of the format before PPTX: save it as .pptx"
    );
}
