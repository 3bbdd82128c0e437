//! Rollouts that rebuild the daily: jobs that run there are waited for.

use std::process::Stdio;
use std::time::Instant;

use chrono::{Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use deploy_core::opcon::{Build, OpConSystem as _, Wait};
use deploy_sandbox::SystemType;

use crate::faults::{DEADLINE, POLL};
use crate::harness::rollouts::inserts;
use crate::harness::{Systems, World};

const SCHEDULE: &str = "Store Closing";

/// A system that has a schedule in the daily of today, with jobs that run, and in that of tomorrow.
struct Night {
    systems: Systems,
    world: World,
    today: NaiveDate,
}

impl Night {
    fn begin() -> Self {
        let systems = Systems::of(&[("PROD-A", SystemType::Production)]);
        let today = Utc::now().date_naive();
        systems.clock().stop_at(today.and_time(NaiveTime::MIN).and_utc());
        let world = World::with_systems(&systems);
        let night = Self { systems, world, today };
        night.import("00:00");
        night.propose("first", "accept = ['unknown']\n");
        night.world.run_due().ok();
        let build =
            Build { schedule: SCHEDULE.to_owned(), dates: vec![today, night.tomorrow()], ..Build::default() };
        let client = night.systems.client("PROD-A");
        night.systems.runtime.block_on(client.build(&build, Wait::default())).unwrap();
        night.import("00:30");
        night
    }

    fn tomorrow(&self) -> NaiveDate {
        self.today.checked_add_days(Days::new(1)).unwrap()
    }

    /// A version that starts at a time and takes an hour.
    fn import(&self, start: &str) {
        let mut definition = self.systems.stands("PROD-A", SCHEDULE);
        let schedule = &mut definition["scheduleList"][0];
        schedule["startTime"] = start.into();
        for job in schedule["jobList"].as_array_mut().unwrap() {
            for frequency in job["frequencyList"].as_array_mut().unwrap() {
                frequency["estimatedRunTime"] = "60".into();
                frequency["startOffset"] = "00:00".into();
            }
        }
        self.world.import("central", &definition.to_string(), &[]).ok();
    }

    fn propose(&self, id: &str, more: &str) {
        self.world.propose(id, &format!("what = ['{SCHEDULE}']\nto = ['PROD-A']\n{more}"));
    }

    /// How many jobs run in the daily of today.
    fn running(&self) -> usize {
        let client = self.systems.client("PROD-A");
        self.systems.runtime.block_on(async {
            let instances = client.daily_schedules(SCHEDULE, &[self.today]).await.unwrap();
            let jobs = client.daily_jobs(&instances[0].id).await.unwrap();
            jobs.iter().filter(|job| job.status.category.as_deref() == Some("Running")).count()
        })
    }

    /// The version that the instance of tomorrow was built from.
    fn version_of_tomorrow(&self) -> String {
        let client = self.systems.client("PROD-A");
        let tomorrow = [self.tomorrow()];
        let instances = client.daily_schedules(SCHEDULE, &tomorrow);
        let instances = self.systems.runtime.block_on(instances).unwrap();
        instances[0].deploy_information.clone().and_then(|deployed| deployed.version).unwrap_or_default()
    }
}

#[test]
fn jobs_that_run_are_waited_for_before_the_daily_is_rebuilt() {
    let night = Night::begin();
    assert!(night.running() > 0);
    let before = inserts(&night.systems);
    night.propose("second", "restart_timeout = '24s'\n");
    let mut program = night.world.program("central");
    program.args(["rollout", "run", "--due"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let from = night.systems.requests().len();
    let child = program.spawn().unwrap();
    let asked = || {
        let requests = night.systems.requests();
        requests[from..].iter().filter(|one| one.path.starts_with("/api/dailyjobs")).count()
    };
    let started = Instant::now();
    while asked() < 2 {
        assert!(started.elapsed() < DEADLINE);
        std::thread::sleep(POLL);
    }
    assert_eq!(inserts(&night.systems), before);
    // They end, and what comes after them as well.
    night.systems.clock().advance(TimeDelta::hours(23));
    let run = night.world.shown(child.wait_with_output().unwrap()).ok();
    assert!(run.to_string().contains("in the daily of `PROD-A`"), "{run}");
    assert_eq!(inserts(&night.systems), before + 1);
    assert_eq!(night.running(), 0);
    assert_eq!(night.version_of_tomorrow(), "2");
}

#[test]
fn they_are_waited_for_no_longer_than_said() {
    let night = Night::begin();
    night.propose("second", "restart_timeout = '1s'\n");
    let run = night.world.run_due().ok();
    assert!(run.to_string().contains("in the daily of `PROD-A`"), "{run}");
    assert!(night.running() > 0);
    assert_eq!(night.version_of_tomorrow(), "2");
}

#[test]
fn without_a_timeout_or_with_a_negative_one_nothing_is_rebuilt() {
    let night = Night::begin();
    for (id, more) in [("negative", "restart_timeout = '-1s'\n"), ("without", "force = true\n")] {
        night.propose(id, more);
        let run = night.world.run_due().ok();
        assert!(!run.to_string().contains("in the daily"), "{run}");
        assert_eq!(night.world.states("central", id), ["succeeded"], "{run}");
        assert_eq!(night.systems.starts("PROD-A", SCHEDULE), "00:30");
        assert_eq!(night.version_of_tomorrow(), "1");
    }
}
