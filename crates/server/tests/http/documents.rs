//! Datasets and their documents.

use serde_json::{Value, json};

use crate::space::{TestSpace, dataset_of, endpoint_on};

#[tokio::test]
async fn q2_documents_are_put_in_replaced_listed_read_and_removed() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let id = dataset_of(&owner, "notes", &[("a", "Penguins swim."), ("b", "Ostriches run.")]).await;
    let search = format!("/datasets/{id}/search");
    let finds = async |words: &str| {
        let found =
            owner.post(&search, &json!({ "query": words, "similarity_threshold": 0.0 })).await.expect(200);
        found.body["documents"].as_array().unwrap().len()
    };
    assert_eq!((finds("penguins").await, finds("ostriches").await), (1, 1));

    let replace =
        json!({ "documents": [{ "document_id": "a", "title": "Birds", "content": "Eagles soar." }] });
    owner.post(&format!("/datasets/{id}/documents?wait=true"), &replace).await.expect(200);
    assert_eq!((finds("penguins").await, finds("eagles").await), (0, 1));

    let listed = owner.get(&format!("/datasets/{id}/documents")).await.expect(200);
    let ids: Vec<_> = listed.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|document| document["document_id"].clone())
        .collect();
    assert_eq!(ids, ["a", "b"]);
    let read = owner.get(&format!("/datasets/{id}/documents/a")).await.expect(200);
    assert_eq!(
        (&read.body["content"], &read.body["metadata"]["title"]),
        (&json!("Eagles soar."), &json!("Birds"))
    );

    owner.delete(&format!("/datasets/{id}/documents/a")).await.expect(204);
    owner.delete(&format!("/datasets/{id}/documents/a")).await.expect_problem(404, "not_found");
    assert_eq!((finds("eagles").await, finds("ostriches").await), (0, 1));
}

#[tokio::test]
async fn q2_without_waiting_a_job_is_answered_and_ends() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let id = dataset_of(&owner, "notes", &[]).await;
    let body = json!({ "documents": [{ "content": "Penguins swim." }] });
    let job = owner.post(&format!("/datasets/{id}/documents"), &body).await.expect(202);
    let path = format!("/datasets/{id}/jobs/{}", job.body["job"]["id"].as_str().unwrap());
    let mut status = String::new();
    for _ in 0..200 {
        status = owner.get(&path).await.expect(200).body["status"].as_str().unwrap().to_owned();
        if status == "succeeded" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    assert_eq!(status, "succeeded");
    let found =
        owner.post(&format!("/datasets/{id}/search"), &json!({ "query": "penguins" })).await.expect(200);
    assert!(found.body["documents"][0]["document_id"].as_str().is_some_and(|id| id.len() == 36));
}

#[tokio::test]
async fn i1_every_document_that_is_not_allowed_is_named_and_none_is_stored() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let id = dataset_of(&owner, "notes", &[]).await;
    let path = format!("/datasets/{id}/documents?wait=true");
    let body = json!({ "documents": [
        { "document_id": "good", "content": "Penguins swim." },
        { "document_id": "empty", "content": " \n " },
        { "document_id": "nul", "content": "a\u{0}b" },
        { "document_id": "good", "content": "Twice." },
        { "document_id": "no/id", "content": "Penguins swim." },
    ]});
    let refused = owner.post(&path, &body).await.expect_problem(422, "invalid");
    let pointers: Vec<_> =
        refused.body["errors"].as_array().unwrap().iter().map(|error| error["pointer"].clone()).collect();
    assert_eq!(
        pointers,
        [
            "/documents/1/content",
            "/documents/2/content",
            "/documents/3/document_id",
            "/documents/4/document_id"
        ]
    );
    for bad in ["../etc/passwd", "a/b", "", ".", "..", "a b", &"x".repeat(129)] {
        let body = json!({ "documents": [{ "document_id": bad, "content": "x" }] });
        owner.post(&path, &body).await.expect_problem(422, "invalid");
    }
    owner.post(&path, &json!({ "documents": [] })).await.expect_problem(422, "invalid");
    let listed = owner.get(&format!("/datasets/{id}/documents")).await.expect(200);
    assert_eq!(listed.body["items"], json!([]));
}

