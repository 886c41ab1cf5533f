//! Erasing what events know of a person. The events stay, and what they commit to.

use diesel::prelude::*;
use syft_space_domain::audit::Log;
use syft_space_domain::store::StoreError;

use crate::audit::log_key;
use crate::codec::to_i64;
use crate::schema::audit_persons;
use crate::session::Session;

impl Session<'_> {
    /// Removes the rows aside of these events. Answers how many there were.
    pub(crate) fn erase_persons_of(&mut self, log: Log, numbers: &[u64]) -> Result<u64, StoreError> {
        let numbers = numbers.iter().map(|number| to_i64(*number)).collect::<Result<Vec<_>, _>>()?;
        let erased = self.write(|connection| {
            let of_log = audit_persons::table.filter(audit_persons::log.eq(log_key(log)));
            diesel::delete(of_log.filter(audit_persons::seq.eq_any(numbers))).execute(connection)
        })?;
        Ok(u64::try_from(erased).unwrap_or(u64::MAX))
    }
}
