//! What the crate promises, seen from outside.

#[cfg(test)]
mod compare;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod guessing;
#[cfg(test)]
mod load;
#[cfg(test)]
mod support;
