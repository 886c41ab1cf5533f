//! What the operator decides on databases in containers. Each value is checked when it is made.

use std::fmt;
use std::time::Duration;

use syft_space_domain::dataset::VectorDatabaseKind;

use crate::image::DatabaseImage;
use crate::names::Installation;
use crate::pool::AddressPool;
use crate::transport::EngineAddress;

/// What a container may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Limits {
    pub(crate) memory_mib: u32,
    pub(crate) milli_cpus: u32,
    pub(crate) processes: u32,
}

/// Limits under which no database runs, or which are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LimitsError {
    /// The memory.
    #[error("a container has from 32 MiB to 1048576 MiB of memory")]
    Memory,
    /// The processors.
    #[error("a container has from 50 to 256000 thousandths of a processor")]
    Cpus,
    /// The processes.
    #[error("a container has from 16 to 32768 processes and threads")]
    Processes,
}

impl fmt::Display for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { memory_mib, milli_cpus, processes } = self;
        write!(f, "memory_mib={memory_mib} milli_cpus={milli_cpus} processes={processes}")
    }
}

impl Limits {
    /// 1 GiB of memory, one processor, 256 processes and threads.
    pub const DEFAULT: Self = Self { memory_mib: 1_024, milli_cpus: 1_000, processes: 256 };

    /// So much memory, without swap; so many thousandths of a processor; so many processes and threads.
    ///
    /// # Errors
    /// The first one that is out of its bounds.
    pub fn new(memory_mib: u32, milli_cpus: u32, processes: u32) -> Result<Self, LimitsError> {
        if !(32..=1_048_576).contains(&memory_mib) {
            return Err(LimitsError::Memory);
        }
        if !(50..=256_000).contains(&milli_cpus) {
            return Err(LimitsError::Cpus);
        }
        if !(16..=32_768).contains(&processes) {
            return Err(LimitsError::Processes);
        }
        Ok(Self { memory_mib, milli_cpus, processes })
    }
}

/// The name or id of a container that the operator runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerName(String);

/// A text that is no name of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a container's name begins with a letter or digit, and has letters, digits and . _ - alone, 128 at most"
)]
pub struct ContainerNameError;

impl ContainerName {
    /// Reads a name.
    ///
    /// # Errors
    /// When the engine would not take it as a name.
    pub fn parse(text: &str) -> Result<Self, ContainerNameError> {
        let is_name = text.len() <= 128
            && text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        is_name.then(|| Self(text.to_owned())).ok_or(ContainerNameError)
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How the space reaches its databases, and what their networks keep apart on account of it. In each of them another tenant's
/// databases are out of reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// At their address in the tenant's network, which is internal: no way leads out of it, and databases do not reach each other. For a
    /// space on the engine's host, where the engine runs as root.
    Bridge,
    /// At a port of 127.0.0.1, which the engine chooses. Databases do not reach each other; the network is not internal, because the engine
    /// publishes no port out of one. Nothing translates their addresses, so that answers from elsewhere find no way back, but
    /// what they send goes out. For an engine without root, or in another network namespace.
    Published,
    /// The space runs in this container of the same engine, and joins each tenant's network, which is internal. For that the
    /// databases of one tenant can reach each other, and the space's ports. The host has no address there.
    Joined(ContainerName),
}

/// How long an engine may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// One call.
    pub call: Duration,
    /// Everything that one use of the port does, the wait for its turn and until a database is healthy among it.
    pub whole: Duration,
    /// From when a database is told to stop until it is stopped by force.
    pub stop: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        let of = Duration::from_secs;
        Self { call: of(30), whole: of(180), stop: of(10) }
    }
}

/// The images of the kinds that are offered.
#[derive(Debug, Clone, Default)]
pub struct Images {
    /// Chroma.
    pub chroma: Option<DatabaseImage>,
    /// Qdrant.
    pub qdrant: Option<DatabaseImage>,
}

impl Images {
    pub(crate) fn of(&self, kind: VectorDatabaseKind) -> Option<&DatabaseImage> {
        match kind {
            VectorDatabaseKind::Chroma => self.chroma.as_ref(),
            VectorDatabaseKind::Qdrant => self.qdrant.as_ref(),
        }
    }
}

/// All that the operator decides.
#[derive(Debug, Clone)]
pub struct DockerSettings {
    /// Where the engine is.
    pub engine: EngineAddress,
    /// Which installation this is.
    pub installation: Installation,
    /// Which images are run.
    pub images: Images,
    /// What addresses the tenants' networks have.
    pub pool: AddressPool,
    /// How databases are reached.
    pub reach: Reach,
    /// What each container may use.
    pub limits: Limits,
    /// How long the engine may take.
    pub timeouts: Timeouts,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn n3_limits_are_limits() {
        assert!(Limits::new(512, 1_000, 256).is_ok());
        assert_eq!(Limits::new(0, 1_000, 256), Err(LimitsError::Memory));
        assert_eq!(Limits::new(u32::MAX, 1_000, 256), Err(LimitsError::Memory));
        assert_eq!(Limits::new(512, 0, 256), Err(LimitsError::Cpus));
        assert_eq!(Limits::new(512, 1_000, 0), Err(LimitsError::Processes));
    }

    #[test]
    fn n3_a_container_is_named_by_a_name_alone() {
        assert!(ContainerName::parse("space-1_a.b").is_ok());
        for text in ["", "-a", "a/b", "a b", "a?x=1", "../a", "a%2f", &"a".repeat(129)] {
            assert_eq!(ContainerName::parse(text), Err(ContainerNameError), "{text:?}");
        }
    }
}
