//! A batch server whose jobs really run, and what a world needs for it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Instant;

use chrono::{DateTime, Utc};
use deploy_core::opcon::{DailyJob, OpConSystem as _, Progress};
use deploy_sandbox::{Config, Seed, SystemConfig, SystemType};
use serde_json::Value;

use super::{Systems, World, starting};
use crate::batch_templates::shipped;
use crate::faults::{DEADLINE, POLL};

/// What the batch server's clock shows at first; years ahead of any machine that runs this.
const START: &str = "2091-05-06T12:00:00Z";
/// When things are to happen, and what its clock shows then.
pub const AT: &str = "2091-05-06 18:30";
pub const THEN: &str = "2091-05-06T18:30:00Z";

pub fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// A batch server with an agent, a production and a development system; the remote, the clone of
/// whoever schedules (`central`) and that of the agent (`agent`).
pub struct Batch {
    pub systems: Systems,
    pub world: World,
}

impl Batch {
    pub fn new() -> Self {
        let kinds = [
            ("BATCH", SystemType::Production),
            ("PROD", SystemType::Production),
            ("DEV", SystemType::Development),
        ];
        let systems = Systems::start(Config {
            systems: kinds.iter().map(|(name, kind)| SystemConfig::new(*name, *kind)).collect(),
            seed: Seed::Retail,
            run_jobs: true,
            ..Config::default()
        });
        systems.clock().stop_at(time(START));
        let world = World::with_systems(&systems);
        let site = "rules = [\"batch-site\"]\ntimezone = \"UTC\"\n[vars]\nbatch_machine = \"SANDBOX\"\n\
                    batch_user = 'CORP\\svc_retail'\n";
        let site = format!(
            "{site}batch_program = '{}'\nbatch_clone = '{}'\n",
            world.path("run").display(),
            world.path("agent").display()
        );
        world.write("central/servers/BATCH.toml", format!("{}{site}", systems.file("BATCH")));
        world.write("central/rules/batch-site.rhai", shipped("rules/batch-site.rhai"));
        let settings = world.read("central/deploy.toml");
        world.write("central/deploy.toml", format!("{settings}\n[batch]\nserver = \"BATCH\"\n"));
        world.commit_all("The batch server");
        world.import("central", &starting("Payroll", "06:00"), &[]).ok();
        world.add_remote();
        world.add_clone("agent", "Agent");
        let batch = Self { systems, world };
        batch.agent_runs("exec");
        batch
    }

    /// What the agent does before the program.
    pub fn agent_runs(&self, before: &str) {
        let world = &self.world;
        let script = format!(
            "#!/bin/sh\necho $$ > '{pid}'\n{before} env -i HOME='{home}' PATH='{path}' TZ=UTC NO_COLOR=1 \
             COLUMNS=100 GIT_CONFIG_NOSYSTEM=1 '{program}' \"$@\"\n",
            pid = world.path("job.pid").display(),
            home = world.path("home").display(),
            path = std::env::var("PATH").unwrap(),
            program = env!("CARGO_BIN_EXE_opcon-deploy"),
        );
        world.write("run", script);
        fs::set_permissions(world.path("run"), fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Schedules; the id of the record.
    #[track_caller]
    pub fn schedule(&self, args: &[&str]) -> String {
        let run = self.world.central(&[args, &["--at", AT, "--json"]].concat()).ok();
        run.json()["deployments"][0]["record"].as_str().unwrap().to_owned()
    }

    pub fn waiting(&self) -> Vec<Value> {
        let run = self.world.central(&["deployments", "upcoming", "--fetch", "--json"]).ok().json();
        run["deployments"].as_array().unwrap().clone()
    }

    /// A record as it is now.
    pub fn record(&self, id: &str) -> Value {
        let run = self.world.central(&["deployments", "show", id, "--fetch", "--json"]).ok();
        run.json()["deployments"][0].clone()
    }

    pub fn status(&self, id: &str) -> String {
        let record = self.record(id);
        format!("{} {}", record["status"].as_str().unwrap(), record["reason"].as_str().unwrap_or_default())
    }

    pub fn jobs(&self) -> Vec<DailyJob> {
        let client = self.systems.client("BATCH");
        self.systems.runtime.block_on(async {
            let mut jobs = Vec::new();
            for one in client.daily_schedules("BATCH_DEPLOY", &[]).await.unwrap() {
                jobs.extend(client.daily_jobs(&one.id).await.unwrap());
            }
            jobs.retain(|job| job.name != "DAY");
            jobs
        })
    }

    pub fn job(&self, id: &str) -> DailyJob {
        let client = self.systems.client("BATCH");
        self.systems.runtime.block_on(client.daily_job(id)).unwrap()
    }

    /// Lets the time of the work come, and waits until its job has ended; its state and output.
    #[track_caller]
    pub fn come(&self, id: &str) -> (String, String) {
        let job = self.record(id)["scheduled"]["job"].as_str().unwrap().to_owned();
        self.systems.clock().stop_at(time(THEN));
        self.ended(&job)
    }

    #[track_caller]
    pub fn ended(&self, job: &str) -> (String, String) {
        let started = Instant::now();
        loop {
            let found = self.job(job);
            if found.status.progress() != Progress::Open {
                return (found.status.description.unwrap(), self.output(job));
            }
            assert!(started.elapsed() < DEADLINE, "{found:?}");
            std::thread::sleep(POLL);
        }
    }

    /// What the program said when the job ran.
    pub fn output(&self, job: &str) -> String {
        let found = self.job(job);
        format!("{:?}", found.termination)
    }

    pub fn starts(&self) -> Value {
        self.systems.starts("PROD", "Payroll")
    }

    /// Lets a time of a record that waits be years ago, as if somebody looked years later.
    pub fn make_old(&self, id: &str, key: &str) {
        let world = &self.world;
        world.git("", &["clone", "--quiet", "--branch", "deployments", "remote.git", "old"]);
        let path = format!("old/open/{id}/record.toml");
        let text = world.read(&path);
        let old: String = text
            .lines()
            .map(|line| match line {
                line if line.starts_with(key) => format!("{key}\"2020-05-06T12:00:00+00:00\"\n"),
                line => format!("{line}\n"),
            })
            .collect();
        assert_ne!(text, old);
        world.write(&path, old);
        world.commit("old", "Years ago");
        world.git("old", &["push", "--quiet"]);
    }
}
