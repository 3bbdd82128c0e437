//! Observe: what stands on the target, as far as a transaction needs it. Only
//! what is there is asked for, and nothing twice.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use futures_util::future::try_join_all;
use tokio::task::spawn_blocking;

use super::target::folded;
use super::transform::names_scripts;
use super::{PlanError, Planner, done};
use crate::definition::{Definition, items, sub_schedule};
use crate::deploy::check;
use crate::deploy::estate::fold;
use crate::opcon::{DailySchedule, Extract, OpConError, Progress, Script};
use crate::rules::TargetFrequencies;

/// What stands on the target, by the name under which it will.
pub(super) type Found = HashMap<String, Extract>;

/// What the checks of a transaction need of the target.
pub(super) struct Facts {
    /// The schedules that the definition names and that stand there, in small letters.
    pub(super) masters: BTreeSet<String>,
    /// The jobs of those that are depended on, in small letters.
    pub(super) jobs: HashSet<(String, String)>,
    pub(super) scripts: Arc<Vec<Script>>,
}

/// More names than this are not put into one address: the whole daily is asked for.
const NAMES_ASKED: usize = 40;

impl Planner {
    /// What stands under the names of a definition.
    pub(super) async fn extracts(&self, definition: &Definition) -> Result<Found, PlanError> {
        let asked = definition.names().into_iter().filter_map(|name| {
            let master = self.shared.target.master(name)?;
            Some((name.to_owned(), master.name))
        });
        let asked: Vec<(String, String)> = asked.collect();
        let extracts = asked.into_iter().map(async |(name, standing)| {
            let extract = self.system.extract(&standing).await?;
            Ok::<_, OpConError>((name, extract))
        });
        Ok(try_join_all(extracts).await?.into_iter().collect())
    }

    /// The frequencies of what stands there.
    pub(super) async fn frequencies(&self, found: &Found) -> Result<TargetFrequencies, PlanError> {
        let extracts: Vec<Extract> = found.values().cloned().collect();
        let read = spawn_blocking(move || {
            let mut frequencies = TargetFrequencies::default();
            for extract in extracts {
                frequencies.add_definition(extract.into_definition()?.value());
            }
            Ok::<_, OpConError>(frequencies)
        });
        Ok(done(read).await?)
    }

    /// What the checks need.
    pub(super) async fn facts(&self, definition: &Definition) -> Result<Facts, PlanError> {
        let target = &self.shared.target;
        let predecessors = check::predecessors(definition);
        let asked: Vec<i64> = predecessors
            .iter()
            .filter_map(|name| Some(target.master(name)?.id))
            .filter(|id| *id > 0)
            .collect();
        let (jobs, scripts) = tokio::try_join!(
            async {
                match asked.is_empty() {
                    true => Ok(Vec::new()),
                    false => self.system.master_jobs(&asked).await,
                }
            },
            async {
                match names_scripts(definition) {
                    false => Ok(Arc::default()),
                    true => {
                        let all = async || self.system.scripts("*").await.map(Arc::new);
                        self.scripts.get_or_try_init(all).await.cloned()
                    }
                }
            },
        )?;
        let jobs = jobs.into_iter().map(|job| (fold(&job.schedule), fold(&job.name))).collect();
        let all = definition.schedules().iter().flat_map(|schedule| items(schedule, "jobList"));
        let named = all.filter_map(sub_schedule).chain(predecessors);
        let masters = folded(named.filter(|name| target.master(name).is_some()));
        Ok(Facts { masters, jobs, scripts })
    }

    /// The instances in the daily that are not over, of schedules that stand there.
    pub(super) async fn in_daily(&self, names: &[&str]) -> Result<Arc<Vec<DailySchedule>>, PlanError> {
        if names.is_empty() {
            return Ok(Arc::default());
        }
        let open = |mut daily: Vec<DailySchedule>| {
            daily.retain(is_open);
            Arc::new(daily)
        };
        let is_whole = names.len() <= NAMES_ASKED && self.shared.selected <= NAMES_ASKED;
        if is_whole && !self.daily.initialized() {
            return Ok(open(self.system.daily_schedules(&names.join(","), &[]).await?));
        }
        let all = async || self.system.daily_schedules("*", &[]).await.map(open);
        Ok(self.daily.get_or_try_init(all).await?.clone())
    }
}

/// Whether an instance can still do something.
fn is_open(instance: &DailySchedule) -> bool {
    // Numbers of schedules are not those of jobs: 90 is completed.
    const COMPLETED: i64 = 90;
    instance.status.id != Some(COMPLETED) && instance.status.progress() == Progress::Open
}
