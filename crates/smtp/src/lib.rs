//! Sending mail over SMTP, to the one server that the operator names.
//!
//! It does not go through the guarded HTTP client: no caller has a word in where it leads to, so that a private address is as
//! good as any. Nothing but loopback is spoken to in the clear.

use std::path::Path;
use std::time::Duration;

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MessageBuilder};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, Message};
use syft_space_domain::Pending;
use syft_space_domain::mail::Mail;
use syft_space_domain::mail::ports::{MailError, Mailer};
use syft_space_domain::secret::Secret;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

/// How long one mail may take, with its wait for those before it.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The most mails that are on their way to the server at once.
const MAX_AT_ONCE: usize = 8;

/// How a connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpTls {
    /// From its first byte.
    Implicit,
    /// By STARTTLS, before anything else is said.
    StartTls,
    /// Not at all: for a server on the same host.
    None,
}

/// Where mail is handed over, and as whom.
pub struct SmtpSettings<'a> {
    /// The server's name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: SmtpTls,
    /// The user, and their password, where the server wants one.
    pub credentials: Option<(String, Secret<String>)>,
    /// Who the mail is from, such as `Space <space@example.org>`.
    pub from: &'a str,
    /// A PEM file with certificates that are believed besides the system's.
    pub ca_file: Option<&'a Path>,
}

/// The mailer cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SmtpError {
    /// Nobody can be written to from there.
    #[error("mail_from = {0:?} is no address to send from, such as Space <space@example.org>")]
    From(String),
    /// The certificates of one's own.
    #[error("{path} cannot be read as PEM certificates: {error}")]
    CaFile {
        /// The file.
        path: String,
        /// The cause.
        error: String,
    },
    /// The system's certificates, or the server's name.
    #[error("no protected connection to {host} is possible: {error}")]
    Tls {
        /// The server.
        host: String,
        /// The cause.
        error: String,
    },
}

/// Whether a text says who mail is from.
#[must_use]
pub fn is_mailbox(text: &str) -> bool {
    text.parse::<Mailbox>().is_ok()
}

/// Hands mail over to an SMTP server, each on a connection of its own.
pub struct SmtpMailer {
    server: (String, u16),
    tls: Option<(TlsParameters, SmtpTls)>,
    credentials: Option<Credentials>,
    from: Mailbox,
    permits: Semaphore,
    timeout: Duration,
}

impl SmtpMailer {
    /// Makes a mailer. Nothing is called yet.
    ///
    /// # Errors
    /// When the sender is no address, or the certificates cannot be used.
    pub fn new(settings: SmtpSettings<'_>) -> Result<Self, SmtpError> {
        let SmtpSettings { host, port, tls, credentials, from, ca_file } = settings;
        let from = from.parse().map_err(|_error| SmtpError::From(from.to_owned()))?;
        let tls = match tls {
            SmtpTls::None => None,
            tls => Some((tls_parameters(&host, ca_file)?, tls)),
        };
        Ok(Self {
            server: (host, port),
            tls,
            credentials: credentials
                .map(|(user, password)| Credentials::new(user, password.expose().clone())),
            from,
            permits: Semaphore::new(MAX_AT_ONCE),
            timeout: TIMEOUT,
        })
    }

    /// Waits for less long, for tests.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// The mail as it goes over the wire. Each part is of a type of lettre's that holds no line's end.
    fn message(&self, mail: &Mail) -> Result<Message, String> {
        let to: Address = mail.to.as_str().parse().map_err(|error| format!("the address: {error}"))?;
        let builder: MessageBuilder = Message::builder()
            .from(self.from.clone())
            .to(to.into())
            .subject(mail.subject.clone())
            // No machine answers it.
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ))
            .header(ContentType::TEXT_PLAIN);
        builder.body(mail.text.expose().clone()).map_err(|error| error.to_string())
    }

    /// Connects, protects the connection, and says who we are.
    async fn connect(&self) -> Result<AsyncSmtpConnection, MailError> {
        let failed = |error: Error| refused_or(&error, unavailable);
        let hello = ClientId::default();
        let (host, port) = &self.server;
        let from_the_start =
            self.tls.as_ref().filter(|(_, tls)| *tls == SmtpTls::Implicit).map(|(tls, _)| tls.clone());
        let address = (host.as_str(), *port);
        let connected = AsyncSmtpConnection::connect_tokio1(address, None, &hello, from_the_start, None);
        let mut connection = connected.await.map_err(failed)?;
        if let Some((tls, SmtpTls::StartTls)) = &self.tls {
            if !connection.can_starttls() {
                // It refused nothing: it is sent nothing.
                let why = "the mail server does not offer STARTTLS, which smtp_tls demands";
                return Err(MailError::Refused(why.to_owned()));
            }
            connection.starttls(tls.clone(), &hello).await.map_err(failed)?;
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(&[Mechanism::Plain, Mechanism::Login], credentials).await.map_err(failed)?;
        }
        Ok(connection)
    }

    async fn send_now(&self, mail: &Mail) -> Result<(), MailError> {
        let message = self.message(mail).map_err(MailError::Refused)?;
        let until = Instant::now() + self.timeout;
        let busy = || MailError::Unavailable("it did not come to it in time".to_owned());
        // Until the message is given away, nothing has been sent, whatever goes wrong.
        let ready = timeout_at(until, async {
            let permit = self.permits.acquire().await.map_err(|_closed| busy())?;
            let connection = self.connect().await?;
            Ok((permit, connection))
        });
        let (_permit, mut connection) = ready.await.map_err(|_elapsed| busy())??;
        let formatted = message.formatted();
        let sent = timeout_at(until, connection.send(message.envelope(), &formatted)).await;
        let Ok(sent) = sent else { return Err(MailError::Unanswered) };
        sent.map_err(|error| refused_or(&error, |_error| MailError::Unanswered))?;
        // It has taken the mail: how it takes our leave changes nothing.
        drop(timeout_at(until, connection.quit()).await);
        Ok(())
    }
}

impl Mailer for SmtpMailer {
    fn send<'a>(&'a self, mail: &'a Mail) -> Pending<'a, Result<(), MailError>> {
        Box::pin(self.send_now(mail))
    }
}

fn unavailable(error: &Error) -> MailError {
    MailError::Unavailable(cause(error))
}

/// What a server has answered says that it took nothing. What else went wrong says `otherwise`.
fn refused_or(error: &Error, otherwise: impl FnOnce(&Error) -> MailError) -> MailError {
    if error.is_permanent() || error.is_client() || error.is_tls() {
        MailError::Refused(cause(error))
    } else if error.is_transient() {
        unavailable(error)
    } else {
        otherwise(error)
    }
}

/// An error with what is behind it. It holds what the server said, and nothing that we did.
fn cause(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(behind) = source {
        let behind_text = behind.to_string();
        if !text.contains(&behind_text) {
            text = format!("{text}: {behind_text}");
        }
        source = behind.source();
    }
    text.chars().filter(|c| !c.is_control()).take(300).collect()
}

fn tls_parameters(host: &str, ca_file: Option<&Path>) -> Result<TlsParameters, SmtpError> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(path) = ca_file {
        let unreadable = |error: String| SmtpError::CaFile { path: path.display().to_string(), error };
        let pem = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
        let certificates = Certificate::from_pem(&pem).map_err(|error| unreadable(error.to_string()))?;
        builder = builder.add_root_certificate(certificates);
    }
    builder.build_rustls().map_err(|error| SmtpError::Tls { host: host.to_owned(), error: error.to_string() })
}
