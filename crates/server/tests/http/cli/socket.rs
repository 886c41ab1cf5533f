//! The control socket: who may open it, what may be done through it, and that the network has nothing like it.

use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use syft_space::http::route_table::{Guard, OPERATOR_ROUTES, ROUTES, Route};
use syft_space_domain::access::operator_may;

use super::{found, run, stop};
use crate::space::{PASSWORD, Server, TestSpace, dataset_of, endpoint_on, in_memory, only_policy};

/// Somebody at the control socket.
struct OperatorClient {
    http: reqwest::Client,
}

impl OperatorClient {
    fn of(home: &Path) -> Self {
        let http = reqwest::Client::builder().unix_socket(home.join("control.sock")).no_proxy().build();
        Self { http: http.unwrap() }
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> (u16, Value) {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.http.request(method, format!("http://space{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        if answer.headers().get("content-type").is_some_and(|kind| kind == "text/event-stream") {
            // It does not end by itself.
            return (status, Value::Null);
        }
        (status, answer.json().await.unwrap_or(Value::Null))
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        self.send("GET", path, &[], None).await
    }
}

#[tokio::test]
async fn z1_the_control_socket_is_its_owners_alone_and_goes_with_the_server() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::start().await;
    let socket = space.home().join("control.sock");
    let metadata = socket.metadata().unwrap();
    assert!(metadata.file_type().is_socket());
    assert_eq!(metadata.mode() & 0o7777, 0o600);
    assert_eq!(metadata.uid(), space.home().metadata().unwrap().uid());
    assert!(!space.home().join("control.sock.new").exists());

    space.server().kill();
    assert!(socket.exists(), "a killed server tidies nothing up");
    space.server().run_again().await;
    assert_eq!(
        OperatorClient::of(space.home()).get("/health/live").await.0,
        200,
        "a dead socket is replaced"
    );
    stop(&mut space);
    assert!(!socket.exists(), "a server that ends in order takes its socket away");
}

#[tokio::test]
async fn z1_the_network_has_no_operator_whatever_it_says_of_itself() {
    if in_memory() {
        return;
    }
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let nobody = space.anybody();
    for route in OPERATOR_ROUTES {
        for client in [&nobody, &owner] {
            let request = client.request(&route.method.to_string(), &format!("/{}", route.path));
            let answer = client.send(request.header("operator-tenant", "acme")).await;
            answer.expect_problem(404, "no_route");
        }
    }
    // The header that the control socket believes means nothing here, neither to nobody nor to a member.
    for path in ["/users", "/datasets", "/audit"] {
        let request = nobody.request("GET", path).header("operator-tenant", "acme");
        nobody.send(request).await.expect_problem(401, "unauthenticated");
    }
    let viewer = space.member(&owner, "viewer@acme.example", "viewer").await;
    let request = viewer.request("GET", "/audit").header("operator-tenant", "acme");
    viewer.send(request).await.expect_problem(403, "forbidden");
    // Nor does an address that only this machine can have.
    let request = nobody.request("GET", "/users").header("x-forwarded-for", "127.0.0.1");
    nobody.send(request).await.expect_problem(401, "unauthenticated");
    let events = owner.audit("").await;
    assert!(events.iter().all(|event| event["actor"]["kind"] != "operator"), "{events:?}");
}

#[tokio::test]
async fn z1_the_operator_does_what_the_table_says_and_the_tenant_reads_of_it() {
    if in_memory() {
        return;
    }
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let operator = OperatorClient::of(space.home());
    let dataset = dataset_of(&owner, "things", &[("doc", "A thing of this tenant.")]).await;
    endpoint_on(&owner, &dataset, "things").await;
    let policy = only_policy(&owner, "things", json!({ "mode": "allow", "patterns": ["*"] })).await;
    owner.post("/groups", &json!({ "name": "things" })).await.expect(201);
    let marketplace = space.marketplace(&owner, "market").await;
    let member = owner.get("/auth/me").await.body["id"].as_str().unwrap().to_owned();
    let jobs = owner.get(&format!("/datasets/{dataset}/jobs")).await;
    let job = jobs.body["items"][0]["id"].as_str().unwrap().to_owned();
    let path = |route: &Route| {
        let group = route.path.trim_start_matches("/api/v1/").split('/').next().unwrap();
        let id = match group {
            "users" => &member,
            "policies" => &policy,
            "marketplaces" => &marketplace,
            _ => &dataset,
        };
        let path = route.path.replace("{id}", id).replace("{doc}", "doc").replace("{job}", &job);
        path.replace("{slug}", "things").replace("{name}", "things").replace("{revision}", "1")
    };
    let (mut let_in, mut refused) = (0, 0);
    for route in ROUTES {
        let Guard::Member(permissions) = route.guard else { continue };
        let method = route.method.to_string();
        if permissions.iter().any(|permission| operator_may(*permission)) {
            // What changes or removes something has its own tests; here it is enough that reading is let in.
            if method == "GET" {
                let (status, body) = operator.get(&path(route)).await;
                // Of what is there, nobody certifies that it is gone.
                let expected = if route.path.ends_with("/certificate") { 404 } else { 200 };
                assert_eq!(status, expected, "{method} {}: {body}", route.path);
                let_in += 1;
            }
        } else {
            let (status, body) = operator.send(&method, &path(route), &[], Some(&json!({}))).await;
            assert_eq!((status, &body["reason_code"]), (403, &json!("forbidden")), "{method} {}", route.path);
            let last = owner.audit("&action=authz_fail").await[0].clone();
            assert_eq!(last["actor"], json!({ "kind": "operator" }));
            assert_eq!(last["object"]["id"], format!("{method} {}", route.path));
            refused += 1;
        }
    }
    assert!(let_in >= 8 && refused >= 10, "{let_in} let in, {refused} refused");
    // It queries nothing, reads no document, and makes nobody anything.
    for (method, path) in [
        ("POST", "/api/v1/endpoints/things/query".to_owned()),
        ("GET", format!("/api/v1/datasets/{dataset}/documents/doc")),
        ("POST", format!("/api/v1/datasets/{dataset}/search")),
        ("PATCH", format!("/api/v1/users/{member}")),
        ("POST", "/api/v1/invitations".to_owned()),
        ("PUT", "/api/v1/endpoints/things/policies".to_owned()),
    ] {
        assert_eq!(operator.send(method, &path, &[], None).await.0, 403, "{method} {path}");
    }
    let made = json!({ "name": "the operator's", "dtype": "embedded" });
    assert_eq!(operator.send("POST", "/api/v1/datasets", &[], Some(&made)).await.0, 201);
    let event = owner.audit("&action=config_change").await[0].clone();
    assert_eq!(
        (&event["actor"], &event["object"]["kind"]),
        (&json!({ "kind": "operator" }), &json!("dataset"))
    );
}

#[tokio::test]
async fn z1_the_operator_names_the_tenant_where_there_are_several_and_a_token_is_its_accounts() {
    if in_memory() {
        return;
    }
    let space = TestSpace::open_to_all().await;
    let operator = OperatorClient::of(space.home());
    let (status, body) = operator.get("/api/v1/datasets").await;
    assert_eq!((status, &body["reason_code"]), (404, &json!("not_found")));
    assert!(body["detail"].as_str().unwrap().contains("owner create"), "{body}");

    let acme = space.found("acme").await;
    assert_eq!(operator.get("/api/v1/datasets").await.0, 200, "the only tenant needs no name");
    let globex = space.found_another("globex").await;
    dataset_of(&globex, "of globex", &[]).await;
    let (status, body) = operator.get("/api/v1/datasets").await;
    assert_eq!((status, &body["reason_code"]), (409, &json!("tenant_required")));
    assert_eq!(body["tenants"], json!(["acme", "globex"]));
    let named = |name| vec![("operator-tenant", name)];
    let (_, of_globex) = operator.send("GET", "/api/v1/datasets", &named("globex"), None).await;
    assert_eq!(of_globex["items"][0]["name"], "of globex");
    let (_, of_acme) = operator.send("GET", "/api/v1/datasets", &named("acme"), None).await;
    assert_eq!(of_acme["items"], json!([]));
    for unknown in ["nobody", "", "ACME", "../acme", "acme globex"] {
        let (status, body) = operator.send("GET", "/api/v1/datasets", &named(unknown), None).await;
        assert_eq!((status, &body["reason_code"]), (404, &json!("not_found")), "{unknown}");
    }
    let twice = [("operator-tenant", "acme"), ("operator-tenant", "globex")];
    assert_eq!(operator.send("GET", "/api/v1/datasets", &twice, None).await.0, 400);
    let token = format!("Bearer {}", acme.token());
    // Who brings a token is whom it names, with no right beside: not the operator's, and not in another tenant.
    let with_token = [("authorization", &*token)];
    let (status, body) = operator.send("GET", "/api/v1/auth/me", &with_token, None).await;
    assert_eq!((status, &body["tenant_name"]), (200, &json!("acme")));
    let (status, body) = operator.send("GET", "/api/v1/datasets", &with_token, None).await;
    assert_eq!((status, &body["items"]), (200, &json!([])));
    for route in OPERATOR_ROUTES {
        let (status, body) = operator.send(&route.method.to_string(), route.path, &with_token, None).await;
        assert_eq!((status, &body["reason_code"]), (404, &json!("no_route")), "{}", route.path);
    }
    let both = [("authorization", &*token), ("operator-tenant", "globex")];
    let (status, body) = operator.send("GET", "/api/v1/datasets", &both, None).await;
    assert_eq!((status, &body["reason_code"]), (400, &json!("ambiguous")));
    let viewer = space.member(&acme, "viewer@acme.example", "viewer").await;
    let token = format!("Bearer {}", viewer.token());
    let (status, body) = operator.send("GET", "/api/v1/audit", &[("authorization", &token)], None).await;
    assert_eq!((status, &body["reason_code"]), (403, &json!("forbidden")));
    for nonsense in ["Bearer nonsense", "Bearer ", "", "Basic b3duZXI6eA=="] {
        let (status, body) =
            operator.send("GET", "/api/v1/users", &[("authorization", nonsense)], None).await;
        assert_eq!((status, &body["reason_code"]), (401, &json!("token_invalid")), "{nonsense:?}");
    }
}

#[tokio::test]
async fn z1_the_installations_log_is_the_operators() {
    if in_memory() {
        return;
    }
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let operator = OperatorClient::of(space.home());
    let (status, log) = operator.get("/operator/v1/audit?action=sys_startup").await;
    assert_eq!((status, log["items"].as_array().unwrap().len()), (200, 1));
    let of_tenant = owner.audit("").await;
    assert!(of_tenant.iter().all(|event| event["action"] != "sys_startup"));
    let (status, _) = operator.get("/operator/v1/audit?actor=nonsense").await;
    assert_eq!(status, 422);
}

/// A user of this machine who is neither the server's nor root.
const SOMEBODY_ELSE: u32 = 65_534;

#[tokio::test]
async fn z1_another_users_process_is_no_operator_even_where_it_gets_at_the_socket() {
    if in_memory() || !rustix::process::geteuid().is_root() {
        // Only root can become somebody else.
        return;
    }
    use std::os::unix::fs::PermissionsExt;
    let space = TestSpace::start().await;
    space.found("acme").await;
    let open =
        |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    // As wide open as a careless hand could make it.
    open(space.home(), 0o755);
    let socket = space.home().join("control.sock");
    open(&socket, 0o666);
    let ask = format!(
        "import os,socket\nos.setgid({SOMEBODY_ELSE});os.setuid({SOMEBODY_ELSE})\ns=socket.socket(socket.AF_UNIX)\n\
         s.connect({:?})\ns.sendall(b'GET /api/v1/users HTTP/1.1\\r\\nhost: x\\r\\nconnection: close\\r\\n\\r\\n')\n\
         d=b''\nwhile True:\n c=s.recv(4096)\n if not c: break\n d+=c\nprint(d.decode())",
        socket.to_str().unwrap()
    );
    let told = std::process::Command::new("python3").args(["-c", &ask]).output();
    let Ok(told) = told else { return };
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.starts_with("HTTP/1.1 403"), "{told}");
    assert!(told.contains("for the user who runs the server"), "{told}");
}

