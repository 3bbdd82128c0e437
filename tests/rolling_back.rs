//! Rolling back and deleting: what stood there comes back, and nothing is lost on the way.

use deploy_sandbox::SystemType;
use serde_json::{Value, json};
use snapbox::{assert_data_eq, str};

use crate::harness::{Systems, World, starting};

/// Version 2 stands where version 1 stood.
fn world() -> (Systems, World) {
    let systems = Systems::empty(&[("QA", SystemType::QualityAssurance), ("PROD", SystemType::Production)]);
    let world = World::with_systems(&systems);
    world.import("central", &starting("Payroll", "06:00"), &[]).ok();
    world.central(&["deploy", "Payroll", "--to", "PROD"]).ok();
    world.import("central", &starting("Payroll", "07:00"), &[]).ok();
    world.central(&["deploy", "Payroll", "--to", "PROD"]).ok();
    (systems, world)
}

/// The records of a server, newest first.
fn records(world: &World, server: &str) -> Vec<Value> {
    let all = world.central(&["deployments", "--server", server, "--json"]).ok().json();
    all["deployments"].as_array().unwrap().clone()
}

fn statuses(world: &World, server: &str) -> Vec<String> {
    let told = |record: &Value| {
        let version = record["version"].as_i64().map_or("-".to_owned(), |version| version.to_string());
        format!("{} {version} {}", record["action"].as_str().unwrap(), record["status"].as_str().unwrap())
    };
    records(world, server).iter().map(told).collect()
}

#[test]
fn the_version_before_comes_back_and_what_went_is_pinned() {
    let (systems, world) = world();
    let run = world.central(&["rollback", "Payroll", "--on", "PROD"]).exits(4);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
Payroll: version 1 comes back
  Payroll
    ~ startTime 07:00 → 06:00
Error: nothing was changed on `PROD`: nobody can be asked
Hint: `--yes` answers the last question
--- exit 4

"#]]
    );
    assert_eq!(systems.starts("PROD", "Payroll"), "07:00");
    let run = world.central(&["rollback", "Payroll", "--on", "PROD", "--yes", "-m", "Wrong month"]).ok();
    assert_data_eq!(
        run.to_string(),
        str![[r#"
Payroll  version 1 on PROD
--- stderr
Payroll: version 1 comes back
  Payroll
    ~ startTime 07:00 → 06:00
Record [record]
--- exit 0

"#]]
    );
    assert_eq!(systems.starts("PROD", "Payroll"), "06:00");
    assert_eq!(statuses(&world, "PROD"), ["rollback 1 Active", "deploy 2 Rolledback", "deploy 1 Inactive"]);
    // What was rolled away from does not come back by itself.
    let run = world.central(&["deploy", "Payroll", "--to", "PROD"]).exits(4);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
version 2 of `Payroll` was rolled back on `PROD` by Ann Ops
Error: nothing was deployed to `PROD`
Hint: `--accept-pinned` goes on nevertheless
--- exit 4

"#]]
    );
    world.central(&["deploy", "Payroll", "--to", "PROD", "--accept-pinned"]).ok();
    assert_eq!(systems.starts("PROD", "Payroll"), "07:00");
    world.central(&["deploy", "Payroll", "--to", "PROD"]).ok();
    // A rollback can be rolled back.
    world.central(&["rollback", "Payroll", "--on", "PROD", "--yes"]).ok();
    world.central(&["rollback", "Payroll", "--on", "PROD", "--yes"]).ok();
    assert_eq!(systems.starts("PROD", "Payroll"), "07:00");
}

#[test]
fn a_newer_version_lifts_the_pin() {
    let (_systems, world) = world();
    world.central(&["rollback", "Payroll", "--on", "PROD", "--yes"]).ok();
    world.import("central", &starting("Payroll", "08:00"), &[]).ok();
    world.central(&["deploy", "Payroll", "--to", "PROD"]).ok();
    world.central(&["deploy", "Payroll@2", "--to", "PROD"]).ok();
}

