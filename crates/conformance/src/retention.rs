//! The suite of `RetentionView` and `RetentionRows`.

use syft_space_domain::audit::ports::{LogScope, Seq};
use syft_space_domain::audit::{Action, Event, Log, Person};
use syft_space_domain::identity::Invitation;
use syft_space_domain::ids::{ActorId, InvitationId, LegalHoldId, PolicyId};
use syft_space_domain::policy::ports::Disclosed;
use syft_space_domain::policy::{Enforcement, KeptRevision, RevisionSummary};
use syft_space_domain::retention::ports::ShownThing;
use syft_space_domain::retention::{LegalHold, RetentionKind, RetentionTerms};
use syft_space_domain::store::{Store, StoreError};
use syft_space_domain::text::Name;
use syft_space_domain::unit::{Abort, Recorded, Refused};

use crate::check::{Check, checks, run_all};
use crate::fixture::{Fixture, StoreFactory};
use crate::run::{assert_conflict, commit, read, seeded_store};
use crate::sample::{
    self, access, account_id, invitation_id, log_write_scope, policy, policy_id, scope, time, write_scope,
};

/// Every promise of [`RetentionView`](syft_space_domain::retention::ports::RetentionView) and `RetentionRows`.
pub const CHECKS: &[Check<StoreFactory>] = checks![
    g4_terms_are_those_that_were_set_and_the_defaults_until_then,
    g4_holds_are_read_back_in_order_until_they_are_released,
    g4_what_is_older_than_a_time_is_found_in_the_order_of_the_log,
    g2_what_is_erased_is_not_due_again,
    g4_a_unit_that_is_refused_erases_nothing,
    g4_revisions_go_by_when_another_took_their_place,
    g4_invitations_go_by_when_they_ran_out,
    g4_what_was_shown_goes_by_when_it_last_was,
    z1_terms_holds_and_what_is_due_are_the_tenants_own,
];

/// Checks every promise.
pub fn suite(make: &StoreFactory) {
    run_all("the store of what goes by its age", CHECKS, make);
}

/// The `n`-th hold.
fn hold(n: u64) -> LegalHold {
    LegalHold {
        id: hold_id(n),
        reason: Name::parse(&format!("trial {n}")).expect("a valid reason"),
        made_by: (!n.is_multiple_of(2)).then(|| ActorId::from(account_id(n))),
        created_at: time(3),
    }
}

fn hold_id(n: u64) -> LegalHoldId {
    LegalHoldId::from_bytes(*account_id(n).as_bytes())
}

fn terms(days: u32) -> RetentionTerms {
    let mut terms = RetentionTerms::default();
    terms.set(RetentionKind::LogPersonalData, days).expect("a term within its bounds");
    terms
}

fn terms_of(store: &dyn Store, tenant: u64) -> RetentionTerms {
    read(store, move |view| view.retention_terms(&scope(tenant)))
}

fn holds_of(store: &dyn Store, tenant: u64) -> Vec<LegalHold> {
    read(store, move |view| view.legal_holds(&scope(tenant)))
}

/// Writes an event for each of these times into a tenant's log; all know of a person.
fn write_events(store: &dyn Store, tenant: u64, times: &[u32]) {
    for at in times {
        let event = Event {
            time: time(*at),
            person: Person { email: Some(format!("p{at}@example.org")), ..Person::default() },
            ..sample::event(Log::from(&scope(tenant)), Action::AuthnLoginFail)
        };
        let written = store.write(move |_| Ok::<_, Abort<StoreError>>(Recorded::new((), event.clone())));
        written.wait().expect("an event is written");
    }
}

/// Which of a tenant's events behind one, of so many that know of a person, are from before a time, and the last of all.
fn before(
    store: &dyn Store,
    tenant: u64,
    at: u32,
    after: Option<u64>,
    at_most: usize,
) -> (Vec<Seq>, Option<Seq>) {
    let known = read(store, move |view| {
        view.events_with_persons(LogScope::Tenant(&scope(tenant)), after.map(Seq), at_most)
    });
    let due = known.iter().filter(|(_, when)| *when < time(at)).map(|(seq, _)| *seq);
    (due.collect(), known.last().map(|(seq, _)| *seq))
}

