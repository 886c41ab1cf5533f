//! The scans that wait, by tenant. Tenants take turns, a segment each, so that nobody waits for another's whole scan.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use syft_space_domain::dataset::ports::VectorIndexError;
use syft_space_domain::ids::TenantId;

use super::scan::{Opener, Scan, Task};
use super::segment::Segment;

/// The most scans that wait or are under way.
const MAX_SCANS: usize = 512;

/// The most of one tenant.
const MAX_SCANS_OF_ONE: usize = 128;

/// Work for a thread.
pub(crate) enum Work {
    /// To open an index. The tenant's other scans wait meanwhile: it waits for a disk, and could hold every thread.
    Open(TenantId, Arc<Scan>, Opener),
    /// To scan a segment; and whether there is work for another thread too.
    Scan(Arc<Scan>, Arc<Segment>, bool),
}

/// The scans in the order of their turns.
#[derive(Default)]
pub(crate) struct Turns {
    scans: HashMap<TenantId, VecDeque<Arc<Scan>>>,
    /// The tenants with scans, but for those whose index is being opened.
    rotation: VecDeque<TenantId>,
}

impl Turns {
    /// Lets a scan wait, unless too many wait already.
    pub(crate) fn push(&mut self, tenant: TenantId, scan: Arc<Scan>) -> Result<(), VectorIndexError> {
        if !self.has_room(tenant) {
            self.scans.values_mut().for_each(|scans| scans.retain(|scan| !scan.is_abandoned()));
            if !self.has_room(tenant) {
                return Err(VectorIndexError::Busy);
            }
        }
        match self.scans.get_mut(&tenant) {
            Some(scans) => scans.push_back(scan),
            None => {
                self.scans.insert(tenant, VecDeque::from([scan]));
                self.rotation.push_back(tenant);
            }
        }
        Ok(())
    }

    /// The work whose turn it is.
    pub(crate) fn pop(&mut self) -> Option<Work> {
        while let Some(tenant) = self.rotation.pop_front() {
            if let Some(work) = self.work_of(tenant) {
                return Some(work);
            }
            self.scans.remove(&tenant);
        }
        None
    }

    /// Lets a tenant take turns again, whose index was opened.
    pub(crate) fn opened(&mut self, tenant: TenantId) {
        self.rotation.push_back(tenant);
    }

    pub(crate) fn clear(&mut self) {
        self.scans.clear();
        self.rotation.clear();
    }

    fn work_of(&mut self, tenant: TenantId) -> Option<Work> {
        let scans = self.scans.get_mut(&tenant)?;
        while let Some(scan) = scans.front() {
            let scan = Arc::clone(scan);
            match scan.take() {
                Some(Task::Open(opener)) => return Some(Work::Open(tenant, scan, opener)),
                Some(Task::Segment(segment, more)) => {
                    if !more {
                        scans.pop_front();
                    }
                    if scans.is_empty() {
                        self.scans.remove(&tenant);
                    } else {
                        self.rotation.push_back(tenant);
                    }
                    return Some(Work::Scan(scan, segment, !self.rotation.is_empty()));
                }
                None => {
                    scans.pop_front();
                }
            }
        }
        None
    }

    fn has_room(&self, tenant: TenantId) -> bool {
        let all: usize = self.scans.values().map(VecDeque::len).sum();
        all < MAX_SCANS && self.scans.get(&tenant).is_none_or(|scans| scans.len() < MAX_SCANS_OF_ONE)
    }
}
