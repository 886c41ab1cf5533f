//! The marketplace of the demonstration, as whoever brings one has it. The server brings none.

use std::net::IpAddr;

/// A running marketplace. It ends when it is dropped.
pub trait DemoHub {
    /// Its base URL.
    fn url(&self) -> String;

    /// The address that it listens on.
    fn address(&self) -> IpAddr;

    /// What its tokens say of who issued them.
    fn issuer(&self) -> &str;

    /// A personal access token of one of its users.
    ///
    /// # Errors
    /// When there is no such user.
    fn create_pat(&self, username: &str) -> anyhow::Result<String>;

    /// A satellite token of one of its users, made out to another.
    ///
    /// # Errors
    /// When there is no such user.
    fn mint_token(&self, username: &str, audience: &str) -> anyhow::Result<String>;
}

/// A user that a marketplace is started with.
#[derive(Clone, Copy)]
pub struct DemoUser<'a> {
    /// The name at the marketplace.
    pub username: &'a str,
    /// The e-mail address.
    pub email: &'a str,
    /// The password.
    pub password: &'a str,
}

/// Starts a marketplace with these users.
pub type StartHub = fn(users: &[DemoUser<'_>]) -> anyhow::Result<Box<dyn DemoHub>>;
