//! Does a store keep what it promises of datasets and jobs?

use syft_space_domain::dataset::{
    AnalyzerSettings, Dataset, DatasetState, Job, JobFailure, JobProgress, JobStatus, Stemming, StopWords,
    Tokenizer,
};
use syft_space_domain::store::Store;
use syft_space_domain::tenant::OperatorScope;

use crate::check::{Check, checks, run_all};
use crate::drive::{all, contradicts, founded, keep, look, submit};
use crate::lists::List;
use crate::made::MakeStore;
use crate::sample::{dataset, dataset_id, endpoint, endpoint_id, job, job_id, scope, tenant_id, time};

/// Every promise of [`DatasetView`](syft_space_domain::dataset::ports::DatasetView) and `DatasetRows`.
pub const CHECKS: &[Check<MakeStore>] = checks![
    a_dataset_is_found_by_id_and_by_name,
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
pub fn suite(make: &MakeStore) {
    run_all("the store of datasets", CHECKS, make);
}

fn found(store: &dyn Store, tenant: u64, n: u64) -> Option<Dataset> {
    look(store, |view| view.dataset(&scope(tenant), dataset_id(n)))
}

fn named(store: &dyn Store, tenant: u64, name: &str) -> Option<Dataset> {
    look(store, |view| view.dataset_named(&scope(tenant), name))
}

fn listed(store: &dyn Store, tenant: u64) -> Vec<Dataset> {
    all(2, |page| look(store, |view| view.datasets(&scope(tenant), page)))
}

fn found_job(store: &dyn Store, tenant: u64, of: u64, n: u64) -> Option<Job> {
    look(store, |view| view.job(&scope(tenant), dataset_id(of), job_id(n)))
}

fn leaving(n: u64) -> Dataset {
    Dataset { state: DatasetState::Deleting, ..dataset(n) }
}

/// All of it comes back.
pub fn a_dataset_is_found_by_id_and_by_name(make: &MakeStore) {
    let made = founded(make);
    let analyzer = AnalyzerSettings {
        tokenizer: Tokenizer::Cjk,
        stemming: Stemming::None,
        stop_words: StopWords::German,
    };
    let added = Dataset { analyzer, revision: 7, updated_at: time(70), ..dataset(1) };
    let (row, name) = (added.clone(), added.name.clone());
    keep(&*made.port, move |tx| tx.add_dataset(&scope(1), &row));
    assert_eq!(found(&*made.port, 1, 1), Some(added.clone()), "a dataset is found by its id");
    assert_eq!(named(&*made.port, 1, &name), Some(added), "a dataset is found by its name");
    assert_eq!(found(&*made.port, 1, 2), None, "a dataset that is not there is not found");
    assert_eq!(named(&*made.port, 1, "dataset 2"), None, "nor is its name");
}

/// In another tenant they are free.
pub fn a_datasets_id_and_name_are_unique_in_its_tenant(make: &MakeStore) {
    let made = founded(make);
    keep(&*made.port, |tx| [1, 2].into_iter().try_for_each(|n| tx.add_dataset(&scope(1), &dataset(n))));
    contradicts(&*made.port, "a second dataset with an id", |tx| {
        tx.add_dataset(&scope(1), &Dataset { name: dataset(3).name, ..dataset(1) })
    });
    contradicts(&*made.port, "a second dataset with a name", |tx| {
        tx.add_dataset(&scope(1), &Dataset { name: dataset(1).name, ..dataset(3) })
    });
    contradicts(&*made.port, "another dataset's name", |tx| {
        tx.update_dataset(&scope(1), &Dataset { name: dataset(1).name, ..dataset(2) })
    });
    contradicts(&*made.port, "a dataset of a tenant that is not there", |tx| {
        tx.add_dataset(&scope(4), &dataset(1))
    });
    keep(&*made.port, |tx| tx.add_dataset(&scope(2), &dataset(1)));
    assert_eq!(listed(&*made.port, 1), [dataset(1), dataset(2)], "what was refused changed nothing");
}

/// No case is folded, no space trimmed, no accent composed, and no character is special.
pub fn names_of_datasets_are_compared_byte_by_byte(make: &MakeStore) {
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
    let made = founded(make);
    keep(&*made.port, |tx| {
        NAMES.into_iter().zip(1..).try_for_each(|(name, n)| {
            tx.add_dataset(&scope(1), &Dataset { name: name.to_owned(), ..dataset(n) })
        })
    });
    for (name, n) in NAMES.into_iter().zip(1..) {
        let found = named(&*made.port, 1, name).map(|one| (one.id, one.name));
        assert_eq!(found, Some((dataset_id(n), name.to_owned())), "a name is compared byte by byte");
    }
}

/// It is there for whoever asks by id, by name, or for all; and it counts.
pub fn a_dataset_on_its_way_out_is_not_listed(make: &MakeStore) {
    let made = founded(make);
    let store = &*made.port;
    keep(store, |tx| {
        tx.add_dataset(&scope(2), &dataset(1))?;
        [2, 1].into_iter().try_for_each(|n| tx.add_dataset(&scope(1), &dataset(n)))?;
        tx.update_dataset(&scope(1), &leaving(2))
    });
    assert_eq!(listed(store, 1), [dataset(1)], "a dataset on its way out is not listed");
    assert_eq!(found(store, 1, 2), Some(leaving(2)), "it is found by its id");
    assert_eq!(named(store, 1, &dataset(2).name), Some(leaving(2)), "it is found by its name");
    let counts = [1, 2, 3].map(|n| look(store, |view| view.count_datasets(&scope(n))));
    assert_eq!(counts, [2, 1, 0], "datasets are counted in their tenant, whatever their state");
    let all = look(store, |view| view.all_datasets(&OperatorScope::at_startup()));
    let expected = [(tenant_id(1), dataset(1)), (tenant_id(1), leaving(2)), (tenant_id(2), dataset(1))];
    assert_eq!(all, expected, "the operator sees them all, in the order of tenant and id");
}

/// Everything else is replaced.
pub fn a_changed_dataset_keeps_its_analyzer_and_its_beginning(make: &MakeStore) {
    let made = founded(make);
    let changed = Dataset {
        name: "renamed".to_owned(),
        summary: "another".to_owned(),
        tags: String::new(),
        state: DatasetState::Deleting,
        revision: 2,
        updated_at: time(80),
        ..dataset(1)
    };
    let row = Dataset { analyzer: AnalyzerSettings::PLAIN, created_at: time(99), ..changed.clone() };
    keep(&*made.port, move |tx| {
        tx.add_dataset(&scope(1), &dataset(1))?;
        tx.update_dataset(&scope(1), &row)
    });
    let kept = found(&*made.port, 1, 1);
    assert_eq!(kept, Some(changed), "a dataset's change is kept; its analyzer and its beginning stay");
    assert_eq!(named(&*made.port, 1, &dataset(1).name), None, "its old name is free");
}

/// And is gone itself.
pub fn a_dataset_takes_its_jobs_with_it(make: &MakeStore) {
    let made = founded(make);
    let store = &*made.port;
    keep(store, |tx| {
        for (tenant, n) in [(1, 1), (1, 2), (2, 1)] {
            tx.add_dataset(&scope(tenant), &dataset(n))?;
            tx.add_job(&scope(tenant), &job(10 * tenant + n, n))?;
        }
        Ok(())
    });
    assert!(keep(store, |tx| tx.remove_dataset(&scope(1), dataset_id(1))), "a dataset is removed");
    assert_eq!(found(store, 1, 1), None, "a dataset that was removed is not there");
    assert_eq!(found_job(store, 1, 1, 11), None, "nor are its jobs");
    assert!(found_job(store, 1, 2, 12).is_some(), "another dataset's jobs stay");
    assert!(found_job(store, 2, 1, 21).is_some(), "and another tenant's");
    assert!(!keep(store, |tx| tx.remove_dataset(&scope(1), dataset_id(1))), "it cannot be removed twice");
    keep(store, |tx| tx.add_dataset(&scope(1), &dataset(1)));
    assert_eq!(found_job(store, 1, 1, 11), None, "a new dataset of that id has no old jobs");
}

/// Until the endpoint goes.
pub fn a_dataset_that_an_endpoint_searches_stays(make: &MakeStore) {
    let made = founded(make);
    let store = &*made.port;
    keep(store, |tx| {
        tx.add_dataset(&scope(1), &dataset(1))?;
        tx.add_endpoint(&scope(1), &endpoint(1, 1))
    });
    contradicts(store, "removing a dataset that an endpoint searches", |tx| {
        tx.remove_dataset(&scope(1), dataset_id(1))
    });
    assert_eq!(found(store, 1, 1), Some(dataset(1)), "a dataset that an endpoint searches stays");
    assert!(keep(store, |tx| {
        tx.remove_endpoint(&scope(1), endpoint_id(1))?;
        tx.remove_dataset(&scope(1), dataset_id(1))
    }));
}

/// With datasets of the same id and name in each of two tenants.
pub fn z1_a_dataset_is_seen_and_changed_in_its_own_tenant_only(make: &MakeStore) {
    let made = founded(make);
    let store = &*made.port;
    let theirs = || Dataset { summary: "theirs".to_owned(), ..dataset(1) };
    keep(store, move |tx| {
        tx.add_dataset(&scope(1), &dataset(1))?;
        tx.add_dataset(&scope(2), &theirs())?;
        tx.add_dataset(&scope(2), &dataset(2))
    });
    assert_eq!(found(store, 1, 1), Some(dataset(1)), "one's own dataset is found");
    assert_eq!(named(store, 1, &dataset(1).name), Some(dataset(1)), "by its name too");
    assert_eq!(found(store, 1, 2), None, "another tenant's is not");
    assert_eq!(named(store, 1, &dataset(2).name), None, "nor is its name");
    assert_eq!(listed(store, 1), [dataset(1)], "another tenant's are not listed");
    let changed = || Dataset { name: "ours".to_owned(), ..dataset(1) };
    keep(store, move |tx| tx.update_dataset(&scope(1), &changed()));
    drop(submit(store, |tx| tx.update_dataset(&scope(1), &leaving(2))).wait());
    assert_eq!(listed(store, 2), [theirs(), dataset(2)], "another tenant's datasets are not changed");
    assert!(!keep(store, |tx| tx.remove_dataset(&scope(1), dataset_id(2))), "nor removed");
    assert!(keep(store, |tx| tx.remove_dataset(&scope(1), dataset_id(1))), "one's own is removed");
    assert_eq!(listed(store, 2), [theirs(), dataset(2)], "and another tenant's stay");
}

/// In the order of their ids.
pub fn datasets_come_in_pages(make: &MakeStore) {
    let made = founded(make);
    keep(&*made.port, |tx| {
        // These are on their way out, between all the others: no page may come up short for them.
        (1..=9).try_for_each(|n| tx.add_dataset(&scope(1), &leaving(10 * n + 1)))?;
        (1..=9).try_for_each(|n| tx.add_dataset(&scope(2), &dataset(n)))
    });
    List {
        add: |tx, n| tx.add_dataset(&scope(1), &dataset(n)),
        remove: |tx, n| tx.remove_dataset(&scope(1), dataset_id(n)).map(drop),
        page: |view, page| view.datasets(&scope(1), page),
        key: dataset_id,
        key_of: |one| one.id,
    }
    .check(&*made.port);
}

/// All but its id, its dataset and its beginning are replaced.
pub fn a_job_is_read_back_and_changed(make: &MakeStore) {
    let made = founded(make);
    let store = &*made.port;
    keep(store, |tx| {
        tx.add_dataset(&scope(1), &dataset(1))?;
        tx.add_job(&scope(1), &job(1, 1))
    });
    assert_eq!(found_job(store, 1, 1, 1), Some(job(1, 1)), "a job is read back as it was added");
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
        keep(store, move |tx| tx.update_job(&scope(1), &row));
        assert_eq!(found_job(store, 1, 1, 1), Some(changed), "a job's change is kept; its beginning stays");
    }
}

