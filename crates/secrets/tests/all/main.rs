//! Does the sealer keep its promises, and which files hold a key?

#[cfg(test)]
mod file;
#[cfg(test)]
mod sealed;
#[cfg(test)]
mod support;
