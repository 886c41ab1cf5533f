//! Tests over real sockets, through the guarded client.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use syft_space_domain::marketplace::SatelliteRefused;
use syft_space_domain::marketplace::ports::{HubAccess, HubClient, HubError};
use syft_space_domain::marketplace::{HubCredential, HubUrl};
use syft_space_domain::secret::Secret;
use syft_space_outbound::{AllowList, Client, ClientSettings, SystemResolver};
use syft_space_syfthub::{SyftHub, SyftHubTokens};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::{ISSUER, KID, ManualClock, NOW, OTHER, OURS, Seeded, Trusted, claims, hub, verify};

/// A hub on loopback whose answers are bytes. Its URL, and how many requests came.
async fn serve(answers: impl Fn(&str) -> String + Send + Sync + 'static) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let hits = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&hits);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.windows(4).any(|four| four == b"\r\n\r\n") {
                if stream.read_buf(&mut head).await.unwrap_or(0) == 0 {
                    break;
                }
            }
            counted.fetch_add(1, Ordering::SeqCst);
            let answer = answers(&String::from_utf8_lossy(&head));
            stream.write_all(answer.as_bytes()).await.ok();
        }
    });
    (url, hits)
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

fn http(allow: &str) -> Arc<Client> {
    let settings = ClientSettings { allow: AllowList::parse(allow).unwrap(), ..ClientSettings::default() };
    Arc::new(Client::new(settings, Arc::new(SystemResolver), Arc::new(Seeded::new(5))).unwrap())
}

fn tokens(url: &str, allow: &str) -> SyftHubTokens {
    let trusted = Trusted::one();
    *trusted.0.lock().unwrap() = vec![hub(1, ISSUER, url)];
    SyftHubTokens::new(trusted, http(allow), 100, &Seeded::new(6)).unwrap()
}

#[tokio::test]
async fn a2_keys_come_over_http_and_a_rotation_needs_no_restart() {
    let sets = [json!({"keys": [OURS.shown(KID)]}), json!({"keys": [OTHER.shown(KID)]})];
    let rotated = Arc::new(AtomicUsize::new(0));
    let which = Arc::clone(&rotated);
    let (url, hits) = serve(move |head| {
        assert!(head.starts_with("GET /.well-known/jwks.json HTTP/1.1\r\n"), "{head}");
        ok(&sets[which.load(Ordering::SeqCst)].to_string())
    })
    .await;
    let tokens = tokens(&url, "127.0.0.1");
    assert!(verify(&tokens, &OURS.token(KID, &claims()), NOW).await.is_ok());
    rotated.store(1, Ordering::SeqCst);
    assert!(verify(&tokens, &OTHER.token(KID, &claims()), NOW).await.is_ok());
    assert!(verify(&tokens, &OURS.token(KID, &claims()), NOW).await.is_err());
    assert!(hits.load(Ordering::SeqCst) <= 3);
}

#[tokio::test]
async fn k13_a_private_hub_that_is_not_allowed_is_never_called() {
    let (url, hits) = serve(|_| ok("{}")).await;
    let outcome = verify(&tokens(&url, ""), &OURS.token(KID, &claims()), NOW).await;
    assert_eq!(outcome.err(), Some(SatelliteRefused::KeysUnavailable));

    let client = SyftHub::new(http(""), ManualClock::new(NOW), &Seeded::new(7)).unwrap();
    let credential = HubCredential::Pat(Secret::new("syft_pat_x".to_owned()));
    let access = HubAccess { url: HubUrl::parse(&url).unwrap(), credential };
    let Err(HubError::NotAllowed(why)) = client.account(&access).await else { panic!("it was called") };
    let named = format!("adding {} to SYFT_SPACE_OUTBOUND_ALLOW", url.strip_prefix("http://").unwrap());
    assert!(why.ends_with(&named), "{why}");
    assert_eq!(hits.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a2_a_key_set_that_is_huge_or_elsewhere_is_no_key_set() {
    let huge = format!(r#"{{"keys":[{}],"x":"{}"}}"#, OURS.shown(KID), "x".repeat(65_536));
    let moved = "HTTP/1.1 302 Found\r\nlocation: /other\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    let broken = "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\nconnection: close\r\n\r\n{\"keys\":[";
    for answer in [ok(&huge), moved.to_owned(), broken.to_owned(), "nonsense".to_owned()] {
        let (url, hits) = serve(move |_| answer.clone()).await;
        let outcome = verify(&tokens(&url, "127.0.0.1"), &OURS.token(KID, &claims()), NOW).await;
        assert_eq!(outcome.err(), Some(SatelliteRefused::KeysUnavailable));
        assert_eq!(hits.load(Ordering::SeqCst), 1, "one attempt is one call");
    }
}
