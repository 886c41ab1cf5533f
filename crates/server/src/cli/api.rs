//! The API of a space, as its host's operator or an account calls it: HTTP over the control socket.

use std::fmt::Display;
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use reqwest::header::{ETAG, HeaderValue, IF_MATCH, RETRY_AFTER};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use syft_space_domain::secret::Secret;
use syft_space_domain::tenant::TenantName;

use crate::cli::durations::rounded_up;
use crate::cli::exit::{CommandError, ExitStatus, is_refused_for};
use crate::cli::password;
use crate::http::listener::OPERATOR_TENANT;
use crate::http::problem::ProblemBody;
use crate::http::reason::Reason;
use crate::routes::auth::{AccessToken, Login, Me, Refresh};
use crate::routes::operator::Tenant;
use crate::routes::reply::List;
use crate::startup::control::SocketPath;

/// How long a server may take to say that it is there.
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection is kept that nothing is asked over: less than the server keeps it.
const IDLE_TIMEOUT: Duration = Duration::from_secs(2);

const LOGIN: &str = "/api/v1/auth/login";
const REFRESH: &str = "/api/v1/auth/refresh";
const BROKE_OFF: &str = "the server's answer broke off";
const WHO_CAN_HELP: &str = "`syft-space users list` shows whose accounts there are, `syft-space users reset` lets one of \
                            them choose another password, and an owner or admin of the tenant can invite somebody with \
                            `syft-space invite`";
const CODE_NEEDED: &str = "a code of the second factor is needed too, and there is no terminal to ask for it: give it with \
                           --totp-file FILE, or on standard input with --totp-file -";
pub(super) const UNKNOWN_ANSWER: &str = "the server's answer is not what this version knows";

/// A client of the control socket.
pub(super) struct ApiClient {
    client: Client,
    tenant: Option<String>,
    /// The session of the account that calls, where it is not the operator.
    session: Mutex<Option<Session>>,
    /// A refresh token works once, so one renews at a time.
    renewing: tokio::sync::Mutex<()>,
    _socket: SocketPath,
}

/// The session of an account.
struct Session {
    access_token: Secret<String>,
    refresh_token: Secret<String>,
    renew_at: Instant,
}

impl Session {
    /// It is renewed when half of the time has passed for which its token is good.
    #[expect(clippy::disallowed_methods, reason = "a token's lifetime is told in seconds from now")]
    fn of(issued: AccessToken<'_>) -> Self {
        Self {
            access_token: Secret::new(issued.access_token.into_owned()),
            refresh_token: issued.refresh_token,
            renew_at: Instant::now() + Duration::from_secs(issued.expires_in / 2),
        }
    }
}

impl ApiClient {
    /// A client of this socket, at work in this tenant where one is named.
    pub(super) fn new(socket: SocketPath, tenant: Option<String>) -> anyhow::Result<Self> {
        let client = Client::builder()
            .unix_socket(socket.path())
            .no_proxy()
            .pool_idle_timeout(IDLE_TIMEOUT)
            .build()?;
        Ok(Self {
            client,
            tenant,
            session: Mutex::new(None),
            renewing: tokio::sync::Mutex::default(),
            _socket: socket,
        })
    }

    /// Logs an account in, as which all further requests are made.
    ///
    /// Whether it has a second factor is not told before the password was right: then a person is asked for the code.
    pub(super) async fn log_in(&mut self, login: &mut Login) -> anyhow::Result<()> {
        // A login tells nobody which tenants there are; whoever runs this on the host may know.
        self.check_tenant(login.tenant.as_ref()).await?;
        let mut outcome = self.post::<AccessToken<'_>>(LOGIN, login).await;
        if let Err(error) = &outcome
            && is_refused_for(error, Reason::TotpRequired)
        {
            let email = login.email.clone();
            // A server in this process goes on while the person types.
            let code = actix_web::rt::task::spawn_blocking(move || password::ask_code(&email)).await??;
            login.totp = Some(code.ok_or_else(|| CommandError::new(ExitStatus::Refused, CODE_NEEDED))?);
            outcome = self.post(LOGIN, login).await;
        }
        *self.session() = Some(Session::of(outcome?));
        Ok(())
    }

