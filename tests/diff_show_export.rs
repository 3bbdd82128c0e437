//! `diff`, `show`, `export` and `list`: what they print, and what they refuse.

use snapbox::{assert_data_eq, str};

use crate::harness::{World, definition, starting};

/// Payroll in two versions, Billing in one, in two applications.
fn estate() -> World {
    let world = World::with_central();
    world.import("central", &starting("Payroll", "06:00"), &["--app", "Finance"]).ok();
    let second = definition("Payroll", &["LOAD", "PRINT"]).replace("06:00", "07:30");
    world.import("central", &second, &["-m", "Print instead of report"]).ok();
    let billing = starting("Billing", "05:00").replacen(
        '{',
        r#"{"userDescription":"Bills","propertyList":[{"name":"TaxRate","value":"19"}],"#,
        1,
    );
    world.import("central", &billing, &[]).ok();
    world
}

#[test]
fn diff_in_all_its_forms() {
    let world = estate();
    world.write("edited.json", starting("Payroll", "09:00"));
    let tried = [
        &["diff", "Payroll"][..],
        &["diff", "Payroll@1", "Payroll@2"],
        &["diff", "Payroll@2", "Payroll@1", "--markdown"],
        &["diff", "Payroll@1", "../edited.json"],
        &["diff", "../edited.json", "../edited.json"],
        &["diff", "Billing"],
        &["diff", "--range", "HEAD~2..HEAD"],
        &["diff", "--range", "HEAD..HEAD"],
        &["diff", "--range", "HEAD~1..HEAD", "--markdown"],
    ];
    let told = tried.map(|args| format!("$ {}\n{}\n", args.join(" "), world.central(args)));
    assert_data_eq!(
        told.concat(),
        str![[r#"
$ diff Payroll
Payroll@1 → Payroll@2
Payroll
  ~ startTime 06:00 → 07:30
  ~ job REPORT is now PRINT
--- exit 0

$ diff Payroll@1 Payroll@2
Payroll@1 → Payroll@2
Payroll
  ~ startTime 06:00 → 07:30
  ~ job REPORT is now PRINT
--- exit 0

$ diff Payroll@2 Payroll@1 --markdown
### `Payroll@2 → Payroll@1`

`Payroll`

- **~** `startTime` `07:30` → `06:00`
- **~** job `PRINT` is now `REPORT`
--- exit 0

$ diff Payroll@1 ../edited.json
Payroll@1 → ../edited.json
Payroll
  ~ startTime 06:00 → 09:00
--- exit 0

$ diff ../edited.json ../edited.json
../edited.json → ../edited.json
no difference
--- exit 0

$ diff Billing
--- stderr
Error: `Billing@1` is the first version: there is nothing before it
--- exit 1

$ diff --range HEAD~2..HEAD
Billing  added
Payroll
  ~ startTime 06:00 → 07:30
  ~ job REPORT is now PRINT
--- exit 0

$ diff --range HEAD..HEAD
no schedule differs in `HEAD..HEAD`
--- exit 0

$ diff --range HEAD~1..HEAD --markdown
### `Billing`

added

--- exit 0


"#]]
    );
}

#[test]
fn diff_sees_what_is_edited_in_the_work_tree() {
    let world = estate();
    world.write("central/schedules/Billing.json", starting("Billing", "05:30"));
    assert_data_eq!(
        world.central(&["diff", "Billing"]).ok().to_string(),
        str![[r#"
Billing@1 → Billing in the work tree
Billing
  ~ startTime 05:00 → 05:30
Shared with other schedules
  - property TaxRate 19
--- exit 0

"#]]
    );
    world.write("central/schedules/Billing.json", "{ nope");
    assert_data_eq!(
        world.central(&["diff", "Billing"]).exits(1).to_string(),
        str![[r#"
--- stderr
Error: `[world]/central/schedules/Billing.json`: line 1, column 3: key must be a string
--- exit 1

"#]]
    );
    std::fs::remove_file(world.path("central/schedules/Billing.json")).unwrap();
    world.central(&["diff", "Billing"]).exits(1);
}

#[test]
fn a_file_that_is_not_there_is_told_as_one() {
    let world = estate();
    let run = world.central(&["diff", "../exprot.json", "Payroll"]).exits(1).to_string();
    assert!(run.contains("Error: there is no file `../exprot.json`, and no schedule of that name"), "{run}");
}

#[test]
fn the_patch_turns_one_version_into_the_other() {
    let world = estate();
    let show = |name: &str| world.central(&["show", "--json", name]).ok().json();
    for (a, b) in [("Payroll@1", "Payroll@2"), ("Payroll@2", "Payroll@1"), ("Payroll@2", "Billing")] {
        let operations = world.central(&["diff", a, b, "--json"]).ok().json();
        let mut value = show(a);
        let operations: json_patch::Patch = serde_json::from_value(operations).unwrap();
        json_patch::patch(&mut value, &operations).unwrap();
        assert_eq!(value, show(b), "{a} to {b}");
    }
}

#[test]
fn show_and_list() {
    let world = estate();
    assert_data_eq!(
        world.central(&["show", "Billing"]).ok().to_string(),
        str![[r#"
Billing@1  schedules/Billing.json
  OpCon        23.0.1
  exported     2026-11-18
  description  Bills
  schedule     starts 05:00

Null Job: 2 jobs
  JOB     MACHINE  FREQUENCIES
  LOAD
  REPORT

Properties
  TaxRate = 19
--- exit 0

"#]]
    );
    assert_data_eq!(
        world.central(&["list"]).ok().to_string(),
        str![[r#"
NAME     APP      SUB  EXT  JOBS  VERSION  DATE              AUTHOR   DESCRIPTION
Billing                        2        1  2026-05-28 20:30  Ann Ops  Bills
Payroll  Finance               2        2  2026-05-28 20:29  Ann Ops
--- exit 0

"#]]
    );
    assert_data_eq!(
        world.central(&["list", "PAY"]).ok().to_string(),
        str![[r#"
NAME     APP      SUB  EXT  JOBS  VERSION  DATE              AUTHOR   DESCRIPTION
Payroll  Finance               2        2  2026-05-28 20:29  Ann Ops
--- exit 0

"#]]
    );
    assert_data_eq!(
        world.central(&["list", "apps"]).ok().to_string(),
        str![[r#"
APP      SCHEDULES
Finance          1
--- exit 0

"#]]
    );
    let nothing = [&["list", "zzz"][..], &["list", "packages"], &["list", "rules"], &["list", "servers"]];
    assert_data_eq!(
        nothing.map(|args| world.central(args).ok().to_string()).concat(),
        str![[r#"
--- stderr
no schedule matches the filter
--- exit 0
--- stderr
no packages
--- exit 0
--- stderr
no rules
--- exit 0
--- stderr
no servers
--- exit 0

"#]]
    );
    assert_data_eq!(
        world.central(&["list", "schedule", "x"]).exits(2).to_string(),
        str![[r#"
--- stderr
Error: `schedule` is not one of schedules, packages, rules, servers, apps
--- exit 2

"#]]
    );
}

#[test]
fn export_to_a_file_a_folder_and_standard_output() {
    let world = estate();
    assert_data_eq!(
        world.central(&["export", "Payroll@1", "Billing", "-o", "../both.json"]).ok().to_string(),
        str![[r#"
Wrote 2 schedules to `../both.json`
--- exit 0

"#]]
    );
    let both: serde_json::Value = serde_json::from_str(&world.read("both.json")).unwrap();
    assert_eq!(both["scheduleList"].as_array().unwrap().len(), 2);
    assert_data_eq!(
        world.central(&["export", "Payroll", "Billing", "-o", "../out/"]).ok().to_string(),
        str![[r#"
Wrote 2 schedules to `../out/`
--- exit 0

"#]]
    );
    assert_eq!(
        world.read("out/Payroll.json"),
        world.central(&["export", "Payroll", "-o", "-"]).ok().stdout()
    );
    // What is exported is what was imported.
    let back = world.central(&["import", "--file", "../out"]).ok();
    assert_data_eq!(
        back.to_string(),
        str![[r#"
Billing  equals version 1
Payroll  equals version 2
--- stderr
2 schedules: 0 imported, 2 unchanged; nothing to commit
--- exit 0

"#]]
    );
    assert_data_eq!(
        world.central(&["export", "Payroll", "-o", "../no/such/folder.json"]).exits(1).to_string(),
        str![[r#"
--- stderr
Error: cannot write `../no/such/folder.json`: No such file or directory (os error 2)
--- exit 1

"#]]
    );
}

#[test]
fn shared_objects_that_differ_are_said() {
    let world = estate();
    let treasury = starting("Treasury", "05:00").replacen(
        '{',
        r#"{"propertyList":[{"name":"TaxRate","value":"7"}],"#,
        1,
    );
    world.import("central", &treasury, &[]).ok();
    let run = world.central(&["export", "Billing", "Treasury", "-o", "../both.json"]).ok();
    assert_data_eq!(
        run.to_string(),
        str![[r#"
Wrote 2 schedules to `../both.json`
--- stderr
Warning: `TaxRate` in propertyList differs between the schedules; the newest version's is taken
--- exit 0

"#]]
    );
    assert!(world.read("both.json").contains("\"7\""));
}

#[test]
fn encrypted_values_are_carried_and_never_shown() {
    let world = World::with_central();
    let with = |secret: &str| {
        let property = serde_json::json!({ "name": "DbPassword", "value": secret, "encrypted": true });
        starting("Payroll", "06:00").replacen('{', &format!("{{\"propertyList\":[{property}],"), 1)
    };
    let first = world.import("central", &with("hunter2-first"), &[]).ok().to_string();
    let second = world.import("central", &with("hunter2-second"), &[]).ok().to_string();
    let shown = [
        &["show", "Payroll"][..],
        &["list"],
        &["versions", "Payroll"],
        &["diff", "Payroll"],
        &["diff", "Payroll", "--markdown"],
        &["diff", "--range", "HEAD~1..HEAD"],
        &["diff-driver", "schedules/Payroll.json"],
    ]
    .map(|args| world.central(args).ok().to_string())
    .concat();
    let by_git = world.git("central", &["log", "-p"]);
    for text in [&first, &second, &shown, &by_git] {
        assert!(!text.contains("hunter2"), "{text}");
    }
    // That it changed can be seen, and it is carried whole.
    assert!(world.central(&["diff", "Payroll"]).ok().stdout().contains("DbPassword"));
    assert!(world.central(&["export", "Payroll@1", "-o", "-"]).ok().stdout().contains("hunter2-first"));
}
