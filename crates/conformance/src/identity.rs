//! The suite of `AccountView` and `AccountRows`: accounts and invitations.

use syft_space_domain::access::Role;
use syft_space_domain::identity::{Account, AccountStatus, Invitation, Member, PasswordHash};
use syft_space_domain::store::Store;
use syft_space_domain::tenant::TenantScope;

use crate::check::{Check, checks, run_all};
use crate::fixture::StoreFactory;
use crate::pagination::PagedList;
use crate::run::{all_items, assert_conflict, commit, new_store, read, seeded_store, submit};
use crate::sample::{
    account, account_id, email, invitation, invitation_id, member as member_of, scope, second_factor, tenant,
    tenant_id, time, token, write_scope,
};

/// Every promise of [`AccountView`](syft_space_domain::identity::ports::AccountView) and `AccountRows`.
pub const CHECKS: &[Check<StoreFactory>] = checks![
    an_account_is_found_by_its_address,
    an_accounts_id_and_address_are_unique_in_its_tenant,
    a_password_is_one_accounts,
    the_oldest_account_of_an_address_is_found_without_its_tenant,
    a_member_is_shown_as_it_is,
    a_changed_member_keeps_its_address_password_and_beginning,
    an_account_that_was_removed_leaves_nothing_behind,
    z1_an_account_is_seen_and_changed_in_its_own_tenant_only,
    a3_other_owners_are_counted_and_those_alone_who_can_act,
    members_and_invitations_are_counted_together,
    members_come_in_pages,
    an_invitation_is_found_by_id_and_by_token,
    an_invitations_id_is_unique,
    z1_an_invitation_is_seen_and_removed_in_its_own_tenant_only,
    invitations_come_in_pages,
    h2_the_invitations_of_one_account_end_by_role,
    h2_the_invitations_of_one_address_end,
];

/// Checks every promise.
pub fn suite(make: &StoreFactory) {
    run_all("the store of accounts", CHECKS, make);
}

/// An account has no `Debug`, since it holds a password.
type AccountFields = (Member, Option<String>);

fn fields(account: &Account) -> AccountFields {
    (account.member.clone(), account.password.as_ref().map(|password| password.expose().to_owned()))
}

fn find(store: &dyn Store, tenant: u64, n: u64) -> Option<AccountFields> {
    read(store, move |view| view.account_by_email(&scope(tenant), &email(n))).as_ref().map(fields)
}

fn oldest(store: &dyn Store, n: u64) -> Option<AccountFields> {
    read(store, move |view| view.oldest_account(&email(n))).as_ref().map(fields)
}

/// An account of a tenant with this number, address and time.
fn made_at(tenant: u64, n: u64, address: u64, seconds: u32) -> Account {
    let account = account(tenant, n, Role::User);
    Account {
        member: Member { email: email(address), created_at: time(seconds), ..account.member },
        ..account
    }
}

fn member(store: &dyn Store, tenant: u64, account: u64) -> Option<Member> {
    read(store, move |view| view.member(&scope(tenant), account_id(account)))
}

fn members(store: &dyn Store, scope: &TenantScope) -> Vec<Member> {
    let scope = *scope;
    all_items(2, |page| read(store, move |view| view.members(&scope, page)))
}

/// A new store has no account.
pub fn an_account_is_found_by_its_address(make: &StoreFactory) {
    let fixture = new_store(make);
    let store = &*fixture.adapter;
    assert!(!read(store, move |view| view.any_account()), "a new store has no account");
    commit(store, |tx| {
        tx.add_tenant(&tenant(1))?;
        tx.add_account(&write_scope(1), &account(1, 1, Role::Owner))?;
        tx.add_account(&write_scope(1), &account(1, 2, Role::Viewer))
    });
    assert!(read(store, move |view| view.any_account()), "an account that was added is there");
    for (n, role) in [(1, Role::Owner), (2, Role::Viewer)] {
        let expected = Some(fields(&account(1, n, role)));
        assert_eq!(find(store, 1, n), expected, "an account is found by its address in its tenant");
        assert_eq!(oldest(store, n), expected, "and without it");
    }
    assert_eq!(
        (find(store, 1, 3), oldest(store, 3)),
        (None, None),
        "an account that is not there is not found"
    );
}

/// A second account with either is a conflict in a tenant, and none in another. The tenant must be there.
pub fn an_accounts_id_and_address_are_unique_in_its_tenant(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    commit(store, |tx| tx.add_account(&write_scope(1), &account(1, 1, Role::User)));
    assert_conflict(store, "a second account with an id", |tx| {
        tx.add_account(&write_scope(1), &made_at(1, 1, 10, 3))
    });
    assert_conflict(store, "a second account with an address", |tx| {
        tx.add_account(&write_scope(1), &made_at(1, 10, 1, 3))
    });
    assert_conflict(store, "an account in a tenant that is not there", |tx| {
        tx.add_account(&write_scope(4), &account(4, 1, Role::User))
    });
    assert_eq!(members(store, &scope(1)), [member_of(1, 1, Role::User)], "what was refused is not there");
    commit(store, |tx| tx.add_account(&write_scope(2), &account(2, 1, Role::Owner)));
    assert_eq!(find(store, 2, 1), Some(fields(&account(2, 1, Role::Owner))), "another tenant may have both");
    assert_eq!(find(store, 1, 1), Some(fields(&account(1, 1, Role::User))), "and changes nothing by it");
}

