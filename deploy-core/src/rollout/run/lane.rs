//! One server of a run: brought up if need be, leased, and worked on.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use super::board::Task;
use super::deploying::Did;
use super::{Run, Told, entry};
use crate::deploy::execute::{Execution, Told as Step};
use crate::deploy::leftovers;
use crate::opcon::OpConSystem;
use crate::repository::records::{Lease, LeaseError, Person, Records, Standing};
use crate::repository::servers::{self, Named};
use crate::rollout::{Deed, JobState, OWN_FAILURE, Rollout, State, Woken};

/// How often a server that was woken is asked whether it is up.
const ASKED: Duration = Duration::from_secs(2);

/// A server with the way to it.
pub(super) struct Lane {
    pub(super) named: Named,
    pub(super) system: Arc<dyn OpConSystem>,
    /// Whether it can be worked on at once.
    pub(super) is_up: bool,
    /// For which rollouts it is woken, if it must be.
    wakers: Vec<Rc<Rollout>>,
}

/// A server that nobody else works on.
pub(super) struct Held<'r> {
    pub(super) lane: Lane,
    pub(super) lease: Lease,
    pub(super) records: Records<'r>,
    /// What stands there, by its name in the repository.
    pub(super) active: Vec<Standing>,
    /// Who runs it, with the OpCon user as the server knows it.
    pub(super) runner: Person,
}

/// Tells nobody.
pub(super) fn nobody(_: Step) {}

impl<'a> Run<'a> {
    /// Finds the way to a server; where there is none its jobs fail.
    pub(super) async fn open(&self, server: String) -> Option<Lane> {
        let named = servers::find(self.runner.repository, &server).map_err(|error| error.to_string());
        let way = named.and_then(|named| Ok((self.runner.around.connect(&named)?, named)));
        let (system, named) = match way {
            Ok(way) => way,
            Err(why) => {
                self.fail_all(&server, &why).await;
                return None;
            }
        };
        let tasks = self.board.tasks(self, Some(&server));
        let mut wakers: Vec<Rc<Rollout>> =
            tasks.into_iter().map(|task| task.rollout).filter(|rollout| rollout.file.wake).collect();
        wakers.dedup_by(|a, b| a.id == b.id);
        let is_up = wakers.is_empty() || self.runner.around.answers(&named).await;
        if is_up {
            self.came_up(&named.name, &wakers).await;
        }
        Some(Lane { named, system, is_up, wakers })
    }

    /// Does all that is due on a server; the lease is to be given back.
    pub(super) async fn work(&self, lane: Lane, lease: Option<Lease>) -> Option<Lease> {
        let server = lane.named.name.clone();
        if !lane.is_up && !self.wake(&lane).await {
            return None;
        }
        let lease = match lease {
            Some(lease) => lease,
            None => match self.take_alone(&server).await {
                Ok(got) => {
                    if let Err(error) = self.refresh() {
                        self.problem(None, error.to_string(), false);
                        self.leave_alone(&server);
                        return Some(got.lease);
                    }
                    got.lease
                }
                Err(error) => {
                    self.not_leased(&server, &error);
                    return None;
                }
            },
        };
        let lease = self.hold(lane, lease).await;
        self.runner.around.leave(&server).await;
        Some(lease)
    }

    async fn hold(&self, lane: Lane, lease: Lease) -> Lease {
        let server = lane.named.name.clone();
        let user = match lane.system.user().await {
            Ok(user) => user,
            Err(error) => {
                self.fail_all(&server, &error.on_one_line()).await;
                return lease;
            }
        };
        let mut runner = self.runner.identity.person.clone();
        runner.opcon_user = user.or(runner.opcon_user);
        let records = self.records();
        let mut held = Held { lane, lease, records, active: Vec::new(), runner };
        if let Err(why) = self.settle(&mut held).await {
            self.problem(None, why, false);
            self.leave_alone(&server);
            return held.lease;
        }
        // What was done may have made more to do: leftovers of a version that is gone.
        while !self.is_stopped() && !self.broken.get() {
            let tasks = self.board.tasks(self, Some(&server));
            if tasks.is_empty() {
                break;
            }
            self.tasks(&held, tasks).await;
            if let Err(why) = self.look(&mut held) {
                self.problem(None, why, false);
                self.leave_alone(&server);
            }
        }
        self.power_off(&held.lane.named).await;
        held.lease
    }

