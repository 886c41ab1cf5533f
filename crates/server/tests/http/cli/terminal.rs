//! At a terminal: a password is asked for without being shown, and the terminal is left as it was.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

use super::{command, found, run};
use crate::space::{PASSWORD, in_memory};

/// How long a terminal may be silent while something is waited for.
const OUTPUT_TIMEOUT: Duration = Duration::from_secs(60);

/// A command at a terminal, and all that the terminal has shown.
pub struct TerminalSession {
    child: Child,
    keyboard: File,
    inner: OwnedFd,
    screen: Receiver<String>,
    shown: String,
    /// How much of it was waited for.
    seen: usize,
}

impl TerminalSession {
    pub fn run(mut command: Command) -> Self {
        let outer = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&outer).unwrap();
        unlockpt(&outer).unwrap();
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let inner = ioctl_tiocgptpeer(&outer, flags).unwrap();
        tcsetwinsize(&inner, Winsize { ws_row: 40, ws_col: 120, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let end = || inner.try_clone().unwrap();
        let child = command.stdin(end()).stdout(end()).stderr(end()).spawn().unwrap();
        // It holds the terminal's inner end, too.
        drop(command);
        let keyboard = File::from(outer);
        let (shows, screen) = channel();
        let mut outer = keyboard.try_clone().unwrap();
        std::thread::spawn(move || {
            let mut piece = [0; 4_096];
            while let Ok(length @ 1..) = outer.read(&mut piece) {
                let text = String::from_utf8_lossy(&piece[..length]).into_owned();
                if shows.send(text).is_err() {
                    return;
                }
            }
        });
        Self { child, keyboard, inner, screen, shown: String::new(), seen: 0 }
    }

    /// Reads until this is shown, after what was waited for before.
    pub fn wait_for(&mut self, text: &str) {
        loop {
            if let Some(at) = self.shown[self.seen..].find(text) {
                self.seen += at + text.len();
                return;
            }
            match self.screen.recv_timeout(OUTPUT_TIMEOUT) {
                Ok(piece) => self.shown.push_str(&piece),
                Err(error) => panic!("{error} while waiting for {text:?} after {:?}", self.shown),
            }
        }
    }

    pub fn type_in(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Ends the program as `kill -9` does. Nothing of it runs on.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
    }

    /// Ctrl-C, as a terminal hands it to the program that runs in it.
    pub fn interrupt(&self) {
        let child = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw).unwrap();
        rustix::process::kill_process(child, rustix::process::Signal::INT).unwrap();
    }

    /// Whether the terminal shows what is typed.
    pub fn echoes(&self) -> bool {
        let shown = LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG;
        tcgetattr(&self.inner).unwrap().local_modes.contains(shown)
    }

    /// Waits for the end, and answers the exit code and all that was shown.
    pub fn end(self) -> (Option<i32>, String) {
        let Self { mut child, inner, screen, mut shown, .. } = self;
        let code = child.wait().unwrap().code();
        // With nobody left at its inner end, the terminal ends behind what it has shown.
        drop(inner);
        while let Ok(piece) = screen.recv_timeout(OUTPUT_TIMEOUT) {
            shown.push_str(&piece);
        }
        (code, shown)
    }
}

/// A command that asks for a password, once it has.
fn asked_for_a_password(home: &Path) -> TerminalSession {
    let create = ["owner", "create", "--email", "a@b.example", "--tenant", "acme"];
    let mut at = TerminalSession::run(command(home, &create));
    at.wait_for("Password");
    at
}

#[test]
fn a3_a_password_is_asked_for_twice_and_never_shown() {
    if in_memory() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let home = &home.path().join("home");
    let mut at = asked_for_a_password(home);
    at.type_in("too short\r");
    at.wait_for("at least 15 characters: a few");
    at.wait_for("Password");
    // With a slip that is taken back, and a line that is begun anew.
    at.type_in(&format!("nonsense\u{15}{PASSWORD}ü\u{7f}\r"));
    at.wait_for("same again");
    assert!(!at.echoes());
    at.type_in("something else entirely\r");
    at.wait_for("two different ones");
    at.wait_for("Password");
    at.type_in(&format!("{PASSWORD}\r"));
    at.wait_for("same again");
    at.type_in(&format!("{PASSWORD}\r"));
    at.wait_for("owns the tenant acme");
    assert!(at.echoes(), "the terminal is left as it was");
    let (code, shown) = at.end();
    assert_eq!(code, Some(0), "{shown}");
    for typed in [PASSWORD, "too short", "something else"] {
        assert!(!shown.contains(typed), "{shown}");
    }
    run(home, &["users", "list"]).expect(0);
}

