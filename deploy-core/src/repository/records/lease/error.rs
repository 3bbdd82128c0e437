//! Why there is no lease, or no more.

use super::Holder;
use crate::repository::MainSettingsError;
use crate::repository::git::GitError;

/// Why there is no lease, or no more.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// A living command has it.
    #[error("`{}` is in use by {holder}", .holder.server)]
    Held {
        /// Who.
        holder: Box<Holder>,
    },
    /// It was taken or broken meanwhile.
    #[error("the lease of `{server}` was lost: {}", lost(by.as_deref()))]
    Lost {
        /// The server.
        server: String,
        /// Who has it now.
        by: Option<Box<Holder>>,
    },
    /// It could not be renewed, and others may take it for dead.
    #[error("the lease of `{server}` could not be renewed in time: {message}")]
    Expired {
        /// The server.
        server: String,
        /// What kept it.
        message: String,
    },
    /// The remote takes no such ref.
    #[error("the remote refused `{reference}`: {reason}")]
    Refused {
        /// The ref.
        reference: String,
        /// The remote's reason, verbatim.
        reason: String,
    },
    /// What is at the place of a lease is none.
    #[error("`{reference}` is not a lease: something else is at its place")]
    NotALease {
        /// The ref.
        reference: String,
    },
    /// The setting names no place for refs.
    #[error("`[git] lock_prefix` in deploy.toml: `{prefix}` cannot begin the name of a ref")]
    Prefix {
        /// What it says.
        prefix: String,
    },
    /// The remote could not be reached.
    #[error("cannot reach `{remote}` for a lease: {message}")]
    Unreachable {
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
    /// No thread could be started.
    #[error("cannot keep a lease: {0}")]
    Thread(#[from] std::io::Error),
}

fn lost(by: Option<&Holder>) -> String {
    by.map_or("somebody broke it".to_owned(), |by| format!("it is held by {by}"))
}
