//! Which mutant is on, and which were reached.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

struct Switch {
    on: usize,
    reached: Option<File>,
}

static SWITCH: LazyLock<Switch> = LazyLock::new(|| Switch {
    on: std::env::var("MUTANT").ok().and_then(|number| number.parse().ok()).unwrap_or(0),
    reached: std::env::var_os("MUTANTS_REACHED").map(|path| OpenOptions::new().append(true).create(true).open(path).unwrap()),
});

static REACHED: [AtomicBool; 65_536] = [const { AtomicBool::new(false) }; 65_536];

/// Whether this one is the one that `MUTANT` names. The file that `MUTANTS_REACHED` names gets a line for each that is asked for.
pub fn is_on(mutant: usize) -> bool {
    if let Some(mut file) = SWITCH.reached.as_ref()
        && !REACHED[mutant].swap(true, Ordering::Relaxed)
    {
        file.write_all(format!("{mutant}\n").as_bytes()).unwrap();
    }
    SWITCH.on == mutant
}
