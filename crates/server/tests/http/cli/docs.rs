//! `docs/cli.md` describes each command as its own help does.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use clap::{Arg, Command};

/// Every command that does something, with the words that call it.
fn leaves<'a>(command: &'a Command, words: &str, found: &mut Vec<(String, &'a Command)>) {
    let shown =
        command.get_subcommands().filter(|command| !command.is_hide_set() && command.get_name() != "help");
    let mut inner = shown.peekable();
    if inner.peek().is_none() {
        found.push((words.to_owned(), command));
    }
    for subcommand in inner {
        leaves(subcommand, &format!("{words} {}", subcommand.get_name()), found);
    }
}

/// What an argument is, as a row of a table.
fn row(argument: &Arg) -> String {
    let value = argument.get_value_names().and_then(|names| names.first()).map(ToString::to_string);
    let takes = argument.get_action().takes_values();
    let name = match (argument.get_long(), value.filter(|_| takes)) {
        (Some(long), Some(value)) => format!("--{long} {value}"),
        (Some(long), None) => format!("--{long}"),
        (None, value) => value.unwrap_or_else(|| argument.get_id().to_string()).to_uppercase(),
    };
    let mut help = argument.get_help().map(ToString::to_string).unwrap_or_default();
    let choices = argument.get_possible_values();
    if takes && !choices.is_empty() {
        let names: Vec<_> = choices.iter().map(|choice| format!("`{}`", choice.get_name())).collect();
        help = format!("{help}: {}", names.join(", "));
    }
    if let Some(default) = argument.get_default_values().first().filter(|_| takes) {
        help = format!("{help} (`{}`)", default.to_string_lossy());
    }
    let demanded = if argument.is_required_set() { " Required." } else { "" };
    format!("| `{name}` | {help}.{demanded} |")
}

fn table(arguments: &[&Arg]) -> String {
    let mut table = "| argument | what |\n|---|---|\n".to_owned();
    for argument in arguments {
        writeln!(table, "{}", row(argument)).unwrap();
    }
    table
}

#[test]
fn the_documentation_of_the_command_line_is_the_command_lines_own() {
    let docs =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/cli.md")).unwrap();
    let mut root = syft_space::cli::command();
    root.build();
    let mut commands = Vec::new();
    leaves(&root, "syft-space", &mut commands);
    assert!(commands.len() > 8);

    let own = |argument: &&Arg| {
        !argument.is_hide_set() && !matches!(argument.get_id().as_str(), "help" | "version")
    };
    let global: Vec<&Arg> = root.get_arguments().filter(own).collect();
    let mut expected = vec![table(&global)];
    for (words, command) in &commands {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        let own: Vec<&Arg> =
            command.get_arguments().filter(own).filter(|argument| !argument.is_global_set()).collect();
        let mut section = format!("### `{words}`\n\n{about}.\n");
        if !own.is_empty() {
            write!(section, "\n{}", table(&own)).unwrap();
        }
        expected.push(section);
    }
    for section in &expected {
        assert!(
            docs.contains(section.as_str()),
            "docs/cli.md lacks, or says otherwise:\n\n{}",
            expected.join("\n")
        );
    }
    let told: BTreeSet<&str> = docs.lines().filter_map(|line| line.strip_prefix("### `syft-space")).collect();
    let there: BTreeSet<String> =
        commands.iter().map(|(words, _)| format!("{}`", words.trim_start_matches("syft-space"))).collect();
    assert_eq!(told, there.iter().map(String::as_str).collect(), "docs/cli.md tells of other commands");
}
