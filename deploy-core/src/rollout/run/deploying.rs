//! One job that deploys: the ordinary pipeline, unattended.

use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use chrono::Days;
use git2::Oid;
use tokio::time::{Instant, sleep};

use super::board::Task;
use super::entry::{blob_of, of_claim, of_state};
use super::lane::{Held, Ready, taken};
use super::{Run, Told};
use crate::deploy::execute::{Asked, Before, Done, Escort, ExecuteError, Transaction};
use crate::deploy::{
    Context, Entrance, Options, Order, PlanError, Planned, Planner, Refusal, RefusalKind, SelectError,
    Selected, select,
};
use crate::opcon::{Cause, OpConError};
use crate::repository::layout::Kind;
use crate::repository::records::{Entry, LedgerError, Reach, Record, RecordId};
use crate::repository::users::{Administering, Identity};
use crate::rollout::{Deed, FOLDER, Job, JobState, OWN_FAILURE, Rollout, State, What};

/// As the program exits where something failed, and where it was refused.
pub(super) const FAILED: i32 = 1;
pub(super) const REFUSED: i32 = 4;

/// How often the daily is asked whether jobs run there.
const ASKED: Duration = Duration::from_secs(5);

/// What a job needs that others share with it.
pub(super) enum Prepared {
    /// It can be planned.
    Ready { planner: Rc<Planner>, items: Vec<Selected> },
    /// What it would bring stands there already.
    AlreadyThere(RecordId),
    /// It cannot be planned: a code, and why.
    Failed(i32, String),
}

/// What a job did to its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Did {
    /// It brought something.
    Brought,
    /// It lacks something that another job may bring.
    Lacks,
    Nothing,
}

/// Stands for [`FAILED`] while another job may still bring what is missing.
const LACKS: i32 = 0;

/// Why a job failed.
pub(super) struct Failure(pub(super) i32, pub(super) String);

impl<'a> Run<'a> {
    /// Finds what jobs bring, and opens planners: one for all schedules of a rollout.
    pub(super) async fn prepare(&self, held: &Held<'a>, tasks: &[Task]) -> Ready {
        let mut ready = HashMap::new();
        let mut together: HashMap<&str, Vec<&Task>> = HashMap::new();
        for task in tasks {
            match self.before_planning(held, task) {
                Some(prepared) => drop(ready.insert(task.job.id.clone(), prepared)),
                None if task.job.what.kind == Kind::Package => {
                    let prepared = self.open_planner(held, &[task]).await;
                    ready.extend(prepared);
                }
                None => together.entry(&task.rollout.id).or_default().push(task),
            }
        }
        for tasks in together.into_values() {
            ready.extend(self.open_planner(held, &tasks).await);
        }
        ready
    }

    /// What is decided without asking the target.
    fn before_planning(&self, held: &Held<'a>, task: &Task) -> Option<Prepared> {
        let failed = |code, why: String| Some(Prepared::Failed(code, why));
        let Some(thing) = &task.thing else {
            return failed(OWN_FAILURE, format!("{} has no version", task.job.what.thing()));
        };
        let asker = self.board.asker(&task.rollout.id);
        let identity = match &asker.identity {
            Ok(identity) => identity,
            Err(why) => return failed(REFUSED, why.clone()),
        };
        if let Err(error) = identity.may_deploy_to(held.lane.named.server.kind.class()) {
            return failed(REFUSED, error.to_string());
        }
        if task.rollout.file.force {
            return None;
        }
        let is_it = |record: &Record| record.source.blob.as_deref() == Some(thing.blob.as_str());
        let name = task.job.what.name();
        let standing = match task.job.what.kind {
            Kind::Package => match held.records.package(&held.lane.named.name, name) {
                Ok(record) => record.filter(is_it),
                Err(error) => return failed(OWN_FAILURE, error.to_string()),
            },
            _ => held
                .active
                .iter()
                .map(|standing| &standing.record)
                .find(|record| record.original_name.as_ref().unwrap_or(&record.name) == name && is_it(record))
                .cloned(),
        };
        standing.map(|record| Prepared::AlreadyThere(record.id))
    }

