//! The file of a master key, a JSON object.
//!
//! Unknown members are refused: a key that says more than is understood here is not ours.

use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde::{Deserialize, Serialize};
use syft_space_domain::environment::Environment;
use syft_space_domain::random::Entropy;
use syft_space_domain::secret::Secret;
use syft_space_domain::time::Timestamp;
use syft_space_home::private_file;
use zeroize::Zeroizing;

use crate::MasterKeyError;
use crate::master_key::{ID_BYTES, KEY_BYTES, MasterKey};

/// The version of the format that is written and read here.
const FILE_VERSION: u64 = 1;
/// The most bytes of a file that are read. No key file has as many.
const MAX_FILE_BYTES: usize = 4096;
/// The permissions of the group and of others.
const OTHERS_MASK: u32 = 0o077;

#[derive(Deserialize)]
struct AnyVersion {
    version: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    #[serde(rename = "version")]
    _version: u64,
    id: String,
    environment: String,
    created_at: Timestamp,
    key: Secret<String>,
}

#[derive(Serialize)]
struct KeyFileOut<'a> {
    version: u64,
    id: &'a str,
    environment: &'a str,
    created_at: Timestamp,
    key: &'a str,
}

impl MasterKey {
    /// Reads the key in a file.
    ///
    /// # Errors
    /// When there is none, others than its owner may read it, it is malformed, or of another environment.
    pub fn load(path: &Path, environment: &Environment) -> Result<Self, MasterKeyError> {
        let missing = || MasterKeyError::Io { path: path.to_owned(), source: io::ErrorKind::NotFound.into() };
        check_environment(path, environment, read(path)?.ok_or_else(missing)?)
    }

    /// Reads the key in a file, or makes one there, durable before this returns.
    ///
    /// # Errors
    /// When others than its owner may read the file, it is malformed, of another environment, or cannot be made.
    pub fn load_or_make(
        path: &Path,
        environment: &Environment,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<Self, MasterKeyError> {
        if let Some(key) = read(path)? {
            return check_environment(path, environment, key);
        }
        let key = Self::generate(environment.clone(), now, entropy)?;
        write(path, &key)?;
        Ok(key)
    }
}

fn check_environment(path: &Path, asked: &Environment, key: MasterKey) -> Result<MasterKey, MasterKeyError> {
    if key.environment == *asked {
        return Ok(key);
    }
    Err(MasterKeyError::OtherEnvironment {
        path: path.to_owned(),
        found: key.environment,
        asked: asked.clone(),
    })
}

/// Reads the key; `None` when there is no file.
fn read(path: &Path) -> Result<Option<MasterKey>, MasterKeyError> {
    let Some(text) = read_private(path)? else { return Ok(None) };
    // The parser's own message is dropped: it may quote a value.
    let unreadable = |error: serde_json::Error| MasterKeyError::Unreadable {
        path: path.to_owned(),
        line: error.line(),
        column: error.column(),
    };
    let AnyVersion { version } = serde_json::from_str(&text).map_err(unreadable)?;
    if version != FILE_VERSION {
        return Err(MasterKeyError::Version { path: path.to_owned(), found: version });
    }
    let file: KeyFile = serde_json::from_str(&text).map_err(unreadable)?;
    file.into_key().map(Some).ok_or_else(|| MasterKeyError::Unreadable {
        path: path.to_owned(),
        line: text.lines().count(),
        column: 0,
    })
}

impl KeyFile {
    fn into_key(self) -> Option<MasterKey> {
        let environment = Environment::parse(&self.environment).ok()?;
        let mut id = [0; ID_BYTES];
        hex::decode_to_slice(&self.id, &mut id).ok()?;
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        hex::decode_to_slice(self.key.expose(), &mut *key).ok()?;
        Some(MasterKey { id, environment, created_at: self.created_at, key: Secret::new(*key) })
    }
}

/// Writes a key where there is none: of two that make one at once one fails, and no key is lost.
fn write(path: &Path, key: &MasterKey) -> Result<(), MasterKeyError> {
    private_file::write_new(path, to_json(key).expose()).map_err(|source| io_error(path, source))
}

fn to_json(key: &MasterKey) -> Secret<Vec<u8>> {
    let secret = Secret::new(hex::encode(key.key.expose()));
    let file = KeyFileOut {
        version: FILE_VERSION,
        id: &hex::encode(key.id),
        environment: key.environment.as_str(),
        created_at: key.created_at,
        key: secret.expose(),
    };
    // With room for all, so that the buffer never grows and leaves a copy behind.
    let mut json = Vec::with_capacity(1024);
    // Writing text and times into memory cannot fail; an empty file would be refused when read.
    let written = serde_json::to_writer_pretty(&mut json, &file);
    debug_assert!(written.is_ok(), "a key file is plain JSON");
    json.push(b'\n');
    Secret::new(json)
}

fn io_error(path: &Path, source: io::Error) -> MasterKeyError {
    MasterKeyError::Io { path: path.to_owned(), source }
}

fn read_private(path: &Path) -> Result<Option<Zeroizing<String>>, MasterKeyError> {
    let failed = |source| io_error(path, source);
    let Some(file) = private_file::open(path).map_err(failed)? else { return Ok(None) };
    // Of the file that is open, not of whatever has its name by now.
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(MasterKeyError::NoFile { path: path.to_owned() });
    }
    let mode = metadata.permissions().mode() & 0o777;
    if mode & OTHERS_MASK != 0 {
        return Err(MasterKeyError::OthersMayRead { path: path.to_owned(), mode });
    }
    let mut text = Zeroizing::new(String::with_capacity(MAX_FILE_BYTES));
    let max_bytes = u64::try_from(MAX_FILE_BYTES).unwrap_or(u64::MAX);
    file.take(max_bytes).read_to_string(&mut text).map_err(failed)?;
    Ok(Some(text))
}
