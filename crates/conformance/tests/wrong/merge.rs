//! What a method answers that ignores its scope: the answers for several tenants, merged.

use syft_space_domain::page::Page;
use syft_space_domain::policy::ports::PolicyUsage;

/// Merges the answers for several tenants: what a method answers that ignores its scope.
pub(crate) trait Merge {
    fn is_complete(&self) -> bool;
    fn merge(&mut self, other: Self);
}

impl<T> Merge for Option<T> {
    fn is_complete(&self) -> bool {
        self.is_some()
    }
    fn merge(&mut self, other: Self) {
        *self = self.take().or(other);
    }
}

impl Merge for bool {
    fn is_complete(&self) -> bool {
        *self
    }
    fn merge(&mut self, other: Self) {
        *self |= other;
    }
}

impl Merge for () {
    fn is_complete(&self) -> bool {
        false
    }
    fn merge(&mut self, (): Self) {}
}

impl Merge for u64 {
    fn is_complete(&self) -> bool {
        false
    }
    fn merge(&mut self, other: Self) {
        *self += other;
    }
}

impl Merge for PolicyUsage {
    fn is_complete(&self) -> bool {
        false
    }
    fn merge(&mut self, other: Self) {
        self.patterns += other.patterns;
        self.bytes += other.bytes;
    }
}

impl<T> Merge for Vec<T> {
    fn is_complete(&self) -> bool {
        false
    }
    fn merge(&mut self, other: Self) {
        self.extend(other);
    }
}

impl<T, K> Merge for Page<T, K> {
    fn is_complete(&self) -> bool {
        false
    }
    fn merge(&mut self, other: Self) {
        self.items.extend(other.items);
    }
}
