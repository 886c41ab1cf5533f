//! Documents in other languages than English.

use serde_json::{Value, json};
use syft_space_domain::dataset::{Stemming, StopWords, Tokenizer};

use crate::space::{Client, TestSpace, endpoint_on, in_memory};

/// A dataset with this configuration and these documents, and an endpoint on it.
async fn publish(owner: &Client, slug: &str, configuration: Value, documents: &[(&str, &str)]) {
    let body = json!({ "name": slug, "dtype": "embedded", "configuration": configuration });
    let made = owner.post("/datasets", &body).await.expect(201);
    let id = made.body["id"].as_str().unwrap();
    let documents: Vec<Value> =
        documents.iter().map(|(id, content)| json!({ "document_id": id, "content": content })).collect();
    let put = json!({ "documents": documents });
    owner.post(&format!("/datasets/{id}/documents?wait=true"), &put).await.expect(200);
    endpoint_on(owner, id, slug).await;
}

/// The documents that answer a question at the default threshold, the closest first.
async fn found(owner: &Client, slug: &str, question: &str) -> Vec<String> {
    let path = format!("/endpoints/{slug}/query");
    let answer = owner.post(&path, &json!({ "messages": question })).await.expect(200);
    let documents = answer.body["references"]["documents"].as_array().unwrap();
    documents.iter().map(|document| document["document_id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn q2_chinese_japanese_and_korean_sentences_are_found_by_natural_questions() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let configuration = json!({ "tokenizer": "cjk", "stemming": "none", "stop_words": "none" });
    let documents = [
        ("zh-backup", "数据库管理员每天晚上备份所有数据，并将备份保存三十天。"),
        ("zh-holiday", "员工每年有二十五天的带薪年假，需提前两周申请。"),
        ("ja-server", "東京都のデータセンターでは、サーバーの温度を常に監視しています。"),
        ("ja-cat", "うちの猫は毎朝六時に私を起こします。"),
        ("ko-library", "도서관은 매주 월요일에 문을 닫고 토요일에는 오후 다섯 시까지 엽니다."),
        ("ko-seoul", "서울에서 부산까지 고속열차로 두 시간 반이 걸립니다."),
        ("mixed", "PostgreSQL15ではVACUUMを実行すると領域が再利用されます。"),
    ];
    publish(&owner, "cjk", configuration, &documents).await;
    for (question, expected) in [
        ("数据备份保存多少天？", "zh-backup"),
        ("如何申请年假？", "zh-holiday"),
        ("サーバーの温度は監視されますか？", "ja-server"),
        ("ｻｰﾊﾞｰの温度", "ja-server"),
        ("猫", "ja-cat"),
        ("도서관은 월요일에 문을 닫나요?", "ko-library"),
        ("부산", "ko-seoul"),
        ("ＰｏｓｔｇｒｅＳＱＬ１５", "mixed"),
        ("vacuum 領域", "mixed"),
    ] {
        let documents = found(&owner, "cjk", question).await;
        assert_eq!(documents.first().map(String::as_str), Some(expected), "{question}: {documents:?}");
    }
    assert_eq!(found(&owner, "cjk", "犬").await, [""; 0], "a character that is nowhere finds nothing");
}

#[tokio::test]
async fn q2_german_is_compared_by_german_rules() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let documents = [
        (
            "urlaub",
            "Der Urlaubsantrag ist bei der Personalabteilung einzureichen. Die Anträge werden geprüft.",
        ),
        ("haus", "In den Häusern am Fluss gibt es keine Aufzüge."),
    ];
    let configuration = json!({ "stemming": "german", "stop_words": "german" });
    publish(&owner, "german", configuration, &documents).await;
    if in_memory() {
        return; // Its adapter knows no German.
    }
    assert_eq!(found(&owner, "german", "Welches Haus hat einen Aufzug?").await, ["haus"]);
    assert_eq!(found(&owner, "german", "Wer prüft den Antrag?").await, ["urlaub"]);
    assert_eq!(found(&owner, "german", "Wer pru\u{308}ft den Antrag?").await, ["urlaub"]);
    assert_eq!(found(&owner, "german", "Wird der Antrag geprüft?").await, ["urlaub"]);
    assert_eq!(found(&owner, "german", "Wird der Antrag gepru\u{308}ft?").await, ["urlaub"]);
    assert_eq!(
        found(&owner, "german", "der Urlaubsantrag und die Personalabteilung").await,
        ["urlaub"],
        "stop words do not count beside others"
    );
}

#[tokio::test]
async fn i1_an_unknown_analyzer_is_refused_with_what_is_known() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let known = [
        ("tokenizer", Tokenizer::ALL.iter().map(|value| value.as_str()).collect::<Vec<_>>()),
        ("stemming", Stemming::ALL.iter().map(|value| value.as_str()).collect()),
        ("stop_words", StopWords::ALL.iter().map(|value| value.as_str()).collect()),
    ];
    for (setting, known) in known {
        for wrong in [json!("klingon"), json!("English"), json!(""), json!(7), json!(null)] {
            let body = json!({ "name": "x", "dtype": "embedded", "configuration": { setting: wrong } });
            let refused = owner.post("/datasets", &body).await.expect_problem(422, "invalid");
            let error = &refused.body["errors"][0];
            assert_eq!(error["pointer"], format!("/configuration/{setting}"), "{wrong}");
            if wrong.is_string() {
                let message = error["message"].as_str().unwrap();
                let names = known.iter().all(|name| message.contains(&format!("`{name}`")));
                assert!(names, "{message} names not all of {known:?}");
            }
        }
        for name in known {
            let body = json!({
                "name": format!("{setting} {name}"), "dtype": "embedded", "configuration": { setting: name },
            });
            let made = owner.post("/datasets", &body).await.expect(201);
            assert_eq!(made.body["configuration"][setting], name);
        }
    }
    let unset = owner.post("/datasets", &json!({ "name": "unset", "dtype": "embedded" })).await.expect(201);
    let usual = json!({ "tokenizer": "words", "stemming": "english", "stop_words": "english" });
    assert_eq!(unset.body["configuration"], usual);
}
