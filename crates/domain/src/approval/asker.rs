//! For whom a question counts.

use crate::ids::ActorId;
use crate::sealing::{SealError, Sealer};
use crate::tenant::TenantScope;

/// For whom a question counts where it is counted who asks: a caller by their id, a guest by a keyed digest of their address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Asker(pub [u8; 16]);

impl From<ActorId> for Asker {
    fn from(caller: ActorId) -> Self {
        Self(*caller.as_bytes())
    }
}

/// What the keyed digests of guests' addresses are for.
const GUEST_PURPOSE: &str = "guest who asks for approval 1";

/// A guest, by what their address counts as: no other telling of guests is there, and their addresses are kept nowhere else.
///
/// # Errors
/// When there is no key.
pub fn guest(sealer: &dyn Sealer, scope: &TenantScope, network: [u8; 16]) -> Result<Asker, SealError> {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, ..] =
        sealer.digest(scope, GUEST_PURPOSE, &network)?;
    Ok(Asker([a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]))
}
