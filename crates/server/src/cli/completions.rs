//! The command `syft-space completions`: what lets a shell complete the commands.

use clap_complete::Shell;

use crate::cli::output::Output;

/// Writes the script of a shell.
pub(super) fn run(shell: Shell, command: &mut clap::Command, out: &mut Output) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, command, "syft-space", &mut script);
    let mut script = String::from_utf8(script)?;
    // The generator writes a name with a hyphen in two ways, and completes nothing behind the first word then
    // (https://github.com/clap-rs/clap/issues/6421).
    if shell == Shell::Bash {
        script = script.replace("syft__subcmd__space", "syft__space");
    }
    out.text(&script)
}