#[tokio::test]
async fn a_home_with_a_path_longer_than_a_sockets_is_served_and_reached_all_the_same() {
    if in_memory() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let home: PathBuf = folder.path().join("a-folder-with-a-long-name/".repeat(8));
    assert!(home.as_os_str().len() > 150);
    found(&home, "alone");
    let mut server = Server::prepare(&[]);
    let mut serve = crate::space::binary();
    serve.args(["serve", "--listen", "127.0.0.1:0", "--home"]).arg(&home).env("SYFT_SPACE_LOG", "warn");
    server.run(serve);
    assert_eq!(run(&home, &["users", "list", "--json"]).expect(0).items().len(), 1);
    assert!(home.join("control.sock").exists());
    let space = TestSpace::of(server);
    space.log_in("owner@alone.example", PASSWORD).await;
}

#[test]
fn a_held_home_whose_holder_does_not_answer_is_told_by_its_process() {
    if in_memory() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    found(folder.path(), "held");
    // Whoever has the lock, and no socket: here, this very process.
    let home = syft_space_sqlite::prepare_home(folder.path()).unwrap();
    let lock = home.lock().unwrap();
    let ran = run(folder.path(), &["users", "list"]).expect(1);
    assert!(ran.stderr.contains(&format!("process {}", std::process::id())), "{ran:?}");
    assert!(ran.stderr.contains("does not answer over its control socket"), "{ran:?}");
    drop(lock);
    run(folder.path(), &["users", "list"]).expect(0);
}

#[test]
fn alone_it_answers_as_a_server_would_and_leaves_no_socket() -> io::Result<()> {
    if in_memory() {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let founded = found(folder.path(), "alone");
    assert_eq!(founded["tenant_name"], "alone");
    let users = run(folder.path(), &["users", "list", "--json"]).expect(0).items();
    assert_eq!((users.len(), &users[0]["email"]), (1, &json!("owner@alone.example")));
    let left: Vec<_> = std::fs::read_dir(folder.path())?
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(left.iter().all(|name| !name.contains("control.sock")), "{left:?}");
    let log = run(folder.path(), &["audit", "list", "--installation", "--json"]).expect(0).items();
    assert!(
        log.iter().all(|event| event["action"] != "sys_startup"),
        "a command is no start of a server: {log:?}"
    );
    Ok(())
}
