//! Tests of which certificates are trusted.

use std::io::Write;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, generate_simple_self_signed,
};
use syft_space_outbound::{Client, ClientSettings, OutboundError, SetupError};
use tempfile::NamedTempFile;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::support::{Names, Server, Zeros, answer, client, get, named, settings};

fn acceptor(certificate: CertificateDer<'static>, key: &KeyPair) -> TlsAcceptor {
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

fn file(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

/// A server whose certificate an authority of our own made out to a name, and the authority.
async fn of_own_authority(name: &str) -> (Server, String) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let tls = acceptor(leaf.der().clone(), &key);
    (Server::on("127.0.0.1", Some(tls), |_, _| answer(200, "", "trusted")).await, issuer.pem())
}

#[tokio::test]
async fn a_self_signed_certificate_is_refused() {
    let own = generate_simple_self_signed(vec!["hub.internal".to_owned()]).unwrap();
    let tls = acceptor(own.cert.der().clone(), &own.signing_key);
    let server = Server::on("127.0.0.1", Some(tls), |_, _| answer(200, "", "")).await;
    let url = format!("https://hub.internal:{}/", server.address.port());
    // That the target is allowed says nothing of its certificate.
    let error = client(settings("hub.internal")).call(&get(&url)).await.unwrap_err();
    assert!(matches!(error, OutboundError::Tls(_)), "{error:?}");
    assert_eq!(server.hits(), 0);
}

#[tokio::test]
async fn an_authority_of_ones_own_is_believed_for_the_names_it_made_out() {
    let (server, authority) = of_own_authority("hub.internal").await;
    let authority = file(&authority);
    let believing = ClientSettings { ca_file: Some(authority.path().to_owned()), ..settings("127.0.0.1") };
    let names = || Names::new(&[&["127.0.0.1"]]);
    let port = server.address.port();
    let got = named(believing.clone(), names()).call(&get(&format!("https://hub.internal:{port}/"))).await;
    assert_eq!(got.unwrap().body.as_ref(), b"trusted");

    let error =
        named(settings("127.0.0.1"), names()).call(&get(&format!("https://hub.internal:{port}/"))).await;
    assert!(matches!(error.unwrap_err(), OutboundError::Tls(_)));
    for other in ["other.internal", "127.0.0.1"] {
        let error = named(believing.clone(), names()).call(&get(&format!("https://{other}:{port}/"))).await;
        assert!(matches!(error.unwrap_err(), OutboundError::Tls(_)), "{other}");
    }
    assert_eq!(server.hits(), 1);
}

#[tokio::test]
async fn a_file_that_holds_no_authority_is_refused_at_the_start() {
    let broken = file("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    let (empty, missing) = (file("nothing"), "/nowhere/authority.pem");
    for path in [broken.path(), empty.path(), missing.as_ref()] {
        let settings = ClientSettings { ca_file: Some(path.to_owned()), ..settings("") };
        let error = Client::new(settings, Names::new(&[]), Arc::new(Zeros)).err().unwrap();
        assert!(matches!(&error, SetupError::Authority { path: named, .. } if named == path), "{error}");
    }
}
