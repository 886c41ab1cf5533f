//! HTTP, and nothing but HTTP: the route table, the guard of each route, and the form of each response.

pub mod app;
pub mod authenticate;
pub(crate) mod body;
pub mod body_budget;
pub mod caller;
pub mod client_address;
pub mod client_limit;
pub(crate) mod connection;
pub mod credential_carriers;
pub mod disk_reserve;
mod drain;
pub(crate) mod error_response;
pub mod exports_under_way;
pub mod in_flight;
pub mod json;
pub mod key_uses;
pub mod listener;
pub mod merged_refusals;
pub mod merging_store;
pub mod openapi;
mod pieces;
pub mod problem;
pub mod rate_limit_headers;
pub mod reason;
pub mod receipts;
pub mod refusal;
mod refusal_table;
pub mod request;
pub mod route;
pub mod route_docs;
pub mod route_table;
pub mod security_headers;
pub mod state;
pub mod tenant_bounds;
#[cfg(test)]
mod testing;
mod user_agents;
