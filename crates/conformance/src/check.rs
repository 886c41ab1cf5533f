//! Checks: one promise of a port each, and the runner that reports all broken ones.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// One promise of a port, and the function that checks it. `M` is the factory of the adapter under test.
pub struct Check<M: ?Sized> {
    /// The name of the function, which states the promise.
    pub promise: &'static str,
    /// Panics when an adapter of this factory breaks the promise.
    pub run: fn(&M),
}

impl<M: ?Sized> Check<M> {
    /// Runs the check.
    ///
    /// # Errors
    /// When the check panics: the promise, with the message of the panic.
    pub fn verify(&self, make: &M) -> Result<(), String> {
        catch_unwind(AssertUnwindSafe(|| (self.run)(make)))
            .map_err(|panic| format!("{}: {}", self.promise.replace('_', " "), panic_message(&*panic)))
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it panicked").to_owned()
}

/// Runs every check, and panics with the list of broken promises.
pub(crate) fn run_all<M: ?Sized>(port: &str, checks: &[Check<M>], make: &M) {
    let broken: Vec<String> = checks.iter().filter_map(|check| check.verify(make).err()).collect();
    let count = format!("{} of the {} promises of {port} are broken", broken.len(), checks.len());
    assert!(broken.is_empty(), "{count}:\n- {}", broken.join("\n- "));
}

/// Lists functions as checks, named after themselves.
macro_rules! checks {
    ($($name:ident),* $(,)?) => {
        &[$($crate::check::Check { promise: stringify!($name), run: $name }),*]
    };
}
pub(crate) use checks;
