//! A write's outcome is put together from its parts, with no event among them.

use syft_space_domain::unit::Recorded;

fn main() {
    let _ = Recorded { value: (), events: Vec::new() };
}
