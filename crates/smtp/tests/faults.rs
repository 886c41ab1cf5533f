//! What a mail server may do wrong, and what is told of it: whether the mail may have been sent.
#![cfg(test)]

use std::sync::Arc;
use std::time::Duration;

use syft_space_domain::identity::Email;
use syft_space_domain::mail::Mail;
use syft_space_domain::mail::ports::{MailError, Mailer};
use syft_space_domain::secret::Secret;
use syft_space_smtp::{SmtpMailer, SmtpSettings, SmtpTls, is_mailbox};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use tokio::time::Instant;

/// What the server does when it comes to a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    /// All as it should.
    Serve,
    /// Answers this line at a command that begins so; `.` is the end of the message.
    Say(&'static str, &'static str),
    /// Says nothing more at it.
    Hang(&'static str),
    /// Hangs up at it.
    Close(&'static str),
}

/// All lines that a server was sent.
type Heard = Arc<Mutex<Vec<String>>>;

async fn server(does: Does) -> (u16, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (port, heard) = (listener.local_addr().unwrap().port(), Heard::default());
    let all = Arc::clone(&heard);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, does, Arc::clone(&all)));
        }
    });
    (port, heard)
}

async fn serve(stream: TcpStream, does: Does, heard: Heard) {
    let mut stream = BufReader::new(stream);
    let (mut line, mut is_message) = ("220 ".to_owned(), false);
    loop {
        let command = if line == "220 " { "connect" } else { line.trim_end() };
        let is_at = |step: &str| command.starts_with(step) && (!is_message || step == ".");
        let usual = match command {
            "connect" => "220 mail.example",
            "." if is_message => "250 taken",
            _ if is_message => "",
            "DATA" => "354 go on",
            "QUIT" => "221 bye",
            _ => "250 mail.example",
        };
        let said = match does {
            Does::Say(step, line) if is_at(step) => line,
            Does::Hang(step) if is_at(step) => std::future::pending().await,
            Does::Close(step) if is_at(step) => return,
            _ => usual,
        };
        is_message = (is_message || command == "DATA") && command != ".";
        if !said.is_empty() && stream.write_all(format!("{said}\r\n").as_bytes()).await.is_err() {
            return;
        }
        line.clear();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
        heard.lock().await.push(line.trim_end().to_owned());
    }
}

fn settings(port: u16) -> SmtpSettings<'static> {
    SmtpSettings {
        host: "127.0.0.1".to_owned(),
        port,
        tls: SmtpTls::None,
        credentials: None,
        from: "Space <space@example.org>",
        ca_file: None,
    }
}

fn mailer(settings: SmtpSettings<'_>) -> SmtpMailer {
    SmtpMailer::new(settings).unwrap().with_timeout(Duration::from_millis(500))
}

fn mail(subject: &str) -> Mail {
    Mail {
        to: Email::parse("anna@example.org").unwrap(),
        subject: subject.to_owned(),
        text: Secret::new("Hello,\nit is here.\n.\nAll of it.\n".to_owned()),
    }
}

#[tokio::test]
async fn a_mail_is_handed_over_whole() {
    let (port, heard) = server(Does::Serve).await;
    assert_eq!(mailer(settings(port)).send(&mail("Choose another password")).await, Ok(()));
    let heard = heard.lock().await;
    for line in [
        "MAIL FROM:<space@example.org>",
        "RCPT TO:<anna@example.org>",
        "From: \"Space\" <space@example.org>",
        "To: anna@example.org",
        "Subject: Choose another password",
        "Auto-Submitted: auto-generated",
        "it is here.",
        // A line of one dot ends no message.
        "..",
        "All of it.",
    ] {
        let plain = line.replace('"', "");
        assert!(heard.iter().any(|it| it == line || it.replace('"', "") == plain), "{line}: {heard:?}");
    }
}

