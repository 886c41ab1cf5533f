//! Rights are those of when they are used: whoever loses them while the last byte of a body is on its way is answered as a
//! request after that would be. Generated from the route table.

use serde_json::{Value, json};
use syft_space::http::route_table::{Guard, Method, ROUTES, Route};
use syft_space_domain::access::{Role, may};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::hostile::case::Answer;
use crate::marketplace_fixture::MarketplaceFixture;
use crate::matrix::{Fixture, body};
use crate::space::{Client, PASSWORD, TestSpace, form, in_memory, only_policy};

/// A request whose caller the server has let in, and whose body lacks its end.
pub struct Held {
    stream: TcpStream,
    rest: Vec<u8>,
}

impl Held {
    /// Sends all of a request but the last `missing` bytes, once its head has been answered with `100 Continue`: that goes out
    /// when the route's handler waits for the body, so behind its guard.
    pub async fn send(
        client: &Client,
        method: &str,
        path: &str,
        media: &str,
        body: &[u8],
        missing: usize,
    ) -> Self {
        let address = client.root().strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).await.unwrap();
        let (token, length) = (client.token(), body.len());
        let head = format!(
            "{method} /api/v1{path} HTTP/1.1\r\nhost: space\r\nauthorization: Bearer {token}\r\ncontent-type: {media}\r\n\
             content-length: {length}\r\nexpect: 100-continue\r\nconnection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut interim = [0; 25];
        stream.read_exact(&mut interim).await.unwrap();
        assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
        let (sent, rest) = body.split_at(body.len() - missing);
        stream.write_all(sent).await.unwrap();
        Self { stream, rest: rest.to_vec() }
    }

    /// Sends the rest, and reads the answer.
    pub async fn finish(mut self) -> (u16, Value) {
        // A server that has answered already may have closed its side.
        drop(self.stream.write_all(&self.rest).await);
        self.answer().await
    }

    async fn answer(mut self) -> (u16, Value) {
        let mut raw = Vec::new();
        drop(self.stream.read_to_end(&mut raw).await);
        let answer =
            Answer::read(&raw).unwrap_or_else(|| panic!("no answer: {:?}", String::from_utf8_lossy(&raw)));
        (answer.status, serde_json::from_slice(&answer.body).unwrap_or(Value::Null))
    }
}

/// What happens while the last byte is held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Removed,
    Disabled,
    Demoted,
    /// Disabled and made active again: who it is may come in, and their token may not.
    TokenRevoked,
    /// Their password is changed by another of their tokens.
    PasswordChanged,
    PolicyDenies,
    Unpublished,
}

impl Change {
    const OF_MEMBERS: [Self; 5] =
        [Self::Removed, Self::Disabled, Self::Demoted, Self::TokenRevoked, Self::PasswordChanged];
    const OF_ENDPOINTS: [Self; 2] = [Self::PolicyDenies, Self::Unpublished];

    async fn happen(self, owner: &Client, member: &Client, id: &str, slug: &str) {
        let path = format!("/users/{id}");
        let status = async |status: &str| owner.patch(&path, &json!({ "status": status })).await.expect(200);
        match self {
            Self::Removed => drop(owner.delete(&path).await.expect(204)),
            Self::Disabled => drop(status("disabled").await),
            Self::Demoted => drop(owner.patch(&path, &json!({ "role": "viewer" })).await.expect(200)),
            Self::TokenRevoked => {
                status("disabled").await;
                status("active").await;
            }
            Self::PasswordChanged => {
                let change = json!({ "current_password": PASSWORD, "new_password": PASSWORD });
                member.put("/auth/password", &change).await.expect(200);
            }
            Self::PolicyDenies => {
                let denies = json!({ "mode": "deny", "patterns": ["*"] });
                only_policy(owner, slug, denies).await;
            }
            Self::Unpublished => {
                let draft = json!({ "published": false });
                owner.patch(&format!("/endpoints/{slug}"), &draft).await.expect(200);
            }
        }
    }

    async fn undo(self, owner: &Client, slug: &str) {
        match self {
            Self::PolicyDenies => {
                let none = json!({ "policy_ids": [] });
                owner.put(&format!("/endpoints/{slug}/policies"), &none).await.expect(200);
            }
            Self::Unpublished => {
                let published = json!({ "published": true });
                owner.patch(&format!("/endpoints/{slug}"), &published).await.expect(200);
            }
            _ => {}
        }
    }

