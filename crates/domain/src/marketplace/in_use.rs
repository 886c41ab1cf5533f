//! Which policies name a marketplace: as long as one does, its name means what it meant.

use crate::ids::PolicyId;
use crate::marketplace::MarketplaceName;
use crate::page::{Page, PageLimit, PageRequest};
use crate::policy::{PolicyTypes, Referent};
use crate::store::{StoreError, Tx};
use crate::tenant::WriteScope;

/// The policies that name a marketplace, by their ids, each with its name for people. It looks through all policies of the tenant, which
/// have 16 MiB at most: marketplaces are few, and seldom renamed or removed.
pub(super) fn policies_naming(
    tx: &mut dyn Tx,
    scope: &WriteScope,
    types: &PolicyTypes,
    name: &MarketplaceName,
) -> Result<Vec<(PolicyId, String)>, StoreError> {
    let is_named = |to: &Referent| matches!(to, Referent::Marketplace(named) if named == name);
    let (mut naming, mut after) = (Vec::new(), None);
    loop {
        let Page { items, next } = tx.policies(scope, PageRequest { limit: PageLimit::LARGEST, after })?;
        for policy in items {
            // What is written is looked through before it is read.
            let may_name = policy.configuration.stored().contains(name.as_str());
            if may_name && types.references(&policy.configuration).iter().any(|named| is_named(&named.to)) {
                naming.push((policy.id, policy.name));
            }
        }
        match next {
            Some(next) => after = Some(next),
            None => return Ok(naming),
        }
    }
}
