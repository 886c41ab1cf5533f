//! The command `encoder add` of an archive: what is fetched is taken by its sum alone, and no name in it becomes a path.

use std::fs;
use std::io::{BufRead, BufReader, Cursor, Write};
use std::net::TcpListener;
use std::path::Path;
use std::thread;

use sha2::{Digest, Sha256};
use tempfile::TempDir;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::encoder::models::telling_apart;
use super::{CommandOutput, found, run};
use crate::space::in_memory;

/// What a server answers with.
#[derive(Clone)]
enum Answer {
    Whole(Vec<u8>),
    /// Half of it, and then the connection ends.
    Half(Vec<u8>),
    /// A redirect to another path.
    Moved,
}

/// A server that answers each request so. Answers where it is.
fn serve(answer: Answer) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/model.zip", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(stream);
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).unwrap_or(0) > 0 {}
            let mut stream = reader.into_inner();
            let head =
                |length| format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
            let _gone = match &answer {
                Answer::Whole(bytes) => {
                    stream.write_all(head(bytes.len()).as_bytes()).and_then(|()| stream.write_all(bytes))
                }
                Answer::Half(bytes) => stream
                    .write_all(head(bytes.len()).as_bytes())
                    .and_then(|()| stream.write_all(&bytes[..bytes.len() / 2])),
                Answer::Moved => stream.write_all(
                    b"HTTP/1.1 302 Found\r\nlocation: /other.zip\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
                ),
            };
        }
    });
    url
}

