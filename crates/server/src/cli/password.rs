//! The input of a password or a code: typed without an echo, or from a file, or from standard input; never from the command line
//! or the environment, where others could read it.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Read, Write};
use std::path::Path;

use anyhow::Context;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use syft_space_domain::identity::{Email, Password};
use syft_space_domain::secret::Secret;
use zeroize::Zeroize;

use crate::cli::exit::{CommandError, ExitStatus};

/// How often a person may try.
const MAX_ATTEMPTS: u32 = 3;

/// Reads a secret from the file that an option names; `-` is standard input. One line's end behind it does not belong to it.
pub(super) fn secret_from_file(path: &Path, option: &str, what: &str) -> anyhow::Result<Secret<String>> {
    if path == Path::new("-") {
        return read(io::stdin().lock()).with_context(|| format!("{option}: {what} on standard input"));
    }
    let file = File::open(path).with_context(|| format!("{option}: opening {}", path.display()))?;
    read(file).with_context(|| format!("{option}: {what} in {}", path.display()))
}

fn read(from: impl Read) -> anyhow::Result<Secret<String>> {
    let most = u64::try_from(Password::MAX_TYPED_BYTES).unwrap_or(u64::MAX).saturating_add(3);
    let mut text = Vec::new();
    from.take(most).read_to_end(&mut text)?;
    if text.ends_with(b"\n") {
        text.pop();
        if text.ends_with(b"\r") {
            text.pop();
        }
    }
    into_text(text)
}

fn into_text(bytes: Vec<u8>) -> anyhow::Result<Secret<String>> {
    String::from_utf8(bytes).map(Secret::new).map_err(|error| {
        error.into_bytes().zeroize();
        anyhow::anyhow!("it is not UTF-8")
    })
}

/// Takes a new password, from the file of an option where one is named, else from a person. The server has the last word
/// on it.
pub(super) fn new(file: Option<&Path>, option: &str, question: &str) -> anyhow::Result<Secret<String>> {
    let password = match file {
        Some(path) => secret_from_file(path, option, "the password")?,
        None => prompt(option, question)?,
    };
    Password::parse(&password).map_err(|error| CommandError::new(ExitStatus::Refused, error.to_string()))?;
    Ok(password)
}

/// Asks a person for a new password, twice, until both are the same.
fn prompt(option: &str, question: &str) -> anyhow::Result<Secret<String>> {
    let mut terminal = Terminal::open().ok_or_else(|| no_terminal("the password", option))?;
    let question = format!("{question} (at least {} characters): ", Password::MIN_CHARS);
    for _ in 0..MAX_ATTEMPTS {
        let first = terminal.read_line(&question)?;
        if let Err(error) = Password::parse(&first) {
            terminal.write(&format!("{error}.\n"))?;
            continue;
        }
        let second = terminal.read_line("The same again: ")?;
        if *first.expose() == *second.expose() {
            return Ok(first);
        }
        terminal.write("These were two different ones. Once more.\n")?;
    }
    Err(CommandError::new(ExitStatus::Refused, "no password was given that could be taken; nothing was done")
        .into())
}

/// Asks a person for the password of an account.
pub(super) fn ask(email: &Email) -> anyhow::Result<Secret<String>> {
    let mut terminal = Terminal::open().ok_or_else(|| no_terminal("the password", "--password-file"))?;
    terminal.read_line(&format!("Password of {email}: "))
}

/// Asks a person for a code of the second factor of an account; none where there is no terminal.
pub(super) fn ask_code(email: &Email) -> anyhow::Result<Option<Secret<String>>> {
    let question = format!("Code of the second factor of {email}, or a recovery code: ");
    Terminal::open().map(|mut terminal| terminal.read_line(&question)).transpose()
}

/// Asks a person a question that yes answers, and nothing else; none where there is no terminal.
pub(super) fn confirm(question: &str) -> anyhow::Result<Option<bool>> {
    let asked = Terminal::open().map(|mut terminal| terminal.read_line(&format!("{question} [y/N] ")));
    let answer = asked.transpose()?;
    Ok(answer.map(|answer| matches!(answer.expose().trim(), "y" | "Y" | "yes")))
}

/// Asks whoever types the command whether it is meant, where it cannot be taken back. A script, whose standard input is no terminal, has meant
/// it.
pub(super) async fn demand_yes(question: String) -> anyhow::Result<()> {
    if !io::stdin().is_terminal() {
        return Ok(());
    }
    // A server in this process goes on while the person thinks.
    match actix_web::rt::task::spawn_blocking(move || confirm(&question)).await?? {
        Some(false) => Err(CommandError::new(ExitStatus::Refused, "nothing was done").into()),
        Some(true) | None => Ok(()),
    }
}

fn no_terminal(what: &str, option: &str) -> CommandError {
    let message = format!(
        "there is no terminal to ask for {what}: give it with {option} FILE, or on standard input with {option} -"
    );
    CommandError::new(ExitStatus::Usage, message)
}

/// The terminal of whoever runs the command.
struct Terminal(File);

impl Terminal {
    /// The terminal that standard input is, else the one that the process belongs to.
    fn open() -> Option<Self> {
        if io::stdin().is_terminal() {
            let ours = rustix::io::dup(rustix::stdio::stdin()).ok()?;
            return Some(Self(File::from(ours)));
        }
        OpenOptions::new().read(true).write(true).open("/dev/tty").ok().map(Self)
    }

    fn write(&mut self, text: &str) -> anyhow::Result<()> {
        self.0.write_all(text.as_bytes())?;
        Ok(self.0.flush()?)
    }

    /// Asks for one line, key by key, so that Ctrl-C leaves the terminal as it was.
    fn read_line(&mut self, question: &str) -> anyhow::Result<Secret<String>> {
        let typed = {
            let mut terminal = &self.0;
            // First of all: what is typed as soon as the question stands there must neither be shown nor lost.
            let _echo_off = EchoOff::enable(terminal)?;
            terminal.write_all(question.as_bytes())?;
            let mut typed = Vec::new();
            loop {
                let mut key = [0];
                let is_gone = terminal.read(&mut key)? == 0;
                match key {
                    [b'\r' | b'\n'] => break typed,
                    // Ctrl-C; Ctrl-D where nothing is typed: that is no empty answer, nor is it where nobody is there any more.
                    _ if key == [3] || (typed.is_empty() && (is_gone || key == [4])) => {
                        typed.zeroize();
                        return Err(CommandError::new(
                            ExitStatus::Interrupted,
                            "interrupted; nothing was done",
                        )
                        .into());
                    }
                    [4] => break typed,
                    _ if is_gone => break typed,
                    [8 | 127] => while typed.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {},
                    // Ctrl-U.
                    [21] => typed.zeroize(),
                    [byte] => typed.push(byte),
                }
                if typed.len() > Password::MAX_TYPED_BYTES {
                    typed.zeroize();
                    anyhow::bail!("what is asked for has at most {} bytes", Password::MAX_BYTES);
                }
            }
        };
        self.write("\n")?;
        into_text(typed)
    }
}

/// A terminal without an echo, until this is dropped.
struct EchoOff<'a>(&'a File, Termios);

impl<'a> EchoOff<'a> {
    fn enable(terminal: &'a File) -> io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut without_echo = before.clone();
        without_echo.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
        tcsetattr(terminal, OptionalActions::Flush, &without_echo)?;
        Ok(Self(terminal, before))
    }
}

impl Drop for EchoOff<'_> {
    fn drop(&mut self) {
        // A terminal that is gone needs no mending.
        let _gone = tcsetattr(self.0, OptionalActions::Flush, &self.1);
    }
}
