//! An older copy of the home that is put back brings nobody back who was erased since: the erasure ledger in the folder of checkpoints is
//! applied before anybody is served.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use serde_json::{Value, json};
use syft_space_domain::tenant::TenantRemoval;
use tempfile::TempDir;

use crate::cli::run;
use crate::erasures::{MARKERS, all_ended, ended, forget_rules, found_in, id_of, markers};
use crate::exports::somebody_everywhere;
use crate::space::{Client, PASSWORD, TestSpace, in_memory, until};

/// A space with a second place, and a copy of its home.
pub(crate) struct Restorable {
    pub(crate) space: TestSpace,
    pub(crate) owner: Client,
    pub(crate) second: TempDir,
}

impl Restorable {
    pub(crate) async fn new() -> Self {
        Self::with(&[]).await
    }

    /// With these settings besides.
    pub(crate) async fn with(settings: &[(&str, &str)]) -> Self {
        let second = tempfile::tempdir().unwrap();
        let folder = second.path().join("checkpoints");
        let folder = [("audit_checkpoint_folder", folder.to_str().unwrap())];
        let space = TestSpace::with(&[&folder, settings].concat()).await;
        let owner = space.found("acme").await;
        Self { space, owner, second }
    }

    pub(crate) fn copy(&self) -> PathBuf {
        self.second.path().join("copy")
    }

    pub(crate) fn ledger(&self) -> PathBuf {
        let files = fs::read_dir(self.second.path().join("checkpoints")).unwrap();
        let mut paths = files.map(|entry| entry.unwrap().path());
        paths.find(|path| path.to_str().unwrap().ends_with(".erasures.txt")).unwrap()
    }

    pub(crate) fn stop(&mut self) {
        self.space.server().signal("TERM");
        assert_eq!(self.space.server().wait(), Some(0));
    }

    pub(crate) async fn start(&mut self) {
        self.space.server().run_again().await;
        self.owner = self.space.anybody().with_token(self.owner.token());
        // Once it answers it takes signals, too.
        self.space.anybody().get("//health/live").await.expect(200);
    }

    /// Copies the home, as whoever makes backups does.
    pub(crate) async fn back_up(&mut self) {
        self.stop();
        fs::create_dir(self.copy()).unwrap();
        copy(self.space.home(), &self.copy());
        self.start().await;
    }

    /// Puts the copy in the place of the home, with no server running.
    pub(crate) fn put_back(&self) {
        for entry in fs::read_dir(self.space.home()).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
        }
        copy(&self.copy(), self.space.home());
    }

    pub(crate) async fn log_in(&self, email: &str) -> crate::space::Answer {
        let login = json!({ "email": email, "password": PASSWORD, "tenant": "acme" });
        self.space.anybody().post("/auth/login", &login).await
    }
}

fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").arg(from.join(".")).arg(to).status().unwrap();
    assert!(copied.success());
}

#[tokio::test]
async fn g2_who_was_erased_stays_gone_when_an_older_copy_of_the_home_is_put_back() {
    if in_memory() {
        return;
    }
    let mut restorable = Restorable::new().await;
    let person = somebody_everywhere(&restorable.space, &restorable.owner).await;
    let id = id_of(&person).await;
    forget_rules(&restorable.owner).await;
    restorable.back_up().await;
    let person = restorable.space.anybody().with_token(person.token());
    let begun = person.delete("/me").await.expect(202).body;
    // At once, and before anything else of them went.
    restorable.space.server().kill();
    let ledger = fs::read_to_string(restorable.ledger()).unwrap();
    assert!(ledger.contains(&id), "{ledger}");
    for marker in MARKERS {
        assert!(!ledger.contains(marker), "{marker}");
    }
    restorable.put_back();
    assert!(!found_in(restorable.space.home(), &markers()).is_empty(), "they are there again");
    restorable.start().await;
    // From the very first request on.
    let person = restorable.space.anybody().with_token(person.token());
    person.get("/auth/me").await.expect_problem(401, "token_invalid");
    let told = restorable.owner.audit("&reason=erased_before").await;
    assert_eq!(
        (told.len(), &told[0]["object"]["id"], &told[0]["actor"]["kind"]),
        (1, &json!(id), &json!("system"))
    );
    let erasure = ended(&restorable.owner).await;
    assert_eq!((&erasure["account_id"], &erasure["asked_by"]), (&json!(id), &json!("person")));
    assert_eq!(erasure["asked_at"], begun["asked_at"], "it is the same erasure");
    assert!(erasure["erased"]["events"].as_u64().unwrap() >= 8, "{erasure}");
    let path = begun["certificate_path"].as_str().unwrap().strip_prefix("/api/v1").unwrap();
    restorable.space.anybody().get(path).await.expect(200);
    restorable.stop();
    let found = found_in(restorable.space.home(), &markers());
    assert!(found.is_empty(), "{found:#?}");
    // Once it is done it is done.
    restorable.start().await;
    restorable.log_in(MARKERS[0]).await.expect_problem(401, "credentials_wrong");
    assert_eq!(restorable.owner.audit("&reason=erased_before").await.len(), 1);
}

