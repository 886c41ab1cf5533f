//! The encoder over a server, against one on loopback that says what a test has it say.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests and their helpers may panic")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use syft_space_conformance::encoder;
use syft_space_domain::Pending;
use syft_space_domain::encoder::ports::{EncodeError, Encoder};
use syft_space_domain::encoder::{Embedding, EncoderModel, ModelId};
use syft_space_domain::random::{Entropy, RandomError};
use syft_space_domain::secret::Secret;
use syft_space_models::{RemoteEncoder, RemoteModel, RemoteModelError};
use syft_space_outbound::{AllowList, Client, ClientSettings, OutboundError, SystemResolver};
use tokio::runtime::Runtime;

const DIMENSION: usize = 8;
/// The most bytes of a text that the server takes.
const MAX_TEXT_BYTES: usize = 100;

/// The head and the texts of each request.
type Asked = Arc<Mutex<Vec<(String, Vec<String>)>>>;
type Say = Box<dyn Fn(usize, &[String]) -> (u16, Value) + Send>;

/// A server on loopback, and what it was asked.
struct Server {
    base_url: String,
    asked: Asked,
}

impl Server {
    /// What it says hangs on how often it was asked before, and on the texts.
    fn start(say: impl Fn(usize, &[String]) -> (u16, Value) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base_url = format!("http://{}/v1/", listener.local_addr().unwrap());
        let (asked, say): (Asked, Arc<Mutex<Say>>) = (Arc::default(), Arc::new(Mutex::new(Box::new(say))));
        let known = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (known, say) = (Arc::clone(&known), Arc::clone(&say));
                std::thread::spawn(move || serve(stream, &known, &say));
            }
        });
        Self { base_url, asked }
    }

    /// How many texts each request had.
    fn sizes(&self) -> Vec<usize> {
        self.asked.lock().unwrap().iter().map(|(_, texts)| texts.len()).collect()
    }
}

fn serve(mut stream: TcpStream, asked: &Mutex<Vec<(String, Vec<String>)>>, say: &Mutex<Say>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).unwrap_or(0) == 0 {
            return;
        }
    }
    let length = head.to_ascii_lowercase();
    let length = length.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    reader.read_exact(&mut body).unwrap();
    let question: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(question["model"], "tiny");
    assert_eq!(question["encoding_format"], "float");
    let texts: Vec<String> = serde_json::from_value(question["input"].clone()).unwrap();
    let before = {
        let mut asked = asked.lock().unwrap();
        asked.push((head, texts.clone()));
        asked.len() - 1
    };
    let (status, answer) = say.lock().unwrap()(before, &texts);
    let answer = answer.to_string();
    let length = answer.len();
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nlocation: /elsewhere\r\nconnection: close\r\n\r\n"
    );
    drop(stream.write_all(format!("{head}{answer}").as_bytes()));
}

/// A vector of a text's words.
fn vector(text: &str) -> Vec<f32> {
    let mut sum = vec![0.0; DIMENSION];
    for word in std::iter::once("").chain(text.split_whitespace()) {
        for (component, byte) in sum.iter_mut().zip(Sha256::digest(word)) {
            *component += (f32::from(byte) - 127.5) / 127.5;
        }
    }
    sum
}

/// What a server says that is right, the last text first.
fn right(texts: &[String]) -> (u16, Value) {
    if texts.iter().any(|text| text.is_empty() || text.len() > MAX_TEXT_BYTES) {
        return (400, json!({ "error": { "message": "the input is empty or too long" } }));
    }
    let data = texts.iter().enumerate().rev();
    let data: Vec<_> =
        data.map(|(index, text)| json!({ "index": index, "embedding": vector(text) })).collect();
    (200, json!({ "object": "list", "data": data, "usage": { "total_tokens": 1 } }))
}

struct Zeros;

impl Entropy for Zeros {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
        buffer.fill(0);
        Ok(())
    }
}

