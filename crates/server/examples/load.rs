//! The load generator: how many queries a second a space answers, compared with a bare route. See `tools/load/README.md`.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measuring tool: it stops at whatever is wrong, prints, and reads the clock"
)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::{App, HttpResponse, HttpServer, web};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const CONNECTION_COUNT: usize = 64;
const CHUNK_COUNT: usize = 2_000;
const QUESTIONS: &str = include_str!("../../../tools/load/questions.txt");

fn main() {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some("--bare") => bare(arguments.next().unwrap().parse().unwrap()),
        seconds => {
            let seconds = seconds.map_or(5, |text| text.parse().unwrap());
            let rounds = arguments.next().map_or(5, |text| text.parse().unwrap());
            tokio::runtime::Runtime::new().unwrap().block_on(measure(Duration::from_secs(seconds), rounds));
        }
    }
}

/// A route that reads a query's JSON, and answers JSON of a size.
fn bare(size: usize) {
    let body: Arc<str> = json!({ "answer": "x".repeat(size.saturating_sub(13)) }).to_string().into();
    actix_web::rt::System::new().block_on(async move {
        let server = HttpServer::new(move || {
            let body = Arc::clone(&body);
            let answer = move |asked: web::Json<Value>| {
                let body = Arc::clone(&body);
                async move {
                    assert!(asked.get("messages").is_some());
                    HttpResponse::Ok().content_type("application/json").body(body.to_string())
                }
            };
            App::new().route("/query", web::post().to(answer))
        });
        let server = server.workers(2).bind("127.0.0.1:0").unwrap();
        println!("Listening on http://{}", server.addrs().first().unwrap());
        server.run().await.unwrap();
    });
}

struct Running(Child, String);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn start(command: &mut Command) -> Running {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let address =
        lines.find_map(|line| line.unwrap().strip_prefix("Listening on http://").map(str::to_owned)).unwrap();
    std::thread::spawn(move || lines.for_each(drop));
    Running(child, address)
}

