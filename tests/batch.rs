//! Work at a set time: scheduled on a batch server, started by its OpCon, done by the real
//! program in a clone of its own.

use std::time::Instant;

use serde_json::Value;
use snapbox::{assert_data_eq, str};

use crate::faults::{DEADLINE, POLL};
use crate::harness::batch::{AT, Batch, THEN, time};
use crate::harness::{Run, starting};

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
fn imports_and_simulations_wait_too_and_their_reports_are_in_the_records() {
    let batch = Batch::new();
    let world = &batch.world;
    let import = batch.schedule(&["import", "DEV", "Price *", "--sub-schedules"]);
    let simulate = batch.schedule(&["simulate", "Payroll", "--to", "PROD"]);
    let names: Vec<String> = batch.jobs().into_iter().map(|job| job.name).collect();
    assert_eq!(names, ["IMPORT", "SIMULATE"]);
    let later = ["--at", "2091-05-06 19:00"];
    let said = |args: &[&str]| world.central(&[args, &later].concat()).ok().stdout();
    assert_eq!(said(&["import", "DEV", "Card *"]), "Card *  imported from DEV at 2091-05-06 19:00 (UTC)\n");
    assert_eq!(
        said(&["simulate", "Payroll", "--to", "PROD"]),
        "Payroll  version 1 simulated for PROD at 2091-05-06 19:00 (UTC)\n"
    );
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
    assert!(shown.contains("2 schedules: 2 imported"), "{shown}");
    let shown = show(&simulate).to_string();
    assert!(shown.contains("no errors, no warnings") && shown.contains("+ Payroll"), "{shown}");
    world.central(&["audit", "verify", "--fetch"]).ok();
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

/// What a record shows while it waits.
#[test]
fn what_waits_can_be_looked_at() {
    let batch = Batch::new();
    let world = &batch.world;
    let id =
        batch.schedule(&["deploy", "Payroll", "--to", "PROD", "--as-then", "-m", "Night", "--tag", "R7"]);
    let job = batch.jobs().remove(0).id;
    let run = world.central(&["deployments", "show", &id]).ok().to_string().replace(&job, "[job]");
    // When it was asked for is by the clock of this machine.
    let lines = run.split_inclusive('\n').filter(|line| !line.starts_with("  asked for "));
    let mut shown: String = lines.collect();
    for args in [&["deployments", "upcoming"][..], &["status"], &["drift", "PROD"]] {
        shown += &world.central(args).ok().to_string();
    }
    assert_data_eq!(
        shown,
        str![[r#"
Payroll on PROD
  record       [record]
  what         deploy of schedule `Payroll`, version 1
  status       Deploying since 2026-05-28 20:42, scheduled
  user         Ann Ops <ann@corp.example>, role Administration, OpCon user ocadm
  at           2091-05-06 18:30 (UTC), the latest then, by BATCH, job [job]
  tag          R7
  description  Night
--- stderr
`origin/deployments` as of [time]; `--fetch` asks the remote
--- exit 0
ID                                    AT                      ACTION  NAME     VERSION  TYPE      SERVER  USER     STARTED BY
[record]  2091-05-06 18:30 (UTC)  deploy  Payroll   latest  Schedule  PROD    Ann Ops  BATCH
--- stderr
`origin/deployments` as of [time]; `--fetch` asks the remote
1 record waiting
--- exit 0
SCHEDULE      MAIN  BATCH  PROD
BATCH_DEPLOY     1  1
Payroll          1         scheduled
--- stderr
`origin/deployments` as of [time]; `--fetch` asks the remote
`origin/main` as of [time]; `--fetch` asks the remote
--- exit 0
--- stderr
`origin/main` and `origin/deployments` as of [time]; `--fetch` asks the remote
nothing was deployed there yet
Hint: `--unmanaged` lists what stands there all the same
--- exit 0

"#]]
    );
    world.central(&["doctor"]).ok();
}
