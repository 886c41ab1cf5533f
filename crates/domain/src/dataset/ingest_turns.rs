//! Whose turn it is in the background: tenants take turns, then the datasets of a tenant, and one tenant never has all
//! threads.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use crate::ids::{DatasetId, TenantId};
use crate::time::Timestamp;

/// How much work of one tenant is under way at once. There is a thread more, which others find free.
pub(super) const MAX_RUNNING_PER_TENANT: usize = 2;

/// How long work that failed waits at most before it is tried again.
const MAX_RETRY_DELAY: Duration = Duration::from_secs(60);

/// Work that waits, and what is known of that under way.
pub(super) struct Turns<W> {
    tenants: HashMap<TenantId, TenantWork<W>>,
    /// The tenants that have a dataset with work and nobody at it.
    order: VecDeque<TenantId>,
}

/// What waits for one tenant. Where nothing waits and nothing is under way it is forgotten.
struct TenantWork<W> {
    datasets: HashMap<DatasetId, DatasetWork<W>>,
    /// The datasets that have work and nobody at it.
    order: VecDeque<DatasetId>,
    running: usize,
}

/// What waits for one dataset.
struct DatasetWork<W> {
    /// Takes one short step each, and no order matters.
    short: VecDeque<W>,
    /// In the order it was brought.
    long: VecDeque<W>,
    busy: bool,
    /// After a failure.
    not_before: Option<Timestamp>,
    failures: u32,
}

/// Work that says how long it takes.
pub(super) trait Work {
    /// Whether it takes one short step, so that it goes before what is long.
    fn is_short(&self) -> bool;
}

impl<W> Default for Turns<W> {
    fn default() -> Self {
        Self { tenants: HashMap::new(), order: VecDeque::new() }
    }
}

impl<W: Work> Turns<W> {
    /// Adds work behind what waits.
    pub(super) fn add(&mut self, tenant: TenantId, dataset: DatasetId, work: W) {
        let of_tenant = self.tenants.entry(tenant).or_default();
        let of_dataset = of_tenant.datasets.entry(dataset).or_default();
        let was_idle = !of_dataset.busy && of_dataset.is_empty();
        of_dataset.queue(&work).push_back(work);
        if was_idle {
            self.give_turn(tenant, dataset);
        }
    }

    /// Takes the work whose turn it is.
    pub(super) fn take(&mut self, now: Timestamp) -> Option<(TenantId, DatasetId, W)> {
        let next = |(at, id): (usize, &TenantId)| Some((at, *id, self.tenants.get(id)?.next(now)?));
        let (at, tenant, dataset_at) = self.order.iter().enumerate().find_map(next)?;
        self.order.remove(at)?;
        let of_tenant = self.tenants.get_mut(&tenant)?;
        let dataset = of_tenant.order.remove(dataset_at)?;
        if !of_tenant.order.is_empty() {
            self.order.push_back(tenant);
        }
        let of_dataset = of_tenant.datasets.get_mut(&dataset)?;
        let work = of_dataset.short.pop_front().or_else(|| of_dataset.long.pop_front())?;
        of_dataset.busy = true;
        of_dataset.not_before = None;
        of_tenant.running = of_tenant.running.saturating_add(1);
        Some((tenant, dataset, work))
    }

    /// Notes that nobody is at a dataset's work any more, and takes back what is left of it: it goes on first.
    pub(super) fn done(&mut self, tenant: TenantId, dataset: DatasetId, left: Option<W>) {
        self.end(tenant, dataset, left, |of_dataset| of_dataset.failures = 0);
    }

    /// As [`Self::done`], for work that failed: it waits, longer each time.
    pub(super) fn failed(&mut self, tenant: TenantId, dataset: DatasetId, left: W, now: Timestamp) {
        self.end(tenant, dataset, Some(left), |of_dataset| {
            let wait = Duration::from_secs(1_u64 << of_dataset.failures.min(6)).min(MAX_RETRY_DELAY);
            of_dataset.failures = of_dataset.failures.saturating_add(1);
            of_dataset.not_before = Some(now.plus(wait));
        });
    }

