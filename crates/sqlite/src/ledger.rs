//! The rows of the ledger: transfers, and the balances that they come to.

use diesel::connection::DefaultLoadingMode;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use syft_space_domain::ids::{ActorId, EndpointId, PolicyId};
use syft_space_domain::ledger::ports::{LedgerRows, LedgerView};
use syft_space_domain::ledger::{
    AccountBalance, Amount, Balance, BalanceKey, LedgerAccount, MAX_REPEATS, Period, RequestDigest, Span,
    Transfer, TransferFilter, TransferKey, TransferPlace,
};
use syft_space_domain::page::{Cursor, Page, PageRequest};
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::{TenantScope, WriteScope};
use syft_space_domain::time::Timestamp;

use crate::codec::{Bytes, Key, limit_plus_one, parse, read_page, to_i64, to_u64, unreadable_column};
use crate::ledger_batch::{BalanceOf, LedgerBatch};
use crate::schema::{balances, transfers};
use crate::session::Session;

/// As the index `transfers_of_request` has it: SQLite takes that only where the number stands in the statement.
const IS_REPEATABLE: &str = "repeats < 2";
const _: () = assert!(MAX_REPEATS == 2, "the index of what may be repeated is to be made anew");

#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = transfers, treat_none_as_default_value = false)]
pub(crate) struct TransferRow {
    tenant_id: Key,
    event_id: Key,
    policy_id: Key,
    time: i64,
    payer_id: Key,
    endpoint_id: Key,
    period: String,
    period_begins: i64,
    currency: String,
    units: i64,
    free_units: i64,
    amount: i64,
    request: Option<Bytes<32>>,
    pub(crate) repeats: i64,
}

impl TransferRow {
    /// By what the transfers of a request are ordered.
    pub(crate) fn order(&self) -> (i64, Key) {
        (self.time, self.event_id)
    }

    fn new(scope: &WriteScope, transfer: &Transfer) -> Result<Self, StoreError> {
        Ok(Self {
            tenant_id: scope.into(),
            event_id: transfer.key.event.into(),
            policy_id: transfer.key.policy.into(),
            time: transfer.time.as_unix_micros(),
            payer_id: transfer.payer.into(),
            endpoint_id: transfer.endpoint.into(),
            period: transfer.span.period.as_str().to_owned(),
            period_begins: transfer.span.begins.as_unix_micros(),
            currency: transfer.currency.as_str().to_owned(),
            units: to_i64(transfer.charged.units)?,
            free_units: to_i64(transfer.charged.free_units)?,
            amount: to_i64(transfer.charged.amount.micros())?,
            request: transfer.request.map(|request| Bytes(request.0)),
            repeats: transfer.repeats.into(),
        })
    }
}

impl TryFrom<TransferRow> for Transfer {
    type Error = StoreError;
    fn try_from(row: TransferRow) -> Result<Self, StoreError> {
        let begins = Timestamp::from_unix_micros(row.period_begins);
        Ok(Self {
            key: TransferKey { event: row.event_id.into(), policy: row.policy_id.into() },
            time: Timestamp::from_unix_micros(row.time),
            payer: row.payer_id.into(),
            endpoint: row.endpoint_id.into(),
            span: Span { period: parse("transfers.period", &row.period)?, begins },
            currency: parse("transfers.currency", &row.currency)?,
            charged: balance((row.units, row.free_units, row.amount))?,
            request: row.request.map(|request| RequestDigest(request.0)),
            repeats: u8::try_from(row.repeats)
                .map_err(|error| unreadable_column("transfers.repeats", &error))?,
        })
    }
}

/// The columns of what a balance comes to.
const SUMS: (balances::units, balances::free_units, balances::amount) =
    (balances::units, balances::free_units, balances::amount);
/// The columns of what of it was brought forward.
const PAST_SUMS: (balances::past_units, balances::past_free_units, balances::past_amount) =
    (balances::past_units, balances::past_free_units, balances::past_amount);

/// Units, those of them that were free, and an amount in millionths, as they are stored.
pub(crate) type Sums = (i64, i64, i64);

fn balance((units, free_units, amount): Sums) -> Result<Balance, StoreError> {
    let amount = Amount::from_micros(to_u64(amount)?);
    Ok(Balance { units: to_u64(units)?, free_units: to_u64(free_units)?, amount })
}