    fn answer(self) -> (u16, &'static str) {
        match self {
            Self::Removed | Self::Disabled | Self::TokenRevoked | Self::PasswordChanged => {
                (401, "token_invalid")
            }
            Self::Demoted => (403, "forbidden"),
            Self::PolicyDenies => (403, "access_denied"),
            Self::Unpublished => (404, "not_found"),
        }
    }

    /// The event of the refusal in the tenant's log.
    fn event(self) -> (&'static str, &'static str) {
        match self {
            Self::Removed | Self::Disabled | Self::TokenRevoked | Self::PasswordChanged => {
                ("authn_token_fail", "token_revoked")
            }
            Self::Demoted => ("authz_fail", "forbidden"),
            Self::PolicyDenies => ("policy_violation", "access_denied"),
            Self::Unpublished => ("endpoint_query", "endpoint_not_found"),
        }
    }
}

/// A body of each media type that a route takes.
pub fn bodies(route: &Route, things: &Fixture, n: usize) -> Vec<(String, Vec<u8>)> {
    let media =
        if route.method == Method::Patch { "application/merge-patch+json" } else { "application/json" };
    let Some(json) = body(route, things, n) else { return Vec::new() };
    let mut bodies = vec![(media.to_owned(), serde_json::to_vec(&json).unwrap())];
    if route.path.ends_with("/documents") {
        let files = [form::part("held.txt", b"Planted by somebody who is gone.")];
        bodies.push((form::content_type(), form::body(&files)));
    }
    bodies
}

/// All that a tenant's owner sees of it, but its members and its log.
pub async fn seen(owner: &Client, things: &Fixture) -> Vec<Value> {
    let dataset = &things.dataset;
    let slug = &things.slug;
    let mut seen = Vec::new();
    for path in [
        "/invitations?limit=100".to_owned(),
        "/datasets?limit=100".to_owned(),
        "/endpoints?limit=100".to_owned(),
        "/policies?limit=100".to_owned(),
        "/marketplaces?limit=100".to_owned(),
        format!("/endpoints/{slug}"),
        format!("/endpoints/{slug}/listings"),
        format!("/datasets/{dataset}/documents?limit=100"),
        format!("/datasets/{dataset}/jobs?limit=100"),
        format!("/users/{}", things.member),
        "/retention".to_owned(),
        "/groups?limit=100".to_owned(),
        format!("/groups/{}/members?limit=100", things.group),
        format!("/endpoints/{slug}/expectations"),
    ] {
        seen.push(owner.get(&path).await.expect(200).body);
    }
    // What a hub is told of listings goes on in the background.
    for listing in seen[6]["items"].as_array_mut().into_iter().flatten() {
        *listing = listing["id"].clone();
    }
    seen
}

/// Where somebody rotates a key of their own, which is made.
async fn own_key(member: &Client) -> String {
    let made = member.post("/api-keys", &json!({ "name": "held", "scopes": ["query"] })).await.expect(201);
    format!("/api-keys/{}/rotate", made.body["id"].as_str().unwrap())
}

/// The one event of a request, by its answer, in the tenant's log. It is there before the answer.
async fn only_event(owner: &Client, answer: &Value) -> Value {
    let request = answer["instance"].as_str().unwrap().trim_start_matches("urn:uuid:");
    let mut events = owner.audit("").await;
    events.retain(|event| event["request_id"] == request);
    assert_eq!(events.len(), 1, "{answer}: {events:?}");
    events.remove(0)
}

