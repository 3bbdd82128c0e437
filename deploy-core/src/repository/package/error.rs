//! Why a package was not changed.

use super::StoredError;
use crate::definition::NameError;
use crate::repository::change::CommitError;
use crate::repository::history::HistoryError;
use crate::repository::resolve::ResolveError;
use crate::repository::toml_file::TomlError;

/// Why a package was not changed.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// A name that no file can have.
    #[error(transparent)]
    Name(#[from] NameError),
    /// There is one already.
    #[error("package `{name}` exists already")]
    Exists {
        /// Its name.
        name: String,
    },
    /// There is one whose name differs in case only.
    #[error(
        "its name differs only in case from package `{other}`; one of them would be lost on Windows and macOS"
    )]
    CaseClash {
        /// The other one.
        other: String,
    },
    /// No such package there.
    #[error("no package `{name}` on `{branch}`{}", .near.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    Unknown {
        /// As it was written.
        name: String,
        /// Where it was looked for.
        branch: String,
        /// The nearest name, or the one it has now.
        near: Option<String>,
    },
    /// A schedule belongs to one package.
    #[error("schedule `{schedule}` is in package `{package}` already; a schedule belongs to one package")]
    Taken {
        /// The schedule.
        schedule: String,
        /// The package that has it.
        package: String,
    },
    /// Not one of its schedules.
    #[error("schedule `{schedule}` is not in package `{package}`{}", .near.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    NotInPackage {
        /// The schedule.
        schedule: String,
        /// The package.
        package: String,
        /// The nearest of its schedules.
        near: Option<String>,
    },
    /// No such rule there.
    #[error("no rule `{rule}`{}", .near.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    NoRule {
        /// As it was written.
        rule: String,
        /// The nearest rule.
        near: Option<String>,
    },
    /// A schedule could not be pinned.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// A package file is wrong.
    #[error(transparent)]
    Toml(#[from] TomlError),
    /// A package file could not be written.
    #[error("cannot write package `{name}`: {source}")]
    Write {
        /// The package.
        name: String,
        /// The cause.
        source: toml_edit::TomlError,
    },
    /// The versions could not be counted.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// The commit was not made.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The repository could not be read.
    #[error("cannot read the repository: {0}")]
    Object(#[from] git2::Error),
}

impl From<StoredError> for PackageError {
    fn from(error: StoredError) -> Self {
        match error {
            StoredError::Toml(error) => Self::Toml(error),
            StoredError::Object(error) => Self::Object(error),
        }
    }
}
