//! The suite of `PrivacyView` and `PrivacyRows`: what is held about a person, and is found by their account or their address, and
//! erased.

use syft_space_domain::access::Role;
use syft_space_domain::audit::ports::{EventFilter, LogWriteScope};
use syft_space_domain::audit::{Action, Log, Person};
use syft_space_domain::identity::oidc::{SessionAtProvider, Subject};
use syft_space_domain::identity::{LoginKey, LoginRecord};
use syft_space_domain::ids::{ActorId, ApiKeyId};
use syft_space_domain::page::PageRequest;
use syft_space_domain::policy::ports::Disclosed;
use syft_space_domain::privacy::{ErasedPerson, ErasedRows, Erasure, ErasureBy, ErasureReport};
use syft_space_domain::secret::TokenHash;
use syft_space_domain::store::Store;
use syft_space_domain::tenant::OperatorScope;

use crate::check::{Check, checks, run_all};
use crate::fixture::StoreFactory;
use crate::run::{all_items, commit, read, seeded_store};
use crate::sample::{
    account, account_id, email, event, group, group_id, issuer_of, log_write_scope, numbered_email,
    oidc_provider, oidc_provider_id, password_reset, policy_id, scope, session, session_id, tenant_id, time,
    write_scope,
};

/// Every promise of [`PrivacyView`](syft_space_domain::privacy::ports::PrivacyView).
pub const CHECKS: &[Check<StoreFactory>] = checks![
    g1_whom_issuers_mean_by_an_account_is_found_by_it,
    g1_which_sessions_of_an_account_providers_began_is_found_by_it,
    g1_resets_are_found_by_whom_they_are_for_and_by_who_made_them,
    g1_the_groups_of_an_address_are_found,
    g1_logins_are_found_by_their_key_from_wherever_they_were,
    z1_what_is_held_about_a_person_is_found_in_their_tenant_alone,
    g2_an_erasure_is_kept_as_it_is_and_found_until_it_has_ended,
    g2_erasures_come_in_pages,
    g2_what_an_event_knows_of_a_person_is_erased_and_the_event_stays,
    g2_logins_and_what_was_shown_go_in_portions,
    z1_what_is_erased_is_of_ones_own_tenant_alone,
];

/// Checks every promise.
pub fn suite(make: &StoreFactory) {
    run_all("the store of what is held about people", CHECKS, make);
}

fn subject(text: &str) -> Subject {
    Subject::parse(text).expect("a valid subject")
}

/// In each of the tenants: the accounts 1 and 2, both known to issuers, with sessions that providers began; resets; and groups.
fn seed(store: &dyn Store, tenants: &'static [u64]) {
    commit(store, move |tx| {
        for tenant in tenants {
            let scope = write_scope(*tenant);
            tx.add_oidc_provider(&scope, &oidc_provider(*tenant, 1))?;
            for n in [1, 2, 3] {
                tx.add_account(&scope, &account(*tenant, n, Role::User))?;
            }
            for (issuer, name, of) in [(2, "ada", 1), (1, "lovelace", 1), (1, "bob", 2), (1, "ada", 1)] {
                tx.add_oidc_identity(&scope, &issuer_of(issuer), &subject(name), account_id(of))?;
            }
            for (n, of, sid) in [(1, 1, Some("s1")), (2, 2, None), (3, 1, None)] {
                tx.add_session(&scope, &session(*tenant, n, of))?;
                let at = SessionAtProvider {
                    provider: oidc_provider_id(1),
                    subject: subject("ada"),
                    sid: sid.map(subject),
                };
                tx.add_oidc_session(&scope, account_id(of), session_id(n), &at)?;
            }
            tx.put_password_reset(&scope, &password_reset(*tenant, 1, Some(3)))?;
            tx.put_password_reset(&scope, &password_reset(*tenant, 2, Some(1)))?;
            tx.put_password_reset(&scope, &password_reset(*tenant, 3, None))?;
            for (n, members) in [(1, &[1, 2][..]), (2, &[2]), (3, &[1])] {
                tx.add_group(&scope, &group(n))?;
                let members: Vec<_> = members.iter().map(|n| numbered_email(*n)).collect();
                tx.add_group_members(&scope, group_id(n), &members, time(20))?;
            }
        }
        Ok(())
    });
}