/// Of the same id and address in another tenant, too.
pub fn a_password_is_one_accounts(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    let new = || PasswordHash::from_phc("$sample$new".to_owned());
    commit(store, move |tx| {
        for (tenant, n) in [(1, 1), (1, 2), (2, 1)] {
            tx.add_account(&write_scope(tenant), &account(tenant, n, Role::User))?;
        }
        tx.set_password(&write_scope(1), account_id(1), &new())
    });
    let changed = Account { password: Some(new()), ..account(1, 1, Role::User) };
    assert_eq!(find(store, 1, 1), Some(fields(&changed)), "a password is replaced, and nothing else");
    for (tenant, n) in [(1, 2), (2, 1)] {
        let same = Some(fields(&account(tenant, n, Role::User)));
        assert_eq!(find(store, tenant, n), same, "another account's stays as it was");
    }
}

/// Of several made at the same time it is that of the tenant with the lower id. It is not the first that was written.
pub fn the_oldest_account_of_an_address_is_found_without_its_tenant(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    let add = |tenant, n, seconds| {
        commit(store, move |tx| tx.add_account(&write_scope(tenant), &made_at(tenant, n, 7, seconds)));
    };
    for (tenant, n, seconds, expected) in [(2, 1, 9, 2), (3, 3, 5, 3), (1, 2, 5, 1)] {
        add(tenant, n, seconds);
        let found = oldest(store, 7).map(|(member, _)| member.tenant);
        assert_eq!(found, Some(tenant_id(expected)), "the oldest account of an address is found");
    }
    // One that is disabled is passed over, and one that is gone.
    commit(store, |tx| {
        let disabled = Member { status: AccountStatus::Disabled, ..member_of(1, 2, Role::User) };
        tx.update_member(&write_scope(1), &disabled)
    });
    let found = oldest(store, 7).map(|(member, _)| member.tenant);
    assert_eq!(found, Some(tenant_id(3)), "a disabled account is passed over");
    commit(store, |tx| tx.remove_account(&write_scope(1), account_id(2)));
    let found = oldest(store, 7).map(|(member, _)| member.tenant);
    assert_eq!(found, Some(tenant_id(3)), "and when it is gone, the next");
}

/// One by one, and in a list.
pub fn a_member_is_shown_as_it_is(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    let disabled = Member { status: AccountStatus::Disabled, ..member_of(1, 1, Role::Viewer) };
    let row = Account { member: disabled.clone(), ..account(1, 1, Role::Viewer) };
    commit(store, move |tx| tx.add_account(&write_scope(1), &row));
    assert_eq!(member(store, 1, 1), Some(disabled.clone()), "a member is shown as it is");
    assert_eq!(members(store, &scope(1)), [disabled], "and listed so");
}

/// Role, status, generation, revision, what is known of the password and the last login are replaced, and nothing else.
pub fn a_changed_member_keeps_its_address_password_and_beginning(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    let changed = Member {
        role: Role::Admin,
        status: AccountStatus::Disabled,
        generation: 50,
        short_password: true,
        last_login_at: Some(time(40)),
        revision: 2,
        email: email(9),
        created_at: time(99),
        ..member_of(1, 1, Role::User)
    };
    let row = changed.clone();
    commit(store, move |tx| {
        tx.add_account(&write_scope(1), &account(1, 1, Role::User))?;
        tx.update_member(&write_scope(1), &row)
    });
    let member = Member { email: email(1), created_at: time(3), ..changed };
    let expected = Account { member, ..account(1, 1, Role::User) };
    assert_eq!(find(store, 1, 1), Some(fields(&expected)), "a member's change is kept, and the rest stays");
}

/// Its id and its address are free again, and its password is gone.
pub fn an_account_that_was_removed_leaves_nothing_behind(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    commit(store, |tx| tx.add_account(&write_scope(1), &account(1, 1, Role::User)));
    assert!(commit(store, |tx| tx.remove_account(&write_scope(1), account_id(1))), "an account is removed");
    assert!(!commit(store, |tx| tx.remove_account(&write_scope(1), account_id(1))), "and once");
    assert_eq!((find(store, 1, 1), oldest(store, 1), member(store, 1, 1)), (None, None, None), "it is gone");
    let again = Account {
        password: Some(PasswordHash::from_phc("$sample$again".to_owned())),
        ..account(1, 1, Role::Viewer)
    };
    let expected = Some(fields(&again));
    commit(store, move |tx| tx.add_account(&write_scope(1), &again));
    assert_eq!(find(store, 1, 1), expected, "and another may be made in its place");
}

