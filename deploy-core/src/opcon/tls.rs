//! TLS: whom we trust, and what is wrong with a certificate that we do not.
//!
//! The platform decides (its own verifier on macOS and Windows, with what an
//! administrator distributed there; the system's root certificates
//! elsewhere), widened by the certificates the server file names. A pinned
//! fingerprint replaces that: exactly this certificate, whatever its names and
//! dates. There is no way to accept any certificate.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::certificate::{Certificate, Fingerprint};
use chrono::{DateTime, Utc};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, OtherError, SignatureScheme};

/// What is wrong with the other side of a TLS connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsProblem {
    /// Issued by nobody we trust.
    UnknownIssuer,
    /// Made for other hosts.
    WrongName,
    /// No longer valid.
    Expired,
    /// Not yet valid.
    NotYetValid,
    /// Withdrawn by its issuer.
    Revoked,
    /// Not the pinned one.
    NotPinned,
    /// A certificate with another fault, in the words of the TLS library.
    Unusable(String),
    /// The port speaks no TLS at all.
    NotTls,
    /// No agreement on how to speak, in the words of the TLS library.
    Handshake(String),
}

/// Why TLS refused the other side, and its certificate if it showed one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFault {
    /// The host that was asked for.
    pub host: String,
    /// What is wrong.
    pub problem: TlsProblem,
    /// The certificate it showed.
    pub certificate: Option<Box<Certificate>>,
}

impl std::error::Error for TlsFault {}

impl fmt::Display for TlsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = &self.host;
        match &self.problem {
            TlsProblem::NotTls => return write!(f, "`{host}` does not speak TLS on this port"),
            TlsProblem::Handshake(message) => {
                return write!(f, "the TLS handshake with `{host}` failed: {message}");
            }
            TlsProblem::UnknownIssuer => write!(f, "the certificate of `{host}` comes from an unknown CA")?,
            TlsProblem::WrongName => write!(f, "the certificate is not for `{host}`")?,
            TlsProblem::Expired => write!(f, "the certificate of `{host}` has expired")?,
            TlsProblem::NotYetValid => write!(f, "the certificate of `{host}` is not valid yet")?,
            TlsProblem::Revoked => write!(f, "the certificate of `{host}` has been revoked")?,
            TlsProblem::NotPinned => write!(f, "the certificate of `{host}` is not the pinned one")?,
            TlsProblem::Unusable(message) => {
                write!(f, "the certificate of `{host}` is not usable: {message}")?
            }
        }
        let Some(certificate) = &self.certificate else { return Ok(()) };
        write!(f, " (subject: {}; issuer: {}", certificate.subject, certificate.issuer)?;
        match self.problem {
            TlsProblem::WrongName => write!(f, "; made for: {}", certificate.names.join(", "))?,
            TlsProblem::Expired => write_date(f, "valid until", certificate.not_after)?,
            TlsProblem::NotYetValid => write_date(f, "valid from", certificate.not_before)?,
            TlsProblem::NotPinned => write!(f, "; {}", certificate.fingerprint)?,
            _ => {}
        }
        f.write_str(")")
    }
}

fn write_date(f: &mut fmt::Formatter<'_>, what: &str, date: Option<DateTime<Utc>>) -> fmt::Result {
    date.map_or(Ok(()), |date| write!(f, "; {what} {}", date.format("%Y-%m-%d %H:%M UTC")))
}

impl TlsFault {
    /// What to do about it, and what to put into the server file.
    pub(crate) fn hint(&self, file: &str) -> String {
        let pin =
            self.certificate.as_ref().map(|certificate| format!("pin = \"{}\"", certificate.fingerprint));
        let pinned =
            pin.map_or_else(String::new, |pin| format!(", or trust exactly this certificate with `{pin}`"));
        match &self.problem {
            TlsProblem::UnknownIssuer | TlsProblem::Unusable(_) => {
                let issuer =
                    self.certificate.as_ref().map(|c| format!(" of `{}`", c.issuer)).unwrap_or_default();
                format!(
                    "put the CA certificate{issuer} beside {file} and name it there: \
                     `ca = \"internal-ca.pem\"`{pinned}"
                )
            }
            TlsProblem::WrongName => {
                format!("set `address` in {file} to a name the certificate is made for{pinned}")
            }
            TlsProblem::Expired => format!("renew the certificate on the server{pinned} in {file}"),
            TlsProblem::NotYetValid => "check the clocks of this machine and of the server".to_owned(),
            TlsProblem::Revoked => "the server needs a new certificate".to_owned(),
            TlsProblem::NotPinned => {
                format!("if the certificate was changed on purpose, correct the `pin` in {file}{pinned}")
            }
            TlsProblem::NotTls => {
                format!(
                    "correct the port in {file}; only if the service really has no TLS, set `tls = false` there"
                )
            }
            TlsProblem::Handshake(_) => {
                "the server must offer TLS 1.2 or 1.3 with current ciphers".to_owned()
            }
        }
    }
}

