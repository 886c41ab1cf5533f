//! The erasure ledger in its folder: it holds tenants too, nothing that it should hold begins without it, and one that is not there is no
//! empty one.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::{Value, json};

use crate::cli::{run, run_with};
use crate::erasures::{ended, id_of};
use crate::restored::Restorable;
use crate::space::{PASSWORD, dataset_of, in_memory, until};

/// The events of the installation's log of a reason.
fn installation_events(restorable: &Restorable, reason: &str) -> Vec<Value> {
    let arguments = ["audit", "list", "--installation", "--json", "--all"];
    let mut events = run(restorable.space.home(), &arguments).expect(0).items();
    events.retain(|event| event["reason_code"].as_str().is_some_and(|code| code.contains(reason)));
    events
}

/// Tries to start the server, and answers what it says of why it does not.
fn refuses_to_start(restorable: &mut Restorable) -> String {
    let output = restorable.space.server().command().output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "{said}");
    said
}

#[tokio::test]
async fn g2_a_tenant_that_was_removed_stays_gone_when_an_older_copy_of_the_home_is_put_back() {
    if in_memory() {
        return;
    }
    let mut restorable = Restorable::with(&[("tenant_end_days", "0"), ("registration", "open")]).await;
    let tenant = restorable.owner.get("/tenant").await.expect(200).body["id"].clone();
    let anna = restorable.space.member(&restorable.owner, "anna@acme.example", "user").await;
    dataset_of(&restorable.owner, "notes", &[("a", "The quetzal sang at noon.")]).await;
    let other = restorable.space.found_another("other").await;
    restorable.back_up().await;
    let end = restorable.owner.request("DELETE", "/tenant").json(&json!({ "tenant_name": "acme" }));
    restorable.owner.send(end).await.expect(200);
    until("it is gone", async || installation_events(&restorable, "log_size").len() == 1).await;
    let ledger = fs::read_to_string(restorable.ledger()).unwrap();
    assert!(ledger.contains(tenant.as_str().unwrap()) && !ledger.contains("acme"), "{ledger}");
    restorable.stop();
    restorable.put_back();
    restorable.start().await;
    // From the very first request on.
    let [anna, other] = [anna, other].map(|who| restorable.space.anybody().with_token(who.token()));
    for client in [&restorable.owner, &anna] {
        client.get("/auth/me").await.expect_problem(401, "token_invalid");
    }
    restorable.log_in("owner@acme.example").await.expect_problem(401, "credentials_wrong");
    assert_eq!(other.get("/auth/me").await.status, 200, "nobody else goes");
    let told = installation_events(&restorable, "removed_before");
    assert_eq!(
        (told.len(), &told[0]["object"]["id"], &told[0]["actor"]["kind"]),
        (1, &tenant, &json!("system"))
    );
    until("it is gone again", async || installation_events(&restorable, "log_size").len() == 1).await;
    // Once it is done it is done, and no folder of it is left.
    restorable.stop();
    restorable.start().await;
    assert_eq!(installation_events(&restorable, "removed_before").len(), 1);
    let folders = fs::read_dir(restorable.space.home().join("tenants")).unwrap();
    let left: Vec<_> = folders.map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_str() == tenant.as_str()), "{left:?}");
}

#[tokio::test]
async fn g2_nobody_is_erased_while_the_folder_cannot_be_written_and_nothing_is_begun_by_that() {
    if in_memory() {
        return;
    }
    let restorable = Restorable::new().await;
    let (folder, away) =
        (restorable.second.path().join("checkpoints"), restorable.second.path().join("away"));
    let anna = restorable.space.member(&restorable.owner, "anna@acme.example", "user").await;
    let id = id_of(&anna).await;
    fs::rename(&folder, &away).unwrap();
    for there in ["nothing", "a file", "another folder"] {
        match there {
            "nothing" => {}
            "a file" => fs::write(&folder, "").unwrap(),
            _ => {
                fs::remove_file(&folder).unwrap();
                fs::create_dir(&folder).unwrap();
            }
        }
        anna.delete("/me").await.expect_problem(503, "unavailable");
        restorable
            .owner
            .post(&format!("/users/{id}/erasure"), &json!({}))
            .await
            .expect_problem(503, "unavailable");
        let address = json!({ "email": "anna@acme.example" });
        restorable.owner.post("/erasures", &address).await.expect_problem(503, "unavailable");
    }
    anna.get("/auth/me").await.expect(200);
    assert_eq!(restorable.owner.get("/erasures").await.expect(200).body["items"], json!([]));
    fs::remove_dir(&folder).unwrap();
    fs::rename(&away, &folder).unwrap();
    anna.delete("/me").await.expect(202);
    assert_eq!(ended(&restorable.owner).await["account_id"], json!(id));
    assert!(fs::read_to_string(restorable.ledger()).unwrap().contains(&id));
}

