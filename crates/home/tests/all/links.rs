//! Tests that no link below a home is followed, and none is written through.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use crate::support::{contents, dataset, job, prepare, prepared, refused, scope, tenant};
use syft_space_domain::dataset::ports::Spool;
use syft_space_home::{FileSpool, HomeError, LockError, layout, private_file};
use tempfile::TempDir;

/// Something of somebody's, which others may read.
fn victim() -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("file"), "a life's work").unwrap();
    fs::set_permissions(folder.path().join("file"), Permissions::from_mode(0o644)).unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    folder
}

#[track_caller]
fn link(target: &Path, path: &Path) {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir(path).unwrap(),
        Ok(_) => fs::remove_file(path).unwrap(),
        Err(_) => {}
    }
    symlink(target, path).unwrap();
}

#[test]
fn r1_a_link_in_place_of_what_makes_a_home_is_refused_and_what_it_leads_to_untouched() {
    for name in ["VERSION", ".gitignore", "lock", "keys", "tenants"] {
        let victim = victim();
        let whole = contents(victim.path());
        let target = match name {
            "keys" | "tenants" => victim.path().to_owned(),
            _ => victim.path().join("file"),
        };
        for target in [target, victim.path().join("nothing")] {
            let (folder, _) = prepared();
            link(&target, &folder.path().join(name));
            let error = refused(folder.path());
            assert!(matches!(&error, HomeError::Link { path } if path.ends_with(name)), "{name}: {error}");
            assert!(error.to_string().contains("symbolic link"), "{error}");
            assert_eq!(contents(victim.path()), whole, "{name}");
        }
    }
}

/// The names that a file's draft may have in this process, whichever comes next, and the one of the first releases.
fn drafts(name: &str) -> impl Iterator<Item = String> {
    let process = std::process::id();
    let numbered = (0..2_000).map(move |number| format!("{process}-{number}.new"));
    numbered.chain(["new".to_owned()]).map(move |suffix| format!("{name}.{suffix}"))
}

#[test]
fn r1_a_link_in_place_of_a_draft_is_not_written_through() {
    let victim = victim();
    let whole = contents(victim.path());
    let folder = TempDir::new().unwrap();
    for (name, content) in [("VERSION", "1\n"), (".gitignore", "*\n")] {
        let path = folder.path().join(name);
        if path.exists() {
            fs::remove_file(&path).unwrap();
        }
        drafts(name)
            .for_each(|draft| symlink(victim.path().join("file"), folder.path().join(draft)).unwrap());
        prepare(folder.path()).unwrap();
        assert_eq!(contents(victim.path()), whole, "{name}");
        assert_eq!(fs::read_to_string(&path).unwrap(), content);
        assert!(!private_file::is_link(&path), "{name}");
    }
}

#[test]
fn r1_a_link_that_came_since_in_place_of_the_lock_is_not_followed() {
    let victim = victim();
    let whole = contents(victim.path());
    for target in ["file", "nothing"] {
        let (folder, home) = prepared();
        link(&victim.path().join(target), &folder.path().join("lock"));
        let error = home.lock().err().unwrap();
        assert!(matches!(&error, LockError::Failed { .. }), "{error}");
        assert!(error.to_string().contains("symbolic link"), "{error}");
        assert_eq!(contents(victim.path()), whole, "{target}");
    }
}

#[test]
fn r1_a_link_on_the_way_to_a_datasets_folder_is_refused() {
    let (folder, home) = prepared();
    let victim = victim();
    let whole = contents(victim.path());
    let folder_of_dataset = home.dataset(tenant(), dataset());
    home.create_folder(&folder_of_dataset).unwrap();
    fs::remove_dir_all(folder.path().join("tenants").join(tenant().to_string())).unwrap();
    for depth in [2, 3, 4] {
        let way: Vec<_> = folder_of_dataset.ancestors().collect();
        // The tenant's folder, `datasets`, the dataset's.
        let place = way[4 - depth];
        if let Some(parent) = place.parent() {
            home.create_folder(parent).unwrap();
        }
        symlink(victim.path(), place).unwrap();
        for refused in [home.create_folder(&folder_of_dataset), home.has_folder(&folder_of_dataset).map(drop)]
        {
            assert!(refused.unwrap_err().to_string().contains("symbolic link"), "{}", place.display());
        }
        let spool = FileSpool::new(&home);
        assert!(spool.begin(&scope(), dataset(), job()).is_err());
        assert!(spool.files(&scope(), dataset(), job()).is_err());
        assert!(spool.jobs(&scope(), dataset()).is_err());
        assert!(spool.destroy(&scope(), dataset()).is_err());
        assert_eq!(contents(victim.path()), whole);
        fs::remove_file(place).unwrap();
    }
}

#[test]
fn r1_a_folder_outside_the_home_is_no_folder_of_it() {
    let (_folder, home) = prepared();
    assert!(home.create_folder(Path::new("/tmp/elsewhere")).is_err());
    assert!(home.has_folder(Path::new("elsewhere")).is_err());
    let up = home.path().join("tenants/../..");
    assert!(home.create_folder(&up.join("elsewhere")).is_err());
}

#[test]
fn a_home_that_is_reached_over_a_link_is_prepared_where_it_leads() {
    let (outside, real) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let shortcut = outside.path().join("home");
    symlink(real.path(), &shortcut).unwrap();
    let home = prepare(&shortcut).unwrap();
    assert_eq!(home.path(), real.path().canonicalize().unwrap());
    assert!(real.path().join("VERSION").is_file());
}

#[test]
fn the_layout_names_what_the_home_is_served_by() {
    let (_folder, home) = prepared();
    let names = [layout::APP_DB, layout::CONFIG, layout::CONTROL_SOCKET, layout::SETUP_TOKEN];
    assert_eq!(names, ["app.db", "config.toml", "control.sock", "setup-token"]);
    let below = |path: std::path::PathBuf| path.strip_prefix(home.path()).unwrap().display().to_string();
    assert_eq!(below(home.app_db()), "app.db");
    assert_eq!(below(home.limits_db()), "limits.db");
    assert_eq!(below(home.token_keys()), "keys/access.jwks");
    assert_eq!(below(home.sealing_key()), "keys/sealing-key.json");
    assert_eq!(below(home.audit_key()), "keys/audit-key.json");
    let folder = format!("tenants/{}/datasets/{}", tenant(), dataset());
    assert_eq!(below(home.documents_db(tenant(), dataset())), format!("{folder}/documents.db"));
    assert_eq!(below(home.index(tenant(), dataset())), format!("{folder}/index"));
}
