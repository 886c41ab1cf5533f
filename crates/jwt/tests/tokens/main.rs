//! What the crate promises, seen from outside: tokens are forged here with josekit and the ring's own file.

#[cfg(test)]
mod cache;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod confusion;
#[cfg(test)]
mod encoding;
#[cfg(test)]
mod forged_claims;
#[cfg(test)]
mod forged_headers;
#[cfg(test)]
mod issue;
#[cfg(test)]
mod mutation;
#[cfg(test)]
mod ring;
#[cfg(test)]
mod rotation;
#[cfg(test)]
mod support;
