//! The task that keeps the vector databases which the space makes: those that are wanted are made and looked after, and the others go.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use syft_space_domain::Space;
use syft_space_domain::ids::{DatasetId, TenantId};
use syft_space_domain::provisioning::{find_databases, make_database};
use syft_space_domain::tenant::{OperatorScope, TenantScope};
use tokio::task::JoinSet;

use crate::background::ticks;

/// How often to look for what is wanted since.
const TICK: Duration = Duration::from_secs(1);
/// How many ticks until what failed is tried again.
const TRY_AGAIN: u64 = 10;
/// How many ticks until all is looked at, and looked for.
const LOOK_AGAIN: u64 = 60;
/// The most databases that the engine is asked about at once, and the most of one tenant: nobody takes all turns with what does not come up.
const MAX_AT_ONCE: usize = 8;
const MAX_AT_ONCE_OF_TENANT: usize = 2;

/// Keeps them, at once and from then on, until it is aborted. Failures are logged where they are new, and tried again.
pub(crate) async fn keep_forever(space: Space, operator: Arc<OperatorScope>) {
    let mut ticks = ticks(TICK);
    let mut under_way = UnderWay::default();
    for tick in 0_u64.. {
        ticks.tick().await;
        under_way.note_ended();
        if tick % LOOK_AGAIN == 0 {
            look(&space, &operator).await;
        }
        let databases = &space.meaning.databases;
        let mut due = if tick % TRY_AGAIN == 0 { databases.wanted() } else { databases.untried() };
        if tick % LOOK_AGAIN == 0 {
            due.extend(databases.ready());
        }
        for (scope, dataset) in due {
            under_way.begin(&space, scope, dataset);
        }
    }
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

    /// Begins with one, if it is its turn.
    fn begin(&mut self, space: &Space, scope: TenantScope, dataset: DatasetId) {
        let of_tenant = self.of_tenant.entry(scope.tenant()).or_default();
        if self.tasks.len() >= MAX_AT_ONCE || *of_tenant >= MAX_AT_ONCE_OF_TENANT {
            return;
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
    }
}
