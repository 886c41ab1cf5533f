//! The commands of the README do what it says.

use std::process::{Command, Stdio};

use serde_json::json;

use crate::space::{Server, TestSpace, binary, in_memory};

fn readme() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md")).unwrap()
}

/// The blocks of commands behind the first, which start the server.
fn tour(readme: &str) -> Vec<&str> {
    let (_, tour) = readme.split_once("## A tour of five minutes").unwrap();
    let (tour, _) = tour.split_once("\n## ").unwrap();
    tour.split("```sh\n").skip(2).map(|rest| rest.split_once("```").unwrap().0).collect()
}

#[test]
fn q1_a_block_of_the_readme_is_commands_alone() {
    for block in readme().split("```sh\n").skip(1) {
        let block = block.split_once("```").unwrap().0;
        for line in block.lines() {
            assert!(
                !line.starts_with('$') && !line.starts_with('#'),
                "neither a prompt nor a comment: {line}"
            );
            // A zsh takes what is behind it for arguments.
            assert!(!line.contains(" # "), "a comment behind a command: {line}");
        }
    }
}

#[tokio::test]
async fn q1_the_tour_of_the_readme_works_as_it_is_copied_in_bash_and_zsh() {
    if in_memory() {
        return;
    }
    for shell in ["bash", "zsh"] {
        let there =
            |program: &str| Command::new(program).arg("--version").stdout(Stdio::null()).status().is_ok();
        if !there(shell) || !there("curl") {
            eprintln!("skipped: there is no {shell} here, or no curl");
            continue;
        }
        let mut server = Server::prepare(&[]);
        let user = server.home().to_owned();
        let mut serve = binary();
        serve.env("HOME", &user).args(["--listen", "127.0.0.1:0"]);
        server.run(serve);
        let space = TestSpace::of(server);
        let readme = readme();
        let blocks = tour(&readme);
        assert!(blocks.len() >= 8, "{blocks:?}");
        let script = blocks.concat().replace("http://127.0.0.1:8080", space.anybody().root());
        // What a person types, and where the program is.
        let script =
            script.replace("--tenant library\n", "--tenant library --password-file \"$HOME/words\"\n");
        let script = script.replace(
            "--as olivia@example.org\n",
            "--as olivia@example.org --password-file \"$HOME/words\"\n",
        );
        std::fs::write(user.join("words"), "seven owls dance under copper moons\n").unwrap();
        let program = binary().get_program().to_owned();
        let folder = std::path::Path::new(&program).parent().unwrap().display().to_string();
        let script = script.replace("$PWD/target/release", &folder);
        let mut run = Command::new(shell);
        run.args(["-c", &script]).env("HOME", &user).env_remove("http_proxy").env("no_proxy", "127.0.0.1");
        run.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
        let ran = tokio::task::spawn_blocking(move || run.output().unwrap()).await.unwrap();
        let (said, errors) = (String::from_utf8(ran.stdout).unwrap(), String::from_utf8_lossy(&ran.stderr));
        assert!(ran.status.success(), "{shell}: {said}\n{errors}");
        for told in [
            "manual: ",
            "The policy our own people is made.\n",
            "manual is published. Who may ask it, its policies say: our own people.\n",
            "  policies.md, \"The meaning\"\n      ",
            "\"document_id\":\"policies.md\"",
            "\"verdict\":\"deny\"",
            "owner olivia@example.org  endpoint manual",
            "\"document_id\":\"hours\"",
            "anna@example.org may join as user until ",
        ] {
            assert!(said.contains(told), "{shell} does not show {told}: {said}\n{errors}");
        }
        assert!(!said.contains("urn:syft-space:problem"), "{shell}: {said}");
    }
}

/// The text between ```` ```python ```` and its end.
fn snippet() -> String {
    let readme = readme();
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
