//! Select: what was asked for, as commits have it.

use git2::Oid;

use super::{Context, Order};
use crate::repository::records::Source;

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
}

/// One schedule to deploy. Its content is read when it is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selected {
    /// Its name in the repository.
    pub name: String,
    /// Version, commit and blob.
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

/// Why nothing was selected.
#[derive(Debug, thiserror::Error)]
pub enum SelectError {
    /// Nothing was asked for.
    #[error("nothing to deploy was named")]
    Nothing,
}

/// Finds what was asked for.
pub fn select(context: &Context<'_>, order: &Order) -> Result<Selection, SelectError> {
    let _ = (context, order);
    Err(SelectError::Nothing)
}
