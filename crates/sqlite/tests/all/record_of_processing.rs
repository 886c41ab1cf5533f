//! The record of processing (GDPR, article 30) is what the register says of each stored column.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use syft_space_domain::privacy::ExportFile;
use toml::Table;

const HEAD: &str = "# Record of processing

What a space stores about persons, for the record that article 30 of the GDPR asks of a controller. It is made of
`migrations/register.toml`, in which each stored column stands; a test fails where one is missing, or where this page says something
else. A tenant is the controller of what it stores, and adds what no program knows: who it is and whom to ask (30(1)(a)), whether somebody
in another country gets data (30(1)(e)), and whether the legal bases, which are what we think fits, are its own. Whoever runs the host is
its processor. What protects the data (30(1)(g)) stands in [the table of requirements](asvs.md) and in [privacy](../privacy.md).

The tenant's documents, and what people write into names and notes, are its own texts: whom they are about it alone knows, and records
by itself. Queries and answers are not stored, but for questions that wait for approval where a policy says so.
";

/// By table and retention class, columns and what they are for.
type Stored<'a> = BTreeMap<(&'a str, &'a str), Vec<(&'a str, &'a str)>>;

fn text<'a>(row: &'a toml::Value, field: &str) -> &'a str {
    row[field].as_str().unwrap()
}

/// The page, as the register has it.
fn record(register: &Table) -> String {
    let (classes, bases) = (register["classes"].as_table().unwrap(), register["bases"].as_table().unwrap());
    let activities = register["activities"].as_table().unwrap();
    let mut found: BTreeMap<&str, Stored<'_>> = BTreeMap::new();
    for database in ["app", "documents", "limits"] {
        for (table, columns) in register[database].as_table().unwrap() {
            for (column, row) in columns.as_table().unwrap() {
                let Some(activity) = row.get("export") else { continue };
                let rows = found.entry(activity.as_str().unwrap()).or_default();
                rows.entry((table, text(row, "retention"))).or_default().push((column, text(row, "purpose")));
            }
        }
    }
    let named: BTreeSet<&str> = activities.keys().map(String::as_str).collect();
    assert_eq!(
        found.keys().copied().collect::<BTreeSet<_>>(),
        named,
        "each file of an export is an activity"
    );
    let used: BTreeSet<&str> = activities.values().map(|activity| text(activity, "basis")).collect();
    assert_eq!(used, bases.keys().map(String::as_str).collect(), "each basis is some activity's");
    let mut page = HEAD.to_owned();
    for file in ExportFile::ALL {
        let (name, activity) = (file.as_str(), &activities[file.as_str()]);
        let (what, persons, basis) =
            (text(activity, "what"), text(activity, "persons"), &bases[text(activity, "basis")]);
        write!(
            page,
            "\n## {what}\n\n* **Of whom:** {persons}.\n* **Legal basis:** {}\n",
            basis.as_str().unwrap()
        )
        .unwrap();
        if let Some(recipients) = activity.get("recipients") {
            writeln!(page, "* **Who else gets it:** {}.", recipients.as_str().unwrap()).unwrap();
        }
        writeln!(page, "* **In an export:** `{name}.json`.\n\n| stored in | what, and what for | how long |\n|---|---|---|").unwrap();
        for ((table, class), columns) in found.get(name).into_iter().flatten() {
            let columns: Vec<String> =
                columns.iter().map(|(column, purpose)| format!("`{column}`: {purpose}")).collect();
            writeln!(
                page,
                "| `{table}` | {} | {} |",
                columns.join("<br>"),
                classes[*class].as_str().unwrap()
            )
            .unwrap();
        }
    }
    page
}

#[test]
fn g3_the_record_of_processing_is_what_the_register_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let register: Table =
        std::fs::read_to_string(root.join("migrations/register.toml")).unwrap().parse().unwrap();
    let path = root.join("docs/security/record-of-processing.md");
    let made = record(&register);
    if std::env::var_os("SYFT_SPACE_RECORD_PROCESSING").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap();
    assert!(
        kept == made,
        "set SYFT_SPACE_RECORD_PROCESSING=1 once to write docs/security/record-of-processing.md anew"
    );
}
