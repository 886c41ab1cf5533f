//! The audit logs go to sinks as they are written: all of it, in order, whenever the server is killed, and a tenant's only where the
//! operator has said so, which the tenant is told.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use fastrand::Rng;
use serde_json::{Value, json};
use tokio::time::Instant;

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

/// A webhook that refuses each batch in which one of some texts stands, or that has more events than it takes.
#[derive(Clone)]
struct Receiver(Arc<Mutex<Received>>);

#[derive(Default)]
struct Received {
    refuses: Option<&'static str>,
    most: usize,
    /// The events that it took, in their order.
    events: Vec<Value>,
    refused: usize,
    /// For how many seconds it asks to be let alone, once.
    asks_to_wait: Option<u64>,
    /// When it asked that, and when it was called next.
    asked_at: Option<Instant>,
    let_alone_for: Option<Duration>,
}

impl Receiver {
    /// Starts it, and answers what a sink says of it.
    fn start(folder: &Path, received: Received) -> (Self, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let secret = folder.join("secret");
        fs::write(&secret, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let receiver = Self(Arc::new(Mutex::new(received)));
        let taking = receiver.clone();
        std::thread::spawn(move || listener.incoming().flatten().for_each(|stream| taking.serve(&stream)));
        let secret = secret.display();
        (receiver, format!("name=hook kind=webhook url={url} secret_file={secret} logs=all from=beginning"))
    }

    fn lock(&self) -> MutexGuard<'_, Received> {
        self.0.lock().unwrap()
    }

    fn serve(&self, mut stream: &TcpStream) {
        let mut reader = BufReader::new(stream);
        let (mut line, mut length) = (String::new(), 0);
        while reader.read_line(&mut line).unwrap_or(0) > 2 {
            let header = line.to_ascii_lowercase();
            length = header.strip_prefix("content-length:").map_or(length, |n| n.trim().parse().unwrap());
            line.clear();
        }
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let text = String::from_utf8(body).unwrap();
        let batch: Value = serde_json::from_str(&text).unwrap();
        let events = batch["data"]["events"].as_array().unwrap();
        let mut received = self.lock();
        received.let_alone_for = received.let_alone_for.or(received.asked_at.map(|asked| asked.elapsed()));
        if let Some(seconds) = received.asks_to_wait.take() {
            received.asked_at = Some(Instant::now());
            let busy = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n";
            stream.write_all(format!("{busy}retry-after: {seconds}\r\n\r\n").as_bytes()).unwrap();
            return;
        }
        let is_refused =
            received.refuses.is_some_and(|poison| text.contains(poison)) || events.len() > received.most;
        if is_refused {
            received.refused += 1;
        } else {
            received.events.extend(events.iter().cloned());
        }
        let status = if is_refused { "422 Unprocessable Content" } else { "204 No Content" };
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        // Where the server is gone meanwhile it sends the batch again.
        let _gone = stream.write_all(answer.as_bytes());
    }
}

async fn ask_often(owner: &Client, times: usize) {
    for _ in 0..times {
        owner.get("/audit/export?after=4000000000").await.expect(200);
    }
}

async fn lag(owner: &Client) -> u64 {
    owner.get("/audit/sinks").await.expect(200).body["items"][0]["lag"].as_u64().unwrap()
}

#[tokio::test]
async fn u1_an_event_that_a_webhook_never_takes_holds_up_its_own_log_alone() {
    let folder = tempfile::tempdir().unwrap();
    let received = Received { refuses: Some("poison@x.org"), most: 500, ..Received::default() };
    let (receiver, setting) = Receiver::start(folder.path(), received);
    let settings =
        [("audit_sinks", setting.as_str()), ("registration", "open"), ("outbound_allow", "127.0.0.1")];
    let space = TestSpace::with(&settings).await;
    let owner = space.found("acme").await;
    let other = space.found_another("globex").await;
    owner.post("/invitations", &json!({ "email": "poison@x.org", "role": "user" })).await.expect(201);
    ask_often(&owner, 20).await;
    ask_often(&other, 700).await;
    until("the other's log is there", async || lag(&other).await == 0).await;
    assert!(lag(&owner).await >= 20, "the log of the event waits");
    // What comes later of the other's is there at once.
    for _ in 0..3 {
        ask_often(&other, 50).await;
        until("the other's log is there", async || lag(&other).await == 0).await;
    }
    let refused = receiver.lock().refused;
    assert!(refused < 60, "{refused} batches were refused");
    receiver.lock().refuses = None;
    caught_up(&owner).await;
    let sizes = sizes(&receiver.lock().events);
    assert_eq!(sizes.len(), 3, "two tenants and the installation: {sizes:?}");
}

