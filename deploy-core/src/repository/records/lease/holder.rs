//! What a lease says of its holder: the message of the commit it points to.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use git2::Oid;
use uuid::Uuid;

use super::Claim;
use crate::repository::records::plain;

/// Who holds the lease of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The server.
    pub server: String,
    /// The holder's name.
    pub name: String,
    /// Their e-mail address.
    pub email: String,
    /// The machine.
    pub host: String,
    /// What for.
    pub purpose: String,
    /// Since when, in seconds since 1970 by the holder's clock.
    pub since: i64,
    /// When it was renewed last.
    pub renewed: i64,
    /// The commit that says so.
    pub commit: Oid,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on `{}`: {}", self.name, self.host, self.purpose)
    }
}

/// The text of a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Note {
    /// The same from the first commit of a lease to the last.
    pub(super) lease: Uuid,
    /// Another in every commit: no two of them are ever the same.
    nonce: Uuid,
    pub(super) name: String,
    pub(super) email: String,
    host: String,
    purpose: String,
    since: i64,
    renewed: i64,
    /// After how long without a renewal it is dead.
    pub(super) length: Duration,
}

impl Note {
    pub(super) fn new(claim: &Claim<'_>, length: Duration) -> Self {
        let now = now();
        Self {
            lease: Uuid::now_v7(),
            nonce: Uuid::now_v7(),
            name: bare(&claim.owner.name),
            email: bare(&claim.owner.email),
            host: plain(claim.host),
            purpose: plain(claim.purpose),
            since: now,
            renewed: now,
            length,
        }
    }

    pub(super) fn renewed(&self) -> Self {
        Self { nonce: Uuid::now_v7(), renewed: now(), ..self.clone() }
    }

    pub(super) fn message(&self, server: &str) -> String {
        format!(
            "Lease of {}\n\nLease: {}\nNonce: {}\nOwner: {} <{}>\nHost: {}\nPurpose: {}\n\
             Since: {}\nRenewed: {}\nMilliseconds: {}\n",
            plain(server),
            self.lease,
            self.nonce,
            self.name,
            self.email,
            self.host,
            self.purpose,
            self.since,
            self.renewed,
            self.length.as_millis(),
        )
    }

    /// Reads a message; `None` where it is not that of a lease.
    pub(super) fn parse(message: &str) -> Option<Self> {
        let value = |key: &str| {
            message.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(": ")).map(str::trim)
        };
        let (name, email) = value("Owner")?.strip_suffix('>')?.rsplit_once(" <")?;
        Some(Self {
            lease: value("Lease")?.parse().ok()?,
            nonce: value("Nonce")?.parse().ok()?,
            name: bare(name),
            email: bare(email),
            host: plain(value("Host").unwrap_or_default()),
            purpose: plain(value("Purpose").unwrap_or_default()),
            since: value("Since")?.parse().ok()?,
            renewed: value("Renewed")?.parse().ok()?,
            length: Duration::from_millis(value("Milliseconds")?.parse().ok()?),
        })
    }

    pub(super) fn holder(self, server: String, commit: Oid) -> Holder {
        Holder {
            server,
            name: self.name,
            email: self.email,
            host: self.host,
            purpose: self.purpose,
            since: self.since,
            renewed: self.renewed,
            commit,
        }
    }
}

/// Plain, and without what ends an address.
fn bare(text: &str) -> String {
    plain(text).replace(['<', '>'], " ")
}

/// For people to read; no decision rests on it.
fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs() as i64)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::repository::records::testing::person;

    #[test]
    fn any_holder_survives_the_message() {
        let mut owner = person("Ann");
        owner.name = "Ann <x>\nLease: forged".to_owned();
        let claim = Claim {
            server: "PROD",
            owner: &owner,
            host: "ws1",
            purpose: "deploy A: B",
            wait: Duration::ZERO,
        };
        let note = Note::new(&claim, Duration::from_secs(120));
        let read = Note::parse(&note.message("PROD")).unwrap();
        assert_eq!(read, note);
        assert_eq!(read.name, "Ann  x  Lease: forged");
        assert_ne!(note.renewed().message("PROD"), note.message("PROD"));
        assert_eq!(Note::parse("Some commit\n\nof somebody"), None);
    }
}
