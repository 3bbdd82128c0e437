//! Where somebody only tries: what the work tree has in the place of the latest version.

use std::io;

use super::find::{PACKAGE, is_pattern};
use super::{Remark, SelectError, Selected, Selection};
use crate::definition::{Definition, encode};
use crate::deploy::{Context, Order};
use crate::repository::layout::Kind;
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
    debug_assert!(order.what.iter().all(|what| !what.starts_with(PACKAGE)));
    for item in selection.items.iter_mut().filter(|item| named(item)) {
        let versions = context.history.versions(Kind::Schedule, &encode(&item.name));
        if versions.last().and_then(|version| version.blob) != Some(item.blob) {
            continue;
        }
        let Some(bytes) = read(context, &item.path)? else { continue };
        let git = context.repository.git2();
        if blob_id(&bytes) == item.blob || means_the_same(&bytes, git.find_blob(item.blob)?.content()) {
            continue;
        }
        // An object that no ref names is harmless, and whoever reads the plan can look at it.
        item.blob = git.blob(&bytes)?;
        item.source = Source { version: None, commit: None, blob: Some(item.blob.to_string()) };
        item.time = i64::MAX;
        selection.remarks.push(Remark {
            schedule: Some(item.name.clone()),
            text: "taken from the work tree, which differs from the latest version".to_owned(),
        });
    }
    Ok(())
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
