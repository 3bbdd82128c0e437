//! Work at a set time: scheduled on a batch server, started by its OpCon, done by the real
//! program in a clone of its own.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Instant;

use chrono::{DateTime, Utc};
use deploy_core::opcon::{DailyJob, OpConSystem as _, Progress};
use deploy_sandbox::{Config, Seed, SystemConfig, SystemType};
use serde_json::Value;
use snapbox::{assert_data_eq, str};

use crate::batch_templates::shipped;
use crate::faults::{DEADLINE, POLL};
use crate::harness::{Run, Systems, World, definition, starting};

/// What the batch server's clock shows at first; years ahead of any machine that runs this.
const START: &str = "2091-05-06T12:00:00Z";
/// When things are to happen, and what its clock shows then.
const AT: &str = "2091-05-06 18:30";
const THEN: &str = "2091-05-06T18:30:00Z";

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// A batch server with an agent, a production and a development system; the remote, the clone of
/// whoever schedules (`central`) and that of the agent (`agent`).
struct Batch {
    systems: Systems,
    world: World,
}

impl Batch {
    fn new() -> Self {
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
    fn agent_runs(&self, before: &str) {
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
    fn schedule(&self, args: &[&str]) -> String {
        let run = self.world.central(&[args, &["--at", AT, "--json"]].concat()).ok();
        run.json()["deployments"][0]["record"].as_str().unwrap().to_owned()
    }

    fn waiting(&self) -> Vec<Value> {
        let run = self.world.central(&["deployments", "upcoming", "--fetch", "--json"]).ok().json();
        run["deployments"].as_array().unwrap().clone()
    }

    /// A record as it is now.
    fn record(&self, id: &str) -> Value {
        let run = self.world.central(&["deployments", "show", id, "--fetch", "--json"]).ok();
        run.json()["deployments"][0].clone()
    }

    fn status(&self, id: &str) -> String {
        let record = self.record(id);
        format!("{} {}", record["status"].as_str().unwrap(), record["reason"].as_str().unwrap_or_default())
    }

    fn jobs(&self) -> Vec<DailyJob> {
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

    fn job(&self, id: &str) -> DailyJob {
        let client = self.systems.client("BATCH");
        self.systems.runtime.block_on(client.daily_job(id)).unwrap()
    }

    /// Lets the time of the work come, and waits until its job has ended; its state and output.
    #[track_caller]
    fn come(&self, id: &str) -> (String, String) {
        let job = self.record(id)["scheduled"]["job"].as_str().unwrap().to_owned();
        self.systems.clock().stop_at(time(THEN));
        self.ended(&job)
    }

    #[track_caller]
    fn ended(&self, job: &str) -> (String, String) {
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
    fn output(&self, job: &str) -> String {
        let found = self.job(job);
        format!("{:?}", found.termination)
    }

    fn starts(&self) -> Value {
        self.systems.starts("PROD", "Payroll")
    }
}

#[test]
fn opcon_starts_it_then_and_what_was_chosen_is_deployed() {
    let batch = Batch::new();
    let world = &batch.world;
    let run =
        world.central(&["deploy", "Payroll", "--to", "PROD", "--at", AT, "-m", "Night"]).ok().to_string();
    for part in [
        "`BATCH_DEPLOY` is not on `BATCH`: it is deployed first, by the rules of that server",
        "Deployed `BATCH_DEPLOY` to `BATCH`: record ",
        "Payroll  version 1 on PROD at 2091-05-06 18:30 (UTC)",
        "` calls it off",
    ] {
        assert!(run.contains(part), "{part} is not in\n{run}");
    }
    let waiting = batch.waiting();
    assert_eq!(waiting.len(), 1);
    let id = waiting[0]["record"].as_str().unwrap();
    assert_eq!(
        (&waiting[0]["phase"], &waiting[0]["at"]),
        (&"scheduled".into(), &"2091-05-06T18:30:00+00:00".into())
    );
    let shown = world.central(&["deployments", "upcoming"]).ok().to_string();
    assert!(shown.contains("2091-05-06 18:30 (UTC)") && shown.contains("Payroll"), "{shown}");
    // A later version is not what was chosen.
    world.import("central", &starting("Payroll", "07:00"), &["--push"]).ok();
    assert_eq!(batch.starts(), Value::Null);
    let (state, said) = batch.come(id);
    assert_eq!(state, "Finished OK", "{said}");
    assert_eq!(batch.starts(), "06:00");
    let record = batch.record(id);
    assert_eq!((&record["status"], &record["version"]), (&"Active".into(), &1.into()));
    assert_eq!(record["user"]["name"], "Ann Ops");
    assert!(batch.waiting().is_empty());
    world.central(&["audit", "verify", "--fetch"]).ok();
    let audit = world.central(&["audit"]).ok().to_string();
    assert!(
        audit.contains("scheduled to deploy `Payroll` version 1 to PROD at 2091-05-06 18:30+00:00"),
        "{audit}"
    );
    // The schedule is there now: nothing is deployed first.
    let again =
        world.central(&["deploy", "Payroll", "--to", "PROD", "--at", "2091-05-07 06:00"]).ok().to_string();
    assert!(!again.contains("deployed first"), "{again}");
}

#[test]
fn the_latest_then_is_taken_where_that_was_asked_for() {
    let batch = Batch::new();
    let id = batch.schedule(&["deploy", "Payroll", "--to", "PROD", "--as-then"]);
    batch.world.import("central", &starting("Payroll", "07:00"), &["--push"]).ok();
    let (state, said) = batch.come(&id);
    assert_eq!(state, "Finished OK", "{said}");
    assert_eq!(batch.starts(), "07:00");
    assert_eq!(batch.record(&id)["version"], 2);
}

#[test]
fn a_package_goes_as_a_whole_and_one_that_was_deleted_is_not_found() {
    let batch = Batch::new();
    let world = &batch.world;
    world.import("central", &starting("Billing", "06:00"), &[]).ok();
    world.central(&["package", "create", "MONTH", "Payroll", "Billing", "--push"]).ok();
    let id = batch.schedule(&["deploy", "package:MONTH", "--to", "PROD"]);
    assert_eq!(batch.jobs()[0].name, "DEPLOY_PACKAGE");
    let (state, said) = batch.come(&id);
    assert_eq!(state, "Finished OK", "{said}");
    assert_eq!(batch.systems.starts("PROD", "Billing"), "06:00");
    let record = batch.record(&id);
    assert_eq!((&record["type"], &record["status"]), (&"Package".into(), &"Active".into()));
    assert_eq!(record["members"].as_array().unwrap().len(), 2);
    world.central(&["audit", "verify", "--fetch"]).ok();

    let batch = Batch::new();
    let world = &batch.world;
    world.central(&["package", "create", "MONTH", "Payroll", "--push"]).ok();
    let id = batch.schedule(&["deploy", "package:MONTH", "--to", "PROD"]);
    world.central(&["package", "delete", "MONTH", "--yes", "--push"]).ok();
    let (state, _) = batch.come(&id);
    assert_eq!(state, "Failed");
    assert_eq!(batch.status(&id), "Failed package `MONTH` not found: it was deleted");
    assert_eq!(batch.starts(), Value::Null);
}

#[test]
fn several_schedules_wait_together() {
    let batch = Batch::new();
    batch.world.import("central", &starting("Billing", "06:00"), &["--push"]).ok();
    let id = batch.schedule(&["deploy", "Payroll", "Billing", "--to", "PROD"]);
    assert_eq!((batch.waiting().len(), batch.jobs().len()), (2, 1));
    let (state, said) = batch.come(&id);
    assert_eq!(state, "Finished OK", "{said}");
    assert_eq!((batch.starts(), batch.systems.starts("PROD", "Billing")), ("06:00".into(), "06:00".into()));
    assert!(batch.waiting().is_empty());
}

#[test]
fn what_waits_is_called_off_until_it_has_begun() {
    let batch = Batch::new();
    let id = batch.schedule(&["deploy", "Payroll", "--to", "PROD"]);
    assert_eq!(batch.jobs().len(), 1);
    assert_data_eq!(
        batch.world.central(&["deployments", "cancel", &id]).ok().to_string(),
        str![[r#"
`Payroll` on PROD: cancelled
--- exit 0

"#]]
    );
    assert!(batch.jobs().is_empty() && batch.waiting().is_empty());
    assert_eq!(batch.status(&id), "Cancelled cancelled by Ann Ops <ann@corp.example>");
    let again = batch.world.central(&["deployments", "cancel", &id]).exits(1).to_string();
    assert!(again.contains("nothing waits under the record"), "{again}");
    // Once OpCon has started it, it is too late.
    let id = batch.schedule(&["deploy", "Payroll", "--to", "PROD"]);
    batch.systems.set_fault("PROD:latency=600000@POST /impex2/schedules".parse().unwrap());
    let inserts = || batch.systems.asked("POST", "/impex2/schedules");
    let (before, started) = (inserts(), Instant::now());
    batch.systems.clock().stop_at(time(THEN));
    while batch.record(&id)["phase"] == "scheduled" {
        assert!(started.elapsed() < DEADLINE);
        std::thread::sleep(POLL);
    }
    let late = batch.world.central(&["deployments", "cancel", &id]).exits(1).to_string();
    assert!(late.contains("has begun"), "{late}");
    assert_eq!(inserts(), before);
}

#[test]
fn what_waits_gets_another_time() {
    let batch = Batch::new();
    let id = batch.schedule(&["deploy", "Payroll", "--to", "PROD"]);
    let old = batch.jobs()[0].id.clone();
    let run =
        batch.world.central(&["deployments", "reschedule", &id, "--at", "2091-05-07 06:15"]).ok().to_string();
    assert!(run.contains("Payroll  version 1 on PROD at 2091-05-07 06:15 (UTC)"), "{run}");
    let jobs = batch.jobs();
    assert!(jobs.len() == 1 && jobs[0].id != old, "{jobs:?}");
    batch.systems.clock().stop_at(time(THEN));
    assert_eq!(batch.starts(), Value::Null);
    batch.systems.clock().stop_at(time("2091-05-07T06:15:00Z"));
    let (state, said) = batch.ended(&jobs[0].id);
    assert_eq!(state, "Finished OK", "{said}");
    assert_eq!(batch.starts(), "06:00");
    batch.world.central(&["deployments", "reschedule", &id, "--at", "2091-05-08 06:15"]).exits(1);
    batch.world.central(&["audit", "verify", "--fetch"]).ok();
}

#[test]
fn drift_at_that_time_is_refused_unless_it_was_accepted() {
    for accepted in [false, true] {
        let batch = Batch::new();
        batch.world.central(&["deploy", "Payroll", "--to", "PROD"]).ok();
        batch.world.import("central", &starting("Payroll", "07:00"), &["--push"]).ok();
        let accept: &[&str] = if accepted { &["--accept-drift"] } else { &[] };
        let id = batch.schedule(&[&["deploy", "Payroll", "--to", "PROD"], accept].concat());
        batch.systems.edit("PROD", "Payroll", |schedule| schedule["startTime"] = "09:00".into());
        let (state, said) = batch.come(&id);
        match accepted {
            true => {
                assert_eq!(state, "Finished OK", "{said}");
                assert_eq!(batch.starts(), "07:00");
            }
            false => {
                assert_eq!((state.as_str(), said.as_str()), ("Failed", "Some(\"4\")"));
                assert_eq!(batch.starts(), "09:00");
                let status = batch.status(&id);
                assert!(status.starts_with("Failed nothing was deployed to `PROD`: `Payroll` "), "{status}");
            }
        }
    }
}

#[test]
fn a_job_whose_record_does_not_wait_does_nothing() {
    let batch = Batch::new();
    let id = batch.schedule(&["deploy", "Payroll", "--to", "PROD"]);
    let job = batch.record(&id)["scheduled"]["job"].as_str().unwrap().to_owned();
    // The record is ended, and the job stays: as after a crash between the two.
    batch.systems.set_fault("BATCH:error=404@GET /api/dailyjobs/*".parse().unwrap());
    batch.world.central(&["deployments", "cancel", &id]).ok();
    batch.systems.clear_faults();
    batch.systems.clock().stop_at(time(THEN));
    let (state, said) = batch.ended(&job);
    assert_eq!((state.as_str(), said.as_str()), ("Failed", "Some(\"5\")"));
    assert_eq!(batch.starts(), Value::Null);
    assert_data_eq!(
        batch
            .world
            .central(&["deploy", "--record", "0198d3a0-53c1-7abc-8def-0123456789ab"])
            .exits(5)
            .to_string(),
        str![[r#"
--- stderr
Error: nothing waits under the record `[record]`
Hint: `opcon-deploy deployments upcoming` shows what waits
--- exit 5

"#]]
    );
    batch.world.central(&["deploy", "--record", &id, "--to", "PROD"]).exits(2);
}

#[test]
fn a_killed_job_is_ended_by_doctor_and_can_be_put_right() {
    let batch = Batch::new();
    // Before it has begun: the record waits, and OpCon can start the job again.
    batch.agent_runs("kill -9 $$;");
    let id = batch.schedule(&["deploy", "Payroll", "--to", "PROD"]);
    let job = batch.record(&id)["scheduled"]["job"].as_str().unwrap().to_owned();
    let (state, _) = batch.come(&id);
    assert_eq!(state, "Initialization Error");
    assert_eq!(batch.waiting().len(), 1);
    batch.make_old(&id, "at = ");
    let found = batch.world.central(&["doctor"]).exits(3).to_string();
    assert!(
        found.contains("deploy of `Payroll` on `PROD`, asked for by Ann Ops, was to begin at"),
        "{found}"
    );
    let repaired = batch.world.central(&["doctor", "--repair"]).ok().to_string();
    assert!(repaired.contains("ended without it: OpCon says `Initialization Error`"), "{repaired}");
    assert!(batch.status(&id).starts_with(&format!("Failed the job `{job}` ended without it")));
}

impl Batch {
    /// Lets a time of a record that waits be years ago, as if somebody looked years later.
    fn make_old(&self, id: &str, key: &str) {
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

#[test]
fn what_was_cut_off_while_it_was_scheduled_is_taken_out_again() {
    let batch = Batch::new();
    batch.schedule(&["deploy", "Payroll", "--to", "PROD"]);
    // The next one is killed when its job is there and the record does not say so yet.
    batch.systems.set_fault("BATCH:slow-body=600000@POST /api/scheduleactions#1".parse().unwrap());
    let added = batch.systems.asked("POST", "/api/scheduleactions");
    let mut program = batch.world.program("central");
    let args = ["deploy", "Payroll", "--to", "PROD", "--at", "2091-05-06 20:00"];
    let null = std::process::Stdio::null;
    let mut child = program.args(args).stdout(null()).stderr(null()).spawn().unwrap();
    let started = Instant::now();
    while batch.systems.asked("POST", "/api/scheduleactions") == added {
        assert!(started.elapsed() < DEADLINE);
        std::thread::sleep(POLL);
    }
    child.kill().unwrap();
    child.wait().unwrap();
    batch.systems.clear_faults();
    let cut = batch.waiting().into_iter().find(|one| one["phase"] == "scheduling").unwrap();
    let id = cut["record"].as_str().unwrap().to_owned();
    assert_eq!(batch.jobs().len(), 2);
    batch.make_old(&id, "begun = ");
    batch.world.central(&["doctor"]).exits(3);
    let repaired = batch.world.central(&["doctor", "--repair"]).ok();
    assert_eq!(batch.jobs().len(), 1, "{repaired}");
    assert_eq!(batch.status(&id), "Failed could not be scheduled: it was cut off");
    assert_eq!(batch.waiting().len(), 1);
}

/// What cannot be scheduled leaves no job, and a record that says why.
#[test]
fn what_cannot_be_scheduled_says_why_and_leaves_nothing() {
    for (fault, said) in [
        ("BATCH:error=400@POST /api/schedulebuilds", "cannot build `BATCH_DEPLOY` in the daily of `BATCH`"),
        (
            "BATCH:error=400@POST /api/scheduleactions",
            "cannot add the job `DEPLOY_SCHEDULE` to the daily of `BATCH`",
        ),
        ("BATCH:reset@GET /api/dailyschedules", "the connection broke"),
        ("BATCH:error=401@POST /api/tokens", "the sign-on of"),
    ] {
        let batch = Batch::new();
        batch.world.central(&["import", "--template", "BATCH_DEPLOY", "--push"]).ok();
        batch.world.central(&["deploy", "BATCH_DEPLOY", "--to", "BATCH"]).ok();
        batch.systems.set_fault(fault.parse().unwrap());
        let run =
            batch.world.central(&["deploy", "Payroll", "--to", "PROD", "--at", AT]).exits(1).to_string();
        batch.systems.clear_faults();
        assert!(run.contains("Error: could not be scheduled: ") && run.contains(said), "{fault}\n{run}");
        assert!(batch.jobs().is_empty() && batch.waiting().is_empty(), "{fault}\n{run}");
        let list = batch.world.central(&["deployments", "--server", "PROD", "--json"]).ok().json();
        let reason = list["deployments"][0]["reason"].as_str().unwrap();
        assert!(reason.starts_with("could not be scheduled: ") && reason.contains(said), "{fault}: {reason}");
    }
}

#[test]
fn where_the_start_of_a_job_cannot_be_moved_the_minute_gets_a_frequency() {
    let batch = Batch::new();
    batch.systems.set_fault("BATCH:error=403@PUT /api/dailyjobs/*".parse().unwrap());
    let run = batch.world.central(&["deploy", "Payroll", "--to", "PROD", "--at", AT]).ok().to_string();
    assert!(run.contains("`BATCH_DEPLOY` gets the frequency `DEP-FRQ-18:30`"), "{run}");
    let id = batch.waiting()[0]["record"].as_str().unwrap().to_owned();
    let (state, said) = batch.come(&id);
    assert_eq!(state, "Finished OK", "{said}");
    assert_eq!(batch.starts(), "06:00");
    let versions = batch.world.central(&["versions", "BATCH_DEPLOY", "--json"]).ok().json();
    assert_eq!(versions["versions"].as_array().unwrap().len(), 2);
    // The same minute of another day has it already.
    let again = batch
        .world
        .central(&["deploy", "Payroll", "--to", "PROD", "--at", "2091-05-07 18:30"])
        .ok()
        .to_string();
    assert!(!again.contains("gets the frequency"), "{again}");
}

#[test]
fn times_that_cannot_be_meant_are_refused() {
    let batch = Batch::new();
    let world = &batch.world;
    let file = world.read("central/servers/BATCH.toml");
    let zone = |zone: &str| {
        world.write("central/servers/BATCH.toml", file.replace("timezone = \"UTC\"\n", zone));
        world.commit_all("Another zone");
        world.git("central", &["push", "--quiet"]);
    };
    zone("timezone = \"Europe/Berlin\"\n");
    let mut told = String::new();
    for at in ["2090-10-29 02:30", "2090-03-26 02:30", "2020-05-06 18:30", "tonight", "2091-05-06 18:30:15"] {
        told += &world.central(&["deploy", "Payroll", "--to", "PROD", "--at", at]).exits(2).to_string();
    }
    assert_data_eq!(
        told,
        str![[r#"
--- stderr
Error: 2090-10-29 02:30 happens twice in Europe/Berlin, as the clocks are put back; write `2090-10-29 02:30+02:00` or `2090-10-29 02:30+01:00`
--- exit 2
--- stderr
Error: 2090-03-26 02:30 does not happen in Europe/Berlin: the clocks are put forward from 02:00 to 2090-03-26 03:00+02:00
--- exit 2
--- stderr
Error: 2020-05-06 18:30 (Europe/Berlin) is past
--- exit 2
--- stderr
Error: `tonight` is not a time; write it like `2026-12-01 18:30`, or with an offset like `2026-12-01 18:30+01:00`
--- exit 2
--- stderr
Error: `2091-05-06 18:30:15` has seconds: OpCon starts jobs by the minute
--- exit 2

"#]]
    );
    zone("");
    let run = world.central(&["deploy", "Payroll", "--to", "PROD", "--at", AT]).exits(1).to_string();
    assert!(run.contains("server `BATCH` has no `timezone`"), "{run}");
    let settings = world.read("central/deploy.toml");
    world.write("central/deploy.toml", settings.replace("[batch]\nserver = \"BATCH\"\n", ""));
    world.commit_all("No batch server");
    world.git("central", &["push", "--quiet"]);
    let run = world.central(&["deploy", "Payroll", "--to", "PROD", "--at", AT]).exits(1).to_string();
    assert!(run.contains("deploy.toml names no batch server"), "{run}");
    world.central(&["deploy", "Payroll", "--to", "PROD", "--at", AT, "--each"]).exits(2);
    world.central(&["deploy", "Payroll", "--to", "PROD", "--as-then"]).exits(2);
    assert!(batch.waiting().is_empty());
}

#[test]
fn warnings_refuse_when_it_is_scheduled_not_only_when_it_begins() {
    let batch = Batch::new();
    batch.systems.edit("PROD", "Housekeeping", |schedule| schedule["startTime"] = "01:00".into());
    batch.world.import("central", &definition("Housekeeping", &["LOAD"]), &["--push"]).ok();
    let run =
        batch.world.central(&["deploy", "Housekeeping", "--to", "PROD", "--at", AT]).exits(4).to_string();
    assert!(run.contains("--accept-unknown"), "{run}");
    assert!(batch.waiting().is_empty());
    batch.world.central(&["deploy", "Housekeeping", "--to", "PROD", "--at", AT, "--accept-unknown"]).ok();
}

#[test]
fn who_asked_needs_the_role_then_and_who_runs_it_the_permission() {
    let batch = Batch::new();
    let world = &batch.world;
    let people = |by: &str, ann: &str, runner: bool| {
        let by = &format!("user.email={by}@corp.example");
        let text = format!(
            "[[user]]\nname = \"Ann\"\nemails = [\"ann@corp.example\"]\nrole = \"{ann}\"\n\n\
             [[user]]\nname = \"Bot\"\nemails = [\"bot@corp.example\"]\nrole = \"Test\"\nrunner = {runner}\n\n\
             [[user]]\nname = \"Eve\"\nemails = [\"eve@corp.example\"]\nrole = \"Administration\"\n"
        );
        world.write("central/users.toml", text);
        world.git("central", &["-c", by, "commit", "--quiet", "--all", "-m", "People"]);
        world.git("central", &["push", "--quiet"]);
    };
    people("ann", "Administration", false);
    world.git("agent", &["config", "user.email", "bot@corp.example"]);
    world.git("agent", &["config", "user.name", "Bot"]);
    let id = batch.schedule(&["deploy", "Payroll", "--to", "PROD"]);
    let (state, said) = batch.come(&id);
    assert_eq!((state.as_str(), said.as_str()), ("Failed", "Some(\"4\")"));
    assert_eq!(batch.waiting().len(), 1, "whoever may not run it may not end it");
    people("eve", "Test", true);
    let run = world.run("agent", &["deploy", "--record", &id]).exits(4).to_string();
    assert!(
        run.contains("`Ann` has the role Test, which may not change servers of the production class"),
        "{run}"
    );
    assert!(batch.status(&id).starts_with("Failed `Ann` has the role Test"), "{}", batch.status(&id));
    assert_eq!(batch.starts(), Value::Null);
    people("eve", "Administration", true);
    let id = world
        .central(&["deploy", "Payroll", "--to", "PROD", "--at", "2091-05-07 06:00", "--json"])
        .ok()
        .json();
    let id = id["deployments"][0]["record"].as_str().unwrap().to_owned();
    world.run("agent", &["deploy", "--record", &id]).ok();
    let record = batch.record(&id);
    assert_eq!((&record["user"]["name"], &record["runner"]["name"]), (&"Ann".into(), &"Bot".into()));
    world.central(&["audit", "verify", "--fetch"]).ok();
}

#[test]
fn rules_that_changed_meanwhile_are_told_of() {
    let batch = Batch::new();
    let world = &batch.world;
    world.central(&["rules", "new", "tag-jobs"]).ok();
    world.commit_all("A rule");
    world.git("central", &["push", "--quiet"]);
    let id = batch.schedule(&["deploy", "Payroll", "--to", "PROD", "--rule", "tag-jobs"]);
    // The rule of that time is what was recorded; that the server names others now is not.
    world.write("central/rules/tag-jobs.rhai", "//! Another.\nfail(\"not this one\");\n");
    world.commit_all("Another rule");
    world.git("central", &["push", "--quiet"]);
    let (state, said) = batch.come(&id);
    assert_eq!(state, "Finished OK", "{said}");
    let id = world
        .central(&["deploy", "Payroll", "--to", "PROD", "--at", "2091-05-07 06:00", "--json"])
        .ok()
        .json();
    let id = id["deployments"][0]["record"].as_str().unwrap().to_owned();
    world.write(
        "central/servers/PROD.toml",
        format!("{}rules = [\"tag-jobs\"]\n", batch.systems.file("PROD")),
    );
    world.commit_all("A rule for production");
    world.git("central", &["push", "--quiet"]);
    world.run("agent", &["deploy", "--record", &id]).exits(1);
    assert!(batch.status(&id).starts_with("Failed "), "{}", batch.status(&id));
}

#[test]
fn a_remote_or_a_clone_that_is_gone_then_leaves_it_to_doctor() {
    let batch = Batch::new();
    let id = batch.schedule(&["deploy", "Payroll", "--to", "PROD"]);
    let job = batch.record(&id)["scheduled"]["job"].as_str().unwrap().to_owned();
    fs::rename(batch.world.path("remote.git"), batch.world.path("moved.git")).unwrap();
    batch.systems.clock().stop_at(time(THEN));
    let (state, said) = batch.ended(&job);
    assert_eq!((state.as_str(), said.as_str()), ("Failed", "Some(\"1\")"));
    fs::rename(batch.world.path("moved.git"), batch.world.path("remote.git")).unwrap();
    // It can still be done: the job only has to be started again.
    assert_eq!(batch.waiting().len(), 1);
    fs::rename(batch.world.path("agent"), batch.world.path("elsewhere")).unwrap();
    let run = batch.world.run("", &["deploy", "--record", &id, "-C", "agent"]).exits(1).to_string();
    assert!(run.contains("there is no folder `agent`"), "{run}");
    batch.world.run("elsewhere", &["deploy", "--record", &id]).ok();
    assert_eq!(batch.starts(), "06:00");
}

#[test]
fn of_two_at_the_same_minute_one_wins_and_the_other_says_so() {
    let batch = Batch::new();
    batch.world.import("central", &starting("Payroll", "07:00"), &["--push"]).ok();
    let first = batch.schedule(&["deploy", "Payroll@1", "--to", "PROD"]);
    let second = batch.schedule(&["deploy", "Payroll@2", "--to", "PROD"]);
    batch.systems.clock().stop_at(time(THEN));
    let ended: Vec<(String, String)> = [&first, &second].map(|id| batch.come(id)).into();
    let (states, records) = (
        ended.iter().map(|(state, _)| state.as_str()).collect::<Vec<_>>(),
        [&first, &second].map(|id| batch.status(id)),
    );
    // Whichever came first; the other one waited, and either went on top of it or was told.
    let active = records.iter().filter(|status| status.starts_with("Active")).count();
    assert_eq!(active, 1, "{states:?} {records:?}");
    let other = records.iter().find(|status| !status.starts_with("Active")).unwrap();
    assert!(other.starts_with("Inactive") || other.contains("while this command waited"), "{records:?}");
    batch.world.central(&["audit", "verify", "--fetch"]).ok();
}

#[test]
fn imports_and_simulations_wait_too_and_their_reports_are_in_the_records() {
    let batch = Batch::new();
    let world = &batch.world;
    let import = batch.schedule(&["import", "DEV", "Price *", "--sub-schedules"]);
    let simulate = batch.schedule(&["simulate", "Payroll", "--to", "PROD"]);
    let names: Vec<String> = batch.jobs().into_iter().map(|job| job.name).collect();
    assert_eq!(names, ["IMPORT", "SIMULATE"]);
    let (state, said) = batch.come(&import);
    assert_eq!(state, "Finished OK", "{said}");
    let (state, said) = batch.come(&simulate);
    assert_eq!(state, "Finished OK", "{said}");
    world.git("central", &["pull", "--quiet"]);
    assert!(world.path("central/schedules/Price Update.json").exists());
    assert_eq!(batch.starts(), Value::Null);
    let show = |id: &str| -> Run { world.central(&["deployments", "show", id, "--report"]).ok() };
    let shown = show(&import).to_string();
    assert!(shown.contains("Price Update  version 1"), "{shown}");
    let shown = show(&simulate).to_string();
    assert!(shown.contains("no errors, no warnings") && shown.contains("+ Payroll"), "{shown}");
    world.central(&["audit", "verify", "--fetch"]).ok();
}
