//! Runs every target on its seeds and on mutations of them: the short form of `just prove fuzz`.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use syft_space_fuzz::{TARGETS, Target};

/// The number of mutated inputs for each target.
const MUTATIONS_PER_TARGET: usize = 3_000;

fn seeds(target: &Target) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target.name);
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    files.map(|file| fs::read(file.unwrap().path()).unwrap()).collect()
}

fn assert_holds(target: &Target, input: &[u8]) {
    let outcome = catch_unwind(AssertUnwindSafe(|| (target.run)(input)));
    assert!(outcome.is_ok(), "{} does not hold for {:?}", target.name, input.escape_ascii().to_string());
}

/// A mutated seed: bytes set, removed, doubled, inserted, or taken from another seed.
fn mutate(seeds: &[Vec<u8>], random: &mut fastrand::Rng) -> Vec<u8> {
    let mut input = random.choice(seeds).unwrap().clone();
    for _ in 0..random.usize(1..=4) {
        let (from, to) = (random.usize(0..=input.len()), random.usize(0..=input.len()));
        let range = from.min(to)..from.max(to).min(from.min(to) + 16);
        match random.u8(0..5) {
            0 if !range.is_empty() => input[range.start] = random.u8(..),
            1 => drop(input.drain(range)),
            2 => {
                let part = input[range.clone()].to_vec();
                input.splice(range.end..range.end, part);
            }
            3 => {
                let other = random.choice(seeds).unwrap();
                let start = random.usize(0..=other.len());
                let part = other[start..(start + 16).min(other.len())].to_vec();
                input.splice(range, part);
            }
            _ => input.insert(range.start, *random.choice(b"@*.-\"\\{}[],:\n\0\xff\xc3<>&;=/%").unwrap()),
        }
    }
    input
}

#[test]
fn i1_every_target_holds_on_its_seeds_and_on_changes_of_them() {
    let seed = std::env::var("SYFT_SPACE_PROVE_SEED")
        .map_or_else(|_| fastrand::u64(..), |text| text.parse().unwrap());
    println!("SYFT_SPACE_PROVE_SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    for target in TARGETS {
        let seeds = seeds(target);
        assert!(!seeds.is_empty(), "{} has seeds", target.name);
        for seed in &seeds {
            assert_holds(target, seed);
        }
        for _ in 0..MUTATIONS_PER_TARGET {
            assert_holds(target, &mutate(&seeds, &mut random));
        }
    }
}

#[test]
fn i1_every_folder_of_seeds_is_a_targets() {
    let folders = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds")).unwrap();
    for folder in folders {
        let name = folder.unwrap().file_name();
        assert!(TARGETS.iter().any(|target| *target.name == *name), "{} is no target", name.display());
    }
}
