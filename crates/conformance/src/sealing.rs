//! The suite of [`Sealer`].

use syft_space_domain::sealing::{AssociatedData, Sealed, Sealer, Unsealable};
use syft_space_domain::secret::Secret;

use crate::check::{Check, checks, run_all};
use crate::fixture::SealerFactory;
use crate::sample::scope;

/// Every promise of [`Sealer`].
pub const CHECKS: &[Check<SealerFactory>] = checks![
    what_was_sealed_is_opened_in_its_place,
    f12_a_sealed_value_tells_nothing,
    k18_a_value_that_was_moved_needs_a_new_one,
    k18_a_value_that_was_changed_needs_a_new_one,
    k18_another_sealers_value_needs_a_new_one,
    k18_what_was_never_sealed_needs_a_new_value,
    z4_a_digest_is_the_same_for_the_same_and_another_for_anything_else,
];

/// Checks every promise.
pub fn suite(make: &SealerFactory) {
    run_all("the sealer of secrets", CHECKS, make);
}

const ASSOCIATED_DATA: AssociatedData =
    AssociatedData { table: "marketplaces", column: "credential", row: [7; 16] };
const PASSWORD: &[u8] = b"seven owls dance under copper moons";

#[track_caller]
fn seal(sealer: &dyn Sealer, n: u64, associated: &AssociatedData, plain: &[u8]) -> Sealed {
    sealer.seal(&scope(n), associated, &Secret::new(plain.to_vec())).expect("a value is sealed")
}

fn open(
    sealer: &dyn Sealer,
    n: u64,
    associated: &AssociatedData,
    sealed: &Sealed,
) -> Result<Vec<u8>, Unsealable> {
    sealer.open(&scope(n), associated, sealed).map(|plain| plain.expose().clone())
}

#[track_caller]
fn assert_opens(sealer: &dyn Sealer, sealed: &Sealed, plain: &[u8], when: &str) {
    assert!(open(sealer, 1, &ASSOCIATED_DATA, sealed).as_deref() == Ok(plain), "a value is opened {when}");
}

/// Checks empty, long and arbitrary values, repeatedly, and after other values were sealed with the same associated
/// data.
pub fn what_was_sealed_is_opened_in_its_place(make: &SealerFactory) {
    let sealer = make();
    let all_bytes: Vec<u8> = (0..=255).collect();
    let values = [Vec::new(), vec![0], PASSWORD.to_vec(), all_bytes, vec![0xa5; 1 << 20]];
    let sealed: Vec<Sealed> = values.iter().map(|value| seal(&*sealer, 1, &ASSOCIATED_DATA, value)).collect();
    for _ in 0..2 {
        for (value, sealed) in values.iter().zip(&sealed) {
            let copy = Sealed::from_bytes(sealed.as_bytes().to_vec());
            assert_opens(&*sealer, &copy, value, "where it was sealed");
        }
    }
}

/// A sealed value reveals neither the plaintext nor that two plaintexts are equal.
pub fn f12_a_sealed_value_tells_nothing(make: &SealerFactory) {
    let sealer = make();
    let [one, other] = [1, 2].map(|_| seal(&*sealer, 1, &ASSOCIATED_DATA, PASSWORD));
    for part in PASSWORD.windows(8) {
        let shown = one.as_bytes().windows(8).any(|bytes| bytes == part);
        assert!(!shown, "no part of a value stands in what was sealed");
    }
    assert!(one != other, "the same value is sealed to something else each time");
    assert!(!format!("{one:?}").contains("owls"), "nor is it printed");
}

/// A value moved to another tenant, table, column or row cannot be opened there. It can still be opened in its own
/// place.
pub fn k18_a_value_that_was_moved_needs_a_new_one(make: &SealerFactory) {
    let sealer = make();
    let sealed = seal(&*sealer, 1, &ASSOCIATED_DATA, PASSWORD);
    let mut row = ASSOCIATED_DATA.row;
    row[15] ^= 1;
    for (n, associated, to) in [
        (2, ASSOCIATED_DATA, "another tenant"),
        (1, AssociatedData { table: "settings", ..ASSOCIATED_DATA }, "another table"),
        (1, AssociatedData { column: "token", ..ASSOCIATED_DATA }, "another column"),
        (1, AssociatedData { row, ..ASSOCIATED_DATA }, "another row"),
        (
            1,
            AssociatedData {
                table: ASSOCIATED_DATA.column,
                column: ASSOCIATED_DATA.table,
                ..ASSOCIATED_DATA
            },
            "the table of its column",
        ),
        (
            1,
            AssociatedData { table: "marketplacesc", column: "redential", ..ASSOCIATED_DATA },
            "names of the same letters",
        ),
        (
            1,
            AssociatedData { table: "", column: "marketplacescredential", ..ASSOCIATED_DATA },
            "a name of the same letters",
        ),
    ] {
        let opened = open(&*sealer, n, &associated, &sealed);
        assert!(opened == Err(Unsealable), "a value that was moved to {to} needs a new one");
        assert_opens(&*sealer, &sealed, PASSWORD, "in its own place all the while");
    }
}

