//! What is kept of an installed encoder: `encoder.json` in its folder.
//!
//! Unknown members are refused: a record that says more than is understood here is of a later version.

use std::io::{self, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use syft_space_domain::encoder::{EncoderModel, EncoderName, ModelId, UnrelatedCosine};
use syft_space_domain::sealing::Sealed;
use syft_space_home::{EncoderDraft, EncoderFolders, private_file};

use crate::refused::shortened;

/// The file's name.
const FILE: &str = "encoder.json";
/// The version of the format that is written and read here.
const FILE_VERSION: u64 = 1;
/// The most bytes of the file that are read. A URL and a sealed key have less.
const MAX_FILE_BYTES: u64 = 1 << 16;

/// An encoder that is installed, as far as is known without reading a model or asking a server.
#[derive(Debug, Clone, PartialEq)]
pub struct EncoderRecord {
    /// Which model it runs.
    pub model: EncoderModel,
    /// What its cosines are measured from.
    pub unrelated_cosine: UnrelatedCosine,
    /// Where it runs.
    pub runs: Runs,
}

/// Where an encoder runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Runs {
    /// In this process, by the files beside the record.
    Here,
    /// At a server.
    AtServer(ServerRecord),
}

/// A server that encodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerRecord {
    /// Where its API begins.
    pub base_url: String,
    /// What it calls the model.
    pub name: String,
    /// Its key, where it wants one.
    pub sealed_key: Option<Sealed>,
}

/// What is in an encoder's folder cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordRefused {
    /// There is no such file.
    #[error("it has no {FILE}")]
    Missing,
    /// The file is a link, cannot be read, or is too long.
    #[error("{FILE} cannot be read: {0}")]
    Unreadable(String),
    /// The file is not of its form.
    #[error("{FILE} is not what it should be: {0}")]
    Malformed(String),
    /// A later version has written it.
    #[error("{FILE} is of the version {0}, which is not known here")]
    Version(u64),
}

#[derive(Deserialize)]
struct AnyVersion {
    version: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u64,
    kind: Kind,
    model: String,
    revision: String,
    dimension: usize,
    longest_input: usize,
    unrelated_cosine: f32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    server: Option<ServerFile>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Local,
    Remote,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ServerFile {
    base_url: String,
    name: String,
    /// In hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sealed_key: Option<String>,
}

impl EncoderRecord {
    /// Those of all encoders that are installed, in the order of their names, and what is wrong with the others. No weights
    /// are read.
    ///
    /// # Errors
    /// When the folder of encoders cannot be listed.
    pub fn all(folders: &EncoderFolders) -> io::Result<Vec<(EncoderName, Result<Self, RecordRefused>)>> {
        let read = |name: EncoderName| {
            let record = Self::read(&folders.folder(&name));
            (name, record)
        };
        Ok(folders.names()?.into_iter().map(read).collect())
    }

    /// The one of an encoder's folder.
    ///
    /// # Errors
    /// When there is none, or it cannot be used.
    pub fn read(folder: &Path) -> Result<Self, RecordRefused> {
        let unreadable = |error: io::Error| RecordRefused::Unreadable(shortened(&error.to_string()));
        // A link to a folder would lead out of the home.
        if private_file::is_link(folder) {
            return Err(RecordRefused::Unreadable("its folder is a symbolic link".to_owned()));
        }
        let file =
            private_file::open(&folder.join(FILE)).map_err(unreadable)?.ok_or(RecordRefused::Missing)?;
        if !file.metadata().map_err(unreadable)?.is_file() {
            return Err(RecordRefused::Unreadable("it is no file".to_owned()));
        }
        let mut text = Vec::new();
        file.take(MAX_FILE_BYTES.saturating_add(1)).read_to_end(&mut text).map_err(unreadable)?;
        if u64::try_from(text.len()).is_ok_and(|bytes| bytes > MAX_FILE_BYTES) {
            return Err(RecordRefused::Unreadable(format!("it has more than {MAX_FILE_BYTES} bytes")));
        }
        Self::parse(&text)
    }

    /// Writes it into a draft, durably.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, draft: &EncoderDraft<'_>) -> io::Result<()> {
        let mut text = serde_json::to_vec_pretty(&File::of(self))?;
        text.push(b'\n');
        let mut file = draft.create_file(FILE)?;
        file.write_all(&text)?;
        file.sync_all()
    }

    fn parse(text: &[u8]) -> Result<Self, RecordRefused> {
        let malformed = |error: serde_json::Error| RecordRefused::Malformed(shortened(&error.to_string()));
        let AnyVersion { version } = serde_json::from_slice(text).map_err(malformed)?;
        if version != FILE_VERSION {
            return Err(RecordRefused::Version(version));
        }
        serde_json::from_slice::<File>(text).map_err(malformed)?.into_record()
    }
}

