//! The suite of what ends a tenant: that it ends, that all of it goes, and that its log takes nothing any more.

use syft_space_domain::access::Role;
use syft_space_domain::audit::ports::{LogScope, LogWriteScope};
use syft_space_domain::audit::{Action, Log, SignedCheckpoint};
use syft_space_domain::sink::{SinkLogs, SinkName};
use syft_space_domain::store::{Store, StoreError};
use syft_space_domain::tenant::{OperatorScope, Tenant, TenantEnd, TenantPart, TenantRemoval};
use syft_space_domain::unit::{Abort, Recorded};

use crate::check::{Check, checks, run_all};
use crate::fixture::{Fixture, StoreFactory};
use crate::run::{assert_conflict, commit, read, seeded_store};
use crate::sample::{
    account, account_id, api_key, dataset, email, endpoint, event, group, group_id, hub, invitation, job,
    listing, marketplace, numbered_email, policy, policy_id, scope, session, tenant, tenant_id, time, token,
    write_scope,
};

/// Every promise of what ends a tenant.
pub const CHECKS: &[Check<StoreFactory>] = checks![
    g2_that_a_tenant_ends_is_kept_and_taken_back,
    g2_all_of_a_tenant_goes_in_portions_and_then_its_name_is_free,
    g2_a_tenant_that_has_something_still_stays,
    g2_what_is_known_of_a_removal_outlives_the_tenant,
    u1_a_log_that_ended_with_its_tenant_takes_nothing_any_more,
    u1_of_a_crowd_at_a_log_that_ends_nothing_is_left,
    z1_what_ends_or_goes_is_of_ones_own_tenant_alone,
];

/// Checks every promise.
pub fn suite(make: &StoreFactory) {
    run_all("the store of what ends a tenant", CHECKS, make);
}

fn end(seconds: u32, is_going: bool) -> TenantEnd {
    TenantEnd { asked_at: time(seconds), ends_at: time(seconds + 1_000), is_going }
}

fn removal(rows: u64) -> TenantRemoval {
    let mut removal = TenantRemoval::begin();
    removal.count(TenantPart::Accounts, rows);
    removal
}

fn end_of(store: &dyn Store, n: u64) -> Option<TenantEnd> {
    read(store, move |view| view.tenant(&scope(n))).and_then(|tenant| tenant.end)
}

/// Puts something of most parts into a tenant, and three events into its log.
fn fill(store: &dyn Store, n: u64) {
    commit(store, move |tx| {
        let scope = write_scope(n);
        for account_number in 1..=3 {
            tx.add_account(&scope, &account(n, account_number, Role::Owner))?;
            tx.add_session(&scope, &session(n, account_number, account_number))?;
            tx.put_api_key(&scope, &api_key(n, account_number, account_number))?;
            tx.add_invitation(&scope, &invitation(n, account_number, 1))?;
            tx.add_policy(&scope, &policy(account_number))?;
        }
        tx.add_dataset(&scope, &dataset(1))?;
        tx.add_job(&scope, &job(1, 1))?;
        tx.add_endpoint(&scope, &endpoint(1, 1))?;
        tx.attach_policies(&scope, endpoint(1, 1).id, &[policy_id(1), policy_id(2)])?;
        tx.add_group(&scope, &group(1))?;
        tx.add_group_members(&scope, group_id(1), &[numbered_email(1)], time(20))?;
        tx.add_marketplace(&scope, &marketplace(1, 1, n))?;
        tx.add_listing(&scope, &listing(1, 1, 1))
    });
    record(store, n, 3);
}

/// Records so many events in a tenant's log.
fn record(store: &dyn Store, n: u64, events: usize) {
    for _ in 0..events {
        let event = event(Log::Tenant(tenant_id(n)), Action::EndpointQuery);
        let written = store.write(move |_| Ok::<_, Abort<StoreError>>(Recorded::new((), event.clone())));
        written.wait().expect("an event is taken, or dropped with the log that ended");
    }
}

