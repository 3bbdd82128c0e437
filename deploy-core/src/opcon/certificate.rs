//! Certificates, as people see them.

use std::fmt;

use chrono::{DateTime, Utc};
use rustls::pki_types::CertificateDer;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// The SHA-256 fingerprint of a certificate, written `sha256:` and 64 hex digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    fn of(certificate: &CertificateDer<'_>) -> Self {
        Self(Sha256::digest(certificate.as_ref()).into())
    }

    /// Reads 64 hex digits, with or without `sha256:` before and `:` between them.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let digits = match text.get(..7) {
            Some(prefix) if prefix.eq_ignore_ascii_case("sha256:") => &text[7..],
            _ => text,
        };
        let digits: Vec<u8> = digits.bytes().filter(|byte| *byte != b':').collect();
        if digits.len() != 64 {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
            let high = char::from(pair[0]).to_digit(16)?;
            let low = char::from(pair[1]).to_digit(16)?;
            *byte = u8::try_from(high * 16 + low).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What a person wants to know of a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Certificate {
    /// Whose it is.
    pub subject: String,
    /// Who vouches for it.
    pub issuer: String,
    /// The host names and addresses it is made for.
    pub names: Vec<String>,
    /// Valid from.
    pub not_before: Option<DateTime<Utc>>,
    /// Valid until.
    pub not_after: Option<DateTime<Utc>>,
    /// What to pin to trust exactly this one.
    pub fingerprint: Fingerprint,
    /// The subjects of the certificates sent with it, nearest first.
    pub chain: Vec<String>,
}

impl Certificate {
    pub(crate) fn read(end_entity: &CertificateDer<'_>, others: &[CertificateDer<'_>]) -> Self {
        let mut certificate = Self {
            subject: "(unreadable)".to_owned(),
            issuer: "(unreadable)".to_owned(),
            names: Vec::new(),
            not_before: None,
            not_after: None,
            fingerprint: Fingerprint::of(end_entity),
            chain: Vec::new(),
        };
        if let Ok((_, parsed)) = x509_parser::parse_x509_certificate(end_entity) {
            certificate.subject = parsed.subject().to_string();
            certificate.issuer = parsed.issuer().to_string();
            certificate.not_before = DateTime::from_timestamp(parsed.validity().not_before.timestamp(), 0);
            certificate.not_after = DateTime::from_timestamp(parsed.validity().not_after.timestamp(), 0);
            if let Ok(Some(names)) = parsed.subject_alternative_name() {
                certificate.names = names.value.general_names.iter().filter_map(host_name).collect();
            }
        }
        certificate.chain = others
            .iter()
            .filter_map(|other| x509_parser::parse_x509_certificate(other).ok())
            .map(|(_, parsed)| parsed.subject().to_string())
            .collect();
        certificate
    }
}

fn host_name(name: &x509_parser::extensions::GeneralName<'_>) -> Option<String> {
    use x509_parser::extensions::GeneralName;
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => match **bytes {
            [a, b, c, d] => Some(std::net::Ipv4Addr::new(a, b, c, d).to_string()),
            ref bytes => {
                <[u8; 16]>::try_from(bytes).ok().map(|bytes| std::net::Ipv6Addr::from(bytes).to_string())
            }
        },
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_read_as_tools_write_them() {
        let plain = "0123456789abcdef".repeat(4);
        let colons =
            plain.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap()).collect::<Vec<_>>();
        let expected = format!("sha256:{plain}");
        for text in [plain.clone(), expected.clone(), format!("SHA256:{}", colons.join(":").to_uppercase())] {
            assert_eq!(Fingerprint::parse(&text).unwrap().to_string(), expected);
        }
        for text in ["", "sha256:", "sha1:00", &plain[1..], &format!("{}zz", &plain[2..]), "ſha256:00"] {
            assert!(Fingerprint::parse(text).is_none(), "{text}");
        }
    }
}
