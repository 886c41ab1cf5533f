//! The suite of `ApprovalView` and `ApprovalRows`.

mod outdated;

use std::time::Duration;

use syft_space_domain::approval::ports::{ApprovalPlace, ApprovalSelection, ApprovalUsage, ApprovalsOf};
use syft_space_domain::approval::{
    ApprovalKey, ApprovalRequest, ApprovalState, Asker, CallerKind, Decided, Extent, QuestionDigest, Verdict,
};
use syft_space_domain::dataset::{ContextSize, Threshold};
use syft_space_domain::ids::{ActorId, ApprovalId, HubId};
use syft_space_domain::policy::Purpose;
use syft_space_domain::sealing::Sealed;
use syft_space_domain::store::{Store, StoreError, Tx};
use syft_space_domain::text::Line;

use crate::check::{Check, checks, run_all};
use crate::fixture::{Fixture, StoreFactory};
use crate::run::{all_items, assert_conflict, commit, read, seeded_store};
use crate::sample::{
    account_id, dataset, endpoint, endpoint_id, policy, policy_id, scope, time, write_scope,
};
pub use outdated::{
    z1_what_is_outdated_is_noted_in_its_own_tenant_only,
    z4_of_what_requests_are_outdated_is_noted_until_they_are_not_any_more,
};

/// Every promise of [`ApprovalView`](syft_space_domain::approval::ports::ApprovalView) and `ApprovalRows`.
pub const CHECKS: &[Check<StoreFactory>] = checks![
    z4_a_request_is_read_back_as_it_was_added_and_as_it_was_decided,
    z4_a_question_of_a_caller_has_one_request_at_an_endpoint_under_a_policy,
    z4_requests_are_listed_as_they_stand_in_the_order_in_which_they_were_asked,
    z4_a_text_is_read_back_and_goes_with_its_request,
    z4_how_many_wait_is_counted_by_asker_and_endpoint_and_in_all,
    z4_what_has_ended_is_removed_the_earliest_first_and_so_many_at_most,
    z4_what_was_decided_is_shortened_and_never_lengthened_so_many_at_most,
    z4_requests_outlive_what_they_go_with_and_none_is_made_behind_it,
    z4_of_what_requests_are_outdated_is_noted_until_they_are_not_any_more,
    z4_requests_of_an_endpoint_a_policy_or_a_caller_are_removed_so_many_at_most,
    z1_a_request_is_known_in_its_own_tenant_only,
    z1_what_has_ended_in_another_tenant_stays,
    z1_what_is_shortened_or_removed_at_once_is_so_in_its_own_tenant_only,
    z1_what_is_outdated_is_noted_in_its_own_tenant_only,
    z1_a_text_is_read_in_its_own_tenant_only,
];

/// Checks every promise.
pub fn suite(make: &StoreFactory) {
    run_all("questions that wait for approval", CHECKS, make);
}

fn caller(n: u64) -> ActorId {
    ActorId::from(account_id(n))
}

fn id(n: u64) -> ApprovalId {
    ApprovalId::from_bytes(*account_id(n).as_bytes())
}

/// A request that waits until second 100, of caller 1 at endpoint 1 under policy 1.
fn request(n: u8) -> ApprovalRequest {
    ApprovalRequest {
        id: id(n.into()),
        key: ApprovalKey {
            endpoint: endpoint_id(1),
            policy: policy_id(1),
            caller: caller(1),
            question: QuestionDigest([n; 32]),
        },
        purpose: None,
        characters: 8,
        asker: Asker::from(caller(1)),
        caller_kind: None,
        hub: None,
        extent: None,
        prompt_kept: false,
        asked_at: time(10),
        ends_at: time(100),
        decided: None,
    }
}

fn decided(n: u8, verdict: Verdict, ends: u32) -> ApprovalRequest {
    let note = Line::parse("as agreed").unwrap_or_default();
    let decided = Decided { verdict, at: time(20), by: caller(9), note };
    ApprovalRequest { decided: Some(decided), ends_at: time(ends), ..request(n) }
}

/// Endpoints 1 and 2, and policies 1 and 2, in tenants 1 and 2.
fn prepare(tx: &mut dyn Tx) -> Result<(), StoreError> {
    for tenant in [1, 2] {
        tx.add_dataset(&write_scope(tenant), &dataset(1))?;
        for n in [1, 2] {
            tx.add_endpoint(&write_scope(tenant), &endpoint(n, 1))?;
            tx.add_policy(&write_scope(tenant), &policy(n))?;
        }
    }
    Ok(())
}

