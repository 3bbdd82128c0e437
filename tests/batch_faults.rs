//! What cannot be scheduled: no job stays in the daily, and a record says why.

use std::time::Instant;

use snapbox::{assert_data_eq, str};

use crate::faults::{DEADLINE, POLL};
use crate::harness::batch::{AT, Batch, THEN, time};
use crate::harness::{definition, starting};
use crate::together::{ended, hold_push, interrupt, let_go, start, wait_until};

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
    for option in [&["--markdown"][..], &["-o", "x.json"], &["--plan", "x.plan"]] {
        let simulate = [&["simulate", "Payroll", "--to", "PROD", "--at", AT], option].concat();
        world.central(&simulate).exits(2);
    }
    assert!(batch.waiting().is_empty());
}

/// A plan that was agreed to is looked at when it is scheduled, too.
#[test]
fn a_plan_that_is_out_of_date_is_not_scheduled() {
    let batch = Batch::new();
    let world = &batch.world;
    world.central(&["simulate", "Payroll", "--to", "PROD", "--plan", "../payroll.plan"]);
    let agreed = ["deploy", "--to", "PROD", "--plan", "../payroll.plan", "--at", AT];
    let id = batch.schedule(&agreed[..5]);
    world.central(&["deployments", "cancel", &id]).ok();
    world.import("central", &starting("Payroll", "07:00"), &["--push"]).ok();
    let run = world.central(&agreed).exits(4).to_string();
    assert!(run.contains("Error: the plan is out of date: the schedules are others"), "{run}");
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

const LATER: &[&str] = &["deploy", "Payroll", "--to", "PROD", "--at", AT];

impl Batch {
    /// Nothing waits, no job is there; the reason why, as the record has it.
    #[track_caller]
    fn why_not(&self) -> String {
        assert!(self.waiting().is_empty());
        assert_eq!(self.jobs().len(), 0);
        let list = self.world.central(&["deployments", "--server", "PROD", "--json"]).ok().json();
        assert_eq!(list["deployments"][0]["status"], "Failed");
        list["deployments"][0]["reason"].as_str().unwrap().to_owned()
    }

    /// Everybody sees another file of the batch server.
    fn site(&self, change: impl Fn(String) -> String) {
        let file = "central/servers/BATCH.toml";
        self.world.write(file, change(self.world.read(file)));
        self.world.commit_all("Another site");
        self.world.git("central", &["push", "--quiet"]);
    }
}

/// Ctrl-C at each step: until the last one it is called off, and then it is too late.
#[test]
fn ctrl_c_leaves_no_job_and_a_record_that_says_so() {
    // It is being scheduled; BATCH_DEPLOY is deployed first: begun, done; it is scheduled.
    for (push, refused) in [(1, false), (2, false), (3, false), (4, false), (4, true)] {
        let batch = Batch::new();
        let world = &batch.world;
        hold_push(world, push);
        if refused {
            world.write("refuse", "");
        }
        let child = start(world, "central", LATER);
        wait_until(|| world.path("held").exists());
        interrupt(&child);
        let_go(world);
        let said = ended(world, child, "");
        if (push, refused) == (4, false) {
            assert!(said.contains("--- exit 0"), "{said}");
            assert_eq!((batch.waiting().len(), batch.jobs().len()), (1, 1));
            continue;
        }
        assert!(
            said.contains("Error: could not be scheduled: ") && said.contains("--- exit 130"),
            "{push}\n{said}"
        );
        let why = batch.why_not();
        let expected = match (push, refused) {
            (2, _) => "could not be scheduled: stopped; nothing was changed on `BATCH`",
            (4, true) => "could not be scheduled: ",
            _ => "could not be scheduled: it was stopped",
        };
        assert!(why.starts_with(expected), "{push}: {why}");
        world.central(&["doctor"]).ok();
        world.central(&["audit", "verify", "--fetch"]).ok();
    }
}

/// OpCon starts the job before the record says that it waits.
#[test]
fn a_time_that_comes_before_it_is_scheduled_is_missed() {
    let batch = Batch::new();
    let world = &batch.world;
    hold_push(world, 4);
    let child = start(world, "central", LATER);
    wait_until(|| world.path("held").exists());
    let job = batch.jobs().remove(0).id;
    batch.systems.clock().stop_at(time(THEN));
    assert_eq!(batch.ended(&job), ("Failed".to_owned(), "Some(\"5\")".to_owned()));
    let_go(world);
    let said = ended(world, child, "");
    assert!(
        said.contains("Error: could not be scheduled: its time came before the record said so"),
        "{said}"
    );
    let list = world.central(&["deployments", "--server", "PROD", "--json"]).ok().json();
    assert_eq!(list["deployments"][0]["status"], "Failed");
    assert!(batch.waiting().is_empty());
    world.central(&["audit", "verify", "--fetch"]).ok();
}

#[test]
fn an_api_that_is_gone_between_build_and_add_leaves_it_to_doctor() {
    for is_added in [false, true] {
        let batch = Batch::new();
        let world = &batch.world;
        let fault = if is_added { "lost-answer" } else { "reset" };
        batch.systems.set_fault(format!("BATCH:{fault}@POST /api/scheduleactions").parse().unwrap());
        batch.systems.set_fault("BATCH:reset@GET /api/dailyjobs*".parse().unwrap());
        let run = world.central(LATER).exits(1).to_string();
        for part in [
            "Error: could not be scheduled: ",
            "whether the job got into the daily could not be seen",
            "doctor --repair",
        ] {
            assert!(run.contains(part), "{part} is not in\n{run}");
        }
        // Nobody knows yet: it is open, and said to be.
        let list = world.central(&["deployments", "upcoming", "--fetch"]).ok().to_string();
        assert!(list.contains("BATCH (left open)"), "{list}");
        let found = world.central(&["doctor"]).exits(3).to_string();
        assert!(
            found.contains("deploy of `Payroll` on `PROD`, asked for by Ann Ops, could not be scheduled: "),
            "{found}"
        );
        world.central(&["doctor", "--repair"]).exits(1);
        batch.systems.clear_faults();
        assert_eq!(batch.jobs().len(), usize::from(is_added));
        world.central(&["doctor", "--repair"]).ok();
        let why = batch.why_not();
        assert!(why.contains("whether the job got into the daily could not be seen"), "{why}");
        world.central(&["doctor"]).ok();
        world.central(&["audit", "verify", "--fetch"]).ok();
    }
}

#[test]
fn a_job_that_began_before_it_was_quite_scheduled_does_nothing() {
    let batch = Batch::new();
    let world = &batch.world;
    batch.systems.set_fault("BATCH:lost-answer@POST /api/scheduleactions".parse().unwrap());
    batch.systems.set_fault("BATCH:reset@GET /api/dailyjobs*".parse().unwrap());
    let on_the_hour = ["deploy", "Payroll", "--to", "PROD", "--at", "2091-05-06 18:00"];
    world.central(&on_the_hour).exits(1);
    batch.systems.clear_faults();
    let job = batch.jobs().remove(0).id;
    batch.systems.clock().stop_at(time(THEN));
    assert_eq!(batch.ended(&job), ("Failed".to_owned(), "Some(\"5\")".to_owned()));
    world.central(&["doctor", "--repair"]).ok();
    assert!(batch.waiting().is_empty() && batch.starts().is_null());
}

#[test]
fn an_answer_that_was_lost_schedules_it_once() {
    let batch = Batch::new();
    batch.systems.set_fault("BATCH:lost-answer@POST /api/scheduleactions#1".parse().unwrap());
    let id = batch.schedule(&["deploy", "Payroll", "--to", "PROD"]);
    assert_eq!(batch.jobs().len(), 1);
    let (state, said) = batch.come(&id);
    assert_eq!(state, "Finished OK", "{said}");
}

#[test]
fn a_batch_server_without_an_api_is_named() {
    let batch = Batch::new();
    // Nothing listens on the first port of a machine.
    let port = batch.systems.system("BATCH").unwrap().rest.port();
    batch.site(|file| file.replace(&format!("rest_port = {port}"), "rest_port = 1"));
    let run = batch.world.central(LATER).exits(1).to_string();
    assert!(run.contains("Error: could not be scheduled: ") && run.contains("`BATCH`"), "{run}");
    batch.site(|file| file.replace("rest_port = 1\n", &format!("rest_port = {port}\n")));
    let why = batch.why_not();
    assert!(why.starts_with("could not be scheduled: ") && why.contains("`BATCH`"), "{why}");
}

#[test]
fn a_zone_that_nobody_knows_is_refused_where_it_is_written() {
    let batch = Batch::new();
    batch.site(|file| file.replace("\"UTC\"", "\"Europe/Berln\""));
    assert_data_eq!(
        batch.world.central(LATER).exits(1).to_string(),
        str![[r#"
--- stderr
Error: servers/BATCH.toml: `timezone`: no time zone is called `Europe/Berln`; did you mean `Europe/Berlin`?
Hint: `opcon-deploy schema server` describes the keys
--- exit 1

"#]]
    );
    assert!(batch.waiting().is_empty());
    batch.world.central(&["check"]).exits(3);
}

#[test]
fn a_template_that_does_not_fit_says_what_is_missing() {
    let batch = Batch::new();
    batch.site(|file| file.replace("batch_machine = \"SANDBOX\"\n", ""));
    assert_data_eq!(
        batch.world.central(LATER).exits(1).to_string(),
        str![[r#"
--- stderr
`BATCH_DEPLOY` is not on `BATCH`: it is deployed first, by the rules of that server
BATCH_DEPLOY  version 1  new: 5 jobs
Machines: `BATCH_DEPLOY`, job `DEPLOY_PACKAGE`: machine `DEPLOY_MACHINE` does not exist on `BATCH` (and 3 more jobs)
Error: could not be scheduled: nothing was deployed to `BATCH`
Hint: `opcon-deploy simulate` shows every check; errors cannot be accepted
Hint: `opcon-deploy simulate BATCH_DEPLOY --to "BATCH"` shows it; the rule `batch-site` fits it to a site (docs/batch.md)
--- exit 1

"#]]
    );
    let why = batch.why_not();
    assert!(why.contains("machine `DEPLOY_MACHINE` does not exist on `BATCH`"), "{why}");
}

#[test]
fn another_time_that_cannot_be_had_leaves_the_one_that_is() {
    let batch = Batch::new();
    let world = &batch.world;
    let id = batch.schedule(&["deploy", "Payroll", "--to", "PROD"]);
    let again = ["deployments", "reschedule", &id, "--at", "2091-05-07 06:15"];
    batch.systems.set_fault("BATCH:error=503@POST /api/tokens".parse().unwrap());
    let run = world.central(&again).exits(1).to_string();
    assert!(run.contains("Error: it keeps its time: "), "{run}");
    batch.systems.clear_faults();
    let waiting = batch.waiting();
    assert_eq!(
        (&waiting[0]["phase"], &waiting[0]["at"]),
        (&"scheduled".into(), &"2091-05-06T18:30:00+00:00".into())
    );
    // Once its job is out of the daily there is no way back.
    batch.systems.set_fault("BATCH:error=400@POST /api/scheduleactions".parse().unwrap());
    world.central(&again).exits(1);
    batch.systems.clear_faults();
    let why = batch.why_not();
    assert!(why.contains("cannot add the job `DEPLOY_SCHEDULE`"), "{why}");
    // And where nobody knows whether it is out, doctor finds it.
    world.import("central", &starting("Payroll", "07:00"), &["--push"]).ok();
    let id = batch.schedule(&["deploy", "Payroll", "--to", "PROD"]);
    batch.systems.set_fault("BATCH:error=500@POST /api/DeleteActions".parse().unwrap());
    world.central(&["deployments", "reschedule", &id, "--at", "2091-05-07 06:15"]).exits(1);
    batch.systems.clear_faults();
    assert_eq!(batch.jobs().len(), 1);
    world.central(&["doctor", "--repair"]).ok();
    batch.why_not();
}

#[test]
fn a_schedule_that_rules_renamed_is_found_again() {
    let batch = Batch::new();
    let world = &batch.world;
    let rule = "//! Ours.\nreplace(\"Schedule_Name\", \"BATCH_DEPLOY\", \"OPS_BATCH_DEPLOY\", #{ optional: true });\n";
    world.write("central/rules/ours.rhai", rule);
    batch.site(|file| file.replace("[\"batch-site\"]", "[\"batch-site\", \"ours\"]"));
    let first = world.central(LATER).ok().to_string();
    assert!(first.contains("Deployed `OPS_BATCH_DEPLOY` to `BATCH`"), "{first}");
    // The next one is cut off where only its job is there.
    batch.systems.set_fault("BATCH:lost-answer@POST /api/scheduleactions".parse().unwrap());
    batch.systems.set_fault("BATCH:reset@GET /api/dailyjobs*".parse().unwrap());
    let second = world.central(&["import", "DEV", "Price *", "--at", AT]).exits(1).to_string();
    assert!(!second.contains("deployed first"), "{second}");
    batch.systems.clear_faults();
    world.central(&["doctor", "--repair"]).ok();
    let deleted = batch.systems.asked("POST", "/api/DeleteActions");
    assert_eq!(deleted, 1);
    let id = batch.waiting()[0]["record"].as_str().unwrap().to_owned();
    let (state, said) = batch.come(&id);
    assert_eq!(state, "Finished OK", "{said}");
    assert_eq!(batch.starts(), "06:00");
}
