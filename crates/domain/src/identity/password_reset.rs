//! A reset of a password: its holder chooses another one, once, until a given time.

use std::time::Duration;

use crate::access::may_grant;
use crate::identity::Member;
use crate::identity::ports::AccountView;
use crate::ids::{AccountId, TenantId};
use crate::secret::TokenHash;
use crate::store::StoreError;
use crate::tenant::TenantScope;
use crate::time::Timestamp;

/// Somebody may choose another password for one account. An account has one at most; whoever used it, or whose right to make
/// it ended, finds it removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordReset {
    /// In which tenant.
    pub tenant: TenantId,
    /// For which account.
    pub account: AccountId,
    /// The generation of the account when it was made: another password, or being disabled, ends it.
    pub generation: u64,
    /// What is stored of its token.
    pub token: TokenHash,
    /// The member who made it; `None` for the host's operator.
    pub made_by: Option<AccountId>,
    /// When.
    pub created_at: Timestamp,
    /// From when on it cannot be used.
    pub expires_at: Timestamp,
}

impl PasswordReset {
    /// How long it can be used.
    pub const LIFETIME: Duration = Duration::from_secs(60 * 60);

    /// The member whom it is for, as long as it stands: its time is not over, the account is as it was, and whoever made it
    /// may still do so.
    pub(super) fn holder<V: AccountView + ?Sized>(
        &self,
        view: &mut V,
        now: Timestamp,
    ) -> Result<Option<Member>, StoreError> {
        let scope = TenantScope::of(self.tenant);
        if now >= self.expires_at {
            return Ok(None);
        }
        let member = view.member(&scope, self.account)?;
        let Some(member) = member.filter(|it| it.is_active() && it.generation == self.generation) else {
            return Ok(None);
        };
        let Some(maker) = self.made_by else { return Ok(Some(member)) };
        let maker = view.member(&scope, maker)?.filter(Member::is_active);
        Ok(maker.is_some_and(|maker| may_grant(maker.role, member.role)).then_some(member))
    }
}
