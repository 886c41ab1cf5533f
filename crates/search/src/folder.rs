//! The folder of a dataset's index: when there is an index in it, and how it is created and removed.

use std::io;
use std::path::{Path, PathBuf};

use syft_space_domain::ids::DatasetId;
use syft_space_domain::tenant::TenantScope;
use syft_space_home::{Home, private_file, private_folder};

/// The file that makes a folder an index. Tantivy writes it last, and atomically.
const META_FILE: &str = "meta.json";

/// The folder of one index, there or not.
#[derive(Debug, Clone)]
pub(crate) struct IndexFolder {
    home: Home,
    path: PathBuf,
}

impl IndexFolder {
    pub(crate) fn of(home: &Home, scope: &TenantScope, dataset: DatasetId) -> Self {
        Self { path: home.index(scope.tenant(), dataset), home: home.clone() }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether there is an index in it.
    pub(crate) fn has_index(&self) -> io::Result<bool> {
        Ok(self.home.has_folder(&self.path)? && self.path.join(META_FILE).try_exists()?)
    }

    /// Creates the folder, empty, durably, for its owner only.
    pub(crate) fn create(&self) -> io::Result<()> {
        self.remove()?;
        self.home.create_folder(&self.path)
    }

    /// Makes what was renamed or unlinked in it durable.
    pub(crate) fn sync(&self) -> io::Result<()> {
        private_folder::sync(&self.path)
    }

    /// Removes the folder and all in it.
    pub(crate) fn remove(&self) -> io::Result<()> {
        if !self.home.has_folder(&self.path)? {
            return Ok(());
        }
        // First this file: what a crash leaves of the rest is then no index.
        private_file::remove(&self.path.join(META_FILE))?;
        private_folder::remove_all(&self.path)
    }
}