/// Checks each flipped bit, each truncation, and added bytes. Other values can still be opened.
pub fn k18_a_value_that_was_changed_needs_a_new_one(make: &SealerFactory) {
    let sealer = make();
    let [sealed, other] =
        [PASSWORD, b"another value"].map(|plain| seal(&*sealer, 1, &ASSOCIATED_DATA, plain));
    let refused = |bytes: Vec<u8>, how: &str| {
        let opened = open(&*sealer, 1, &ASSOCIATED_DATA, &Sealed::from_bytes(bytes));
        assert!(opened == Err(Unsealable), "a value needs a new one {how}");
    };
    let bytes = sealed.as_bytes();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut changed = bytes.to_vec();
            changed.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << bit);
            refused(changed, "with a changed bit");
        }
        let (front, back) = bytes.split_at(at);
        refused(front.to_vec(), "without its end");
        if !front.is_empty() {
            refused(back.to_vec(), "without its beginning");
        }
        refused([front, back.get(1..).unwrap_or_default()].concat(), "without a byte");
    }
    refused([bytes, &[0]].concat(), "with a byte behind it");
    refused([&[0], bytes].concat(), "with a byte before it");
    refused([bytes, bytes].concat(), "twice");
    let (front, back) = (bytes.len() / 2, other.as_bytes().len() / 2);
    let mixed = bytes.iter().take(front).chain(other.as_bytes().iter().skip(back)).copied().collect();
    refused(mixed, "with the end of another");
    assert_opens(&*sealer, &sealed, PASSWORD, "when copies of it were changed");
    assert_opens(&*sealer, &other, b"another value", "when others were changed");
}

/// Tenant and associated data are the same.
pub fn k18_another_sealers_value_needs_a_new_one(make: &SealerFactory) {
    let [sealer, others] = [make(), make()];
    let sealed = seal(&*others, 1, &ASSOCIATED_DATA, PASSWORD);
    assert_opens(&*others, &sealed, PASSWORD, "by who sealed it");
    let opened = open(&*sealer, 1, &ASSOCIATED_DATA, &sealed);
    assert!(opened == Err(Unsealable), "another sealer's value needs a new one");
}

/// Checks empty, short, long and arbitrary bytes.
pub fn k18_what_was_never_sealed_needs_a_new_value(make: &SealerFactory) {
    let sealer = make();
    let sealed = seal(&*sealer, 1, &ASSOCIATED_DATA, b"");
    let zeros = vec![0; sealed.as_bytes().len()];
    for bytes in [Vec::new(), vec![1], PASSWORD.to_vec(), zeros, vec![0xff; 1 << 20]] {
        let opened = open(&*sealer, 1, &ASSOCIATED_DATA, &Sealed::from_bytes(bytes));
        assert!(opened == Err(Unsealable), "what was never sealed needs a new value");
    }
}

/// Another tenant, purpose, text or sealer makes another, and a purpose does not run into the text.
pub fn z4_a_digest_is_the_same_for_the_same_and_another_for_anything_else(make: &SealerFactory) {
    let [sealer, others] = [make(), make()];
    let digest = |sealer: &dyn Sealer, n: u64, purpose: &'static str, bytes: &[u8]| {
        sealer.digest(&scope(n), purpose, bytes).expect("there is a key")
    };
    let one = digest(&*sealer, 1, "question", PASSWORD);
    assert!(one == digest(&*sealer, 1, "question", PASSWORD), "a digest is the same for the same");
    let all_others = [
        digest(&*sealer, 2, "question", PASSWORD),
        digest(&*sealer, 1, "answer", PASSWORD),
        digest(&*sealer, 1, "", &[b"question".as_slice(), PASSWORD].concat()),
        digest(&*sealer, 1, "questions", PASSWORD.get(1..).unwrap_or_default()),
        digest(&*sealer, 1, "question", b""),
        digest(&*sealer, 1, "question", &[PASSWORD, b"\0"].concat()),
        digest(&*others, 1, "question", PASSWORD),
    ];
    assert!(all_others.iter().all(|other| *other != one), "a digest is another for anything else");
}
