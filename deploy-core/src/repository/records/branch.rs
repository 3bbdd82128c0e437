//! The records branch: here, on the remote, and as it was last seen.

use crate::repository::Repository;

/// Where the truth is for one command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The clone has no remote: its own branch is the truth.
    Local,
    /// The remote's branch is the truth; nothing stands before it is pushed.
    Remote,
    /// There is a remote and the user leaves it out; the record says so.
    Offline,
}

impl Reach {
    /// Of a clone, and whether the user leaves the remote out.
    pub fn of(repository: &Repository, offline: bool) -> Self {
        match (repository.remote(), offline) {
            (None, _) => Self::Local,
            (Some(_), false) => Self::Remote,
            (Some(_), true) => Self::Offline,
        }
    }
}