#[tokio::test]
async fn h1_whoever_loses_the_right_while_a_body_is_on_its_way_is_refused_as_a_new_request_is() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let things = Fixture::make(&space, &owner).await;
    owner.put("/endpoints/things/policies", &json!({ "policy_ids": [] })).await.expect(200);
    let mut n = 0;
    let mut tokens_refused = 0;
    for route in ROUTES {
        let Guard::Member(permissions) = route.guard else { continue };
        let is_query = route.path.ends_with("/query");
        let role = if is_query {
            Role::User
        } else if permissions.iter().any(|permission| may(Role::Admin, *permission)) {
            Role::Admin
        } else {
            Role::Owner
        };
        let path = format!("/{}", things.path(route).trim_start_matches("/api/v1/").trim_start_matches('/'));
        let of_endpoints: &[Change] = if is_query { &Change::OF_ENDPOINTS } else { &[] };
        let viewers_too = permissions.iter().any(|permission| may(Role::Viewer, *permission));
        for change in Change::OF_MEMBERS.iter().chain(of_endpoints) {
            if *change == Change::Demoted && viewers_too {
                // They lose nothing that they need here.
                continue;
            }
            for (media, bytes) in bodies(route, &things, 1_000) {
                n += 1;
                let what = format!("{} {} {media} {change:?}", route.method, route.path);
                let email = format!("m{n}@acme.example");
                let member = space.member(&owner, &email, role.as_str()).await;
                let id = member.get("/auth/me").await.body["id"].as_str().unwrap().to_owned();
                let method = route.method.to_string();
                // Of another's key they would learn no more than that there is none.
                let path =
                    if route.path.ends_with("/rotate") { own_key(&member).await } else { path.clone() };
                let held = Held::send(&member, &method, &path, &media, &bytes, 1).await;
                change.happen(&owner, &member, &id, &things.slug).await;
                let before = seen(&owner, &things).await;
                let (status, mut answer) = held.finish().await;
                assert_eq!(
                    (status, answer["reason_code"].as_str()),
                    {
                        let (status, reason) = change.answer();
                        (status, Some(reason))
                    },
                    "{what}: {answer}"
                );
                let (action, reason) = change.event();
                let event = only_event(&owner, &answer).await;
                assert_eq!(
                    (&event["action"], &event["reason_code"], &event["outcome"]),
                    (&json!(action), &json!(reason), &json!("denied")),
                    "{what}"
                );
                assert_eq!(event["actor"]["id"], json!(id), "{what}");
                tokens_refused += u64::from(status == 401);
                assert_eq!(seen(&owner, &things).await, before, "{what} changed something");
                // A request that begins now is answered with the same words.
                let request = member.request(&method, &path).header("content-type", &media).body(bytes);
                let mut fresh = member.send(request).await.body;
                answer["instance"] = Value::Null;
                fresh["instance"] = Value::Null;
                assert_eq!(answer, fresh, "{what}");
                change.undo(&owner, &things.slug).await;
            }
        }
    }
    assert!(n >= 70, "{n}");
    // Who comes anew is nobody whom the tenant knows, and is counted in the installation's log.
    if !in_memory() {
        let args = ["audit", "list", "--installation", "--action", "authn_token_fail", "--json", "--all"];
        let mut counted = 0;
        for _ in 0..100 {
            let events = crate::cli::run(space.home(), &args).expect(0).items();
            let revoked = events.iter().filter(|event| event["reason_code"] == "token_revoked");
            counted = revoked.map(|event| event["count"].as_u64().unwrap()).sum();
            if counted >= tokens_refused {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        assert_eq!(counted, tokens_refused);
    }
}

#[tokio::test]
async fn h1_a_held_body_is_taken_from_whoever_still_may() {
    let space = TestSpace::start().await;
    let mut owner = space.found("acme").await;
    let things = Fixture::make(&space, &owner).await;
    let bystander = space.member(&owner, "bystander@acme.example", "admin").await;
    let bystander = bystander.get("/auth/me").await.body["id"].as_str().unwrap().to_owned();
    let mut n = 0;
    for route in ROUTES.iter().filter(|route| matches!(route.guard, Guard::Member(_))) {
        let path = format!("/{}", things.path(route).trim_start_matches("/api/v1/").trim_start_matches('/'));
        for (media, bytes) in bodies(route, &things, 2_000) {
            n += 1;
            let held = Held::send(&owner, &route.method.to_string(), &path, &media, &bytes, 1).await;
            let role = if n % 2 == 0 { "admin" } else { "user" };
            owner.patch(&format!("/users/{bystander}"), &json!({ "role": role })).await.expect(200);
            let (status, answer) = held.finish().await;
            let listed_already = route.path.ends_with("/listings") && status == 409;
            let denied_by_policy = route.path.ends_with("/query") && status == 403;
            // It is judged, and found wanting: nobody has a second factor.
            let wants_code = route.path.contains("/auth/totp") && matches!(status, 403 | 404);
            // Likewise: it names no review; it is approved by then; a legal hold stands.
            let unseen = ["/sign-off", "/deny", "/v1/tenant"].iter().any(|end| route.path.ends_with(end))
                && status == 409;
            // Nobody of that address was ever here.
            let nobody = route.path == "/api/v1/erasures" && status == 404;
            let found_wanting = denied_by_policy || wants_code || unseen || nobody;
            let fine = (200..300).contains(&status) || listed_already || found_wanting;
            assert!(fine, "{} {}: {status} {answer}", route.method, route.path);
            if let Some(token) = answer["access_token"].as_str() {
                owner = owner.with_token(token);
            }
        }
    }
    assert!(n > 15, "{n}");
}

#[tokio::test]
async fn h1_a_removed_owner_does_not_make_themself_owner_again() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let eve = space.member(&owner, "eve@acme.example", "owner").await;
    let id = eve.get("/auth/me").await.body["id"].as_str().unwrap().to_owned();
    let path = format!("/users/{id}");
    let body = serde_json::to_vec(&json!({ "role": "owner", "status": "active" })).unwrap();
    let held = Held::send(&eve, "PATCH", &path, "application/json", &body, 1).await;
    owner.patch(&path, &json!({ "role": "viewer", "status": "disabled" })).await.expect(200);
    assert_eq!(held.finish().await.0, 401);
    let now = owner.get(&path).await.expect(200).body;
    assert_eq!((&now["role"], &now["status"]), (&json!("viewer"), &json!("disabled")));
}

