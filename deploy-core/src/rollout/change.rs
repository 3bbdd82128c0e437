//! What people do to a rollout that is under way: take jobs out, or have them done again.

use chrono::{DateTime, FixedOffset};

use super::run::entry::{bytes, of_over, of_state};
use super::{
    Cancelled, Ground, GroundError, Job, JobState, Over, State, Survey, SurveyError, Surveyed, kept,
};
use crate::repository::records::{
    Entry, Expected, Ledger, LedgerError, Person, Place, Reach, Records, RecordsError, plain,
};
use crate::repository::servers::ServerError;
use crate::repository::users::{Identity, RoleError};
use crate::repository::{Repository, TipError, pack, servers};

/// How often it is tried where a runner is faster.
const ATTEMPTS: usize = 5;

/// Which jobs of a rollout.
#[derive(Debug, Clone, Default)]
pub struct Chosen {
    /// On these servers; on all if empty.
    pub servers: Vec<String>,
    /// These things, or the jobs of these names; all if empty.
    pub what: Vec<String>,
}

/// What is done to jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deal {
    /// Those that have not begun are taken out.
    Cancel {
        /// Why.
        reason: String,
    },
    /// Those that failed are done again.
    Retry {
        /// Also those that expired or were taken out.
        all: bool,
    },
}

/// Who deals with a rollout, and where.
pub struct Dealer<'a> {
    /// The central repository.
    pub repository: &'a Repository,
    /// Where the truth is.
    pub reach: Reach,
    /// Who does it.
    pub identity: Identity,
    /// When.
    pub now: DateTime<FixedOffset>,
}

