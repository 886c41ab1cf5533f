//! The commands of the README do what it says.

use std::process::{Command, Stdio};

use serde_json::json;

use crate::space::TestSpace;

/// The text between ```` ```python ```` and its end.
fn snippet() -> String {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md")).unwrap();
    let (_, rest) = readme.split_once("```python\n").unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

#[tokio::test]
async fn q1_the_python_of_the_readme_logs_in_publishes_and_asks() {
    if Command::new("python3").arg("--version").stdout(Stdio::null()).status().is_err() {
        return;
    }
    let space = TestSpace::start().await;
    let nobody = space.anybody();
    let olivia = json!({
        "email": "olivia@example.org", "password": "seven owls dance under copper moons", "tenant_name": "library",
        "setup_token": space.setup_token(),
    });
    nobody.post("/auth/register", &olivia).await.expect(201);
    let (told, real) = ("http://127.0.0.1:8080", nobody.root());
    let program = snippet();
    assert!(program.contains(told));
    let mut python = Command::new("python3");
    python.args(["-c", &program.replace(told, real)]).env_remove("http_proxy").env("no_proxy", "127.0.0.1");
    let ran = tokio::task::spawn_blocking(move || python.output().unwrap()).await.unwrap();
    let (said, errors) = (String::from_utf8(ran.stdout).unwrap(), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{said}\n{errors}");
    let mut lines = said.lines();
    assert_eq!(lines.next(), Some("succeeded 2"), "{said}");
    let best = lines.next().unwrap_or_default();
    assert!(best.ends_with(" june On the first of June a poet reads in the garden."), "{said}");
}
