//! Users of one marketplace, by their addresses there.

use std::fmt;

use crate::marketplace::{MarketplaceName, MarketplaceNameError};
use crate::policy::pattern::{EmailPattern, PatternError};

/// Users of the hub that a marketplace of the tenant is on, who have an address there that a pattern matches: `hub:NAME/PATTERN`.
/// Neither a member of the tenant is one of them, nor a guest.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HubPattern {
    /// The marketplace, as the tenant calls it.
    pub marketplace: MarketplaceName,
    /// Whom of its users it means: `*` all of them, which is decided without their address.
    pub pattern: EmailPattern,
}

/// A text that names no users of a marketplace.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HubPatternError {
    /// It says not whom of the marketplace's users it means.
    #[error(
        "write hub:, the marketplace's name, a slash, and whom of its users you mean: hub:NAME/*@example.org, or \
         hub:NAME/* for all of them"
    )]
    NoPattern,
    /// It names no marketplace.
    #[error(transparent)]
    Marketplace(#[from] MarketplaceNameError),
    /// What stands behind the slash is no pattern.
    #[error(transparent)]
    Pattern(#[from] PatternError),
}

impl HubPattern {
    /// What such a text begins with.
    pub(crate) const PREFIX: &'static str = "hub:";

    /// Reads what stands behind `hub:`.
    pub(super) fn parse(rest: &str) -> Result<Self, HubPatternError> {
        if rest.len().saturating_add(Self::PREFIX.len()) > EmailPattern::MAX {
            return Err(PatternError::TooLong.into());
        }
        let (name, pattern) = rest.split_once('/').ok_or(HubPatternError::NoPattern)?;
        let (marketplace, pattern) = (MarketplaceName::parse(name)?, EmailPattern::parse(pattern)?);
        Ok(Self { marketplace, pattern })
    }
}

impl fmt::Display for HubPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}/{}", Self::PREFIX, self.marketplace, self.pattern)
    }
}
