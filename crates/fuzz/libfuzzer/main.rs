//! Runs the target named by `FUZZ_TARGET` under libFuzzer.
#![no_main]

use std::sync::LazyLock;

use syft_space_fuzz::{TARGETS, Target};

static TARGET: LazyLock<&Target> = LazyLock::new(|| {
    // libFuzzer's panic hook aborts at every panic, but a text extractor may catch one. A panic that leaves the target
    // still ends the process.
    drop(std::panic::take_hook());
    let name = std::env::var("FUZZ_TARGET").expect("FUZZ_TARGET names a target");
    TARGETS.iter().find(|target| target.name == name).expect("FUZZ_TARGET is the name of a target")
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| (TARGET.run)(bytes));
