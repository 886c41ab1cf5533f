//! The lines of what the erasure ledger has: an account that was erased, and that a tenant was removed.

use syft_space_domain::audit::{Log, LogName};
use syft_space_domain::ids::TenantId;
use syft_space_domain::privacy::ErasedAccount;
use syft_space_domain::secret::TokenHash;

use crate::statement::{Lines, Statement, hash};

/// An account that was erased, with the name of the tenant's log, by whose key it is signed: so nobody but the space itself puts anything
/// into its ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerNote {
    log: LogName,
    /// The account.
    pub erased: ErasedAccount,
}

impl LedgerNote {
    pub(crate) fn new(installation: &str, erased: ErasedAccount) -> Self {
        Self { log: LogName::of(installation, Log::Tenant(erased.tenant)), erased }
    }
}

impl Statement for LedgerNote {
    const NAME: &'static str = "erased account";
    const FIRST_LINE: &'static str = "syft-space erased account v1";

    fn log(&self) -> &LogName {
        &self.log
    }

    fn lines(&self) -> Vec<(&'static str, String)> {
        let ErasedAccount { tenant: _, account, asked_by, asked_at, token, address } = &self.erased;
        let lines = [
            Some(("log", self.log.to_string())),
            Some(("account", account.to_string())),
            Some(("asked_by", asked_by.to_string())),
            Some(("asked_at", asked_at.to_string())),
            token.map(|token| ("token", hex::encode(token.0))),
            address.map(|mark| ("address", hex::encode(mark))),
        ];
        lines.into_iter().flatten().collect()
    }

    fn read(lines: &mut Lines<'_>) -> Option<Self> {
        let (log, tenant) = tenant_log(lines)?;
        let erased = ErasedAccount {
            tenant,
            account: lines.parsed("account")?,
            asked_by: lines.parsed("asked_by")?,
            asked_at: lines.parsed("asked_at")?,
            token: match lines.value("token") {
                None => None,
                Some(text) => Some(TokenHash(hash(text)?)),
            },
            address: match lines.value("address") {
                None => None,
                Some(text) => Some(hash(text)?),
            },
        };
        Some(Self { log, erased })
    }
}

/// That a tenant was removed: its log says which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RemovalNote {
    log: LogName,
    pub(crate) tenant: TenantId,
}

impl RemovalNote {
    pub(crate) fn new(installation: &str, tenant: TenantId) -> Self {
        Self { log: LogName::of(installation, Log::Tenant(tenant)), tenant }
    }
}

impl Statement for RemovalNote {
    const NAME: &'static str = "removed tenant";
    const FIRST_LINE: &'static str = "syft-space removed tenant v1";

    fn log(&self) -> &LogName {
        &self.log
    }

    fn lines(&self) -> Vec<(&'static str, String)> {
        vec![("log", self.log.to_string())]
    }

    fn read(lines: &mut Lines<'_>) -> Option<Self> {
        let (log, tenant) = tenant_log(lines)?;
        Some(Self { log, tenant })
    }
}

/// The line of a tenant's log, and which tenant that is.
fn tenant_log(lines: &mut Lines<'_>) -> Option<(LogName, TenantId)> {
    let log = LogName::from_checkpoint(lines.value("log")?.to_owned());
    let tenant = log.as_str().rsplit('/').next()?.parse().ok()?;
    Some((log, tenant))
}