/// All of them, in the order of issuers and subjects, and nobody else's.
pub fn g1_whom_issuers_mean_by_an_account_is_found_by_it(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    seed(store, &[1]);
    let of = |n| read(store, move |view| view.oidc_identities_of(&scope(1), account_id(n)));
    let expected =
        [(1, "ada"), (1, "lovelace"), (2, "ada")].map(|(issuer, name)| (issuer_of(issuer), subject(name)));
    assert_eq!(of(1), expected, "all whom issuers mean, in order");
    assert_eq!(of(2), [(issuer_of(1), subject("bob"))], "each account its own");
    assert_eq!(of(3), [], "and none where there is none");
}

/// With whom the provider means, and in which of its own sessions.
pub fn g1_which_sessions_of_an_account_providers_began_is_found_by_it(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    seed(store, &[1]);
    let at = |sid: Option<&str>| SessionAtProvider {
        provider: oidc_provider_id(1),
        subject: subject("ada"),
        sid: sid.map(subject),
    };
    let of = |n| read(store, move |view| view.oidc_sessions_of(&scope(1), account_id(n)));
    assert_eq!(
        of(1),
        [(session_id(1), at(Some("s1"))), (session_id(3), at(None))],
        "each as it is, in order"
    );
    assert_eq!(of(3), [], "and none where there is none");
}

/// Whoever it is, and nobody else's.
pub fn g1_resets_are_found_by_whom_they_are_for_and_by_who_made_them(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    seed(store, &[1]);
    let of = |n| read(store, move |view| view.password_resets_of(&scope(1), account_id(n)));
    let (own, made) = (password_reset(1, 1, Some(3)), password_reset(1, 2, Some(1)));
    assert_eq!(of(1), [own.clone(), made.clone()], "one's own and those that one made, in order");
    assert_eq!(of(2), [made], "one's own");
    assert_eq!(of(3), [own, password_reset(1, 3, None)], "and nobody's is the operator's");
}

/// In the order of their ids, with since when.
pub fn g1_the_groups_of_an_address_are_found(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    seed(store, &[1]);
    let of = |n| read(store, move |view| view.groups_of(&scope(1), &numbered_email(n)));
    assert_eq!(of(1), [(group_id(1), time(20)), (group_id(3), time(20))], "each, in order");
    assert_eq!(of(2), [(group_id(1), time(20)), (group_id(2), time(20))], "each, in order");
    assert_eq!(of(3), [], "and none of an address that is in none");
}

/// Beginning with what is of no address.
pub fn g1_logins_are_found_by_their_key_from_wherever_they_were(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    let record = |n, address: Option<&str>| LoginRecord {
        account: LoginKey::of(None, &email(n)),
        address: address.map(|text| text.parse().expect("an address")),
        guesses_until: time(30),
        logged_in_at: address.map(|_| time(10)),
    };
    let known = [record(1, None), record(1, Some("192.0.2.1")), record(1, Some("2001:db8:1:2::"))];
    for record in known.clone().into_iter().rev().chain([record(2, Some("192.0.2.1"))]) {
        commit(store, move |tx| tx.put_login_record(&record));
    }
    let of = |n| read(store, move |view| view.login_records(&LoginKey::of(None, &email(n))));
    assert_eq!(of(1), known, "all under a key, and nothing under another");
    assert_eq!(of(3), [], "and none where there is none");
}

/// Things of equal ids and addresses in another tenant are that one's.
pub fn z1_what_is_held_about_a_person_is_found_in_their_tenant_alone(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    seed(store, &[2, 3]);
    let found = |tenant| {
        read(store, move |view| {
            let scope = scope(tenant);
            Ok((
                view.oidc_identities_of(&scope, account_id(1))?.len(),
                view.oidc_sessions_of(&scope, account_id(1))?.len(),
                view.password_resets_of(&scope, account_id(1))?.len(),
                view.groups_of(&scope, &numbered_email(1))?.len(),
            ))
        })
    };
    assert_eq!(found(1), (0, 0, 0, 0), "of another tenant's nothing is found");
    assert_eq!(found(2), (3, 2, 2, 2), "and of one's own each once");
}