#[tokio::test]
async fn h1_a_user_of_a_hub_is_asked_for_again_behind_the_body() {
    let market = MarketplaceFixture::start().await;
    market.allow(&["*"]).await;
    let alice = market.user("alice");
    let body = serde_json::to_vec(&json!({ "messages": "How high is Kilimanjaro?" })).unwrap();
    let held = async || {
        Held::send(&alice, "POST", "/endpoints/space-docs/query", "application/json", &body, 1).await
    };
    assert_eq!(held().await.finish().await.0, 200);
    let asked = held().await;
    market.allow(&["bob@example.com"]).await;
    let (status, answer) = asked.finish().await;
    assert_eq!((status, &answer["reason_code"]), (403, &json!("access_denied")));
    market.allow(&["*"]).await;
    let asked = held().await;
    market.owner.delete(&format!("/marketplaces/{}", market.marketplace)).await.expect(204);
    let (status, answer) = asked.finish().await;
    assert_eq!((status, &answer["reason_code"]), (401, &json!("token_invalid")));
    let event = only_event(&market.owner, &answer).await;
    assert_eq!(
        (&event["action"], &event["reason_code"], &event["actor"]["kind"]),
        (&json!("authn_token_fail"), &json!("satellite_token_not_for_us"), &json!("hub_user"))
    );
}

#[tokio::test]
async fn h1_an_upload_ends_when_its_sender_may_not_bring_files_any_more() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let dataset = crate::space::dataset_of(&owner, "drawer", &[]).await;
    let ann = space.member(&owner, "ann@acme.example", "admin").await;
    let id = ann.get("/auth/me").await.body["id"].as_str().unwrap().to_owned();
    let (first, second) = (form::part("first.txt", b"One."), form::part("second.txt", b"Two."));
    // The whole would come much later: the answer does not wait for it.
    let announced = form::body(&[first.clone(), second.clone(), form::part("third.txt", &[b'x'; 4_096])]);
    let missing = announced.len() - first.len();
    let path = format!("/datasets/{dataset}/documents");
    let mut held = Held::send(&ann, "POST", &path, &form::content_type(), &announced, missing).await;
    owner.delete(&format!("/users/{id}")).await.expect(204);
    held.stream.write_all(&second).await.unwrap();
    held.stream.write_all(&held.rest[second.len()..second.len() + 512]).await.unwrap();
    let (status, answer) = held.answer().await;
    assert_eq!((status, &answer["reason_code"]), (401, &json!("token_invalid")));
    assert_eq!(owner.get(&format!("{path}?limit=10")).await.expect(200).body["items"], json!([]));
    assert_eq!(owner.get(&format!("/datasets/{dataset}/jobs")).await.expect(200).body["items"], json!([]));
    let event = only_event(&owner, &answer).await;
    assert_eq!(
        (&event["action"], &event["reason_code"]),
        (&json!("authn_token_fail"), &json!("token_revoked"))
    );
    assert_eq!(event["actor"]["id"], json!(id));
}