#[test]
fn what_had_not_stood_there_is_removed() {
    let (systems, world) = world();
    world.central(&["deploy", "Payroll", "--to", "QA"]).ok();
    let run = world.central(&["rollback", "Payroll", "--on", "QA", "--yes"]).ok();
    assert_data_eq!(
        run.to_string(),
        str![[r#"
Payroll  removed from QA
--- stderr
Payroll: is removed: nothing stood there before
Record [record]
--- exit 0

"#]]
    );
    assert!(systems.stands("QA", "Payroll").is_null());
    assert_eq!(statuses(&world, "QA"), ["rollback - Deleted", "deploy 2 Rolledback"]);
    let run = world.central(&["rollback", "Payroll", "--on", "QA", "--yes"]).exits(1);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
Error: no record says that `Payroll` stands on `QA`
Hint: `opcon-deploy deployments --server "QA"` shows what was deployed there
--- exit 1

"#]]
    );
    // What was removed is in the record.
    let id = records(&world, "QA")[0]["id"].as_str().unwrap().to_owned();
    world.central(&["rollback", "--record", &id, "--yes"]).ok();
    assert_eq!(systems.starts("QA", "Payroll"), "07:00");
}

#[test]
fn changes_by_hand_since_are_shown_and_asked_for() {
    let (systems, world) = world();
    systems.edit("PROD", "Payroll", |schedule| schedule["startTime"] = json!("23:00"));
    let run = world.central(&["rollback", "Payroll", "--on", "PROD", "--yes"]).exits(4);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
Payroll: version 1 comes back
  Payroll
    ~ startTime 23:00 → 06:00
  changed there since, and lost by this:
    Payroll
      ~ startTime 07:00 → 23:00
Error: nothing was changed on `PROD`: something was changed there since
Hint: `--accept-drift` rolls it back nevertheless; what stands there now is kept in the record
--- exit 4

"#]]
    );
    world.central(&["rollback", "Payroll", "--on", "PROD", "--yes", "--accept-drift"]).ok();
    assert_eq!(systems.starts("PROD", "Payroll"), "06:00");
    // The change by hand is not lost: it stood there before the rollback.
    world.central(&["rollback", "Payroll", "--on", "PROD", "--yes"]).ok();
    assert_eq!(systems.starts("PROD", "Payroll"), "23:00");
    assert_eq!(statuses(&world, "PROD")[0], "rollback - Active");
}

#[test]
fn a_package_is_rolled_back_as_a_whole() {
    let (systems, world) = world();
    world.import("central", &starting("Billing", "06:00"), &[]).ok();
    world.central(&["package", "create", "FINANCE", "Payroll", "Billing"]).ok();
    world.central(&["deploy", "package:FINANCE", "--to", "QA"]).ok();
    world.import("central", &starting("Billing", "09:00"), &[]).ok();
    world.import("central", &starting("Closing", "09:00"), &[]).ok();
    world.central(&["package", "add", "FINANCE", "Closing", "Billing"]).ok();
    world.central(&["deploy", "package:FINANCE", "--to", "QA", "--accept-existing"]).ok();
    let run = world.central(&["rollback", "Billing", "--on", "QA", "--yes"]).exits(4);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
Error: `Billing` on `QA` was deployed with package `FINANCE`, which is rolled back as a whole
Hint: `opcon-deploy rollback "package:FINANCE" --on "QA"`
--- exit 4

"#]]
    );
    let run = world.central(&["rollback", "package:FINANCE", "--on", "QA", "--yes"]).ok();
    assert_data_eq!(
        run.to_string(),
        str![[r#"
Billing  version 1 on QA
Closing  removed from QA
Payroll  version 2 on QA
--- stderr
Package FINANCE: version 1 comes back
Billing: version 1 comes back
  Billing
    ~ startTime 09:00 → 06:00
Closing: is removed: nothing stood there before
Payroll: version 2 comes back
  no difference
Package FINANCE@1: record [record]
--- exit 0

"#]]
    );
    assert_eq!(systems.starts("QA", "Billing"), "06:00");
    assert!(systems.stands("QA", "Closing").is_null());
    // And once more: the rollback is undone.
    let run = world.central(&["rollback", "package:FINANCE", "--on", "QA", "--yes"]).ok();
    assert_data_eq!(
        run.to_string(),
        str![[r#"
Billing  version 2 on QA
Closing  version 1 on QA
Payroll  version 2 on QA
--- stderr
Package FINANCE: version 2 comes back
Billing: version 2 comes back
  Billing
    ~ startTime 06:00 → 09:00
Closing: version 1 comes back
Payroll: version 2 comes back
  no difference
Package FINANCE@2: record [record]
--- exit 0

"#]]
    );
}

#[test]
fn only_what_is_active_is_rolled_back() {
    let (_systems, world) = world();
    let first = records(&world, "PROD")[1]["id"].as_str().unwrap().to_owned();
    let run = world.central(&["rollback", "--record", &first, "--yes"]).exits(1);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
Error: record `[record]` (Payroll on `PROD`) is Inactive: only what is active can be rolled back, and that is `[record]`
--- exit 1

"#]]
    );
    let run = world.central(&["rollback", "Payrol", "--on", "PROD", "--yes"]).exits(1);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
Error: no record says that `Payrol` stands on `PROD`; did you mean `Payroll`?
--- exit 1

"#]]
    );
    let run = world.central(&["rollback", "package:NONE", "--on", "PROD", "--yes"]).exits(1);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
Error: no record says that package `NONE` stands on `PROD`
Hint: `opcon-deploy deployments --server "PROD"` shows what was deployed there
--- exit 1

"#]]
    );
    world.central(&["rollback", "--record", "zz", "--yes"]).exits(1);
    world.central(&["rollback", "Payroll"]).exits(2);
}

