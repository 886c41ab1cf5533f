//! A fake hub for a program in another language: `cargo run -p syft-space-fakehub --example serve`.
//!
//! It prints its URL, and serves until its standard input ends.

use std::io::{Read, Write, stdin, stdout};

use syft_space_fakehub::{FakeHub, FakeHubError, HubOptions};

fn main() -> Result<(), FakeHubError> {
    let hub = FakeHub::start(HubOptions::new()?)?;
    writeln!(stdout(), "{}", hub.url())?;
    stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
