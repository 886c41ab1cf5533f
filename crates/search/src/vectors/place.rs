//! Where vectors lie: which tenant's, of which dataset, of which revision of a model; and the folder for them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use syft_space_domain::encoder::ModelRevision;
use syft_space_domain::ids::{DatasetId, TenantId};
use syft_space_domain::tenant::TenantScope;
use syft_space_home::{Home, private_file, private_folder};

use crate::types::DatasetKey;

/// The file that makes a folder an index of vectors. It is written last, and atomically.
pub(crate) const MANIFEST: &str = "manifest.json";

/// How the name of a segment's file ends.
const SEGMENT_SUFFIX: &str = ".seg";

/// Whose vectors are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) tenant: TenantId,
    pub(crate) dataset: DatasetId,
    pub(crate) revision: ModelRevision,
}

impl Place {
    pub(crate) fn new(scope: &TenantScope, dataset: DatasetId, revision: ModelRevision) -> Self {
        Self { tenant: scope.tenant(), dataset, revision }
    }

    pub(crate) fn dataset_key(&self) -> DatasetKey {
        (self.tenant, self.dataset)
    }
}

/// The revisions of which a dataset has vectors, in their order. A folder in which none were ever whole has none.
pub(crate) fn revisions(
    home: &Home,
    scope: &TenantScope,
    dataset: DatasetId,
) -> io::Result<Vec<ModelRevision>> {
    let folder = home.vectors(scope.tenant(), dataset);
    if !home.has_folder(&folder)? {
        return Ok(Vec::new());
    }
    let mut revisions = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let name = entry?.file_name();
        let Some(revision) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
        if VectorFolder::new(home, Place::new(scope, dataset, revision)).has_index()? {
            revisions.push(revision);
        }
    }
    revisions.sort_unstable();
    Ok(revisions)
}

/// Removes all vectors of a dataset, and what a cut-short creation or removal left.
pub(crate) fn remove_all(home: &Home, scope: &TenantScope, dataset: DatasetId) -> io::Result<()> {
    for revision in revisions(home, scope, dataset)? {
        VectorFolder::new(home, Place::new(scope, dataset, revision)).remove()?;
    }
    let folder = home.vectors(scope.tenant(), dataset);
    if home.has_folder(&folder)? { private_folder::remove_all(&folder) } else { Ok(()) }
}

/// The folder of a place's vectors, there or not.
#[derive(Debug, Clone)]
pub(crate) struct VectorFolder {
    home: Home,
    path: PathBuf,
    place: Place,
}

impl VectorFolder {
    pub(crate) fn new(home: &Home, place: Place) -> Self {
        let path = home.vectors(place.tenant, place.dataset).join(place.revision.to_string());
        Self { home: home.clone(), path, place }
    }

    pub(crate) fn place(&self) -> Place {
        self.place
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn manifest(&self) -> PathBuf {
        self.path.join(MANIFEST)
    }

    pub(crate) fn segment(&self, number: u64) -> PathBuf {
        self.path.join(segment_name(number))
    }

    /// Whether there is an index in it.
    pub(crate) fn has_index(&self) -> io::Result<bool> {
        Ok(self.home.has_folder(&self.path)? && self.manifest().try_exists()?)
    }

    /// Creates the folder, empty, durably, for its owner only.
    pub(crate) fn create(&self) -> io::Result<()> {
        self.remove()?;
        self.home.create_folder(&self.path)
    }

    /// Makes what was created, renamed or unlinked in it durable.
    pub(crate) fn sync(&self) -> io::Result<()> {
        private_folder::sync(&self.path)
    }

    /// Unlinks, durably, all but the manifest and these segments: what an earlier step replaced, or did not finish.
    pub(crate) fn keep_only(&self, segments: impl Iterator<Item = u64>) -> io::Result<()> {
        let kept: Vec<String> = segments.map(segment_name).chain([MANIFEST.to_owned()]).collect();
        let mut is_changed = false;
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            if entry.file_name().to_str().is_none_or(|name| !kept.iter().any(|kept| kept == name)) {
                private_file::remove(&entry.path())?;
                is_changed = true;
            }
        }
        if is_changed { self.sync() } else { Ok(()) }
    }

    /// Removes the folder and all in it.
    pub(crate) fn remove(&self) -> io::Result<()> {
        if !self.home.has_folder(&self.path)? {
            return Ok(());
        }
        // First this file: what a crash leaves of the rest is then no index.
        private_file::remove(&self.manifest())?;
        self.sync()?;
        private_folder::remove_all(&self.path)
    }
}

fn segment_name(number: u64) -> String {
    format!("{number}{SEGMENT_SUFFIX}")
}
