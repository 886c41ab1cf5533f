//! A unit of work commits, or writes to the log by itself.

use syft_space_domain::audit::Event;
use syft_space_domain::store::Tx;

fn unit(tx: &mut dyn Tx, event: Event) {
    tx.add_event(event);
    tx.commit();
}

fn main() {}
