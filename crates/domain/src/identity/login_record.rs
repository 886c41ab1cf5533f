//! What is kept of logins to bound the guessing of passwords: where an account was logged in to from, and how many guesses
//! are still to be paid off.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::identity::Email;
use crate::ids::AccountId;
use crate::tenant::TenantName;
use crate::time::Timestamp;

/// For what records of logins are kept: the hash of what a login names, an e-mail address and mostly a tenant, whether there is
/// such an account or not; or that of an account. What names no tenant is apart from all that names one: nobody learns from it
/// which tenants an address belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LoginKey(pub [u8; 32]);

/// What is counted of an account, whatever the address.
pub(super) const PASSWORDS_IN_SESSIONS: &str = "passwords in sessions";
/// Likewise.
pub(super) const CODES_IN_SESSIONS: &str = "codes in sessions";
/// Likewise.
pub(super) const CODES_AT_LOGIN: &str = "codes";

impl LoginKey {
    /// The key of an account, until all its sessions end at once: an address that somebody logged in from before is none
    /// that is known to whoever has the account now, or another password.
    #[must_use]
    pub fn of_account(account: AccountId, generation: u64) -> Self {
        Self(
            Sha256::new()
                .chain_update(account.as_bytes())
                .chain_update(generation.to_be_bytes())
                .finalize()
                .into(),
        )
    }

    /// The key of what is guessed at an account by some other way, whatever password it has.
    #[must_use]
    pub(crate) fn of_guesses(account: AccountId, counted: &str) -> Self {
        Self(Sha256::new().chain_update(account.as_bytes()).chain_update(counted).finalize().into())
    }

    /// The key of what a login names.
    #[must_use]
    pub fn of(tenant: Option<&TenantName>, email: &Email) -> Self {
        // An address has no such byte in it, nor has a name.
        let tenant = tenant.map_or("", TenantName::as_str);
        Self(
            Sha256::new()
                .chain_update(email.as_str())
                .chain_update([0])
                .chain_update(tenant)
                .finalize()
                .into(),
        )
    }

    /// The keys under which logins of a member are known, each with what is counted under it.
    #[must_use]
    pub(crate) fn of_member(
        account: AccountId,
        generation: u64,
        tenant: &TenantName,
        email: &Email,
    ) -> [(Self, &'static str); 5] {
        let guesses = |counted| (Self::of_guesses(account, counted), counted);
        [
            (Self::of_account(account, generation), "the account"),
            (Self::of(Some(tenant), email), "the address and the tenant"),
            guesses(PASSWORDS_IN_SESSIONS),
            guesses(CODES_AT_LOGIN),
            guesses(CODES_IN_SESSIONS),
        ]
    }
}

/// What is known of logins to one account, from one address or from all that never logged in to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginRecord {
    /// The account.
    pub account: LoginKey,
    /// The client's address as [`address_prefix`] cuts it; `None` for all together that never logged in.
    pub address: Option<IpAddr>,
    /// When all guesses are paid off.
    pub guesses_until: Timestamp,
    /// When somebody last logged in to the account from there.
    pub logged_in_at: Option<Timestamp>,
}

impl LoginRecord {
    /// How long an address is known that an account was logged in to from.
    pub const KNOWN_FOR: Duration = Duration::from_secs(90 * 24 * 60 * 60);

    /// The most records that are kept. Those that end first give way.
    pub const MAX_KEPT: u64 = 100_000;

    /// When it says nothing any more.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.logged_in_at.map_or(self.guesses_until, |at| at.plus(Self::KNOWN_FOR).max(self.guesses_until))
    }
}

/// What one client can change of its address at will is cut off: an IPv6 address to its /64. What stands for an IPv4 address is
/// that one: where it is mapped, and behind a translator (RFC 6052, section 2.1), all of whose clients have one /64.
#[must_use]
pub fn address_prefix(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            if [a, b, c, d] == [0x64, 0xff9b, 0, 0] {
                let [.., w, x, y, z] = v6.octets();
                return IpAddr::V4(Ipv4Addr::new(w, x, y, z));
            }
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k9_what_a_client_can_change_of_its_address_is_cut_off_and_what_stands_for_ipv4_is_that() {
        for (address, prefix) in [
            ("198.51.100.1", "198.51.100.1"),
            ("::ffff:198.51.100.1", "198.51.100.1"),
            ("64:ff9b::198.51.100.1", "198.51.100.1"),
            ("64:ff9b:0:0:0:1:c633:6401", "198.51.100.1"),
            ("64:ff9b:1::198.51.100.1", "64:ff9b:1::"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ] {
            let cut = address_prefix(address.parse().unwrap());
            assert_eq!(cut, prefix.parse::<IpAddr>().unwrap(), "{address}");
            assert_eq!(address_prefix(cut), cut, "{address}");
        }
    }
}
