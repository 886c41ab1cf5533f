//! What jobs put into a store of documents, whole or part by part.

use syft_space_domain::dataset::{Change, ChangeNumber, Document, JobFailure, JobProgress};

use super::{changes, document, document_id, find, put, remove, usage};
use crate::fixture::DocumentsFactory;
use crate::sample::{dataset_id, job_id, scope};

/// The answer is the same number, so that a job can be repeated after a crash.
pub fn the_same_job_again_changes_nothing(make: &DocumentsFactory) {
    let fixture = make();
    let store = &*fixture.adapter;
    let put_by = |tenant, dataset, job| store.put_by(&scope(tenant), dataset_id(dataset), job_id(job));
    assert_eq!(put_by(1, 1, 1), Ok(None), "a job that put nothing in has no number");
    let number = put(store, 1, 1, &[document("a", &["one"]), document("b", &["two"])]);
    assert_eq!(put_by(1, 1, 1), Ok(Some(number)), "a job has the number of its last change");
    put(store, 1, 2, &[document("a", &["later"])]);
    remove(store, 1, "b");
    let before = changes(store, 1, ChangeNumber(0), 10);
    assert_eq!(
        put(store, 1, 1, &[document("a", &["one"]), document("b", &["two"])]),
        number,
        "the same job again"
    );
    assert_eq!(changes(store, 1, ChangeNumber(0), 10), before, "changes nothing");
    let others = [put_by(2, 1, 1), put_by(1, 2, 1), put_by(1, 1, 3)];
    assert_eq!(others, [Ok(None), Ok(None), Ok(None)], "a job is that of one dataset of one tenant");
}

/// The progress is removed once the job has ended.
pub fn a_part_of_a_job_is_put_in_with_how_far_that_brings_it(make: &DocumentsFactory) {
    let fixture = make();
    let store = &*fixture.adapter;
    let progress = |tenant, dataset, job| store.progress(&scope(tenant), dataset_id(dataset), job_id(job));
    let put_part = |job, documents: &[Document], progress: &JobProgress| {
        let put = store.put_part(&scope(1), dataset_id(1), job_id(job), documents, &[], progress);
        put.expect("a part of a job is put in")
    };
    assert_eq!(progress(1, 1, 1), Ok(None), "a job of which nothing was put in has not come far");
    let failure =
        JobFailure { document_id: None, file: Some("\u{1f980}".to_owned()), message: "'".to_owned() };
    let first = JobProgress { documents_done: 2, errors: vec![failure], ..JobProgress::default() };
    let one = put_part(1, &[document("a", &["one"]), document("b", &["one"])], &first);
    assert_eq!(progress(1, 1, 1), Ok(Some(first)), "how far it is is kept with what was put in");
    let second = JobProgress {
        documents_done: 5,
        documents_unchanged: 1,
        documents_duplicate: 2,
        documents_failed: 3,
        chunks: 4,
        bytes: 5_000_000_000,
        bytes_done: 6_000_000_000,
        errors: Vec::new(),
    };
    let two = put_part(1, &[document("a", &["two"])], &second);
    assert!(two > one, "each part has a higher number than the one before");
    assert_eq!(find(store, 1, "a"), Some(document("a", &["two"])), "a document replaces the older one");
    assert_eq!(usage(store, 1).documents, 2, "and what came before stays");
    assert_eq!(put_part(1, &[], &second), two, "a part without documents is no change");
    assert_eq!(store.put_by(&scope(1), dataset_id(1), job_id(1)), Ok(None), "a part is not the whole");
    put_part(2, &[document("c", &["other"])], &JobProgress::default());
    let others = [progress(1, 1, 2), progress(2, 1, 1), progress(1, 2, 1)];
    let expected = [Ok(Some(JobProgress::default())), Ok(None), Ok(None)];
    assert_eq!(others, expected, "each job of a dataset of a tenant is as far as it is");
    for _ in 0..2 {
        store.forget_progress(&scope(1), dataset_id(1), job_id(1)).expect("how far a job is is forgotten");
        assert_eq!(progress(1, 1, 1), Ok(None), "what is forgotten is gone");
    }
    assert!(progress(1, 1, 2).is_ok_and(|progress| progress.is_some()), "and nothing else is");
    store.destroy(&scope(1), dataset_id(1)).expect("a dataset is destroyed");
    assert_eq!(progress(1, 1, 2), Ok(None), "what is destroyed has come nowhere");
}

/// What is put in and what is removed are one change of the job.
pub fn a_part_of_a_job_removes_what_its_files_do_not_say_any_more(make: &DocumentsFactory) {
    let fixture = make();
    let store = &*fixture.adapter;
    put(store, 1, 1, &["a", "b", "c"].map(|id| document(id, &["one"])));
    put(store, 2, 1, &[document("a", &["theirs"])]);
    remove(store, 1, "c");
    let before = changes(store, 1, ChangeNumber(0), 10).last().map(Change::number);
    let removed = ["a", "c", "x"].map(document_id);
    let part = [document("d", &["two"])];
    let progress = JobProgress { documents_failed: 3, ..JobProgress::default() };
    let number = store.put_part(&scope(1), dataset_id(1), job_id(2), &part, &removed, &progress);
    let number = number.expect("a part of a job is put in");
    assert_eq!(["a", "b", "c", "d"].map(|id| find(store, 1, id).is_some()), [false, true, false, true]);
    assert_eq!(usage(store, 1).documents, 2, "what is removed does not count");
    assert!(find(store, 2, "a").is_some(), "another tenant's stays");
    let later = changes(store, 1, before.unwrap_or_default(), 10);
    assert_eq!(later.last().map(Change::number), Some(number), "the number is that of the last change");
    let is_told = later.iter().any(|change| matches!(change, Change::Removed(_, id) if id.as_str() == "a"));
    assert!(is_told && later.len() == 2, "an index is told of what was there: {later:?}");
    let all = changes(store, 1, ChangeNumber(0), 10);
    let is_told = all.iter().any(|change| matches!(change, Change::Removed(_, id) if id.as_str() == "c"));
    assert!(is_told, "what was removed before stays removed for an index that has not seen it: {all:?}");
    let kept = store.progress(&scope(1), dataset_id(1), job_id(2));
    assert_eq!(kept, Ok(Some(progress)), "how far the job is is kept with it");
}
