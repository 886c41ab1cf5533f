//! What is read of e-mails.

use super::*;

fn text(message: &str) -> Result<String, FileRefused> {
    extract(message.replace('\n', "\r\n").as_bytes()).map(|extracted| extracted.text)
}

#[test]
fn q2_a_message_is_its_head_its_text_and_the_names_of_what_is_attached() {
    let message = "From: =?utf-8?Q?Ada_L=C3=B6we?= <ada@example.org>\nTo: Bob <bob@example.org>, crew@example.org\n\
        Subject: =?iso-8859-1?Q?The_harbor=27s_Gr=FC=DFe?=\nDate: Sun, 12 May 2024 14:30:00 +0200\nMIME-Version: 1.0\n\
        Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\n\
        Content-Type: text/plain; charset=utf-8\n\nas text\n--c\nContent-Type: text/html; charset=windows-1252\n\
        Content-Transfer-Encoding: quoted-printable\n\n<html><head><meta charset=3Diso-8859-1></head><h2>Ships</h2><p>5 =80 =\n\
        each.</p></html>\n--c--\n--b\nContent-Type: application/pdf; name=\"plan.pdf\"\nContent-Disposition: attachment\n\
        Content-Transfer-Encoding: base64\n\nAAAA\n--b--\n";
    let expected = "# The harbor's Grüße\n\nFrom: Ada Löwe <ada@example.org>\nTo: Bob <bob@example.org>, crew@example.org\n\
        Date: 2024-05-12T14:30:00+02:00\n\n## Ships\n\n5 € each.\n\nAttached: plan.pdf";
    assert_eq!(text(message).as_deref(), Ok(expected));
    let plain = "Subject: Tides\n\nHigh at noon.\nLow at six.\n";
    assert_eq!(text(plain).as_deref(), Ok("# Tides\n\nHigh at noon.\nLow at six."));
    let packed = "MIME-Version: 1.0\nContent-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/html\n\n<p>Here</p>\n--b--\n";
    assert_eq!(page(packed.as_bytes()).as_deref(), Ok("Here"));
}

#[test]
fn q2_what_a_part_is_said_to_be_in_is_believed_as_far_as_it_is_true() {
    let in_jis = "\x1b$B9A$NA%\x1b(B";
    let meta = "<meta charset=iso-2022-jp>";
    for (heads, body, shown) in [
        ("Content-Type: text/plain; charset=iso-2022-jp", in_jis.to_owned(), Ok("港の船")),
        ("Content-Type: text/plain; charset=\"CSISO2022JP\"", in_jis.to_owned(), Ok("港の船")),
        ("Content-Type: text/plain", in_jis.to_owned(), Err(())),
        ("X-None: 1", in_jis.to_owned(), Err(())),
        ("Content-Type: text/plain; charset=us-ascii", in_jis.to_owned(), Err(())),
        ("Content-Type: text/plain; charset=utf-8", in_jis.to_owned(), Err(())),
        ("Content-Type: text/plain; charset=iso-8859-1", in_jis.to_owned(), Err(())),
        ("Content-Type: text/plain; charset=x-unknown", in_jis.to_owned(), Err(())),
        (
            "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64",
            "GyRCOUEkTkElGyhC".to_owned(),
            Err(()),
        ),
        (
            "Content-Type: text/plain; charset=iso-2022-jp\nContent-Transfer-Encoding: base64",
            "GyRCOUEkTkElGyhC".to_owned(),
            Ok("港の船"),
        ),
        (
            "Content-Type: text/plain; charset=us-ascii\nContent-Transfer-Encoding: quoted-printable",
            "=1B$B9A$NA%=1B(B".to_owned(),
            Err(()),
        ),
        ("Content-Type: text/html; charset=us-ascii", format!("{meta}<p>{in_jis}"), Ok("港の船")),
        ("Content-Type: text/html; charset=utf-8", format!("{meta}<p>{in_jis}"), Ok("港の船")),
        ("Content-Type: text/html", format!("{meta}<p>{in_jis}"), Ok("港の船")),
        ("Content-Type: text/html; charset=iso-2022-jp", format!("<p>{in_jis}"), Ok("港の船")),
        ("Content-Type: text/html", format!("<p>{in_jis}"), Err(())),
        ("Content-Type: text/plain; charset=iso-8859-1", "Grüße".to_owned(), Ok("Grüße")),
        ("Content-Type: text/plain; charset=gb2312", "~{<RCG~}".to_owned(), Err(())),
        ("Content-Type: text/plain; charset=us-ascii", "Gr+APwA3w-e".to_owned(), Err(())),
        ("Content-Type: text/plain; charset=utf-7", "Gr+APwA3w-e".to_owned(), Ok("Grüße")),
        ("Content-Type: text/plain; charset=hz-gb-2312", "~{<RCG~}".to_owned(), Err(())),
        (
            "Content-Type: text/plain; charset=utf-16le\nContent-Transfer-Encoding: base64",
            "RwByAPwA".to_owned(),
            Ok("Grü"),
        ),
        (
            "Content-Type: text/plain; charset=us-ascii\nContent-Transfer-Encoding: quoted-printable",
            "Gr=FC=DFe".to_owned(),
            Err(()),
        ),
    ] {
        let read = text(&format!("From: a@example.org\n{heads}\n\n{body}\n"));
        let read = read.map(|text| text.replace("From: a@example.org\n\n", ""));
        match shown {
            Ok(shown) => assert_eq!(read.as_deref(), Ok(shown), "{heads} {body:?}"),
            Err(()) => assert_eq!(read, Err(FileRefused::Encoding), "{heads} {body:?}"),
        }
    }
}

