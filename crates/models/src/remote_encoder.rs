//! The encoder over a server that speaks the embeddings API of OpenAI, as TEI, vLLM, Ollama and llama.cpp do too.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::Method;
use serde::{Deserialize, Serialize};
use syft_space_domain::Pending;
use syft_space_domain::encoder::ports::{EncodeError, Encoder, MAX_TEXTS};
use syft_space_domain::encoder::{Embedding, EncoderModel, EncoderModelError, ModelId};
use syft_space_domain::secret::Secret;
use syft_space_outbound::{Client, OutboundError, Request};

use crate::revision::RevisionHasher;

/// The most texts of one request. Some servers take no more.
const MAX_TEXTS_PER_REQUEST: usize = 32;
/// The most characters that are sent for each token that the model reads.
const CHARS_PER_TOKEN: usize = 8;
/// A text that is refused is sent again with half of its characters, down to these.
const MIN_CHARS: usize = 16;
/// The most bytes of one component in an answer, and of what stands around a vector.
const MAX_BYTES_PER_COMPONENT: usize = 32;
const MAX_BYTES_AROUND: usize = 4 * 1024;
/// The time for one request, retries included.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The time for a single text, as a question is: somebody waits for it.
const QUESTION_TIMEOUT: Duration = Duration::from_secs(3);
/// For how long a server that did not answer a single text is asked for none.
const REST: Duration = Duration::from_secs(10);

/// Which server to ask, and for what.
pub struct RemoteModel {
    /// Where its API begins, such as `https://models.example.org/v1`.
    pub base_url: String,
    /// What it calls the model.
    pub name: String,
    /// Its key, where it wants one. It is sent to this server alone.
    pub key: Option<Secret<String>>,
    /// How many components the model's vectors have.
    pub dimension: usize,
    /// How many tokens of a text the model reads.
    pub longest_input: usize,
}

/// A server that cannot be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RemoteModelError {
    /// Its URL is none, or the key cannot stand in a header.
    #[error(transparent)]
    Request(#[from] OutboundError),
    /// Its numbers are those of no model.
    #[error(transparent)]
    Model(#[from] EncoderModelError),
}

/// Asks a server for the vectors of texts, in requests of 32 texts at most, one after the other. The server decides which model it
/// is that answers: where it changes that under the same name, vectors of before and after do not fit together.
pub struct RemoteEncoder {
    client: Arc<Client>,
    model: EncoderModel,
    name: String,
    request: Request,
    /// Until when it is asked for no single text.
    rests_until: Mutex<Option<Instant>>,
}

#[derive(Serialize)]
struct Question<'a> {
    model: &'a str,
    input: &'a [&'a str],
    encoding_format: &'static str,
}

#[derive(Deserialize)]
struct Answer {
    data: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    index: usize,
    embedding: Vec<f32>,
}

/// A request without vectors.
enum Refused {
    /// The server does not take these texts, which may be for their length.
    Texts(u16),
    Other(EncodeError),
}

impl RemoteEncoder {
    /// An encoder that asks a server through this client. Nothing is asked yet.
    ///
    /// # Errors
    /// When the URL is none of HTTP or holds a password, the key cannot stand in a header, or the numbers are those of no model.
    pub fn new(client: Arc<Client>, id: ModelId, wanted: RemoteModel) -> Result<Self, RemoteModelError> {
        let RemoteModel { base_url, name, key, dimension, longest_input } = wanted;
        let url = format!("{}/embeddings", base_url.trim_end_matches('/'));
        let mut request = Request::new(Method::POST, &url)?
            // The same texts have the same vectors, however often they are sent.
            .allow_retry()
            .timeout(TIMEOUT);
        if let Some(key) = &key {
            request = request.bearer(key)?;
        }
        let mut revision = RevisionHasher::new();
        revision.file("url", url.as_bytes());
        revision.file("name", name.as_bytes());
        revision.file("dimension", &dimension.to_string().into_bytes());
        let model = EncoderModel::new(id, revision.finish(), dimension, longest_input)?;
        Ok(Self { client, model, name, request, rests_until: Mutex::default() })
    }

    async fn encode(&self, texts: &[&str]) -> Result<Vec<Embedding>, EncodeError> {
        if texts.len() > MAX_TEXTS {
            return Err(EncodeError::TooMany(texts.len()));
        }
        if texts.len() == 1 && self.rests() {
            return Err(EncodeError::Failed(
                "the server has just not answered; it is asked again soon".to_owned(),
            ));
        }
        let mut embeddings = Vec::with_capacity(texts.len());
        for texts in texts.chunks(MAX_TEXTS_PER_REQUEST) {
            let texts: Vec<&str> = texts.iter().map(|text| self.beginning(text)).collect();
            match self.ask(&texts).await {
                Ok(more) => embeddings.extend(more),
                Err(Refused::Other(error)) => return Err(error),
                // Each by itself, so that what becomes of one hangs on no other.
                Err(Refused::Texts(_)) => {
                    for text in texts {
                        embeddings.push(self.encode_alone(text).await?);
                    }
                }
            }
        }
        Ok(embeddings)
    }

