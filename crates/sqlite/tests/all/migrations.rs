//! Tests of the migrations: each can be undone, and each column's purpose is written down.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::support::texts;
use diesel::connection::SimpleConnection;
use diesel::migration::MigrationSource;
use diesel::sqlite::Sqlite;
use diesel::{Connection, RunQueryDsl, SqliteConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use syft_space_domain::privacy::ExportFile;
use toml::Table;

const APP: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");
const DOCUMENTS: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite-documents");
const LIMITS: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite-limits");

/// One row for each table, in the order in which they refer to each other.
const APP_ROWS: &str = "
    INSERT INTO tenants VALUES (x'01', 'acme', 1, 1, 1, 1, 1, 1, 1, 1, 30, 'owner,admin', 1, 5, 9, 0);
    INSERT INTO ended_tenants VALUES (x'2F', '{}');
    INSERT INTO accounts VALUES (x'01', x'02', 'a@example.org', '$argon2id$', 'owner', 'active', 1, 1, 1, x'00', 1, 7, 0, 1);
    INSERT INTO recovery_codes VALUES (x'01', x'02', x'12');
    INSERT INTO invitations VALUES (x'01', x'03', 'b@example.org', 'user', x'04', x'02', 1, 2);
    INSERT INTO password_resets VALUES (x'01', x'02', 1, x'12', NULL, 1, 2);
    INSERT INTO login_records VALUES (x'11', '192.0.2.1', 1, 1, 1);
    INSERT INTO api_keys VALUES (x'01', x'17', x'02', 'nightly', 'query', NULL, '192.0.2.0/24', x'18', x'', 1, 1, 2, NULL, x'19', NULL);
    INSERT INTO sessions VALUES (x'01', x'02', x'12', 1, 1, 9, 5, '192.0.2.1', 'curl', x'13', x'14', x'15', x'16', 2);
    INSERT INTO oidc_providers VALUES (x'01', x'21', 'work', 'https://id.example.org', 'space', x'00', '[]', 'groups', '[]', 1);
    INSERT INTO oidc_identities VALUES (x'01', 'https://id.example.org', 'ada', x'02');
    INSERT INTO oidc_sessions VALUES (x'01', x'02', x'12', x'21', 'ada', 's1');
    INSERT INTO datasets VALUES (x'01', x'05', 'docs', '', '', '{}', 'active', 1, 1, 1, 'both', 'small', 'chroma', 'https://v.example.org', x'0a', NULL);
    INSERT INTO jobs VALUES (x'01', x'05', x'06', 'queued', 1, 0, 1, 1, '[]', 1, NULL, 0, 0, 0, 1, 0);
    INSERT INTO endpoints VALUES (x'01', x'07', 'Docs', 'docs', '', '', '', x'05', 'raw', 1, 1, 1, 1);
    INSERT INTO policies VALUES (x'01', x'08', 'ours', 'access', 1, 1, 1, 0, 2, 'shadow', '{}');
    INSERT INTO policy_revisions VALUES (x'01', x'08', 1, 1, x'02', 'created', NULL, 'ours', 'access', 0, 2, 'shadow', '{}');
    INSERT INTO transfers VALUES (x'01', x'13', x'07', 1, x'02', x'06', 'month', 1, 'EUR', 2, 1, 1500, x'14', 0);
    INSERT INTO balances VALUES (x'01', x'15', 2, 1, 1500, 1, 0, 700);
    INSERT INTO disclosures VALUES (x'01', x'07', x'02', x'16', 1, 1);
    INSERT INTO address_groups VALUES (x'01', x'17', 'partners', '', 1, 1, 1, 1);
    INSERT INTO group_members VALUES (x'01', x'17', 'a@example.org', 1);
    INSERT INTO policy_groups VALUES (x'01', x'08', x'17');
    INSERT INTO endpoint_policies VALUES (x'01', x'07', x'08', 0);
    INSERT INTO expectations VALUES (x'01', x'07', 0, 'a@example.org', NULL, NULL, NULL, 'teaching', 'allowed', '');
    INSERT INTO approvals VALUES (x'01', x'1A', x'07', x'08', x'02', x'1B', x'02', 1, 2, 'approved', 1, x'1C', '');
    INSERT INTO approval_questions VALUES (x'01', x'1A', 'member', 'teaching', 8, 5, 0.5, 0, x'00', x'0B');
    INSERT INTO erasures VALUES (x'01', x'2E', 'person', 1, 2, '{}', NULL, '{}', x'2F');
    INSERT INTO outdated_approvals VALUES (x'01', 'policy', x'08');
    INSERT INTO retention_terms VALUES (x'01', 'log_personal_data', 30);
    INSERT INTO legal_holds VALUES (x'01', x'1D', 'a trial', x'02', 1);
    INSERT INTO hubs VALUES (x'0E', 'https://hub.example.org', 'https://hub.example.org', 'operator', 1);
    INSERT INTO marketplaces VALUES (x'01', x'0F', 'harbor', x'0E', 'spaceowner', NULL, x'00', 1, 1, 1, NULL);
    INSERT INTO listings VALUES (x'01', x'10', x'07', 'docs', x'0F', 'pending', NULL, NULL, 1, 0, 1, 1);
    INSERT INTO audit_logs VALUES (x'00', 1, x'0E');
    INSERT INTO audit_tree_blocks VALUES (x'00', 0, x'0E');
    INSERT INTO audit_pruned_blocks VALUES (x'00', 0, x'0E');
    INSERT INTO audit_tree_backlog VALUES (x'00', 0, x'');
    INSERT INTO audit_checkpoints VALUES (x'00', 1, 'a note');
    INSERT INTO audit_watched VALUES (x'00', 1);
    INSERT INTO audit_sinks (name, logs) VALUES ('archive', 'installation');
    INSERT INTO audit_sink_positions VALUES (x'00', 'archive', 1);
    INSERT INTO audit_events VALUES (x'00', 1, x'09', 1, 'a', 'b', 'system', NULL, NULL, NULL, NULL, NULL, NULL, 1, x'0A', NULL);
    INSERT INTO audit_persons VALUES (x'00', 1, x'0B', x'0C');
    INSERT INTO audit_blocks VALUES (x'00', 0, 1, 1, x'', x'', x'', x'', x'', x'', x'0D');
    INSERT INTO audit_segments VALUES (x'00', 0, 0, x'');";

const DOCUMENTS_ROWS: &str = "
    INSERT INTO documents VALUES ('a', 1, 1, 1, 1, '{}', 'x');
    INSERT INTO chunks VALUES ('a', 0, 'x', 1, 'h', 'i');
    INSERT INTO hashes VALUES ('a', x'02', 7);
    INSERT INTO progress VALUES (x'03', 1, 0, 0, 0, 1, 1, 1, '[]');
    INSERT INTO removals VALUES ('b', 2);
    INSERT INTO gaps VALUES (7, 2);
    INSERT INTO ingestions VALUES (x'01', 1);";

const LIMITS_ROWS: &str = "INSERT INTO taken_limits VALUES (zeroblob(16), 1, 0);";

fn database() -> SqliteConnection {
    let mut connection = SqliteConnection::establish(":memory:").unwrap();
    connection.batch_execute("PRAGMA foreign_keys = ON;").unwrap();
    connection
}

const SCHEMA: &str = "SELECT type || ' ' || name || ' ' || COALESCE(sql, '') AS text FROM sqlite_schema \
     WHERE name NOT LIKE '%diesel%' ORDER BY text";
const TABLES: &str = "SELECT name AS text FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' \
     AND name NOT LIKE '%diesel%' ORDER BY name";

fn goes_down_and_up_again(migrations: fn() -> EmbeddedMigrations, rows: &str) {
    let mut connection = database();
    connection.run_pending_migrations(migrations()).unwrap();
    let schema = texts(&mut connection, SCHEMA);
    connection.batch_execute(rows).unwrap();
    for table in texts(&mut connection, TABLES) {
        let filled = texts(&mut connection, &format!("SELECT 'a row' AS text FROM {table}"));
        assert!(!filled.is_empty(), "{table} has no row: undoing it is tested on data");
    }
    let count = MigrationSource::<Sqlite>::migrations(&migrations()).unwrap().len();
    for down in 1..=count {
        for _ in 0..down {
            connection.revert_last_migration(migrations()).unwrap();
        }
        if down == count {
            assert_eq!(texts(&mut connection, SCHEMA), Vec::<String>::new(), "nothing is left behind");
        }
        connection.run_pending_migrations(migrations()).unwrap();
        assert_eq!(
            texts(&mut connection, SCHEMA),
            schema,
            "the schema is the same after {down} steps down and up"
        );
    }
    connection.batch_execute(rows).unwrap();
}

#[test]
fn each_migration_of_the_app_database_goes_down_and_up_again() {
    goes_down_and_up_again(|| APP, APP_ROWS);
}

#[test]
fn each_migration_of_a_documents_database_goes_down_and_up_again() {
    goes_down_and_up_again(|| DOCUMENTS, DOCUMENTS_ROWS);
}

#[test]
fn each_migration_of_the_limits_database_goes_down_and_up_again() {
    goes_down_and_up_again(|| LIMITS, LIMITS_ROWS);
}

#[test]
fn undoing_the_last_migration_leaves_the_rest_of_the_data() {
    let mut connection = database();
    connection.run_pending_migrations(APP).unwrap();
    connection.batch_execute(APP_ROWS).unwrap();
    connection.revert_last_migration(APP).unwrap();
    assert_eq!(texts(&mut connection, "SELECT name AS text FROM policies"), ["ours"]);
}

/// What a table of accounts holds, a row a line.
const ACCOUNTS: &str = "SELECT hex(tenant_id) || ' ' || hex(id) || ' ' || email || ' ' || password || ' ' || role || ' ' || \
     status || ' ' || generation || ' ' || revision || ' ' || created_at AS text FROM accounts ORDER BY text";

#[test]
fn an_account_of_the_installation_becomes_one_of_each_of_its_tenants() {
    let mut connection = database();
    connection.run_pending_migrations(APP).unwrap();
    let newer = MigrationSource::<Sqlite>::migrations(&APP).unwrap();
    let undone = newer.iter().filter(|migration| migration.name().to_string().as_str() >= "0016").count();
    for _ in 0..undone {
        connection.revert_last_migration(APP).unwrap();
    }
    let rows = "
        INSERT INTO tenants VALUES (x'01', 'acme', 1, 1, 1, 1, 1, 1, 1, 1), (x'02', 'globex', 1, 1, 1, 1, 1, 1, 1, 1);
        INSERT INTO accounts VALUES (x'0A', 'both@x.example', 'hash1', 'active', 5, 9), (x'0B', 'off@x.example', 'hash2', 'disabled', 6, 1),
            (x'0C', 'nobody@x.example', 'hash3', 'active', 7, 0);
        INSERT INTO memberships VALUES (x'01', x'0A', 'owner', 'active', 2, 10, 3), (x'02', x'0A', 'user', 'disabled', 4, 20, 9),
            (x'01', x'0B', 'viewer', 'active', 1, 30, 1);
        INSERT INTO login_records VALUES (x'11', '192.0.2.1', 1, 1, 1);";
    connection.batch_execute(rows).unwrap();
    connection.run_pending_migrations(APP).unwrap();
    let expected = [
        "01 0A both@x.example hash1 owner active 3 2 10",
        "01 0B off@x.example hash2 viewer disabled 1 1 30",
        "02 0A both@x.example hash1 user disabled 9 4 20",
    ];
    assert_eq!(texts(&mut connection, ACCOUNTS), expected);
    let kept = texts(&mut connection, "SELECT 'a row' AS text FROM login_records");
    assert_eq!(kept, Vec::<String>::new(), "they were kept for addresses alone");
    // And back: one account, with the password of the older.
    connection.batch_execute("UPDATE accounts SET password = 'other' WHERE tenant_id = x'02'").unwrap();
    for _ in 0..undone {
        connection.revert_last_migration(APP).unwrap();
    }
    let back = "SELECT hex(m.tenant_id) || ' ' || hex(a.id) || ' ' || a.password || ' ' || a.last_generation || ' ' || m.role || ' ' || \
         m.status || ' ' || m.generation AS text FROM memberships m JOIN accounts a ON a.id = m.account_id ORDER BY text";
    let expected =
        ["01 0A hash1 9 owner active 3", "01 0B hash2 1 viewer disabled 1", "02 0A hash1 9 user disabled 9"];
    assert_eq!(texts(&mut connection, back), expected);
}

#[derive(diesel::QueryableByName)]
struct PlanStep {
    #[diesel(sql_type = diesel::sql_types::Text)]
    detail: String,
}

#[test]
fn r1_the_invitations_of_one_account_are_found_by_their_index() {
    let mut connection = database();
    connection.run_pending_migrations(APP).unwrap();
    // As `remove_invitations_by` deletes them.
    let plan = "EXPLAIN QUERY PLAN DELETE FROM invitations \
                WHERE tenant_id = x'01' AND invited_by = x'02' AND role IN ('owner', 'user')";
    let steps: Vec<PlanStep> = diesel::sql_query(plan).load(&mut connection).unwrap();
    let by_index = "INDEX invitations_of_inviter (invited_by=? AND tenant_id=?)";
    assert!(steps[0].detail.ends_with(by_index), "{}", steps[0].detail);
}

#[test]
fn h2_the_resets_of_one_account_are_found_by_their_index() {
    let mut connection = database();
    connection.run_pending_migrations(APP).unwrap();
    // As `remove_password_resets_by` deletes them.
    let plan = "EXPLAIN QUERY PLAN DELETE FROM password_resets WHERE tenant_id = x'01' AND made_by = x'02'";
    let steps: Vec<PlanStep> = diesel::sql_query(plan).load(&mut connection).unwrap();
    let by_index = "INDEX password_resets_of_maker (made_by=? AND tenant_id=?)";
    assert!(steps[0].detail.ends_with(by_index), "{}", steps[0].detail);
}

#[test]
fn u1_a_part_of_the_index_of_a_log_is_found_by_its_key_whatever_is_searched_by() {
    let mut connection = database();
    connection.run_pending_migrations(APP).unwrap();
    // As a search of the log asks, a column at a time, and then for the rows that it has found.
    let columns = ["actions", "outcomes", "reasons", "keys", "objects", "accounts"].map(|column| {
        format!("SELECT block, {column} FROM audit_blocks WHERE log = x'01' AND block BETWEEN 1 AND 9")
    });
    let rows = "SELECT * FROM audit_events WHERE log = x'01' AND seq IN (1, 2) ORDER BY seq DESC".to_owned();
    let segments = [
        "SELECT segment, postings FROM audit_segments WHERE log = x'01' AND part = 7 AND segment BETWEEN 1 AND 9",
        "DELETE FROM audit_segments WHERE log = x'01' AND part IN (1, 2) AND segment = 3",
        "SELECT max(segment) FROM audit_segments WHERE log = x'01' AND part = 255",
        "SELECT block FROM audit_blocks WHERE log = x'01' AND block BETWEEN 1 AND 9 AND last_time >= 1 AND first_time < 9",
    ];
    let segments = segments.map(str::to_owned);
    for query in columns.into_iter().chain([rows]).chain(segments) {
        let steps: Vec<PlanStep> =
            diesel::sql_query(format!("EXPLAIN QUERY PLAN {query}")).load(&mut connection).unwrap();
        let [step] = &steps[..] else { panic!("nothing is sorted: {query}") };
        assert!(step.detail.contains("SEARCH") && step.detail.contains("(log=?"), "{query}: {}", step.detail);
        // In a segment one value is looked for, and the rows of blocks are too long to be read for their times.
        assert!(!query.contains("segments") || step.detail.contains("part=?"), "{}", step.detail);
        assert!(!query.contains("last_time") || step.detail.contains("COVERING INDEX"), "{}", step.detail);
    }
}

#[test]
fn a1_the_oldest_account_of_an_address_is_found_by_its_index() {
    let mut connection = database();
    connection.run_pending_migrations(APP).unwrap();
    // As `oldest_account` asks.
    let plan = "EXPLAIN QUERY PLAN SELECT * FROM accounts WHERE email = 'a' AND status = 'active' ORDER BY created_at, tenant_id LIMIT 1";
    let steps: Vec<PlanStep> = diesel::sql_query(plan).load(&mut connection).unwrap();
    let details: Vec<&str> = steps.iter().map(|step| step.detail.as_str()).collect();
    assert_eq!(details, ["SEARCH accounts USING INDEX accounts_by_email (email=?)"], "nothing is sorted");
}

#[test]
fn a4_sessions_are_found_by_their_indexes() {
    let mut connection = database();
    connection.run_pending_migrations(APP).unwrap();
    let plan = |connection: &mut SqliteConnection, query: &str| -> Vec<String> {
        let steps: Vec<PlanStep> =
            diesel::sql_query(format!("EXPLAIN QUERY PLAN {query}")).load(connection).unwrap();
        steps.into_iter().map(|step| step.detail).collect()
    };
    // As the ports' methods ask.
    let of_account = "tenant_id = x'01' AND account_id = x'02'";
    for (query, expected) in [
        (
            "SELECT * FROM sessions WHERE refresh_family = x'01'".to_owned(),
            "SEARCH sessions USING INDEX sessions_by_family (refresh_family=?)",
        ),
        (
            format!("SELECT * FROM api_keys WHERE {of_account} AND id > x'' ORDER BY id LIMIT 3"),
            "SEARCH api_keys USING INDEX api_keys_of_account (account_id=? AND tenant_id=? AND id>?)",
        ),
        (
            format!("SELECT * FROM sessions WHERE {of_account} ORDER BY id"),
            "SEARCH sessions USING PRIMARY KEY (tenant_id=? AND account_id=?)",
        ),
        (
            format!("SELECT account_id, id FROM sessions WHERE {of_account}"),
            "SEARCH sessions USING PRIMARY KEY (tenant_id=? AND account_id=?)",
        ),
        (
            "SELECT tenant_id, account_id, id FROM sessions WHERE idle_until <= 1 ORDER BY idle_until LIMIT 16".to_owned(),
            "SEARCH sessions USING COVERING INDEX sessions_by_end (idle_until<?)",
        ),
    ] {
        assert_eq!(plan(&mut connection, &query), [expected], "{query}");
    }
}

#[test]
fn z2_transfers_are_found_by_whom_where_and_when_by_indexes_and_nothing_is_sorted() {
    let mut connection = database();
    connection.run_pending_migrations(APP).unwrap();
    let order = "ORDER BY time, event_id, policy_id LIMIT 3";
    let after = "time >= 5 AND (time > 5 OR event_id > x'02' OR (event_id = x'02' AND policy_id > x'03'))";
    let (payer, endpoint) = ("payer_id = x'04'", "endpoint_id = x'05'");
    // As `transfers` asks. Where both ends of a time are told, that is what is searched by, whoever is asked for.
    for (filter, expected) in [
        ("1".to_owned(), "transfers_by_time (tenant_id=?)"),
        (after.to_owned(), "transfers_by_time (tenant_id=? AND time>?)"),
        ("time < 9 AND time >= 5".to_owned(), "transfers_by_time (tenant_id=? AND time>? AND time<?)"),
        (payer.to_owned(), "transfers_of_payer (tenant_id=? AND payer_id=?)"),
        (format!("{payer} AND {after}"), "transfers_of_payer (tenant_id=? AND payer_id=? AND time>?)"),
        (
            format!("{payer} AND time < 9 AND {after}"),
            "transfers_by_time (tenant_id=? AND time>? AND time<?)",
        ),
        (endpoint.to_owned(), "transfers_of_endpoint (tenant_id=? AND endpoint_id=?)"),
        (
            format!("{endpoint} AND time < 9 AND {after}"),
            "transfers_by_time (tenant_id=? AND time>? AND time<?)",
        ),
    ] {
        let query = format!(
            "EXPLAIN QUERY PLAN SELECT * FROM transfers WHERE tenant_id = x'01' AND {filter} {order}"
        );
        let steps: Vec<PlanStep> = diesel::sql_query(&query).load(&mut connection).unwrap();
        let steps: Vec<_> = steps.into_iter().map(|step| step.detail).collect();
        assert_eq!(steps, [format!("SEARCH transfers USING INDEX {expected}")], "{query}");
    }
    // Of a request that was sent a thousand times, none that is used up is looked at.
    let query = "EXPLAIN QUERY PLAN SELECT * FROM transfers WHERE tenant_id = x'01' AND request = x'06' AND policy_id = x'03' \
                 AND time >= 5 AND repeats < 2 ORDER BY time DESC, event_id DESC LIMIT 1";
    let steps: Vec<PlanStep> = diesel::sql_query(query).load(&mut connection).unwrap();
    let expected = "SEARCH transfers USING INDEX transfers_of_request (tenant_id=? AND request=? AND policy_id=? AND time>?)";
    let first = steps.into_iter().next().map(|step| step.detail);
    assert_eq!(first.as_deref(), Some(expected));
}

#[test]
fn z4_what_a_new_question_costs_the_writer_is_found_by_indexes_that_cover_it() {
    let mut connection = database();
    connection.run_pending_migrations(APP).unwrap();
    let plan = |connection: &mut SqliteConnection, query: &str| -> Vec<String> {
        let steps: Vec<PlanStep> =
            diesel::sql_query(format!("EXPLAIN QUERY PLAN {query}")).load(connection).unwrap();
        steps.into_iter().map(|step| step.detail).collect()
    };
    // As the ports' methods ask. None walks the rows of a tenant.
    let of_tenant = "FROM approvals WHERE tenant_id = x'01'";
    let covering = "SEARCH approvals USING COVERING INDEX";
    for (query, expected) in [
        (
            format!(
                "SELECT COUNT(*) {of_tenant} AND asker = x'02' AND verdict IS NULL AND endpoint_id = x'03' AND policy_id = x'04'"
            ),
            format!(
                "{covering} approvals_of_asker (tenant_id=? AND asker=? AND verdict=? AND endpoint_id=? AND policy_id=?)"
            ),
        ),
        (
            format!("SELECT COUNT(*) {of_tenant} AND asker = x'02' AND verdict IS NULL"),
            format!("{covering} approvals_of_asker (tenant_id=? AND asker=? AND verdict=?)"),
        ),
        (
            format!("SELECT COUNT(*) {of_tenant} AND asker = x'02'"),
            format!("{covering} approvals_of_asker (tenant_id=? AND asker=?)"),
        ),
        (
            format!("SELECT COUNT(*) {of_tenant} AND endpoint_id = x'03' AND verdict IS NULL"),
            format!("{covering} approvals_at_endpoint (tenant_id=? AND endpoint_id=? AND verdict=?)"),
        ),
        (format!("SELECT MIN(ends_at) {of_tenant}"), format!("{covering} approvals_by_end (tenant_id=?)")),
        (
            format!("SELECT id {of_tenant} AND ends_at <= 5 ORDER BY ends_at, id LIMIT 10"),
            format!("{covering} approvals_by_end (tenant_id=? AND ends_at<?)"),
        ),
        (
            format!("SELECT id {of_tenant} AND policy_id = x'04' AND ends_at - decided_at > 5 LIMIT 10"),
            format!("{covering} approvals_of_policy (tenant_id=? AND policy_id=? AND <expr>>?)"),
        ),
        (
            format!(
                "SELECT id {of_tenant} AND id > x'' AND verdict = 'approved' AND ends_at > 5 ORDER BY id LIMIT 51"
            ),
            format!("{covering} approvals_by_verdict (tenant_id=? AND verdict=? AND id>?)"),
        ),
        (
            format!(
                "SELECT id {of_tenant} AND id > x'' AND verdict IS NULL AND ends_at > 5 ORDER BY id LIMIT 51"
            ),
            format!("{covering} approvals_by_verdict (tenant_id=? AND verdict=? AND id>?)"),
        ),
    ] {
        assert_eq!(plan(&mut connection, &query), [expected], "{query}");
    }
}

/// Each column of a freshly migrated database, as `table.column`.
fn columns(migrations: EmbeddedMigrations) -> BTreeSet<String> {
    let mut connection = database();
    connection.run_pending_migrations(migrations).unwrap();
    let query = "SELECT t.name || '.' || c.name AS text FROM sqlite_schema t, pragma_table_info(t.name) c \
                 WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'";
    texts(&mut connection, query).into_iter().collect()
}

#[test]
fn g3_each_stored_column_has_a_purpose_and_a_retention_class() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations/register.toml");
    let register: Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
    let classes = register["classes"].as_table().unwrap();
    let mut used = BTreeSet::new();
    let known: BTreeMap<&str, BTreeSet<String>> =
        [("app", columns(APP)), ("documents", columns(DOCUMENTS)), ("limits", columns(LIMITS))].into();
    for (database, columns) in known {
        let mut registered = BTreeSet::new();
        for (table, rows) in register[database].as_table().unwrap() {
            for (column, row) in rows.as_table().unwrap() {
                let name = format!("{table}.{column}");
                let purpose = row["purpose"].as_str().unwrap();
                assert!(purpose.split(' ').count() > 1, "{name} has no purpose: {purpose:?}");
                let class = row["retention"].as_str().unwrap();
                assert!(classes.contains_key(class), "{name} has an unknown retention class: {class}");
                used.insert(class.to_owned());
                registered.insert(name);
            }
        }
        let unregistered: Vec<_> = columns.difference(&registered).collect();
        assert!(
            unregistered.is_empty(),
            "columns of {database} without a row in register.toml: {unregistered:?}"
        );
        let gone: Vec<_> = registered.difference(&columns).collect();
        assert!(gone.is_empty(), "rows of register.toml without a column in {database}: {gone:?}");
    }
    let unused: Vec<_> = classes.keys().filter(|class| !used.contains(*class)).collect();
    assert!(unused.is_empty(), "retention classes that no column has: {unused:?}");
}

