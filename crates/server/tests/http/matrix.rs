//! Every route × role × own tenant, other tenant, no token: generated from the route table.

mod bodies;

use std::collections::HashMap;

use serde_json::{Value, json};
use syft_space::http::route_table::{Guard, Method, ROUTES, Route};
use syft_space_domain::access::{Role, may};

pub use bodies::body;
use bodies::{
    CANCEL_PATH, CERTIFICATE_PATH, CONFIRM_PATH, ERASURE_PATH, ERASURES_PATH, LISTINGS_PATH,
    RECOVERY_CODES_PATH, SIGN_OFF_PATH, TOTP_PATH,
};

use crate::approving::asked;
use crate::receipts::proof_of_answer;
use crate::retention;
use crate::space::{Answer, Client, TestSpace, dataset_of, endpoint_on, only_policy};

/// What there is in one tenant, for the routes to be called with.
pub struct Fixture {
    pub member: String,
    /// An API key of the owner.
    pub api_key: String,
    /// Of that member.
    pub session: String,
    pub invitation: String,
    pub dataset: String,
    pub document: String,
    pub job: String,
    pub slug: String,
    pub policy: String,
    pub group: String,
    /// A legal hold.
    pub hold: String,
    /// The question of a member, which waits.
    pub approval: String,
    pub marketplace: String,
    pub listing: String,
    /// An account on a hub that nobody has registered yet.
    pub account: Value,
    pub receipt: String,
}

impl Fixture {
    /// Things of equal names and slugs in every tenant.
    pub async fn make(space: &TestSpace, owner: &Client) -> Self {
        let tenant = owner.get("/auth/me").await.body["tenant_name"].as_str().unwrap().to_owned();
        let somebody = space.member(owner, &format!("somebody@{tenant}.example"), "viewer").await;
        let invitation = owner.post("/invitations", &json!({ "email": "x@y.example", "role": "user" })).await;
        let dataset = dataset_of(owner, "things", &[("doc", "A thing of this tenant.")]).await;
        let jobs = owner.get(&format!("/datasets/{dataset}/jobs")).await.expect(200);
        endpoint_on(owner, &dataset, "things").await;
        let policy = json!({
            "name": "things", "policy_type": "access", "configuration": { "mode": "deny", "patterns": ["z@z.example"] },
        });
        let marketplace = space.marketplace(owner, "things").await;
        let asker = space.member(owner, &format!("asker@{tenant}.example"), "user").await;
        Self {
            group: group_of(owner, "things").await,
            hold: retention::hold(owner, "a trial").await,
            approval: asked(owner, &asker, &dataset).await,
            listing: listed(owner, "things", &marketplace).await,
            api_key: key_of(owner).await,
            member: somebody.get("/auth/me").await.body["id"].as_str().unwrap().to_owned(),
            session: session_of(&somebody).await,
            invitation: invitation.expect(201).body["id"].as_str().unwrap().to_owned(),
            job: jobs.body["items"][0]["id"].as_str().unwrap().to_owned(),
            document: "doc".to_owned(),
            slug: "things".to_owned(),
            policy: owner.post("/policies", &policy).await.expect(201).body["id"]
                .as_str()
                .unwrap()
                .to_owned(),
            marketplace,
            account: space.hub_account("more"),
            receipt: proof_of_answer(owner, "things").await,
            dataset,
        }
    }

    /// Things that do not exist anywhere, of the right form.
    pub fn missing() -> Self {
        let id = "0190d3a1-7c1e-7b7a-9c3e-2f6f3f1f0a11".to_owned();
        Self {
            member: id.clone(),
            api_key: id.clone(),
            session: id.clone(),
            invitation: id.clone(),
            dataset: id.clone(),
            document: "missing".to_owned(),
            job: id.clone(),
            slug: "missing".to_owned(),
            policy: id.clone(),
            group: "missing".to_owned(),
            hold: id.clone(),
            approval: id.clone(),
            listing: id.clone(),
            receipt: format!("/receipts/{id}/1/{}", "00".repeat(32)),
            marketplace: id,
            account: Value::Null,
        }
    }

