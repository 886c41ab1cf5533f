//! The handle of a running hub: starts and stops it, changes its state, and reads its recorded requests.

use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::Arc;

use serde_json::{Value, json};
use socket2::{Domain, Protocol, Socket, Type};

use crate::mode::Mode;
use crate::routes::{Route, mint_satellite_token};
use crate::server::ServerThread;
use crate::shared::Shared;
use crate::state::{HubState, UserRole};
use crate::wire::Request;
use crate::{FakeHubError, HubKey, HubOptions};

const MAX_PENDING_CONNECTIONS: i32 = 128;

/// A fake hub.
pub struct FakeHub;

impl FakeHub {
    /// Starts a hub. It stops when the handle is dropped.
    ///
    /// # Errors
    /// When the address is not a loopback address, or the port cannot be bound.
    pub fn start(options: HubOptions) -> Result<RunningHub, FakeHubError> {
        if !options.address.is_loopback() {
            return Err(FakeHubError::NotLoopback(options.address));
        }
        let socket = bind(SocketAddr::new(options.address, options.port))?;
        let address =
            socket.local_addr()?.as_socket().ok_or_else(|| std::io::Error::other("it has no address"))?;
        let shared = Arc::new(Shared::new(HubState::new(options)?));
        let mut running = RunningHub { shared, address, server: None, bound_socket: Some(socket) };
        running.up()?;
        Ok(running)
    }
}

/// Binds a port. It refuses connections until something listens on it.
fn bind(address: SocketAddr) -> std::io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

/// The handle of a running hub. The hub stops when it is dropped.
pub struct RunningHub {
    shared: Arc<Shared>,
    address: SocketAddr,
    server: Option<ServerThread>,
    /// Keeps the port while the server is down.
    bound_socket: Option<Socket>,
}

impl RunningHub {
    /// The URL of the hub, without a trailing slash.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The IP address of the hub.
    #[must_use]
    pub fn address(&self) -> IpAddr {
        self.address.ip()
    }

    /// Stops listening: new connections are refused, and open ones end. The hub keeps its state.
    ///
    /// # Errors
    /// When the port cannot be bound again.
    pub fn down(&mut self) -> Result<(), FakeHubError> {
        if let Some(server) = self.server.take() {
            self.shared.set_down(true);
            server.stop();
            self.bound_socket = Some(bind(self.address)?);
        }
        Ok(())
    }

    /// Listens again, at the same address.
    ///
    /// # Errors
    /// When the port cannot be listened on.
    pub fn up(&mut self) -> Result<(), FakeHubError> {
        if let Some(socket) = self.bound_socket.take() {
            self.shared.set_down(false);
            socket.listen(MAX_PENDING_CONNECTIONS)?;
            socket.set_nonblocking(true)?;
            self.server = Some(ServerThread::start(Arc::clone(&self.shared), TcpListener::from(socket))?);
        }
        Ok(())
    }

    /// Sets the mode of one route.
    pub fn set_mode(&self, route: Route, mode: Mode) {
        self.shared.control().set(route, mode);
        self.shared.wake();
    }

    /// Sets the mode of every route.
    pub fn set_mode_everywhere(&self, mode: Mode) {
        self.shared.control().set_everywhere(mode);
        self.shared.wake();
    }

    /// The number of requests of a route.
    #[must_use]
    pub fn calls(&self, route: Route) -> usize {
        self.shared.control().calls(route)
    }

    /// The requests of a route, in the order of arrival.
    #[must_use]
    pub fn requests(&self, route: Route) -> Vec<Request> {
        self.shared.control().requests(route)
    }

    /// Clears the recorded requests and their counts.
    pub fn forget_requests(&self) {
        self.shared.control().forget_requests();
    }

    /// Sets whether the hub supports satellites.
    pub fn set_satellites(&self, is_supported: bool) {
        self.shared.hub().supports_satellites = is_supported;
    }

    /// Registers a user, and returns the id.
    ///
    /// # Errors
    /// When the hub refuses the registration, as it would over HTTP.
    pub fn add_user(&self, username: &str, email: &str, password: &str) -> Result<u64, FakeHubError> {
        let body = json!({"username": username, "email": email, "full_name": username, "password": password});
        let response = self.call(Route::Register, None, &body)?;
        Ok(response.pointer("/user/id").and_then(Value::as_u64).unwrap_or_default())
    }

