//! The suite of `OidcView` and `OidcRows`: identity providers, whom they mean, and the sessions that they began.

use syft_space_domain::access::Role;
use syft_space_domain::identity::oidc::{OidcProvider, SessionAtProvider, Subject};
use syft_space_domain::identity::{Account, Invitation};
use syft_space_domain::ids::{AccountId, SessionId};
use syft_space_domain::store::Store;

use crate::check::{Check, checks, run_all};
use crate::fixture::{Fixture, StoreFactory};
use crate::run::{assert_conflict, commit, read, seeded_store, submit};
use crate::sample::{
    account, account_id, email, invitation, invitation_id, issuer_of, oidc_provider, oidc_provider_id, scope,
    session, session_id, write_scope,
};

/// Every promise of [`OidcView`](syft_space_domain::identity::oidc::ports::OidcView) and `OidcRows`.
pub const CHECKS: &[Check<StoreFactory>] = checks![
    a1_an_account_may_have_no_password,
    a1_providers_are_kept_whole_and_listed_by_name,
    a1_a_provider_is_one_by_id_name_and_issuer,
    a1_whose_an_account_is_an_issuer_and_its_subject_say_together,
    a1_whom_issuers_mean_by_an_account_is_removed,
    a1_the_sessions_of_a_provider_are_found_by_whom_it_means,
    a1_what_a_provider_began_is_forgotten_with_it,
    a1_the_invitations_of_an_address_are_found,
    z1_a_provider_is_its_tenants_alone,
];

/// Checks every promise.
pub fn suite(make: &StoreFactory) {
    run_all("the store of identity providers", CHECKS, make);
}

fn subject(text: &str) -> Subject {
    Subject::parse(text).expect("a valid subject")
}

fn providers(store: &dyn Store, tenant: u64) -> Vec<OidcProvider> {
    read(store, move |view| view.oidc_providers(&scope(tenant)))
}

fn add(store: &dyn Store, tenant: u64, provider: OidcProvider) {
    commit(store, move |tx| tx.add_oidc_provider(&write_scope(tenant), &provider));
}

fn of(store: &dyn Store, tenant: u64, issuer: u64, text: &'static str) -> Option<AccountId> {
    read(store, move |view| view.oidc_account(&scope(tenant), &issuer_of(issuer), &subject(text)))
}

fn begun(
    store: &dyn Store,
    tenant: u64,
    provider: u64,
    (of, sid): (Option<&'static str>, Option<&'static str>),
) -> Vec<(AccountId, SessionId)> {
    read(store, move |view| {
        let (of, sid) = (of.map(subject), sid.map(subject));
        view.oidc_sessions(&scope(tenant), oidc_provider_id(provider), of.as_ref(), sid.as_ref())
    })
}

/// The providers 1 and 2, the accounts 1 and 2, and sessions of them, in the tenants 1 and 2. Of tenant 1 the sessions 1 to 3 are
/// of `ada`, at the provider 1 (1 and 2 by its session `s1`, `s2`) and 2 (`s1`), and 4 is of `bob` at the provider 1.
fn with_sessions(make: &StoreFactory) -> Fixture<dyn Store> {
    let fixture = seeded_store(make);
    commit(&*fixture.adapter, |tx| {
        for tenant in [1, 2] {
            let scope = write_scope(tenant);
            for n in [1, 2] {
                tx.add_account(&scope, &account(tenant, n, Role::User))?;
                tx.add_oidc_provider(&scope, &oidc_provider(tenant, n))?;
            }
            for (n, of, provider, text, sid) in [
                (1, 1, 1, "ada", Some("s1")),
                (2, 1, 1, "ada", Some("s2")),
                (3, 1, 2, "ada", Some("s1")),
                (4, 2, 1, "bob", None),
            ] {
                tx.add_session(&scope, &session(tenant, n, of))?;
                let at = SessionAtProvider {
                    provider: oidc_provider_id(provider),
                    subject: subject(text),
                    sid: sid.map(subject),
                };
                tx.add_oidc_session(&scope, account_id(of), session_id(n), &at)?;
            }
        }
        Ok(())
    });
    fixture
}

