//! Taking a removed endpoint off every marketplace.

use crate::ids::EndpointId;
use crate::store::{StoreError, Tx};
use crate::tenant::WriteScope;
use crate::time::Timestamp;

/// Marks that every listing of an endpoint is to go, for the endpoint goes.
pub(crate) fn take_off(
    tx: &mut dyn Tx,
    scope: &WriteScope,
    endpoint: EndpointId,
    now: Timestamp,
) -> Result<(), StoreError> {
    for listing in tx.listings_of(scope, endpoint)? {
        tx.update_listing(scope, &listing.removing(now))?;
    }
    Ok(())
}
