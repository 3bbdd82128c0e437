//! The daily of a target: jobs that run there are waited for before it is rebuilt.

use std::time::Duration;

use chrono::{Days, NaiveDate};
use tokio::time::{Instant, sleep};

use super::board::Task;
use super::lane::Held;
use super::{Run, Told};
use crate::deploy::Planned;
use crate::opcon::OpConError;

/// How often the daily is asked whether jobs run there.
const ASKED: Duration = Duration::from_secs(5);

impl<'a> Run<'a> {
    /// Waits for jobs that run in the daily of schedules that are to be rebuilt; whether there were any.
    pub(super) async fn daily_is_busy(&self, held: &Held<'a>, task: &Task, planned: &Planned) -> bool {
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
        let dates: Vec<NaiveDate> =
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
}