    /// Opens one planner for several jobs of a rollout; where they cannot go together, one for each.
    async fn open_planner(&self, held: &Held<'a>, tasks: &[&Task]) -> Ready {
        let mut ready = HashMap::new();
        let Some(first) = tasks.first() else { return ready };
        match self.try_planner(held, tasks).await {
            Ok((planner, items)) => {
                let planner = Rc::new(planner);
                for task in tasks {
                    let own = items.iter().filter(|item| {
                        task.job.what.kind == Kind::Package || item.name == task.job.what.name()
                    });
                    let prepared =
                        Prepared::Ready { planner: Rc::clone(&planner), items: own.cloned().collect() };
                    ready.insert(task.job.id.clone(), prepared);
                }
            }
            Err(Failure(code, why)) if tasks.len() == 1 => {
                ready.insert(first.job.id.clone(), Prepared::Failed(code, why));
            }
            Err(_) => {
                for task in tasks {
                    ready.extend(Box::pin(self.open_planner(held, &[*task])).await);
                }
            }
        }
        ready
    }

    async fn try_planner(
        &self,
        held: &Held<'a>,
        tasks: &[&Task],
    ) -> Result<(Planner, Vec<Selected>), Failure> {
        let Some(first) = tasks.first() else { return Err(Failure(OWN_FAILURE, String::new())) };
        let rollout = &first.rollout;
        let asker = self.board.asker(&rollout.id);
        let identity = asker.identity.as_ref().map_err(|why| Failure(REFUSED, why.clone()))?;
        let context = self.context(held, identity);
        let what =
            tasks.iter().filter_map(|task| task.thing.as_ref()).map(|thing| thing.what.clone()).collect();
        let order = order(rollout, what, &held.lane.named.name);
        let selection = select(&context, &order).map_err(of_select)?;
        for task in tasks {
            let blob = task.thing.as_ref().map(|thing| thing.blob.as_str());
            let source = match (&selection.package, task.job.what.kind) {
                (Some(package), Kind::Package) => Some(&package.source),
                _ => {
                    let item = selection.items.iter().find(|item| item.name == task.job.what.name());
                    item.map(|item| &item.source)
                }
            };
            if source.and_then(|source| source.blob.as_deref()) != blob {
                let why = format!("`{}` is not what it was when the rollout began", task.job.what);
                return Err(Failure(OWN_FAILURE, why));
            }
        }
        let system = held.lane.system.clone();
        let planner = Planner::open(&context, &order, &selection, system).await.map_err(of_plan)?;
        Ok((planner, selection.items))
    }

