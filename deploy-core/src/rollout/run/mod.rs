//! Doing what is due, once.
//!
//! Whoever runs it takes the leases of the servers that have something due (one
//! push for all of them), looks again at what is due there, and does it: each job
//! is an ordinary deployment or deletion. A job is claimed in the very commit that
//! begins its record, by compare and swap; where another runner or a `cancel` was
//! faster nothing has happened. What a runner leaves that is killed the next one
//! finds: the lease of its server is dead, its record is settled as any other, and
//! the job goes by what became of it.
//!
//! Nothing is waited for here but a server that wakes up, jobs of a daily that is
//! to be rebuilt, and somebody else's lease: waves, windows and soaking are found
//! due by a later run.

mod around;
mod asker;
mod board;
mod closing;
mod daily;
mod deploying;
pub(super) mod entry;
mod failure;
mod lane;
mod leases;
mod leftovers;
mod preparing;
mod removing;
mod stale;

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::{DateTime, FixedOffset};
use futures_util::StreamExt as _;
use futures_util::stream;
use git2::Oid;
use tokio::sync::Semaphore;

use super::{Ground, GroundError, Job, JobId, JobState, SurveyError};
use crate::deploy::execute::at_work;
use crate::repository::records::{
    LeaseError, Ledger, LedgerError, LedgerStats, Reach, RecordId, RecordsError,
};
use crate::repository::settings::Settings;
use crate::repository::users::Identity;
use crate::repository::{Repository, TipError};
pub use around::{Around, Told};
use board::Board;
use leases::Bag;

/// How many jobs are under way at once: what waits for a push shares it.
const UNDER_WAY: usize = 256;
/// How many are planned at once.
const PLANNED: usize = 24;
/// How many servers are worked on at once.
const LANES: usize = 64;

/// Who does what is due, and how.
pub struct Runner<'a> {
    /// The central repository.
    pub repository: &'a Repository,
    /// Where the truth is.
    pub reach: Reach,
    /// The settings of main.
    pub settings: Settings,
    /// Who runs it.
    pub identity: Identity,
    /// The name of the machine, for people.
    pub host: String,
    /// How long to wait for somebody else at work on a server.
    pub wait: Duration,
    /// Only these rollouts; all if empty.
    pub only: Vec<String>,
    /// What time it is.
    pub clock: &'a (dyn Fn() -> DateTime<FixedOffset> + Sync),
    /// Set when the user wants to stop.
    pub stop: &'a AtomicBool,
    /// What the library does not know: credentials, commands of the user, a screen.
    pub around: &'a dyn Around,
}

/// What a run did.
#[derive(Debug, Default)]
pub struct RunReport {
    /// The jobs that ended, in the order in which they did.
    pub ended: Vec<(String, Job, JobState)>,
    /// What kept rollouts or servers from being looked after, in words.
    pub problems: Vec<Problem>,
    /// Whether records could not be written any more: nothing was begun from then on.
    pub broken: bool,
    /// What the records took.
    pub stats: LedgerStats,
}

/// Something that kept a rollout or a server from being looked after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The rollout; none where it concerns a server as a whole.
    pub rollout: Option<String>,
    /// What it is.
    pub text: String,
    /// Whether somebody is not allowed to do something.
    pub refused: bool,
}

