//! What is found when the time has come: each ends in a record that says what happened.

use std::fs;

use serde_json::Value;
use snapbox::{assert_data_eq, str};

use crate::harness::batch::{Batch, THEN, time};
use crate::harness::starting;
use crate::together::wait_until;

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
    world.central(&["rules", "new", "another"]).ok();
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
    world
        .write("central/servers/PROD.toml", format!("{}rules = [\"another\"]\n", batch.systems.file("PROD")));
    world.commit_all("A rule for production");
    world.git("central", &["push", "--quiet"]);
    world.run("agent", &["deploy", "--record", &id]).exits(4);
    let status = batch.status(&id);
    assert!(
        status.starts_with(
            "Failed the rules are others than when it was scheduled; nothing was changed on `PROD`"
        ),
        "{status}"
    );
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
    batch.world.run("agent", &["deploy", "--record", &id]).ok();
    assert_eq!(batch.starts(), "06:00");

    let batch = Batch::new();
    let id = batch.schedule(&["deploy", "Payroll", "--to", "PROD"]);
    fs::rename(batch.world.path("agent"), batch.world.path("elsewhere")).unwrap();
    let (state, said) = batch.come(&id);
    assert_eq!((state.as_str(), said.as_str()), ("Failed", "Some(\"1\")"));
    let run = batch.world.run("", &["deploy", "--record", &id, "-C", "agent"]).exits(1).to_string();
    assert!(run.contains("there is no folder `agent`"), "{run}");
    batch.make_old(&id, "at = ");
    batch.world.central(&["doctor", "--repair"]).ok();
    let why = batch.status(&id);
    assert!(
        why.starts_with("Failed the job `") && why.ends_with("ended without it: OpCon says `Failed`, 1"),
        "{why}"
    );
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

#[test]
fn what_runs_is_not_called_off_and_what_ended_without_it_is() {
    let batch = Batch::new();
    let world = &batch.world;
    // OpCon has started the job; the program has not begun.
    let gate = world.path("go").display().to_string();
    batch.agent_runs(&format!("while [ ! -e '{gate}' ]; do sleep 0.01; done; exec"));
    let id = batch.schedule(&["deploy", "Payroll", "--to", "PROD"]);
    let job = batch.record(&id)["scheduled"]["job"].as_str().unwrap().to_owned();
    batch.systems.clock().stop_at(time(THEN));
    wait_until(|| batch.job(&job).status.description.unwrap() == "Job Running");
    let late = world.central(&["deployments", "cancel", &id]).exits(1).to_string();
    assert!(late.contains(&format!("the daily job `{job}` has begun: OpCon says `Job Running`")), "{late}");
    assert_eq!(batch.waiting().len(), 1);
    let late =
        world.central(&["deployments", "reschedule", &id, "--at", "2091-05-07 06:15"]).exits(1).to_string();
    assert!(late.contains("Error: it keeps its time: the daily job `"), "{late}");
    world.write("go", "");
    assert_eq!(batch.ended(&job).0, "Finished OK");
    assert_eq!((batch.starts(), batch.waiting().len()), ("06:00".into(), 0));
    world.central(&["audit", "verify", "--fetch"]).ok();

    // A job that failed before anything began could be started again: it gets another time, or is
    // called off, and then that does nothing.
    let batch = Batch::new();
    let world = &batch.world;
    let id = batch.schedule(&["deploy", "Payroll", "--to", "PROD"]);
    fs::rename(world.path("remote.git"), world.path("moved.git")).unwrap();
    let job = batch.jobs().remove(0).id;
    batch.systems.clock().stop_at(time(THEN));
    assert_eq!(batch.ended(&job).0, "Failed");
    fs::rename(world.path("moved.git"), world.path("remote.git")).unwrap();
    world.central(&["deployments", "reschedule", &id, "--at", "2091-05-07 06:15"]).ok();
    assert_eq!((batch.waiting().len(), batch.jobs().len()), (1, 2));
    world.central(&["deployments", "cancel", &id]).ok();
    assert_eq!(batch.status(&id), "Cancelled cancelled by Ann Ops <ann@corp.example>");
    assert_eq!(batch.jobs().len(), 1);
    world.run("agent", &["deploy", "--record", &id]).exits(5);
}

/// The process is killed while the target is being changed.
#[test]
fn a_job_killed_at_its_work_is_ended_by_what_stands_there() {
    for (fault, starts) in [("latency", Value::Null), ("slow-body", "06:00".into())] {
        let batch = Batch::new();
        let id = batch.schedule(&["deploy", "Payroll", "--to", "PROD"]);
        let job = batch.record(&id)["scheduled"]["job"].as_str().unwrap().to_owned();
        batch.systems.set_fault(format!("PROD:{fault}=600000@POST /impex2/schedules").parse().unwrap());
        batch.systems.clock().stop_at(time(THEN));
        wait_until(|| batch.record(&id)["phase"] == "begun");
        if fault == "slow-body" {
            wait_until(|| batch.systems.asked("POST", "/impex2/schedules") > 0);
        }
        let pid = batch.world.read("job.pid");
        let kill = std::process::Command::new("kill").args(["-9", pid.trim()]).status().unwrap();
        assert!(kill.success());
        assert_ne!(batch.ended(&job).0, "Finished OK");
        batch.systems.clear_faults();
        let found = batch.world.central(&["doctor"]).to_string();
        assert!(found.contains("deploy of `Payroll` on `PROD`, begun by Ann Ops"), "{found}");
        // Its lease is broken by who knows that it is dead.
        batch.world.central(&["lock", "break", "PROD", "--yes"]).ok();
        batch.world.central(&["doctor", "--repair"]).ok();
        assert_eq!(batch.starts(), starts, "{fault}");
        let status = batch.status(&id);
        assert!(
            status.starts_with(if starts.is_null() { "Failed " } else { "Active " }),
            "{fault}: {status}"
        );
        assert!(batch.waiting().is_empty());
        batch.world.central(&["audit", "verify", "--fetch"]).ok();
    }
}

#[test]
fn what_was_deployed_meanwhile_is_replaced_by_what_was_chosen() {
    let batch = Batch::new();
    let world = &batch.world;
    let id = batch.schedule(&["deploy", "Payroll", "--to", "PROD"]);
    world.import("central", &starting("Payroll", "07:00"), &["--push"]).ok();
    let meanwhile = world.central(&["deploy", "Payroll", "--to", "PROD", "--json"]).ok().json();
    let meanwhile = meanwhile["deployments"][0]["record"].as_str().unwrap().to_owned();
    assert_eq!(batch.starts(), "07:00");
    let board = world.central(&["status", "Payroll"]).ok().to_string();
    assert!(board.contains("2 scheduled"), "{board}");
    let stood = world.central(&["asof", "2091-01-01", "PROD"]).ok().to_string();
    assert!(stood.contains("Payroll  Schedule        2"), "{stood}");
    world.central(&["drift", "PROD"]).ok();
    world.central(&["doctor"]).ok();
    let (state, said) = batch.come(&id);
    assert_eq!(state, "Finished OK", "{said}");
    assert_eq!(batch.starts(), "06:00");
    assert_eq!(batch.record(&meanwhile)["status"], "Inactive");
    // And a rollback puts back what came meanwhile.
    world.central(&["rollback", "Payroll", "--on", "PROD", "--yes"]).ok();
    assert_eq!(batch.starts(), "07:00");
    world.central(&["audit", "verify", "--fetch"]).ok();
}
