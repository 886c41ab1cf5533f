//! The encoders that are installed in a home: which are held ready, what is left out, and what becomes of one that changes.
#![expect(clippy::unwrap_used, reason = "tests and their helpers may panic")]

mod support;

use std::fs;
use std::num::NonZeroUsize;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use futures_executor::block_on;
use syft_space_domain::encoder::ports::{EncodeError, Encoder, Encoders};
use syft_space_domain::encoder::{EncoderModel, EncoderName, UnrelatedCosine};
use syft_space_domain::random::{Entropy, RandomError};
use syft_space_domain::sealing::Sealer;
use syft_space_domain::secret::Secret;
use syft_space_home::{EncoderFolders, Home};
use syft_space_memory::MemorySealer;
use syft_space_models::{
    CopyError, EncoderRecord, InstalledEncoders, LocalEncoder, ModelFiles, ModelRefused, RecordRefused,
    RemoteEncoder, RemoteModel, Runs, ServerRecord, measure_unrelated_cosine, seal_server_key,
};
use syft_space_outbound::{AllowList, Client, ClientSettings, SystemResolver};
use tempfile::TempDir;

use crate::support::{Files, TINY, model_id, random, telling_apart};

struct Zeros;

impl Entropy for Zeros {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
        buffer.fill(0);
        Ok(())
    }
}

fn client() -> Arc<Client> {
    let settings =
        ClientSettings { allow: AllowList::parse("127.0.0.1").unwrap(), ..ClientSettings::default() };
    Arc::new(Client::new(settings, Arc::new(SystemResolver), Arc::new(Zeros)).unwrap())
}

/// A home, and what its encoders are opened with.
struct Installed {
    path: TempDir,
    home: Home,
    folders: EncoderFolders,
    sealer: Arc<dyn Sealer>,
}

impl Installed {
    fn new() -> Self {
        let path = TempDir::new().unwrap();
        let home = Home::prepare_without_database(path.path()).unwrap();
        let folders = EncoderFolders::new(home.clone());
        Self { path, home, folders, sealer: Arc::new(MemorySealer::new(Arc::new(Zeros))) }
    }

    fn open(&self) -> InstalledEncoders {
        InstalledEncoders::open(self.home.clone(), client(), Arc::clone(&self.sealer), NonZeroUsize::MIN)
    }

    /// Installs a random model.
    fn install(&self, called: &str, seed: u64, unrelated: f32) -> EncoderModel {
        let folder = TempDir::new().unwrap();
        random(TINY, seed).write(folder.path());
        fs::write(folder.path().join("README.md"), "not copied").unwrap();
        let lock = self.folders.lock().unwrap();
        let draft = lock.draft().unwrap();
        ModelFiles::open(folder.path()).unwrap().copy(&draft).unwrap();
        let model = LocalEncoder::inspect(draft.path(), model_id()).unwrap();
        record(&model, unrelated, Runs::Here).write(&draft).unwrap();
        draft.publish(&name(called)).unwrap();
        model
    }

    /// Installs a server that wants a key.
    fn install_server(&self, called: &str, server: ServerRecord) {
        let wanted = RemoteModel {
            base_url: server.base_url.clone(),
            name: server.name.clone(),
            key: None,
            dimension: 8,
            longest_input: 16,
        };
        let encoder = RemoteEncoder::new(client(), model_id(), wanted).unwrap();
        let lock = self.folders.lock().unwrap();
        let draft = lock.draft().unwrap();
        record(encoder.model(), 0.5, Runs::AtServer(server)).write(&draft).unwrap();
        draft.publish(&name(called)).unwrap();
    }

    fn sealed_for(&self, called: &str, base_url: &str) -> ServerRecord {
        let key = Secret::new("a-key-of-the-tests".to_owned());
        let sealed = seal_server_key(&*self.sealer, &name(called), base_url, &key).unwrap();
        ServerRecord { base_url: base_url.to_owned(), name: "m".to_owned(), sealed_key: Some(sealed) }
    }
}

fn record(model: &EncoderModel, unrelated: f32, runs: Runs) -> EncoderRecord {
    let unrelated_cosine = UnrelatedCosine::parse(unrelated).unwrap();
    EncoderRecord { model: model.clone(), unrelated_cosine, runs }
}

fn name(text: &str) -> EncoderName {
    EncoderName::parse(text).unwrap()
}

fn names(encoders: &InstalledEncoders) -> Vec<String> {
    encoders.names().iter().map(ToString::to_string).collect()
}

fn encoder(encoders: &InstalledEncoders, called: &str) -> Arc<dyn Encoder> {
    encoders.encoder(&name(called)).unwrap().encoder
}

fn encode(encoder: &dyn Encoder) -> Result<(), EncodeError> {
    block_on(encoder.encode(&["one two"])).map(drop)
}