fn sum(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// A ZIP archive of these entries.
fn zip(entries: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        writer.start_file(*name, options).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// The paths of all files below a folder, from there.
fn files_below(root: &Path) -> Vec<String> {
    let (mut folders, mut names) = (vec![root.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                names.push(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    names.sort();
    names
}

/// The files of a model, under a folder of an archive.
fn model_under(folder: &str) -> Vec<(String, Vec<u8>)> {
    let model = TempDir::new().unwrap();
    telling_apart(1).write(model.path());
    let files = files_below(model.path()).into_iter();
    files.map(|name| (format!("{folder}{name}"), fs::read(model.path().join(name)).unwrap())).collect()
}

fn archive_of(entries: &[(String, Vec<u8>)]) -> Vec<u8> {
    let entries: Vec<(&str, Vec<u8>)> =
        entries.iter().map(|(name, content)| (name.as_str(), content.clone())).collect();
    zip(&entries)
}

/// A home with a space, on which no server runs.
fn home() -> TempDir {
    let home = TempDir::new().unwrap();
    found(home.path(), "acme");
    home
}

/// From now on this machine may be called.
fn allow(home: &Path) {
    fs::write(home.join("config.toml"), "outbound_allow = [\"127.0.0.1\"]\n").unwrap();
}

fn add(home: &TempDir, more: &[&str]) -> CommandOutput {
    run(home.path(), &[&["encoder", "add", "small"], more].concat())
}

/// Each file below the folder of encoders.
fn installed(home: &Path) -> Vec<String> {
    files_below(&home.join("encoders"))
}

#[test]
fn q2_a_model_of_an_archive_is_the_one_of_the_folder_that_it_was_made_of() {
    if in_memory() {
        return;
    }
    let home = home();
    allow(home.path());
    let folder = TempDir::new().unwrap();
    telling_apart(1).write(folder.path());
    let of_folder = add(&home, &[folder.path().to_str().unwrap(), "--json"]).expect(0).json();
    for within in ["", "package/model/"] {
        let mut entries = model_under(within);
        entries.push(("package/../../evil".to_owned(), b"x".to_vec()));
        entries.push((format!("{within}pytorch_model.bin"), b"a pickle".to_vec()));
        let archive = archive_of(&entries);
        let url = serve(Answer::Whole(archive.clone()));
        let added = add(&home, &[&url, "--sha256", &sum(&archive), "--json"]).expect(0).json();
        assert_eq!(added["encoder"]["revision"], of_folder["encoder"]["revision"], "{within}");
        let names = installed(home.path());
        assert!(names.contains(&"small/model.safetensors".to_owned()), "{names:?}");
        assert!(!names.iter().any(|name| name.contains("evil") || name.contains("pytorch")), "{names:?}");
    }
    assert!(!home.path().parent().unwrap().join("evil").exists());
}

#[test]
fn q2_what_is_fetched_and_is_not_what_was_named_or_no_model_leaves_nothing_behind() {
    if in_memory() {
        return;
    }
    let home = home();
    let good = archive_of(&model_under("model/"));
    let told = add(&home, &[&serve(Answer::Whole(good.clone())), "--sha256", &sum(&good)]).expect(4);
    assert!(told.stderr.contains("OUTBOUND_ALLOW"), "{}", told.stderr);
    allow(home.path());
    let refused = |bytes: Vec<u8>, why: &str| {
        let sum = sum(&bytes);
        let told = add(&home, &[&serve(Answer::Whole(bytes)), "--sha256", &sum]).expect(4);
        assert!(told.stderr.contains(why), "{why}: {}", told.stderr);
    };
    let several = [model_under("a/"), model_under("b/")].concat();
    refused(archive_of(&several), "it has 2 files model.safetensors, and must have one");
    refused(zip(&[("readme", b"none".to_vec())]), "it has 0 files model.safetensors");
    let mut lacking = model_under("model/");
    lacking.retain(|(name, _)| !name.ends_with("tokenizer.json"));
    refused(archive_of(&lacking), "tokenizer.json is missing");
    refused(b"no archive".to_vec(), "the model's archive cannot be used");
    let mut bomb = model_under("model/");
    bomb.retain(|(name, _)| !name.ends_with("/config.json"));
    bomb.push(("model/config.json".to_owned(), vec![b' '; 64 << 20]));
    refused(archive_of(&bomb), "config.json has 67108864 bytes, and may have");
    let mut linked = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in model_under("model/") {
        if name == "model/config.json" {
            linked.add_symlink(name, "/etc/passwd", SimpleFileOptions::default()).unwrap();
        } else {
            linked.start_file(name, SimpleFileOptions::default()).unwrap();
            linked.write_all(&content).unwrap();
        }
    }
    refused(linked.finish().unwrap().into_inner(), "config.json is no file of its own");
    // A byte of the weights is another than the archive's own checksum says.
    let mut broken = good.clone();
    let middle = broken.len() / 2;
    broken[middle] ^= 1;
    let other = sum(&broken);
    let told = add(&home, &[&serve(Answer::Whole(broken)), "--sha256", &other]);
    assert!(told.code == Some(4) || told.code == Some(1), "{told:?}");

    let wrong = sum(b"another");
    let told = add(&home, &[&serve(Answer::Whole(good.clone())), "--sha256", &wrong]).expect(4);
    assert!(told.stderr.contains(&sum(&good)) && told.stderr.contains(&wrong), "{}", told.stderr);
    let told = add(&home, &[&serve(Answer::Half(good.clone())), "--sha256", &sum(&good)]).expect(1);
    assert!(told.stderr.contains("cannot be fetched"), "{}", told.stderr);
    let told = add(&home, &[&serve(Answer::Moved), "--sha256", &sum(&good)]).expect(1);
    assert!(told.stderr.contains("no redirect is followed"), "{}", told.stderr);
    let url = serve(Answer::Whole(good.clone()));
    let told = add(&home, &["all-minilm-l6-v2"]).expect(3);
    assert!(told.stderr.contains("known are: all-MiniLM-L6-v2"), "{}", told.stderr);
    let told = add(&home, &[&url]).expect(2);
    assert!(told.stderr.contains("--sha256"), "{}", told.stderr);
    let told = add(&home, &[&url, "--sha256", "00"]).expect(2);
    assert!(told.stderr.contains("64 hexadecimal digits"), "{}", told.stderr);
    assert_eq!(installed(home.path()), [".lock"], "nothing but the mark that somebody worked here");
}
