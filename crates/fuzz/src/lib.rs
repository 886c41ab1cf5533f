//! What must hold of every parser that sees bytes from outside, whatever the bytes are.
//!
//! Each target takes any bytes and asserts what its parser promises: not only that it does not panic. They run in two
//! ways. `cargo test -p syft-space-fuzz` tries the seeds in `seeds/` and some changes of them. `just prove fuzz` builds
//! them with libFuzzer, which looks for bytes that reach new code; what it finds of lasting use becomes a seed.
//!
//! To add a target: write a function in a module here, name it in [`TARGETS`], and put at least one seed into the
//! folder of its name.

mod email;
mod file;
#[cfg(feature = "server")]
mod json;
mod name;
mod pattern;
mod token;

/// A parser, and what must hold of it.
pub struct Target {
    /// Its name, and that of the folder of its seeds.
    pub name: &'static str,
    /// Panics when something does not hold.
    pub run: fn(&[u8]),
}

/// Every target.
pub const TARGETS: &[Target] = &[
    Target { name: "email", run: email::run },
    Target { name: "pattern", run: pattern::run },
    Target { name: "name", run: name::run },
    Target { name: "token", run: token::run },
    #[cfg(feature = "server")]
    Target { name: "json", run: json::run },
    Target { name: "html", run: file::html },
    Target { name: "csv", run: file::csv },
    Target { name: "text", run: file::text },
    Target { name: "pdf", run: file::pdf },
    Target { name: "docx", run: file::docx },
];

/// The text of the bytes, where they are one.
fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}