#[tokio::test]
async fn h1_an_upload_that_is_refused_on_its_way_leaves_one_event() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let dataset = crate::space::dataset_of(&owner, "drawer", &[]).await;
    let path = format!("/datasets/{dataset}/documents");
    let (first, second) = (form::part("first.txt", b"One."), form::part("second.txt", b"Two."));
    let whole = form::body(&[first.clone(), second]);
    // In the middle, so that the writer of files refuses, and at the end, so that the route does.
    for (n, missing) in [whole.len() - first.len(), 1].into_iter().enumerate() {
        let ann = space.member(&owner, &format!("ann{n}@acme.example"), "admin").await;
        let id = ann.get("/auth/me").await.body["id"].as_str().unwrap().to_owned();
        let held = Held::send(&ann, "POST", &path, &form::content_type(), &whole, missing).await;
        Change::Demoted.happen(&owner, &ann, &id, "").await;
        let (status, answer) = held.finish().await;
        assert_eq!((status, &answer["reason_code"]), (403, &json!("forbidden")), "{missing}");
        let refused = owner.audit("&action=authz_fail").await;
        let of_ann = refused.iter().filter(|event| event["actor"]["id"] == json!(id));
        assert_eq!(of_ann.count(), 1, "{missing}: {refused:?}");
    }
}

#[tokio::test]
async fn h2_an_invitation_ends_with_the_right_to_make_it() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let invite = async |by: &Client, email: &str, role: &str| {
        let made = by.post("/invitations", &json!({ "email": email, "role": role })).await.expect(201);
        made.body["token"].as_str().unwrap().to_owned()
    };
    let accept = async |token: &str| {
        let body = json!({ "token": token, "password": PASSWORD });
        space.anybody().post("/invitations/accept", &body).await
    };
    for (n, change) in [Change::Removed, Change::Disabled, Change::Demoted].into_iter().enumerate() {
        let mallory = space.member(&owner, &format!("mallory{n}@acme.example"), "owner").await;
        let id = mallory.get("/auth/me").await.body["id"].as_str().unwrap().to_owned();
        let backdoor = invite(&mallory, &format!("second.self{n}@evil.example"), "owner").await;
        let small = invite(&mallory, &format!("friend{n}@evil.example"), "viewer").await;
        change.happen(&owner, &mallory, &id, "").await;
        let ended = owner.audit("&action=config_change").await;
        assert_eq!(
            (&ended[0]["reason_code"], &ended[0]["count"]),
            (&json!("invitations_ended"), &json!(2)),
            "{change:?}"
        );
        assert_eq!(ended[0]["object"], json!({ "kind": "member", "id": id }));
        accept(&backdoor).await.expect_problem(404, "not_found");
        accept(&small).await.expect_problem(404, "not_found");
    }
    // Who may still make one part of them keeps that.
    let boss = space.member(&owner, "boss@acme.example", "owner").await;
    let id = boss.get("/auth/me").await.body["id"].as_str().unwrap().to_owned();
    let (high, low) = (
        invite(&boss, "high@acme.example", "admin").await,
        invite(&boss, "low@acme.example", "viewer").await,
    );
    owner.patch(&format!("/users/{id}"), &json!({ "role": "admin" })).await.expect(200);
    accept(&high).await.expect_problem(404, "not_found");
    accept(&low).await.expect(201);
    assert_eq!(owner.get("/invitations").await.expect(200).body["items"], json!([]));
}

#[tokio::test]
async fn l3_removed_and_back_within_a_second_no_token_from_before_is_good_again() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let before = space.member(&owner, "anna@acme.example", "user").await;
    let id = before.get("/auth/me").await.expect(200).body["id"].as_str().unwrap().to_owned();
    owner.delete(&format!("/users/{id}")).await.expect(204);
    let after = space.member(&owner, "anna@acme.example", "user").await;
    let id = after.get("/auth/me").await.expect(200).body["id"].as_str().unwrap().to_owned();
    before.get("/auth/me").await.expect_problem(401, "token_invalid");
    owner.patch(&format!("/users/{id}"), &json!({ "status": "disabled" })).await.expect(200);
    owner.patch(&format!("/users/{id}"), &json!({ "status": "active" })).await.expect(200);
    let again = space.log_in_to("anna@acme.example", PASSWORD, "acme").await;
    again.get("/auth/me").await.expect(200);
    for old in [before, after] {
        old.get("/auth/me").await.expect_problem(401, "token_invalid");
    }
}