    /// How long until the next work that waits after a failure.
    pub(super) fn until_next(&self, now: Timestamp) -> Option<Duration> {
        let waiting = self.tenants.values().filter(|of_tenant| of_tenant.may_run());
        let times = waiting.flat_map(|of_tenant| {
            of_tenant.order.iter().filter_map(|id| of_tenant.datasets.get(id)?.not_before)
        });
        times.min().map(|time| time.since(now))
    }

    fn end(
        &mut self,
        tenant: TenantId,
        dataset: DatasetId,
        left: Option<W>,
        note: impl FnOnce(&mut DatasetWork<W>),
    ) {
        let Some(of_tenant) = self.tenants.get_mut(&tenant) else { return };
        of_tenant.running = of_tenant.running.saturating_sub(1);
        let Some(of_dataset) = of_tenant.datasets.get_mut(&dataset) else { return };
        of_dataset.busy = false;
        note(of_dataset);
        if let Some(left) = left {
            of_dataset.queue(&left).push_front(left);
        }
        if !of_dataset.is_empty() {
            self.give_turn(tenant, dataset);
            return;
        }
        of_tenant.datasets.remove(&dataset);
        if of_tenant.datasets.is_empty() {
            self.tenants.remove(&tenant);
        }
    }

    fn give_turn(&mut self, tenant: TenantId, dataset: DatasetId) {
        let Some(of_tenant) = self.tenants.get_mut(&tenant) else { return };
        if of_tenant.order.is_empty() {
            self.order.push_back(tenant);
        }
        of_tenant.order.push_back(dataset);
    }
}

impl<W> TenantWork<W> {
    fn may_run(&self) -> bool {
        self.running < MAX_RUNNING_PER_TENANT
    }

    /// Where in the order the dataset stands whose turn it is: one with short work before all others.
    fn next(&self, now: Timestamp) -> Option<usize> {
        if !self.may_run() {
            return None;
        }
        let find = |suits: fn(&DatasetWork<W>) -> bool| {
            let is_due = |of: &DatasetWork<W>| of.not_before.is_none_or(|time| time <= now);
            self.order.iter().position(|id| self.datasets.get(id).is_some_and(|of| is_due(of) && suits(of)))
        };
        find(|of_dataset| !of_dataset.short.is_empty()).or_else(|| find(|_| true))
    }
}

impl<W> Default for TenantWork<W> {
    fn default() -> Self {
        Self { datasets: HashMap::new(), order: VecDeque::new(), running: 0 }
    }
}

impl<W: Work> DatasetWork<W> {
    fn queue(&mut self, work: &W) -> &mut VecDeque<W> {
        if work.is_short() { &mut self.short } else { &mut self.long }
    }

    fn is_empty(&self) -> bool {
        self.short.is_empty() && self.long.is_empty()
    }
}

