//! The suite of `DatasetView` and `DatasetRows`: datasets and jobs.

use std::sync::Arc;

use syft_space_domain::dataset::{
    AnalyzerSettings, Dataset, DatasetState, Job, JobFailure, JobProgress, JobStatus, RemoteEndpoint,
    Retrieval, ServerUrl, Stemming, StopWords, StoredVectorDatabase, Tokenizer, VectorDatabaseKind,
    VectorLocation,
};
use syft_space_domain::encoder::EncoderName;
use syft_space_domain::endpoint::Slug;
use syft_space_domain::marketplace::Audience;
use syft_space_domain::policy::Purpose;
use syft_space_domain::sealing::Sealed;
use syft_space_domain::store::Store;
use syft_space_domain::tenant::TenantName;

use crate::check::{Check, checks, run_all};
use crate::fixture::StoreFactory;
use crate::pagination::PagedList;
use crate::run::{all_items, assert_conflict, commit, read, seeded_store, submit};
use crate::sample::{
    dataset, dataset_id, endpoint, endpoint_id, job, job_id, marketplace_id, scope, tenant_id, time,
    write_scope,
};

/// Every promise of [`DatasetView`](syft_space_domain::dataset::ports::DatasetView) and `DatasetRows`.
pub const CHECKS: &[Check<StoreFactory>] = checks![
    a_dataset_is_found_by_id_and_by_name,
    a_dataset_says_which_endpoint_of_another_space_it_asks,
    a_datasets_id_and_name_are_unique_in_its_tenant,
    names_of_datasets_are_compared_byte_by_byte,
    a_dataset_on_its_way_out_is_not_listed,
    a_changed_dataset_keeps_its_analyzer_and_its_beginning,
    a_dataset_takes_its_jobs_with_it,
    a_dataset_that_an_endpoint_searches_stays,
    z1_a_dataset_is_seen_and_changed_in_its_own_tenant_only,
    datasets_come_in_pages,
    a_job_is_read_back_and_changed,
    a_job_needs_its_dataset,
    unfinished_jobs_are_those_whose_status_may_change,
    z1_a_job_is_seen_and_changed_in_its_own_dataset_only,
    jobs_come_in_pages,
];

/// Checks every promise.
pub fn suite(make: &StoreFactory) {
    run_all("the store of datasets", CHECKS, make);
}

fn find(store: &dyn Store, tenant: u64, n: u64) -> Option<Dataset> {
    read(store, move |view| view.dataset(&scope(tenant), dataset_id(n)))
}

fn find_by_name(store: &dyn Store, tenant: u64, name: &str) -> Option<Dataset> {
    let name = name.to_owned();
    read(store, move |view| view.dataset_named(&scope(tenant), &name))
}

fn listed(store: &dyn Store, tenant: u64) -> Vec<Dataset> {
    all_items(2, |page| read(store, move |view| view.datasets(&scope(tenant), page)))
}

fn find_job(store: &dyn Store, tenant: u64, of: u64, n: u64) -> Option<Job> {
    read(store, move |view| view.job(&scope(tenant), dataset_id(of), job_id(n)))
}

fn deleting(n: u64) -> Dataset {
    Dataset { state: DatasetState::Deleting, ..dataset(n) }
}

fn in_a_database() -> VectorLocation {
    let url = ServerUrl::parse("https://vectors.example.org");
    let database = url.map(|url| StoredVectorDatabase {
        kind: VectorDatabaseKind::Qdrant,
        url,
        credential: Some(Sealed::from_bytes(b"sealed".to_vec())),
    });
    database.map_or(VectorLocation::Embedded, VectorLocation::Database)
}

fn in_another_space() -> VectorLocation {
    let parts = || -> Option<RemoteEndpoint> {
        Some(RemoteEndpoint {
            url: ServerUrl::parse("https://space.example.org").ok()?,
            slug: Slug::parse("reports").ok()?,
            owner: Audience::parse("olivia").ok()?,
            marketplace: marketplace_id(1),
            tenant_name: TenantName::parse("harbor").ok(),
            purpose: Purpose::parse("teaching").ok(),
        })
    };
    parts().map_or(VectorLocation::Embedded, |endpoint| VectorLocation::RemoteSpace(Arc::new(endpoint)))
}

