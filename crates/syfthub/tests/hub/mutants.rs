//! Mutations of a token.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use josekit::jws::{HS256, JwsSigner};
use serde_json::Value;

use crate::support::{KID, NOW, OTHER, OURS, claims, header};

/// A token that must be refused, or is one of the two that must not.
pub(crate) struct Mutant {
    pub(crate) kind: &'static str,
    pub(crate) token: String,
    /// Whether a rule of ours refuses it that the standards do not have: other verifiers may accept it.
    pub(crate) by_our_rules: bool,
}

/// Numbers that follow from a seed.
pub(crate) struct RandomChoices(blake3::OutputReader);

impl RandomChoices {
    pub(crate) fn new(seed: u64) -> Self {
        Self(blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof())
    }

    fn number(&mut self, below: usize) -> usize {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        usize::try_from(u64::from_le_bytes(bytes) % u64::try_from(below).unwrap()).unwrap()
    }

    fn of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.number(list.len())]
    }
}

/// Values that a member may be made to have: JSON as it is written.
const MUTATED_VALUES: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "-1",
    "1.5",
    "1e3",
    "1e400",
    "NaN",
    "Infinity",
    "\"\"",
    "\"x\"",
    "\"none\"",
    "[]",
    "{}",
    "[\"x\"]",
    "{\"x\":1}",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "18446744073709551616",
    "1800000000.0",
    "\"1800000000\"",
    "\"HS256\"",
    "\"RS512\"",
    "\"../../dev/null\"",
    "\"' OR 1=1 --\"",
    "\"owner\"",
    "\"guest\"",
    "[[[[[[[[]]]]]]]]",
    "9007199254740993",
    "\"hub-key-1 \"",
    "\"HUB-KEY-1\"",
    "1800000301",
    "1799999000",
    "\"https://hub.syft.com/\"",
    "\"SPACEOWNER\"",
    "[\"spaceowner\"]",
];

