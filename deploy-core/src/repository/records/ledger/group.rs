//! Making one commit of the entries that waited together.

use git2::{Oid, Tree};

use super::queue::Waiting;
use super::store::{Fresh, Store};
use super::tree::{Changes, Known, file_at};
use super::{LedgerError, Written};
use crate::repository::Repository;
use crate::repository::records::Expected;

/// Entries that go into one commit.
pub(super) struct Group {
    entries: Vec<Waiting>,
    packed: bool,
}

impl Group {
    pub(super) fn new(entries: Vec<Waiting>) -> Self {
        let mut edits = entries.iter().flat_map(|entry| &entry.edits);
        let packed = edits.any(|(_, content)| matches!(content, Some(Fresh::Packed(_))));
        Self { entries, packed }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Commits, on a tip, all that still rest on what is there. The others are told who
    /// moved it and are out of the group.
    pub(super) fn commit(
        &mut self,
        repository: &Repository,
        tip: Option<Oid>,
    ) -> Result<Option<Oid>, LedgerError> {
        let git = repository.git2();
        let base = tip.map(|tip| git.find_commit(tip)?.tree()).transpose()?;
        let mut changes = Changes::default();
        let mut store = Store::open(git, self.packed)?;
        let mut kept = Vec::with_capacity(self.entries.len());
        for entry in std::mem::take(&mut self.entries) {
            match moved(&entry, &changes, base.as_ref(), git) {
                Ok(None) => {}
                Ok(Some(path)) => {
                    let error = who_moved(repository, tip, path, &changes);
                    let _ = entry.answer.send(Err(error.unwrap_or_else(|error| error)));
                    continue;
                }
                Err(error) => {
                    let _ = entry.answer.send(Err(error.into()));
                    continue;
                }
            }
            for (path, content) in &entry.edits {
                changes.set(path, content.as_ref().map(Fresh::id));
            }
            kept.push(entry);
        }
        self.entries = kept;
        if self.entries.is_empty() {
            return Ok(None);
        }
        for (_, content) in self.entries.iter().flat_map(|entry| &entry.edits) {
            content.as_ref().map_or(Ok(()), |content| store.blob(content))?;
        }
        let tree = changes.write(base.as_ref(), &mut store)?;
        store.finish()?;
        for (_, content) in self.entries.iter_mut().flat_map(|entry| &mut entry.edits) {
            if let Some(content) = content {
                *content = Fresh::Stored(content.id());
            }
        }
        Ok(Some(repository.write_commit(tree, tip.as_slice(), &self.message())?))
    }

    pub(super) fn answer(self, result: &Result<Written, LedgerError>) {
        for entry in self.entries {
            // Whoever does not wait any more does not want to know.
            let _ = entry.answer.send(result.clone());
        }
    }

    /// The subject, and the blocks of all entries as the message's trailers.
    pub(super) fn message(&self) -> String {
        let mut message = match self.entries.as_slice() {
            [one] => first_line(&one.subject).to_owned(),
            many => summary(many),
        };
        message.push_str("\n\n");
        // What no block tells is told in words.
        let untold: Vec<&Waiting> = self.entries.iter().filter(|entry| entry.blocks.is_empty()).collect();
        if self.entries.len() > 1 && !untold.is_empty() {
            untold.iter().for_each(|entry| message.push_str(&format!("{}\n", first_line(&entry.subject))));
            message.push('\n');
        }
        self.entries.iter().flat_map(|entry| &entry.blocks).for_each(|block| block.write_to(&mut message));
        message
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// How many records, and what became of them; where there are none, the first thing in words.
fn summary(entries: &[Waiting]) -> String {
    let told = entries.iter().filter(|entry| !entry.blocks.is_empty()).count();
    if let (0, Some(first)) = (told, entries.first()) {
        return format!("{} (and {} more)", first_line(&first.subject), entries.len() - 1);
    }
    let mut statuses: Vec<(&str, usize)> = Vec::new();
    for block in entries.iter().flat_map(|entry| entry.blocks.first()) {
        let status = block.get("Status").unwrap_or("other");
        match statuses.iter_mut().find(|(known, _)| *known == status) {
            Some((_, count)) => *count += 1,
            None => statuses.push((status, 1)),
        }
    }
    let statuses: Vec<String> = statuses.iter().map(|(status, count)| format!("{count} {status}")).collect();
    format!("{told} records: {}", statuses.join(", "))
}

/// The first path that is not as an entry expects it.
fn moved<'e>(
    entry: &'e Waiting,
    changes: &Changes,
    base: Option<&Tree<'_>>,
    git: &git2::Repository,
) -> Result<Option<&'e str>, git2::Error> {
    for (path, expected) in &entry.expects {
        let found = match changes.at(path) {
            Known::File(blob) => Some(blob),
            Known::Nothing => None,
            Known::Untouched => base.map_or(Ok(None), |base| file_at(base, path))?,
        };
        let holds = match (expected, found) {
            (Expected::Absent, found) => found.is_none(),
            (Expected::Blob(blob), found) => found == Some(*blob),
            (Expected::Record(_), None) => false,
            // What this very commit is about to write is somebody else's.
            (Expected::Record(id), Some(blob)) => match git.find_blob(blob) {
                Ok(blob) => blob.content().starts_with(format!("id = \"{id}\"").as_bytes()),
                Err(error) if error.code() == git2::ErrorCode::NotFound => false,
                Err(error) => return Err(error),
            },
        };
        if !holds {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

fn who_moved(
    repository: &Repository,
    tip: Option<Oid>,
    path: &str,
    changes: &Changes,
) -> Result<LedgerError, LedgerError> {
    let now = || chrono::Utc::now().timestamp();
    Ok(match (changes.at(path), tip) {
        (Known::Untouched, Some(tip)) => LedgerError::moved(repository.git(), &tip.to_string(), path)?,
        _ => LedgerError::moved_by("this very command", now(), path),
    })
}
