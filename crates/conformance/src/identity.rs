//! The suite of `AccountView` and `AccountRows`: accounts, memberships and invitations.

use syft_space_domain::access::Role;
use syft_space_domain::identity::{
    Account, AccountStatus, Email, Invitation, LoginKey, LoginRecord, Member, Membership, PasswordHash,
};
use syft_space_domain::ids::AccountId;
use syft_space_domain::store::{Store, StoreError};
use syft_space_domain::tenant::{Tenant, TenantScope};
use syft_space_domain::time::Timestamp;

use crate::check::{Check, checks, run_all};
use crate::fixture::StoreFactory;
use crate::pagination::PagedList;
use crate::run::{all_items, assert_conflict, commit, new_store, read, seeded_store, submit};
use crate::sample::{
    account, account_id, email, invitation, invitation_id, membership, scope, tenant, tenant_id, time, token,
    write_scope,
};

/// Every promise of [`AccountView`](syft_space_domain::identity::ports::AccountView) and `AccountRows`.
pub const CHECKS: &[Check<StoreFactory>] = checks![
    an_account_is_found_by_id_and_by_address,
    an_accounts_id_and_address_are_unique,
    a_change_of_an_account_is_no_other_accounts,
    memberships_come_by_the_name_of_the_tenant,
    a_member_is_shown_with_what_the_tenant_may_know_of_the_account,
    a_membership_needs_its_account_and_its_tenant_and_is_unique,
    a_changed_membership_keeps_its_beginning,
    a3_no_generation_is_given_twice,
    z1_a_membership_is_seen_and_changed_in_its_own_tenant_only,
    active_members_are_counted_by_role,
    members_and_invitations_are_counted_together,
    members_come_in_pages,
    an_invitation_is_found_by_id_and_by_token,
    an_invitations_id_is_unique,
    z1_an_invitation_is_seen_and_removed_in_its_own_tenant_only,
    invitations_come_in_pages,
    h2_the_invitations_of_one_account_end_by_role,
    h2_the_invitations_of_one_address_end,
    h5_logins_are_known_by_account_and_address,
    h5_records_of_logins_end_and_are_bounded,
];

/// Checks every promise.
pub fn suite(make: &StoreFactory) {
    run_all("the store of accounts", CHECKS, make);
}

type AccountFields = (AccountId, Email, String, AccountStatus, Timestamp);

fn fields(account: &Account) -> AccountFields {
    let Account { id, email, password, status, created_at } = account;
    (*id, email.clone(), password.expose().to_owned(), *status, *created_at)
}

fn find(store: &dyn Store, n: u64) -> Option<AccountFields> {
    read(store, move |view| view.account(account_id(n))).as_ref().map(fields)
}

fn member(store: &dyn Store, tenant: u64, account: u64) -> Option<Member> {
    read(store, move |view| view.member(&scope(tenant), account_id(account)))
}

fn members(store: &dyn Store, scope: &TenantScope) -> Vec<Member> {
    let scope = *scope;
    all_items(2, |page| read(store, move |view| view.members(&scope, page)))
}

/// A new store has no account.
pub fn an_account_is_found_by_id_and_by_address(make: &StoreFactory) {
    let fixture = new_store(make);
    assert!(!read(&*fixture.adapter, move |view| view.any_account()), "a new store has no account");
    commit(&*fixture.adapter, |tx| {
        tx.add_account(&Account { status: AccountStatus::Disabled, ..account(1) })
    });
    commit(&*fixture.adapter, |tx| tx.add_account(&account(2)));
    assert!(read(&*fixture.adapter, move |view| view.any_account()), "an account that was added is there");
    for (n, status) in [(1, AccountStatus::Disabled), (2, AccountStatus::Active)] {
        let expected = Some(fields(&Account { status, ..account(n) }));
        assert_eq!(find(&*fixture.adapter, n), expected, "an account is found by its id");
        let by_address =
            read(&*fixture.adapter, move |view| view.account_by_email(&email(n))).as_ref().map(fields);
        assert_eq!(by_address, expected, "an account is found by its address");
    }
    assert_eq!(find(&*fixture.adapter, 3), None, "an account that is not there is not found");
    assert!(
        read(&*fixture.adapter, move |view| view.account_by_email(&email(3))).is_none(),
        "nor is its address"
    );
}

