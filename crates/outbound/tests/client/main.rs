//! Tests of the client over real sockets.

#[cfg(test)]
mod bounds;
#[cfg(test)]
mod guard;
#[cfg(test)]
mod repeat;
#[cfg(test)]
mod support;
#[cfg(test)]
mod trust;
