//! The permissions.

/// One thing that may be permitted to a member's role, or to the host's operator. Each use case names the permission it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Change the tenant itself, and members of any role.
    ManageTenant,
    /// Invite, change and disable members who are User or Viewer.
    ManageMembers,
    /// Reset the password of a member whom one may manage.
    ResetPasswords,
    /// Read who is a member, and as what.
    ReadMembers,
    /// Make, change and remove datasets and their documents, and list what documents there are.
    WriteDatasets,
    /// Read documents' content, and search a dataset directly.
    ReadContent,
    /// Make, change and remove endpoints.
    WriteEndpoints,
    /// Make, change, remove, attach and explain policies.
    WritePolicies,
    /// Register, change and remove the tenant's accounts on hubs.
    ManageMarketplaces,
    /// Read on which hubs the tenant has accounts: never their credentials.
    ReadMarketplaces,
    /// Read the audit log.
    ReadAudit,
    /// Read what datasets, endpoints and policies there are: never content, never secrets.
    ReadMetadata,
    /// List the endpoints one may query, by name, slug and summary.
    ListQueryable,
    /// Query an endpoint, subject to its policies.
    Query,
    /// One's own account.
    OwnAccount,
}

impl Permission {
    /// Every permission.
    pub const ALL: [Self; 15] = [
        Self::ManageTenant,
        Self::ManageMembers,
        Self::ResetPasswords,
        Self::ReadMembers,
        Self::WriteDatasets,
        Self::ReadContent,
        Self::WriteEndpoints,
        Self::WritePolicies,
        Self::ManageMarketplaces,
        Self::ReadMarketplaces,
        Self::ReadAudit,
        Self::ReadMetadata,
        Self::ListQueryable,
        Self::Query,
        Self::OwnAccount,
    ];
}
