//! The reasons of audit events: why something was denied, or failed; of what was done, what it changed.

use std::borrow::Cow;
use std::fmt;

use crate::access::Role;
use crate::as_text::named_enum;

named_enum! {
    /// Why an event ended as it did.
    pub enum ReasonCode {
        /// A policy of the endpoint does not admit the caller.
        AccessDenied = "access_denied",
        /// Whoever a provider has identified has an address that another account here has.
        AccountExists = "account_exists",
        /// A space asked an endpoint that asks another space in turn.
        AskedBySpace = "asked_by_space",
        /// A log was cut or changed since its checkpoint was signed.
        AuditLogChanged = "audit_log_changed",
        /// Whoever asked was gone before the end, or the server shut down.
        Canceled = "canceled",
        /// The stored credential of a hub cannot be opened.
        CredentialNeedsNewValue = "credential_needs_new_value",
        /// The hub does not accept the credential.
        CredentialRefused = "credential_refused",
        /// E-mail and password do not belong together.
        CredentialsWrong = "credentials_wrong",
        /// Whoever a provider has identified has no address that it has verified.
        EmailUnverified = "email_unverified",
        /// There is no such endpoint, for this caller.
        EndpointNotFound = "endpoint_not_found",
        /// Not why, but how: somebody who was erased stood in an older copy of the home that was put back, and goes again.
        ErasedBefore = "erased_before",
        /// An expectation of an endpoint would be broken.
        ExpectationBroken = "expectation_broken",
        /// The caller's role does not permit it.
        Forbidden = "forbidden",
        /// Whoever a provider has identified is in no group that has a role.
        GroupMissing = "group_missing",
        /// The hub's keys are not known, and could not be had.
        HubKeysUnavailable = "hub_keys_unavailable",
        /// The hub has no such route or thing.
        HubNotFound = "hub_not_found",
        /// The hub refused.
        HubRefused = "hub_refused",
        /// The hub could not be reached, did not answer in time, or failed.
        HubUnavailable = "hub_unavailable",
        /// The hub answered what no hub answers.
        HubUnreadable = "hub_unreadable",
        /// The hub does not vouch for its user any more.
        HubUserNotVouchedFor = "hub_user_not_vouched_for",
        /// A policy hangs on who the caller is on their hub, and the hub cannot be asked.
        IdentityUnavailable = "identity_unavailable",
        /// An error of the server's own.
        Internal = "internal",
        /// There is no such invitation, or not any more.
        InvitationUnknown = "invitation_unknown",
        /// Invitations ended with the right of whoever made them.
        InvitationsEnded = "invitations_ended",
        /// Whoever made the invitation may not grant its role any more.
        InviterMayNotGrant = "inviter_may_not_grant",
        /// An ingestion job could not do its work.
        JobFailed = "job_failed",
        /// An API key may not be used from this address.
        KeyAddressNotAllowed = "key_address_not_allowed",
        /// An API key has expired.
        KeyExpired = "key_expired",
        /// An API key is not of the form of a key, or was not copied whole.
        KeyMalformed = "key_malformed",
        /// An API key's scopes do not hold what would have been needed.
        KeyScopeMissing = "key_scope_missing",
        /// There is no such API key, or not any more, or its secret is another.
        KeyUnknown = "key_unknown",
        /// API keys ended with their account, as it was disabled, or as a reset or the operator gave it another password.
        KeysEnded = "keys_ended",
        /// Somebody joined by a verified address of a domain that the operator lets in.
        JoinedByDomain = "joined_by_domain",
        /// Somebody joined by a verified address that was invited.
        JoinedByInvitation = "joined_by_invitation",
        /// The tenant would be left without an Owner.
        LastOwner = "last_owner",
        /// A legal hold stands.
        LegalHold = "legal_hold",
        /// Not why, but what: one caller, or one address, was refused by limits again and again.
        LimitBurst = "limit_burst",
        /// The tenant has as much of it as it may.
        LimitReached = "limit_reached",
        /// Somebody logged out.
        LoggedOut = "logged_out",
        /// Not why, but what: logins to one account, or from one address, failed again and again.
        LoginFailures = "login_failures",
        /// Not why, but what: one caller read content again and again.
        MassExport = "mass_export",
        /// A member was disabled.
        MemberDisabled = "member_disabled",
        /// A member was enabled again.
        MemberEnabled = "member_enabled",
        /// The e-mail address or the tenant's name of a registration is taken.
        NameTaken = "name_taken",
        /// Not why, but what: somebody became an Owner.
        NewOwner = "new_owner",
        /// Whoever a provider has identified has no account, and nobody asked them to come.
        NotInvited = "not_invited",
        /// The hub's address may not be called from here.
        OutboundNotAllowed = "outbound_not_allowed",
        /// What somebody wanted of another account is no way to change one's own.
        OwnAccount = "own_account",
        /// What was to be decided is the caller's own request.
        OwnRequest = "own_request",
        /// A password was reset, or is to be.
        PasswordReset = "password_reset",
        /// What the caller, or all, may spend at the endpoint is spent.
        PaymentRequired = "payment_required",
        /// Not why, but how: all that is held about a member goes, or part of it has gone.
        PersonErased = "person_erased",
        /// A policy of the endpoint cannot be evaluated.
        PolicyUnavailable = "policy_unavailable",
        /// A policy of the endpoint refused, for another reason than who asks and how often.
        PolicyViolation = "policy_violation",
        /// What an identity provider answered is not for the request, or not its word.
        ProviderAnswerInvalid = "provider_answer_invalid",
        /// An identity provider does not redeem its code.
        ProviderCodeRefused = "provider_code_refused",
        /// An identity provider did not sign somebody in.
        ProviderDenied = "provider_denied",
        /// Somebody logged out at their identity provider.
        ProviderLoggedOut = "provider_logged_out",
        /// An identity provider is believed no more.
        ProviderRemoved = "provider_removed",
        /// An identity provider cannot be asked.
        ProviderUnavailable = "provider_unavailable",
        /// A policy of the endpoint demands a purpose, and the query names none.
        PurposeMissing = "purpose_missing",
        /// A limit of the endpoint let the caller in no more at the time.
        RateLimited = "rate_limited",
        /// Not why, but what: a refresh token was used of which somebody else has a copy.
        RefreshReuse = "refresh_reuse",
        /// There is no session that a refresh token is of, or not any more.
        RefreshTokenUnknown = "refresh_token_unknown",
        /// Nobody may register at present.
        RegistrationClosed = "registration_closed",
        /// Another space, which an endpoint asks in place of a dataset, did not answer, or refused.
        RemoteSpaceUnavailable = "remote_space_unavailable",
        /// Not why, but how: a tenant that was removed stood in an older copy of the home that was put back, and goes again.
        RemovedBefore = "removed_before",
        /// There is no such reset of a password, or not any more.
        ResetUnknown = "reset_unknown",
        /// Resets of passwords ended with the right of whoever made them, or with what the member was.
        ResetsEnded = "resets_ended",
        /// The question was denied.
        ReviewDenied = "review_denied",
        /// The question waits for somebody's approval.
        ReviewPending = "review_pending",
        /// The question needs somebody's approval, and no more may wait for it.
        ReviewQueueFull = "review_queue_full",
        /// Only an Owner hands out, or touches, that role.
        RoleNotYours = "role_not_yours",
        /// A claim of a satellite token is missing, of the wrong type, or not for us.
        SatelliteTokenBadClaims = "satellite_token_bad_claims",
        /// A satellite token is not signed by the key that it names.
        SatelliteTokenBadSignature = "satellite_token_bad_signature",
        /// A satellite token's time is over.
        SatelliteTokenExpired = "satellite_token_expired",
        /// A satellite token is not of the form of a token.
        SatelliteTokenMalformed = "satellite_token_malformed",
        /// No tenant of this space owns a satellite token's audience.
        SatelliteTokenNotForUs = "satellite_token_not_for_us",
        /// A satellite token is not yet of its time.
        SatelliteTokenNotYetValid = "satellite_token_not_yet_valid",
        /// A satellite token has a longer life than any may have.
        SatelliteTokenTooLongLived = "satellite_token_too_long_lived",
        /// A satellite token's issuer is no trusted hub.
        SatelliteTokenUnknownIssuer = "satellite_token_unknown_issuer",
        /// A satellite token is signed with a key that the hub does not show.
        SatelliteTokenUnknownKey = "satellite_token_unknown_key",
        /// A satellite token is of an algorithm or kind that is not accepted here.
        SatelliteTokenWrongKind = "satellite_token_wrong_kind",
        /// The search failed.
        SearchFailed = "search_failed",
        /// The caller's role needs a second factor, and the account has none.
        SecondFactorRequired = "second_factor_required",
        /// A session was ended by whoever has the account, from another one; or all others at once.
        SessionEnded = "session_ended",
        /// A session was not used for too long.
        SessionIdle = "session_idle",
        /// An account has as many sessions as it may, and began another.
        SessionLimit = "session_limit",
        /// A session began too long ago.
        SessionTooOld = "session_too_old",
        /// Sessions of a member, or of all, were ended by who manages them or by the host's operator.
        SessionsRevoked = "sessions_revoked",
        /// The setup token is missing or wrong.
        SetupTokenWrong = "setup_token_wrong",
        /// The query was answered, and would not have been if the policies of the endpoint that are in shadow decided.
        ShadowDenied = "shadow_denied",
        /// The query was answered, and whether it would have been if the policies of the endpoint that are in shadow decided cannot be told.
        ShadowUndecided = "shadow_undecided",
        /// A sign-in was not begun by the browser that ends it, has ended, or took too long.
        SignInUnknown = "sign_in_unknown",
        /// The tenant's state cannot be read at the moment.
        StateUnavailable = "state_unavailable",
        /// The tenant ends, and lets nobody in but its Owners.
        TenantEnding = "tenant_ending",
        /// A claim of an access token is missing, of the wrong type, or not for us.
        TokenBadClaims = "token_bad_claims",
        /// An access token is not signed by the key that it names.
        TokenBadSignature = "token_bad_signature",
        /// An access token's time is over.
        TokenExpired = "token_expired",
        /// An access token is not of the form of a token.
        TokenMalformed = "token_malformed",
        /// An access token is not yet of its time.
        TokenNotYetValid = "token_not_yet_valid",
        /// The bearer of a genuine token may not come in any more.
        TokenRevoked = "token_revoked",
        /// An access token is signed with a key that is not ours, or no longer.
        TokenUnknownKey = "token_unknown_key",
        /// An access token is of an algorithm or kind that is not accepted here.
        TokenWrongKind = "token_wrong_kind",
        /// Too many wrong passwords or codes were given for an account lately.
        TooManyGuesses = "too_many_guesses",
        /// More requests came from an address than one may make.
        TooManyRequests = "too_many_requests",
        /// The password was right, and no code of the second factor was given.
        TotpRequired = "totp_required",
        /// A code of the second factor is wrong, or was used before.
        TotpWrong = "totp_wrong",
    }
}