/// A key as bytes that sort as the key does.
fn key_bytes(key: &BalanceKey) -> Vec<u8> {
    let (kind, account) = match &key.account {
        LedgerAccount::Endpoint(endpoint) => (0, endpoint.as_bytes()),
        LedgerAccount::Payer(payer) => (1, payer.as_bytes()),
    };
    let period = match key.span.period {
        Period::Day => 0,
        Period::Month => 1,
        Period::Total => 2,
    };
    // Times before 1970 come before those behind it.
    let begins = key.span.begins.as_unix_micros() ^ i64::MIN;
    let mut bytes = Vec::with_capacity(KEY_BYTES);
    bytes.extend_from_slice(key.policy.as_bytes());
    bytes.push(kind);
    bytes.extend_from_slice(account);
    bytes.push(period);
    bytes.extend_from_slice(&begins.to_be_bytes());
    bytes.extend_from_slice(key.currency.as_str().as_bytes());
    bytes
}

/// About how long a key is.
const KEY_BYTES: usize = 16 + 1 + 16 + 1 + 8 + 8;

fn key_of(bytes: &[u8]) -> Result<BalanceKey, StoreError> {
    let read = || {
        let (policy, rest) = bytes.split_first_chunk()?;
        let (kind, rest) = rest.split_first()?;
        let (account, rest) = rest.split_first_chunk()?;
        let (period, rest) = rest.split_first()?;
        let (begins, currency) = rest.split_first_chunk()?;
        let account = match kind {
            0 => LedgerAccount::Endpoint(EndpointId::from_bytes(*account)),
            1 => LedgerAccount::Payer(ActorId::from_bytes(*account)),
            _ => return None,
        };
        let period = match period {
            0 => Period::Day,
            1 => Period::Month,
            2 => Period::Total,
            _ => return None,
        };
        let begins = Timestamp::from_unix_micros(i64::from_be_bytes(*begins) ^ i64::MIN);
        let currency = std::str::from_utf8(currency).ok()?.parse().ok()?;
        let policy = PolicyId::from_bytes(*policy);
        Some(BalanceKey { policy, account, span: Span { period, begins }, currency })
    };
    read().ok_or_else(|| unreadable_column("balances.key", &"it is no key of a balance"))
}

impl Session<'_> {
    /// What a balance comes to in the database, and what was brought forward.
    fn written_balance(&mut self, (tenant, key): &BalanceOf) -> Result<(Balance, Sums), StoreError> {
        let row: Option<(Sums, Sums)> = self.read(|connection| {
            let row = balances::table.find((tenant, key));
            row.select((SUMS, PAST_SUMS)).first(connection).optional()
        })?;
        let (sums, past) = row.unwrap_or_default();
        Ok((balance(sums)?, past))
    }

    /// What a balance comes to, with what the units of this transaction have transferred.
    fn balance_of(&mut self, of: &BalanceOf) -> Result<Balance, StoreError> {
        match self.ledger().map(|batch| batch.known(of)) {
            None => self.written_balance(of).map(|(balance, _)| balance),
            Some(Some(known)) => Ok(known),
            Some(None) => {
                let (balance, past) = self.written_balance(of)?;
                if let Some(batch) = self.ledger() {
                    batch.open(of.clone(), balance, past);
                }
                Ok(balance)
            }
        }
    }

    /// Adds a transfer to what is written at the end of the transaction.
    fn add_to_batch(
        &mut self,
        row: TransferRow,
        keys: [Vec<u8>; 2],
        charged: Balance,
    ) -> Result<[Balance; 2], StoreError> {
        let [payer, endpoint] = keys.map(|key| -> Result<Balance, StoreError> {
            let of = (row.tenant_id, key);
            let balance = self.balance_of(&of)?.plus(charged);
            if let Some(batch) = self.ledger() {
                batch.set_balance(of, balance);
            }
            Ok(balance)
        });
        let balances = [payer?, endpoint?];
        if let Some(batch) = self.ledger() {
            batch.add(row);
        }
        Ok(balances)
    }

    /// For what looks through rows of which some are not written yet: the units of this transaction are written each by itself then.
    fn only_alone(&mut self) -> Result<(), StoreError> {
        if self.ledger().is_some() { Err(self.run_alone()) } else { Ok(()) }
    }
}

