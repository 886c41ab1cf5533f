//! The command `syft-space encoder add`: it installs the model of a folder or of an archive, or one that a server runs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use syft_space_domain::encoder::ports::{EncodeError, Encoder};
use syft_space_domain::encoder::{EncoderModel, EncoderName, ModelId, ModelRevision, UnrelatedCosine};
use syft_space_domain::random::Entropy;
use syft_space_domain::secret::Secret;
use syft_space_domain::time::Clock;
use syft_space_home::{EncoderDraft, EncoderFolders, Home};
use syft_space_models::{
    CopyError, EncoderRecord, EncoderUnfit, ModelArchive, ModelFiles, RemoteEncoder, RemoteModel, Runs,
    ServerRecord, measure_unrelated_cosine, seal_server_key,
};
use syft_space_secrets::{MasterKey, XChaChaSealer};

use crate::cli::api::{option, unusable};
use crate::cli::encoder::archive::Archive;
use crate::cli::encoder::{ListedEncoder, lock, open, parse_name, short};
use crate::cli::exit::{CommandError, ExitStatus};
use crate::cli::output::Output;
use crate::cli::password;
use crate::cli::read_model::{self, ReadModelError};
use crate::config::Settings;
use crate::startup::wiring::outbound;
use crate::system::{SystemClock, SystemEntropy};

const WHAT_IS_TAKEN: &str = "nothing was installed; a folder or an archive is taken that holds a BERT model as sentence-transformers keeps \
                             it: config.json, tokenizer.json and model.safetensors";

/// Which encoder, and where it is.
#[derive(Args)]
pub(in crate::cli) struct AddEncoder {
    /// What it is called here, by datasets too
    #[arg(value_name = "NAME")]
    name: String,
    /// The folder of a model, which is copied; or the URL of a ZIP archive of one, or the name of a known model, which are fetched
    #[arg(value_name = "MODEL", required_unless_present = "url", conflicts_with = "url")]
    source: Option<PathBuf>,
    /// The SHA-256 of the archive that is fetched, 64 hexadecimal digits; of a known model it is known
    #[arg(long, value_name = "HEX", requires = "source")]
    sha256: Option<String>,
    /// Where a server's API begins that runs the model, such as https://models.example.org/v1, in place of a folder
    #[arg(long, value_name = "URL", requires_all = ["model", "dimension"])]
    url: Option<String>,
    /// What the model is called: by the server; of a folder that is said by its own name otherwise
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// Read the server's key from this file, or from standard input if it is -; without it none is sent
    #[arg(long, value_name = "FILE", requires = "url")]
    key_file: Option<PathBuf>,
    /// How many components the vectors of the server's model have
    #[arg(long, value_name = "NUMBER", requires = "url")]
    dimension: Option<usize>,
    /// How many tokens of a text the server's model reads
    #[arg(long, value_name = "NUMBER", requires = "url", default_value_t = 512)]
    longest_input: usize,
    /// Install it only if its revision has these 64 hexadecimal digits
    #[arg(long, value_name = "HEX")]
    revision: Option<String>,
}

impl AddEncoder {
    /// Refuses another revision than the one that was named.
    fn check(&self, found: ModelRevision) -> anyhow::Result<()> {
        let wanted: Option<ModelRevision> =
            self.revision.as_deref().map(|text| option("--revision", text)).transpose()?;
        match wanted {
            Some(wanted) if wanted != found => {
                let message = format!(
                    "the revision is {found}, and not the one that --revision names: it is another model, or was read by another \
                     version; nothing was installed"
                );
                Err(CommandError::new(ExitStatus::Refused, message).into())
            }
            _ => Ok(()),
        }
    }
}

