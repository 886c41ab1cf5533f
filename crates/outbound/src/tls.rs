//! The TLS configuration: the certificate authorities that are trusted.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// A client cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The CA file cannot be used.
    #[error("{path}: {why}; write a PEM file with the certificates of your own authority")]
    Authority {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
}

/// A configuration that trusts the system's authorities, and those of a file. TLS 1.2 and 1.3, forward secrecy, AEAD: rustls has no more.
///
/// # Errors
/// When the file cannot be read or has no certificate, or TLS cannot be set up.
pub fn config(ca_file: Option<&Path>) -> Result<ClientConfig, SetupError> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    let (of_system, _) = roots.add_parsable_certificates(system.certs);
    if of_system == 0 {
        tracing::warn!("the system has no certificates of authorities (Debian: ca-certificates)");
    }
    if let Some(path) = ca_file {
        let wrong = |why: String| SetupError::Authority { path: path.to_owned(), why };
        let certificates = CertificateDer::pem_file_iter(path).map_err(|error| wrong(error.to_string()))?;
        let mut read = 0;
        for certificate in certificates {
            let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
            roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
            read += 1;
        }
        if read == 0 {
            return Err(wrong("there is no certificate in it".to_owned()));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| SetupError::Tls(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}