fn prepared(make: &StoreFactory) -> Fixture<dyn Store> {
    let fixture = seeded_store(make);
    commit(&*fixture.adapter, prepare);
    fixture
}

fn add(store: &dyn Store, tenant: u64, requests: &[ApprovalRequest]) {
    let requests = requests.to_vec();
    commit(store, move |tx| {
        requests.iter().try_for_each(|request| tx.add_approval(&write_scope(tenant), request, None))
    });
}

fn find(store: &dyn Store, tenant: u64, n: u64) -> Option<ApprovalRequest> {
    read(store, move |view| view.approval(&scope(tenant), id(n)))
}

fn listed(store: &dyn Store, tenant: u64, selection: ApprovalSelection, now: u32) -> Vec<ApprovalRequest> {
    all_items(2, |page| read(store, move |view| view.approvals(&scope(tenant), &selection, time(now), page)))
}

fn all(store: &dyn Store, tenant: u64) -> Vec<ApprovalRequest> {
    listed(store, tenant, ApprovalSelection::default(), 50)
}

/// With all that is known of it; of a decision only the end and what was decided are taken.
pub fn z4_a_request_is_read_back_as_it_was_added_and_as_it_was_decided(make: &StoreFactory) {
    let fixture = prepared(make);
    let store = &*fixture.adapter;
    let full = ApprovalRequest {
        purpose: Purpose::parse("DUO:0000006").ok(),
        asker: Asker([7; 16]),
        caller_kind: Some(CallerKind::Guest),
        hub: Some(HubId::from_bytes([7; 16])),
        extent: Threshold::parse(0.25)
            .ok()
            .zip(ContextSize::parse(2).ok())
            .map(|(threshold, context)| Extent { limit: 50, threshold, context }),
        prompt_kept: true,
        characters: 50_000,
        ..request(1)
    };
    let added = full.clone();
    commit(store, move |tx| {
        tx.add_approval(&write_scope(1), &added, Some(&Sealed::from_bytes(vec![0, 1, 0xff])))
    });
    add(store, 1, &[request(2)]);
    assert_eq!([find(store, 1, 1), find(store, 1, 2)], [Some(full.clone()), Some(request(2))]);
    assert_eq!(find(store, 1, 3), None);
    let other = ApprovalRequest { asked_at: time(90), ..decided(1, Verdict::Denied, 60) };
    commit(store, move |tx| tx.decide_approval(&write_scope(1), &other));
    let expected =
        ApprovalRequest { decided: decided(1, Verdict::Denied, 60).decided, ends_at: time(60), ..full };
    assert_eq!(find(store, 1, 1), Some(expected), "what was asked stays as it is");
    assert_conflict(store, "a decision on a request that is not there", |tx| {
        tx.decide_approval(&write_scope(1), &decided(3, Verdict::Approved, 60))
    });
    assert!(commit(store, |tx| tx.remove_approval(&write_scope(1), id(1))), "a request is removed");
    assert!(!commit(store, |tx| tx.remove_approval(&write_scope(1), id(1))), "none is removed twice");
    assert_eq!(all(store, 1), [request(2)]);
}

/// Another caller, endpoint, policy or question is another request's.
pub fn z4_a_question_of_a_caller_has_one_request_at_an_endpoint_under_a_policy(make: &StoreFactory) {
    let fixture = prepared(make);
    let store = &*fixture.adapter;
    add(store, 1, &[request(1)]);
    let key = request(1).key;
    assert_conflict(store, "a second request of a question", move |tx| {
        tx.add_approval(&write_scope(1), &ApprovalRequest { key, ..request(2) }, None)
    });
    assert_conflict(store, "a second request with an id", |tx| {
        tx.add_approval(&write_scope(1), &ApprovalRequest { id: id(1), ..request(2) }, None)
    });
    let others = [
        ApprovalKey { caller: caller(2), ..key },
        ApprovalKey { endpoint: endpoint_id(2), ..key },
        ApprovalKey { policy: policy_id(2), ..key },
        ApprovalKey { question: QuestionDigest([7; 32]), ..key },
    ];
    let of = |key: ApprovalKey| read(store, move |view| view.approval_of(&scope(1), &key));
    assert_eq!(of(key), Some(request(1)));
    for other in others {
        assert_eq!(of(other), None, "nobody else is let in by it: {other:?}");
    }
    let requests = (2..).zip(others).map(|(n, key)| ApprovalRequest { key, ..request(n) });
    let requests: Vec<_> = requests.collect();
    add(store, 1, &requests);
    for request in requests {
        assert_eq!(of(request.key), Some(request.clone()));
    }
}