    /// A path of the table with these things in the places of its parameters.
    pub fn path(&self, route: &Route) -> String {
        let group = route.path.trim_start_matches("/api/v1/").split('/').next().unwrap();
        let id = match group {
            "users" | "erasures" | "certificates" => &self.member,
            "api-keys" => &self.api_key,
            "auth" => &self.session,
            "invitations" => &self.invitation,
            "datasets" => &self.dataset,
            "policies" => &self.policy,
            "approvals" => &self.approval,
            "retention" => &self.hold,
            "marketplaces" => &self.marketplace,
            _ => "",
        };
        let path =
            route.path.replace("{id}", id).replace("{doc}", &self.document).replace("{job}", &self.job);
        let path = path.replace("{name}", &self.group).replace("{address}", "in%2Fside%2B1@things.example");
        let path = path.replace("{tenant}", "nobody").replace("{provider}", "nothing");
        let path = path.replace("{revision}", "1").replace("/receipts/{log}/{seq}/{leaf}", &self.receipt);
        let path = path.replace("{log}", &Self::missing().member).replace("{token}", &"00".repeat(32));
        path.replace("{slug}", &self.slug).replace("{listing}", &self.listing)
    }
}

/// Of those, the one success that the matrix has not: it is ended; it names no review; the tenant does not end, and cannot while a legal
/// hold stands.
const CONFLICTING: [&str; 3] = [CANCEL_PATH, SIGN_OFF_PATH, "/tenant/end"];

/// Makes a group with one address, and answers its name.
async fn group_of(owner: &Client, name: &str) -> String {
    owner.post("/groups", &json!({ "name": name })).await.expect(201);
    let members = json!({ "emails": ["in/side+1@things.example"] });
    owner.post(&format!("/groups/{name}/members"), &members).await.expect(200);
    name.to_owned()
}

/// Makes an API key of a client's, and answers its id.
async fn key_of(client: &Client) -> String {
    let scope = match client.get("/auth/me").await.expect(200).body["role"].as_str() {
        Some("user") => "query",
        _ => "read_metadata",
    };
    let made = client.post("/api-keys", &json!({ "name": "a key", "scopes": [scope] })).await.expect(201);
    made.body["id"].as_str().unwrap().to_owned()
}

/// Lists an endpoint, under a policy of its own, and answers the listing's id.
async fn listed(owner: &Client, slug: &str, marketplace: &str) -> String {
    only_policy(owner, slug, json!({ "mode": "deny", "patterns": ["z@z.example"] })).await;
    let listing = json!({ "marketplace_id": marketplace });
    let made = owner.post(&format!("/endpoints/{slug}/listings"), &listing).await.expect(201);
    made.body["id"].as_str().unwrap().to_owned()
}

/// The session in which somebody asks.
async fn session_of(client: &Client) -> String {
    let sessions = client.get("/auth/sessions").await.expect(200).body["items"].take();
    let current = sessions.as_array().unwrap().iter().find(|session| session["current"] == true).unwrap();
    current["id"].as_str().unwrap().to_owned()
}

async fn call(client: &Client, route: &Route, path: &str, body: Option<Value>) -> Answer {
    let mut request = client.request(&route.method.to_string(), &format!("/{path}"));
    if let Some(body) = body {
        request = request.json(&body);
    }
    client.send(request).await
}

