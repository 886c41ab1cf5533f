//! A guard in front of a container engine's socket.
//!
//! Whoever may speak to a container engine is root on its host: one request makes a container in which the host's disk is
//! mounted. A space that makes its own databases needs the engine, and is a program that strangers send requests to. So it is
//! given a socket of this guard instead, which is another process:
//!
//! * **It forwards what it understood, and nothing that it was sent.** A request becomes an [`Operation`] and, where it has one,
//!   a body of [`shape`]. What goes to the engine is written anew of those: no byte of the caller's, no header, no field that is
//!   not in the shape. So there is no second reading of a request that could find something else in it.
//! * **It lets through what a space's databases need**, by the operator's [`Policy`]: containers of listed images without a right
//!   on the host, volumes without options, networks out of a pool of addresses. Everything else is refused, in the engine's own form.
//! * **It knows what is the space's**: everything carries the label of the installation. What is asked about something is first
//!   asked of the engine, and goes on under the id that this answer had. Of what is not the space's it says that it is not there.
//! * **It keeps what it could do small**: before it takes the first connection it gives up the file system, the network and all
//!   system calls but those that it needs.
//!
//! What it does not do: it judges neither the images, which the operator lists, nor what runs in a container.
#![forbid(unsafe_code)]

mod answers;
mod confine;
mod container;
mod engine;
mod filters;
mod guard;
mod json;
mod log_budget;
mod network;
mod object;
mod operation;
mod policy;
mod query;
mod refusal;
mod routes;
mod server;
pub mod shape;
mod socket;
mod volume;

pub use container::{AcceptedContainer, VARIABLES, accept_container};
pub use network::{AcceptedNetwork, accept_network};
pub use object::{INSTALLATION_LABEL, ObjectId};
pub use operation::{Operation, Request};
pub use policy::{Policy, PolicyError, PolicySettings};
pub use refusal::Refusal;
pub use server::{GuardError, GuardSettings, run};
pub use socket::SocketError;
pub use volume::{AcceptedVolume, accept_volume};