impl<W> Default for DatasetWork<W> {
    fn default() -> Self {
        Self { short: VecDeque::new(), long: VecDeque::new(), busy: false, not_before: None, failures: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name, and whether the work is short.
    type Named = (&'static str, bool);

    impl Work for Named {
        fn is_short(&self) -> bool {
            self.1
        }
    }

    fn tenant(n: u8) -> TenantId {
        TenantId::from_bytes([n; 16])
    }

    fn dataset(n: u8) -> DatasetId {
        DatasetId::from_bytes([n; 16])
    }

    fn at(second: &str) -> Timestamp {
        Timestamp::parse(&format!("2026-11-26T09:30:{second}Z")).unwrap()
    }

    /// Work of tenants, in datasets that are one tenant's each.
    fn turns(works: &[(u8, u8, Named)]) -> Turns<Named> {
        let mut turns = Turns::default();
        for (of, to, work) in works {
            turns.add(tenant(*of), dataset(*to), *work);
        }
        turns
    }

    fn take(turns: &mut Turns<Named>) -> Option<&'static str> {
        turns.take(at("00")).map(|(_, _, (name, _))| name)
    }

    /// The order in which a single thread comes to it all.
    fn order(mut turns: Turns<Named>) -> Vec<&'static str> {
        let mut order = Vec::new();
        while let Some((of, to, (name, _))) = turns.take(at("00")) {
            order.push(name);
            turns.done(of, to, None);
        }
        assert!(turns.tenants.is_empty() && turns.order.is_empty(), "what has nothing is forgotten");
        order
    }

    #[test]
    fn a_tenant_with_many_datasets_gets_no_more_turns_than_one_with_one() {
        let mut works: Vec<_> = (10..110).map(|n| (1, n, ("many", false))).collect();
        works.extend([(2, 200, ("a", false)), (2, 200, ("b", false)), (3, 201, ("c", false))]);
        assert_eq!(order(turns(&works))[..6], ["many", "a", "c", "many", "b", "many"]);
    }

    #[test]
    fn datasets_of_a_tenant_take_turns_and_work_that_goes_on_waits_for_the_next() {
        let mut turns = turns(&[(1, 10, ("a", false)), (1, 10, ("c", false)), (1, 11, ("b", false))]);
        let (of, to, left) = turns.take(at("00")).unwrap();
        turns.done(of, to, Some(left));
        assert_eq!(order(turns), ["b", "a", "c"], "it goes on before what came behind it");
    }

    #[test]
    fn short_work_goes_first_in_its_dataset_and_in_its_tenant_and_no_further() {
        let long = (1, 10, ("long", false));
        let works = [long, long, (1, 11, ("longer", false)), (1, 12, ("short", true)), (1, 10, ("s", true))];
        assert_eq!(order(turns(&works)), ["s", "short", "longer", "long", "long"]);
        let mut works = vec![(2, 20, ("other", false))];
        works.extend([(1, 10, ("short", true)); 3]);
        assert_eq!(order(turns(&works))[..2], ["other", "short"], "a tenant's turn is a tenant's turn");
    }

    #[test]
    fn a_tenant_never_has_all_threads_however_many_datasets_it_has() {
        let works: Vec<_> = (10..60).map(|n| (1, n, ("many", false))).collect();
        let mut turns = turns(&works);
        let first = turns.take(at("00")).unwrap();
        assert_eq!(take(&mut turns), Some("many"));
        assert_eq!(take(&mut turns), None, "the other threads wait");
        assert_eq!(turns.until_next(at("00")), None, "and not in circles");
        turns.add(tenant(2), dataset(200), ("other", false));
        assert_eq!(take(&mut turns), Some("other"), "for whoever comes");
        turns.done(first.0, first.1, None);
        assert_eq!(take(&mut turns), Some("many"));
    }

    #[test]
    fn one_thread_at_a_time_works_for_a_dataset() {
        let mut turns = turns(&[(1, 10, ("a", false)), (1, 10, ("b", true))]);
        let (of, to, work) = turns.take(at("00")).unwrap();
        assert_eq!(work.0, "b");
        turns.add(of, to, ("c", true));
        assert_eq!(take(&mut turns), None);
        turns.done(of, to, None);
        assert_eq!(order(turns), ["c", "a"]);
    }

    #[test]
    fn what_failed_waits_and_holds_up_nothing_else() {
        let mut turns = turns(&[(1, 10, ("fails", false)), (1, 11, ("a", false)), (2, 20, ("b", false))]);
        let (of, to, left) = turns.take(at("00")).unwrap();
        turns.failed(of, to, left, at("00"));
        assert_eq!((take(&mut turns), take(&mut turns), take(&mut turns)), (Some("b"), Some("a"), None));
        assert_eq!(turns.until_next(at("00")), Some(Duration::from_secs(1)));
        let (of, to, left) = turns.take(at("01")).unwrap();
        turns.failed(of, to, left, at("01"));
        assert_eq!(turns.until_next(at("01")), Some(Duration::from_secs(2)), "longer each time");
        assert!(turns.take(at("03")).is_some());
    }
}
