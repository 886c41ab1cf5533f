//! The commands `encoder`: what is installed, what is refused, and what a kill leaves.

#[path = "../../../../models/tests/support/mod.rs"]
pub(crate) mod models;

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use self::models::{Files, TINY, random, telling_apart};
use super::{CommandOutput, command, found, output_of, run, run_with, stop};
use crate::space::{TestSpace, in_memory};

fn folder_of(files: &Files) -> TempDir {
    let folder = TempDir::new().unwrap();
    files.write(folder.path());
    folder
}

fn add(home: &Path, name: &str, folder: &Path, more: &[&str]) -> CommandOutput {
    let arguments = ["encoder", "add", name, folder.to_str().unwrap()];
    run(home, &[&arguments, more].concat())
}

fn listed(home: &Path) -> Vec<Value> {
    run(home, &["encoder", "list", "--json"]).expect(0).items()
}

/// The names in the folder of encoders, those that begin with a dot too.
fn entries(home: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(home.join("encoders")) else { return Vec::new() };
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A home with a space, on which no server runs.
fn home() -> TempDir {
    let home = TempDir::new().unwrap();
    found(home.path(), "acme");
    home
}

#[tokio::test]
async fn q2_an_encoder_is_installed_listed_and_removed_alike_with_and_without_a_server() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::start().await;
    space.found("acme").await;
    let folder = folder_of(&telling_apart(1));
    let path = folder.path().join("all-MiniLM-L6-v2");
    fs::create_dir(&path).unwrap();
    telling_apart(1).write(&path);
    for round in 0..2 {
        let home = space.home();
        let told = add(home, "small", &path, &[]).expect(0).stdout;
        assert!(told.starts_with("small is installed: all-MiniLM-L6-v2, revision "), "{told}");
        let named = add(home, "other", &path, &["--model", "org/m", "--json"]).expect(0).json();
        let encoder = &named["encoder"];
        assert_eq!((&named["name"], &encoder["model"]), (&json!("other"), &json!("org/m")));
        assert_eq!((&encoder["dimension"], &encoder["longest_input"]), (&json!(32), &json!(64)));
        let cosine = encoder["unrelated_cosine"].as_f64().unwrap();
        assert!((0.0..0.95).contains(&cosine), "{cosine}");
        let revision = encoder["revision"].as_str().unwrap();
        assert!(told.contains(revision), "{told}");

        let items = listed(home);
        assert_eq!(items.iter().map(|item| &item["name"]).collect::<Vec<_>>(), ["other", "small"]);
        assert_eq!(items[0], named);
        let table = run(home, &["encoder", "list"]).expect(0).stdout;
        let row = table.lines().last().unwrap().split_whitespace().collect::<Vec<_>>();
        assert_eq!(row, ["small", "all-MiniLM-L6-v2", &revision[..12], "32", "64", "here"]);
        for file in ["small/model.safetensors", "small/encoder.json", "small", "."] {
            let mode = fs::metadata(home.join("encoders").join(file)).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{file}");
        }

        let told = run(home, &["encoder", "remove", "small"]).expect(0).stdout;
        assert!(told.contains("found by words"), "{told}");
        run(home, &["encoder", "remove", "other"]).expect(0);
        let gone = run(home, &["encoder", "remove", "small"]).expect(3);
        assert!(gone.stderr.contains("encoder list"), "{gone:?}");
        assert!(listed(home).is_empty());
        if round == 0 {
            stop(&mut space);
        }
    }
}

