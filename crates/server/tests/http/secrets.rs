//! Secrets planted in every field that takes one, in a whole run at trace level: each is looked for in everything that
//! the server says and keeps, and stands where it may, and nowhere else.

mod sign_in;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use syft_space::startup::setup_token::SetupTokenFile;
use syft_space_fakehub::{FakeHub, HubOptions};

use crate::space::{Answer, Client, PUBLIC_URL, Server, binary, in_memory};

/// A secret, and the only places it may stand in: parts of a place's name.
struct PlantedSecret {
    what: &'static str,
    value: String,
    may: &'static [&'static str],
}

/// Where a document's text and what is said of it may stand.
const DOCUMENT_PLACES: &[&str] = &["home/tenants/"];

/// The run: who calls, and everything that was planted, said and answered.
struct Run {
    planted: Vec<PlantedSecret>,
    /// What was said, by the name of the place.
    said: BTreeMap<String, String>,
    refusals: usize,
}

impl Run {
    fn plant(&mut self, what: &'static str, may: &'static [&'static str], value: &str) -> String {
        self.planted.push(PlantedSecret { what, value: value.to_owned(), may });
        value.to_owned()
    }

    fn says(&mut self, place: &str, bytes: &[u8]) {
        self.said.entry(place.to_owned()).or_default().push_str(&String::from_utf8_lossy(bytes));
    }

    /// Takes note of a refusal.
    fn refused(&mut self, answer: &Answer) {
        assert!((400..500).contains(&answer.status), "{answer:?}");
        let headers = format!("{:?}", answer.headers);
        self.says("answers/refusals", headers.as_bytes());
        self.says("answers/refusals", answer.text.as_bytes());
        self.refusals += 1;
    }

    /// Every secret at every place that it may not stand in, and how often any was found at all.
    fn search(&self) -> (Vec<String>, BTreeMap<&'static str, Vec<String>>) {
        let mut wrong = Vec::new();
        let mut found: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
        for PlantedSecret { what, value, may } in &self.planted {
            for (place, text) in &self.said {
                if stands_in(value, text) {
                    found.entry(what).or_default().push(place.clone());
                    if !may.iter().any(|part| place.contains(part)) {
                        wrong.push(format!("{what} stands in {place}"));
                    }
                }
            }
        }
        (wrong, found)
    }
}

/// Whether a secret stands in a text: as it is, as JSON or Rust would write it, in hexadecimal, or in base64.
fn stands_in(secret: &str, text: &str) -> bool {
    let hexadecimal = secret.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    let json = json!(secret).to_string();
    text.contains(secret)
        || text.contains(json.trim_matches('"'))
        || text.contains(&hexadecimal)
        || text.contains(&hexadecimal.to_uppercase())
        || (0..3).any(|shift| text.contains(&base64_inside(secret.as_bytes(), shift)))
}

/// What base64 makes of these bytes wherever they stand in others: without the characters that the neighbours change.
fn base64_inside(bytes: &[u8], shift: usize) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let padded: Vec<u8> = vec![0; shift].into_iter().chain(bytes.iter().copied()).collect();
    let whole = padded.chunks_exact(3).flat_map(|three| {
        let bits = u32::from(three[0]) << 16 | u32::from(three[1]) << 8 | u32::from(three[2]);
        [18, 12, 6, 0].map(|at| char::from(DIGITS[usize::try_from(bits >> at & 63).unwrap()]))
    });
    whole.skip(if shift == 0 { 0 } else { 4 }).collect()
}

