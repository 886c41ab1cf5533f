//! How much is sent: nobody's inbox is flooded, and no tenant uses up the mail server.
//!
//! It is known to this process alone. Whoever restarts the server may be sent a mail more.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::identity::Email;
use crate::ids::TenantId;
use crate::mail::Message;
use crate::mail::ports::{MailError, Mailer};
use crate::secret::BearerSecret;
use crate::time::Timestamp;

/// The time between two mails of a tenant to one address.
const BETWEEN: Duration = Duration::from_secs(60);
/// The time over which mails are counted.
const WINDOW: Duration = Duration::from_secs(60 * 60);
/// The most mails of a tenant in that time.
const PER_TENANT: usize = 100;
/// The most mails of a tenant to one address in that time.
const PER_ADDRESS: usize = 5;

/// So much was sent lately that nothing is sent now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("enough mail was sent lately; try again in {} s", .retry_after.as_secs())]
pub struct TooManyMails {
    /// When to try again.
    pub retry_after: Duration,
}

/// The mailer, with what was sent by it in the last hour.
pub struct Mails {
    mailer: Arc<dyn Mailer>,
    public_url: Option<String>,
    sent: Mutex<HashMap<TenantId, Vec<Sent>>>,
}

#[derive(Clone, PartialEq, Eq)]
struct Sent {
    at: Timestamp,
    to: Email,
}

impl Mails {
    /// Sends through a mailer. `public_url` is where others reach the space, where that is known.
    #[must_use]
    pub fn new(mailer: Arc<dyn Mailer>, public_url: Option<String>) -> Arc<Self> {
        Arc::new(Self { mailer, public_url, sent: Mutex::default() })
    }

    fn sent(&self) -> MutexGuard<'_, HashMap<TenantId, Vec<Sent>>> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the room for one mail. Dropped before it is used, or where certainly nothing was sent, it is given back.
    pub(crate) fn reserve(
        self: &Arc<Self>,
        tenant: TenantId,
        to: &Email,
        now: Timestamp,
    ) -> Result<Slot, TooManyMails> {
        let mut sent = self.sent();
        // A clock that was set back makes nobody wait for longer than before.
        let is_counted = |one: &Sent| one.at <= now && now.since(one.at) < WINDOW;
        sent.retain(|_, mails| {
            mails.retain(is_counted);
            !mails.is_empty()
        });
        let mails = sent.entry(tenant).or_default();
        let to_them = || mails.iter().filter(|one| one.to == *to);
        // Of so many the oldest makes room, by leaving the window.
        let until_fewer = |count: usize, most: usize, oldest: Option<&Sent>| match oldest {
            Some(oldest) if count >= most => Some(oldest.at.plus(WINDOW)),
            _ => None,
        };
        let waits = [
            to_them().next_back().map(|last| last.at.plus(BETWEEN)),
            until_fewer(to_them().count(), PER_ADDRESS, to_them().next()),
            until_fewer(mails.len(), PER_TENANT, mails.first()),
        ];
        if let Some(until) = waits.into_iter().flatten().max().filter(|until| now < *until) {
            return Err(TooManyMails { retry_after: Duration::from_secs(until.since(now).as_secs() + 1) });
        }
        let one = Sent { at: now, to: to.clone() };
        mails.push(one.clone());
        Ok(Slot { mails: Arc::clone(self), tenant, sent: one, is_used: false })
    }
}

/// The room for one mail.
pub struct Slot {
    mails: Arc<Mails>,
    tenant: TenantId,
    sent: Sent,
    is_used: bool,
}

impl Slot {
    /// Sends it. Where it may have been sent the room is used up, also when whoever waits for this goes away.
    pub(crate) async fn send(mut self, message: Message, token: BearerSecret) -> Result<(), MailError> {
        let mail = message.to(self.sent.to.clone(), &token, self.mails.public_url.as_deref());
        self.is_used = true;
        let sent = self.mails.mailer.send(&mail).await;
        self.is_used = matches!(sent, Ok(()) | Err(MailError::Unanswered));
        sent
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if self.is_used {
            return;
        }
        let mut sent = self.mails.sent();
        if let Some(mails) = sent.get_mut(&self.tenant)
            && let Some(at) = mails.iter().rposition(|one| *one == self.sent)
        {
            mails.remove(at);
        }
    }
}
