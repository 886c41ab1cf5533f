//! What an event has changed, where it is no matter of course: which fields of a thing, and to which of few values.

use std::borrow::Cow;

use crate::access::Role;
use crate::as_text::named_enum;
use crate::audit::{Checkpoint, Event, RecordedReason};

named_enum! {
    /// One thing that a change did.
    pub enum ChangeCode {
        /// Questions that waited for approval are not answered, all of a caller or at an endpoint: the number stands behind it.
        ApprovalsDenied = "approvals_denied",
        /// Requests for approval were removed with what they go with, or as they had ended: the number stands behind it.
        ApprovalsRemoved = "approvals_removed",
        /// Approvals and denials end sooner, as their policy is changed: the number stands behind it.
        ApprovalsShortened = "approvals_shortened",
        /// A question is answered from now on.
        Approved = "approved",
        /// The hub was told another address at which this space is reached.
        ChangedAddress = "changed_address",
        /// A policy demands something else, and its type does not name what.
        ChangedConfiguration = "changed_configuration",
        /// The credential for a hub, or for a dataset's vector database, was replaced.
        ChangedCredential = "changed_credential",
        /// A description was changed.
        ChangedDescription = "changed_description",
        /// A dataset is encoded by another encoder.
        ChangedEncoder = "changed_encoder",
        /// Other expectations stand on an endpoint.
        ChangedExpectations = "changed_expectations",
        /// A sink gets other logs.
        ChangedLogs = "changed_logs",
        /// A name was changed.
        ChangedName = "changed_name",
        /// A policy is of another type.
        ChangedPolicyType = "changed_policy_type",
        /// A dataset asks another endpoint of another space, or asks it otherwise.
        ChangedRemoteEndpoint = "changed_remote_endpoint",
        /// The hub knows this space as another satellite, or as one at last.
        ChangedSatellite = "changed_satellite",
        /// A dataset is searched in another way.
        ChangedSearch = "changed_search",
        /// A name in a URL was changed.
        ChangedSlug = "changed_slug",
        /// A summary was changed.
        ChangedSummary = "changed_summary",
        /// Tags were changed.
        ChangedTags = "changed_tags",
        /// A sink leads elsewhere, or events are told there in another way.
        ChangedTarget = "changed_target",
        /// A hub is at another URL.
        ChangedUrl = "changed_url",
        /// A dataset's vectors lie in another place.
        ChangedVectorDatabase = "changed_vector_database",
        /// A second factor was confirmed, and is asked for from now on.
        Confirmed = "confirmed",
        /// The thing was made.
        Created = "created",
        /// A question is not answered from now on.
        Denied = "denied",
        /// What callers were shown is not known any more, as its term had ended: the number stands behind it.
        DisclosuresRemoved = "disclosures_removed",
        /// A hub is trusted no more.
        Distrusted = "distrusted",
        /// A tenant ends, and everything of it is removed once the time is over in which it can be kept.
        EndRequested = "end_requested",
        /// A policy decides on queries again, and is no more in shadow.
        Enforced = "enforced",
        /// Events of the log were removed, as their term had ended, and their leaves stay: the number stands behind it.
        EventsPruned = "events_pruned",
        /// A hub was told not to show an endpoint for now.
        Hidden = "hidden",
        /// Invitations that nobody accepted are gone, as their term had ended: the number stands behind it.
        InvitationsRemoved = "invitations_removed",
        /// A tenant that was to end is kept.
        Kept = "kept",
        /// Addresses were put into a group: the number stands behind it.
        MembersAdded = "members_added",
        /// Addresses were taken out of a group: the number stands behind it.
        MembersRemoved = "members_removed",
        /// More was changed than is listed.
        More = "more",
        /// What events knew of persons was erased, as its term had ended: the number of events stands behind it.
        PersonalDataErased = "personal_data_erased",
        /// Policies were attached.
        PoliciesAdded = "policies_added",
        /// Policies were detached.
        PoliciesRemoved = "policies_removed",
        /// Attached policies stand in another order.
        PoliciesReordered = "policies_reordered",
        /// The log that the tenant had on another host was named: its size and its root stand behind it.
        PredecessorNamed = "predecessor_named",
        /// Tokens of the keys before are refused at once.
        PreviousKeysRevoked = "previous_keys_revoked",
        /// An endpoint is more than a draft.
        Published = "published",
        /// A policy is in shadow: it decides on no query, and what it would have done is told by their events.
        PutInShadow = "put_in_shadow",
        /// A recovery code stood in for a code of the second factor.
        RecoveryCodeUsed = "recovery_code_used",
        /// There are new recovery codes, and those of before are none any more.
        RecoveryCodesReplaced = "recovery_codes_replaced",
        /// The removal of a tenant has begun, and nobody can take it back.
        RemovalBegun = "removal_begun",
        /// An endpoint is to be taken off a hub.
        RemovalRequested = "removal_requested",
        /// The thing is gone.
        Removed = "removed",
        /// A request was sent again, and nothing was done twice.
        Repeated = "repeated",
        /// What policies were before was removed, as its term had ended: the number stands behind it.
        RevisionsRemoved = "revisions_removed",
        /// A policy is again what it was by an earlier revision; what that changed stands behind it.
        RolledBack = "rolled_back",
        /// An API key has another secret.
        Rotated = "rotated",
        /// A hub was told to show an endpoint as it is.
        Shown = "shown",
        /// A job was stopped.
        Stopped = "stopped",
        /// A hub is to be told anew.
        SyncRequested = "sync_requested",
        /// Charges are gone, as their term had ended, and what accounts came to by them is brought forward: the number stands behind it.
        TransfersRemoved = "transfers_removed",
        /// A hub is trusted, by whoever did this.
        Trusted = "trusted",
        /// An endpoint is a draft again.
        Unpublished = "unpublished",
    }
}

