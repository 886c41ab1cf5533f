//! Do the use cases of marketplaces keep their promises, whatever hubs do?

#[cfg(test)]
mod listing;
#[cfg(test)]
mod registering;
#[cfg(test)]
mod world;
