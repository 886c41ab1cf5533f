//! A copy-on-write table of rows, per tenant.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ops::Bound;
use std::sync::Arc;

use syft_space_domain::ids::TenantId;
use syft_space_domain::page::{Page, PageItem, PageLimit, PageRequest};
use syft_space_domain::tenant::TenantScope;

/// The rows of one kind, per tenant. A clone shares all rows; the first write for a tenant copies that tenant's rows.
pub(crate) struct Table<K, V>(Arc<BTreeMap<TenantId, Arc<BTreeMap<K, V>>>>);

impl<K, V> Clone for Table<K, V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Ord + Copy, V: Clone> Table<K, V> {
    pub(crate) fn get(&self, scope: &TenantScope, key: K) -> Option<&V> {
        self.0.get(&scope.tenant())?.get(&key)
    }

    pub(crate) fn contains(&self, scope: &TenantScope, key: K) -> bool {
        self.get(scope, key).is_some()
    }

    /// The tenant's rows, in the order of their keys.
    pub(crate) fn rows(&self, scope: &TenantScope) -> impl DoubleEndedIterator<Item = (K, &V)> {
        self.after(scope, None)
    }

    /// The tenant's rows after a key, in the order of their keys.
    pub(crate) fn after(
        &self,
        scope: &TenantScope,
        key: Option<K>,
    ) -> impl DoubleEndedIterator<Item = (K, &V)> {
        let start = key.map_or(Bound::Unbounded, Bound::Excluded);
        let rows = self.0.get(&scope.tenant());
        rows.into_iter()
            .flat_map(move |rows| rows.range((start, Bound::Unbounded)))
            .map(|(key, row)| (*key, row))
    }

    /// How many rows the tenant has.
    pub(crate) fn count(&self, scope: &TenantScope) -> u64 {
        count(self.0.get(&scope.tenant()).into_iter().flat_map(|rows| rows.keys()))
    }

    /// Every tenant's rows, in the order of tenant and key.
    pub(crate) fn all(&self) -> impl Iterator<Item = (TenantId, K, &V)> {
        self.0.iter().flat_map(|(tenant, rows)| rows.iter().map(|(key, row)| (*tenant, *key, row)))
    }

    /// A row, for changing it.
    pub(crate) fn get_mut(&mut self, scope: &TenantScope, key: K) -> Option<&mut V> {
        if !self.contains(scope, key) {
            return None;
        }
        let rows = Arc::make_mut(&mut self.0).get_mut(&scope.tenant())?;
        Arc::make_mut(rows).get_mut(&key)
    }

    /// Inserts a row, or replaces the one with this key.
    pub(crate) fn insert(&mut self, scope: &TenantScope, key: K, row: V) {
        let rows = Arc::make_mut(&mut self.0).entry(scope.tenant()).or_default();
        Arc::make_mut(rows).insert(key, row);
    }

    /// Removes a row. Returns whether there was one.
    pub(crate) fn remove(&mut self, scope: &TenantScope, key: K) -> bool {
        if !self.contains(scope, key) {
            return false;
        }
        if let Some(rows) = Arc::make_mut(&mut self.0).get_mut(&scope.tenant()) {
            Arc::make_mut(rows).remove(&key);
        }
        true
    }

    /// Removes the tenant's first rows: as many as that at most. Answers how many.
    pub(crate) fn remove_some(&mut self, scope: &TenantScope, most: usize) -> usize {
        let keys: Vec<K> = self.rows(scope).map(|(key, _)| key).take(most).collect();
        keys.iter().filter(|key| self.remove(scope, **key)).count()
    }
}

impl<K: Ord + Copy, V: Clone + PageItem> Table<K, V> {
    /// A page of the tenant's rows that pass the filter.
    pub(crate) fn page(
        &self,
        scope: &TenantScope,
        request: PageRequest<K>,
        filter: impl Fn(K, &V) -> bool,
    ) -> Page<V, K> {
        let rows =
            self.after(scope, request.after.map(|cursor| cursor.0)).filter(|(key, row)| filter(*key, row));
        read_page(rows, request.limit)
    }
}

/// A page of ordered rows.
pub(crate) fn read_page<'a, K, V: Clone + PageItem + 'a>(
    rows: impl Iterator<Item = (K, &'a V)>,
    limit: PageLimit,
) -> Page<V, K> {
    let Ok(page) = Page::read(rows, limit, |(key, row)| Ok::<_, Infallible>((key, row.clone())));
    page
}

/// The number of items.
pub(crate) fn count(items: impl Iterator) -> u64 {
    items.fold(0, |count, _| count + 1)
}
