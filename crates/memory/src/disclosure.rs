//! `DisclosureView` and `DisclosureRows` of a transaction.

use std::collections::BTreeMap;

use syft_space_domain::ids::{ActorId, PolicyId};
use syft_space_domain::page::{Page, PageRequest};
use syft_space_domain::policy::ports::{CallerCoverage, Disclosed, DisclosureRows, DisclosureView};
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::{TenantScope, WriteScope};
use syft_space_domain::time::Timestamp;

use crate::transaction::Transaction;

impl DisclosureView for Transaction {
    fn disclosures(
        &mut self,
        scope: &TenantScope,
        policy: PolicyId,
        caller: ActorId,
        since: Timestamp,
    ) -> Result<Vec<Disclosed>, StoreError> {
        let shown = self.tables.disclosures.get(scope, (policy, caller)).into_iter().flatten();
        Ok(shown.map(|(_, shown)| *shown).filter(|shown| shown.shown_at >= since).collect())
    }

    fn coverage(
        &mut self,
        scope: &TenantScope,
        policy: PolicyId,
        since: Timestamp,
        page: PageRequest<ActorId>,
    ) -> Result<Page<CallerCoverage, ActorId>, StoreError> {
        let after = page.after.map(|after| after.0);
        let callers = self
            .tables
            .disclosures
            .rows(scope)
            .filter(|((of, caller), _)| *of == policy && after.is_none_or(|after| *caller > after));
        let coverage = |((_, caller), shown): ((PolicyId, ActorId), &BTreeMap<[u8; 16], Disclosed>)| {
            let shown = shown.values().filter(|shown| shown.shown_at >= since);
            let last_shown_at = shown.clone().map(|shown| shown.shown_at).max()?;
            let amount = shown.map(|shown| shown.amount).sum();
            Some(CallerCoverage { caller, amount, last_shown_at })
        };
        Page::read(callers.filter_map(coverage), page.limit, |found| Ok((found.caller, found)))
    }
}

impl DisclosureRows for Transaction {
    fn disclose(
        &mut self,
        scope: &WriteScope,
        policy: PolicyId,
        caller: ActorId,
        shown: &[Disclosed],
        forget: Timestamp,
    ) -> Result<(), StoreError> {
        self.check_tenant_exists(scope)?;
        let mut all = self.tables.disclosures.get(scope, (policy, caller)).cloned().unwrap_or_default();
        all.retain(|_, shown| shown.shown_at >= forget);
        all.extend(shown.iter().map(|shown| (shown.item, *shown)));
        self.tables.disclosures.insert(scope, (policy, caller), all);
        Ok(())
    }
}
