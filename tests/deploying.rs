//! Deploying: what goes where, what is refused, and what the records say.

use deploy_sandbox::SystemType;
use serde_json::json;
use snapbox::{assert_data_eq, str};

use crate::harness::{Systems, World, definition, starting};

/// A test and a production system without schedules, and a repository that knows them.
pub fn world() -> (Systems, World) {
    let systems = Systems::empty(&[("QA", SystemType::QualityAssurance), ("PROD", SystemType::Production)]);
    let world = World::with_systems(&systems);
    world.import("central", &starting("Payroll", "06:00"), &[]).ok();
    (systems, world)
}

#[test]
fn a_schedule_is_deployed_and_recorded() {
    let (systems, world) = world();
    let run = world.central(&["deploy", "Payroll", "--to", "QA", "-m", "First", "--tag", "2026.4"]).ok();
    assert_data_eq!(
        run.to_string(),
        str![[r#"
Payroll  version 1 on QA
--- stderr
Record [record]
--- exit 0

"#]]
    );
    assert_eq!(systems.starts("QA", "Payroll"), "06:00");
    let log = world.git("central", &["log", "--format=%B", "deployments"]);
    assert_data_eq!(
        world.redact(&log),
        str![[r#"
Done: Deploy `Payroll` on `QA`

Record-Id: [record]
Action: deploy
Kind: schedule
Server: QA
Name: Payroll
Version: 1
Blob: [commit]
Status: Active
Phase: done
User: Ann Ops <ann@corp.example>
Role: Administration
Tag: 2026.4
Description: First
Deployed: form1:sha256:[..]

Begin: Deploy `Payroll` on `QA`

Record-Id: [record]
Action: deploy
Kind: schedule
Server: QA
Name: Payroll
Version: 1
Blob: [commit]
Status: Deploying
Phase: begun
User: Ann Ops <ann@corp.example>
Role: Administration
Tag: 2026.4
Description: First
"#]]
    );
    let tree = world.git("central", &["ls-tree", "-r", "--name-only", "deployments"]);
    assert_data_eq!(
        tree,
        str![[r#"
active/QA/53/Payroll/deployed.json
active/QA/53/Payroll/record.toml
"#]]
    );
    let record = world.git("central", &["show", "deployments:active/QA/53/Payroll/record.toml"]);
    assert_data_eq!(
        world.redact(&record),
        str![[r#"
id = "[record]"
kind = "schedule"
action = "deploy"
name = "Payroll"
server = "QA"
status = "Active"
phase = "done"
begun = "[..]"
ended = "[..]"
settings = "[commit]"
planned = "form1:sha256:ee48a97b16c498441c3e51d6abd45c4e65458bc469c1766d41992dcbe682f77d"
deployed = "form1:sha256:[..]"

[user]
name = "Ann Ops"
email = "ann@corp.example"
opcon_user = "ocadm"
role = "Administration"

[source]
version = 1
commit = "[commit]"
blob = "[commit]"

[told]
description = "First"
tag = "2026.4"

[told.options]
updateProperties = true
updateVariables = true
updateScheduleInstanceProperties = true
mergeScheduleInstanceProperties = false
excludeScripts = false
excludeCalendars = false
doNotOverwrite = false
rebuildDaily = false
insertSapJobs = false
resetScripts = false
"#]]
    );
}

#[test]
fn a_package_goes_as_one_transaction_with_one_record() {
    let (systems, world) = world();
    world.import("central", &starting("Billing", "06:00"), &[]).ok();
    world.central(&["package", "create", "FINANCE", "Payroll", "Billing"]).ok();
    let run = world.central(&["deploy", "package:FINANCE", "--to", "QA"]).ok();
    assert_data_eq!(
        run.to_string(),
        str![[r#"
Billing  version 1 on QA
Payroll  version 1 on QA
--- stderr
Package FINANCE@1: record [record]
--- exit 0

"#]]
    );
    assert_eq!(systems.asked("POST", "/impex2/schedules"), 1);
    let records = world.central(&["deployments", "--json"]).ok().json();
    assert_eq!(records["deployments"].as_array().unwrap().len(), 3);
    let package = world.git("central", &["show", "deployments:packages/QA/FINANCE.toml"]);
    assert_eq!(package.matches("members").count(), 1, "{package}");
    // None of it where one part of it is refused.
    systems.set_fault("refuse-insert=Billing is locked".parse().unwrap());
    let run = world.central(&["deploy", "package:FINANCE", "--to", "PROD"]).exits(1);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
Error: cannot insert `Billing` and 1 more into `PROD` (http://127.0.0.1:[..]/impex2/schedules): refused with status 409: Billing is locked; on `PROD` package `FINANCE` is as it was before
--- exit 1

"#]]
    );
    systems.clear_faults();
    assert!(systems.stands("PROD", "Payroll").is_null());
    let records = world.central(&["deployments", "--server", "PROD", "--json"]).ok().json();
    for record in records["deployments"].as_array().unwrap() {
        assert_eq!(record["status"], "Failed", "{record}");
    }
}

#[test]
fn several_go_in_one_transaction_or_each_by_itself() {
    let (systems, world) = world();
    for name in ["Alpha", "Beta"] {
        world.import("central", &starting(name, "06:00"), &[]).ok();
    }
    let run = world.central(&["deploy", "Alpha", "Beta", "--to", "QA"]).ok();
    assert_data_eq!(
        run.to_string(),
        str![[r#"
Alpha  version 1 on QA
Beta   version 1 on QA
--- stderr
2 schedules in one transaction [record]
--- exit 0

"#]]
    );
    assert_eq!(systems.asked("POST", "/impex2/schedules"), 1);
    world.import("central", &starting("Gamma", "06:00"), &[]).ok();
    world.import("central", &definition("Broken", &["A"]).replace("Null Job", "Container"), &[]).ok();
    let run = world.central(&["deploy", "*", "--to", "QA", "--each"]);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
Alpha    refused: `Alpha` stands on `QA` already, deployed by Ann Ops (version 1) on [..]
Beta     refused: `Beta` stands on `QA` already, deployed by Ann Ops (version 1) on [..]
Broken   version 1 on QA
Gamma    version 1 on QA
Payroll  version 1 on QA
--- stderr
5 schedules to `QA`: 3 deployed, 2 refused
Hint: `--accept-existing` goes on nevertheless
--- exit 4

"#]]
    );
    assert!(!systems.stands("QA", "Gamma").is_null());
}

#[test]
fn what_one_lacks_another_brings() {
    let (systems, world) = world();
    let runs_payroll = json!({ "scheduleList": [{ "name": "Month End", "startTime": "06:00", "jobList": [
        { "name": "Run it", "type": "Container", "frequencyList": [],
          "containerData": { "subScheduleName": "Payroll" } }] }] });
    world.import("central", &runs_payroll.to_string(), &[]).ok();
    let run = world.central(&["deploy", "Month End", "Payroll", "--to", "QA", "--each"]);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
Payroll    version 1 on QA
Month End  version 1 on QA
--- stderr
2 schedules to `QA`: 2 deployed
--- exit 0

"#]]
    );
    assert!(!systems.stands("QA", "Month End").is_null());
}

#[test]
fn a_remote_without_main_is_told_what_to_push() {
    let (systems, world) = world();
    world.git("", &["init", "--quiet", "--bare", "remote.git"]);
    world.git("central", &["remote", "add", "origin", "../remote.git"]);
    let run = world.central(&["deploy", "Payroll", "--to", "QA"]);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
Error: the remote `origin` has no branch `main`
Hint: `git push --set-upstream origin main` brings it there
--- exit 1

"#]]
    );
    assert!(systems.stands("QA", "Payroll").is_null());
}

#[test]
fn a_plan_is_carried_out_as_it_is_or_refused() {
    let (systems, world) = world();
    world.central(&["simulate", "Payroll", "--to", "PROD", "--plan", "../plan.json"]).ok();
    let run = world.central(&["deploy", "--to", "QA", "--plan", "../plan.json"]).exits(2);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
Error: the plan is for `PROD`, not for `QA`
--- exit 2

"#]]
    );
    let run = world.central(&["deploy", "--to", "PROD", "--plan", "../plan.json"]).ok();
    assert_data_eq!(
        run.to_string(),
        str![[r#"
Payroll  version 1 on PROD
--- stderr
Record [record]
--- exit 0

"#]]
    );
    // The same plan again: something stands there now.
    let run = world.central(&["deploy", "--to", "PROD", "--plan", "../plan.json"]).exits(4);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
Error: the plan is out of date: something else stands on the target; nothing was changed on `PROD`
Hint: make a new plan and look at it: `opcon-deploy simulate … --plan FILE`
--- exit 4

"#]]
    );
    world.central(&["simulate", "Payroll", "--to", "PROD", "--plan", "../plan.json"]).ok();
    world.import("central", &starting("Payroll", "07:00"), &[]).ok();
    let run = world.central(&["deploy", "--to", "PROD", "--plan", "../plan.json"]).exits(4);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
Error: the plan is out of date: the schedules are others, something else would be sent; nothing was changed on `PROD`
Hint: make a new plan and look at it: `opcon-deploy simulate … --plan FILE`
--- exit 4

"#]]
    );
    assert_eq!(systems.starts("PROD", "Payroll"), "06:00");
    world.write("plan.json", "{}");
    world.central(&["deploy", "--to", "PROD", "--plan", "../plan.json"]).exits(1);
}

#[test]
fn a_file_becomes_a_version_and_is_deployed() {
    let (systems, world) = world();
    world.add_remote();
    world.write("export.json", starting("Billing", "09:00"));
    let run = world.central(&["deploy", "--file", "../export.json", "--to", "QA", "-m", "From a build"]).ok();
    assert_data_eq!(
        run.to_string(),
        str![[r#"
Billing  version 1 on QA
--- stderr
Billing  version 1  new: 2 jobs
Record [record]
--- exit 0

"#]]
    );
    assert_eq!(systems.starts("QA", "Billing"), "09:00");
    assert_eq!(world.git("remote.git", &["log", "-1", "--format=%s", "main"]), "From a build");
    world.write("export.json", "{}");
    let run = world.central(&["deploy", "--file", "../export.json", "--to", "QA"]).exits(1);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
../export.json  not imported: no schedule in it: `scheduleList` is missing
Error: not everything could be stored; nothing was deployed to `QA`
--- exit 1

"#]]
    );
}

#[test]
fn options_reach_the_target() {
    let (systems, world) = world();
    let options = ["--auto-build", "7/2", "--auto-delete", "14", "--rebuild-daily"];
    world.central(&[&["deploy", "Payroll", "--to", "QA"], &options[..]].concat()).ok();
    let schedule = systems.stands("QA", "Payroll")["scheduleList"][0].clone();
    assert_eq!(schedule["autoBuildDays"], "7");
    assert_eq!(schedule["autoBuildDaysInAdvance"], "2");
    assert_eq!(schedule["autoDeleteDays"], "14");
    let run = world.central(&["deploy", "Payroll", "--to", "QA", "--no-overwrite", "--accept-existing"]);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
Schedule comparison: `Payroll`: stands on `QA` already, and is not to be overwritten
Error: nothing was deployed to `QA`
Hint: `opcon-deploy simulate` shows every check; errors cannot be accepted
--- exit 1

"#]]
    );
    let run = world.central(&["deploy", "Payroll", "--to", "QA", "--auto-build", "7"]).exits(2);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
error: invalid value '7' for '--auto-build <DAYS/ADVANCE>': write the days and how many in advance, such as `7/2`

For more information, try '--help'.
--- exit 2

"#]]
    );
}

#[test]
fn json_tells_each_record() {
    let (_systems, world) = world();
    let run = world.central(&["deploy", "Payroll", "--to", "QA", "--json"]).ok().json();
    let deployment = &run["deployments"][0];
    assert_eq!(deployment["outcome"], "deployed");
    assert_eq!((&deployment["version"], &deployment["server"]), (&json!(1), &json!("QA")));
    let run = world.central(&["deploy", "Payroll", "--to", "QA", "--each", "--json"]).exits(4).json();
    assert_eq!(run["deployments"][0]["outcome"], "refused");
}