impl LedgerView for Session<'_> {
    fn balance(&mut self, scope: &TenantScope, key: &BalanceKey) -> Result<Balance, StoreError> {
        self.balance_of(&(scope.into(), key_bytes(key)))
    }

    fn repeatable_transfer(
        &mut self,
        scope: &TenantScope,
        request: &RequestDigest,
        policy: PolicyId,
        since: Timestamp,
    ) -> Result<Option<Transfer>, StoreError> {
        let (tenant, of_policy, of_request) = (Key::from(scope), Key::from(policy), Bytes(request.0));
        let is_meant = |row: &TransferRow| {
            row.tenant_id == tenant
                && row.policy_id == of_policy
                && row.request == Some(of_request)
                && row.time >= since.as_unix_micros()
                && row.repeats < i64::from(MAX_REPEATS)
        };
        let added = self.ledger().and_then(|batch| batch.latest(is_meant)).cloned();
        let row: Option<TransferRow> = self.read(|connection| {
            transfers::table
                .filter(transfers::tenant_id.eq(tenant))
                .filter(transfers::request.eq(of_request))
                .filter(transfers::policy_id.eq(of_policy))
                .filter(transfers::time.ge(since.as_unix_micros()))
                .filter(sql::<Bool>(IS_REPEATABLE))
                .order((transfers::time.desc(), transfers::event_id.desc()))
                .select(TransferRow::as_select())
                .first(connection)
                .optional()
        })?;
        // What was let in later may be written earlier: what was added last need not be the latest.
        let latest = added.into_iter().chain(row).max_by_key(TransferRow::order);
        latest.map(Transfer::try_from).transpose()
    }

    fn transfers(
        &mut self,
        scope: &TenantScope,
        filter: &TransferFilter,
        page: PageRequest<TransferPlace>,
    ) -> Result<Page<Transfer, TransferPlace>, StoreError> {
        self.only_alone()?;
        let after = page.after.map(|Cursor(TransferPlace { time, key })| (time.as_unix_micros(), key));
        self.read(|connection| {
            // Each index that may be taken ends with the time and the key, so nothing is sorted.
            let mut rows = transfers::table
                .filter(transfers::tenant_id.eq(Key::from(scope)))
                .order((transfers::time, transfers::event_id, transfers::policy_id))
                .limit(limit_plus_one(page.limit))
                .select(TransferRow::as_select())
                .into_boxed();
            if let Some(payer) = filter.payer {
                rows = rows.filter(transfers::payer_id.eq(Key::from(payer)));
            }
            if let Some(endpoint) = filter.endpoint {
                rows = rows.filter(transfers::endpoint_id.eq(Key::from(endpoint)));
            }
            if let Some(until) = filter.until {
                rows = rows.filter(transfers::time.lt(until.as_unix_micros()));
            }
            // Of both bounds the later is what the index is searched by.
            let since = filter.since.map(Timestamp::as_unix_micros);
            if let Some(since) = since.max(after.map(|(time, _)| time)) {
                rows = rows.filter(transfers::time.ge(since));
            }
            if let Some((time, TransferKey { event, policy })) = after {
                let (event, policy) = (Key::from(event), Key::from(policy));
                let same_event = transfers::event_id.eq(event).and(transfers::policy_id.gt(policy));
                rows = rows.filter(transfers::time.gt(time).or(transfers::event_id.gt(event)).or(same_event));
            }
            let rows = rows.load_iter::<TransferRow, DefaultLoadingMode>(connection)?;
            read_page(rows, page.limit, |row| {
                let transfer = Transfer::try_from(row)?;
                Ok((transfer.place(), transfer))
            })
        })?
    }

    fn balances(
        &mut self,
        scope: &TenantScope,
        page: PageRequest<BalanceKey>,
    ) -> Result<Page<AccountBalance, BalanceKey>, StoreError> {
        self.only_alone()?;
        let after = page.after.map_or(Vec::new(), |Cursor(key)| key_bytes(&key));
        self.read(|connection| {
            let rows = balances::table
                .filter(balances::tenant_id.eq(Key::from(scope)))
                .filter(balances::key.gt(after))
                .order(balances::key)
                .limit(limit_plus_one(page.limit))
                .select((balances::key, SUMS, PAST_SUMS))
                .load_iter::<(Vec<u8>, Sums, Sums), DefaultLoadingMode>(connection)?;
            read_page(rows, page.limit, |(key, sums, past)| {
                let key = key_of(&key)?;
                let (balance, brought_forward) = (balance(sums)?, balance(past)?);
                Ok((key, AccountBalance { key, balance, brought_forward }))
            })
        })?
    }
}

