//! Text that would be dangerous elsewhere is only text here: it is stored and given back to the byte, as JSON.

use serde_json::{Value, json};

use crate::hostile::world::World;
use crate::space::{Answer, dataset_of};

/// Texts that some program somewhere would have acted on.
const DANGEROUS: [&str; 26] = [
    "'; DROP TABLE dataset; --",
    "' OR '1'='1",
    "\" OR \"\"=\"",
    "Robert'); DELETE FROM account WHERE ('1'='1",
    "1; ATTACH DATABASE '/tmp/x' AS x",
    "%' AND 1=(SELECT COUNT(*) FROM event) --",
    "<script>alert(1)</script>",
    "</title><svg onload=alert(1)>",
    "<img src=x onerror=alert(document.cookie)>",
    "javascript:alert(1)",
    "{{7*7}}${7*7}<%= 7*7 %>#{7*7}",
    "${jndi:ldap://127.0.0.1/a}",
    "%s%s%n%x",
    "=HYPERLINK(\"http://evil.example\")",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "../../../../etc/passwd",
    "..%2f..%2fetc%2fpasswd%00",
    "\\u0000 \\ud800 \\x00 \\r\\nSet-Cookie: a=b",
    "null",
    "caf\u{e9} composed",
    "cafe\u{301} decomposed",
    "ﬁ ligature, ＡＢＣ full width, Ⅷ",
    "שלום עולם and العربية",
    "👩‍👩‍👧‍👦 🏴󠁧󠁢󠁳󠁣󠁴󠁿 Z̸̢̛a̷͜l̶g̴o",
    "  spaces at both ends  ",
    "\u{feff}mark first, \u{200b}zero\u{200d}width, \u{fffe}\u{10ffff} no characters",
];

/// That an answer is JSON, and nothing that a browser would show.
fn is_json(answer: Answer) -> Answer {
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert!(answer.header("content-security-policy").contains("default-src 'none'"));
    answer
}

#[tokio::test]
async fn i1_dangerous_text_in_every_text_field_comes_back_to_the_byte_and_as_json() {
    let world = World::make().await;
    let owner = &world.owner;
    for (n, text) in DANGEROUS.into_iter().enumerate() {
        let made = json!({ "name": text, "dtype": "embedded", "summary": text, "tags": text });
        let dataset = is_json(owner.post("/datasets", &made).await.expect(201)).body;
        let id = dataset["id"].as_str().unwrap().to_owned();
        let shown = is_json(owner.get(&format!("/datasets/{id}")).await.expect(200)).body;
        same(&shown, &["name", "summary", "tags"], text);

        let document = json!({ "document_id": "d", "title": text, "content": format!("needle {text}"),
            "metadata": { text: text, "list": [text, { "deep": text }] } });
        let documents = json!({ "documents": [document] });
        owner.post(&format!("/datasets/{id}/documents?wait=true"), &documents).await.expect(200);
        let whole = is_json(owner.get(&format!("/datasets/{id}/documents/d")).await.expect(200)).body;
        assert_eq!(whole["content"], format!("needle {text}"));
        let metadata = json!({ text: text, "list": [text, { "deep": text }], "title": text });
        assert_eq!(whole["metadata"], metadata);

        let slug = format!("dangerous-{n}");
        let made = json!({ "name": text, "slug": slug, "summary": text, "description": format!("{text}\n\t{text}"),
            "tags": text, "dataset_id": id, "response_type": "raw", "published": true });
        owner.post("/endpoints", &made).await.expect(201);
        let shown = is_json(owner.get(&format!("/endpoints/{slug}")).await.expect(200)).body;
        same(&shown, &["name", "summary", "tags"], text);
        assert_eq!(shown["description"], format!("{text}\n\t{text}"));
        let ask = json!({ "messages": format!("needle {text}"), "similarity_threshold": 0 });
        let found = is_json(owner.post(&format!("/endpoints/{slug}/query"), &ask).await.expect(200)).body;
        let mut found = found["references"]["documents"][0].clone();
        // Which words were asked for is no text of the caller's.
        found["metadata"].as_object_mut().unwrap().remove("highlight");
        // A chunk of a document begins and ends with what is no space.
        let chunk = format!("needle {text}");
        assert_eq!((&found["content"], &found["metadata"]), (&json!(chunk.trim()), &metadata));
        let found = json!({ "query": text, "similarity_threshold": 0 });
        is_json(owner.post(&format!("/datasets/{id}/search"), &found).await.expect(200));

        let made = json!({ "name": text, "policy_type": "access", "configuration": { "mode": "deny", "patterns": [] } });
        let policy = is_json(owner.post("/policies", &made).await.expect(201)).body;
        same(&policy, &["name"], text);
        let policy = format!("/policies/{}", policy["id"].as_str().unwrap());

        // Changed to another such text, and read in a list.
        let other = DANGEROUS[(n + 1) % DANGEROUS.len()];
        let patch = json!({ "name": other });
        same(&is_json(owner.patch(&policy, &patch).await.expect(200)).body, &["name"], other);
        same(
            &is_json(owner.patch(&format!("/endpoints/{slug}"), &patch).await.expect(200)).body,
            &["name"],
            other,
        );
        let patch = json!({ "summary": other, "tags": other });
        let changed = owner.patch(&format!("/datasets/{id}"), &patch).await.expect(200);
        same(&is_json(changed).body, &["summary", "tags"], other);
    }
    let listed = is_json(owner.get("/datasets?limit=100").await.expect(200)).body;
    let names: Vec<_> = listed["items"].as_array().unwrap().iter().map(|item| item["name"].clone()).collect();
    for text in DANGEROUS {
        assert!(names.contains(&json!(text)), "{text:?}");
    }
    world.still_serves().await;
}

fn same(shown: &Value, fields: &[&str], text: &str) {
    for field in fields {
        assert_eq!(shown[field], text, "{field}");
    }
}

#[tokio::test]
async fn i1_texts_of_the_greatest_length_are_taken_and_given_back_whole() {
    let world = World::make().await;
    let owner = &world.owner;
    let dataset = dataset_of(owner, &"🦉".repeat(100), &[]).await;
    let prose = "🦉".repeat(10_000);
    let made = json!({ "name": "n".repeat(100), "slug": "s".repeat(64), "summary": "é".repeat(500), "tags": "\u{10ffff}".repeat(500),
        "description": prose, "dataset_id": dataset, "response_type": "raw" });
    owner.post("/endpoints", &made).await.expect(201);
    let shown = owner.get(&format!("/endpoints/{}", "s".repeat(64))).await.expect(200).body;
    assert_eq!(
        (&shown["description"], &shown["summary"], &shown["tags"]),
        (&made["description"], &made["summary"], &made["tags"])
    );
    let content = format!("needle {}", "x ".repeat((8 * 1024 * 1024 - 7) / 2));
    let metadata = json!({ "k": "v".repeat(16 * 1024 - 8) });
    let documents = json!({ "documents": [{ "document_id": "d".repeat(128), "content": content, "metadata": metadata }] });
    owner.post(&format!("/datasets/{dataset}/documents?wait=true"), &documents).await.expect(200);
    let whole =
        owner.get(&format!("/datasets/{dataset}/documents/{}", "d".repeat(128))).await.expect(200).body;
    assert!(whole["content"] == content && whole["metadata"] == metadata);
    let question = json!({ "query": "x".repeat(32 * 1024), "limit": 100, "similarity_threshold": 1.0 });
    owner.post(&format!("/datasets/{dataset}/search"), &question).await.expect(200);
}
