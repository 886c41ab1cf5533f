//! With a mail server the person alone gets the token, and nobody's inbox is flooded.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;

use crate::cli;
use crate::space::{PASSWORD, TestSpace, in_memory};

const ANOTHER: &str = "nine herons wade past quiet mills";

/// A mail server on loopback that takes everything.
#[derive(Default)]
struct Postbox {
    messages: Mutex<Vec<String>>,
}

impl Postbox {
    async fn listen() -> (String, Arc<Self>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, postbox) = (listener.local_addr().unwrap().to_string(), Arc::new(Self::default()));
        let taken = Arc::clone(&postbox);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let taken = Arc::clone(&taken);
                tokio::spawn(async move { drop(taken.serve(stream).await) });
            }
        });
        (address, postbox)
    }

    async fn serve(&self, stream: TcpStream) -> std::io::Result<()> {
        let mut lines = BufReader::new(stream);
        lines.write_all(b"220 mail.example\r\n").await?;
        loop {
            let mut line = String::new();
            if lines.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            if line.starts_with("DATA") {
                lines.write_all(b"354 go on\r\n").await?;
                let mut message = String::new();
                while !message.ends_with("\r\n.\r\n") {
                    lines.read_line(&mut message).await?;
                }
                self.messages.lock().await.push(message);
            }
            lines.write_all(b"250 mail.example\r\n").await?;
        }
    }

    /// The token in the last message.
    async fn token(&self, purpose: &str) -> String {
        let messages = self.messages.lock().await;
        // A line is no longer than mail has it.
        let last = messages.last().unwrap().replace("=\r\n", "").replace("=3D", "=");
        last.split_once(&format!("/choose-password#{purpose}=")).unwrap().1[..64].to_owned()
    }
}

#[tokio::test]
async fn h2_a_reset_and_an_invitation_are_mailed_and_not_shown_and_a_second_mail_waits() {
    if in_memory() {
        return;
    }
    let (address, postbox) = Postbox::listen().await;
    let settings =
        [("smtp_server", &*address), ("smtp_tls", "none"), ("mail_from", "Space <space@example.org>")];
    let space = TestSpace::with(&settings).await;
    let owner = space.found("acme").await;
    let invite = json!({ "email": "anna@acme.example", "role": "user" });
    let invited = owner.post("/invitations", &invite).await.expect(201);
    assert_eq!((&invited.body["token"], &invited.body["link"]), (&json!(null), &json!(null)));
    let token = postbox.token("invitation").await;
    let accept = json!({ "token": token, "password": PASSWORD });
    let id = space.anybody().post("/invitations/accept", &accept).await.expect(201).body["id"].clone();
    let id = id.as_str().unwrap();

    let reset = async || owner.send(owner.request("POST", &format!("/users/{id}/reset"))).await;
    // They have had a mail this minute.
    let waits = reset().await.expect_problem(429, "too_many_mails");
    assert!((1..=61).contains(&waits.header("retry-after").parse::<u64>().unwrap()));
    assert!(owner.audit("&action=authn_token_created").await.is_empty(), "nothing was made");
    // The operator is shown a token in any case, and sends none.
    let made = cli::run(space.home(), &["users", "reset", "anna@acme.example", "--json"]).expect(0).json();
    let redeem = json!({ "token": made["token"], "new_password": ANOTHER });
    space.anybody().post("/auth/reset", &redeem).await.expect(204);
    assert_eq!(postbox.messages.lock().await.len(), 1);
}

#[tokio::test]
async fn u1_where_the_mail_server_is_gone_nothing_is_shown_and_one_asks_again() {
    if in_memory() {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let settings = [("smtp_server", &*address), ("smtp_tls", "none"), ("mail_from", "space@example.org")];
    let space = TestSpace::with(&settings).await;
    let owner = space.found("acme").await;
    for _ in 0..3 {
        let invite = json!({ "email": "anna@acme.example", "role": "user" });
        let refused = owner.post("/invitations", &invite).await.expect_problem(503, "mail_unavailable");
        assert!(refused.body.get("token").is_none());
    }
    assert_eq!(owner.get("/invitations").await.expect(200).body["items"], json!([]));
    // Back on its feet, it is asked again.
    let listener = TcpListener::bind(&address).await.unwrap();
    let taken = tokio::spawn(async move {
        let postbox = Postbox::default();
        let (stream, _) = listener.accept().await.unwrap();
        drop(postbox.serve(stream).await);
        postbox.token("invitation").await
    });
    let invite = json!({ "email": "anna@acme.example", "role": "user" });
    owner.post("/invitations", &invite).await.expect(201);
    let token = tokio::time::timeout(Duration::from_secs(10), taken).await.unwrap().unwrap();
    let accept = json!({ "token": token, "password": PASSWORD });
    space.anybody().post("/invitations/accept", &accept).await.expect(201);
}
