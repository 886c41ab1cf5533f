//! The values that are wrong for a field, by the kind of the field.

use serde_json::json;

use crate::hostile::case::SECRET;

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Email,
    Slug,
    GroupName,
    TenantName,
    /// One line that is not empty, of at most 100 characters.
    Name,
    /// One line of at most 500 characters.
    Line,
    /// Lines of at most 10,000 characters.
    Prose,
    /// One of a few words.
    Word,
    /// What a query is for.
    Purpose,
    Id,
    /// An id of something that is not wanted here, whatever it names.
    IdOfOther,
    /// A whole number from 1 to 100.
    Limit,
    /// A whole number from 0 to 3.
    ContextSize,
    /// A number from 0 to 1.
    Share,
    /// A number from -2 to 2, or a part of that.
    Penalty,
    /// A whole number from 1.
    Count,
    /// A time in whole seconds, which may be none.
    Seconds,
    Flag,
    /// A question of at most 32 KiB.
    Question,
    /// A new password.
    NewPassword,
    /// A password to compare.
    Password,
    /// A secret that is compared with another.
    Token,
    DocumentId,
    Content,
    /// Where a hub is.
    HubUrl,
    /// What a hub's tokens name as their issuer.
    Issuer,
    /// A name on a hub.
    HubUsername,
    Object,
    /// A list; what is in it has its own rows.
    List,
    /// Anything; its parts are checked elsewhere.
    Any,
}

/// A value that is wrong, as JSON text.
pub struct Wrong {
    pub what: String,
    pub json: String,
}

/// What JSON value a field takes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Type {
    Text,
    Number,
    Bool,
    Object,
    List,
    Any,
}

impl Kind {
    fn takes(self) -> Type {
        match self {
            Self::Limit | Self::ContextSize | Self::Share | Self::Penalty | Self::Count | Self::Seconds => {
                Type::Number
            }
            Self::Flag => Type::Bool,
            Self::Object => Type::Object,
            Self::List => Type::List,
            Self::Any => Type::Any,
            _ => Type::Text,
        }
    }

    /// Values of the wrong type, each with a secret in it where it can hold one.
    pub fn of_other_types(self, nullable: bool) -> Vec<Wrong> {
        let mut wrong = Vec::new();
        let mut add = |of: Type, json: String| {
            if self.takes() != of && self.takes() != Type::Any {
                wrong.push(Wrong { what: format!("is {json}"), json });
            }
        };
        add(Type::Text, format!("\"{SECRET}\""));
        add(Type::Text, "\"NaN\"".to_owned());
        add(Type::Number, SECRET.to_owned());
        add(Type::Number, "-0".to_owned());
        add(Type::Number, format!("-{SECRET}.25"));
        add(Type::Number, "1e300".to_owned());
        add(Type::Number, "18446744073709551616".to_owned());
        add(Type::Bool, "true".to_owned());
        add(Type::Bool, "false".to_owned());
        add(Type::List, "[]".to_owned());
        add(Type::List, format!("[\"{SECRET}\"]"));
        add(Type::Object, "{}".to_owned());
        add(Type::Object, format!("{{\"$gt\":\"{SECRET}\"}}"));
        if !nullable && self.takes() != Type::Any {
            wrong.push(Wrong { what: "is null".to_owned(), json: "null".to_owned() });
        }
        wrong
    }

