//! What is wrong of the tree over a log, and that it is caught.

use std::ops::{DerefMut, Range};

use syft_space_conformance::audit::trees;
use syft_space_domain::audit::ports::{AuditView, LogScope};
use syft_space_domain::audit::tree::{Frontier, NodeHash};
use syft_space_domain::audit::{LogHead, RecordedEvent};
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::OperatorScope;

use crate::faulty_view::FaultyView;
use crate::store::Fault;
use crate::{assert_caught, faulty_store};

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TreeFault {
    /// The roots of blocks are not kept.
    ForgetsBlockRoots,
    /// The head keeps the tree of before the last event.
    KeepsFrontierOfBefore,
    /// The tree of a tenant's log is that of the installation's.
    MixesLogs,
    /// The last of the events that are asked for is left out.
    LosesTheLastEvent,
}

impl<P: DerefMut> FaultyView<P>
where
    P::Target: AuditView,
{
    pub(crate) fn faulty_head(&mut self, log: LogScope<'_>) -> Result<LogHead, StoreError> {
        match self.fault {
            Fault::Trees(TreeFault::KeepsFrontierOfBefore) => {
                let last = self.inner.log_head(log)?.seq();
                let mut tree = Frontier::default();
                let mut first = 1;
                while first < last {
                    let events = self.inner.events_in(log, first..last)?;
                    first += u64::try_from(events.len()).expect("a small number");
                    events.iter().for_each(|event| drop(tree.push(event.leaf())));
                }
                Ok(LogHead::of(tree))
            }
            Fault::Trees(TreeFault::MixesLogs) => {
                self.inner.log_head(LogScope::Installation(&OperatorScope::at_startup()))
            }
            _ => self.inner.log_head(log),
        }
    }

    pub(crate) fn faulty_block_roots(
        &mut self,
        log: LogScope<'_>,
        blocks: Range<u64>,
    ) -> Result<Vec<NodeHash>, StoreError> {
        let mut roots = self.inner.block_roots(log, blocks)?;
        if self.fault == Fault::Trees(TreeFault::ForgetsBlockRoots) {
            roots.fill([0; 32]);
        }
        Ok(roots)
    }

    pub(crate) fn faulty_events_in(
        &mut self,
        log: LogScope<'_>,
        numbers: Range<u64>,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        let mut events = self.inner.events_in(log, numbers)?;
        if self.fault == Fault::Trees(TreeFault::LosesTheLastEvent) {
            events.pop();
        }
        Ok(events)
    }
}

#[test]
fn u1_a_store_with_a_wrong_tree_is_caught() {
    for (fault, promise) in [
        (TreeFault::ForgetsBlockRoots, "u1_the_tree_over_a_log_is_that_of_its_events_at_each_size"),
        (TreeFault::ForgetsBlockRoots, "u1_proofs_of_a_log_lead_to_its_roots"),
        (TreeFault::KeepsFrontierOfBefore, "u1_the_tree_over_a_log_is_that_of_its_events_at_each_size"),
        (TreeFault::MixesLogs, "z1_each_log_has_a_tree_of_its_own"),
        (TreeFault::LosesTheLastEvent, "u1_events_are_read_by_their_numbers"),
    ] {
        assert_caught(trees::CHECKS, &*faulty_store(Fault::Trees(fault)), promise);
    }
}
