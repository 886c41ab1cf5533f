//! Each public check function is in the `CHECKS` of its suite.

use std::collections::BTreeSet;
use std::path::Path;
use std::{fs, io};

use syft_space_conformance::{
    api_key, approval, audit, checkpoint_signer, dataset, disclosure, documents, encoder, endpoint,
    erasure_ledger, expectation, extract, group, identity, ledger, login_record, marketplace, oidc,
    password_reset, passwords, policy, policy_revision, privacy, provisioning, rate_limits, retention,
    sealing, search, second_factor, session, signing_keys, spool, store, tenant, tenant_end, tokens, vectors,
};

fn collect(folder: &Path, names: &mut BTreeSet<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, names)?;
            continue;
        }
        for line in fs::read_to_string(path)?.lines() {
            let name = line.strip_prefix("pub fn ").and_then(|rest| rest.split_once("(make: &"));
            names.extend(name.map(|(name, _)| name.to_owned()));
        }
    }
    Ok(())
}

#[test]
fn every_promise_that_is_written_down_is_in_a_suite() {
    let mut written = BTreeSet::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut written).unwrap();
    for entry in ["suite", "check_store"] {
        assert!(written.remove(entry), "{entry} runs promises and is none");
    }
    let rooms = [
        store::CHECKS,
        tenant::CHECKS,
        tenant_end::CHECKS,
        identity::CHECKS,
        login_record::CHECKS,
        api_key::CHECKS,
        second_factor::CHECKS,
        session::CHECKS,
        password_reset::CHECKS,
        oidc::CHECKS,
        dataset::CHECKS,
        endpoint::CHECKS,
        policy::CHECKS,
        policy_revision::CHECKS,
        privacy::CHECKS,
        group::CHECKS,
        expectation::CHECKS,
        retention::CHECKS,
        ledger::CHECKS,
        disclosure::CHECKS,
        approval::CHECKS,
        marketplace::CHECKS,
        audit::CHECKS,
        audit::pruning::CHECKS,
        audit::sinks::CHECKS,
        audit::trees::CHECKS,
        audit::queries::CHECKS,
        audit::watched::CHECKS,
    ];
    let mut listed: BTreeSet<&str> = rooms.into_iter().flatten().map(|check| check.promise).collect();
    listed.extend(documents::CHECKS.iter().map(|check| check.promise));
    listed.extend(rate_limits::CHECKS.iter().map(|check| check.promise));
    listed.extend(search::CHECKS.iter().map(|check| check.promise));
    listed.extend(extract::CHECKS.iter().map(|check| check.promise));
    listed.extend(encoder::CHECKS.iter().map(|check| check.promise));
    listed.extend(vectors::CHECKS.iter().map(|check| check.promise));
    listed.extend(provisioning::CHECKS.iter().map(|check| check.promise));
    listed.extend(spool::CHECKS.iter().map(|check| check.promise));
    listed.extend(passwords::CHECKS.iter().map(|check| check.promise));
    listed.extend(signing_keys::CHECKS.iter().map(|check| check.promise));
    listed.extend(tokens::CHECKS.iter().map(|check| check.promise));
    listed.extend(checkpoint_signer::CHECKS.iter().map(|check| check.promise));
    listed.extend(erasure_ledger::CHECKS.iter().map(|check| check.promise));
    listed.extend(sealing::CHECKS.iter().map(|check| check.promise));
    assert!(
        written.iter().map(String::as_str).eq(listed),
        "each promise is in a suite, and each name is its own"
    );
}