    /// Values of the right type that are not allowed.
    pub fn not_allowed(self) -> Vec<Wrong> {
        let texts = |texts: Vec<(&str, String)>| {
            let wrong =
                |(what, text): (&str, String)| Wrong { what: what.to_owned(), json: json!(text).to_string() };
            texts.into_iter().map(wrong).collect::<Vec<_>>()
        };
        let numbers = |numbers: &[&str]| {
            let wrong = |text: &&str| Wrong { what: format!("is {text}"), json: (*text).to_owned() };
            numbers.iter().map(wrong).collect::<Vec<_>>()
        };
        match self {
            Self::Email => texts(emails()),
            Self::Slug => texts([slugs(), vec![("a uuid", UNKNOWN_ID.to_owned())]].concat()),
            Self::TenantName => texts(slugs()),
            Self::GroupName => {
                let mut names = slugs();
                names.retain(|(what, _)| *what != "two characters");
                texts(names)
            }
            Self::Name => {
                texts([empty(), unprintable(), long(100), vec![("two lines", "a\nb".to_owned())]].concat())
            }
            Self::Line => {
                texts([unprintable(), long(500), vec![("two lines", "a\r\nb".to_owned())]].concat())
            }
            Self::Prose => texts([unprintable(), long(10_000)].concat()),
            Self::Word => texts(words()),
            Self::Purpose => {
                let mut words = words();
                words.retain(|(what, _)| !["another word", "capitals"].contains(what));
                texts(words)
            }
            Self::Id => texts(ids()),
            Self::IdOfOther => {
                texts(ids().into_iter().filter(|(what, _)| !["unknown", "nil"].contains(what)).collect())
            }
            Self::Limit => numbers(&[
                "0",
                "101",
                "-1",
                "1.5",
                "5e-1",
                "18446744073709551615",
                "18446744073709551616",
                "-9223372036854775809",
                "-0",
                "1e300",
            ]),
            Self::ContextSize => {
                numbers(&["4", "-1", "1.5", "5e-1", "4294967296", "18446744073709551616", "1e300"])
            }
            Self::Share => {
                numbers(&["-0.1", "1.000001", "2", "-1e300", "1e39", "1e300", "18446744073709551616"])
            }
            Self::Penalty => numbers(&["-2.1", "2.1", "1e300", "-1e300", "18446744073709551616"]),
            Self::Seconds => numbers(&["-1", "1.5", "18446744073709551616", "1e300"]),
            Self::Count => numbers(&["0", "-1", "1.5", "18446744073709551616", "1e300", "-0"]),
            Self::Question => texts([empty(), long_bytes(32 * 1024)].concat()),
            Self::NewPassword => texts(
                [
                    vec![
                        ("14 characters", "ü".repeat(14)),
                        ("empty", String::new()),
                        ("common", "passwordpassword".to_owned()),
                    ],
                    long_bytes(1024),
                ]
                .concat(),
            ),
            Self::Password => texts(long_bytes(1024)),
            Self::DocumentId => texts(document_ids()),
            Self::Content => texts(
                [empty(), vec![("NUL", "a\0b".to_owned()), ("over 8 MiB", "x".repeat(8 * 1024 * 1024 + 1))]]
                    .concat(),
            ),
            Self::HubUrl => texts(hub_urls()),
            Self::Issuer => texts(issuers()),
            Self::HubUsername => texts(hub_usernames()),
            Self::Object => vec![Wrong {
                what: "over 16 KiB".to_owned(),
                json: json!({ "k": "v".repeat(16 * 1024) }).to_string(),
            }],
            Self::Flag | Self::Token | Self::List | Self::Any => Vec::new(),
        }
    }
}

fn hub_urls() -> Vec<(&'static str, String)> {
    let mut wrong = own(&[
        ("empty", ""),
        ("no scheme", "hub.example.org"),
        ("a path", "/etc/passwd"),
        ("a file", "file:///etc/passwd"),
        ("FTP", "ftp://hub.example.org"),
        ("script", "javascript:alert(1)"),
        ("a credential", "https://user:secret@hub.example.org"),
        ("a user", "https://user@hub.example.org"),
        ("a query", "https://hub.example.org/?x=1"),
        ("a fragment", "https://hub.example.org/#x"),
        ("no host", "https://"),
        ("a space in the host", "https://hub example.org"),
        ("NUL in the host", "https://hub\0.example.org"),
        ("a port that is none", "https://hub.example.org:65536"),
    ]);
    wrong.push(("long", format!("https://hub.example.org/{}", "a".repeat(480))));
    wrong
}

fn issuers() -> Vec<(&'static str, String)> {
    let mut wrong =
        own(&[("empty", ""), ("a space", "a b"), ("a line's end", "a\n"), ("NUL", "a\0b"), ("umlaut", "ü")]);
    wrong.push(("long", "a".repeat(256)));
    wrong
}

fn hub_usernames() -> Vec<(&'static str, String)> {
    let mut wrong = own(&[
        ("empty", ""),
        ("short", "ab"),
        ("a space", "space owner"),
        ("a slash", "spaceowner/x"),
        ("a long s", "\u{17f}pace"),
        ("NUL", "space\0owner"),
    ]);
    wrong.push(("long", "a".repeat(51)));
    wrong
}

const UNKNOWN_ID: &str = "0190d3a1-7c1e-7b7a-9c3e-2f6f3f1f0a11";

fn own<'a>(texts: &[(&'a str, &str)]) -> Vec<(&'a str, String)> {
    texts.iter().map(|(what, text)| (*what, (*text).to_owned())).collect()
}

