//! The audit logs go to sinks as they are written: all of it, in order, whenever the server is killed, and a tenant's only where the
//! operator has said so, which the tenant is told.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use fastrand::Rng;
use serde_json::{Value, json};

use crate::cli::run;
use crate::space::ledger::{prove, seed};
use crate::space::{Client, PASSWORD, TestSpace, in_memory, until};

/// A sink into a folder, with what else is said of it.
fn sink(folder: &Path, words: &str) -> String {
    format!("name=archive kind=file folder={} {words}", folder.display())
}

/// The lines of all files of the sink, the oldest first, but for one at the end that is not whole.
fn lines(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    // The one that is written stands behind those that have a moment in their names.
    files.sort_by_key(|path| (path.file_name().is_some_and(|name| name == "archive.jsonl"), path.clone()));
    let text: String = files.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    text.split_inclusive('\n').filter(|line| line.ends_with('\n')).map(str::to_owned).collect()
}

/// The native events that a sink has.
fn events(folder: &Path) -> Vec<Value> {
    lines(folder).iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// How many events of each log there are, none missing, and none before one that stands before it in its log.
fn sizes(events: &[Value]) -> BTreeMap<Option<String>, u64> {
    let mut sizes: BTreeMap<Option<String>, u64> = BTreeMap::new();
    for event in events {
        let size = sizes.entry(event["log"].as_str().map(str::to_owned)).or_default();
        let seq = event["seq"].as_u64().unwrap();
        // It may come twice: then what comes behind it comes twice, too.
        assert!(seq <= *size + 1, "events between {size} and {seq} are missing: {event}");
        *size = seq.max(*size);
    }
    sizes
}

/// How many events the tenant's log has.
async fn log_size(owner: &Client) -> u64 {
    owner.get("/audit/export?after=4000000000").await.expect(200).body["size"].as_u64().unwrap()
}

async fn caught_up(owner: &Client) {
    until("the sink has the log", async || {
        let told = owner.get("/audit/sinks").await.expect(200).body;
        told["items"].as_array().unwrap().iter().all(|sink| sink["lag"] == 0)
    })
    .await;
}

#[tokio::test]
async fn u1_a_file_has_every_event_in_order_whenever_the_server_is_killed() {
    if in_memory() {
        return;
    }
    let rounds = prove("ROUNDS", 8);
    let mut rng = Rng::with_seed(seed());
    let aside = tempfile::tempdir().unwrap();
    let folder = aside.path().join("sink");
    let setting = sink(&folder, "logs=all from=beginning rotate_bytes=20000 keep=10000");
    let mut space = TestSpace::with(&[("audit_sinks", &setting), ("registration", "open")]).await;
    let owner = space.found("acme").await;
    let other = space.found_another("globex").await;
    let (first, second) = (owner.token().to_owned(), other.token().to_owned());
    for _ in 0..rounds {
        let clients = [&first, &second].map(|token| space.anybody().with_token(token));
        let asking = clients.map(|client| {
            tokio::spawn(async move {
                // Until the server is killed: each leaves an event.
                let ask = || client.try_send(client.request("GET", "/audit/export?after=4000000000"));
                while ask().await.is_ok_and(|answer| answer.status == 200) {}
            })
        });
        tokio::time::sleep(Duration::from_millis(rng.u64(100..=1_500))).await;
        space.server().kill();
        for asking in asking {
            asking.await.unwrap();
        }
        // What the kill could have left of a line.
        let current = folder.join("archive.jsonl");
        if rng.bool()
            && let Ok(text) = fs::read(&current)
        {
            fs::write(&current, [text.as_slice(), b"{\"log\":null,\"se"].concat()).unwrap();
        }
        space.server().run_again().await;
    }
    let owner = space.log_in("owner@acme.example", PASSWORD).await;
    let size = log_size(&owner).await;
    caught_up(&owner).await;
    caught_up(&space.log_in("owner@globex.example", PASSWORD).await).await;
    let events = events(&folder);
    let sizes = sizes(&events);
    let tenant = owner.get("/tenant").await.expect(200).body["id"].as_str().unwrap().to_owned();
    assert!(sizes[&Some(tenant)] >= size, "{sizes:?}");
    assert_eq!(sizes.len(), 3, "two tenants and the installation: {sizes:?}");
    assert!(fs::read_dir(&folder).unwrap().count() > 2, "files were finished in between");
    println!("{rounds} kills, {} lines of {sizes:?}", events.len());
}

#[tokio::test]
async fn u1_a_tenants_log_goes_out_only_where_the_operator_says_so_and_the_tenant_is_told() {
    let aside = tempfile::tempdir().unwrap();
    let folder = aside.path().join("own");
    let space = TestSpace::with(&[("audit_sinks", &sink(&folder, "from=beginning"))]).await;
    let owner = space.found("acme").await;
    assert_eq!(owner.get("/audit/sinks").await.expect(200).body, json!({ "items": [] }));
    until("the installation's log is there", async || !lines(&folder).is_empty()).await;
    let of_tenants = events(&folder).into_iter().filter(|event| !event["log"].is_null()).count();
    assert_eq!(of_tenants, 0, "nothing of a tenant goes out");
    drop(space);

    let folder = aside.path().join("all");
    let setting = sink(&folder, "logs=all format=ocsf");
    let space = TestSpace::with(&[("audit_sinks", &setting)]).await;
    let owner = space.found("acme").await;
    caught_up(&owner).await;
    let told = owner.get("/audit/sinks").await.expect(200).body["items"][0].clone();
    assert_eq!(
        (&told["name"], &told["kind"], &told["format"], &told["lag"]),
        (&json!("archive"), &json!("file"), &json!("ocsf"), &json!(0))
    );
    assert!(!told.to_string().contains("all/"), "not where it leads: {told}");
    let classes: Vec<Value> = events(&folder).iter().map(|event| event["class_uid"].clone()).collect();
    assert!(classes.iter().all(Value::is_u64) && classes.contains(&json!(3001)), "{classes:?}");
    let user = space.member(&owner, "alice@x.org", "user").await;
    user.get("/audit/sinks").await.expect_problem(403, "forbidden");
    if !in_memory() {
        let said = run(space.home(), &["audit", "sinks"]).expect(0).stdout;
        assert!(said.contains("archive") && said.contains("ocsf"), "{said}");
    }
}

#[tokio::test]
async fn u1_a_sink_that_takes_nothing_delays_nobody_is_told_of_and_gets_all_once_it_is_back() {
    let aside = tempfile::tempdir().unwrap();
    let (down, up) = (aside.path().join("none/sink"), aside.path().join("up"));
    let setting = format!(
        "name=down kind=file folder={} logs=all from=beginning, {}",
        down.display(),
        sink(&up, "logs=all from=beginning")
    );
    let space = TestSpace::with(&[("audit_sinks", &setting)]).await;
    let owner = space.found("acme").await;
    for _ in 0..20 {
        log_size(&owner).await;
    }
    let sinks = async || owner.get("/audit/sinks").await.expect(200).body["items"].clone();
    until("the other one has the log", async || sinks().await[1]["lag"] == 0).await;
    assert_eq!(sinks().await[0]["delivered"], 0);
    let ready = async || space.anybody().get("//health/ready").await.expect(200).body;
    until("it is told of", async || ready().await["audit_sinks"] == "late").await;
    fs::create_dir(aside.path().join("none")).unwrap();
    until("it has all", async || sinks().await[0]["lag"] == 0).await;
    assert_eq!(ready().await["audit_sinks"], Value::Null);
    let text = fs::read_to_string(down.join("down.jsonl")).unwrap();
    let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(sizes(&events).values().any(|size| *size >= 20));
}
