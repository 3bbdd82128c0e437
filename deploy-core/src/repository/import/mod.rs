//! Import: definitions become new versions, in one commit for the request.
//!
//! Sources are read, canonicalised and stored on all cores; what is the same
//! as the stored version makes no new one. Memory holds only the definitions
//! in work, not the request.

mod fetch;
mod read;
mod settle;
mod sources;
mod store;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use git2::Oid;

use super::change::{Change, CommitError, Committed, Content, Destination, Interrupted};
use super::history::{History, HistoryError, Version};
use super::layout::{self, Kind};
use super::listing::{Listing, Stored};
use super::{Repository, TipError, what_changed};
use crate::definition::{NameError, ReadError};
pub use fetch::{Arrived, FetchError, FetchOptions, Wanted, fetch, select};
use read::{Read, State};
use settle::Settled;
pub use sources::{Source, SourcesError, find_sources};

/// What to import, and how the commit is made.
#[derive(Debug)]
pub struct ImportOptions {
    /// Folder under `schedules/` for schedules that are new.
    pub app: Option<String>,
    /// Where the commit goes.
    pub destination: Destination,
    /// First line of the commit message; made from the result if absent.
    pub message: Option<String>,
    /// Further trailers of the commit, such as where the definitions came from.
    pub trailers: Vec<(String, String)>,
    /// Push the commit.
    pub push: bool,
}

