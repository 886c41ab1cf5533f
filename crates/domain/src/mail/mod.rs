//! Mail: what a person is sent, and how much of it.
//!
//! Without a mailer a token is shown to whoever asked for it. With one it is sent to the person whom it is for, and to nobody
//! else: whoever manages members can have a password reset then, and not take the account.

mod limits;
mod message;
pub mod ports;

pub use limits::{Mails, Slot, TooManyMails};
pub use message::{Mail, Message, Purpose};
pub use ports::MailError;

use crate::secret::BearerSecret;

/// Where a token went.
pub enum Delivered {
    /// To whoever asked for it.
    Shown(BearerSecret),
    /// To the person whom it is for.
    Mailed,
}

/// Sends a message with its token where room for a mail was taken, else gives the token back to be shown.
///
/// # Errors
/// When it could not be sent. Nobody knows the token then.
pub(crate) async fn deliver(
    slot: Option<Slot>,
    message: Message,
    token: BearerSecret,
) -> Result<Delivered, MailError> {
    match slot {
        Some(slot) => slot.send(message, token).await.map(|()| Delivered::Mailed),
        None => Ok(Delivered::Shown(token)),
    }
}
