//! What the host's operator sees through the control socket, and what it may not.

use serde_json::{Value, json};
use syft_space::http::route_table::{Guard, Method, OPERATOR_ROUTES, ROUTES};

use super::recorder::{Ask, Recorder};
use crate::space::{PASSWORD, TestSpace};

const ISSUER: &str = "https://hub.example.org";

pub async fn play() -> Recorder {
    let space = TestSpace::start().await;
    let mut r = Recorder::new("operator", &space);
    r.get("operator", "//health/live").await;
    r.get("operator", "/datasets").await;
    tenants(&mut r).await;
    inside(&mut r).await;
    api_keys(&mut r).await;
    hubs(&mut r).await;
    logs(&mut r).await;
    r.log("owner", "/audit").await;
    r
}

async fn tenants(r: &mut Recorder) {
    let tenants = "//operator/v1/tenants";
    r.get("operator", tenants).await;
    let founding = |change: &dyn Fn(&mut Value)| {
        let mut body = json!({ "email": "owner@acme.example", "password": PASSWORD, "tenant_name": "acme" });
        change(&mut body);
        body
    };
    for change in [
        |body: &mut Value| body["password"] = json!("short"),
        |body: &mut Value| body["password"] = json!("passwordpassword"),
        |body: &mut Value| body["email"] = json!("nobody"),
        |body: &mut Value| body["tenant_name"] = json!("No Slug"),
        |body: &mut Value| body["setup_token"] = json!("x"),
    ] {
        r.post("operator", tenants, founding(&change)).await;
    }
    r.make("account of owner", "operator", tenants, founding(&|_| {})).await;
    r.post("operator", tenants, founding(&|_| {})).await;
    r.log_in("owner", "owner@acme.example").await;
    r.get("operator", "/datasets").await;
    let second = |body: &mut Value| {
        body["tenant_name"] = json!("globex");
        body["email"] = json!("owner@globex.example");
    };
    r.make("account of second", "operator", tenants, founding(&second)).await;
    let told = r.get("operator", tenants).await;
    r.keep("acme", told.text("/items/0/id"));
    r.keep("globex", told.text("/items/1/id"));
    r.get("operator", "/datasets").await;
    for tenant in ["acme", "globex", "nobody", "", "ACME"] {
        r.send(Ask::new("operator", "GET", "/datasets").header("operator-tenant", tenant)).await;
    }
    let twice = Ask::new("operator", "GET", "/datasets").header("operator-tenant", "acme");
    r.send(twice.header("operator-tenant", "globex")).await;
    r.send(Ask::new("operator", "GET", "/datasets").header("authorization", "Bearer «token of owner»")).await;
    // The network has nothing like it.
    for route in OPERATOR_ROUTES {
        for who in ["nobody", "owner"] {
            r.send(Ask::new(who, &route.method.to_string(), &format!("/{}", route.path))).await;
        }
        r.send(Ask::new("operator", "OPTIONS", &format!("/{}", route.path))).await;
        r.send(Ask::new("operator", &route.method.to_string(), &format!("/{}?x=1", route.path))).await;
    }
}

/// Every route of a tenant.
async fn inside(r: &mut Recorder) {
    let of_acme =
        |method: &str, target: &str| Ask::new("operator", method, target).header("operator-tenant", "acme");
    let dataset = json!({ "name": "things", "dtype": "embedded" });
    let made = r.send(of_acme("POST", "/datasets").json(&dataset)).await;
    r.keep("dataset", made.text("/id"));
    let documents = json!({ "documents": [{ "document_id": "doc", "content": "A thing." }] });
    let made = r.send(of_acme("POST", "/datasets/«dataset»/documents?wait=true").json(&documents)).await;
    r.keep("job", made.text("/job/id"));
    let endpoint =
        json!({ "name": "Things", "slug": "things", "dataset_id": "«dataset»", "response_type": "raw" });
    r.make("endpoint", "owner", "/endpoints", endpoint).await;
    let policy = json!({ "mode": "allow", "patterns": ["*"] });
    let policy = json!({ "name": "things", "policy_type": "access", "configuration": policy });
    r.make("policy", "owner", "/policies", policy).await;
    for route in ROUTES {
        if !matches!(route.guard, Guard::Member(_)) {
            continue;
        }
        let id = match route.path.trim_start_matches("/api/v1/").split('/').next() {
            Some("users") => "«account of owner»",
            Some("datasets") => "«dataset»",
            Some("policies") => "«policy»",
            _ => "0190d3a1-7c1e-7b7a-9c3e-2f6f3f1f0a11",
        };
        let target = route.path.replace("{id}", id).replace("{slug}", "things").replace("{job}", "«job»");
        let target =
            target.replace("{doc}", "doc").replace("{listing}", "0190d3a1-7c1e-7b7a-9c3e-2f6f3f1f0a11");
        // It may remove what it brought; that comes last.
        if route.method == Method::Delete && route.path.ends_with("/datasets/{id}") {
            continue;
        }
        let mut ask = of_acme(&route.method.to_string(), &format!("/{target}"));
        if !matches!(route.method, Method::Get | Method::Delete) {
            ask = ask.json(&json!({}));
        }
        r.send(ask).await;
    }
    r.delete("owner", "/endpoints/things").await;
    r.send(of_acme("DELETE", "/datasets/«dataset»")).await;
}

