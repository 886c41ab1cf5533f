//! An export: all that is held about one member, in portions.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::access::Permission;
use crate::approval::ports::ApprovalSelection;
use crate::approval::{ApprovalRequest, PromptMessage, open_prompt};
use crate::audit::ports::EventFilter;
use crate::audit::{Action, ObjectKind, RequestContext};
use crate::identity::oidc::{OidcIssuer, Subject};
use crate::identity::{AuthorizationError, LoginKey, Principal};
use crate::ids::{AccountId, ApprovalId, PolicyId};
use crate::ledger::{LedgerAccount, TransferFilter};
use crate::page::{Cursor, Page, PageLimit, PageRequest, every};
use crate::policy::{HypotheticalCaller, Policy};
use crate::port_error::{PortError, port_errors};
use crate::privacy::events::KnownAs;
use crate::privacy::{ExportFile, records};
use crate::sealing::Sealer;
use crate::space::Space;
use crate::store::{StoreError, View};
use crate::tenant::{TenantName, TenantScope};
use crate::time::Timestamp;

/// How many pages are read at once, where of each perhaps nothing is about the person: a few milliseconds.
const PAGES_AT_ONCE: usize = 10;
/// How many policies are looked through at once, with all that is kept of each.
const POLICIES_AT_ONCE: usize = 4;

/// An export did not happen, or broke off.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExportError {
    /// The caller may not do it, or not any more.
    #[error(transparent)]
    Authorization(#[from] AuthorizationError),
    /// There is no such member, or not any more.
    #[error("there is no such member")]
    NotFound,
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(ExportError);

/// A part of a file of an export. The files come in the order of [`ExportFile::ALL`].
#[derive(Debug, Clone, PartialEq)]
pub struct ExportPortion {
    /// Of which file.
    pub file: ExportFile,
    /// More of its things, perhaps none.
    pub things: Vec<Value>,
    /// Whether the file ends with these.
    pub is_last: bool,
}

/// An export that has begun: that is recorded. Whether its caller still may have it is asked with each portion.
pub struct Export {
    principal: Principal,
    permission: Permission,
    tenant: TenantName,
    known_as: Arc<KnownAs>,
    /// What is read next, and behind what.
    next: Option<(ExportFile, Option<String>)>,
}

impl Export {
    /// Begins the export of the caller's own account.
    ///
    /// # Errors
    /// When the caller has no account, or not any more, or a port failed.
    pub async fn of_own(
        space: &Space,
        context: &RequestContext,
        principal: &Principal,
    ) -> Result<Self, ExportError> {
        let account = principal.member(Permission::OwnAccount)?.account;
        Self::begin(space, context, principal, Permission::OwnAccount, account).await
    }

    /// Begins the export of a member's account.
    ///
    /// # Errors
    /// When there is none, the caller's role does not permit it, or a port failed.
    pub async fn of_member(
        space: &Space,
        context: &RequestContext,
        principal: &Principal,
        account: AccountId,
    ) -> Result<Self, ExportError> {
        Self::begin(space, context, principal, Permission::ManageTenant, account).await
    }

    async fn begin(
        space: &Space,
        context: &RequestContext,
        principal: &Principal,
        permission: Permission,
        account: AccountId,
    ) -> Result<Self, ExportError> {
        let find = move |view: &mut dyn View, scope: &TenantScope| {
            let member = view.member(scope, account)?.ok_or(ExportError::NotFound)?;
            let keys = every(|page| view.api_keys(scope, Some(account), page))?;
            let sessions = view.sessions(scope, account)?;
            Ok::<_, ExportError>(KnownAs::new(
                account,
                member.email,
                keys.into_iter().map(|key| key.id).collect(),
                sessions.into_iter().map(|session| session.id),
            ))
        };
        let known_as = space.read(principal, permission, find).await?;
        let event = principal.event(context, Action::SensitiveRead)?.on(ObjectKind::Member, account);
        space.record::<ExportError>(principal, permission, event)?.await?;
        Ok(Self {
            principal: principal.clone(),
            permission,
            tenant: principal.snapshot().tenant.name.clone(),
            known_as: Arc::new(known_as),
            next: ExportFile::ALL.first().map(|file| (*file, None)),
        })
    }

    /// Whose tenant it is of.
    #[must_use]
    pub fn tenant(&self) -> &TenantName {
        &self.tenant
    }

    /// The next portion; `None` behind the last.
    ///
    /// # Errors
    /// When the caller may not have it any more, the member is gone, or a port failed. Then it has ended.
    pub async fn next(&mut self, space: &Space) -> Result<Option<ExportPortion>, ExportError> {
        let Some((file, after)) = self.next.take() else { return Ok(None) };
        let now = space.clock.now();
        let (known_as, tenant, sealer) =
            (Arc::clone(&self.known_as), self.tenant.clone(), Arc::clone(&space.sealer));
        let read = move |view: &mut dyn View, scope: &TenantScope| {
            let mut reading =
                Reading { view, scope, known_as: &known_as, tenant: &tenant, sealer: &*sealer, now };
            reading.portion(file, after)
        };
        let (things, after) = space.read(&self.principal, self.permission, read).await?;
        let is_last = after.is_none();
        self.next = match after {
            Some(after) => Some((file, Some(after))),
            None => ExportFile::ALL.into_iter().find(|next| *next > file).map(|next| (next, None)),
        };
        Ok(Some(ExportPortion { file, things, is_last }))
    }
}

/// Some things, and behind what the next ones are, if there are more.
type Portion = Result<(Vec<Value>, Option<String>), ExportError>;

/// One read of an export.
struct Reading<'a> {
    view: &'a mut dyn View,
    scope: &'a TenantScope,
    known_as: &'a KnownAs,
    tenant: &'a TenantName,
    sealer: &'a dyn Sealer,
    now: Timestamp,
}