/// Every part of it is read back, and one that is left out is none.
pub fn a_dataset_says_which_endpoint_of_another_space_it_asks(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let added = Dataset { vectors: in_another_space(), ..dataset(1) };
    let row = added.clone();
    commit(&*fixture.adapter, move |tx| tx.add_dataset(&write_scope(1), &row));
    assert_eq!(find(&*fixture.adapter, 1, 1), Some(added.clone()), "each part of the endpoint is kept");
    let fewer = added.vectors.remote().map(|endpoint| RemoteEndpoint {
        tenant_name: None,
        purpose: None,
        ..RemoteEndpoint::clone(endpoint)
    });
    let fewer = fewer.map_or(VectorLocation::Embedded, |fewer| VectorLocation::RemoteSpace(Arc::new(fewer)));
    let changed = Dataset { vectors: fewer, ..added };
    let row = changed.clone();
    commit(&*fixture.adapter, move |tx| tx.update_dataset(&write_scope(1), &row));
    assert_eq!(find(&*fixture.adapter, 1, 1), Some(changed), "a part that is left out is none any more");
}

/// Every field is read back.
pub fn a_dataset_is_found_by_id_and_by_name(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let analyzer = AnalyzerSettings {
        tokenizer: Tokenizer::Cjk,
        stemming: Stemming::None,
        stop_words: StopWords::German,
    };
    let encoder = EncoderName::parse("small").ok();
    let retrieval = encoder.map_or(Retrieval::Words, Retrieval::Meaning);
    let vectors = in_a_database();
    let added = Dataset { analyzer, retrieval, vectors, revision: 7, updated_at: time(70), ..dataset(1) };
    let (row, name) = (added.clone(), added.name.clone());
    commit(&*fixture.adapter, move |tx| tx.add_dataset(&write_scope(1), &row));
    assert_eq!(find(&*fixture.adapter, 1, 1), Some(added.clone()), "a dataset is found by its id");
    assert_eq!(find_by_name(&*fixture.adapter, 1, &name), Some(added), "a dataset is found by its name");
    assert_eq!(find(&*fixture.adapter, 1, 2), None, "a dataset that is not there is not found");
    assert_eq!(find_by_name(&*fixture.adapter, 1, "dataset 2"), None, "nor is its name");
}

/// Another tenant may use the same ones.
pub fn a_datasets_id_and_name_are_unique_in_its_tenant(make: &StoreFactory) {
    let fixture = seeded_store(make);
    commit(&*fixture.adapter, |tx| {
        [1, 2].into_iter().try_for_each(|n| tx.add_dataset(&write_scope(1), &dataset(n)))
    });
    assert_conflict(&*fixture.adapter, "a second dataset with an id", |tx| {
        tx.add_dataset(&write_scope(1), &Dataset { name: dataset(3).name, ..dataset(1) })
    });
    assert_conflict(&*fixture.adapter, "a second dataset with a name", |tx| {
        tx.add_dataset(&write_scope(1), &Dataset { name: dataset(1).name, ..dataset(3) })
    });
    assert_conflict(&*fixture.adapter, "another dataset's name", |tx| {
        tx.update_dataset(&write_scope(1), &Dataset { name: dataset(1).name, ..dataset(2) })
    });
    assert_conflict(&*fixture.adapter, "a dataset of a tenant that is not there", |tx| {
        tx.add_dataset(&write_scope(4), &dataset(1))
    });
    commit(&*fixture.adapter, |tx| tx.add_dataset(&write_scope(2), &dataset(1)));
    assert_eq!(listed(&*fixture.adapter, 1), [dataset(1), dataset(2)], "what was refused changed nothing");
}

/// There is no case folding, trimming, Unicode normalization or wildcard.
pub fn names_of_datasets_are_compared_byte_by_byte(make: &StoreFactory) {
    const NAMES: [&str; 9] = [
        "reports",
        "Reports",
        "reports ",
        "report_",
        "report%",
        "r\u{e9}ports",
        "re\u{301}ports",
        "'; --",
        "\u{1f980}",
    ];
    let fixture = seeded_store(make);
    commit(&*fixture.adapter, |tx| {
        NAMES.into_iter().zip(1..).try_for_each(|(name, n)| {
            tx.add_dataset(&write_scope(1), &Dataset { name: name.to_owned(), ..dataset(n) })
        })
    });
    for (name, n) in NAMES.into_iter().zip(1..) {
        let found = find_by_name(&*fixture.adapter, 1, name).map(|dataset| (dataset.id, dataset.name));
        assert_eq!(found, Some((dataset_id(n), name.to_owned())), "a name is compared byte by byte");
    }
}

