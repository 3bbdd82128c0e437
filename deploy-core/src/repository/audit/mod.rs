//! The audit: what was done, by whom and when, read from two branches.
//!
//! Deployments are told by the records branch, everything else by the commits
//! on the first-parent line of main, by what they touched. Each branch has its
//! own order; between the two the clocks of the commits decide.

mod category;
mod changes;
mod words;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use git2::Oid;

pub use category::Category;
use changes::{Changes, Made};

use super::records::log::{Act, Event, LogError, RecordLog};
use super::records::{Phase, RecordId};
use super::{Repository, TipError};

/// Why the audit could not be read.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// There is no main.
    #[error(transparent)]
    Tip(#[from] TipError),
    /// A branch could not be read.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// Both branches, read.
#[derive(Debug)]
pub struct Audit {
    main: Changes,
    records: RecordLog,
}

/// One action.
#[derive(Debug, Clone, Copy)]
pub struct Action<'a> {
    /// What it was about.
    pub category: Category,
    /// The commit that holds it.
    pub commit: Oid,
    /// When that was made, in seconds since 1970.
    pub time: i64,
    /// Who did it, or asked for it: `Name <email>`.
    pub user: &'a str,
    /// Who made the commit: `Name <email>`.
    pub committer: &'a str,
    /// Whether the commit carries a signature; what that is worth, verifying tells.
    pub signed: bool,
    what: What<'a>,
}

#[derive(Debug, Clone, Copy)]
enum What<'a> {
    Change(Made<'a>),
    Record(Event<'a>),
}

impl Audit {
    /// Reads main, and takes the records as they were read.
    pub fn load(repository: &Repository, records: RecordLog) -> Result<Self, AuditError> {
        let tip = repository.tip()?.commit;
        Ok(Self { main: Changes::load(repository, tip)?, records })
    }

    /// All actions, newest first. Of an operation that has ended its beginning is
    /// left out unless it is asked for; that somebody scheduled it stays.
    pub fn actions(&self, beginnings: bool) -> impl Iterator<Item = Action<'_>> {
        let is_told = move |event: &Event<'_>| beginnings || !event.is_superseded || is_appointment(event);
        let records = self.records.events().rev().filter(is_told).map(Action::of_event);
        merge(records, self.main.made().rev().map(Action::of_change))
    }
}

fn is_appointment(event: &Event<'_>) -> bool {
    matches!(event.act, Act::Operation(row) if row.phase() == Some(Phase::Scheduled))
}

impl<'a> Action<'a> {
    fn of_event(event: Event<'a>) -> Self {
        let user = match event.act {
            Act::Operation(row) if !row.user().is_empty() => row.user(),
            Act::Pinned(pin) | Act::Unpinned(pin) if !pin.by.is_empty() => pin.by,
            Act::Forgotten(one) => one.by,
            _ => event.change.author,
        };
        Self {
            category: Category::Deployment,
            commit: event.change.id,
            time: event.change.time,
            user,
            committer: event.change.committer,
            signed: event.change.signed,
            what: What::Record(event),
        }
    }

    fn of_change(made: Made<'a>) -> Self {
        Self {
            category: made.category,
            commit: made.commit.id,
            time: made.commit.time,
            user: made.author,
            committer: made.committer,
            signed: made.commit.signed,
            what: What::Change(made),
        }
    }

    /// What was done, in one sentence.
    pub fn message(&self) -> String {
        match &self.what {
            What::Change(made) => words::of_change(made),
            What::Record(event) => words::of_event(event),
        }
    }

    /// All that is known of it in words: what a search looks at.
    pub fn text(&self) -> String {
        match &self.what {
            What::Change(made) => format!("{}\n{}", made.message, made.names),
            What::Record(_) => self.message(),
        }
    }

    /// The schedules, rules, servers … that a commit on main touched, or that an operation was about.
    pub fn names(&self) -> Vec<&'a str> {
        match self.what {
            What::Change(made) => made.names.lines().collect(),
            What::Record(event) => match event.act {
                Act::Operation(row) => vec![row.name()],
                Act::Pinned(pin) | Act::Unpinned(pin) => vec![pin.name],
                Act::Forgotten(one) => vec![one.name],
                Act::Other => Vec::new(),
            },
        }
    }

    /// Whether the records branch tells it.
    pub fn is_of_records(&self) -> bool {
        matches!(self.what, What::Record(_))
    }

    /// The record of the operation.
    pub fn record(&self) -> Option<RecordId> {
        match self.what {
            What::Record(Event { act: Act::Operation(row), .. }) => Some(row.id()),
            _ => None,
        }
    }

    /// Who ran it, where that was somebody else than who asked for it.
    pub fn runner(&self) -> Option<&'a str> {
        match self.what {
            What::Record(Event { act: Act::Operation(row), .. }) => row.runner(),
            _ => None,
        }
    }

    /// The server it was done on.
    pub fn server(&self) -> Option<&'a str> {
        match self.what {
            What::Record(event) => match event.act {
                Act::Operation(row) => Some(row.server()),
                Act::Pinned(pin) | Act::Unpinned(pin) => Some(pin.server),
                Act::Forgotten(one) => Some(one.server),
                Act::Other => None,
            },
            What::Change(_) => None,
        }
    }
}

/// Two sequences, newest first, as one; neither is brought out of its order.
fn merge<'a>(
    records: impl Iterator<Item = Action<'a>>,
    main: impl Iterator<Item = Action<'a>>,
) -> impl Iterator<Item = Action<'a>> {
    let (mut records, mut main) = (records.peekable(), main.peekable());
    std::iter::from_fn(move || match (records.peek(), main.peek()) {
        (Some(record), Some(change)) if record.time < change.time => main.next(),
        (Some(_), _) => records.next(),
        (None, _) => main.next(),
    })
}
