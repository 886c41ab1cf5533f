//! The hidden command `syft-space read-model`: the process in which a model is read for the first time, and tried.
//!
//! Who has a model installed knows nothing of who made it. So whatever its files do to what reads them, they do it here: in a
//! process that can read nothing but their folder, reaches no network, writes nothing, and has little time and memory.

use std::io::{self, Read, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use clap::Args;
use serde::{Deserialize, Serialize};
use syft_space_domain::encoder::{EncoderModel, ModelId, UnrelatedCosine};
use syft_space_models::{EncoderUnfit, LocalEncoder, measure_unrelated_cosine};

/// The name of the command.
const COMMAND_NAME: &str = "read-model";
/// How long it may take. The largest models take some 20 seconds.
const TIME: Duration = Duration::from_secs(600);
/// The seconds of a processor that it may take.
const PROCESSOR_SECONDS: u32 = 600;
/// The most threads that try a model.
const MAX_THREADS: usize = 4;
/// The address space that a process has without a model, and each byte of a model's files takes: as it is read, and as it is
/// multiplied.
const MEMORY: u64 = 1 << 30;
const MEMORY_PER_BYTE: u64 = 3;
/// The most bytes of what it says.
const MAX_VERDICT_BYTES: u64 = 1 << 16;

/// Which model.
#[derive(Args)]
pub(super) struct ReadModel {
    /// The folder of its files
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// The most bytes of address space
    #[arg(value_name = "BYTES")]
    memory: u64,
}

/// What was found of a model.
#[derive(Serialize, Deserialize)]
enum Verdict {
    Model {
        revision: String,
        dimension: usize,
        longest_input: usize,
        unrelated_cosine: f32,
    },
    /// It is none that can be used, for this reason.
    Refused(String),
}

/// Why a model was not read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadModelError {
    /// It is none that can be used, for this reason.
    #[error("{0}")]
    Refused(String),
    /// The process that read it came to an end without a word.
    #[error(
        "the process that reads it ended without a word: its files want more memory or time than a model of their size does"
    )]
    Ended,
    /// It took too long.
    #[error("it was not read within {} minutes", TIME.as_secs() / 60)]
    TooSlow,
    /// There is no such process to be had.
    #[error("a process to read it cannot be had: {0}")]
    Process(#[from] io::Error),
}

/// Reads the model of a folder, tries it, and says on standard output what was found.
pub(super) fn run(ReadModel { folder, memory }: &ReadModel) -> anyhow::Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    // Once it is confined it cannot be asked any more.
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get).min(MAX_THREADS);
    // Where the system lacks a wall, the others stand.
    let _lacking = syft_space_extract::confine_to_folder(folder, *memory, PROCESSOR_SECONDS)?;
    let threads = NonZeroUsize::new(threads).unwrap_or(NonZeroUsize::MIN);
    let verdict = read(folder, threads).unwrap_or_else(Verdict::Refused);
    io::stdout().write_all(&serde_json::to_vec(&verdict)?)?;
    Ok(())
}

fn read(folder: &Path, threads: NonZeroUsize) -> Result<Verdict, String> {
    let id = ModelId::parse(COMMAND_NAME).map_err(|error| error.to_string())?;
    let model = LocalEncoder::inspect_for_use(folder, id).map_err(|refused| refused.to_string())?;
    let encoder = LocalEncoder::new(folder.to_owned(), model.clone(), threads);
    let measured = actix_web::rt::System::new().block_on(measure_unrelated_cosine(&encoder));
    let unrelated_cosine = measured.map_err(|unfit: EncoderUnfit| unfit.to_string())?.get();
    Ok(Verdict::Model {
        revision: model.revision().to_string(),
        dimension: model.dimension(),
        longest_input: model.longest_input(),
        unrelated_cosine,
    })
}

/// Has the model of a folder read and tried, whose files have so many bytes, by running this very program again.
pub(super) fn in_a_process(
    folder: &Path,
    bytes: u64,
    id: ModelId,
) -> Result<(EncoderModel, UnrelatedCosine), ReadModelError> {
    let memory = MEMORY.saturating_add(bytes.saturating_mul(MEMORY_PER_BYTE));
    let program = if cfg!(target_os = "linux") { "/proc/self/exe".into() } else { std::env::current_exe()? };
    let mut command = Command::new(program);
    command.arg(COMMAND_NAME).arg(folder).arg(memory.to_string()).env_clear().current_dir("/");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let verdict = answer_of(command.spawn()?)?;
    let verdict = serde_json::from_slice(&verdict).map_err(|_| ReadModelError::Ended)?;
    let (revision, dimension, longest_input, unrelated_cosine) = match verdict {
        Verdict::Refused(reason) => return Err(ReadModelError::Refused(reason)),
        Verdict::Model { revision, dimension, longest_input, unrelated_cosine } => {
            (revision, dimension, longest_input, unrelated_cosine)
        }
    };
    // What it says is believed no more than the files: at worst the encoder that is made of it finds another model.
    let revision = revision.parse().map_err(|_| ReadModelError::Ended)?;
    let model =
        EncoderModel::new(id, revision, dimension, longest_input).map_err(|_| ReadModelError::Ended)?;
    let unrelated_cosine = UnrelatedCosine::parse(unrelated_cosine).map_err(|_| ReadModelError::Ended)?;
    Ok((model, unrelated_cosine))
}

/// All that a process says, once it has ended; it is ended when it takes too long.
fn answer_of(mut child: Child) -> Result<Vec<u8>, ReadModelError> {
    let (said, heard) = mpsc::channel();
    if let Some(output) = child.stdout.take() {
        thread::spawn(move || {
            let mut answer = Vec::new();
            let read = output.take(MAX_VERDICT_BYTES).read_to_end(&mut answer);
            // Who waited too long listens no more.
            let _late = said.send(read.map(|_| answer));
        });
    }
    let answer = heard.recv_timeout(TIME);
    // It has said all that it had to say, or too much, or nothing in time.
    let _ended = child.kill();
    child.wait()?;
    match answer {
        Ok(answer) => Ok(answer?),
        Err(mpsc::RecvTimeoutError::Timeout) => Err(ReadModelError::TooSlow),
        Err(mpsc::RecvTimeoutError::Disconnected) => Err(ReadModelError::Ended),
    }
}
