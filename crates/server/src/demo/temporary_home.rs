//! The folder of a home that goes when it is no longer needed.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use syft_space_domain::random::Entropy;

/// A folder among the system's temporary ones, which is removed when this is dropped.
pub(crate) struct TemporaryHome {
    path: PathBuf,
}

impl TemporaryHome {
    /// Creates an empty folder that only its owner can enter, under a name that nobody can have taken before.
    pub(crate) fn create(entropy: &dyn Entropy) -> anyhow::Result<Self> {
        let mut number = [0; 16];
        entropy.fill(&mut number)?;
        let path = std::env::temp_dir().join(format!("syft-space-demo-{}", hex::encode(number)));
        let created = DirBuilder::new().mode(0o700).create(&path);
        created.with_context(|| format!("creating {}", path.display()))?;
        Ok(Self { path })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for TemporaryHome {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            tracing::warn!(%error, folder = %self.path.display(), "the demonstration's home was not removed");
        }
    }
}