#[test]
fn q2_a_pinned_revision_and_no_other_is_installed_and_takes_the_place_of_what_has_its_name() {
    if in_memory() {
        return;
    }
    let home = home();
    let (one, two) = (folder_of(&telling_apart(1)), folder_of(&telling_apart(2)));
    let first = add(home.path(), "m", one.path(), &["--json"]).expect(0).json();
    let revision = first["encoder"]["revision"].as_str().unwrap();
    let refused = add(home.path(), "m", two.path(), &["--revision", revision]).expect(4);
    assert!(refused.stderr.contains("nothing was installed"), "{refused:?}");
    assert_eq!(listed(home.path()), std::slice::from_ref(&first));
    add(home.path(), "m", one.path(), &["--revision", &revision.to_uppercase()]).expect(0);
    add(home.path(), "m", one.path(), &["--revision", "12"]).expect(2);
    let second = add(home.path(), "m", two.path(), &["--json"]).expect(0).json();
    assert_ne!(first["encoder"]["revision"], second["encoder"]["revision"]);
    assert_eq!(listed(home.path()), [second]);
    assert_eq!(entries(home.path()), [".lock", "m"]);
}

/// What is done to a good model, and to the folder in which it lies.
type Change<'a> = &'a dyn Fn(&mut Files, &Path);

#[test]
fn k16_a_folder_that_is_no_good_is_refused_with_a_sentence_and_leaves_nothing() {
    if in_memory() {
        return;
    }
    let home = home();
    let changed = |change: Change<'_>| {
        let folder = TempDir::new().unwrap();
        let mut files = telling_apart(1);
        files.write(folder.path());
        change(&mut files, folder.path());
        folder
    };
    let weights = |folder: &Path| folder.join("model.safetensors");
    let hostile: [(&str, Change<'_>); 9] = [
        ("config.json is missing", &|_, folder| fs::remove_file(folder.join("config.json")).unwrap()),
        ("no file of its own", &|_, folder| {
            fs::rename(weights(folder), folder.join("moved")).unwrap();
            symlink("moved", weights(folder)).unwrap();
        }),
        ("model.safetensors has", &|_, folder| {
            File::create(weights(folder)).unwrap().set_len(3 << 30).unwrap();
        }),
        ("model.safetensors is not what it should be", &|_, folder| {
            fs::write(weights(folder), u64::MAX.to_le_bytes()).unwrap();
        }),
        ("finite", &|files, folder| {
            files.tensors.get_mut("embeddings.word_embeddings.weight").unwrap().1[7] = f32::NAN;
            files.write(folder);
        }),
        ("config.json says model_type", &|files, folder| {
            files.config["model_type"] = json!("\u{1b}[2Jgpt");
            files.write(folder);
        }),
        ("in the shape", &|files, folder| {
            files.config["num_hidden_layers"] = json!(1);
            files.config["intermediate_size"] = json!(64);
            files.write(folder);
        }),
        ("tokenizer.json is not what it should be", &|_, folder| {
            fs::write(folder.join("tokenizer.json"), "[".repeat(1 << 20)).unwrap();
        }),
        ("knows next to no word", &|_, folder| random(TINY, 1).write(folder)),
    ];
    for (reason, change) in hostile {
        let folder = changed(change);
        let refused = add(home.path(), "m", folder.path(), &[]).expect(4);
        let told = &refused.stderr;
        assert!(told.contains(reason) && told.contains("nothing was installed"), "{reason}: {told}");
        assert!(!told.contains('\u{1b}') && told.lines().count() == 1, "{told}");
        assert!(entries(home.path()).iter().all(|name| name == ".lock"), "{reason}");
    }
    let none = add(home.path(), "m", &home.path().join("none"), &[]).expect(4);
    assert!(none.stderr.contains("cannot be opened"), "{none:?}");
    assert!(listed(home.path()).is_empty());
}

#[test]
fn k16_a_model_is_read_with_no_more_memory_than_it_may_have() {
    let folder = folder_of(&telling_apart(1));
    let read = |bytes: &str| {
        let mut command = crate::space::binary();
        command.args(["read-model", folder.path().to_str().unwrap(), bytes]);
        output_of(command.output().unwrap())
    };
    let enough = read(&(1_u64 << 32).to_string()).expect(0);
    assert!(enough.json()["Model"]["revision"].is_string(), "{enough:?}");
    let little = read("1000000");
    // It ends, or gets as far as to say what it cannot have.
    assert!(!little.stdout.contains("Model"), "{little:?}");
}

