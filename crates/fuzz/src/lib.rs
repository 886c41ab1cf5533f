//! Fuzz targets: one for each parser of untrusted bytes.
//!
//! A target takes any bytes and asserts the properties of its parser, not only that it does not panic. The targets run
//! in two ways. `cargo test -p syft-space-fuzz` runs the seeds in `seeds/` and mutations of them. `just prove fuzz`
//! builds the targets with libFuzzer, which searches for bytes that reach new code; its useful findings become seeds.
//!
//! To add a target, write a function in a module of this crate, add it to [`TARGETS`], and put at least one seed into
//! the folder of its name.

mod docker_guard;
mod email;
mod file;
#[cfg(feature = "server")]
mod json;
mod name;
mod pattern;
mod token;

/// A fuzz target.
pub struct Target {
    /// The name, which is also that of its folder of seeds.
    pub name: &'static str,
    /// Panics when a property of the parser is violated.
    pub run: fn(&[u8]),
}

/// Every target.
pub const TARGETS: &[Target] = &[
    Target { name: "email", run: email::run },
    Target { name: "pattern", run: pattern::run },
    Target { name: "name", run: name::run },
    Target { name: "token", run: token::run },
    Target { name: "docker-guard", run: docker_guard::run },
    #[cfg(feature = "server")]
    Target { name: "json", run: json::run },
    Target { name: "html", run: file::html },
    Target { name: "csv", run: file::csv },
    Target { name: "text", run: file::text },
    Target { name: "pdf", run: file::pdf },
    Target { name: "docx", run: file::docx },
    Target { name: "xlsx", run: file::xlsx },
    Target { name: "pptx", run: file::pptx },
    Target { name: "odt", run: file::odt },
    Target { name: "epub", run: file::epub },
    Target { name: "eml", run: file::eml },
];

/// The bytes as text, if they are UTF-8.
fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}
