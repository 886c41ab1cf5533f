//! The steps of the demonstration: each is a request that anybody could send.
#![expect(
    clippy::indexing_slicing,
    reason = "JSON indexed by a key that is not there is null, and never a panic"
)]

use std::io::Write;
use std::net::SocketAddr;

use anyhow::Context;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use syft_space_domain::secret::BearerSecret;

use crate::demo::documents::Document;

const QUESTION: &str = "Who may query when no access policy is attached?";
/// The name of the dataset.
pub(crate) const DATASET: &str = "documentation";
/// The most characters of a passage that are shown.
const MAX_EXCERPT_CHARS: usize = 420;
const OWNER: &str = "olivia@example.org";
const ADMITTED: &str = "anna@example.org";
const REFUSED: &str = "victor@elsewhere.example";

/// What later steps need of the story so far.
pub(crate) struct Story {
    /// A client of the server.
    pub(crate) api: Api,
    /// The owner's access token.
    pub(crate) owner: String,
    /// The access token of somebody who may ask.
    admitted: String,
    /// Everybody's password.
    pub(crate) password: String,
    /// What was asked.
    pub(crate) question: String,
}

/// Runs the steps, and prints each. `bring` brings documents, as the owner with this token, into the dataset of this id.
pub(crate) async fn run(
    address: SocketAddr,
    setup_token: &BearerSecret,
    question: Option<&str>,
    bring: impl AsyncFnOnce(&Api, &str, &str) -> anyhow::Result<()>,
) -> anyhow::Result<Story> {
    let api = Api { client: Client::new(), base: format!("http://{address}/api/v1") };
    let question = question.unwrap_or(QUESTION);

    print_line(&format!("Serving on {}", api.base))?;
    let password = password_from(setup_token);
    let owner = json!({
        "email": OWNER, "password": password, "tenant_name": "demo", "setup_token": setup_token.expose(),
    });
    api.send(Method::POST, "/auth/register", None, Some(owner), StatusCode::CREATED).await?;
    let owner = api.log_in(OWNER, &password).await?;
    print_line(&format!("1. {OWNER} used the setup token and founded the tenant \"demo\""))?;

    for email in [ADMITTED, REFUSED] {
        let invited = json!({ "email": email, "role": "user" });
        let invited =
            api.send(Method::POST, "/invitations", Some(&owner), Some(invited), StatusCode::CREATED).await?;
        let accepted = json!({ "token": invited["token"], "password": password });
        api.send(Method::POST, "/invitations/accept", None, Some(accepted), StatusCode::CREATED).await?;
    }
    print_line(&format!("2. {ADMITTED} and {REFUSED} were invited as users, and accepted"))?;

    let dataset = json!({ "name": DATASET, "dtype": "embedded" });
    let dataset =
        api.send(Method::POST, "/datasets", Some(&owner), Some(dataset), StatusCode::CREATED).await?;
    let dataset = dataset["id"].as_str().context("a dataset has an id")?;
    bring(&api, &owner, dataset).await?;

    let endpoint = json!({
        "name": "Documentation", "slug": "handbook", "dataset_id": dataset, "response_type": "raw", "published": true,
    });
    api.send(Method::POST, "/endpoints", Some(&owner), Some(endpoint), StatusCode::CREATED).await?;
    let policy = json!({
        "name": "our own people", "policy_type": "access",
        "configuration": { "mode": "allow", "patterns": ["*@example.org"] },
    });
    let policy = api.send(Method::POST, "/policies", Some(&owner), Some(policy), StatusCode::CREATED).await?;
    let attached = json!({ "policy_ids": [policy["id"]] });
    api.send(Method::PUT, "/endpoints/handbook/policies", Some(&owner), Some(attached), StatusCode::OK)
        .await?;
    print_line("4. The endpoint \"handbook\" is published, with an access policy that allows *@example.org")?;

    let query = json!({ "messages": question, "limit": 2 });
    print_line(&format!("\n{ADMITTED} asks: {question}"))?;
    let admitted = api.log_in(ADMITTED, &password).await?;
    let path = "/endpoints/handbook/query";
    let answer = api.send(Method::POST, path, Some(&admitted), Some(query.clone()), StatusCode::OK).await?;
    let documents = answer["references"]["documents"].as_array().context("an answer has documents")?;
    if documents.is_empty() {
        print_line("  nothing is found: the search is by words, and these are in no document together")?;
    }
    for found in documents {
        let text = excerpt(found["content"].as_str().unwrap_or_default());
        let score = found["similarity_score"].as_f64().unwrap_or_default();
        print_line(&format!(
            "  {score:.2}  {}\n        {}",
            found["document_id"],
            text.replace('\n', "\n        ")
        ))?;
    }
    print_line(&format!("\n{REFUSED} asks the same:"))?;
    let refused = api.log_in(REFUSED, &password).await?;
    let answer = api.send(Method::POST, path, Some(&refused), Some(query), StatusCode::FORBIDDEN).await?;
    print_line(&format!("  403  {}", answer["detail"].as_str().unwrap_or_default()))?;

    print_line("\nThe audit log, the newest first:")?;
    let log = api.send(Method::GET, "/audit?limit=12", Some(&owner), None, StatusCode::OK).await?;
    for event in log["items"].as_array().context("a log has events")? {
        let word = |key: &str| event[key].as_str().unwrap_or("").to_owned();
        let object = event["object"]["kind"].as_str().unwrap_or("");
        print_line(&format!(
            "  {:>3}  {:<30} {:<8} {:<11} {}",
            event["seq"].as_u64().unwrap_or_default(),
            word("action"),
            word("outcome"),
            object,
            word("reason_code")
        ))?;
    }
    Ok(Story { api, owner, admitted, password, question: question.to_owned() })
}

