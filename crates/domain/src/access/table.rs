//! The table: permission × role. It is the only place where a role means anything.

use super::{Permission, Role};

const fn row(permission: Permission) -> [bool; 4] {
    //                                  Owner  Admin  User   Viewer
    match permission {
        Permission::ManageTenant =>
        /*   */
        {
            [true, false, false, false]
        }
        Permission::ManageMembers
        | Permission::WriteDatasets
        | Permission::ReadContent
        | Permission::WriteEndpoints
        | Permission::WritePolicies
        | Permission::ReadAudit =>
        /*    */
        {
            [true, true, false, false]
        }
        Permission::ReadMetadata =>
        /*   */
        {
            [true, true, false, true]
        }
        Permission::ListQueryable | Permission::Query => [true, true, true, false],
        Permission::OwnAccount =>
        /*     */
        {
            [true, true, true, true]
        }
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
    let [owner, admin, user, viewer] = row(permission);
    match role {
        Role::Owner => owner,
        Role::Admin => admin,
        Role::User => user,
        Role::Viewer => viewer,
    }
}

/// Whether someone of role `giver` may make, change or end a membership of role `given`: only an Owner touches an
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
    let within = Permission::ALL.into_iter().all(|one| !may(given, one) || may(giver, one));
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
}