#[test]
fn a3_the_search_finds_what_is_there_however_it_is_written() {
    let secret = "marked \"secret\" 4711";
    for there in [
        "so it is: marked \"secret\" 4711.".to_owned(),
        json!({ "password": secret }).to_string(),
        format!("{:?}", ("password", secret)),
        "6d61726b6564202273656372657422203437313120".to_owned(),
        "6D61726B6564202273656372657422203437313120".to_owned(),
        // base64 of it behind nothing, one and two bytes.
        "bWFya2VkICJzZWNyZXQiIDQ3MTE=".to_owned(),
        "eG1hcmtlZCAic2VjcmV0IiA0NzEx".to_owned(),
        "eHhtYXJrZWQgInNlY3JldCIgNDcxMQ==".to_owned(),
    ] {
        assert!(stands_in(secret, &there), "{there}");
    }
    assert!(!stands_in(secret, "marked \"secret\" 4712, and so on"));
    let mut run = Run { planted: Vec::new(), said: BTreeMap::new(), refusals: 0 };
    run.plant("a password", &["home/keys/"], secret);
    run.says("home/keys/here", secret.as_bytes());
    assert!(run.search().0.is_empty());
    run.says("log", json!({ "password": secret }).to_string().as_bytes());
    assert_eq!(run.search().0, ["a password stands in log"]);
}

#[tokio::test]
async fn a3_no_planted_secret_stands_anywhere_but_where_it_must() {
    if in_memory() {
        return;
    }
    for format in ["json", "pretty"] {
        let aside = tempfile::tempdir().unwrap();
        let (hook, key) = (aside.path().join("hook-secret"), "Zq3vT8mXk1LpR6wYb9NcD4sGf7HjA2eU");
        fs::write(&hook, format!("whsec_{key}\n")).unwrap();
        // Nobody listens there: it is tried again and again.
        let sinks = format!(
            "name=hook kind=webhook url=http://127.0.0.1:9/in secret_file={} logs=all",
            hook.display()
        );
        let server = Server::prepare(&[
            ("audit_sinks", &sinks),
            ("log", "trace,actix_http=trace"),
            ("log_format", format),
            ("behind_proxy", "127.0.0.1"),
            ("outbound_allow", "127.0.0.1"),
            ("public_url", PUBLIC_URL),
        ]);
        let process = Process::start(&server, aside.path());
        let mut run = Run { planted: Vec::new(), said: BTreeMap::new(), refusals: 0 };
        run.plant("the secret of a webhook", &[], key);
        live(&mut run, &server, &process.base()).await;
        look_around(&mut run, &server, &process).await;
        let pid = process.child.id();
        for (name, log) in process.stop() {
            run.says(&format!("log/{name}"), &log);
        }
        gather(&mut run, server.home(), server.home());
        assert!(!Path::new(&format!("/proc/{pid}")).exists());

        let (wrong, found) = run.search();
        assert!(wrong.is_empty(), "{format}: {wrong:#?}");
        // The search would have found them: those that must be somewhere were.
        let at = |what: &str| found.get(what).map_or_else(String::new, |places| places.join(" "));
        assert!(at("the signing key").contains("home/keys/"), "{found:?}");
        assert!(at("a document's content").contains("documents.db"), "{found:?}");
        assert!(at("a document's metadata").contains("documents.db"), "{found:?}");
        assert!(at("a pattern").contains("home/app.db"), "{found:?}");
        let log = &run.said["log/stderr"];
        assert!(log.contains("TRACE"), "the log is at its finest: {log}");
        assert!(run.refusals > 20 && run.planted.len() > 20, "{} {}", run.refusals, run.planted.len());
        println!(
            "{format}: {} secrets, {} places, {} refusals, {} bytes of log",
            run.planted.len(),
            run.said.len(),
            run.refusals,
            log.len()
        );
    }
}

