//! Fetching definitions from an OpCon system: as many at a time as the server
//! allows, sub-schedules as they are found, each at most once.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::mpsc::Sender;
use tokio::task::{JoinError, JoinSet};

use super::Progress;
use crate::definition::{Definition, items, sub_schedule};
use crate::opcon::{Cause, NamePattern, OpConError, OpConSystem};
use crate::repository::toml_file::nearest;

/// After so many broken connections in a row the system counts as gone.
const BROKEN_IN_A_ROW: usize = 4;
/// How often a stop is looked for.
const LOOK: Duration = Duration::from_millis(50);

/// A definition that came, or did not.
#[derive(Debug)]
pub struct Arrived {
    /// Its place in the request.
    pub order: usize,
    /// The schedule as it was asked for.
    pub label: String,
    /// The definition.
    pub definition: Result<Definition, FetchError>,
}

/// Why a definition did not come.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// Nothing on the system has such a name.
    #[error("no schedule on `{server}` is called that{}", .near.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    NoMatch {
        /// The server.
        server: String,
        /// The nearest name.
        near: Option<String>,
    },
    /// It went between the list and the extract.
    #[error("it was on `{server}` a moment ago, and is gone now")]
    Vanished {
        /// The server.
        server: String,
    },
    /// A container job names a schedule that is not there.
    #[error("a container job of `{by}` runs it, but it is not on `{server}`")]
    NoSubSchedule {
        /// The schedule with the job.
        by: String,
        /// The server.
        server: String,
    },
    /// The connection was lost before its turn came.
    #[error("not tried: the connection to `{server}` was lost")]
    NotTried {
        /// The server.
        server: String,
    },
    /// The system refused, or sent something else.
    #[error("{}", .0.on_one_line())]
    System(#[from] OpConError),
}

/// One schedule to fetch, or the reason why there is none.
#[derive(Debug)]
pub struct Wanted {
    /// Its name on the system; the pattern where nothing matches.
    pub name: String,
    /// Whether it exists.
    pub found: Result<(), FetchError>,
}

/// How definitions are fetched.
#[derive(Debug, Clone, Copy)]
pub struct FetchOptions {
    /// How many at a time.
    pub concurrency: usize,
    /// Follow container jobs.
    pub sub_schedules: bool,
}

/// The schedules that names and patterns (`*`, `?`, case is free) stand for, each
/// once, in the order of the patterns.
pub async fn select(
    system: &dyn OpConSystem,
    server: &str,
    patterns: &[String],
) -> Result<Vec<Wanted>, OpConError> {
    if patterns.is_empty() {
        return Ok(Vec::new());
    }
    let asked: Vec<&str> = patterns.iter().map(String::as_str).collect();
    let listed = names(system.schedules(&asked).await?);
    let mut wanted = Vec::new();
    let mut taken = HashSet::new();
    let mut all: Option<Vec<String>> = None;
    for pattern in patterns {
        let matcher = NamePattern::new(pattern);
        let fits = |name: &&String| matcher.as_ref().is_some_and(|matcher| matcher.matches(name));
        let mut found = listed.iter().filter(fits).peekable();
        if found.peek().is_none() {
            if all.is_none() {
                // Only for a better message.
                all = Some(names(system.schedules(&[]).await.unwrap_or_default()));
            }
            let near = nearest(pattern, all.as_deref().unwrap_or_default()).map(str::to_owned);
            let found = Err(FetchError::NoMatch { server: server.to_owned(), near });
            wanted.push(Wanted { name: pattern.clone(), found });
            continue;
        }
        for name in found.filter(|name| taken.insert((*name).clone())) {
            wanted.push(Wanted { name: name.clone(), found: Ok(()) });
        }
    }
    Ok(wanted)
}

fn names(schedules: Vec<crate::opcon::MasterSchedule>) -> Vec<String> {
    schedules.into_iter().map(|schedule| schedule.name).collect()
}

/// A schedule on its way.
struct Turn {
    order: usize,
    name: String,
    /// The schedule whose container job runs it; `None` for one that was asked for.
    by: Option<String>,
}

