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

#[cfg(test)]
mod tests {
    use futures_channel::oneshot;
    use syft_space_domain::dataset::VectorQuery;
    use syft_space_domain::encoder::Embedding;
    use syft_space_domain::ids::DatasetId;

    use super::*;
    use crate::vectors::nearest::Wanted;
    use crate::vectors::scan::Answer;
    use crate::vectors::tests::segments;

    fn tenant(number: u8) -> TenantId {
        TenantId::from_bytes([number; 16])
    }

    /// A scan of so many segments.
    fn scan(segments: Vec<Arc<Segment>>) -> (Arc<Scan>, oneshot::Receiver<Answer>) {
        let embedding = Embedding::of_direction(vec![1.0; 64]).unwrap();
        let wanted = Wanted::new(VectorQuery::new(&embedding, 5, -1.0).unwrap());
        let (sender, receiver) = oneshot::channel();
        let scan = Scan::new(DatasetId::from_bytes([1; 16]), wanted, Box::new(|| Ok(None)), sender);
        let Some(Task::Open(_)) = scan.take() else { panic!("it is opened first") };
        scan.opened_with(segments);
        (Arc::new(scan), receiver)
    }

    fn next(turns: &mut Turns) -> Option<Arc<Scan>> {
        match turns.pop()? {
            Work::Scan(scan, ..) => Some(scan),
            Work::Open(..) => panic!("all are open"),
        }
    }

    #[test]
    fn q2_nobody_waits_for_the_whole_scan_of_another_tenant() {
        let segments = segments();
        let many = scan(segments.clone());
        let (other, more) = (scan(segments[..2].to_vec()), scan(segments.clone()));
        let mut turns = Turns::default();
        for (number, (scan, _)) in [(1, &many), (1, &more), (2, &other)] {
            turns.push(tenant(number), Arc::clone(scan)).unwrap();
        }
        let order: Vec<_> = std::iter::from_fn(|| next(&mut turns)).collect();
        assert_eq!(order.len(), segments.len() * 2 + 2);
        let is = |at: usize, scan: &Arc<Scan>| Arc::ptr_eq(&order[at], scan);
        assert!(is(0, &many.0) && is(1, &other.0) && is(2, &many.0) && is(3, &other.0), "they take turns");
        assert!(is(order.len() - 1, &more.0), "of one tenant the first comes first");
    }

    #[test]
    fn q2_while_a_tenants_index_is_opened_its_other_questions_wait_and_nobody_elses() {
        let embedding = Embedding::of_direction(vec![1.0; 64]).unwrap();
        let unopened = || {
            let wanted = Wanted::new(VectorQuery::new(&embedding, 5, -1.0).unwrap());
            let (sender, receiver) = oneshot::channel();
            let scan = Scan::new(DatasetId::from_bytes([1; 16]), wanted, Box::new(|| Ok(None)), sender);
            (Arc::new(scan), receiver)
        };
        let scans = [unopened(), unopened(), unopened()];
        let mut turns = Turns::default();
        for (number, (scan, _)) in [1, 1, 2].into_iter().zip(&scans) {
            turns.push(tenant(number), Arc::clone(scan)).unwrap();
        }
        let opens = |turns: &mut Turns| match turns.pop() {
            Some(Work::Open(of, ..)) => Some(of),
            Some(Work::Scan(..)) => panic!("none is open"),
            None => None,
        };
        assert_eq!(
            [opens(&mut turns), opens(&mut turns), opens(&mut turns)],
            [Some(tenant(1)), Some(tenant(2)), None]
        );
        scans[0].0.opened_with(Vec::new());
        turns.opened(tenant(1));
        assert_eq!([opens(&mut turns), opens(&mut turns)], [Some(tenant(1)), None]);
    }

    #[test]
    fn q2_too_many_questions_of_one_are_refused_while_others_are_taken() {
        let segments = segments();
        let mut turns = Turns::default();
        let mut waiting = Vec::new();
        for _ in 0..MAX_SCANS_OF_ONE {
            let scan = scan(segments.clone());
            turns.push(tenant(1), Arc::clone(&scan.0)).unwrap();
            waiting.push(scan);
        }
        let (one_more, _receiver) = scan(segments.clone());
        assert_eq!(turns.push(tenant(1), Arc::clone(&one_more)), Err(VectorIndexError::Busy));
        assert_eq!(turns.push(tenant(2), Arc::clone(&one_more)), Ok(()));
        waiting.pop();
        assert_eq!(turns.push(tenant(1), one_more), Ok(()), "nobody waits any more for one of them");
    }
}
