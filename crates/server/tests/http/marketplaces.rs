//! Accounts on hubs: registered by what the hub itself says, kept sealed, and one tenant's alone.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use syft_space_fakehub::{FakeHub, HubKey, HubOptions, Mode, Route};

use syft_space::system::SystemClock;
use syft_space_domain::time::Clock;

use crate::cli;
use crate::marketplace_fixture::{MarketplaceFixture, registration};
use crate::space::{Client, TestSpace, dataset_of, endpoint_on, in_memory};

async fn register(owner: &Client, account: &Value) -> Value {
    owner.post("/marketplaces", account).await.expect(201).body
}

#[tokio::test]
async fn a2_an_account_is_registered_as_the_hub_tells_it_and_its_credential_never_shown() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let account = space.hub_account_of("spaceowner", "openmined");
    let made = register(&owner, &account).await;
    let shown = json!({
        "id": made["id"], "name": "openmined", "url": space.hub().url(), "issuer": HubOptions::DEFAULT_ISSUER,
        "username": "spaceowner", "satellite_id": null, "credential": { "type": "pat", "state": "ok" },
        "created_at": made["created_at"], "updated_at": made["updated_at"],
    });
    assert_eq!(made, shown);
    let path = format!("/marketplaces/{}", made["id"].as_str().unwrap());
    assert_eq!(owner.get(&path).await.expect(200).body, shown);
    assert_eq!(owner.get("/marketplaces").await.expect(200).body["items"], json!([shown]));

    // With a password the hub's login is asked; a name that the hub spells so is the account's.
    let hub = space.hub();
    hub.add_user("other", "other@hub.example", crate::space::HUB_PASSWORD).unwrap();
    let credential =
        json!({ "type": "password", "username": "other", "password": crate::space::HUB_PASSWORD });
    let mut second = account.clone();
    second["name"] = json!("second");
    second["username"] = json!("Other");
    second["credential"] = credential;
    assert_eq!(register(&owner, &second).await["username"], "other");

    // A name is changed without the hub.
    hub.forget_requests();
    let renamed = owner.patch(&path, &json!({ "name": "renamed" })).await.expect(200);
    assert_eq!(renamed.body["name"], "renamed");
    assert_eq!(hub.calls(Route::Me), 0);
    owner.patch(&path, &json!({ "name": "second" })).await.expect_problem(409, "name_taken");

    let changes = owner.audit("&action=config_change").await;
    let on: Vec<_> = changes.iter().map(|event| &event["object"]["kind"]).collect();
    assert_eq!(on, ["marketplace", "marketplace", "marketplace"]);
    assert!(!owner.get("/audit").await.text.contains(account["credential"]["token"].as_str().unwrap()));
}

#[tokio::test]
async fn a2_where_the_hub_knows_satellites_the_space_is_one_and_takes_itself_back() {
    let space = TestSpace::with(&[("public_url", "https://space.example.org")]).await;
    let owner = space.found("acme").await;
    space.hub().set_satellites(true);
    let account = space.hub_account_of("spaceowner", "openmined");
    let made = register(&owner, &account).await;
    let satellite = made["satellite_id"].as_str().unwrap();
    assert_eq!(satellite.len(), 36);
    let told: Value = serde_json::from_slice(&space.hub().requests(Route::CreateSatellite)[0].body).unwrap();
    assert_eq!(told, json!({ "kind": "space", "base_url": "https://space.example.org" }));

    let path = format!("/marketplaces/{}", made["id"].as_str().unwrap());
    owner.delete(&path).await.expect(204);
    owner.get(&path).await.expect_problem(404, "not_found");
    assert_eq!(space.hub().calls(Route::DeleteSatellite), 1);
    // Whoever registers again is found there, or made anew; the account is free.
    register(&owner, &account).await;
}