/// A second account with either is a conflict.
pub fn an_accounts_id_and_address_are_unique(make: &StoreFactory) {
    let fixture = seeded_store(make);
    assert_conflict(&*fixture.adapter, "a second account with an id", |tx| {
        tx.add_account(&Account { email: email(10), ..account(1) })
    });
    assert_conflict(&*fixture.adapter, "a second account with an address", |tx| {
        tx.add_account(&Account { id: account_id(10), ..account(1) })
    });
    assert_eq!(find(&*fixture.adapter, 10), None, "an account that was refused is not there");
}

/// Password and status change independently, and only for the one account.
pub fn a_change_of_an_account_is_no_other_accounts(make: &StoreFactory) {
    let fixture = seeded_store(make);
    commit(&*fixture.adapter, |tx| {
        tx.set_password(account_id(1), &PasswordHash::from_phc("$sample$new".to_owned()))?;
        tx.set_account_status(account_id(2), AccountStatus::Disabled)
    });
    let password = PasswordHash::from_phc("$sample$new".to_owned());
    let one = fields(&Account { password, ..account(1) });
    assert_eq!(find(&*fixture.adapter, 1), Some(one), "a password is replaced, and nothing else");
    let two = fields(&Account { status: AccountStatus::Disabled, ..account(2) });
    assert_eq!(find(&*fixture.adapter, 2), Some(two), "a status is changed, and nothing else");
    assert_eq!(find(&*fixture.adapter, 3), Some(fields(&account(3))), "another account stays as it was");
}

/// The order is not that of ids, and each membership is complete.
pub fn memberships_come_by_the_name_of_the_tenant(make: &StoreFactory) {
    let fixture = new_store(make);
    commit(&*fixture.adapter, |tx| {
        tx.add_account(&account(1))?;
        tx.add_account(&account(2))?;
        for (id, named) in [(1, 3), (2, 1), (3, 2)] {
            tx.add_tenant(&Tenant { name: tenant(named).name, ..tenant(id) })?;
            tx.add_membership(&write_scope(id), &membership(id, 1, Role::Admin))?;
        }
        tx.add_membership(&write_scope(1), &membership(1, 2, Role::User))
    });
    let found = read(&*fixture.adapter, move |view| view.memberships(account_id(1)));
    let expected: Vec<_> = [(2, 1), (3, 2), (1, 3)]
        .into_iter()
        .map(|(id, named)| (membership(id, 1, Role::Admin), tenant(named).name))
        .collect();
    let found: Vec<_> =
        found.into_iter().map(|membership| (membership.membership, membership.tenant_name)).collect();
    assert_eq!(found, expected, "an account's memberships come by the name of the tenant");
    assert_eq!(
        read(&*fixture.adapter, move |view| view.memberships(account_id(3))),
        [],
        "who is no member has no membership"
    );
}

/// A member has the account's current e-mail address and status.
pub fn a_member_is_shown_with_what_the_tenant_may_know_of_the_account(make: &StoreFactory) {
    let fixture = seeded_store(make);
    commit(&*fixture.adapter, |tx| {
        tx.add_membership(&write_scope(1), &membership(1, 1, Role::Viewer))?;
        tx.set_account_status(account_id(1), AccountStatus::Disabled)
    });
    let expected = Member {
        membership: membership(1, 1, Role::Viewer),
        email: email(1),
        account_status: AccountStatus::Disabled,
    };
    assert_eq!(member(&*fixture.adapter, 1, 1), Some(expected.clone()), "a member is shown as it is");
    assert_eq!(members(&*fixture.adapter, &scope(1)), [expected], "and listed so");
}

/// Any other membership is a conflict.
pub fn a_membership_needs_its_account_and_its_tenant_and_is_unique(make: &StoreFactory) {
    let fixture = seeded_store(make);
    commit(&*fixture.adapter, |tx| tx.add_membership(&write_scope(1), &membership(1, 1, Role::User)));
    assert_conflict(&*fixture.adapter, "a second membership of an account", |tx| {
        tx.add_membership(&write_scope(1), &membership(1, 1, Role::Owner))
    });
    assert_conflict(&*fixture.adapter, "a membership of an account that is not there", |tx| {
        tx.add_membership(&write_scope(1), &membership(1, 10, Role::User))
    });
    assert_conflict(&*fixture.adapter, "a membership in a tenant that is not there", |tx| {
        tx.add_membership(&write_scope(4), &membership(4, 1, Role::User))
    });
    assert_eq!(members(&*fixture.adapter, &scope(1)).len(), 1, "a membership that was refused is not there");
}