/// Two tenants have accounts of the same address.
pub fn z1_an_account_is_seen_and_changed_in_its_own_tenant_only(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    commit(store, |tx| {
        tx.add_account(&write_scope(1), &account(1, 1, Role::Owner))?;
        tx.add_account(&write_scope(2), &account(2, 1, Role::User))?;
        tx.add_account(&write_scope(2), &account(2, 2, Role::Owner))
    });
    let theirs = || [1, 2].map(|n| (member(store, 2, n), find(store, 2, n)));
    let before = theirs();
    assert_eq!(
        (member(store, 1, 2), find(store, 1, 2)),
        (None, None),
        "another tenant's account is not seen"
    );
    assert_eq!(member(store, 1, 1).map(|one| one.role), Some(Role::Owner), "but one's own is");
    assert_eq!(members(store, &scope(1)).len(), 1, "another tenant's members are not listed");
    assert_eq!(members(store, &scope(3)), [], "a tenant without members has none");
    // Changing a missing row may be an error or do nothing. It must not change another tenant's row.
    let new = || PasswordHash::from_phc("$sample$new".to_owned());
    drop(submit(store, move |tx| tx.set_password(&write_scope(1), account_id(2), &new())).wait());
    drop(submit(store, |tx| tx.update_member(&write_scope(1), &member_of(1, 2, Role::Viewer))).wait());
    commit(store, |tx| tx.update_member(&write_scope(1), &member_of(2, 1, Role::Viewer)));
    commit(store, move |tx| tx.set_password(&write_scope(1), account_id(1), &new()));
    assert_eq!(theirs(), before, "another tenant's account is not changed");
    assert!(!commit(store, |tx| tx.remove_account(&write_scope(1), account_id(2))), "nor removed");
    assert!(commit(store, |tx| tx.remove_account(&write_scope(1), account_id(1))), "one's own is removed");
    assert_eq!(member(store, 1, 1), None, "an account that was removed is not there");
    assert_eq!(theirs(), before, "removing one's own leaves another tenant's");
    // The scope decides the tenant, not the row.
    drop(submit(store, |tx| tx.add_account(&write_scope(1), &account(3, 5, Role::Owner))).wait());
    assert_eq!(members(store, &scope(3)), [], "a scope does not write into another tenant");
}

/// Whoever is disabled does not count; nor, where a second factor is demanded, whoever has none and no password to enrol one with.
pub fn a3_other_owners_are_counted_and_those_alone_who_can_act(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    commit(store, |tx| {
        for n in 1..=3 {
            tx.add_account(&write_scope(1), &account(1, n, Role::Owner))?;
        }
        tx.add_account(&write_scope(1), &account(1, 4, Role::Admin))?;
        tx.add_account(&write_scope(1), &Account { password: None, ..account(1, 5, Role::Owner) })?;
        tx.add_account(&write_scope(2), &account(2, 6, Role::Owner))?;
        let disabled = Member { status: AccountStatus::Disabled, ..member_of(1, 1, Role::Owner) };
        tx.update_member(&write_scope(1), &disabled)
    });
    let count = |tenant, n| {
        [false, true].map(|is_demanded| {
            read(store, move |view| view.count_other_owners(&scope(tenant), account_id(n), is_demanded))
        })
    };
    assert_eq!(count(1, 4), [3, 2], "all owners that are active, and those of them with a password");
    assert_eq!(count(1, 2), [2, 1], "but for the one that is left out");
    assert_eq!(count(1, 5), [2, 2], "who may be one without a password");
    assert_eq!([count(2, 6), count(2, 7), count(3, 6)], [[0, 0], [1, 1], [0, 0]], "each tenant has its own");
    commit(store, |tx| tx.put_second_factor(&write_scope(1), account_id(5), &second_factor(1), &[]));
    assert_eq!(count(1, 4), [3, 3], "one who has a second factor needs no password for it");
}

/// The count is per tenant.
pub fn members_and_invitations_are_counted_together(make: &StoreFactory) {
    let fixture = seeded_store(make);
    commit(&*fixture.adapter, |tx| {
        tx.add_account(&write_scope(1), &account(1, 1, Role::Owner))?;
        tx.add_account(&write_scope(2), &account(2, 2, Role::Owner))?;
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
        (1..=9).try_for_each(|n| tx.add_account(&write_scope(2), &account(2, n, Role::User)))
    });
    PagedList {
        add: |tx, n| tx.add_account(&write_scope(1), &account(1, n, Role::User)),
        remove: |tx, n| tx.remove_account(&write_scope(1), account_id(n)).map(drop),
        page: |view, page| view.members(&scope(1), page),
        key: account_id,
        key_of: |member| member.account,
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
