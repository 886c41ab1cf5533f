//! Does the fake hub say over HTTP what a hub says?

#[cfg(test)]
mod accounts;
#[cfg(test)]
mod aggregating;
#[cfg(test)]
mod minting;
#[cfg(test)]
mod publishing;
#[cfg(test)]
mod satellites;
#[cfg(test)]
mod support;
#[cfg(test)]
mod trouble;
#[cfg(test)]
mod verifying;
