//! Drift: what stands on a server against what was deployed to it.
//!
//! A [`Survey`] is what the records say of one server; [`Survey::look`] asks the
//! server for all of it, as many schedules at a time as it allows, and compares
//! beside the threads that wait for the network. Definitions go by: only what
//! differs is kept. Nothing is changed, and every type of server is looked at.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::NaiveDate;
use tokio::sync::mpsc::{Receiver, channel};
use tokio::task::JoinSet;

use super::LocalChange;
use super::deviating::{Measure, nothing_to_compare};
use super::handles::Handles;
use super::planner::told;
use crate::definition::{Definition, ReadError};
use crate::opcon::{OpConError, OpConSystem};
use crate::repository::drift_accepted::{Acceptance, AcceptedError};
use crate::repository::import::{Arrived, FetchError, FetchOptions, Progress, Wanted, fetch};
use crate::repository::records::{Record, Records, RecordsError, Standing};
use crate::repository::servers::{Named, ServerType};
use crate::repository::settings::Settings;
use crate::repository::{OpenError, Repository};

/// How many definitions may wait to be compared, and how many are compared at once.
const WAITING: usize = 8;
/// So many more are asked for than the server answers at once: while one is read, its place is taken.
const READ_MEANWHILE: usize = 8;

/// Why it is not known what to look at.
#[derive(Debug, thiserror::Error)]
pub enum SurveyError {
    /// The records could not be read.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// The accepted differences could not be read.
    #[error(transparent)]
    Accepted(#[from] AcceptedError),
}

/// Why one schedule was not compared.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// It did not come from the server.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// What was deployed is recorded, and cannot be read.
    #[error("what was deployed cannot be read from the records: {0}")]
    Deployed(#[from] ReadError),
    /// The records could not be read.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// The repository could not be opened once more.
    #[error(transparent)]
    Open(#[from] OpenError),
}

impl CompareError {
    /// What helps.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Fetch(FetchError::System(error)) => error.hint(),
            _ => None,
        }
    }
}

/// What was deployed to a server and is to be compared with what stands there.
#[derive(Debug)]
pub struct Survey {
    server: Named,
    standing: Vec<Standing>,
    measure: Measure,
    /// All that stands there as far as is recorded, in small letters; where what does not is wanted.
    known: Option<HashSet<String>>,
}

/// What became of one server.
#[derive(Debug)]
pub struct Drift {
    /// The server.
    pub server: String,
    /// Its type.
    pub server_type: ServerType,
    /// The schedules that were compared, by name.
    pub compared: Vec<String>,
    /// Those with differences, by name; also where no difference counts.
    pub drifted: Vec<Drifted>,
    /// Those that were not compared, and why.
    pub failed: Vec<(String, CompareError)>,
    /// What stands there and was never deployed, by name, where that was asked for.
    pub unmanaged: Option<Vec<String>>,
}

/// A schedule that is not as it was deployed.
#[derive(Debug, Clone)]
pub struct Drifted {
    /// The record of what was deployed.
    pub record: Record,
    /// Whether nothing stands there under its name.
    pub gone: bool,
    /// What differs.
    pub changes: Vec<LocalChange>,
    /// Those who answer for differences.
    pub accepted_by: Vec<Acceptance>,
}

impl Drifted {
    /// How many differences count: neither accepted nor values that move at run time.
    pub fn counting(&self) -> usize {
        self.changes.iter().filter(|change| !change.accepted).count()
    }

    /// How it came there, in words: `deployed by Ann (version 3) on 2026-11-20`.
    pub fn told(&self) -> String {
        told(&self.record)
    }
}

impl Survey {
    /// What the records say of a server; `only` picks what is compared, `unmanaged` asks
    /// for what was never deployed.
    pub fn of(
        records: &Records<'_>,
        settings: &Settings,
        server: Named,
        only: &dyn Fn(&Record) -> bool,
        unmanaged: bool,
        today: NaiveDate,
    ) -> Result<Self, SurveyError> {
        let measure = Measure::of(records.repository(), settings, &server, today)?;
        let mut standing = records.active(&server.name)?;
        let known =
            unmanaged.then(|| standing.iter().map(|standing| standing.record.name.to_lowercase()).collect());
        standing.retain(|standing| only(&standing.record));
        Ok(Self { server, standing, measure, known })
    }

    /// The server.
    pub fn server(&self) -> &Named {
        &self.server
    }

    /// How many schedules will be compared.
    pub fn len(&self) -> usize {
        self.standing.len()
    }

    /// Whether there is nothing to compare.
    pub fn is_empty(&self) -> bool {
        self.standing.is_empty()
    }

