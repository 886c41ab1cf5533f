//! The rules of the house that no compiler holds: which crate may know which, migrations, the length of files, and that
//! the documentation names all there is. Licences, sources and crates that stand twice are for `deny.toml`.

mod asvs;
mod blocking;
mod circles;
mod deploy;
mod reading;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use cargo_metadata::{Dependency, DependencyKind, Metadata, MetadataCommand};
use syft_space::config::SETTINGS;
use syft_space::http::reason::Reason;
use syft_space::http::route_table::ROUTES;
use syft_space_domain::audit::{Action, ChangeCode, ReasonCode};
use syft_space_domain::dataset::{Stemming, StopWords, Tokenizer};

/// What an adapter may know of ours.
const DOMAIN_ONLY: &[&str] = &["syft-space-domain"];

/// What an adapter may know of ours that keeps files in the home.
const DOMAIN_AND_HOME: &[&str] = &["syft-space-domain", "syft-space-home"];

/// What an adapter may know of ours that verifies tokens.
const DOMAIN_AND_JOSE: &[&str] = &["syft-space-domain", "syft-space-jose"];

/// What an adapter may know of ours that keeps files in the home, and speaks HTTP to others.
const DOMAIN_HOME_AND_OUTBOUND: &[&str] = &["syft-space-domain", "syft-space-home", "syft-space-outbound"];

/// What an adapter may know of ours that calls others.
const DOMAIN_AND_OUTBOUND: &[&str] = &["syft-space-domain", "syft-space-outbound"];

/// What an adapter may know of ours that verifies the tokens of others, and speaks HTTP to them.
const DOMAIN_JOSE_AND_OUTBOUND: &[&str] = &["syft-space-domain", "syft-space-jose", "syft-space-outbound"];

/// Which of our crates each of our crates may depend on, tests aside.
const ALLOWED_DEPENDENCIES: &[(&str, &[&str])] = &[
    ("syft-space-domain", &[]),
    // What it takes from a process has nothing to do with spaces.
    ("syft-space-confine", &[]),
    ("syft-space-conformance", DOMAIN_ONLY),
    ("syft-space-docker", DOMAIN_ONLY),
    // It is no part of a space: it stands between one and an engine.
    ("syft-space-docker-guard", &["syft-space-confine"]),
    ("syft-space-extract", &["syft-space-confine", "syft-space-domain"]),
    // Nothing depends on it: the program that is deployed, and a marketplace to try it with.
    ("syft-space-demo", &["syft-space", "syft-space-fakehub"]),
    // Nothing depends on it: it tries the parsers of these.
    (
        "syft-space-fuzz",
        &[
            "syft-space",
            "syft-space-docker-guard",
            "syft-space-domain",
            "syft-space-extract",
            "syft-space-jwt",
        ],
    ),
    // It knows none of ours: a stranger is what it plays.
    ("syft-space-fakehub", &[]),
    ("syft-space-home", DOMAIN_ONLY),
    ("syft-space-jose", DOMAIN_ONLY),
    ("syft-space-jwt", DOMAIN_AND_JOSE),
    ("syft-space-memory", DOMAIN_ONLY),
    ("syft-space-notes", DOMAIN_AND_HOME),
    ("syft-space-models", DOMAIN_HOME_AND_OUTBOUND),
    ("syft-space-outbound", DOMAIN_ONLY),
    ("syft-space-passwords", DOMAIN_ONLY),
    ("syft-space-search", DOMAIN_AND_HOME),
    ("syft-space-secrets", DOMAIN_AND_HOME),
    ("syft-space-sinks", DOMAIN_AND_OUTBOUND),
    ("syft-space-smtp", DOMAIN_ONLY),
    ("syft-space-sqlite", DOMAIN_AND_HOME),
    ("syft-space-oidc", DOMAIN_JOSE_AND_OUTBOUND),
    ("syft-space-syfthub", DOMAIN_JOSE_AND_OUTBOUND),
    ("syft-space-vectordb", DOMAIN_HOME_AND_OUTBOUND),
    (
        "syft-space",
        &[
            "syft-space-docker",
            "syft-space-docker-guard",
            "syft-space-domain",
            "syft-space-extract",
            "syft-space-home",
            "syft-space-jwt",
            "syft-space-models",
            "syft-space-notes",
            "syft-space-oidc",
            "syft-space-outbound",
            "syft-space-passwords",
            "syft-space-search",
            "syft-space-secrets",
            "syft-space-sinks",
            "syft-space-smtp",
            "syft-space-sqlite",
            "syft-space-syfthub",
            "syft-space-vectordb",
        ],
    ),
];

