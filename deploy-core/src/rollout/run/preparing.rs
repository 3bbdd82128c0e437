//! What jobs need before they can be planned: what is decided at once, and one planner for
//! all schedules of a rollout.

use std::collections::HashMap;
use std::rc::Rc;

use super::Run;
use super::board::Task;
use super::failure::{Failure, REFUSED, of_plan, of_select};
use super::lane::Held;
use crate::deploy::{Context, Entrance, Options, Order, Planner, Selected, select};
use crate::repository::layout::Kind;
use crate::repository::records::{Reach, Record, RecordId};
use crate::repository::users::{Administering, Identity};
use crate::rollout::{JobId, OWN_FAILURE, Rollout};

/// By job, what is ready to be carried out.
pub(super) type Ready = HashMap<JobId, Prepared>;

/// What a job needs that others share with it.
pub(super) enum Prepared {
    /// It can be planned.
    Ready { planner: Rc<Planner>, items: Vec<Selected> },
    /// What it would bring stands there already.
    AlreadyThere(RecordId),
    /// It cannot be planned: a code, and why.
    Failed(i32, String),
}

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