#[test]
fn q2_what_cannot_be_followed_is_refused_by_name() {
    if in_memory() {
        return;
    }
    let home = home();
    let folder = folder_of(&telling_apart(1));
    let path = folder.path().to_str().unwrap();
    let url = ["--url", "http://127.0.0.1:9"];
    let cases: [(&[&str], &str); 9] = [
        (&["Big", path], "NAME"),
        (&["m"], "FOLDER"),
        (&["m", path, url[0], url[1]], "--url"),
        (&["m", url[0], url[1]], "--model"),
        (&["m", url[0], url[1], "--model", "m"], "--dimension"),
        (&["m", url[0], "ftp://x", "--model", "m", "--dimension", "8"], "--url"),
        (&["m", url[0], "http://a:b@127.0.0.1", "--model", "m", "--dimension", "8"], "--url"),
        (&["m", url[0], url[1], "--model", "m", "--dimension", "0"], "--url"),
        (&["m", path, "--key-file", "-"], "--url"),
    ];
    for (arguments, named) in cases {
        let refused = run(home.path(), &[&["encoder", "add"], arguments].concat()).expect(2);
        assert!(refused.stderr.contains(named), "{named}: {refused:?}");
    }
    let nowhere = TempDir::new().unwrap();
    for arguments in [["encoder", "list"].as_slice(), &["encoder", "add", "m", path]] {
        let refused = run(nowhere.path(), arguments).expect(3);
        assert!(refused.stderr.contains("there is no space in"), "{refused:?}");
    }
    assert!(fs::read_dir(nowhere.path()).unwrap().next().is_none(), "looking makes nothing");
    // Whoever installs at this moment is not disturbed.
    add(home.path(), "m", folder.path(), &[]).expect(0);
    let lock = File::open(home.path().join("encoders/.lock")).unwrap();
    lock.lock().unwrap();
    for arguments in [["encoder", "add", "n", path].as_slice(), &["encoder", "remove", "m"]] {
        let refused = run(home.path(), arguments).expect(4);
        assert!(refused.stderr.contains("try again"), "{refused:?}");
    }
    assert_eq!(listed(home.path()).len(), 1);
}

#[test]
fn q2_a_command_that_is_killed_leaves_an_encoder_whole_or_none() {
    if in_memory() {
        return;
    }
    let home = home();
    let folder = folder_of(&telling_apart(1));
    let arguments = ["encoder", "add", "m", folder.path().to_str().unwrap(), "--json"];
    let whole = run(home.path(), &arguments).expect(0).json();
    run(home.path(), &["encoder", "remove", "m"]).expect(0);
    let (mut installed, mut none) = (0, 0);
    for round in 0..24_u64 {
        let mut child = command(home.path(), &arguments);
        let mut child = child.stdout(std::process::Stdio::null()).spawn().unwrap();
        // Wherever it is by then: that is what is tried.
        thread::sleep(Duration::from_millis(round * 25));
        drop(child.kill());
        child.wait().unwrap();
        match &*listed(home.path()) {
            [] => none += 1,
            [one] => {
                assert_eq!(*one, whole);
                installed += 1;
                run(home.path(), &["encoder", "remove", "m"]).expect(0);
            }
            more => panic!("{more:?}"),
        }
    }
    assert!(none > 0, "it was killed early enough: {installed} installed");
    run(home.path(), &arguments).expect(0);
    assert_eq!(entries(home.path()), [".lock", "m"]);
}

/// A server that gives each text a vector of its words, and notes the heads of what it was asked.
pub(crate) struct EmbeddingsServer {
    pub(crate) url: String,
    heads: Arc<Mutex<Vec<String>>>,
    /// Whether it takes questions and answers none.
    pub(crate) is_silent: Arc<AtomicBool>,
}