impl Reading<'_> {
    fn portion(&mut self, file: ExportFile, after: Option<String>) -> Portion {
        let (account, email) = (self.known_as.account, self.known_as.email.clone());
        // Of somebody who is gone nobody is told anything more.
        let member = self.view.member(self.scope, account)?.ok_or(ExportError::NotFound)?;
        let things = match file {
            ExportFile::Account => {
                let factor = self.view.second_factor(self.scope, account)?;
                let left = self.view.count_recovery_codes(self.scope, account)?;
                vec![records::account(&member, factor.as_ref(), left)]
            }
            ExportFile::Sessions => self.sessions()?,
            ExportFile::ApiKeys => {
                let keys = every(|page| self.view.api_keys(self.scope, Some(account), page))?;
                keys.iter().map(records::api_key).collect()
            }
            ExportFile::Logins => self.logins(member.generation)?,
            ExportFile::Identities => {
                let identities = self.view.oidc_identities_of(self.scope, account)?;
                let told = |(issuer, subject): &(OidcIssuer, Subject)| json!({ "issuer": issuer.as_str(), "subject": subject.as_str() });
                identities.iter().map(told).collect()
            }
            ExportFile::Invitations => {
                return self.pages(
                    after,
                    |view, scope, page| view.invitations(scope, page),
                    |_, invitation| {
                        let is_invited = invitation.email == email;
                        let is_meant = is_invited || invitation.invited_by == account;
                        Ok(is_meant.then(|| records::invitation(&invitation, account, is_invited)))
                    },
                );
            }
            ExportFile::PasswordResets => {
                let resets = self.view.password_resets_of(self.scope, account)?;
                resets.iter().map(|reset| records::password_reset(reset, account)).collect()
            }
            ExportFile::Groups => self.groups()?,
            ExportFile::Policies => {
                return self.policies(after, |reading, policy| {
                    let names = reading.is_named(policy);
                    Ok(names.then(|| records::policy(policy)).into_iter().collect())
                });
            }
            ExportFile::PolicyRevisions => return self.policies(after, Self::revisions),
            ExportFile::Expectations => {
                let expectations = self.view.expectations(self.scope, None)?;
                let is_meant = |caller: &HypotheticalCaller| match caller {
                    HypotheticalCaller::Address(address) => *address == email,
                    HypotheticalCaller::HubUser { email: address, .. } => address.as_ref() == Some(&email),
                };
                let meant = expectations.iter().filter(|(_, expectation)| is_meant(&expectation.caller));
                meant.map(|(endpoint, expectation)| records::expectation(*endpoint, expectation)).collect()
            }
            ExportFile::Approvals => return self.approvals(after),
            ExportFile::Disclosures => {
                return self.disclosures(after);
            }
            ExportFile::Transfers => {
                let filter =
                    TransferFilter { payer: Some(self.known_as.actor()), ..TransferFilter::default() };
                let page =
                    |view: &mut dyn View, scope: &TenantScope, page| view.transfers(scope, &filter, page);
                return self.pages(after, page, |_, transfer| Ok(Some(records::transfer(&transfer))));
            }
            ExportFile::Balances => {
                let payer = LedgerAccount::Payer(self.known_as.actor());
                return self.pages(
                    after,
                    |view, scope, page| view.balances(scope, page),
                    |_, balance| Ok((balance.key.account == payer).then(|| records::balance(&balance))),
                );
            }
            ExportFile::Events => {
                let page = |view: &mut dyn View, scope: &TenantScope, page| {
                    Ok(view.events(scope, &EventFilter::default(), page)?.events)
                };
                return self.pages(after, page, |reading, event| Ok(reading.known_as.shown(&event)));
            }
        };
        Ok((things, None))
    }

    /// Looks through some pages of a list, from behind a cursor.
    fn pages<T, K>(
        &mut self,
        after: Option<String>,
        mut page: impl FnMut(&mut dyn View, &TenantScope, PageRequest<K>) -> Result<Page<T, K>, StoreError>,
        mut told: impl FnMut(&mut Self, T) -> Result<Option<Value>, ExportError>,
    ) -> Portion
    where
        K: std::fmt::Display + std::str::FromStr,
    {
        let mut after = decode(after)?;
        let mut things = Vec::new();
        for _ in 0..PAGES_AT_ONCE {
            let found = page(self.view, self.scope, PageRequest { limit: PageLimit::LARGEST, after })?;
            for item in found.items {
                things.extend(told(self, item)?);
            }
            after = found.next;
            if after.is_none() {
                break;
            }
        }
        Ok((things, after.map(|cursor| cursor.encode())))
    }

    /// Looks through some policies.
    fn policies(
        &mut self,
        after: Option<String>,
        mut told: impl FnMut(&mut Self, &Policy) -> Result<Vec<Value>, ExportError>,
    ) -> Portion {
        let limit = PageLimit::LARGEST.at_most(POLICIES_AT_ONCE);
        let found = self.view.policies(self.scope, PageRequest { limit, after: decode(after)? })?;
        let mut things = Vec::new();
        for policy in &found.items {
            things.extend(told(self, policy)?);
        }
        Ok((things, found.next.map(|cursor| cursor.encode())))
    }

    /// What is noted under one policy, which may be gone by now.
    fn disclosures(&mut self, after: Option<String>) -> Portion {
        let (caller, after) = (self.known_as.actor(), decode::<PolicyId>(after)?);
        let policies = self.view.disclosed_under(self.scope, caller)?;
        let mut left = policies.into_iter().filter(|id| after.is_none_or(|Cursor(after)| *id > after));
        let Some(policy) = left.next() else { return Ok((Vec::new(), None)) };
        let since = Timestamp::from_unix_micros(0);
        let shown = self.view.disclosures(self.scope, policy, caller, since)?;
        let things = shown.iter().map(|shown| records::disclosure(policy, shown)).collect();
        Ok((things, left.next().map(|_| Cursor(policy).encode())))
    }

    fn sessions(&mut self) -> Result<Vec<Value>, ExportError> {
        let account = self.known_as.account;
        let at_providers = self.view.oidc_sessions_of(self.scope, account)?;
        let sessions = self.view.sessions(self.scope, account)?;
        let told = sessions.iter().map(|session| {
            let at_provider = at_providers.iter().find(|(id, _)| *id == session.id);
            records::session(session, at_provider.map(|(_, at_provider)| at_provider))
        });
        Ok(told.collect())
    }

    fn logins(&mut self, generation: u64) -> Result<Vec<Value>, ExportError> {
        let keys = LoginKey::of_member(self.known_as.account, generation, self.tenant, &self.known_as.email);
        let mut things = Vec::new();
        for (key, counted) in keys {
            let known = self.view.login_records(&key)?;
            things.extend(known.iter().map(|record| records::login(record, counted)));
        }
        Ok(things)
    }

    fn groups(&mut self) -> Result<Vec<Value>, ExportError> {
        let mut things = Vec::new();
        for (id, since) in self.view.groups_of(self.scope, &self.known_as.email)? {
            let name = self.view.group(self.scope, id)?.map(|group| group.name.to_string());
            things.push(json!({ "id": id.to_string(), "name": name, "added_at": since }));
        }
        Ok(things)
    }

    fn is_named(&self, policy: &Policy) -> bool {
        names(policy.configuration.json().get(), self.known_as.email.as_str())
    }

    fn revisions(&mut self, policy: &Policy) -> Result<Vec<Value>, ExportError> {
        let person = self.known_as.actor();
        let mut things = Vec::new();
        for kept in every(|page| self.view.revisions(self.scope, policy.id, page))? {
            let is_own = kept.changed_by == Some(person);
            let whole = self.view.revision(self.scope, policy.id, kept.revision)?;
            let is_named = whole
                .is_some_and(|whole| names(whole.configuration.json().get(), self.known_as.email.as_str()));
            if is_own || is_named {
                things.push(records::revision(policy.id, &kept, is_own, is_named));
            }
        }
        Ok(things)
    }

    fn approvals(&mut self, after: Option<String>) -> Portion {
        let (person, now) = (self.known_as.actor(), self.now);
        let all = ApprovalSelection::default();
        let page = |view: &mut dyn View, scope: &TenantScope, page: PageRequest<ApprovalId>| {
            view.approvals(scope, &all, now, page)
        };
        self.pages(after, page, |reading, request| {
            if request.key.caller != person {
                return Ok(records::decided(&request, person));
            }
            let prompt = reading.prompt(&request)?;
            Ok(Some(records::asked(&request, prompt.as_deref())))
        })
    }

    fn prompt(&mut self, request: &ApprovalRequest) -> Result<Option<Vec<PromptMessage>>, StoreError> {
        if !request.prompt_kept {
            return Ok(None);
        }
        let sealed = self.view.approval_prompt(self.scope, request.id)?;
        Ok(sealed.and_then(|sealed| open_prompt(self.sealer, self.scope, request.id, &sealed)))
    }
}

