//! Removing everything of tenants that have ended: in portions, so that nobody waits long for the one writer, and each of them again where
//! it was cut short, for what is removed is not found any more.

use std::sync::Arc;
use std::time::Duration;

use crate::Pending;
use crate::audit::ports::LogScope;
use crate::audit::{Action, Actor, ChangeCode, Changes, Event, Log, ObjectKind, Origin, RequestContext};
use crate::ids::{DatasetId, TenantId};
use crate::marketplace::is_anything_shown;
use crate::page::every;
use crate::port_error::PortError;
use crate::privacy::note_removal;
use crate::space::Space;
use crate::store::{Flow, StoreError, Tx, View};
use crate::tenant::forget_members::forget_members;
use crate::tenant::{OperatorScope, Tenant, TenantEnd, TenantPart, TenantRemoval, TenantScope, WriteScope};
use crate::time::Timestamp;
use crate::unit::{Abort, Recorded, Refused};

/// How many rows a unit removes.
const REMOVED_AT_ONCE: usize = 250;
/// For how long beyond its end a tenant waits for hubs to be told that nothing of it is there any more.
const HUBS_ARE_TOLD_WITHIN: Duration = Duration::from_secs(3_600);

/// Removes all that a dataset of a tenant holds, and then its row, where blocking is allowed:
/// [`finish_removal`](crate::dataset::finish_removal).
pub type RemoveDataset =
    dyn Fn(TenantScope, DatasetId) -> Pending<'static, Result<(), PortError>> + Send + Sync;

/// Begins to remove the tenants whose time is over, where `begins` says so, and goes on with those of which it has begun. While a legal hold
/// stands none begins.
///
/// # Errors
/// When a port failed. What went by then is gone, and the rest goes the next time.
pub async fn remove_ended_tenants(
    space: &Space,
    operator: &OperatorScope,
    remove_dataset: &RemoveDataset,
    begins: bool,
) -> Result<(), PortError> {
    let everywhere = operator.clone();
    let ending = space.store.read(Flow::Installation, move |view| view.ending_tenants(&everywhere));
    let ending: Result<Vec<TenantId>, StoreError> = ending.await;
    let mut outcome = Ok(());
    for tenant in ending? {
        let removing = Removing { space, operator, scope: operator.tenant(tenant), remove_dataset, begins };
        // One that fails keeps no other waiting.
        if let Err(error) = removing.go_on().await {
            outcome = Err(error);
        }
    }
    outcome
}

/// One tenant that is removed.
struct Removing<'a> {
    space: &'a Space,
    operator: &'a OperatorScope,
    scope: TenantScope,
    remove_dataset: &'a RemoveDataset,
    begins: bool,
}

/// That it is not yet to be done, or the store's failure.
struct NotYet(Option<StoreError>);

impl From<StoreError> for NotYet {
    fn from(error: StoreError) -> Self {
        Self(Some(error))
    }
}

fn not_yet<T>() -> Result<T, Abort<NotYet>> {
    Err(Refused::unrecorded(NotYet(None)).into())
}