fn found(due: &[u64], last: Option<u64>) -> (Vec<Seq>, Option<Seq>) {
    (due.iter().copied().map(Seq).collect(), last.map(Seq))
}

/// Each of them by itself, also behind a restart.
pub fn g4_terms_are_those_that_were_set_and_the_defaults_until_then(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    assert_eq!(terms_of(store, 1), RetentionTerms::default(), "until terms are set they are the defaults");
    for days in [30, 7, 3_650] {
        commit(store, move |tx| tx.set_retention_terms(&write_scope(1), &terms(days)));
        assert_eq!(
            terms_of(store, 1).days(RetentionKind::LogPersonalData),
            days,
            "the terms are those that were set last"
        );
    }
    let Fixture { adapter, reopen } = fixture;
    drop(adapter);
    if let Some(reopen) = reopen {
        let kept = terms_of(&*reopen().adapter, 1).days(RetentionKind::LogPersonalData);
        assert_eq!(kept, 3_650, "terms outlive a restart");
    }
}

/// All of what they say, and one of each id.
pub fn g4_holds_are_read_back_in_order_until_they_are_released(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    for n in [2, 1, 3] {
        commit(store, move |tx| tx.add_legal_hold(&write_scope(1), &hold(n)));
    }
    assert_conflict(store, "a second hold of an id", |tx| tx.add_legal_hold(&write_scope(1), &hold(2)));
    assert_eq!(holds_of(store, 1), [hold(1), hold(2), hold(3)], "holds come in the order of their ids");
    let release = |n: u64| commit(store, move |tx| tx.remove_legal_hold(&write_scope(1), hold_id(n)));
    assert!(release(2), "a hold that stands is released");
    assert!(!release(2), "and only once");
    assert_eq!(holds_of(store, 1), [hold(1), hold(3)], "the others stand");
}

/// As far as it was looked, and no further.
pub fn g4_what_is_older_than_a_time_is_found_in_the_order_of_the_log(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    assert_eq!(before(store, 1, 50, None, 10), found(&[], None), "an empty log has nothing that is due");
    // The clock was set between the third and the fourth.
    write_events(store, 1, &[10, 20, 40, 15, 50]);
    assert_eq!(
        before(store, 1, 20, None, 10),
        found(&[1, 4], Some(5)),
        "what is as old as the time is not due"
    );
    assert_eq!(before(store, 1, 41, None, 2), found(&[1, 2], Some(2)), "no more are looked at than was said");
    assert_eq!(before(store, 1, 41, Some(2), 2), found(&[3, 4], Some(4)), "it goes on behind the last");
    assert_eq!(before(store, 1, 41, Some(5), 2), found(&[], None), "behind the last event there is none");
}

/// Nor does it hold up what is.
pub fn g2_what_is_erased_is_not_due_again(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    write_events(store, 1, &[10, 20, 30]);
    let erased = commit(store, |tx| tx.erase_persons(&log_write_scope(1), &[1, 3, 99]));
    assert_eq!(erased, 2, "those are counted that knew of a person");
    assert_eq!(before(store, 1, 99, None, 10), found(&[2], Some(2)), "what is erased is not due again");
}

/// Nothing at all.
pub fn g4_a_unit_that_is_refused_erases_nothing(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    write_events(store, 1, &[10]);
    let refused = store.write(|tx| {
        tx.erase_persons(&log_write_scope(1), &[1])?;
        Err::<Recorded<()>, _>(Abort::from(Refused::unrecorded(StoreError::failed("refused"))))
    });
    assert!(refused.wait().is_err());
    assert_eq!(before(store, 1, 99, None, 10), found(&[1], Some(1)), "a refused unit erases nothing");
}