    /// Jobs side by side. Those that touch what another one touches are left to the next round.
    async fn tasks(&self, held: &Held<'a>, tasks: Vec<Task>) {
        let tasks = self.board.side_by_side(tasks);
        for task in &tasks {
            self.tried.borrow_mut().insert((task.rollout.id.clone(), task.job.id.clone()));
        }
        let (mut stale, mut rest) = (Vec::new(), Vec::new());
        tasks.into_iter().for_each(|task| if task.is_stale { stale.push(task) } else { rest.push(task) });
        for task in stale {
            self.resolve(held, task).await;
        }
        let (gone, come): (Vec<Task>, Vec<Task>) =
            rest.into_iter().partition(|task| task.job.deed == Deed::Uninstall);
        // OpCon removes one at a time.
        for task in gone {
            if self.may_begin(&task) {
                self.remove(held, task).await;
            }
        }
        let prepared = self.prepare(held, &come).await;
        let mut left: Vec<&Task> = come.iter().collect();
        let mut last = false;
        // What lacks something is tried again as long as others bring something, such as the
        // schedule that a container job runs.
        while !left.is_empty() {
            let work = left.iter().map(|task| async {
                // The semaphore is never closed.
                let _slot = self.under_way.acquire().await;
                match prepared.get(&task.job.id).filter(|_| self.may_begin(task)) {
                    Some(prepared) => self.deploy(held, task, prepared, last).await,
                    None => Did::Nothing,
                }
            });
            let did = join_all(work).await;
            last = !did.contains(&Did::Brought);
            left = left
                .into_iter()
                .zip(&did)
                .filter(|(_, did)| **did == Did::Lacks)
                .map(|(task, _)| task)
                .collect();
        }
    }

    /// Whether a job that was due is so still.
    pub(super) fn may_begin(&self, task: &Task) -> bool {
        !self.is_stopped() && !self.broken.get() && !self.board.is_halted(self, &task.rollout)
    }

    /// Ends what killed commands left open on the server.
    async fn settle(&self, held: &mut Held<'a>) -> Result<(), String> {
        let server = held.lane.named.name.clone();
        let left = leftovers(&held.records, Some(&server)).map_err(|error| error.to_string())?;
        for transaction in left {
            let what = transaction.what();
            let error = self.execution(held).resolve(transaction).await.err().map(|error| error.to_string());
            self.runner.around.told(&Told::Settled { server: &server, what: &what, error: error.as_deref() });
        }
        self.look(held)
    }

    /// What stands on the server, after what was done there.
    fn look(&self, held: &mut Held<'a>) -> Result<(), String> {
        held.records = self.records();
        held.active = held.records.active(&held.lane.named.name).map_err(|error| error.to_string())?;
        Ok(())
    }

