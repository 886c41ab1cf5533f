//! An authenticator app, as another than the server makes codes: by OpenSSL's HMAC, of the secret that a QR code holds.

use std::time::Duration;

use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;
use serde_json::{Value, json};
use syft_space::system::SystemClock;
use syft_space_domain::time::Clock;

use crate::space::{Client, PASSWORD};

/// The seconds that the code of a step is shown.
const STEP: u64 = 30;

/// An app with one secret.
#[derive(Clone)]
pub struct Authenticator(Vec<u8>);

impl Authenticator {
    /// The app that has read this secret in base 32.
    pub fn of(base32: &str) -> Self {
        let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0);
        for letter in base32.bytes() {
            let value =
                b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|known| *known == letter).unwrap();
            bits = (bits << 5) | u32::try_from(value).unwrap();
            held += 5;
            if held >= 8 {
                held -= 8;
                bytes.push(u8::try_from((bits >> held) & 0xff).unwrap());
            }
        }
        Self(bytes)
    }

    /// The code of a step (RFC 6238, section 4.2, and RFC 4226, section 5.3).
    fn code_of(&self, step: u64) -> String {
        let key = PKey::hmac(&self.0).unwrap();
        let mut signer = Signer::new(MessageDigest::sha1(), &key).unwrap();
        signer.update(&step.to_be_bytes()).unwrap();
        let hash = signer.sign_to_vec().unwrap();
        let at = usize::from(hash[19] & 0xf);
        let number = u32::from_be_bytes(hash[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
        format!("{:06}", number % 1_000_000)
    }

    /// The code of the present step, or of one so many steps away, with enough of the step left to be sent in it.
    pub async fn code(&self, drift: i64) -> String {
        let [code] = self.codes([drift], 3).await;
        code
    }

    /// The same of several steps, as of one moment, with more than so many seconds of the step left.
    pub async fn codes<const N: usize>(&self, drifts: [i64; N], seconds_left: u64) -> [String; N] {
        let seconds = loop {
            let now = SystemClock.now();
            let seconds = u64::try_from(now.as_unix_seconds()).unwrap();
            let left = STEP - seconds % STEP;
            if left > seconds_left {
                break seconds;
            }
            tokio::time::sleep(Duration::from_secs(left)).await;
        };
        drifts.map(|drift| self.code_of((seconds / STEP).checked_add_signed(drift).unwrap()))
    }

    /// A code of no step near.
    pub async fn wrong_code(&self) -> String {
        let near = [
            self.code(-2).await,
            self.code(-1).await,
            self.code(0).await,
            self.code(1).await,
            self.code(2).await,
        ];
        let candidates = (0..10).map(|digit| digit.to_string().repeat(6));
        candidates.into_iter().find(|code| !near.contains(code)).unwrap()
    }
}

/// Somebody's second factor.
pub struct Enrolled {
    pub app: Authenticator,
    pub recovery_codes: Vec<String>,
}

/// Enrols somebody whose password is that of everybody here; the code of the step before is used up by it.
pub async fn enrol(client: &Client) -> Enrolled {
    let begun = client.post("/auth/totp", &json!({ "password": PASSWORD })).await.expect(201);
    let app = Authenticator::of(begun.body["secret"].as_str().unwrap());
    let confirmed =
        client.post("/auth/totp/confirm", &json!({ "code": app.code(-1).await })).await.expect(200);
    Enrolled { app, recovery_codes: recovery_codes(&confirmed.body) }
}

pub fn recovery_codes(body: &Value) -> Vec<String> {
    let codes = body["recovery_codes"].as_array().unwrap();
    codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect()
}

#[test]
fn a5_the_app_shows_the_codes_of_the_rfc() {
    // RFC 6238, appendix B, whose secret is the text of these digits.
    let app = Authenticator::of("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
        assert_eq!(app.code_of(seconds / STEP), code);
    }
}