/// Lives a day in the space, with a secret wherever one can be said, rightly and wrongly.
async fn live(run: &mut Run, server: &Server, base: &str) {
    let nobody = Client::new(base);
    let register = |email: &str, password: &str, token: &str| json!({ "email": email, "password": password, "tenant_name": "acme", "setup_token": token });
    let setup = fs::read_to_string(SetupTokenFile::path(server.home())).unwrap().trim().to_owned();
    // Before it is used it lies in its file; after that, nowhere.
    run.plant("the setup token", &[], &setup);
    let password = run.plant("the owner's password", &[], "right-Kq7vXw2m quartz lantern");
    let wrong = run.plant("a wrong setup token", &[], "setup-wrong-Tz81LmQe");
    run.refused(&nobody.post("/auth/register", &register("o@acme.example", &password, &wrong)).await);
    let weak = run.plant("a refused password", &[], "wK3short-Jq0");
    run.refused(&nobody.post("/auth/register", &register("o@acme.example", &weak, &setup)).await);
    nobody.post("/auth/register", &register("o@acme.example", &password, &setup)).await.expect(201);
    run.refused(&nobody.post("/auth/register", &register("p@acme.example", &password, &setup)).await);

    let log_in = |email: &str, password: &str| json!({ "email": email, "password": password });
    let guessed = run.plant("a wrong password", &[], "guessed-Bn4pRy6s velvet harbour");
    run.refused(&nobody.post("/auth/login", &log_in("o@acme.example", &guessed)).await);
    run.refused(&nobody.post("/auth/login", &log_in("stranger@acme.example", &guessed)).await);
    let long = run.plant("a password that is too long", &[], &"long-Hd5k".repeat(200));
    run.refused(&nobody.post("/auth/login", &log_in("o@acme.example", &long)).await);
    let entered = nobody.post("/auth/login", &log_in("o@acme.example", &password)).await.expect(200);
    let token = run.plant("the owner's access token", &[], entered.body["access_token"].as_str().unwrap());
    let owner = nobody.with_token(&token);

    // In fields that are of another type, or that nobody knows.
    for (what, body) in [
        (
            "a password that is a number",
            json!({ "email": "o@acme.example", "password": 918_273_645_546_372_u64 }),
        ),
        ("a password in a list", json!({ "email": "o@acme.example", "password": ["listed-Gm2xYc8d"] })),
        (
            "a password in an object",
            json!({ "email": "o@acme.example", "password": { "is": "inner-Vt6bQw1z" } }),
        ),
        ("a password as an e-mail", json!({ "email": "as-email-Pl9oKi3u", "password": password })),
        (
            "a password as a tenant",
            json!({ "email": "o@acme.example", "password": password, "tenant": "As-Tenant-Ju7hYg5t" }),
        ),
        (
            "a password under another name",
            json!({ "email": "o@acme.example", "pasword": "unknown-Mn4bVc2x" }),
        ),
    ] {
        for secret in [
            "918273645546372",
            "listed-Gm2xYc8d",
            "inner-Vt6bQw1z",
            "as-email-Pl9oKi3u",
            "As-Tenant-Ju7hYg5t",
            "unknown-Mn4bVc2x",
        ] {
            if body.to_string().contains(secret) {
                run.plant(what, &[], secret);
            }
        }
        run.refused(&nobody.post("/auth/login", &body).await);
    }
    let broken = run.plant("a password in broken JSON", &[], "broken-Xs3dFr7g");
    let request = nobody.request("POST", "/auth/login").header("content-type", "application/json");
    let body = format!("{{\"email\":\"o@acme.example\",\"password\":\"{broken}\",\"password\":\"{broken}\"");
    run.refused(&nobody.send(request.body(body)).await);

    // Tokens that are none, and tokens and passwords in headers that are not read.
    let forged = run.plant("a forged token", &[], &format!("{}Zz9Yy8Xx7", &token[..token.len() - 9]));
    run.refused(&nobody.with_token(&forged).get("/auth/me").await);
    let basic = run.plant("a basic credential", &[], "bzpiYXNpYy1SdDVuTWs0aA");
    let request = nobody.request("GET", "/auth/me").header("authorization", format!("Basic {basic}"));
    run.refused(&nobody.send(request).await);
    let in_url = run.plant("a token in the URL", &[], "in-url-Wd8cVb6n");
    run.refused(&owner.get(&format!("/datasets?access_token={in_url}")).await);
    let cookie = run.plant("a cookie", &[], "cookie-Ol3pLk9j");
    let proxy = run.plant("a proxy's credential", &[], "proxy-Ih6gTf4d");
    let request = owner.request("GET", "/auth/me").header("cookie", format!("session={cookie}"));
    let request = request
        .header("x-forwarded-for", "203.0.113.7")
        .header("proxy-authorization", format!("Bearer {proxy}"));
    owner.send(request).await.expect(200);

    let invited = json!({ "email": "u@acme.example", "role": "user" });
    let invited = owner.post("/invitations", &invited).await.expect(201);
    let invitation = run.plant("an invitation's token", &[], invited.body["token"].as_str().unwrap());
    let open =
        owner.post("/invitations", &json!({ "email": "v@acme.example", "role": "user" })).await.expect(201);
    run.plant("an open invitation's token", &[], open.body["token"].as_str().unwrap());
    let theirs = run.plant("a member's password", &[], "member-Fc5vBg7h copper meadow");
    let no_such = run.plant("a wrong invitation token", &[], "invitation-wrong-Qa1wSx2e");
    let accept = |token: &str| json!({ "token": token, "password": theirs });
    run.refused(&nobody.post("/invitations/accept", &accept(&no_such)).await);
    nobody.post("/invitations/accept", &accept(&invitation)).await.expect(201);
    run.refused(&nobody.post("/invitations/accept", &accept(&invitation)).await);
    let entered = nobody.post("/auth/login", &log_in("u@acme.example", &theirs)).await.expect(200);
    let member = run.plant("a member's access token", &[], entered.body["access_token"].as_str().unwrap());
    let member = nobody.with_token(&member);

    sign_in::live(run, server, &nobody).await;
    documents_and_queries(run, &owner, &member).await;
}