#[tokio::test]
async fn a2_what_the_hub_does_not_confirm_is_not_registered() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let account = space.hub_account_of("spaceowner", "openmined");
    let with = |pointer: &str, value: Value| {
        let mut other = account.clone();
        *other.pointer_mut(pointer).unwrap() = value;
        other
    };
    let wrong = with("/credential/token", json!("syft_pat_of_nobody"));
    owner.post("/marketplaces", &wrong).await.expect_problem(422, "credential_refused");
    let mut named = account.clone();
    named["username"] = json!("somebody-else");
    let refused = owner.post("/marketplaces", &named).await.expect_problem(422, "username_mismatch");
    let detail = refused.body["detail"].as_str().unwrap();
    assert!(detail.contains("spaceowner") && detail.contains("somebody-else"), "{detail}");

    // The credential's own form.
    for (credential, pointer) in [
        (json!({ "type": "pat" }), "/credential/token"),
        (json!({ "type": "pat", "token": "" }), "/credential/token"),
        (json!({ "type": "pat", "token": "a\nb" }), "/credential/token"),
        (json!({ "type": "pat", "token": "a".repeat(4097) }), "/credential/token"),
        (json!({ "type": "pat", "token": "t", "password": "p" }), "/credential/password"),
        (json!({ "type": "pat", "token": "t", "username": "u" }), "/credential/username"),
        (json!({ "type": "password", "password": "p" }), "/credential/username"),
        (json!({ "type": "password", "username": " ", "password": "p" }), "/credential/username"),
        (json!({ "type": "password", "username": "u" }), "/credential/password"),
        (json!({ "type": "password", "username": "u", "password": "p", "token": "t" }), "/credential/token"),
        (json!({ "type": "session", "token": "t" }), "/credential/type"),
    ] {
        let refused = owner.post("/marketplaces", &with("/credential", credential)).await;
        let refused = refused.expect_problem(422, "invalid");
        assert_eq!(refused.body["errors"][0]["pointer"], pointer);
    }
    assert_eq!(owner.get("/marketplaces").await.expect(200).body["items"], json!([]));
    assert_eq!(owner.audit("&action=config_change").await.len(), 0);
}

#[tokio::test]
async fn z1_an_issuer_has_one_url_and_an_account_one_tenant() {
    let space = TestSpace::open_to_all().await;
    let acme = space.found("acme").await;
    let globex = space.found_another("globex").await;
    let account = space.hub_account_of("spaceowner", "openmined");
    let refused = acme.post("/marketplaces", &account).await.expect_problem(403, "hub_not_trusted");
    let detail = refused.body["detail"].as_str().unwrap();
    assert!(detail.contains("syft-space hubs trust https://hub.syft.com"), "{detail}");
    space.trust_hub().await;
    register(&acme, &account).await;

    // Another hub of the same issuer: it would sign whatever its owner likes.
    let evil = FakeHub::start(HubOptions::new().unwrap()).unwrap();
    evil.add_user("spaceowner", "evil@hub.example", crate::space::HUB_PASSWORD).unwrap();
    let mut mismatch = account.clone();
    mismatch["url"] = json!(evil.url());
    mismatch["credential"]["token"] = json!(evil.create_pat("spaceowner").unwrap());
    globex.post("/marketplaces", &mismatch).await.expect_problem(409, "issuer_url_mismatch");
    assert_eq!(evil.calls(Route::Me), 0, "it is not even asked");
    let mut unknown = mismatch.clone();
    unknown["issuer"] = json!("https://evil.example");
    globex.post("/marketplaces", &unknown).await.expect_problem(403, "hub_not_trusted");

    // A stolen credential opens no second door to the same account.
    globex.post("/marketplaces", &account).await.expect_problem(409, "audience_taken");
    acme.post("/marketplaces", &{
        let mut twice = account.clone();
        twice["name"] = json!("again");
        twice
    })
    .await
    .expect_problem(409, "audience_taken");
    let theirs = space.hub_account_of("globexowner", "openmined");
    let theirs = register(&globex, &theirs).await;
    let path = format!("/marketplaces/{}", theirs["id"].as_str().unwrap());
    acme.get(&path).await.expect_problem(404, "not_found");
    acme.delete(&path).await.expect_problem(404, "not_found");
    // A new credential is of the same account.
    let credential = json!({ "credential": account["credential"] });
    globex.patch(&path, &credential).await.expect_problem(422, "username_mismatch");
    globex.get(&path).await.expect(200);
}

