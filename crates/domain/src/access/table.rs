//! The table of permissions by kind of principal. It is the only place where a role means anything, and where it says what the
//! host's operator may do in a tenant.

use super::{Permission, Role};

/// Who holds a permission.
struct Row {
    owner: bool,
    admin: bool,
    user: bool,
    viewer: bool,
    /// The host's operator, through the command line. Whoever runs the binary can read its files as well; this is
    /// what the tool does for them, and what a tenant finds in its log.
    operator: bool,
}

#[rustfmt::skip]
const fn row(permission: Permission) -> Row {
    const fn held(owner: bool, admin: bool, user: bool, viewer: bool, operator: bool) -> Row {
        Row { owner, admin, user, viewer, operator }
    }
    const Y: bool = true;
    const N: bool = false;
    match permission {
        //                                     Owner Admin User Viewer Operator
        Permission::ManageTenant       => held(Y,    N,    N,   N,     N),
        Permission::EndTenant          => held(Y,    N,    N,   N,     Y),
        Permission::ManageMembers      => held(Y,    Y,    N,   N,     N),
        Permission::ResetPasswords     => held(Y,    Y,    N,   N,     Y),
        Permission::ReadMembers        => held(Y,    Y,    N,   N,     Y),
        Permission::WriteDatasets      => held(Y,    Y,    N,   N,     Y),
        Permission::ReadContent        => held(Y,    Y,    N,   N,     N),
        Permission::WriteEndpoints     => held(Y,    Y,    N,   N,     N),
        Permission::WritePolicies      => held(Y,    Y,    N,   N,     N),
        Permission::ManageMarketplaces => held(Y,    N,    N,   N,     N),
        Permission::ReadMarketplaces   => held(Y,    N,    N,   N,     Y),
        Permission::ReadAudit          => held(Y,    Y,    N,   N,     Y),
        Permission::ReadMetadata       => held(Y,    Y,    N,   Y,     Y),
        Permission::ListQueryable      => held(Y,    Y,    Y,   N,     N),
        Permission::Query              => held(Y,    Y,    Y,   N,     N),
        Permission::OwnAccount         => held(Y,    Y,    Y,   Y,     N),
    }
}

/// Whether a role holds a permission.
///
/// ```
/// use syft_space_domain::access::{may, Permission, Role};
/// assert!(may(Role::User, Permission::Query));
/// assert!(!may(Role::Viewer, Permission::Query));
/// ```
#[must_use]
pub const fn may(role: Role, permission: Permission) -> bool {
    let row = row(permission);
    match role {
        Role::Owner => row.owner,
        Role::Admin => row.admin,
        Role::User => row.user,
        Role::Viewer => row.viewer,
    }
}

/// Whether the host's operator holds a permission in a tenant: enough to see what there is, to bring documents,
/// and to let back in who forgot their password, and not to query, to read documents, or to say who may.
///
/// ```
/// use syft_space_domain::access::{operator_may, Permission};
/// assert!(operator_may(Permission::WriteDatasets));
/// assert!(!operator_may(Permission::Query));
/// ```
#[must_use]
pub const fn operator_may(permission: Permission) -> bool {
    row(permission).operator
}

/// Whether a user of a hub holds a permission in a tenant: to query, where a policy admits them, and no other.
///
/// ```
/// use syft_space_domain::access::{hub_user_may, Permission};
/// assert!(hub_user_may(Permission::Query));
/// assert!(!hub_user_may(Permission::ListQueryable));
/// ```
#[must_use]
pub const fn hub_user_may(permission: Permission) -> bool {
    matches!(permission, Permission::Query)
}

/// Whether someone of role `giver` may make, change or remove a member of role `given`: only an Owner touches an
/// Owner or Admin, and nobody hands out a permission they lack.
///
/// ```
/// use syft_space_domain::access::{may_grant, Role};
/// assert!(may_grant(Role::Admin, Role::Viewer));
/// assert!(!may_grant(Role::Admin, Role::Admin));
/// ```
#[must_use]
pub fn may_grant(giver: Role, given: Role) -> bool {
    // A Viewer reads metadata and a User queries, which is all within what an Admin holds.
    let within =
        Permission::ALL.into_iter().all(|permission| !may(given, permission) || may(giver, permission));
    let allowed = match given {
        Role::Owner | Role::Admin => may(giver, Permission::ManageTenant),
        Role::User | Role::Viewer => may(giver, Permission::ManageMembers),
    };
    within && allowed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn z3_owner_holds_every_permission() {
        assert!(Permission::ALL.into_iter().all(|permission| may(Role::Owner, permission)));
    }

    #[test]
    fn z3_user_queries_and_viewer_reads_and_neither_writes() {
        let held = |role| Permission::ALL.into_iter().filter(move |p| may(role, *p)).collect::<Vec<_>>();
        assert_eq!(held(Role::User), [Permission::ListQueryable, Permission::Query, Permission::OwnAccount]);
        assert_eq!(held(Role::Viewer), [Permission::ReadMetadata, Permission::OwnAccount]);
    }

    #[test]
    fn z1_the_operator_sees_what_there_is_brings_documents_lets_back_in_ends_a_tenant_and_no_more() {
        let held: Vec<_> =
            Permission::ALL.into_iter().filter(|permission| operator_may(*permission)).collect();
        let expected = [
            Permission::EndTenant,
            Permission::ResetPasswords,
            Permission::ReadMembers,
            Permission::WriteDatasets,
            Permission::ReadMarketplaces,
            Permission::ReadAudit,
            Permission::ReadMetadata,
        ];
        assert_eq!(held, expected);
    }

    #[test]
    fn z3_nobody_grants_a_role_with_a_permission_they_lack() {
        for giver in Role::ALL {
            for given in Role::ALL {
                if may_grant(giver, given) {
                    for permission in Permission::ALL {
                        assert!(!may(given, permission) || may(giver, permission), "{giver} grants {given}");
                    }
                }
            }
        }
        assert!(!may_grant(Role::User, Role::User));
        assert!(!may_grant(Role::Viewer, Role::Viewer));
        assert!(!may_grant(Role::Admin, Role::Owner));
    }

    #[test]
    fn z3_a_user_of_a_hub_queries_and_does_nothing_else() {
        let held: Vec<_> = Permission::ALL.into_iter().filter(|held| hub_user_may(*held)).collect();
        assert_eq!(held, [Permission::Query]);
    }
}
