//! An index is derived: lost or damaged, it is built anew, and meanwhile nothing is answered wrongly.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::{run, walk};
use crate::space::{Answer, Client, TestSpace, binary, dataset_of, endpoint_on, in_memory};

/// A space with two datasets, and where the index of the first lies.
async fn with_two_datasets() -> (TestSpace, Client, [String; 2], PathBuf) {
    // Damage that is meant to be there is no news.
    let space = TestSpace::with(&[("log", "off")]).await;
    let owner = space.found("index").await;
    let first = dataset_of(&owner, "first", &[("hours", "The reading room opens at nine.")]).await;
    let second = dataset_of(&owner, "second", &[("cats", "Cats are welcome in the reading room.")]).await;
    endpoint_on(&owner, &first, "first").await;
    let mut index = None;
    walk(space.home(), &mut |path, _| {
        if path.ends_with(Path::new(&first).join("index")) {
            index = Some(path.to_owned());
        }
    });
    (space, owner, [first, second], index.unwrap())
}

fn stop(space: &mut TestSpace) {
    space.server().signal("TERM");
    assert_eq!(space.server().wait(), Some(0));
}

async fn start(space: &mut TestSpace, owner: &Client) -> Client {
    space.server().run_again().await;
    space.anybody().with_token(owner.token())
}

async fn search(owner: &Client, dataset: &str) -> Answer {
    owner.post(&format!("/datasets/{dataset}/search"), &json!({ "query": "reading room" })).await
}

async fn finds(owner: &Client, dataset: &str, document: &str) {
    let found = search(owner, dataset).await.expect(200);
    assert_eq!(found.body["documents"][0]["document_id"], document, "{}", found.text);
}

fn reindex(space: &TestSpace, arguments: &[&str]) -> (Option<i32>, String, String) {
    run(binary().args(["reindex", "--home"]).arg(space.home()).args(arguments))
}

#[tokio::test]
async fn q2_reindex_builds_a_lost_index_anew() {
    if in_memory() {
        return;
    }
    let (mut space, owner, [first, second], index) = with_two_datasets().await;
    let (code, said, errors) = reindex(&space, &[]);
    assert_eq!((code, &*said), (Some(1), ""));
    assert!(errors.contains("another server"), "{errors}");
    finds(&owner, &first, "hours").await;

    stop(&mut space);
    fs::remove_dir_all(&index).unwrap();
    let (code, said, errors) = reindex(&space, &[]);
    assert_eq!(code, Some(0), "{errors}");
    assert!(said.contains(&first) && said.contains("1 documents, 1 chunks"), "{said}");
    assert!(said.contains("2 indexes built anew"), "{said}");
    assert!(index.join("meta.json").exists());
    let owner = start(&mut space, &owner).await;
    finds(&owner, &first, "hours").await;
    finds(&owner, &second, "cats").await;
}

#[tokio::test]
async fn q2_an_index_that_is_lost_is_built_anew_at_start_too() {
    if in_memory() {
        return;
    }
    let (mut space, owner, [first, _], index) = with_two_datasets().await;
    stop(&mut space);
    fs::remove_dir_all(&index).unwrap();
    let owner = start(&mut space, &owner).await;
    finds(&owner, &first, "hours").await;
}

#[tokio::test]
async fn q2_reindex_of_one_dataset_names_it_and_knows_no_other() {
    if in_memory() {
        return;
    }
    let (mut space, _, [first, second], _) = with_two_datasets().await;
    stop(&mut space);
    for named in [&*first, "first"] {
        let (code, said, _) = reindex(&space, &["--dataset", named]);
        assert_eq!(code, Some(0));
        assert!(said.contains(&first) && !said.contains(&second), "{said}");
        assert!(said.contains("1 index built anew"), "{said}");
    }
    for unknown in ["01890000-0000-7000-8000-000000000000", "no such name"] {
        let (code, _, errors) = reindex(&space, &["--dataset", unknown]);
        assert_eq!(code, Some(3));
        assert!(errors.contains(&format!("there is no dataset \"{unknown}\"")), "{errors}");
    }
}

#[tokio::test]
async fn q2_a_damaged_index_answers_503_until_reindex_and_harms_no_other_dataset() {
    if in_memory() {
        return;
    }
    let (mut space, owner, [first, second], index) = with_two_datasets().await;
    stop(&mut space);
    for entry in fs::read_dir(&index).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "term" || end == "store") {
            fs::write(path, "").unwrap();
        }
    }
    let owner = start(&mut space, &owner).await;
    search(&owner, &first).await.expect_problem(503, "unavailable");
    owner.ask("first", "reading room").await.expect_problem(503, "unavailable");
    assert_eq!(owner.audit("&outcome=failure").await[0]["reason_code"], "search_failed");
    finds(&owner, &second, "cats").await;

    stop(&mut space);
    let (code, _, errors) = reindex(&space, &[]);
    assert_eq!(code, Some(0), "{errors}");
    let owner = start(&mut space, &owner).await;
    finds(&owner, &first, "hours").await;
    owner.ask("first", "reading room").await.expect(200);
}

#[tokio::test]
async fn q2_an_index_that_cannot_tell_what_it_has_seen_is_built_anew_at_start() {
    if in_memory() {
        return;
    }
    let (mut space, owner, [first, second], index) = with_two_datasets().await;
    stop(&mut space);
    fs::write(index.join("meta.json"), "{").unwrap();
    let owner = start(&mut space, &owner).await;
    finds(&owner, &first, "hours").await;
    finds(&owner, &second, "cats").await;
}