fn client(allow: &str) -> Arc<Client> {
    let allow = AllowList::parse(allow).unwrap();
    let settings =
        ClientSettings { allow, name_time: Duration::from_millis(20), ..ClientSettings::default() };
    Arc::new(Client::new(settings, Arc::new(SystemResolver), Arc::new(Zeros)).unwrap())
}

fn wanted(base_url: &str) -> RemoteModel {
    let key = Some(Secret::new("a-key-of-the-tests".to_owned()));
    RemoteModel {
        base_url: base_url.to_owned(),
        name: "tiny".to_owned(),
        key,
        dimension: DIMENSION,
        longest_input: 16,
    }
}

fn made(wanted: RemoteModel) -> Result<RemoteEncoder, RemoteModelError> {
    RemoteEncoder::new(client("127.0.0.1"), ModelId::parse("tiny").unwrap(), wanted)
}

fn encoder_of(server: &Server) -> RemoteEncoder {
    made(wanted(&server.base_url)).unwrap()
}

/// The encoder on a runtime of its own, for a suite that has none.
struct OnRuntime(Arc<RemoteEncoder>, Runtime);

impl Encoder for OnRuntime {
    fn model(&self) -> &EncoderModel {
        self.0.model()
    }

    fn encode<'a>(&'a self, texts: &'a [&'a str]) -> Pending<'a, Result<Vec<Embedding>, EncodeError>> {
        let (encoder, texts) =
            (Arc::clone(&self.0), texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        let running = self.1.spawn(async move {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            Encoder::encode(&*encoder, &texts).await
        });
        Box::pin(async move { running.await.unwrap() })
    }
}

#[test]
fn q2_a_server_s_encoder_keeps_every_promise() {
    let server = Server::start(|_, texts| right(texts));
    encoder::suite(&move || {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        Box::new(OnRuntime(Arc::new(encoder_of(&server)), runtime))
    });
}

