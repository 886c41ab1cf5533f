//! The conformance suites over the in-memory adapters.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use syft_space_conformance::{
    Fixture, StoreFactory, approval, audit, checkpoint_signer, dataset, differential, disclosure, documents,
    encoder, endpoint, erasure_ledger, extract, identity, ledger, login_record,
};
use syft_space_conformance::{
    passwords, policy, policy_revision, provisioning, rate_limits, sample, sealing, search, session,
    signing_keys, spool, store, tenant, tokens, vectors,
};
use syft_space_domain::random::Entropy;
use syft_space_memory::{
    InsecurePasswords, MemoryDocuments, MemoryEncoder, MemoryLedger, MemoryProvisioner, MemoryRateLimits,
    MemorySealer, MemorySearch, MemorySigner, MemorySpool, MemoryStore, MemoryTokens, MemoryVectors,
    SeededEntropy, TextFiles,
};

const STORE: &StoreFactory = &|hook| Fixture::new(Box::new(MemoryStore::new(hook)));

/// A new seed each time: the tokens of two signers must differ.
fn entropy() -> Arc<dyn Entropy> {
    static NEXT_SEED: AtomicU64 = AtomicU64::new(0);
    Arc::new(SeededEntropy::new(NEXT_SEED.fetch_add(1, Ordering::Relaxed)))
}

#[test]
fn the_store_keeps_its_promises() {
    store::suite(STORE);
}

#[test]
fn every_room_of_the_store_keeps_its_promises() {
    for suite in [
        tenant::suite,
        identity::suite,
        login_record::suite,
        session::suite,
        dataset::suite,
        endpoint::suite,
        policy::suite,
        policy_revision::suite,
        ledger::suite,
        disclosure::suite,
        approval::suite,
        audit::suite,
    ] {
        suite(STORE);
    }
}

#[test]
fn l1_the_rate_limits_keep_their_promises() {
    rate_limits::suite(&|| Fixture::new(Box::new(MemoryRateLimits::new())));
}

#[test]
fn the_documents_keep_their_promises() {
    documents::suite(&|| Fixture::new(Box::new(MemoryDocuments::new())));
}

#[test]
fn q2_the_vectors_keep_their_promises() {
    vectors::suite(&|| Fixture::new(Box::new(MemoryVectors::new())));
}

#[test]
fn r4_the_provisioner_keeps_its_promises() {
    provisioning::suite(&|| Box::new(MemoryProvisioner::new()));
}

#[test]
fn the_spool_keeps_its_promises() {
    spool::suite(&|| Fixture::new(Box::new(MemorySpool::new())));
}

#[test]
fn the_search_keeps_its_promises() {
    search::suite(&|| Fixture::new(Box::new(MemorySearch::new())));
}

#[test]
fn the_reader_of_files_keeps_its_promises() {
    extract::suite(&|| Box::new(TextFiles));
}

#[test]
fn the_encoder_keeps_its_promises() {
    encoder::suite(&|| Box::new(MemoryEncoder::new(sample::encoder_model())));
}

#[test]
fn the_passwords_keep_their_promises() {
    passwords::suite(&|| Box::new(InsecurePasswords::new(entropy())));
}

#[test]
fn the_tokens_keep_their_promises() {
    tokens::suite(&|| Box::new(MemoryTokens::new(entropy(), Duration::from_secs(900))));
}

#[test]
fn k2_the_signing_keys_keep_their_promises() {
    signing_keys::suite(&|| {
        let tokens = Arc::new(MemoryTokens::new(entropy(), Duration::from_secs(900)));
        (tokens.clone(), tokens)
    });
}

#[test]
fn the_signer_of_checkpoints_keeps_its_promises() {
    static KEY: AtomicU8 = AtomicU8::new(1);
    checkpoint_signer::suite(&|| Box::new(MemorySigner::new([KEY.fetch_add(1, Ordering::Relaxed); 32])));
}

#[test]
fn g2_the_erasure_ledger_keeps_its_promises() {
    static KEY: AtomicU8 = AtomicU8::new(1);
    erasure_ledger::suite(&|| {
        let ledger = MemoryLedger::new([KEY.fetch_add(1, Ordering::Relaxed); 32]);
        Box::new(move || Box::new(ledger.clone()))
    });
}

#[test]
fn the_sealer_keeps_its_promises() {
    sealing::suite(&|| Box::new(MemorySealer::new(entropy())));
}

#[test]
fn two_stores_do_the_same_with_the_same_units() {
    differential::same_units(64, STORE, STORE);
}
