//! The server with which the adapter `vectordb` is tested, with Chroma's and Qdrant's documented API as far as the adapter uses it.
#![allow(
    dead_code,
    clippy::indexing_slicing,
    clippy::allow_attributes,
    reason = "it is shared, and used in part"
)]

#[path = "../../../vectordb/tests/support/answers.rs"]
mod answers;
#[path = "../../../vectordb/tests/support/server.rs"]
mod server;

pub(crate) use server::{Fault, Server};