#[test]
fn a3_whoever_ends_the_input_without_a_password_has_answered_nothing() {
    if in_memory() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let home = &home.path().join("home");
    let mut at = asked_for_a_password(home);
    at.type_in("\u{4}");
    let (code, shown) = at.end();
    assert!(code == Some(130) && shown.contains("nothing was done"), "{code:?} {shown}");
    run(home, &["tenants", "list"]).expect(3);
    // Behind something typed it is the line's end.
    let mut at = asked_for_a_password(home);
    at.type_in(&format!("{PASSWORD}\u{4}"));
    at.wait_for("same again");
    at.type_in(&format!("{PASSWORD}\u{4}"));
    at.wait_for("owns the tenant acme");
    assert_eq!(at.end().0, Some(0));
}

#[test]
fn z3_a_person_is_asked_whether_an_account_or_one_more_tenant_is_meant() {
    if in_memory() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let home = &home.path().join("home");
    found(home, "acme");
    let asked = |email: &str, tenant: &str, question: &str, answer: &str| {
        let create = ["owner", "create", "--email", email, "--tenant", tenant];
        let mut at = TerminalSession::run(command(home, &create));
        at.wait_for("Password");
        at.type_in(&format!("{PASSWORD}\r"));
        at.wait_for("same again");
        at.type_in(&format!("{PASSWORD}\r"));
        at.wait_for(question);
        at.type_in(&format!("{answer}\r"));
        at.end()
    };
    let account =
        "owner@acme.example has an account (owner) in acme. Make it an owner with this password? [y/N]";
    let tenant = "there is no tenant acne yet, but acme. Found acne as one more? [y/N]";
    for no in ["", "n", "perhaps"] {
        let (code, shown) = asked("owner@acme.example", "acme", account, no);
        assert!(code == Some(4) && shown.contains("nothing was done"), "{shown}");
        let (code, shown) = asked("bob@acme.example", "acne", tenant, no);
        assert!(code == Some(4) && shown.contains("nothing was done"), "{shown}");
    }
    assert_eq!(run(home, &["tenants", "list", "--json"]).expect(0).items().len(), 1);
    assert_eq!(asked("owner@acme.example", "acme", account, "y").0, Some(0));
    assert_eq!(asked("bob@acme.example", "acne", tenant, "y").0, Some(0));
    assert_eq!(run(home, &["tenants", "list", "--json"]).expect(0).items().len(), 2);
}

#[test]
fn ctrl_c_at_the_password_does_nothing_and_leaves_the_terminal_as_it_was() {
    if in_memory() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let home = &home.path().join("home");
    let mut at = asked_for_a_password(home);
    at.type_in("half a pass\u{3}");
    at.wait_for("interrupted");
    assert!(at.echoes());
    let (code, shown) = at.end();
    assert_eq!(code, Some(130), "{shown}");
    assert!(!home.exists(), "nothing was done");
}

#[test]
fn colour_is_for_terminals_and_not_for_those_who_refuse_it() {
    if in_memory() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let show = |no_color: Option<&str>| {
        let mut show = command(home.path(), &["config", "show"]);
        show.env_remove("NO_COLOR");
        if let Some(value) = no_color {
            show.env("NO_COLOR", value);
        }
        let mut at = TerminalSession::run(show);
        at.wait_for("public_url");
        at.end().1
    };
    assert!(show(None).contains("\u{1b}[1mSETTING"));
    assert!(!show(Some("1")).contains('\u{1b}'));
    assert!(!run(home.path(), &["config", "show"]).expect(0).stdout.contains('\u{1b}'));
}
