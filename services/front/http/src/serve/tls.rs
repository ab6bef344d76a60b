//! TLS from PEM files, which are read again when they change.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use helan_runtime::secrets::{SecretError, Stamp, check_mode};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// How often, at most, the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// Others may read the key, or it cannot be looked at.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// A file cannot be read as PEM.
    #[error("{path}: not a PEM file with a {wanted}: {error}")]
    Pem {
        /// The file.
        path: PathBuf,
        /// `certificate` or `private key`.
        wanted: &'static str,
        /// What the reader said.
        error: String,
    },
    /// Certificate and key do not belong together, or are of a kind that is not supported.
    #[error("{cert} and {key} cannot be used together: {error}")]
    Unfit {
        /// The certificate's file.
        cert: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What the TLS library said.
        error: String,
    },
}

/// A certificate with its chain, and its key. Clones share them.
#[derive(Clone, Debug)]
pub struct Tls(Arc<Files>);

#[derive(Debug)]
struct Files {
    cert: PathBuf,
    key: PathBuf,
    current: Mutex<Current>,
}

#[derive(Debug)]
struct Current {
    config: Arc<ServerConfig>,
    stamps: Stamps,
    looked_at: Instant,
}

type Stamps = [Option<Stamp>; 2];

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// [`TlsError`]: nothing should be served then.
    pub fn open(cert: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Result<Self, TlsError> {
        let (cert, key) = (cert.into(), key.into());
        // Looked at first: what changes while the files are read is then seen as a change.
        let stamps = stamps(&cert, &key);
        let config = read(&cert, &key)?;
        let current = Mutex::new(Current { config, stamps, looked_at: Instant::now() });
        Ok(Self(Arc::new(Files { cert, key, current })))
    }

    /// The TLS configuration for the next connection. Files that changed are read again. If the new pair is invalid (as it is
    /// for a moment while one file is replaced after the other), the old pair stays in use.
    pub fn config(&self) -> Arc<ServerConfig> {
        let Files { cert, key, current } = &*self.0;
        let mut current = current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.looked_at.elapsed() < LOOK_EVERY {
            return current.config.clone();
        }
        current.looked_at = Instant::now();
        let found = stamps(cert, key);
        if found != current.stamps {
            current.stamps = found;
            match read(cert, key) {
                Ok(config) => {
                    tracing::info!(path = %cert.display(), "read the renewed certificate");
                    current.config = config;
                }
                Err(error) => tracing::error!(%error, "the renewed certificate cannot be used; the old one stays"),
            }
        }
        current.config.clone()
    }
}

fn stamps(cert: &Path, key: &Path) -> Stamps {
    [Stamp::of(cert), Stamp::of(key)]
}

fn read(cert: &Path, key: &Path) -> Result<Arc<ServerConfig>, TlsError> {
    check_mode(key)?;
    let pem = |path: &Path, wanted, error: String| TlsError::Pem { path: path.to_owned(), wanted, error };
    let chain = CertificateDer::pem_file_iter(cert).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = chain.map_err(|error| pem(cert, "certificate", error.to_string()))?;
    if chain.is_empty() {
        return Err(pem(cert, "certificate", "it holds none".to_owned()));
    }
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| pem(key, "private key", error.to_string()))?;
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, secret));
    let unfit = |error: String| TlsError::Unfit { cert: cert.to_owned(), key: key.to_owned(), error };
    let mut config = config.map_err(|error| unfit(error.to_string()))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
