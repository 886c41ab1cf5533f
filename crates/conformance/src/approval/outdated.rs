//! The promises of `ApprovalView` and `ApprovalRows` on requests that are outdated; they are part of the suite of approvals.

use syft_space_domain::approval::ports::ApprovalsOf;
use syft_space_domain::ids::{ActorId, EndpointId, PolicyId};
use syft_space_domain::store::Store;

use crate::approval::prepared;
use crate::fixture::StoreFactory;
use crate::run::{assert_conflict, commit, read};
use crate::sample::{endpoint_id, policy_id, scope, write_scope};

fn outdated(store: &dyn Store, tenant: u64, most: usize) -> Vec<ApprovalsOf> {
    let mut found = read(store, move |view| view.outdated_approvals(&scope(tenant), most));
    found.sort_unstable();
    found
}

fn note(store: &dyn Store, tenant: u64, of: ApprovalsOf, are_outdated: bool) {
    commit(store, move |tx| tx.note_outdated_approvals(&write_scope(tenant), of, are_outdated));
}

/// Whether there is such a thing, or any request of it, or not.
pub fn z4_of_what_requests_are_outdated_is_noted_until_they_are_not_any_more(make: &StoreFactory) {
    let fixture = prepared(make);
    let store = &*fixture.adapter;
    // All three of the same bytes.
    let bytes = *endpoint_id(1).as_bytes();
    let all_of_it = [
        ApprovalsOf::Endpoint(EndpointId::from_bytes(bytes)),
        ApprovalsOf::Policy(PolicyId::from_bytes(bytes)),
        ApprovalsOf::Caller(ActorId::from_bytes(bytes)),
    ];
    assert_eq!(outdated(store, 1, 9), []);
    for of in all_of_it {
        note(store, 1, of, true);
        note(store, 1, of, true);
    }
    assert_eq!(outdated(store, 1, 9), all_of_it);
    assert_eq!([outdated(store, 1, 2).len(), outdated(store, 1, 0).len()], [2, 0], "so many at most");
    let [endpoint, policy, caller] = all_of_it;
    for _ in 0..2 {
        note(store, 1, policy, false);
        assert_eq!(outdated(store, 1, 9), [endpoint, caller]);
    }
}

/// Nor is a note taken back in another.
pub fn z1_what_is_outdated_is_noted_in_its_own_tenant_only(make: &StoreFactory) {
    let fixture = prepared(make);
    let store = &*fixture.adapter;
    let of = ApprovalsOf::Policy(policy_id(1));
    note(store, 1, of, true);
    assert_eq!(outdated(store, 2, 9), []);
    note(store, 2, of, true);
    note(store, 2, of, false);
    assert_eq!((outdated(store, 1, 9), outdated(store, 2, 9)), (vec![of], vec![]));
    assert_conflict(store, "a note in a tenant that is not there", move |tx| {
        tx.note_outdated_approvals(&write_scope(4), of, true)
    });
}