#[tokio::test]
async fn k13_a_private_hub_is_not_called_unless_the_operator_allows_it() {
    let space = TestSpace::with(&[("outbound_allow", "10.9.9.9")]).await;
    let owner = space.found("acme").await;
    let account = space.hub_account_of("spaceowner", "openmined");
    let mut others = vec![account.clone()];
    for url in [
        "http://169.254.169.254",
        "https://10.0.0.1",
        "http://[::1]:9",
        "http://2130706433",
        "http://localhost",
    ] {
        let mut other = account.clone();
        other["url"] = json!(url);
        others.push(other);
    }
    // A name that there is not, too: what names mean in the network behind the space is nobody's to ask.
    let mut unknown = account.clone();
    unknown["url"] = json!("https://no-such-host.invalid");
    others.push(unknown);
    let mut texts = BTreeSet::new();
    for other in others {
        let refused = owner.post("/marketplaces", &other).await.expect_problem(403, "outbound_not_allowed");
        let detail = refused.body["detail"].as_str().unwrap();
        assert!(detail.contains("SYFT_SPACE_OUTBOUND_ALLOW"), "{detail}");
        let url = reqwest::Url::parse(other["url"].as_str().unwrap()).unwrap();
        let (host, port) = (url.host_str().unwrap(), url.port_or_known_default().unwrap());
        let url = url.as_str().trim_end_matches('/');
        texts.insert(
            detail.replace(&format!("{host}:{port}"), "…").replace(url, "…").replace("http://…", "…"),
        );
    }
    assert_eq!(texts.len(), 1, "{texts:?}");
    assert_eq!(space.hub().calls(Route::Me), 0);
}

#[tokio::test]
async fn a2_a_hub_that_is_down_or_answers_nonsense_is_told_apart_and_nothing_is_stored() {
    let mut space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let account = space.hub_account_of("spaceowner", "openmined");
    space.hub_mut().down().unwrap();
    let refused = owner.post("/marketplaces", &account).await.expect_problem(503, "hub_unavailable");
    assert!(refused.headers.contains_key("retry-after"));
    space.hub_mut().up().unwrap();
    for (mode, status, reason) in [
        (Mode::Failing, 503, "hub_unavailable"),
        (Mode::Garbage, 502, "hub_unreadable"),
        (Mode::Oversized(4 * 1024 * 1024), 502, "hub_unreadable"),
        (Mode::Redirect("http://127.0.0.1:9/".to_owned()), 502, "hub_unreadable"),
    ] {
        space.hub().set_mode(Route::Me, mode.clone());
        let refused = owner.post("/marketplaces", &account).await;
        assert_eq!((refused.status, &refused.body["reason_code"]), (status, &json!(reason)), "{mode:?}");
    }
    space.hub().set_mode(Route::Me, Mode::Slow(Duration::from_millis(300)));
    assert_eq!(owner.get("/marketplaces").await.expect(200).body["items"], json!([]));
    let made = register(&owner, &account).await;

    // What is registered can be removed while the hub is away.
    space.hub_mut().down().unwrap();
    owner.delete(&format!("/marketplaces/{}", made["id"].as_str().unwrap())).await.expect(204);
    assert_eq!(owner.get("/marketplaces").await.expect(200).body["items"], json!([]));
}

#[tokio::test]
async fn k18_a_credential_that_cannot_be_opened_needs_a_new_value_and_the_rest_works() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let account = space.hub_account_of("spaceowner", "openmined");
    let made = register(&owner, &account).await;
    let path = format!("/marketplaces/{}", made["id"].as_str().unwrap());
    let dataset = dataset_of(&owner, "notes", &[("doc", "Penguins swim.")]).await;
    endpoint_on(&owner, &dataset, "birds").await;

    space.server().kill();
    std::fs::remove_file(space.home().join("keys/sealing-key.json")).unwrap();
    space.server().run_again().await;
    let owner = space.log_in("owner@acme.example", crate::space::PASSWORD).await;
    let found = owner.get(&path).await.expect(200);
    assert_eq!(found.body["credential"], json!({ "type": null, "state": "needs_new_value" }));
    owner.ask("birds", "penguins").await.expect(200);
    owner.patch(&path, &json!({ "name": "renamed" })).await.expect(200);
    let credential = json!({ "credential": account["credential"] });
    let healed = owner.patch(&path, &credential).await.expect(200);
    assert_eq!(healed.body["credential"], json!({ "type": "pat", "state": "ok" }));
}