/// Fetches definitions and sends them as they come; ends early where nobody
/// takes them any more, or `progress` is cancelled. A lost connection ends the
/// asking: what was not tried is said to be so.
pub async fn fetch(
    system: Arc<dyn OpConSystem>,
    server: &str,
    wanted: Vec<Wanted>,
    options: FetchOptions,
    progress: &Progress,
    arrived: Sender<Arrived>,
) {
    let (mut queue, mut known) = (VecDeque::new(), HashSet::new());
    let mut next = wanted.len();
    progress.total.store(next, Ordering::Relaxed);
    for (order, Wanted { name, found }) in wanted.into_iter().enumerate() {
        if let Err(error) = found {
            if arrived.send(Arrived { order, label: name, definition: Err(error) }).await.is_err() {
                return;
            }
            continue;
        }
        known.insert(name.to_lowercase());
        queue.push_back(Turn { order, name, by: None });
    }
    // Tasks of their own: they go on while a definition waits to be taken, and end with this one.
    let mut under_way = JoinSet::new();
    let mut watch = Watch::default();
    loop {
        while under_way.len() < options.concurrency.max(1)
            && let Some(turn) = queue.pop_front()
        {
            if watch.lost {
                let definition = Err(FetchError::NotTried { server: server.to_owned() });
                let sent = Arrived { order: turn.order, label: turn.name, definition };
                if arrived.send(sent).await.is_err() {
                    return;
                }
                continue;
            }
            let system = Arc::clone(&system);
            under_way.spawn(async move { (extract(system, &turn.name).await, turn) });
        }
        let done = tokio::select! {
            done = under_way.join_next() => done,
            () = tokio::time::sleep(LOOK) => {
                if progress.cancelled.load(Ordering::Relaxed) {
                    return;
                }
                continue;
            }
        };
        let Some((result, turn)) = done.map(finished) else { return };
        watch.saw(&result);
        if let (Ok(definition), true) = (&result, options.sub_schedules) {
            for name in sub_schedules(definition).filter(|name| known.insert(name.to_lowercase())) {
                queue.push_back(Turn { order: next, name, by: Some(turn.name.clone()) });
                next += 1;
            }
            progress.total.store(next, Ordering::Relaxed);
        }
        let definition = result.map_err(|error| match (&*error.cause, turn.by) {
            (Cause::NotFound { .. }, Some(by)) => FetchError::NoSubSchedule { by, server: server.to_owned() },
            (Cause::NotFound { .. }, None) => FetchError::Vanished { server: server.to_owned() },
            _ => FetchError::System(error),
        });
        if arrived.send(Arrived { order: turn.order, label: turn.name, definition }).await.is_err()
            || progress.cancelled.load(Ordering::Relaxed)
        {
            return;
        }
    }
}

/// One definition, read on a thread where that holds up nothing else.
async fn extract(system: Arc<dyn OpConSystem>, name: &str) -> Result<Definition, OpConError> {
    let extract = system.extract(name).await?;
    finished(tokio::task::spawn_blocking(move || extract.into_definition()).await)
}

/// What a task gave. None is stopped while somebody waits for it: it can only have panicked.
fn finished<T>(done: Result<T, JoinError>) -> T {
    done.unwrap_or_else(|stopped| std::panic::resume_unwind(stopped.into_panic()))
}

/// The schedules that container jobs run; names with tokens are known at run time only.
fn sub_schedules(definition: &Definition) -> impl Iterator<Item = String> {
    let jobs = items(definition.value(), "scheduleList").flat_map(|schedule| items(schedule, "jobList"));
    let names: BTreeSet<String> =
        jobs.filter_map(sub_schedule).filter(|name| !name.contains("[[")).map(str::to_owned).collect();
    names.into_iter()
}

/// Tells a schedule that failed from a system that is gone.
#[derive(Default)]
struct Watch {
    broken: usize,
    lost: bool,
}

impl Watch {
    fn saw(&mut self, result: &Result<Definition, OpConError>) {
        let Err(error) = result else {
            self.broken = 0;
            return;
        };
        match &*error.cause {
            Cause::Dns { .. }
            | Cause::Refused { .. }
            | Cause::Unreachable { .. }
            | Cause::ConnectTimeout { .. }
            | Cause::Tls(_)
            | Cause::SignOnRefused { .. }
            | Cause::Locked { .. } => self.lost = true,
            Cause::Broken { .. } | Cause::AnswerTimeout { .. } => {
                self.broken += 1;
                self.lost |= self.broken >= BROKEN_IN_A_ROW;
            }
            _ => self.broken = 0,
        }
    }
}
