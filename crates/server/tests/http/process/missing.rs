//! A home of which a part is missing, or older than the rest: nothing that is left of it is removed, and nothing is answered as if it were whole.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use super::refusals::refuses;
use crate::space::{Client, TestSpace, dataset_of, endpoint_on, in_memory, only_policy, put_texts};

const LISTEN: [&str; 2] = ["--listen", "127.0.0.1:0"];

/// A stopped space whose owner may query a dataset.
async fn stopped() -> (TestSpace, Client) {
    let mut space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let dataset = dataset_of(&owner, "notes", &[("a", "Penguins swim.")]).await;
    endpoint_on(&owner, &dataset, "birds").await;
    only_policy(&owner, "birds", json!({ "mode": "allow", "patterns": ["*"] })).await;
    assert_eq!(found(&owner).await, 1);
    stop(&mut space);
    (space, owner)
}

fn stop(space: &mut TestSpace) {
    space.server().signal("TERM");
    assert_eq!(space.server().wait(), Some(0));
}

/// The id of the space's only dataset.
async fn dataset_id(owner: &Client) -> String {
    let listed = owner.get("/datasets").await.expect(200).body;
    listed["items"][0]["id"].as_str().unwrap().to_owned()
}

/// How many passages a query finds.
async fn found(owner: &Client) -> usize {
    let answer = owner.ask("birds", "penguins").await.expect(200).body;
    answer["references"]["documents"].as_array().unwrap().len()
}

/// The databases of documents in a home.
fn documents(home: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    super::walk(home, &mut |path, _| {
        if path.ends_with("documents.db") {
            found.push(path.to_owned());
        }
    });
    found
}

#[tokio::test]
async fn r2_without_its_database_a_home_is_refused_and_its_documents_stay() {
    if in_memory() {
        return;
    }
    let (mut space, owner) = stopped().await;
    let home = space.home().to_owned();
    let whole = fs::read(home.join("app.db")).unwrap();
    for is_empty in [false, true] {
        fs::remove_file(home.join("app.db")).unwrap();
        if is_empty {
            fs::write(home.join("app.db"), "").unwrap();
        }
        refuses(&home, &[], &LISTEN, &["app.db is damaged", "missing or empty", "restore a backup"]);
        let created = ["owner", "create", "--email", "o@acme.example", "--tenant", "acme", "--restore"];
        crate::cli::run(&home, &created);
        assert_eq!(documents(&home).len(), 1);
        fs::write(home.join("app.db"), &whole).unwrap();
    }
    space.server().run_again().await;
    assert_eq!(found(&space.anybody().with_token(owner.token())).await, 1);
}

#[tokio::test]
async fn r2_without_the_key_that_secrets_are_sealed_with_a_start_says_so_once() {
    if in_memory() {
        return;
    }
    let (mut space, _) = stopped().await;
    let mut said = Vec::new();
    for is_lost in [false, true, false] {
        if is_lost {
            fs::remove_file(space.home().join("keys").join("sealing-key.json")).unwrap();
        }
        said.push(space.server().run_again_and_listen().contains("put the file back from a copy"));
        stop(&mut space);
    }
    assert_eq!(said, [false, true, false]);
}

#[tokio::test]
async fn r2_documents_that_an_older_database_does_not_know_stay() {
    if in_memory() {
        return;
    }
    let (mut space, owner) = stopped().await;
    let app_db = space.home().join("app.db");
    let older = fs::read(&app_db).unwrap();
    space.server().run_again().await;
    dataset_of(&space.anybody().with_token(owner.token()), "later", &[("b", "Owls fly.")]).await;
    stop(&mut space);
    let newer = fs::read(&app_db).unwrap();
    fs::write(&app_db, older).unwrap();
    space.server().run_again().await;
    assert_eq!(found(&space.anybody().with_token(owner.token())).await, 1, "what it knows is served");
    stop(&mut space);
    assert_eq!(documents(space.home()).len(), 2);
    fs::write(&app_db, newer).unwrap();
    space.server().run_again().await;
    let listed = space.anybody().with_token(owner.token()).get("/datasets").await.expect(200).body;
    let names: Vec<_> = listed["items"].as_array().unwrap().iter().map(|dataset| &dataset["name"]).collect();
    assert!(names.contains(&&json!("later")), "{listed}");
}

#[tokio::test]
async fn g2_documents_of_a_dataset_that_was_removed_go_again_where_an_older_copy_of_them_is_put_back() {
    if in_memory() {
        return;
    }
    let (mut space, owner) = stopped().await;
    let tenants = space.home().join("tenants");
    let copy = space.home().with_extension("copy");
    assert!(Command::new("cp").arg("-a").args([&tenants, &copy]).status().unwrap().success());
    space.server().run_again().await;
    let again = space.anybody().with_token(owner.token());
    let dataset = dataset_id(&again).await;
    again.delete("/endpoints/birds").await.expect(204);
    again.delete(&format!("/datasets/{dataset}")).await.expect(204);
    stop(&mut space);
    assert_eq!(documents(space.home()).len(), 0);
    fs::remove_dir_all(&tenants).unwrap();
    fs::rename(&copy, &tenants).unwrap();
    assert_eq!(documents(space.home()).len(), 1);
    space.server().run_again().await;
    assert_eq!(documents(space.home()).len(), 0);
}