    pub(super) fn execution<'h>(&'h self, held: &'h Held<'a>) -> Execution<'h> {
        Execution::new(
            held.lane.system.clone(),
            self.ledger.clone(),
            &held.lease,
            self.runner.settings.deploy.on_mismatch,
            self.runner.clock,
            self.runner.stop,
            &nobody,
        )
    }

    /// Wakes a server and waits until it answers; where it does not its jobs fail.
    async fn wake(&self, lane: &Lane) -> bool {
        let server = &lane.named.name;
        self.runner.around.told(&Told::Waking { server });
        // Before the packets are sent: whoever finds it up knows by whose doing.
        let woken = Woken { time: self.now(), by: self.runner.identity.person.clone(), up: None };
        if !self.write_woken(server, &lane.wakers, Some(&woken)).await {
            return false;
        }
        if let Err(why) = self.runner.around.wake(&lane.named) {
            self.write_woken(server, &lane.wakers, None).await;
            self.fail_all(server, &format!("it does not answer, and was not woken: {why}")).await;
            return false;
        }
        let expiry = lane.wakers.iter().map(|rollout| rollout.file.wake_expiry).max().unwrap_or_default();
        let until = tokio::time::Instant::now()
            + Duration::from_secs(u64::try_from(expiry.as_seconds()).unwrap_or_default());
        let pause =
            ASKED.min(Duration::from_secs(u64::try_from(expiry.as_seconds()).unwrap_or_default()) / 8);
        loop {
            if self.runner.around.answers(&lane.named).await {
                break;
            }
            if self.is_stopped() {
                return false;
            }
            if tokio::time::Instant::now() >= until {
                self.write_woken(server, &lane.wakers, None).await;
                let why = format!("it was woken and did not answer within {expiry}");
                self.fail_all(server, &why).await;
                return false;
            }
            tokio::time::sleep(pause).await;
        }
        self.runner.around.told(&Told::Up { server });
        self.write_woken(server, &lane.wakers, Some(&Woken { up: Some(self.now()), ..woken })).await
    }

    /// A server that answers, and was woken by a run that was cut off while it waited for it, has
    /// been woken; one that took longer than it may has come up by itself.
    async fn came_up(&self, server: &str, wakers: &[Rc<Rollout>]) {
        for rollout in wakers {
            let waited = {
                let each = self.board.each();
                let one = each.iter().find(|one| one.rollout.id == rollout.id);
                one.and_then(|one| one.kept.woken.get(server)).filter(|woken| woken.up.is_none()).cloned()
            };
            let Some(woken) = waited else { continue };
            let in_time = (self.now() - woken.time).num_seconds() <= rollout.file.wake_expiry.as_seconds();
            let woken = in_time.then(|| Woken { up: Some(self.now()), ..woken });
            self.write_woken(server, std::slice::from_ref(rollout), woken.as_ref()).await;
        }
    }

    /// Writes that a server was woken for rollouts, or was not, and says whether it stands.
    async fn write_woken(&self, server: &str, wakers: &[Rc<Rollout>], woken: Option<&Woken>) -> bool {
        for rollout in wakers {
            if let Err(error) = self.ledger.write(entry::of_woken(&rollout.id, server, woken)).await {
                self.not_written(&error);
                return false;
            }
        }
        true
    }

    /// Switches a server off that was woken for rollouts that are done with it.
    pub(super) async fn power_off(&self, named: &Named) {
        let server = &named.name;
        let woken: Vec<(String, bool)> = self
            .board
            .each()
            .iter()
            .filter(|one| one.kept.has_woken(server))
            .map(|one| (one.rollout.id.clone(), one.rollout.file.shutdown_woken))
            .collect();
        // Others may need it still.
        if woken.is_empty() || !woken.iter().all(|(id, _)| self.board.is_done_on(id, server)) {
            return;
        }
        if woken.iter().any(|(_, off)| *off) {
            let off = self.runner.around.power_off(named);
            let error = match &off {
                Ok(true) => None,
                Ok(false) => Some("your configuration names no command for it"),
                Err(error) => Some(error.as_str()),
            };
            self.runner.around.told(&Told::PowerOff { server, error });
        }
        for (id, _) in woken {
            if let Err(error) = self.ledger.write(entry::of_woken(&id, server, None)).await {
                self.not_written(&error);
            }
        }
    }

    /// Nothing can be done on a server: what is due there fails.
    pub(super) async fn fail_all(&self, server: &str, why: &str) {
        let tasks = self.board.tasks(self, Some(server));
        self.leave_alone(server);
        let fail = |task: Task| async move {
            let at = self.now();
            let state = task.state.clone().unwrap_or_else(|| JobState::waiting(&task.job));
            let state = JobState {
                attempts: state.attempts + 1,
                taken: Some(at),
                by: Some(self.runner.identity.person.clone()),
                ..state
            };
            let seen = task.seen;
            self.write_state(&task, state.failed(OWN_FAILURE, why, at), seen).await;
        };
        join_all(tasks.into_iter().filter(|task| !task.is_stale).map(fail)).await;
    }

    fn leave_alone(&self, server: &str) {
        self.left_alone.borrow_mut().insert(server.to_owned());
    }

    /// Somebody else is at work there: a later run looks again.
    fn not_leased(&self, server: &str, error: &LeaseError) {
        self.leave_alone(server);
        self.problem(None, format!("{error}; what is due on `{server}` waits for the next run"), false);
    }
}

/// The same job, taken by a run.
pub(super) fn taken(task: &Task, run: &Run<'_>, by: &Person) -> JobState {
    let state = task.state.clone().unwrap_or_else(|| JobState::waiting(&task.job));
    JobState {
        state: State::Running,
        attempts: state.attempts + 1,
        code: None,
        message: None,
        taken: Some(run.now()),
        begun: None,
        ended: None,
        by: Some(by.clone()),
        run: Some(run.name.clone()),
        record: None,
        leftovers: Vec::new(),
        ..state
    }
}
