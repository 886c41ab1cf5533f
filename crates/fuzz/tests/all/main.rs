//! The targets, tried without libFuzzer.

#[cfg(test)]
mod short;
