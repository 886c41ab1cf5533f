//! What the real engine finds and how close that is, and what comes out of files of every format that holds text.

use serde_json::json;

use super::recorder::{Ask, Recorder};
use crate::space::TestSpace;
use crate::space::form::{body, content_type, part};

const HTML: &str = "<!doctype html><html><head><title>Of owls</title><style>p{}</style></head><body><h1>Owls</h1>\
                    <p>Owls <b>hoot</b> at night.</p><script>alert(1)</script></body></html>";
const CSV: &str = "bird,sound\nowl,hoot\nduck,\"quack, loudly\"\n";

pub async fn play() -> Recorder {
    let space = TestSpace::start().await;
    let mut r = Recorder::new("search", &space).with_scores();
    r.found(&space, "owner", "acme").await;
    words(&mut r).await;
    languages(&mut r).await;
    formats(&mut r).await;
    passwords(&mut r).await;
    r.log("owner", "/audit").await;
    r
}

async fn ask(r: &mut Recorder, dataset: &str, question: &str) {
    let body = json!({ "query": question, "similarity_threshold": 0.0, "limit": 10 });
    r.post("owner", &format!("/datasets/«{dataset}»/search"), body).await;
}

async fn words(r: &mut Recorder) {
    r.make("birds", "owner", "/datasets", json!({ "name": "birds", "dtype": "embedded" })).await;
    let long = (0..200).map(|n| format!("# Part {n}\n\nIn part {n} a duck quacks {n} times, and swims.\n\n"));
    let documents = json!({ "documents": [
        { "document_id": "owls", "title": "Owls", "content": "Owls hoot at night. An owl sees well." },
        { "document_id": "ducks", "content": "Ducks quack by day. Ducks swim." },
        { "document_id": "kiwis", "content": "Kiwis walk at night and never fly." },
        { "document_id": "long", "content": long.collect::<String>() },
    ] });
    r.make("job", "owner", "/datasets/«birds»/documents?wait=true", documents).await;
    r.get("owner", "/datasets/«birds»/documents").await;
    for question in [
        "owl",
        "Which bird hoots at night?",
        "swimming ducks",
        "part 117",
        "the",
        "night OR day",
        "zebra",
        "Owls kiwis ducks",
    ] {
        ask(r, "birds", question).await;
    }
    r.make("endpoint", "owner", "/endpoints", json!({
        "name": "Birds", "slug": "birds", "dataset_id": "«birds»", "response_type": "raw", "published": true,
    }))
    .await;
    for (threshold, limit) in [(0.0, 1), (0.3, 5), (0.5, 5), (0.8, 5), (1.0, 100)] {
        let body = json!({ "messages": "Do owls hoot at night?", "similarity_threshold": threshold, "limit": limit });
        r.post("owner", "/endpoints/birds/query", body).await;
    }
    r.delete("owner", "/datasets/«birds»/documents/owls").await;
    ask(r, "birds", "Which bird hoots at night?").await;
}

async fn languages(r: &mut Recorder) {
    for (name, configuration, content, questions) in [
        (
            "german",
            json!({ "stemming": "german", "stop_words": "german" }),
            "Die Häuser stehen am See.",
            ["Haus", "die"],
        ),
        (
            "plain",
            json!({ "stemming": "none", "stop_words": "none" }),
            "Die Häuser stehen am See.",
            ["haus", "die"],
        ),
        ("japanese", json!({ "tokenizer": "cjk" }), "東京都は日本の首都です。", ["京都", "日本"]),
    ] {
        let body = json!({ "name": name, "dtype": "embedded", "configuration": configuration });
        r.make(name, "owner", "/datasets", body).await;
        let documents = json!({ "documents": [{ "document_id": "one", "content": content }] });
        r.make(
            &format!("job of {name}"),
            "owner",
            &format!("/datasets/«{name}»/documents?wait=true"),
            documents,
        )
        .await;
        for question in questions {
            ask(r, name, question).await;
        }
    }
}

async fn formats(r: &mut Recorder) {
    r.make("files", "owner", "/datasets", json!({ "name": "files", "dtype": "embedded" })).await;
    let form = body(&[
        part("owls.html", HTML.as_bytes()),
        part("sounds.csv", CSV.as_bytes()),
        part("owls.json", br#"{"bird": "owl", "sounds": ["hoot", "screech"]}"#),
        part("notes.md", b"# Notes\n\nOwls are *silent* flyers."),
        part("plain.txt", "Übermut tut selten gut.".as_bytes()),
        part("latin.txt", b"\xdcbermut"),
        part("broken.pdf", b"%PDF-1.7 and nothing"),
        part("broken.docx", b"PK and nothing"),
        part("program.exe", b"MZ"),
    ]);
    let ask_form = Ask::new("owner", "POST", "/datasets/«files»/documents?wait=true");
    r.send(ask_form.header("content-type", &content_type()).body(form)).await;
    r.get("owner", "/datasets/«files»/documents").await;
    for document in ["owls.html", "sounds.csv", "owls.json", "notes.md", "plain.txt"] {
        r.get("owner", &format!("/datasets/«files»/documents/{document}")).await;
    }
    for question in ["hoot", "silent owls", "übermut"] {
        ask(r, "files", question).await;
    }
}

/// Which passwords are guessed is the real adapter's to say.
async fn passwords(r: &mut Recorder) {
    for password in
        ["password1234567", "aaaaaaaaaaaaaaaa", "qwertyuiopasdfgh", "anna@acme.example", "acmeacmeacmeacme"]
    {
        let invited =
            r.post("owner", "/invitations", json!({ "email": "anna@acme.example", "role": "user" })).await;
        r.keep("invitation", invited.text("/id"));
        r.keep("invitation token", invited.text("/token"));
        r.post(
            "nobody",
            "/invitations/accept",
            json!({ "token": "«invitation token»", "password": password }),
        )
        .await;
    }
}
