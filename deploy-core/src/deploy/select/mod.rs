//! Select: what was asked for, as commits have it.
//!
//! Names, versions, packages and patterns become blobs; nothing of their content
//! is read yet. What may not be deployed is refused here, before anything else
//! is asked: content that is not on the remote, production from a side branch, a
//! schedule out of its package.

mod allowed;
mod find;
mod work_tree;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;

use git2::Oid;

use super::{Context, Order};
use crate::repository::files::FilesError;
use crate::repository::package::StoredError;
use crate::repository::records::Source;
use crate::repository::resolve::ResolveError;
use crate::repository::servers::ServerType;
use find::{Finder, is_pattern};

/// What is to be deployed, found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// The schedules, by name.
    pub items: Vec<Selected>,
    /// The package they belong to, where a package was asked for.
    pub package: Option<SelectedPackage>,
    /// The commit that rules are read from: main's tip, or what `--ref` names.
    pub commit: Oid,
    /// How that commit was named: `main`, `origin/main`, or the reference as it was written.
    pub reference: String,
    /// The commit of main whose settings and servers apply.
    pub settings_commit: Oid,
    /// What is worth knowing of it: where the work tree was taken, and what a deployment would refuse.
    pub remarks: Vec<Remark>,
}

/// One schedule to deploy. Its content is read when it is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selected {
    /// Its name in the repository.
    pub name: String,
    /// Version, commit and blob; neither version nor commit for what the work tree has.
    pub source: Source,
    /// Where it lies in that commit.
    pub path: String,
    /// Its content.
    pub blob: Oid,
    /// When the content was committed, in seconds since 1970.
    pub time: i64,
}

/// The package that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectedPackage {
    /// Its name.
    pub name: String,
    /// Version, commit and blob of its file.
    pub source: Source,
    /// Its rules, in order.
    pub rules: Vec<String>,
}

/// Something worth knowing of a selection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// The schedule it is about, if it is about one.
    pub schedule: Option<String>,
    /// What it is, without a full stop.
    pub text: String,
    /// Whether a deployment would be refused for it.
    pub refused: bool,
}

/// Why nothing was selected.
#[derive(Debug, thiserror::Error)]
pub enum SelectError {
    /// Nothing was asked for.
    #[error("nothing to deploy was named")]
    Nothing,
    /// A name stands for nothing.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// A pattern fits nothing.
    #[error("no {what} fits `{pattern}`")]
    NoMatch {
        /// Of what kind.
        what: &'static str,
        /// The pattern.
        pattern: String,
    },
    /// Two packages at once.
    #[error("`{one}` and `{other}` are two packages: deploy each by itself")]
    TwoPackages {
        /// The first one.
        one: String,
        /// The second one.
        other: String,
    },
    /// A package and something besides.
    #[error(
        "package `{package}` is deployed as a whole and by itself: `{other}` takes a deployment of its own"
    )]
    PackageAndMore {
        /// The package.
        package: String,
        /// What was named besides.
        other: String,
    },
    /// The same schedule twice.
    #[error("schedule `{0}` is named twice")]
    Twice(String),
    /// A package without schedules.
    #[error("package `{0}` holds no schedule")]
    EmptyPackage(String),
    /// A pin names content that is not there.
    #[error("package `{package}` pins `{schedule}` to the content `{blob}`, which is not here")]
    NoContent {
        /// The package.
        package: String,
        /// The schedule.
        schedule: String,
        /// What it is pinned to.
        blob: String,
    },
    /// The remote does not have it.
    #[error("{what} is not on the remote `{remote}` yet")]
    NotPushed {
        /// What it is, with its version.
        what: String,
        /// The remote.
        remote: String,
    },
    /// Production takes what main has.
    #[error("{what} is not on `{main}`, and `{server}` ({kind}) takes nothing else")]
    OffMain {
        /// What it is, with its version.
        what: String,
        /// The branch.
        main: String,
        /// The target.
        server: String,
        /// What the target is for.
        kind: ServerType,
    },
    /// A schedule of a package, alone.
    #[error("schedule `{schedule}` belongs to package `{package}` and is not deployed alone")]
    Packaged {
        /// The schedule.
        schedule: String,
        /// The package.
        package: String,
    },
    /// A package cannot be read.
    #[error(transparent)]
    Package(#[from] StoredError),
    /// The files could not be listed.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// A file of the work tree could not be read.
    #[error("cannot read `{path}`: {source}")]
    Io {
        /// The file.
        path: String,
        /// The cause.
        source: std::io::Error,
    },
    /// An object could not be read.
    #[error("cannot read the repository: {}", .0.message())]
    Object(#[from] git2::Error),
}

/// Finds what was asked for, and refuses what may not be deployed.
pub fn select(context: &Context<'_>, order: &Order) -> Result<Selection, SelectError> {
    let mut finder = Finder::new(context, order)?;
    // Names before patterns: what a pattern brings besides is no contradiction.
    let (patterns, names): (Vec<_>, Vec<_>) = order.what.iter().partition(|what| is_pattern(what));
    for what in names.into_iter().chain(patterns) {
        finder.add(what)?;
    }
    let mut selection = finder.finish()?;
    if context.trying && order.reference.is_none() {
        work_tree::prefer(context, order, &mut selection)?;
    }
    allowed::check(context, order, &mut selection)?;
    Ok(selection)
}
