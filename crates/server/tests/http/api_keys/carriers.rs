//! A credential is taken from `Authorization` alone: wherever else one stands, the request does nothing.

use serde_json::json;
use syft_space::http::credential_carriers::{HEADERS, NAMES, PARAMETERS};
use syft_space::http::route_table::ROUTES;

use super::{made, with_key};
use crate::matrix::Fixture;
use crate::space::{Client, TestSpace, in_memory};

/// The places where a credential stands in a request, and what stands there.
#[derive(Debug, Clone)]
enum Carrier {
    Parameter(String),
    Header(&'static str),
    Cookie(String),
    /// Two of them in `Authorization`.
    Twice(&'static str),
    /// As part of the path.
    Path,
}

fn carriers() -> Vec<Carrier> {
    let written = |name: &&str| [(*name).to_owned(), name.to_uppercase()];
    let parameters = NAMES.iter().chain(&PARAMETERS).flat_map(written);
    let more = ["access_token", "api_key", "api-key", "Refresh_Token", "X-Api-Key", "id_token", "anything"];
    let parameters = parameters.chain(more.map(str::to_owned)).map(Carrier::Parameter);
    let cookies =
        ["access_token", "api_key", "X-API-Key", "anything"].map(str::to_owned).map(Carrier::Cookie);
    let headers = HEADERS.into_iter().map(Carrier::Header);
    let twice = [", ", " ", ",Bearer "].map(Carrier::Twice);
    parameters.chain(headers).chain(cookies).chain(twice).chain([Carrier::Path]).collect()
}

async fn send(client: &Client, carrier: &Carrier, method: &str, path: &str, credential: &str) -> u16 {
    let request = match carrier {
        Carrier::Parameter(name) => client.request(method, &format!("/{path}?{name}={credential}")),
        Carrier::Path => client.request(method, &format!("/{path}/{credential}")),
        Carrier::Header(name) => client.request(method, &format!("/{path}")).header(*name, credential),
        Carrier::Cookie(name) => {
            client.request(method, &format!("/{path}")).header("cookie", format!("a=b; {name}={credential}"))
        }
        Carrier::Twice(between) => {
            let request = client.request(method, &format!("/{path}"));
            let value = format!("Bearer {credential}{between}{credential}");
            let mut request = request.build().unwrap();
            request.headers_mut().insert("authorization", value.parse().unwrap());
            let answer = reqwest::Client::builder().no_proxy().build().unwrap().execute(request).await;
            return answer.unwrap().status().as_u16();
        }
    };
    let answer = client.send(request).await;
    if answer.status == 400 {
        assert_eq!(answer.body["reason_code"], "ambiguous", "{carrier:?} {method} {path}: {}", answer.text);
        assert!(!answer.text.contains(credential), "{}", answer.text);
    }
    answer.status
}

#[tokio::test]
async fn k7_a_credential_anywhere_but_in_authorization_is_refused_on_every_route_and_never_logged() {
    let mut space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let things = Fixture::make(&space, &owner).await;
    let key = made(&owner, &["read_metadata", "query", "write_datasets"], json!({})).await;
    let text = key.body["api_key"].as_str().unwrap().to_owned();
    let nobody = space.anybody();
    let bearer = with_key(&space, &key);
    for route in ROUTES {
        let (method, path) = (route.method.to_string(), things.path(route));
        for carrier in carriers() {
            for client in [&nobody, &bearer] {
                let status = send(client, &carrier, &method, &path, &text).await;
                // Whatever is at that path, it is not let in by what stands there: mostly it is no path at all.
                let fits = status == 400 || matches!(carrier, Carrier::Path) && matches!(status, 404 | 405);
                assert!(fits, "{carrier:?} {method} {path}: {status}");
            }
        }
    }
    // A token is one wherever it stands, whatever the name before it; those of the adapters in memory do not look like one.
    let anything = Carrier::Parameter("anything".to_owned());
    let expected = if in_memory() { 422 } else { 400 };
    assert_eq!(send(&nobody, &anything, "GET", "/api/v1/health", owner.token()).await, expected);
    // What is neither stays what it was.
    nobody.get("/health?anything=else").await.expect_problem(422, "invalid");
    owner
        .send(owner.request("GET", "/datasets").header("cookie", "token=of-another; theme=dark"))
        .await
        .expect(200);
    bearer.get("/datasets").await.expect(200);

    let logged = owner.get("/audit?limit=100").await.expect(200).text;
    assert!(!logged.contains(&text));
    if !in_memory() {
        space.server().signal("TERM");
        assert_eq!(space.server().wait(), Some(0));
        for entry in std::fs::read_dir(space.home()).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let bytes = std::fs::read(&path).unwrap();
                let found = bytes.windows(text.len()).any(|window| window == text.as_bytes());
                assert!(!found, "{} holds the key", path.display());
            }
        }
    }
}
