//! Second factors, and the settings that demand them.

use serde_json::{Value, json};

use super::recorder::{Ask, Recorder};
use crate::factors::authenticator::{Authenticator, recovery_codes};
use crate::space::{PASSWORD, TestSpace};

pub async fn play() -> Recorder {
    let space = TestSpace::open_to_all().await;
    let mut r = Recorder::new("factors", &space);
    r.found(&space, "owner", "acme").await;
    r.join("user", "user").await;
    r.join("viewer", "viewer").await;
    let app = enrolment(&mut r).await;
    logins(&mut r, &app).await;
    demanded(&mut r).await;
    removals(&mut r, &app).await;
    r.log("owner", "/audit").await;
    r
}

/// A code in a form that is long enough to be named.
async fn keep_code(r: &mut Recorder, name: &str, app: &Authenticator, drift: i64) {
    let code = app.code(drift).await;
    r.keep(name, &format!("{} - {}", &code[..3], &code[3..]));
}

fn keep_recovery_codes(r: &mut Recorder, body: &Value, of: &str) {
    for (number, code) in recovery_codes(body).iter().enumerate() {
        r.keep(&format!("{of} recovery code {}", number + 1), code);
    }
}

async fn enrolment(r: &mut Recorder) -> Authenticator {
    for who in ["nobody", "owner", "viewer"] {
        r.get(who, "/auth/totp").await;
        for path in ["/auth/totp/confirm", "/auth/totp/recovery-codes"] {
            r.post(who, path, json!({ "code": "000000" })).await;
        }
    }
    for body in
        [json!({ "password": "the wrong words entirely, friend" }), json!({}), json!({ "password": 1 })]
    {
        r.post("owner", "/auth/totp", body).await;
    }
    let told = r.post("owner", "/auth/totp", json!({ "password": PASSWORD })).await;
    let app = Authenticator::of(told.text("/secret"));
    r.keep("secret", told.text("/secret"));
    for code in ["12345", "'", &"1".repeat(200)] {
        r.post("owner", "/auth/totp/confirm", json!({ "code": code })).await;
    }
    keep_code(r, "first code", &app, -1).await;
    let told = r.post("owner", "/auth/totp/confirm", json!({ "code": "«first code»" })).await;
    keep_recovery_codes(r, &told.body, "first");
    r.post("owner", "/auth/totp/confirm", json!({ "code": "«first code»" })).await;
    r.post("owner", "/auth/totp", json!({ "password": PASSWORD })).await;
    r.get("owner", "/auth/totp").await;
    app
}

async fn logins(r: &mut Recorder, app: &Authenticator) {
    keep_code(r, "second code", app, 0).await;
    let login = |password: &str, totp: Value| json!({ "email": "owner@acme.example", "password": password, "totp": totp });
    for (password, code) in [
        ("the wrong words entirely, friend", json!(null)),
        ("the wrong words entirely, friend", json!("«second code»")),
        (PASSWORD, json!(null)),
        (PASSWORD, json!("«first code»")),
        (PASSWORD, json!("")),
        (PASSWORD, json!(7)),
        (PASSWORD, json!("«second code»")),
        (PASSWORD, json!("«second code»")),
        (PASSWORD, json!("«first recovery code 1»")),
        (PASSWORD, json!("«first recovery code 1»")),
    ] {
        r.post("nobody", "/auth/login", login(password, code)).await;
    }
    r.get("owner", "/auth/totp").await;
}

async fn demanded(r: &mut Recorder) {
    for who in ["nobody", "viewer", "owner"] {
        r.get(who, "/tenant").await;
        r.patch(who, "/tenant", json!({})).await;
    }
    for body in [
        json!({ "second_factor_roles": ["viewer", "owner"] }),
        json!({ "second_factor_roles": ["guest"] }),
        json!({ "second_factor_roles": null }),
        json!({ "limits": {} }),
    ] {
        r.patch("owner", "/tenant", body).await;
    }
    r.send(Ask::new("owner", "PATCH", "/tenant").header("if-match", "\"1\"").json(&json!({}))).await;
    // Of the three the owner has a second factor, the viewer needs one, and the user does not.
    for who in ["owner", "user", "viewer"] {
        r.get(who, "/endpoints").await;
        r.get(who, "/datasets").await;
        r.get(who, "/auth/me").await;
    }
    r.log_in("viewer", "viewer@acme.example").await;
    r.post("viewer", "/policies", json!({})).await;
    r.patch("owner", "/tenant", json!({ "second_factor_roles": [] })).await;
    r.get("viewer", "/datasets").await;
}

async fn removals(r: &mut Recorder, app: &Authenticator) {
    let both = |password: &str, code: &str| json!({ "password": password, "code": code });
    keep_code(r, "third code", app, 1).await;
    let told = r.post("owner", "/auth/totp/recovery-codes", json!({ "code": "«third code»" })).await;
    keep_recovery_codes(r, &told.body, "new");
    for (who, body) in [
        ("viewer", both(PASSWORD, "000000")),
        ("owner", both("the wrong words entirely, friend", "«new recovery code 1»")),
        ("owner", both(PASSWORD, "«third code»")),
        ("owner", json!({ "password": PASSWORD })),
        ("owner", both(PASSWORD, "«new recovery code 1»")),
        ("owner", both(PASSWORD, "«new recovery code 2»")),
    ] {
        r.send(Ask::new(who, "DELETE", "/auth/totp").json(&body)).await;
    }
    let disable = "//operator/v1/users/disable-2fa";
    for email in ["owner@acme.example", "nobody@acme.example", "x"] {
        r.post("operator", disable, json!({ "email": email })).await;
    }
    let told = r.post("user", "/auth/totp", json!({ "password": PASSWORD })).await;
    r.keep("secret of user", told.text("/secret"));
    let app = Authenticator::of(told.text("/secret"));
    keep_code(r, "code of user", &app, 0).await;
    let told = r.post("user", "/auth/totp/confirm", json!({ "code": "«code of user»" })).await;
    keep_recovery_codes(r, &told.body, "user's");
    r.post("operator", disable, json!({ "email": "user@acme.example" })).await;
    r.get("user", "/auth/me").await;
}