    /// Asks the server for all of it and compares; `done` counts what was looked at.
    pub async fn look(
        self,
        repository: &Repository,
        system: Arc<dyn OpConSystem>,
        concurrency: usize,
        done: &AtomicUsize,
    ) -> Result<Drift, OpConError> {
        let Self { server, standing, measure, known } = self;
        // One sign-on before many requests.
        system.require_licence().await?;
        let wanted =
            standing.iter().map(|standing| Wanted { name: standing.record.name.clone(), found: Ok(()) });
        let wanted: Vec<Wanted> = wanted.collect();
        let (sender, receiver) = channel(WAITING);
        let options = FetchOptions { concurrency: concurrency + READ_MEANWHILE, sub_schedules: false };
        let progress = Progress::default();
        let mut drift = Drift {
            server: server.name.clone(),
            server_type: server.server.kind,
            compared: Vec::new(),
            drifted: Vec::new(),
            failed: Vec::new(),
            unmanaged: None,
        };
        let comparing = Comparing { objects: Handles::of(repository), measure };
        let ((), (), unmanaged) = tokio::try_join!(
            async {
                fetch(Arc::clone(&system), &server.name, wanted, options, &progress, sender).await;
                Ok(())
            },
            async {
                compare_all(Arc::new(comparing), standing, receiver, &mut drift, done).await;
                Ok::<(), OpConError>(())
            },
            async {
                match &known {
                    Some(known) => {
                        let names = system.schedules(&[]).await?.into_iter().map(|schedule| schedule.name);
                        Ok(Some(names.filter(|name| !known.contains(&name.to_lowercase())).collect()))
                    }
                    None => Ok(None),
                }
            },
        )?;
        drift.unmanaged = unmanaged;
        drift.compared.sort();
        drift.drifted.sort_by(|a, b| a.record.name.cmp(&b.record.name));
        drift.failed.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(drift)
    }
}

/// Compares what comes, a few at a time.
async fn compare_all(
    comparing: Arc<Comparing>,
    standing: Vec<Standing>,
    mut arriving: Receiver<Arrived>,
    drift: &mut Drift,
    done: &AtomicUsize,
) {
    let mut standing: Vec<Option<Standing>> = standing.into_iter().map(Some).collect();
    let mut under_way = JoinSet::new();
    let mut ended = false;
    while !(ended && under_way.is_empty()) {
        let compared = tokio::select! {
            arrived = arriving.recv(), if !ended && under_way.len() < WAITING => {
                let Some(arrived) = arrived else {
                    ended = true;
                    continue;
                };
                let Some(standing) = standing.get_mut(arrived.order).and_then(Option::take) else { continue };
                let comparing = Arc::clone(&comparing);
                under_way.spawn_blocking(move || {
                    let name = standing.record.name.clone();
                    (name, comparing.compare(standing, arrived.definition))
                });
                continue;
            }
            Some(compared) = under_way.join_next() => compared,
        };
        // None is stopped while somebody waits for it: it can only have panicked.
        let (name, compared) =
            compared.unwrap_or_else(|stopped| std::panic::resume_unwind(stopped.into_panic()));
        done.fetch_add(1, Ordering::Relaxed);
        match compared {
            Err(error) => drift.failed.push((name, error)),
            Ok(drifted) => {
                drift.compared.push(name);
                drift.drifted.extend(drifted);
            }
        }
    }
}

/// What it takes to compare, for many threads.
struct Comparing {
    objects: Handles,
    measure: Measure,
}

impl Comparing {
    fn compare(
        &self,
        standing: Standing,
        found: Result<Definition, FetchError>,
    ) -> Result<Option<Drifted>, CompareError> {
        let Standing { record, deployed, .. } = standing;
        let found = match found {
            Ok(found) => Some(found),
            Err(FetchError::Vanished { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        let changes = match (&found, deployed) {
            (None, _) => vec![self.measure.gone(&record.name)],
            (Some(_), None) => vec![nothing_to_compare(&record)],
            (Some(found), Some(blob)) => {
                let bytes = self
                    .objects
                    .with(|repository| Ok::<_, CompareError>(Records::at(repository, None).content(blob)?))?;
                self.measure.local_changes(&record.name, &Definition::read(&bytes)?, found)
            }
        };
        if changes.is_empty() {
            return Ok(None);
        }
        let mut accepted_by: Vec<Acceptance> = Vec::new();
        for change in changes.iter().filter(|change| change.accepted) {
            let by = self.measure.accepting(&record.name, &change.pointer);
            accepted_by.extend(by.filter(|by| !accepted_by.contains(by)).cloned());
        }
        Ok(Some(Drifted { record, gone: found.is_none(), changes, accepted_by }))
    }
}
