//! Who comes in by their identity provider, as what, and who does not.

use serde_json::{Value, json};

use crate::oidc::world::{World, member_of, person};
use crate::space::{PASSWORD, Server, TestSpace};

#[tokio::test]
async fn a1_whoever_was_invited_signs_in_and_comes_back_as_who_they_are() {
    let world = World::new(Value::Null).await;
    world.invite("ann@elsewhere.example", "admin").await;
    let signed_in = world.sign_in(person("ann-1", "Ann@Elsewhere.example")).await.expect(200);
    assert_eq!(signed_in.header("cache-control"), "no-store");
    assert!(signed_in.header("set-cookie").contains("Max-Age=0"), "the browser keeps it no longer");
    let ann = world.client(&signed_in);
    let me = ann.get("/auth/me").await.expect(200).body;
    assert_eq!((&me["email"], &me["role"]), (&json!("ann@elsewhere.example"), &json!("admin")));
    assert_eq!(world.reasons("user_created").await[0], "joined_by_invitation");
    assert!(world.owner.get("/invitations").await.body["items"].as_array().unwrap().is_empty());
    // They come back by their subject, whatever the provider calls them by now, and whether that is verified.
    let again = json!({ "sub": "ann-1", "email": "owner@acme.example", "email_verified": false });
    let again = world.client(&world.sign_in(again).await.expect(200));
    assert_eq!(again.get("/auth/me").await.expect(200).body, me);
    let events = world.owner.audit("&action=authn_login_success").await;
    assert_eq!(events[0]["actor"]["id"], me["id"]);
    // Another subject with their address is somebody else.
    let other = world.sign_in(person("eve-9", "ann@elsewhere.example")).await;
    assert!(!other.expect_problem(403, "sign_in_refused").text.contains("eve-9"));
    assert_eq!(world.reasons("authn_login_fail").await[0], "account_exists");
    // A session as any other.
    let refresh = json!({ "refresh_token": signed_in.body["refresh_token"] });
    world.space.anybody().post("/auth/refresh", &refresh).await.expect(200);
}

#[tokio::test]
async fn a1_an_account_without_a_password_is_not_opened_by_any() {
    let world = World::new(Value::Null).await;
    let carol = world.sign_in(person("carol", "carol@allowed.example")).await.expect(200);
    for password in ["", " ", PASSWORD] {
        let login = json!({ "email": "carol@allowed.example", "password": password, "tenant": "acme" });
        world.space.anybody().post("/auth/login", &login).await.expect_problem(401, "credentials_wrong");
    }
    let change = json!({ "current_password": "", "new_password": PASSWORD });
    let carol = world.client(&carol);
    carol.put("/auth/password", &change).await.expect_problem(409, "conflict");
    // Nor does it get one, which would be a way in beside the provider's.
    let id = carol.get("/auth/me").await.expect(200).body["id"].as_str().unwrap().to_owned();
    let owner = &world.owner;
    let reset = owner.send(owner.request("POST", &format!("/users/{id}/reset"))).await;
    reset.expect_problem(409, "conflict");
}