#[tokio::test]
async fn r4_a_removed_dataset_leaves_nothing_behind() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let id = dataset_of(&owner, "notes", &[("a", "The zanzibarquokka sleeps.")]).await;
    endpoint_on(&owner, &id, "notes").await;
    owner.delete(&format!("/datasets/{id}")).await.expect_problem(409, "in_use");
    owner.delete("/endpoints/notes").await.expect(204);
    owner.delete(&format!("/datasets/{id}")).await.expect(204);
    for path in ["", "/documents", "/documents/a", "/jobs"] {
        owner.get(&format!("/datasets/{id}{path}")).await.expect_problem(404, "not_found");
    }
    // The name is free again.
    owner.post("/datasets", &json!({ "name": "notes", "dtype": "embedded" })).await.expect(201);
    let mut files = vec![space.home().to_owned()];
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if let Ok(bytes) = std::fs::read(&path) {
            assert!(!bytes.windows(16).any(|part| part == b"zanzibarquokka s"), "{}", path.display());
        }
    }
}

#[tokio::test]
async fn i1_a_resource_is_changed_only_as_its_reader_knew_it() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let id = dataset_of(&owner, "notes", &[]).await;
    let path = format!("/datasets/{id}");
    let etag = owner.get(&path).await.expect(200).header("etag").to_owned();
    let change = |tag: &str, name: &str| {
        owner.request("PATCH", &path).header("if-match", tag).json(&json!({ "name": name }))
    };
    owner.send(change(&etag, "first")).await.expect(200);
    owner.send(change(&etag, "second")).await.expect_problem(412, "changed");
    owner.send(change("\"nonsense\"", "third")).await.expect_problem(412, "changed");
    assert_eq!(owner.get(&path).await.body["name"], "first");
    let delete = owner.request("DELETE", &path).header("if-match", &etag);
    owner.send(delete).await.expect_problem(412, "changed");
    let merge = owner.request("PATCH", &path).header("content-type", "application/merge-patch+json");
    owner.send(merge.body(r#"{"summary":"s"}"#)).await.expect(200);
}

#[tokio::test]
async fn q1_lists_are_paged_without_repeats_or_gaps() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    for n in 0..7 {
        owner.post("/datasets", &json!({ "name": format!("d{n}"), "dtype": "embedded" })).await.expect(201);
    }
    let (mut names, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = owner.get(&format!("/datasets?limit=3{cursor}")).await.expect(200);
        names.extend(
            page.body["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|dataset| dataset["name"].as_str().unwrap().to_owned()),
        );
        match page.body["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(names, ["d0", "d1", "d2", "d3", "d4", "d5", "d6"]);
    for bad in ["limit=0", "limit=101", "limit=x", "cursor=x", "cursor=zz", "what=1"] {
        owner.get(&format!("/datasets?{bad}")).await.expect_problem(422, "invalid");
    }
    owner.get("/datasets?limit=1&limit=2").await.expect_problem(400, "ambiguous");
}

#[tokio::test]
async fn q2_a_search_and_a_query_show_what_stands_around_a_hit_where_that_is_asked() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let text = "# A\nPenguins swim.\n\n# B\nOstriches run.\n\n# C\nEagles soar.";
    let id = dataset_of(&owner, "birds", &[("birds", text)]).await;
    endpoint_on(&owner, &id, "birds").await;
    let search = format!("/datasets/{id}/search");
    let asked = async |word: &str, context: Value| {
        let body = json!({ "query": word, "context": context });
        let found = owner.post(&search, &body).await;
        let body = json!({ "messages": word, "context": context });
        let answered = owner.post("/endpoints/birds/query", &body).await;
        (found, answered)
    };
    let shown = async |word: &str, context: Value| {
        let (found, answered) = asked(word, context).await;
        let (found, answered) = (found.expect(200).body, answered.expect(200).body);
        assert_eq!(found["documents"], answered["references"]["documents"]);
        found["documents"][0].get("context").cloned()
    };
    assert_eq!(shown("ostriches", json!(null)).await, None);
    assert_eq!(shown("ostriches", json!(0)).await, None);
    let both = json!({ "before": ["# A\nPenguins swim."], "after": ["# C\nEagles soar."] });
    assert_eq!(shown("ostriches", json!(1)).await, Some(both));
    let behind = json!({ "before": [], "after": ["# B\nOstriches run.", "# C\nEagles soar."] });
    assert_eq!(shown("penguins", json!(3)).await, Some(behind));
    for wrong in [json!(4), json!(-1), json!(1.5), json!("1"), json!(true)] {
        for refused in <[_; 2]>::from(asked("penguins", wrong.clone()).await) {
            let refused = refused.expect_problem(422, "invalid");
            assert_eq!(refused.body["errors"][0]["pointer"], "/context", "{wrong}: {}", refused.text);
        }
    }
}
