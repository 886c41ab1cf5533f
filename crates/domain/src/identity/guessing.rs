//! How many passwords and codes may be guessed at one account.
//!
//! All addresses that never logged in to an account share one allowance, so that many of them guess no faster than one.
//! An address that did has its own, so that nobody else can use it up. An account that does not exist has the same.
//!
//! A code is guessed by whoever knows the password: all share one small allowance, known addresses too, since they may be known
//! from the time before the second factor. A right code gives nothing back, or each login of the owner would pay for more guesses;
//! nor does another password, or whoever has the right to change it would pay so. What is guessed in sessions is counted apart from
//! logins, so that no stranger can use it up.
//!
//! An allowance is looked at before the costly comparison, and again in the unit of work that tells its outcome: of guesses
//! made at the same time no more are answered than it has.

use std::net::IpAddr;
use std::time::Duration;

use crate::audit::RequestContext;
use crate::identity::login_record::{CODES_AT_LOGIN, CODES_IN_SESSIONS, PASSWORDS_IN_SESSIONS};
use crate::identity::ports::{AccountRows, AccountView, HashingClient};
use crate::identity::{Email, LoginKey, LoginRecord, Member, address_prefix};
use crate::ids::AccountId;
use crate::store::StoreError;
use crate::tenant::TenantName;
use crate::time::{CLOCK_SLACK, Timestamp};

/// How large an allowance is.
#[derive(Debug, Clone, Copy)]
struct Rate {
    /// Guesses that may come at once.
    burst: u32,
    /// The time in which one guess is paid off.
    interval: Duration,
}

/// As many come in within an hour as at once, so that no hour sees more than twice this.
const PASSWORDS: Rate = Rate { burst: 50, interval: Duration::from_secs(60 * 60 / 50) };
/// Three codes of a million are good at a time: to guess one takes years.
const CODES: Rate = Rate { burst: 10, interval: Duration::from_secs(60 * 60 / 5) };

/// So many wrong passwords were given lately that none is compared now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many wrong passwords were given for this account; try again in {} s", .retry_after.as_secs())]
pub struct TooManyGuesses {
    /// When to try again.
    pub retry_after: Duration,
}

/// One password or code given for one account.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Guess {
    /// What the login names, whether there is such an account or not.
    named: LoginKey,
    /// The account that it is for, where there is one, with the password that it has now.
    account: Option<LoginKey>,
    /// The same account, whatever its password.
    holder: Option<AccountId>,
    in_session: bool,
    /// The allowance that it is taken from whatever the address, where there is one.
    shared: Option<(LoginKey, Rate)>,
    address: Option<IpAddr>,
    now: Timestamp,
    /// Whether it also removes records that say nothing any more. A few of all do, and nobody can choose which.
    trims: bool,
}

impl Guess {
    pub(crate) fn new(context: &RequestContext, tenant: Option<&TenantName>, email: &Email) -> Self {
        Self {
            named: LoginKey::of(tenant, email),
            account: None,
            holder: None,
            in_session: false,
            shared: None,
            address: context.origin.address.map(address_prefix),
            now: context.now,
            trims: context.request.as_bytes().last() == Some(&0),
        }
    }

    /// The guess, once it is known for which account.
    pub(crate) fn at(self, member: &Member) -> Self {
        let account = LoginKey::of_account(member.account, member.generation);
        Self { account: Some(account), holder: Some(member.account), ..self }
    }

    /// The guess, once a session of the account makes it.
    pub(crate) fn in_session(self, member: &Member) -> Self {
        let shared = Some((LoginKey::of_guesses(member.account, PASSWORDS_IN_SESSIONS), PASSWORDS));
        Self { in_session: true, shared, ..self.at(member) }
    }

    /// The same at a code of the account's second factor, behind a right password or in a session.
    pub(crate) fn at_code(self) -> Self {
        let counted = if self.in_session { CODES_IN_SESSIONS } else { CODES_AT_LOGIN };
        Self { shared: self.holder.map(|holder| (LoginKey::of_guesses(holder, counted), CODES)), ..self }
    }

