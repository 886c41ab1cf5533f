//! What the crate promises, seen from outside: a hub is played here, and tokens are forged with josekit.

#[cfg(test)]
mod calls;
#[cfg(test)]
mod fetching;
#[cfg(test)]
mod forged;
#[cfg(test)]
mod identities;
#[cfg(test)]
mod key_sets;
#[cfg(test)]
mod mutants;
#[cfg(test)]
mod mutation;
#[cfg(test)]
mod remembered;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod sockets;
#[cfg(test)]
mod storm;
#[cfg(test)]
mod support;
