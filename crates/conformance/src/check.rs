//! What is one promise of a port, and what happens when it is broken?

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// One promise, and the function that checks it. `M` is how an adapter under test is made.
pub struct Check<M: ?Sized> {
    /// The promise: the name of the function, with underscores.
    pub promise: &'static str,
    /// Panics when an adapter that is made so breaks the promise.
    pub run: fn(&M),
}

impl<M: ?Sized> Check<M> {
    /// Checks the promise.
    ///
    /// # Errors
    /// How it was broken.
    pub fn broken(&self, make: &M) -> Result<(), String> {
        catch_unwind(AssertUnwindSafe(|| (self.run)(make)))
            .map_err(|panic| format!("{}: {}", self.promise.replace('_', " "), message(&*panic)))
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it panicked").to_owned()
}

/// Runs every check, and panics with all that was broken.
pub(crate) fn run_all<M: ?Sized>(port: &str, checks: &[Check<M>], make: &M) {
    let broken: Vec<String> = checks.iter().filter_map(|check| check.broken(make).err()).collect();
    let count = format!("{} of the {} promises of {port} are broken", broken.len(), checks.len());
    assert!(broken.is_empty(), "{count}:\n- {}", broken.join("\n- "));
}

/// Lists functions as checks, under their own names.
macro_rules! checks {
    ($($name:ident),* $(,)?) => {
        &[$($crate::check::Check { promise: stringify!($name), run: $name }),*]
    };
}
pub(crate) use checks;
