//! The way to the engine: a unix socket, or TCP with TLS on both sides. One connection for each call, on which the engine
//! may send so many bytes and no more.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bollard::errors::Error;
use bollard::{API_DEFAULT_VERSION, BollardRequest, ClientVersion, Docker};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderValue};
use hyper::{Request, Response, Uri};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use syft_space_domain::provisioning::DatabaseAddress;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// The most bytes of an answer. The longest one lists all databases, with some kilobytes for each.
const MAX_ANSWER: u64 = 64 * 1024 * 1024;

/// Where an engine is. There is no way to one in the clear but over a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EngineAddress {
    /// A unix socket: the engine's own, or that of a proxy that guards it.
    Unix(PathBuf),
    /// TCP. Each side shows the other its certificate.
    Tls {
        /// The engine's name or address, which its certificate names.
        host: String,
        /// Its port.
        port: u16,
        /// A PEM file with the authority of the engine's certificate. No other authority is believed, the system's neither.
        ca_file: PathBuf,
        /// A PEM file with the certificate that is shown to the engine.
        certificate_file: PathBuf,
        /// A PEM file with its key.
        key_file: PathBuf,
    },
}

/// No way to the engine can be made.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// A file cannot be used.
    #[error("{path}: {why}; write a PEM file there")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The engine's name.
    #[error("{0:?} is no name or address that a certificate could name")]
    Host(String),
    /// TLS cannot be set up.
    #[error("TLS to the container engine cannot be set up: {0}")]
    Tls(String),
}

/// What has been made of an [`EngineAddress`].
#[derive(Clone)]
pub(crate) enum Way {
    Unix(PathBuf),
    Tls { host: String, port: u16, name: ServerName<'static>, connector: TlsConnector },
}

impl Way {
    /// Reads the certificates. Nothing is called yet.
    pub(crate) fn new(address: &EngineAddress) -> Result<Self, TransportError> {
        match address {
            EngineAddress::Unix(path) => Ok(Self::Unix(path.clone())),
            EngineAddress::Tls { host, port, ca_file, certificate_file, key_file } => {
                let config = tls_config(ca_file, certificate_file, key_file)?;
                let name = ServerName::try_from(host.clone());
                Ok(Self::Tls {
                    host: host.clone(),
                    port: *port,
                    name: name.map_err(|_| TransportError::Host(host.clone()))?,
                    connector: TlsConnector::from(Arc::new(config)),
                })
            }
        }
    }

    /// A client that goes this way, in the version that is set later: bollard leaves it out of its paths, and an engine takes its newest
    /// then, which nobody here has seen. Nothing is called yet.
    pub(crate) fn client(
        &self,
        timeout: Duration,
        version: &Arc<OnceLock<ClientVersion>>,
    ) -> Result<Docker, Error> {
        let (way, version) = (self.clone(), Arc::clone(version));
        let send = move |request| {
            let (way, version) = (way.clone(), version.get().copied());
            async move { way.send(request, version).await }
        };
        // The name means nothing: where a request goes is decided above.
        Docker::connect_with_custom_transport(
            send,
            Some("http://engine"),
            timeout.as_secs().max(1),
            API_DEFAULT_VERSION,
        )
    }

    async fn send(
        self,
        mut request: BollardRequest,
        version: Option<ClientVersion>,
    ) -> Result<Response<Incoming>, Error> {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let path = version.map_or_else(|| path.to_owned(), |version| format!("/v{version}{path}"));
        *request.uri_mut() = path.parse::<Uri>()?;
        request.headers_mut().insert(HOST, HeaderValue::from_static("engine"));
        match self {
            Self::Unix(path) => exchange(UnixStream::connect(path).await?, request).await,
            Self::Tls { host, port, name, connector } => {
                let stream = TcpStream::connect((host.as_str(), port)).await?;
                exchange(connector.connect(name, stream).await?, request).await
            }
        }
    }
}

/// Sends a request, and answers the head of what comes back; the body is read by whoever has it.
fn exchange<S>(
    stream: S,
    request: BollardRequest,
) -> Pin<Box<dyn Future<Output = Result<Response<Incoming>, Error>> + Send>>
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    Box::pin(async move {
        let (reader, writer) = tokio::io::split(stream);
        let bounded = tokio::io::join(reader.take(MAX_ANSWER), writer);
        let (mut sender, connection) = http1::handshake(TokioIo::new(bounded)).await?;
        // It ends with the answer: nobody keeps the sender.
        tokio::spawn(connection);
        Ok(sender.send_request(request).await?)
    })
}

/// Whether a database says at this path that it is well.
pub(crate) async fn answers(address: DatabaseAddress, path: &'static str, within: Duration) -> bool {
    let asked = async {
        let stream = TcpStream::connect(address.socket()).await.ok()?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
        tokio::spawn(connection);
        let request = Request::get(path).header(HOST, "database").body(String::new()).ok()?;
        let response = sender.send_request(request).await.ok()?;
        Some(response.status().is_success())
    };
    timeout(within, asked).await.ok().flatten().unwrap_or(false)
}

fn tls_config(ca: &Path, certificate: &Path, key: &Path) -> Result<ClientConfig, TransportError> {
    let mut roots = RootCertStore::empty();
    for authority in certificates(ca)? {
        roots.add(authority).map_err(|error| wrong(ca, &error))?;
    }
    let key = PrivateKeyDer::from_pem_file(key).map_err(|error| wrong(key, &error))?;
    let tls = |error: rustls::Error| TransportError::Tls(error.to_string());
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(tls)?
        .with_root_certificates(roots)
        .with_client_auth_cert(certificates(certificate)?, key)
        .map_err(tls)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TransportError> {
    let all = CertificateDer::pem_file_iter(path).map_err(|error| wrong(path, &error))?;
    let all: Vec<_> = all.collect::<Result<_, _>>().map_err(|error| wrong(path, &error))?;
    if all.is_empty() {
        return Err(wrong(path, &"there is no certificate in it"));
    }
    Ok(all)
}

fn wrong(path: &Path, why: &impl ToString) -> TransportError {
    TransportError::File { path: path.to_owned(), why: why.to_string() }
}
