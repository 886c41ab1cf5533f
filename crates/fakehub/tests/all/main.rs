//! The HTTP API of the fake hub, compared with that of a real hub.

#[cfg(test)]
mod accounts;
#[cfg(test)]
mod aggregating;
#[cfg(test)]
mod failures;
#[cfg(test)]
mod minting;
#[cfg(test)]
mod publishing;
#[cfg(test)]
mod satellites;
#[cfg(test)]
mod support;
#[cfg(test)]
mod verifying;
