//! What the builder makes, the guard lets through, and what the guard forwards means the same. Each was written without the other: the guard
//! believes nothing of the space, so that it has its own list of what may be.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::Value;
use syft_space_docker_guard::{
    ObjectId, Policy, PolicySettings, VARIABLES, accept_container, accept_network, accept_volume,
};
use syft_space_domain::dataset::VectorDatabaseKind;
use syft_space_domain::ids::{DatasetId, TenantId};
use syft_space_domain::provisioning::DatabaseCredential;

use super::tests::{images, reaches};
use super::{DatabaseForm, NetworkForm};
use crate::kind::needs;
use crate::names::Installation;
use crate::pool::AddressPool;
use crate::settings::Limits;

const KINDS: [VectorDatabaseKind; 2] = [VectorDatabaseKind::Chroma, VectorDatabaseKind::Qdrant];
const POOL: &str = "10.213.0.0/16";

/// What a body says: a member that is not set says nothing, nor does one that is off or empty.
fn said(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.iter().map(|(key, member)| (key.clone(), said(member)));
            let is_set = |member: &Value| match member {
                Value::Null | Value::Bool(false) => false,
                Value::String(text) => !text.is_empty(),
                Value::Bool(true) | Value::Number(_) | Value::Array(_) | Value::Object(_) => true,
            };
            Value::Object(members.filter(|(_, member)| is_set(member)).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(said).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

fn read(forwarded: &[u8]) -> Value {
    said(&serde_json::from_slice(forwarded).unwrap())
}

/// The policy of an operator who names the image, and sets no limit below those of the space.
fn policy(installation: &Installation, image: &str) -> Policy {
    Policy::new(PolicySettings {
        installation: installation.as_str().to_owned(),
        images: vec![image.to_owned()],
        address_pool: POOL.to_owned(),
        max_memory_mib: 1_048_576,
        max_cpus: 256,
        max_pids: 32_768,
        max_databases: 1,
    })
    .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn n3_whatever_is_asked_of_the_engine_the_guard_lets_through_and_does_not_change(
        installation in ".*",
        (tenant, dataset) in (any::<[u8; 16]>(), any::<[u8; 16]>()),
        kind in prop::sample::select(KINDS.as_slice()),
        secret in "[0-9a-f]{64}",
        image in images(),
        reach in reaches(),
        limits in (32_u32..=1_048_576, 50_u32..=256_000, 16_u32..=32_768),
        at in 0_usize..4096,
        network in "[0-9a-f]{64}",
    ) {
        let installation = Installation::of_name(&installation);
        let policy = policy(&installation, image.reference.as_str());
        let form = DatabaseForm {
            installation: &installation,
            tenant: TenantId::from_bytes(tenant),
            dataset: DatasetId::from_bytes(dataset),
            kind,
            image: &image,
            credential: &DatabaseCredential::read(&secret).unwrap(),
            limits: Limits::new(limits.0, limits.1, limits.2).unwrap(),
            reach: &reach,
        };
        let body = serde_json::to_value(form.container(&network)).unwrap();
        let accepted = accept_container(body.to_string().as_bytes(), &policy).unwrap();
        prop_assert_eq!(accepted.volume().map(|name| String::from(name.clone())), Some(form.name()));
        let id = ObjectId::try_from(network).unwrap();
        prop_assert_eq!(read(&accepted.forwarded(&id)), said(&body));

        let body = serde_json::to_value(form.volume()).unwrap();
        let accepted = accept_volume(body.to_string().as_bytes(), &policy).unwrap();
        prop_assert_eq!(read(&accepted.forwarded()), said(&body));

        let addresses = POOL.parse::<AddressPool>().unwrap().networks().nth(at).unwrap();
        let network = NetworkForm { installation: &installation, tenant: form.tenant, reach: &reach };
        let body = serde_json::to_value(network.network(addresses)).unwrap();
        let accepted = accept_network(body.to_string().as_bytes(), &policy).unwrap();
        prop_assert_eq!(read(&accepted.forwarded()), said(&body));
    }
}

#[test]
fn n3_the_guard_lets_no_variable_through_that_no_database_is_told() {
    let told = KINDS.into_iter().map(needs).flat_map(|needs| {
        let others = needs.variables.iter().filter_map(|variable| variable.split_once('='));
        others.map(|(name, _)| name).chain([needs.credential])
    });
    assert_eq!(told.collect::<BTreeSet<_>>(), VARIABLES.iter().copied().collect());
}