pub(super) fn run(
    home: &Path,
    settings: &Settings,
    add: &AddEncoder,
    out: &mut Output,
) -> anyhow::Result<()> {
    let name = parse_name(&add.name)?;
    let home = open(home)?;
    let record = match (&add.source, &add.url) {
        (Some(source), _) => match Archive::of(source, add.sha256.as_deref())? {
            Some(archive) => add_archive(&home, settings, add, &name, &archive)?,
            None => add_folder(&home, settings, add, &name, source)?,
        },
        (None, Some(url)) => add_server(&home, settings, add, &name, url)?,
        (None, None) => return Err(unusable("MODEL", "neither a model nor --url is named").into()),
    };
    if out.json {
        return out.document(&ListedEncoder::new(&name, Ok(&record)));
    }
    let model = &record.model;
    out.line(&format!(
        "{name} is installed: {}, revision {}, {} components, {} tokens. A server that runs has it within a second.",
        model.id(),
        short(model.revision()),
        model.dimension(),
        model.longest_input(),
    ))?;
    out.line(&format!(
        "Texts that have nothing to do with each other have a cosine of {:.2} by it. Its whole revision is {}",
        record.unrelated_cosine.get(),
        model.revision(),
    ))
}

/// Installs the model of a folder.
fn add_folder(
    home: &Home,
    settings: &Settings,
    add: &AddEncoder,
    name: &EncoderName,
    folder: &Path,
) -> anyhow::Result<EncoderRecord> {
    let id = match &add.model {
        Some(model) => ModelId::parse(model).map_err(|error| unusable("--model", error))?,
        None => id_of_folder(folder, name)?,
    };
    let from = folder.display().to_string();
    let files = ModelFiles::open(folder).map_err(|refused| not_taken(&from, refused))?;
    let model = Uninstalled { id, from: &from, bytes: files.bytes() };
    install(home, settings, add, name, model, |draft| files.copy(draft))
}

/// Fetches an archive, and installs the model in it as that of a folder.
fn add_archive(
    home: &Home,
    settings: &Settings,
    add: &AddEncoder,
    name: &EncoderName,
    archive: &Archive,
) -> anyhow::Result<EncoderRecord> {
    let id = match (&add.model, archive.name) {
        (Some(model), _) => ModelId::parse(model).map_err(|error| unusable("--model", error))?,
        (None, Some(known)) => ModelId::parse(known)?,
        (None, None) => ModelId::parse(name.as_str())?,
    };
    let from = &archive.url;
    let bytes = archive.fetch(settings)?;
    let files = ModelArchive::open(&bytes).map_err(|refused| not_taken(from, refused))?;
    let model = Uninstalled { id, from, bytes: files.bytes() };
    install(home, settings, add, name, model, |draft| files.copy(draft))
}

/// A model that is to be installed: what it is called, where it comes from, and how many bytes its files have.
struct Uninstalled<'a> {
    id: ModelId,
    from: &'a str,
    bytes: u64,
}