fn log_size(store: &dyn Store, n: u64) -> u64 {
    read(store, move |view| view.log_head(LogScope::Tenant(&scope(n)))).seq()
}

fn filled_store(make: &StoreFactory) -> Fixture<dyn Store> {
    let fixture = seeded_store(make);
    commit(&*fixture.adapter, |tx| tx.add_hub(&hub(1)));
    for n in [1, 2] {
        fill(&*fixture.adapter, n);
    }
    fixture
}

/// Removes a part in portions of this many, and answers the rows of each.
fn remove(store: &dyn Store, n: u64, part: TenantPart, most: usize) -> Vec<u64> {
    let mut removed = Vec::new();
    loop {
        let rows = commit(store, move |tx| tx.remove_tenant_part(&write_scope(n), part, most));
        if rows == 0 {
            return removed;
        }
        removed.push(rows);
        assert!(removed.len() < 100, "what was removed is not found again");
    }
}

fn begin(store: &dyn Store, n: u64) {
    commit(store, move |tx| {
        tx.put_tenant_removal(&write_scope(n), &removal(0))?;
        tx.set_tenant_end(&write_scope(n), Some(end(5, true)))
    });
}

/// And nothing else of the tenant changes.
pub fn g2_that_a_tenant_ends_is_kept_and_taken_back(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    assert_eq!(end_of(store, 1), None, "a tenant does not end by itself");
    for wanted in [Some(end(5, false)), Some(end(7, true)), None, Some(end(9, false))] {
        commit(store, move |tx| tx.set_tenant_end(&write_scope(1), wanted));
        let found = read(store, move |view| view.tenant(&scope(1))).expect("the tenant is there");
        assert_eq!(found.end, wanted, "that it ends is read back as it was set");
        let expected = Tenant { version: found.version, end: wanted, ..tenant(1) };
        assert_eq!(found, expected, "nothing else of the tenant changes");
    }
    commit(store, |tx| tx.set_tenant_end(&write_scope(3), Some(end(5, true))));
    let ending = read(store, |view| view.ending_tenants(&OperatorScope::at_startup()));
    assert_eq!(ending, [tenant_id(1), tenant_id(3)], "those that end are found, in the order of their ids");
    let all = read(store, |view| view.tenants(&OperatorScope::at_startup()));
    let ends: Vec<_> = all.into_iter().map(|tenant| tenant.end).collect();
    assert_eq!(
        ends,
        [Some(end(9, false)), None, Some(end(5, true))],
        "each tenant in the list tells its own"
    );
}

/// No portion is larger than was said, and none is empty before all is gone.
pub fn g2_all_of_a_tenant_goes_in_portions_and_then_its_name_is_free(make: &StoreFactory) {
    let fixture = filled_store(make);
    let store = &*fixture.adapter;
    begin(store, 1);
    for part in TenantPart::ALL {
        // The head of a log goes with all that is kept of it.
        let most = if part == TenantPart::Log { 10 } else { 2 };
        let portions = remove(store, 1, part, most);
        assert!(
            portions.iter().all(|rows| usize::try_from(*rows).is_ok_and(|rows| rows <= most)),
            "{part}: {portions:?}"
        );
        let parts_of_three = [TenantPart::Accounts, TenantPart::ApiKeys, TenantPart::Policies];
        if parts_of_three.contains(&part) {
            assert!(portions.iter().sum::<u64>() >= 3, "{part}: rows are counted, {portions:?}");
        }
    }
    assert_eq!(read(store, |view| view.member(&scope(1), account_id(1))), None, "nothing of it is found");
    assert_eq!(
        read(store, |view| view.oldest_account(&email(1))).map(|found| found.member.tenant),
        Some(tenant_id(2))
    );
    assert_eq!(read(store, |view| view.marketplace(&scope(1), marketplace(1, 1, 1).id)), None);
    commit(store, |tx| tx.remove_tenant(&write_scope(1)));
    assert_eq!(read(store, |view| view.tenant_named(&tenant(1).name)), None, "its name is free");
    commit(store, |tx| tx.add_tenant(&Tenant { id: tenant_id(4), ..tenant(1) }));
    assert_eq!(log_size(store, 4), 0, "who takes the name has a log of their own");
    record(store, 4, 2);
    assert_eq!(log_size(store, 4), 2, "which takes events");
}

