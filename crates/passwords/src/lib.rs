//! Passwords of a Syft Space: Argon2id on threads of its own, and a check that refuses what is easily guessed.
//!
//! [`Argon2Passwords`] implements the port [`Passwords`](syft_space_domain::identity::ports::Passwords).
//!
//! # Hashing
//!
//! Argon2id with 19 MiB, 2 passes, 1 lane (OWASP's choice), a salt of 16 bytes from the caller's
//! [`Entropy`](syft_space_domain::random::Entropy), kept as a PHC string. Nothing of a password is cut or changed.
//! When a stored hash has other parameters than those in force, a right password brings a new hash to store.
//!
//! Each comparison is exactly one run of Argon2, whether the account is unknown, the password wrong or right (and
//! one more for the new hash just mentioned). A hash with older, cheaper parameters is faster than that of an
//! unknown account until its owner logs in once.
//!
//! # Load
//!
//! A run takes a core and 19 MiB for tens of milliseconds (a thread keeps the memory from its first run on), so only a fixed number runs at once (all cores but one,
//! unless set otherwise) and a fixed number waits. Clients take turns, by their addresses; one of which nothing is known has two
//! waiting at most, and one that has logged in before eight. They wait in three lanes of 64, which take turns too: those that
//! have logged in before, those of which nothing is known, and those whose last hash led to no login. Whoever comes beyond
//! that is told to try again in a second, at once. A run that has begun keeps its place until it is done, whether or not its caller still waits; one that has
//! not begun is dropped when its caller has gone. The answers are futures that need no particular runtime.
//!
//! # Guessing
//!
//! A password is refused when someone who knows how people choose them needs few tries: see
//! [`Argon2Passwords::guess_bits`]. The list of common passwords is part of this crate (`NOTICE` says where it is
//! from), so the check needs no network.
#![forbid(unsafe_code)]

mod argon2_passwords;
mod blocklist;
mod hasher;
mod job;
mod pool;
mod queue;
mod settings;
mod strength;

pub use argon2_passwords::Argon2Passwords;
pub use settings::{HashingSettings, HashingSettingsError};
