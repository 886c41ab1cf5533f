//! Tests of the sealer and of key files.

#[cfg(test)]
mod file;
#[cfg(test)]
mod sealed;
#[cfg(test)]
mod support;