/// So nothing of it is left behind without it.
pub fn g2_a_tenant_that_has_something_still_stays(make: &StoreFactory) {
    let fixture = filled_store(make);
    let store = &*fixture.adapter;
    begin(store, 1);
    let refuse = |what: &str| assert_conflict(store, what, |tx| tx.remove_tenant(&write_scope(1)));
    refuse("removing a tenant with everything in it");
    for part in TenantPart::ALL.into_iter().filter(|part| *part != TenantPart::Accounts) {
        remove(store, 1, part, 100);
    }
    refuse("removing a tenant with accounts");
    remove(store, 1, TenantPart::Accounts, 100);
    commit(store, |tx| tx.remove_tenant(&write_scope(1)));
    commit(store, |tx| tx.remove_tenant(&write_scope(1)));
}

/// Also a restart.
pub fn g2_what_is_known_of_a_removal_outlives_the_tenant(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    let known = |store: &dyn Store, n: u64| read(store, move |view| view.tenant_removal(&scope(n)));
    assert_eq!(known(store, 1), None, "of a tenant that does not end nothing is known");
    for rows in [1, 7] {
        commit(store, move |tx| tx.put_tenant_removal(&write_scope(1), &removal(rows)));
        assert_eq!(known(store, 1), Some(removal(rows)), "it is what was kept last");
    }
    commit(store, |tx| tx.remove_tenant(&write_scope(1)));
    assert_eq!(known(store, 1), Some(removal(7)), "it outlives the tenant");
    assert_eq!(known(store, 2), None, "and is of that tenant alone");
    let all = read(store, |view| view.removed_tenants(&OperatorScope::at_startup()));
    assert_eq!(all, [tenant_id(1)], "whoever asks for all of them is told of it");
    let Fixture { adapter, reopen } = fixture;
    drop(adapter);
    if let Some(reopen) = reopen {
        assert_eq!(known(&*reopen().adapter, 1), Some(removal(7)), "it outlives a restart");
    }
}

/// Before the first of it goes it takes all, and behind that nothing that belongs to it is kept.
pub fn u1_a_log_that_ended_with_its_tenant_takes_nothing_any_more(make: &StoreFactory) {
    let fixture = filled_store(make);
    let store = &*fixture.adapter;
    begin(store, 1);
    record(store, 1, 2);
    assert_eq!(log_size(store, 1), 5, "until it goes it takes what comes");
    let assumed = |n| LogWriteScope::assume(Log::Tenant(tenant_id(n)), "a suite plays the space");
    let keep = move |n| SignedCheckpoint { size: n, note: "a note".to_owned() };
    let sink = SinkName::parse("archive").expect("a name of a sink");
    let named = sink.clone();
    commit(store, move |tx| {
        tx.keep_checkpoint(&assumed(1), &keep(3))?;
        tx.advance_watched(&assumed(1), 0, 3)?;
        tx.advance_delivered(&assumed(1), &named, 0, 3)
    });
    remove(store, 1, TenantPart::Log, 2);
    record(store, 1, 2);
    assert_eq!(log_size(store, 1), 0, "it takes nothing any more");
    let named = sink.clone();
    let moved = commit(store, move |tx| {
        tx.keep_checkpoint(&assumed(1), &keep(5))?;
        Ok((tx.advance_watched(&assumed(1), 0, 5)?, tx.advance_delivered(&assumed(1), &named, 0, 5)?))
    });
    assert_eq!(moved, (false, false), "nobody gets further in it");
    read(store, move |view| {
        let operator = OperatorScope::at_startup();
        let own = Log::Tenant(tenant_id(1));
        assert_eq!(view.checkpoint(LogScope::Tenant(&scope(1)))?, None, "no checkpoint of it is kept");
        assert!(!view.grown_logs(&operator, None)?.contains(&own), "nobody is to sign it");
        let unwatched = view.unwatched_logs(&operator, None)?;
        assert!(unwatched.iter().all(|at| at.log != own), "nobody is to look at it");
        let undelivered = view.undelivered_logs(&operator, &sink, SinkLogs::All, None)?;
        assert!(undelivered.iter().all(|at| at.log != own), "no sink is to get it");
        Ok(())
    });
    record(store, 2, 1);
    assert_eq!(log_size(store, 2), 4, "the log of another tenant goes on");
}