/// Members that a header, and claims, may not have.
const ADDED_PARAMETERS: &[&str] =
    &[r#""crit":["exp"]"#, r#""b64":false"#, r#""crit":[]"#, r#""x5t":"a","x5t":"b""#, r#"":1"#];
const ADDED_CLAIMS: &[&str] = &[
    r#""nbf":1800000006"#,
    r#""scope":"admin""#,
    r#""client_id":"x""#,
    r#""token_use":"access""#,
    r#""azp":"x""#,
    r#""nonce":"n""#,
    r#""jti":"x","jti":"y""#,
    r#"":1"#,
];

/// The same object with one member written otherwise, left out, or standing twice. The text of what it was.
fn object(dice: &mut RandomChoices, mut object: Value, added: &[&str]) -> (String, &'static str) {
    let names = object.as_object().unwrap().keys().cloned();
    // Without a type a token is as good.
    let names: Vec<String> = names.filter(|name| name != "typ").collect();
    let name = &names[dice.number(names.len())];
    let was = object.as_object_mut().unwrap().remove(name).unwrap();
    let written = was.to_string();
    let rest = object.to_string();
    let rest = rest.strip_suffix('}').unwrap();
    match dice.number(6) {
        0 => (format!("{rest}}}"), "a member left out"),
        1 => {
            let other = dice.of(MUTATED_VALUES);
            (format!(r#"{rest},"{name}":{was},"{name}":{other}}}"#), "a member twice")
        }
        2 => (format!(r#"{rest},"{name}":{was},{}}}"#, dice.of(added)), "one member more"),
        3 => (format!(r#"{rest},"{}":{was}}}"#, name.to_uppercase()), "a member's name in capitals"),
        4 => (format!(r#"{rest},"{name}":[{was}]}}"#), "a value in a list"),
        _ => {
            let other = dice.of(MUTATED_VALUES);
            // A hub may name any subject and any audience.
            let may_be = matches!(name.as_str(), "sub" | "aud") && other.starts_with('"');
            if may_be || other == written {
                return (format!("{rest}}}"), "a member left out");
            }
            (format!(r#"{rest},"{name}":{other}}}"#), "another value")
        }
    }
}

/// A byte order mark: some readers of JSON overlook it (RFC 8259, section 8.1, lets them).
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The same text as JSON that is none, or is no object.
fn oddity(dice: &mut RandomChoices, text: &str) -> Vec<u8> {
    let text = match dice.number(12) {
        0 => return [BYTE_ORDER_MARK, text.as_bytes()].concat(),
        1 => format!("{text}{text}"),
        2 => format!("{text},"),
        3 => format!("/* */{text}"),
        4 => text.replace('"', "'"),
        5 => format!("[{text}]"),
        6 => text.replace("\":", "\"="),
        7 => text.replacen('}', ",}", 1),
        8 => format!("\"{}\"", text.replace('"', "\\\"")),
        9 => text.replace("RS256", "RS256\n").replace("user", "us\ter"),
        10 => return [text.as_bytes(), &[0]].concat(),
        _ => return text.bytes().map(|byte| if byte == b'u' { 0xff } else { byte }).collect(),
    };
    text.into_bytes()
}

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A token made of the usual one by chance.
pub(crate) fn mutant(seed: u64) -> Mutant {
    let dice = &mut RandomChoices::new(seed);
    let good = OURS.token(KID, &claims());
    let [head, payload, signature] = good.split('.').collect::<Vec<_>>()[..] else { unreachable!() };
    let made = |kind, token, by_our_rules| Mutant { kind, token, by_our_rules };
    match dice.number(14) {
        // By somebody who can sign: what is wrong is what is said.
        0 => {
            let (header, kind) = object(dice, header(KID), ADDED_PARAMETERS);
            made(kind, OURS.sign(&header, &claims().to_string()), true)
        }
        1 | 2 => {
            let (claims, kind) = object(dice, claims(), ADDED_CLAIMS);
            made(kind, OURS.sign(&header(KID).to_string(), &claims), true)
        }
        3 => {
            let odd = oddity(dice, &header(KID).to_string());
            made("an odd header", OURS.sign_parts(&text(&odd), payload), odd.starts_with(BYTE_ORDER_MARK))
        }
        4 => {
            let odd = oddity(dice, &claims().to_string());
            made("odd claims", OURS.sign_parts(head, &text(&odd)), odd.starts_with(BYTE_ORDER_MARK))
        }
        5 => {
            let mut claims = claims();
            let shift = i64::try_from(dice.number(1_000_000)).unwrap() + 301;
            let member = dice.of(&["exp", "iat"]);
            let down = dice.number(2) == 0;
            let value = if down { NOW - shift } else { NOW + shift };
            claims[member] = value.into();
            // A long life, and one that begins long ago, are nothing to the standards.
            made("another time", OURS.token(KID, &claims), true)
        }
        // By somebody who cannot.
        6 => {
            let (header, _) = object(dice, header(KID), ADDED_PARAMETERS);
            made(
                "a header changed afterwards",
                format!("{}.{payload}.{signature}", text(header.as_bytes())),
                false,
            )
        }
        7 => {
            let (claims, _) = object(dice, claims(), ADDED_CLAIMS);
            made(
                "claims changed afterwards",
                format!("{head}.{}.{signature}", text(claims.as_bytes())),
                false,
            )
        }
        8 => made("another's signature", OTHER.token(KID, &claims()), false),
        9 => {
            let secret = match dice.number(3) {
                0 => OURS.keys.to_der_public_key(),
                1 => OURS.keys.to_pem_public_key(),
                _ => OURS.shown(KID)["n"].as_str().unwrap().as_bytes().to_vec(),
            };
            let header = text(header(KID).to_string().replace("RS256", "HS256").as_bytes());
            let signed = format!("{header}.{payload}");
            let mac = HS256.signer_from_bytes(secret).unwrap().sign(signed.as_bytes()).unwrap();
            made("a MAC by the public key", format!("{signed}.{}", text(&mac)), false)
        }
        10 => {
            let mut bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
            match dice.number(6) {
                0 => bytes.clear(),
                1 => bytes.fill(0),
                2 => bytes.fill(0xff),
                3 => bytes.truncate(dice.number(256)),
                4 => bytes.push(0),
                _ => {
                    let place = dice.number(bytes.len());
                    bytes[place] ^= 1 << dice.number(8);
                }
            }
            made("a changed signature", format!("{head}.{payload}.{}", text(&bytes)), false)
        }
        11 => {
            let place = dice.number(good.len());
            let mut token: Vec<char> = good.chars().collect();
            token[place] = dice.of(&['A', 'Q', '_', '-', '.', '=', ' ', '\n', '\0', 'é', '+', '/', '~', '%']);
            made("a changed character", token.into_iter().collect(), true)
        }
        12 => {
            let (from, to) = (dice.number(good.len()), dice.number(good.len() + 1));
            let (from, to) = (from.min(to), from.max(to));
            let place = dice.number(good.len());
            let token = match dice.number(3) {
                0 => format!("{}{}", &good[..from], &good[to..]),
                1 => good[from..to].to_owned(),
                _ => format!("{}{}{}", &good[..place], &good[from..to], &good[place..]),
            };
            made("a piece cut out, or moved", token, false)
        }
        _ => {
            let raw = URL_SAFE_NO_PAD.decode(signature).unwrap();
            let token = match dice.number(8) {
                0 => format!("{good}="),
                1 => format!("{head}.{payload}.{}", URL_SAFE.encode(&raw)),
                2 => format!("{head}.{payload}.{}", STANDARD.encode(&raw)),
                3 => format!("{good}."),
                4 => format!(".{good}"),
                5 => format!(" {good}"),
                6 => format!("{good}\n"),
                _ => format!(r#"{{"protected":"{head}","payload":"{payload}","signature":"{signature}"}}"#),
            };
            made("another encoding", token, true)
        }
    }
}

/// The token that all of them are made of.
pub(crate) fn good() -> String {
    OURS.token(KID, &claims())
}
