//! The file of the key, a JSON object. Unknown members are refused: a key that says more than is understood here is not ours.

use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use syft_space_domain::environment::Environment;
use syft_space_domain::random::{Entropy, RandomError};
use syft_space_domain::secret::Secret;
use syft_space_domain::time::Timestamp;
use syft_space_home::private_file;
use zeroize::Zeroizing;

/// The version of the format that is written and read here.
const FILE_VERSION: u64 = 1;
/// The most bytes of a file that are read. No key file has as many.
const MAX_FILE_BYTES: u64 = 4096;
/// The permissions of the group and of others.
const OTHERS_MASK: u32 = 0o077;

/// The key of the audit logs was not had.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The file cannot be read or made.
    #[error("the key of the audit logs, {}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others may read it.
    #[error("others may read the key of the audit logs, {}: chmod 600, and think of who had it", path.display())]
    OthersMayRead {
        /// Which file.
        path: PathBuf,
    },
    /// It is no key file.
    #[error("{} is no key of audit logs: restore it from a backup", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
    },
    /// It is of another environment.
    #[error("{} is of the environment {found}, and this is {asked}", path.display())]
    OtherEnvironment {
        /// Which file.
        path: PathBuf,
        /// That of the file.
        found: String,
        /// This one.
        asked: Environment,
    },
    /// The source of randomness failed.
    #[error(transparent)]
    Random(#[from] RandomError),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile<T> {
    version: u64,
    installation: String,
    environment: String,
    created_at: Timestamp,
    key: T,
}

/// What is in the file.
pub(crate) struct StoredKey {
    /// The name of the installation, 16 hexadecimal digits.
    pub(crate) installation: String,
    /// The private key.
    pub(crate) key: Secret<[u8; 32]>,
}

impl StoredKey {
    pub(crate) fn load_or_make(
        path: &Path,
        environment: &Environment,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<Self, KeyFileError> {
        if let Some(stored) = read(path, environment)? {
            return Ok(stored);
        }
        let (mut installation, mut key) = ([0; 8], Zeroizing::new([0; 32]));
        entropy.fill(&mut installation)?;
        entropy.fill(&mut *key)?;
        let text = Zeroizing::new(hex::encode(*key));
        let installation = hex::encode(installation);
        let file = KeyFile {
            version: FILE_VERSION,
            installation: installation.clone(),
            environment: environment.as_str().to_owned(),
            created_at: now,
            key: text.as_str(),
        };
        // With room for all, so that the buffer never grows and leaves a copy behind.
        let mut json = Zeroizing::new(Vec::with_capacity(1024));
        let io_error = |source| KeyFileError::Io { path: path.to_owned(), source };
        serde_json::to_writer_pretty(&mut *json, &file).map_err(|error| io_error(error.into()))?;
        json.push(b'\n');
        private_file::write_new(path, &json).map_err(io_error)?;
        Ok(Self { installation, key: Secret::new(*key) })
    }
}

fn read(path: &Path, environment: &Environment) -> Result<Option<StoredKey>, KeyFileError> {
    let io_error = |source| KeyFileError::Io { path: path.to_owned(), source };
    let unreadable = || KeyFileError::Unreadable { path: path.to_owned() };
    let Some(file) = private_file::open(path).map_err(io_error)? else { return Ok(None) };
    // Of the file that is open, not of whatever has its name by now.
    let metadata = file.metadata().map_err(io_error)?;
    if !metadata.is_file() {
        return Err(unreadable());
    }
    if metadata.permissions().mode() & OTHERS_MASK != 0 {
        return Err(KeyFileError::OthersMayRead { path: path.to_owned() });
    }
    let mut text = Zeroizing::new(String::with_capacity(4096));
    file.take(MAX_FILE_BYTES).read_to_string(&mut text).map_err(io_error)?;
    // The parser's own message is dropped: it may quote a value.
    let file: KeyFile<Secret<String>> = serde_json::from_str(&text).map_err(|_| unreadable())?;
    let is_name =
        file.installation.len() == 16 && file.installation.bytes().all(|byte| byte.is_ascii_hexdigit());
    if file.version != FILE_VERSION || !is_name {
        return Err(unreadable());
    }
    if file.environment != environment.as_str() {
        return Err(KeyFileError::OtherEnvironment {
            path: path.to_owned(),
            found: file.environment,
            asked: environment.clone(),
        });
    }
    let mut key = Zeroizing::new([0; 32]);
    hex::decode_to_slice(file.key.expose(), &mut *key).map_err(|_| unreadable())?;
    Ok(Some(StoredKey { installation: file.installation, key: Secret::new(*key) }))
}