/// And an id of its own in it.
pub fn a_job_needs_its_dataset(make: &MakeStore) {
    let made = founded(make);
    keep(&*made.port, |tx| {
        tx.add_dataset(&scope(1), &dataset(1))?;
        tx.add_job(&scope(1), &job(1, 1))
    });
    contradicts(&*made.port, "a job of a dataset that is not there", |tx| tx.add_job(&scope(1), &job(2, 2)));
    contradicts(&*made.port, "a job of another tenant's dataset", |tx| tx.add_job(&scope(2), &job(2, 1)));
    contradicts(&*made.port, "a second job with an id", |tx| tx.add_job(&scope(1), &job(1, 1)));
}

/// In the order of their ids.
pub fn unfinished_jobs_are_those_whose_status_may_change(make: &MakeStore) {
    let made = founded(make);
    keep(&*made.port, |tx| {
        for n in [1, 2] {
            tx.add_dataset(&scope(1), &dataset(n))?;
        }
        tx.add_job(&scope(1), &job(90, 2))?;
        JobStatus::ALL.into_iter().zip([50, 10, 30, 40, 20]).try_for_each(|(status, n)| {
            tx.add_job(&scope(1), &job(n, 1))?;
            tx.update_job(&scope(1), &Job { status, ..job(n, 1) })
        })
    });
    let unfinished = look(&*made.port, |view| view.unfinished_jobs(&scope(1), dataset_id(1)));
    let expected = [Job { status: JobStatus::Running, ..job(10, 1) }, job(50, 1)];
    assert_eq!(unfinished, expected, "unfinished are the queued and the running jobs of the one dataset");
    assert_eq!(
        look(&*made.port, |view| view.unfinished_jobs(&scope(2), dataset_id(1))),
        [],
        "of the one tenant"
    );
}

