//! What an encoder that is gone gives back. A program of its own, for it looks at the memory of its process.
#![expect(clippy::unwrap_used, reason = "tests and their helpers may panic")]

mod support;

use std::fs;
use std::num::NonZeroUsize;
use std::thread;
use std::time::Duration;

use futures_executor::block_on;
use syft_space_domain::encoder::ports::Encoder;
use syft_space_models::LocalEncoder;
use tempfile::TempDir;

use crate::support::{MINI_LM, Size, model_id, random};

/// How much memory this process has, in KiB.
fn memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    resident.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn q2_the_memory_of_an_encoder_that_nobody_uses_any_more_comes_back() {
    const MODEL_KIB: u64 = 45 << 10;
    // The C library's allocator gives back at once what is larger than 32 MiB, as this table of tokens is.
    const VOCABULARY: usize = 62_000;
    let folder = TempDir::new().unwrap();
    random(Size { layers: 1, vocabulary: VOCABULARY, ..MINI_LM }, 1).write(folder.path());
    let model = LocalEncoder::inspect(folder.path(), model_id()).unwrap();
    let before = memory();
    let encoder = LocalEncoder::new(folder.path().into(), model, NonZeroUsize::new(2).unwrap());
    block_on(encoder.encode(&["one", "two three"])).unwrap();
    let loaded = memory();
    assert!(loaded > before + MODEL_KIB / 2, "it was loaded: {before} KiB, then {loaded} KiB");
    drop(encoder);
    // Its threads end by themselves.
    while memory() > loaded - MODEL_KIB / 2 {
        thread::sleep(Duration::from_millis(20));
    }
}
