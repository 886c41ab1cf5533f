//! The vectors of a dataset's chunks, and the exact scan over them.
//!
//! [`FlatVectors`] implements [`syft_space_domain::dataset::ports::VectorIndex`] on flat files. It shares with the search
//! engine beside it how files are mapped, how damage is told, and how many write at once.
//!
//! # Files
//!
//! `vectors/REVISION/` in a dataset's folder has a `manifest.json` and segments. A segment is immutable, of up to 4 MiB of
//! rows, and mapped into memory. The manifest names the segments, and the last change that they have followed; it is
//! replaced as a whole, when all that it names is on the disk. A folder without one is a creation or a removal that was
//! cut short, and counts as no index. What the manifest does not name is unlinked by the next step.
//!
//! A step (a batch, or documents that are outdated) writes what is new, and writes every segment anew that holds what
//! goes; small segments become one on the way. So nothing that was replaced or removed is on the disk once a step has
//! answered, and there are few segments.
//!
//! Every file is checked when it is opened, each byte of it by a CRC-32, and each number: against the others, and against
//! the size of the file. So a file that is damaged or foreign is told as damaged, and no memory is taken for what it claims.
//!
//! # Rounding
//!
//! A component is held in eight bits (`quantised.rs`). A cosine of vectors of 384 components is off by 0.0004 for that, the
//! root of the mean square, and by 0.0022 at the most over four million pairs of real ones; what it can be off is half a
//! step, which is a 254th of a vector's largest component, times the root of its dimension. Sums are of whole numbers, so
//! equal vectors have equal cosines, whatever the processor and wherever they lie.
//!
//! # A question
//!
//! reads all rows of its index; whatever it finds is the nearest of all (rounded). Beside the mapping it takes memory for as
//! many chunks as are wanted, for each thread. Chunks that are asked for by name are looked up in each segment, among its
//! documents, and their rows are compared by themselves. A small index is scanned where the question is asked; a larger one by a few
//! threads that all questions share. Tenants take turns there, a segment each, which takes a quarter of a millisecond. While an
//! index is opened, which may wait for a disk, the tenant's other questions wait and nobody else's.

mod batches;
mod commit;
mod error;
mod index;
mod manifest;
mod nearest;
mod place;
mod products;
mod quantised;
mod scan;
mod segment;
mod segment_writer;
mod snapshot;
#[cfg(test)]
mod tests;
mod turns;
mod workers;

pub use index::{FlatVectors, VectorOptions};
