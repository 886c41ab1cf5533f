//! What a vector is called outside: a random number for the version of a document, and the place of its chunk.

use uuid::Uuid;

/// Which version of which document, as a random number: the journal alone knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Group(pub(crate) u64);

/// The id of a vector in a vector database. Both kinds of database take a UUID: its upper half is the group, its lower half
/// the chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct PointId {
    pub(crate) group: Group,
    pub(crate) chunk: u32,
}

impl PointId {
    /// The ids of a group's first chunks.
    pub(crate) fn of_group(group: Group, chunks: u32) -> impl Iterator<Item = Self> {
        (0..chunks).map(move |chunk| Self { group, chunk })
    }

    /// As a database is told it.
    pub(crate) fn text(self) -> String {
        Uuid::from_u64_pair(self.group.0, u64::from(self.chunk)).to_string()
    }

    /// Reads what a database tells; `None` for an id that is none of ours.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (group, chunk) = Uuid::try_parse(text).ok()?.as_u64_pair();
        Some(Self { group: Group(group), chunk: u32::try_from(chunk).ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q2_the_id_of_a_vector_comes_back_as_it_was_sent() {
        for (group, chunk) in [(0, 0), (u64::MAX, u32::MAX), (0x0123_4567_89ab_cdef, 7)] {
            let id = PointId { group: Group(group), chunk };
            assert_eq!(PointId::read(&id.text()), Some(id));
        }
        for foreign in ["", "7", "boats", "00000000-0000-0000-8000-000000000000", "urn:uuid:x"] {
            assert_eq!(PointId::read(foreign), None, "{foreign}");
        }
    }
}