/// Role, status, generation and revision are replaced, and nothing else.
pub fn a_changed_membership_keeps_its_beginning(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let changed = Membership {
        role: Role::Admin,
        status: AccountStatus::Disabled,
        generation: 50,
        revision: 2,
        created_at: time(99),
        ..membership(1, 1, Role::User)
    };
    let row = changed.clone();
    commit(&*fixture.adapter, move |tx| {
        tx.add_membership(&write_scope(1), &membership(1, 1, Role::User))?;
        tx.update_membership(&write_scope(1), &row)
    });
    let expected = Membership { created_at: time(3), ..changed };
    let found = member(&*fixture.adapter, 1, 1).map(|member| member.membership);
    assert_eq!(found, Some(expected), "a membership's change is kept, and its beginning stays");
}

/// It is not given again in another tenant or when a membership has ended. What is rolled back takes none.
pub fn a3_no_generation_is_given_twice(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    let next = |n| commit(store, move |tx| tx.next_generation(account_id(n)));
    assert_eq!([next(1), next(1), next(2)], [1, 2, 1], "each account counts its own generations");
    let within = commit(store, |tx| {
        tx.add_membership(&write_scope(1), &membership(1, 1, Role::User))?;
        tx.remove_membership(&write_scope(1), account_id(1))?;
        Ok([tx.next_generation(account_id(1))?, tx.next_generation(account_id(1))?])
    });
    assert_eq!(within, [3, 4], "a membership that has ended gives nothing back");
    let failed = submit(store, |tx| {
        tx.next_generation(account_id(1))?;
        Err::<(), _>(StoreError::Full)
    });
    assert_eq!(failed.wait(), Err(StoreError::Full));
    assert_eq!(next(1), 5, "what is rolled back takes none");
    assert_conflict(store, "a generation of nobody's", |tx| tx.next_generation(account_id(10)));
    assert_eq!(find(store, 1), Some(fields(&account(1))), "an account is the same after it");
}

/// One account is a member of two tenants.
pub fn z1_a_membership_is_seen_and_changed_in_its_own_tenant_only(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    commit(store, |tx| {
        tx.add_membership(&write_scope(1), &membership(1, 1, Role::Owner))?;
        tx.add_membership(&write_scope(2), &membership(2, 1, Role::User))?;
        tx.add_membership(&write_scope(2), &membership(2, 2, Role::Owner))
    });
    let theirs = || [(2, 1), (2, 2)].map(|(tenant, account)| member(store, tenant, account));
    let before = theirs();
    assert_eq!(member(store, 1, 2), None, "another tenant's member is not seen");
    assert_eq!(member(store, 1, 1).map(|one| one.membership.role), Some(Role::Owner), "but one's own is");
    assert_eq!(members(store, &scope(1)).len(), 1, "another tenant's members are not listed");
    assert_eq!(members(store, &scope(3)), [], "a tenant without members has none");
    // Updating a missing row may be an error or do nothing. It must not change another tenant's row.
    drop(submit(store, |tx| tx.update_membership(&write_scope(1), &membership(1, 2, Role::Viewer))).wait());
    commit(store, |tx| tx.update_membership(&write_scope(1), &membership(2, 1, Role::Viewer)));
    assert_eq!(theirs(), before, "another tenant's membership is not changed");
    assert!(!commit(store, |tx| tx.remove_membership(&write_scope(1), account_id(2))), "nor removed");
    assert!(commit(store, |tx| tx.remove_membership(&write_scope(1), account_id(1))), "one's own is removed");
    assert_eq!(member(store, 1, 1), None, "a membership that was removed is not there");
    assert_eq!(theirs(), before, "removing one's own leaves another tenant's");
    // The scope decides the tenant, not the row.
    drop(submit(store, |tx| tx.add_membership(&write_scope(1), &membership(3, 5, Role::Owner))).wait());
    assert_eq!(members(store, &scope(3)), [], "a scope does not write into another tenant");
}