#[test]
fn q2_the_heads_of_a_message_are_read_truly_or_not_at_all() {
    for (head, shown) in [
        ("Subject: =?iso-2022-jp?B?GyRCOUEkTkElGyhC?=", Some("# 港の船")),
        ("Subject: =?utf-8?B?GyRCOUEkTkElGyhC?=", None),
        ("Subject: =?us-ascii?Q?=1B$B9A=1B(B?=", None),
        ("Subject: \x1b$B9A$NA%\x1b(B", None),
        ("Subject: =?iso-8859-1?Q?Gr=C3=BC=C3=9Fe?=", Some("# Grüße")),
        ("Subject: Grüße", Some("# Grüße")),
        ("Subject: a\nTo: \x1b$B9A\x1b(B <b@example.org>", None),
        ("Subject: a\nTo: =?utf-8?B?GyRCOUEbKEI=?= <b@example.org>", None),
        (
            "Subject: a\nCc: =?iso-2022-jp?B?GyRCOUEbKEI=?= <b@example.org>",
            Some("# a\n\nCc: 港 <b@example.org>"),
        ),
    ] {
        let read = text(&format!("{head}\n\nx\n"));
        let shown = shown.map(|shown| format!("{shown}\n\nx")).ok_or(FileRefused::Encoding);
        assert_eq!(read, shown, "{head}");
    }
    assert_eq!(extract(b"Subject: Gr\xfc\xdfe\r\n\r\nx").err(), Some(FileRefused::Encoding));
}

#[test]
fn k16_what_is_encrypted_or_no_message_is_refused() {
    let kind = |kind: &str| text(&format!("From: a@example.org\nContent-Type: {kind}\n\nx\n"));
    assert_eq!(kind("multipart/encrypted; boundary=b"), Err(FileRefused::Encrypted));
    assert_eq!(kind("application/pkcs7-mime; smime-type=enveloped-data"), Err(FileRefused::Encrypted));
    let signed = kind("application/PKCS7-mime; smime-type=signed-data").unwrap_err().to_string();
    assert!(signed.contains("its text is packed with its signature"), "{signed}");
    assert_eq!(extract(b"From: a@example.org\r\n\r\nGr\xfc\xdfe").err(), Some(FileRefused::Encoding));
    for other in ["", "plain text", "a,b\n1,2\n"] {
        assert!(matches!(text(other), Err(FileRefused::Damaged("EML", _))), "{other}");
    }
    // Parts in parts, and boundaries without end.
    let deep: String = (0..20_000).fold("From: a@example.org\n".to_owned(), |all, at| {
        format!("{all}Content-Type: multipart/mixed; boundary=b{at}\n\n--b{at}\n")
    });
    let _refused = text(&deep);
    let many =
        format!("Subject: a\nContent-Type: multipart/mixed; boundary=b\n\n{}", "--b\n\nx\n".repeat(50_000));
    assert!(text(&many).is_ok());
}

const HEAD: &str = "From: ada@example.org\n";

/// The text of a message of one part, or of these parts, without its head.
fn body(rest: &str) -> Result<String, FileRefused> {
    let text = text(&format!("{HEAD}{rest}"))?;
    Ok(text.replace(HEAD, "").trim().to_owned())
}

