//! Stores that do not tell what was asked.

use std::ops::DerefMut;

use syft_space_conformance::audit::queries;
use syft_space_conformance::sample;
use syft_space_domain::audit::ports::{AuditView, RecordedQueries, Seq};
use syft_space_domain::audit::{QueryFilter, RecordedCaller};
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::TenantScope;

use crate::faulty_view::FaultyView;
use crate::store::Fault;
use crate::{assert_caught, faulty_store};

/// What is wrong with the queries of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum QueryFault {
    /// What was erased of a caller is told as never known.
    ForgetsErasure,
    /// A part that is full loses its last query.
    LosesTheLast,
    /// When they were made does not matter.
    IgnoresTime,
    /// A part begins with the query with which the one before ended.
    RepeatsTheLast,
}

impl<P: DerefMut> FaultyView<P>
where
    P::Target: AuditView,
{
    pub(crate) fn faulty_queries(
        &mut self,
        scope: &TenantScope,
        filter: &QueryFilter,
        before: Option<Seq>,
        most: usize,
    ) -> Result<RecordedQueries, StoreError> {
        let Fault::Queries(fault) = self.fault else {
            let mut found = self.inner.recorded_queries(scope, filter, before, most)?;
            if self.fault == Fault::IgnoresTenantIn("recorded_queries") {
                for other in [1, 2, 3].map(sample::scope).iter().filter(|other| *other != scope) {
                    found.queries.extend(self.inner.recorded_queries(other, filter, before, most)?.queries);
                }
            }
            return Ok(found);
        };
        let timeless = QueryFilter { endpoints: filter.endpoints.clone(), ..QueryFilter::default() };
        let filter = if fault == QueryFault::IgnoresTime { &timeless } else { filter };
        let before = before.map(|Seq(seq)| Seq(seq + u64::from(fault == QueryFault::RepeatsTheLast)));
        let mut found = self.inner.recorded_queries(scope, filter, before, most)?;
        match fault {
            QueryFault::ForgetsErasure => {
                for query in &mut found.queries {
                    query.caller.get_or_insert_with(RecordedCaller::default);
                }
            }
            QueryFault::LosesTheLast if found.queries.len() == most => drop(found.queries.pop()),
            QueryFault::LosesTheLast | QueryFault::IgnoresTime | QueryFault::RepeatsTheLast => {}
        }
        Ok(found)
    }
}

#[test]
fn u1_a_store_that_does_not_tell_what_was_asked_is_caught() {
    let parts = "u1_the_parts_of_a_log_hold_all_queries_that_are_asked_for_and_no_other";
    for (fault, promise) in [
        (QueryFault::ForgetsErasure, "u1_the_queries_of_a_log_are_told_as_they_were_recorded"),
        (QueryFault::LosesTheLast, parts),
        (QueryFault::IgnoresTime, parts),
        (QueryFault::RepeatsTheLast, parts),
    ] {
        assert_caught(queries::CHECKS, &*faulty_store(Fault::Queries(fault)), promise);
    }
}
