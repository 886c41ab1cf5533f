//! The task that keeps the vector databases which the space makes: those that are wanted are made and looked after, and the others go.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use syft_space_domain::Space;
use syft_space_domain::ids::{DatasetId, TenantId};
use syft_space_domain::provisioning::{Databases, find_databases, make_database};
use syft_space_domain::tenant::{OperatorScope, TenantScope};
use tokio::task::JoinSet;

use crate::background::ticks;

/// How often to look for what is to be done.
const TICK: Duration = Duration::from_secs(1);
/// How many ticks until what failed is tried again.
const TRY_AGAIN: u64 = 10;
/// How many ticks until what is ready is looked at again, and all is looked for.
const LOOK_AGAIN: u64 = 60;
/// How many ticks until it is forgotten when a database was asked about that is not there any more.
const FORGET_AFTER: u64 = 600;
/// The most databases that the engine is asked about at once, and the most of one tenant: nobody takes all turns with what does not come up.
const MAX_AT_ONCE: usize = 8;
const MAX_AT_ONCE_OF_TENANT: usize = 2;

type Key = (TenantId, DatasetId);

/// Keeps them, at once and from then on, until it is aborted. Failures are logged where they are new, and tried again.
pub(crate) async fn keep_forever(space: Space, operator: Arc<OperatorScope>) {
    let mut ticks = ticks(TICK);
    let mut under_way = UnderWay::default();
    let mut asked_at = BTreeMap::<Key, u64>::new();
    // Nothing was asked for at the tick 0.
    for tick in 1_u64.. {
        ticks.tick().await;
        under_way.note_ended();
        if tick % LOOK_AGAIN == 1 {
            look(&space, &operator).await;
        }
        for (scope, dataset) in due(&space.meaning.databases, &mut asked_at, tick) {
            if under_way.begin(&space, scope, dataset) {
                asked_at.insert((scope.tenant(), dataset), tick);
            }
        }
    }
}

/// What the engine is to be asked about, with what it was not asked about for the longest time first: where there are more than can be
/// asked about, all have their turn.
fn due(databases: &Databases, asked_at: &mut BTreeMap<Key, u64>, tick: u64) -> Vec<(TenantScope, DatasetId)> {
    let key = |(scope, dataset): &(TenantScope, DatasetId)| (scope.tenant(), *dataset);
    let (untried, wanted, ready) = (databases.untried(), databases.wanted(), databases.ready());
    let at_once: BTreeSet<Key> = untried.iter().chain(&databases.take_doubted()).map(key).collect();
    // What is asked about just now is in neither list, and keeps its place behind those that wait.
    asked_at.retain(|_, last| tick <= last.saturating_add(FORGET_AFTER));
    let mut due = Vec::new();
    for (all, every) in [(wanted, TRY_AGAIN), (ready, LOOK_AGAIN)] {
        for one in all {
            let last = asked_at.get(&key(&one)).copied().unwrap_or_default();
            if last == 0 || at_once.contains(&key(&one)) || tick >= last.saturating_add(every) {
                due.push((last, one));
            }
        }
    }
    due.sort_by_key(|(last, _)| *last);
    due.into_iter().map(|(_, one)| one).collect()
}

async fn look(space: &Space, operator: &OperatorScope) {
    match find_databases(space, operator).await {
        Ok(strays) if strays.left > 0 => {
            tracing::warn!(?strays, "databases that nobody wants any more could not be removed");
        }
        Ok(strays) if strays.removed > 0 => {
            tracing::info!(?strays, "removed databases that nobody wanted any more");
        }
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "databases that nobody wants any more could not be looked for"),
    }
}

/// What the engine is asked about at the moment.
#[derive(Default)]
struct UnderWay {
    tasks: JoinSet<TenantId>,
    of_tenant: BTreeMap<TenantId, usize>,
}

impl UnderWay {
    fn note_ended(&mut self) {
        while let Some(ended) = self.tasks.try_join_next() {
            let tenant = match ended {
                Ok(tenant) => tenant,
                Err(error) => {
                    tracing::error!(%error, "a database could not be looked after");
                    // Whose it was is not said any more; when none is left all are known to have ended.
                    continue;
                }
            };
            if let Some(count) = self.of_tenant.get_mut(&tenant) {
                *count = count.saturating_sub(1);
            }
        }
        if self.tasks.is_empty() {
            self.of_tenant.clear();
        }
    }

    /// Begins with one, if it is its turn; answers whether it is.
    fn begin(&mut self, space: &Space, scope: TenantScope, dataset: DatasetId) -> bool {
        let of_tenant = self.of_tenant.entry(scope.tenant()).or_default();
        if self.tasks.len() >= MAX_AT_ONCE || *of_tenant >= MAX_AT_ONCE_OF_TENANT {
            return false;
        }
        *of_tenant = of_tenant.saturating_add(1);
        let space = space.clone();
        self.tasks.spawn(async move {
            match make_database(&space, &scope, dataset).await {
                Ok(None) => {}
                Ok(Some(error)) => {
                    tracing::warn!(tenant = %scope.tenant(), %dataset, %error, "a dataset's database is not ready");
                }
                Err(error) => {
                    tracing::error!(tenant = %scope.tenant(), %dataset, %error, "a database could not be looked after");
                }
            }
            scope.tenant()
        });
        true
    }
}

#[cfg(test)]
mod tests {
    use syft_space_domain::dataset::VectorDatabaseKind;
    use syft_space_domain::provisioning::Databases;
    use syft_space_memory::MemoryProvisioner;

    use super::*;

    fn scope(n: u8) -> TenantScope {
        OperatorScope::at_startup().tenant(TenantId::from_bytes([n; 16]))
    }

    fn dataset(n: u8) -> DatasetId {
        DatasetId::from_bytes([n; 16])
    }

    #[test]
    fn r4_where_more_wait_than_can_be_asked_about_all_have_their_turn() {
        let databases = Databases::new(Arc::new(MemoryProvisioner::new()), vec![VectorDatabaseKind::Chroma]);
        for n in 1..=20 {
            databases.want(&scope(n / 10), dataset(n));
        }
        let mut asked_at = BTreeMap::new();
        let mut asked = BTreeSet::new();
        for tick in 1..=10 {
            // Two can be asked about at each tick, and none of them ever comes up.
            for (scope, dataset) in due(&databases, &mut asked_at, tick).into_iter().take(2) {
                asked_at.insert((scope.tenant(), dataset), tick);
                asked.insert(dataset);
            }
        }
        assert_eq!(asked.len(), 20);
        asked_at.insert((scope(0).tenant(), dataset(1)), 11);
        // While the engine is at all of them none is due, and it is not forgotten whose turn is next.
        assert!(due(&Databases::default(), &mut asked_at, 12).is_empty());
        let next = due(&databases, &mut asked_at, 13);
        assert_eq!(next.first().map(|(_, dataset)| *dataset), Some(self::dataset(2)));
        assert!(due(&databases, &mut asked_at, 13 + FORGET_AFTER).len() == 20 && asked_at.is_empty());
    }
}
