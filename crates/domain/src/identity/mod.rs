//! Identity: accounts, and the principal that authentication ends in.
//!
//! An account is a tenant's: an e-mail address, a password, a role and a status. A member is what the tenant knows of it.

mod accept;
mod account;
mod account_status;
mod api_key;
mod api_key_terms;
mod api_key_text;
mod authenticate;
mod authority;
mod begin_session;
mod change_password;
mod credential;
mod disable_second_factor;
mod email;
mod end_sessions;
mod enrol;
mod factor_code;
mod factor_proof;
mod guessing;
mod invitation;
mod invite;
mod key_epoch;
mod key_rotation;
mod last_noted;
mod login;
mod login_record;
mod manage_api_keys;
mod manage_members;
mod member;
mod note_key_uses;
pub mod oidc;
mod operate;
mod operate_api_keys;
mod password;
mod password_reset;
pub mod ports;
mod principal;
mod reading;
mod redeem_reset;
mod refresh;
mod refusal;
mod reset_password;
mod second_factor;
mod session;
mod sessions;
mod signing_key;
mod token;
mod totp;

pub use accept::{AcceptError, AcceptInvitation, accept_invitation};
pub use account::Account;
pub use account_status::{AccountStatus, StatusError};
pub use api_key::{ApiKey, IdempotencyKey, IdempotencyKeyError, PreviousSecret, RequestMark, TooManySecrets};
pub use api_key_terms::{ClientNet, ClientNetError, KeyTerms, KeyTermsError};
pub use api_key_text::{KeySecret, PresentedKey};
pub use authenticate::{authenticate, authenticate_key};
pub use authority::Authorization;
pub use begin_session::LoggedIn;
pub use change_password::{ChangePassword, ChangePasswordError, change_password};
pub use disable_second_factor::{DisableSecondFactorError, disable_second_factor};
pub use email::{Email, EmailError};
pub use end_sessions::{EndSessionsError, end_member_sessions, end_other_sessions, end_sessions_as_operator};
pub use enrol::{
    Enrolment, SecondFactorError, SecondFactorStatus, confirm_second_factor, enrol, remove_second_factor,
    renew_recovery_codes, second_factor_status,
};
pub use factor_code::{FactorCode, RecoveryCode};
pub(crate) use guessing::Guess;
pub use guessing::TooManyGuesses;
pub use invitation::Invitation;
pub use invite::{Invite, InviteError, Invited, invitations, invite, withdraw_invitation};
pub use key_epoch::{EpochMark, KeyEpoch};
pub use key_rotation::{rotate_due_signing_key, rotate_signing_key, signing_keys};
pub(crate) use last_noted::LastNoted;
pub use login::{Login, LoginError, login};
pub use login_record::{LoginKey, LoginRecord, address_prefix};
pub use manage_api_keys::{
    ApiKeyError, ApiKeyState, IssuedApiKey, KeyStanding, NewApiKey, RotateApiKey, api_key, api_keys,
    create_api_key, revoke_api_key, rotate_api_key,
};
pub(crate) use manage_members::{
    AccountEnded, Ended, end_account_of, end_account_whoever, keys_ended, with_ended,
};
pub use manage_members::{ChangeMember, MemberError, change_member, leave, member, members, remove_member};
pub use member::Member;
pub use note_key_uses::{KeyUse, note_key_uses};
pub use operate::{OperateError, operate};
pub use operate_api_keys::{HeldApiKey, OperateKeysError, api_keys_as_operator, revoke_api_key_as_operator};
pub use password::{Password, PasswordError, PasswordHash};
pub use password_reset::PasswordReset;
pub use principal::{MemberIdentity, Principal};
pub use redeem_reset::{RedeemError, RedeemReset, redeem_reset};
pub use refresh::{RefreshError, refresh};
pub use refusal::{AuthenticateError, AuthorizationError, Forbidden, OutOfScope, TenantEnding};
pub use reset_password::{ResetError, ResetMade, reset_password};
pub use second_factor::SecondFactor;
pub use session::{RefreshHashes, RefreshToken, Rotation, Session, SessionLife};
pub use sessions::{OwnSessions, SessionError, end_session, log_out, sessions};
pub use signing_key::{PreviousKeys, SigningKey, SigningKeysError};
pub use token::{AccessClaims, AccessToken, TokenRefused, TokenSignError};
pub use totp::TotpSecret;
