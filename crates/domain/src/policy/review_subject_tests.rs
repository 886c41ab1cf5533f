//! What stands in a review: it is signed as it is, and weighs what its texts do.

use std::collections::BTreeSet;

use super::*;
use crate::access::Permission;
use crate::ids::PolicyId;
use crate::policy::ReviewDigest;

fn at(micros: i64) -> Timestamp {
    Timestamp::from_unix_micros(micros)
}

fn member() -> ReviewedMember {
    ReviewedMember {
        account: AccountId::from_bytes([1; 16]),
        email: "mia@harbor.example".parse().unwrap(),
        role: Role::User,
        is_active: true,
        has_password: true,
        has_second_factor: true,
        must_enrol: true,
    }
}

fn subject() -> ReviewedSubject {
    ReviewedSubject {
        key: SubjectKey::Member(AccountId::from_bytes([1; 16])),
        name: "mia".to_owned(),
        member: Some(member()),
        api_key: None,
        entry: None,
        last_used_at: None,
        reads_content: true,
        access: Vec::new(),
    }
}

fn key(scope: Permission, addresses: Option<&str>) -> ReviewedKey {
    let addresses = addresses.map(|net| vec![net.parse().unwrap()]);
    let terms = KeyTerms::new(vec![scope], None, addresses).unwrap();
    ReviewedKey { terms, ends_at: at(9), is_due: false, is_unused: false }
}

fn entry() -> ReviewedEntry {
    ReviewedEntry {
        role: None,
        issuer: None,
        domains: Vec::new(),
        claim: None,
        groups: Vec::new(),
        ends_at: None,
    }
}

fn access() -> Access {
    Access {
        endpoint: EndpointId::from_bytes([2; 16]),
        slug: "birds".parse().unwrap(),
        reason: Reason::AllowedByPolicy,
        decided_by: None,
        policies: Vec::new(),
        groups: Vec::new(),
    }
}

fn decider(policy: u8, rule: &str) -> Option<Decider> {
    Some(Decider { policy: PolicyId::from_bytes([policy; 16]), revision: 1, rule: rule.into() })
}

fn policy(revision: u64) -> PolicyRevision {
    PolicyRevision { id: PolicyId::from_bytes([3; 16]), revision }
}

fn group(name: &str, revision: u64) -> GroupRevision {
    GroupRevision { name: name.parse().unwrap(), revision }
}