/// An erasure of an account, which has begun, or has ended.
fn erasure(n: u64, has_ended: bool) -> Erasure {
    let person = ErasedPerson {
        email: email(n),
        generation: 3,
        keys: vec![ApiKeyId::from_bytes([7; 16])],
        last_seq: 12,
    };
    let erased = ErasedRows { accounts: 1, events: n, ..ErasedRows::default() };
    Erasure {
        account: account_id(n),
        asked_by: if has_ended { ErasureBy::Owner } else { ErasureBy::Person },
        asked_at: time(10),
        due_at: time(90),
        person: (!has_ended).then_some(person),
        ended_at: has_ended.then(|| time(50)),
        report: ErasureReport { erased, policies: vec![policy_id(1)], expectations: Vec::new() },
        token: (n == 1).then_some(TokenHash([9; 32])),
    }
}

fn put(store: &dyn Store, tenant: u64, n: u64, has_ended: bool) {
    commit(store, move |tx| tx.put_erasure(&write_scope(tenant), &erasure(n, has_ended)));
}

/// The last that was kept of an account counts, whether it is there or not.
pub fn g2_an_erasure_is_kept_as_it_is_and_found_until_it_has_ended(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    let unfinished =
        |most| read(store, move |view| view.unfinished_erasures(&OperatorScope::at_startup(), most));
    let find = |n| read(store, move |view| view.erasure(&scope(1), account_id(n)));
    assert_eq!((find(1), unfinished(9)), (None, vec![]), "there is none");
    for (tenant, n) in [(2, 1), (1, 2), (1, 1)] {
        put(store, tenant, n, false);
    }
    assert_eq!(find(1), Some(erasure(1, false)), "as it is kept");
    let all = [(tenant_id(1), account_id(1)), (tenant_id(1), account_id(2)), (tenant_id(2), account_id(1))];
    assert_eq!(unfinished(9), all, "those of all tenants, in order");
    assert_eq!(unfinished(2), &all[..2], "and no more than are asked for");
    let removed = Erasure { ended_at: None, ..erasure(1, true) };
    let kept = removed.clone();
    commit(store, move |tx| tx.put_erasure(&write_scope(1), &kept));
    assert_eq!(
        (find(1), unfinished(9)),
        (Some(removed), all.to_vec()),
        "one may name nobody and not have ended"
    );
    put(store, 1, 1, true);
    assert_eq!(find(1), Some(erasure(1, true)), "the last counts, and names nobody");
    assert_eq!(unfinished(9), &all[1..], "one that has ended is not looked for");
}

/// In the order of the accounts.
pub fn g2_erasures_come_in_pages(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    for n in [3, 1, 2] {
        put(store, 1, n, n == 2);
    }
    let listed = all_items(2, |page| read(store, move |view| view.erasures(&scope(1), page)));
    assert_eq!(listed, [1, 2, 3].map(|n| erasure(n, n == 2)), "all of them, in order");
}

/// Its commitment, and all of it that names nobody; and what others know stays.
pub fn g2_what_an_event_knows_of_a_person_is_erased_and_the_event_stays(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    let record = |log: Log, n: u64| {
        let event = event(log, Action::AuthnLoginFail).about(email(n));
        assert_eq!(store.record(event).wait(), Ok(()), "an event is recorded");
    };
    for n in [1, 2, 3] {
        record(Log::Tenant(tenant_id(1)), n);
        record(Log::Installation, n);
    }
    let events = |of_tenant: bool| {
        let (filter, page) = (EventFilter::default(), PageRequest::default());
        let found = read(store, move |view| match of_tenant {
            true => view.events(&scope(1), &filter, page),
            false => view.installation_events(&OperatorScope::at_startup(), &filter, page),
        });
        found.events.items
    };
    for of_tenant in [true, false] {
        let before = events(of_tenant);
        let meant: Vec<u64> = before.iter().skip(1).take(2).map(|event| event.seq).collect();
        let numbers = [meant.clone(), vec![9_999]].concat();
        let erase = || {
            let numbers = numbers.clone();
            commit(store, move |tx| {
                let log = match of_tenant {
                    true => log_write_scope(1),
                    false => LogWriteScope::assume(Log::Installation, "a conformance suite plays the space"),
                };
                tx.erase_persons(&log, &numbers)
            })
        };
        assert_eq!(erase(), 2, "of so many events there was something");
        assert_eq!(erase(), 0, "and of none any more");
        let after = events(of_tenant);
        for was in &before {
            let is = after.iter().find(|event| event.seq == was.seq).expect("the event stays");
            let mut expected = was.clone();
            if meant.contains(&was.seq) {
                expected.event.person = Person::default();
                expected.event.salt = [0; 16];
            }
            assert_eq!(is, &expected, "all but what it knew of a person is as it was");
        }
    }
}

