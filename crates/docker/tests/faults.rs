//! What the adapter makes of an engine that is away, slow, or none at all: a clear error, in bounded time.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests and their helpers may panic")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use syft_space_docker::{
    DatabaseImage, DockerProvisioner, DockerSettings, EngineAddress, ImageReference, Images, Installation,
    Limits, Reach, Timeouts, TransportError,
};
use syft_space_domain::dataset::VectorDatabaseKind;
use syft_space_domain::ids::{DatasetId, TenantId};
use syft_space_domain::provisioning::DatabaseCredential;
use syft_space_domain::provisioning::ports::{DatabaseStatus, ProvisionError, Provisioner};
use syft_space_domain::tenant::{OperatorScope, TenantScope};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, UnixListener};

const SECRET: &str = "5ec4e75ec4e75ec4e75ec4e75ec4e75ec4e75ec4e75ec4e75ec4e75ec4e7abcd";

fn provisioner(engine: EngineAddress) -> Result<DockerProvisioner, TransportError> {
    let image = ImageReference::parse(&format!("sha256:{}", "0".repeat(64))).unwrap();
    DockerProvisioner::new(DockerSettings {
        engine,
        installation: Installation::of_name("faults.test"),
        images: Images { chroma: Some(DatabaseImage::new(image, 1000).unwrap()), qdrant: None },
        pool: "10.213.0.0/24".parse().unwrap(),
        reach: Reach::Bridge,
        limits: Limits::new(64, 500, 32).unwrap(),
        timeouts: Timeouts {
            call: Duration::from_secs(1),
            whole: Duration::from_secs(20),
            stop: Duration::from_secs(1),
        },
    })
}

fn scope() -> TenantScope {
    TenantScope::assume(TenantId::from_bytes([1; 16]), "a test")
}

fn dataset() -> DatasetId {
    DatasetId::from_bytes([2; 16])
}

/// All uses of the port, and how each went.
async fn use_all(space: &DockerProvisioner) -> [Result<(), ProvisionError>; 5] {
    let (scope, secret) = (scope(), DatabaseCredential::read(SECRET).unwrap());
    [
        space.provision(&scope, dataset(), VectorDatabaseKind::Chroma, &secret).await.map(drop),
        space.status(&scope, dataset()).await.map(drop),
        space.deprovision(&scope, dataset()).await,
        space.deprovision_all(&scope).await,
        space.provisioned(&OperatorScope::at_startup()).await.map(drop),
    ]
}

/// What answers calls, each on a connection of its own.
struct Engine {
    folder: TempDir,
}

impl Engine {
    /// Answers a call, whose path is the first word of the request's line behind the method.
    fn begin<A, F>(answer: A) -> Self
    where
        A: Fn(String) -> F + Send + Sync + 'static,
        F: Future<Output = Answer> + Send,
    {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("engine.sock")).unwrap();
        let answer = Arc::new(answer);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let answer = Arc::clone(&answer);
                tokio::spawn(async move {
                    // The client may leave when it likes.
                    let _ = serve(stream, &*answer).await;
                });
            }
        });
        Self { folder }
    }

    fn space(&self) -> DockerProvisioner {
        provisioner(EngineAddress::Unix(self.folder.path().join("engine.sock"))).unwrap()
    }
}

enum Answer {
    /// These bytes, and the end.
    Bytes(Vec<u8>),
    /// These bytes again and again.
    Endless(&'static [u8]),
    /// Nothing, for ever.
    Nothing,
}

async fn serve<S, A, F>(mut stream: S, answer: &A) -> std::io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
    A: Fn(String) -> F,
    F: Future<Output = Answer>,
{
    let mut head = vec![0; 4096];
    let length = stream.read(&mut head).await?;
    let head = String::from_utf8_lossy(&head[..length]).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    match answer(path).await {
        Answer::Bytes(bytes) => stream.write_all(&bytes).await,
        Answer::Endless(bytes) => loop {
            stream.write_all(bytes).await?;
        },
        Answer::Nothing => std::future::pending().await,
    }
}

fn json(body: &str) -> Vec<u8> {
    answer("200 OK", body)
}

fn answer(status: &str, body: &str) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length:");
    format!("{head} {}\r\nConnection: close\r\n\r\n{body}", body.len()).into_bytes()
}

fn is_version(path: &str) -> bool {
    path.ends_with("/version")
}

const VERSION: &str = r#"{"ApiVersion":"1.41"}"#;

#[tokio::test]
async fn r4_an_engine_that_is_not_there_is_said_to_be_away() {
    let space = provisioner(EngineAddress::Unix(PathBuf::from("/nowhere/engine.sock"))).unwrap();
    for result in use_all(&space).await {
        assert!(matches!(&result, Err(ProvisionError::EngineDown(_))), "{result:?}");
    }
}

