//! An identity provider for tests: it says what a test has it say, right or wrong.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Url;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use syft_space::system::SystemClock;
use syft_space_domain::time::Clock;
use syft_space_fakehub::{HubKey, hs256};

/// What the provider calls the space under test.
pub const CLIENT_ID: &str = "syft-space-under-test";

/// How a token is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signed {
    /// By the key that is shown.
    Well,
    /// By nothing.
    None,
    /// By an HMAC of the public key, as PEM.
    Hs256,
    /// By another key under the same name.
    OtherKey,
    /// By a key that is shown since the set was last fetched.
    NewKey,
}

/// What a path answers instead of what it should.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Nothing: the connection ends.
    BreaksOff,
    /// Nothing, ever.
    Hangs,
    /// More than anybody reads.
    Huge,
    /// A redirection.
    Redirects(String),
    /// This, as JSON.
    Says(Value),
    /// This status.
    Status(u16),
}

type Edit = Box<dyn Fn(&mut Value, &mut Value) + Send>;

pub struct State {
    keys: Vec<HubKey>,
    pub signed: Signed,
    /// Changes header and claims of a token before it is signed.
    pub edit: Edit,
    pub faults: HashMap<&'static str, Fault>,
    codes: HashMap<String, Asked>,
    /// What is told of a person to whoever asks, and not in the ID token.
    pub userinfo: Option<Value>,
    next: u32,
    pub calls: Vec<String>,
}

/// What an authorization request asked for, and of whom it will be told.
#[derive(Clone)]
struct Asked {
    nonce: String,
    challenge: String,
    redirect_uri: String,
    claims: Value,
}

/// A provider on loopback.
#[derive(Clone)]
pub struct Provider {
    base: String,
    state: Arc<Mutex<State>>,
}

pub fn now() -> u64 {
    u64::try_from(SystemClock.now().as_unix_micros() / 1_000_000).unwrap()
}