fn empty() -> Vec<(&'static str, String)> {
    own(&[("empty", ""), ("a space", " "), ("spaces of all kinds", "\u{a0}\u{2003}\u{3000}\t")])
}

/// What no text for people holds.
fn unprintable() -> Vec<(&'static str, String)> {
    own(&[
        ("NUL", "a\0b"),
        ("backspace", "a\u{8}b"),
        ("escape sequence", "\u{1b}[31mred\u{1b}[0m"),
        ("DEL", "a\u{7f}b"),
        ("C1 control", "a\u{9b}31m"),
        ("next line", "a\u{85}b"),
        ("right-to-left override", "gpj\u{202e}exe"),
        ("left-to-right mark", "a\u{200e}b"),
        ("Arabic letter mark", "a\u{61c}b"),
        ("isolate", "a\u{2066}b\u{2069}"),
        ("line separator", "a\u{2028}b"),
        ("paragraph separator", "a\u{2029}b"),
    ])
}

fn long(max: usize) -> Vec<(&'static str, String)> {
    vec![
        ("one character too long", "é".repeat(max + 1)),
        ("as long, in the other normal form", "e\u{301}".repeat(max)),
        ("far too long", "x".repeat(max * 10)),
        ("nearly 1 MiB", "x".repeat(1_000_000)),
    ]
}

fn long_bytes(max: usize) -> Vec<(&'static str, String)> {
    vec![
        ("one byte too long", "x".repeat(max + 1)),
        ("too long in UTF-8", "ü".repeat(max / 2 + 1)),
        ("nearly 1 MiB", "x".repeat(1_000_000)),
    ]
}

fn emails() -> Vec<(&'static str, String)> {
    let mut emails = own(&[
        ("empty", ""),
        ("no @", "ada.example.com"),
        ("no name", "@example.com"),
        ("no domain", "ada@"),
        ("one label", "ada@localhost"),
        ("two @", "ada@evil.example@example.com"),
        ("quoted @", "\"ada@evil.example\"@example.com"),
        ("comment", "ada(evil)@example.com"),
        ("display name", "Ada <ada@example.com>"),
        ("list", "ada@example.com,eve@example.com"),
        ("url", "mailto:ada@example.com"),
        ("leading space", " ada@example.com"),
        ("trailing space", "ada@example.com "),
        ("trailing line", "ada@example.com\n"),
        ("header", "ada@example.com\r\nBcc: eve@example.com"),
        ("NUL in the name", "a\0da@example.com"),
        ("NUL at the end", "ada@example.com\0"),
        ("NUL and another domain", "ada@evil.example\0@example.com"),
        ("escape", "\u{1b}[2Jada@example.com"),
        ("right-to-left override", "\u{202e}moc.elpmaxe@ada"),
        ("zero width space", "a\u{200b}da@example.com"),
        ("byte order mark", "\u{feff}ada@example.com"),
        ("composed é", "andr\u{e9}@example.com"),
        ("decomposed é", "andre\u{301}@example.com"),
        ("KELVIN SIGN in the name", "mar\u{212a}@example.com"),
        ("KELVIN SIGN in the domain", "ada@\u{212a}elvin.example"),
        ("dotless i", "ad\u{131}@example.com"),
        ("full-width domain", "ada@ｅｘａｍｐｌｅ.com"),
        ("full-width @", "ada＠example.com"),
        ("ideographic full stop", "ada@example。com"),
        ("soft hyphen", "ada@exam\u{ad}ple.com"),
        ("percent", "ada%40example.com"),
        ("address", "ada@127.0.0.1"),
        ("address literal", "ada@[127.0.0.1]"),
        ("IPv6 literal", "ada@[IPv6:::1]"),
        ("decimal address", "ada@2130706433"),
        ("trailing dot", "ada@example.com."),
        ("empty label", "ada@example..com"),
        ("hyphen first", "ada@-example.com"),
        ("bad A-label", "ada@xn--a.example"),
        ("underscore", "ada@exa_mple.com"),
        ("dots", "a..da@example.com"),
        ("glob", "*@example.com"),
        ("SQL", "' OR '1'='1"),
        ("SQL at the end", "ada@example.com'; DROP TABLE account; --"),
        ("HTML", "<script>alert(1)</script>@example.com"),
        ("path", "../../etc/passwd@example.com/.."),
        ("surrogate pair", "\u{1f600}@example.com"),
    ]);
    emails.push(("255 bytes", format!("{}@{}.com", "a".repeat(60), "d.".repeat(95))));
    emails.push(("name of 65", format!("{}@example.com", "a".repeat(65))));
    emails.push(("label of 64", format!("ada@{}.com", "d".repeat(64))));
    emails.push(("10 kB", format!("{}@example.com", "a".repeat(10_000))));
    emails.push(("10 kB of @", "@".repeat(10_000)));
    emails.push(("nearly 1 MiB", format!("{}@example.com", "a".repeat(1_000_000))));
    emails
}