/// Waits until what another thread does has come about.
fn until(happened: impl Fn() -> bool) {
    while !happened() {
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn q2_an_encoder_that_is_installed_is_there_by_its_name_and_encodes() {
    let installed = Installed::new();
    let empty = installed.open();
    assert!(names(&empty).is_empty() && empty.encoder(&name("m")).is_none());
    let model = installed.install("m", 1, 0.25);
    let encoders = installed.open();
    assert_eq!(names(&encoders), ["m"]);
    let found = encoders.encoder(&name("m")).unwrap();
    assert_eq!((found.encoder.model(), found.unrelated_cosine.get()), (&model, 0.25));
    encode(&*found.encoder).unwrap();
    assert!(encoders.encoder(&name("n")).is_none());
    let copied = installed.folders.folder(&name("m"));
    assert!(copied.join("tokenizer.json").exists() && !copied.join("README.md").exists());
}

#[test]
fn q2_a_model_that_tells_texts_apart_is_of_use_and_one_that_knows_no_word_is_not() {
    let measured = |files: Files| {
        let folder = TempDir::new().unwrap();
        files.write(folder.path());
        let model = LocalEncoder::inspect_for_use(folder.path(), model_id())?;
        let encoder = LocalEncoder::new(folder.path().to_owned(), model, NonZeroUsize::MIN);
        Ok(block_on(measure_unrelated_cosine(&encoder)).unwrap().get())
    };
    let cosine = measured(telling_apart(1)).unwrap();
    assert!(cosine < 0.9, "{cosine}");
    let refused = measured(random(TINY, 1)).unwrap_err();
    assert!(matches!(refused, ModelRefused::Vocabulary { .. }), "{refused}");
}

#[test]
fn q2_opening_reads_no_weights() {
    let installed = Installed::new();
    let model = installed.install("m", 1, 0.0);
    fs::write(installed.folders.folder(&name("m")).join("model.safetensors"), "none").unwrap();
    let encoders = installed.open();
    assert_eq!(encoder(&encoders, "m").model(), &model);
    assert!(matches!(encode(&*encoder(&encoders, "m")), Err(EncodeError::Unusable(_))));
}

#[test]
fn q2_what_is_broken_is_left_out_and_keeps_nothing_else_from_working() {
    let installed = Installed::new();
    installed.install("good", 1, 0.0);
    let folder = |called: &str| installed.folders.folder(&name(called));
    let encoders = installed.path.path().join("encoders");
    fs::create_dir(folder("empty")).unwrap();
    fs::write(folder("file"), "").unwrap();
    symlink(folder("good"), folder("link")).unwrap();
    fs::create_dir(encoders.join("Not a name")).unwrap();
    for (called, text) in [("malformed", "{"), ("later", r#"{"version": 2}"#), ("long", &" ".repeat(1 << 17))]
    {
        fs::create_dir(folder(called)).unwrap();
        fs::write(folder(called).join("encoder.json"), text).unwrap();
    }
    fs::create_dir(folder("pipe")).unwrap();
    assert!(
        std::process::Command::new("mkfifo")
            .arg(folder("pipe").join("encoder.json"))
            .status()
            .unwrap()
            .success()
    );
    let opened = installed.open();
    assert_eq!(names(&opened), ["good"]);
    encode(&*encoder(&opened, "good")).unwrap();
    let told = EncoderRecord::all(&installed.folders).unwrap();
    let told: Vec<_> = told.into_iter().map(|(name, record)| (name.to_string(), record.err())).collect();
    assert_eq!(told.len(), 8);
    assert_eq!(told[0], ("empty".to_owned(), Some(RecordRefused::Missing)));
    assert!(told.iter().all(|(name, refused)| (name == "good") == refused.is_none()), "{told:?}");

    // Where the folder of encoders itself leads elsewhere, there is none, and a server starts.
    fs::rename(&encoders, installed.path.path().join("moved")).unwrap();
    symlink(installed.path.path().join("moved"), &encoders).unwrap();
    assert!(names(&installed.open()).is_empty());
}

#[test]
fn q2_an_encoder_that_has_not_changed_stays_as_it_is_when_others_come_and_go() {
    let installed = Installed::new();
    installed.install("kept", 1, 0.0);
    installed.install("other", 2, 0.0);
    let encoders = installed.open();
    let (kept, other) = (encoder(&encoders, "kept"), encoder(&encoders, "other"));
    // The same model under the same name, installed again, with another cosine.
    installed.install("kept", 1, 0.5);
    let replaced = installed.install("other", 3, 0.0);
    installed.install("new", 4, 0.0);
    encoders.reload();
    assert_eq!(names(&encoders), ["kept", "new", "other"]);
    assert!(Arc::ptr_eq(&kept, &encoder(&encoders, "kept")));
    assert_eq!(encoders.encoder(&name("kept")).unwrap().unrelated_cosine.get(), 0.5);
    assert!(!Arc::ptr_eq(&other, &encoder(&encoders, "other")));
    assert_eq!(encoder(&encoders, "other").model(), &replaced);
    encode(&*encoder(&encoders, "other")).unwrap();
    let reason = encode(&*other).unwrap_err();
    assert!(matches!(reason, EncodeError::Unusable(_)), "what it was made of is gone: {reason}");
}

#[test]
fn q2_what_is_installed_and_removed_by_others_is_seen_by_itself() {
    let installed = Installed::new();
    let encoders = installed.open();
    installed.install("m", 1, 0.0);
    until(|| encoders.encoder(&name("m")).is_some());
    let model = installed.install("m", 2, 0.0);
    until(|| encoder(&encoders, "m").model() == &model);
    let held = encoder(&encoders, "m");
    encode(&*held).unwrap();
    assert!(installed.folders.lock().unwrap().remove(&name("m")).unwrap());
    until(|| encoders.names().is_empty());
    encode(&*held).unwrap();
    drop(encoders);
}

#[test]
fn q2_the_key_of_a_server_opens_for_its_encoder_and_its_url_alone() {
    const URL: &str = "http://127.0.0.1:9/v1";
    let installed = Installed::new();
    let sealed = installed.sealed_for("m", URL);
    installed.install_server("m", sealed.clone());
    installed.install_server("open", ServerRecord { sealed_key: None, ..sealed.clone() });
    // Under another name.
    installed.install_server("n", sealed.clone());
    let encoders = installed.open();
    assert_eq!(names(&encoders), ["m", "open"]);
    let file = fs::read_to_string(installed.folders.folder(&name("m")).join("encoder.json")).unwrap();
    assert!(file.contains(URL) && !file.contains("a-key"), "{file}");
    // With another URL under the same name, and with its own again.
    let elsewhere = ServerRecord { base_url: "http://127.0.0.1:10/v1".to_owned(), ..sealed.clone() };
    for (server, known) in [(elsewhere, vec!["open"]), (sealed, vec!["m", "open"])] {
        installed.install_server("m", server);
        encoders.reload();
        assert_eq!(names(&encoders), known);
    }
    // With another sealing key it needs a new value.
    let other = Installed { sealer: Arc::new(OtherKey), ..installed };
    assert_eq!(names(&other.open()), ["open"]);
}

/// Opens nothing, as under another master key.
struct OtherKey;

impl Sealer for OtherKey {
    fn seal(
        &self,
        _: &syft_space_domain::tenant::TenantScope,
        _: &syft_space_domain::sealing::AssociatedData,
        _: &Secret<Vec<u8>>,
    ) -> Result<syft_space_domain::sealing::Sealed, syft_space_domain::sealing::SealError> {
        Err(syft_space_domain::sealing::SealError("none".to_owned()))
    }

    fn open(
        &self,
        _: &syft_space_domain::tenant::TenantScope,
        _: &syft_space_domain::sealing::AssociatedData,
        _: &syft_space_domain::sealing::Sealed,
    ) -> Result<Secret<Vec<u8>>, syft_space_domain::sealing::Unsealable> {
        Err(syft_space_domain::sealing::Unsealable)
    }

    fn digest(
        &self,
        _: &syft_space_domain::tenant::TenantScope,
        _: &'static str,
        _: &[u8],
    ) -> Result<[u8; 32], syft_space_domain::sealing::SealError> {
        Err(syft_space_domain::sealing::SealError("none".to_owned()))
    }
}

#[test]
fn k16_no_model_is_copied_out_of_a_folder_that_leads_elsewhere() {
    let installed = Installed::new();
    let lock = installed.folders.lock().unwrap();
    let open = |folder: &Path| ModelFiles::open(folder).map(|files| files.bytes());
    let folder = TempDir::new().unwrap();
    assert_eq!(
        open(&folder.path().join("none")).unwrap_err().to_string().split(':').next(),
        Some("the model's folder cannot be opened")
    );
    assert_eq!(open(folder.path()), Err(ModelRefused::Missing("config.json")));
    random(TINY, 1).write(folder.path());
    assert!(open(folder.path()).unwrap() > 1_000);
    let weights = folder.path().join("model.safetensors");
    fs::rename(&weights, folder.path().join("moved")).unwrap();
    symlink("moved", &weights).unwrap();
    assert_eq!(open(folder.path()), Err(ModelRefused::NotAFile("model.safetensors")));
    fs::remove_file(&weights).unwrap();
    fs::File::create(&weights).unwrap().set_len((1 << 31) + 1).unwrap();
    assert!(matches!(open(folder.path()), Err(ModelRefused::TooLarge { .. })));

    // One that grows while it is copied.
    fs::write(&weights, "few").unwrap();
    let files = ModelFiles::open(folder.path()).unwrap();
    fs::write(&weights, "more than before").unwrap();
    let draft = lock.draft().unwrap();
    let refused = files.copy(&draft).unwrap_err();
    assert!(matches!(refused, CopyError::Refused(ModelRefused::Unreadable { .. })), "{refused}");
}