/// Brings the project's own documentation.
pub(crate) async fn bring(
    api: &Api,
    owner: &str,
    dataset: &str,
    documents: &[Document],
) -> anyhow::Result<()> {
    let texts: Vec<Value> = documents
        .iter()
        .map(|document| json!({ "document_id": document.name, "title": document.name, "content": document.content }))
        .collect();
    let path = format!("/datasets/{dataset}/documents?wait=true");
    let job = json!({ "documents": texts });
    let job = api.send(Method::POST, &path, Some(owner), Some(job), StatusCode::OK).await?;
    print_line(&format!(
        "3. {} documents became {} searchable chunks",
        job["job"]["documents_done"], job["job"]["chunks"]
    ))
}

/// The beginning of a passage, up to the end of a word.
fn excerpt(text: &str) -> String {
    let Some((end, _)) = text.char_indices().nth(MAX_EXCERPT_CHARS) else { return text.to_owned() };
    let start = text.get(..end).unwrap_or(text);
    let whole = start.rfind(char::is_whitespace).and_then(|end| start.get(..end)).unwrap_or(start);
    format!("{} …", whole.trim_end())
}

/// Prints how to go on by oneself.
pub(crate) fn print_next_steps(
    Story { api, admitted, password, question, .. }: &Story,
) -> anyhow::Result<()> {
    let body = json!({ "messages": question }).to_string();
    print_line(&format!(
        "\nAsk something yourself (all three have the password {password}):\n\n  curl -sS {}/endpoints/handbook/query \\\n    \
         -H 'authorization: Bearer {admitted}' \\\n    -H 'content-type: application/json' \\\n    \
         -d '{}'",
        api.base,
        // As a shell reads it back.
        body.replace('\'', "'\\''")
    ))
}

/// The people of the story need a password; this one is as hard to guess as the setup token.
pub(crate) fn password_from(setup_token: &BearerSecret) -> String {
    let digest = setup_token.hash().0;
    // A hub wants a letter and a digit in it.
    format!("owl-{}", digest.iter().take(12).map(|byte| format!("{byte:02x}")).collect::<String>())
}

pub(crate) struct Api {
    client: Client,
    base: String,
}

impl Api {
    async fn log_in(&self, email: &str, password: &str) -> anyhow::Result<String> {
        let body = json!({ "email": email, "password": password });
        let answer = self.send(Method::POST, "/auth/login", None, Some(body), StatusCode::OK).await?;
        Ok(answer["access_token"].as_str().context("a login gives a token")?.to_owned())
    }

    /// Sends a request, and demands a status of the answer.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
        expected: StatusCode,
    ) -> anyhow::Result<Value> {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await?;
        let status = response.status();
        let answer: Value = response.json().await?;
        anyhow::ensure!(status == expected, "{path} answered {status}, not {expected}: {answer}");
        Ok(answer)
    }
}

pub(crate) fn print_line(line: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}
