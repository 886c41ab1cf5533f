//! The layout of the home: where everything in it lies. No other file knows.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use rustix::fs::Access;
use syft_space_domain::ids::{DatasetId, TenantId};

use crate::private_folder;

/// The database of everything but documents.
pub const APP_DB: &str = "app.db";
/// The database of what was taken of rate limits.
const LIMITS_DB: &str = "limits.db";
/// The settings that the home brings.
pub const CONFIG: &str = "config.toml";
/// The socket on which the host's operator is served.
pub const CONTROL_SOCKET: &str = "control.sock";
/// The socket until it is ready.
pub const CONTROL_SOCKET_DRAFT: &str = "control.sock.new";
/// The token with which the first account is made.
pub const SETUP_TOKEN: &str = "setup-token";

/// The file that says in which folder the erasure ledger is, once there is one.
const ERASURE_LEDGER: &str = "erasure-ledger";

/// The file with the layout's version, which makes a folder a home.
pub(crate) const VERSION: &str = "VERSION";
/// Keeps a home that lies in a repository out of it.
pub(crate) const GITIGNORE: &str = ".gitignore";
/// The file that whoever uses the home has locked.
pub(crate) const LOCK: &str = "lock";
/// The folder of keys.
pub(crate) const KEYS: &str = "keys";
/// The keys that sign access tokens, in the folder of keys.
const TOKEN_KEYS: &str = "access.jwks";
/// The key that seals stored secrets, in the folder of keys.
const SEALING_KEY: &str = "sealing-key.json";
/// The key that signs checkpoints of the audit logs, in the folder of keys.
const AUDIT_KEY: &str = "audit-key.json";
/// All of them.
pub(crate) const KEY_FILES: [&str; 3] = [TOKEN_KEYS, SEALING_KEY, AUDIT_KEY];
/// What the root of a fresh ext4 volume holds.
pub(crate) const OF_FILESYSTEM: &str = "lost+found";
/// The folder of the tenants' documents and indexes.
pub(crate) const TENANTS: &str = "tenants";
/// The folder of the encoders that are installed, with a folder for each.
const ENCODERS: &str = "encoders";
/// The folder of a tenant's datasets, in the tenant's folder.
const DATASETS: &str = "datasets";
/// A dataset's documents, in the dataset's folder.
const DOCUMENTS_DB: &str = "documents.db";
/// The index of a dataset's documents, in the dataset's folder.
const INDEX: &str = "index";
/// The vectors of a dataset's chunks, in the dataset's folder: a folder for each revision of a model.
const VECTORS: &str = "vectors";
/// Which vectors of the dataset lie in a vector database outside, in the dataset's folder.
const VECTOR_POINTS_DB: &str = "vector-points.db";
/// The files that are not documents yet, in the dataset's folder.
const SPOOL: &str = "spool";

/// The folder of a home in a volume whose own folder cannot be one.
const IN_VOLUME: &str = "syft-space";

/// Where the home is that a path means: there, but for the folder of a volume that is root's and that this user may write
/// to, as Kubernetes' `fsGroup` mounts it. It can be nobody's alone, so the home is a folder of its own in it.
#[must_use]
pub fn place(path: &Path) -> PathBuf {
    let user = rustix::process::geteuid();
    let is_of_root = fs::metadata(path).is_ok_and(|metadata| metadata.is_dir() && metadata.uid() == 0);
    let may_write = || rustix::fs::access(path, Access::WRITE_OK | Access::EXEC_OK).is_ok();
    // Root's own home, whose server ran as root before, is refused rather than forgotten.
    let is_home = || path.join(VERSION).symlink_metadata().is_ok();
    if !user.is_root() && is_of_root && !is_home() && may_write() {
        path.join(IN_VOLUME)
    } else {
        path.to_owned()
    }
}

/// What tells a home, or what is left of one, from other folders: it holds both.
pub const MARKS_OF_HOME: [&str; 2] = [VERSION, KEYS];

/// The folder that holds all a space keeps. Only [`Home::prepare`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    pub(crate) path: PathBuf,
    /// Whether others could use the folder until it was prepared. Whoever takes the home tells of it with the rest.
    pub(crate) was_open: bool,
}

impl Home {
    /// The folder itself: absolute, and without a link on the way.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The database of everything but documents.
    #[must_use]
    pub fn app_db(&self) -> PathBuf {
        self.path.join(APP_DB)
    }

    /// The database of what was taken of rate limits.
    #[must_use]
    pub fn limits_db(&self) -> PathBuf {
        self.path.join(LIMITS_DB)
    }

    /// The file that says in which folder the erasure ledger is.
    #[must_use]
    pub fn erasure_ledger(&self) -> PathBuf {
        self.path.join(ERASURE_LEDGER)
    }