    fn context<'c>(&'c self, held: &'c Held<'a>, asker: &Identity) -> Context<'c> {
        Context {
            repository: self.runner.repository,
            history: &self.ground.history,
            records: &held.records,
            settings: self.runner.settings.clone(),
            person: asker.person.clone(),
            server: held.lane.named.clone(),
            trying: false,
            must_be_pushed: self.runner.reach == Reach::Remote,
            may_deploy_packaged: asker.may_administer(Administering::PackagedScheduleAlone).is_ok(),
            now: self.now(),
        }
    }

    /// What the records of a job say of who asked for it.
    pub(super) fn asked(&self, held: &Held<'a>, rollout: &Rollout) -> Asked {
        let asker = self.board.asker(&rollout.id);
        let own = asker.is(&held.runner);
        let why =
            if rollout.file.description.is_empty() { rollout.name() } else { &rollout.file.description };
        Asked {
            user: if own { held.runner.clone() } else { asker.person.clone() },
            runner: (!own).then(|| held.runner.clone()),
            offline: self.runner.reach == Reach::Offline,
            begun: self.now(),
            description: format!("rollout {}: {why}", rollout.id),
            accepted: rollout.file.accept().words(),
            settings: held.lane.named.commit.to_string(),
        }
    }

    /// Deploys; how it went is written down.
    pub(super) async fn deploy(&self, held: &Held<'a>, task: &Task, prepared: &Prepared, last: bool) -> Did {
        let running = taken(task, self, &held.runner);
        let (planner, items) = match prepared {
            Prepared::Ready { planner, items } => (planner, items),
            Prepared::AlreadyThere(record) => {
                let state = JobState {
                    record: Some(*record),
                    ..running.ended(State::AlreadyThere, None, self.now())
                };
                self.write_state(task, state, task.seen).await;
                return Did::Nothing;
            }
            Prepared::Failed(code, why) => {
                self.write_state(task, running.failed(*code, why, self.now()), task.seen).await;
                return Did::Nothing;
            }
        };
        // From the start, so that commits and pushes wait for those that are being planned.
        let participant = self.ledger.join();
        let transaction = match self.transaction(held, task, planner, items).await {
            Ok(transaction) => transaction,
            Err(Failure(code, why)) => {
                drop(participant);
                if code == LACKS && !last {
                    return Did::Lacks;
                }
                let code = if code == LACKS { FAILED } else { code };
                self.write_state(task, running.failed(code, why, self.now()), task.seen).await;
                return Did::Nothing;
            }
        };
        if !self.may_begin(task) {
            return Did::Nothing;
        }
        let leftovers = self.leftovers(held, task, &transaction);
        let running = JobState { begun: Some(self.now()), record: transaction.id(), leftovers, ..running };
        let seen = Some(blob_of(&running));
        let end = |done: &Done| with_leftovers(task, &self.succeeded(&running, done), seen);
        let escort = Escort {
            begin: Some(of_claim(&task.rollout.id, &task.job.id, &running, task.seen)),
            end: Some(Box::new(end)),
        };
        let execution = self.execution(held).escorted(self.at_work.clone(), escort);
        let names: Vec<String> = transaction.pieces.iter().map(|piece| piece.name().to_owned()).collect();
        let done = execution.run_joined(transaction).await;
        drop((execution, participant));
        match done {
            Ok(done) => {
                planner.inserted(&names.iter().map(String::as_str).collect::<Vec<_>>());
                let state = self.succeeded(&running, &done);
                self.stands(task, state);
                Did::Brought
            }
            Err(error) => {
                self.not_done(task, &running, error).await;
                Did::Nothing
            }
        }
    }

    /// Plans; what must be accepted and is not fails the job.
    async fn transaction(
        &self,
        held: &Held<'a>,
        task: &Task,
        planner: &Planner,
        items: &[Selected],
    ) -> Result<Transaction, Failure> {
        // The semaphore is never closed.
        let _permit = self.planned.acquire().await;
        let mut planned = planner.plan(items).await.map_err(of_plan)?;
        self.refuse(task, &planned)?;
        if task.rollout.file.rebuild().is_some() && self.daily_is_busy(held, task, &planned).await {
            // Something may stand there now that did not when it was planned.
            planned = planner.plan(items).await.map_err(of_plan)?;
            self.refuse(task, &planned)?;
        }
        let records = self.ledger.records(self.runner.repository);
        let before = Before::read(&records, &planned.plan);
        let before = before.map_err(|error| Failure(OWN_FAILURE, error.to_string()))?;
        Ok(Transaction::deploying(planned, before, &self.asked(held, &task.rollout)))
    }

    fn refuse(&self, task: &Task, planned: &Planned) -> Result<(), Failure> {
        let refusals = planned.plan.refusals(&task.rollout.file.accept(), Entrance::Unattended);
        match refusals.as_slice() {
            [] => Ok(()),
            refusals => Err(of_refusals(refusals)),
        }
    }

    /// Waits for jobs that run in the daily of schedules that are to be rebuilt; whether there were any.
    async fn daily_is_busy(&self, held: &Held<'a>, task: &Task, planned: &Planned) -> bool {
        let timeout = task.rollout.file.rebuild().map_or(0, |timeout| timeout.as_seconds());
        let timeout = Duration::from_secs(u64::try_from(timeout).unwrap_or_default());
        let until = Instant::now() + timeout;
        let names: Vec<String> =
            planned.plan.schedules.iter().map(|schedule| schedule.name.clone()).collect();
        let mut was_busy = false;
        loop {
            // Where the daily cannot be asked, rebuilding will say so.
            let running = self.running_in_daily(held, &names).await.unwrap_or_default();
            if running == 0 || Instant::now() >= until || self.is_stopped() {
                return was_busy;
            }
            if !was_busy {
                self.runner.around.told(&Told::Daily { server: &held.lane.named.name, running });
            }
            was_busy = true;
            sleep(ASKED.min(timeout / 8)).await;
        }
    }

    /// How many jobs run there in instances of yesterday, today and tomorrow.
    async fn running_in_daily(&self, held: &Held<'a>, names: &[String]) -> Result<usize, OpConError> {
        let today = self.now().date_naive();
        let dates: Vec<chrono::NaiveDate> =
            [today.checked_sub_days(Days::new(1)), Some(today), today.checked_add_days(Days::new(1))]
                .into_iter()
                .flatten()
                .collect();
        let mut running = 0;
        for name in names {
            for instance in held.lane.system.daily_schedules(name, &dates).await? {
                let jobs = held.lane.system.daily_jobs(&instance.id).await?;
                let is_running = |category: &str| category.eq_ignore_ascii_case("Running");
                running +=
                    jobs.iter().filter(|job| job.status.category.as_deref().is_some_and(is_running)).count();
            }
        }
        Ok(running)
    }

    /// Schedules of the package that stands there which the new version does not have.
    fn leftovers(&self, held: &Held<'a>, task: &Task, transaction: &Transaction) -> Vec<String> {
        let Some(before) = transaction.package.as_ref().and_then(|package| package.previous.as_ref()) else {
            return Vec::new();
        };
        if !task.rollout.file.update {
            return Vec::new();
        }
        let comes =
            |name: &str| transaction.pieces.iter().any(|piece| piece.name().eq_ignore_ascii_case(name));
        let members = held.active.iter().filter(|one| before.members.contains(&one.record.id));
        members.map(|one| one.record.name.clone()).filter(|name| !comes(name)).collect()
    }

    /// The state of a job whose work stands on the target.
    fn succeeded(&self, running: &JobState, done: &Done) -> JobState {
        let at = done.records.first().and_then(|record| record.ended).unwrap_or_else(|| self.now());
        match done.mismatch.first() {
            Some((name, lines)) => {
                let why = format!("`{name}` stands there other than it was sent: {}", lines.join("; "));
                running.failed(FAILED, why, at)
            }
            None => running.ended(State::Succeeded, None, at),
        }
    }

    /// A state that the pipeline has written down.
    pub(super) fn stands(&self, task: &Task, state: JobState) {
        for (job, state) in leftover_jobs(task, &state) {
            let blob = blob_of(&state);
            self.board.set(&task.rollout.id, &job, state, blob);
        }
        let blob = blob_of(&state);
        self.board.set(&task.rollout.id, &task.job, state.clone(), blob);
        self.ended(&task.rollout.id, &task.job, &state);
    }

    /// Writes an entry that ends a job.
    pub(super) async fn write_entry(&self, task: &Task, state: JobState, entry: Entry) {
        let participant = self.ledger.join();
        let written = self.ledger.write(entry).await;
        drop(participant);
        match written {
            Ok(_) => self.stands(task, state),
            Err(error) => self.not_written(&error),
        }
    }

    /// What the pipeline did not do.
    pub(super) async fn not_done(&self, task: &Task, running: &JobState, error: ExecuteError) {
        let begun = Some(blob_of(running));
        let text = error.to_string();
        match error {
            ExecuteError::NotBegun { source, .. } => match *source {
                // Taken out, or taken by somebody else: nothing has happened.
                LedgerError::Moved { path, .. } if path.starts_with(FOLDER) => {
                    self.problem(Some(&task.rollout.id), text, false);
                }
                LedgerError::Moved { .. } => {
                    self.write_state(task, running.failed(OWN_FAILURE, text, self.now()), task.seen).await;
                }
                source => self.not_written(&source),
            },
            ExecuteError::Stopped { .. } => {
                // Whether it had begun the records know; if not, there is nothing to take back.
                let entry = of_state(&task.rollout.id, &task.job.id, &running.again(), begun);
                let _ = self.ledger.write(entry).await;
            }
            ExecuteError::LeaseLost { .. } | ExecuteError::NotEnded { .. } => {
                self.write_state(task, running.failed(OWN_FAILURE, text, self.now()), begun).await;
            }
            _ => self.write_state(task, running.failed(FAILED, text, self.now()), begun).await,
        }
    }
}