/// Why a request as a whole was not imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The application folder cannot be one.
    #[error("`{0}` cannot be the folder of an application")]
    App(String),
    /// On some systems both would be one folder.
    #[error("the folder `{app}` differs only in case from `{other}`")]
    AppCase {
        /// What was given.
        app: String,
        /// The one that exists.
        other: String,
    },
    /// The versions could not be counted.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// The commit was not made.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The repository could not be read.
    #[error("cannot read the repository: {}", .0.message())]
    Object(#[from] git2::Error),
    /// Objects or files could not be written.
    #[error("cannot store the definitions: {0}; nothing was committed")]
    Store(#[source] std::io::Error),
    /// The user stopped it.
    #[error("stopped; nothing was committed")]
    Cancelled,
}

/// Why one definition of a request was not imported.
#[derive(Debug, thiserror::Error)]
pub enum ItemError {
    /// The source could not be read.
    #[error("cannot read it: {0}")]
    Io(#[source] std::io::Error),
    /// It is not a definition.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A name that no file can have.
    #[error(transparent)]
    Name(#[from] NameError),
    /// It did not come from the system.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// Another schedule's name differs only in case.
    #[error("its name differs only in case from `{other}`; one of them would be lost on Windows and macOS")]
    CaseClash {
        /// The other one.
        other: String,
    },
    /// The request holds the same schedule with other content.
    #[error("`{other}` holds the same schedule with other content")]
    Contradiction {
        /// The other source.
        other: String,
    },
    /// The stored version could not be read.
    #[error("cannot read its stored version: {0}")]
    Stored(String),
    /// Two files of the repository hold it.
    #[error("it is stored twice, in `{one}` and in `{other}`; `git rm` one of them and commit")]
    StoredTwice {
        /// One of the files.
        one: String,
        /// The other.
        other: String,
    },
}

/// What became of one schedule.
#[derive(Debug)]
pub enum Outcome {
    /// A new version; its number where the commit is on main.
    Imported {
        /// The version it makes, or will make when merged.
        number: usize,
        /// What changed, in a few words.
        what: String,
        /// It lies in this application although another folder was asked for.
        stays_in: Option<String>,
    },
    /// Nothing new.
    Equal {
        /// The version it equals; `None` where that is not on main.
        number: Option<usize>,
    },
    /// Not imported.
    Failed(ItemError),
}

/// One line of the result.
#[derive(Debug)]
pub struct Item {
    /// The schedule, or the source where no schedule could be read from it.
    pub name: String,
    /// Where it came from.
    pub source: String,
    /// What became of it.
    pub outcome: Outcome,
}

/// The result of a request.
#[derive(Debug)]
pub struct Imported {
    /// A line for each schedule, in the order of the sources.
    pub items: Vec<Item>,
    /// The commit; `None` where there was nothing new.
    pub committed: Option<Committed>,
    /// Whether the numbers are final: the commit is on main, and main is not behind the remote's.
    pub on_main: bool,
    /// What a killed command had left and this one has finished.
    pub recovered: Option<Interrupted>,
    /// A rewritten history was noticed.
    pub rewritten: bool,
}

/// How far an import is, and whether it should go on.
#[derive(Debug, Default)]
pub struct Progress {
    /// Sources done.
    pub done: AtomicUsize,
    /// Sources in all, where that is found out on the way.
    pub total: AtomicUsize,
    /// Set to stop.
    pub cancelled: AtomicBool,
    /// Set by the caller while another command holds the clone; taken back when that is over.
    pub waiting: AtomicBool,
}

/// Imports sources into the repository.
pub fn import(
    repository: &Repository,
    sources: &[Source],
    options: &ImportOptions,
    progress: &Progress,
    waiting: &dyn Fn(),
) -> Result<Imported, ImportError> {
    import_by(repository, options, waiting, |change, stored| {
        progress.waiting.store(false, Ordering::Relaxed);
        let read = read::read_all(repository, sources, stored, change.staging()?, progress)?;
        Ok((sources.iter().map(Source::label).collect(), read))
    })
}

/// Imports definitions while they come, `expected` of them or more: memory
/// holds those on their way only.
pub fn import_arriving(
    repository: &Repository,
    arriving: &mut (dyn Iterator<Item = Arrived> + Send),
    expected: usize,
    options: &ImportOptions,
    progress: &Progress,
    waiting: &dyn Fn(),
) -> Result<Imported, ImportError> {
    import_by(repository, options, waiting, |change, stored| {
        progress.waiting.store(false, Ordering::Relaxed);
        read::read_arriving(repository, arriving, expected, stored, change.staging()?, progress)
    })
}

fn import_by(
    repository: &Repository,
    options: &ImportOptions,
    waiting: &dyn Fn(),
    read: impl FnOnce(&Change<'_>, &Listing) -> Result<(Vec<String>, Read), ImportError>,
) -> Result<Imported, ImportError> {
    let app = match &options.app {
        Some(app) => Some(layout::app_folder(app).ok_or_else(|| ImportError::App(app.clone()))?),
        None => None,
    };
    let mut change = Change::begin(repository, &options.destination, waiting)?;
    let stored = match change.base_tree()? {
        Some(tree) => Listing::read(repository.git2(), &tree, Kind::Schedule)?,
        None => Listing::default(),
    };
    if let Some(app) = &app
        && let Some(other) = same_folder_but_for_case(app, &stored)
    {
        return Err(ImportError::AppCase { app: app.clone(), other });
    }
    let (labels, read) = read(&change, &stored)?;
    let settled = settle::settle(read, &labels, &stored);
    let on_main = change.branch() == repository.settings().git.main;
    let numbers = Numbers::load(repository)?;
    let mut trailers = String::new();
    let mut items = Vec::with_capacity(settled.len());
    for Settled { name, source, result } in settled {
        let outcome = match result {
            Err(error) => Outcome::Failed(error),
            Ok((stem, State::Equal)) => Outcome::Equal {
                number: numbers.equal_to(&stem, stored.get(&stem).map(|stored| stored.blob)),
            },
            Ok((stem, State::New { blob, file, what })) => {
                let (path, stays_in) = place(&stem, stored.get(&stem), app.as_deref());
                change.put(path, Content::Staged { blob, file });
                what_changed::push_trailer(&mut trailers, &stem, &what);
                Outcome::Imported { number: numbers.next(&stem), what, stays_in }
            }
        };
        items.push(Item { name, source, outcome });
    }
    let recovered = change.recovered().cloned();
    let committed = if trailers.is_empty() {
        None
    } else {
        change.commit(&message(options, &items, &trailers), options.push)?
    };
    // Behind the remote, versions are counted there: the commit has none before it is on top of that.
    let counted = match &committed {
        Some(committed) => repository.tip().map_err(HistoryError::from)?.commit == committed.commit,
        None => true,
    };
    let on_main = on_main && counted;
    Ok(Imported { items, committed, on_main, recovered, rewritten: numbers.rewritten })
}

/// A folder that exists and is a part of the path asked for but for its case.
fn same_folder_but_for_case(app: &str, stored: &Listing) -> Option<String> {
    let parts: Vec<&str> = app.split('/').collect();
    stored.iter().find_map(|(_, stored)| {
        let there: Vec<&str> = layout::app_of(&stored.path).split('/').collect();
        let same = parts.iter().zip(&there).take_while(|(a, b)| a.to_lowercase() == b.to_lowercase()).count();
        (parts[..same] != there[..same]).then(|| there[..same].join("/"))
    })
}

/// Where a schedule goes: where it lies already, else into the application asked for.
fn place(stem: &str, stored: Option<&Stored>, app: Option<&str>) -> (String, Option<String>) {
    match stored {
        Some(stored) => {
            let lies_in = layout::app_of(&stored.path);
            let stays_in = app.filter(|app| *app != lies_in).map(|_| lies_in.to_owned());
            (stored.path.clone(), stays_in)
        }
        None => {
            let folder = app.map_or_else(String::new, |app| format!("{app}/"));
            (format!("{}/{folder}{stem}.json", layout::SCHEDULES), None)
        }
    }
}

fn message(options: &ImportOptions, items: &[Item], trailers: &str) -> String {
    let imported: Vec<&Item> =
        items.iter().filter(|item| matches!(item.outcome, Outcome::Imported { .. })).collect();
    let given = options.message.as_deref().map(str::trim).filter(|message| !message.is_empty());
    let mut message = match (given, imported.as_slice()) {
        (Some(message), _) => message.to_owned(),
        (None, [Item { name, outcome: Outcome::Imported { what, .. }, .. }]) => {
            format!("Import {}: {what}", name.escape_debug())
        }
        (None, many) => format!("Import {} schedules", many.len()),
    };
    message.push_str("\n\n");
    for (key, value) in &options.trailers {
        message.push_str(&format!("{key}: {value}\n"));
    }
    message.push_str(trailers);
    message
}

/// How many versions each schedule has.
struct Numbers {
    latest: HashMap<String, Version>,
    rewritten: bool,
}

impl Numbers {
    fn load(repository: &Repository) -> Result<Self, HistoryError> {
        match History::load(repository) {
            Ok(history) => Ok(Self {
                latest: history.latest(Kind::Schedule).into_iter().collect(),
                rewritten: history.rewritten().is_some(),
            }),
            // The first commit of a repository: nothing has a version yet.
            Err(HistoryError::Tip(TipError::NoMain { .. })) => {
                Ok(Self { latest: HashMap::new(), rewritten: false })
            }
            Err(error) => Err(error),
        }
    }

    fn next(&self, stem: &str) -> usize {
        self.latest.get(stem).map_or(1, |version| version.number + 1)
    }

    fn equal_to(&self, stem: &str, blob: Option<Oid>) -> Option<usize> {
        self.latest.get(stem).filter(|version| version.blob == blob).map(|version| version.number)
    }
}