#[tokio::test]
async fn g2_a_ledger_that_is_not_where_it_was_keeps_the_space_from_starting_until_somebody_says_that_it_is_lost()
 {
    if in_memory() {
        return;
    }
    let mut restorable = Restorable::new().await;
    let (folder, away) =
        (restorable.second.path().join("checkpoints"), restorable.second.path().join("away"));
    let anna = restorable.space.member(&restorable.owner, "anna@acme.example", "user").await;
    restorable.back_up().await;
    let anna = restorable.space.anybody().with_token(anna.token());
    anna.delete("/me").await.expect(202);
    ended(&restorable.owner).await;
    restorable.stop();
    restorable.put_back();
    fs::rename(&folder, &away).unwrap();
    let mark = restorable.space.home().join("erasure-ledger");
    for there in ["nothing", "an empty folder", "a link to nowhere"] {
        match there {
            "nothing" => {}
            "an empty folder" => fs::create_dir(&folder).unwrap(),
            _ => {
                fs::remove_dir(&folder).unwrap();
                symlink("/nowhere/at/all", &folder).unwrap();
            }
        }
        let said = refuses_to_start(&mut restorable);
        for named in [&folder, &mark] {
            assert!(said.contains(named.to_str().unwrap()), "{there}: {said}");
        }
    }
    fs::remove_file(&folder).unwrap();
    fs::rename(&away, &folder).unwrap();
    restorable.start().await;
    let anna = restorable.space.anybody().with_token(anna.token());
    anna.get("/auth/me").await.expect_problem(401, "token_invalid");
    // Whoever knows that it is lost begins another one, of what the home knows.
    ended(&restorable.owner).await;
    restorable.stop();
    fs::remove_dir_all(&folder).unwrap();
    refuses_to_start(&mut restorable);
    fs::remove_file(&mark).unwrap();
    restorable.start().await;
    assert!(fs::read_to_string(restorable.ledger()).unwrap().contains("erased account"));
    restorable.stop();
    restorable.start().await;
}

#[tokio::test]
async fn g2_a_command_whose_shell_lacks_the_setting_brings_nobody_back_either() {
    if in_memory() {
        return;
    }
    let mut restorable = Restorable::new().await;
    restorable.space.member(&restorable.owner, "next@acme.example", "owner").await;
    restorable.back_up().await;
    let as_owner =
        ["privacy", "erasures", "--tenant", "acme", "--as", "owner@acme.example", "--password-file", "-"];
    let list = |home: &Path| run_with(home, &as_owner, &format!("{PASSWORD}\n"));
    list(restorable.space.home()).expect(0);
    restorable.owner.delete("/me").await.expect(202);
    restorable.stop();
    restorable.put_back();
    let said = list(restorable.space.home());
    assert_ne!(said.code, Some(0), "{said:?}");
    assert!(said.stderr.contains("audit_checkpoint_folder"), "{said:?}");
}

#[tokio::test]
async fn g2_a_folder_of_checkpoints_in_the_home_is_refused_with_the_reason() {
    if in_memory() {
        return;
    }
    let mut restorable = Restorable::new().await;
    restorable.stop();
    let home = restorable.space.home().to_owned();
    let link = restorable.second.path().join("link");
    fs::create_dir(home.join("there")).unwrap();
    symlink(home.join("there"), &link).unwrap();
    for folder in [home.join("there"), home.join("new"), link] {
        let mut command = restorable.space.server().command();
        command.env("SYFT_SPACE_AUDIT_CHECKPOINT_FOLDER", &folder);
        let output = command.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains("is in the home"), "{said}");
    }
}
