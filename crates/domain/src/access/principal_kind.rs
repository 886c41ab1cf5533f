//! The kinds of a principal: a member of some role, the host's operator, or a user of a hub.

use super::{Permission, Role, hub_user_may, may, operator_may};

/// As what somebody acts in a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PrincipalKind {
    /// As a member of this role.
    Member(Role),
    /// As a member of this role, which needs a second factor, whose account has none: nothing is theirs to do but their own
    /// account, where they enrol.
    WithoutSecondFactor(Role),
    /// As whoever runs the binary on the host, through its command line. No tenant hands this out or takes it away.
    Operator,
    /// As a member of this role, or as a user of a hub, of a tenant that ends: its Owners may look, and keep it; nobody else may do
    /// anything.
    Ending(Option<Role>),
    /// As a user of a hub, with a satellite token. What they are on the hub gives them nothing here.
    HubUser,
}

impl PrincipalKind {
    /// As what a member acts whose role needs a second factor, or not, and whose account has one, or not.
    #[must_use]
    pub const fn of_member(role: Role, needs_second_factor: bool, has_second_factor: bool) -> Self {
        if needs_second_factor && !has_second_factor {
            Self::WithoutSecondFactor(role)
        } else {
            Self::Member(role)
        }
    }

    /// The same while the tenant ends. The operator is no member of it, and an Owner who has to enrol first still has to.
    #[must_use]
    pub const fn while_ending(self) -> Self {
        match self {
            Self::Member(role) => Self::Ending(Some(role)),
            Self::WithoutSecondFactor(Role::Owner) | Self::Operator | Self::Ending(_) => self,
            Self::WithoutSecondFactor(role) => Self::Ending(Some(role)),
            Self::HubUser => Self::Ending(None),
        }
    }

    /// Whether it holds a permission.
    #[must_use]
    pub const fn may(self, permission: Permission) -> bool {
        match self {
            Self::Member(role) => may(role, permission),
            Self::WithoutSecondFactor(role) => {
                matches!(permission, Permission::OwnAccount) && may(role, permission)
            }
            Self::Ending(role) => {
                matches!(role, Some(Role::Owner))
                    && permission.is_left_while_ending()
                    && may(Role::Owner, permission)
            }
            Self::Operator => operator_may(permission),
            Self::HubUser => hub_user_may(permission),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn z9_whoever_must_enrol_first_has_their_own_account_and_nothing_else_whatever_their_role() {
        for role in Role::ALL {
            let kind = PrincipalKind::of_member(role, true, false);
            let held: Vec<_> = Permission::ALL.into_iter().filter(|held| kind.may(*held)).collect();
            assert_eq!(held, [Permission::OwnAccount], "{role}");
        }
    }
}
