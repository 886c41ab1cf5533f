//! The rotation of the keys that sign access tokens.

use crate::audit::{Action, Actor, ChangeCode, Changes, Log, ObjectKind, Origin, RequestContext};
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
/// When a port failed. The new key may sign already when only its event could not be written; then that is tried again by
/// [`rotate_due_signing_key`].
pub async fn rotate_signing_key(
    space: &Space,
    context: &RequestContext,
    _operator: &OperatorScope,
    previous: PreviousKeys,
) -> Result<SigningKey, PortError> {
    // One that is revoked now would be gone before its event is written.
    record_made_keys(space, context).await?;
    let key = space.signing_keys.rotate(previous, context.now).await?;
    let created = Changes::from(ChangeCode::Created);
    let changes = match previous {
        PreviousKeys::Overlap => created,
        PreviousKeys::Revoke => created.and(ChangeCode::PreviousKeysRevoked),
    };
    record(space, context, Actor::Operator, &key.id, changes).await?;
    Ok(key)
}

/// Makes a new signing key where that is due, and forgets those whose tokens have all expired. Answers the key that was
/// made. Keys whose event was not written, because whoever made them came to an end, get it before.
///
/// # Errors
/// When a port failed.
pub async fn rotate_due_signing_key(
    space: &Space,
    _operator: &OperatorScope,
) -> Result<Option<SigningKey>, PortError> {
    let context = space.request_context(Origin::default())?;
    record_made_keys(space, &context).await?;
    let keys = space.signing_keys.keys(context.now);
    if !keys.iter().any(|key| key.rotates_at.is_some_and(|due| due <= context.now)) {
        space.signing_keys.forget_expired(context.now).await?;
        return Ok(None);
    }
    let key = space.signing_keys.rotate(PreviousKeys::Overlap, context.now).await?;
    record(space, &context, Actor::System, &key.id, ChangeCode::Created).await?;
    Ok(Some(key))
}

/// Writes the events of made keys that have none. Of one that is just being made there may be two: at least one is sure.
async fn record_made_keys(space: &Space, context: &RequestContext) -> Result<(), PortError> {
    for id in space.signing_keys.unrecorded() {
        record(space, context, Actor::System, &id, ChangeCode::Created).await?;
    }
    Ok(())
}

async fn record(
    space: &Space,
    context: &RequestContext,
    actor: Actor,
    key: &str,
    changes: impl Into<Changes>,
) -> Result<(), PortError> {
    let event = context.event(Log::Installation, Action::ConfigChange, actor)?;
    space.store.record(event.on(ObjectKind::SigningKey, key).changing(changes)).await?;
    space.signing_keys.set_recorded(key).await?;
    Ok(())
}