/// It is still found by id, by name and by the operator, and it counts.
pub fn a_dataset_on_its_way_out_is_not_listed(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    commit(store, |tx| {
        tx.add_dataset(&write_scope(2), &dataset(1))?;
        [2, 1].into_iter().try_for_each(|n| tx.add_dataset(&write_scope(1), &dataset(n)))?;
        tx.update_dataset(&write_scope(1), &deleting(2))
    });
    assert_eq!(listed(store, 1), [dataset(1)], "a dataset on its way out is not listed");
    assert_eq!(find(store, 1, 2), Some(deleting(2)), "it is found by its id");
    assert_eq!(find_by_name(store, 1, &dataset(2).name), Some(deleting(2)), "it is found by its name");
    let counts = [1, 2, 3].map(|n| read(store, move |view| view.count_datasets(&scope(n))));
    assert_eq!(counts, [2, 1, 0], "datasets are counted in their tenant, whatever their state");
    let of = |n| {
        read(store, move |view| view.all_datasets(&scope(n))).into_iter().map(move |one| (tenant_id(n), one))
    };
    let all: Vec<_> = of(1).chain(of(2)).collect();
    let expected = [(tenant_id(1), dataset(1)), (tenant_id(1), deleting(2)), (tenant_id(2), dataset(1))];
    assert_eq!(all, expected, "all are seen that there are, in the order of tenant and id");
}

/// All other fields are replaced.
pub fn a_changed_dataset_keeps_its_analyzer_and_its_beginning(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let changed = Dataset {
        name: "renamed".to_owned(),
        summary: "another".to_owned(),
        tags: String::new(),
        retrieval: EncoderName::parse("small").map_or(Retrieval::Words, Retrieval::Both),
        vectors: in_a_database(),
        state: DatasetState::Deleting,
        revision: 2,
        updated_at: time(80),
        ..dataset(1)
    };
    let row = Dataset { analyzer: AnalyzerSettings::PLAIN, created_at: time(99), ..changed.clone() };
    commit(&*fixture.adapter, move |tx| {
        tx.add_dataset(&write_scope(1), &dataset(1))?;
        tx.update_dataset(&write_scope(1), &row)
    });
    let kept = find(&*fixture.adapter, 1, 1);
    assert_eq!(kept, Some(changed), "a dataset's change is kept; its analyzer and its beginning stay");
    assert_eq!(find_by_name(&*fixture.adapter, 1, &dataset(1).name), None, "its old name is free");
}

/// Removing a dataset removes its jobs.
pub fn a_dataset_takes_its_jobs_with_it(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    commit(store, |tx| {
        for (tenant, n) in [(1, 1), (1, 2), (2, 1)] {
            tx.add_dataset(&write_scope(tenant), &dataset(n))?;
            tx.add_job(&write_scope(tenant), &job(10 * tenant + n, n))?;
        }
        Ok(())
    });
    assert!(commit(store, |tx| tx.remove_dataset(&write_scope(1), dataset_id(1))), "a dataset is removed");
    assert_eq!(find(store, 1, 1), None, "a dataset that was removed is not there");
    assert_eq!(find_job(store, 1, 1, 11), None, "nor are its jobs");
    assert!(find_job(store, 1, 2, 12).is_some(), "another dataset's jobs stay");
    assert!(find_job(store, 2, 1, 21).is_some(), "and another tenant's");
    assert!(
        !commit(store, |tx| tx.remove_dataset(&write_scope(1), dataset_id(1))),
        "it cannot be removed twice"
    );
    commit(store, |tx| tx.add_dataset(&write_scope(1), &dataset(1)));
    assert_eq!(find_job(store, 1, 1, 11), None, "a new dataset of that id has no old jobs");
}

/// It can be removed after the endpoint.
pub fn a_dataset_that_an_endpoint_searches_stays(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    commit(store, |tx| {
        tx.add_dataset(&write_scope(1), &dataset(1))?;
        tx.add_endpoint(&write_scope(1), &endpoint(1, 1))
    });
    assert_conflict(store, "removing a dataset that an endpoint searches", |tx| {
        tx.remove_dataset(&write_scope(1), dataset_id(1))
    });
    assert_eq!(find(store, 1, 1), Some(dataset(1)), "a dataset that an endpoint searches stays");
    assert!(commit(store, |tx| {
        tx.remove_endpoint(&write_scope(1), endpoint_id(1))?;
        tx.remove_dataset(&write_scope(1), dataset_id(1))
    }));
}