/// Documents, their metadata, questions and policies.
async fn documents_and_queries(run: &mut Run, owner: &Client, member: &Client) {
    let made = json!({ "name": "notes", "dtype": "embedded" });
    let id = owner.post("/datasets", &made).await.expect(201).body["id"].as_str().unwrap().to_owned();
    let content = run.plant("a document's content", DOCUMENT_PLACES, "contentEd4rFv5t");
    let metadata = run.plant("a document's metadata", DOCUMENT_PLACES, "metadataGb6yHn7u");
    let title = run.plant("a document's title", DOCUMENT_PLACES, "titleMj8iKm9o");
    let path = format!("/datasets/{id}/documents?wait=true");
    let document = json!({ "document_id": "d", "title": title, "content": format!("The word is {content}."), "metadata": { "k": metadata } });
    owner.post(&path, &json!({ "documents": [document] })).await.expect(200);
    for (what, secret, bad) in [
        (
            "the content of a refused document",
            "refusedLp0qAz1w",
            json!([{ "document_id": "no/id", "content": "refusedLp0qAz1w" }]),
        ),
        ("the content of a malformed document", "malformedSx2eDc3r", json!(["malformedSx2eDc3r"])),
        (
            "the metadata of a malformed document",
            "malformedFv4tGb5y",
            json!([{ "content": "x", "metadata": "malformedFv4tGb5y" }]),
        ),
        ("a document in another's place", "misplacedTy7uHn4j", json!({ "content": "misplacedTy7uHn4j" })),
    ] {
        run.plant(what, &[], secret);
        run.refused(&owner.post(&path, &json!({ "documents": bad })).await);
    }
    owner.get(&format!("/datasets/{id}/documents/d")).await.expect(200);

    let endpoint =
        json!({ "name": "n", "slug": "notes", "dataset_id": id, "response_type": "raw", "published": true });
    owner.post("/endpoints", &endpoint).await.expect(201);
    let question = run.plant("a question", &[], "questionHn6uJm7i");
    let found = member.ask("notes", &format!("{question} word {content}")).await.expect(200);
    assert!(found.text.contains(&content), "who may query is answered with the content");
    owner.post(&format!("/datasets/{id}/search"), &json!({ "query": question })).await.expect(200);
    run.refused(&member.ask("no-such-slug", &question).await);
    let claimed = run.plant("a transaction token", &[], "transactionKo8lPq9a");
    let body = json!({ "messages": question, "transaction_token": claimed, "user_email": "x@y.example" });
    member.post("/endpoints/notes/query", &body).await.expect(200);
    let body = json!({ "messages": [{ "role": question, "content": question }], "limit": question });
    run.refused(&member.post("/endpoints/notes/query", &body).await);

    let pattern = run.plant("a pattern", &["home/app.db"], "pattern-zw1sxe2d@partner.example");
    let policy = json!({ "name": "p", "policy_type": "access", "configuration": { "mode": "allow", "patterns": [pattern] } });
    let policy = owner.post("/policies", &policy).await.expect(201).body["id"].clone();
    owner.put("/endpoints/notes/policies", &json!({ "policy_ids": [policy] })).await.expect(200);
    run.refused(&member.ask("notes", &question).await);
    run.refused(&owner.ask("notes", &question).await);
    run.refused(&member.get("/datasets").await);
    let refused = run.plant("a refused pattern", &[], "refusedRf3vTg4b");
    let policy = json!({ "name": "p", "policy_type": "access", "configuration": { "mode": "allow", "patterns": [refused], } });
    run.refused(&owner.post("/policies", &policy).await);
    marketplaces(run, owner).await;
    let explained = json!({ "identity": { "email": "u@acme.example" } });
    owner.post("/endpoints/notes/policies/explain", &explained).await.expect(200);

    let mut cursor = String::new();
    loop {
        let page = owner.get(&format!("/audit?limit=100{cursor}")).await.expect(200);
        run.says("audit", page.text.as_bytes());
        let Value::String(next) = &page.body["next_cursor"] else { break };
        cursor = format!("&cursor={next}");
    }
    assert!(run.said["audit"].len() > 2_000);
}