/// At the very instant at which it ends a request has ended.
pub fn z4_requests_are_listed_as_they_stand_in_the_order_in_which_they_were_asked(make: &StoreFactory) {
    let fixture = prepared(make);
    let store = &*fixture.adapter;
    let elsewhere = ApprovalKey { endpoint: endpoint_id(2), caller: caller(2), ..request(5).key };
    let rows = [
        request(1),
        decided(2, Verdict::Approved, 50),
        decided(3, Verdict::Denied, 70),
        decided(4, Verdict::Approved, 70),
        ApprovalRequest { key: elsewhere, ..request(5) },
    ];
    let [first, second, third, fourth, fifth] = rows.clone();
    add(store, 1, &[third, first, fifth, second, fourth]);
    let numbers =
        |selection: ApprovalSelection, now| -> Vec<ApprovalRequest> { listed(store, 1, selection, now) };
    let of = |state| ApprovalSelection { state: Some(state), ..ApprovalSelection::default() };
    let expect = |found: Vec<ApprovalRequest>, expected: &[usize], what: &str| {
        let expected: Vec<_> = expected.iter().filter_map(|n| rows.get(n - 1).cloned()).collect();
        assert_eq!(found, expected, "{what}");
    };
    expect(all(store, 1), &[1, 2, 3, 4, 5], "all of them, in the order of their ids");
    expect(numbers(of(ApprovalState::Pending), 99), &[1, 5], "those that wait");
    expect(numbers(of(ApprovalState::Pending), 100), &[], "and wait no more");
    expect(numbers(of(ApprovalState::Approved), 49), &[2, 4], "those that were approved");
    expect(numbers(of(ApprovalState::Approved), 50), &[4], "and are good no more at that very instant");
    expect(numbers(of(ApprovalState::Denied), 50), &[3], "those that were denied");
    expect(numbers(of(ApprovalState::Ended), 50), &[2], "those that have ended");
    expect(numbers(of(ApprovalState::Ended), 100), &[1, 2, 3, 4, 5], "all of them in the end");
    let here = ApprovalSelection { endpoint: Some(endpoint_id(2)), ..ApprovalSelection::default() };
    expect(numbers(here, 50), &[5], "those at an endpoint");
    let theirs = ApprovalSelection { caller: Some(caller(1)), ..of(ApprovalState::Pending) };
    expect(numbers(theirs, 50), &[1], "those of a caller that wait");
}

fn place(endpoint: u64, policy: u64, asker: u64) -> ApprovalPlace {
    ApprovalPlace {
        endpoint: endpoint_id(endpoint),
        policy: policy_id(policy),
        asker: Asker::from(caller(asker)),
    }
}

/// However the request goes.
pub fn z4_a_text_is_read_back_and_goes_with_its_request(make: &StoreFactory) {
    let fixture = prepared(make);
    let store = &*fixture.adapter;
    let text = |n| Sealed::from_bytes(vec![0, n, 0xff]);
    let kept = |n| ApprovalRequest { prompt_kept: true, ..request(n) };
    let add_all = || {
        commit(store, move |tx| {
            (1..=4).try_for_each(|n| tx.add_approval(&write_scope(1), &kept(n), Some(&text(n))))
        });
    };
    let texts = || [1, 2, 3, 4].map(|n| read(store, move |view| view.approval_prompt(&scope(1), id(n))));
    add_all();
    add(store, 1, &[request(5)]);
    assert_eq!(texts(), [1, 2, 3, 4].map(|n| Some(text(n))));
    assert_eq!(read(store, |view| view.approval_prompt(&scope(1), id(5))), None, "no text is kept of it");
    commit(store, |tx| tx.decide_approval(&write_scope(1), &decided(1, Verdict::Denied, 20)));
    commit(store, |tx| tx.remove_approval(&write_scope(1), id(2)));
    assert_eq!(texts(), [Some(text(1)), None, Some(text(3)), Some(text(4))]);
    commit(store, |tx| tx.remove_ended_approvals(&write_scope(1), time(20), 9));
    assert_eq!(texts(), [None, None, Some(text(3)), Some(text(4))]);
    commit(store, |tx| tx.remove_approvals_of(&write_scope(1), ApprovalsOf::Policy(policy_id(1)), 9));
    assert_eq!(texts(), [None, None, None, None]);
}

