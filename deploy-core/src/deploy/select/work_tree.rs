//! Where somebody only tries: what the work tree has in the place of the latest version.

use std::io;

use super::find::is_pattern;
use super::{Remark, SelectError, Selected, Selection};
use crate::definition::{Definition, encode};
use crate::deploy::{Context, Order};
use crate::repository::files;
use crate::repository::layout::{Kind, SCHEDULES};
use crate::repository::pack::blob_id;
use crate::repository::records::Source;

/// Takes the work tree's content of schedules that were named without a version.
pub(super) fn prefer(
    context: &Context<'_>,
    order: &Order,
    selection: &mut Selection,
) -> Result<(), SelectError> {
    if !context.repository.has_work_tree() || selection.package.is_some() {
        return Ok(());
    }
    let named = |item: &Selected| order.what.iter().any(|what| *what == item.name || is_pattern(what));
    for item in selection.items.iter_mut().filter(|item| named(item)) {
        if item.source.commit.is_none() {
            let text = "taken from the work tree; no version of it is on main".to_owned();
            selection.remarks.push(Remark { schedule: Some(item.name.clone()), text, refused: false });
            continue;
        }
        let versions = context.history.versions(Kind::Schedule, &encode(&item.name));
        if versions.last().and_then(|version| version.blob) != Some(item.blob) {
            continue;
        }
        let Some(bytes) = read(context, &item.path)? else { continue };
        let git = context.repository.git2();
        if blob_id(&bytes) == item.blob || means_the_same(&bytes, git.find_blob(item.blob)?.content()) {
            continue;
        }
        *item = selected(context, &item.name, &item.path, &bytes)?;
        selection.remarks.push(Remark {
            schedule: Some(item.name.clone()),
            text: "taken from the work tree, which differs from the latest version".to_owned(),
            refused: false,
        });
    }
    Ok(())
}

/// A schedule that only the work tree has.
pub(super) fn new_schedule(context: &Context<'_>, name: &str) -> Result<Option<Selected>, SelectError> {
    if !context.repository.has_work_tree() {
        return Ok(None);
    }
    let (folder, stem) = (format!("{SCHEDULES}/"), encode(name));
    let all = files::all(context.repository, &|found| found.starts_with(&folder))?;
    match all.iter().find(|file| Kind::of(&file.path) == Some((Kind::Schedule, &stem))) {
        Some(file) => match read(context, &file.path)? {
            Some(bytes) => Ok(Some(selected(context, name, &file.path, &bytes)?)),
            None => Ok(None),
        },
        None => Ok(None),
    }
}

/// Content of the work tree. It becomes an object that no ref names: harmless, and
/// whoever reads the plan can look at it.
fn selected(context: &Context<'_>, name: &str, path: &str, bytes: &[u8]) -> Result<Selected, git2::Error> {
    let blob = context.repository.git2().blob(bytes)?;
    Ok(Selected {
        name: name.to_owned(),
        source: Source { version: None, commit: None, blob: Some(blob.to_string()) },
        path: path.to_owned(),
        blob,
        time: i64::MAX,
    })
}

/// A plain file of the work tree; a link, a folder or nothing is passed over.
fn read(context: &Context<'_>, path: &str) -> Result<Option<Vec<u8>>, SelectError> {
    let at = context.repository.root().join(path);
    if !at.symlink_metadata().is_ok_and(|metadata| metadata.is_file()) {
        return Ok(None);
    }
    match std::fs::read(&at) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(SelectError::Io { path: path.to_owned(), source }),
    }
}

/// Line ends and the order of keys are no difference.
fn means_the_same(one: &[u8], other: &[u8]) -> bool {
    match (Definition::read(one), Definition::read(other)) {
        (Ok(one), Ok(other)) => one.to_bytes() == other.to_bytes(),
        _ => false,
    }
}
