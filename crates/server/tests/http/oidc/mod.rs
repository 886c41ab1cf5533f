//! Signing in by OpenID Connect over HTTP, against a provider that a test has say what is right or wrong.

mod forged;
pub mod logout;
mod owners;
pub mod provider;
mod reviewing;
mod signing_in;
mod unavailable;
mod world;