/// Of what was decided all is counted, and nothing waits.
pub fn z4_how_many_wait_is_counted_by_asker_and_endpoint_and_in_all(make: &StoreFactory) {
    let fixture = prepared(make);
    let store = &*fixture.adapter;
    let other = |n: u8, endpoint, policy, of| {
        let key =
            ApprovalKey { endpoint: endpoint_id(endpoint), policy: policy_id(policy), ..request(n).key };
        ApprovalRequest { key, asker: Asker::from(caller(of)), ..request(n) }
    };
    add(
        store,
        1,
        &[
            request(1),
            request(2),
            decided(3, Verdict::Approved, 70),
            other(4, 2, 1, 1),
            other(5, 1, 1, 2),
            other(6, 1, 2, 1),
        ],
    );
    let usage = |place| read(store, move |view| view.approval_usage(&scope(1), &place));
    let counted = |usage: ApprovalUsage| {
        let ApprovalUsage { pending_of_caller_here, pending_of_caller, all_of_caller, .. } = usage;
        let (ApprovalUsage { pending_at_endpoint, pending, all, .. }, first_end) = (usage, usage.first_end);
        assert_eq!((pending, all), (5, 6));
        assert_eq!(first_end, Some(time(70)));
        [pending_of_caller_here, pending_of_caller, all_of_caller, pending_at_endpoint]
    };
    for (endpoint, policy, of, expected) in [
        (1, 1, 1, [2, 4, 5, 4]),
        (2, 1, 1, [1, 4, 5, 1]),
        (1, 2, 1, [1, 4, 5, 4]),
        (1, 1, 2, [1, 1, 1, 4]),
        (2, 2, 2, [0, 1, 1, 1]),
        (2, 2, 3, [0, 0, 0, 1]),
    ] {
        assert_eq!(
            counted(usage(place(endpoint, policy, of))),
            expected,
            "asker {of} at endpoint {endpoint} under policy {policy}"
        );
    }
    // However they go, and whatever becomes of them.
    commit(store, |tx| tx.decide_approval(&write_scope(1), &decided(1, Verdict::Denied, 60)));
    commit(store, |tx| tx.remove_approvals_of(&write_scope(1), ApprovalsOf::Policy(policy_id(2)), 9));
    commit(store, |tx| tx.remove_approval(&write_scope(1), id(2)));
    let left = usage(place(1, 1, 1));
    assert_eq!((left.pending_of_caller, left.pending, left.all, left.first_end), (1, 2, 4, Some(time(60))));
    commit(store, |tx| tx.remove_approvals_of(&write_scope(1), ApprovalsOf::Endpoint(endpoint_id(1)), 9));
    assert_eq!((usage(place(1, 1, 1)).pending, usage(place(1, 1, 1)).all), (1, 1));
    commit(store, |tx| tx.remove_ended_approvals(&write_scope(1), time(100), 9));
    assert_eq!(usage(place(1, 1, 1)), ApprovalUsage::default());
}

/// What has not ended stays.
pub fn z4_what_has_ended_is_removed_the_earliest_first_and_so_many_at_most(make: &StoreFactory) {
    let fixture = prepared(make);
    let store = &*fixture.adapter;
    let ends = |n, seconds| ApprovalRequest { ends_at: time(seconds), ..request(n) };
    add(store, 1, &[ends(1, 40), ends(2, 20), ends(3, 30), ends(4, 41), decided(5, Verdict::Approved, 10)]);
    let sweep =
        |now, most| commit(store, move |tx| tx.remove_ended_approvals(&write_scope(1), time(now), most));
    assert_eq!(sweep(40, 2), 2);
    assert_eq!(all(store, 1), [ends(1, 40), ends(3, 30), ends(4, 41)], "the earliest went first");
    assert_eq!([sweep(40, 9), sweep(40, 9)], [2, 0]);
    assert_eq!(all(store, 1), [ends(4, 41)], "what has not ended stays");
}

