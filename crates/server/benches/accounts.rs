//! Benchmarks of accounts, from the parsed request to the answer: a login, a refresh, and what proves a request's sender.
#![expect(clippy::unwrap_used, reason = "a benchmark stops at whatever is wrong")]

use std::hint::black_box;
use std::time::Duration;

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

fn accounts(criterion: &mut Criterion) {
    let home = tempfile::tempdir().unwrap();
    let system = actix_web::rt::System::new();
    let settings = Settings::default();
    let opened = wiring::open(home.path(), &settings).unwrap();
    let setup = BearerSecret::generate(&*opened.space.entropy).unwrap();
    let file = SetupTokenFile::write(home.path(), &setup).unwrap();
    let state = state(opened.space.clone(), &settings, Some(file));
    let service =
        system.block_on(init_service(App::new().configure(|service| app::configure(service, &state))));
    let send = |path: &str, token: &str, body: &Value| -> Value {
        let request = TestRequest::with_uri(&format!("/api/v1{path}")).method(Method::POST).set_json(body);
        let request = match token {
            "" => request,
            token => request.insert_header(("authorization", format!("Bearer {token}"))),
        };
        system.block_on(async {
            let answer = call_service(&service, request.to_request()).await;
            assert!(answer.status().is_success(), "{path}: {}", answer.status());
            read_body_json(answer).await
        })
    };
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap().to_owned();
    let (email, password) = ("owner@bench.example", "seven owls dance under copper moons");
    let registration = json!({ "email": email, "password": password, "tenant_name": "bench", "setup_token": setup.expose() });
    send("/auth/register", "", &registration);
    let credentials = json!({ "email": email, "password": password });

    let mut group = criterion.benchmark_group("account");
    group.sample_size(10).measurement_time(Duration::from_secs(20));
    group.bench_function("login", |bencher| bencher.iter(|| send("/auth/login", "", &credentials)));
    group.finish();

    // It ends, as sessions of logins before do, when there are too many; the last one is there.
    let begun = send("/auth/login", "", &credentials);
    let token = text(&begun, "access_token");
    let mut refresh = text(&begun, "refresh_token");
    let mut group = criterion.benchmark_group("account");
    group.bench_function("refresh", |bencher| {
        bencher.iter(|| {
            let tokens = send("/auth/refresh", "", &json!({ "refresh_token": refresh }));
            refresh = text(&tokens, "refresh_token");
        });
    });
    let made = send("/api-keys", &token, &json!({ "name": "bench", "scopes": ["read_metadata"] }));
    let key = text(&made, "api_key");
    for (name, credential) in [("a request with a seen token", &token), ("a request with an API key", &key)] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let request = TestRequest::get().uri("/api/v1/datasets");
                let request = request.insert_header(("authorization", format!("Bearer {credential}")));
                system.block_on(async {
                    let answer = call_service(&service, request.to_request()).await;
                    assert!(answer.status().is_success());
                    black_box(read_body(answer).await)
                })
            });
        });
    }
    group.finish();
}

criterion_group!(benches, accounts);
criterion_main!(benches);
