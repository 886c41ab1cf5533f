//! A write ends without anything to record.

use syft_space_domain::store::{Store, StoreError};
use syft_space_domain::unit::{Abort, Recorded};

fn write(store: &dyn Store) {
    let _ = store.write(|_tx| Ok::<_, Abort<StoreError>>(()));
    let _ = Recorded::new(());
}

fn main() {}
