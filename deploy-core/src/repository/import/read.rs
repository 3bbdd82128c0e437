//! Reading, comparing and storing the definitions of a request, on all cores.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};

use git2::Oid;
use rayon::prelude::*;

use super::fetch::{Arrived, FetchError};
use super::store::{Emitter, Store};
use super::{ImportError, ItemError, Progress, Source};
use crate::definition::{Definition, Purpose, ScheduleName, equal, split};
use crate::repository::listing::Listing;
use crate::repository::pack::blob_id;
use crate::repository::{Repository, what_changed};

/// A schedule that was read, compared with its stored version, and stored.
pub(super) struct Ready {
    pub(super) name: ScheduleName,
    pub(super) state: State,
}

/// What is to be done with it.
pub(super) enum State {
    /// Nothing.
    Equal,
    /// Commit it.
    New { blob: Oid, file: Option<PathBuf>, what: String },
}

/// A schedule that was not read; its name, where that much could be read.
pub(super) struct Unread {
    pub(super) name: Option<String>,
    pub(super) error: ItemError,
}

/// The schedules of each source.
pub(super) type Read = Vec<OfSource>;

/// Reads and stores all sources.
pub(super) fn read_all(
    repository: &Repository,
    sources: &[Source],
    stored: &Listing,
    staging: Option<PathBuf>,
    progress: &Progress,
) -> Result<Read, ImportError> {
    on_all_cores(repository, sources.len(), stored, staging, progress, |new_reader, done| {
        let read_one = |reader: &mut Reader<'_>, source: &Source| done(&mut || reader.read(source));
        sources.par_iter().map_init(new_reader, read_one).collect::<Read>()
    })
}

/// Stores definitions while they come; with them their labels, in the order of the request.
pub(super) fn read_arriving(
    repository: &Repository,
    arriving: &mut (dyn Iterator<Item = Arrived> + Send),
    expected: usize,
    stored: &Listing,
    staging: Option<PathBuf>,
    progress: &Progress,
) -> Result<(Vec<String>, Read), ImportError> {
    let mut read = on_all_cores(repository, expected, stored, staging, progress, |new_reader, done| {
        let read_one = |reader: &mut Reader<'_>, arrived: Arrived| {
            let Arrived { order, label, definition } = arrived;
            let mut definition = Some(definition);
            (order, label, done(&mut || definition.take().map_or(Ok(Vec::new()), |it| reader.arrived(it))))
        };
        arriving.par_bridge().map_init(new_reader, read_one).collect::<Vec<_>>()
    })?;
    read.sort_by_key(|(order, _, _)| *order);
    Ok(read.into_iter().map(|(_, label, read)| (label, read)).unzip())
}

/// The schedules of one source.
type OfSource = Vec<Result<Ready, Unread>>;

/// Runs `work` with a reader for each thread, while another thread writes what they store.
fn on_all_cores<'s, T: Send>(
    repository: &Repository,
    expected: usize,
    stored: &'s Listing,
    staging: Option<PathBuf>,
    progress: &Progress,
    work: impl FnOnce(
        &(dyn Fn() -> Reader<'s> + Sync),
        &(dyn Fn(&mut dyn FnMut() -> io::Result<OfSource>) -> OfSource + Sync),
    ) -> T,
) -> Result<T, ImportError> {
    let git_dir = repository.git2().path().to_path_buf();
    let failure: Mutex<Option<io::Error>> = Mutex::new(None);
    let stopped = || {
        progress.cancelled.load(Ordering::Relaxed) || failure.lock().map_or(true, |failure| failure.is_some())
    };
    let store = Store::open(repository, expected).map_err(ImportError::Store)?;
    let (read, written) = store.run(|senders| {
        let senders = Mutex::new(senders.clone());
        let new_reader = || Reader {
            git_dir: git_dir.clone(),
            git: None,
            emitter: senders.lock().unwrap_or_else(PoisonError::into_inner).emitter(),
            stored,
            staging: staging.clone(),
        };
        let done = |read: &mut dyn FnMut() -> io::Result<OfSource>| {
            if stopped() {
                return Vec::new();
            }
            let read = read().unwrap_or_else(|error| {
                if let Ok(mut failure) = failure.lock() {
                    failure.get_or_insert(error);
                }
                Vec::new()
            });
            progress.done.fetch_add(1, Ordering::Relaxed);
            read
        };
        work(&new_reader, &done)
    });
    if progress.cancelled.load(Ordering::Relaxed) {
        return Err(ImportError::Cancelled);
    }
    // The writer's own error says more than "the writer has stopped".
    written.map_err(ImportError::Store)?;
    match failure.into_inner() {
        Ok(Some(error)) => Err(ImportError::Store(error)),
        _ => Ok(read),
    }
}

