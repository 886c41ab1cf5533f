//! The transfers of the units of one transaction, which are written together at its end: that costs less than statements for each.
//!
//! Many answers are charged in one commit, often at the same endpoint. What they come to is added up here, and each balance is written
//! once. Where that fails the writer runs each unit by itself, without a batch.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::{QueryResult, SqliteConnection};
use syft_space_domain::ledger::Balance;
use syft_space_domain::store::StoreError;

use crate::codec::{Key, in_batches, to_i64};
use crate::error::store_error;
use crate::ledger::{Sums, TransferRow};
use crate::schema::{balances, transfers};

/// A tenant, and the bytes of a balance's key.
pub(crate) type BalanceOf = (Key, Vec<u8>);

/// What the units of one transaction have transferred so far.
#[derive(Default)]
pub(crate) struct LedgerBatch {
    /// In the order in which they were added.
    transfers: Vec<TransferRow>,
    /// The balances that were looked at, and what they come to.
    balances: BTreeMap<BalanceOf, OpenBalance>,
    /// What takes back what the unit that runs has done so far.
    undo: Vec<Undo>,
}

#[derive(Clone, Copy)]
struct OpenBalance {
    balance: Balance,
    past: Sums,
    is_changed: bool,
}

enum Undo {
    /// The last transfer was added.
    Added,
    /// The transfer at this place was repeated.
    Repeated(usize),
    /// A balance was this.
    Changed(BalanceOf, OpenBalance),
}

#[derive(Insertable)]
#[diesel(table_name = balances)]
struct BalanceRow {
    tenant_id: Key,
    key: Vec<u8>,
    units: i64,
    free_units: i64,
    amount: i64,
    past_units: i64,
    past_free_units: i64,
    past_amount: i64,
}

impl LedgerBatch {
    /// What a balance comes to; `None` where it is not known here.
    pub(crate) fn known(&self, of: &BalanceOf) -> Option<Balance> {
        self.balances.get(of).map(|open| open.balance)
    }

    /// Makes a balance known as it was before the transaction, with what was brought forward.
    pub(crate) fn open(&mut self, of: BalanceOf, balance: Balance, past: Sums) {
        self.balances.insert(of, OpenBalance { balance, past, is_changed: false });
    }

    /// Sets what a balance comes to that is known.
    pub(crate) fn set_balance(&mut self, of: BalanceOf, balance: Balance) {
        if let Some(open) = self.balances.get_mut(&of) {
            let before = *open;
            *open = OpenBalance { balance, is_changed: true, ..before };
            self.undo.push(Undo::Changed(of, before));
        }
    }

    /// Adds a transfer.
    pub(crate) fn add(&mut self, transfer: TransferRow) {
        self.transfers.push(transfer);
        self.undo.push(Undo::Added);
    }

    /// The latest of the transfers of which this holds.
    pub(crate) fn latest(&self, is_meant: impl Fn(&TransferRow) -> bool) -> Option<&TransferRow> {
        self.transfers.iter().filter(|row| is_meant(row)).max_by_key(|row| row.order())
    }

    /// Counts one more repeat of the transfer of which this holds; whether there is one.
    pub(crate) fn repeat(&mut self, is_meant: impl Fn(&TransferRow) -> bool) -> bool {
        let place = self.transfers.iter().position(is_meant);
        let Some((place, row)) = place.and_then(|place| Some((place, self.transfers.get_mut(place)?))) else {
            return false;
        };
        row.repeats = row.repeats.saturating_add(1);
        self.undo.push(Undo::Repeated(place));
        true
    }

    /// Ends a unit. Where nothing of it is kept, all is as it was before.
    pub(crate) fn end_unit(&mut self, is_kept: bool) {
        let undo = std::mem::take(&mut self.undo);
        if is_kept {
            return;
        }
        for done in undo.into_iter().rev() {
            match done {
                Undo::Added => drop(self.transfers.pop()),
                Undo::Repeated(place) => {
                    if let Some(row) = self.transfers.get_mut(place) {
                        row.repeats = row.repeats.saturating_sub(1);
                    }
                }
                Undo::Changed(of, before) => drop(self.balances.insert(of, before)),
            }
        }
    }

    /// Writes it all.
    pub(crate) fn finish(self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        let changed = self.balances.into_iter().filter(|(_, open)| open.is_changed);
        let row = |((tenant_id, key), OpenBalance { balance, past, .. })| {
            let (past_units, past_free_units, past_amount) = past;
            Ok(BalanceRow {
                tenant_id,
                key,
                units: to_i64(balance.units)?,
                free_units: to_i64(balance.free_units)?,
                amount: to_i64(balance.amount.micros())?,
                past_units,
                past_free_units,
                past_amount,
            })
        };
        let changed = changed.map(row).collect::<Result<Vec<_>, StoreError>>()?;
        write(connection, &self.transfers, &changed).map_err(|error| store_error(&error))
    }
}

fn write(
    connection: &mut SqliteConnection,
    added: &[TransferRow],
    changed: &[BalanceRow],
) -> QueryResult<()> {
    in_batches!(added, |rows| diesel::insert_into(transfers::table).values(rows).execute(connection)?);
    // Whole rows: a statement with a SET would be prepared anew each time.
    in_batches!(changed, |rows| diesel::replace_into(balances::table).values(rows).execute(connection)?);
    Ok(())
}
