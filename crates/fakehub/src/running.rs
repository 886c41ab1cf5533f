//! How does a test hold the hub in its hands?

use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::Arc;

use serde_json::{Value, json};
use socket2::{Domain, Protocol, Socket, Type};

use crate::mode::Mode;
use crate::routes::{Route, satellite_token};
use crate::server::{Serving, Shared};
use crate::state::{Hub, UserRole};
use crate::wire::Request;
use crate::{FakeHubError, HubKey, HubOptions};

const BACKLOG: i32 = 128;

/// A fake hub.
pub struct FakeHub;

impl FakeHub {
    /// Starts a hub, which is stopped when the handle is dropped.
    ///
    /// # Errors
    /// When the address is not a loopback one, or cannot be had.
    pub fn start(options: HubOptions) -> Result<Running, FakeHubError> {
        if !options.address.is_loopback() {
            return Err(FakeHubError::NotLoopback(options.address));
        }
        let socket = bound(SocketAddr::new(options.address, options.port))?;
        let address =
            socket.local_addr()?.as_socket().ok_or_else(|| std::io::Error::other("it has no address"))?;
        let shared = Arc::new(Shared::new(Hub::new(options)?));
        let mut running = Running { shared, address, serving: None, reserved: Some(socket) };
        running.up()?;
        Ok(running)
    }
}

/// A port that is ours, and refuses connections until it is listened on.
fn bound(address: SocketAddr) -> std::io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

/// A hub that was started. Dropped, it stops.
pub struct Running {
    shared: Arc<Shared>,
    address: SocketAddr,
    serving: Option<Serving>,
    /// Holds the port while nobody listens on it.
    reserved: Option<Socket>,
}

