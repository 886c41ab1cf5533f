//! `syft-space audit tail`: a line an event, through restarts of the server, until it is told to end.

use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

use super::{command, found, run, stop};
use crate::space::{PASSWORD, TestSpace, in_memory};

/// The command as it runs.
struct Following {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Following {
    fn begin(home: &Path, arguments: &[&str]) -> Self {
        let mut child = command(home, &[&["audit", "tail"], arguments].concat())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    fn line(&mut self) -> String {
        self.lines.next().expect("it goes on").unwrap()
    }

    fn event(&mut self) -> Value {
        serde_json::from_str(&self.line()).unwrap()
    }

    /// Ends it, and answers its exit code.
    fn end(mut self, signal: &str) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{signal}"), &pid]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        // Where a test fails nobody else ends it.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn u1_the_command_goes_on_behind_its_last_event_when_the_server_is_back() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::start().await;
    space.found("acme").await;
    let mut following = Following::begin(space.home(), &["--json", "--after", "0"]);
    let mut last = 0;
    for round in 0..3 {
        if round > 0 {
            stop(&mut space);
            space.server().run_again().await;
        }
        space.log_in("owner@acme.example", PASSWORD).await;
        let owner = space.log_in("owner@acme.example", PASSWORD).await;
        let size = owner.audit("").await[0]["seq"].as_u64().unwrap();
        while last < size {
            last += 1;
            let event = following.event();
            assert_eq!(event["seq"], last, "{event}");
        }
    }
    assert_eq!(following.end("INT"), Some(0));
    let mut installation = Following::begin(space.home(), &["--installation", "--json", "--after", "0"]);
    assert_eq!(installation.event()["action"], "sys_startup");
    assert_eq!(installation.end("TERM"), Some(0));
    let refused = run(space.home(), &["audit", "tail", "--after", "4000000000"]).expect(4);
    assert!(refused.stderr.contains("4000000000"), "{refused:?}");
    run(space.home(), &["audit", "tail", "--action", "eat"]).expect(2);
}

#[test]
fn u1_the_command_has_the_home_to_itself_where_no_server_runs_and_leaves_it_in_order() {
    if in_memory() {
        return;
    }
    let aside = tempfile::tempdir().unwrap();
    let home = aside.path().join("home");
    found(&home, "acme");
    let mut following = Following::begin(&home, &[]);
    let titles = following.line();
    assert!(titles.contains("SEQ") && titles.contains("ACTION"), "{titles}");
    let begun = following.line();
    assert!(begun.contains("sensitive_read") && begun.contains("operator"), "{begun}");
    // Other commands come to it as to a server.
    run(&home, &["users", "list"]).expect(0);
    assert_eq!(following.end("TERM"), Some(0));
    run(&home, &["users", "list"]).expect(0);
}
