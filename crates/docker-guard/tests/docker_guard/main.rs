//! What the guard lets through and what not: by its parsers, as a process in front of an engine that only records, and in
//! front of a real one.

#[cfg(test)]
mod bodies;
#[cfg(test)]
mod checker;
#[cfg(test)]
mod confined;
#[cfg(test)]
mod escapes;
#[cfg(test)]
mod generated;
#[cfg(test)]
mod ownership;
#[cfg(test)]
mod process;
#[cfg(test)]
mod real_engine;
#[cfg(test)]
mod recorder;
#[cfg(test)]
mod requests;
