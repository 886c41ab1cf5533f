//! The command `ingest`: what it cannot take in any more stays as it was, and is told of.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;

use serde_json::{Value, json};

use super::ingest::{ingest, text, texts, write};
use super::{found, run};
use crate::space::{TestSpace, dataset_of, in_memory};

#[tokio::test]
async fn q1_a_file_that_is_not_taken_in_any_more_is_told_of_with_its_old_text_that_still_answers() {
    if in_memory() {
        return;
    }
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let dataset = dataset_of(&owner, "manual", &[]).await;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let names = ["grown.txt", "link.txt", "pipe.txt", "moved/deep/inner.txt", "emptied.md"];
    for (n, name) in names.iter().enumerate() {
        write(folder.path(), name, text(n));
    }
    ingest(space.home(), folder.path(), &[]).expect(0);
    for name in ["link.txt", "pipe.txt"] {
        fs::remove_file(at(name)).unwrap();
    }
    fs::File::create(at("grown.txt")).unwrap().set_len(33 << 20).unwrap();
    symlink("grown.txt", at("link.txt")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(at("pipe.txt")).status().unwrap().success());
    fs::rename(at("moved"), at(".elsewhere")).unwrap();
    symlink(".elsewhere", at("moved")).unwrap();
    write(folder.path(), "never.png", [0xff, 0xd8]);

    let still = "what the dataset holds of it still answers";
    let told = |summary: &Value, list: &str| -> BTreeMap<String, bool> {
        let reports = summary[list].as_array().unwrap().iter();
        let told = |report: &Value| report["reason"].as_str().unwrap().ends_with(still);
        reports.map(|report| (report["file"].as_str().unwrap().to_owned(), told(report))).collect()
    };
    // Neither is it gone, so it stays.
    let pruned = ingest(space.home(), folder.path(), &["--prune"]).expect(0).json();
    let expected = [
        (".elsewhere", false),
        ("grown.txt", true),
        ("link.txt", true),
        ("moved", true),
        ("never.png", false),
        ("pipe.txt", true),
    ];
    assert_eq!(told(&pruned, "skips"), expected.map(|(name, told)| (name.to_owned(), told)).into());
    assert_eq!((&pruned["removed"], texts(&owner, &dataset).await.len()), (&json!(0), 5));

    // What is in the folder and gives no text is no longer found, as the space itself says.
    write(folder.path(), "emptied.md", "");
    let arguments = ["ingest", folder.path().to_str().unwrap(), "--dataset", "manual"];
    let one = run(space.home(), &arguments).expect(5);
    assert!(one.stderr.contains("1 file failed"), "{one:?}");
    assert!(
        one.stdout
            .contains(&format!("skipped: grown.txt: it has more than 33554432 bytes: split it; {still}")),
        "{one:?}"
    );
    assert!(one.stdout.contains("what was stored of it before is removed\n"), "{one:?}");
    assert_eq!(texts(&owner, &dataset).await.len(), 4);
    let documents = ["grown.txt", "pipe.txt", "nothere.txt"];
    let remove = [&["documents", "remove", "--dataset", "manual"][..], &documents].concat();
    let ran = run(space.home(), &remove).expect(5);
    assert!(ran.stderr.contains("2 of 3 documents removed; there is no document \"nothere.txt\""), "{ran:?}");
    let ran = run(space.home(), &["documents", "remove", "--dataset", "manual", "grown.txt"]).expect(3);
    assert!(ran.stderr.contains("in the dataset \"manual\"; `syft-space documents list"), "{ran:?}");
}

#[tokio::test]
async fn k16_no_home_of_a_space_is_brought_with_what_lies_around_it() {
    if in_memory() {
        return;
    }
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let dataset = dataset_of(&owner, "manual", &[]).await;
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "page.md", text(1));
    let other = folder.path().join("deep/space");
    fs::create_dir(folder.path().join("deep")).unwrap();
    found(&other, "globex");
    assert!(other.join("keys/sealing-key.json").exists());
    let brought = ingest(space.home(), folder.path(), &[]).expect(0).json();
    assert_eq!((&brought["new"], &brought["skipped"]), (&json!(1), &json!(1)));
    assert_eq!(brought["skips"][0], json!({ "file": "deep/space", "reason": "it is the home of a space" }));
    for within in
        [other.clone(), other.join("keys"), other.join("keys/sealing-key.json"), other.join("tenants")]
    {
        let refused = ingest(space.home(), &within, &[]).expect(1);
        assert!(refused.stderr.contains("lies in the home of a space"), "{refused:?}");
    }
    assert_eq!(texts(&owner, &dataset).await.len(), 1);
}