impl Removing<'_> {
    async fn go_on(&self) -> Result<(), PortError> {
        let scope = self.scope;
        let tenant = self.read(move |view| view.tenant(&scope)).await?;
        let Some(Tenant { name, end: Some(end), .. }) = tenant else { return Ok(()) };
        let end = self.set_right(end).await?;
        if !end.is_going && !self.begin(end).await? {
            return Ok(());
        }
        // An older copy would bring all of it back. The ledger tells its operator what is wrong with it.
        let is_noted = note_removal(self.space, scope.tenant()).await.is_ok();
        let is_ahead = |part: &TenantPart| *part < TenantPart::Datasets;
        for part in TenantPart::ALL.into_iter().filter(is_ahead) {
            self.remove_all(part).await?;
        }
        // One whose vector database is away keeps no other waiting.
        let mut removed = Ok(());
        for dataset in self.read(move |view| view.all_datasets(&scope)).await? {
            removed = removed.and((self.remove_dataset)(scope, dataset.id).await);
        }
        removed?;
        let known = self.read(move |view| view.tenant_removal(&scope)).await?;
        if known.is_some_and(|known| !known.is_forgotten) {
            forget_members(self.space, self.operator, &scope, &name).await?;
            self.note(|removal| removal.is_forgotten = true).await?;
        }
        let log = self.read(move |view| view.log_head(LogScope::Tenant(&scope))).await?;
        // Of a log whose removal has begun already the head is gone.
        if log.seq() > 0 {
            self.note(move |removal| removal.note_log(&log)).await?;
        }
        for part in [TenantPart::Datasets, TenantPart::Accounts, TenantPart::Log] {
            self.remove_all(part).await?;
        }
        if !is_noted {
            return Ok(());
        }
        self.space.store.overwrite_remains().await?;
        // What a request that was under way has left meanwhile goes with the tenant, unless it is much: then all is looked through anew.
        while !self.end().await? {
            for part in TenantPart::ALL {
                self.remove_all(part).await?;
            }
        }
        // What went at last.
        Ok(self.space.store.overwrite_remains().await?)
    }

    /// Where the clock was ahead when the end was asked for, and was set back since, it counts as asked for now, and ends as one that is.
    async fn set_right(&self, end: TenantEnd) -> Result<TenantEnd, PortError> {
        let now = self.space.clock.now();
        if end.is_going || end.asked_at <= now {
            return Ok(end);
        }
        let right = TenantEnd::asked(now, end.ends_at.since(end.asked_at));
        let event = self.event(Action::ConfigChange)?.changing(ChangeCode::EndRequested);
        let scope = self.scope;
        let set = self.space.store.write(move |tx| {
            let scope = WriteScope::of_system(&scope);
            // It may be kept by now.
            if tx.tenant(&scope)?.and_then(|tenant| tenant.end) != Some(end) {
                return not_yet();
            }
            tx.set_tenant_end(&scope, Some(right))?;
            Ok(Recorded::new((), event.clone()))
        });
        match set.await {
            Ok(()) => Ok(right),
            Err(NotYet(None)) => Ok(end),
            Err(NotYet(Some(error))) => Err(error.into()),
        }
    }

    /// Begins the removal, if its time has come and nothing stands against it: from then on nobody is let in. Answers whether it has.
    async fn begin(&self, end: TenantEnd) -> Result<bool, PortError> {
        let now = self.space.clock.now();
        if !self.begins || now < end.ends_at || self.waits(end, now).await? {
            return Ok(false);
        }
        let event = self.event(Action::ConfigChange)?.changing(ChangeCode::RemovalBegun);
        let scope = self.scope;
        let begun = self.space.store.write(move |tx| {
            let scope = WriteScope::of_system(&scope);
            // It may be kept by now, or held.
            let known = tx.tenant(&scope)?.and_then(|tenant| tenant.end);
            if known != Some(end) || !tx.legal_holds(&scope)?.is_empty() {
                return not_yet();
            }
            let mut removal = TenantRemoval::begin();
            removal.count(TenantPart::Datasets, tx.count_datasets(&scope)?);
            tx.put_tenant_removal(&scope, &removal)?;
            tx.set_tenant_end(&scope, Some(TenantEnd { is_going: true, ..end }))?;
            Ok(Recorded::new((), event.clone()))
        });
        match begun.await {
            Ok(()) => Ok(true),
            Err(NotYet(None)) => Ok(false),
            Err(NotYet(Some(error))) => Err(error.into()),
        }
    }

    /// Whether somebody is erased still, who would not be found any more, or a hub does not know yet that nothing is there.
    async fn waits(&self, end: TenantEnd, now: Timestamp) -> Result<bool, PortError> {
        let scope = self.scope;
        let is_late = now >= end.ends_at.plus(HUBS_ARE_TOLD_WITHIN);
        self.read(move |view| {
            let is_erasing =
                every(|page| view.erasures(&scope, page))?.iter().any(|one| one.ended_at.is_none());
            Ok(is_erasing || (!is_late && is_anything_shown(view, &scope)?))
        })
        .await
    }

    /// Notes something of the removal.
    async fn note(&self, mut note: impl FnMut(&mut TenantRemoval) + Send + 'static) -> Result<(), PortError> {
        let noted = self.write_quietly(move |tx, scope| {
            if let Some(mut removal) = tx.tenant_removal(scope)? {
                note(&mut removal);
                tx.put_tenant_removal(scope, &removal)?;
            }
            Ok(1)
        });
        noted.await.map(drop)
    }

    /// Removes the rows of a part in portions, until there is none.
    async fn remove_all(&self, part: TenantPart) -> Result<(), PortError> {
        let portion = move |tx: &mut dyn Tx, scope: &WriteScope| -> Result<u64, StoreError> {
            let removed = tx.remove_tenant_part(scope, part, REMOVED_AT_ONCE)?;
            if let Some(mut removal) = tx.tenant_removal(scope)?.filter(|_| removed > 0) {
                removal.count(part, removed);
                tx.put_tenant_removal(scope, &removal)?;
            }
            Ok(removed)
        };
        while self.write_quietly(portion).await? > 0 {}
        Ok(())
    }

    /// The tenant itself goes, if no more is left than goes with it, and what stays is told. Answers whether it has.
    async fn end(&self) -> Result<bool, PortError> {
        let event = self.event(Action::TenantDeleted)?;
        let scope = self.scope;
        let ended = self.space.store.write(move |tx| {
            let scope = WriteScope::of_system(&scope);
            for part in TenantPart::ALL {
                let removed = tx.remove_tenant_part(&scope, part, REMOVED_AT_ONCE)?;
                if usize::try_from(removed).is_ok_and(|removed| removed >= REMOVED_AT_ONCE) {
                    return not_yet();
                }
            }
            tx.remove_tenant(&scope)?;
            let Some(removal) = tx.tenant_removal(&scope)? else { return not_yet() };
            Ok(Recorded::new((), event.clone().changing(told(&removal))))
        });
        match ended.await {
            Ok(()) => Ok(true),
            Err(NotYet(None)) => Ok(false),
            Err(NotYet(Some(error))) => Err(error.into()),
        }
    }

    /// An event of the installation's log about the tenant.
    fn event(&self, action: Action) -> Result<Event, PortError> {
        let (now, entropy) = (self.space.clock.now(), Arc::clone(&self.space.entropy));
        let context = RequestContext::begin(now, entropy, Origin::default())?;
        let event = context.event(Log::Installation, action, Actor::System)?;
        Ok(event.on(ObjectKind::Tenant, self.scope.tenant()))
    }

    async fn read<T: Send + 'static>(
        &self,
        find: impl FnOnce(&mut dyn View) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, PortError> {
        Ok(self.space.store.read(Flow::Installation, find).await?)
    }

    /// Removes rows with no event: that the removal began, and what it came to, tells of all of them.
    async fn write_quietly(
        &self,
        mut work: impl FnMut(&mut dyn Tx, &WriteScope) -> Result<u64, StoreError> + Send + 'static,
    ) -> Result<u64, PortError> {
        let scope = self.scope;
        let kept = self.space.store.keep_books(move |tx| {
            let done = work(tx, &WriteScope::of_system(&scope))?;
            Ok(done.into())
        });
        Ok(kept.await?)
    }
}

/// What stays of a tenant, in the event that it is gone.
fn told(removal: &TenantRemoval) -> Changes {
    let mut changes = Changes::default();
    changes.note_setting("log_size", Some(&removal.log_size.to_string()));
    changes.note_setting("log_root", Some(&hex::encode(removal.log_root)));
    for (part, rows) in removal.removed.iter().rev() {
        changes.note_setting(part.as_str(), Some(&rows.to_string()));
    }
    changes
}
