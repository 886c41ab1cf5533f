//! Of an access review: who may become a member of the tenant without anybody being asked again.

use crate::access::Role;
use crate::identity::Invitation;
use crate::identity::oidc::{GroupRoles, OidcProvider};
use crate::ids::{InvitationId, OidcProviderId};
use crate::policy::{ReviewedEntry, SubjectKey};

/// The identity providers that a tenant believes, and the invitations into it that stand.
///
/// They are read before the rest of a review is: whoever becomes a member in between stands in it twice, rather than not at all.
pub(super) struct Newcomers {
    providers: Vec<OidcProvider>,
    /// In the order of their ids.
    invitations: Vec<Invitation>,
}

impl Newcomers {
    /// These providers, and those of the invitations in the order of their ids that could be accepted now.
    pub(super) fn new(providers: Vec<OidcProvider>, invitations: Vec<Invitation>) -> Self {
        Self { providers, invitations }
    }

    /// Which subjects of a review they are.
    pub(super) fn keys(&self) -> impl Iterator<Item = SubjectKey> {
        let of_provider = |provider: &OidcProvider| {
            let id = provider.id;
            roles(provider).into_iter().map(move |role| SubjectKey::Provider(id, role))
        };
        let invitations = self.invitations.iter().map(|invitation| SubjectKey::Invitation(invitation.id));
        self.providers.iter().flat_map(of_provider).chain(invitations)
    }

    pub(super) fn provider(&self, id: OidcProviderId) -> Option<&OidcProvider> {
        self.providers.iter().find(|provider| provider.id == id)
    }

    pub(super) fn invitation(&self, id: InvitationId) -> Option<&Invitation> {
        let place = self.invitations.binary_search_by_key(&id, |invitation| invitation.id).ok()?;
        self.invitations.get(place)
    }
}

/// The roles that a provider gives; none where only who is invited comes in by it, and becomes what the invitation says.
fn roles(provider: &OidcProvider) -> Vec<Option<Role>> {
    match &provider.groups {
        None if provider.allowed_domains.is_empty() => vec![None],
        None => vec![Some(OidcProvider::DEFAULT_ROLE)],
        Some(groups) => {
            let mut roles: Vec<_> = groups.roles.iter().map(|(_, role)| Some(*role)).collect();
            roles.sort_unstable();
            roles.dedup();
            roles
        }
    }
}

/// What a review tells of those whom a provider gives this role.
pub(super) fn provider_entry(provider: &OidcProvider, role: Option<Role>) -> ReviewedEntry {
    let of_role = |groups: &GroupRoles| {
        let groups = groups.roles.iter().filter(|(_, given)| Some(*given) == role);
        groups.map(|(group, _)| group.clone()).collect()
    };
    ReviewedEntry {
        role,
        issuer: Some(provider.issuer.clone()),
        domains: provider.allowed_domains.clone(),
        claim: provider.groups.as_ref().map(|groups| groups.claim.clone()),
        groups: provider.groups.as_ref().map(of_role).unwrap_or_default(),
        ends_at: None,
    }
}

/// What a review tells of whoever holds an invitation.
pub(super) fn invitation_entry(invitation: &Invitation) -> ReviewedEntry {
    ReviewedEntry {
        role: Some(invitation.role),
        issuer: None,
        domains: Vec::new(),
        claim: None,
        groups: Vec::new(),
        ends_at: Some(invitation.expires_at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::oidc::Group;
    use crate::ids::TenantId;
    use crate::time::Timestamp;

    #[test]
    fn z4_of_each_role_that_a_provider_gives_a_review_tells_which_groups_are_it() {
        let group = |name: &str, role| (name.parse::<Group>().unwrap(), role);
        let roles = vec![
            group("staff", Role::User),
            group("bosses", Role::Owner),
            group("interns", Role::User),
            group("board", Role::Owner),
        ];
        let mut provider = OidcProvider {
            tenant: TenantId::from_bytes([1; 16]),
            id: OidcProviderId::from_bytes([2; 16]),
            name: "office".parse().unwrap(),
            issuer: "https://id.example.org".parse().unwrap(),
            client_id: "space".parse().unwrap(),
            client_secret: None,
            allowed_domains: vec!["example.org".parse().unwrap()],
            groups: Some(GroupRoles { claim: "teams".parse().unwrap(), roles }),
            created_at: Timestamp::from_unix_micros(0),
        };
        let told = |provider: &OidcProvider| {
            let told = |role| {
                let ReviewedEntry { role, groups, claim, .. } = provider_entry(provider, role);
                (role, groups.iter().map(Group::to_string).collect::<Vec<_>>(), claim.is_some())
            };
            roles_of(provider).into_iter().map(told).collect::<Vec<_>>()
        };
        let names = |names: [&str; 2]| names.map(str::to_owned).to_vec();
        let mut expected = vec![
            (Some(Role::User), names(["staff", "interns"]), true),
            (Some(Role::Owner), names(["bosses", "board"]), true),
        ];
        expected.sort_by_key(|(role, ..)| *role);
        assert_eq!(told(&provider), expected);
        provider.groups = None;
        assert_eq!(told(&provider), [(Some(OidcProvider::DEFAULT_ROLE), Vec::new(), false)]);
        provider.allowed_domains.clear();
        assert_eq!(told(&provider), [(None, Vec::new(), false)], "it lets in whom somebody invites");
    }

    fn roles_of(provider: &OidcProvider) -> Vec<Option<Role>> {
        let newcomers = Newcomers::new(vec![provider.clone()], Vec::new());
        let role = |key| match key {
            SubjectKey::Provider(_, role) => role,
            other => panic!("{other}"),
        };
        newcomers.keys().map(role).collect()
    }
}
