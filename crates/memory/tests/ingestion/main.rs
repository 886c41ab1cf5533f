//! Jobs whose ports fail, whose dataset is full, or that are canceled, over in-memory adapters with fault injection.

#[cfg(test)]
mod failing;
#[cfg(test)]
mod world;

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;
    use syft_space_domain::PortError;
    use syft_space_domain::dataset::ports::SearchError;

    use syft_space_domain::dataset::{
        IngestError, JobFailure, JobStatus, cancel_job, finish_ingestion, finish_later, start_ingestion,
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
    fn q2_a_file_that_gives_no_text_any_more_takes_its_old_text_away_and_says_why() {
        let world = World::with_limits(TenantLimits { bytes: 100, ..TenantLimits::default() });
        world.start_worker();
        let bring = |files: &[(&str, &str)]| {
            let ended = world.ended(world.upload(files).id);
            let told = |failure: JobFailure| (failure.file.unwrap_or_default(), failure.message);
            ended.progress.errors.into_iter().map(told).collect::<Vec<_>>()
        };
        let removed = "; what was stored of it before is removed";
        let names = ["empty.txt", "blank.md", "nul.txt", "long.txt", "other.pdf"];
        world.ingest(&[("other.pdf", "Otters.")]);
        assert_eq!(bring(&names.map(|name| (name, "Old ants."))[..1]), []);
        assert_eq!(
            bring(&[("blank.md", "Old bees."), ("nul.txt", "Old cats."), ("long.txt", "Old dogs.")]),
            []
        );
        // Where nothing was stored, nothing is said of it.
        assert_eq!(bring(&[("new.txt", "")]), [("new.txt".to_owned(), "the file is empty".to_owned())]);

        assert_eq!(
            bring(&[("empty.txt", "")]),
            [("empty.txt".to_owned(), format!("the file is empty{removed}"))]
        );
        assert_eq!((world.found("ants"), world.found("bees")), (vec![], vec!["blank.md".to_owned()]));
        assert_eq!(
            bring(&[("blank.md", " \n ")]),
            [("blank.md".to_owned(), format!("there is no text in the file{removed}"))]
        );
        let [(_, nul)] = bring(&[("nul.txt", "a\0b")]).try_into().unwrap();
        assert!(nul.contains("UTF-8") && nul.ends_with(removed), "{nul}");
        let long = "Long dogs. ".repeat(20);
        let [(_, full)] = bring(&[("long.txt", &long)]).try_into().unwrap();
        assert!(full.contains("100 bytes") && full.ends_with(removed), "{full}");
        let [(_, damaged)] = bring(&[("other.pdf", "x")]).try_into().unwrap();
        assert!(damaged.ends_with(removed), "{damaged}");
        assert_eq!(world.stored(), [""; 0]);
        assert_eq!(world.found("old"), [""; 0], "nor is it found");
        // The log tells of each that went, whatever the reason, and of nothing else.
        assert_eq!(world.recorded_removals(), ["empty.txt", "blank.md", "nul.txt", "long.txt", "other.pdf"]);
    }

    #[test]
    fn u1_a_removal_by_a_job_is_recorded_before_it_is_done_and_once_however_often_it_is_tried() {
        let world = World::with_limits(TenantLimits::default());
        let names = ["a.txt", "b.txt", "c.txt"];
        world.ingest(&names.map(|name| (name, "Old ants.")));
        let job = world.upload(&[("a.txt", ""), ("b.txt", ""), ("c.txt", "New ants.")]);
        world.documents.fail([None, Some(StoreError::Full), Some(StoreError::Full)]);
        world.start_worker();
        world.ended(job.id);
        assert_eq!(world.failures().len(), 2);
        assert_eq!(world.stored(), ["c.txt"]);
        assert_eq!(world.recorded_removals(), ["a.txt", "b.txt"]);
    }

    #[test]
    fn q2_a_file_is_read_again_by_a_later_version_of_its_reader() {
        let world = World::with_limits(TenantLimits::default());
        world.start_worker();
        let files =
            [("a.txt", "Ants."), ("b.txt", "A garbled bee."), ("c.txt", "A slow cat."), ("d.txt", "Ants.")];
        let bring = || world.ended(world.upload(&files).id).progress;
        assert_eq!((bring().documents_unchanged, bring().documents_unchanged), (0, 3));
        world.reader.0.store(2, Ordering::SeqCst);
        let again = bring();
        assert_eq!((again.documents_unchanged, again.documents_duplicate, again.documents_failed), (0, 1, 2));
        assert_eq!(world.found("edition"), ["a.txt"], "what is read better is stored");
        assert_eq!(world.found("bee"), [""; 0], "what was no text goes");
        assert_eq!(world.found("slow cat"), ["c.txt"], "what could not be read this time stays");
        let messages: Vec<_> =
            again.errors.iter().map(|failure| failure.message.contains("removed")).collect();
        assert_eq!(messages, [true, false]);
        let third = bring();
        assert_eq!((third.documents_unchanged, third.documents_failed), (1, 2), "it is read again once");
        world.reader.0.store(1, Ordering::SeqCst);
        assert_eq!(
            bring().documents_unchanged,
            1,
            "a version that is back reads what the other has read: {third:?}"
        );
        assert_eq!(world.found("edition"), [""; 0]);
    }

    #[test]
    fn q2_what_is_like_a_document_that_does_not_fit_is_no_duplicate() {
        let world = World::with_limits(TenantLimits { documents: 2, ..TenantLimits::default() });
        // All files are one group.
        world.clock.stand_still();
        world.start_worker();
        world.ingest(&[("x", "An ox.")]);
        let job =
            world.upload(&[("a.txt", "Ants."), ("b.txt", "Bees."), ("c.txt", "Ants."), ("d.txt", "Bees.")]);
        let ended = world.ended(job.id).progress;
        assert_eq!(world.stored(), ["a.txt", "x"]);
        assert_eq!((ended.documents_done, ended.documents_duplicate), (2, 1), "c.txt is like a.txt");
        let failed: Vec<_> = ended.errors.iter().map(|failure| failure.file.clone().unwrap()).collect();
        assert_eq!(failed, ["b.txt", "d.txt"]);
        assert!(
            ended.errors.iter().all(|failure| failure.message.contains("may hold 2 documents")),
            "{ended:?}"
        );
        assert_eq!(ended.documents_failed, 2);
    }

    #[test]
    fn q2_what_is_like_a_document_that_a_later_reader_takes_away_or_leaves_is_told_as_it_is() {
        let world = World::with_limits(TenantLimits { bytes: 40, ..TenantLimits::default() });
        world.clock.stand_still();
        world.start_worker();
        let first = [("a.txt", "A garbled bee."), ("b.txt", "An ant and an asp.")];
        assert_eq!(world.ended(world.upload(&first).id).progress.documents_failed, 0);
        world.reader.0.store(2, Ordering::SeqCst);
        // What the later reader makes of b.txt does not fit beside what is there, so that the earlier text stays.
        let files = ["a.txt", "b.txt", "c.txt", "d.txt"];
        let texts = ["A garbled bee.", "An ant and an asp.", "A garbled bee.", "An ant and an asp."];
        let files: Vec<_> = files.into_iter().zip(texts).collect();
        let ended = world.ended(world.upload(&files).id).progress;
        assert_eq!(world.stored(), ["b.txt"]);
        let failed: Vec<_> = ended.errors.iter().map(|failure| failure.file.clone().unwrap()).collect();
        assert_eq!(failed, ["a.txt", "b.txt", "c.txt"], "{ended:?}");
        assert_eq!((ended.documents_done, ended.documents_duplicate), (1, 1), "d.txt is like b.txt");
        let removed: Vec<_> =
            ended.errors.iter().map(|failure| failure.message.contains("removed")).collect();
        assert_eq!(removed, [true, false, false], "{ended:?}");
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
    fn i1_a_job_tells_nothing_of_the_servers_files_where_the_store_failed() {
        let world = World::with_limits(TenantLimits::default());
        world.documents.fail([Some(StoreError::failed("/srv/space/documents.db is damaged"))]);
        let documents = world.documents_of(&[("x", "An ox.")]);
        let (context, principal) = (world.context(), &world.principal);
        start_ingestion(&world.space, &context, principal, world.dataset, documents).unwrap_err();
        let messages: Vec<_> = world.jobs().into_iter().flat_map(|job| job.progress.errors).collect();
        let [failure] = &*messages else { panic!("one failure is told: {messages:?}") };
        assert_eq!(failure.message, "the documents could not be stored; send them again");
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