/// Until it is given one.
pub fn a1_an_account_may_have_no_password(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    commit(store, |tx| {
        let without = Account { password: None, ..account(1, 1, Role::User) };
        tx.add_account(&write_scope(1), &without)?;
        tx.add_account(&write_scope(1), &account(1, 2, Role::User))
    });
    let password = |n| {
        let found = read(store, move |view| view.account_by_email(&scope(1), &email(n)));
        found.expect("the account is there").password.map(|password| password.expose().to_owned())
    };
    let has_password = |n| {
        let found = read(store, move |view| view.member(&scope(1), account_id(n)));
        found.expect("the member is there").has_password
    };
    assert_eq!(password(1), None, "one that has none is not given one");
    assert!(!has_password(1) && has_password(2), "a member tells whether it has a password");
    assert!(password(2).is_some(), "another's is kept");
    let given = account(1, 2, Role::User).password;
    commit(store, move |tx| match &given {
        Some(given) => tx.set_password(&write_scope(1), account_id(1), given),
        None => Ok(()),
    });
    assert!(password(1).is_some() && has_password(1), "it may be given one later");
}

/// With all that was said of them.
pub fn a1_providers_are_kept_whole_and_listed_by_name(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    for n in [3, 1, 2] {
        add(store, 1, oidc_provider(1, n));
    }
    let expected = [1, 2, 3].map(|n| oidc_provider(1, n));
    assert_eq!(providers(store, 1), expected, "they come as they are, in the order of their names");
    assert!(
        commit(store, |tx| tx.remove_oidc_provider(&write_scope(1), oidc_provider_id(2))),
        "one is removed"
    );
    assert!(!commit(store, |tx| tx.remove_oidc_provider(&write_scope(1), oidc_provider_id(2))), "and once");
    assert_eq!(providers(store, 1).len(), 2, "the others stay");
}

/// In its tenant.
pub fn a1_a_provider_is_one_by_id_name_and_issuer(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    add(store, 1, oidc_provider(1, 1));
    let second = || oidc_provider(1, 2);
    for (what, other) in [
        ("an id", OidcProvider { id: oidc_provider_id(1), ..second() }),
        ("a name", OidcProvider { name: oidc_provider(1, 1).name, ..second() }),
        ("an issuer", OidcProvider { issuer: issuer_of(1), ..second() }),
    ] {
        assert_conflict(store, &format!("a second provider with {what}"), move |tx| {
            tx.add_oidc_provider(&write_scope(1), &other)
        });
    }
    add(store, 2, oidc_provider(2, 1));
    assert_eq!(providers(store, 2), [oidc_provider(2, 1)], "another tenant may believe the same one");
}