#[tokio::test]
async fn u1_a_webhook_that_takes_small_batches_alone_is_sent_few_others() {
    let folder = tempfile::tempdir().unwrap();
    let (receiver, setting) = Receiver::start(folder.path(), Received { most: 20, ..Received::default() });
    let space = TestSpace::with(&[("audit_sinks", &setting), ("outbound_allow", "127.0.0.1")]).await;
    let owner = space.found("acme").await;
    ask_often(&owner, 1_000).await;
    caught_up(&owner).await;
    let received = receiver.lock();
    let tenant = sizes(&received.events).into_iter().find(|(log, _)| log.is_some());
    assert!(tenant.is_some_and(|(_, size)| size > 1_000));
    assert!(received.refused < 30, "{} batches were refused", received.refused);
}

#[tokio::test]
async fn u1_a_webhook_that_asks_to_be_let_alone_is_and_gets_all_of_it_behind_that() {
    let folder = tempfile::tempdir().unwrap();
    // The pause behind a first failure is a second.
    let busy = Received { most: 500, asks_to_wait: Some(4), ..Received::default() };
    let (receiver, setting) = Receiver::start(folder.path(), busy);
    let space = TestSpace::with(&[("audit_sinks", &setting), ("outbound_allow", "127.0.0.1")]).await;
    let owner = space.found("acme").await;
    caught_up(&owner).await;
    let received = receiver.lock();
    assert!(received.let_alone_for.unwrap() >= Duration::from_secs(4), "{:?}", received.let_alone_for);
    assert!(sizes(&received.events).keys().any(Option::is_some), "the tenant's log is there");
}

#[tokio::test]
async fn u1_what_the_operator_changes_of_the_sinks_stands_in_the_installations_log_at_the_next_start() {
    if in_memory() {
        return;
    }
    let aside = tempfile::tempdir().unwrap();
    let archive = |words: &str| sink(&aside.path().join("a"), words);
    let other = format!("name=other kind=file folder={}", aside.path().join("b").display());
    let mut space = TestSpace::with(&[("audit_sinks", &archive(""))]).await;
    let mut told = vec![json!(["archive", "created"])];
    for (setting, changes) in [
        (archive(""), vec![]),
        (archive("format=ocsf"), vec![json!(["archive", "changed_target"])]),
        (
            format!("{},{other}", archive("format=ocsf logs=all")),
            vec![json!(["archive", "changed_logs"]), json!(["other", "created"])],
        ),
        (other, vec![json!(["archive", "removed"])]),
    ] {
        space.server().signal("TERM");
        assert_eq!(space.server().wait(), Some(0));
        let mut command = space.server().command();
        command.env("SYFT_SPACE_AUDIT_SINKS", setting);
        space.server().run(command);
        told.extend(changes);
    }
    let args = ["audit", "list", "--installation", "--action", "config_change", "--json", "--all"];
    let mut events = run(space.home(), &args).expect(0).items();
    events.retain(|event| event["object"]["kind"] == "audit_sink");
    events.reverse();
    let seen: Vec<Value> =
        events.iter().map(|event| json!([event["object"]["id"], event["reason_code"]])).collect();
    assert_eq!(seen, told);
    assert!(events.iter().all(|event| event["actor"] == json!({ "kind": "system" })));
}
