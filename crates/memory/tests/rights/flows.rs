//! In whose queue a read waits.

use std::sync::{Arc, Mutex};

use futures_executor::block_on;
use syft_space_domain::Space;
use syft_space_domain::audit::{ReceiptProofError, prove_receipt};
use syft_space_domain::ids::TenantId;
use syft_space_domain::store::{Flow, OverwriteDone, ReadUnit, Store};
use syft_space_domain::unit::Unit;

use crate::world::World;

/// A store that remembers in whose queues its reads were to wait.
struct Queues(Arc<dyn Store>, Mutex<Vec<Flow>>);

impl Store for Queues {
    fn submit(&self, unit: Box<dyn Unit>) {
        self.0.submit(unit);
    }

    fn submit_read(&self, read: Box<dyn ReadUnit>) {
        self.1.lock().unwrap().push(read.flow());
        self.0.submit_read(read);
    }

    fn submit_overwrite(&self, done: OverwriteDone) {
        self.0.submit_overwrite(done);
    }
}

#[test]
fn h3_proofs_of_receipts_wait_neither_before_logins_nor_before_the_tenants_own_reads() {
    let world = World::new();
    let store = Arc::new(Queues(Arc::clone(&world.space.store), Mutex::default()));
    let space = Space { store: Arc::<Queues>::clone(&store), ..world.space.clone() };
    let proved = block_on(prove_receipt(&space, TenantId::from_bytes([1; 16]), 1, [7; 32], None));
    assert_eq!(proved, Err(ReceiptProofError::Unknown));
    assert_eq!(*store.1.lock().unwrap(), [Flow::Receipts], "anybody may ask for them");
}
