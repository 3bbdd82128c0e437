//! Why rules of a repository cannot be read.

use std::io;

use crate::definition::NameError;
use crate::repository::files::FilesError;
use crate::repository::package::StoredError;
use crate::repository::resolve::ResolveError;
use crate::repository::toml_file;
use crate::rules::TomlError;

/// Why rules of a repository cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RuleFileError {
    /// No such rule.
    #[error("no rule `{name}`{}", .near.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    Unknown {
        /// As it was written.
        name: String,
        /// The nearest name.
        near: Option<String>,
    },
    /// No such test.
    #[error("no test `{name}`{}", .near.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    UnknownTest {
        /// As it was written.
        name: String,
        /// The nearest name.
        near: Option<String>,
    },
    /// A script and a file of the vendor's form have the same name.
    #[error("there are two rules `{name}`: a `.rhai` and a `.json`")]
    Twice {
        /// The name of both.
        name: String,
    },
    /// Links are not followed.
    #[error("`{path}` is a symbolic link; rules must be plain files")]
    NotAFile {
        /// The file.
        path: String,
    },
    /// Not UTF-8.
    #[error("{path}:{line}: not UTF-8 text")]
    NotText {
        /// The file.
        path: String,
        /// The first line that is none.
        line: usize,
    },
    /// A file could not be read.
    #[error("cannot read `{path}`: {source}")]
    Io {
        /// The file.
        path: String,
        /// The cause.
        source: io::Error,
    },
    /// The repository's table of tags or features is wrong.
    #[error("{path}:{}:{}: {}", .source.line, .source.column, .source.message)]
    Tags {
        /// Its file.
        path: &'static str,
        /// What is wrong, and where.
        source: TomlError,
    },
    /// No such server.
    #[error("no server `{name}`{}", .near.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    UnknownServer {
        /// As it was written.
        name: String,
        /// The nearest name.
        near: Option<String>,
    },
    /// The file of a server, or a test, is wrong.
    #[error(transparent)]
    Toml(#[from] toml_file::TomlError),
    /// Not a name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A version could not be found.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// A package could not be read.
    #[error(transparent)]
    Package(#[from] StoredError),
    /// The files could not be listed.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// An object could not be read.
    #[error("cannot read the repository: {}", .0.message())]
    Object(#[from] git2::Error),
}