/// Byte for byte, until the account is removed; a provider that is removed and comes back means the same people.
pub fn a1_whose_an_account_is_an_issuer_and_its_subject_say_together(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    let note = |tenant: u64, issuer: u64, text: &'static str, of: u64| {
        submit(store, move |tx| {
            tx.add_oidc_identity(&write_scope(tenant), &issuer_of(issuer), &subject(text), account_id(of))
        })
        .wait()
    };
    commit(store, |tx| {
        for (tenant, n) in [(1, 1), (1, 2), (2, 1)] {
            tx.add_account(&write_scope(tenant), &account(tenant, n, Role::User))?;
        }
        Ok(())
    });
    for (tenant, issuer, of) in [(1, 1, 1), (1, 2, 2), (2, 1, 1)] {
        note(tenant, issuer, "ada", of).expect("it is a new one");
    }
    assert_eq!(of(store, 1, 1, "ada"), Some(account_id(1)), "an issuer means its own");
    assert_eq!(of(store, 1, 2, "ada"), Some(account_id(2)), "and another issuer its own");
    assert_eq!(of(store, 1, 3, "ada"), None, "and one that means nobody means nobody");
    for other in ["Ada", "ada ", "ad"] {
        assert_eq!(of(store, 1, 1, other), None, "{other:?} is another");
    }
    assert_conflict(store, "a second account of a subject", |tx| {
        tx.add_oidc_identity(&write_scope(1), &issuer_of(1), &subject("ada"), account_id(2))
    });
    assert_conflict(store, "an identity of nobody", |tx| {
        tx.add_oidc_identity(&write_scope(1), &issuer_of(1), &subject("eve"), account_id(9))
    });
    commit(store, |tx| {
        tx.remove_account(&write_scope(1), account_id(1))?;
        tx.add_account(&write_scope(1), &account(1, 1, Role::User))
    });
    assert_eq!(of(store, 1, 1, "ada"), None, "it ends with the account");
    assert_eq!(of(store, 2, 1, "ada"), Some(account_id(1)), "and another tenant's stays");
}

/// The account stays, and so do others'.
pub fn a1_whom_issuers_mean_by_an_account_is_removed(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    commit(store, |tx| {
        for (tenant, n) in [(1, 1), (1, 2), (2, 1)] {
            tx.add_account(&write_scope(tenant), &account(tenant, n, Role::User))?;
        }
        for (tenant, issuer, text, of) in
            [(1, 1, "ada", 1), (1, 2, "ada", 1), (1, 1, "bob", 2), (2, 1, "ada", 1)]
        {
            tx.add_oidc_identity(&write_scope(tenant), &issuer_of(issuer), &subject(text), account_id(of))?;
        }
        Ok(())
    });
    let remove = || commit(store, |tx| tx.remove_oidc_identities(&write_scope(1), account_id(1)));
    assert_eq!([remove(), remove()], [2, 0], "all of them, once");
    assert_eq!([of(store, 1, 1, "ada"), of(store, 1, 2, "ada")], [None, None], "they mean nobody");
    let others = [of(store, 1, 1, "bob"), of(store, 2, 1, "ada")];
    assert_eq!(others, [Some(account_id(2)), Some(account_id(1))], "those of others stay");
    let stays = read(store, |view| view.member(&scope(1), account_id(1)));
    assert!(stays.is_some(), "and so does the account");
}

/// All of them, of one subject, of one session of the provider's, or of both.
pub fn a1_the_sessions_of_a_provider_are_found_by_whom_it_means(make: &StoreFactory) {
    let fixture = with_sessions(make);
    let store = &*fixture.adapter;
    let ids = |of, sid| -> Vec<SessionId> {
        begun(store, 1, 1, (of, sid)).into_iter().map(|(_, session)| session).collect()
    };
    assert_eq!(ids(None, None), [1, 2, 4].map(session_id), "all that a provider began");
    assert_eq!(ids(Some("ada"), None), [1, 2].map(session_id), "those of a subject");
    assert_eq!(ids(None, Some("s1")), [session_id(1)], "that of one of its sessions");
    assert_eq!(ids(Some("ada"), Some("s2")), [session_id(2)], "that of both");
    assert_eq!(ids(Some("bob"), Some("s1")), [], "and none where they do not fit");
    let expected = [(account_id(2), session_id(4))];
    assert_eq!(begun(store, 1, 1, (Some("bob"), None)), expected, "each with its account");
    commit(store, |tx| tx.remove_session(&write_scope(1), account_id(1), session_id(1)));
    assert_eq!(ids(Some("ada"), None), [session_id(2)], "one that has ended is forgotten");
    commit(store, |tx| tx.remove_account(&write_scope(1), account_id(1)));
    assert_eq!(ids(None, None), [session_id(4)], "and those of an account that is removed");
    assert_conflict(store, "a session that is none", |tx| {
        let at = SessionAtProvider { provider: oidc_provider_id(1), subject: subject("ada"), sid: None };
        tx.add_oidc_session(&write_scope(1), account_id(2), session_id(9), &at)
    });
}