/// So the newest of each policy stays, however old.
pub fn g4_revisions_go_by_when_another_took_their_place(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    keep_revisions(store, 1);
    let due = |at: u32, at_most: usize| {
        read(store, move |view| view.revisions_replaced_before(&scope(1), time(at), at_most))
    };
    let (one, other) = (policy_id(1), policy_id(2));
    assert_eq!(due(10, 9), [], "none was replaced before there was a second");
    assert_eq!(
        due(21, 9),
        [(one, 1), (other, 1)],
        "one goes when another took its place, not by its own age"
    );
    assert_eq!(due(99, 9), [(one, 1), (one, 2), (other, 1)], "the newest of each policy stays");
    assert_eq!(due(99, 2), [(one, 1), (one, 2)], "no more are found than was said");
    let remove = |revisions: Vec<(PolicyId, u64)>| {
        commit(store, move |tx| tx.remove_revisions(&write_scope(1), &revisions))
    };
    assert_eq!(remove(vec![(one, 1), (one, 9), (other, 1)]), 2, "those are counted that were there");
    assert_eq!(due(99, 9), [(one, 2)], "what was removed is not due again");
    let newest = read(store, move |view| view.revision(&scope(1), one, 3));
    assert!(newest.is_some(), "the others stay");
}

/// Those that may still be accepted stay.
pub fn g4_invitations_go_by_when_they_ran_out(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    for (n, expires_at) in [(2, 20), (1, 30), (3, 40)] {
        invite(store, 1, n, expires_at);
    }
    let due = |at: u32, at_most: usize| expired(store, 1, at, at_most);
    assert_eq!(due(20, 9), [], "one that can be accepted until just then is not due");
    assert_eq!(due(31, 9), [invitation_id(1), invitation_id(2)], "they come in the order of their ids");
    assert_eq!(due(99, 2), [invitation_id(1), invitation_id(2)], "no more are found than was said");
    commit(store, |tx| tx.remove_invitation(&write_scope(1), invitation_id(1)));
    assert_eq!(due(31, 9), [invitation_id(2)], "what was removed is not due again");
}

fn invite(store: &dyn Store, tenant: u64, n: u64, expires_at: u32) {
    let row = Invitation { expires_at: time(expires_at), ..sample::invitation(tenant, n, 1) };
    commit(store, move |tx| tx.add_invitation(&write_scope(tenant), &row));
}

fn expired(store: &dyn Store, tenant: u64, at: u32, at_most: usize) -> Vec<InvitationId> {
    read(store, move |view| view.invitations_expired_before(&scope(tenant), time(at), at_most))
}

/// What is shown again is as old as the last time.
pub fn g4_what_was_shown_goes_by_when_it_last_was(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    show(store, 1, 1, &[(1, 10), (2, 20), (3, 30)]);
    show(store, 1, 2, &[(1, 10)]);
    show(store, 1, 1, &[(1, 25)]);
    let [one, two, other] = [thing(1, 1), thing(1, 2), thing(2, 1)];
    let due = |at: u32, at_most: usize| outdated(store, 1, at, at_most);
    assert_eq!(due(10, 9), [], "what was shown just then is not due");
    assert_eq!(due(26, 9), [one, two, other], "it comes in the order of callers and things");
    assert_eq!(due(21, 9), [two, other], "what was shown again is not due");
    assert_eq!(due(26, 2), [one, two], "no more is found than was said");
    let forget = |at: u32, shown: Vec<ShownThing>| {
        commit(store, move |tx| tx.forget_shown(&write_scope(1), policy_id(1), time(at), &shown))
    };
    assert_eq!(forget(21, vec![one, two, thing(1, 9)]), 1, "what was shown again meanwhile stays");
    assert_eq!(due(99, 9), [one, thing(1, 3), other], "all else stays");
}

fn thing(caller: u64, item: u8) -> ShownThing {
    (ActorId::from(account_id(caller)), [item; 16])
}