/// Whether a configuration names an address, and not only a pattern that it is of: as it is, whatever the case.
pub(super) fn names(configuration: &str, address: &str) -> bool {
    let (configuration, address) = (configuration.to_lowercase(), address.to_lowercase());
    let is_of_address = |byte: u8| byte.is_ascii_alphanumeric() || b"._%+-@*".contains(&byte);
    configuration.match_indices(&address).any(|(at, found)| {
        let (before, behind) = (configuration.get(..at), configuration.get(at + found.len()..));
        let touches = |byte: Option<u8>| byte.is_some_and(is_of_address);
        !touches(before.and_then(|text| text.bytes().next_back()))
            && !touches(behind.and_then(|text| text.bytes().next()))
    })
}

fn decode<K: std::str::FromStr>(after: Option<String>) -> Result<Option<Cursor<K>>, StoreError> {
    let read = |text: String| Cursor::decode(&text).map_err(|error| StoreError::failed(error.to_string()));
    after.map(read).transpose()
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn g1_a_configuration_names_an_address_as_a_whole_and_in_no_other() {
        let configuration = r#"{"patterns":["Ada@Example.org","*@other.example","x.ada@example.org.uk"]}"#;
        assert!(names(configuration, "ada@example.org"));
        assert!(!names(r#"["bada@example.org"]"#, "ada@example.org"));
        assert!(!names(r#"["ada@example.org.uk"]"#, "ada@example.org"));
        assert!(!names(r#"["*@example.org"]"#, "ada@example.org"));
    }
}