impl Provider {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let state = State {
            keys: vec![HubKey::insecure_test_key(0).unwrap().named("key-1")],
            signed: Signed::Well,
            edit: Box::new(|_, _| {}),
            faults: HashMap::new(),
            codes: HashMap::new(),
            userinfo: None,
            next: 0,
            calls: Vec::new(),
        };
        let provider = Self { base, state: Arc::new(Mutex::new(state)) };
        let serving = provider.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let provider = serving.clone();
                std::thread::spawn(move || provider.serve(stream));
            }
        });
        provider
    }

    pub fn issuer(&self) -> &str {
        &self.base
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Has header and claims of the tokens to come be changed, and signed so.
    pub fn forge(&self, signed: Signed, edit: impl Fn(&mut Value, &mut Value) + Send + 'static) {
        let mut state = self.state();
        state.signed = signed;
        state.edit = Box::new(edit);
    }

    /// Signs with another key of the same name from now on, and shows that.
    pub fn replace_key(&self) {
        let mut state = self.state();
        let name = state.keys[0].kid().to_owned();
        state.keys = vec![HubKey::insecure_test_key(1).unwrap().named(&name)];
    }

    /// Says what is right again.
    pub fn mend(&self) {
        self.forge(Signed::Well, |_, _| {});
        self.state().faults.clear();
    }

    pub fn fault(&self, path: &'static str, fault: Fault) {
        self.state().faults.insert(path, fault);
    }

    /// Signs somebody in, as in a browser that was sent to `url`: where the browser is sent back to.
    pub fn authorize(&self, url: &str, claims: Value) -> Url {
        let url = Url::parse(url).unwrap();
        assert!(url.as_str().starts_with(&format!("{}/authorize?", self.base)), "{url}");
        let asked: HashMap<String, String> = url.query_pairs().into_owned().collect();
        assert_eq!(asked["response_type"], "code");
        assert_eq!(asked["client_id"], CLIENT_ID);
        assert_eq!(asked["code_challenge_method"], "S256");
        assert!(asked["scope"].split(' ').any(|scope| scope == "openid"));
        let mut state = self.state();
        state.next += 1;
        let code = format!("code-{}", state.next);
        let mut back = Url::parse(&asked["redirect_uri"]).unwrap();
        back.query_pairs_mut()
            .append_pair("code", &code)
            .append_pair("state", &asked["state"])
            .append_pair("iss", &self.base)
            // What some providers add, and nobody need know.
            .append_pair("session_state", "x.y");
        let asked = Asked {
            nonce: asked["nonce"].clone(),
            challenge: asked["code_challenge"].clone(),
            redirect_uri: asked["redirect_uri"].clone(),
            claims,
        };
        state.codes.insert(code, asked);
        back
    }

    /// A logout token about somebody, changed before it is signed.
    pub fn logout_token(&self, about: &Value, edit: impl Fn(&mut Value, &mut Value)) -> String {
        let mut state = self.state();
        state.next += 1;
        let mut claims = json!({
            "iss": self.base, "aud": CLIENT_ID, "iat": now(), "exp": now() + 120, "jti": format!("jti-{}", state.next),
            "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
        });
        merge(&mut claims, about);
        let key = &state.keys[0];
        let mut header = json!({ "alg": "RS256", "kid": key.kid(), "typ": "logout+jwt" });
        edit(&mut header, &mut claims);
        sign(&state, &header, &claims)
    }

    fn serve(&self, mut stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut line = String::new();
        if reader.read_line(&mut line).is_err() || line.is_empty() {
            return;
        }
        let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
        let (mut length, mut authorization) = (0, String::new());
        loop {
            let mut header = String::new();
            if reader.read_line(&mut header).unwrap_or(0) == 0 || header.trim().is_empty() {
                break;
            }
            let (name, value) = header.trim().split_once(':').unwrap_or_default();
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse().unwrap(),
                "authorization" => value.trim().clone_into(&mut authorization),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let fault = {
            let mut state = self.state();
            state.calls.push(path.clone());
            state.faults.get(path.as_str()).cloned()
        };
        let (status, answer) = match fault {
            Some(Fault::BreaksOff) => return,
            Some(Fault::Hangs) => {
                // Until the other side gives up.
                drop(stream.read(&mut [0]));
                return;
            }
            Some(Fault::Huge) => {
                drop(stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"a\":\""));
                while stream.write_all(&[b'a'; 65_536]).is_ok() {}
                return;
            }
            Some(Fault::Redirects(to)) => {
                drop(write!(
                    stream,
                    "HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                ));
                return;
            }
            Some(Fault::Says(answer)) => (200, answer),
            Some(Fault::Status(status)) => (status, json!({ "error": "server_error" })),
            None => match path.as_str() {
                "/.well-known/openid-configuration" => (200, self.document()),
                "/jwks" => (200, self.keys()),
                "/userinfo" => match self.state().userinfo.clone() {
                    Some(info) if authorization == "Bearer opaque" => (200, info),
                    _ => (401, json!({})),
                },
                "/token" => self.token(&String::from_utf8(body).unwrap(), &authorization),
                _ => (404, json!({})),
            },
        };
        let answer = answer.to_string();
        drop(write!(
            stream,
            "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{answer}",
            answer.len()
        ));
    }

    /// The document, as it should be.
    pub fn document(&self) -> Value {
        let base = &self.base;
        let mut document = json!({
            "issuer": base, "authorization_endpoint": format!("{base}/authorize"),
            "token_endpoint": format!("{base}/token"), "jwks_uri": format!("{base}/jwks"),
            "response_types_supported": ["code"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"], "scopes_supported": ["openid", "email", "groups"],
            "authorization_response_iss_parameter_supported": true,
        });
        if self.state().userinfo.is_some() {
            document["userinfo_endpoint"] = json!(format!("{base}/userinfo"));
        }
        document
    }

    fn keys(&self) -> Value {
        json!({ "keys": self.state().keys.iter().map(|key| key.jwk().unwrap()).collect::<Vec<_>>() })
    }

    fn token(&self, form: &str, authorization: &str) -> (u16, Value) {
        let form: HashMap<String, String> =
            Url::parse(&format!("http://x/?{form}")).unwrap().query_pairs().into_owned().collect();
        let refused = |why: &str| (400, json!({ "error": "invalid_grant", "error_description": why }));
        let secret = URL_SAFE_NO_PAD.encode(format!("{CLIENT_ID}:{SECRET}"));
        let given = authorization
            .trim_start_matches("Basic ")
            .trim_end_matches('=')
            .replace('+', "-")
            .replace('/', "_");
        if given != secret {
            return (401, json!({ "error": "invalid_client" }));
        }
        let mut state = self.state();
        // A code works once.
        let Some(asked) = state.codes.remove(&form["code"]) else { return refused("unknown code") };
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(form["code_verifier"].as_bytes()));
        if challenge != asked.challenge || form["redirect_uri"] != asked.redirect_uri {
            return refused("another request's");
        }
        if state.signed == Signed::NewKey {
            state.keys = vec![HubKey::insecure_test_key(1).unwrap().named("key-2")];
        }
        let mut claims = json!({
            "iss": self.base, "aud": CLIENT_ID, "iat": now(), "exp": now() + 300, "nonce": asked.nonce,
        });
        merge(&mut claims, &asked.claims);
        let mut header = json!({ "alg": "RS256", "kid": state.keys[0].kid(), "typ": "JWT" });
        (state.edit)(&mut header, &mut claims);
        let token = sign(&state, &header, &claims);
        (
            200,
            json!({ "access_token": "opaque", "token_type": "Bearer", "expires_in": 300, "id_token": token }),
        )
    }
}

/// What proves to the provider who the space is.
pub const SECRET: &str = "a-client-secret-of-the-tests";

fn merge(into: &mut Value, from: &Value) {
    for (name, value) in from.as_object().unwrap() {
        into[name] = value.clone();
    }
}

fn sign(state: &State, header: &Value, claims: &Value) -> String {
    let key = &state.keys[0];
    let with = |alg: &str| {
        let mut header = header.clone();
        header["alg"] = json!(alg);
        header.to_string()
    };
    match state.signed {
        Signed::Well | Signed::NewKey => key.sign(header, claims).unwrap(),
        Signed::OtherKey => {
            HubKey::insecure_test_key(2).unwrap().named(key.kid()).sign(header, claims).unwrap()
        }
        Signed::Hs256 => hs256(&key.public_pem().unwrap(), &with("HS256"), &claims.to_string()).unwrap(),
        Signed::None => {
            let text = |text: String| URL_SAFE_NO_PAD.encode(text);
            format!("{}.{}.", text(with("none")), text(claims.to_string()))
        }
    }
}
