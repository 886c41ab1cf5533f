//! The suite of `PrivacyView`: what is held about a person, and is found by their account or their address.

use syft_space_domain::access::Role;
use syft_space_domain::identity::oidc::{SessionAtProvider, Subject};
use syft_space_domain::identity::{LoginKey, LoginRecord};
use syft_space_domain::store::Store;

use crate::check::{Check, checks, run_all};
use crate::fixture::StoreFactory;
use crate::run::{commit, read, seeded_store};
use crate::sample::{
    account, account_id, email, group, group_id, issuer_of, numbered_email, oidc_provider, oidc_provider_id,
    password_reset, scope, session, session_id, time, write_scope,
};

/// Every promise of [`PrivacyView`](syft_space_domain::privacy::ports::PrivacyView).
pub const CHECKS: &[Check<StoreFactory>] = checks![
    g1_whom_issuers_mean_by_an_account_is_found_by_it,
    g1_which_sessions_of_an_account_providers_began_is_found_by_it,
    g1_resets_are_found_by_whom_they_are_for_and_by_who_made_them,
    g1_the_groups_of_an_address_are_found,
    g1_logins_are_found_by_their_key_from_wherever_they_were,
    z1_what_is_held_about_a_person_is_found_in_their_tenant_alone,
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
    assert_eq!(of(1), [(session_id(1), at(Some("s1"))), (session_id(3), at(None))], "each as it is, in order");
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
