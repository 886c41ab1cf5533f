//! The suite of what `AccountView` and `AccountRows` keep of logins.

use syft_space_domain::identity::{LoginKey, LoginRecord};
use syft_space_domain::store::Store;

use crate::check::{Check, checks, run_all};
use crate::fixture::StoreFactory;
use crate::run::{commit, new_store, read};
use crate::sample::{email, time};

/// Every promise of what is kept of logins.
pub const CHECKS: &[Check<StoreFactory>] =
    checks![h5_logins_are_known_by_account_and_address, h5_records_of_logins_end_and_are_bounded];

/// Checks every promise.
pub fn suite(make: &StoreFactory) {
    run_all("the store of logins", CHECKS, make);
}

fn login_record(account: u64, address: Option<&str>, until: u32, logged_in: Option<u32>) -> LoginRecord {
    LoginRecord {
        account: LoginKey::of(None, &email(account)),
        address: address.map(|text| text.parse().expect("an address")),
        guesses_until: time(until),
        logged_in_at: logged_in.map(time),
    }
}

fn find_login(store: &dyn Store, wanted: &LoginRecord) -> Option<LoginRecord> {
    let (account, address) = (wanted.account, wanted.address);
    read(store, move |view| view.login_record(&account, address))
}

/// A record takes the place of the one before, and an address is known only where somebody logged in.
pub fn h5_logins_are_known_by_account_and_address(make: &StoreFactory) {
    let fixture = new_store(make);
    let store = &*fixture.adapter;
    let records = [
        login_record(1, None, 10, None),
        login_record(1, Some("192.0.2.1"), 20, Some(5)),
        login_record(1, Some("2001:db8:1:2::"), 30, Some(6)),
        login_record(2, None, 40, None),
        login_record(2, Some("192.0.2.2"), 50, None),
    ];
    let [first, ..] = &records;
    assert_eq!(find_login(store, first), None, "a new store knows of no login");
    for record in records.clone() {
        commit(store, move |tx| tx.put_login_record(&record));
    }
    for record in &records {
        assert_eq!(find_login(store, record).as_ref(), Some(record), "each is kept for itself");
    }
    for (address, known) in
        [("192.0.2.1", true), ("2001:db8:1:2::", true), ("192.0.2.2", false), ("192.0.2.3", false)]
    {
        let address = address.parse().expect("an address");
        let found = read(store, move |view| view.has_logged_in(address));
        assert_eq!(found, known, "{address} is known if somebody logged in from it");
    }
    let later = login_record(1, Some("192.0.2.1"), 25, Some(9));
    let put = later.clone();
    commit(store, move |tx| tx.put_login_record(&put));
    assert_eq!(find_login(store, &later), Some(later.clone()), "the last one counts");
}

/// What has expired goes, and of the others those that expire first.
pub fn h5_records_of_logins_end_and_are_bounded(make: &StoreFactory) {
    let fixture = new_store(make);
    let store = &*fixture.adapter;
    let records: Vec<_> = (1..=6).map(|n: u32| login_record(n.into(), None, n * 10, None)).collect();
    let known = login_record(7, Some("192.0.2.1"), 1, Some(1));
    for record in records.iter().cloned().chain([known.clone()]) {
        commit(store, move |tx| tx.put_login_record(&record));
    }
    let kept = |max: u64, now: u32| {
        commit(store, move |tx| tx.trim_login_records(time(now), max));
        records.iter().filter(|record| find_login(store, record).is_some()).count()
    };
    assert_eq!(kept(100, 20), 4, "what has expired goes");
    assert_eq!(kept(4, 20), 3, "of the others those that expire first");
    assert!(find_login(store, &known).is_some(), "a login is known for longer than guesses are");
}
