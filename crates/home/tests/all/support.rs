//! Homes to try things on, and what lies in them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use syft_space_domain::ids::{DatasetId, JobId, TenantId};
use syft_space_domain::tenant::TenantScope;
use syft_space_home::{Home, HomeError};
use tempfile::TempDir;

pub(crate) fn tenant() -> TenantId {
    TenantId::from_bytes([1; 16])
}

pub(crate) fn dataset() -> DatasetId {
    DatasetId::from_bytes([2; 16])
}

pub(crate) fn job() -> JobId {
    JobId::from_bytes([3; 16])
}

pub(crate) fn scope() -> TenantScope {
    TenantScope::assume(tenant(), "a test plays every tenant")
}

pub(crate) fn prepare(folder: &Path) -> Result<Home, HomeError> {
    Home::prepare_without_database(folder)
}

/// A home that was prepared.
pub(crate) fn prepared() -> (TempDir, Home) {
    let folder = TempDir::new().unwrap();
    let home = prepare(folder.path()).unwrap();
    (folder, home)
}

/// What a folder holds, not following links: each entry's owner, permissions, and content or target.
pub(crate) fn contents(folder: &Path) -> BTreeMap<String, (u32, u32, Vec<u8>)> {
    let mut all = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            let metadata = fs::symlink_metadata(&path).unwrap();
            let content = if metadata.is_symlink() {
                fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes()
            } else {
                fs::read(&path).unwrap_or_default()
            };
            let mode = metadata.permissions().mode();
            all.insert(path.display().to_string(), (metadata.uid(), mode, content));
            if metadata.is_dir() {
                folders.push(path);
            }
        }
    }
    let metadata = fs::metadata(folder).unwrap();
    all.insert(".".to_owned(), (metadata.uid(), metadata.permissions().mode(), Vec::new()));
    all
}

/// Preparing fails, and leaves everything as it was. Answers what is said.
#[track_caller]
pub(crate) fn refused(folder: &Path) -> HomeError {
    let before = contents(folder);
    let error = prepare(folder).unwrap_err();
    assert_eq!(contents(folder), before, "nothing is touched: {error}");
    error
}
