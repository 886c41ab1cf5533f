//! The promise about the bytes of a page.

use syft_space_domain::dataset::{Dataset, Job, JobFailure, JobProgress};
use syft_space_domain::endpoint::Endpoint;
use syft_space_domain::policy::Policy;

use crate::fixture::StoreFactory;
use crate::pagination::assert_pages_are_bounded;
use crate::run::{commit, read, seeded_store};
use crate::sample::{dataset, dataset_id, endpoint, job, policy, scope, write_scope};

/// The most items of any of these lists.
const COUNT: u64 = 7;

fn large_text(n: u64) -> String {
    format!("{n}{}", "x".repeat(300 << 10))
}

/// A page ends with the item with which it has its bytes, and the next one goes on behind that.
pub fn a_page_of_large_items_ends_early(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    commit(store, |tx| {
        let scope = write_scope(1);
        (1..=COUNT).try_for_each(|n| {
            let message = large_text(n);
            let errors = vec![JobFailure { document_id: None, file: None, message }];
            let progress = JobProgress { errors, ..JobProgress::default() };
            tx.add_dataset(&scope, &Dataset { summary: large_text(n), ..dataset(n) })?;
            tx.add_job(&scope, &Job { progress, ..job(n, 1) })?;
            tx.add_endpoint(&scope, &Endpoint { description: large_text(n), ..endpoint(n, 1) })?;
            tx.add_policy(&scope, &Policy { name: large_text(n), ..policy(n) })
        })
    });
    assert_pages_are_bounded(COUNT, |page| read(store, move |view| view.datasets(&scope(1), page)));
    assert_pages_are_bounded(COUNT, |page| {
        read(store, move |view| view.jobs(&scope(1), dataset_id(1), page))
    });
    assert_pages_are_bounded(COUNT, |page| read(store, move |view| view.endpoints(&scope(1), page)));
    assert_pages_are_bounded(COUNT, |page| read(store, move |view| view.policies(&scope(1), page)));
}
