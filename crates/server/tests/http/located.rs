//! Where a hit stands in its document, and which of its words were asked for.

use serde_json::{Value, json};

use crate::space::form::bring_files;
use crate::space::{Client, TestSpace, dataset_of, in_memory};

/// The metadata of the first hit.
async fn metadata(owner: &Client, dataset: &str, question: &str) -> Value {
    let body = json!({ "query": question });
    let found = owner.post(&format!("/datasets/{dataset}/search"), &body).await.expect(200);
    found.body["documents"][0]["metadata"].clone()
}

/// A PDF with a page for each of these lines.
fn pdf(lines: &[&str]) -> String {
    let kids: String = (0..lines.len()).map(|page| format!("{} 0 R ", 4 + 2 * page)).collect();
    let count = lines.len();
    let mut objects = vec![
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        format!("<</Type/Pages/Kids[{kids}]/Count {count}/MediaBox[0 0 600 800]>>"),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>".to_owned(),
    ];
    for (page, line) in lines.iter().enumerate() {
        let content = format!("BT /F 12 Tf 50 700 Td ({line}) Tj ET");
        let contents = 5 + 2 * page;
        objects.push(format!(
            "<</Type/Page/Parent 2 0 R/Resources<</Font<</F 3 0 R>>>>/Contents {contents} 0 R>>"
        ));
        objects.push(format!("<</Length {}>>\nstream\n{content}\nendstream", content.len()));
    }
    let body: String =
        (1..).zip(objects).map(|(n, object)| format!("{n} 0 obj\n{object}\nendobj\n")).collect();
    format!("%PDF-1.7\n{body}trailer\n<</Root 1 0 R>>\n%%EOF\n")
}

#[tokio::test]
async fn q2_a_hit_says_on_which_page_under_which_heading_and_at_which_anchor_it_stands() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let dataset = dataset_of(&owner, "located", &[]).await;
    let manual = "Preface with walruses.\n\n# Keys\n\n## Rotation\n\nRotate them yearly.\n\n# Users\n\nInvite a colleague.\n";
    bring_files(&owner, &dataset, true, &[("manual.md", manual)]).await;
    let walrus = metadata(&owner, &dataset, "walruses").await;
    assert_eq!((&walrus["heading"], &walrus["page"]), (&Value::Null, &Value::Null));
    let rotate = metadata(&owner, &dataset, "rotate yearly").await;
    assert_eq!(rotate["heading"], "Rotation");
    assert_eq!(metadata(&owner, &dataset, "colleague").await["heading"], "Users");
    let colleague = json!([[18, 27]]);
    assert_eq!(metadata(&owner, &dataset, "colleague").await["highlight"], colleague, "behind \"# Users\"");
    let named = json!({ "content": "# Own\n\nZebras.", "metadata": { "heading": "mine", "page": "vii", "highlight": 1 } });
    let path = format!("/datasets/{dataset}/documents?wait=true");
    owner.post(&path, &json!({ "documents": [named] })).await.expect(200);
    let own = metadata(&owner, &dataset, "zebras").await;
    assert_eq!(
        own,
        json!({ "heading": "mine", "page": "vii", "highlight": 1 }),
        "the owner's words go first"
    );
    if in_memory() {
        return; // Its extractor knows no such files.
    }
    let long = "This page says little else and goes on for a while about it. ".repeat(16);
    let pages = [format!("{long} albatross"), format!("{long} pelican"), format!("{long} cormorant")];
    let book = pdf(&pages.each_ref().map(String::as_str));
    let page = "<h1 id=top>Fleet</h1><section id=sail><h2>Sails</h2><p>Made of canvas.</section><h2 id=oars>Oars</h2><p>Ash wood.";
    bring_files(&owner, &dataset, true, &[("birds.pdf", book.as_str()), ("fleet.html", page)]).await;
    for (question, number) in [("albatross", 1), ("pelican", 2), ("cormorant", 3)] {
        assert_eq!(metadata(&owner, &dataset, question).await["page"], number, "{question}");
    }
    for (question, heading, anchor) in [("canvas", "Sails", "sail"), ("ash wood", "Oars", "oars")] {
        let found = metadata(&owner, &dataset, question).await;
        assert_eq!((&found["heading"], &found["anchor"]), (&json!(heading), &json!(anchor)));
    }
}

#[tokio::test]
async fn k16_a_heading_dresses_up_nothing_whether_it_came_in_a_file_or_in_a_document() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let dataset = dataset_of(&owner, "located", &[]).await;
    let manual = "# Invoice \u{202e}fdp.exe\u{202c}\n\nSturgeons are paid.\n";
    bring_files(&owner, &dataset, true, &[("manual.md", manual)]).await;
    assert_eq!(metadata(&owner, &dataset, "sturgeons").await["heading"], "Invoice fdp.exe");
    let content = "# \u{1b}]0;owned\u{7}\u{2066}Tariff\u{2069}\u{2028}of fees\n\nLampreys are free.";
    let path = format!("/datasets/{dataset}/documents?wait=true");
    owner.post(&path, &json!({ "documents": [{ "content": content }] })).await.expect(200);
    assert_eq!(metadata(&owner, &dataset, "lampreys").await["heading"], "]0;ownedTariff of fees");
}