async fn measure(time: Duration, rounds: usize) {
    let home = tempfile::tempdir().unwrap();
    let own = std::env::current_exe().unwrap();
    let binary = own.parent().and_then(Path::parent).unwrap().join("syft-space");
    let begun = Instant::now();
    let mut command = Command::new(binary);
    let server = start(
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--home"])
            .arg(home.path())
            .env("SYFT_SPACE_LOG", "error"),
    );
    println!("first start to ready: {:.0} ms", begun.elapsed().as_secs_f64() * 1_000.0);
    let token = fill(&server.1, home.path()).await;
    println!("memory before the load: {} MiB", resident(server.0.id()) / 1_024);

    let to_space = requests("/api/v1/endpoints/docs/query", &token, "");
    let with_receipts = requests("/api/v1/endpoints/docs/query", &token, "x-syft-receipt: 1\r\n");
    let (answers, size) = run(&server, &to_space, Duration::from_secs(1)).await;
    let size = size / answers.count.max(1);
    println!(
        "an answer has {size} bytes; {} of {} questions found something",
        hits(&server.1, &to_space).await,
        to_space.len()
    );
    let bare = start(Command::new(own).args(["--bare", &size.to_string()]));
    let to_bare = requests("/query", "x", "");
    let to_counted = requests("/api/v1/endpoints/counted/query", &token, "");

    let (mut ratios, mut receipt_ratios, mut counted_ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=rounds {
        let (bare, _) = run(&bare, &to_bare, time).await;
        let (space, _) = run(&server, &to_space, time).await;
        let (receipted, _) = run(&server, &with_receipts, time).await;
        let (counted, _) = run(&server, &to_counted, time).await;
        let ratio = space.per_second(time) / bare.per_second(time);
        let receipt_ratio = receipted.per_second(time) / space.per_second(time);
        let counted_ratio = counted.per_second(time) / space.per_second(time);
        println!("{round}: bare {}; space {}; ratio {ratio:.3}", bare.show(time), space.show(time));
        println!("{round}: with receipts {}; of the space {receipt_ratio:.3}", receipted.show(time));
        println!("{round}: counted {}; of the space {counted_ratio:.3}", counted.show(time));
        ratios.push(ratio);
        receipt_ratios.push(receipt_ratio);
        counted_ratios.push(counted_ratio);
    }
    println!("median ratio: {:.3}", median(ratios));
    println!("median of what is left with receipts: {:.3}", median(receipt_ratios));
    println!("median of what is left where queries are counted: {:.3}", median(counted_ratios));
    println!("memory after the load: {} MiB", resident(server.0.id()) / 1_024);
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    *numbers.get(numbers.len() / 2).unwrap()
}

fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Each question as the bytes of a request, with a header line besides.
fn requests(path: &str, token: &str, header: &str) -> Vec<Vec<u8>> {
    let request = |question: &str| {
        let body = json!({ "messages": question, "limit": 5, "similarity_threshold": 0.5, "include_metadata": true });
        let body = body.to_string();
        format!(
            "POST {path} HTTP/1.1\r\nhost: space\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
             {header}content-length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    };
    QUESTIONS.lines().map(request).collect()
}

#[derive(Default)]
struct Answers {
    count: usize,
    latencies: Vec<Duration>,
    /// What the server's process has computed meanwhile.
    computed: Duration,
}

impl Answers {
    fn per_second(&self, time: Duration) -> f64 {
        f64::from(u32::try_from(self.count).unwrap()) / time.as_secs_f64()
    }

    fn show(&self, time: Duration) -> String {
        let mut sorted = self.latencies.clone();
        sorted.sort();
        let at = |share: usize| sorted.get(sorted.len() * share / 100).unwrap().as_secs_f64() * 1_000.0;
        let computed =
            self.computed.as_secs_f64() * 1_000_000.0 / f64::from(u32::try_from(self.count).unwrap());
        format!(
            "{:.0}/s, p50 {:.2} ms, p99 {:.2} ms, {computed:.1} µs of a processor each",
            self.per_second(time),
            at(50),
            at(99)
        )
    }
}

/// Asks on all connections for a time, and answers what came back, and how many bytes of bodies.
async fn run(server: &Running, requests: &[Vec<u8>], time: Duration) -> (Answers, usize) {
    let Running(process, address) = server;
    let before = computed(process.id());
    let requests: Arc<[Vec<u8>]> = requests.into();
    let end = Instant::now() + time;
    let tasks: Vec<_> = (0..CONNECTION_COUNT)
        .map(|n| {
            let (requests, address) = (Arc::clone(&requests), address.clone());
            tokio::spawn(async move {
                let mut connection = TcpStream::connect(address).await.unwrap();
                connection.set_nodelay(true).unwrap();
                let (mut answers, mut bytes, mut buffer) = (Answers::default(), 0, Vec::new());
                for request in requests.iter().cycle().skip(n) {
                    let asked = Instant::now();
                    if asked >= end {
                        break;
                    }
                    connection.write_all(request).await.unwrap();
                    bytes += answer(&mut connection, &mut buffer).await.len();
                    answers.latencies.push(asked.elapsed());
                    answers.count += 1;
                }
                (answers, bytes)
            })
        })
        .collect();
    let (mut all, mut bytes) = (Answers::default(), 0);
    for task in tasks {
        let (answers, more) = task.await.unwrap();
        all.count += answers.count;
        all.latencies.extend(answers.latencies);
        bytes += more;
    }
    all.computed = computed(process.id()) - before;
    (all, bytes)
}

/// How long a process has computed, in its own code and the kernel's.
fn computed(pid: u32) -> Duration {
    let status = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let (_, behind_name) = status.rsplit_once(')').unwrap();
    let ticks = behind_name.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap());
    Duration::from_millis(ticks.sum::<u64>() * 10)
}

/// Reads one answer, demands that it is a good one, and gives its body.
async fn answer<'a>(connection: &mut TcpStream, buffer: &'a mut Vec<u8>) -> &'a [u8] {
    buffer.clear();
    loop {
        assert!(connection.read_buf(buffer).await.unwrap() > 0, "the server hung up");
        let Some(head) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let text = std::str::from_utf8(buffer.get(..head).unwrap()).unwrap().to_ascii_lowercase();
        assert!(text.starts_with("http/1.1 200"), "{text}");
        let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        let length: usize = length.parse().unwrap();
        while buffer.len() < head + 4 + length {
            assert!(connection.read_buf(buffer).await.unwrap() > 0, "the server hung up");
        }
        return buffer.get(head + 4..).unwrap();
    }
}

async fn hits(address: &str, requests: &[Vec<u8>]) -> usize {
    let (mut found, mut buffer) = (0, Vec::new());
    let mut connection = TcpStream::connect(address).await.unwrap();
    for request in requests {
        connection.write_all(request).await.unwrap();
        let body: Value = serde_json::from_slice(answer(&mut connection, &mut buffer).await).unwrap();
        found += usize::from(body.pointer("/references/documents/0").is_some());
    }
    found
}

