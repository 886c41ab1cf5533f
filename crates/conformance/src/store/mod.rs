//! The suite of [`Store`](syft_space_domain::store::Store): units of work, views, the change feed and concurrency.

mod appended;
mod change_feed;
mod concurrent;
mod page_bytes;
mod reads;
mod shared;
mod snapshots;
mod units;

pub use appended::u1_a_unit_is_told_where_its_events_stand_before_it_is_done;
pub use change_feed::{
    a_follower_is_told_before_a_receipt_answers, a_follower_is_told_once_of_each_commit_in_order,
    a_follower_reads_the_commit_it_is_told_of, a_receipt_answers_only_after_its_rows_can_be_read,
    a_unit_knows_what_changed_before_it, each_write_touches_what_live_state_is_made_of,
};
pub use concurrent::{
    a_full_queue_says_so_and_never_blocks, a_unit_that_fails_in_a_crowd_ends_alone,
    u1_nothing_is_lost_in_a_crowd,
};
pub use page_bytes::a_page_of_large_items_ends_early;
pub use reads::{
    a_full_queue_of_reads_says_so_and_never_blocks, a_read_sees_what_was_answered_before_it,
    a_read_that_panics_ends_alone, every_read_is_told_when_the_store_is_dropped,
};
pub use snapshots::{
    a_view_is_of_one_moment, nobody_sees_half_a_unit, what_was_answered_is_there_after_a_restart,
};
pub use units::{
    a_call_that_contradicts_changes_nothing, a_unit_sees_its_own_writes, a_unit_that_fails_keeps_nothing,
    a_unit_that_panics_ends_alone, an_unrecorded_refusal_keeps_nothing,
    u1_rows_without_an_event_are_not_kept, u1_what_is_recorded_keeps_its_rows_and_its_events,
    u1_what_is_refused_keeps_its_event_and_none_of_its_rows,
};

use crate::check::{Check, checks, run_all};
use crate::fixture::StoreFactory;

/// Every promise of [`Store`](syft_space_domain::store::Store), [`Unit`](syft_space_domain::unit::Unit) and
/// [`CommitHook`](syft_space_domain::store::CommitHook).
pub const CHECKS: &[Check<StoreFactory>] = checks![
    u1_what_is_recorded_keeps_its_rows_and_its_events,
    u1_rows_without_an_event_are_not_kept,
    u1_what_is_refused_keeps_its_event_and_none_of_its_rows,
    an_unrecorded_refusal_keeps_nothing,
    u1_a_unit_is_told_where_its_events_stand_before_it_is_done,
    a_unit_that_fails_keeps_nothing,
    a_unit_that_panics_ends_alone,
    a_call_that_contradicts_changes_nothing,
    a_unit_sees_its_own_writes,
    a_receipt_answers_only_after_its_rows_can_be_read,
    a_follower_is_told_before_a_receipt_answers,
    a_follower_is_told_once_of_each_commit_in_order,
    a_follower_reads_the_commit_it_is_told_of,
    a_unit_knows_what_changed_before_it,
    each_write_touches_what_live_state_is_made_of,
    a_view_is_of_one_moment,
    nobody_sees_half_a_unit,
    what_was_answered_is_there_after_a_restart,
    u1_nothing_is_lost_in_a_crowd,
    a_unit_that_fails_in_a_crowd_ends_alone,
    a_full_queue_says_so_and_never_blocks,
    a_read_sees_what_was_answered_before_it,
    a_read_that_panics_ends_alone,
    a_full_queue_of_reads_says_so_and_never_blocks,
    every_read_is_told_when_the_store_is_dropped,
    a_page_of_large_items_ends_early,
];

/// Checks every promise.
pub fn suite(make: &StoreFactory) {
    run_all("the store", CHECKS, make);
}