#[tokio::test]
async fn g2_a_copy_from_before_somebody_joined_loses_their_address_too_and_keeps_who_comes_later() {
    if in_memory() {
        return;
    }
    let mut restorable = Restorable::new().await;
    let owner = restorable.owner.clone();
    owner.post("/groups", &json!({ "name": "marked" })).await.expect(201);
    owner
        .post("/groups/marked/members", &json!({ "emails": [MARKERS[0], "other@acme.example"] }))
        .await
        .expect(200);
    owner.post("/invitations", &json!({ "email": MARKERS[0], "role": "user" })).await.expect(201);
    restorable.back_up().await;
    let owner = restorable.owner.clone();
    restorable.space.member(&owner, MARKERS[0], "user").await.delete("/me").await.expect(202);
    // Of somebody who is in the copy by no address either.
    restorable.space.member(&owner, "eve@acme.example", "user").await.delete("/me").await.expect(202);
    all_ended(&owner, 2).await;
    restorable.stop();
    restorable.put_back();
    restorable.start().await;
    let owner = restorable.owner.clone();
    assert_eq!(owner.get("/invitations").await.expect(200).body["items"], json!([]));
    all_ended(&owner, 2).await;
    assert_eq!(owner.get("/groups/marked").await.expect(200).body["members"], 1);
    // Whoever comes with such an address now is somebody new, after any start.
    for email in [MARKERS[0], "eve@acme.example"] {
        restorable.space.member(&owner, email, "user").await;
    }
    restorable.stop();
    restorable.start().await;
    for email in [MARKERS[0], "eve@acme.example"] {
        restorable.log_in(email).await.expect(200);
    }
}

#[tokio::test]
async fn g2_an_erased_last_owner_stays_gone_and_the_operator_makes_another() {
    if in_memory() {
        return;
    }
    let mut restorable = Restorable::new().await;
    let id = id_of(&restorable.owner).await;
    restorable.back_up().await;
    restorable.space.member(&restorable.owner, "next@acme.example", "owner").await;
    restorable.owner.delete("/me").await.expect(202);
    restorable.stop();
    restorable.put_back();
    restorable.start().await;
    restorable.log_in("owner@acme.example").await.expect_problem(401, "credentials_wrong");
    let password = restorable.second.path().join("password");
    fs::write(&password, PASSWORD).unwrap();
    let (file, home) = (password.to_str().unwrap(), restorable.space.home());
    let arguments =
        ["owner", "create", "--email", "new@acme.example", "--tenant", "acme", "--password-file", file];
    run(home, &arguments).expect(0);
    let owner = restorable.space.log_in("new@acme.example", PASSWORD).await;
    assert_eq!(ended(&owner).await["account_id"], json!(id));
}

