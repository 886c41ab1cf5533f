//! The reasons a request can be refused for: each with its stable code, its status and its title.

use actix_web::http::StatusCode;

macro_rules! reasons {
    ($($(#[doc = $doc:literal])* $name:ident = $status:ident, $code:literal, $title:literal;)*) => {
        /// A reason for which a request is refused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Reason { $($(#[doc = $doc])* $name,)* }

        impl Reason {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The stable word for it.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// The status it is answered with.
            #[must_use]
            pub fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)* }
            }

            /// What it means.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),*).trim(),)* }
            }

            /// What it is called for a person.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }
        }
    };
}

reasons! {
    /// The body is not what its media type says, or the request contradicts itself.
    Malformed = BAD_REQUEST, "malformed", "The request cannot be read";
    /// A header or a credential stands twice, or a credential elsewhere than in `Authorization`.
    Ambiguous = BAD_REQUEST, "ambiguous", "The request says something twice";
    /// The sign-in at an identity provider was not begun by this browser, has ended, or took too long.
    SignInInvalid = BAD_REQUEST, "sign_in_invalid", "The sign-in cannot be finished";
    /// A logout token of an identity provider does not say what one says.
    LogoutTokenInvalid = BAD_REQUEST, "logout_token_invalid", "The logout token is not valid";
    /// No credential was sent.
    Unauthenticated = UNAUTHORIZED, "unauthenticated", "Log in first";
    /// The credential is not good, or no longer.
    TokenInvalid = UNAUTHORIZED, "token_invalid", "The access token or API key is not valid";
    /// The API key has expired.
    KeyExpired = UNAUTHORIZED, "key_expired", "The API key has expired";
    /// The refresh token is of no session that lives.
    RefreshTokenInvalid = UNAUTHORIZED, "refresh_token_invalid", "The refresh token is not valid";
    /// E-mail and password do not belong together.
    CredentialsWrong = UNAUTHORIZED, "credentials_wrong", "The login failed";
    /// The password is right, and the account has a second factor, of which no code was sent.
    TotpRequired = UNAUTHORIZED, "totp_required", "A code of the second factor is needed";
    /// The password is right, and the code of the second factor is wrong, or was used before.
    TotpWrong = UNAUTHORIZED, "totp_wrong", "The code of the second factor is wrong";
    /// What the caller, or all callers together, may spend at the endpoint is spent.
    PaymentRequired = PAYMENT_REQUIRED, "payment_required", "What may be spent is spent";
    /// The caller's role does not permit it.
    Forbidden = FORBIDDEN, "forbidden", "This is not permitted";
    /// The identity provider, or a rule of the tenant, does not let the person in.
    SignInRefused = FORBIDDEN, "sign_in_refused", "You are not signed in";
    /// Only an Owner hands out, or touches, that role.
    RoleNotYours = FORBIDDEN, "role_not_yours", "Only an owner may do this";
    /// The caller's role needs a second factor, and the account has none: it does nothing but enrol one.
    SecondFactorRequired = FORBIDDEN, "second_factor_required", "Enrol a second factor first";
    /// The tenant ends: it lets in its Owners alone, and they may look, take out what is theirs, and keep it.
    TenantEnding = FORBIDDEN, "tenant_ending", "The tenant ends";
    /// The code of one's own second factor is wrong, or was used before.
    CodeWrong = FORBIDDEN, "code_wrong", "The code of the second factor is wrong";
    /// Whoever changes a password or a second factor gives the current password, and this is not it.
    CurrentPasswordWrong = FORBIDDEN, "current_password_wrong", "The current password is wrong";
    /// The setup token is missing or wrong.
    SetupTokenWrong = FORBIDDEN, "setup_token_wrong", "The setup token is missing or wrong";
    /// Nobody may register at present.
    RegistrationClosed = FORBIDDEN, "registration_closed", "Registration is closed";
    /// Only the operator says which hubs are trusted, and this is none of them.
    HubNotTrusted = FORBIDDEN, "hub_not_trusted", "The hub is not trusted";
    /// The space may not call that address.
    OutboundNotAllowed = FORBIDDEN, "outbound_not_allowed", "The address may not be called";
    /// An access policy refused.
    AccessDenied = FORBIDDEN, "access_denied", "A policy refused the query";
    /// A policy refused, for another reason than who asks and how often.
    PolicyViolation = FORBIDDEN, "policy_violation", "A policy does not permit the query";
    /// The question waits for an owner or admin to approve it: `approval_id` names it.
    ReviewPending = FORBIDDEN, "review_pending", "Your question waits for approval";
    /// The question was denied, and is not answered until that has ended.
    ReviewDenied = FORBIDDEN, "review_denied", "Your question was not approved";
    /// The question needs approval, and as many wait as may.
    ReviewQueueFull = FORBIDDEN, "review_queue_full", "Too many questions wait for approval";
    /// What is to be decided is the caller's own question.
    OwnRequest = FORBIDDEN, "own_request", "Nobody decides on a question of their own";
    /// There is no such route.
    NoRoute = NOT_FOUND, "no_route", "There is nothing at this path";
    /// There is no such thing, for this caller.
    NotFound = NOT_FOUND, "not_found", "There is no such thing";
    /// The route does not know the method.
    MethodNotAllowed = METHOD_NOT_ALLOWED, "method_not_allowed", "The path does not know this method";
    /// The body took too long to arrive.
    BodyTimeout = REQUEST_TIMEOUT, "body_timeout", "The body took too long to arrive";
    /// It contradicts what there is.
    Conflict = CONFLICT, "conflict", "It contradicts what there is";
    /// The name is taken.
    NameTaken = CONFLICT, "name_taken", "The name is taken";
    /// The issuer is trusted at another URL.
    IssuerUrlMismatch = CONFLICT, "issuer_url_mismatch", "The issuer is another hub's";
    /// The account on the hub, or its satellite, is registered already.
    AudienceTaken = CONFLICT, "audience_taken", "The account is registered already";
    /// The endpoint is a draft.
    EndpointDraft = CONFLICT, "endpoint_draft", "Publish the endpoint first";
    /// No access policy is attached to the endpoint.
    NoAccessPolicy = CONFLICT, "no_access_policy", "Attach an access policy first";
    /// Hubs do not take the endpoint's slug.
    SlugUnlistable = CONFLICT, "slug_unlistable", "Hubs do not take this slug";
    /// The endpoint is listed there.
    AlreadyListed = CONFLICT, "already_listed", "The endpoint is listed there already";
    /// The account's endpoints on the hub are up at another address.
    ServedElsewhere = CONFLICT, "served_elsewhere", "The account is served from another address";
    /// Nobody has said where others reach this space.
    PublicUrlMissing = CONFLICT, "public_url_missing", "The space does not know where others reach it";
    /// The account belongs to several tenants.
    TenantRequired = CONFLICT, "tenant_required", "Say which tenant you mean";
    /// The tenant would be left without an Owner.
    LastOwner = CONFLICT, "last_owner", "A tenant needs an owner";
    /// The thing is in use.
    InUse = CONFLICT, "in_use", "It is in use";
    /// An expectation of an endpoint would be broken, or does not hold.
    ExpectationBroken = CONFLICT, "expectation_broken", "An expectation would be broken";
    /// Policies name the group.
    GroupInUse = CONFLICT, "group_in_use", "Policies name the group";
    /// The tenant has as much of it as it may.
    LimitReached = CONFLICT, "limit_reached", "The tenant has as much as it may";
    /// It has changed since.
    Changed = PRECONDITION_FAILED, "changed", "It has changed since";
    /// The body is larger than it may be.
    TooLarge = PAYLOAD_TOO_LARGE, "too_large", "The body is too large";
    /// The body is of a media type that is not taken here.
    UnsupportedMediaType = UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "The media type is not supported";
    /// It can be read, and is not allowed.
    Invalid = UNPROCESSABLE_ENTITY, "invalid", "The request is not valid";
    /// The password is not good enough.
    PasswordRefused = UNPROCESSABLE_ENTITY, "password_refused", "Choose another password";
    /// The hub's tokens name another issuer than the one that was named, or than the one that is trusted.
    IssuerMismatch = UNPROCESSABLE_ENTITY, "issuer_mismatch", "The hub's tokens name another issuer";
    /// The credential is another account's than the one that was named.
    UsernameMismatch = UNPROCESSABLE_ENTITY, "username_mismatch", "The credential is another account's";
    /// The hub does not accept the credential.
    CredentialRefused = UNPROCESSABLE_ENTITY, "credential_refused", "The hub does not accept the credential";
    /// More requests came from the client's address than one may make: `Retry-After` says when it may go on.
    TooManyRequests = TOO_MANY_REQUESTS, "too_many_requests", "Too many requests from this address";
    /// Too many wrong passwords or codes were given for the account lately, whether there is one or not.
    TooManyGuesses = TOO_MANY_REQUESTS, "too_many_guesses", "Too many wrong passwords";
    /// A limit of the endpoint lets the caller in no more at the time: `Retry-After` says when.
    RateLimited = TOO_MANY_REQUESTS, "rate_limited", "Too many queries at the time";
    /// Enough mail was sent lately, to that address or by the tenant.
    TooManyMails = TOO_MANY_REQUESTS, "too_many_mails", "Enough mail was sent lately";
    /// The caller, the tenant or the server has as many tails of an audit log open as it may: `Retry-After` says when to try again.
    TooManyTails = TOO_MANY_REQUESTS, "too_many_tails", "Too many tails of an audit log are open";
    /// The mail server refused a mail, so that nobody has the token.
    MailRefused = BAD_GATEWAY, "mail_refused", "The mail server refused the mail";
    /// A hub answered what no hub answers, or refused what was asked of it.
    HubUnreadable = BAD_GATEWAY, "hub_unreadable", "The hub's answer cannot be used";
    /// Too much is going on.
    Overloaded = SERVICE_UNAVAILABLE, "overloaded", "The server has too much to do";
    /// There is no room to write to.
    StorageFull = INSUFFICIENT_STORAGE, "storage_full", "The server has no room left";
    /// A hub is needed, and cannot be asked.
    HubUnavailable = SERVICE_UNAVAILABLE, "hub_unavailable", "The hub cannot be asked at the moment";
    /// The mail server is needed, and does not answer.
    MailUnavailable = SERVICE_UNAVAILABLE, "mail_unavailable", "Mail cannot be sent at the moment";
    /// An identity provider is needed, and cannot be asked.
    IdentityProviderUnavailable = SERVICE_UNAVAILABLE, "identity_provider_unavailable",
        "The identity provider cannot be asked at the moment";
    /// A policy of the endpoint cannot be evaluated.
    PolicyUnavailable = SERVICE_UNAVAILABLE, "policy_unavailable", "A policy cannot be evaluated, so nobody is let in";
    /// A policy hangs on who the caller is on their hub, and the hub cannot be asked.
    IdentityUnavailable = SERVICE_UNAVAILABLE, "identity_unavailable", "Who you are cannot be learned at the moment";
    /// Something that is needed is not there.
    Unavailable = SERVICE_UNAVAILABLE, "unavailable", "The server cannot do this at the moment";
    /// Something went wrong that should not.
    Internal = INTERNAL_SERVER_ERROR, "internal", "Something went wrong";
}