impl LedgerRows for Session<'_> {
    fn add_transfer(&mut self, scope: &WriteScope, transfer: &Transfer) -> Result<[Balance; 2], StoreError> {
        let row = TransferRow::new(scope, transfer)?;
        let keys = transfer.balances().map(|key| key_bytes(&key));
        if self.ledger().is_some() {
            return self.add_to_batch(row, keys, transfer.charged);
        }
        let mut alone = LedgerBatch::default();
        let [payer, endpoint] = keys.map(|key| -> Result<Balance, StoreError> {
            let of = (row.tenant_id, key);
            let (before, past) = self.written_balance(&of)?;
            let balance = before.plus(transfer.charged);
            alone.open(of.clone(), before, past);
            alone.set_balance(of, balance);
            Ok(balance)
        });
        let balances = [payer?, endpoint?];
        alone.add(row);
        self.write(|connection| alone.finish(connection))?;
        Ok(balances)
    }

    fn remove_transfer(
        &mut self,
        scope: &WriteScope,
        key: TransferKey,
    ) -> Result<Option<Transfer>, StoreError> {
        self.only_alone()?;
        let row = transfers::table.find((Key::from(scope), Key::from(key.event), Key::from(key.policy)));
        let removed: Option<TransferRow> = self.write(|connection| {
            diesel::delete(row).returning(TransferRow::as_returning()).get_result(connection).optional()
        })?;
        let Some(removed) = removed else { return Ok(None) };
        let TransferRow { units, free_units, amount, .. } = removed;
        let transfer = Transfer::try_from(removed)?;
        for key in transfer.balances() {
            let changed = self.write(|connection| {
                diesel::update(balances::table.find((Key::from(scope), key_bytes(&key))))
                    .set((
                        balances::past_units.eq(balances::past_units + units),
                        balances::past_free_units.eq(balances::past_free_units + free_units),
                        balances::past_amount.eq(balances::past_amount + amount),
                    ))
                    .execute(connection)
            })?;
            if changed == 0 {
                return Err(StoreError::LedgerDamaged(format!(
                    "a charge of {} has no balance",
                    transfer.time
                )));
            }
        }
        Ok(Some(transfer))
    }

    fn remove_balance(&mut self, scope: &WriteScope, key: &BalanceKey) -> Result<bool, StoreError> {
        self.only_alone()?;
        let removed = self.write(|connection| {
            let row = balances::table.find((Key::from(scope), key_bytes(key)));
            let is_over = balances::past_units
                .eq(balances::units)
                .and(balances::past_free_units.eq(balances::free_units))
                .and(balances::past_amount.eq(balances::amount));
            diesel::delete(row.filter(is_over)).execute(connection)
        })?;
        Ok(removed > 0)
    }

    fn count_repeat(&mut self, scope: &WriteScope, key: TransferKey) -> Result<(), StoreError> {
        let row = (Key::from(scope), Key::from(key.event), Key::from(key.policy));
        let is_meant = |of: &TransferRow| (of.tenant_id, of.event_id, of.policy_id) == row;
        if self.ledger().is_some_and(|batch| batch.repeat(is_meant)) {
            return Ok(());
        }
        let changed = self.write(|connection| {
            diesel::update(transfers::table.find(row))
                .set(transfers::repeats.eq(transfers::repeats + 1))
                .execute(connection)
        })?;
        if changed == 0 { Err(StoreError::Conflict(format!("there is no transfer {key}"))) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(begins: i64, period: Period, currency: &str, account: LedgerAccount) -> BalanceKey {
        let span = Span { period, begins: Timestamp::from_unix_micros(begins) };
        let policy = PolicyId::from_bytes([7; 16]);
        BalanceKey { policy, account, span, currency: currency.parse().unwrap() }
    }

    #[test]
    fn z2_keys_of_balances_are_kept_as_bytes_that_sort_as_they_do() {
        let accounts = [
            LedgerAccount::Endpoint(EndpointId::from_bytes([9; 16])),
            LedgerAccount::Payer(ActorId::from_bytes([1; 16])),
        ];
        let mut keys = Vec::new();
        for account in accounts {
            for period in Period::ALL {
                for begins in [i64::MIN, -1, 0, 1, 1_796_000_000_000_000, i64::MAX] {
                    for currency in ["EUR", "EURX", "POINTSXX", "USD"] {
                        keys.push(key(begins, period, currency, account));
                    }
                }
            }
        }
        assert!(keys.is_sorted());
        let bytes: Vec<_> = keys.iter().map(key_bytes).collect();
        assert!(bytes.is_sorted());
        for (key, bytes) in keys.iter().zip(&bytes) {
            assert_eq!(key_of(bytes), Ok(*key));
        }
        assert!(key_of(&[]).is_err() && key_of(&[3; 50]).is_err());
    }
}
