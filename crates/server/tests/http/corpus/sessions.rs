//! Sessions: refreshed, listed, ended from another one, logged out.

use serde_json::json;

use super::recorder::{Ask, Recorder};
use crate::space::{PASSWORD, TestSpace};

pub async fn play() -> Recorder {
    let space = TestSpace::open_to_all().await;
    let mut r = Recorder::new("sessions", &space);
    r.found(&space, "owner", "acme").await;
    r.join("user", "user").await;
    refreshes(&mut r).await;
    ends(&mut r).await;
    r.log("owner", "/audit").await;
    r
}

async fn refreshes(r: &mut Recorder) {
    let login = json!({ "email": "user@acme.example", "password": PASSWORD });
    let told = r.post("nobody", "/auth/login", login).await;
    r.bear("user at work", told.text("/access_token"));
    r.keep("first refresh token", told.text("/refresh_token"));
    let refresh = |token: &str| json!({ "refresh_token": token });
    let told = r.post("nobody", "/auth/refresh", refresh("«first refresh token»")).await;
    r.keep("second refresh token", told.text("/refresh_token"));
    r.bear("user again", told.text("/access_token"));
    // Its answer may have been lost: it is the same one.
    r.post("nobody", "/auth/refresh", refresh("«first refresh token»")).await;
    for wrong in [json!({}), refresh(""), refresh("«second refresh token»0"), refresh(&"0".repeat(128))] {
        r.post("nobody", "/auth/refresh", wrong).await;
    }
    for who in ["user at work", "user again"] {
        r.get(who, "/auth/me").await;
    }
}

async fn ends(r: &mut Recorder) {
    for who in ["nobody", "owner", "user at work"] {
        r.get(who, "/auth/sessions").await;
    }
    let sessions = r.quiet(Ask::new("user at work", "GET", "/auth/sessions")).await;
    let first = sessions["items"].as_array().unwrap().iter().find(|one| one["current"] == false).unwrap();
    r.keep("first session of user", first["id"].as_str().unwrap());
    for (who, id) in [
        ("nobody", "«first session of user»"),
        ("owner", "«first session of user»"),
        ("user at work", "00000000-0000-7000-8000-000000000000"),
        ("user at work", "x"),
        ("user at work", "«first session of user»"),
        ("user at work", "«first session of user»"),
    ] {
        r.delete(who, &format!("/auth/sessions/{id}")).await;
    }
    r.get("user", "/auth/me").await;
    for who in ["nobody", "user", "user at work", "user again"] {
        r.send(Ask::new(who, "POST", "/auth/logout")).await;
    }
    r.post("nobody", "/auth/refresh", json!({ "refresh_token": "«second refresh token»" })).await;
    many(r).await;
}

async fn many(r: &mut Recorder) {
    for who in ["user at work", "user at home"] {
        r.log_in(who, "user@acme.example").await;
    }
    // All but the one that asks; and then there are none.
    for who in ["nobody", "user at home", "user at home", "user at work"] {
        r.delete(who, "/auth/sessions").await;
    }
    let of_user = "/users/«account of user»/sessions";
    let nobodys = "/users/00000000-0000-7000-8000-000000000000/sessions";
    for (who, target) in
        [("nobody", of_user), ("user at home", of_user), ("owner", nobodys), ("owner", of_user)]
    {
        r.delete(who, target).await;
    }
    r.get("user at home", "/auth/me").await;
    for email in ["owner@acme.example", "nobody@acme.example", "x"] {
        r.post("operator", "//operator/v1/users/end-sessions", json!({ "email": email })).await;
    }
    r.delete("operator", "//operator/v1/sessions").await;
    r.get("owner", "/auth/me").await;
    r.log_in("owner", "owner@acme.example").await;
}