    /// The keys that sign access tokens.
    #[must_use]
    pub fn token_keys(&self) -> PathBuf {
        self.keys().join(TOKEN_KEYS)
    }

    /// The key that seals stored secrets.
    #[must_use]
    pub fn sealing_key(&self) -> PathBuf {
        self.keys().join(SEALING_KEY)
    }

    /// The key that signs checkpoints of the audit logs.
    #[must_use]
    pub fn audit_key(&self) -> PathBuf {
        self.keys().join(AUDIT_KEY)
    }

    /// The folder of keys.
    pub(crate) fn keys(&self) -> PathBuf {
        self.path.join(KEYS)
    }

    /// The folder of the encoders that are installed.
    pub(crate) fn encoders(&self) -> PathBuf {
        self.path.join(ENCODERS)
    }

    /// The folder of one dataset: its documents, their index and vectors, and files that are not documents yet.
    #[must_use]
    pub fn dataset(&self, tenant: TenantId, dataset: DatasetId) -> PathBuf {
        self.datasets(tenant).join(dataset.to_string())
    }

    /// The documents of a dataset.
    #[must_use]
    pub fn documents_db(&self, tenant: TenantId, dataset: DatasetId) -> PathBuf {
        self.dataset(tenant, dataset).join(DOCUMENTS_DB)
    }

    /// The folder of a dataset's index.
    #[must_use]
    pub fn index(&self, tenant: TenantId, dataset: DatasetId) -> PathBuf {
        self.dataset(tenant, dataset).join(INDEX)
    }

    /// The folder of the vectors of a dataset's chunks.
    #[must_use]
    pub fn vectors(&self, tenant: TenantId, dataset: DatasetId) -> PathBuf {
        self.dataset(tenant, dataset).join(VECTORS)
    }

    /// Which vectors of a dataset lie in a vector database outside.
    #[must_use]
    pub fn vector_points_db(&self, tenant: TenantId, dataset: DatasetId) -> PathBuf {
        self.dataset(tenant, dataset).join(VECTOR_POINTS_DB)
    }

    /// The folder of a dataset's files that are not documents yet.
    pub(crate) fn spool(&self, tenant: TenantId, dataset: DatasetId) -> PathBuf {
        self.dataset(tenant, dataset).join(SPOOL)
    }

    /// The datasets that have a folder, in the order of tenant and id.
    ///
    /// # Errors
    /// When a folder cannot be listed, or is a link.
    pub fn dataset_folders(&self) -> io::Result<Vec<(TenantId, DatasetId)>> {
        let mut found = Vec::new();
        for name in private_folder::list_names(&self.path.join(TENANTS))? {
            let Ok(tenant) = name.parse::<TenantId>() else { continue };
            let folder = self.datasets(tenant);
            if self.has_folder(&folder)? {
                let names = private_folder::list_names(&folder)?;
                found.extend(names.iter().filter_map(|name| Some((tenant, name.parse().ok()?))));
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    /// Removes the folders of tenants in which there is no dataset, as one leaves them that has ended. Nobody may make datasets meanwhile.
    ///
    /// # Errors
    /// When a folder cannot be listed, or is a link.
    pub fn remove_empty_tenants(&self) -> io::Result<()> {
        for name in private_folder::list_names(&self.path.join(TENANTS))? {
            let Ok(tenant) = name.parse::<TenantId>() else { continue };
            for folder in [self.datasets(tenant), self.path.join(TENANTS).join(name)] {
                if self.has_folder(&folder)? {
                    private_folder::remove_if_empty(&folder)?;
                }
            }
        }
        Ok(())
    }

    /// Whether there is a folder below the home.
    ///
    /// # Errors
    /// When the folder or one on the way to it is a link or a file, or cannot be looked at.
    pub fn has_folder(&self, folder: &Path) -> io::Result<bool> {
        for step in self.steps_to(folder)? {
            if !private_folder::is_folder(&step)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Creates a folder below the home, and those on the way to it, durably, where they are missing.
    ///
    /// # Errors
    /// When the folder or one on the way to it is a link or a file, or cannot be created.
    pub fn create_folder(&self, folder: &Path) -> io::Result<()> {
        self.steps_to(folder)?.iter().try_for_each(|step| private_folder::create_one(step))
    }

    /// The folders from the home's first one down to this one.
    fn steps_to(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        let outside = || io::Error::new(io::ErrorKind::InvalidInput, "not below the home");
        let below = folder.strip_prefix(&self.path).map_err(|_| outside())?;
        let mut step = self.path.clone();
        let names = below.components().map(|name| match name {
            Component::Normal(name) => {
                step.push(name);
                Ok(step.clone())
            }
            _ => Err(outside()),
        });
        names.collect()
    }

    fn datasets(&self, tenant: TenantId) -> PathBuf {
        self.path.join(TENANTS).join(tenant.to_string()).join(DATASETS)
    }
}