/// Two tenants have datasets with the same id and name.
pub fn z1_a_dataset_is_seen_and_changed_in_its_own_tenant_only(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    let theirs = || Dataset { summary: "theirs".to_owned(), ..dataset(1) };
    commit(store, move |tx| {
        tx.add_dataset(&write_scope(1), &dataset(1))?;
        tx.add_dataset(&write_scope(2), &theirs())?;
        tx.add_dataset(&write_scope(2), &dataset(2))
    });
    assert_eq!(find(store, 1, 1), Some(dataset(1)), "one's own dataset is found");
    assert_eq!(find_by_name(store, 1, &dataset(1).name), Some(dataset(1)), "by its name too");
    assert_eq!(find(store, 1, 2), None, "another tenant's is not");
    assert_eq!(find_by_name(store, 1, &dataset(2).name), None, "nor is its name");
    assert_eq!(listed(store, 1), [dataset(1)], "another tenant's are not listed");
    let all = read(store, move |view| view.all_datasets(&scope(1)));
    assert_eq!(all, [dataset(1)], "nor seen among all that there are");
    let changed = || Dataset { name: "ours".to_owned(), ..dataset(1) };
    commit(store, move |tx| tx.update_dataset(&write_scope(1), &changed()));
    drop(submit(store, |tx| tx.update_dataset(&write_scope(1), &deleting(2))).wait());
    assert_eq!(listed(store, 2), [theirs(), dataset(2)], "another tenant's datasets are not changed");
    assert!(!commit(store, |tx| tx.remove_dataset(&write_scope(1), dataset_id(2))), "nor removed");
    assert!(commit(store, |tx| tx.remove_dataset(&write_scope(1), dataset_id(1))), "one's own is removed");
    assert_eq!(listed(store, 2), [theirs(), dataset(2)], "and another tenant's stay");
}

/// The order is that of the ids.
pub fn datasets_come_in_pages(make: &StoreFactory) {
    let fixture = seeded_store(make);
    commit(&*fixture.adapter, |tx| {
        // Datasets that are being deleted lie between the others: they must not shorten a page.
        (1..=9).try_for_each(|n| tx.add_dataset(&write_scope(1), &deleting(10 * n + 1)))?;
        (1..=9).try_for_each(|n| tx.add_dataset(&write_scope(2), &dataset(n)))
    });
    PagedList {
        add: |tx, n| tx.add_dataset(&write_scope(1), &dataset(n)),
        remove: |tx, n| tx.remove_dataset(&write_scope(1), dataset_id(n)).map(drop),
        page: |view, page| view.datasets(&scope(1), page),
        key: dataset_id,
        key_of: |dataset| dataset.id,
    }
    .check(&*fixture.adapter);
}

/// All fields but the id, the dataset and `created_at` are replaced.
pub fn a_job_is_read_back_and_changed(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    commit(store, |tx| {
        tx.add_dataset(&write_scope(1), &dataset(1))?;
        tx.add_job(&write_scope(1), &job(1, 1))
    });
    assert_eq!(find_job(store, 1, 1, 1), Some(job(1, 1)), "a job is read back as it was added");
    for status in JobStatus::ALL {
        let failure = |document: Option<&str>, message: &str| JobFailure {
            document_id: document.map(str::to_owned),
            file: document.map(|name| format!("folder/{name}")),
            message: message.to_owned(),
        };
        let changed = Job {
            status,
            documents_total: 14,
            bytes_total: 6_000_000_000,
            progress: JobProgress {
                documents_done: 3,
                documents_unchanged: 2,
                documents_duplicate: 1,
                documents_failed: 11,
                chunks: 17,
                bytes: 5_000_000_000,
                bytes_done: 5_500_000_000,
                errors: vec![failure(Some("a.txt"), "is empty"), failure(None, "no \"space\" is left\n")],
            },
            finished_at: status.is_final().then(|| time(90)),
            ..job(1, 1)
        };
        let row = Job { created_at: time(99), ..changed.clone() };
        commit(store, move |tx| tx.update_job(&write_scope(1), &row));
        assert_eq!(find_job(store, 1, 1, 1), Some(changed), "a job's change is kept; its beginning stays");
    }
}

