//! Users of a marketplace, who query with a satellite token.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value, json};
use syft_space::http::route_table::{Guard, ROUTES};
use syft_space::system::SystemClock;
use syft_space_domain::time::Clock;
use syft_space_fakehub::{HubKey, HubOptions, Mode, Route, UserRole, hs256};

use crate::marketplace_fixture::{MarketplaceFixture, hub, hub_with, register, registration};
use crate::space::{TestSpace, dataset_of, endpoint_on, only_policy};

const QUESTION: &str = "How high is Kilimanjaro?";

fn claims(change: impl FnOnce(&mut Value)) -> Value {
    let now = SystemClock.now().as_unix_seconds();
    let mut claims = json!({
        "sub": "2", "iss": HubOptions::DEFAULT_ISSUER, "aud": "spaceowner", "exp": now + 60, "iat": now, "role": "user",
    });
    change(&mut claims);
    claims
}

#[tokio::test]
async fn a2_a_user_of_the_hub_is_admitted_by_their_address_and_refused_by_it() {
    let market = MarketplaceFixture::start().await;
    market.allow(&["alice@example.com"]).await;
    let answer = market.user("alice").ask("space-docs", QUESTION).await.expect(200);
    assert_eq!(answer.body["references"]["documents"][0]["document_id"], "kilimanjaro");
    assert_eq!(answer.body["policy_metadata"]["outcome"], "success");
    let refused = market.user("bob").ask("space-docs", QUESTION).await.expect_problem(403, "access_denied");
    assert_eq!(refused.body["policy_metadata"]["outcome"], "access_denied");
    assert!(!refused.text.contains("alice"), "whom the policy admits is the owner's to know");

    // The owner finds both, told apart by an id of this log alone.
    let events = market.owner.audit("").await;
    let [denied, success, ..] = &events[..] else { panic!("{events:?}") };
    assert_eq!((&success["action"], &success["outcome"]), (&json!("endpoint_query"), &json!("success")));
    assert_eq!((&denied["action"], &denied["outcome"]), (&json!("policy_violation"), &json!("denied")));
    for event in [success, denied] {
        assert_eq!((&event["actor"]["kind"], &event["actor"]["role"]), (&json!("hub_user"), &json!("user")));
    }
    let (alice, bob) = (success["actor"]["id"].as_str().unwrap(), denied["actor"]["id"].as_str().unwrap());
    assert_ne!(alice, bob);
    let hers = market.owner.audit(&format!("&actor={alice}")).await;
    assert_eq!(hers.len(), 1, "and finds what one of them did");
}

#[tokio::test]
async fn a2_whoever_is_known_costs_the_hub_no_call_and_where_no_address_matters_nobody_does() {
    let market = MarketplaceFixture::start().await;
    market.allow(&["*"]).await;
    // Registering looked at the keys too.
    market.hub.forget_requests();
    for _ in 0..3 {
        market.user("alice").ask("space-docs", QUESTION).await.expect(200);
    }
    assert_eq!(market.hub.calls(Route::Verify), 0, "* is decided without the address");
    assert_eq!(market.hub.calls(Route::Jwks), 1);

    market.allow(&["*@example.com"]).await;
    for _ in 0..5 {
        market.user("alice").ask("space-docs", QUESTION).await.expect(200);
    }
    assert_eq!(market.hub.calls(Route::Verify), 1, "the same person is asked for once");
    market.user("bob").ask("space-docs", QUESTION).await.expect(200);
    assert_eq!(market.hub.calls(Route::Verify), 2);
}

