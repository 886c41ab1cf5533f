//! Where a dataset's index lies, and how its folder comes and goes.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::path::{Path, PathBuf};

use syft_space_domain::ids::DatasetId;
use syft_space_domain::tenant::TenantScope;

/// An index folder is one if it has this; tantivy writes it last, and all at once.
const MARK: &str = "meta.json";

/// How many folders above an index are made for it: the dataset's, `datasets`, the tenant's, `tenants`, the home.
const MADE_FOR_IT: usize = 5;

/// The folder of one index, there or not.
#[derive(Debug, Clone)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn of(home: &Path, scope: &TenantScope, dataset: DatasetId) -> Self {
        let tenant = home.join("tenants").join(scope.tenant().to_string());
        Self(tenant.join("datasets").join(dataset.to_string()).join("index"))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Whether there is an index in it.
    pub(crate) fn has_index(&self) -> io::Result<bool> {
        self.0.join(MARK).try_exists()
    }

    /// Makes the folder, empty, for its owner only, in a way that outlives a power cut.
    pub(crate) fn make(&self) -> io::Result<()> {
        self.clear()?;
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.0)?;
        self.0.ancestors().skip(1).take(MADE_FOR_IT).try_for_each(sync)
    }

    /// Makes what was renamed or unlinked in it outlive a power cut.
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
        // First the mark: what a crash leaves of the rest is then no index.
        ignore_missing(fs::remove_file(self.0.join(MARK)))?;
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
