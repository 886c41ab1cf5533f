//! What is wrong of the tree over a log, and that it is caught.

use std::ops::{DerefMut, Range};

use syft_space_conformance::audit::trees;
use syft_space_conformance::checkpoint_signer::{self, CheckpointSignerFactory};
use syft_space_domain::audit::ports::{AuditRows, AuditView, CheckpointSigner, LogScope, LogWriteScope};
use syft_space_domain::audit::tree::{Frontier, NodeHash};
use syft_space_domain::audit::{
    AnswerReceipt, Checkpoint, Log, LogHead, LogName, RecordedEvent, SignedCheckpoint,
};
use syft_space_domain::privacy::{DeletionCertificate, ErasureCertificate};
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::OperatorScope;

use syft_space_memory::MemorySigner;

use crate::faulty_view::{FaultyView, delegated};
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
    /// Tenants' logs are never told of as grown.
    ForgetsGrownLogs,
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
                    for event in &events {
                        let _ = tree.push(event.leaf());
                    }
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

impl<P: DerefMut> FaultyView<P>
where
    P::Target: AuditView,
{
    pub(crate) fn faulty_grown_logs(
        &mut self,
        operator: &OperatorScope,
        after: Option<Log>,
    ) -> Result<Vec<Log>, StoreError> {
        let mut logs = self.inner.grown_logs(operator, after)?;
        if self.fault == Fault::Trees(TreeFault::ForgetsGrownLogs) {
            logs.retain(|log| *log == Log::Installation);
        }
        Ok(logs)
    }
}

impl<P: DerefMut> AuditRows for FaultyView<P>
where
    P::Target: AuditRows,
{
    delegated! {
        keep_checkpoint(log: &LogWriteScope, checkpoint: &SignedCheckpoint) -> ();
    }
}

/// A signer that signs, and then opens whatever it is shown.
struct Credulous(MemorySigner);

impl CheckpointSigner for Credulous {
    fn installation(&self) -> &str {
        self.0.installation()
    }

    fn sign(&self, checkpoint: &Checkpoint) -> String {
        self.0.sign(checkpoint)
    }

    fn open(&self, note: &str) -> Option<Checkpoint> {
        let resigned = note.rsplit_once(' ').map(|(text, _)| text)?;
        let mut parts = resigned.split(' ');
        let log = LogName::from_checkpoint(parts.next()?.to_owned());
        let size = parts.next()?.parse().ok()?;
        Some(Checkpoint { log, size, root: [7; 32] })
    }

    fn sign_receipt(&self, receipt: &AnswerReceipt) -> String {
        // As if the leaf were a root.
        let AnswerReceipt { log, seq, leaf, .. } = receipt.clone();
        self.0.sign(&Checkpoint { log, size: seq, root: leaf })
    }

    fn sign_certificate(&self, certificate: &ErasureCertificate) -> String {
        let ErasureCertificate { log, seq, leaf, .. } = certificate.clone();
        self.0.sign(&Checkpoint { log, size: seq, root: leaf })
    }

    fn sign_deletion(&self, certificate: &DeletionCertificate) -> String {
        let DeletionCertificate { log, seq, leaf, .. } = certificate.clone();
        self.0.sign(&Checkpoint { log, size: seq, root: leaf })
    }

    fn verifier(&self, log: &LogName) -> String {
        self.0.verifier(log)
    }
}

#[test]
fn u1_a_signer_that_believes_what_it_has_not_signed_is_caught() {
    let make = || -> Box<dyn CheckpointSigner> { Box::new(Credulous(MemorySigner::new([1; 32]))) };
    let make: &CheckpointSignerFactory = &make;
    for promise in [
        "u1_what_was_changed_or_another_signed_is_not_opened",
        "u1_a_receipt_is_no_checkpoint",
        "u1_receipts_that_differ_in_anything_are_signed_differently",
        "g2_a_certificate_is_no_checkpoint",
        "g2_certificates_that_differ_in_anything_are_signed_differently",
        "g2_the_certificate_of_a_deletion_is_no_checkpoint",
        "g2_certificates_of_deletions_that_differ_are_signed_differently",
    ] {
        assert_caught(checkpoint_signer::CHECKS, make, promise);
    }
}

#[test]
fn u1_a_store_with_a_wrong_tree_is_caught() {
    for (fault, promise) in [
        (TreeFault::ForgetsBlockRoots, "u1_the_tree_over_a_log_is_that_of_its_events_at_each_size"),
        (TreeFault::ForgetsBlockRoots, "u1_proofs_of_a_log_lead_to_its_roots"),
        (TreeFault::KeepsFrontierOfBefore, "u1_the_tree_over_a_log_is_that_of_its_events_at_each_size"),
        (TreeFault::MixesLogs, "z1_each_log_has_a_tree_of_its_own"),
        (TreeFault::ForgetsGrownLogs, "u1_the_logs_that_have_grown_since_their_checkpoint_are_told"),
        (TreeFault::LosesTheLastEvent, "u1_events_are_read_by_their_numbers"),
    ] {
        assert_caught(trees::CHECKS, &*faulty_store(Fault::Trees(fault)), promise);
    }
}
