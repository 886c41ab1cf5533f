//! Tests that a home is its user's own: what another user owns is refused.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown, lchown};
use std::os::unix::net::UnixListener;
use std::path::Path;

use crate::support::{prepare, prepared, refused};
use syft_space_home::HomeError;
use tempfile::TempDir;

/// A user of this machine who is neither the one who runs the tests nor root.
const SOMEBODY_ELSE: u32 = 65_534;

/// Whether this user can give files away. Says so where not.
fn can_give_away(folder: &Path) -> bool {
    let probe = folder.join("probe");
    fs::write(&probe, "").unwrap();
    let given = chown(&probe, Some(SOMEBODY_ELSE), None).is_ok();
    fs::remove_file(&probe).unwrap();
    if !given {
        eprintln!("skipped: only root can give a file to another user");
    }
    given
}

#[test]
fn r1_a_home_of_another_user_is_refused_and_says_what_to_do() {
    let folder = TempDir::new().unwrap();
    if !can_give_away(folder.path()) {
        return;
    }
    let user = fs::metadata(folder.path()).unwrap().uid();
    chown(folder.path(), Some(SOMEBODY_ELSE), None).unwrap();
    let error = refused(folder.path());
    assert!(
        matches!(&error, HomeError::ForeignOwner { owner: SOMEBODY_ELSE, user: told, .. } if *told == user),
        "{error}"
    );
    let told = error.to_string();
    for part in ["id 65534", &format!("chown -R {user}"), "another home", "as that user"] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn r1_what_makes_a_home_is_its_users_own_too() {
    for name in ["VERSION", ".gitignore", "lock", "keys", "tenants"] {
        let (folder, home) = prepared();
        if !can_give_away(folder.path()) {
            return;
        }
        drop(home.lock().unwrap());
        let path = folder.path().join(name);
        lchown(&path, Some(SOMEBODY_ELSE), None).unwrap();
        let error = refused(folder.path());
        assert!(
            matches!(&error, HomeError::ForeignOwner { path, owner: SOMEBODY_ELSE, .. } if path.ends_with(name)),
            "{name}: {error}"
        );
        lchown(&path, Some(fs::metadata(folder.path()).unwrap().uid()), None).unwrap();
        prepare(folder.path()).unwrap();
    }
}

#[test]
fn r1_a_database_is_not_even_looked_at_in_a_home_of_another_user() {
    let folder = TempDir::new().unwrap();
    if !can_give_away(folder.path()) {
        return;
    }
    chown(folder.path(), Some(SOMEBODY_ELSE), None).unwrap();
    let mut looked = false;
    let error = syft_space_home::Home::prepare::<HomeError>(folder.path(), |_| {
        looked = true;
        Ok(true)
    });
    assert!(matches!(error, Err(HomeError::ForeignOwner { .. })));
    assert!(!looked);
}

#[test]
fn a_socket_or_a_folder_in_place_of_a_file_is_an_error_and_no_panic() {
    let (folder, home) = prepared();
    UnixListener::bind(folder.path().join("lock")).unwrap();
    assert!(home.lock().is_err());
    let other = TempDir::new().unwrap();
    fs::create_dir(other.path().join("VERSION")).unwrap();
    assert!(matches!(prepare(other.path()), Err(HomeError::Failed { .. })));
}

#[test]
fn r1_the_root_of_a_fresh_volume_becomes_a_home() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("lost+found")).unwrap();
    prepare(folder.path()).unwrap();
    assert!(folder.path().join("lost+found").is_dir());
    let other = TempDir::new().unwrap();
    fs::create_dir(other.path().join("lost+found")).unwrap();
    fs::write(other.path().join("photo.png"), "").unwrap();
    assert!(matches!(refused(other.path()), HomeError::NotAHome { .. }));
}