#[test]
fn g1_each_stored_column_is_in_a_file_of_an_export_or_excused() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations/register.toml");
    let register: Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
    let excuses = register["excuses"].as_table().unwrap();
    let (mut files, mut excused) = (BTreeSet::new(), BTreeSet::new());
    for database in ["app", "documents", "limits"] {
        for (table, rows) in register[database].as_table().unwrap() {
            for (column, row) in rows.as_table().unwrap() {
                let name = format!("{table}.{column}");
                match (row.get("export"), row.get("excused")) {
                    (Some(file), None) => {
                        let file = file.as_str().unwrap().parse::<ExportFile>();
                        files.insert(file.unwrap_or_else(|error| panic!("{name}: {error}")));
                    }
                    (None, Some(excuse)) => {
                        let excuse = excuse.as_str().unwrap();
                        assert!(excuses.contains_key(excuse), "{name} has an unknown excuse: {excuse}");
                        excused.insert(excuse.to_owned());
                    }
                    _ => panic!("{name} is either in a file of an export or excused: say which"),
                }
            }
        }
    }
    let all: BTreeSet<_> = ExportFile::ALL.into_iter().collect();
    assert_eq!(files, all, "each file of an export holds columns");
    let unused: Vec<_> = excuses.keys().filter(|excuse| !excused.contains(*excuse)).collect();
    assert!(unused.is_empty(), "excuses that no column has: {unused:?}");
}
