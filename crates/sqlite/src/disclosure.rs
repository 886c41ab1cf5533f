//! The rows of what callers were shown.

use diesel::connection::DefaultLoadingMode;
use diesel::dsl::max;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel::upsert::excluded;
use syft_space_domain::ids::{ActorId, PolicyId};
use syft_space_domain::page::{Page, PageRequest};
use syft_space_domain::policy::ports::{CallerCoverage, Disclosed, DisclosureRows, DisclosureView};
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::{TenantScope, WriteScope};
use syft_space_domain::time::Timestamp;

use crate::codec::{Key, after_key, limit_plus_one, read_page, to_i64, to_u64};
use crate::schema::disclosures;
use crate::session::Session;

define_sql_function! {
    /// The sum of a column, as the integer that it is.
    #[aggregate]
    #[sql_name = "SUM"]
    fn total(amount: BigInt) -> Nullable<BigInt>;
}

impl DisclosureView for Session<'_> {
    fn disclosures(
        &mut self,
        scope: &TenantScope,
        policy: PolicyId,
        caller: ActorId,
        since: Timestamp,
    ) -> Result<Vec<Disclosed>, StoreError> {
        let rows: Vec<(Key, i64, i64)> = self.read(|connection| {
            disclosures::table
                .filter(disclosures::tenant_id.eq(Key::from(scope)))
                .filter(disclosures::policy_id.eq(Key::from(policy)))
                .filter(disclosures::caller_id.eq(Key::from(caller)))
                .filter(disclosures::shown_at.ge(since.as_unix_micros()))
                .order(disclosures::item)
                .select((disclosures::item, disclosures::shown_at, disclosures::amount))
                .load(connection)
        })?;
        let disclosed = |(item, shown_at, amount): (Key, i64, i64)| {
            let shown_at = Timestamp::from_unix_micros(shown_at);
            Ok(Disclosed { item: item.0, shown_at, amount: to_u64(amount)? })
        };
        rows.into_iter().map(disclosed).collect()
    }

    fn coverage(
        &mut self,
        scope: &TenantScope,
        policy: PolicyId,
        since: Timestamp,
        page: PageRequest<ActorId>,
    ) -> Result<Page<CallerCoverage, ActorId>, StoreError> {
        self.read(|connection| {
            let rows = disclosures::table
                .filter(disclosures::tenant_id.eq(Key::from(scope)))
                .filter(disclosures::policy_id.eq(Key::from(policy)))
                .filter(disclosures::caller_id.gt(after_key(page.after)))
                .filter(disclosures::shown_at.ge(since.as_unix_micros()))
                .group_by(disclosures::caller_id)
                .order(disclosures::caller_id)
                .limit(limit_plus_one(page.limit))
                .select((disclosures::caller_id, total(disclosures::amount), max(disclosures::shown_at)))
                .load_iter::<(Key, Option<i64>, Option<i64>), DefaultLoadingMode>(connection)?;
            read_page(rows, page.limit, |(caller, amount, last)| {
                let (caller, amount) = (ActorId::from(caller), to_u64(amount.unwrap_or_default())?);
                let last_shown_at = Timestamp::from_unix_micros(last.unwrap_or_default());
                Ok((caller, CallerCoverage { caller, amount, last_shown_at }))
            })
        })?
    }
}

impl DisclosureRows for Session<'_> {
    fn disclose(
        &mut self,
        scope: &WriteScope,
        policy: PolicyId,
        caller: ActorId,
        shown: &[Disclosed],
        forget: Timestamp,
    ) -> Result<(), StoreError> {
        let (tenant, policy, caller) = (Key::from(scope), Key::from(policy), Key::from(caller));
        let row = |shown: &Disclosed| {
            Ok((
                disclosures::tenant_id.eq(tenant),
                disclosures::policy_id.eq(policy),
                disclosures::caller_id.eq(caller),
                disclosures::item.eq(Key::from(ActorId::from_bytes(shown.item))),
                disclosures::shown_at.eq(shown.shown_at.as_unix_micros()),
                disclosures::amount.eq(to_i64(shown.amount)?),
            ))
        };
        let rows = shown.iter().map(row).collect::<Result<Vec<_>, StoreError>>()?;
        self.atomically(|session| {
            session.write(|connection| {
                diesel::delete(disclosures::table)
                    .filter(disclosures::tenant_id.eq(tenant))
                    .filter(disclosures::policy_id.eq(policy))
                    .filter(disclosures::caller_id.eq(caller))
                    .filter(disclosures::shown_at.lt(forget.as_unix_micros()))
                    .execute(connection)
            })?;
            session.write(|connection| {
                diesel::insert_into(disclosures::table)
                    .values(&rows)
                    .on_conflict((
                        disclosures::tenant_id,
                        disclosures::policy_id,
                        disclosures::caller_id,
                        disclosures::item,
                    ))
                    .do_update()
                    .set((
                        disclosures::shown_at.eq(excluded(disclosures::shown_at)),
                        disclosures::amount.eq(excluded(disclosures::amount)),
                    ))
                    .execute(connection)
            })?;
            Ok(())
        })
    }
}
