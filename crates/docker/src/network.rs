//! The network of a tenant.

use bollard::models::{Network, NetworkConnectRequest, NetworkDisconnectRequest};
use bollard::query_parameters::ListNetworksOptions;
use ipnet::Ipv4Net;
use syft_space_domain::provisioning::ports::ProvisionError;

use crate::body::NetworkForm;
use crate::container;
use crate::engine::{CallError, Engine, ROUNDS, lacks, pause, removed};
use crate::names::{Labels, TenantNetwork, bears, filters};
use crate::pool::AddressPool;
use crate::settings::Reach;

/// What an engine says where addresses are taken by another network of it.
const TAKEN: &[&str] =
    &["overlap", "already used", "conflicts with network", "same bridge name", "already in use"];
/// What an engine says where it has a network of this name.
const THERE: &[&str] = &["with name", "network already exists"];

/// The networks that bear these labels.
pub(crate) async fn list(engine: &Engine, labels: &Labels) -> Result<Vec<Network>, ProvisionError> {
    let options = Some(ListNetworksOptions { filters: Some(filters(labels)) });
    let listed = engine.call("listing networks", engine.docker.list_networks(options)).await?;
    let is_ours = |network: &Network| network.labels.as_ref().is_some_and(|found| bears(found, labels));
    Ok(listed.into_iter().filter(is_ours).collect())
}

fn id_of(network: &Network) -> Result<&str, ProvisionError> {
    network.id.as_deref().filter(|id| !id.is_empty()).ok_or_else(|| lacks("a network's id"))
}

/// A tenant's network that an engine has listed.
pub(crate) fn listed(network: &Network) -> Result<TenantNetwork, ProvisionError> {
    Ok(TenantNetwork { id: id_of(network)?.to_owned(), name: network.name.clone().unwrap_or_default() })
}

fn addresses_of(network: &Network) -> Option<Ipv4Net> {
    let config = network.ipam.as_ref()?.config.as_ref()?;
    config.iter().find_map(|config| config.subnet.as_ref()?.parse().ok())
}

/// Sees to the one network that a tenant is to have. One that was made by other settings is made anew, and with it the
/// containers in it.
pub(crate) async fn ensure(
    engine: &Engine,
    form: &NetworkForm<'_>,
    pool: AddressPool,
) -> Result<TenantNetwork, ProvisionError> {
    let of_tenant = form.installation.tenant_labels(form.tenant);
    for round in 0..ROUNDS {
        let mut found = list(engine, &of_tenant).await?;
        // Names of networks are not unique: an engine may have made two where somebody was killed between. The same one is kept each time.
        found.sort_by(|one, other| one.id.cmp(&other.id));
        let is_right = |network: &Network| {
            network.labels.as_ref().is_some_and(|labels| bears(labels, &form.labels()))
                && network.internal == Some(form.is_internal())
                && network.driver.as_deref() == Some("bridge")
                && addresses_of(network).is_some_and(|addresses| pool.holds(addresses))
        };
        match found.as_slice() {
            [] => make(engine, form, pool).await?,
            [network] if is_right(network) => {
                let network = listed(network)?;
                join(engine, form.reach, &network.id).await?;
                return Ok(network);
            }
            _ => {
                container::remove_all(engine, &of_tenant, None).await?;
                remove_all(engine, &of_tenant, form.reach).await?;
            }
        }
        if round > 1 {
            pause(round).await;
        }
    }
    Err(ProvisionError::Nonsense("a network that was made is not listed".to_owned()))
}

/// Makes a tenant's network of the first addresses that nobody has.
async fn make(engine: &Engine, form: &NetworkForm<'_>, pool: AddressPool) -> Result<(), ProvisionError> {
    let ours = list(engine, &form.installation.labels()).await?;
    let ours: Vec<Ipv4Net> = ours.iter().filter_map(addresses_of).collect();
    // Those of others are not asked for: an engine that is guarded does not tell. It says so when they are taken.
    for addresses in pool.networks().filter(|addresses| !ours.contains(addresses)) {
        let body = form.network(addresses);
        match engine.call("making a network", engine.docker.create_network(body)).await {
            Ok(_) => return Ok(()),
            // Somebody else made it at the same time, or a call that was given up did: it is looked for again.
            Err(error) if error.is_conflict() && error.says(THERE) => return Ok(()),
            Err(error) if error.says(TAKEN) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(ProvisionError::NoAddressLeft("the pool has no network that is free".to_owned()))
}

/// Lets the space's own container into a network, where it runs in one.
async fn join(engine: &Engine, reach: &Reach, network: &str) -> Result<(), ProvisionError> {
    let Reach::Joined(space) = reach else { return Ok(()) };
    let request = NetworkConnectRequest { container: space.as_str().to_owned(), endpoint_config: None };
    match engine.call("joining a network", engine.docker.connect_network(network, request)).await {
        Ok(()) => Ok(()),
        Err(error) if error.says(&["already exists in network", "already connected", "already attached"]) => {
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

/// Removes all that bear these labels, until the engine lists none. What is in them and is not the space's own container keeps them.
pub(crate) async fn remove_all(
    engine: &Engine,
    labels: &Labels,
    reach: &Reach,
) -> Result<(), ProvisionError> {
    let mut held = "a network".to_owned();
    for round in 0..ROUNDS {
        let found = list(engine, labels).await?;
        if found.is_empty() {
            return Ok(());
        }
        for network in &found {
            let id = id_of(network)?;
            if let Reach::Joined(space) = reach {
                let request =
                    NetworkDisconnectRequest { container: space.as_str().to_owned(), force: Some(true) };
                let left =
                    engine.call("leaving a network", engine.docker.disconnect_network(id, request)).await;
                match left {
                    // It was never in it.
                    Ok(()) | Err(CallError::Refused { .. }) => {}
                    Err(CallError::Failed(error)) => return Err(error),
                }
            }
            let result = engine.call("removing a network", engine.docker.remove_network(id)).await;
            held = removed(result)?.unwrap_or(held);
        }
        if round > 0 {
            pause(round).await;
        }
    }
    Err(ProvisionError::StillThere(held))
}