/// What a rollout asks of one server.
fn order(rollout: &Rollout, what: Vec<String>, server: &str) -> Order {
    let file = &rollout.file;
    Order {
        what,
        server: server.to_owned(),
        rules: file.rules.clone(),
        environment: file.environment.clone(),
        reference: None,
        description: format!("rollout {}: {}", rollout.id, rollout.name()),
        tag: file.tag.clone(),
        options: Options { rebuild_daily: file.rebuild().is_some(), ..Options::default() },
        entrance: Entrance::Unattended,
    }
}

/// The jobs that remove what a job left over.
fn leftover_jobs(task: &Task, state: &JobState) -> Vec<(Job, JobState)> {
    if !state.state.is_good() {
        return Vec::new();
    }
    let jobs = state.leftovers.iter().filter_map(|name| {
        // A name that reads as one with a version is left to people.
        let what = What::parse(name, true).ok()?;
        let job = Job::new(&task.rollout.id, Deed::Uninstall, what, &task.job.server, task.job.wave);
        let state = JobState::waiting(&job);
        Some((job, state))
    });
    jobs.collect()
}

/// The end of a job, with the jobs that come of it.
pub(super) fn with_leftovers(task: &Task, state: &JobState, seen: Option<Oid>) -> Entry {
    let own = of_state(&task.rollout.id, &task.job.id, state, seen);
    let more = leftover_jobs(task, state);
    more.iter().fold(own, |entry, (job, state)| {
        let mut other = of_state(&task.rollout.id, &job.id, state, None);
        // One that was there from the beginning stays as it is.
        other.expects.clear();
        entry.and(other)
    })
}