    /// Creates a personal access token of a user, and returns its text.
    ///
    /// # Errors
    /// When there is no such user.
    pub fn create_pat(&self, username: &str) -> Result<String, FakeHubError> {
        let session = {
            let mut hub = self.shared.hub();
            let user = hub.user_named_mut(username)?.clone();
            let session = crate::routes::create_session(&mut hub, &user, crate::state::SessionKind::Access);
            session.map_err(|response| FakeHubError::Refused {
                status: response.status,
                body: response.body.unwrap_or_default().to_string(),
            })?
        };
        let response = self.call(Route::CreatePat, Some(&session), &json!({"name": "space"}))?;
        Ok(response.get("token").and_then(Value::as_str).unwrap_or_default().to_owned())
    }

    /// Handles a request without HTTP and without recording it.
    fn call(&self, route: Route, bearer: Option<&str>, body: &Value) -> Result<Value, FakeHubError> {
        let request = route.request(bearer, body, "the test itself");
        let mut hub = self.shared.hub();
        let rate_limits = std::mem::replace(&mut hub.rate_limits, false);
        let response = route.handle(&mut hub, &request);
        hub.rate_limits = rate_limits;
        response.map(|response| response.body.unwrap_or_default()).map_err(|response| FakeHubError::Refused {
            status: response.status,
            body: response.body.unwrap_or_default().to_string(),
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

    /// Changes a user's e-mail address.
    ///
    /// # Errors
    /// When there is no such user.
    pub fn set_email(&self, username: &str, email: &str) -> Result<(), FakeHubError> {
        email.clone_into(&mut self.shared.hub().user_named_mut(username)?.email);
        Ok(())
    }

    /// Changes a user's role.
    ///
    /// # Errors
    /// When there is no such user.
    pub fn set_role(&self, username: &str, role: UserRole) -> Result<(), FakeHubError> {
        self.shared.hub().user_named_mut(username)?.role = role;
        Ok(())
    }

    /// Mints a satellite token of a user for any audience, without recording a request.
    ///
    /// # Errors
    /// When there is no such user.
    pub fn mint_token(&self, username: &str, audience: &str) -> Result<String, FakeHubError> {
        let mut hub = self.shared.hub();
        let user = hub.user_named_mut(username)?.clone();
        mint_satellite_token(&hub, &user.id.to_string(), audience, user.role.as_str())
    }

    /// Mints a guest's satellite token for any audience.
    ///
    /// # Errors
    /// When OpenSSL fails.
    pub fn mint_guest_token(&self, audience: &str) -> Result<String, FakeHubError> {
        mint_satellite_token(&self.shared.hub(), "guest", audience, "guest")
    }

    /// Mints a token with any claims, the hub's key and its usual header. For other headers and keys, see [`HubKey`].
    ///
    /// # Errors
    /// When OpenSSL fails.
    pub fn mint_claims(&self, claims: &Value) -> Result<String, FakeHubError> {
        let key = self.key();
        key.sign(&key.header(), claims)
    }

    /// The key that signs satellite tokens.
    #[must_use]
    pub fn key(&self) -> HubKey {
        self.shared.hub().key.clone()
    }

    /// Replaces all keys by this one. It has the same key id, as on a real hub, unless [`HubKey::named`] changed it.
    ///
    /// # Errors
    /// When OpenSSL cannot export the key.
    pub fn replace_key(&self, key: HubKey) -> Result<(), FakeHubError> {
        let mut hub = self.shared.hub();
        hub.published_keys = vec![key.jwk()?];
        hub.older_keys.clear();
        hub.key = key;
        Ok(())
    }

    /// Signs with this key from now on, and keeps the older keys published and valid.
    ///
    /// # Errors
    /// When OpenSSL cannot export the key.
    pub fn add_key(&self, key: HubKey) -> Result<(), FakeHubError> {
        let mut hub = self.shared.hub();
        let jwk = key.jwk()?;
        hub.published_keys.push(jwk);
        let previous = std::mem::replace(&mut hub.key, key);
        hub.older_keys.push(previous);
        Ok(())
    }

    /// The keys in the JWKS.
    #[must_use]
    pub fn published_keys(&self) -> Vec<Value> {
        self.shared.hub().published_keys.clone()
    }

    /// Replaces the keys in the JWKS. The signing key stays.
    pub fn publish_keys(&self, keys: Vec<Value>) {
        self.shared.hub().published_keys = keys;
    }
}

impl Drop for RunningHub {
    fn drop(&mut self) {
        // Stalled requests would keep the server from stopping.
        self.set_mode_everywhere(Mode::Healthy);
        if let Some(server) = self.server.take() {
            server.stop();
        }
    }
}