#[tokio::test]
async fn a2_without_a_published_endpoint_and_an_access_policy_there_is_nothing_for_marketplace_users() {
    let market = MarketplaceFixture::start().await;
    let alice = market.user("alice");
    let unknown = alice.ask("no-such-thing", QUESTION).await.expect_problem(404, "not_found");
    let without_policy = alice.ask("space-docs", QUESTION).await.expect_problem(404, "not_found");
    assert_eq!(unknown.body["detail"], without_policy.body["detail"]);
    market.allow(&["*"]).await;
    alice.ask("space-docs", QUESTION).await.expect(200);
    market.owner.patch("/endpoints/space-docs", &json!({ "published": false })).await.expect(200);
    alice.ask("space-docs", QUESTION).await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn a2_a_guest_is_admitted_where_a_policy_says_guests_and_by_no_pattern() {
    let market = MarketplaceFixture::start().await;
    let guest = market.guest();
    for patterns in [json!(["*"]), json!(["*@*"]), json!(["*@syfthub.org"]), json!(["guest@syfthub.org"])] {
        market.policy(json!({ "mode": "allow", "patterns": patterns })).await;
        guest.ask("space-docs", QUESTION).await.expect_problem(403, "access_denied");
    }
    market.policy(json!({ "mode": "allow", "patterns": [], "guests": true })).await;
    guest.ask("space-docs", QUESTION).await.expect(200);
    market.user("alice").ask("space-docs", QUESTION).await.expect_problem(403, "access_denied");
    assert_eq!(market.hub.calls(Route::Verify), 0, "nobody asks who a guest is");
}

#[tokio::test]
async fn a2_an_administrator_of_the_hub_is_nobody_special() {
    let market = MarketplaceFixture::start().await;
    market.hub.set_role("bob", UserRole::Admin).unwrap();
    market.allow(&["alice@example.com"]).await;
    let bob = market.user("bob");
    bob.ask("space-docs", QUESTION).await.expect_problem(403, "access_denied");
    bob.get("/endpoints").await.expect_problem(401, "token_invalid");
    bob.get("/audit").await.expect_problem(401, "token_invalid");
}

#[tokio::test]
async fn a2_a_satellite_token_opens_the_query_route_and_no_other() {
    let market = MarketplaceFixture::start().await;
    market.allow(&["*"]).await;
    let alice = market.user("alice");
    let mut opened = BTreeSet::new();
    for route in ROUTES {
        let path = route.path.replace("{slug}", "space-docs").replace(['{', '}'], "");
        let outside = if path.starts_with("/api/v1") { "" } else { "/" };
        let path = format!("{outside}{}", path.trim_start_matches("/api/v1"));
        let answer = alice.send(alice.request(&route.method.to_string(), &path).json(&json!({}))).await;
        if let Guard::Member(_) = route.guard
            && answer.status != 401
        {
            opened.insert(route.name);
        }
    }
    assert_eq!(opened, BTreeSet::from(["query::query"]));
}

#[tokio::test]
async fn a2_the_audience_says_in_which_tenant_and_a_header_can_only_agree() {
    let market = MarketplaceFixture::with(hub()).await;
    market.allow(&["*"]).await;
    let alice = market.user("alice");
    let ask = |tenant: &str| {
        let body = json!({ "messages": QUESTION });
        alice.request("POST", "/endpoints/space-docs/query").header("x-tenant-name", tenant).json(&body)
    };
    alice.send(ask("acme")).await.expect(200);
    alice.send(ask("another")).await.expect_problem(404, "not_found");
    // A user who is a real one, and whom no tenant here is.
    let elsewhere = market.hub.mint_token("alice", "bob").unwrap();
    market.bearer(&elsewhere).ask("space-docs", QUESTION).await.expect_problem(401, "token_invalid");
}

#[tokio::test]
async fn z1_a_token_for_one_tenant_finds_nothing_at_another() {
    let hub = hub();
    let space = TestSpace::open_to_all().await;
    let (acme, globex) = (space.found("acme").await, space.found_another("globex").await);
    space.trust(HubOptions::DEFAULT_ISSUER, &hub.url()).await;
    register(&acme, &hub, HubOptions::DEFAULT_ISSUER, "spaceowner", "syfthub").await;
    register(&globex, &hub, HubOptions::DEFAULT_ISSUER, "bob", "syfthub").await;
    for (owner, slug) in [(&acme, "acme-docs"), (&globex, "globex-docs")] {
        let dataset = dataset_of(owner, slug, &[("one", "Kilimanjaro is high.")]).await;
        endpoint_on(owner, &dataset, slug).await;
        only_policy(owner, slug, json!({ "mode": "allow", "patterns": ["*"] })).await;
    }
    let for_acme = space.anybody().with_token(&hub.mint_token("alice", "spaceowner").unwrap());
    for_acme.ask("acme-docs", QUESTION).await.expect(200);
    for_acme.ask("globex-docs", QUESTION).await.expect_problem(404, "not_found");
    let for_globex = space.anybody().with_token(&hub.mint_token("alice", "bob").unwrap());
    for_globex.ask("globex-docs", QUESTION).await.expect(200);
    for_globex.ask("acme-docs", QUESTION).await.expect_problem(404, "not_found");
    // The same person has another id in each log.
    let id = |events: Vec<Value>| events[0]["actor"]["id"].as_str().unwrap().to_owned();
    let (here, there) =
        (acme.audit("&action=endpoint_query").await, globex.audit("&action=endpoint_query").await);
    assert_ne!(id(here), id(there));
}

#[tokio::test]
async fn a2_whatever_is_not_quite_a_satellite_token_is_refused_and_a_good_one_passes_beside_it() {
    let market = MarketplaceFixture::start().await;
    market.allow(&["*"]).await;
    let (hub, key) = (&market.hub, market.hub.key());
    let mint = |change: &dyn Fn(&mut Value)| hub.mint_claims(&claims(|claims| change(claims))).unwrap();
    assert_eq!(market.bearer(&mint(&|_| {})).ask("space-docs", QUESTION).await.status, 200);
    let more =
        mint(&|c| (c["jti"], c["email"], c["nbf"]) = (json!("0b6d"), json!("a@b.c"), c["iat"].clone()));
    assert_eq!(market.bearer(&more).ask("space-docs", QUESTION).await.status, 200, "a hub may say more");

    let now = claims(|_| {})["iat"].as_i64().unwrap();
    let mut bad: Vec<(&str, String)> = vec![
        ("expired", mint(&|c| (c["iat"], c["exp"]) = (json!(now - 120), json!(now - 60)))),
        ("not yet valid", mint(&|c| (c["iat"], c["exp"]) = (json!(now + 60), json!(now + 120)))),
        ("of a long life", mint(&|c| c["exp"] = json!(now + 360))),
        ("of a negative life", mint(&|c| c["exp"] = json!(now - 1))),
        ("exp as a text", mint(&|c| c["exp"] = json!((now + 60).to_string()))),
        ("exp as a fraction", mint(&|c| c["exp"] = json!(60.5))),
        ("exp as a list", mint(&|c| c["exp"] = json!([now + 60]))),
        ("audience as a list", mint(&|c| c["aud"] = json!(["spaceowner"]))),
        ("audience in capitals", mint(&|c| c["aud"] = json!("SpaceOwner"))),
        ("of another issuer", mint(&|c| c["iss"] = json!("https://hub.example.org"))),
        ("issuer with a slash more", mint(&|c| c["iss"] = json!(format!("{}/", HubOptions::DEFAULT_ISSUER)))),
        ("of a role that is none", mint(&|c| c["role"] = json!("owner"))),
        ("subject as a number", mint(&|c| c["sub"] = json!(2))),
        ("without a subject", mint(&|c| drop(c.as_object_mut().unwrap().remove("sub")))),
        ("of a time to come", mint(&|c| c["nbf"] = json!(now + 50))),
        ("for a client", mint(&|c| c["client_id"] = json!("aggregator"))),
    ];
    let text = claims(|_| {}).to_string();
    let header = key.header().to_string();
    let pem = key.public_pem().unwrap();
    bad.push((
        "HMAC under the public key",
        hs256(&pem, r#"{"alg":"HS256","kid":"hub-key-1","typ":"JWT"}"#, &text).unwrap(),
    ));
    let twice = text.replacen('{', r#"{"sub":"1","#, 1);
    bad.push(("a claim twice", key.sign_text(&header, &twice).unwrap()));
    for (what, header) in [
        ("no algorithm", r#"{"alg":"none","kid":"hub-key-1","typ":"JWT"}"#),
        ("another algorithm named", r#"{"alg":"RS512","kid":"hub-key-1","typ":"JWT"}"#),
        ("our own type", r#"{"alg":"RS256","kid":"hub-key-1","typ":"at+jwt"}"#),
        (
            "an extension that is critical",
            r#"{"alg":"RS256","kid":"hub-key-1","typ":"JWT","crit":["b64"],"b64":false}"#,
        ),
        ("a payload that is not encoded", r#"{"alg":"RS256","kid":"hub-key-1","b64":false}"#),
        ("no kid", r#"{"alg":"RS256","typ":"JWT"}"#),
        ("a kid that is a path", r#"{"alg":"RS256","kid":"../../hub-key-1","typ":"JWT"}"#),
    ] {
        bad.push((what, key.sign_text(header, &text).unwrap()));
    }
    let stranger = HubKey::insecure_test_key(1).unwrap().named("hub-key-1");
    bad.push(("another key under the same kid", stranger.sign(&key.header(), &claims(|_| {})).unwrap()));
    bad.push(("a personal access token", hub.create_pat("alice").unwrap()));
    let session =
        json!({ "sub": "2", "username": "alice", "role": "user", "exp": now + 1_800, "type": "access" });
    let session =
        hs256(b"the hub's own secret", r#"{"alg":"HS256","typ":"JWT"}"#, &session.to_string()).unwrap();
    bad.push(("an access token of the hub's own", session));
    let mcp = json!({ "alg": "RS256", "kid": "mcp-key-1", "typ": "JWT" });
    let scoped = claims(|c| c["scope"] = json!("mcp:read"));
    bad.push(("a token for tools, under another key", stranger.sign(&mcp, &scoped).unwrap()));
    bad.push(("a token for tools, under the hub's key", key.sign(&key.header(), &scoped).unwrap()));
    let peer = claims(|c| c["type"] = json!("peer"));
    bad.push(("a token for peers", key.sign(&key.header(), &peer).unwrap()));
    for (what, token) in bad {
        let answer = market.bearer(&token).ask("space-docs", QUESTION).await;
        assert_eq!(answer.status, 401, "{what}: {}", answer.text);
        assert_eq!(market.user("alice").ask("space-docs", QUESTION).await.status, 200, "after {what}");
    }
}

#[tokio::test]
async fn a2_a_local_token_is_no_satellite_token_and_the_reverse() {
    let market = MarketplaceFixture::start().await;
    market.allow(&["alice@example.com"]).await;
    // A member is a member, whatever the policy says of a user of the hub with the same address.
    let member = market.space.member(&market.owner, "bob@example.com", "user").await;
    member.ask("space-docs", QUESTION).await.expect_problem(403, "access_denied");
    let event = &market.owner.audit("").await[0];
    assert_eq!(event["actor"]["kind"], "account");
}

#[tokio::test]
async fn a2_a_new_key_at_the_hub_needs_no_restart_even_under_the_old_kid() {
    let market = MarketplaceFixture::start().await;
    market.allow(&["*"]).await;
    market.user("alice").ask("space-docs", QUESTION).await.expect(200);
    let before = market.user("alice").token().to_owned();
    market.hub.replace_key(HubKey::insecure_test_key(1).unwrap()).unwrap();
    market.user("alice").ask("space-docs", QUESTION).await.expect(200);
    market.bearer(&before).ask("space-docs", QUESTION).await.expect_problem(401, "token_invalid");
}

#[tokio::test]
async fn a2_a_key_of_a_new_name_is_looked_for_and_the_one_before_it_serves_while_the_hub_shows_it() {
    let market = MarketplaceFixture::start().await;
    market.allow(&["*"]).await;
    let before = market.user("alice").token().to_owned();
    market.bearer(&before).ask("space-docs", QUESTION).await.expect(200);
    market.hub.add_key(HubKey::insecure_test_key(1).unwrap().named("hub-key-2")).unwrap();
    market.user("alice").ask("space-docs", QUESTION).await.expect(200);
    market.bearer(&before).ask("space-docs", QUESTION).await.expect(200);
}

#[tokio::test]
async fn a2_a_rotation_in_the_midst_of_many_queries_fails_none_of_them() {
    let market = MarketplaceFixture::start().await;
    market.allow(&["*"]).await;
    let people = ["alice", "bob", "spaceowner"];
    let ask = async |n: usize| {
        if n == 20 {
            market.hub.add_key(HubKey::insecure_test_key(1).unwrap().named("hub-key-2")).unwrap();
        }
        market.user(people[n % 3]).ask("space-docs", QUESTION).await.status
    };
    let mut asked = Vec::new();
    for batch in 0..6 {
        asked.extend(join_all((0..8).map(|n| ask(batch * 8 + n))).await);
    }
    assert!(asked.iter().all(|status| *status == 200), "{asked:?}");
    // Whoever came while a fetch was under way cannot know which set it brings, and may have it done once more.
    let fetched = market.hub.calls(Route::Jwks);
    assert!((2..=4).contains(&fetched), "{fetched} fetches for two sets of keys");
}

#[tokio::test]
async fn a2_good_keys_stay_good_while_the_hub_is_in_trouble() {
    let mut market = MarketplaceFixture::start().await;
    market.allow(&["*"]).await;
    market.user("alice").ask("space-docs", QUESTION).await.expect(200);
    let stranger = HubKey::insecure_test_key(1).unwrap();
    for trouble in [
        Mode::Failing,
        Mode::Garbage,
        Mode::Truncated,
        Mode::Redirect("http://127.0.0.1:9/".to_owned()),
        Mode::Oversized(1 << 20),
    ] {
        market.hub.set_mode_everywhere(trouble.clone());
        // What looks like a rotation makes the space ask, and learn nothing.
        let forged = stranger.sign(&market.hub.key().header(), &claims(|_| {})).unwrap();
        market.bearer(&forged).ask("space-docs", QUESTION).await.expect_problem(401, "token_invalid");
        let answer = market.user("alice").ask("space-docs", QUESTION).await;
        assert_eq!(answer.status, 200, "{trouble:?}: {}", answer.text);
    }
    market.hub.set_mode_everywhere(Mode::Healthy);
    market.hub.down().unwrap();
    market.user("alice").ask("space-docs", QUESTION).await.expect(200);
}

#[tokio::test]
async fn a2_without_any_keys_or_an_identity_that_is_needed_nobody_is_let_in() {
    let market = MarketplaceFixture::start().await;
    market.allow(&["alice@example.com"]).await;
    market.hub.set_mode(Route::Jwks, Mode::Failing);
    market.user("alice").ask("space-docs", QUESTION).await.expect_problem(503, "hub_unavailable");
    market.hub.set_mode_everywhere(Mode::Healthy);
    market.hub.set_mode(Route::Verify, Mode::Failing);
    market.user("alice").ask("space-docs", QUESTION).await.expect_problem(503, "identity_unavailable");
    let event = &market.owner.audit("").await[0];
    assert_eq!(
        (&event["outcome"], &event["reason_code"]),
        (&json!("failure"), &json!("identity_unavailable"))
    );
    // A deny rule is not passed over for want of an address either.
    market.policy(json!({ "mode": "deny", "patterns": ["bob@example.com"] })).await;
    market.user("alice").ask("space-docs", QUESTION).await.expect_problem(503, "identity_unavailable");
    market.hub.set_mode_everywhere(Mode::Healthy);
    // That the hub failed is remembered of alice for some seconds, so that it is not asked at every query.
    market.user("spaceowner").ask("space-docs", QUESTION).await.expect(200);
    market.user("bob").ask("space-docs", QUESTION).await.expect_problem(403, "access_denied");
}

#[tokio::test]
async fn a2_whom_the_hub_deactivated_it_does_not_vouch_for() {
    let market = MarketplaceFixture::start().await;
    market.allow(&["*@example.com"]).await;
    let token = market.hub.mint_token("bob", "spaceowner").unwrap();
    market.hub.set_active("bob", false).unwrap();
    market.bearer(&token).ask("space-docs", QUESTION).await.expect_problem(401, "token_invalid");
    let event = &market.owner.audit("").await[0];
    assert_eq!(event["action"], "authn_token_fail");
    assert_eq!(event["reason_code"], "hub_user_not_vouched_for");
}

#[tokio::test]
async fn k4_a_storm_of_unknown_kids_costs_the_hub_a_few_fetches_and_valid_users_nothing() {
    let market = MarketplaceFixture::start().await;
    market.allow(&["*"]).await;
    market.user("alice").ask("space-docs", QUESTION).await.expect(200);
    let before = market.hub.calls(Route::Jwks);
    let text = claims(|_| {}).to_string();
    let begun = SystemClock.now();
    for n in 0..300 {
        let header = json!({ "alg": "RS256", "kid": format!("kid-{n}"), "typ": "JWT" }).to_string();
        let token = market.hub.key().sign_text(&header, &text).unwrap();
        assert_eq!(market.bearer(&token).ask("space-docs", QUESTION).await.status, 401);
        if n % 50 == 0 {
            market.user("alice").ask("space-docs", QUESTION).await.expect(200);
        }
    }
    let fetched = market.hub.calls(Route::Jwks) - before;
    let allowed = 3 + usize::try_from(SystemClock.now().since(begun).as_secs() / 10).unwrap() + 1;
    assert!(fetched <= allowed, "{fetched} fetches, {allowed} were allowed");
}

#[tokio::test]
async fn a2_several_hubs_at_once_each_vouch_for_their_own() {
    let market = MarketplaceFixture::start().await;
    let issuer = "https://other.example.org";
    let mut options = HubOptions::new().unwrap();
    options.issuer = issuer.to_owned();
    options.key = HubKey::insecure_test_key(1).unwrap();
    let other = hub_with(options);
    other.set_email("alice", "alice@other.example.org").unwrap();
    register(&market.owner, &other, issuer, "spaceowner", "other").await;
    market.allow(&["alice@other.example.org"]).await;
    let hers = market.bearer(&other.mint_token("alice", "spaceowner").unwrap());
    hers.ask("space-docs", QUESTION).await.expect(200);
    market.user("alice").ask("space-docs", QUESTION).await.expect_problem(403, "access_denied");
    // One hub's key does not speak for another's users.
    let forged = other.key().sign(&other.key().header(), &claims(|_| {})).unwrap();
    market.bearer(&forged).ask("space-docs", QUESTION).await.expect_problem(401, "token_invalid");
}

#[tokio::test]
async fn a2_a_newer_hub_knows_the_space_as_a_satellite_and_its_id_is_an_audience() {
    let mut options = HubOptions::new().unwrap();
    options.satellites = true;
    let market = MarketplaceFixture::with(hub_with(options)).await;
    market.allow(&["alice@example.com"]).await;
    let shown = market.owner.get(&format!("/marketplaces/{}", market.marketplace)).await.expect(200);
    let satellite = shown.body["satellite_id"].as_str().unwrap().to_owned();
    let token = market.hub.mint_token("alice", &satellite).unwrap();
    market.bearer(&token).ask("space-docs", QUESTION).await.expect(200);
}

#[tokio::test]
async fn z4_an_owner_is_told_why_a_user_of_a_hub_may_query_or_may_not() {
    let market = MarketplaceFixture::start().await;
    let explain = async |identity: Value| {
        let body = json!({ "identity": identity });
        let told = market.owner.post("/endpoints/space-docs/policies/explain", &body).await.expect(200).body;
        (told["verdict"].as_str().unwrap().to_owned(), told["reason_code"].as_str().unwrap().to_owned())
    };
    let somebody = |role: &str, email: Option<&str>| {
        let mut identity = json!({ "issuer": HubOptions::DEFAULT_ISSUER, "sub": "2", "role": role });
        if let Some(email) = email {
            identity["email"] = json!(email);
        }
        identity
    };
    let said = |verdict: &str, reason: &str| (verdict.to_owned(), reason.to_owned());
    let alice = somebody("user", Some("alice@example.com"));
    assert_eq!(explain(alice.clone()).await, said("deny", "no_access_policy"));
    market.allow(&["alice@example.com"]).await;
    assert_eq!(explain(alice).await, said("allow", "allowed_by_policy"));
    assert_eq!(explain(somebody("admin", None)).await, said("deny", "address_unknown"));
    assert_eq!(explain(somebody("guest", None)).await, said("deny", "guests_not_admitted"));
    let stranger = json!({ "issuer": "https://hub.example.org", "sub": "2", "role": "user" });
    assert_eq!(explain(stranger).await, said("deny", "hub_not_registered"));
    market.owner.patch("/endpoints/space-docs", &json!({ "published": false })).await.expect(200);
    assert_eq!(explain(somebody("user", None)).await, said("deny", "endpoint_draft"));
    for wrong in
        [json!({ "issuer": HubOptions::DEFAULT_ISSUER }), json!({ "role": "user", "sub": "2" }), json!({})]
    {
        let body = json!({ "identity": wrong });
        market
            .owner
            .post("/endpoints/space-docs/policies/explain", &body)
            .await
            .expect_problem(422, "invalid");
    }
}

// The aggregator sends its own headers in its own order, the caller's token as it is, and reads the answer as it does.
#[tokio::test]
async fn q4_a_search_through_the_aggregator_finds_and_is_refused_as_callers_read_it() {
    let market = MarketplaceFixture::start().await;
    market.allow(&["alice@example.com"]).await;
    let search = async |name: &str, slug: &str| {
        let token = market.hub.mint_token(name, "spaceowner").unwrap();
        let source = json!({
            "url": market.owner.root(), "slug": slug, "name": slug, "tenant_name": "acme",
            "owner_username": "spaceowner",
        });
        let body = json!({
            "prompt": QUESTION, "model": source, "data_sources": [source], "endpoint_tokens": { "spaceowner": token },
            "top_k": 5, "similarity_threshold": 0.5, "retrieval_only": true,
        });
        let url = format!("{}/aggregator/api/v1/chat", market.hub.url());
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = client.post(url).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.json::<Value>().await.unwrap()
    };
    let found = search("alice", "space-docs").await;
    assert_eq!(found["retrieval_info"][0]["status"], "success", "{found}");
    assert!(found.to_string().contains("Kilimanjaro is 5895 metres high."), "{found}");
    let refused = search("bob", "space-docs").await;
    assert_eq!(refused["retrieval_info"][0]["status"], "access_denied", "{refused}");
    assert!(refused.to_string().contains("access policy does not admit you"), "{refused}");
    let missing = search("alice", "no-such-thing").await;
    assert_eq!(missing["retrieval_info"][0]["status"], "error", "{missing}");
    assert!(missing.to_string().contains("HTTP 404"), "{missing}");
}

#[tokio::test]
async fn a2_an_account_on_a_hub_serves_one_tenant() {
    let hub = hub();
    let space = TestSpace::open_to_all().await;
    let (acme, globex) = (space.found("acme").await, space.found_another("globex").await);
    space.trust(HubOptions::DEFAULT_ISSUER, &hub.url()).await;
    register(&acme, &hub, HubOptions::DEFAULT_ISSUER, "spaceowner", "syfthub").await;
    let stolen = registration(&hub, HubOptions::DEFAULT_ISSUER, "spaceowner", "mine");
    globex.post("/marketplaces", &stolen).await.expect_problem(409, "audience_taken");
}