#[tokio::test]
async fn what_the_server_says_or_does_tells_whether_the_mail_may_have_been_sent() {
    let unavailable = |error: &MailError| matches!(error, MailError::Unavailable(_));
    let refused = |error: &MailError| matches!(error, MailError::Refused(_));
    let unanswered = |error: &MailError| *error == MailError::Unanswered;
    type Fits = fn(&MailError) -> bool;
    let cases: [(Does, Fits); 12] = [
        (Does::Say("connect", "421 busy"), unavailable),
        (Does::Say("connect", "554 go away"), refused),
        (Does::Say("EHLO", "garbage"), unavailable),
        (Does::Hang("connect"), unavailable),
        (Does::Hang("EHLO"), unavailable),
        (Does::Close("connect"), unavailable),
        (Does::Close("EHLO"), unavailable),
        (Does::Say("RCPT", "450 later"), unavailable),
        (Does::Say("RCPT", "550 nobody"), refused),
        (Does::Say(".", "452 full"), unavailable),
        (Does::Hang("."), unanswered),
        (Does::Close("."), unanswered),
    ];
    for (does, fits) in cases {
        let (port, _) = server(does).await;
        let began = Instant::now();
        let error = mailer(settings(port)).send(&mail("x")).await.unwrap_err();
        assert!(fits(&error), "{does:?}: {error:?}");
        assert!(began.elapsed() < Duration::from_secs(3), "{does:?}");
    }
    // Nobody listens.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    assert!(unavailable(&mailer(settings(port)).send(&mail("x")).await.unwrap_err()));
    // It has taken the mail, whatever it does when we leave.
    for does in [Does::Hang("QUIT"), Does::Close("QUIT"), Does::Say("QUIT", "500 what")] {
        let (port, _) = server(does).await;
        assert_eq!(mailer(settings(port)).send(&mail("x")).await, Ok(()), "{does:?}");
    }
}

#[tokio::test]
async fn k8_a_server_without_starttls_is_told_neither_password_nor_mail() {
    let (port, heard) = server(Does::Serve).await;
    let credentials = Some(("space".to_owned(), Secret::new("hunter2 and more".to_owned())));
    let mailer = mailer(SmtpSettings { tls: SmtpTls::StartTls, credentials, ..settings(port) });
    let error = mailer.send(&mail("x")).await.unwrap_err();
    assert!(
        matches!(&error, MailError::Refused(cause) if cause.contains("does not offer STARTTLS")),
        "{error:?}"
    );
    assert!(!error.cause().contains("hunter2"), "{error:?}");
    let heard = heard.lock().await;
    assert!(heard.iter().all(|line| line.starts_with("EHLO") || line == "QUIT"), "{heard:?}");
}

#[tokio::test]
async fn h1_no_subject_or_sender_makes_a_header_of_its_own() {
    let (port, heard) = server(Does::Serve).await;
    let mailer = mailer(settings(port));
    for ending in ["\r\n", "\n", "\r", "\u{85}", "\u{2028}"] {
        // Where it is not refused, it is encoded.
        drop(mailer.send(&mail(&format!("a{ending}Bcc: mallory@example.org{ending}{ending}body"))).await);
    }
    let heard = heard.lock().await;
    let mut headers = heard.iter();
    assert!(headers.all(|line| !line.starts_with("Bcc") && !line.contains("RCPT TO:<mallory")), "{heard:?}");
    for wrong in ["a@b.org\r\nBcc: c@d.org", "A\r\nBcc: c@d.org <a@b.org>", "a@b.org, c@d.org", ""] {
        assert!(!is_mailbox(wrong), "{wrong:?}");
    }
    assert!(Email::parse("a@b.org\r\nBcc: c@d.org").is_err());
}

#[tokio::test]
async fn r1_a_server_that_hangs_holds_up_nobody_for_longer_than_the_timeout() {
    let (port, _) = server(Does::Hang("EHLO")).await;
    let mailer = Arc::new(mailer(settings(port)));
    let began = Instant::now();
    let all: Vec<_> = (0..64)
        .map(|_| {
            let mailer = Arc::clone(&mailer);
            tokio::spawn(async move { mailer.send(&mail("x")).await })
        })
        .collect();
    for one in all {
        assert!(matches!(one.await.unwrap(), Err(MailError::Unavailable(_))));
    }
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
}