    /// What is sent of a text at first. Nobody knows here how the server counts tokens.
    fn beginning<'t>(&self, text: &'t str) -> &'t str {
        // Servers refuse the empty text.
        if text.is_empty() {
            return " ";
        }
        first_chars(text, self.model.longest_input().saturating_mul(CHARS_PER_TOKEN))
    }

    /// Encodes one text, and of one that is refused the first half, and so on: it may have more tokens than the server takes.
    async fn encode_alone(&self, text: &str) -> Result<Embedding, EncodeError> {
        let mut text = text;
        loop {
            match self.ask(&[text]).await {
                Ok(embeddings) => {
                    let none = || EncodeError::Failed("the server's answer has no vector".to_owned());
                    return embeddings.into_iter().next().ok_or_else(none);
                }
                Err(Refused::Other(error)) => return Err(error),
                Err(Refused::Texts(status)) => {
                    let chars = text.chars().count();
                    if chars <= MIN_CHARS {
                        let what =
                            format!("the server refuses a text of {chars} characters with status {status}");
                        return Err(EncodeError::Unusable(what));
                    }
                    text = first_chars(text, chars / 2);
                }
            }
        }
    }

    async fn ask(&self, texts: &[&str]) -> Result<Vec<Embedding>, Refused> {
        let question = Question { model: &self.name, input: texts, encoding_format: "float" };
        let body = serde_json::to_vec(&question)
            .map_err(|error| Refused::Other(EncodeError::Failed(error.to_string())))?;
        let vector = self.model.dimension().saturating_mul(MAX_BYTES_PER_COMPONENT);
        let bytes = texts.len().saturating_mul(vector.saturating_add(MAX_BYTES_AROUND));
        let mut request = self.request.clone().body("application/json", body).max_response_bytes(bytes);
        if texts.len() == 1 {
            request = request.timeout(QUESTION_TIMEOUT);
        }
        let response = self.client.call(&request).await.map_err(|error| {
            if texts.len() == 1 && is_silence(&error) {
                self.rest();
            }
            Refused::Other(unanswered(&error))
        })?;
        match response.status {
            200 => self.read(&response.body, texts.len()).map_err(Refused::Other),
            status @ (400 | 413 | 422) => Err(Refused::Texts(status)),
            status => Err(Refused::Other(refused(status))),
        }
    }

    /// Whether it has not answered lately.
    fn rests(&self) -> bool {
        let until = *self.rests_until.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| now() < until)
    }

    fn rest(&self) {
        *self.rests_until.lock().unwrap_or_else(PoisonError::into_inner) = now().checked_add(REST);
    }

    fn read(&self, body: &[u8], texts: usize) -> Result<Vec<Embedding>, EncodeError> {
        let unusable = |what: String| EncodeError::Unusable(format!("the server's answer {what}"));
        let Answer { mut data } =
            serde_json::from_slice(body).map_err(|_| unusable("is none of embeddings".to_owned()))?;
        data.sort_unstable_by_key(|item| item.index);
        if !data.iter().map(|item| item.index).eq(0..texts) {
            return Err(unusable(format!(
                "has {} vectors, or not one for each of {texts} texts",
                data.len()
            )));
        }
        let embeddings = data.into_iter().map(|Item { embedding, .. }| {
            if embedding.len() != self.model.dimension() {
                let what =
                    format!("has vectors of {} components, not {}", embedding.len(), self.model.dimension());
                return Err(unusable(what));
            }
            Embedding::of_direction(embedding).map_err(|error| unusable(format!("is wrong: {error}")))
        });
        embeddings.collect()
    }
}

/// Whether it is the server that does not answer.
fn is_silence(error: &OutboundError) -> bool {
    matches!(
        error,
        OutboundError::Unresolved(_)
            | OutboundError::Connect(_)
            | OutboundError::Timeout
            | OutboundError::Broken
    )
}

#[expect(clippy::disallowed_methods, reason = "how long ago it did not answer is nothing that is stored")]
fn now() -> Instant {
    Instant::now()
}

/// As many characters of a text, from its beginning.
fn first_chars(text: &str, chars: usize) -> &str {
    let end = text.char_indices().nth(chars).map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or(text)
}

/// What a status says that is none of the texts' fault.
fn refused(status: u16) -> EncodeError {
    match status {
        401 | 403 => EncodeError::Unusable(format!("the server refuses the key, with status {status}")),
        404 => EncodeError::Unusable("the server knows no such model, or has no embeddings there".to_owned()),
        429 | 503 => EncodeError::Busy,
        300..=399 => EncodeError::Unusable("the server sends elsewhere, and nobody goes there".to_owned()),
        _ => EncodeError::Failed(format!("the server answered with status {status}")),
    }
}

fn unanswered(error: &OutboundError) -> EncodeError {
    match error {
        OutboundError::TargetNotAllowed(_)
        | OutboundError::Url(_)
        | OutboundError::Header
        | OutboundError::Tls(_)
        | OutboundError::TooLarge(_) => EncodeError::Unusable(error.to_string()),
        OutboundError::Busy => EncodeError::Busy,
        OutboundError::Unresolved(_)
        | OutboundError::Connect(_)
        | OutboundError::Timeout
        | OutboundError::Broken => EncodeError::Failed(error.to_string()),
    }
}

impl Encoder for RemoteEncoder {
    fn model(&self) -> &EncoderModel {
        &self.model
    }

    fn encode<'a>(&'a self, texts: &'a [&'a str]) -> Pending<'a, Result<Vec<Embedding>, EncodeError>> {
        Box::pin(self.encode(texts))
    }
}