/// With a job of the same id in each of two tenants.
pub fn z1_a_job_is_seen_and_changed_in_its_own_dataset_only(make: &MakeStore) {
    let made = founded(make);
    let store = &*made.port;
    keep(store, |tx| {
        for tenant in [1, 2] {
            [1, 2].into_iter().try_for_each(|n| tx.add_dataset(&scope(tenant), &dataset(n)))?;
            tx.add_job(&scope(tenant), &job(1, 1))?;
        }
        tx.add_job(&scope(2), &job(2, 1))
    });
    let further = || JobProgress { documents_done: 2, ..JobProgress::default() };
    let changed = move || Job { progress: further(), ..job(1, 1) };
    keep(store, move |tx| tx.update_job(&scope(1), &changed()));
    drop(submit(store, move |tx| tx.update_job(&scope(1), &Job { progress: further(), ..job(2, 1) })).wait());
    assert_eq!(found_job(store, 1, 1, 1), Some(changed()), "one's own job is changed");
    assert_eq!(found_job(store, 1, 2, 1), None, "a job is its own dataset's");
    assert_eq!(found_job(store, 1, 1, 2), None, "another tenant's job is not seen");
    let theirs = all(1, |page| look(store, |view| view.jobs(&scope(2), dataset_id(1), page)));
    assert_eq!(theirs, [job(2, 1), job(1, 1)], "nor changed");
    let unfinished = look(store, |view| view.unfinished_jobs(&scope(1), dataset_id(1)));
    assert_eq!(unfinished, [changed()], "nor counted as one's own");
}

/// The newest first; a job ends as its dataset does, so none is removed alone.
pub fn jobs_come_in_pages(make: &MakeStore) {
    let made = founded(make);
    let store = &*made.port;
    keep(store, |tx| {
        [1, 2].into_iter().try_for_each(|n| tx.add_dataset(&scope(1), &dataset(n)))?;
        tx.add_job(&scope(1), &job(15, 2))?;
        [40, 10, 30, 20].into_iter().try_for_each(|n| tx.add_job(&scope(1), &job(n, 1)))
    });
    let mut pages = 0;
    let jobs = all(2, |page| {
        pages += 1;
        let found = look(store, |view| view.jobs(&scope(1), dataset_id(1), page));
        if pages == 1 {
            keep(store, |tx| [5, 25, 45].into_iter().try_for_each(|n| tx.add_job(&scope(1), &job(n, 1))));
        }
        found
    });
    let ids: Vec<_> = jobs.into_iter().map(|one| one.id).collect();
    let expected = [40, 30, 25, 20, 10, 5].map(job_id);
    assert_eq!(
        ids, expected,
        "jobs come the newest first, none twice, and none left out but those that came later"
    );
}