/// What was done.
#[derive(Debug, Default)]
pub struct Dealt {
    /// The jobs it was done to.
    pub jobs: Vec<Job>,
    /// Jobs that a runner has: they are left alone.
    pub running: usize,
    /// Whether the rollout is over by it.
    pub is_over: bool,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum DealError {
    /// No such rollout, or none that can be looked at.
    #[error("no rollout `{0}`")]
    Unknown(String),
    /// Nothing of it is as it would have to be.
    #[error("nothing of rollout `{id}` {what}")]
    Nothing {
        /// The rollout.
        id: String,
        /// What there is nothing of, with the verb.
        what: &'static str,
    },
    /// They would expire again.
    #[error("the end of rollout `{id}` is past: `end` in its file has to be later first")]
    Past {
        /// The rollout.
        id: String,
    },
    /// The role does not allow it.
    #[error(transparent)]
    Role(#[from] RoleError),
    /// A server cannot be read.
    #[error(transparent)]
    Server(#[from] ServerError),
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
    /// It cannot be recorded.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl Chosen {
    fn takes(&self, job: &Job) -> bool {
        let is_server = |server: &String| server.eq_ignore_ascii_case(&job.server);
        let whole = job.what.to_string();
        let bare = super::What { text: job.what.name().to_owned(), ..job.what.clone() }.to_string();
        let is_what = |what: &String| *what == whole || *what == bare || *what == job.id.as_str();
        (self.servers.is_empty() || self.servers.iter().any(is_server))
            && (self.what.is_empty() || self.what.iter().any(is_what))
    }

    fn is_everything(&self) -> bool {
        self.servers.is_empty() && self.what.is_empty()
    }
}

impl Dealer<'_> {
    /// Deals with jobs of a rollout, in one commit.
    pub async fn deal(&self, id: &str, chosen: &Chosen, deal: &Deal) -> Result<Dealt, DealError> {
        let ground = Ground::read(self.repository)?;
        let commit = self.repository.shared_main()?.0;
        let ledger = Ledger::start(self.repository, self.reach)?;
        for attempt in 1.. {
            let records = match self.reach {
                Reach::Remote => Records::fetch(self.repository)?,
                Reach::Local | Reach::Offline => Records::open(self.repository)?,
            };
            let survey = Survey::read(&ground, &records, commit, true)?;
            let one = survey.rollouts.into_iter().find(|one| one.rollout.id == id);
            let one = one.ok_or_else(|| DealError::Unknown(id.to_owned()))?;
            let (entry, dealt) = match deal {
                Deal::Cancel { reason } => self.cancel(&one, chosen, reason)?,
                Deal::Retry { all } => self.retry(&one, chosen, *all)?,
            };
            for job in &dealt.jobs {
                let class = servers::find(self.repository, &job.server)?.server.kind.class();
                self.identity.may_deploy_to(class)?;
            }
            match ledger.write(entry).await {
                Ok(_) => return Ok(dealt),
                Err(LedgerError::Moved { .. }) if attempt < ATTEMPTS => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(DealError::Unknown(id.to_owned()))
    }

    fn cancel(&self, one: &Surveyed, chosen: &Chosen, reason: &str) -> Result<(Entry, Dealt), DealError> {
        let id = one.rollout.id.as_str();
        let person = &self.identity.person;
        let cancelled = Cancelled { by: person.clone(), reason: reason.to_owned() };
        let state = |job: &Job| one.kept.states.get(&job.id).map_or(State::Waiting, |state| state.state);
        let of = |wanted: State| one.jobs.iter().filter(move |job| chosen.takes(job) && state(job) == wanted);
        let jobs: Vec<Job> = of(State::Waiting).cloned().collect();
        let running = of(State::Running).count();
        if one.kept.over.is_some() || jobs.is_empty() {
            return Err(DealError::Nothing { id: id.to_owned(), what: "waits to be begun" });
        }
        let ended = |job: &Job| {
            let before = one.kept.states.get(&job.id).cloned().unwrap_or_else(|| JobState::waiting(job));
            JobState {
                by: Some(person.clone()),
                ..before.ended(State::Cancelled, Some(cancelled.words()), self.now)
            }
        };
        let mut entry = Entry::default();
        let is_begun = one.kept.begun.is_some();
        // What is not begun yet has no states: only all of it can be taken out.
        if !is_begun && !chosen.is_everything() {
            return Err(DealError::Nothing {
                id: id.to_owned(),
                what: "has begun: only all of it can be taken out",
            });
        }
        let others_wait = one.jobs.iter().any(|job| !chosen.takes(job) && !state(job).is_end());
        let is_over = running == 0 && !others_wait;
        if is_over {
            let over = Over { time: self.now, good: false, cancelled: Some(cancelled.clone()) };
            entry = entry.and(of_over(id, &over));
        }
        if is_begun {
            for job in &jobs {
                let seen = one.kept.blobs.get(&job.id).copied();
                entry = entry.and(of_state(id, &job.id, &ended(job), seen));
            }
        }
        entry.subject = match jobs.len() {
            _ if is_over => format!("Rollout `{}` {}", plain(id), plain(&cancelled.words())),
            count => format!("Rollout `{}`: {count} of its jobs {}", plain(id), plain(&cancelled.words())),
        };
        Ok((entry, Dealt { jobs, running, is_over }))
    }

    fn retry(&self, one: &Surveyed, chosen: &Chosen, all: bool) -> Result<(Entry, Dealt), DealError> {
        let id = one.rollout.id.as_str();
        let again = |state: State| match state {
            State::Failed | State::Conflict => true,
            State::Expired | State::Cancelled => all,
            _ => false,
        };
        let wanted = |job: &&Job| {
            chosen.takes(job) && one.kept.states.get(&job.id).is_some_and(|state| again(state.state))
        };
        let jobs: Vec<Job> = one.jobs.iter().filter(wanted).cloned().collect();
        let taken_out = all && chosen.is_everything() && one.kept.begun.is_none() && one.kept.over.is_some();
        if jobs.is_empty() && !taken_out {
            let what = if all { "failed, expired or was taken out" } else { "failed" };
            return Err(DealError::Nothing { id: id.to_owned(), what });
        }
        if one.rollout.timing.is_over(self.now.to_utc()) {
            return Err(DealError::Past { id: id.to_owned() });
        }
        let mut entry = Entry::default();
        for job in &jobs {
            let Some(state) = one.kept.states.get(&job.id) else { continue };
            let seen = one.kept.blobs.get(&job.id).copied();
            entry = entry.and(of_state(id, &job.id, &state.again(), seen));
        }
        if let Some(over) = &one.kept.over {
            let path = Place::Rollout(id).file(kept::OVER);
            let seen = pack::blob_id(&bytes(over));
            entry.expects.push((path.clone(), Expected::Blob(seen)));
            entry.edits.push((path, None));
        }
        let who: &Person = &self.identity.person;
        entry.subject =
            format!("Rollout `{}`: {} of its jobs again, by {}", plain(id), jobs.len(), plain(&who.name));
        Ok((entry, Dealt { jobs, running: 0, is_over: false }))
    }
}
