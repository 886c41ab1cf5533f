//! Stores that tell a unit wrongly where its events stand, and one that folds the case of names.

use syft_space_conformance::{Fixture, StoreFactory, dataset, store};
use syft_space_domain::audit::RecordedEvent;
use syft_space_domain::store::{OverwriteDone, ReadUnit, Store, StoreError, Tx};
use syft_space_domain::unit::{Unit, UnitOutcome};
use syft_space_memory::MemoryStore;

use crate::store::Fault;
use crate::{assert_caught, faulty_store};

/// What is wrong with what a unit is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Nothing,
    NumbersFromZero,
    TheLastEventAlone,
}

struct Misleading(MemoryStore, Told);

impl Store for Misleading {
    fn submit(&self, unit: Box<dyn Unit>) {
        self.0.submit(Box::new(MisledUnit { inner: unit, told: self.1, last: None }));
    }

    fn submit_read(&self, read: Box<dyn ReadUnit>) {
        self.0.submit_read(read);
    }

    fn submit_overwrite(&self, done: OverwriteDone) {
        self.0.submit_overwrite(done);
    }
}

struct MisledUnit {
    inner: Box<dyn Unit>,
    told: Told,
    last: Option<RecordedEvent>,
}

impl Unit for MisledUnit {
    fn run(&mut self, tx: &mut dyn Tx) -> Result<UnitOutcome, StoreError> {
        self.inner.run(tx)
    }

    fn appended(&mut self, recorded: &RecordedEvent) {
        match self.told {
            Told::Nothing => {}
            Told::NumbersFromZero => {
                self.inner.appended(&RecordedEvent { seq: recorded.seq - 1, ..recorded.clone() });
            }
            Told::TheLastEventAlone => self.last = Some(recorded.clone()),
        }
    }

    fn done(mut self: Box<Self>, outcome: Result<(), StoreError>) {
        if let Some(last) = self.last.take() {
            self.inner.appended(&last);
        }
        self.inner.done(outcome);
    }
}

#[test]
fn u1_a_store_that_tells_a_unit_wrongly_where_its_events_stand_is_caught() {
    for told in [Told::Nothing, Told::NumbersFromZero, Told::TheLastEventAlone] {
        let make: &StoreFactory =
            &move |hook| Fixture::new(Box::new(Misleading(MemoryStore::new(hook), told)));
        let promise = "u1_a_unit_is_told_where_its_events_stand_before_it_is_done";
        assert_caught(store::CHECKS, make, promise);
    }
}

#[test]
fn a_store_that_folds_the_case_of_names_is_caught() {
    let make = faulty_store(Fault::FoldsCase);
    assert_caught(dataset::CHECKS, &*make, "names_of_datasets_are_compared_byte_by_byte");
}