/// What waits waits on, and what others demand is theirs.
pub fn z4_what_was_decided_is_shortened_and_never_lengthened_so_many_at_most(make: &StoreFactory) {
    let fixture = prepared(make);
    let store = &*fixture.adapter;
    let other = ApprovalKey { policy: policy_id(2), ..request(5).key };
    let rows = [
        request(1),
        decided(2, Verdict::Approved, 70),
        decided(3, Verdict::Denied, 70),
        decided(4, Verdict::Approved, 50),
        ApprovalRequest { key: other, ..decided(5, Verdict::Approved, 70) },
    ];
    add(store, 1, &rows);
    add(store, 2, &rows);
    let shorten = |seconds, most| {
        let valid_for = Duration::from_secs(seconds);
        commit(store, move |tx| tx.shorten_approvals(&write_scope(1), policy_id(1), valid_for, most))
    };
    let ends = |tenant| all(store, tenant).iter().map(|request| request.ends_at).collect::<Vec<_>>();
    assert_eq!(shorten(50, 9), 0, "none is good for longer than that");
    // They were decided in second 20.
    assert_eq!([shorten(30, 1), shorten(30, 9), shorten(30, 9)], [1, 1, 0]);
    assert_eq!(ends(1), [100, 50, 50, 50, 70].map(time));
    assert_eq!(shorten(40, 9), 0, "nothing is lengthened");
    assert_eq!(shorten(10, 9), 3);
    assert_eq!(ends(1), [100, 30, 30, 30, 70].map(time));
    assert_eq!(ends(2), [100, 70, 70, 50, 70].map(time), "another tenant's stay");
    let first_end = read(store, |view| view.approval_usage(&scope(1), &place(1, 1, 1))).first_end;
    assert_eq!(first_end, Some(time(30)));
}

/// Those at others, and under others, stay.
pub fn z4_requests_outlive_what_they_go_with_and_none_is_made_behind_it(make: &StoreFactory) {
    let fixture = prepared(make);
    let store = &*fixture.adapter;
    let of = |n: u8, endpoint, policy| {
        let key =
            ApprovalKey { endpoint: endpoint_id(endpoint), policy: policy_id(policy), ..request(n).key };
        ApprovalRequest { key, ..request(n) }
    };
    add(store, 1, &[of(1, 1, 1), of(2, 2, 1), of(3, 1, 2), of(4, 2, 2)]);
    commit(store, |tx| tx.remove_endpoint(&write_scope(1), endpoint_id(1)));
    commit(store, |tx| tx.remove_policy(&write_scope(1), policy_id(1)));
    assert_eq!(all(store, 1), [of(1, 1, 1), of(2, 2, 1), of(3, 1, 2), of(4, 2, 2)]);
    commit(store, |tx| tx.remove_approvals_of(&write_scope(1), ApprovalsOf::Policy(policy_id(1)), 9));
    commit(store, |tx| tx.remove_approvals_of(&write_scope(1), ApprovalsOf::Endpoint(endpoint_id(1)), 9));
    assert_eq!(all(store, 1), [of(4, 2, 2)], "what is gone still names its requests");
    assert_conflict(store, "a request at an endpoint that is not there", move |tx| {
        tx.add_approval(&write_scope(1), &of(5, 1, 2), None)
    });
    assert_conflict(store, "a request under a policy that is not there", move |tx| {
        tx.add_approval(&write_scope(1), &of(5, 2, 1), None)
    });
}

