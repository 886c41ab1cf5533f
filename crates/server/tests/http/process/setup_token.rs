//! The setup token: shown to a person alone, renewed at each start, good once.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use serde_json::json;

use crate::space::{Answer, Client, PASSWORD, Server, TestSpace, in_memory};

/// Starts a server whose standard output is this, reads what it says first, and answers that and who to call.
fn start(
    server: &Server,
    out: Stdio,
    said: impl FnOnce(&mut std::process::Child) -> Box<dyn Read>,
) -> Started {
    let mut child = server.command().stdout(out).spawn().unwrap();
    let mut lines = BufReader::new(said(&mut child)).lines();
    let mut text = String::new();
    while !text.contains("Stop with") {
        text.push_str(lines.next().unwrap().unwrap().trim_end());
        text.push('\n');
    }
    let base = text.lines().find_map(|line| line.strip_prefix("Listening on ")).unwrap();
    Started { caller: Client::new(base), child, text }
}

struct Started {
    caller: Client,
    child: std::process::Child,
    text: String,
}

impl Drop for Started {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

async fn register(caller: &Client, email: &str, token: &str) -> Answer {
    let body = json!({ "email": email, "password": PASSWORD, "tenant_name": "setup", "setup_token": token });
    caller.post("/auth/register", &body).await
}

#[tokio::test]
async fn a1_the_setup_token_is_shown_to_a_person_alone_renewed_at_each_start_and_good_once() {
    if in_memory() {
        return;
    }
    let server = Server::prepare(&[]);
    let file = server.home().join("setup-token");

    let piped = start(&server, Stdio::piped(), |child| Box::new(child.stdout.take().unwrap()));
    let first = server.setup_token();
    assert!(first.len() >= 43, "256 bits in base64: {first}");
    assert!(!piped.text.contains(&first), "a log may keep what is written to a pipe: {}", piped.text);
    assert!(piped.text.contains(file.to_str().unwrap()), "{}", piped.text);
    drop(piped);

    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let inner = ioctl_tiocgptpeer(&terminal, OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    let shown = start(&server, inner.into(), |_| Box::new(File::from(terminal)));
    let second = server.setup_token();
    assert_ne!(first, second);
    assert!(shown.text.contains(&second), "a person is told: {}", shown.text);

    let caller = &shown.caller;
    for wrong in [&*first, "", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        register(caller, "early@setup.example", wrong).await.expect_problem(403, "setup_token_wrong");
    }
    register(caller, "olivia@setup.example", &second).await.expect(201);
    assert!(!file.exists(), "a used token has no file");
    register(caller, "late@setup.example", &second).await.expect_problem(403, "registration_closed");
    drop(shown);

    let mut server = server;
    server.run_again().await;
    assert!(!file.exists(), "where there is an account, there is no token");
    let space = TestSpace::of(server);
    register(&space.anybody(), "late@setup.example", &second)
        .await
        .expect_problem(403, "registration_closed");
    space.log_in("olivia@setup.example", PASSWORD).await;
}