    /// Keeps the session of the account up, for a command that takes longer than an access token is good.
    #[expect(clippy::disallowed_methods, reason = "a token's lifetime is told in seconds from now")]
    pub(super) async fn renew_session(&self) -> anyhow::Result<()> {
        let _renewing = self.renewing.lock().await;
        let due = |session: &&Session| session.renew_at <= Instant::now();
        let refresh_token = self.session().as_ref().filter(due).map(|session| session.refresh_token.clone());
        let Some(refresh_token) = refresh_token else { return Ok(()) };
        let request = self.client.post(format!("http://space{REFRESH}")).json(&Refresh { refresh_token });
        let issued: AccessToken<'_> = self.read(request).await?;
        *self.session() = Some(Session::of(issued));
        Ok(())
    }

    fn session(&self) -> MutexGuard<'_, Option<Session>> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn access_token(&self) -> Option<Secret<String>> {
        self.session().as_ref().map(|session| session.access_token.clone())
    }

    /// Ends the session of the account that was logged in.
    pub(super) async fn log_out(&self) -> anyhow::Result<()> {
        match self.access_token() {
            Some(token) => self.end_session(token.expose()).await,
            None => Ok(()),
        }
    }

    /// Ends the session of an access token, where it has not ended by what was done.
    pub(super) async fn end_session(&self, access_token: &str) -> anyhow::Result<()> {
        let request = self.client.post("http://space/api/v1/auth/logout").bearer_auth(access_token);
        match request.send().await.context("the server did not answer")?.status() {
            StatusCode::UNAUTHORIZED => Ok(()),
            status if status.is_success() => Ok(()),
            status => anyhow::bail!("the session could not be ended: the server answered {status}"),
        }
    }

    /// Makes sure, as the operator, that there is a tenant of this name, or any where none is named.
    async fn check_tenant(&self, named: Option<&TenantName>) -> anyhow::Result<()> {
        let known: List<Tenant> = self.get("/operator/v1/tenants").await?;
        let message = match named {
            _ if known.items.is_empty() => {
                "there is no tenant yet; `syft-space owner create` founds the first one".to_owned()
            }
            Some(named) if known.items.iter().all(|tenant| tenant.name != *named) => {
                format!("there is no tenant {named}; `syft-space tenants list` shows which there are")
            }
            _ => return Ok(()),
        };
        Err(CommandError::new(ExitStatus::NotFound, message).into())
    }

    /// The tenant that was named.
    pub(super) fn named_tenant(&self) -> Result<Option<TenantName>, CommandError> {
        self.tenant.as_deref().map(|named| option("--tenant", named)).transpose()
    }

    /// The name of the tenant to work in: the one that was named, else the only one there is.
    pub(super) async fn tenant_name(&self) -> anyhow::Result<TenantName> {
        if let Some(named) = self.named_tenant()? {
            return Ok(named);
        }
        let known: List<Tenant> = self.get("/operator/v1/tenants").await?;
        let (status, message) = match &*known.items {
            [one] => return Ok(one.name.clone()),
            [] => {
                let message = "there is no tenant yet; `syft-space owner create` founds the first one";
                (ExitStatus::NotFound, message)
            }
            _ => (ExitStatus::Usage, "there are several tenants: say which one you mean with --tenant NAME"),
        };
        Err(CommandError::new(status, message).into())
    }

    /// The account that calls, and what it may.
    pub(super) async fn me(&self) -> anyhow::Result<Me> {
        self.get("/api/v1/auth/me").await
    }

    /// Whether a server answers.
    pub(super) async fn ping(&self) -> anyhow::Result<bool> {
        let ping = self.request(Method::GET, "/health/live", &[])?.timeout(PING_TIMEOUT);
        let Ok(answer) = ping.send().await else { return Ok(false) };
        let (status, body) = (answer.status(), answer.bytes().await.unwrap_or_default());
        if status.is_success() { Ok(true) } else { Err(refusal(status, &body).into()) }
    }

    /// A request to a path, with a query string.
    pub(super) fn request(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
    ) -> anyhow::Result<RequestBuilder> {
        let mut url = Url::parse(&format!("http://space{path}"))?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let request = self.client.request(method, url);
        Ok(match (self.access_token(), &self.tenant) {
            (Some(token), _) => request.bearer_auth(token.expose()),
            (None, Some(tenant)) => request.header(OPERATOR_TENANT.as_str(), tenant),
            (None, None) => request,
        })
    }

    /// A request to a path as the operator at work in this tenant, whichever was named besides.
    pub(super) fn request_in(
        &self,
        tenant: &TenantName,
        method: Method,
        path: &str,
    ) -> anyhow::Result<RequestBuilder> {
        let url = Url::parse(&format!("http://space{path}"))?;
        Ok(self.client.request(method, url).header(OPERATOR_TENANT.as_str(), tenant.as_str()))
    }

    /// Sends a request, and returns the body of its response.
    pub(super) async fn send(&self, request: RequestBuilder) -> anyhow::Result<Vec<u8>> {
        Ok(answered(request).await?.bytes().await.context(BROKE_OFF)?.into())
    }

    /// Sends a request, and returns its response as soon as its head is there.
    pub(super) async fn open(&self, request: RequestBuilder) -> anyhow::Result<Response> {
        answered(request).await
    }

    /// Sends a request, and takes the body of its response piece by piece. Answers how many bytes it had.
    pub(super) async fn stream(
        &self,
        request: RequestBuilder,
        mut take: impl FnMut(&[u8]) -> anyhow::Result<()>,
    ) -> anyhow::Result<u64> {
        let mut answer = answered(request).await?;
        let mut bytes = 0_u64;
        while let Some(piece) = answer.chunk().await.context(BROKE_OFF)? {
            take(&piece)?;
            bytes = bytes.saturating_add(u64::try_from(piece.len())?);
        }
        Ok(bytes)
    }

    /// Sends a request, and reads the body of its response.
    pub(super) async fn read<T: DeserializeOwned>(&self, request: RequestBuilder) -> anyhow::Result<T> {
        let body = self.send(request).await?;
        serde_json::from_slice(&body).context(UNKNOWN_ANSWER)
    }

    /// Sends a POST request with a JSON body, and reads the body of its response.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> anyhow::Result<T> {
        self.read(self.request(Method::POST, path, &[])?.json(body)).await
    }

    /// Sends a POST request with a JSON body, and reads the status and the body of its response.
    pub(super) async fn post_for_status<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> anyhow::Result<(StatusCode, T)> {
        let answer = answered(self.request(Method::POST, path, &[])?.json(body)).await?;
        let status = answer.status();
        let body = answer.bytes().await.context(BROKE_OFF)?;
        Ok((status, serde_json::from_slice(&body).context(UNKNOWN_ANSWER)?))
    }

    /// Sends a PUT request with a JSON body, and reads the body of its response.
    pub(super) async fn put<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> anyhow::Result<T> {
        self.read(self.request(Method::PUT, path, &[])?.json(body)).await
    }

    /// Sends a GET request, and reads the body of its response.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        self.read(self.request(Method::GET, path, &[])?).await
    }

    /// Reads a resource, and the revision of which it was.
    pub(super) async fn get_revision<T: DeserializeOwned>(
        &self,
        path: &str,
    ) -> anyhow::Result<(T, HeaderValue)> {
        let answer = answered(self.request(Method::GET, path, &[])?).await?;
        let revision = answer.headers().get(ETAG).cloned().context("the server named no revision")?;
        let body = answer.bytes().await.context(BROKE_OFF)?;
        Ok((serde_json::from_slice(&body).context(UNKNOWN_ANSWER)?, revision))
    }

    /// Changes a resource, if it is still of this revision, and reads the body of the response.
    pub(super) async fn change<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        revision: HeaderValue,
        body: &impl Serialize,
    ) -> anyhow::Result<T> {
        self.read(self.request(method, path, &[])?.header(IF_MATCH, revision).json(body)).await
    }

    /// Reads all of a list.
    pub(super) async fn all<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<Vec<T>> {
        self.collect(path, None).await
    }

    /// Reads all of a list of a tenant, as the operator.
    pub(super) async fn all_in<T: DeserializeOwned>(
        &self,
        tenant: &TenantName,
        path: &str,
    ) -> anyhow::Result<Vec<T>> {
        self.collect(path, Some(tenant)).await
    }

    async fn collect<T: DeserializeOwned>(
        &self,
        path: &str,
        tenant: Option<&TenantName>,
    ) -> anyhow::Result<Vec<T>> {
        let (mut all, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let mut query = vec![("limit", "100")];
            query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let mut request = self.request(Method::GET, path, &query)?;
            if let Some(tenant) = tenant {
                request = request.header(OPERATOR_TENANT.as_str(), tenant.as_str());
            }
            let page: List<T> = self.read(request).await?;
            all.extend(page.items);
            cursor = page.next_cursor;
            if cursor.is_none() {
                return Ok(all);
            }
        }
    }

    /// Reads a page of a list.
    pub(super) async fn page<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
        cursor: Option<&str>,
    ) -> anyhow::Result<List<T>> {
        let mut query = query.to_vec();
        query.extend(cursor.map(|cursor| ("cursor", cursor)));
        self.read(self.request(Method::GET, path, &query)?).await
    }
}