#[tokio::test]
async fn g2_a_ledger_that_was_lost_or_damaged_keeps_no_server_from_starting() {
    if in_memory() {
        return;
    }
    let mut restorable = Restorable::new().await;
    let anna = restorable.space.member(&restorable.owner, "anna@acme.example", "user").await;
    let id = id_of(&anna).await;
    anna.delete("/me").await.expect(202);
    ended(&restorable.owner).await;
    let path = restorable.ledger();
    let whole = fs::read_to_string(&path).unwrap();
    // What is lost is written again, by what the home knows.
    for damage in ["", "nonsense\n", &whole[..whole.len() / 2], &whole.replace("person", "owner")] {
        restorable.stop();
        fs::write(&path, damage).unwrap();
        restorable.start().await;
        let ledger = fs::read_to_string(&path).unwrap();
        let known: Vec<&str> = ledger.lines().filter(|line| line.contains(&id)).collect();
        assert!(!known.is_empty(), "{damage}: {ledger}");
    }
    restorable.stop();
    fs::remove_file(&path).unwrap();
    restorable.start().await;
    assert!(fs::read_to_string(restorable.ledger()).unwrap().contains(&id));
    let erasures = restorable.owner.get("/erasures").await.expect(200).body["items"].clone();
    assert_eq!(erasures.as_array().map(Vec::len), Some(1), "{erasures}");
    assert_ne!(erasures[0]["ended_at"], Value::Null);
}

#[tokio::test]
async fn g4_a_kill_at_any_moment_of_the_start_leaves_nobody_half_erased() {
    if in_memory() {
        return;
    }
    let mut restorable = Restorable::new().await;
    let person = somebody_everywhere(&restorable.space, &restorable.owner).await;
    forget_rules(&restorable.owner).await;
    restorable.back_up().await;
    let person = restorable.space.anybody().with_token(person.token());
    person.delete("/me").await.expect(202);
    restorable.stop();
    restorable.put_back();
    for wait in [0, 20, 60, 200, 500] {
        restorable.start().await;
        let person = restorable.space.anybody().with_token(person.token());
        person.get("/auth/me").await.expect_problem(401, "token_invalid");
        tokio::time::sleep(std::time::Duration::from_millis(wait)).await;
        restorable.space.server().kill();
    }
    restorable.start().await;
    ended(&restorable.owner).await;
    restorable.stop();
    let found = found_in(restorable.space.home(), &markers());
    assert!(found.is_empty(), "{found:#?}");
}

#[tokio::test]
async fn g2_a_tenant_that_was_killed_late_in_its_removal_goes_and_its_ledger_keeps_no_space_from_starting() {
    if in_memory() {
        return;
    }
    let mut restorable = Restorable::new().await;
    let anna = restorable.space.member(&restorable.owner, "anna@acme.example", "user").await;
    anna.delete("/me").await.expect(202);
    ended(&restorable.owner).await;
    let end = restorable.owner.request("DELETE", "/tenant").json(&json!({ "tenant_name": "acme" }));
    restorable.owner.send(end).await.expect(200);
    restorable.stop();
    // As it is when its members and its log are gone, and its last row is not.
    let app = restorable.space.home().join("app.db");
    let begun = TenantRemoval { is_forgotten: true, ..TenantRemoval::begin() };
    let begun = serde_json::to_string(&begun).unwrap();
    let of_acme = "(SELECT id FROM tenants WHERE name = 'acme')";
    SqliteConnection::establish(app.to_str().unwrap())
        .unwrap()
        .batch_execute(&format!(
            "UPDATE tenants SET is_going = 1, ends_at = end_asked_at WHERE name = 'acme';
             INSERT INTO ended_tenants SELECT id, '{begun}' FROM tenants WHERE name = 'acme';
             DELETE FROM erasures WHERE tenant_id = {of_acme};
             DELETE FROM audit_events WHERE log = {of_acme};
             DELETE FROM audit_logs WHERE log = {of_acme};"
        ))
        .unwrap();
    restorable.space.server().run_again().await;
    restorable.space.anybody().get("//health/live").await.expect(200);
    let gone = ["audit", "list", "--installation", "--action", "tenant_deleted", "--json", "--all"];
    until("it is gone", async || !run(restorable.space.home(), &gone).expect(0).items().is_empty()).await;
}
