//! Changing packages: every change is one commit.

mod pins;
mod work;

use super::words::{between, of_new};
use super::{Package, PackageError, Pin, TRAILER, all_in, versions};
use crate::definition::PackageName;
use crate::repository::change::{Change, Committed, Content, Destination, Interrupted};
use crate::repository::history::{History, HistoryError};
use crate::repository::layout::{Kind, package_path};
use crate::repository::listing::Listing;
use crate::repository::{Repository, TipError};
use pins::Pinner;
use work::{Outcome, Work};

/// What to do with a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Make it.
    Create {
        /// What it is for.
        description: String,
        /// The schedules in it: `NAME`, `NAME@3`, `NAME@REF`.
        schedules: Vec<String>,
        /// Its rules, in order.
        rules: Vec<String>,
    },
    /// Put schedules in, or pin them anew; add rules.
    Add {
        /// `NAME`, `NAME@3`, `NAME@REF`.
        schedules: Vec<String>,
        /// Rules to run after those it has.
        rules: Vec<String>,
    },
    /// Take schedules and rules out.
    Remove {
        /// Names of schedules.
        schedules: Vec<String>,
        /// Rules, as they stand in the package.
        rules: Vec<String>,
    },
    /// Move pins to the latest versions.
    Update {
        /// Only of these schedules; all if empty.
        schedules: Vec<String>,
    },
    /// Give it another name, keeping the old one for its earlier versions.
    Rename {
        /// The new name.
        to: String,
    },
    /// Remove its file.
    Delete,
}

/// How the commit is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitOptions {
    /// Where it goes.
    pub destination: Destination,
    /// First lines of its message; made from what is done if absent.
    pub message: Option<String>,
    /// Push it.
    pub push: bool,
}

/// What came of a change.
#[derive(Debug)]
pub struct Changed {
    /// The package; under its new name where it was renamed.
    pub name: PackageName,
    /// What changed, in a few words; empty where nothing did.
    pub what: String,
    /// The version it makes, or will make when merged.
    pub number: usize,
    /// Whether the number is final: the commit is on main.
    pub on_main: bool,
    /// The pins that are not as they were.
    pub moved: Vec<Moved>,
    /// Pinned schedules that have no content any more; their pins stayed.
    pub gone: Vec<String>,
    /// The commit; `None` where there was nothing to do.
    pub committed: Option<Committed>,
    /// What a killed command had left and this one has finished.
    pub recovered: Option<Interrupted>,
}

/// A schedule that was pinned, moved or taken out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The schedule.
    pub schedule: String,
    /// Where it was pinned before: a version, or the beginning of a blob.
    pub from: Option<String>,
    /// Where it is pinned now.
    pub to: Option<String>,
}

/// Does something with a package, in one commit.
pub fn change(
    repository: &Repository,
    name: &str,
    action: &Action,
    options: &CommitOptions,
    waiting: &dyn Fn(),
) -> Result<Changed, PackageError> {
    let name = PackageName::new(name)?;
    let commit = Change::begin(repository, &options.destination, waiting)?;
    let history = match History::load(repository) {
        Ok(history) => Some(history),
        // The first commit of a repository: nothing has a version yet.
        Err(HistoryError::Tip(TipError::NoMain { .. })) => None,
        Err(error) => return Err(error.into()),
    };
    let git = repository.git2();
    let tree = commit.base_tree()?;
    let read = |kind| match &tree {
        Some(tree) => Listing::read(git, tree, kind),
        None => Ok(Listing::default()),
    };
    let on_main = commit.branch() == repository.settings().git.main;
    let work = Work {
        branch: commit.branch(),
        all: tree.as_ref().map(|tree| all_in(git, tree)).transpose()?.unwrap_or_default(),
        rules: read(Kind::Rule)?,
        pinner: Pinner { repository, history: history.as_ref(), schedules: read(Kind::Schedule)?, on_main },
        name: &name,
    };
    let Outcome { before, after, name: new_name, gone } = work.apply(action)?;
    let (old, new) = (before.clone().unwrap_or_default(), after.clone().unwrap_or_default());
    let what = match (&before, &after) {
        (None, Some(after)) => of_new(after),
        (Some(_), None) => "deleted".to_owned(),
        (Some(_), Some(_)) if new_name != name => format!("renamed from {}", name.as_str().escape_debug()),
        _ => between(&old, &new),
    };
    let number = history.as_ref().map_or(0, |history| versions(repository, history, &name.stem()).len()) + 1;
    let moved = moves(&old, &new);
    let recovered = commit.recovered().cloned();
    let committed = if what.is_empty() {
        None
    } else {
        let path = package_path(&name);
        write(commit, &path, &package_path(&new_name), after.as_ref(), &new_name)?
            .commit(&message(options, action, &name, &new_name, &what), options.push)?
    };
    Ok(Changed { name: new_name, what, number, on_main, moved, gone, committed, recovered })
}

/// Puts the package's file where it belongs.
fn write<'r>(
    mut commit: Change<'r>,
    old_path: &str,
    path: &str,
    after: Option<&Package>,
    name: &PackageName,
) -> Result<Change<'r>, PackageError> {
    let before = commit.read(old_path)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    if before.is_some() && (after.is_none() || path != old_path) {
        // Removed before the new one is written: they may differ in case only.
        commit.remove(old_path);
    }
    if let Some(package) = after {
        let text = package
            .write(before.as_deref())
            .map_err(|source| PackageError::Write { name: name.to_string(), source })?;
        commit.put(path, Content::Bytes(text.into_bytes()));
    }
    Ok(commit)
}

fn message(
    options: &CommitOptions,
    action: &Action,
    name: &PackageName,
    new_name: &PackageName,
    what: &str,
) -> String {
    let quoted = name.as_str().escape_debug();
    let subject = match (&options.message, action) {
        (Some(message), _) => message.trim_end().to_owned(),
        (None, Action::Create { .. }) => format!("Create package {quoted}: {what}"),
        (None, Action::Rename { .. }) => {
            format!("Rename package {quoted} to {}", new_name.as_str().escape_debug())
        }
        (None, Action::Delete) => format!("Delete package {quoted}"),
        (None, _) => format!("Update package {quoted}: {what}"),
    };
    let mut message = format!("{subject}\n\n");
    if new_name != name {
        let now = new_name.as_str().escape_debug();
        message.push_str(&format!("{TRAILER}: {} | renamed to {now}\n", name.stem()));
    }
    message.push_str(&format!("{TRAILER}: {} | {what}\n", new_name.stem()));
    message
}

fn moves(before: &Package, after: &Package) -> Vec<Moved> {
    let came = after.schedules.iter().filter(|pin| before.pin(&pin.name) != Some(pin)).map(|pin| Moved {
        schedule: pin.name.clone(),
        from: before.pin(&pin.name).map(Pin::at),
        to: Some(pin.at()),
    });
    let went = before.schedules.iter().filter(|pin| after.pin(&pin.name).is_none()).map(|pin| Moved {
        schedule: pin.name.clone(),
        from: Some(pin.at()),
        to: None,
    });
    let mut moves: Vec<Moved> = came.chain(went).collect();
    moves.sort_by(|a, b| a.schedule.cmp(&b.schedule));
    moves
}
