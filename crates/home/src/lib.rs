//! The home of a Syft Space: the folder that holds all it keeps, and that is its user's alone.
//!
//! * [`Home`]: the folder, prepared. It knows where everything in it lies (`layout.rs`), and nobody else does.
//! * [`HomeLock`]: one process at a time uses a home.
//! * [`private_file`] and [`private_folder`]: how files and folders are made that only their owner can read, and that
//!   are durable when they are there.
//! * [`EncoderFolders`]: the folders of installed encoders, each there whole or not at all.
//! * [`FileSpool`]: the port [`Spool`](syft_space_domain::dataset::ports::Spool), uploaded files in the dataset's folder.
//!
//! # Who may have put something there
//!
//! A home belongs to the user who runs the space, and so do the entries that are made first; what belongs to another
//! user is refused. Below the home no symbolic link is followed: a link in place of a folder or a file is refused, and
//! one in place of a draft is removed. (`config.toml` alone may be one: it is only read, and not from here.) A draft
//! is created exclusively, so that nothing is ever written through a name that somebody else made. The home itself may
//! be reached over a link: where it leads is its user's choice.
//!
//! What others may do with what lies in it is taken from them whenever it is locked (`repair.rs`), for a volume that is
//! mounted for a group is opened to that group at each mount.
#![forbid(unsafe_code)]

mod encoders;
mod error;
pub mod layout;
mod lock;
mod prepare;
pub mod private_file;
pub mod private_folder;
mod repair;
mod spool;

pub use encoders::{EncoderDraft, EncoderFolders, EncodersLock};
pub use error::{HomeError, LockError};
pub use layout::Home;
pub use lock::HomeLock;
pub use spool::FileSpool;