#[test]
fn z4_whatever_a_review_says_of_somebody_makes_it_another_one_to_sign() {
    let of_member = |member| ReviewedSubject { member: Some(member), ..subject() };
    let of_key = |key| ReviewedSubject { api_key: Some(key), ..subject() };
    let of_entry = |entry| ReviewedSubject { entry: Some(entry), ..subject() };
    let of_access = |access: &[Access]| ReviewedSubject { access: access.to_vec(), ..subject() };
    let all = [
        subject(),
        ReviewedSubject { key: SubjectKey::Member(AccountId::from_bytes([4; 16])), ..subject() },
        ReviewedSubject { name: "max".to_owned(), ..subject() },
        ReviewedSubject { reads_content: false, ..subject() },
        ReviewedSubject { member: None, ..subject() },
        of_member(ReviewedMember { email: "max@harbor.example".parse().unwrap(), ..member() }),
        of_member(ReviewedMember { role: Role::Owner, ..member() }),
        of_member(ReviewedMember { is_active: false, ..member() }),
        of_member(ReviewedMember { has_password: false, ..member() }),
        of_member(ReviewedMember { has_second_factor: false, ..member() }),
        of_member(ReviewedMember { must_enrol: false, ..member() }),
        of_key(key(Permission::Query, None)),
        of_key(key(Permission::ReadMetadata, None)),
        of_key(key(Permission::Query, Some("192.0.2.0/24"))),
        of_key(key(Permission::Query, Some("192.0.3.0/24"))),
        of_key(ReviewedKey { ends_at: at(8), ..key(Permission::Query, None) }),
        of_entry(entry()),
        of_entry(ReviewedEntry { role: Some(Role::User), ..entry() }),
        of_entry(ReviewedEntry { role: Some(Role::Owner), ..entry() }),
        of_entry(ReviewedEntry { issuer: "https://id.example.org".parse().ok(), ..entry() }),
        of_entry(ReviewedEntry { issuer: "https://id.example.com".parse().ok(), ..entry() }),
        of_entry(ReviewedEntry { domains: vec!["example.org".parse().unwrap()], ..entry() }),
        of_entry(ReviewedEntry { claim: "groups".parse().ok(), ..entry() }),
        of_entry(ReviewedEntry { claim: "teams".parse().ok(), ..entry() }),
        of_entry(ReviewedEntry { groups: vec!["staff".parse().unwrap()], ..entry() }),
        of_entry(ReviewedEntry { ends_at: Some(at(1)), ..entry() }),
        of_entry(ReviewedEntry { ends_at: Some(at(2)), ..entry() }),
        of_access(&[access()]),
        of_access(&[access(), access()]),
        of_access(&[Access { endpoint: EndpointId::from_bytes([5; 16]), ..access() }]),
        of_access(&[Access { slug: "owls".parse().unwrap(), ..access() }]),
        of_access(&[Access { reason: Reason::AddressUnknown, ..access() }]),
        of_access(&[Access { decided_by: decider(3, "/patterns/0"), ..access() }]),
        of_access(&[Access { decided_by: decider(4, "/patterns/0"), ..access() }]),
        of_access(&[Access { decided_by: decider(3, "/patterns/1"), ..access() }]),
        of_access(&[Access { policies: vec![policy(1)], ..access() }]),
        of_access(&[Access { policies: vec![policy(2)], ..access() }]),
        of_access(&[Access { groups: vec![group("readers", 1)], ..access() }]),
        of_access(&[Access { groups: vec![group("readers", 2)], ..access() }]),
        of_access(&[Access { groups: vec![group("writers", 1)], ..access() }]),
    ];
    let digests: BTreeSet<_> =
        all.iter().map(|subject| ReviewDigest::default().and(subject).to_string()).collect();
    assert_eq!(digests.len(), all.len());
    // What changes without anybody's doing makes it no other one.
    let used = ReviewedSubject { last_used_at: Some(at(7)), ..subject() };
    assert_eq!(ReviewDigest::default().and(&used), ReviewDigest::default().and(&subject()));
    let due = ReviewedKey { is_due: true, is_unused: true, ..key(Permission::Query, None) };
    let [due, new] = [due, key(Permission::Query, None)].map(|key| ReviewDigest::default().and(&of_key(key)));
    assert_eq!(due, new);
    // Nor is it the same where the same stand in another order.
    let [one, other] = [&all[0], &all[2]];
    let read = |first, second| ReviewDigest::default().and(first).and(second);
    assert_ne!(read(one, other), read(other, one));
}

#[test]
fn z4_a_digest_is_written_as_its_digits_and_read_back() {
    let digest = ReviewDigest::default().and(&subject());
    let json = serde_json::to_value(digest).unwrap();
    assert_eq!(json, serde_json::json!(digest.to_string()));
    assert_eq!(json.as_str().map(str::len), Some(64));
    assert_eq!(serde_json::from_value::<ReviewDigest>(json).ok(), Some(digest));
    for bad in ["", "00", &"A".repeat(64), &"g".repeat(64)] {
        assert!(serde_json::from_value::<ReviewDigest>(serde_json::json!(bad)).is_err(), "{bad}");
    }
}

#[test]
fn k12_a_subject_weighs_as_much_on_a_page_as_its_texts_do() {
    assert_eq!(subject().bytes(), 303, "its own name has three");
    let provider = ReviewedEntry {
        domains: ["example.org", "harbor.example"].map(|domain| domain.parse().unwrap()).into(),
        groups: ["staff", "bosses"].map(|group| group.parse().unwrap()).into(),
        ..entry()
    };
    let entered = ReviewedSubject { entry: Some(provider), ..subject() };
    assert_eq!(entered.bytes(), 303 + 11 + 14 + 5 + 6);
    let plain = ReviewedSubject { access: vec![access()], ..subject() };
    assert_eq!(plain.bytes(), 303 + 105);
    let long = Access {
        slug: "nocturnal-birds".parse().unwrap(),
        decided_by: decider(3, "/patterns/0"),
        policies: [1, 2].map(policy).into(),
        groups: ["a", "b", "c"].map(|name| group(name, 1)).into(),
        ..access()
    };
    let both = ReviewedSubject { access: vec![access(), long], ..entered };
    assert_eq!(both.bytes(), 303 + 36 + 105 + (100 + 15 + 11 + 2 * 70 + 3 * 110));
}
