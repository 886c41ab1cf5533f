//! The settings of mail: what each may be, and how they fit together.

use std::net::IpAddr;
use std::path::PathBuf;

use syft_space_smtp::{SmtpTls, is_mailbox};

use crate::config::values::{host_and_port, shown_host};

/// How mail is sent; none is where there is no server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailSettings {
    /// The mail server and its port.
    pub server: Option<(String, u16)>,
    /// How the connection to it is protected.
    pub tls: SmtpTls,
    /// As whom the space logs in there.
    pub user: Option<String>,
    /// The file with their password.
    pub password_file: Option<PathBuf>,
    /// Who mail is from.
    pub from: Option<String>,
}

impl Default for MailSettings {
    fn default() -> Self {
        Self { server: None, tls: SmtpTls::StartTls, user: None, password_file: None, from: None }
    }
}

impl MailSettings {
    pub(super) fn set_server(&mut self, text: &str) -> Option<()> {
        self.server = Some(host_and_port(text)?);
        Some(())
    }

    pub(super) fn show_server(&self) -> String {
        self.server.as_ref().map_or_else(String::new, |(host, port)| shown_host(host, *port))
    }

    pub(super) fn set_tls(&mut self, text: &str) -> Option<()> {
        self.tls = match text {
            "starttls" => SmtpTls::StartTls,
            "implicit" => SmtpTls::Implicit,
            "none" => SmtpTls::None,
            _ => return None,
        };
        Some(())
    }

    pub(super) fn show_tls(&self) -> String {
        let text = match self.tls {
            SmtpTls::StartTls => "starttls",
            SmtpTls::Implicit => "implicit",
            SmtpTls::None => "none",
        };
        text.to_owned()
    }

    pub(super) fn set_user(&mut self, text: &str) -> Option<()> {
        let fits = !text.is_empty() && text.len() <= 254 && !text.chars().any(char::is_control);
        self.user = fits.then(|| Some(text.to_owned()))?;
        Some(())
    }

    pub(super) fn set_password_file(&mut self, text: &str) -> Option<()> {
        let path = PathBuf::from(text);
        self.password_file = path.is_absolute().then_some(Some(path))?;
        Some(())
    }

    pub(super) fn set_from(&mut self, text: &str) -> Option<()> {
        self.from = is_mailbox(text).then(|| Some(text.to_owned()))?;
        Some(())
    }

    /// What does not fit together, if anything does not.
    pub(super) fn contradiction(&self) -> Option<&'static str> {
        let Some((host, _)) = &self.server else {
            let is_alone = self.user.is_some() || self.password_file.is_some() || self.from.is_some();
            return is_alone.then_some("mail is set up without a server: set smtp_server too");
        };
        let is_loopback = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        if self.from.is_none() {
            return Some("smtp_server is set, and nobody to send from: set mail_from too");
        }
        if self.tls == SmtpTls::None && !is_loopback {
            return Some(
                "smtp_tls = none would send tokens and the password in the clear: only a server on loopback is \
                 spoken to so",
            );
        }
        (self.user.is_some() != self.password_file.is_some())
            .then_some("smtp_user and smtp_password_file go together: set both, or none")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(server: &str) -> Option<MailSettings> {
        let mut mail = MailSettings::default();
        mail.set_server(server)?;
        mail.set_from("Space <space@example.org>")?;
        Some(mail)
    }

    #[test]
    fn a_mail_server_is_a_host_and_a_port() {
        for right in ["mail.example.org:587", "127.0.0.1:25", "[::1]:2525"] {
            assert_eq!(settings(right).unwrap().show_server(), right);
        }
        for wrong in
            ["", "mail.example.org", ":25", "a b:25", "mail:0", "mail:70000", "me@mail:25", "https://mail:25"]
        {
            assert!(settings(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn k8_mail_is_sent_in_the_clear_to_loopback_alone() {
        for (server, may) in [
            ("127.0.0.1:25", true),
            ("localhost:25", true),
            ("[::1]:25", true),
            ("10.0.0.5:25", false),
            ("mail:25", false),
        ] {
            let mail = MailSettings { tls: SmtpTls::None, ..settings(server).unwrap() };
            assert_eq!(mail.contradiction().is_none(), may, "{server}");
        }
    }

    #[test]
    fn settings_of_mail_go_together() {
        let whole = settings("mail:25").unwrap();
        assert_eq!(whole.contradiction(), None);
        assert_eq!(MailSettings::default().contradiction(), None);
        for lacking in [
            MailSettings { from: None, ..whole.clone() },
            MailSettings { server: None, ..whole.clone() },
            MailSettings { user: Some("me".to_owned()), ..whole.clone() },
            MailSettings { password_file: Some("/x".into()), ..whole },
        ] {
            assert!(lacking.contradiction().is_some(), "{lacking:?}");
        }
        let mut mail = MailSettings::default();
        for wrong in ["nobody", "a@b@c", "me@x.org\r\nBcc: you@x.org", "", "Me <me@x.org>\r\nX: y"] {
            assert_eq!(mail.set_from(wrong), None, "{wrong:?}");
        }
    }
}
