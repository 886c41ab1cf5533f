//! The errors of a master key, and what to do about them.

use std::io;
use std::path::PathBuf;

use syft_space_domain::environment::Environment;
use syft_space_domain::random::RandomError;

/// A master key could not be made or read. No message holds key material.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// The file cannot be read or written.
    #[error("the master key {} cannot be read or written: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others than its owner may do something with the file.
    #[error(
        "others may read or change the master key {}: its mode is {mode:03o}. Run `chmod 600` on it; if somebody may \
         have read it, give every stored secret a new value under a new key",
        path.display()
    )]
    OthersMayRead {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It is no file, such as a folder.
    #[error("the master key {} is not a file", path.display())]
    NoFile {
        /// What is there.
        path: PathBuf,
    },
    /// The text is not of the form that is written here.
    #[error(
        "the master key {} is not readable at line {line}, column {column}: restore it from a backup, or move it away \
         to have a new one made, after which every stored secret needs a new value",
        path.display()
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Where reading stopped.
        line: usize,
        /// Where in that line.
        column: usize,
    },
    /// It is of a form that is not known here.
    #[error("the master key {} has version {found}, and this release reads 1: use the release that wrote it", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u64,
    },
    /// It is a key of another environment.
    #[error(
        "the master key {} is of the environment {found}, and {asked} is asked for: give this installation a key of \
         its own, or correct the environment's name",
        path.display()
    )]
    OtherEnvironment {
        /// The file.
        path: PathBuf,
        /// Its mark.
        found: Environment,
        /// What the caller asked for.
        asked: Environment,
    },
    /// There was no randomness to make a key from.
    #[error(transparent)]
    Random(#[from] RandomError),
}
