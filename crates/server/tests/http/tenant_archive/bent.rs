//! Archives that are not as they were written.

use std::fs::{self, File};
use std::io::{Read, Write};

use serde_json::json;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::{Exported, archive_of, as_owner, exported, file_of, furnished};
use crate::space::{TestSpace, in_memory};

/// An archive with other bytes in one of its files.
fn bent(archive: &str, name: &str, bend: impl Fn(String) -> String) -> String {
    let mut zip = ZipArchive::new(File::open(archive).unwrap()).unwrap();
    let path = format!("{archive}.bent");
    let mut out = ZipWriter::new(File::create(&path).unwrap());
    for place in 0..zip.len() {
        let mut file = zip.by_index(place).unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        let called = file.name().unwrap().into_owned();
        let text = if called == name { bend(text) } else { text };
        out.start_file(called, SimpleFileOptions::default()).unwrap();
        out.write_all(text.as_bytes()).unwrap();
    }
    out.finish().unwrap();
    path
}

#[tokio::test]
async fn u1_nothing_is_made_of_an_archive_that_is_not_as_it_was_written_or_whose_log_does_not_verify() {
    if in_memory() {
        return;
    }
    let (Exported { space: _space, archive, .. }, other, other_owner) = exported().await;
    let import = |path: &str| as_owner(&other, "moved", &["tenants", "import", path]);

    let changed = bent(&archive, "policies.jsonl", |text| text.replace("*@acme.example", "*@evil.example"));
    let told = import(&changed).expect(4).stderr;
    assert!(told.contains("policies.jsonl: it is not what the manifest lists"), "{told}");
    // Whoever makes the manifest fit finds that the log was signed.
    let changed = rewritten(&archive, "audit.jsonl", |text| text.replacen("\"success\"", "\"denied\"", 1));
    let told = import(&changed).expect(4).stderr;
    assert!(told.contains("does not verify"), "{told}");

    let unlisted = bent(&archive, "manifest.json", |text| text.replace("policies.jsonl", "policies.json"));
    assert!(import(&unlisted).expect(4).stderr.contains("policies.json"));
    let bytes = fs::read(&archive).unwrap();
    let cut = format!("{archive}.cut");
    fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
    let told = import(&cut).expect(4).stderr;
    assert!(told.contains("is no archive of a tenant"), "{told}");
    import("/nowhere/acme.zip").expect(3);
    let other_form = bent(&archive, "manifest.json", |text| text.replace("syft-space-tenant-1", "other-9"));
    assert!(import(&other_form).expect(4).stderr.contains("other-9"));
    for path in ["/groups", "/policies", "/datasets", "/endpoints", "/invitations"] {
        assert_eq!(other_owner.get(path).await.expect(200).body["items"], json!([]), "{path}");
    }
}

/// An archive in which a file is another, and the manifest fits it.
fn rewritten(archive: &str, name: &str, bend: impl Fn(String) -> String) -> String {
    let changed = bent(archive, name, bend);
    let [was, is] = [archive, &changed].map(|archive| hex_of(&file_of(archive, name)));
    bent(&changed, "manifest.json", |text| text.replace(&was, &is))
}

fn hex_of(bytes: &[u8]) -> String {
    openssl::sha::sha256(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn z1_an_endpoint_stays_a_draft_where_a_group_is_not_whole_that_a_policy_of_it_names() {
    if in_memory() {
        return;
    }
    let (space, _) = furnished().await;
    let archive = archive_of(&space);
    as_owner(&space, "acme", &["tenants", "export", &archive]).expect(0);
    let changed = rewritten(&archive, "groups.jsonl", |text| text.replace("Who reads", &"x".repeat(5_000)));
    let other = TestSpace::start().await;
    let other_owner = other.found("moved").await;
    let told = as_owner(&other, "moved", &["tenants", "import", &changed]).expect(5).stdout;
    for left in ["the group readers", "the policy \"who reads\"", "the endpoint birds"] {
        assert!(told.contains(&format!("Not brought in: {left}")), "{told}");
    }
    assert_eq!(other_owner.get("/endpoints/birds").await.expect(200).body["published"], false);
}

#[tokio::test]
async fn z1_an_endpoint_whose_policy_cannot_be_made_stays_a_draft() {
    if in_memory() {
        return;
    }
    let (space, _) = furnished().await;
    let archive = archive_of(&space);
    as_owner(&space, "acme", &["tenants", "export", &archive]).expect(0);
    let changed = rewritten(&archive, "policies.jsonl", |text| text.replace("\"access\"", "\"axxess\""));
    let other = TestSpace::start().await;
    let other_owner = other.found("moved").await;
    let told = as_owner(&other, "moved", &["tenants", "import", &changed]).expect(5);
    assert!(told.stdout.contains("the endpoint birds: a policy of it is not there"), "{told:?}");
    let birds = other_owner.get("/endpoints/birds").await.expect(200).body;
    assert_eq!((&birds["published"], &birds["policies"]), (&json!(false), &json!([])));
}
