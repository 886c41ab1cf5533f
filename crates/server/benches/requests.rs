//! The benchmarks of single requests, each from the parsed request to the answer, with what it records durable on disk: a query, a
//! request with a token or an API key that was seen before, a refresh, a login.
#![expect(clippy::unwrap_used, reason = "a benchmark stops at whatever is wrong")]

use std::hint::black_box;

use actix_web::test::{TestRequest, call_service, init_service, read_body, read_body_json};
use actix_web::{App, http::Method};
use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::{Value, json};
use syft_space::config::Settings;
use syft_space::http::app;
use syft_space::startup::serve::state;
use syft_space::startup::setup_token::SetupTokenFile;
use syft_space::startup::wiring;
use syft_space_domain::secret::BearerSecret;

fn requests(criterion: &mut Criterion) {
    let home = tempfile::tempdir().unwrap();
    let system = actix_web::rt::System::new();
    let settings = Settings::default();
    let opened = wiring::open(home.path(), &settings).unwrap();
    let setup = BearerSecret::generate(&*opened.space.entropy).unwrap();
    let file = SetupTokenFile::write(home.path(), &setup).unwrap();
    let state = state(opened.space.clone(), &settings, Some(file));
    let service =
        system.block_on(init_service(App::new().configure(|service| app::configure(service, &state))));

    let send = |method: Method, path: &str, token: &str, body: &Value| -> Value {
        let request = TestRequest::with_uri(&format!("/api/v1{path}")).method(method).set_json(body);
        let request = request.insert_header(("authorization", format!("Bearer {token}"))).to_request();
        system.block_on(async {
            let answer = call_service(&service, request).await;
            assert!(answer.status().is_success(), "{path}");
            read_body_json(answer).await
        })
    };
    let (email, password) = ("owner@bench.example", "seven owls dance under copper moons");
    let registration = json!({ "email": email, "password": password, "tenant_name": "bench", "setup_token": setup.expose() });
    send(Method::POST, "/auth/register", "", &registration);
    let owner = json!({ "email": email, "password": password });
    let login = send(Method::POST, "/auth/login", "", &owner);
    let text = |answer: &Value, field: &str| answer.get(field).and_then(Value::as_str).unwrap().to_owned();
    let token = &*text(&login, "access_token");
    let made = send(Method::POST, "/datasets", token, &json!({ "name": "bench", "dtype": "embedded" }));
    let dataset = made.get("id").and_then(Value::as_str).unwrap();
    let documents: Vec<Value> = (0..2_000)
        .map(|n| json!({ "content": format!("Room {n} opens at {} and closes at {}.", n % 12, 12 + n % 7) }))
        .collect();
    let path = format!("/datasets/{dataset}/documents?wait=true");
    send(Method::POST, &path, token, &json!({ "documents": documents }));
    let endpoint = json!({
        "name": "rooms", "slug": "rooms", "dataset_id": dataset, "response_type": "raw", "published": true,
    });
    send(Method::POST, "/endpoints", token, &endpoint);

    let question = json!({ "messages": "When does room 77 open, and when is it closed?" });
    criterion.bench_function("one query at a time, audited durably", |bencher| {
        bencher.iter(|| {
            let request = TestRequest::post().uri("/api/v1/endpoints/rooms/query").set_json(&question);
            let request = request.insert_header(("authorization", format!("Bearer {token}"))).to_request();
            system.block_on(async {
                let answer = call_service(&service, request).await;
                assert!(answer.status().is_success());
                black_box(read_body(answer).await)
            })
        });
    });

    let wanted = json!({ "name": "a key", "scopes": ["read_metadata"] });
    let key = text(&send(Method::POST, "/api-keys", token, &wanted), "api_key");

    for (name, credential) in [("an access token", token), ("an API key", &key)] {
        criterion.bench_function(&format!("one request with {name} that was seen before"), |bencher| {
            bencher.iter(|| {
                let request = TestRequest::get().uri("/api/v1/policies");
                let request =
                    request.insert_header(("authorization", format!("Bearer {credential}"))).to_request();
                system.block_on(async {
                    let answer = call_service(&service, request).await;
                    assert!(answer.status().is_success());
                    black_box(read_body(answer).await)
                })
            });
        });
    }
    let mut refresh_token = text(&login, "refresh_token");
    criterion.bench_function("one refresh", |bencher| {
        bencher.iter(|| {
            let body = json!({ "refresh_token": refresh_token });
            refresh_token = text(&send(Method::POST, "/auth/refresh", "", &body), "refresh_token");
        });
    });
    criterion.bench_function("one login", |bencher| {
        bencher.iter(|| send(Method::POST, "/auth/login", "", &owner));
    });
}

criterion_group!(benches, requests);
criterion_main!(benches);