/// Credentials for a hub: good, refused, malformed, and in another's place.
async fn marketplaces(run: &mut Run, owner: &Client) {
    let hub = FakeHub::start(HubOptions::new().unwrap()).unwrap();
    hub.add_user("spaceowner", "o@hub.example", "the hub's own 1").unwrap();
    let account = |credential: Value| json!({ "name": "market", "url": hub.url(), "issuer": HubOptions::DEFAULT_ISSUER, "credential": credential });
    let wrong = run.plant("a hub's wrong token", &[], "hub-wrong-Yh3nUj6m");
    run.refused(&owner.post("/marketplaces", &account(json!({ "type": "pat", "token": wrong }))).await);
    let wrong = run.plant("a hub's wrong password", &[], "hub-wrong-Ik9oLp2q velvet");
    let by_password = json!({ "type": "password", "username": "spaceowner", "password": wrong });
    run.refused(&owner.post("/marketplaces", &account(by_password)).await);
    let misplaced = run.plant("a hub's token as its type", &[], "hub-misplaced-Ws5xEd8c");
    run.refused(&owner.post("/marketplaces", &account(json!({ "type": misplaced, "token": "t" }))).await);
    let listed = run.plant("a hub's token in a list", &[], "hub-listed-Rf1vTg4b");
    run.refused(&owner.post("/marketplaces", &account(json!({ "type": "pat", "token": [listed] }))).await);
    let in_url = run.plant("a hub's password in its URL", &[], "hub-in-url-Yh7nUj0m");
    let mut body = account(json!({ "type": "pat", "token": "t" }));
    body["url"] = json!(format!("https://owner:{in_url}@hub.example.org"));
    run.refused(&owner.post("/marketplaces", &body).await);

    let token = run.plant("a hub's token", &[], &hub.create_pat("spaceowner").unwrap());
    let made =
        owner.post("/marketplaces", &account(json!({ "type": "pat", "token": token }))).await.expect(201);
    let path = format!("/marketplaces/{}", made.body["id"].as_str().unwrap());
    for shown in [made, owner.get(&path).await, owner.get("/marketplaces").await] {
        run.says("answers/marketplaces", shown.text.as_bytes());
    }
    let password = run.plant("a hub's password", &[], "hub-right-Mk8jNh5b copper");
    hub.add_user("another", "a@hub.example", &password).unwrap();
    let by_password = json!({ "type": "password", "username": "another", "password": password });
    run.refused(&owner.patch(&path, &json!({ "credential": by_password })).await);
}