async fn hubs(r: &mut Recorder) {
    let hubs = "//operator/v1/hubs";
    r.get("operator", hubs).await;
    for body in [
        json!({ "issuer": ISSUER, "url": "ftp://hub.example.org" }),
        json!({ "issuer": "", "url": ISSUER }),
        json!({ "issuer": ISSUER }),
        json!({ "issuer": ISSUER, "url": ISSUER, "more": 1 }),
    ] {
        r.post("operator", hubs, body).await;
    }
    r.make("hub", "operator", hubs, json!({ "issuer": ISSUER, "url": "https://first.example.org" })).await;
    r.post("operator", hubs, json!({ "issuer": ISSUER, "url": "https://second.example.org" })).await;
    let taken = json!({ "issuer": "https://other.example.org", "url": "https://second.example.org" });
    r.post("operator", hubs, taken).await;
    let told = r.get("operator", hubs).await;
    for (n, hub) in told.body["items"].as_array().unwrap().iter().enumerate() {
        r.keep(&format!("hub {n}"), hub["id"].as_str().unwrap());
        r.delete("operator", &format!("{hubs}/«hub {n}»")).await;
        r.delete("operator", &format!("{hubs}/«hub {n}»")).await;
    }
    r.delete("operator", &format!("{hubs}/x")).await;
    r.get("operator", hubs).await;
}

/// The installation's log, with failures by nobody known, of which there is one event a second at most.
async fn logs(r: &mut Recorder) {
    let log = "//operator/v1/audit";
    for target in [
        "?action=sys_startup",
        "?action=nonsense",
        "?actor=x",
        "?outcome=denied&action=config_change",
        "?limit=0",
    ] {
        r.get("operator", &format!("{log}{target}")).await;
    }
    r.pages("operator", &format!("{log}?action=config_change&limit=2")).await;
    r.log("operator", &format!("{log}?action=config_change")).await;
    r.get("operator", "//operator/v1/metrics").await;
    r.get("operator", &format!("{log}/checkpoint")).await;
    r.get("operator", &format!("{log}/export?after=999999")).await;
    r.get("operator", &format!("{log}/export?after=x")).await;
    r.get("operator", &format!("{log}/tail")).await;
    r.get("operator", &format!("{log}/tail?after=x")).await;
    r.get("nobody", "/auth/me").await;
    r.send(Ask::new("nobody", "GET", "/auth/me").header("authorization", "Basic x")).await;
    r.until("operator", &format!("{log}?action=authn_token_fail"), |told| {
        told["items"].as_array().is_some_and(|items| !items.is_empty())
    })
    .await;
    r.log("operator", &format!("{log}?action=authn_token_fail")).await;
}

/// Of the keys of a tenant's members.
async fn api_keys(r: &mut Recorder) {
    let keys = "//operator/v1/api-keys";
    let of_acme =
        |method: &str, target: &str| Ask::new("operator", method, target).header("operator-tenant", "acme");
    r.make("api key", "owner", "/api-keys", json!({ "name": "nightly", "scopes": ["read_metadata"] })).await;
    r.get("operator", keys).await;
    for tenant in ["acme", "globex", "nobody"] {
        r.send(Ask::new("operator", "GET", keys).header("operator-tenant", tenant)).await;
    }
    r.send(of_acme("GET", "//operator/v1/api-keys?limit=0")).await;
    r.delete("operator", "//operator/v1/api-keys/«api key»").await;
    for id in ["x", "0190d3a1-7c1e-7b7a-9c3e-2f6f3f1f0a11", "«api key»", "«api key»"] {
        r.send(of_acme("DELETE", &format!("{keys}/{id}"))).await;
    }
}
