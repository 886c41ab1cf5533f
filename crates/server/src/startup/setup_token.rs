//! The one-time token with which the first account is made.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use syft_space_domain::secret::{BearerSecret, TokenHash};

/// A setup token that lies in a file of the home while there is no account.
pub struct SetupTokenFile {
    path: PathBuf,
    hash: TokenHash,
}

impl SetupTokenFile {
    /// Writes a new token, in place of the one of an earlier start.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(home: &Path, token: &BearerSecret) -> io::Result<Self> {
        let path = Self::path(home);
        Self::remove(home)?;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        writeln!(file, "{}", token.expose())?;
        file.sync_all()?;
        Ok(Self { path, hash: token.hash() })
    }

    /// Removes the token that is left of an earlier start.
    ///
    /// # Errors
    /// When there is one, and it cannot be removed.
    pub fn remove(home: &Path) -> io::Result<()> {
        remove_if_present(&Self::path(home))
    }

    /// The file of a home.
    #[must_use]
    pub fn path(home: &Path) -> PathBuf {
        home.join("setup-token")
    }

    /// What a caller's token is compared with.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        self.hash
    }

    /// Removes the file, once the token has been used. When there is an account the token opens nothing,
    /// so that a file which cannot be removed is untidy, not dangerous.
    pub fn discard(&self) {
        if let Err(error) = remove_if_present(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "the used setup token could not be removed");
        }
    }
}

fn remove_if_present(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
