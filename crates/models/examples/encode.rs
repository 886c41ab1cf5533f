//! Encodes texts with the model of a folder: `encode FOLDER THREADS`. Each line of standard input is one text as a JSON
//! string; each line of standard output is its vector as a JSON list. What that took goes to standard error.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for the command line")]
#![expect(clippy::disallowed_methods, reason = "it measures, and decides no rule")]

use std::error::Error;
use std::io::stdin;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Instant;

use futures_executor::block_on;
use syft_space_domain::encoder::ModelId;
use syft_space_domain::encoder::ports::{Encoder, MAX_TEXTS};
use syft_space_models::LocalEncoder;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("the first argument is the model's folder")?);
    let threads: NonZeroUsize =
        arguments.next().ok_or("the second argument is the number of threads")?.parse()?;
    let model = LocalEncoder::inspect(&folder, ModelId::parse("model")?)?;
    eprintln!("revision {}", model.revision());
    let encoder = LocalEncoder::new(folder, model, threads);
    // The model is read with the first text.
    block_on(encoder.encode(&["warm"]))?;
    let texts: Vec<String> = stdin()
        .lines()
        .map(|line| Ok(serde_json::from_str(&line?)?))
        .collect::<Result<_, Box<dyn Error>>>()?;
    let begun = Instant::now();
    let mut embeddings = Vec::new();
    for part in texts.chunks(MAX_TEXTS) {
        let part: Vec<&str> = part.iter().map(String::as_str).collect();
        embeddings.extend(block_on(encoder.encode(&part))?);
    }
    eprintln!("seconds {}", begun.elapsed().as_secs_f64());
    for embedding in embeddings {
        println!("{}", serde_json::to_string(embedding.as_slice())?);
    }
    Ok(())
}