/// Both the membership and the account must be active.
pub fn active_members_are_counted_by_role(make: &StoreFactory) {
    let fixture = seeded_store(make);
    commit(&*fixture.adapter, |tx| {
        for n in 1..=4 {
            tx.add_membership(&write_scope(1), &membership(1, n, Role::Owner))?;
        }
        tx.add_membership(&write_scope(1), &membership(1, 5, Role::User))?;
        tx.add_membership(&write_scope(2), &membership(2, 6, Role::Owner))?;
        let disabled = Membership { status: AccountStatus::Disabled, ..membership(1, 1, Role::Owner) };
        tx.update_membership(&write_scope(1), &disabled)?;
        tx.set_account_status(account_id(2), AccountStatus::Disabled)
    });
    let count = |tenant, role| read(&*fixture.adapter, move |view| view.count_active(&scope(tenant), role));
    let counts = [count(1, Role::Owner), count(1, Role::User), count(1, Role::Viewer), count(2, Role::Owner)];
    assert_eq!(counts, [2, 1, 0, 1], "active members are counted by role, in their tenant");
}

/// The count is per tenant.
pub fn members_and_invitations_are_counted_together(make: &StoreFactory) {
    let fixture = seeded_store(make);
    commit(&*fixture.adapter, |tx| {
        tx.add_membership(&write_scope(1), &membership(1, 1, Role::Owner))?;
        tx.add_membership(&write_scope(2), &membership(2, 2, Role::Owner))?;
        tx.add_invitation(&write_scope(1), &invitation(1, 1, 1))?;
        tx.add_invitation(&write_scope(1), &invitation(1, 2, 1))
    });
    let count = |n| read(&*fixture.adapter, move |view| view.count_members_and_invitations(&scope(n)));
    assert_eq!(
        [count(1), count(2), count(3)],
        [3, 1, 0],
        "members and invitations are counted in their tenant"
    );
}

/// The order is that of the account ids.
pub fn members_come_in_pages(make: &StoreFactory) {
    let fixture = seeded_store(make);
    commit(&*fixture.adapter, |tx| {
        for n in 10..=99 {
            tx.add_account(&account(n))?;
        }
        (1..=9).try_for_each(|n| tx.add_membership(&write_scope(2), &membership(2, n, Role::User)))
    });
    PagedList {
        add: |tx, n| tx.add_membership(&write_scope(1), &membership(1, n, Role::User)),
        remove: |tx, n| tx.remove_membership(&write_scope(1), account_id(n)).map(drop),
        page: |view, page| view.members(&scope(1), page),
        key: account_id,
        key_of: |member| member.membership.account,
    }
    .check(&*fixture.adapter);
}

/// Every field is read back, and an unknown token finds nothing.
pub fn an_invitation_is_found_by_id_and_by_token(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let added = Invitation { role: Role::Admin, ..invitation(1, 1, 2) };
    let row = added.clone();
    commit(&*fixture.adapter, move |tx| tx.add_invitation(&write_scope(1), &row));
    let by_id = read(&*fixture.adapter, move |view| view.invitation(&scope(1), invitation_id(1)));
    assert_eq!(by_id.as_ref(), Some(&added), "an invitation is found by its id");
    let by_token = read(&*fixture.adapter, move |view| view.invitation_by_token(&token(1, 1)));
    assert_eq!(by_token, Some(added), "an invitation is found by its token, without a scope");
    assert_eq!(
        read(&*fixture.adapter, move |view| view.invitation_by_token(&token(1, 2))),
        None,
        "no other token finds it"
    );
}

/// Its tenant must exist.
pub fn an_invitations_id_is_unique(make: &StoreFactory) {
    let fixture = seeded_store(make);
    commit(&*fixture.adapter, |tx| tx.add_invitation(&write_scope(1), &invitation(1, 1, 1)));
    assert_conflict(&*fixture.adapter, "a second invitation with an id", |tx| {
        tx.add_invitation(&write_scope(1), &Invitation { token: token(1, 2), ..invitation(1, 1, 1) })
    });
    assert_conflict(&*fixture.adapter, "an invitation into a tenant that is not there", |tx| {
        tx.add_invitation(&write_scope(4), &invitation(4, 1, 1))
    });
}

