//! What is installed where: packages and schedules as the records know them, and
//! forgetting what is wrong there without touching a target.

use super::{Block, Entry, Expected, Kind, Person, Place, Record, RecordId, Records, RecordsError, plain};

impl Records<'_> {
    /// Everything that stands somewhere: packages, then schedules, server by server.
    pub fn installations(&self) -> Result<Vec<Record>, RecordsError> {
        let mut all = Vec::new();
        for server in self.servers()? {
            all.extend(self.packages(&server)?);
            all.extend(self.active(&server)?.into_iter().map(|standing| standing.record));
        }
        Ok(all)
    }
}

impl Entry {
    /// Records say no longer that something stands there; the target is not touched.
    /// With a package its schedules are forgotten.
    pub fn forget(records: &[Record], reason: &str, who: &Person) -> Self {
        let mut entry = Self::default();
        for record in records {
            let (path, folder) = match record.kind {
                Kind::Package => {
                    let path = Place::Package(&record.server, &record.name).path();
                    (path.clone(), path)
                }
                // Scripts are never taken away: only the next one takes the place of one.
                Kind::Script => continue,
                Kind::Schedule => {
                    let place = Place::Active(&record.server, &record.name);
                    (place.file("record.toml"), place.path())
                }
            };
            entry.expects.push((path, Expected::Record(record.id)));
            entry.edits.push((folder, None));
            entry.blocks.push(Block::forgotten(record, who, reason));
            if entry.subject.is_empty() {
                let (name, server) = (plain(&record.name), plain(&record.server));
                entry.subject = format!("Forget `{name}` on `{server}`: {}", plain(reason));
            }
        }
        entry
    }
}

/// An installation and, of a package, its schedules; the id may be its beginning.
pub fn installed<'i>(all: &'i [Record], id: &str) -> Result<Vec<&'i Record>, InstalledError> {
    let given = id.to_lowercase();
    let fits = |record: &&Record| record.id.to_string().starts_with(&given);
    let mut found = all.iter().filter(fits);
    let (first, second) = (found.next(), found.next());
    let unknown = || InstalledError::Unknown { id: id.to_owned() };
    let record = first.filter(|_| given.len() >= SHORTEST).ok_or_else(unknown)?;
    if second.is_some() {
        return Err(InstalledError::Ambiguous { id: id.to_owned() });
    }
    let is_member = |other: &&Record| other.server == record.server && member_of(record, other.id);
    Ok(std::iter::once(record).chain(all.iter().filter(is_member)).collect())
}

fn member_of(package: &Record, id: RecordId) -> bool {
    package.kind == Kind::Package && package.members.contains(&id)
}

/// So much of an id must be given.
const SHORTEST: usize = 4;

/// Why an installation was not found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InstalledError {
    /// Nothing that stands anywhere has that record.
    #[error("no installation has a record that begins with `{}`", id.escape_debug())]
    Unknown {
        /// As it was given.
        id: String,
    },
    /// Several have.
    #[error("`{}` is the beginning of several records", id.escape_debug())]
    Ambiguous {
        /// As it was given.
        id: String,
    },
}