impl EmbeddingsServer {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let heads: Arc<Mutex<Vec<String>>> = Arc::default();
        let noted = Arc::clone(&heads);
        let is_silent: Arc<AtomicBool> = Arc::default();
        let silent = Arc::clone(&is_silent);
        thread::spawn(move || {
            let mut unanswered = Vec::new();
            for stream in listener.incoming().flatten() {
                if silent.load(Ordering::SeqCst) {
                    unanswered.push(stream);
                    continue;
                }
                let mut reader = BufReader::new(stream);
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).unwrap_or(0) > 0 {}
                let length = head.to_ascii_lowercase();
                let length = length.lines().find_map(|line| line.strip_prefix("content-length: "));
                let mut body = vec![0; length.unwrap().parse().unwrap()];
                reader.read_exact(&mut body).unwrap();
                noted.lock().unwrap().push(head);
                let question: Value = serde_json::from_slice(&body).unwrap();
                let texts = question["input"].as_array().unwrap().iter().enumerate();
                let data: Vec<Value> = texts
                    .map(|(index, text)| {
                        let mut embedding = vec![0.1_f32; 16];
                        for (place, byte) in text.as_str().unwrap().bytes().enumerate() {
                            embedding[usize::from(byte) * (place + 1) % 16] += f32::from(byte % 7) - 3.0;
                        }
                        json!({ "index": index, "embedding": embedding })
                    })
                    .collect();
                let answer = json!({ "data": data }).to_string();
                let length = answer.len();
                let head =
                    format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
                drop(reader.into_inner().write_all(format!("{head}{answer}").as_bytes()));
            }
        });
        Self { url, heads, is_silent }
    }
}

#[test]
fn q2_a_server_is_asked_once_and_kept_with_its_key_sealed() {
    if in_memory() {
        return;
    }
    const KEY: &str = "sk-a-key-of-the-tests";
    let home = home();
    let server = EmbeddingsServer::start();
    let arguments = |dimension: &'static str| {
        let server = ["--url", &server.url, "--model", "small:latest", "--dimension", dimension];
        [["encoder", "add", "far"].as_slice(), &server, &["--key-file", "-"]].concat()
    };
    let denied = run_with(home.path(), &arguments("16"), KEY).expect(4);
    assert!(denied.stderr.contains("OUTBOUND_ALLOW"), "{denied:?}");
    assert!(server.heads.lock().unwrap().is_empty());
    let config = home.path().join("config.toml");
    fs::write(&config, "outbound_allow = [\"127.0.0.1\"]\n").unwrap();

    let wrong = run_with(home.path(), &arguments("8"), KEY).expect(4);
    assert!(wrong.stderr.contains("16 components, not 8") && !wrong.stderr.contains(KEY), "{wrong:?}");
    run_with(home.path(), &arguments("16"), "").expect(2);
    assert_eq!(entries(home.path()), Vec::<String>::new());
    let told = run_with(home.path(), &arguments("16"), &format!("{KEY}\n")).expect(0).stdout;
    assert!(told.contains("small-latest") && !told.contains(KEY), "{told}");
    let bearer = format!("bearer {KEY}");
    assert!(server.heads.lock().unwrap().iter().all(|head| head.to_lowercase().contains(&bearer)));
    let items = listed(home.path());
    assert_eq!(items[0]["encoder"]["server"], json!(server.url));
    let record = PathBuf::from("encoders/far/encoder.json");
    let record = fs::read_to_string(home.path().join(record)).unwrap();
    assert!(record.contains("sealed_key") && !record.contains(KEY), "{record}");
    let hexadecimal: String = KEY.bytes().map(|byte| format!("{byte:02x}")).collect();
    assert!(!record.contains(&hexadecimal), "{record}");

    let nobody = run(
        home.path(),
        &["encoder", "add", "far", "--url", "http://127.0.0.1:1", "--model", "m", "--dimension", "16"],
    );
    assert!(nobody.expect(1).stderr.contains("nothing was installed"));
    assert_eq!(listed(home.path()), items, "what there was stays");
}