#[tokio::test]
async fn a2_the_operator_says_which_hubs_are_trusted() {
    if in_memory() {
        return;
    }
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let issuer = HubOptions::DEFAULT_ISSUER;
    let command = cli::run(space.home(), &["hubs", "trust", issuer, "https://elsewhere.example"]).expect(0);
    assert!(command.stdout.contains("https://elsewhere.example"), "{}", command.stdout);
    let account = space.hub_account_of("spaceowner", "openmined");
    owner.post("/marketplaces", &account).await.expect_problem(409, "issuer_url_mismatch");
    // Nobody is registered there: the operator may say otherwise.
    space.trust_hub().await;
    let listed = cli::run(space.home(), &["hubs", "list", "--json"]).expect(0).items();
    assert_eq!(listed[0]["url"], space.hub().url());
    assert_eq!(listed[0]["trusted_by"], "operator");
    let made = register(&owner, &account).await;

    let shown = cli::run(space.home(), &["marketplaces", "list"]).expect(0).stdout;
    assert!(shown.contains("openmined") && shown.contains("spaceowner") && shown.contains("ok"), "{shown}");
    let token = account["credential"]["token"].as_str().unwrap();
    assert!(!shown.contains(token));
    cli::run(space.home(), &["hubs", "trust", issuer, "https://elsewhere.example"]).expect(4);
    cli::run(space.home(), &["hubs", "remove", issuer]).expect(4);
    cli::run(space.home(), &["hubs", "remove", "https://no.such.example"]).expect(3);
    cli::run(space.home(), &["hubs", "trust", issuer, "ftp://elsewhere.example"]).expect(2);
    owner.delete(&format!("/marketplaces/{}", made["id"].as_str().unwrap())).await.expect(204);
    cli::run(space.home(), &["hubs", "remove", issuer]).expect(0);
    assert_eq!(cli::run(space.home(), &["hubs", "list", "--json"]).expect(0).items(), Vec::<Value>::new());

    // A first registration trusts a hub while registration is closed, and says so in the installation's log.
    register(&owner, &account).await;
    let listed = cli::run(space.home(), &["hubs", "list", "--json"]).expect(0).items();
    assert_eq!(listed[0]["trusted_by"], "registration");
    let noted =
        cli::run(space.home(), &["audit", "list", "--installation", "--action", "config_change", "--json"]);
    let noted = noted.expect(0).items();
    let by: Vec<_> = noted
        .iter()
        .filter(|event| event["object"]["kind"] == "hub")
        .map(|event| &event["actor"]["kind"])
        .collect();
    assert_eq!(by, ["account", "operator", "operator", "operator"]);
}

#[tokio::test]
async fn a2_the_issuer_is_learned_of_the_hub_and_a_wrong_one_is_refused_with_the_right_one() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let mut account = space.hub_account_of("spaceowner", "openmined");
    account["issuer"] = account["url"].clone();
    let refused = owner.post("/marketplaces", &account).await.expect_problem(422, "issuer_mismatch");
    let detail = refused.body["detail"].as_str().unwrap();
    assert!(detail.contains(HubOptions::DEFAULT_ISSUER), "{detail}");
    account.as_object_mut().unwrap().remove("issuer");
    // A hub whose keys are not to be had could vouch for nobody.
    space.hub().set_mode(Route::Jwks, Mode::Failing);
    owner.post("/marketplaces", &account).await.expect_problem(503, "hub_unavailable");
    space.hub().set_mode(Route::Jwks, Mode::Healthy);
    let shown = space.hub().key();
    space.hub().publish_keys(vec![HubKey::insecure_test_key(1).unwrap().named("hub-key-1").jwk().unwrap()]);
    let refused = owner.post("/marketplaces", &account).await.expect_problem(502, "hub_unreadable");
    assert!(refused.text.contains("would not be let in"), "{}", refused.text);
    space.hub().publish_keys(vec![shown.jwk().unwrap()]);
    assert_eq!(register(&owner, &account).await["issuer"], HubOptions::DEFAULT_ISSUER);
}

#[tokio::test]
async fn a2_an_account_that_another_space_serves_is_not_taken_over_unless_that_is_said() {
    let space = TestSpace::with(&[("public_url", "https://space.example.org")]).await;
    let owner = space.found("acme").await;
    let mut account = space.hub_account_of("spaceowner", "openmined");
    let pat = account["credential"]["token"].as_str().unwrap().to_owned();
    let hub = space.hub().url();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let domain = json!({ "domain": "https://first.example.org" });
    client
        .put(format!("{hub}/api/v1/users/me"))
        .bearer_auth(&pat)
        .body(domain.to_string())
        .send()
        .await
        .unwrap();
    let endpoint = json!({ "name": "First", "slug": "first-docs", "type": "data_source" });
    client
        .post(format!("{hub}/api/v1/endpoints"))
        .bearer_auth(&pat)
        .body(endpoint.to_string())
        .send()
        .await
        .unwrap();

    let refused = owner.post("/marketplaces", &account).await.expect_problem(409, "served_elsewhere");
    let detail = refused.body["detail"].as_str().unwrap();
    assert!(detail.contains("https://first.example.org") && detail.contains("take_over"), "{detail}");
    account["take_over"] = json!(true);
    register(&owner, &account).await;
    let me = client.get(format!("{hub}/api/v1/auth/me")).bearer_auth(&pat).send().await.unwrap();
    assert_eq!(me.json::<Value>().await.unwrap()["domain"], "https://space.example.org");
}

