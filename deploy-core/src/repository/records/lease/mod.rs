//! Leases: who may touch a target, one at a time.

use std::time::Duration;

use git2::Oid;

use super::{Person, Reach};
use crate::repository::git::GitError;
use crate::repository::{MainSettingsError, Repository};

/// Who wants a lease, and for what.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// The target.
    pub server: &'a str,
    /// Who wants it.
    pub owner: &'a Person,
    /// The name of the machine, for people.
    pub host: &'a str,
    /// What for, in a few words: `deploy Payroll@3`.
    pub purpose: &'a str,
    /// How long to wait for a living holder.
    pub wait: Duration,
}

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

/// A lease that was got.
#[derive(Debug)]
pub struct Got {
    /// The lease.
    pub lease: Lease,
    /// Whether another held it first: what was planned before may be out of date.
    pub waited: bool,
    /// The dead holder it was taken from: what that one left is to be settled first.
    pub took_over: Option<Holder>,
}

/// A lease that is held: a thread renews it, and dropping it gives it back.
#[derive(Debug)]
pub struct Lease {}

/// Why there is no lease, or no more.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// A living command has it.
    #[error("`{}` is in use by {} on `{}`: {}", .holder.server, .holder.name, .holder.host, .holder.purpose)]
    Held {
        /// Who.
        holder: Box<Holder>,
    },
    /// It was taken or broken meanwhile.
    #[error("the lease of `{server}` was {}", match .by { Some(by) => format!("taken by {} on `{}`: {}", by.name, by.host, by.purpose), None => "broken".to_owned() })]
    Lost {
        /// The server.
        server: String,
        /// Who has it now.
        by: Option<Box<Holder>>,
    },
    /// The remote takes no such ref.
    #[error("the remote refused `{reference}`: {reason}")]
    Refused {
        /// The ref.
        reference: String,
        /// The remote's reason, verbatim.
        reason: String,
    },
    /// The remote could not be reached.
    #[error("cannot reach `{remote}` for the lease of `{server}`: {message}")]
    Unreachable {
        /// The server.
        server: String,
        /// The remote.
        remote: String,
        /// What git said, verbatim.
        message: String,
    },
    /// The settings of main say where leases lie.
    #[error(transparent)]
    Settings(#[from] MainSettingsError),
    /// The git program failed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// An object or ref could not be read or written.
    #[error("cannot read or write a lease: {}", .0.message())]
    Object(#[from] git2::Error),
}

impl Lease {
    /// Takes the lease of a server, waiting for a living holder (told by `waiting` once for
    /// each holder); one whose holder died is taken over.
    pub fn acquire(
        repository: &Repository,
        reach: Reach,
        claim: &Claim<'_>,
        waiting: &dyn Fn(&Holder),
    ) -> Result<Got, LeaseError> {
        let _ = (repository, reach, claim, waiting);
        todo!()
    }

    /// Asked before the target is touched: whether the lease is certainly still held.
    pub fn still_held(&self) -> Result<(), LeaseError> {
        todo!()
    }

    /// Gives it back, and tells what went wrong.
    pub fn release(self) -> Result<(), LeaseError> {
        todo!()
    }

    /// All that are held, by server.
    pub fn list(repository: &Repository, reach: Reach) -> Result<Vec<Holder>, LeaseError> {
        let _ = (repository, reach);
        todo!()
    }

    /// Takes it away from whoever holds it; who that was.
    pub fn break_one(
        repository: &Repository,
        reach: Reach,
        server: &str,
    ) -> Result<Option<Holder>, LeaseError> {
        let _ = (repository, reach, server);
        todo!()
    }
}