/// However units and the end of the log are mixed in one commit.
pub fn u1_of_a_crowd_at_a_log_that_ends_nothing_is_left(make: &StoreFactory) {
    let fixture = filled_store(make);
    let store = &*fixture.adapter;
    begin(store, 1);
    let mut receipts = Vec::new();
    for n in 0..200_u32 {
        if n == 100 {
            let event = event(Log::Installation, Action::ConfigChange);
            receipts.push(store.write(move |tx| {
                tx.remove_tenant_part(&write_scope(1), TenantPart::Log, 1_000)?;
                Ok::<_, Abort<StoreError>>(Recorded::new((), event.clone()))
            }));
        }
        let of = if n.is_multiple_of(2) { 1 } else { 2 };
        let event = event(Log::Tenant(tenant_id(of)), Action::EndpointQuery);
        receipts.push(store.write(move |_| Ok::<_, Abort<StoreError>>(Recorded::new((), event.clone()))));
    }
    for receipt in receipts {
        receipt.wait().expect("each unit is committed");
    }
    assert_eq!(log_size(store, 1), 0, "no head comes back");
    remove(store, 1, TenantPart::Log, 1_000);
    let left = read(store, |view| view.events_in(LogScope::Tenant(&scope(1)), 1..1_000));
    assert_eq!(left, [], "no event is left");
    assert_eq!(log_size(store, 2), 103, "the log of another tenant has all of its own");
}

/// Reading and writing.
pub fn z1_what_ends_or_goes_is_of_ones_own_tenant_alone(make: &StoreFactory) {
    let fixture = filled_store(make);
    let store = &*fixture.adapter;
    begin(store, 1);
    assert_eq!(end_of(store, 2), None, "another tenant does not end with it");
    assert_eq!(read(store, |view| view.tenant_removal(&scope(2))), None, "nor is it removed");
    for part in TenantPart::ALL {
        remove(store, 1, part, 100);
    }
    commit(store, |tx| tx.remove_tenant(&write_scope(1)));
    let others = read(store, |view| view.tenant_ids(&OperatorScope::at_startup()));
    assert_eq!(others, [tenant_id(2), tenant_id(3)], "other tenants stay");
    read(store, |view| {
        for n in 1..=3 {
            assert!(view.member(&scope(2), account_id(n))?.is_some(), "another tenant's members stay");
            assert_eq!(view.sessions(&scope(2), account_id(n))?.len(), 1, "with their sessions");
            assert!(view.policy(&scope(2), policy_id(n))?.is_some(), "and policies");
        }
        assert_eq!(view.all_datasets(&scope(2))?, [dataset(1)], "and datasets");
        assert_eq!(view.attachments(&scope(2), None)?.len(), 2, "and what hangs on them");
        assert!(view.has_group_member(&scope(2), group_id(1), &numbered_email(1))?, "and groups");
        let listed = view.listings_on(&scope(2), marketplace(1, 1, 2).id)?;
        assert_eq!(listed.len(), 1, "and listings");
        assert!(view.invitation_by_token(&token(2, 1))?.is_some(), "and invitations");
        Ok(())
    });
    assert_eq!(log_size(store, 2), 3, "and their logs");
    assert_eq!(
        read(store, |view| view.events_in(LogScope::Tenant(&scope(2)), 1..10)).len(),
        3,
        "event by event"
    );
}
