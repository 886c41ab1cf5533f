//! Erasing what is left of people whose accounts are gone: in portions, so that nobody waits long for the one writer, and each of them
//! again where it was cut short, for what is erased is not found any more. None has ended before what it removed is overwritten in the
//! store's files, too.

use std::sync::Arc;
use std::time::Duration;

use crate::audit::ports::{EventFilter, LogPage, LogWriteScope, Seq};
use crate::audit::{
    Action, Actor, ChangeCode, Changes, Event, Log, ObjectKind, Origin, ReasonCode, RequestContext,
};
use crate::identity::LoginKey;
use crate::ids::{AccountId, ActorId, EndpointId, GroupId, PolicyId};
use crate::page::{Cursor, PageLimit, PageRequest};
use crate::policy::HypotheticalCaller;
use crate::port_error::PortError;
use crate::privacy::events::KnownAs;
use crate::privacy::export::names;
use crate::privacy::former::{FormerSearch, former_person};
use crate::privacy::ledger::note;
use crate::privacy::{ErasedPerson, ErasedRows, Erasure, ErasureReport};
use crate::space::Space;
use crate::store::{Flow, StoreError, Tx, View};
use crate::tenant::{OperatorScope, TenantScope, WriteScope, has_account};
use crate::time::Timestamp;
use crate::unit::{Abort, Recorded, Refused};

/// How many erasures are looked up at once.
const ERASURES_AT_ONCE: usize = 100;
/// How many rows a unit removes.
const REMOVED_AT_ONCE: usize = 500;
/// How many pages of a log are read at once.
const PAGES_AT_ONCE: usize = 10;
/// How many policies are looked through at once.
const POLICIES_AT_ONCE: usize = 4;
/// Of how many generations before its last an account's logins are looked for. They are known for 90 days.
const GENERATIONS: usize = 256;
/// What somebody did at the very last is in the log by then: refusals that are merged come up to a second late.
const SETTLED_BEHIND: Duration = Duration::from_secs(5);

/// Goes on with the erasures of all tenants, and ends those of which nothing is left.
///
/// # Errors
/// When a port failed. What went by then is gone, and the rest goes the next time.
pub async fn finish_erasures(space: &Space, operator: &OperatorScope) -> Result<(), PortError> {
    let everywhere = operator.clone();
    let find = move |view: &mut dyn View| view.unfinished_erasures(&everywhere, ERASURES_AT_ONCE);
    let (mut outcome, mut removed) = (Ok(()), Vec::new());
    for (tenant, account) in space.store.read(Flow::Installation, find).await? {
        // One that fails keeps nobody else's waiting.
        match go_on(space, operator, operator.tenant(tenant), account).await {
            Ok(all_removed) => removed.extend(all_removed),
            Err(error) => outcome = Err(error),
        }
    }
    if !removed.is_empty() {
        // Once for all of them: it looks at the whole store.
        space.store.overwrite_remains().await?;
    }
    for erasure in removed {
        if let Err(error) = erasure.end().await {
            outcome = Err(error);
        }
    }
    outcome
}

/// Goes on with one erasure, once what the person did at the very last is in the log. Answers it where all of it is removed.
async fn go_on<'a>(
    space: &'a Space,
    operator: &'a OperatorScope,
    scope: TenantScope,
    account: AccountId,
) -> Result<Option<Finishing<'a>>, PortError> {
    let find = move |view: &mut dyn View| view.erasure(&scope, account);
    let erasure = space.store.read(&scope, find).await?;
    let Some(mut erasure) = erasure else { return Ok(None) };
    let now = space.clock.now();
    if erasure.asked_at > now {
        erasure = set_right(space, scope, erasure, now).await?;
    }
    let until = erasure.asked_at.plus(SETTLED_BEHIND);
    let finishing = Finishing { space, operator, scope, account, asked_at: erasure.asked_at, until };
    let Some(person) = erasure.person.clone() else { return Ok(Some(finishing)) };
    // By its address it is found in older copies, so it keeps that until it is noted. The ledger tells its operator what is wrong with it.
    if note(space, scope.tenant(), &erasure).await.is_err() || now < until {
        return Ok(None);
    }
    finishing.remove_all_of(person).await?;
    Ok(Some(finishing))
}

