//! The permissions.

use crate::as_text::text_enum;

text_enum! {
    /// One thing that may be permitted to a member's role, or to the host's operator. Each use case names the permission it
    /// needs. Its name is what a scope of an API key is called.
    #[derive(PartialOrd, Ord)]
    pub enum Permission {
        /// Change the tenant itself, and members of any role.
        ManageTenant = "manage_tenant",
        /// End the tenant, and take that back.
        EndTenant = "end_tenant",
        /// Invite, change and disable members who are User or Viewer.
        ManageMembers = "manage_members",
        /// Reset the password of a member whom one may manage.
        ResetPasswords = "reset_passwords",
        /// Read who is a member, and as what.
        ReadMembers = "read_members",
        /// Make, change and remove datasets and their documents, and list what documents there are.
        WriteDatasets = "write_datasets",
        /// Read documents' content, and search a dataset directly.
        ReadContent = "read_content",
        /// Make, change and remove endpoints.
        WriteEndpoints = "write_endpoints",
        /// Make, change, remove, attach and explain policies.
        WritePolicies = "write_policies",
        /// Register, change and remove the tenant's accounts on hubs.
        ManageMarketplaces = "manage_marketplaces",
        /// Read on which hubs the tenant has accounts: never their credentials.
        ReadMarketplaces = "read_marketplaces",
        /// Read the audit log.
        ReadAudit = "read_audit",
        /// Read what datasets, endpoints and policies there are: never content, never secrets.
        ReadMetadata = "read_metadata",
        /// List the endpoints one may query, by name, slug and summary.
        ListQueryable = "list_queryable",
        /// Query an endpoint, subject to its policies.
        Query = "query",
        /// One's own account.
        OwnAccount = "own_account",
    }

    /// A text that is no permission: only scopes of API keys are read from what a client sends.
    #[error("a scope is one of: {}", scopes().join(", "))]
    pub struct PermissionError;
}

/// What a scope of an API key may be.
fn scopes() -> Vec<&'static str> {
    Permission::ALL.into_iter().filter(|scope| scope.is_for_keys()).map(Permission::as_str).collect()
}

impl Permission {
    /// Whether an API key may have it as a scope. What decides over accounts is for somebody who has logged in: a key that
    /// leaks makes no other, and outlives neither its end nor its holder's.
    #[must_use]
    pub const fn is_for_keys(self) -> bool {
        !matches!(
            self,
            Self::ManageTenant
                | Self::EndTenant
                | Self::ManageMembers
                | Self::ResetPasswords
                | Self::OwnAccount
        )
    }

    /// Whether an Owner has it still while the tenant ends: to look, to take out what is theirs, and to keep the tenant.
    #[must_use]
    pub const fn is_left_while_ending(self) -> bool {
        !matches!(
            self,
            Self::ManageMembers
                | Self::WriteEndpoints
                | Self::WritePolicies
                | Self::ManageMarketplaces
                | Self::ListQueryable
                | Self::Query
        )
    }

    /// What a key must have besides to use it: who changes a thing, or reads what is in it, sees what there is.
    #[must_use]
    pub const fn includes(self) -> Option<Self> {
        match self {
            Self::WriteDatasets | Self::ReadContent | Self::WriteEndpoints | Self::WritePolicies => {
                Some(Self::ReadMetadata)
            }
            Self::ManageMarketplaces => Some(Self::ReadMarketplaces),
            _ => None,
        }
    }

    /// Whether it is about one endpoint at a time, so that an API key may have it for some of them.
    #[must_use]
    pub const fn is_of_an_endpoint(self) -> bool {
        matches!(self, Self::ListQueryable | Self::Query)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_scope_is_answered_with_all_that_are_and_with_none_that_a_key_cannot_have() {
        assert_eq!(
            PermissionError.to_string(),
            "a scope is one of: read_members, write_datasets, read_content, write_endpoints, write_policies, \
             manage_marketplaces, read_marketplaces, read_audit, read_metadata, list_queryable, query"
        );
    }

    #[test]
    fn only_to_list_and_to_query_is_given_for_some_endpoints() {
        let of_one: Vec<_> = Permission::ALL.into_iter().filter(|held| held.is_of_an_endpoint()).collect();
        assert_eq!(of_one, [Permission::ListQueryable, Permission::Query]);
    }
}
