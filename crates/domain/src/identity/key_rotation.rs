//! The rotation of the keys that sign access tokens.

use crate::audit::{Action, Actor, Event, Log, ObjectKind, Origin, RequestContext};
use crate::identity::{PreviousKeys, SigningKey};
use crate::port_error::PortError;
use crate::space::Space;
use crate::tenant::OperatorScope;

/// The keys whose tokens are accepted, the one that signs first.
#[must_use]
pub fn signing_keys(space: &Space, context: &RequestContext, _operator: &OperatorScope) -> Vec<SigningKey> {
    space.signing_keys.keys(context.now)
}

/// Makes a new signing key, and has it sign from now on.
///
/// # Errors
/// When a port failed. The new key may sign already when only its event could not be written.
pub async fn rotate_signing_key(
    space: &Space,
    context: &RequestContext,
    _operator: &OperatorScope,
    previous: PreviousKeys,
) -> Result<SigningKey, PortError> {
    let key = space.signing_keys.rotate(previous, context.now).await?;
    space.store.record(rotated(context, Actor::Operator, &key)?).await?;
    Ok(key)
}

/// Makes a new signing key where that is due, and forgets those whose tokens have all expired. Answers the key that was
/// made.
///
/// # Errors
/// When a port failed.
pub async fn rotate_due_signing_key(
    space: &Space,
    _operator: &OperatorScope,
) -> Result<Option<SigningKey>, PortError> {
    let context = space.request_context(Origin::default())?;
    let keys = space.signing_keys.keys(context.now);
    if !keys.iter().any(|key| key.rotates_at.is_some_and(|due| due <= context.now)) {
        space.signing_keys.forget_expired(context.now).await?;
        return Ok(None);
    }
    let key = space.signing_keys.rotate(PreviousKeys::Overlap, context.now).await?;
    space.store.record(rotated(&context, Actor::System, &key)?).await?;
    Ok(Some(key))
}

fn rotated(context: &RequestContext, actor: Actor, key: &SigningKey) -> Result<Event, PortError> {
    let event = context.event(Log::Installation, Action::ConfigChange, actor)?;
    Ok(event.on(ObjectKind::SigningKey, &key.id))
}