/// Why nothing could be done at all.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Versions or servers cannot be read.
    #[error(transparent)]
    Ground(#[from] GroundError),
    /// Rollouts cannot be looked at.
    #[error(transparent)]
    Survey(#[from] SurveyError),
    /// There is no main.
    #[error(transparent)]
    Tip(#[from] TipError),
    /// Records cannot be read.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// Records cannot be written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Leases cannot be taken.
    #[error(transparent)]
    Lease(#[from] LeaseError),
}

/// What all of one run share.
struct Run<'a> {
    runner: &'a Runner<'a>,
    ground: Ground<'a>,
    ledger: Ledger,
    /// Where the records were when they were last fetched, if the ledger does not have it yet.
    fetched: Cell<Option<Oid>>,
    board: Board<'a>,
    /// The name of this run, in the states of the jobs it has.
    name: String,
    bag: Bag,
    under_way: Semaphore,
    planned: Semaphore,
    at_work: Arc<Semaphore>,
    report: RefCell<RunReport>,
    told_problems: RefCell<HashSet<String>>,
    /// Jobs that this run has tried: each only once.
    tried: RefCell<HashSet<(String, JobId)>>,
    /// Servers that this run leaves alone from now on.
    left_alone: RefCell<HashSet<String>>,
    broken: Cell<bool>,
}

impl Runner<'_> {
    /// Does all that is due, once.
    pub async fn run(&self) -> Result<RunReport, RunError> {
        let ground = Ground::read(self.repository)?;
        let commit = self.repository.shared_main()?.0;
        let ledger = Ledger::start(self.repository, self.reach)?;
        let run = Run {
            runner: self,
            board: Board::new(self, commit),
            ground,
            ledger,
            fetched: Cell::new(None),
            name: RecordId::new().to_string(),
            bag: Bag::default(),
            under_way: Semaphore::new(UNDER_WAY),
            planned: Semaphore::new(PLANNED),
            at_work: at_work(),
            report: RefCell::default(),
            told_problems: RefCell::default(),
            tried: RefCell::default(),
            left_alone: RefCell::default(),
            broken: Cell::new(false),
        };
        run.rounds().await?;
        run.bag.empty(self.around);
        let Run { report, ledger, broken, .. } = run;
        let mut report = report.into_inner();
        report.broken = broken.get();
        report.stats = ledger.finish();
        Ok(report)
    }
}

impl<'a> Run<'a> {
    /// Round after round, until nothing is due any more.
    async fn rounds(&self) -> Result<(), RunError> {
        loop {
            self.survey()?;
            self.tell_problems();
            self.begin_and_end().await?;
            let servers = self.servers_with_something_due();
            if servers.is_empty() || self.is_stopped() {
                if !self.is_stopped() {
                    self.switch_off().await?;
                }
                self.close().await?;
                return Ok(());
            }
            self.lanes(servers).await?;
            if self.broken.get() {
                return Ok(());
            }
        }
    }

    fn is_stopped(&self) -> bool {
        self.runner.stop.load(Ordering::Relaxed)
    }

    fn now(&self) -> DateTime<FixedOffset> {
        (self.runner.clock)()
    }

    /// The servers that something is due on, in the order in which it should be done.
    fn servers_with_something_due(&self) -> Vec<String> {
        let mut servers: Vec<String> = Vec::new();
        let mut seen = HashSet::new();
        for task in self.board.tasks(self, None) {
            if seen.insert(task.job.server.clone()) {
                servers.push(task.job.server);
            }
        }
        servers
    }

    /// Works on servers side by side. Those that are up are taken together.
    async fn lanes(&self, servers: Vec<String>) -> Result<(), RunError> {
        let opened = stream::iter(servers).map(|server| self.open(server)).buffered(LANES);
        let lanes: Vec<lane::Lane> = opened.filter_map(|lane| async { lane }).collect().await;
        let taken = self.take_together(&lanes)?;
        let mut work = stream::iter(lanes.into_iter().zip(taken))
            .map(|(lane, lease)| self.work(lane, lease))
            .buffer_unordered(LANES);
        let mut tick = tokio::time::interval(leases::GIVEN_BACK);
        loop {
            tokio::select! {
                worked = work.next() => match worked {
                    Some(lease) => lease.into_iter().for_each(|lease| self.bag.put(lease)),
                    None => break,
                },
                _ = tick.tick() => self.bag.empty(self.runner.around),
            }
        }
        drop(work);
        self.bag.empty(self.runner.around);
        Ok(())
    }

    /// Something ended: it is told, and kept for the report.
    fn ended(&self, rollout: &str, job: &Job, state: &JobState) {
        self.runner.around.told(&Told::Ended { rollout, job, state });
        self.report.borrow_mut().ended.push((rollout.to_owned(), job.clone(), state.clone()));
    }

    fn problem(&self, rollout: Option<&str>, text: String, refused: bool) {
        let rollout = rollout.map(str::to_owned);
        let problem = Problem { rollout, text, refused };
        if self.told_problems.borrow_mut().insert(format!("{:?} {}", problem.rollout, problem.text)) {
            self.runner.around.told(&Told::Problem(&problem));
            self.report.borrow_mut().problems.push(problem);
        }
    }

    /// What keeps rollouts from being begun.
    fn tell_problems(&self) {
        for (id, text, refused) in self.board.problems(self.runner) {
            self.problem(Some(&id), text, refused);
        }
    }
}
