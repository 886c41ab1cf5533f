//! Spools with one fault each.

use syft_space_conformance::{Fixture, SpoolFactory, sample, spool};
use syft_space_domain::dataset::ports::{
    FILES_PER_PACK, SMALL_FILE_MAX_BYTES, Spool, SpoolError, SpooledFile, UploadWriter,
};
use syft_space_domain::ids::{DatasetId, JobId};
use syft_space_domain::tenant::TenantScope;
use syft_space_memory::MemorySpool;

use crate::assert_caught;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    IgnoresTenant,
    CutsLongFiles,
    ReadsOtherPack,
    LosesEmptyFiles,
    KeepsDiscarded,
    RemovesOneMore,
    RemovesNothing,
}

struct FaultySpool {
    inner: MemorySpool,
    fault: Fault,
}

impl FaultySpool {
    fn scope(&self, scope: &TenantScope) -> TenantScope {
        if self.fault == Fault::IgnoresTenant { sample::scope(1) } else { *scope }
    }
}

impl Spool for FaultySpool {
    fn begin(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
    ) -> Result<Box<dyn UploadWriter>, SpoolError> {
        let inner = self.inner.begin(&self.scope(scope), dataset, job)?;
        Ok(if self.fault == Fault::KeepsDiscarded { Box::new(KeepingWriter(inner)) } else { inner })
    }

    fn files(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
    ) -> Result<Option<Vec<SpooledFile>>, SpoolError> {
        self.inner.files(&self.scope(scope), dataset, job)
    }

    fn read(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
        number: usize,
    ) -> Result<Option<Vec<u8>>, SpoolError> {
        let is_far = self.fault == Fault::ReadsOtherPack && number >= FILES_PER_PACK;
        let number = if is_far { number - FILES_PER_PACK } else { number };
        let mut bytes = self.inner.read(&self.scope(scope), dataset, job, number)?;
        match self.fault {
            Fault::CutsLongFiles => bytes.iter_mut().for_each(|bytes| bytes.truncate(SMALL_FILE_MAX_BYTES)),
            Fault::LosesEmptyFiles => bytes = bytes.filter(|bytes| !bytes.is_empty()),
            _ => {}
        }
        Ok(bytes)
    }

    fn remove_files_before(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
        number: usize,
    ) -> Result<(), SpoolError> {
        let number = match self.fault {
            Fault::RemovesOneMore => number + 1,
            Fault::RemovesNothing => 0,
            _ => number,
        };
        self.inner.remove_files_before(&self.scope(scope), dataset, job, number)
    }

    fn remove(&self, scope: &TenantScope, dataset: DatasetId, job: JobId) -> Result<(), SpoolError> {
        self.inner.remove(&self.scope(scope), dataset, job)
    }

    fn jobs(&self, scope: &TenantScope, dataset: DatasetId) -> Result<Vec<JobId>, SpoolError> {
        self.inner.jobs(&self.scope(scope), dataset)
    }

    fn destroy(&self, scope: &TenantScope, dataset: DatasetId) -> Result<(), SpoolError> {
        self.inner.destroy(&self.scope(scope), dataset)
    }
}

/// A writer that keeps what is discarded.
struct KeepingWriter(Box<dyn UploadWriter>);

impl UploadWriter for KeepingWriter {
    fn begin_file(&mut self) -> Result<(), SpoolError> {
        self.0.begin_file()
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), SpoolError> {
        self.0.write(bytes)
    }

    fn discard_file(&mut self) -> Result<(), SpoolError> {
        Ok(())
    }

    fn seal(self: Box<Self>, files: &[SpooledFile]) -> Result<(), SpoolError> {
        self.0.seal(files)
    }
}

fn faulty(fault: Fault) -> Box<SpoolFactory> {
    Box::new(move || Fixture::new(Box::new(FaultySpool { inner: MemorySpool::new(), fault })))
}

#[test]
fn a_spool_that_forgets_the_tenant_is_caught() {
    assert_caught(spool::CHECKS, &*faulty(Fault::IgnoresTenant), "z1_a_tenants_files_are_its_own");
}

#[test]
fn a_spool_that_mixes_files_up_is_caught() {
    for fault in [Fault::CutsLongFiles, Fault::ReadsOtherPack, Fault::LosesEmptyFiles] {
        assert_caught(spool::CHECKS, &*faulty(fault), "files_of_any_length_are_read_in_any_order");
    }
}

#[test]
fn a_spool_that_keeps_a_discarded_file_is_caught() {
    assert_caught(spool::CHECKS, &*faulty(Fault::KeepsDiscarded), "a_discarded_file_keeps_its_number");
}

#[test]
fn a_spool_that_removes_too_much_or_too_little_is_caught() {
    for fault in [Fault::RemovesOneMore, Fault::RemovesNothing] {
        let promise = "files_are_removed_from_the_front_and_their_list_stays";
        assert_caught(spool::CHECKS, &*faulty(fault), promise);
    }
}
