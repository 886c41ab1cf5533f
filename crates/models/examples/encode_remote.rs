//! Encodes texts with a server: `encode_remote URL MODEL DIMENSION TOKENS`. The server is on this machine. Each line of standard
//! input is one text as a JSON string; each line of standard output is its vector as a JSON list. The cosine of unrelated
//! texts goes to standard error.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for the command line")]

use std::error::Error;
use std::io::stdin;
use std::sync::Arc;

use syft_space_domain::encoder::ModelId;
use syft_space_domain::encoder::ports::{Encoder, MAX_TEXTS};
use syft_space_domain::random::{Entropy, RandomError};
use syft_space_models::{RemoteEncoder, RemoteModel, measure_unrelated_cosine};
use syft_space_outbound::{AllowList, Client, ClientSettings, SystemResolver};

/// Only when a call is repeated hangs on it.
struct Zeros;

impl Entropy for Zeros {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
        buffer.fill(0);
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next = |what: &'static str| arguments.next().ok_or(what);
    let model = RemoteModel {
        base_url: next("the first argument is the server's URL")?,
        name: next("the second argument is what it calls the model")?,
        key: None,
        dimension: next("the third argument is the dimension")?.parse()?,
        longest_input: next("the fourth argument is how many tokens are read")?.parse()?,
    };
    let settings = ClientSettings { allow: AllowList::parse("127.0.0.1")?, ..ClientSettings::default() };
    let client = Client::new(settings, Arc::new(SystemResolver), Arc::new(Zeros))?;
    let encoder = RemoteEncoder::new(Arc::new(client), ModelId::parse("model")?, model)?;
    eprintln!("unrelated {}", measure_unrelated_cosine(&encoder).await?.get());
    let texts: Vec<String> = stdin()
        .lines()
        .map(|line| Ok(serde_json::from_str(&line?)?))
        .collect::<Result<_, Box<dyn Error>>>()?;
    for part in texts.chunks(MAX_TEXTS) {
        let part: Vec<&str> = part.iter().map(String::as_str).collect();
        for embedding in encoder.encode(&part).await? {
            println!("{}", serde_json::to_string(embedding.as_slice())?);
        }
    }
    Ok(())
}