#[test]
fn q2_clear_text_behind_base64_is_read_and_base64_is_never_text() {
    let packed = |charset: &str, packed: &str| {
        body(&format!(
            "Content-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: base64\n\n{packed}\n"
        ))
    };
    assert_eq!(
        packed("utf-8", "R3LDvMOfZSE=\n\n_____\nthe harbor list").as_deref(),
        Ok("Grüße!\n\n_____\nthe harbor list")
    );
    assert_eq!(packed("utf-8", "R3LD!vMOf*ZSBhdXMgZGVtIEhhZmVu!").as_deref(), Ok("Grüße aus dem Hafen"));
    assert_eq!(packed("utf-16le", "RwByAPwA\n\n-- \nthe list").as_deref(), Ok("Grü\n\n-- \nthe list"));
    assert_eq!(packed("utf-8", "High at noon, low at six.").as_deref(), Ok("High at noon, low at six."));
    let page =
        "Content-Type: text/html\nContent-Transfer-Encoding: base64\n\nPHA+SGlnaDwvcD4=\n\n-- \na < b\n";
    assert_eq!(body(page).as_deref(), Ok("High\n\n-- \na < b"));
    let quoted = "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\nGr=C3=BC=\n=C3=9Fe\na == b";
    assert_eq!(body(quoted).as_deref(), Ok("Grüße\na == b"));
}

#[test]
fn q2_the_end_of_the_file_or_of_what_a_part_stands_in_ends_the_part() {
    for (message, shown) in [
        ("mixed; boundary=b\n\n--b\n\nHigh at noon.\n--b\n\nLow at six.", "High at noon.\n\nLow at six."),
        (
            "mixed; boundary=b\n\n--b\n\nHigh at noon.\n--b\n\nLow at six.\n--b",
            "High at noon.\n\nLow at six.",
        ),
        (
            "alternative; boundary=b\n\n--b\n\nas text\n--b\nContent-Type: text/html\n\n<p>High at noon",
            "High at noon",
        ),
        ("alternative; boundary=b\n\n--b\n\nHigh at noon", "High at noon"),
        (
            "mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; boundary=b1\n\n--b1\n\nHigh\n--b1\n\nat noon\n--b\n\nLow\n--b--\n",
            "High\n\nat noon\n\nLow",
        ),
        ("mixed; boundary=b\n\npreamble\n--b\nContent-Transfer-Encoding: base64\n\nSGlnaA==", "High"),
        (
            "mixed; boundary=b\n\n--b\nHigh at noon.\n\nLow at six.\n--b--\nepilogue",
            "High at noon.\n\nLow at six.",
        ),
    ] {
        assert_eq!(body(&format!("Content-Type: multipart/{message}")).as_deref(), Ok(shown), "{message}");
    }
    let packed = "Content-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/html\n\n<p>Here</p>";
    assert_eq!(page(packed.as_bytes()).as_deref(), Ok("Here"));
}

#[test]
fn q2_text_of_any_kind_is_read_as_plain_text_unless_it_is_a_file() {
    for kind in ["markdown; charset=utf-8", "enriched", "calendar; method=REQUEST", "csv", "x-new"] {
        assert_eq!(
            body(&format!("Content-Type: text/{kind}\n\nHigh, at noon\n")).as_deref(),
            Ok("High, at noon")
        );
    }
    let attached = "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nHigh\n--b\nContent-Type: text/csv; name=tides.csv\n\n1,2\n\
        --b\nContent-Type: text/calendar\nContent-Disposition: attachment; filename=tides.ics\n\nBEGIN\n--b--\n";
    assert_eq!(body(attached).as_deref(), Ok("High\n\nAttached: tides.csv\nAttached: tides.ics"));
    for without in ["Content-Type: multipart/mixed", "Content-Type: multipart/mixed; boundary=x"] {
        let shown = "High at noon.\n\nAttached: a.png";
        let parts = "--b\nContent-Type: text/plain\n\nHigh at noon.\n--b\nContent-Type: image/png; name=a.png\n\nAAAA\n";
        assert_eq!(body(&format!("{without}\n\n{parts}")).as_deref(), Ok(shown), "{without}");
        assert_eq!(body(&format!("{without}\n\n{parts}--b--\n")).as_deref(), Ok(shown), "{without}");
        let with_preamble = format!("{without}\n\nThis is a message in parts.\n{parts}");
        assert_eq!(body(&with_preamble).as_deref(), Ok(shown), "{without}");
        let ruled = "-----\nHigh: noon\nLow: six\n-----\nTides: two";
        assert_eq!(body(&format!("{without}\n\n{ruled}\n")).as_deref(), Ok(ruled), "{without}");
        assert_eq!(
            body(&format!("{without}\n\n--b\nHigh at noon.\n")).as_deref(),
            Ok("--b\nHigh at noon."),
            "{without}"
        );
    }
}