/// Crates that do I/O, bring a runtime, or draw randomness: none may stand below the domain. A name that ends with a
/// hyphen means all that begin with it.
const IO_CRATES: &[&str] = &[
    "actix-",
    "async-io",
    "async-std",
    "diesel",
    "diesel-",
    "getrandom",
    "h2",
    "hyper",
    "josekit",
    "lettre",
    "libsqlite3-sys",
    "memmap2",
    "mio",
    "native-tls",
    "openssl",
    "openssl-",
    "polling",
    "r2d2",
    "rand",
    "reqwest",
    "rusqlite",
    "rustix",
    "rustls",
    "smol",
    "socket2",
    "tantivy",
    "tempfile",
    "tokio",
    "tokio-",
];

/// The most lines of a source file.
const MAX_LINES: usize = 500;

/// Source files with more lines, and why each is better whole.
const LONG_FILES: &[(&str, &str)] = &[
    ("crates/conformance/tests/wrong/store.rs", "the list of all faults, and the store that has one of them"),
    ("crates/server/src/http/route_table.rs", "the one table of all routes"),
    ("crates/search/tests/engine.rs", "every promise of the engine, told with one set of helpers"),
    (
        "crates/sqlite/src/schema.rs",
        "the tables of a database as one list, which no reader has to hold in mind",
    ),
];

type TestResult<T> = Result<T, Box<dyn Error>>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn cargo(arguments: &[&str]) -> TestResult<String> {
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(root()).output()?;
    if output.status.success() {
        Ok(String::from_utf8(output.stdout)?)
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned().into())
    }
}

/// What the workspace is built of on this platform. What only other platforms need may never have been fetched.
fn metadata() -> TestResult<Metadata> {
    let told = cargo(&["-vV"])?;
    let host = told.lines().find_map(|line| line.strip_prefix("host: ")).ok_or("cargo names no host")?;
    let options = ["--locked", "--offline", "--filter-platform", host].map(str::to_owned);
    let mut command = MetadataCommand::new();
    command.cargo_path(env!("CARGO")).manifest_path(root().join("Cargo.toml")).other_options(options);
    Ok(command.exec()?)
}

fn read(path: &str) -> io::Result<String> {
    fs::read_to_string(root().join(path))
}

/// The folders in a folder.
fn folders(path: &Path) -> io::Result<Vec<PathBuf>> {
    let entries: Vec<PathBuf> =
        fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    Ok(entries.into_iter().filter(|entry| entry.is_dir()).collect())
}

/// Every Rust file below a folder, with its number of lines.
fn rust_files(path: &Path, found: &mut BTreeMap<PathBuf, usize>) -> io::Result<()> {
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        if path.is_dir() {
            rust_files(&path, found)?;
        } else if path.extension().is_some_and(|end| end == "rs") {
            let lines = fs::read_to_string(&path)?.lines().count();
            found.insert(path, lines);
        }
    }
    Ok(())
}

/// What stands between backquotes in a text.
fn quoted(text: &str) -> BTreeSet<&str> {
    text.lines().flat_map(|line| line.split('`').skip(1).step_by(2)).collect()
}

#[test]
fn every_arrow_between_our_crates_points_inwards() {
    let metadata = metadata().unwrap();
    let ours = metadata.workspace_packages();
    let names: BTreeSet<&str> = ours.iter().map(|package| package.name.as_str()).collect();
    let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in &ours {
        let inner =
            package.dependencies.iter().filter(|dependency| dependency.kind != DependencyKind::Development);
        let inner = inner.map(|dependency| dependency.name.as_str()).filter(|name| names.contains(name));
        found.insert(package.name.as_str(), inner.collect());
    }
    let expected: BTreeMap<&str, BTreeSet<&str>> =
        ALLOWED_DEPENDENCIES.iter().map(|(name, inner)| (*name, inner.iter().copied().collect())).collect();
    assert_eq!(
        found, expected,
        "adapters know the domain alone, the domain knows none of ours, the server wires"
    );
}