fn show(store: &dyn Store, tenant: u64, caller: u64, things: &[(u8, u32)]) {
    let shown: Vec<Disclosed> = things
        .iter()
        .map(|(item, at)| Disclosed { item: [*item; 16], shown_at: time(*at), amount: 1 })
        .collect();
    let caller = ActorId::from(account_id(caller));
    commit(store, move |tx| tx.disclose(&write_scope(tenant), policy_id(1), caller, &shown, time(0)));
}

fn outdated(store: &dyn Store, tenant: u64, at: u32, at_most: usize) -> Vec<ShownThing> {
    read(store, move |view| view.disclosures_before(&scope(tenant), policy_id(1), time(at), at_most))
}

/// Policies 1 and 2 of a tenant, with revisions of the seconds 10, 20 and 30, and of 10 and 20.
fn keep_revisions(store: &dyn Store, tenant: u64) {
    commit(store, move |tx| {
        for (n, revisions) in [(1, 3), (2, 2)] {
            tx.add_policy(&write_scope(tenant), &policy(n))?;
            for revision in 1..=revisions {
                let configuration = access("allow", "a.example.com");
                let summary = RevisionSummary {
                    revision: u64::from(revision),
                    changed_at: time(revision * 10),
                    changed_by: None,
                    changes: None,
                    rolled_back_to: None,
                    name: "p".to_owned(),
                    policy_type: configuration.type_name().to_owned(),
                    enforcement: Enforcement::Enforce,
                };
                let kept = KeptRevision { policy: policy_id(n), summary, configuration };
                tx.keep_revision(&write_scope(tenant), &kept)?;
            }
        }
        Ok(())
    });
}

/// Reading and writing.
pub fn z1_terms_holds_and_what_is_due_are_the_tenants_own(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    for tenant in [1, 2] {
        write_events(store, tenant, &[10, 20]);
        keep_revisions(store, tenant);
        invite(store, tenant, tenant, 20);
        show(store, tenant, 1, &[(1, 10)]);
    }
    let told = "what ran out is the tenant's own";
    assert_eq!(expired(store, 1, 99, 9), [invitation_id(1)], "{told}");
    assert_eq!(expired(store, 2, 99, 9), [invitation_id(2)], "{told}");
    show(store, 2, 2, &[(1, 10)]);
    assert_eq!(outdated(store, 1, 99, 9), [thing(1, 1)], "what was shown is the tenant's own");
    commit(store, |tx| tx.forget_shown(&write_scope(1), policy_id(1), time(99), &[thing(1, 1), thing(2, 1)]));
    assert_eq!(outdated(store, 2, 99, 9), [thing(1, 1), thing(2, 1)], "another tenant forgets nothing");
    commit(store, |tx| {
        tx.set_retention_terms(&write_scope(1), &terms(30))?;
        tx.add_legal_hold(&write_scope(1), &hold(1))?;
        tx.erase_persons(&log_write_scope(1), &[1])?;
        tx.remove_revisions(&write_scope(1), &[(policy_id(1), 1)])?;
        tx.remove_legal_hold(&write_scope(2), hold_id(1))
    });
    assert_eq!(terms_of(store, 2), RetentionTerms::default(), "another tenant keeps its terms");
    assert_eq!(holds_of(store, 2), [], "a hold is its tenant's");
    assert_eq!(holds_of(store, 1), [hold(1)], "no other tenant releases it");
    assert_eq!(before(store, 2, 99, None, 9), found(&[1, 2], Some(2)), "what is erased is the tenant's own");
    assert_eq!(before(store, 1, 99, None, 9), found(&[2], Some(2)), "what is due is the tenant's own");
    let due = |tenant: u64| {
        read(store, move |view| view.revisions_replaced_before(&scope(tenant), time(99), 9)).len()
    };
    assert_eq!((due(1), due(2)), (2, 3), "another tenant's revisions stay");
}
