//! Jobs whose ports fail, whose dataset is full, or that are canceled, over in-memory adapters with fault injection.

#[cfg(test)]
mod failing;
#[cfg(test)]
mod world;

#[cfg(test)]
mod tests {
    use syft_space_domain::PortError;
    use syft_space_domain::dataset::ports::SearchError;
    use syft_space_domain::dataset::{
        IngestError, JobStatus, cancel_job, finish_ingestion, finish_later, start_ingestion,
    };
    use syft_space_domain::store::StoreError;
    use syft_space_domain::tenant::TenantLimits;

    use crate::world::World;

    const FILES: [(&str, &str); 5] = [
        ("a.txt", "Ants march."),
        ("b.txt", "Bees hum."),
        ("c.txt", "Cats nap."),
        ("d.txt", "Dogs dig."),
        ("e.txt", "Eels glide."),
    ];

    #[test]
    fn q2_a_job_of_files_that_meets_a_full_disk_goes_on_behind_its_last_group() {
        let world = World::with_limits(TenantLimits::default());
        // Each file is a group of its own, because the clock advances by a minute at each reading.
        world.documents.fail([None, None, Some(StoreError::Full), Some(StoreError::Full)]);
        let job = world.upload(&FILES);
        world.start_worker();
        let ended = world.ended(job.id);
        let failure = || (PortError::from(StoreError::Full), JobStatus::Running, 2);
        assert_eq!(
            world.failures(),
            [failure(), failure()],
            "it fails, is told of, and stays as far as it was"
        );
        assert_eq!(ended.status, JobStatus::Succeeded);
        assert_eq!((ended.progress.documents_done, ended.progress.documents_failed), (5, 0));
        assert_eq!(ended.progress.bytes_done, ended.bytes_total);
        assert_eq!(world.stored(), FILES.map(|(name, _)| name), "each once");
        assert_eq!(world.found("eels"), ["e.txt"]);
        assert_eq!(world.spooled(), [], "and nothing of it is left in the spool");
    }

    #[test]
    fn q2_a_dataset_that_becomes_full_while_files_are_taken_in_keeps_what_fits_and_tells_of_the_rest() {
        let world = World::with_limits(TenantLimits { documents: 3, ..TenantLimits::default() });
        let job = world.upload(&FILES);
        // Another document arrives while the files wait in the queue: there is room for two more.
        world.ingest(&[("x", "An ox.")]);
        world.start_worker();
        let ended = world.ended(job.id);
        assert_eq!(ended.status, JobStatus::Succeeded, "what fits is taken in");
        assert_eq!((ended.progress.documents_done, ended.progress.documents_failed), (2, 3));
        assert_eq!(world.stored(), ["a.txt", "b.txt", "x"]);
        let refused: Vec<_> =
            ended.progress.errors.iter().map(|failure| failure.file.as_deref().unwrap()).collect();
        assert_eq!(refused, ["c.txt", "d.txt", "e.txt"]);
        assert!(
            ended.progress.errors.iter().all(|failure| failure.message.contains('3')),
            "{:?}",
            ended.progress
        );

        // In a full dataset a file replaces the document of its name, and no other is taken in.
        let job = world.upload(&[("a.txt", "Ants rest."), ("f.txt", "Foxes run.")]);
        let ended = world.ended(job.id);
        assert_eq!((ended.progress.documents_done, ended.progress.documents_failed), (1, 1));
        assert_eq!(world.found("rest"), ["a.txt"]);
        assert_eq!(world.stored(), ["a.txt", "b.txt", "x"]);
    }

