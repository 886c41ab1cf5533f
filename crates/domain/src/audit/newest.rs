//! Going through a log from its end, as far as one is ready to.

use crate::audit::Event;
use crate::audit::ports::{AuditView, EventFilter, LogScope, Seq};
use crate::page::{Cursor, PageLimit, PageRequest};
use crate::store::StoreError;

/// Gives each event of a filter, the newest first, from behind a place on: so many pages at most, of a hundred each. Answers where what
/// was not looked at begins.
pub(crate) fn newest<V: AuditView + ?Sized>(
    view: &mut V,
    log: LogScope<'_>,
    filter: &EventFilter,
    mut after: Option<Cursor<Seq>>,
    pages: usize,
    mut each: impl FnMut(&Event),
) -> Result<Option<Cursor<Seq>>, StoreError> {
    for _ in 0..pages {
        let page = PageRequest { limit: PageLimit::LARGEST, after };
        let found = match log {
            LogScope::Tenant(scope) => view.events(scope, filter, page)?,
            LogScope::Installation(operator) => view.installation_events(operator, filter, page)?,
        };
        found.events.items.iter().for_each(|recorded| each(&recorded.event));
        after = found.events.next;
        if after.is_none() {
            break;
        }
    }
    Ok(after)
}