/// Founds a tenant, puts 2,000 chunks in, publishes them behind a policy, and answers a token.
async fn fill(address: &str, home: &Path) -> String {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let send = async |method: reqwest::Method, path: &str, token: &str, body: Value| -> Value {
        let request =
            client.request(method, format!("http://{address}/api/v1{path}")).bearer_auth(token).json(&body);
        let response = request.send().await.unwrap();
        assert!(response.status().is_success(), "{path}: {}", response.text().await.unwrap());
        response.json().await.unwrap()
    };
    let post = reqwest::Method::POST;
    let setup = std::fs::read_to_string(home.join("setup-token")).unwrap();
    let (email, password) = ("owner@load.example", "seven owls dance under copper moons");
    let body =
        json!({ "email": email, "password": password, "tenant_name": "load", "setup_token": setup.trim() });
    send(post.clone(), "/auth/register", "", body).await;
    let login = send(post.clone(), "/auth/login", "", json!({ "email": email, "password": password })).await;
    let token = login["access_token"].as_str().unwrap().to_owned();
    let dataset =
        send(post.clone(), "/datasets", &token, json!({ "name": "load", "dtype": "embedded" })).await;
    let dataset = dataset["id"].as_str().unwrap().to_owned();
    let texts: Vec<Value> = corpus()
        .into_iter()
        .enumerate()
        .map(|(n, text)| json!({ "document_id": format!("d{n}"), "title": format!("Document {n}"), "content": text }))
        .collect();
    let path = format!("/datasets/{dataset}/documents?wait=true");
    let job = send(post.clone(), &path, &token, json!({ "documents": texts })).await;
    println!("{} documents, {} chunks", job["job"]["documents_done"], job["job"]["chunks"]);
    let mut patterns: Vec<String> = (0..60).map(|n| format!("person{n}@example.org")).collect();
    patterns.extend((0..35).map(|n| format!("*@department{n}.example.org")));
    patterns.extend((0..4).map(|n| format!("team-{n}-*@*.example.net")));
    patterns.push("*@load.example".to_owned());
    let configuration = json!({ "mode": "allow", "patterns": patterns });
    let mut ids = Vec::new();
    for (policy_type, configuration) in [
        ("access", configuration),
        ("rate_limit", json!({ "rate": "1000000/s" })),
        ("accounting", json!({ "price": "0.000001", "currency": "EUR", "budget": "1000000" })),
        ("disclosure_limit", json!({ "cap": CHUNK_COUNT })),
    ] {
        let policy =
            json!({ "name": policy_type, "policy_type": policy_type, "configuration": configuration });
        ids.push(send(post.clone(), "/policies", &token, policy).await["id"].clone());
    }
    for (slug, ids) in [("docs", &ids[..1]), ("counted", &ids[..])] {
        let endpoint = json!({
            "name": slug, "slug": slug, "dataset_id": dataset, "response_type": "raw", "published": true,
        });
        send(post.clone(), "/endpoints", &token, endpoint).await;
        let path = format!("/endpoints/{slug}/policies");
        send(reqwest::Method::PUT, &path, &token, json!({ "policy_ids": ids })).await;
    }
    token
}

/// Texts of one chunk each, whose words are about as frequent as in a language: common words, the words of the
/// questions, and made-up ones.
fn corpus() -> Vec<String> {
    const COMMON: [&str; 16] = [
        "the", "of", "and", "to", "a", "in", "is", "that", "for", "it", "with", "as", "was", "on", "be", "by",
    ];
    const SYLLABLES: [&str; 12] =
        ["ka", "to", "mi", "ren", "sol", "da", "vi", "lum", "pe", "nor", "gri", "zen"];
    let asked: Vec<&str> =
        QUESTIONS.split(|c: char| !c.is_alphabetic()).filter(|word| word.len() > 3).collect();
    let mut state = 7_u64;
    let mut below = move |limit: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % limit
    };
    let mut text = || {
        let mut words: Vec<String> = Vec::new();
        let topic = below(asked.len());
        while words.iter().map(|word| word.len() + 1).sum::<usize>() < 720 {
            let word = match below(100) {
                0..45 => (*COMMON.get(below(COMMON.len())).unwrap()).to_owned(),
                45..57 => (*asked.get((topic + below(10)) % asked.len()).unwrap()).to_lowercase(),
                57..62 => (*asked.get(below(asked.len())).unwrap()).to_lowercase(),
                _ => {
                    // The product of two draws makes low ranks frequent.
                    let mut rank = 1 + below(100) * below(100);
                    let mut word = String::new();
                    while rank > 0 {
                        word.push_str(SYLLABLES.get(rank % SYLLABLES.len()).unwrap());
                        rank /= SYLLABLES.len();
                    }
                    word
                }
            };
            words.push(word);
        }
        words.join(" ") + "."
    };
    (0..CHUNK_COUNT).map(|_| text()).collect()
}
