//! What is counted of a JSON body as it is read: its values, and the memory that they take.

use std::cell::{Cell, RefCell};

use crate::http::problem::Problem;

/// The most values of a body: each takes many times what it is written in, so that a body of nothing but zeros would take a
/// hundred times its size.
pub(super) const MAX_VALUES: usize = 250_000;

/// Takes as many bytes of memory as are asked for, in place of what was taken before, or refuses.
pub type TakeMemory<'a> = dyn FnMut(usize) -> Result<(), Problem> + 'a;

/// What an object takes besides its members, about: a node of its tree.
pub(super) const OBJECT_BYTES: usize = 640;
/// What a member of an object or an item of a list takes besides its text.
pub(super) const PART_BYTES: usize = 64;

/// What is counted of a body as it is read.
pub(super) struct Meter<'a, 'b> {
    /// How many values have been begun.
    values: Cell<usize>,
    /// What they take.
    bytes: Cell<usize>,
    /// What was taken for them.
    taken: Cell<usize>,
    take: RefCell<&'a mut TakeMemory<'b>>,
    /// Why no more is to be had.
    refused: RefCell<Option<Problem>>,
}

impl<'a, 'b> Meter<'a, 'b> {
    /// Nothing was read yet.
    pub(super) fn new(take: &'a mut TakeMemory<'b>) -> Self {
        Self {
            values: Cell::new(0),
            bytes: Cell::new(0),
            taken: Cell::new(0),
            take: RefCell::new(take),
            refused: RefCell::default(),
        }
    }

    /// Why no more memory was to be had, if so.
    pub(super) fn into_refusal(self) -> Option<Problem> {
        self.refused.into_inner()
    }

    /// Counts a value that begins.
    pub(super) fn begin_value<E: serde::de::Error>(&self) -> Result<(), E> {
        self.values.set(self.values.get() + 1);
        if self.values.get() > MAX_VALUES {
            let told = format_args!("it has more than {MAX_VALUES} values; send it in several requests");
            return Err(E::custom(told));
        }
        Ok(())
    }

    /// Takes the memory of a part, somewhat ahead: a budget is asked for it a few times only.
    pub(super) fn use_memory<E: serde::de::Error>(&self, bytes: usize) -> Result<(), E> {
        let used = self.bytes.get().saturating_add(bytes);
        self.bytes.set(used);
        if used <= self.taken.get() {
            return Ok(());
        }
        let wanted = used.saturating_add(used / 4).saturating_add(1_024);
        self.taken.set(wanted);
        self.take.borrow_mut()(wanted).map_err(|problem| {
            self.refused.replace(Some(problem));
            E::custom("its memory is not to be had")
        })
    }
}