#[tokio::test]
async fn r2_an_index_that_is_ahead_of_its_documents_is_made_anew_of_them() {
    if in_memory() {
        return;
    }
    let (mut space, owner) = stopped().await;
    let documents = documents(space.home()).remove(0);
    let older = fs::read(&documents).unwrap();
    space.server().run_again().await;
    let again = space.anybody().with_token(owner.token());
    let dataset = dataset_id(&again).await;
    put_texts(&again, &dataset, &[("b", "Penguins dive.")]).await;
    again.delete(&format!("/datasets/{dataset}/documents/a")).await.expect(204);
    assert_eq!(found(&again).await, 1);
    stop(&mut space);
    fs::write(&documents, older).unwrap();
    space.server().run_again().await;
    let again = space.anybody().with_token(owner.token());
    let answer = again.ask("birds", "penguins").await.expect(200).body;
    let found_documents = answer["references"]["documents"].as_array().unwrap();
    assert_eq!(found_documents.len(), 1, "{answer}");
    assert!(found_documents[0].to_string().contains("Penguins swim."), "{answer}");
    put_texts(&again, &dataset, &[("c", "Penguins waddle.")]).await;
    assert_eq!(found(&again).await, 2);
}

#[tokio::test]
async fn r2_an_index_of_another_copy_of_its_documents_is_made_anew_however_many_changes_both_have_seen() {
    if in_memory() {
        return;
    }
    let (mut space, owner) = stopped().await;
    let documents = documents(space.home()).remove(0);
    let older = fs::read(&documents).unwrap();
    let mut copies = Vec::new();
    for (id, text) in [("b", "Penguins dive."), ("c", "Penguins waddle.")] {
        fs::write(&documents, &older).unwrap();
        space.server().run_again().await;
        let again = space.anybody().with_token(owner.token());
        let dataset = dataset_id(&again).await;
        put_texts(&again, &dataset, &[(id, text)]).await;
        assert_eq!(found(&again).await, 2);
        stop(&mut space);
        copies.push(fs::read(&documents).unwrap());
    }
    // The index is of the second, which has as many changes.
    fs::write(&documents, &copies[0]).unwrap();
    space.server().run_again().await;
    let again = space.anybody().with_token(owner.token());
    let answer = again.ask("birds", "penguins").await.expect(200).body;
    let shown = answer["references"]["documents"].to_string();
    assert!(shown.contains("dive") && !shown.contains("waddle"), "{answer}");
    assert_eq!(found(&again).await, 2);
}

#[tokio::test]
async fn r2_documents_that_cannot_be_read_are_named_and_the_index_of_them_stays() {
    if in_memory() {
        return;
    }
    let (mut space, owner) = stopped().await;
    let home = space.home().to_owned();
    let path = documents(&home).remove(0);
    let folder = path.parent().unwrap();
    let whole = fs::read(&path).unwrap();
    let mut damaged = whole.clone();
    damaged[4_096..].fill(0xff);
    fs::write(&path, damaged).unwrap();
    // It would be made anew.
    let meta = folder.join("index").join("meta.json");
    fs::write(&meta, "{").unwrap();
    for _ in 0..2 {
        refuses(&home, &[], &LISTEN, &["is damaged", path.to_str().unwrap(), "restore a backup"]);
        assert_eq!(fs::read(&meta).unwrap(), b"{");
    }
    fs::write(&path, whole).unwrap();
    space.server().run_again().await;
    assert_eq!(found(&space.anybody().with_token(owner.token())).await, 1);
}

#[tokio::test]
async fn r2_without_the_documents_of_a_dataset_a_home_is_refused_until_somebody_says_that_it_begins_anew() {
    if in_memory() {
        return;
    }
    let (mut space, owner) = stopped().await;
    let home = space.home().to_owned();
    let folder = documents(&home)[0].parent().unwrap().to_owned();
    let aside = home.with_extension("aside");
    fs::rename(home.join("tenants"), &aside).unwrap();
    refuses(&home, &[], &LISTEN, &["1 of the datasets", folder.to_str().unwrap(), "restore a backup"]);
    // What is put back is served again.
    let _ = fs::remove_dir_all(home.join("tenants"));
    fs::rename(&aside, home.join("tenants")).unwrap();
    space.server().run_again().await;
    assert_eq!(found(&space.anybody().with_token(owner.token())).await, 1);
    stop(&mut space);
    fs::write(folder.join("documents.db"), "").unwrap();
    refuses(&home, &[], &LISTEN, &["1 of the datasets", folder.to_str().unwrap(), "restore a backup"]);
    let made_anew = crate::cli::run(&home, &["reindex"]).expect(1);
    assert!(
        made_anew.stderr.contains("restore a backup"),
        "the index may be all that is left: {made_anew:?}"
    );
    fs::remove_file(folder.join("documents.db")).unwrap();
    refuses(&home, &[], &LISTEN, &[folder.to_str().unwrap()]);
    fs::remove_dir_all(&folder).unwrap();
    refuses(&home, &[], &LISTEN, &[folder.to_str().unwrap()]);
    let made_anew = crate::cli::run(&home, &["reindex"]).expect(1);
    assert!(made_anew.stderr.contains(folder.to_str().unwrap()), "nor is it of nothing: {made_anew:?}");
    fs::create_dir_all(&folder).unwrap();
    space.server().run_again().await;
    let owner = space.anybody().with_token(owner.token());
    assert_eq!(found(&owner).await, 0);
    let dataset = dataset_id(&owner).await;
    let path = format!("/datasets/{dataset}/documents?wait=true");
    let again = json!({ "documents": [{ "document_id": "a", "title": "a", "content": "Penguins swim." }] });
    owner.post(&path, &again).await.expect(200);
    assert_eq!(found(&owner).await, 1, "it begins anew");
}