/// A reason as it stands in a log. That may be one which this version does not know, where a later one wrote it: it is
/// shown, and handed on, as it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RecordedReason(pub(super) Cow<'static, str>);

impl RecordedReason {
    /// The reason that a store has kept.
    #[must_use]
    pub fn from_stored(name: String) -> Self {
        Self(Cow::Owned(name))
    }

    /// Its name in JSON and in storage.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl RecordedReason {
    /// That a member was given another role: from which, and to which.
    #[must_use]
    pub fn role_changed(from: Role, to: Role) -> Self {
        Self(Cow::Owned(format!("role_{from}_to_{to}")))
    }
}

impl From<ReasonCode> for RecordedReason {
    fn from(code: ReasonCode) -> Self {
        Self(Cow::Borrowed(code.as_str()))
    }
}

impl fmt::Display for RecordedReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn u1_each_reason_has_a_name_of_its_own_and_is_read_back_by_it() {
        let names: BTreeSet<&str> = ReasonCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(names.len(), ReasonCode::ALL.len());
        for code in ReasonCode::ALL {
            assert_eq!(RecordedReason::from_stored(code.as_str().to_owned()), code.into());
        }
    }

    #[test]
    fn u1_a_reason_of_a_later_version_is_kept_as_it_is() {
        let reason = RecordedReason::from_stored("a_reason_of_tomorrow".to_owned());
        assert!(ReasonCode::ALL.iter().all(|code| RecordedReason::from(*code) != reason));
        assert_eq!(
            (reason.as_str(), reason.to_string().as_str()),
            ("a_reason_of_tomorrow", "a_reason_of_tomorrow")
        );
    }
}
