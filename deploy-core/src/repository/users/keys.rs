//! Keys that sign commits, as users.toml names them: an SSH public key, or the
//! fingerprint of a GPG key.

use std::fmt;

use ssh_key::{HashAlg, PublicKey};

use super::{User, Users};

/// A GPG fingerprint has 40 hex digits, a newer one 64.
const FINGERPRINTS: [usize; 2] = [40, 64];
/// Shorter names of GPG keys have been forged.
const LONG_ID: usize = 16;

/// A key that signs commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SigningKey {
    /// `ssh-ed25519 AAAA… comment`; the comment does not count.
    Ssh(Box<PublicKey>),
    /// The fingerprint of a GPG key, in capitals.
    Gpg(String),
}

/// Text that is no signing key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It looks like an SSH key.
    #[error("it is no SSH public key: {0}")]
    Ssh(String),
    /// It looks like nothing.
    #[error(
        "it is neither an SSH public key (`ssh-ed25519 AAAA…`) nor the fingerprint of a GPG key (40 hex digits)"
    )]
    Neither,
    /// A secret where only its public half belongs.
    #[error(
        "it is a private key, which must never be shared: the file beside it that ends in `.pub` is meant"
    )]
    Private,
}

impl SigningKey {
    /// Reads a key.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        if text.contains("PRIVATE KEY") {
            return Err(KeyError::Private);
        }
        let bare: String = text.chars().filter(|character| !character.is_whitespace()).collect();
        let bare = bare.strip_prefix("0x").unwrap_or(&bare).to_ascii_uppercase();
        if FINGERPRINTS.contains(&bare.len()) && bare.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(Self::Gpg(bare));
        }
        match text.split_once(char::is_whitespace) {
            Some((kind, _)) if ["ssh-", "sk-", "ecdsa-"].iter().any(|known| kind.starts_with(known)) => {
                let key = PublicKey::from_openssh(text).map_err(|error| KeyError::Ssh(error.to_string()))?;
                Ok(Self::Ssh(Box::new(key)))
            }
            _ => Err(KeyError::Neither),
        }
    }

    /// Whether both are the same key, whatever their comments.
    pub fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Ssh(a), Self::Ssh(b)) => a.key_data() == b.key_data(),
            (Self::Gpg(a), Self::Gpg(b)) => a == b,
            _ => false,
        }
    }

    /// Whether git's `user.signingKey` for GPG means this key.
    pub(super) fn is_gpg_id(&self, id: &str) -> bool {
        let id = id.trim().trim_end_matches('!').to_ascii_uppercase();
        let id = id.strip_prefix("0X").unwrap_or(&id);
        matches!(self, Self::Gpg(fingerprint) if id.len() >= LONG_ID && fingerprint.ends_with(id))
    }
}

/// As git and ssh-keygen show it: `SHA256:…`, or the GPG fingerprint.
impl fmt::Display for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ssh(key) => write!(f, "{} {}", key.algorithm(), key.fingerprint(HashAlg::Sha256)),
            Self::Gpg(fingerprint) => write!(f, "GPG {fingerprint}"),
        }
    }
}

impl User {
    /// Their keys; what is no key is left out (`check` says so).
    pub fn keys(&self) -> impl Iterator<Item = SigningKey> + '_ {
        self.signing_keys.iter().filter_map(|key| SigningKey::parse(key).ok())
    }
}

impl Users {
    /// Whose key it is.
    pub fn by_key(&self, key: &SigningKey) -> Option<&User> {
        self.by_any_key(|other| other.is(key))
    }

    pub(super) fn by_any_key(&self, is_it: impl Fn(&SigningKey) -> bool) -> Option<&User> {
        self.users.iter().find(|user| user.keys().any(|key| is_it(&key)))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const ED25519: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";

    #[test]
    fn keys_are_the_same_whatever_stands_behind_them() {
        let key = SigningKey::parse(ED25519).unwrap();
        assert!(key.is(&SigningKey::parse(&format!("  {ED25519} ann@laptop\n")).unwrap()));
        assert_eq!(key.to_string(), "ssh-ed25519 SHA256:T7SvZ2cslqpPj6nKzitCBHHlpVF3r3MvLwmFL0fk0IE");
        let gpg = SigningKey::parse("d4be 3fb9 0b74 9bf5 0d2f  1d35 3db0 1fc9 fe04 6b1d").unwrap();
        assert_eq!(gpg.to_string(), "GPG D4BE3FB90B749BF50D2F1D353DB01FC9FE046B1D");
        assert!(
            gpg.is_gpg_id("0x3DB01FC9fe046b1d!") && gpg.is_gpg_id("D4BE3FB90B749BF50D2F1D353DB01FC9FE046B1D")
        );
        // Of a security key, as ssh-keygen writes it.
        let token = "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAICFo/k5LU8863u66YC9eUO2170QduohPURkQnbLa/dczAAAABHNzaDo=";
        assert!(
            SigningKey::parse(token).unwrap().to_string().starts_with("sk-ssh-ed25519@openssh.com SHA256:")
        );
        assert!(!gpg.is_gpg_id("FE046B1D") && !key.is_gpg_id("3DB01FC9FE046B1D") && !gpg.is(&key));
    }

    #[test]
    fn what_is_no_key_is_said_and_never_repeated() {
        let message = |text: &str| SigningKey::parse(text).unwrap_err().to_string();
        assert!(message("ssh-ed25519 AAAA").starts_with("it is no SSH public key: "));
        assert!(message("3DB01FC9FE046B1D").starts_with("it is neither"), "an id is too short");
        assert!(message("").starts_with("it is neither"));
        assert!(message("-----BEGIN OPENSSH PRIVATE KEY-----\nabc").contains("never be shared"));
    }
}
