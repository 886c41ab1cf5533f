//! The files of an export.

use crate::as_text::text_enum;

text_enum! {
    /// A file of an export, by its name without `.json`.
    #[derive(PartialOrd, Ord)]
    pub enum ExportFile {
        /// The account itself.
        Account = "account",
        /// Its sessions.
        Sessions = "sessions",
        /// Its API keys.
        ApiKeys = "api_keys",
        /// Where it was logged in to from.
        Logins = "logins",
        /// Who it is at identity providers.
        Identities = "identities",
        /// Invitations that it made or got.
        Invitations = "invitations",
        /// Resets of passwords that it made or got.
        PasswordResets = "password_resets",
        /// The groups that its address is in.
        Groups = "groups",
        /// Policies that name its address.
        Policies = "policies",
        /// Changes of policies that it made, or that name its address.
        PolicyRevisions = "policy_revisions",
        /// Expectations that name its address.
        Expectations = "expectations",
        /// Questions of its that waited for approval, and those of others that it decided.
        Approvals = "approvals",
        /// What it was shown, where that is counted.
        Disclosures = "disclosures",
        /// What it was charged.
        Transfers = "transfers",
        /// What that comes to.
        Balances = "balances",
        /// The events of the audit log that are about it.
        Events = "events",
    }

    /// A text that is no file of an export.
    #[error("there is no such file in an export")]
    pub struct ExportFileError;
}

impl ExportFile {
    /// What is in it, for whoever opens the export.
    #[must_use]
    pub const fn describes(self) -> &'static str {
        match self {
            Self::Account => {
                "Your account: its id, address, role and status, when it was made and last logged in to. Whether there is a \
                 password, a second factor, and how many recovery codes are left: these themselves are kept as hashes, or \
                 sealed, and in no export"
            }
            Self::Sessions => {
                "Your sessions: when each began and was last used, until when it lives, from which address and with what it \
                 was begun, and by which identity provider"
            }
            Self::ApiKeys => {
                "Your API keys: their names, what they may do, and when each was made and used. Not their texts"
            }
            Self::Logins => {
                "From which addresses your account was logged in to lately, or its password or code guessed at. It is kept \
                 for an hour, and of a login for 90 days"
            }
            Self::Identities => "Who you are at the identity providers by which you sign in",
            Self::Invitations => {
                "Invitations that are open: those to your address, and those that you made, without the address of whom you invited"
            }
            Self::PasswordResets => {
                "Resets of passwords that are open: of yours, and those that you made for others, without whom"
            }
            Self::Groups => "The groups that your address is in, and since when",
            Self::Policies => {
                "The policies whose configuration names your address. They are the tenant's rules"
            }
            Self::PolicyRevisions => {
                "The changes of policies that you made, and those whose configuration named your address"
            }
            Self::Expectations => "What is expected of endpoints about your address, and the note on it",
            Self::Approvals => {
                "The questions that you asked and that waited for approval, with their text where it is kept, and what you \
                 decided on those of others"
            }
            Self::Disclosures => {
                "What was noted of what you were shown, under policies that count it: digests, which name nothing by themselves"
            }
            Self::Transfers => "What you were charged, answer by answer",
            Self::Balances => "What that comes to, by period and policy",
            Self::Events => {
                "The events of the audit log that you caused, that were done to your account or a key or session of it, or in \
                 which your address stands, the newest first. Of what somebody else did, nothing is told of them"
            }
        }
    }
}