#[test]
fn the_domain_stands_on_no_io_no_runtime_and_no_randomness() {
    let tree = [
        "tree",
        "--package",
        "syft-space-domain",
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--locked",
        "--offline",
    ];
    let tree = cargo(&tree).unwrap();
    let below: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(below.contains("serde"), "this is no tree of crates: {tree}");
    let is_outside = |name: &&&str| {
        IO_CRATES.iter().any(|io| **name == *io || (io.ends_with('-') && name.starts_with(io)))
    };
    let outside: Vec<_> = below.iter().filter(is_outside).collect();
    assert!(outside.is_empty(), "below the domain stand {outside:?}: make a port, and give it to an adapter");
}

#[test]
fn cargo_run_finds_one_program_and_cargo_build_all_it_needs() -> TestResult<()> {
    let all = metadata()?;
    let packages = all.workspace_default_packages();
    let programs = packages.iter().flat_map(|package| &package.targets).filter(|target| target.is_bin());
    let programs: BTreeSet<_> = programs.map(|target| target.name.as_str()).collect();
    assert_eq!(programs, BTreeSet::from(["syft-space", "syft-space-demo"]));
    let run: Vec<_> = packages.iter().filter_map(|package| package.default_run.as_deref()).collect();
    assert_eq!(run, ["syft-space-demo"], "`cargo run` needs one default among them");
    Ok(())
}

#[test]
fn what_is_deployed_has_no_marketplace_in_it_and_no_temporary_files_of_its_own() -> TestResult<()> {
    let edges = ["--edges", "normal", "--prefix", "none", "--locked", "--offline"];
    let tree = cargo(&[["tree", "--package", "syft-space"].as_slice(), &edges].concat())?;
    let below: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(below.contains("syft-space-sqlite"), "this is no tree of crates: {tree}");
    for tool in ["syft-space-fakehub", "syft-space-memory", "syft-space-conformance", "syft-space-demo"] {
        assert!(!below.contains(tool), "{tool} is linked into what is deployed");
    }
    // Tantivy makes its own, in the index's folder.
    let all = metadata()?;
    let ours = all.workspace_packages().into_iter().filter(|package| below.contains(package.name.as_str()));
    let wants =
        |dependency: &Dependency| dependency.name == "tempfile" && dependency.kind == DependencyKind::Normal;
    let wanted: Vec<_> =
        ours.filter(|package| package.dependencies.iter().any(wants)).map(|package| &package.name).collect();
    assert!(wanted.is_empty(), "{wanted:?} want tempfile outside of tests");
    Ok(())
}

#[test]
fn n3_what_is_deployed_gathers_nothing_from_the_facade_log() -> TestResult<()> {
    // The client of container engines writes the bodies that it sends there, with the databases' credentials in them.
    let edges = ["--edges", "normal", "--prefix", "none", "--locked", "--offline"];
    let tree = cargo(&[["tree", "--package", "syft-space"].as_slice(), &edges].concat())?;
    let below: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(below.contains("tracing-subscriber"), "this is no tree of crates: {tree}");
    for listener in ["tracing-log", "env_logger", "simplelog", "fern", "flexi_logger", "log4rs"] {
        assert!(!below.contains(listener), "{listener} is linked into what is deployed");
    }
    Ok(())
}

#[test]
fn r1_every_migration_goes_both_ways() {
    let kinds = folders(&root().join("migrations")).unwrap();
    let migrations: Vec<PathBuf> = kinds.iter().flat_map(|kind| folders(kind).unwrap()).collect();
    assert!(!migrations.is_empty(), "the migrations lie elsewhere now");
    for migration in migrations {
        for file in ["up.sql", "down.sql"] {
            assert!(migration.join(file).is_file(), "{} has no {file}", migration.display());
        }
    }
}