#[test]
fn what_is_deleted_says_who_needs_it_and_comes_back() {
    let (systems, world) = world();
    let container = json!({ "scheduleList": [{ "name": "Month End", "startTime": "06:00", "jobList": [
        { "name": "Run it", "type": "Container", "frequencyList": [],
          "containerData": { "subScheduleName": "Payroll" } }] }],
        "externalDependencyList": [{ "scheduleName": "Month End", "jobName": "Run it",
          "predecessorScheduleName": "Payroll", "predecessorJobName": "REPORT", "dependencyType": "Required" }] });
    world.import("central", &container.to_string(), &[]).ok();
    world.central(&["deploy", "Month End", "--to", "PROD", "--accept-warnings"]).ok();
    let run = world.central(&["delete", "Payroll", "--from", "PROD"]).exits(4);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
Payroll  version 2, 2 jobs
Others on `PROD` depend on it:
  `Run it` of `Month End` runs `Payroll`
  `Run it` of `Month End` waits for job `REPORT` of `Payroll`
Error: nothing was changed on `PROD`: nobody can be asked
Hint: `--yes` answers the last question
--- exit 4

"#]]
    );
    let run = world.central(&["delete", "Payroll", "--from", "PROD", "--yes"]).ok();
    assert_data_eq!(
        run.to_string(),
        str![[r#"
Payroll  removed from PROD
--- stderr
Payroll  version 2, 2 jobs
Others on `PROD` depend on it:
  `Run it` of `Month End` runs `Payroll`
  `Run it` of `Month End` waits for job `REPORT` of `Payroll`
Record [record]
--- exit 0

"#]]
    );
    assert!(systems.stands("PROD", "Payroll").is_null());
    let run = world.central(&["delete", "Payroll", "--from", "PROD", "--yes"]).exits(1);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
Error: nothing called `Payroll` stands on `PROD`
--- exit 1

"#]]
    );
    let of_payroll: Vec<Value> =
        records(&world, "PROD").into_iter().filter(|record| record["name"] == "Payroll").collect();
    assert_eq!(of_payroll[0]["status"], "Deleted");
    assert_eq!(of_payroll[1]["status"], "Deleted");
    world.central(&["rollback", "--record", of_payroll[0]["id"].as_str().unwrap(), "--yes"]).ok();
    assert_eq!(systems.starts("PROD", "Payroll"), "07:00");
}

#[test]
fn a_package_is_deleted_schedule_by_schedule() {
    let (systems, world) = world();
    for name in ["Alpha", "Beta", "Gamma"] {
        world.import("central", &starting(name, "06:00"), &[]).ok();
    }
    world.central(&["package", "create", "GREEK", "Alpha", "Beta", "Gamma"]).ok();
    world.central(&["deploy", "package:GREEK", "--to", "QA"]).ok();
    systems.set_fault("error=409@DELETE /impex2/schedules/Beta".parse().unwrap());
    let run = world.central(&["delete", "package:GREEK", "--from", "QA", "--yes"]).exits(1);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
Alpha  version 1, 2 jobs
Beta  version 1, 2 jobs
Gamma  version 1, 2 jobs
Nothing on `QA` depends on it
Error: cannot delete `Beta` from `QA` (http://127.0.0.1:[..]/impex2/schedules/Beta): refused with status 409: A fault was asked for; on `QA` `Beta` is as it was before
--- exit 1

"#]]
    );
    systems.clear_faults();
    assert!(systems.stands("QA", "Alpha").is_null());
    let run = world.central(&["delete", "package:GREEK", "--from", "QA", "--yes"]).ok();
    assert_data_eq!(
        run.to_string(),
        str![[r#"
Beta   removed from QA
Gamma  removed from QA
--- stderr
Beta  version 1, 2 jobs
Gamma  version 1, 2 jobs
Nothing on `QA` depends on it
Package GREEK@1: record [record]
--- exit 0

"#]]
    );
    assert!(systems.stands("QA", "Gamma").is_null());
    let tree = world.git("central", &["ls-tree", "-r", "--name-only", "deployments"]);
    assert!(!tree.contains("QA"), "{tree}");
}
