//! The use cases of marketplaces, with hubs that fail.

#[cfg(test)]
mod explaining;
#[cfg(test)]
mod listing;
mod others;
#[cfg(test)]
mod policy_limits;
#[cfg(test)]
mod registering;
#[cfg(test)]
mod reviewing;
mod signing_off;
#[cfg(test)]
mod trusting;
#[cfg(test)]
mod world;
