//! The command line of `syft-space`, whose demonstration has a marketplace. What is deployed is `syft-space`, which has
//! none; this is what `cargo run` runs.
#![forbid(unsafe_code)]

use std::net::IpAddr;
use std::process::ExitCode;

use syft_space::demo::{DemoHub, DemoUser};
use syft_space_fakehub::{FakeHub, HubOptions, RunningHub};

fn main() -> ExitCode {
    syft_space::cli::main(Some(start))
}

/// Starts the fake hub with these users.
fn start(users: &[DemoUser<'_>]) -> anyhow::Result<Box<dyn DemoHub>> {
    let hub = FakeHub::start(HubOptions::new()?)?;
    for user in users {
        hub.add_user(user.username, user.email, user.password)?;
    }
    Ok(Box::new(Hub(hub)))
}

/// The fake hub as the demonstration's marketplace.
struct Hub(RunningHub);

impl DemoHub for Hub {
    fn url(&self) -> String {
        self.0.url()
    }

    fn address(&self) -> IpAddr {
        self.0.address()
    }

    fn issuer(&self) -> &str {
        HubOptions::DEFAULT_ISSUER
    }

    fn create_pat(&self, username: &str) -> anyhow::Result<String> {
        Ok(self.0.create_pat(username)?)
    }

    fn mint_token(&self, username: &str, audience: &str) -> anyhow::Result<String> {
        Ok(self.0.mint_token(username, audience)?)
    }
}