#[test]
fn q2_of_several_forms_of_a_text_the_best_that_has_text_is_read() {
    let plain = "--b\n\nas text\n";
    let page = "--b\nContent-Type: text/html\n\n<p>as a page\n";
    let empty = "--b\nContent-Type: text/html\n\n<img src=x>\n";
    let calendar = "--b\nContent-Type: text/calendar\n\nBEGIN\n";
    let related = "--b\nContent-Type: multipart/related; boundary=c\n\n--c\nContent-Type: text/html\n\n<p>as a page\n--c\n\
        Content-Type: image/png; name=a.png\n\nx\n--c\nContent-Type: text/css\n\np {}\n--c--\n";
    let unreadable = "--b\nContent-Type: text/plain; charset=utf-8\n\n\x1b$B9A\x1b(B\n";
    for (forms, shown) in [
        ([plain, page, calendar], "as a page"),
        ([plain, empty, ""], "as text"),
        ([plain, calendar, ""], "as text"),
        ([calendar, "", ""], "BEGIN"),
        ([plain, related, ""], "as a page\n\nAttached: a.png"),
        ([unreadable, page, ""], "as a page"),
    ] {
        let message = format!("Content-Type: multipart/alternative; boundary=b\n\n{}--b--\n", forms.concat());
        assert_eq!(body(&message).as_deref(), Ok(shown), "{message}");
    }
}

#[test]
fn q2_of_related_parts_the_one_that_they_belong_to_is_read_wherever_it_stands() {
    let picture = "--b\nContent-Type: image/png; name=a.png\nContent-ID: <a>\n\nx\n";
    let page = "--b\nContent-Type: text/html\nContent-ID: <root>\n\n<p>as a page\n";
    let other = "--b\nContent-Type: text/html\nContent-ID: <other>\n\n<p>a frame of it\n";
    for (start, parts, shown) in [
        ("", [page, picture, other], "as a page\n\nAttached: a.png"),
        ("; start=\"<root>\"", [picture, other, page], "as a page\n\nAttached: a.png"),
        ("; start=\"root\"", [other, page, picture], "as a page\n\nAttached: a.png"),
        ("; start=\"<none>\"", [page, other, picture], "as a page\n\nAttached: a.png"),
    ] {
        let message =
            format!("Content-Type: multipart/related; boundary=b{start}\n\n{}--b--\n", parts.concat());
        assert_eq!(body(&message).as_deref(), Ok(shown), "{message}");
    }
}

#[test]
fn q2_a_message_that_is_passed_on_is_read_with_its_heads() {
    let digest = "Content-Type: multipart/digest; boundary=b\n\n--b\n\nFrom: bob@example.org\nSubject: one\n\nHigh\n--b\n\n\
        Subject: two\nDate: Sun, 12 May 2024 14:30:00 +0200\n\nLow\n--b--\n";
    let shown =
        "Subject: one\nFrom: bob@example.org\n\nHigh\n\nSubject: two\nDate: 2024-05-12T14:30:00+02:00\n\nLow";
    assert_eq!(body(digest).as_deref(), Ok(shown));
    let passed_on = |heads: &str, message: &str| {
        body(&format!(
            "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nsee below\n--b\nContent-Type: message/rfc822\n{heads}\n{message}\n--b--\n"
        ))
    };
    let inner = "Subject: inner\nContent-Type: multipart/alternative; boundary=c\n\n--c\n\nas text\n--c\n\
        Content-Type: text/html\n\n<h1>High</h1>\n--c\nContent-Type: image/png; name=a.png\n\nx\n--c--";
    let shown = "see below\n\nSubject: inner\n\n# High\n\nAttached: a.png";
    assert_eq!(passed_on("Content-Disposition: inline\n", inner).as_deref(), Ok(shown));
    let packed = "U3ViamVjdDogaW5uZXIKCkhpZ2g=";
    let shown = "see below\n\nSubject: inner\n\nHigh";
    assert_eq!(passed_on("Content-Transfer-Encoding: base64\n", packed).as_deref(), Ok(shown));
    let attached = passed_on("Content-Disposition: attachment; filename=inner.eml\n", inner);
    assert_eq!(attached.as_deref(), Ok("see below\n\nAttached: inner.eml"));
}

#[test]
fn k16_parts_that_lie_too_deep_are_refused_and_not_left_out() {
    let nested = |depth: usize| {
        let heads: String = (0..depth).map(|_| "Content-Type: message/rfc822\n\n").collect();
        body(&format!("{heads}Subject: inner\n\nHigh\n"))
    };
    assert!(nested(20).is_ok_and(|read| read.ends_with("High")));
    assert!(matches!(nested(50), Err(FileRefused::Damaged("EML", _))));
    // What is packed again and again, and many short messages whose heads are long to look through.
    let packed =
        "Content-Type: message/rfc822\nContent-Transfer-Encoding: quoted-printable\n\n".repeat(10_000);
    assert!(matches!(body(&packed), Err(FileRefused::Damaged("EML", _))));
    let many = "--b\n\nSubject: \u{fffd}\n\n".repeat(50_000);
    assert!(body(&format!("Content-Type: multipart/digest; boundary=b\n\n{many}")).is_ok());
}