#[tokio::test]
async fn r4_an_engine_that_says_nothing_or_never_ends_is_given_up() {
    let silent = Engine::begin(async |_| Answer::Nothing);
    for result in use_all(&silent.space()).await {
        assert!(matches!(&result, Err(ProvisionError::TooSlow(_))), "{result:?}");
    }
    // It begins well, and then a list never ends.
    let endless = Engine::begin(async |path| {
        if is_version(&path) {
            return Answer::Bytes(json(VERSION));
        }
        Answer::Endless(
            b"HTTP/1.1 200 OK\r\n\r\n[                                                                ",
        )
    });
    for result in use_all(&endless.space()).await {
        assert!(
            matches!(&result, Err(ProvisionError::TooSlow(_) | ProvisionError::Nonsense(_))),
            "{result:?}"
        );
    }
}

#[tokio::test]
async fn r4_an_engine_that_breaks_off_is_away_and_one_that_talks_nonsense_is_none() {
    let half = Engine::begin(async |_| Answer::Bytes(json(VERSION)[..70].to_vec()));
    for result in use_all(&half.space()).await {
        assert!(matches!(&result, Err(ProvisionError::EngineDown(_))), "{result:?}");
    }
    for nonsense in [
        b"220 mail.example.org ESMTP\r\n".to_vec(),
        json("<html>It works!</html>"),
        json("[]"),
        json(r#"{"ApiVersion":"latest"}"#),
        json(r#"{"ApiVersion":null}"#),
    ] {
        let engine = Engine::begin(move |_| std::future::ready(Answer::Bytes(nonsense.clone())));
        for result in use_all(&engine.space()).await {
            assert!(matches!(&result, Err(ProvisionError::Nonsense(_))), "{result:?}");
        }
    }
}

#[tokio::test]
async fn r4_a_list_that_an_engine_filters_wrongly_is_filtered_again() {
    // All that it has, whatever was asked for: containers, volumes and networks of others.
    let engine = Engine::begin(async |path| {
        assert!(is_version(&path) || path.starts_with("/v1.41/"), "{path} is in the version that both know");
        let answer = if is_version(&path) {
            VERSION
        } else if path.contains("/volumes/") {
            return Answer::Bytes(answer("404 Not Found", r#"{"message":"no such volume"}"#));
        } else if path.contains("/volumes") {
            r#"{"Volumes":[{"Name":"x","Driver":"local","Mountpoint":"/x","Labels":null,"Scope":"local","Options":null}]}"#
        } else {
            r#"[{"Id":"x","Names":["/x"],"Labels":{"syft-space.installation":"another"}},{"Id":"y"}]"#
        };
        Answer::Bytes(json(answer))
    });
    let space = engine.space();
    assert_eq!(space.status(&scope(), dataset()).await, Ok(DatabaseStatus::Missing));
    assert_eq!(space.deprovision(&scope(), dataset()).await, Ok(()), "what is others' is not removed");
    let found = space.provisioned(&OperatorScope::at_startup()).await.unwrap();
    assert!(found.databases.is_empty() && found.tenants.is_empty());
}

#[tokio::test]
async fn r4_what_an_engine_says_is_removed_and_still_lists_is_not_removed() {
    let labels = Installation::of_name("faults.test").as_str().to_owned();
    let engine = Engine::begin(move |path| {
        let labels = format!(
            r#"{{"syft-space.installation":"{labels}","syft-space.tenant":"{}","syft-space.dataset":"{}"}}"#,
            scope().tenant(),
            dataset()
        );
        let answer = if is_version(&path) {
            VERSION.to_owned()
        } else if path.contains("/json") {
            format!(r#"[{{"Id":"x","Labels":{labels}}}]"#)
        } else {
            String::new()
        };
        std::future::ready(Answer::Bytes(json(&answer)))
    });
    let result = engine.space().deprovision(&scope(), dataset()).await;
    assert!(matches!(&result, Err(ProvisionError::StillThere(_))), "{result:?}");
}

#[tokio::test]
async fn r4_a_volume_that_lost_its_labels_is_not_said_to_be_gone() {
    let found =
        r#"{"Name":"x","Driver":"local","Mountpoint":"/x","Labels":null,"Scope":"local","Options":null}"#;
    // An engine tells it, and a guard that it is none of ours.
    for told in [json(found), answer("409 Conflict", r#"{"message":"Name: is taken"}"#)] {
        let engine = Engine::begin(move |path| {
            std::future::ready(Answer::Bytes(if is_version(&path) {
                json(VERSION)
            } else if path.contains("/volumes/") {
                told.clone()
            } else if path.contains("/volumes") {
                json(r#"{"Volumes":[]}"#)
            } else {
                json("[]")
            }))
        });
        let result = engine.space().deprovision(&scope(), dataset()).await;
        assert!(matches!(&result, Err(ProvisionError::StillThere(_))), "{result:?}");
    }
}

/// A part of an answer: what an engine might say, and what nobody would.
fn parts() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("null".to_owned()),
        Just("[]".to_owned()),
        Just("{}".to_owned()),
        Just("[{}]".to_owned()),
        Just(
            r#"[{"Id":"","Labels":{},"State":"running","NetworkSettings":{"Networks":{"x":null}}}]"#
                .to_owned()
        ),
        Just(r#"{"Volumes":null}"#.to_owned()),
        Just(r#"{"State":{"Running":true},"NetworkSettings":{"Ports":{"8000/tcp":null}}}"#.to_owned()),
        Just(
            r#"{"Id":"../../x","Name":"x","Driver":"local","Mountpoint":"","Labels":{},"Options":{}}"#
                .to_owned()
        ),
        "[ -~]{0,40}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]
    #[test]
    fn r4_no_answer_makes_the_adapter_believe_or_tell_what_it_should_not(answers in prop::collection::vec((100_u16..600, parts()), 1..5)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let at = std::sync::atomic::AtomicUsize::new(0);
            let engine = Engine::begin(move |path| {
                let next = at.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                let (status, body) = &answers[next % answers.len()];
                let answer = if is_version(&path) {
                    json(VERSION)
                } else {
                    let length = body.len();
                    format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}").into_bytes()
                };
                std::future::ready(Answer::Bytes(answer))
            });
            let space = engine.space();
            let secret = DatabaseCredential::read(SECRET).unwrap();
            let made = space.provision(&scope(), dataset(), VectorDatabaseKind::Chroma, &secret).await;
            let error = made.expect_err("there is no database");
            assert!(!error.to_string().contains(SECRET) && !error.to_string().contains('\n'));
            let status = space.status(&scope(), dataset()).await;
            assert!(matches!(status, Err(_) | Ok(DatabaseStatus::Missing)), "{status:?}");
        });
    }
}

/// An authority, and files that it has signed.
struct Authority {
    folder: TempDir,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let authority = Self { folder: tempfile::tempdir().unwrap(), issuer };
        authority.write("ca.pem", &authority.issuer.pem());
        authority
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn sign(&self, name: &str) {
        let key = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, &self.issuer).unwrap();
        self.write(&format!("{name}.pem"), &certificate.pem());
        self.write(&format!("{name}.key"), &key.serialize_pem());
    }

    fn address(&self, port: u16, ca_file: &Path) -> EngineAddress {
        EngineAddress::Tls {
            host: "localhost".to_owned(),
            port,
            ca_file: ca_file.to_owned(),
            certificate_file: self.path("client.pem"),
            key_file: self.path("client.key"),
        }
    }

    /// A server that wants a certificate of this authority, and is no engine: it has nothing.
    async fn serve(&self) -> u16 {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(self.path("ca.pem")).unwrap()).unwrap();
        let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(
            Arc::new(roots),
            Arc::clone(&provider),
        );
        let certificate = CertificateDer::from_pem_file(self.path("localhost.pem")).unwrap();
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier.build().unwrap())
            .with_single_cert(
                vec![certificate],
                PrivateKeyDer::from_pem_file(self.path("localhost.key")).unwrap(),
            )
            .unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(stream) = acceptor.accept(stream).await else { continue };
                // A client that went away is no matter.
                let _ = serve(stream, &async |path: String| {
                    let lists = if path.contains("/volumes") { r#"{"Volumes":[]}"# } else { "[]" };
                    Answer::Bytes(json(if is_version(&path) { VERSION } else { lists }))
                })
                .await;
            }
        });
        port
    }
}