/// Its id must be unique in the dataset.
pub fn a_job_needs_its_dataset(make: &StoreFactory) {
    let fixture = seeded_store(make);
    commit(&*fixture.adapter, |tx| {
        tx.add_dataset(&write_scope(1), &dataset(1))?;
        tx.add_job(&write_scope(1), &job(1, 1))
    });
    assert_conflict(&*fixture.adapter, "a job of a dataset that is not there", |tx| {
        tx.add_job(&write_scope(1), &job(2, 2))
    });
    assert_conflict(&*fixture.adapter, "a job of another tenant's dataset", |tx| {
        tx.add_job(&write_scope(2), &job(2, 1))
    });
    assert_conflict(&*fixture.adapter, "a second job with an id", |tx| {
        tx.add_job(&write_scope(1), &job(1, 1))
    });
}

/// The order is that of the ids.
pub fn unfinished_jobs_are_those_whose_status_may_change(make: &StoreFactory) {
    let fixture = seeded_store(make);
    commit(&*fixture.adapter, |tx| {
        for n in [1, 2] {
            tx.add_dataset(&write_scope(1), &dataset(n))?;
        }
        tx.add_job(&write_scope(1), &job(90, 2))?;
        JobStatus::ALL.into_iter().zip([50, 10, 30, 40, 20]).try_for_each(|(status, n)| {
            tx.add_job(&write_scope(1), &job(n, 1))?;
            tx.update_job(&write_scope(1), &Job { status, ..job(n, 1) })
        })
    });
    let unfinished = read(&*fixture.adapter, move |view| view.unfinished_jobs(&scope(1), dataset_id(1)));
    let expected = [Job { status: JobStatus::Running, ..job(10, 1) }, job(50, 1)];
    assert_eq!(unfinished, expected, "unfinished are the queued and the running jobs of the one dataset");
    assert_eq!(
        read(&*fixture.adapter, move |view| view.unfinished_jobs(&scope(2), dataset_id(1))),
        [],
        "of the one tenant"
    );
}

/// Two tenants have jobs with the same id.
pub fn z1_a_job_is_seen_and_changed_in_its_own_dataset_only(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    commit(store, |tx| {
        for tenant in [1, 2] {
            [1, 2].into_iter().try_for_each(|n| tx.add_dataset(&write_scope(tenant), &dataset(n)))?;
            tx.add_job(&write_scope(tenant), &job(1, 1))?;
        }
        tx.add_job(&write_scope(2), &job(2, 1))
    });
    let further = || JobProgress { documents_done: 2, ..JobProgress::default() };
    let changed = move || Job { progress: further(), ..job(1, 1) };
    commit(store, move |tx| tx.update_job(&write_scope(1), &changed()));
    drop(
        submit(store, move |tx| tx.update_job(&write_scope(1), &Job { progress: further(), ..job(2, 1) }))
            .wait(),
    );
    assert_eq!(find_job(store, 1, 1, 1), Some(changed()), "one's own job is changed");
    assert_eq!(find_job(store, 1, 2, 1), None, "a job is its own dataset's");
    assert_eq!(find_job(store, 1, 1, 2), None, "another tenant's job is not seen");
    let theirs = all_items(1, |page| read(store, move |view| view.jobs(&scope(2), dataset_id(1), page)));
    assert_eq!(theirs, [job(2, 1), job(1, 1)], "nor changed");
    let unfinished = read(store, move |view| view.unfinished_jobs(&scope(1), dataset_id(1)));
    assert_eq!(unfinished, [changed()], "nor counted as one's own");
}

/// The newest come first. Jobs are removed only with their dataset.
pub fn jobs_come_in_pages(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    commit(store, |tx| {
        [1, 2].into_iter().try_for_each(|n| tx.add_dataset(&write_scope(1), &dataset(n)))?;
        tx.add_job(&write_scope(1), &job(15, 2))?;
        [40, 10, 30, 20].into_iter().try_for_each(|n| tx.add_job(&write_scope(1), &job(n, 1)))
    });
    let mut pages = 0;
    let jobs = all_items(2, |page| {
        pages += 1;
        let found = read(store, move |view| view.jobs(&scope(1), dataset_id(1), page));
        if pages == 1 {
            commit(store, |tx| {
                [5, 25, 45].into_iter().try_for_each(|n| tx.add_job(&write_scope(1), &job(n, 1)))
            });
        }
        found
    });
    let ids: Vec<_> = jobs.into_iter().map(|job| job.id).collect();
    let expected = [40, 30, 25, 20, 10, 5].map(job_id);
    assert_eq!(
        ids, expected,
        "jobs come the newest first, none twice, and none left out but those that came later"
    );
}
