//! The folder of a dataset's index: where it lies, how it is created and removed.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::path::{Path, PathBuf};

use syft_space_domain::ids::DatasetId;
use syft_space_domain::tenant::TenantScope;

/// The file that makes a folder an index. Tantivy writes it last, and atomically.
const META_FILE: &str = "meta.json";

/// The folders above an index that are created for it: the dataset's, `datasets`, the tenant's, `tenants`, the home.
const CREATED_ANCESTORS: usize = 5;

/// The folder of one index, there or not.
#[derive(Debug, Clone)]
pub(crate) struct IndexFolder(PathBuf);

impl IndexFolder {
    pub(crate) fn of(home: &Path, scope: &TenantScope, dataset: DatasetId) -> Self {
        let tenant = home.join("tenants").join(scope.tenant().to_string());
        Self(tenant.join("datasets").join(dataset.to_string()).join("index"))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Whether there is an index in it.
    pub(crate) fn has_index(&self) -> io::Result<bool> {
        self.0.join(META_FILE).try_exists()
    }

    /// Creates the folder, empty, durably, for its owner only.
    pub(crate) fn create(&self) -> io::Result<()> {
        self.clear()?;
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.0)?;
        self.0.ancestors().skip(1).take(CREATED_ANCESTORS).try_for_each(sync)
    }

    /// Makes what was renamed or unlinked in it durable.
    pub(crate) fn sync(&self) -> io::Result<()> {
        sync(&self.0)
    }

    /// Removes the folder and all in it.
    pub(crate) fn remove(&self) -> io::Result<()> {
        self.clear()?;
        match self.0.parent().map(sync) {
            Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn clear(&self) -> io::Result<()> {
        // First this file: what a crash leaves of the rest is then no index.
        ignore_missing(fs::remove_file(self.0.join(META_FILE)))?;
        ignore_missing(fs::remove_dir_all(&self.0))
    }
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn ignore_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