    #[test]
    fn q2_a_document_that_is_brought_with_another_content_never_keeps_the_old_one() {
        let world = World::with_limits(TenantLimits::default());
        world.start_worker();
        let bring = |files: &[(&str, &str)]| {
            let ended = world.ended(world.upload(files).id);
            (ended.progress.documents_done, ended.progress.documents_duplicate)
        };
        bring(&[("a.txt", "Ants march."), ("b.txt", "Bees hum."), ("c.txt", "Withdrawn notice.")]);
        // In one request, of which both come to say the same; and what another says already.
        assert_eq!(bring(&[("a.txt", "Emptied template."), ("b.txt", "Emptied template.")]), (2, 0));
        assert_eq!((world.found("ants march"), world.found("bees hum")), (vec![], vec![]));
        assert_eq!(bring(&[("b.txt", "Withdrawn notice.")]), (1, 0));
        assert_eq!(world.found("emptied"), ["a.txt"]);
        assert_eq!(world.found("withdrawn"), ["b.txt", "c.txt"]);
        // Where nothing is stored under the name, the content that is there already is enough.
        assert_eq!(bring(&[("d.txt", "Withdrawn notice."), ("e.txt", "Emptied template.")]), (2, 2));
        assert_eq!(world.stored(), ["a.txt", "b.txt", "c.txt"]);
    }

    #[test]
    fn q2_an_index_that_fails_is_tried_again_while_the_job_runs_on() {
        let world = World::with_limits(TenantLimits::default());
        world.engine.fail([Some(SearchError::Full), Some(SearchError::Failed("no".to_owned()))]);
        let job = world.start(&[("x", "An ox."), ("y", "A yak.")]);
        finish_later(&world.space, &world.scope(), job.clone());
        assert_eq!(world.found("yak"), [""; 0]);
        world.start_worker();
        assert_eq!(world.ended(job.id).status, JobStatus::Succeeded);
        let running = |error: SearchError| (PortError::from(error), JobStatus::Running, 0);
        let failed = [SearchError::Full, SearchError::Failed("no".to_owned())].map(running);
        assert_eq!(world.failures(), failed, "it has not ended before it is found");
        assert_eq!(world.found("yak"), ["y"]);
    }

    #[test]
    fn q2_a_job_of_documents_is_canceled_before_its_end_and_what_it_stored_is_found() {
        let world = World::with_limits(TenantLimits::default());
        // The background worker has not indexed it yet.
        let job = world.start(&[("x", "An ox."), ("y", "A yak.")]);
        finish_later(&world.space, &world.scope(), job.clone());
        let canceled =
            cancel_job(&world.space, &world.context(), &world.principal, world.dataset, job.id).unwrap();
        assert_eq!(canceled.status, JobStatus::Canceled);
        assert_eq!((canceled.progress.documents_done, canceled.documents_total), (2, 2), "all are stored");
        assert_eq!(world.found("yak"), ["y"], "what is stored is found");
        // The background worker finds nothing to do, and changes nothing.
        let next = world.start(&[("z", "A zebra.")]);
        finish_later(&world.space, &world.scope(), next.clone());
        world.start_worker();
        assert_eq!(world.ended(next.id).status, JobStatus::Succeeded);
        assert_eq!(world.job(job.id), canceled);
        let late = finish_ingestion(&world.space, &world.context(), &world.scope(), job);
        assert_eq!(late.unwrap_err(), IngestError::Ended(Box::new(canceled)));
    }

    #[test]
    fn q2_documents_that_find_a_full_disk_are_refused_and_their_job_has_failed() {
        let world = World::with_limits(TenantLimits::default());
        world.documents.fail([Some(StoreError::Full)]);
        let refused = start_ingestion(
            &world.space,
            &world.context(),
            &world.principal,
            world.dataset,
            world.documents_of(&[("x", "An ox.")]),
        );
        assert_eq!(refused.unwrap_err(), IngestError::PortError(StoreError::Full.into()));
        let jobs = world.jobs();
        assert_eq!(jobs.iter().map(|job| job.status).collect::<Vec<_>>(), [JobStatus::Failed]);
        assert_eq!(world.stored(), [""; 0], "none is stored");
        world.ingest(&[("x", "An ox.")]);
        assert_eq!(world.stored(), ["x"], "with space again it goes on");
    }
}
