//! L1: a client's address has a bound of requests, before anything is looked up, and no header moves it.

use std::time::Duration;

use serde_json::json;

use crate::cli;
use crate::space::{Answer, Client, PASSWORD, TestSpace, in_memory};

async fn from(client: &Client, method: &str, path: &str, forwarded: &str) -> Answer {
    client.send(client.request(method, path).header("x-forwarded-for", forwarded)).await
}

#[tokio::test]
async fn l1_whatever_is_asked_for_counts_and_what_is_beyond_is_looked_at_by_nobody() {
    let space = TestSpace::with(&[("client_rate", "6/d"), ("behind_proxy", "127.0.0.1")]).await;
    let anybody = space.anybody();
    let spoilt = anybody.with_token("nonsense");
    let here = "198.51.100.1";
    from(&anybody, "GET", "/health", here).await.expect(200);
    from(&anybody, "GET", "/nowhere", here).await.expect_problem(404, "no_route");
    from(&anybody, "DELETE", "/health", here).await.expect_problem(405, "method_not_allowed");
    from(&spoilt, "GET", "/auth/me", here).await.expect_problem(401, "token_invalid");
    let login = json!({ "email": "nobody@acme.example", "password": PASSWORD });
    let login = || anybody.request("POST", "/auth/login").header("x-forwarded-for", here).json(&login);
    anybody.send(login()).await.expect_problem(401, "credentials_wrong");
    from(&anybody, "GET", "/health", here).await.expect(200);
    for (client, method, path) in [
        (&anybody, "GET", "/health"),
        (&anybody, "GET", "/nowhere"),
        (&anybody, "DELETE", "/health"),
        // No token is verified, and no password compared.
        (&spoilt, "GET", "/auth/me"),
    ] {
        let refused = from(client, method, path, here).await.expect_problem(429, "too_many_requests");
        assert_eq!(refused.header("ratelimit-policy"), r#""client";q=6;w=86400;qu="requests""#);
        let wait: u64 = refused.header("retry-after").parse().unwrap();
        assert!((14_000..=14_400).contains(&wait), "{wait}");
    }
    anybody.send(login()).await.expect_problem(429, "too_many_requests");
    from(&anybody, "GET", "/health", "198.51.100.2").await.expect(200);
}

#[tokio::test]
async fn l1_no_header_and_no_other_address_of_a_network_moves_the_bound() {
    let spent = async |settings: &[(&str, &str)], forwarded: [&str; 2]| {
        let space = TestSpace::with(settings).await;
        let anybody = space.anybody();
        from(&anybody, "GET", "/health", forwarded[0]).await.expect(200);
        from(&anybody, "GET", "/health", forwarded[1]).await.status
    };
    let alone = [("client_rate", "1/d"), ("shared_sources", "none")];
    let behind = [("client_rate", "1/d"), ("behind_proxy", "127.0.0.1")];
    // Nobody is told to believe the peer, who is a client therefore.
    assert_eq!(spent(&alone, ["198.51.100.1", "198.51.100.2"]).await, 429);
    assert_eq!(spent(&behind, ["198.51.100.1", "198.51.100.2"]).await, 200);
    assert_eq!(spent(&behind, ["192.0.2.1, 198.51.100.1", "192.0.2.2, 198.51.100.1"]).await, 429);
    assert_eq!(spent(&behind, ["2001:db8:1:2::1", "2001:db8:1:2:3:4:5:6"]).await, 429);
    assert_eq!(spent(&behind, ["2001:db8:1:2::1", "2001:db8:1:3::1"]).await, 200);
    assert_eq!(spent(&behind, ["198.51.100.1", "::ffff:198.51.100.1"]).await, 429);
}

#[tokio::test]
async fn l1_addresses_that_many_share_and_proxies_that_name_no_client_have_no_bound() {
    let settings = [
        ("client_rate", "1/d"),
        ("behind_proxy", "127.0.0.1"),
        ("shared_sources", "198.51.100.0/24,2001:db8::7"),
    ];
    let space = TestSpace::with(&settings).await;
    let anybody = space.anybody();
    for _ in 0..3 {
        from(&anybody, "GET", "/health", "198.51.100.77").await.expect(200);
        from(&anybody, "GET", "/health", "2001:db8::7").await.expect(200);
        anybody.get("/health").await.expect(200);
    }
    from(&anybody, "GET", "/health", "2001:db8::8").await.expect(200);
    from(&anybody, "GET", "/health", "2001:db8::8").await.expect_problem(429, "too_many_requests");
}

#[tokio::test]
async fn l1_what_was_refused_is_counted_in_the_installations_log_and_its_operator_goes_on() {
    let settings = [("client_rate", "20/d"), ("behind_proxy", "127.0.0.1")];
    let space = TestSpace::with(&settings).await;
    space.found("acme").await;
    let anybody = space.anybody();
    for _ in 0..120 {
        from(&anybody, "GET", "/health", "198.51.100.1").await;
    }
    if in_memory() {
        return;
    }
    for _ in 0..100 {
        let args =
            ["audit", "list", "--installation", "--action", "excess_rate_limit_exceeded", "--json", "--all"];
        let events = cli::run(space.home(), &args).expect(0).items();
        let told: u64 = events.iter().map(|event| event["count"].as_u64().unwrap()).sum();
        if told == 100 {
            assert!(events.len() < 20, "they are merged");
            assert!(events.iter().all(|event| event["reason_code"] == "too_many_requests"
                && event["outcome"] == "denied"
                && event["address"] == "198.51.100.1"));
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("not all refusals are told of");
}