/// Those at others, under others and of others stay.
pub fn z4_requests_of_an_endpoint_a_policy_or_a_caller_are_removed_so_many_at_most(make: &StoreFactory) {
    let fixture = prepared(make);
    let store = &*fixture.adapter;
    let of = |n: u8, endpoint, policy, who| {
        let key = ApprovalKey {
            endpoint: endpoint_id(endpoint),
            policy: policy_id(policy),
            caller: caller(who),
            ..request(n).key
        };
        ApprovalRequest { key, ..request(n) }
    };
    let left = of(9, 2, 2, 2);
    for gone in [
        ApprovalsOf::Endpoint(endpoint_id(1)),
        ApprovalsOf::Policy(policy_id(1)),
        ApprovalsOf::Caller(caller(1)),
    ] {
        let rows = [1, 2, 3].map(|n| match gone {
            ApprovalsOf::Endpoint(_) => of(n, 1, 2, 2),
            ApprovalsOf::Policy(_) => of(n, 2, 1, 2),
            ApprovalsOf::Caller(_) => of(n, 2, 2, 1),
        });
        add(store, 1, &rows);
        add(store, 1, std::slice::from_ref(&left));
        add(store, 2, &rows);
        let remove = |most| commit(store, move |tx| tx.remove_approvals_of(&write_scope(1), gone, most));
        assert_eq!([remove(2), remove(2), remove(2)], [2, 1, 0], "{gone:?}");
        assert_eq!(all(store, 1), std::slice::from_ref(&left), "{gone:?}");
        assert_eq!(all(store, 2).len(), 3, "another tenant's stay");
        commit(store, move |tx| tx.remove_approvals_of(&write_scope(2), gone, 9));
        commit(store, |tx| tx.remove_approval(&write_scope(1), id(9)));
    }
}

/// Nor is it decided or removed from another.
pub fn z1_a_request_is_known_in_its_own_tenant_only(make: &StoreFactory) {
    let fixture = prepared(make);
    let store = &*fixture.adapter;
    add(store, 1, &[request(1)]);
    assert_eq!((find(store, 2, 1), all(store, 2)), (None, vec![]));
    assert_eq!(read(store, |view| view.approval_of(&scope(2), &request(1).key)), None);
    let usage = read(store, |view| view.approval_usage(&scope(2), &place(1, 1, 1)));
    assert_eq!(usage, ApprovalUsage::default());
    assert!(!commit(store, |tx| tx.remove_approval(&write_scope(2), id(1))), "nothing is removed");
    assert_conflict(store, "a decision in another tenant", |tx| {
        tx.decide_approval(&write_scope(2), &decided(1, Verdict::Approved, 70))
    });
    add(store, 2, &[request(1)]);
    commit(store, |tx| tx.decide_approval(&write_scope(2), &decided(1, Verdict::Approved, 70)));
    assert_eq!(find(store, 1, 1), Some(request(1)), "another tenant's decision is another's");
    commit(store, |tx| tx.remove_approval(&write_scope(2), id(1)));
    assert_eq!(find(store, 1, 1), Some(request(1)), "another tenant's request is another's");
    assert_conflict(store, "a request in a tenant that is not there", |tx| {
        tx.add_approval(&write_scope(4), &request(2), None)
    });
}

/// However long ago.
pub fn z1_what_has_ended_in_another_tenant_stays(make: &StoreFactory) {
    let fixture = prepared(make);
    let store = &*fixture.adapter;
    for tenant in [1, 2] {
        add(store, tenant, &[request(1)]);
    }
    commit(store, |tx| tx.remove_ended_approvals(&write_scope(2), time(200), 9));
    assert_eq!((all(store, 1), all(store, 2)), (vec![request(1)], vec![]));
}

/// Of the same policy and caller.
pub fn z1_what_is_shortened_or_removed_at_once_is_so_in_its_own_tenant_only(make: &StoreFactory) {
    let fixture = prepared(make);
    let store = &*fixture.adapter;
    let row = decided(1, Verdict::Approved, 70);
    for tenant in [1, 2] {
        add(store, tenant, std::slice::from_ref(&row));
    }
    let span = Duration::from_secs(1);
    commit(store, move |tx| tx.shorten_approvals(&write_scope(2), policy_id(1), span, 9));
    assert_eq!(all(store, 1), std::slice::from_ref(&row), "nothing is shortened");
    commit(store, |tx| tx.remove_approvals_of(&write_scope(2), ApprovalsOf::Policy(policy_id(1)), 9));
    assert_eq!((all(store, 1), all(store, 2)), (vec![row], vec![]), "nothing is removed");
}

/// Whatever its id.
pub fn z1_a_text_is_read_in_its_own_tenant_only(make: &StoreFactory) {
    let fixture = prepared(make);
    let store = &*fixture.adapter;
    let kept = ApprovalRequest { prompt_kept: true, ..request(1) };
    let text = Sealed::from_bytes(vec![1, 2, 3]);
    commit(store, move |tx| tx.add_approval(&write_scope(1), &kept, Some(&text)));
    assert_eq!(read(store, |view| view.approval_prompt(&scope(2), id(1))), None);
}