/// The clock was ahead when an erasure was asked for, and was set back since: it counts as asked for now, and is due as one that is.
async fn set_right(
    space: &Space,
    scope: TenantScope,
    erasure: Erasure,
    now: Timestamp,
) -> Result<Erasure, PortError> {
    let erasure = Erasure { asked_at: now, due_at: now.plus(Erasure::DUE_WITHIN), ..erasure };
    let right = erasure.clone();
    let kept = space.store.keep_books(move |tx| {
        tx.put_erasure(&WriteScope::of_system(&scope), &right)?;
        Ok(().into())
    });
    kept.await?;
    Ok(erasure)
}

/// One erasure that is worked off.
struct Finishing<'a> {
    space: &'a Space,
    operator: &'a OperatorScope,
    scope: TenantScope,
    account: AccountId,
    /// When the account went.
    asked_at: Timestamp,
    /// What names the address and has come since is about somebody else, who has it now.
    until: Timestamp,
}

/// What a unit did: how many rows of which kind.
type Count = fn(&mut ErasedRows) -> &mut u64;

impl Finishing<'_> {
    async fn remove_all_of(&self, person: ErasedPerson) -> Result<(), PortError> {
        self.begin_former(&person).await?;
        self.erase_logins(&person).await?;
        self.erase_disclosures().await?;
        self.leave_groups(&person).await?;
        let known_as = KnownAs::new(self.account, person.email.clone(), person.keys.clone(), []);
        self.erase_events(&known_as, Some(person.last_seq)).await?;
        if !self.is_somebody_elsewhere(&person).await? {
            self.erase_events(&known_as, None).await?;
        }
        let policies = self.naming_policies(&person).await?;
        let expectations = self.naming_expectations(&person).await?;
        self.forget(policies, expectations).await
    }

    /// Begins the erasures of accounts that they had here before, while the log still knows that the address was theirs: each goes on by
    /// itself, and has a certificate of its own.
    async fn begin_former(&self, person: &ErasedPerson) -> Result<(), PortError> {
        let mut search = FormerSearch::new(person.email.clone(), person.last_seq);
        while !search.has_ended() {
            let scope = self.scope;
            let find = move |view: &mut dyn View| {
                search.go_on(view, &scope)?;
                Ok::<_, StoreError>(search)
            };
            search = self.read(&self.scope, find).await?;
        }
        for former in search.newest_first() {
            let (scope, own) = (self.scope, self.account);
            let (email, last_seq) = (person.email.clone(), person.last_seq);
            let find = move |view: &mut dyn View| former_person(view, &scope, former, email, last_seq);
            let of_former = self.read(&self.scope, find).await?;
            let event = self.event(Log::from(&scope))?.on(ObjectKind::Member, former);
            let begun = self.space.store.write(move |tx| {
                let scope = WriteScope::of_system(&scope);
                let is_done = tx.erasure(&scope, former)?.is_some() || tx.member(&scope, former)?.is_some();
                let Some(asked) = tx.erasure(&scope, own)?.filter(|_| !is_done) else {
                    return Err(Abort::from(Refused::unrecorded(Nothing(None))));
                };
                let asked = (asked.asked_by, asked.asked_at);
                let erasure =
                    Erasure::begun(former, asked, of_former.clone(), ErasureReport::default(), None);
                tx.put_erasure(&scope, &erasure)?;
                Ok(Recorded::new((), event.clone()))
            });
            Nothing::or(begun.await, ())?;
        }
        Ok(())
    }

    async fn erase_logins(&self, person: &ErasedPerson) -> Result<(), PortError> {
        let scope = self.scope;
        let tenant = self.read(&self.scope, move |view| view.tenant(&scope)).await?;
        let Some(tenant) = tenant else { return Ok(()) };
        let known = LoginKey::of_member(self.account, person.generation, &tenant.name, &person.email);
        let mut keys: Vec<LoginKey> = known.into_iter().map(|(key, _)| key).collect();
        // What was known before they had another password, too.
        let before = (0..person.generation).rev().take(GENERATIONS);
        keys.extend(before.map(|generation| LoginKey::of_account(self.account, generation)));
        if !self.is_somebody_elsewhere(person).await? {
            keys.push(LoginKey::of(None, &person.email));
        }
        let find = move |view: &mut dyn View| {
            let mut there = Vec::new();
            for key in keys {
                if !view.login_records(&key)?.is_empty() {
                    there.push(key);
                }
            }
            Ok::<_, StoreError>(there)
        };
        for key in self.read(&self.scope, find).await? {
            let remove =
                move |tx: &mut dyn Tx, _: &WriteScope| tx.remove_login_records(&key, REMOVED_AT_ONCE);
            self.remove_all(remove, |rows| &mut rows.logins).await?;
        }
        Ok(())
    }

    async fn erase_disclosures(&self) -> Result<(), PortError> {
        let (scope, caller) = (self.scope, ActorId::from(self.account));
        let find = move |view: &mut dyn View| view.disclosed_under(&scope, caller);
        for policy in self.read(&self.scope, find).await? {
            let remove = move |tx: &mut dyn Tx, scope: &WriteScope| {
                tx.remove_disclosures(scope, policy, caller, REMOVED_AT_ONCE)
            };
            self.remove_all(remove, |rows| &mut rows.disclosures).await?;
        }
        Ok(())
    }

    /// Takes the address out of the groups that it is in. Policies that name them act on it at once.
    async fn leave_groups(&self, person: &ErasedPerson) -> Result<(), PortError> {
        let (scope, email) = (self.scope, person.email.clone());
        let find = move |view: &mut dyn View| view.groups_of(&scope, &email);
        for (group, since) in self.read(&self.scope, find).await? {
            // Whoever is put into one since has the address now; but a time to come was told by a clock that was ahead.
            if since <= self.asked_at || since > self.space.clock.now() {
                self.leave_group(person, group).await?;
            }
        }
        Ok(())
    }

    async fn leave_group(&self, person: &ErasedPerson, id: GroupId) -> Result<(), PortError> {
        let context = self.context()?;
        let event = context.event(&self.scope, Action::ConfigChange, Actor::System)?;
        let event = event.on(ObjectKind::Group, id);
        let event = event.changing(Changes::default().with_count(ChangeCode::MembersRemoved, 1));
        let (scope, account, email, now) = (self.scope, self.account, person.email.clone(), context.now);
        let left = self.space.store.write(move |tx| {
            let scope = WriteScope::of_system(&scope);
            if let Some(mut group) = tx.group(&scope, id)? {
                let removed = tx.remove_group_members(&scope, id, std::slice::from_ref(&email))?;
                if removed > 0 {
                    group.members = group.members.saturating_sub(removed);
                    group.revision += 1;
                    group.updated_at = now;
                    tx.update_group(&scope, &group)?;
                    count(tx, &scope, account, |rows| &mut rows.group_members, removed)?;
                }
            }
            Ok::<_, Abort<StoreError>>(Recorded::new((), event.clone()))
        });
        Ok(left.await?)
    }

    /// Whether the address has an account, whatever its status. Then what is of no tenant may be of that one: in another tenant, or one
    /// that was made here meanwhile.
    async fn is_somebody_elsewhere(&self, person: &ErasedPerson) -> Result<bool, PortError> {
        has_account(self.space, self.operator, person.email.clone(), None).await
    }

    /// Erases the personal data of events, in the tenant's log, whose last event is told as it was when the account went, or in the
    /// installation's, from its end to its beginning, until nothing that has come since is about the person.
    async fn erase_events(&self, known_as: &KnownAs, of_tenant: Option<u64>) -> Result<(), PortError> {
        let known_as = Arc::new(known_as.clone());
        let (mut floor, mut last_seq) = (0, of_tenant);
        loop {
            let is_installation = of_tenant.is_none();
            let (head, erased) = self.erase_events_above(&known_as, is_installation, floor, last_seq).await?;
            // Nobody has the address any more, of whom the installation's log could tell up to here.
            last_seq = last_seq.or(Some(head));
            if erased == 0 {
                return Ok(());
            }
            floor = head;
        }
    }

    /// Answers the number of the last event, and how many were erased.
    async fn erase_events_above(
        &self,
        known_as: &Arc<KnownAs>,
        is_installation: bool,
        floor: u64,
        last_seq: Option<u64>,
    ) -> Result<(u64, usize), PortError> {
        let (mut head, mut erased, mut after) = (floor, 0_usize, None);
        loop {
            let (known_as, scope, operator) = (Arc::clone(known_as), self.scope, self.operator.clone());
            let (until, now) = (self.until, self.space.clock.now());
            let find = move |view: &mut dyn View| {
                let (mut after, mut last, mut found) = (after, None, Vec::new());
                for _ in 0..PAGES_AT_ONCE {
                    let page = PageRequest { limit: PageLimit::LARGEST, after };
                    let filter = EventFilter::default();
                    let LogPage { events, .. } = if is_installation {
                        view.installation_events(&operator, &filter, page)?
                    } else {
                        view.events(&scope, &filter, page)?
                    };
                    last = last.or(events.items.first().map(|event| event.seq));
                    let about = events.items.iter().filter(|event| {
                        // A time to come was told by a clock that was ahead, as it was when they went.
                        let time = event.event.time;
                        let is_theirs = last_seq.is_none_or(|last| event.seq <= last);
                        let is_theirs = is_theirs || time < until || time > now;
                        event.seq > floor && known_as.is_to_go(event, is_theirs)
                    });
                    found.extend(about.map(|event| event.seq));
                    after = events.next.filter(|Cursor(Seq(seq))| *seq > floor);
                    if after.is_none() {
                        break;
                    }
                }
                Ok::<_, StoreError>((last, found, after))
            };
            let flow = if is_installation { Flow::Installation } else { Flow::from(&self.scope) };
            let (last, found, next) = self.read(flow, find).await?;
            head = head.max(last.unwrap_or(floor));
            erased = erased.saturating_add(found.len());
            for numbers in found.chunks(REMOVED_AT_ONCE) {
                self.erase_persons(numbers.to_vec(), is_installation).await?;
            }
            after = next;
            if after.is_none() {
                return Ok((head, erased));
            }
        }
    }

    async fn erase_persons(&self, numbers: Vec<u64>, is_installation: bool) -> Result<(), PortError> {
        let log = if is_installation { Log::Installation } else { Log::from(&self.scope) };
        let event = self.event(log)?;
        let (scope, account) = (self.scope, self.account);
        let erased = self.space.store.write(move |tx| {
            let scope = WriteScope::of_system(&scope);
            let erased = tx.erase_persons(&LogWriteScope::of_system(log), &numbers)?;
            let of: Count =
                if is_installation { |rows| &mut rows.installation_events } else { |rows| &mut rows.events };
            count(tx, &scope, account, of, erased)?;
            Ok::<_, Abort<StoreError>>(Recorded::new((), counted(&event, erased)))
        });
        Ok(erased.await?)
    }

    /// Removes rows in portions, until there is none.
    async fn remove_all(
        &self,
        remove: impl Fn(&mut dyn Tx, &WriteScope) -> Result<u64, StoreError> + Clone + Send + 'static,
        of: Count,
    ) -> Result<(), PortError> {
        loop {
            let event = self.event(Log::from(&self.scope))?;
            let (scope, account, remove) = (self.scope, self.account, remove.clone());
            let removed = self.space.store.write(move |tx| {
                let scope = WriteScope::of_system(&scope);
                let removed = remove(tx, &scope)?;
                if removed == 0 {
                    // Nothing is done, and nothing told.
                    return Err(Abort::from(Refused::unrecorded(Nothing(None))));
                }
                count(tx, &scope, account, of, removed)?;
                Ok(Recorded::new((), counted(&event, removed)))
            });
            let goes_on = Nothing::or(removed.await.map(|()| true), false)?;
            if !goes_on {
                return Ok(());
            }
        }
    }

    async fn naming_policies(&self, person: &ErasedPerson) -> Result<Vec<PolicyId>, PortError> {
        let (mut naming, mut after) = (Vec::new(), None);
        loop {
            let (scope, email) = (self.scope, person.email.clone());
            let find = move |view: &mut dyn View| {
                let limit = PageLimit::LARGEST.at_most(POLICIES_AT_ONCE);
                let page = view.policies(&scope, PageRequest { limit, after })?;
                let is_named = |json: &str| names(json, email.as_str());
                let named = page.items.iter().filter(|policy| is_named(policy.configuration.json().get()));
                Ok::<_, StoreError>((named.map(|policy| policy.id).collect::<Vec<_>>(), page.next))
            };
            let (found, next) = self.read(&self.scope, find).await?;
            naming.extend(found);
            after = next;
            if after.is_none() {
                return Ok(naming);
            }
        }
    }

    async fn naming_expectations(&self, person: &ErasedPerson) -> Result<Vec<EndpointId>, PortError> {
        let (scope, email) = (self.scope, person.email.clone());
        let find = move |view: &mut dyn View| {
            let mut naming = Vec::new();
            for (endpoint, expectation) in view.expectations(&scope, None)? {
                let is_named = match &expectation.caller {
                    HypotheticalCaller::Address(address) => *address == email,
                    HypotheticalCaller::HubUser { email: address, .. } => address.as_ref() == Some(&email),
                };
                if is_named && naming.last() != Some(&endpoint) {
                    naming.push(endpoint);
                }
            }
            Ok::<_, StoreError>(naming)
        };
        self.read(&self.scope, find).await
    }

    /// No row is left: from now on the erasure itself names nobody.
    async fn forget(&self, policies: Vec<PolicyId>, expectations: Vec<EndpointId>) -> Result<(), PortError> {
        let (scope, account) = (self.scope, self.account);
        let forgotten = self.space.store.keep_books(move |tx| {
            let scope = WriteScope::of_system(&scope);
            if let Some(mut erasure) = tx.erasure(&scope, account)? {
                erasure.person = None;
                erasure.report.policies.clone_from(&policies);
                erasure.report.expectations.clone_from(&expectations);
                tx.put_erasure(&scope, &erasure)?;
            }
            Ok(().into())
        });
        Ok(forgotten.await?)
    }

    /// Nothing is left, in the store's files neither.
    async fn end(&self) -> Result<(), PortError> {
        let event = self.event(Log::from(&self.scope))?;
        let (scope, account) = (self.scope, self.account);
        let ended = self.space.store.write(move |tx| {
            let scope = WriteScope::of_system(&scope);
            let mut total = 0;
            if let Some(mut erasure) = tx.erasure(&scope, account)? {
                erasure.ended_at = Some(event.time);
                total = erasure.report.erased.total();
                tx.put_erasure(&scope, &erasure)?;
            }
            Ok::<_, Abort<StoreError>>(Recorded::new((), counted(&event, total)))
        });
        Ok(ended.await?)
    }

    async fn read<T: Send + 'static>(
        &self,
        flow: impl Into<Flow>,
        find: impl FnOnce(&mut dyn View) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, PortError> {
        Ok(self.space.store.read(flow, find).await?)
    }

    fn context(&self) -> Result<RequestContext, PortError> {
        let now = self.space.clock.now();
        Ok(RequestContext::begin(now, Arc::clone(&self.space.entropy), Origin::default())?)
    }

    fn event(&self, log: Log) -> Result<Event, PortError> {
        let event = self.context()?.event(log, Action::UserDeleted, Actor::System)?;
        let event = event.on(ObjectKind::Member, self.account);
        Ok(Event { reason_code: Some(ReasonCode::PersonErased.into()), ..event })
    }
}

/// That there was nothing to do, or the store's failure.
struct Nothing(Option<StoreError>);

impl Nothing {
    /// What a unit answered, or this where there was nothing to do.
    fn or<T>(answered: Result<T, Self>, nothing: T) -> Result<T, PortError> {
        match answered {
            Ok(answered) => Ok(answered),
            Err(Self(None)) => Ok(nothing),
            Err(Self(Some(error))) => Err(error.into()),
        }
    }
}

impl From<StoreError> for Nothing {
    fn from(error: StoreError) -> Self {
        Self(Some(error))
    }
}

fn counted(event: &Event, rows: u64) -> Event {
    Event { count: u32::try_from(rows).unwrap_or(u32::MAX).max(1), ..event.clone() }
}

/// Counts what went, in the unit that removes it.
fn count(
    tx: &mut dyn Tx,
    scope: &WriteScope,
    account: AccountId,
    of: impl Fn(&mut ErasedRows) -> &mut u64,
    removed: u64,
) -> Result<(), StoreError> {
    let Some(mut erasure) = tx.erasure(scope, account)? else { return Ok(()) };
    let rows = of(&mut erasure.report.erased);
    *rows = rows.saturating_add(removed);
    tx.put_erasure(scope, &erasure)
}