/// So many at a time, and nobody else's.
pub fn g2_logins_and_what_was_shown_go_in_portions(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    let caller = |n| ActorId::from(account_id(n));
    commit(store, move |tx| {
        for n in [1, 2] {
            for address in ["192.0.2.1", "192.0.2.2", "192.0.2.3"] {
                tx.put_login_record(&LoginRecord {
                    account: LoginKey::of(None, &email(n)),
                    address: Some(address.parse().expect("an address")),
                    guesses_until: time(30),
                    logged_in_at: Some(time(10)),
                })?;
            }
            for policy in [2, 1] {
                let shown =
                    [1, 2, 3].map(|item| Disclosed { item: [item; 16], shown_at: time(20), amount: 1 });
                tx.disclose(&write_scope(1), policy_id(policy), caller(n), &shown, time(0))?;
            }
        }
        Ok(())
    });
    let under = |n| read(store, move |view| view.disclosed_under(&scope(1), caller(n)));
    assert_eq!(under(1), [policy_id(1), policy_id(2)], "under whichever policy, in order");
    assert_eq!(under(3), [], "and under none where there is nothing");
    let logins = || commit(store, |tx| tx.remove_login_records(&LoginKey::of(None, &email(1)), 2));
    assert_eq!([logins(), logins(), logins()], [2, 1, 0], "no more than is said, until none is left");
    let shown =
        || commit(store, move |tx| tx.remove_disclosures(&write_scope(1), policy_id(1), caller(1), 2));
    assert_eq!([shown(), shown(), shown()], [2, 1, 0], "no more than is said, until none is left");
    assert_eq!(under(1), [policy_id(2)], "under the other policy all is there");
    assert_eq!(under(2), [policy_id(1), policy_id(2)], "and of others");
    let left = read(store, |view| view.login_records(&LoginKey::of(None, &email(2))));
    assert_eq!(left.len(), 3, "and their logins");
}

/// Things of equal ids in another tenant are that one's.
pub fn z1_what_is_erased_is_of_ones_own_tenant_alone(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    let caller = ActorId::from(account_id(1));
    for tenant in [1, 2, 3] {
        let event = event(Log::Tenant(tenant_id(tenant)), Action::AuthnLoginFail).about(email(1));
        assert_eq!(store.record(event).wait(), Ok(()), "an event is recorded");
    }
    for tenant in [2, 3] {
        put(store, tenant, 1, false);
        commit(store, move |tx| {
            let shown = [Disclosed { item: [1; 16], shown_at: time(20), amount: 1 }];
            tx.disclose(&write_scope(tenant), policy_id(1), caller, &shown, time(0))
        });
    }
    let found = |tenant| {
        read(store, move |view| {
            let scope = scope(tenant);
            let page = PageRequest::default();
            let events = view.events(&scope, &EventFilter::default(), PageRequest::default())?.events.items;
            Ok((
                view.erasure(&scope, account_id(1))?.is_some(),
                view.erasures(&scope, page)?.items.len(),
                view.disclosed_under(&scope, caller)?.len(),
                events.iter().filter(|event| event.event.person.email.is_some()).count(),
            ))
        })
    };
    assert_eq!(found(1), (false, 0, 0, 1), "of another tenant's nothing is found");
    commit(store, move |tx| {
        tx.remove_disclosures(&write_scope(1), policy_id(1), caller, 9)?;
        let numbers: Vec<u64> = (1..=20).collect();
        tx.erase_persons(&log_write_scope(1), &numbers)
    });
    assert_eq!(found(1), (false, 0, 0, 0), "one's own goes");
    assert_eq!(found(2), (true, 1, 1, 1), "and of another tenant's nothing");
}