/// Copies a model, has the copy read in a process of its own, and gives it its name.
fn install(
    home: &Home,
    settings: &Settings,
    add: &AddEncoder,
    name: &EncoderName,
    Uninstalled { id, from, bytes }: Uninstalled<'_>,
    copy: impl FnOnce(&EncoderDraft<'_>) -> Result<(), CopyError>,
) -> anyhow::Result<EncoderRecord> {
    check_room(home, settings, bytes)?;
    let folders = EncoderFolders::new(home.clone());
    let lock = lock(&folders)?;
    let draft = lock.draft()?;
    copy(&draft).map_err(|error| match error {
        CopyError::Refused(refused) => not_taken(from, refused),
        error @ CopyError::Write(_) => CommandError::new(ExitStatus::Failed, error.to_string()),
    })?;
    let read = read_model::in_a_process(draft.path(), bytes, id);
    let (model, unrelated_cosine) = read.map_err(|error| match error {
        ReadModelError::Process(_) => CommandError::new(ExitStatus::Failed, error.to_string()),
        refused => not_taken(from, refused),
    })?;
    add.check(model.revision())?;
    let record = EncoderRecord { model, unrelated_cosine, runs: Runs::Here };
    record.write(&draft)?;
    draft.publish(name)?;
    Ok(record)
}

/// What a model is called whose folder alone is known.
fn id_of_folder(folder: &Path, name: &EncoderName) -> anyhow::Result<ModelId> {
    let called = std::path::absolute(folder).ok();
    let called = called.as_deref().and_then(Path::file_name).and_then(|called| called.to_str());
    let id = called.and_then(|called| ModelId::parse(called).ok());
    Ok(id.map_or_else(|| ModelId::parse(name.as_str()), Ok)?)
}

fn not_taken(from: &str, why: impl std::fmt::Display) -> CommandError {
    let message = format!("{from} is not taken: {why}; {WHAT_IS_TAKEN}");
    CommandError::new(ExitStatus::Refused, message)
}

/// Keeps the room on the home's disk that is kept of all that is new.
fn check_room(home: &Home, settings: &Settings, bytes: u64) -> anyhow::Result<()> {
    let disk = rustix::fs::statvfs(home.path())?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    if free >= bytes.saturating_add(settings.min_free_bytes) {
        return Ok(());
    }
    let message = format!(
        "the model has {bytes} bytes, and of {free} that are free on the home's disk {} are kept (min_free_bytes): free some",
        settings.min_free_bytes
    );
    Err(CommandError::new(ExitStatus::Failed, message).into())
}

/// Asks a server, and keeps how it is asked.
fn add_server(
    home: &Home,
    settings: &Settings,
    add: &AddEncoder,
    name: &EncoderName,
    url: &str,
) -> anyhow::Result<EncoderRecord> {
    let (Some(called), Some(dimension)) = (&add.model, add.dimension) else {
        return Err(unusable("--url", "--model and --dimension are named too").into());
    };
    let key = add.key_file.as_deref().map(|path| password::secret_from_file(path, "--key-file", "the key"));
    let key = key.transpose()?;
    if key.as_ref().is_some_and(|key| key.expose().is_empty()) {
        return Err(unusable("--key-file", "it is empty").into());
    }
    let wanted = RemoteModel {
        base_url: url.to_owned(),
        name: called.clone(),
        key: key.as_ref().map(|key| Secret::new(key.expose().clone())),
        dimension,
        longest_input: add.longest_input,
    };
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    let client = Arc::new(outbound(settings, &entropy)?);
    let encoder = RemoteEncoder::new(client, id_of_server(called)?, wanted);
    let encoder = encoder.map_err(|error| unusable("--url", error))?;
    add.check(encoder.model().revision())?;
    let unrelated_cosine = ask(&encoder, url)?;
    let sealed_key = key.map(|key| seal(home, settings, name, url, &key)).transpose()?;
    let server = ServerRecord { base_url: url.to_owned(), name: called.clone(), sealed_key };
    let model: EncoderModel = encoder.model().clone();
    let record = EncoderRecord { model, unrelated_cosine, runs: Runs::AtServer(server) };
    let folders = EncoderFolders::new(home.clone());
    let lock = lock(&folders)?;
    let draft = lock.draft()?;
    record.write(&draft)?;
    draft.publish(name)?;
    Ok(record)
}

/// Has the server encode once, and measures what it gives.
fn ask(encoder: &RemoteEncoder, url: &str) -> anyhow::Result<UnrelatedCosine> {
    let measured = actix_web::rt::System::new().block_on(measure_unrelated_cosine(encoder));
    measured.map_err(|unfit| {
        let status = match unfit {
            EncoderUnfit::Encode(EncodeError::Failed(_) | EncodeError::Busy) => ExitStatus::Failed,
            _ => ExitStatus::Refused,
        };
        CommandError::new(status, format!("{url} was asked, and {unfit}; nothing was installed")).into()
    })
}

/// What a model is called here that a server calls so: names of servers have other characters too, such as a colon.
fn id_of_server(called: &str) -> anyhow::Result<ModelId> {
    let is_allowed = |letter: char| ModelId::parse(letter.encode_utf8(&mut [0; 4])).is_ok();
    let id: String = called.chars().map(|letter| if is_allowed(letter) { letter } else { '-' }).collect();
    Ok(ModelId::parse(&id).map_err(|error| unusable("--model", error))?)
}

fn seal(
    home: &Home,
    settings: &Settings,
    name: &EncoderName,
    url: &str,
    key: &Secret<String>,
) -> anyhow::Result<syft_space_domain::sealing::Sealed> {
    let now = SystemClock.now();
    let master = MasterKey::load_or_make(&home.sealing_key(), &settings.environment, now, &SystemEntropy)?;
    let sealer = XChaChaSealer::new(master, Arc::new(SystemEntropy));
    Ok(seal_server_key(&sealer, name, url, key)?)
}