/// Sends a request, and returns its response unless that is a refusal.
async fn answered(request: RequestBuilder) -> anyhow::Result<Response> {
    let answer = request.send().await.context("the server did not answer")?;
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    // A limit tells when there is something left again. Any other refusal that does hopes for a better time.
    let wait = answer.headers().get(RETRY_AFTER).and_then(|wait| wait.to_str().ok()?.parse().ok());
    let wait: Option<u64> = wait.filter(|_| status == StatusCode::TOO_MANY_REQUESTS);
    let error = refusal(status, &answer.bytes().await.context(BROKE_OFF)?);
    Err(match wait {
        Some(seconds) => error.and(&format!("it is let in again in {}", rounded_up(seconds))).into(),
        None => error.into(),
    })
}

/// The error of a command whose request was refused.
fn refusal(status: StatusCode, body: &[u8]) -> CommandError {
    let exit_status = match status {
        StatusCode::NOT_FOUND => ExitStatus::NotFound,
        _ if status.is_client_error() => ExitStatus::Refused,
        _ => ExitStatus::Failed,
    };
    let Ok(ProblemBody { detail, reason_code, tenants, approval_id, .. }) = serde_json::from_slice(body)
    else {
        return CommandError::new(exit_status, format!("the server answered {status}"))
            .answered(status.as_u16());
    };
    let message = match tenants {
        _ if reason_code == Reason::CredentialsWrong.code() => format!("{detail}; {WHO_CAN_HELP}"),
        None => detail.into_owned(),
        Some(tenants) => format!("{detail}, with --tenant: {}", tenants.join(", ")),
    };
    CommandError::new(exit_status, message).because(reason_code).about(approval_id).answered(status.as_u16())
}

/// Reads an argument of the command line, and refuses it by its name, in the server's words, where it is not allowed.
pub(super) fn option<T: FromStr<Err: Display>>(name: &str, text: &str) -> Result<T, CommandError> {
    text.parse().map_err(|error| unusable(name, error))
}

/// The error of a command line with an argument that cannot be followed.
pub(super) fn unusable(name: &str, error: impl Display) -> CommandError {
    CommandError::new(ExitStatus::Usage, format!("{name}: {error}"))
}