impl File {
    fn of(record: &EncoderRecord) -> Self {
        let EncoderRecord { model, unrelated_cosine, runs } = record;
        let server = match runs {
            Runs::Here => None,
            Runs::AtServer(ServerRecord { base_url, name, sealed_key }) => Some(ServerFile {
                base_url: base_url.clone(),
                name: name.clone(),
                sealed_key: sealed_key.as_ref().map(|sealed| hex::encode(sealed.as_bytes())),
            }),
        };
        Self {
            version: FILE_VERSION,
            kind: if server.is_some() { Kind::Remote } else { Kind::Local },
            model: model.id().to_string(),
            revision: model.revision().to_string(),
            dimension: model.dimension(),
            longest_input: model.longest_input(),
            unrelated_cosine: unrelated_cosine.get(),
            server,
        }
    }

    fn into_record(self) -> Result<EncoderRecord, RecordRefused> {
        fn malformed(error: impl std::fmt::Display) -> RecordRefused {
            RecordRefused::Malformed(shortened(&error.to_string()))
        }
        let id = ModelId::parse(&self.model).map_err(malformed)?;
        let revision = self.revision.parse().map_err(malformed)?;
        let model = EncoderModel::new(id, revision, self.dimension, self.longest_input).map_err(malformed)?;
        let runs = match (self.kind, self.server) {
            (Kind::Local, None) => Runs::Here,
            (Kind::Remote, Some(ServerFile { base_url, name, sealed_key })) => {
                let sealed_key = sealed_key.map(hex::decode).transpose().map_err(malformed)?;
                let sealed_key = sealed_key.map(Sealed::from_bytes);
                Runs::AtServer(ServerRecord { base_url, name, sealed_key })
            }
            (Kind::Local, Some(_)) => return Err(malformed("a local encoder has no server")),
            (Kind::Remote, None) => return Err(malformed("a remote encoder has a server")),
        };
        let unrelated_cosine = UnrelatedCosine::parse(self.unrelated_cosine).map_err(malformed)?;
        Ok(EncoderRecord { model, unrelated_cosine, runs })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use syft_space_domain::encoder::ModelRevision;

    use super::*;

    fn record(runs: Runs) -> EncoderRecord {
        let id = ModelId::parse("all-MiniLM-L6-v2").unwrap();
        let model = EncoderModel::new(id, ModelRevision::from_bytes([7; 32]), 384, 256).unwrap();
        EncoderRecord { model, unrelated_cosine: UnrelatedCosine::parse(0.031_25).unwrap(), runs }
    }

    fn server(sealed_key: Option<Vec<u8>>) -> Runs {
        let sealed_key = sealed_key.map(Sealed::from_bytes);
        Runs::AtServer(ServerRecord {
            base_url: "http://127.0.0.1:7/v1".to_owned(),
            name: "m:latest".to_owned(),
            sealed_key,
        })
    }

    #[test]
    fn q2_what_is_written_of_an_encoder_is_read_again() {
        for runs in [Runs::Here, server(None), server(Some(vec![1, 255]))] {
            let record = record(runs);
            let text = serde_json::to_vec(&File::of(&record)).unwrap();
            assert_eq!(EncoderRecord::parse(&text), Ok(record));
        }
    }

    #[test]
    fn q2_a_record_that_cannot_be_is_refused_with_a_reason() {
        let good = serde_json::to_value(File::of(&record(server(Some(vec![1]))))).unwrap();
        let refusal = |change: &dyn Fn(&mut Value)| {
            let mut record = good.clone();
            change(&mut record);
            EncoderRecord::parse(record.to_string().as_bytes()).unwrap_err()
        };
        assert_eq!(refusal(&|record| record["version"] = json!(2)), RecordRefused::Version(2));
        let changes: [&dyn Fn(&mut Value); 10] = [
            &|record| record["kind"] = json!("local"),
            &|record| record["server"] = Value::Null,
            &|record| record["model"] = json!("a b"),
            &|record| record["revision"] = json!("07"),
            &|record| record["dimension"] = json!(0),
            &|record| record["longest_input"] = json!(-1),
            &|record| record["unrelated_cosine"] = json!(0.96),
            &|record| record["more"] = json!(1),
            &|record| record["server"]["sealed_key"] = json!("x"),
            &|record| *record = json!({ "version": 1 }),
        ];
        for change in changes {
            let refused = refusal(change);
            assert!(matches!(refused, RecordRefused::Malformed(_)), "{refused}");
        }
        assert!(matches!(EncoderRecord::parse(b"{"), Err(RecordRefused::Malformed(_))));
    }
}
