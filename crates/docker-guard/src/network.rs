//! What a network may be: its body, held against the policy.

use crate::json;
use crate::policy::Policy;
use crate::refusal::Refusal;
use crate::shape::{BridgeName, NetworkBody, YesNo};

const UNSET_PLACES: &[&[&str]] = &[&["IPAM", "Config", "*"], &["IPAM"], &[]];

/// The longest and the shortest prefix of a network's addresses: 4 to 256 of them.
const PREFIX_LENGTHS: std::ops::RangeInclusive<u8> = 24..=30;

/// A network that the policy allows.
#[derive(Debug, Clone)]
pub struct AcceptedNetwork(NetworkBody);

/// Reads the body that makes a network, and holds it against the policy.
///
/// # Errors
/// When it is no strict JSON, when it has a field that is not in the shape, or one that the policy does not allow.
pub fn accept_network(body: &[u8], policy: &Policy) -> Result<AcceptedNetwork, Refusal> {
    let body: NetworkBody = json::parse(body, UNSET_PLACES)?;
    policy.check_labels(&body.labels)?;
    let [range] = &body.ipam.config;
    let subnet = range.subnet.get();
    if !policy.address_pool.contains(&subnet) || !PREFIX_LENGTHS.contains(&subnet.prefix_len()) {
        return Err(Refusal::forbidden(format!(
            "IPAM.Config.Subnet: must be a network of /{} to /{} in {}",
            PREFIX_LENGTHS.start(),
            PREFIX_LENGTHS.end(),
            policy.address_pool
        )));
    }
    if range.gateway.is_some_and(|gateway| !subnet.hosts().any(|host| host == gateway)) {
        return Err(Refusal::forbidden("IPAM.Config.Gateway: must be an address of the subnet"));
    }
    let options = &body.options;
    if options.masquerade == Some(YesNo::True) || (options.masquerade.is_none() && !body.internal) {
        return Err(Refusal::forbidden(
            "Options: com.docker.network.bridge.enable_ip_masquerade must be \"false\", or the network internal",
        ));
    }
    if options.inter_container == YesNo::True && !body.internal {
        return Err(Refusal::forbidden(
            "Options: com.docker.network.bridge.enable_icc must be \"false\", or the network internal",
        ));
    }
    if options.name.is_some_and(|name| name != BridgeName::of(range.subnet)) {
        return Err(Refusal::forbidden("Options: com.docker.network.bridge.name must be that of the subnet"));
    }
    Ok(AcceptedNetwork(body))
}

impl AcceptedNetwork {
    /// The body that goes to the engine.
    #[must_use]
    pub fn forwarded(&self) -> Vec<u8> {
        json::write(&self.0)
    }
}