#[tokio::test]
async fn z1_z3_every_route_answers_every_role_by_the_table_alone() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let mut clients = HashMap::new();
    for role in Role::ALL {
        clients.insert(role, space.member(&owner, &format!("{role}@roles.example"), role.as_str()).await);
    }
    let shared = Fixture::fresh(&space, &owner, 0, None).await;
    let mut n = 0;
    for route in ROUTES {
        let Guard::Member(permissions) = route.guard else { continue };
        for role in Role::ALL {
            // Each call finds things that nobody has removed yet.
            n += 1;
            // What a call may remove is made anew for it; all others share.
            let fresh = match route.method {
                // Who is erased is asked for nothing more.
                Method::Post if route.path.ends_with(ERASURE_PATH) => {
                    Some(Fixture::fresh(&space, &owner, n, Some(shared.marketplace.clone())).await)
                }
                Method::Delete => {
                    // A tenant may have a few marketplaces only.
                    let kept = (!route.path.contains("/marketplaces/")).then(|| shared.marketplace.clone());
                    Some(Fixture::fresh(&space, &owner, n, kept).await)
                }
                _ => None,
            };
            let things = fresh.as_ref().unwrap_or(&shared);
            // Who leaves is called for nothing more, nor who logs out.
            let leaver = match (route.method, route.path) {
                (Method::Delete, "/api/v1/me" | "/api/v1/auth/me" | "/api/v1/auth/sessions/{id}")
                | (Method::Post, "/api/v1/auth/logout") => {
                    Some(space.member(&owner, &format!("leaver{n}@acme.example"), role.as_str()).await)
                }
                _ => None,
            };
            let client = &leaver.unwrap_or_else(|| clients[&role].clone());
            let permitted = permissions.iter().any(|permission| may(role, *permission));
            let mut path = things.path(route);
            if route.path.starts_with("/api/v1/api-keys/") {
                // Everybody has their own.
                path = path.replace(&things.api_key, &key_of(client).await);
            }
            // A session is ended by whoever has it.
            let path = path.replace(&things.session, &session_of(client).await);
            let mut sent = body(route, things, n);
            if (route.method, route.path, role) == (Method::Post, "/api/v1/api-keys", Role::User) {
                sent = Some(json!({ "name": "mine", "scopes": ["query"] }));
            }
            if route.path.ends_with(ERASURE_PATH) || route.path == "/api/v1/me" {
                retention::release_all(&owner).await;
            }
            let answer = call(client, route, &path, sent).await;
            let conflicts = CONFLICTING.iter().any(|path| route.path.ends_with(path))
                || (route.method, route.path) == (Method::Delete, "/api/v1/tenant");
            if permitted && conflicts {
                answer.expect_problem(409, "conflict");
            } else if permitted && route.path.ends_with(CONFIRM_PATH) {
                answer.expect_problem(403, "code_wrong");
            } else if permitted
                && (route.path.ends_with(RECOVERY_CODES_PATH)
                    // Nobody is erased here, nor gone.
                    || route.path.ends_with(CERTIFICATE_PATH)
                    || (route.method == Method::Post && route.path.ends_with(ERASURES_PATH))
                    || (route.method, route.path.trim_start_matches("/api/v1"))
                        == (Method::Delete, TOTP_PATH))
            {
                answer.expect_problem(404, "not_found");
            } else if permitted && route.method == Method::Post && route.path.ends_with(LISTINGS_PATH) {
                answer.expect_problem(409, "no_access_policy");
            } else if permitted {
                assert!(
                    (200..300).contains(&answer.status),
                    "{role} may {} {}: {answer:?}",
                    route.method,
                    route.path
                );
                // Whoever changes their password goes on with another token.
                if let Some(token) = answer.body["access_token"].as_str() {
                    clients.insert(role, client.with_token(token));
                }
            } else {
                answer.expect_problem(403, "forbidden");
                let refused = owner.audit("&action=authz_fail").await;
                assert_eq!(refused[0]["object"]["id"], format!("{} {}", route.method, route.path));
            }
            // Whatever the role: an unknown thing is hidden behind the same refusal.
            if !permitted && route.path.contains('{') {
                let missing = Fixture::missing();
                call(client, route, &missing.path(route), None).await.expect_problem(403, "forbidden");
            }
        }
    }
}

impl Fixture {
    /// Things that no call before this one has removed.
    async fn fresh(space: &TestSpace, owner: &Client, n: usize, marketplace: Option<String>) -> Self {
        let somebody = space.member(owner, &format!("somebody{n}@acme.example"), "viewer").await;
        let invited = json!({ "email": format!("x{n}@y.example"), "role": "user" });
        let dataset = dataset_of(owner, &format!("things {n}"), &[("doc", "A thing of this tenant.")]).await;
        let jobs = owner.get(&format!("/datasets/{dataset}/jobs")).await.expect(200);
        let slug = format!("things-{n}");
        // A dataset that an endpoint searches cannot be removed, so the endpoint searches another.
        let searched =
            dataset_of(owner, &format!("searched {n}"), &[("doc", "A thing of this tenant.")]).await;
        endpoint_on(owner, &searched, &slug).await;
        let policy = json!({
            "name": "things", "policy_type": "access", "configuration": { "mode": "deny", "patterns": ["z@z.example"] },
        });
        let marketplace = match marketplace {
            Some(kept) => kept,
            None => space.marketplace(owner, &format!("things-{n}")).await,
        };
        let approval = match n {
            0 => asked(owner, &space.member(owner, "asker@acme.example", "user").await, &searched).await,
            // Nothing removes it.
            _ => Self::missing().approval,
        };
        Self {
            group: group_of(owner, &format!("things-{n}")).await,
            hold: retention::hold(owner, "a trial").await,
            approval,
            listing: listed(owner, &slug, &marketplace).await,
            api_key: key_of(owner).await,
            member: somebody.get("/auth/me").await.body["id"].as_str().unwrap().to_owned(),
            session: session_of(&somebody).await,
            invitation: owner.post("/invitations", &invited).await.expect(201).body["id"]
                .as_str()
                .unwrap()
                .to_owned(),
            job: jobs.body["items"][0]["id"].as_str().unwrap().to_owned(),
            document: "doc".to_owned(),
            receipt: proof_of_answer(owner, &slug).await,
            slug,
            policy: owner.post("/policies", &policy).await.expect(201).body["id"]
                .as_str()
                .unwrap()
                .to_owned(),
            marketplace,
            account: space.hub_account(&format!("more-{n}")),
            dataset,
        }
    }
}