#[tokio::test]
async fn q2_a_server_gets_the_key_and_few_texts_at_a_time() {
    let server = Server::start(|_, texts| right(texts));
    let encoder = encoder_of(&server);
    let texts: Vec<String> = (0..70).map(|n| format!("text {n}")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let embeddings = Encoder::encode(&encoder, &texts).await.unwrap();
    let expected = texts.iter().map(|text| Embedding::of_direction(vector(text)).unwrap());
    assert!(embeddings.into_iter().eq(expected), "each text has its own, whatever the order of the answer");
    assert_eq!(server.sizes(), [32, 32, 6]);
    let heads = server.asked.lock().unwrap();
    assert!(heads.iter().all(|(head, _)| head.starts_with("POST /v1/embeddings HTTP/1.1\r\n")));
    assert!(heads.iter().all(|(head, _)| head.contains("authorization: Bearer a-key-of-the-tests\r\n")));
}

#[tokio::test]
async fn q2_a_text_that_a_server_finds_too_long_is_cut_and_no_other_is() {
    let server = Server::start(|_, texts| right(texts));
    let encoder = encoder_of(&server);
    let long = "one two ".repeat(40);
    let embeddings = Encoder::encode(&encoder, &["one", &long, "two"]).await.unwrap();
    let alone = Encoder::encode(&encoder, &[&long]).await.unwrap();
    assert_eq!(embeddings[1], alone[0]);
    assert_eq!(embeddings[0], Embedding::of_direction(vector("one")).unwrap());
    // Three together, then one, the long one twice, one; and the long one alone, again as one, and halved.
    assert_eq!(server.sizes(), [3, 1, 1, 1, 1, 1, 1, 1]);
    let never = Server::start(|_, _| (400, json!({})));
    let refused = Encoder::encode(&encoder_of(&never), &[&long]).await;
    assert!(matches!(refused, Err(EncodeError::Unusable(what)) if what.contains("16 characters")));
}

#[tokio::test]
async fn q2_what_a_server_answers_wrongly_is_refused_and_says_whether_to_try_again() {
    let item = |index: usize, embedding: Value| json!({ "index": index, "embedding": embedding });
    let ones = |n: usize| json!(vec![1; n]);
    for data in [
        json!(null),
        json!([]),
        json!([item(0, ones(DIMENSION))]),
        json!([item(0, ones(DIMENSION)), item(0, ones(DIMENSION))]),
        json!([item(0, ones(DIMENSION)), item(2, ones(DIMENSION))]),
        json!([item(0, ones(DIMENSION)), item(1, ones(DIMENSION - 1))]),
        json!([item(0, ones(DIMENSION)), item(1, json!(vec![0; DIMENSION]))]),
        json!([item(0, ones(DIMENSION)), item(1, json!(vec![1e39; DIMENSION]))]),
        json!([item(0, ones(DIMENSION)), item(1, json!(["1"]))]),
        json!([item(0, ones(DIMENSION)), item(1, json!("AAAA"))]),
        json!([item(0, ones(100_000)), item(1, ones(DIMENSION))]),
    ] {
        let shown = data.to_string();
        let server = Server::start(move |_, _| (200, json!({ "data": data })));
        let refused = Encoder::encode(&encoder_of(&server), &["one", "two"]).await;
        assert!(matches!(refused, Err(EncodeError::Unusable(_))), "{shown:.80}: {refused:?}");
    }
    for (status, expected) in
        [(401, "Unusable"), (404, "Unusable"), (302, "Unusable"), (429, "Busy"), (500, "Failed")]
    {
        let server = Server::start(move |_, _| (status, json!({})));
        let refused = Encoder::encode(&encoder_of(&server), &["one"]).await.unwrap_err();
        assert!(format!("{refused:?}").starts_with(expected), "{status}: {refused:?}");
        assert_eq!(server.sizes().len(), 1, "it is asked once");
    }
    // What passes is tried again at once, but not for ever.
    let server = Server::start(|before, texts| if before < 2 { (503, json!({})) } else { right(texts) });
    assert!(Encoder::encode(&encoder_of(&server), &["one"]).await.is_ok());
    let server = Server::start(|_, _| (503, json!({})));
    assert_eq!(Encoder::encode(&encoder_of(&server), &["one"]).await, Err(EncodeError::Busy));
    assert_eq!(server.sizes().len(), 3);
}

#[tokio::test]
async fn q2_a_server_is_called_only_where_that_is_allowed() {
    let server = Server::start(|_, texts| right(texts));
    let id = ModelId::parse("tiny").unwrap();
    let encoder = RemoteEncoder::new(client(""), id, wanted(&server.base_url)).unwrap();
    let refused = Encoder::encode(&encoder, &["one"]).await;
    assert!(matches!(refused, Err(EncodeError::Unusable(_))), "{refused:?}");
    assert_eq!(server.sizes(), [0; 0]);
    for (wrong, is_expected) in [
        (RemoteModel { base_url: "ftp://x".to_owned(), ..wanted("") }, true),
        (RemoteModel { base_url: "https://a:b@x".to_owned(), ..wanted("") }, true),
        (RemoteModel { key: Some(Secret::new("a\nb".to_owned())), ..wanted("https://x") }, true),
        (RemoteModel { dimension: 0, ..wanted("https://x") }, false),
    ] {
        let error = made(wrong).err().unwrap();
        let of_request =
            matches!(error, RemoteModelError::Request(OutboundError::Url(_) | OutboundError::Header));
        assert_eq!(of_request, is_expected, "{error}");
    }
    let revision = |wanted| made(wanted).unwrap().model().revision();
    let one = revision(wanted("https://x"));
    assert_eq!(one, revision(wanted("https://x/")));
    assert_ne!(one, revision(wanted("https://y")));
    assert_ne!(one, revision(RemoteModel { name: "other".to_owned(), ..wanted("https://x") }));
}