/// What else can be seen of a running server.
async fn look_around(run: &mut Run, server: &Server, process: &Process) {
    let key = fs::read_to_string(server.home().join("keys/access.jwks")).unwrap();
    let key: Value = serde_json::from_str(&key).unwrap();
    run.plant("the signing key", &["home/keys/"], key["keys"][0]["k"].as_str().unwrap());
    let key = fs::read_to_string(server.home().join("keys/sealing-key.json")).unwrap();
    let key: Value = serde_json::from_str(&key).unwrap();
    run.plant("the sealing key", &["home/keys/"], key["key"].as_str().unwrap());
    let nobody = Client::new(&process.base());
    for path in [
        "/openapi.json",
        "//docs",
        "//api/v1/health",
        "//health/ready",
        "//metrics",
        "//.well-known/jwks.json",
    ] {
        run.says(&format!("answers{path}"), nobody.get(path).await.text.as_bytes());
    }
    let pid = process.child.id();
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    for pid in std::iter::once(pid.to_string()).chain(children.split_whitespace().map(str::to_owned)) {
        for file in ["environ", "cmdline"] {
            let bytes = fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
            run.says(&format!("process/{file}"), &bytes);
        }
    }
    assert!(!run.said["process/cmdline"].is_empty() && !run.said["process/environ"].is_empty());
    let shown = binary().args(["config", "show", "--home"]).arg(server.home()).output().unwrap();
    run.says("config show", &[shown.stdout, shown.stderr].concat());
    // While it runs, too: what is on its way to a file may be gone at the end.
    gather(run, server.home(), server.home());
}

/// Reads every file below a folder.
fn gather(run: &mut Run, home: &Path, folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(run, home, &path);
        } else if let Ok(bytes) = fs::read(&path) {
            let place = format!("home/{}", path.strip_prefix(home).unwrap().display());
            run.says(&place, &bytes);
        }
    }
}

/// The server, with all that it prints in files.
struct Process {
    child: Child,
    aside: std::path::PathBuf,
}

impl Process {
    fn start(server: &Server, aside: &Path) -> Self {
        let mut command = server.command();
        command.env("SYFT_SPACE_LOG", "trace,actix_http=trace");
        command.stdout(Stdio::from(File::create(aside.join("stdout")).unwrap()));
        command.stderr(Stdio::from(File::create(aside.join("stderr")).unwrap()));
        let process = Self { child: command.spawn().unwrap(), aside: aside.to_owned() };
        for _ in 0..3_000 {
            if process.printed("stdout").contains("Listening on ") {
                return process;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("it does not listen: {}", process.printed("stderr"));
    }

    fn printed(&self, name: &str) -> String {
        String::from_utf8_lossy(&fs::read(self.aside.join(name)).unwrap()).into_owned()
    }

    fn base(&self) -> String {
        let printed = self.printed("stdout");
        let line = printed.lines().find_map(|line| line.strip_prefix("Listening on "));
        line.unwrap().to_owned()
    }

    /// Ends it in good order, and answers what it printed.
    fn stop(mut self) -> Vec<(&'static str, Vec<u8>)> {
        let sent = std::process::Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(sent.success());
        self.child.wait().unwrap();
        ["stdout", "stderr"].map(|name| (name, fs::read(self.aside.join(name)).unwrap())).into()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
