//! Datasets that are searched by meaning: how their vectors follow their documents, and what is found by them.

#[cfg(test)]
mod following;
#[cfg(test)]
mod moving;
#[cfg(test)]
mod provisioned;
#[cfg(test)]
mod searching;
#[cfg(test)]
mod world;