/// What is stored of a schedule.
enum Before {
    Nothing,
    /// Someone committed something else by hand; a good definition mends it.
    NotADefinition,
    Definition(Box<Definition>),
}

/// Reads sources on one thread.
struct Reader<'s> {
    git_dir: PathBuf,
    git: Option<git2::Repository>,
    emitter: Emitter,
    stored: &'s Listing,
    staging: Option<PathBuf>,
}

impl Reader<'_> {
    /// The schedules of a source; the error is one of storing, not of the source.
    fn read(&mut self, source: &Source) -> io::Result<OfSource> {
        let definition = match source.bytes().map_err(ItemError::Io) {
            Ok(bytes) => Definition::read(&bytes).map_err(ItemError::Read),
            Err(error) => Err(error),
        };
        self.store(definition)
    }

    /// The schedules of a definition that came from elsewhere.
    fn arrived(&mut self, definition: Result<Definition, FetchError>) -> io::Result<OfSource> {
        self.store(definition.map_err(ItemError::Fetch))
    }

    fn store(&mut self, definition: Result<Definition, ItemError>) -> io::Result<OfSource> {
        let parts = match definition {
            Ok(definition) => split(definition),
            Err(error) => return Ok(vec![Err(Unread { name: None, error })]),
        };
        parts.into_iter().map(|part| self.take(part)).collect()
    }

    fn take(&mut self, mut new: Definition) -> io::Result<Result<Ready, Unread>> {
        let given = new.names().first().map(|name| (*name).to_owned()).unwrap_or_default();
        let name = match ScheduleName::new(given.clone()) {
            Ok(name) => name,
            Err(error) => return Ok(Err(Unread { name: Some(given), error: error.into() })),
        };
        let before = match self.before(&name.stem()) {
            Ok(before) => before,
            Err(error) => return Ok(Err(Unread { name: Some(given), error })),
        };
        let what = match before {
            Before::Nothing => what_changed::of_new(&new),
            Before::NotADefinition => what_changed::AGAIN.to_owned(),
            Before::Definition(before) => {
                if equal(before.value(), new.value(), Purpose::Import) {
                    return Ok(Ok(Ready { name, state: State::Equal }));
                }
                new.keep_noise_of(&before);
                what_changed::between(&before, &new)
            }
        };
        let bytes = new.to_bytes();
        let file = match &self.staging {
            Some(dir) => {
                // Long names stay within what a file name may have: the blob names the file.
                let file = dir.join(blob_id(&bytes).to_string());
                std::fs::write(&file, &bytes)?;
                Some(file)
            }
            None => None,
        };
        let blob = self.emitter.emit(bytes)?;
        Ok(Ok(Ready { name, state: State::New { blob, file, what } }))
    }

    /// What is stored of a schedule.
    fn before(&mut self, stem: &str) -> Result<Before, ItemError> {
        let Some(stored) = self.stored.get(stem) else { return Ok(Before::Nothing) };
        if let Some(other) = self.stored.second_path(stem) {
            return Err(ItemError::StoredTwice { one: stored.path.clone(), other: other.to_owned() });
        }
        let unreadable = |error: git2::Error| ItemError::Stored(error.message().to_owned());
        let git = match self.git.take() {
            Some(git) => git,
            None => git2::Repository::open(&self.git_dir).map_err(unreadable)?,
        };
        let git = self.git.insert(git);
        let blob = git.find_blob(stored.blob).map_err(unreadable)?;
        Ok(match Definition::read(blob.content()) {
            Ok(definition) => Before::Definition(Box::new(definition)),
            Err(_) => Before::NotADefinition,
        })
    }
}
