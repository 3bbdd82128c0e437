//! What a schedule is pinned to: on main its version, commit and blob; on
//! another branch, where nothing has a number, the blob alone.

use crate::definition::{ScheduleName, decode};
use crate::repository::Repository;
use crate::repository::history::History;
use crate::repository::layout::Kind;
use crate::repository::listing::Listing;
use crate::repository::package::{PackageError, Pin};
use crate::repository::resolve::{ResolveError, resolve};
use crate::repository::toml_file::nearest;

pub(super) struct Pinner<'a> {
    pub(super) repository: &'a Repository,
    pub(super) history: Option<&'a History>,
    /// The schedules of the branch that the package is changed on.
    pub(super) schedules: Listing,
    pub(super) on_main: bool,
}

impl Pinner<'_> {
    /// The pin of `NAME`, `NAME@3` or `NAME@REF`.
    pub(super) fn pin(&self, text: &str) -> Result<Pin, PackageError> {
        let stored = ScheduleName::new(text).ok().and_then(|name| self.schedules.get(&name.stem()));
        match (stored, self.history) {
            (Some(stored), _) if !self.on_main => Ok(blob_only(text, stored.blob)),
            (_, None) => Err(self.unknown(text)),
            (_, Some(history)) => {
                let found = resolve(self.repository, history, Kind::Schedule, text)?;
                let name = ScheduleName::new(found.name)?;
                let number = found.number.filter(|_| self.on_main);
                Ok(number
                    .and_then(|number| numbered(history, &name, number))
                    .unwrap_or_else(|| blob_only(name.as_str(), found.blob)))
            }
        }
    }

    /// The pin of the latest content; `None` where there is none any more.
    pub(super) fn latest(&self, name: &ScheduleName) -> Result<Option<Pin>, PackageError> {
        if !self.on_main {
            return Ok(self.schedules.get(&name.stem()).map(|stored| blob_only(name.as_str(), stored.blob)));
        }
        let Some(history) = self.history else { return Ok(None) };
        let count = history.versions(Kind::Schedule, &name.stem()).len();
        Ok(numbered(history, name, count))
    }

    fn unknown(&self, text: &str) -> PackageError {
        let names: Vec<String> = self.schedules.iter().filter_map(|(stem, _)| decode(stem)).collect();
        let near = nearest(text, &names).map(str::to_owned);
        ResolveError::Unknown { kind: Kind::Schedule, name: text.to_owned(), near }.into()
    }
}

fn numbered(history: &History, name: &ScheduleName, number: usize) -> Option<Pin> {
    let versions = history.versions(Kind::Schedule, &name.stem());
    let version = versions.get(number.checked_sub(1)?)?;
    Some(Pin {
        name: name.to_string(),
        version: Some(number),
        commit: Some(version.commit.to_string()),
        blob: version.blob?.to_string(),
    })
}

fn blob_only(name: &str, blob: git2::Oid) -> Pin {
    Pin { name: name.to_owned(), version: None, commit: None, blob: blob.to_string() }
}
