//! Tests that the client cannot be made to call what only this machine reaches.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use syft_space_outbound::{Client, ClientSettings, OutboundError, Request, Resolver, http::Method};
use tokio::time::Instant;

use crate::support::{Names, Server, SilentNames, answer, client, get, local, named, settings};

async fn refused(client: &Client, url: &str) -> String {
    match client.call(&get(url)).await {
        Err(OutboundError::TargetNotAllowed(why)) => why.to_string(),
        other => panic!("{url}: {other:?}"),
    }
}

#[tokio::test]
async fn k13_no_way_of_writing_a_private_address_reaches_it() {
    let server = Server::start(|_, _| answer(200, "", "secret")).await;
    let port = server.address.port();
    let closed = client(settings(""));
    for host in [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "017700000001",
        "0x7f.0x0.0x0.0x1",
        "127.0.0.1.",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[::1]",
        "[64:ff9b::127.0.0.1]",
        "[2002:7f00:1::]",
        "0",
        "0.0.0.0",
        "[::]",
        "localhost",
        "LocalHost.",
        "a.localhost",
        "①②⑦.0.0.1",
        "127。0。0。1",
        "10.0.0.1",
        "192.168.0.1",
        "172.16.0.1",
        "100.64.0.1",
        "100.100.100.200",
        "169.254.169.254",
        "2852039166",
        "0xa9fea9fe",
        "[::ffff:169.254.169.254]",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "[fc00::1]",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "metadata.google.internal",
        "rebound.example.org",
    ] {
        for scheme in ["http", "https"] {
            refused(&closed, &format!("{scheme}://{host}:{port}/latest/meta-data/")).await;
        }
    }
    assert_eq!(server.hits(), 0);
}

#[tokio::test]
async fn k13_the_error_names_the_setting_and_the_value_that_opens_the_target() {
    let server = Server::start(|_, _| answer(200, "", "hello")).await;
    let url = server.url("/");
    let why = refused(&client(settings("")), &url).await;
    let (_, told) = why.split_once("by adding ").unwrap();
    let value = told.strip_suffix(" to SYFT_SPACE_OUTBOUND_ALLOW").unwrap();
    assert_eq!(value, server.address.to_string());
    let answer = client(settings(value)).call(&get(&url)).await.unwrap();
    assert_eq!((answer.status, answer.body.as_ref()), (200, &b"hello"[..]));
}

#[tokio::test]
async fn k13_plain_http_needs_to_be_allowed_wherever_it_leads() {
    let names = Names::new(&[&["1.1.1.1"]]);
    let why = refused(&named(settings(""), names), "http://hub.example.org/").await;
    assert!(
        why.contains("plain HTTP") && why.ends_with("adding hub.example.org:80 to SYFT_SPACE_OUTBOUND_ALLOW"),
        "{why}"
    );
}

#[tokio::test]
async fn k13_a_name_is_resolved_once_and_the_checked_address_is_the_one_called() {
    let good = Server::on("127.0.0.2", None, |_, _| answer(200, "", "good")).await;
    let names = Names::new(&[&["127.0.0.2"], &["127.0.0.1"]]);
    let client = named(settings("127.0.0.2"), names.clone());
    let url = format!("http://hub.example.org:{}/", good.address.port());
    assert_eq!(client.call(&get(&url)).await.unwrap().body.as_ref(), b"good");
    assert_eq!(names.asked.load(Ordering::SeqCst), 1);
    // The name turns to another address: the next connection is checked anew.
    assert!(refused(&client, &url).await.contains("loopback"));
    assert_eq!((good.hits(), names.asked.load(Ordering::SeqCst)), (1, 2));
}

#[tokio::test]
async fn k13_a_name_with_one_private_address_among_public_ones_is_refused_whole() {
    for addresses in [&["1.1.1.1", "127.0.0.1"], &["127.0.0.1", "1.1.1.1"], &["1.1.1.1", "fd00::1"]] {
        let client = named(settings(""), Names::new(&[addresses]));
        refused(&client, "https://mixed.example.org/").await;
    }
}

#[tokio::test]
async fn k13_a_redirection_is_an_answer_and_is_not_followed() {
    let inner = Server::start(|_, _| answer(200, "", "secret")).await;
    for status in [301, 302, 303, 307, 308] {
        let location = format!("location: {}\r\n", inner.url("/secret"));
        let outer = Server::start(move |_, _| answer(status, &location, "")).await;
        let got = local().call(&get(&outer.url("/"))).await.unwrap();
        assert_eq!(got.status, status);
        assert_eq!(got.headers["location"], inner.url("/secret"));
        assert_eq!(outer.hits(), 1);
    }
    assert_eq!(inner.hits(), 0);
}

#[tokio::test]
async fn k13_what_is_no_plain_url_of_http_is_refused() {
    for url in [
        "",
        "hub.example.org",
        "ftp://hub.example.org/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "https://user@hub.example.org/",
        "https://user:hunter2@hub.example.org/",
        "https://",
        "http:///x y",
        "unix:/var/run/docker.sock",
        "https://1.2.3.4.5/",
        "https://[::1/",
        "data:text/plain,x",
    ] {
        let error = Request::new(Method::GET, url).err().unwrap();
        assert!(matches!(error, OutboundError::Url(_)), "{url}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}

#[tokio::test]
async fn a_name_that_nobody_knows_is_told_as_such() {
    let client = named(settings(""), Names::new(&[&[]]));
    let error = client.call(&get("https://nobody.example.org/")).await.unwrap_err();
    assert_eq!(error, OutboundError::Unresolved("nobody.example.org".to_owned()));
}

/// How long a call of a name is refused after, by a clock that runs only while everything waits.
async fn refused_after(names: Arc<dyn Resolver>) -> (bool, std::time::Duration) {
    let client = named(ClientSettings { max_attempts: 3, ..settings("10.0.0.9") }, names);
    let begun = Instant::now();
    let refused = client.call(&get("https://name.example.org/")).await.unwrap_err();
    let is_known = matches!(refused, OutboundError::TargetNotAllowed(_) | OutboundError::Unresolved(_));
    (is_known, begun.elapsed())
}

#[tokio::test(start_paused = true)]
async fn l11_the_time_of_a_refusal_does_not_tell_which_names_there_are_behind_the_space() {
    let expected = refused_after(Names::new(&[&[]])).await;
    assert_eq!(expected, (true, settings("").name_time));
    for addresses in [&["10.0.0.8"][..], &["127.0.0.1"], &["1.1.1.1", "fd00::1"]] {
        assert_eq!(refused_after(Names::new(&[addresses])).await, expected, "{addresses:?}");
    }
    assert_eq!(refused_after(Arc::new(SilentNames)).await, expected);
    assert_eq!(ClientSettings::default().name_time, std::time::Duration::from_secs(2));
}