/// Two tenants have invitations with the same id.
pub fn z1_an_invitation_is_seen_and_removed_in_its_own_tenant_only(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    commit(store, |tx| {
        tx.add_invitation(&write_scope(1), &invitation(1, 1, 1))?;
        tx.add_invitation(&write_scope(2), &invitation(2, 1, 2))?;
        tx.add_invitation(&write_scope(2), &invitation(2, 2, 2))
    });
    let seen = |tenant, n| read(store, move |view| view.invitation(&scope(tenant), invitation_id(n)));
    assert_eq!(seen(1, 1), Some(invitation(1, 1, 1)), "one's own invitation is seen");
    assert_eq!(seen(1, 2), None, "another tenant's is not");
    let listed = all_items(2, |page| read(store, move |view| view.invitations(&scope(1), page)));
    assert_eq!(listed, [invitation(1, 1, 1)], "nor listed");
    assert!(!commit(store, |tx| tx.remove_invitation(&write_scope(1), invitation_id(2))), "nor removed");
    let ended = commit(store, |tx| tx.remove_invitations_by(&write_scope(1), account_id(2), &Role::ALL));
    assert_eq!(ended, 0, "nor ended with whoever made it");
    let invited = invitation(2, 2, 2).email;
    let ended = commit(store, move |tx| tx.remove_invitations_of(&write_scope(1), &invited));
    assert_eq!(ended, 0, "nor with whoever was invited");
    assert!(
        commit(store, |tx| tx.remove_invitation(&write_scope(1), invitation_id(1))),
        "one's own is removed"
    );
    assert_eq!(seen(1, 1), None, "an invitation that was removed is not there");
    let left = all_items(2, |page| read(store, move |view| view.invitations(&scope(2), page)));
    assert_eq!(left, [invitation(2, 1, 2), invitation(2, 2, 2)], "another tenant's invitations stay");
    assert!(
        read(store, move |view| view.invitation_by_token(&token(1, 1))).is_none(),
        "its token is gone with it"
    );
    let by_token = read(store, move |view| view.invitation_by_token(&token(2, 1)));
    assert_eq!(
        by_token.map(|invitation| invitation.tenant),
        Some(tenant_id(2)),
        "a token leads to its own tenant"
    );
    drop(submit(store, |tx| tx.add_invitation(&write_scope(1), &invitation(3, 3, 1))).wait());
    assert_eq!(seen(3, 3), None, "a scope does not write into another tenant");
}

/// The order is that of the ids.
pub fn invitations_come_in_pages(make: &StoreFactory) {
    let fixture = seeded_store(make);
    commit(&*fixture.adapter, |tx| {
        (1..=9).try_for_each(|n| tx.add_invitation(&write_scope(2), &invitation(2, n, 1)))
    });
    PagedList {
        add: |tx, n| tx.add_invitation(&write_scope(1), &invitation(1, n, 1)),
        remove: |tx, n| tx.remove_invitation(&write_scope(1), invitation_id(n)).map(drop),
        page: |view, page| view.invitations(&scope(1), page),
        key: invitation_id,
        key_of: |invitation| invitation.id,
    }
    .check(&*fixture.adapter);
}

/// Of the others none ends, whoever made them and for whatever role.
pub fn h2_the_invitations_of_one_account_end_by_role(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    commit(store, |tx| {
        let made = [(1, 1, Role::Owner), (2, 1, Role::User), (3, 1, Role::Viewer), (4, 2, Role::User)];
        made.into_iter().try_for_each(|(n, by, role)| {
            tx.add_invitation(&write_scope(1), &Invitation { role, ..invitation(1, n, by) })
        })
    });
    let end = |by, roles: &'static [Role]| {
        commit(store, move |tx| tx.remove_invitations_by(&write_scope(1), account_id(by), roles))
    };
    let left = || {
        let listed = all_items(2, |page| read(store, move |view| view.invitations(&scope(1), page)));
        listed.into_iter().map(|invitation| invitation.id).collect::<Vec<_>>()
    };
    assert_eq!(end(1, &[]), 0, "of no role there is none");
    assert_eq!(end(3, &Role::ALL), 0, "whoever has made none has none to end");
    assert_eq!(left(), [1, 2, 3, 4].map(invitation_id), "and none has ended");
    assert_eq!(
        end(1, &[Role::Owner, Role::User]),
        2,
        "an account's invitations of some roles end, and are counted"
    );
    assert_eq!(left(), [3, 4].map(invitation_id), "those of other roles and of other accounts stay");
}