#[tokio::test]
async fn a2_a_newest_hub_says_that_an_origin_is_taken_and_the_space_finds_itself() {
    let space = TestSpace::with(&[("public_url", "https://space.example.org")]).await;
    let owner = space.found("acme").await;
    let mut options = HubOptions::new().unwrap();
    (options.satellites, options.strict_satellites) = (true, true);
    let hub = FakeHub::start(options).unwrap();
    hub.add_user("spaceowner", "owner@example.org", crate::space::HUB_PASSWORD).unwrap();
    let credential = json!({ "type": "pat", "token": hub.create_pat("spaceowner").unwrap() });
    let account = json!({ "name": "newest", "url": hub.url(), "credential": credential });
    let made = register(&owner, &account).await;
    let path = format!("/marketplaces/{}", made["id"].as_str().unwrap());
    let again = owner.patch(&path, &json!({ "credential": credential })).await.expect(200);
    assert_eq!(again.body["satellite_id"], made["satellite_id"]);
}

#[tokio::test]
async fn a2_a_revoked_credential_is_shown_as_refused_and_its_callers_told_who_must_act() {
    let market = MarketplaceFixture::start().await;
    market.allow(&["alice@example.com"]).await;
    market.hub.set_active("spaceowner", false).unwrap();
    let alice = market.bearer(&market.hub.mint_claims(&{
        let now = SystemClock.now().as_unix_seconds();
        json!({
            "sub": "2", "iss": HubOptions::DEFAULT_ISSUER, "aud": "spaceowner", "exp": now + 60, "iat": now,
            "role": "user",
        })
    }).unwrap());
    let refused = alice.ask("space-docs", "How high?").await.expect_problem(503, "identity_unavailable");
    assert!(refused.body["detail"].as_str().unwrap().contains("owner of the space"), "{}", refused.text);
    let wait: u64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((25..=30).contains(&wait), "{wait}");
    let path = format!("/marketplaces/{}", market.marketplace);
    let shown = market.owner.get(&path).await.expect(200).body["credential"].clone();
    assert_eq!((&shown["state"], shown["refused_at"].is_string()), (&json!("refused"), true));
    assert_eq!(shown["reason"], "Could not validate credentials");

    // A credential that is good clears what failed before, at once.
    market.hub.set_active("spaceowner", true).unwrap();
    let credential = json!({ "type": "pat", "token": market.hub.create_pat("spaceowner").unwrap() });
    let mended = market.owner.patch(&path, &json!({ "credential": credential })).await.expect(200);
    assert_eq!(mended.body["credential"], json!({ "type": "pat", "state": "ok" }));
    alice.ask("space-docs", "How high?").await.expect(200);
}

#[tokio::test]
async fn a2_the_refusals_of_the_query_route_speak_to_users_of_marketplaces_too() {
    let market = MarketplaceFixture::start().await;
    for (client, reason) in
        [(market.space.anybody(), "unauthenticated"), (market.bearer("a.b.c"), "token_invalid")]
    {
        let refused = client.ask("space-docs", "How high?").await.expect_problem(401, reason);
        let detail = refused.body["detail"].as_str().unwrap();
        assert!(detail.contains("satellite token"), "{detail}");
        let elsewhere = client.get("/endpoints").await.expect_problem(401, reason);
        assert!(!elsewhere.text.contains("satellite token"), "{}", elsewhere.text);
    }
    // An address with a path is no hub's.
    let mut account = registration(&market.hub, HubOptions::DEFAULT_ISSUER, "bob", "second");
    account["url"] = json!(format!("{}/api/v1", market.hub.url()));
    account.as_object_mut().unwrap().remove("issuer");
    let refused = market.owner.post("/marketplaces", &account).await.expect_problem(502, "hub_unreadable");
    assert!(refused.body["detail"].as_str().unwrap().contains("without a path"), "{}", refused.text);
}
