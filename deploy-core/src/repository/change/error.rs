//! Why nothing was committed, or not all that was to follow.

use std::path::PathBuf;

use git2::Oid;

use super::Dirty;
use crate::repository::TipError;
use crate::repository::git::GitError;

/// Why nothing was committed.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// HEAD names no branch.
    #[error("HEAD is detached: no branch would name the commit")]
    Detached,
    /// Not a name for a branch.
    #[error("`{name}` cannot be the name of a branch")]
    InvalidBranch {
        /// What was given.
        name: String,
    },
    /// Git keeps branches as files in folders: `a` and `a/b` cannot both be.
    #[error("`{name}` cannot be the name of a branch: there is a branch `{other}`")]
    BranchInTheWay {
        /// What was given.
        name: String,
        /// The one that exists.
        other: String,
    },
    /// Another work tree has it checked out.
    #[error("branch `{name}` is checked out in another work tree")]
    CheckedOutElsewhere {
        /// The branch.
        name: String,
    },
    /// The very paths have changes that are not committed.
    #[error("{}; nothing was committed", listed(.0))]
    Dirty(Vec<Dirty>),
    /// The branch moved while the commit was made.
    #[error("`{reference}` was moved by another program meanwhile; nothing was committed")]
    Moved {
        /// The ref.
        reference: String,
    },
    /// The same file was changed on the remote.
    #[error("`{path}` was changed on the remote by {who} ({when}); the commit was made here but not pushed")]
    MovedOnRemote {
        /// The file.
        path: String,
        /// Who changed it there.
        who: String,
        /// When, as a date.
        when: String,
    },
    /// The branch holds other commits that the remote does not have, and the other way round.
    #[error("branch `{branch}` and the remote's have gone apart; the commit was made here but not pushed")]
    Diverged {
        /// The branch.
        branch: String,
    },
    /// The remote would not take it.
    #[error("the remote refused `{branch}`: {reason}; the commit was made here but not pushed")]
    PushRefused {
        /// The branch.
        branch: String,
        /// The remote's reason.
        reason: String,
    },
    /// The remote could not be reached, or git failed.
    #[error("the commit was made here, but `{branch}` could not be pushed: {message}")]
    NotPushed {
        /// The branch.
        branch: String,
        /// What git said, verbatim.
        message: String,
    },
    /// Files that the remote changed have changes here too.
    #[error("{}; the remote changed it too: the commit was made here but not pushed", listed(.0))]
    InTheWay(Vec<Dirty>),
    /// The commit stands, the work tree is not as it has it.
    #[error("the commit {} stands on `{branch}`, but the work tree could not follow: {source}", &.commit.to_string()[..8])]
    NotFollowed {
        /// The commit.
        commit: Oid,
        /// The branch it is on.
        branch: String,
        /// The cause.
        source: Box<CommitError>,
    },
    /// Another git is at work, or one was killed at work.
    #[error("another git command is at work in this clone: `{}` exists", .0.display())]
    Locked(PathBuf),
    /// A form of the index that libgit2 does not write.
    #[error("git's index is of a kind that cannot be written here (extension `{0}`)")]
    IndexKind(String),
    /// There is no commit to start from.
    #[error(transparent)]
    Tip(#[from] TipError),
    /// The git program failed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// An object or ref could not be read or written.
    #[error("cannot write to the repository: {}", .0.message())]
    Object(#[from] git2::Error),
    /// A file could not be written.
    #[error("cannot write `{}`: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
}

fn listed(dirty: &[Dirty]) -> String {
    match dirty {
        [one] => one.to_string(),
        [first, other] => format!("{first}; {other}"),
        [first, rest @ ..] => format!("{first}, and {} more files like it", rest.len()),
        [] => String::new(),
    }
}
