//! `simulate`: what a deployment would do, and whether it would be refused.

use chrono::NaiveDate;
use deploy_sandbox::SystemType;
use serde_json::{Value, json};
use snapbox::{assert_data_eq, str};

use crate::harness::{Run, Systems, World, starting};

/// What makes the retailer's schedules fit production.
pub const TO_PROD: &str = r#"//! The machines, users and folders of production.
replace("Job_Machine_Name", "WINDEV", "WINPRD", #{ partial: true, optional: true });
replace("Job_Machine_Name", "APPDEV", "APPPRD", #{ partial: true, optional: true });
replace("Job_Machine_Name", "SQLDEV", "SQLPRD", #{ partial: true, optional: true });
replace("Windows_User", "DEV\\", "CORP\\", #{ partial: true, optional: true });
replace("Windows_Command_Line", "\\Dev\\", "\\Prod\\", #{ partial: true, optional: true });
replace("Windows_Working_Directory", "\\Dev\\", "\\Prod\\", #{ partial: true, optional: true });
replace("Unix_Start_Image", "/dev/", "/prod/", #{ partial: true, optional: true });
"#;

/// The retailer with all schedules imported, and a rule for production.
pub fn retailer() -> (Systems, World) {
    let systems = Systems::retail();
    let world = World::with_systems(&systems);
    world.central(&["import", "DEV", "*", "--app", "Retail"]).ok();
    world.write("central/rules/to-prod.rhai", TO_PROD);
    let prod = format!("{}rules = [\"to-prod\"]\n", systems.file("PROD"));
    world.write("central/servers/PROD.toml", prod);
    world.commit_all("Rules");
    (systems, world)
}

/// A development and a test system without schedules, and a repository that knows them.
pub fn empty() -> (Systems, World) {
    let systems = Systems::empty(&[
        ("DEV", SystemType::Development),
        ("QA", SystemType::QualityAssurance),
        ("PROD", SystemType::Production),
    ]);
    let world = World::with_systems(&systems);
    (systems, world)
}

/// What a user sees, whatever day it is.
fn told(run: &Run) -> String {
    let text = run.to_string();
    let is_day = |word: &str| word.len() >= 10 && word[..10].parse::<NaiveDate>().is_ok();
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find("20") {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let taken = if from.is_char_boundary(10.min(from.len())) && is_day(from) { 10 } else { 2 };
        out.push_str(if taken == 10 { "[day]" } else { &from[..2] });
        rest = &from[taken..];
    }
    out.push_str(rest);
    out
}

/// The findings of a check in `--json`, in words.
pub fn findings(plan: &Value, check: &str) -> Vec<String> {
    let sections = plan["plan"]["sections"].as_array().unwrap();
    let section = sections.iter().find(|section| section["check"] == check).unwrap();
    let findings = section["findings"].as_array().unwrap().iter();
    findings
        .map(|finding| {
            let text = |key: &str| finding[key].as_str().unwrap_or("-").to_owned();
            format!("{} {}: {}", text("severity"), text("schedule"), text("message"))
        })
        .collect()
}

#[test]
fn every_check_has_its_section_and_the_rules_theirs() {
    let (systems, world) = retailer();
    let run = world.central(&["simulate", "Card Settlement", "--to", "PROD", "-o", "../card.json"]);
    assert_data_eq!(
        told(&run),
        str![[r#"
Card Settlement@1 → PROD (Production, OpCon 23.0.1)
Schedule comparison   ok
Sub-schedules         ok
Machines
  error    Card Settlement / Fetch acquirer file: machine `MFTDEV01` does not exist on `PROD` (and one more job)
Machine groups        ok
Batch users
  error    Card Settlement / Post fees: batch user `sql_retail_dev` (SQL) does not exist on `PROD`
Roles                 ok
Scripts               ok
Machine features      ok
Encrypted tokens      ok
Dependent jobs        ok
Compatibility         ok
Shared objects        ok
Definition            ok
Rules                 ok
Daily                 ok
New
  + Card Settlement
Rules applied
  server
    to-prod (version 1)
      line 3: Job_Machine_Name `APPDEV` → `APPPRD`, parts of values
        Card Settlement / Fetch acquirer file /fileTransferData/destinationMachine: "APPDEV01" → "APPPRD01"
        Card Settlement / Match settlements /primaryMachine: "APPDEV01" → "APPPRD01"
      line 4: Job_Machine_Name `SQLDEV` → `SQLPRD`, parts of values
        Card Settlement / Post fees /primaryMachine: "SQLDEV01" → "SQLPRD01"
      line 8: Unix_Start_Image `/dev/` → `/prod/`, parts of values
        Card Settlement / Match settlements /unixData/startImage: "/opt/retail/dev/bin/match_cards" → "/opt/retail/prod/bin/match_cards"
--- stderr
Simulated, nothing was changed on PROD: 2 errors, 0 warnings
--- exit 3

"#]]
    );
    assert_eq!(systems.stands("PROD", "Card Settlement"), Value::Null);
    let sent: Value = serde_json::from_str(&world.read("card.json")).unwrap();
    assert_eq!(sent["scheduleList"][0]["jobList"][1]["primaryMachine"], "APPPRD01");
    world.assert_sound("central");
}

#[test]
fn what_stands_there_is_compared() {
    let (_systems, world) = retailer();
    let run = world.central(&["simulate", "Store Closing", "--to", "PROD"]);
    assert_data_eq!(
        told(&run),
        str![[r#"
Store Closing@1 → PROD (Production, OpCon 23.0.1)
Schedule comparison
  warning  Store Closing: stands on `PROD` without deployment information and without a record
Sub-schedules         ok
Machines              ok
Machine groups        ok
Batch users           ok
Roles                 ok
Scripts               ok
Machine features      ok
Encrypted tokens      ok
Dependent jobs        ok
Compatibility         ok
Shared objects        ok
Definition            ok
Rules                 ok
Daily                 ok
Difference
  Store Closing
    ~ startTime 22:00 → 21:30
  Shared with other schedules
    ~ property FILE_SHARE value //files/retail → //devfiles/retail
    ~ property MAIL_OPERATIONS value operations@harbourpine.example → operations.dev@harbourpine.example
Rules applied
  server
    to-prod (version 1)
      line 2: Job_Machine_Name `WINDEV` → `WINPRD`, parts of values
        Store Closing / Collect tills /primaryMachine: "WINDEV01" → "WINPRD01"
        Store Closing / Collect tills /alternateMachine1: "WINDEV02" → "WINPRD02"
      line 3: Job_Machine_Name `APPDEV` → `APPPRD`, parts of values
        Store Closing / Close the day /primaryMachine: "APPDEV01" → "APPPRD01"
      line 5: Windows_User `DEV/` → `CORP/`, parts of values
        Store Closing / Collect tills /windowsData/userId: "DEV//svc_retail" → "CORP//svc_retail"
      line 6: Windows_Command_Line `/Dev/` → `/Prod/`, parts of values
        Store Closing / Collect tills /windowsData/commandLine: "/"D://Retail//Dev//bin//collect.exe/" /stores:[[STORE_COUNT]] /out:/"[[FILE_SHARE]]//sales/"" → "/"D://Retail//Prod//bin//collect.exe/" /stores:[[STORE_COUNT]] /out:/"[[FILE_SHARE]]//sales/""
      line 7: Windows_Working_Directory `/Dev/` → `/Prod/`, parts of values
        Store Closing / Collect tills /windowsData/workingDirectory: "D://Retail//Dev//work" → "D://Retail//Prod//work"
      line 8: Unix_Start_Image `/dev/` → `/prod/`, parts of values
        Store Closing / Close the day /unixData/startImage: "/opt/retail/dev/bin/close_day" → "/opt/retail/prod/bin/close_day"
--- stderr
Simulated, nothing was changed on PROD: 0 errors, 1 warning
--- exit 3

"#]]
    );
    let run = world.central(&["simulate", "Store Closing", "--to", "PROD", "--markdown"]);
    assert_data_eq!(
        told(&run),
        str![[r####"
### Simulation: `Store Closing@1 → PROD (Production, OpCon 23.0.1)`

**errors: 0, warnings: 1**

- **Schedule comparison**
  - warning: ``Store Closing: stands on `PROD` without deployment information and without a record``
- passed: Sub-schedules, Machines, Machine groups, Batch users, Roles, Scripts, Machine features, Encrypted tokens, Dependent jobs, Compatibility, Shared objects, Definition, Rules, Daily

<details><summary>What differs from what stands there</summary>

```diff
  Store Closing
!   startTime 22:00 → 21:30
  Shared with other schedules
!   property FILE_SHARE value //files/retail → //devfiles/retail
!   property MAIL_OPERATIONS value operations@harbourpine.example → operations.dev@harbourpine.example
```

</details>

<details><summary>What the rules do</summary>

```text
server
  to-prod (version 1)
    line 2: Job_Machine_Name `WINDEV` → `WINPRD`, parts of values
      Store Closing / Collect tills /primaryMachine: "WINDEV01" → "WINPRD01"
      Store Closing / Collect tills /alternateMachine1: "WINDEV02" → "WINPRD02"
    line 3: Job_Machine_Name `APPDEV` → `APPPRD`, parts of values
      Store Closing / Close the day /primaryMachine: "APPDEV01" → "APPPRD01"
    line 5: Windows_User `DEV/` → `CORP/`, parts of values
      Store Closing / Collect tills /windowsData/userId: "DEV//svc_retail" → "CORP//svc_retail"
    line 6: Windows_Command_Line `/Dev/` → `/Prod/`, parts of values
      Store Closing / Collect tills /windowsData/commandLine: "/"D://Retail//Dev//bin//collect.exe/" /stores:[[STORE_COUNT]] /out:/"[[FILE_SHARE]]//sales/"" → "/"D://Retail//Prod//bin//collect.exe/" /stores:[[STORE_COUNT]] /out:/"[[FILE_SHARE]]//sales/""
    line 7: Windows_Working_Directory `/Dev/` → `/Prod/`, parts of values
      Store Closing / Collect tills /windowsData/workingDirectory: "D://Retail//Dev//work" → "D://Retail//Prod//work"
    line 8: Unix_Start_Image `/dev/` → `/prod/`, parts of values
      Store Closing / Close the day /unixData/startImage: "/opt/retail/dev/bin/close_day" → "/opt/retail/prod/bin/close_day"
```

</details>
--- stderr
Simulated, nothing was changed on PROD: 0 errors, 1 warning
--- exit 3

"####]]
    );
}

#[test]
fn everything_that_is_missing_is_named() {
    let (_systems, world) = empty();
    let job = |name: &str, data: Value| {
        let mut job = json!({"name": name, "type": "Windows", "frequencyList": []});
        job.as_object_mut().unwrap().extend(data.as_object().unwrap().clone());
        job
    };
    let definition = json!({
        "opConVersion": "26.0.0",
        "descriptionList": ["Export Date : 2026-11-18 09:12:44"],
        "roleList": [{"name": "Operators"}],
        "scheduleList": [{"name": "Needy", "startTime": "06:00", "jobList": [
            job("Container", json!({"type": "Container", "containerData": {"subScheduleName": "Steps"}})),
            job("Load", json!({"primaryMachine": "WIN1", "alternateMachine1": "WIN2", "windowsData": {
                "userId": "CORP\\svc", "commandLine": "load [[PASSWORD]]", "runInCommandShell": true}})),
            job("Report", json!({"machineGroup": "WINDOWS", "windowsData": {"scriptName": "report", "userId": "CORP\\svc"}})),
        ]}],
        "propertyList": [{"name": "PASSWORD", "value": "c2VjcmV0", "encrypted": true}],
        "externalDependencyList": [{
            "scheduleName": "Needy", "jobName": "Load", "predecessorScheduleName": "Others", "predecessorJobName": "Close",
            "dependencyType": "After"}],
    });
    world.import("central", &definition.to_string(), &[]).ok();
    let run = world.central(&["simulate", "Needy", "--to", "QA"]).exits(3);
    assert_data_eq!(
        told(&run),
        str![[r#"
Needy@1 → QA (Quality Assurance, OpCon 23.0.1)
Schedule comparison   ok
Sub-schedules
  error    Needy / Container: sub-schedule `Steps` is neither on `QA` nor part of the deployment
Machines
  error    Needy / Load: machine `WIN1` does not exist on `QA`
  error    Needy / Load: machine `WIN2` does not exist on `QA`
Machine groups
  error    Needy / Report: machine group `WINDOWS` does not exist on `QA`
Batch users
  error    Needy / Load: batch user `CORP/svc` (Windows) does not exist on `QA` (and one more job)
Roles
  warning  role `Operators` does not exist on `QA`
Scripts
  error    Needy / Report: script `report` is neither on `QA` nor part of the deployment
Machine features      ok
Encrypted tokens      ok
Dependent jobs
  warning  Needy / Load: depends on schedule `Others`, which is neither on `QA` nor part of the deployment
Compatibility
  warning  Needy: exported from OpCon 26.0.0, newer than 23.0.1 of `QA`; nothing in it is known to need that
Shared objects        ok
Definition            ok
Rules                 ok
Daily                 ok
New
  + Needy
--- stderr
Simulated, nothing was changed on QA: 6 errors, 3 warnings
--- exit 3

"#]]
    );
    assert!(!run.stdout().contains("c2VjcmV0"));
    let plan = world.central(&["simulate", "Needy", "--to", "QA", "--json"]).exits(3);
    assert!(!plan.stdout().contains("c2VjcmV0"));
    assert_eq!(findings(&plan.json(), "batch-users").len(), 1);
    world.write("central/deploy.toml", "[deploy]\nfail_if_external_dependency_missing = true\n");
    world.write(
        "central/rules/features.toml",
        "[feature.container]\nabout = 'a container'\nsince = '99'\njob_types = ['Container']\n",
    );
    world.commit_all("Settings");
    let plan = world.central(&["simulate", "Needy", "--to", "QA", "--json"]).exits(3).json();
    assert_eq!(
        findings(&plan, "dependent-jobs"),
        ["error Needy: depends on schedule `Others`, which is neither on `QA` nor part of the deployment"]
    );
    assert_eq!(
        findings(&plan, "compatibility"),
        ["error Needy: uses a container, which OpCon knows from 99 on; `QA` has 23.0.1"]
    );
}

#[test]
fn changes_on_production_are_drift_unless_they_are_accepted() {
    let (systems, world) = empty();
    world.import("central", &starting("Payroll", "06:00"), &[]).ok();
    world.central(&["deploy", "Payroll", "--to", "PROD"]).ok();
    world.import("central", &starting("Payroll", "07:00"), &[]).ok();
    let clean = world.central(&["simulate", "Payroll", "--to", "PROD"]).ok();
    assert_data_eq!(
        told(&clean),
        str![[r#"
Payroll@2 → PROD (Production, OpCon 23.0.1)
Schedule comparison   ok
Sub-schedules         ok
Machines              ok
Machine groups        ok
Batch users           ok
Roles                 ok
Scripts               ok
Machine features      ok
Encrypted tokens      ok
Dependent jobs        ok
Compatibility         ok
Shared objects        ok
Definition            ok
Rules                 ok
Daily                 ok
Difference
  Payroll
    ~ startTime 06:00 → 07:00
--- stderr
Simulated, nothing was changed on PROD: no errors, no warnings
--- exit 0

"#]]
    );
    systems.edit("PROD", "Payroll", |schedule| {
        schedule["startTime"] = "05:00".into();
        schedule["jobList"].as_array_mut().unwrap().remove(1);
    });
    let run = world.central(&["simulate", "Payroll", "--to", "PROD"]).exits(3);
    assert_data_eq!(
        told(&run),
        str![[r#"
Payroll@2 → PROD (Production, OpCon 23.0.1)
Schedule comparison
  warning  Payroll: was changed on `PROD` since it was deployed by Ann Ops (version 1) on [day]: 2 differences
    remove  /scheduleList/0/jobList/1  job REPORT: is gone
    replace /scheduleList/0/startTime  startTime: 06:00 → 05:00
Sub-schedules         ok
Machines              ok
Machine groups        ok
Batch users           ok
Roles                 ok
Scripts               ok
Machine features      ok
Encrypted tokens      ok
Dependent jobs        ok
Compatibility         ok
Shared objects        ok
Definition            ok
Rules                 ok
Daily                 ok
Difference
  Payroll
    ~ startTime 05:00 → 07:00
    + job REPORT (Null Job)
--- stderr
Simulated, nothing was changed on PROD: 0 errors, 1 warning
--- exit 3

"#]]
    );
    let accept = |pointer: &str, until: &str| {
        format!(
            "[[accepted]]\nserver = \"PROD\"\nschedule = \"Payroll\"\npointer = \"{pointer}\"\nreason = \"r\"\nowner = \"ann\"\nuntil = {until}\n"
        )
    };
    let accepted = format!(
        "{}{}",
        accept("/scheduleList/0/startTime", "2999-12-31"),
        accept("/scheduleList/*/jobList", "\"2020-01-01\"")
    );
    world.write("central/drift-accepted.toml", &accepted);
    world.commit_all("Accept");
    let plan = world.central(&["simulate", "Payroll", "--to", "PROD", "--json"]).exits(3).json();
    let changes = plan["plan"]["schedules"][0]["stands"]["localChanges"].as_array().unwrap();
    let changes: Vec<(&str, bool)> = changes
        .iter()
        .map(|change| (change["pointer"].as_str().unwrap(), change["accepted"] == true))
        .collect();
    assert_eq!(changes, [("/scheduleList/0/jobList/1", false), ("/scheduleList/0/startTime", true)]);
    world.write("central/drift-accepted.toml", accepted.replace("\"2020-01-01\"", "2999-12-31"));
    world.commit_all("Accept for longer");
    world.central(&["simulate", "Payroll", "--to", "PROD"]).ok();
}

#[test]
fn schedules_of_a_package_that_stand_there_unchanged() {
    let (systems, world) = empty();
    for name in ["One", "Two"] {
        world.import("central", &starting(name, "06:00"), &[]).ok();
    }
    world.central(&["package", "create", "BOTH", "One", "Two"]).ok();
    world.central(&["deploy", "package:BOTH", "--to", "PROD"]).ok();
    world.import("central", &starting("Two", "07:00"), &[]).ok();
    world.central(&["package", "update", "BOTH"]).ok();
    let run = world.central(&["simulate", "package:BOTH", "--to", "PROD"]).ok();
    assert_data_eq!(
        told(&run),
        str![[r#"
package:BOTH@2 → PROD (Production, OpCon 23.0.1)
Schedule comparison
  note     One: stands there unchanged: only its deployment information is written
Sub-schedules         ok
Machines              ok
Machine groups        ok
Batch users           ok
Roles                 ok
Scripts               ok
Machine features      ok
Encrypted tokens      ok
Dependent jobs        ok
Compatibility         ok
Shared objects        ok
Definition            ok
Rules                 ok
Daily                 ok
Difference
  Two
    ~ startTime 06:00 → 07:00
--- stderr
Simulated, nothing was changed on PROD: no errors, no warnings
--- exit 0

"#]]
    );
    // Schedules of a package are simulated alone, and it is said that they are not deployed so.
    let plan = world.central(&["simulate", "Two", "--to", "PROD", "--json"]).ok().json();
    assert_eq!(
        findings(&plan, "selection"),
        ["note Two: deployed alone, although it belongs to package `BOTH`"]
    );
    let before = systems.requests().len();
    world.central(&["simulate", "package:BOTH", "--to", "PROD"]).ok();
    let asked: Vec<String> = systems.requests()[before..]
        .iter()
        .map(|request| format!("{} {}", request.method, request.path))
        .collect();
    let times = |what: &str| asked.iter().filter(|one| one.starts_with(what)).count();
    assert_eq!((times("GET /impex2/schedules/"), times("GET /api/masterschedules")), (2, 2), "{asked:?}");
    assert_eq!((times("GET /api/machines"), times("GET /api/dailyschedules")), (1, 1), "{asked:?}");
    assert_eq!(asked.len(), 22, "{asked:?}");
}