/// An address has none in the tenant any more, and those of others stay.
pub fn h2_the_invitations_of_one_address_end(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    commit(store, |tx| {
        [(1, 7), (2, 8), (3, 7)].into_iter().try_for_each(|(n, address)| {
            tx.add_invitation(&write_scope(1), &Invitation { email: email(address), ..invitation(1, n, 1) })
        })
    });
    let end = |address| commit(store, move |tx| tx.remove_invitations_of(&write_scope(1), &email(address)));
    assert_eq!(end(7), 2, "an address's invitations end, and are counted");
    assert_eq!(end(7), 0, "and are gone");
    let left = all_items(2, |page| read(store, move |view| view.invitations(&scope(1), page)));
    assert_eq!(left.len(), 1, "those of other addresses stay");
}

fn login_record(account: u64, address: Option<&str>, until: u32, logged_in: Option<u32>) -> LoginRecord {
    LoginRecord {
        account: LoginKey::of(&email(account)),
        address: address.map(|text| text.parse().expect("an address")),
        guesses_until: time(until),
        logged_in_at: logged_in.map(time),
    }
}

fn find_login(store: &dyn Store, wanted: &LoginRecord) -> Option<LoginRecord> {
    let (account, address) = (wanted.account, wanted.address);
    read(store, move |view| view.login_record(&account, address))
}

/// A record takes the place of the one before, and an address is known only where somebody logged in.
pub fn h5_logins_are_known_by_account_and_address(make: &StoreFactory) {
    let fixture = new_store(make);
    let store = &*fixture.adapter;
    let records = [
        login_record(1, None, 10, None),
        login_record(1, Some("192.0.2.1"), 20, Some(5)),
        login_record(1, Some("2001:db8:1:2::"), 30, Some(6)),
        login_record(2, None, 40, None),
        login_record(2, Some("192.0.2.2"), 50, None),
    ];
    let [first, ..] = &records;
    assert_eq!(find_login(store, first), None, "a new store knows of no login");
    for record in records.clone() {
        commit(store, move |tx| tx.put_login_record(&record));
    }
    for record in &records {
        assert_eq!(find_login(store, record).as_ref(), Some(record), "each is kept for itself");
    }
    for (address, known) in
        [("192.0.2.1", true), ("2001:db8:1:2::", true), ("192.0.2.2", false), ("192.0.2.3", false)]
    {
        let address = address.parse().expect("an address");
        let found = read(store, move |view| view.has_logged_in(address));
        assert_eq!(found, known, "{address} is known if somebody logged in from it");
    }
    let later = login_record(1, Some("192.0.2.1"), 25, Some(9));
    let put = later.clone();
    commit(store, move |tx| tx.put_login_record(&put));
    assert_eq!(find_login(store, &later), Some(later.clone()), "the last one counts");
}

/// What has expired goes, and of the others those that expire first.
pub fn h5_records_of_logins_end_and_are_bounded(make: &StoreFactory) {
    let fixture = new_store(make);
    let store = &*fixture.adapter;
    let records: Vec<_> = (1..=6).map(|n: u32| login_record(n.into(), None, n * 10, None)).collect();
    let known = login_record(7, Some("192.0.2.1"), 1, Some(1));
    for record in records.iter().cloned().chain([known.clone()]) {
        commit(store, move |tx| tx.put_login_record(&record));
    }
    let kept = |max: u64, now: u32| {
        commit(store, move |tx| tx.trim_login_records(time(now), max));
        records.iter().filter(|record| find_login(store, record).is_some()).count()
    };
    assert_eq!(kept(100, 20), 4, "what has expired goes");
    assert_eq!(kept(4, 20), 3, "of the others those that expire first");
    assert!(find_login(store, &known).is_some(), "a login is known for longer than guesses are");
}