/// Whom to trust beyond the platform.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trust {
    /// Certificates of internal CAs, PEM.
    pub ca_pem: Option<Vec<u8>>,
    /// If not empty: exactly these certificates, and nothing else.
    pub pins: Vec<Fingerprint>,
}

/// The certificate that a service showed last.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shown(Arc<Mutex<Option<Certificate>>>);

impl Shown {
    pub(crate) fn get(&self) -> Option<Certificate> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, certificate: Certificate) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(certificate);
    }
}

/// How both services of a system verify certificates. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Verification {
    rule: Arc<Rule>,
    provider: Arc<CryptoProvider>,
}

#[derive(Debug)]
enum Rule {
    Platform(rustls_platform_verifier::Verifier),
    Pinned(Vec<Fingerprint>),
}

impl Verification {
    /// Fails with a sentence for the user.
    pub(crate) fn new(trust: &Trust) -> Result<Self, String> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let rule = if trust.pins.is_empty() {
            let extra = trust.ca_pem.as_deref().map(read_ca).transpose()?.unwrap_or_default();
            let verifier = rustls_platform_verifier::Verifier::new_with_extra_roots(extra, provider.clone())
                .map_err(|error| format!("the trusted certificates cannot be used: {error}"))?;
            Rule::Platform(verifier)
        } else {
            Rule::Pinned(trust.pins.clone())
        };
        Ok(Self { rule: Arc::new(rule), provider })
    }

    /// Trusts nobody: for systems reached without TLS.
    pub(crate) fn nobody() -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        Self { rule: Arc::new(Rule::Pinned(Vec::new())), provider }
    }

    /// The client side of a TLS connection, and where the certificate shown can be read.
    pub(crate) fn client(&self) -> Result<(ClientConfig, Shown), String> {
        let shown = Shown::default();
        let verifier = Verifier { verification: self.clone(), shown: shown.clone() };
        let config = ClientConfig::builder_with_provider(self.provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        Ok((config, shown))
    }
}

fn read_ca(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|error| format!("the file named by `ca` is not PEM: {error}"))?;
    if certificates.is_empty() {
        return Err("the file named by `ca` holds no certificate (`-----BEGIN CERTIFICATE-----`)".to_owned());
    }
    Ok(certificates)
}

/// Decides by the rule, and remembers what it was shown.
#[derive(Debug)]
struct Verifier {
    verification: Verification,
    shown: Shown,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let certificate = Certificate::read(end_entity, intermediates);
        let problem = match &*self.verification.rule {
            Rule::Pinned(pins) if pins.contains(&certificate.fingerprint) => None,
            Rule::Pinned(_) => Some(TlsProblem::NotPinned),
            Rule::Platform(verifier) => verifier
                .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
                .err()
                .map(problem),
        };
        let Some(problem) = problem else {
            self.shown.set(certificate);
            return Ok(ServerCertVerified::assertion());
        };
        let host = server_name.to_str().into_owned();
        let fault = TlsFault { host, problem, certificate: Some(Box::new(certificate)) };
        Err(CertificateError::Other(OtherError(Arc::new(fault))).into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.verification.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.verification.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verification.provider.signature_verification_algorithms.supported_schemes()
    }
}

fn problem(error: rustls::Error) -> TlsProblem {
    use CertificateError as C;
    match error {
        rustls::Error::InvalidCertificate(error) => match error {
            C::UnknownIssuer => TlsProblem::UnknownIssuer,
            C::NotValidForName | C::NotValidForNameContext { .. } => TlsProblem::WrongName,
            C::Expired | C::ExpiredContext { .. } => TlsProblem::Expired,
            C::NotValidYet | C::NotValidYetContext { .. } => TlsProblem::NotYetValid,
            C::Revoked => TlsProblem::Revoked,
            other => TlsProblem::Unusable(other.to_string()),
        },
        other => TlsProblem::Unusable(other.to_string()),
    }
}

/// The fault in an error of the TLS library that came up while talking to `host`.
pub(crate) fn fault(error: &rustls::Error, host: &str) -> TlsFault {
    let problem = match error {
        rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(inner))) => {
            if let Some(fault) = inner.downcast_ref::<TlsFault>() {
                return fault.clone();
            }
            TlsProblem::Unusable(inner.to_string())
        }
        rustls::Error::InvalidMessage(_) => TlsProblem::NotTls,
        other => TlsProblem::Handshake(other.to_string()),
    };
    TlsFault { host: host.to_owned(), problem, certificate: None }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_ca_file_without_certificate_is_refused() {
        for pem in [&b""[..], b"-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n"] {
            let trust = Trust { ca_pem: Some(pem.to_vec()), pins: Vec::new() };
            assert!(Verification::new(&trust).unwrap_err().contains("`ca`"));
        }
    }
}
