//! `config show`, and that the documentation of the commands is the commands' own.

use std::fs;

use super::{command, run};
use crate::space::in_memory;

#[test]
fn config_show_tells_each_setting_and_where_it_was_said_without_a_space() {
    if in_memory() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("config.toml"), "workers = 3\nbehind_proxy = ['10.0.0.0/8', '192.0.2.1']")
        .unwrap();
    let mut with = command(home.path(), &["config", "show", "--listen", "127.0.0.1:9"]);
    with.env("SYFT_SPACE_LOG", "warn");
    let table = String::from_utf8(with.output().unwrap().stdout).unwrap();
    let json: serde_json::Value =
        serde_json::from_slice(&with.arg("--json").output().unwrap().stdout).unwrap();
    let of = |key: &str| {
        json["items"].as_array().unwrap().iter().find(|setting| setting["key"] == key).unwrap().clone()
    };
    assert_eq!(of("workers")["value"], "3");
    assert_eq!(of("workers")["source"]["kind"], "file");
    assert_eq!(of("behind_proxy")["value"], "10.0.0.0/8,192.0.2.1/32");
    assert_eq!(of("log")["source"], serde_json::json!({ "kind": "environment", "name": "SYFT_SPACE_LOG" }));
    assert_eq!(of("listen")["source"], serde_json::json!({ "kind": "flag", "name": "--listen" }));
    assert_eq!(of("max_body_bytes")["source"]["kind"], "default");
    assert_eq!(of("home")["value"], home.path().to_str().unwrap());
    for setting in syft_space::config::SETTINGS {
        of(setting.key);
        assert!(table.contains(setting.key), "{table}");
    }
    let names: Vec<_> = fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["config.toml"], "looking makes nothing");

    fs::write(home.path().join("config.toml"), "wrokers = 3").unwrap();
    let ran = run(home.path(), &["config", "show"]).expect(1);
    assert!(ran.stderr.contains("did you mean workers?"), "{ran:?}");
}

#[test]
fn bash_completes_behind_each_word() {
    if in_memory() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let script = home.path().join("completions");
    fs::write(&script, run(home.path(), &["completions", "bash"]).expect(0).stdout).unwrap();
    let completed = |words: &[&str]| {
        let ask = r#"
            . "$SCRIPT"
            COMP_WORDS=("$@" "") COMP_CWORD=$#
            completes=$(complete -p syft-space | sed 's/.* -F \([^ ]*\) .*/\1/')
            "$completes" syft-space "" "${!#}"
            printf '%s\n' "${COMPREPLY[@]}""#;
        let mut bash = std::process::Command::new("bash");
        bash.args(["--norc", "-c", ask, "bash"]).args(words).env("SCRIPT", &script);
        String::from_utf8(bash.output().unwrap().stdout)
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    for (words, offered) in [
        (&["syft-space"][..], "policies"),
        (&["syft-space", "policies"], "rollback"),
        (&["syft-space", "policies", "set"], "--allow"),
        (&["syft-space", "audit", "list"], "--outcome"),
    ] {
        let found = completed(words);
        assert!(found.iter().any(|one| one == offered), "{words:?}: {found:?}");
    }
}

#[test]
fn completions_name_every_command() {
    if in_memory() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run(home.path(), &["completions", shell]).expect(0).stdout;
        for command in syft_space::cli::command().get_subcommands() {
            assert!(script.contains(command.get_name()), "{shell} does not complete {}", command.get_name());
        }
    }
}
