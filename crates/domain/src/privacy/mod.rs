//! What the people whose data a tenant keeps may ask for: to see all that is held about them.
//!
//! An export is read in portions, each of them one short read, so that it takes little memory and holds up nobody, however
//! much there is. Which column of the database is found in which file of it, or why in none, stands in
//! `migrations/register.toml`.

mod events;
mod export;
mod export_file;
pub mod ports;
mod readme;
mod records;

pub use export::{Export, ExportError, ExportPortion};
pub use export_file::{ExportFile, ExportFileError};
pub use readme::readme;