fn of_select(error: SelectError) -> Failure {
    let refused = matches!(
        error,
        SelectError::Packaged { .. } | SelectError::OffMain { .. } | SelectError::NotPushed { .. }
    );
    Failure(if refused { REFUSED } else { FAILED }, error.to_string())
}

fn of_plan(error: PlanError) -> Failure {
    match error {
        PlanError::System(error) => of_system(&error),
        error => Failure(FAILED, error.to_string()),
    }
}

/// That a server cannot be reached is not its fault.
pub(super) fn of_system(error: &OpConError) -> Failure {
    let unreachable = matches!(
        *error.cause,
        Cause::Settings { .. }
            | Cause::Dns { .. }
            | Cause::Refused { .. }
            | Cause::Unreachable { .. }
            | Cause::ConnectTimeout { .. }
            | Cause::Tls(_)
    );
    Failure(if unreachable { OWN_FAILURE } else { FAILED }, error.on_one_line())
}

fn of_refusals(refusals: &[Refusal]) -> Failure {
    let errors = refusals.iter().any(|refusal| refusal.kind == RefusalKind::Errors);
    let first = refusals.iter().min_by_key(|refusal| refusal.kind);
    let mut why = first.map(|refusal| refusal.message.clone()).unwrap_or_default();
    if refusals.len() > 1 {
        why.push_str(&format!(" (and {} more)", refusals.len() - 1));
    }
    if !errors && let Some(option) = first.and_then(|refusal| refusal.kind.option()) {
        let word = option.trim_start_matches("--accept-");
        why.push_str(&format!("; `accept = [\"{word}\"]` in its file goes on nevertheless"));
    }
    Failure(if errors { LACKS } else { REFUSED }, why)
}