#[tokio::test]
async fn a1_a_verified_address_of_a_domain_that_is_let_in_joins_and_no_other_does() {
    let world = World::new(Value::Null).await;
    let carol = world.client(&world.sign_in(person("carol", "Carol@ALLOWED.example")).await.expect(200));
    let me = carol.get("/auth/me").await.expect(200).body;
    assert_eq!((&me["email"], &me["role"]), (&json!("carol@allowed.example"), &json!("user")));
    assert_eq!(world.reasons("user_created").await[0], "joined_by_domain");
    world.invite("ivy@elsewhere.example", "user").await;
    for (claims, reason) in [
        (person("a", "a@elsewhere.example"), "not_invited"),
        (person("b", "b@sub.allowed.example"), "not_invited"),
        (person("c", "c@notallowed.example"), "not_invited"),
        (json!({ "sub": "d", "email": "d@allowed.example" }), "email_unverified"),
        (json!({ "sub": "e", "email": "e@allowed.example", "email_verified": false }), "email_unverified"),
        (
            json!({ "sub": "f", "email": "ivy@elsewhere.example", "email_verified": false }),
            "email_unverified",
        ),
        (json!({ "sub": "g", "email_verified": true }), "email_unverified"),
        (person("h", "not an address"), "email_unverified"),
        // Somebody's who logs in with a password: an address is not who somebody is.
        (person("i", "owner@acme.example"), "account_exists"),
    ] {
        let said = claims.to_string();
        world.sign_in(claims).await.expect_problem(403, "sign_in_refused");
        assert_eq!(world.reasons("authn_login_fail").await[0], reason, "{said}");
    }
    // Words that could be read as true are not.
    let word = json!({ "sub": "j", "email": "j@allowed.example", "email_verified": "true" });
    assert!(matches!(world.sign_in(word).await.status, 403 | 503));
    assert_eq!(world.owner.get("/users").await.body["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a1_what_an_id_token_leaves_out_is_asked_for_and_is_of_the_same_person() {
    let roles = json!([{ "group": "staff", "role": "viewer" }]);
    let world = World::new(json!({ "claim": "groups", "roles": roles })).await;
    let told = |sub: &str| json!({ "sub": sub, "email": "carol@allowed.example", "email_verified": true, "groups": ["staff"] });
    // Another's are not taken for theirs.
    world.provider.state().userinfo = Some(told("dora"));
    world.sign_in(json!({ "sub": "carol" })).await.expect_problem(403, "sign_in_refused");
    world.provider.state().userinfo = Some(told("carol"));
    // What the token says counts.
    let unverified = json!({ "sub": "carol", "email": "c@allowed.example", "email_verified": false });
    world.sign_in(unverified).await.expect_problem(403, "sign_in_refused");
    assert_eq!(world.reasons("authn_login_fail").await[0], "email_unverified");
    let carol = world.client(&world.sign_in(json!({ "sub": "carol" })).await.expect(200));
    let me = carol.get("/auth/me").await.expect(200).body;
    assert_eq!((&me["email"], &me["role"]), (&json!("carol@allowed.example"), &json!("viewer")));
}

#[tokio::test]
async fn a1_an_invitation_whose_maker_may_not_make_it_any_more_lets_nobody_in() {
    let world = World::new(Value::Null).await;
    let admin = world.space.member(&world.owner, "adam@acme.example", "admin").await;
    admin.post("/invitations", &json!({ "email": "ann@x.example", "role": "user" })).await.expect(201);
    let id = admin.get("/auth/me").await.body["id"].as_str().unwrap().to_owned();
    world.owner.patch(&format!("/users/{id}"), &json!({ "role": "viewer" })).await.expect(200);
    world.sign_in(person("ann", "ann@x.example")).await.expect_problem(403, "sign_in_refused");
    assert_eq!(world.reasons("authn_login_fail").await[0], "not_invited");
}

#[tokio::test]
async fn a1_groups_say_the_role_anew_at_each_sign_in() {
    let roles = json!([{ "group": "bosses", "role": "owner" }, { "group": "staff", "role": "user" }]);
    let world = World::new(json!({ "claim": "groups", "roles": roles })).await;
    let role = async |groups: &[&str]| {
        let signed_in = world.sign_in(member_of("carol", "carol@allowed.example", groups)).await.expect(200);
        let me = world.client(&signed_in).get("/auth/me").await.expect(200).body;
        me["role"].as_str().unwrap().to_owned()
    };
    assert_eq!(role(&["others", "staff"]).await, "user");
    assert_eq!(role(&["staff", "bosses"]).await, "owner", "the first of the map");
    assert_eq!(world.reasons("privilege_permissions_changed").await[0], "role_user_to_owner");
    let boss = world.client(&world.sign_in(member_of("carol", "", &["bosses"])).await.expect(200));
    boss.post("/invitations", &json!({ "email": "new@x.example", "role": "owner" })).await.expect(201);
    let dora = world.space.member(&world.owner, "dora@acme.example", "user").await;
    let dora = dora.get("/auth/me").await.expect(200).body["id"].as_str().unwrap().to_owned();
    let reset = boss.send(boss.request("POST", &format!("/users/{dora}/reset"))).await.expect(201);
    assert_eq!(role(&["staff"]).await, "user");
    // It acts on the sessions of before, too, and on what they made by the right that is gone.
    boss.post("/invitations", &json!({ "email": "new@y.example", "role": "user" }))
        .await
        .expect_problem(403, "forbidden");
    assert!(world.owner.get("/invitations").await.body["items"].as_array().unwrap().is_empty());
    // Nor does a reset come back with the right.
    assert_eq!(role(&["bosses"]).await, "owner");
    let redeemed = json!({ "token": reset.body["token"], "new_password": PASSWORD });
    world.space.anybody().post("/auth/reset", &redeemed).await.expect_problem(404, "not_found");
    assert!(world.reasons("config_change").await.contains(&"resets_ended".to_owned()));
    assert_eq!(role(&["staff"]).await, "user");
    // In no group that has a role: not here, invited or not.
    world.invite("dan@elsewhere.example", "admin").await;
    for claims in [
        member_of("carol", "carol@allowed.example", &["Staff", ""]),
        person("carol", "carol@allowed.example"),
        json!({ "sub": "carol", "groups": { "staff": true } }),
        member_of("dan", "dan@elsewhere.example", &["others"]),
    ] {
        world.sign_in(claims).await.expect_problem(403, "sign_in_refused");
        assert_eq!(world.reasons("authn_login_fail").await[0], "group_missing");
    }
    // One name alone is a list of one.
    world.sign_in(json!({ "sub": "carol", "groups": "staff" })).await.expect(200);
}

#[tokio::test]
async fn a1_whoever_is_disabled_does_not_come_in_and_whoever_is_removed_is_somebody_new() {
    let world = World::new(Value::Null).await;
    let carol = world.client(&world.sign_in(person("carol", "carol@allowed.example")).await.expect(200));
    let id = carol.get("/auth/me").await.body["id"].as_str().unwrap().to_owned();
    world.owner.patch(&format!("/users/{id}"), &json!({ "status": "disabled" })).await.expect(200);
    carol.get("/auth/me").await.expect_problem(401, "token_invalid");
    world.sign_in(person("carol", "carol@allowed.example")).await.expect_problem(403, "sign_in_refused");
    assert_eq!(world.reasons("authn_login_fail").await[0], "member_disabled");
    world.owner.delete(&format!("/users/{id}")).await.expect(204);
    let again = world.client(&world.sign_in(person("carol", "carol@allowed.example")).await.expect(200));
    assert_ne!(again.get("/auth/me").await.body["id"], json!(id));
}

#[tokio::test]
async fn a1_a_sign_in_is_this_browsers_and_works_once() {
    let world = World::new(Value::Null).await;
    let (started, other) = (world.start().await, world.start().await);
    let back = world.provider.authorize(&started.url, person("carol", "carol@allowed.example"));
    let with = |name: &str, value: Option<&str>| {
        let mut url = back.clone();
        let kept: Vec<(String, String)> =
            back.query_pairs().into_owned().filter(|(known, _)| known != name).collect();
        url.query_pairs_mut().clear().extend_pairs(kept);
        if let Some(value) = value {
            url.query_pairs_mut().append_pair(name, value);
        }
        url
    };
    let twice = format!("{}; {}", started.cookie, started.cookie);
    let mut changed = started.cookie.clone();
    let last = if changed.pop() == Some('0') { '1' } else { '0' };
    changed.push(last);
    for cookie in
        [None, Some(other.cookie.as_str()), Some(&twice), Some(&changed), Some("__Host-syft-space-sign-in=")]
    {
        world.come_back(cookie, &back).await.expect_problem(400, "sign_in_invalid");
    }
    for url in [with("state", None), with("state", Some("x")), with("code", None)] {
        world.finish(&started, &url).await.expect_problem(400, "sign_in_invalid");
    }
    // Another provider of the same tenant, and the provider of another tenant.
    let elsewhere = crate::oidc::provider::Provider::start();
    let mut body = world.body("other", &Value::Null);
    body["issuer"] = json!(elsewhere.issuer());
    world.operate("POST", "/operator/v1/tenants/acme/oidc", &body).await.expect(201);
    let founding = json!({ "email": "o@globex.example", "password": PASSWORD, "tenant_name": "globex" });
    world.operate("POST", "/operator/v1/tenants", &founding).await.expect(201);
    world
        .operate("POST", "/operator/v1/tenants/globex/oidc", &world.body("work", &Value::Null))
        .await
        .expect(201);
    for place in ["acme/other", "globex/work"] {
        let mut url = back.clone();
        url.set_path(&format!("/api/v1/auth/oidc/{place}/callback"));
        world.finish(&started, &url).await.expect_problem(400, "sign_in_invalid");
    }
    // Who answers is another than who was asked (RFC 9207), and who does not say so where it says that it does. The sign-in
    // has ended with that: each is answered once.
    for wrong in [Some("https://evil.example"), None] {
        let started = world.start().await;
        let back = world.provider.authorize(&started.url, person("carol", "carol@allowed.example"));
        let mut url = back.clone();
        let kept: Vec<(String, String)> =
            back.query_pairs().into_owned().filter(|(known, _)| known != "iss").collect();
        url.query_pairs_mut().clear().extend_pairs(kept);
        if let Some(wrong) = wrong {
            url.query_pairs_mut().append_pair("iss", wrong);
        }
        world.finish(&started, &url).await.expect_problem(403, "sign_in_refused");
        world.finish(&started, &back).await.expect_problem(400, "sign_in_invalid");
    }
    // None of all that has used it up.
    world.finish(&started, &back).await.expect(200);
    world.finish(&started, &back).await.expect_problem(400, "sign_in_invalid");
    // A code of one sign-in is no good in another: its nonce and its proof key are not.
    let (one, two) = (world.start().await, world.start().await);
    let stolen = world.provider.authorize(&one.url, person("carol", "carol@allowed.example"));
    let mut url = world.provider.authorize(&two.url, person("dora", "dora@allowed.example"));
    let code = stolen.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    let state = url.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    url.query_pairs_mut()
        .clear()
        .append_pair("code", &code)
        .append_pair("state", &state)
        .append_pair("iss", world.provider.issuer());
    world.finish(&two, &url).await.expect_problem(403, "sign_in_refused");
}

#[tokio::test]
async fn a1_what_a_provider_says_of_an_error_is_not_repeated() {
    let world = World::new(Value::Null).await;
    let started = world.start().await;
    let back = world.provider.authorize(&started.url, person("carol", "carol@allowed.example"));
    let state = back.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    let mut url = back.clone();
    url.query_pairs_mut()
        .clear()
        .append_pair("error", "access_denied<script>")
        .append_pair("error_description", "<b>planted</b>")
        .append_pair("state", &state)
        .append_pair("iss", world.provider.issuer());
    let refused = world.finish(&started, &url).await.expect_problem(403, "sign_in_refused");
    assert!(!refused.text.contains("planted") && !refused.text.contains("script"), "{}", refused.text);
    let twice = format!("{}?state=a&state=b", back.path().strip_prefix("/api/v1").unwrap());
    world.get(&twice, Some(&started.cookie)).await.expect_problem(400, "ambiguous");
    for path in ["/auth/oidc/acme/nothing/start", "/auth/oidc/nobody/work/start", "/auth/oidc/Ä/work/start"]
    {
        world.get(path, None).await.expect_problem(404, "not_found");
    }
}

#[tokio::test]
async fn a1_without_a_public_url_nobody_is_sent_anywhere() {
    let space = TestSpace::of(Server::start(&[]).await);
    space.anybody().get("/auth/oidc/acme/work/start").await.expect_problem(409, "public_url_missing");
}

#[tokio::test]
async fn a1_the_operator_says_which_providers_a_tenant_believes() {
    let world = World::new(Value::Null).await;
    let (path, list) = ("/operator/v1/tenants/acme/oidc", async || {
        let answer = world.operate("GET", "/operator/v1/tenants/acme/oidc", &Value::Null).await.expect(200);
        assert!(!answer.text.contains(crate::oidc::provider::SECRET), "the secret is not shown");
        answer.body["items"].as_array().unwrap().clone()
    });
    let listed = list().await;
    assert_eq!((&listed[0]["name"], &listed[0]["has_client_secret"]), (&json!("work"), &json!(true)));
    assert_eq!(listed[0]["allowed_domains"], json!(["allowed.example"]));
    let with = |name: &str, issuer: &str| {
        let mut body = world.body(name, &Value::Null);
        body["issuer"] = json!(issuer);
        body
    };
    world.operate("POST", path, &with("work", "https://a.example")).await.expect_problem(409, "name_taken");
    world
        .operate("POST", path, &with("again", world.provider.issuer()))
        .await
        .expect_problem(409, "name_taken");
    for wrong in ["", "a.example", "https://a.example?x", "https://u@a.example"] {
        world.operate("POST", path, &with("a-name", wrong)).await.expect_problem(422, "invalid");
    }
    let mut body = with("a-name", "https://a.example");
    body["allowed_domains"] = json!(["a@b.example"]);
    world.operate("POST", path, &body).await.expect_problem(422, "invalid");
    let mut body = with("a-name", "https://a.example");
    body["client_secret"] = json!("two\nlines");
    world.operate("POST", path, &body).await.expect_problem(422, "invalid");
    for n in 1..8 {
        let (name, issuer) = (format!("more-{n}"), format!("https://{n}.example"));
        world.operate("POST", path, &with(&name, &issuer)).await.expect(201);
    }
    world
        .operate("POST", path, &with("more-9", "https://9.example"))
        .await
        .expect_problem(409, "limit_reached");
    world
        .operate("GET", "/operator/v1/tenants/nobody/oidc", &Value::Null)
        .await
        .expect_problem(404, "not_found");
    world.owner.get("//operator/v1/tenants/acme/oidc").await.expect_problem(404, "no_route");
    // A provider that is removed ends what it began, and its people are the same when it comes back.
    let carol = world.client(&world.sign_in(person("carol", "carol@allowed.example")).await.expect(200));
    let me = carol.get("/auth/me").await.expect(200).body;
    let started = world.start().await;
    let back = world.provider.authorize(&started.url, person("carol", "carol@allowed.example"));
    world.operate("DELETE", &format!("{path}/work"), &Value::Null).await.expect(204);
    carol.get("/auth/me").await.expect_problem(401, "token_invalid");
    world.finish(&started, &back).await.expect_problem(404, "not_found");
    world.operate("DELETE", &format!("{path}/work"), &Value::Null).await.expect_problem(404, "not_found");
    assert_eq!(world.reasons("session_expired").await[0], "provider_removed");
    world.operate("POST", path, &world.body("work", &Value::Null)).await.expect(201);
    world.finish(&started, &back).await.expect_problem(400, "sign_in_invalid");
    let again = world.client(&world.sign_in(person("carol", "carol@allowed.example")).await.expect(200));
    assert_eq!(again.get("/auth/me").await.expect(200).body, me);
}

#[tokio::test]
async fn a4_whoever_another_site_has_led_here_signs_in_anew_at_the_provider() {
    let world = World::new(Value::Null).await;
    let path = format!("{}/api/v1/auth/oidc/acme/work/start", world.space.anybody().root());
    let http =
        reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    for (site, is_asked) in [
        (None, false),
        (Some("none"), false),
        (Some("same-origin"), false),
        (Some("same-site"), true),
        (Some("cross-site"), true),
        (Some("unheard-of"), true),
    ] {
        let request = http.get(&path);
        let request = match site {
            Some(site) => request.header("sec-fetch-site", site),
            None => request,
        };
        let answer = request.send().await.unwrap();
        let to = answer.headers()["location"].to_str().unwrap().to_owned();
        assert_eq!(to.contains("prompt=login"), is_asked, "{site:?}: {to}");
    }
}

#[tokio::test]
async fn a1_a_look_at_the_callback_begins_no_session() {
    let world = World::new(Value::Null).await;
    let started = world.start().await;
    let back = world.provider.authorize(&started.url, person("carol", "carol@allowed.example"));
    let url = format!("{}{}?{}", world.space.anybody().root(), back.path(), back.query().unwrap());
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let looked = http.head(url).header("cookie", &started.cookie).send().await.unwrap();
    assert_eq!((looked.status().as_u16(), &looked.headers()["allow"]), (405, &"GET".parse().unwrap()));
    world.finish(&started, &back).await.expect(200);
}