/// All that one change did, in the order in which it is told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes(Vec<Cow<'static, str>>);

impl Changes {
    /// The most bytes that are recorded of it.
    pub const MAX_BYTES: usize = 256;

    /// This, too.
    pub fn note(&mut self, code: ChangeCode) {
        self.0.push(Cow::Borrowed(code.as_str()));
    }

    /// This, too.
    #[must_use]
    pub fn and(mut self, code: ChangeCode) -> Self {
        self.note(code);
        self
    }

    /// As which role somebody is meant.
    #[must_use]
    pub fn with_role(mut self, role: Role) -> Self {
        self.0.push(format!("role_{role}").into());
        self
    }

    /// This, so many times.
    #[must_use]
    pub fn with_count(mut self, code: ChangeCode, count: u64) -> Self {
        self.0.push(format!("{}_{count}", code.as_str()).into());
        self
    }

    /// A log as it was then: its size, and its root in hexadecimal digits.
    #[must_use]
    pub fn with_checkpoint(mut self, code: ChangeCode, of: &Checkpoint) -> Self {
        self.0.push(format!("{}_{}_{}", code.as_str(), of.size, hex::encode(of.root)).into());
        self
    }

    /// A setting that its type names, and its value where that is one of few.
    pub(crate) fn note_setting(&mut self, name: &str, value: Option<&str>) {
        self.0.push(match value {
            Some(value) => format!("{name}_{value}").into(),
            None => format!("changed_{name}").into(),
        });
    }

    /// Replaces a value, and notes it where it is another.
    pub fn replace<T: PartialEq>(&mut self, code: ChangeCode, old: &mut T, new: T) {
        if *old != new {
            *old = new;
            self.note(code);
        }
    }

    /// The reason that tells of it: a list, parted by commas; none where nothing was changed.
    fn reason(&self) -> Option<RecordedReason> {
        let room = Self::MAX_BYTES - ",".len() - ChangeCode::More.as_str().len();
        let mut told = String::new();
        for code in &self.0 {
            let comma = if told.is_empty() { "" } else { "," };
            if told.len() + comma.len() + code.len() > room {
                told.extend([comma, ChangeCode::More.as_str()]);
                break;
            }
            told.extend([comma, code]);
        }
        (!told.is_empty()).then_some(RecordedReason(Cow::Owned(told)))
    }
}

impl From<ChangeCode> for Changes {
    fn from(code: ChangeCode) -> Self {
        Self::default().and(code)
    }
}

impl Event {
    /// Says what it changed.
    #[must_use]
    pub fn changing(mut self, changes: impl Into<Changes>) -> Self {
        self.reason_code = changes.into().reason();
        self
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn told(changes: &Changes) -> Option<String> {
        changes.reason().map(|reason| reason.to_string())
    }

    #[test]
    fn u1_each_change_has_a_name_of_its_own_that_no_comma_parts() {
        let names: BTreeSet<&str> = ChangeCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(names.len(), ChangeCode::ALL.len());
        assert!(names.iter().all(|name| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')));
    }

    #[test]
    fn u1_what_was_changed_is_told_and_what_stayed_is_not() {
        let mut changes = Changes::default();
        assert_eq!(told(&changes), None);
        let (mut name, mut tags) = ("owls".to_owned(), "birds".to_owned());
        changes.replace(ChangeCode::ChangedName, &mut name, "owls".to_owned());
        assert_eq!(told(&changes), None);
        changes.replace(ChangeCode::ChangedName, &mut name, "barn owls".to_owned());
        changes.replace(ChangeCode::ChangedTags, &mut tags, String::new());
        assert_eq!((name.as_str(), tags.as_str()), ("barn owls", ""));
        assert_eq!(told(&changes).as_deref(), Some("changed_name,changed_tags"));
        let invited = Changes::from(ChangeCode::Created).with_role(Role::Admin);
        assert_eq!(told(&invited).as_deref(), Some("created,role_admin"));
    }

    #[test]
    fn u1_what_is_told_of_a_change_is_bounded_and_says_that_there_is_more() {
        let mut changes = Changes::default();
        for n in 0..10_000 {
            changes.note_setting(&format!("setting_{n}"), None);
        }
        let told = told(&changes).unwrap();
        assert!(told.len() <= Changes::MAX_BYTES && told.ends_with(",more"), "{told}");
        // The room beside the word is filled to its last byte.
        let fill = Changes::MAX_BYTES - ",more".len() - "aa,".len();
        for (length, more) in [(fill, false), (fill + 1, true)] {
            let long = "a".repeat(length);
            let told = self::told(&Changes(vec!["aa".into(), long.clone().into()])).unwrap();
            assert_eq!(told, format!("aa,{}", if more { "more" } else { &long }));
        }
        // One that would not fit by itself leaves the word alone.
        let mut long = Changes::default();
        long.note_setting(&"x".repeat(Changes::MAX_BYTES), None);
        assert_eq!(self::told(&long).as_deref(), Some("more"));
    }
}