#[tokio::test]
async fn n3_over_tcp_each_side_shows_a_certificate_and_the_operators_authority_alone_is_believed() {
    let (ours, others) = (Authority::new(), Authority::new());
    for authority in [&ours, &others] {
        authority.sign("localhost");
        authority.sign("client");
    }
    let port = ours.serve().await;
    let space = provisioner(ours.address(port, &ours.path("ca.pem"))).unwrap();
    assert_eq!(space.status(&scope(), dataset()).await, Ok(DatabaseStatus::Missing));

    let stranger = provisioner(ours.address(port, &others.path("ca.pem"))).unwrap();
    let result = stranger.status(&scope(), dataset()).await;
    assert!(
        matches!(&result, Err(ProvisionError::EngineDown(_))),
        "its certificate is of another authority: {result:?}"
    );
    let stranger = provisioner(others.address(port, &ours.path("ca.pem"))).unwrap();
    let result = stranger.status(&scope(), dataset()).await;
    assert!(matches!(&result, Err(ProvisionError::EngineDown(_))), "it refuses ours: {result:?}");

    let missing = provisioner(ours.address(port, Path::new("/nowhere/ca.pem")));
    assert!(matches!(missing.err(), Some(TransportError::File { .. })));
    ours.write("empty.pem", "");
    let empty = provisioner(ours.address(port, &ours.path("empty.pem")));
    assert!(matches!(empty.err(), Some(TransportError::File { .. })));
}