#[tokio::test]
async fn a1_without_a_good_token_every_route_of_members_answers_401_whatever_else_is_wrong() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let things = Fixture::make(&space, &owner).await;
    let tampered = {
        let mut token = owner.token().to_owned();
        let at = token.len() / 2;
        let other = if token.as_bytes()[at] == b'A' { "B" } else { "A" };
        token.replace_range(at..=at, other);
        token
    };
    for route in ROUTES {
        if matches!(route.guard, Guard::Open) {
            continue;
        }
        for at in [things.path(route), Fixture::missing().path(route)] {
            let nobody = space.anybody();
            call(&nobody, route, &at, None).await.expect_problem(401, "unauthenticated");
            for bad in [tampered.as_str(), "nonsense", "a.b.c", "' OR '1'='1"] {
                call(&nobody.with_token(bad), route, &at, None).await.expect_problem(401, "token_invalid");
            }
        }
    }
}

#[tokio::test]
async fn z1_a_foreign_thing_and_a_missing_thing_are_answered_alike_in_status_body_and_headers() {
    let space = TestSpace::open_to_all().await;
    let ours = space.found("acme").await;
    let theirs = space.found_another("globex").await;
    Fixture::make(&space, &ours).await;
    let foreign = Fixture::make(&space, &theirs).await;
    // A slug or a document id of equal name is ours here: they are told apart by their ids.
    let foreign = Fixture {
        slug: endpoint_id(&theirs, "things").await,
        group: group_of(&theirs, "theirs").await,
        ..foreign
    };
    let missing = Fixture { slug: "0190d3a1-7c1e-7b7a-9c3e-2f6f3f1f0a11".to_owned(), ..Fixture::missing() };
    let mut compared = 0;
    for route in ROUTES {
        if matches!(route.guard, Guard::Open) || !route.path.contains('{') {
            continue;
        }
        let to_foreign = call(&ours, route, &foreign.path(route), body(route, &foreign, 1)).await;
        let to_missing = call(&ours, route, &missing.path(route), body(route, &foreign, 1)).await;
        assert_eq!(to_foreign.status, 404, "{} {}: {}", route.method, route.path, to_foreign.text);
        assert_eq!(shape(&to_foreign), shape(&to_missing), "{} {}", route.method, route.path);
        compared += 1;
    }
    assert!(compared > 15, "{compared}");
    // And nothing of theirs was changed by it.
    theirs.get(&format!("/datasets/{}", foreign.dataset)).await.expect(200);
    theirs.get(&format!("/users/{}", foreign.member)).await.expect(200);
    theirs.get(&format!("/policies/{}", foreign.policy)).await.expect(200);
    assert_eq!(theirs.get("/groups/theirs").await.expect(200).body["members"], 1);
}

async fn endpoint_id(owner: &Client, slug: &str) -> String {
    owner.get(&format!("/endpoints/{slug}")).await.expect(200).body["id"].as_str().unwrap().to_owned()
}

/// All of an answer but what is of one request alone.
fn shape(answer: &Answer) -> (u16, Vec<(String, String)>, Value) {
    let mut headers: Vec<_> = answer
        .headers
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "x-request-id" | "date"))
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort();
    let mut body = answer.body.clone();
    body["instance"] = Value::Null;
    (answer.status, headers, body)
}