    /// Who waits for its hash.
    pub(crate) fn client<V: AccountView + ?Sized>(&self, view: &mut V) -> Result<HashingClient, StoreError> {
        let has_logged_in = self.address.map_or(Ok(false), |address| view.has_logged_in(address))?;
        Ok(HashingClient { address: self.address, has_logged_in })
    }

    /// Whether the account's allowance has a guess left.
    pub(crate) fn check<V, E>(&self, view: &mut V) -> Result<(), E>
    where
        V: AccountView + ?Sized,
        E: From<StoreError> + From<TooManyGuesses>,
    {
        self.paid_off(&self.allowance(view)?)?;
        Ok(())
    }

    /// Takes a guess from the account's allowance.
    pub(crate) fn count<T, E>(&self, tx: &mut T) -> Result<(), E>
    where
        T: AccountRows + ?Sized,
        E: From<StoreError> + From<TooManyGuesses>,
    {
        let allowance = self.allowance(tx)?;
        let guesses_until = self.paid_off(&allowance)?.plus(self.rate().interval);
        tx.put_login_record(&LoginRecord { guesses_until, ..allowance })?;
        Ok(self.trim(tx)?)
    }

    /// The password was right: from now on the address has its own allowance.
    pub(crate) fn was_right<T: AccountRows + ?Sized>(&self, tx: &mut T) -> Result<(), StoreError> {
        if let (Some(account), Some(address)) = (self.account, self.address) {
            let kept = tx.login_record(&account, Some(address))?;
            let record = kept.unwrap_or_else(|| self.unused(account, Some(address)));
            tx.put_login_record(&LoginRecord { logged_in_at: Some(self.now), ..record })?;
        }
        self.trim(tx)
    }

    fn trim<T: AccountRows + ?Sized>(&self, tx: &mut T) -> Result<(), StoreError> {
        if self.trims { tx.trim_login_records(self.now, LoginRecord::MAX_KEPT) } else { Ok(()) }
    }

    /// The record whose allowance this guess is taken from.
    fn allowance<V: AccountView + ?Sized>(&self, view: &mut V) -> Result<LoginRecord, StoreError> {
        let shared = self.shared.map(|(shared, _)| shared);
        if let (None, Some(account), Some(address)) = (shared, self.account, self.address)
            && let Some(own) = view.login_record(&account, Some(address))?
            && own.logged_in_at.is_some_and(|at| self.now.since(at) < LoginRecord::KNOWN_FOR)
        {
            return Ok(own);
        }
        let shared = shared.unwrap_or(self.named);
        Ok(view.login_record(&shared, None)?.unwrap_or_else(|| self.unused(shared, None)))
    }

    fn unused(&self, account: LoginKey, address: Option<IpAddr>) -> LoginRecord {
        LoginRecord { account, address, guesses_until: self.now, logged_in_at: None }
    }

    fn rate(&self) -> Rate {
        self.shared.map_or(PASSWORDS, |(_, rate)| rate)
    }

    /// When all guesses before this one are paid off, if there is room for it.
    fn paid_off(&self, allowance: &LoginRecord) -> Result<Timestamp, TooManyGuesses> {
        let Rate { burst, interval } = self.rate();
        let (full, all_but_one) = (interval * burst, interval * (burst - 1));
        let owed = allowance.guesses_until.since(self.now);
        // Nobody owes more than all guesses, so the clock was set back. One guess is answered, and is counted by the clock as it is now:
        // whoever was let in before waits for no time that may be a year off, and each such step of the clock is worth one guess.
        let was_set_back = owed > full + CLOCK_SLACK;
        let owed = if was_set_back { all_but_one } else { owed.min(full) };
        let until = self.now.plus(owed);
        let too_many = owed.saturating_sub(all_but_one);
        if too_many.is_zero() {
            return Ok(until);
        }
        Err(TooManyGuesses { retry_after: Duration::from_secs(too_many.as_secs() + 1) })
    }
}
