//! Rights are those of when they are used: in the unit of work that writes, and behind whatever a use case waits for.

#[cfg(test)]
mod account_log;
#[cfg(test)]
mod accounts;
#[cfg(test)]
mod api_keys;
#[cfg(test)]
mod codes;
#[cfg(test)]
mod detecting;
#[cfg(test)]
mod ending;
#[cfg(test)]
mod erasing;
#[cfg(test)]
mod expecting;
#[cfg(test)]
mod flows;
#[cfg(test)]
mod guessing;
#[cfg(test)]
mod keeping;
#[cfg(test)]
mod key_limits;
#[cfg(test)]
mod key_terms;
#[cfg(test)]
mod members;
#[cfg(test)]
mod noting;
#[cfg(test)]
mod reads;
#[cfg(test)]
mod recorded;
#[cfg(test)]
mod resets;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod sign_in;
#[cfg(test)]
mod stories;
#[cfg(test)]
mod world;