impl Running {
    /// Where it is, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> IpAddr {
        self.address.ip()
    }

    /// Stops listening: connections are refused, and those there are end. What the hub knows stays.
    ///
    /// # Errors
    /// When the port cannot be kept.
    pub fn down(&mut self) -> Result<(), FakeHubError> {
        if let Some(serving) = self.serving.take() {
            self.shared.set_silent(true);
            serving.end();
            self.reserved = Some(bound(self.address)?);
        }
        Ok(())
    }

    /// Listens again, at the same address.
    ///
    /// # Errors
    /// When the port cannot be listened on.
    pub fn up(&mut self) -> Result<(), FakeHubError> {
        if let Some(socket) = self.reserved.take() {
            self.shared.set_silent(false);
            socket.listen(BACKLOG)?;
            socket.set_nonblocking(true)?;
            self.serving = Some(Serving::begin(Arc::clone(&self.shared), TcpListener::from(socket))?);
        }
        Ok(())
    }

    /// Makes one route answer so from now on.
    pub fn set_mode(&self, route: Route, mode: Mode) {
        self.shared.control().set(route, mode);
        self.shared.wake();
    }

    /// Makes every route answer so from now on.
    pub fn set_mode_everywhere(&self, mode: Mode) {
        self.shared.control().set_everywhere(mode);
        self.shared.wake();
    }

    /// How often a route was called.
    #[must_use]
    pub fn calls(&self, route: Route) -> usize {
        self.shared.control().calls(route)
    }

    /// What was sent to a route, in the order in which it came.
    #[must_use]
    pub fn requests(&self, route: Route) -> Vec<Request> {
        self.shared.control().requests(route)
    }

    /// Forgets which requests came, and how many.
    pub fn forget_requests(&self) {
        self.shared.control().forget_requests();
    }

    /// Makes the hub one that knows satellites, or one that does not.
    pub fn set_satellites(&self, known: bool) {
        self.shared.hub().satellites_known = known;
    }

    /// Makes a user, and answers their id.
    ///
    /// # Errors
    /// When the hub refuses the registration, as it would over HTTP.
    pub fn add_user(&self, username: &str, email: &str, password: &str) -> Result<u64, FakeHubError> {
        let body = json!({"username": username, "email": email, "full_name": username, "password": password});
        let answer = self.call(Route::Register, None, &body)?;
        Ok(answer.pointer("/user/id").and_then(Value::as_u64).unwrap_or_default())
    }

    /// Makes a personal access token of a user, and answers its text.
    ///
    /// # Errors
    /// When there is no such user.
    pub fn pat_of(&self, username: &str) -> Result<String, FakeHubError> {
        let session = {
            let mut hub = self.shared.hub();
            let user = hub.user_named_mut(username)?.clone();
            let session = crate::routes::session(&mut hub, &user, crate::state::SessionKind::Access);
            session.map_err(|answer| FakeHubError::Refused {
                status: answer.status,
                body: answer.body.unwrap_or_default().to_string(),
            })?
        };
        let answer = self.call(Route::CreatePat, Some(&session), &json!({"name": "space"}))?;
        Ok(answer.get("token").and_then(Value::as_str).unwrap_or_default().to_owned())
    }

    /// Calls a route without HTTP; it is not counted.
    fn call(&self, route: Route, bearer: Option<&str>, body: &Value) -> Result<Value, FakeHubError> {
        let (method, path) = route.pattern();
        let authorization = bearer.map(|token| ("authorization".to_owned(), format!("Bearer {token}")));
        let request = Request {
            method: method.to_owned(),
            path: path.to_owned(),
            query: Vec::new(),
            headers: authorization.into_iter().collect(),
            body: body.to_string().into_bytes(),
            // Not an address, so that no limit of one counts it.
            peer: "the test itself".to_owned(),
        };
        let mut hub = self.shared.hub();
        let limits = std::mem::replace(&mut hub.rate_limits, false);
        let answer = route.answer(&mut hub, &request);
        hub.rate_limits = limits;
        answer.map(|answer| answer.body.unwrap_or_default()).map_err(|answer| FakeHubError::Refused {
            status: answer.status,
            body: answer.body.unwrap_or_default().to_string(),
        })
    }

    /// Deactivates a user, or activates them again.
    ///
    /// # Errors
    /// When there is no such user.
    pub fn set_active(&self, username: &str, is_active: bool) -> Result<(), FakeHubError> {
        self.shared.hub().user_named_mut(username)?.is_active = is_active;
        Ok(())
    }

    /// Gives a user another address.
    ///
    /// # Errors
    /// When there is no such user.
    pub fn set_email(&self, username: &str, email: &str) -> Result<(), FakeHubError> {
        email.clone_into(&mut self.shared.hub().user_named_mut(username)?.email);
        Ok(())
    }

    /// Promotes or demotes a user.
    ///
    /// # Errors
    /// When there is no such user.
    pub fn set_role(&self, username: &str, role: UserRole) -> Result<(), FakeHubError> {
        self.shared.hub().user_named_mut(username)?.role = role;
        Ok(())
    }

    /// A satellite token of a user for any audience, minted as the hub mints them, and not counted.
    ///
    /// # Errors
    /// When there is no such user.
    pub fn token_of(&self, username: &str, audience: &str) -> Result<String, FakeHubError> {
        let mut hub = self.shared.hub();
        let user = hub.user_named_mut(username)?.clone();
        satellite_token(&hub, &user.id.to_string(), audience, user.role.as_str())
    }

    /// A guest's satellite token for any audience.
    ///
    /// # Errors
    /// When OpenSSL refuses.
    pub fn guest_token(&self, audience: &str) -> Result<String, FakeHubError> {
        satellite_token(&self.shared.hub(), "guest", audience, "guest")
    }

    /// A token of any claims, under the hub's key and its usual header. For other headers and keys, see [`HubKey`].
    ///
    /// # Errors
    /// When OpenSSL refuses.
    pub fn mint(&self, claims: &Value) -> Result<String, FakeHubError> {
        let key = self.key();
        key.sign(&key.header(), claims)
    }

    /// What the hub signs with.
    #[must_use]
    pub fn key(&self) -> HubKey {
        self.shared.hub().key.clone()
    }

    /// Replaces the key: from now on the new one signs, and it alone is shown and known. Under the same id, as hubs do
    /// it, unless the key was given another.
    ///
    /// # Errors
    /// When OpenSSL refuses the key.
    pub fn replace_key(&self, key: HubKey) -> Result<(), FakeHubError> {
        let mut hub = self.shared.hub();
        hub.shown = vec![key.jwk()?];
        hub.older_keys.clear();
        hub.key = key;
        Ok(())
    }

    /// Makes a new key sign, and goes on showing and knowing those before it.
    ///
    /// # Errors
    /// When OpenSSL refuses the key.
    pub fn add_key(&self, key: HubKey) -> Result<(), FakeHubError> {
        let mut hub = self.shared.hub();
        let jwk = key.jwk()?;
        hub.shown.push(jwk);
        let before = std::mem::replace(&mut hub.key, key);
        hub.older_keys.push(before);
        Ok(())
    }

    /// What the JWKS shows.
    #[must_use]
    pub fn shown_keys(&self) -> Vec<Value> {
        self.shared.hub().shown.clone()
    }

    /// Makes the JWKS show just this, whatever it is. What signs stays.
    pub fn show_keys(&self, keys: Vec<Value>) {
        self.shared.hub().shown = keys;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Whoever is held would keep the server from stopping.
        self.set_mode_everywhere(Mode::Healthy);
        if let Some(serving) = self.serving.take() {
            serving.end();
        }
    }
}