/// The sessions themselves stay, and so does whose the accounts are.
pub fn a1_what_a_provider_began_is_forgotten_with_it(make: &StoreFactory) {
    let fixture = with_sessions(make);
    let store = &*fixture.adapter;
    commit(store, |tx| {
        tx.add_oidc_identity(&write_scope(1), &issuer_of(1), &subject("ada"), account_id(1))?;
        tx.remove_oidc_provider(&write_scope(1), oidc_provider_id(1))
    });
    assert_eq!(begun(store, 1, 1, (None, None)), [], "it began nothing");
    assert_eq!(begun(store, 1, 2, (None, None)).len(), 1, "another provider's are known");
    let stays = read(store, |view| view.session(&scope(1), account_id(1), session_id(1)));
    assert!(stays.is_some(), "a session stays");
    assert_eq!(of(store, 1, 1, "ada"), Some(account_id(1)), "and so does whose an account is");
}

/// And those of others are not.
pub fn a1_the_invitations_of_an_address_are_found(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    commit(store, |tx| {
        tx.add_account(&write_scope(1), &account(1, 1, Role::Owner))?;
        tx.add_account(&write_scope(2), &account(2, 1, Role::Owner))?;
        for (tenant, n, of) in [(1, 2, 7), (1, 1, 7), (1, 3, 8), (2, 4, 7)] {
            let invitation = Invitation { email: email(of), ..invitation(tenant, n, 1) };
            tx.add_invitation(&write_scope(tenant), &invitation)?;
        }
        Ok(())
    });
    let found = read(store, |view| view.invitations_of(&scope(1), &email(7)));
    let ids: Vec<_> = found.iter().map(|invitation| invitation.id).collect();
    assert_eq!(ids, [1, 2].map(invitation_id), "in the order of their ids");
}

/// So is what it began, and whom it means.
pub fn z1_a_provider_is_its_tenants_alone(make: &StoreFactory) {
    let fixture = with_sessions(make);
    let store = &*fixture.adapter;
    add(store, 2, oidc_provider(2, 3));
    commit(store, |tx| {
        tx.add_invitation(&write_scope(2), &Invitation { email: email(1), ..invitation(2, 1, 1) })?;
        tx.add_oidc_identity(&write_scope(2), &issuer_of(1), &subject("ada"), account_id(1))
    });
    let theirs = || (providers(store, 2), begun(store, 2, 1, (None, None)), of(store, 2, 1, "ada"));
    let before = theirs();
    assert_eq!(providers(store, 1), [1, 2].map(|n| oidc_provider(1, n)), "one's own are listed");
    assert_eq!(providers(store, 3), [], "and no other's");
    assert_eq!(of(store, 1, 1, "ada"), None, "another tenant's subject is not known");
    assert_eq!(begun(store, 1, 1, (None, None)).len(), 3, "another tenant's sessions are not found");
    assert_eq!(begun(store, 3, 1, (None, None)), [], "nor by a tenant that has none");
    let none = read(store, |view| view.invitations_of(&scope(1), &email(1)));
    assert_eq!(none, [], "nor are its invitations");
    for (n, is_own) in [(1, true), (3, false)] {
        let removed = commit(store, move |tx| tx.remove_oidc_provider(&write_scope(1), oidc_provider_id(n)));
        assert_eq!(removed, is_own, "one's own is removed");
    }
    assert_eq!(
        commit(store, |tx| tx.remove_oidc_identities(&write_scope(1), account_id(1))),
        0,
        "nor whom it means"
    );
    assert_eq!(theirs(), before, "what is another tenant's is not changed");
    // The scope decides the tenant, not the row.
    add(store, 3, oidc_provider(1, 5));
    assert_eq!(providers(store, 1).len(), 1, "a scope does not write into another tenant");
}