fn slugs() -> Vec<(&'static str, String)> {
    let mut slugs = own(&[
        ("empty", ""),
        ("two characters", "ab"),
        ("capitals", "Annual-Reports"),
        ("two hyphens", "annual--reports"),
        ("hyphen first", "-annual"),
        ("hyphen last", "annual-"),
        ("underscore", "annual_reports"),
        ("space", "annual reports"),
        ("trailing space", "annual "),
        ("path", "../../etc/passwd"),
        ("encoded path", "..%2f..%2fetc"),
        ("slash", "annual/reports"),
        ("backslash", "annual\\reports"),
        ("NUL", "annual\0"),
        ("line", "annual\n"),
        ("full width", "ａnnual"),
        ("Cyrillic а", "\u{430}nnual"),
        ("composed é", "caf\u{e9}s"),
        ("decomposed é", "cafe\u{301}s"),
        ("zero width space", "annual\u{200b}"),
        ("right-to-left override", "annual\u{202e}"),
        ("SQL", "a'; DROP TABLE endpoint; --"),
        ("HTML", "<b>annual</b>"),
        ("template", "{{7*7}}"),
        ("digits of another script", "\u{661}\u{662}\u{663}"),
    ]);
    slugs.push(("65 characters", "a".repeat(65)));
    slugs.push(("10 kB", "a".repeat(10_000)));
    slugs.push(("nearly 1 MiB", "a".repeat(1_000_000)));
    slugs
}

fn words() -> Vec<(&'static str, String)> {
    let mut words = own(&[
        ("empty", ""),
        ("another word", "root"),
        ("capitals", "OWNER"),
        ("NUL", "owner\0"),
        ("space", "owner "),
        ("full width", "ｏｗｎｅｒ"),
        ("list", "viewer,owner"),
        ("SQL", "owner' --"),
        ("prototype", "__proto__"),
    ]);
    words.push(("10 kB", "owner".repeat(2_000)));
    words
}

fn ids() -> Vec<(&'static str, String)> {
    let mut ids = own(&[
        ("empty", ""),
        ("no id", "1"),
        ("unknown", UNKNOWN_ID),
        ("nil", "00000000-0000-0000-0000-000000000000"),
        ("braces", "{0190d3a1-7c1e-7b7a-9c3e-2f6f3f1f0a11}"),
        ("urn", "urn:uuid:0190d3a1-7c1e-7b7a-9c3e-2f6f3f1f0a11"),
        ("no hyphens", "0190d3a17c1e7b7a9c3e2f6f3f1f0a11"),
        ("36 of something", "zzzzzzzz-zzzz-zzzz-zzzz-zzzzzzzzzzzz"),
        ("NUL", "0190d3a1-7c1e-7b7a-9c3e-2f6f3f1f0a1\0"),
        ("path", "../../../../etc/passwd/../../../etc.."),
        ("SQL", "' UNION SELECT password FROM account --"),
    ]);
    ids.push(("10 kB", "0".repeat(10_000)));
    ids
}

fn document_ids() -> Vec<(&'static str, String)> {
    let mut ids = own(&[
        ("empty", ""),
        ("dot", "."),
        ("two dots", ".."),
        ("path", "../doc"),
        ("encoded path", "..%2fdoc"),
        ("absolute", "/etc/passwd"),
        ("backslash", "..\\doc"),
        ("drive", "C:doc"),
        ("NUL", "doc\0.txt"),
        ("line", "doc\n"),
        ("space", "a doc"),
        ("composed é", "caf\u{e9}"),
        ("decomposed é", "cafe\u{301}"),
        ("right-to-left override", "doc\u{202e}txt.exe"),
        ("SQL", "doc'; DELETE FROM document; --"),
        ("HTML", "<img src=x onerror=alert(1)>"),
    ]);
    ids.push(("129 characters", "d".repeat(129)));
    ids.push(("10 kB", "d".repeat(10_000)));
    ids
}
