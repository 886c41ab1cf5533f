//! HTTP, and nothing but HTTP: the route table, what stands before each route, and how it is answered.

pub mod about;
pub mod anonymous_failures;
pub mod app;
pub mod boundary;
pub mod client_address;
pub mod gate;
pub mod json;
pub mod listener;
pub(crate) mod mapping;
pub mod openapi;
mod pieces;
pub mod problem;
pub mod reason;
pub mod request;
pub mod route_table;
pub mod state;
#[cfg(test)]
mod testing;
mod unread_body;
