//! The handlers of the routes: each reads a request, calls a use case, and writes its outcome.

pub(crate) mod audit;
pub(crate) mod auth;
pub(crate) mod datasets;
pub(crate) mod docs;
pub(crate) mod documents;
pub(crate) mod endpoints;
pub(crate) mod explanation;
pub(crate) mod front_page;
pub(crate) mod health;
pub(crate) mod hubs;
pub(crate) mod invitations;
pub(crate) mod jobs;
pub(crate) mod keys;
pub(crate) mod listings;
pub(crate) mod marketplaces;
pub(crate) mod oidc;
pub(crate) mod openapi;
pub(crate) mod operator;
pub(crate) mod policies;
pub(crate) mod query;
pub(crate) mod reply;
mod rules;
pub(crate) mod security_txt;
pub(crate) mod sessions;
pub(crate) mod shapes;
mod upload;
pub(crate) mod users;
