//! The encoders that are installed in a home: each has a folder with a record, and, where it runs here, a model's files.

mod record;
mod reported;
mod server_key;
mod watch;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use syft_space_domain::encoder::ports::{Encoder, Encoders};
use syft_space_domain::encoder::{EncoderName, InstalledEncoder};
use syft_space_domain::sealing::Sealer;
use syft_space_home::{EncoderFolders, Home};
use syft_space_outbound::Client;

pub use record::{EncoderRecord, RecordRefused, Runs, ServerRecord};
pub use server_key::seal_server_key;

use crate::installed::reported::ReportedEncoder;
use crate::installed::server_key::open_server_key;
use crate::installed::watch::{Seen, Watch};
use crate::local_encoder::LocalEncoder;
use crate::refused::shortened;
use crate::remote_encoder::{RemoteEncoder, RemoteModel};

/// The encoders of a home, held ready. What is installed or removed while this is there is seen within a second, by whichever
/// process it is done.
pub struct InstalledEncoders {
    shared: Arc<Shared>,
    _watch: Watch,
}

struct Shared {
    folders: EncoderFolders,
    client: Arc<Client>,
    sealer: Arc<dyn Sealer>,
    threads: NonZeroUsize,
    /// Held while the folders are read, so that what is read later is what is held.
    seen: Mutex<Seen>,
    held: RwLock<BTreeMap<EncoderName, Held>>,
}

/// An encoder that is held ready, and of which record it was made.
#[derive(Clone)]
struct Held {
    record: EncoderRecord,
    encoder: Arc<dyn Encoder>,
}

impl InstalledEncoders {
    /// Reads the records of a home's encoders, and no weights: those are read with the first text of each. An encoder that
    /// cannot be used is left out, and told of in the log. Each that runs here has so many threads; what runs at a server is
    /// asked through the client, with a key that the sealer opens.
    #[must_use]
    pub fn open(home: Home, client: Arc<Client>, sealer: Arc<dyn Sealer>, threads: NonZeroUsize) -> Self {
        let folders = EncoderFolders::new(home);
        let (seen, held) = (Mutex::default(), RwLock::default());
        let shared = Arc::new(Shared { folders, client, sealer, threads, seen, held });
        shared.reload();
        let watched = Arc::clone(&shared);
        Self { shared, _watch: Watch::start(move || watched.reload_if_changed()) }
    }

    /// Reads the records again, at once. An encoder of which nothing has changed stays as it is, with the weights that it has
    /// read. One that is gone goes from memory when nobody uses it any more.
    pub fn reload(&self) {
        self.shared.reload();
    }
}

impl Encoders for InstalledEncoders {
    fn names(&self) -> Vec<EncoderName> {
        // Whoever has just installed one names it at once.
        self.shared.reload_if_changed();
        self.shared.held.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    fn encoder(&self, name: &EncoderName) -> Option<InstalledEncoder> {
        self.shared.encoder(name).or_else(|| {
            self.shared.reload_if_changed();
            self.shared.encoder(name)
        })
    }
}

impl Shared {
    fn encoder(&self, name: &EncoderName) -> Option<InstalledEncoder> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        held.get(name).map(|Held { record, encoder }| InstalledEncoder {
            encoder: Arc::clone(encoder),
            unrelated_cosine: record.unrelated_cosine,
        })
    }

    fn reload_if_changed(&self) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Seen::of(&self.folders);
        if *seen != now {
            self.read_into_memory();
            *seen = now;
        }
    }

    fn reload(&self) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        *seen = Seen::of(&self.folders);
        self.read_into_memory();
    }

    fn read_into_memory(&self) {
        let records = match EncoderRecord::all(&self.folders) {
            Ok(records) => records,
            Err(error) => {
                tracing::warn!(%error, "which encoders are installed cannot be read: those that were known stay");
                return;
            }
        };
        let before = self.held.read().unwrap_or_else(PoisonError::into_inner).clone();
        for (name, _) in before.iter().filter(|(name, _)| records.iter().all(|(known, _)| known != *name)) {
            tracing::info!(encoder = %name, "an encoder is gone: what it was for is found by words");
        }
        let mut after = BTreeMap::new();
        for (name, record) in records {
            let record = record.map_err(|refused| refused.to_string());
            match record.and_then(|record| self.held_by(&name, record, before.get(&name))) {
                Ok(held) => drop(after.insert(name, held)),
                Err(reason) => tracing::warn!(
                    encoder = %name,
                    reason,
                    "an encoder cannot be used, and what it was for is found by words: add it again, or remove it"
                ),
            }
        }
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = after;
        // What goes with it may end threads, for which nobody who asks for an encoder waits.
        drop(before);
    }

    /// The encoder of a record: the one there was, where it would be the same.
    fn held_by(
        &self,
        name: &EncoderName,
        record: EncoderRecord,
        before: Option<&Held>,
    ) -> Result<Held, String> {
        let is_same = |held: &&Held| (&held.record.model, &held.record.runs) == (&record.model, &record.runs);
        if let Some(held) = before.filter(is_same) {
            return Ok(Held { encoder: Arc::clone(&held.encoder), record });
        }
        let model = record.model.clone();
        let encoder: Arc<dyn Encoder> = match &record.runs {
            Runs::Here => Arc::new(LocalEncoder::new(self.folders.folder(name), model, self.threads)),
            Runs::AtServer(ServerRecord { base_url, name: called, sealed_key }) => {
                let open = |sealed| open_server_key(&*self.sealer, name, base_url, sealed);
                let wanted = RemoteModel {
                    base_url: base_url.clone(),
                    name: called.clone(),
                    key: sealed_key.as_ref().map(open).transpose().map_err(|error| error.to_string())?,
                    dimension: model.dimension(),
                    longest_input: model.longest_input(),
                };
                let encoder = RemoteEncoder::new(Arc::clone(&self.client), model.id().clone(), wanted);
                let encoder = encoder.map_err(|error| shortened(&error.to_string()))?;
                if *encoder.model() != model {
                    return Err("its record was changed: it names another revision".to_owned());
                }
                Arc::new(encoder)
            }
        };
        let (model, revision) = (record.model.id(), record.model.revision());
        tracing::info!(encoder = %name, %model, %revision, "an encoder is ready");
        let encoder = Arc::new(ReportedEncoder::new(name.clone(), encoder));
        Ok(Held { record, encoder })
    }
}