#[test]
fn a_source_file_is_short_unless_it_says_why_not() {
    let mut files = BTreeMap::new();
    rust_files(&root().join("crates"), &mut files).unwrap();
    let name = |path: &Path| path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
    let long: BTreeSet<String> =
        files.iter().filter(|(_, lines)| **lines > MAX_LINES).map(|(path, _)| name(path)).collect();
    let stated: BTreeSet<String> = LONG_FILES.iter().map(|(path, _)| (*path).to_owned()).collect();
    assert_eq!(
        long, stated,
        "more than {MAX_LINES} lines: split the file, or say in LONG_FILES why it is better whole"
    );
}

#[test]
fn the_documentation_names_every_route_and_no_other() {
    let api = read("docs/api.md").unwrap();
    let methods = ["GET /", "POST /", "PUT /", "PATCH /", "DELETE /"];
    let is_route = |text: &&str| methods.iter().any(|method| text.starts_with(method));
    let named: BTreeSet<String> = quoted(&api).into_iter().filter(is_route).map(str::to_owned).collect();
    let routes: BTreeSet<String> =
        ROUTES.iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    assert_eq!(named, routes, "docs/api.md and the route table tell of the same routes");
}

#[test]
fn the_documentation_names_every_reason_setting_and_action() {
    let (api, configuration) = (read("docs/api.md").unwrap(), read("docs/configuration.md").unwrap());
    let audit = read("docs/audit.md").unwrap();
    let search = read("docs/search.md").unwrap();
    let (api, configuration, audit) = (quoted(&api), quoted(&configuration), quoted(&audit));
    let search = quoted(&search);
    let mut missing = Vec::new();
    let mut demand = |file: &str, named: &BTreeSet<&str>, text: &str| {
        if !named.contains(text) {
            missing.push(format!("docs/{file}.md: `{text}`"));
        }
    };
    for reason in Reason::ALL {
        demand("api", &api, reason.code());
    }
    for setting in SETTINGS {
        demand("configuration", &configuration, setting.key);
        demand("configuration", &configuration, &format!("SYFT_SPACE_{}", setting.key.to_uppercase()));
    }
    let tokenizers = Tokenizer::ALL.iter().map(|value| value.as_str());
    let stemming = Stemming::ALL.iter().map(|value| value.as_str());
    let stop_words = StopWords::ALL.iter().map(|value| value.as_str());
    for name in tokenizers.chain(stemming).chain(stop_words) {
        demand("search", &search, name);
    }
    for action in Action::ALL {
        demand("audit", &audit, action.as_str());
    }
    assert!(missing.is_empty(), "not in the documentation: {missing:#?}");
}

#[test]
fn u1_the_documentation_of_the_audit_log_has_a_row_for_each_reason_and_change_and_no_other() {
    let audit = read("docs/audit.md").unwrap();
    let rows = |heading: &str| -> Vec<&str> {
        let section = audit.split("\n## ").find(|section| section.starts_with(heading)).unwrap();
        section.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect()
    };
    assert_eq!(rows("Reasons\n"), ReasonCode::ALL.map(ReasonCode::as_str));
    assert_eq!(rows("What was changed\n"), ChangeCode::ALL.map(ChangeCode::as_str));
}

#[test]
fn z1_the_server_makes_no_scope_on_its_own_word() {
    let mut sources = BTreeMap::new();
    rust_files(&root().join("crates/server/src"), &mut sources).unwrap();
    assert!(sources.len() > 20);
    for path in sources.keys() {
        let text =
            fs::read_to_string(path).unwrap_or_else(|_| fs::read_to_string(root().join(path)).unwrap());
        assert!(!text.contains("::assume("), "{}: a scope comes from authentication", path.display());
    }
}

#[test]
fn no_error_of_the_domain_speaks_of_paths_settings_or_commands() {
    let mut sources = BTreeMap::new();
    rust_files(&root().join("crates/domain/src"), &mut sources).unwrap();
    for path in sources.keys() {
        let text = fs::read_to_string(path).unwrap();
        let texts = text.split("#[error(").skip(1).filter_map(|rest| rest.split(")]").next());
        for error in texts {
            for foreign in
                ["/api/", "syft-space ", "SYFT_SPACE", "PATCH", "PUT ", "POST ", "next_cursor", "_id names"]
            {
                assert!(!error.contains(foreign), "{}: an adapter words {foreign}: {error}", path.display());
            }
        }
    }
}
