//! Databases in a container engine: Docker, or what speaks its API (Podman). The adapter of
//! [`Provisioner`](syft_space_domain::provisioning::ports::Provisioner).
//!
//! What may be asked of an engine is as good as root on its host. So nothing that a tenant wrote reaches it: every name, label, mount,
//! network and option is made of ids, of constants and of the operator's settings, in one file (`body.rs`). What is there is found
//! by its labels, addressed by the engine's own id, and believed to be gone when the engine lists it no more.
//!
//! Each database is a container with a volume of its own, in the network of its tenant. What a network keeps apart hangs on
//! [`Reach`].
#![forbid(unsafe_code)]

mod body;
mod container;
mod engine;
mod image;
mod kind;
mod names;
mod network;
mod pool;
mod provisioner;
mod settings;
mod tenant_locks;
mod transport;
mod volume;

pub use image::{DatabaseImage, ImageError, ImageReference};
pub use names::Installation;
pub use pool::{AddressPool, AddressPoolError};
pub use provisioner::DockerProvisioner;
pub use settings::{
    ContainerName, ContainerNameError, DockerSettings, Images, Limits, LimitsError, Reach, Timeouts,
};
pub use transport::{EngineAddress, TransportError};
