//! Transformation rules through the program: written, listed, explained, applied.

use snapbox::{assert_data_eq, str};

use crate::harness::World;

/// A schedule with a machine, a user and a command line to transform.
pub fn payroll() -> String {
    serde_json::json!({
        "propertyList": [{ "name": "ENV", "value": "DEV" }],
        "scheduleList": [{
            "name": "Payroll", "startTime": "06:00",
            "jobList": [
                { "name": "LOAD", "type": "Windows", "primaryMachine": "WINDEV01",
                  "windowsData": { "userId": "DEVDOM\\batch", "commandLine": "load.exe -env [[ENV]] -t25" } },
                { "name": "REPORT", "type": "UNIX", "primaryMachine": "UNXDEV01",
                  "unixData": { "userId": "batch", "startImage": "/opt/dev/report.sh" } },
            ],
            "internalDependencyList": [
                { "jobName": "REPORT", "predecessorJobName": "LOAD", "dependencyType": "After" },
            ],
        }],
    })
    .to_string()
}

pub const MACHINES: &str = "//! Machines of the target.\n//! @idempotent\n\nreplace(\"Job_Machine_Name\", \"DEV\", target.vars.part, #{ partial: true });\n";

pub const QA: &str = "type = \"Quality Assurance\"\naddress = \"127.0.0.1\"\ncredential = \"qa\"\nrules = [\"machines\"]\n\n[vars]\npart = \"QA\"\n";

/// Payroll, the rule `machines` and the server QA, committed.
pub fn world() -> World {
    let world = World::with_central();
    world.import("central", &payroll(), &[]).ok();
    world.write("central/rules/machines.rhai", MACHINES);
    world.write("central/servers/QA.toml", QA);
    world.commit("central", "A rule and a server");
    world
}

#[test]
fn every_ready_made_rule_comes_with_the_program_and_passes_its_test() {
    let world = World::with_central();
    let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../rules")).unwrap();
    let files = folder.map(|file| file.unwrap().file_name().into_string().unwrap());
    let names: Vec<String> = files.filter_map(|file| Some(file.strip_suffix(".rhai")?.to_owned())).collect();
    assert!(names.len() > 12, "{names:?}");
    for name in &names {
        let told = world.central(&["rules", "new", "--from", name]).ok().stdout();
        assert!(told.contains(&format!("Wrote `rules/tests/{name}.toml`")), "{told}");
    }
    world.central(&["rules", "new", "our-machines", "--from", "machines"]).ok();
    world.central(&["rules", "new", "--from", "machines"]).exits(1);
    let told = world.central(&["rules", "test"]).ok().to_string();
    assert!(told.contains("our-machines") && told.contains(" passed, 0 failed"), "{told}");
    assert_eq!(told.matches("  passed\n").count(), names.len() + 1, "{told}");
}

#[test]
fn a_rule_is_begun_tested_and_committed() {
    let world = World::with_central();
    let mut told = world.central(&["rules", "new", "tag-jobs"]).ok().to_string();
    told += &world.central(&["rules", "test"]).ok().to_string();
    told += &world.central(&["rules", "check"]).ok().to_string();
    told += &world.central(&["rules", "list"]).ok().to_string();
    world.commit("central", "A rule");
    told += &world.central(&["list", "rules"]).ok().to_string();
    told += &world.central(&["rules", "new", "tag-jobs"]).exits(1).to_string();
    assert_data_eq!(
        told,
        str![[r#"
Wrote `rules/tag-jobs.rhai`
Wrote `rules/tests/tag-jobs.toml`
--- stderr
Hint: `opcon-deploy rules test "tag-jobs"` runs the test, `opcon-deploy rules explain SCHEDULE --rule "tag-jobs"` shows what the rule does
--- exit 0
tag-jobs  passed
--- stderr
1 test: 1 passed, 0 failed
--- exit 0
--- stderr
Checked 1 rule, 1 test: nothing found
--- exit 0
NAME      LANGUAGE  VERSION  DATE  AUTHOR  USED BY  DESCRIPTION
tag-jobs  rhai            *                         Jobs called EXAMPLE… get the name of the server as a tag.
--- stderr
* in the work tree, not as main has it
--- exit 0
NAME      LANGUAGE  VERSION  DATE              AUTHOR   USED BY  DESCRIPTION
tag-jobs  rhai            1  2026-05-28 20:33  Ann Ops           Jobs called EXAMPLE… get the name of the server as a tag.
--- exit 0
--- stderr
Error: rule `tag-jobs` exists: `rules/tag-jobs.rhai`
--- exit 1

"#]]
    );
}

#[test]
fn users_of_a_rule_are_listed() {
    let world = world();
    world.central(&["package", "create", "FIN", "Payroll", "--rule", "machines"]).ok();
    world.write("central/rules/users.json", r#"{"transformationsList":[]}"#);
    let mut told = world.central(&["rules", "list"]).ok().to_string();
    told += &world.central(&["rules", "show", "machines"]).ok().to_string();
    told += &world.central(&["rules", "show", "machine"]).exits(1).to_string();
    told += &world.central(&["rules", "show", "machines@7"]).exits(1).to_string();
    assert_data_eq!(
        told,
        str![[r#"
NAME      LANGUAGE     VERSION  DATE              AUTHOR   USED BY          DESCRIPTION
machines  rhai               1  2026-05-28 20:30  Ann Ops  QA, package:FIN  Machines of the target.
users     vendor JSON        *
--- stderr
* in the work tree, not as main has it
--- exit 0
machines@1  rules/machines.rhai (rhai)
  servers      QA
  packages     FIN

//! Machines of the target.
//! @idempotent

replace("Job_Machine_Name", "DEV", target.vars.part, #{ partial: true });
--- exit 0
--- stderr
Error: no rule `machine`; did you mean `machines`?
--- exit 1
--- stderr
Error: rule `machines` has no version 7; its latest is 1
Hint: `opcon-deploy versions "rule:machines"` shows its versions
--- exit 1

"#]]
    );
    let listed = world.central(&["rules", "list", "mach", "--json"]).ok().json();
    assert_eq!(listed["schema"], 1);
    assert_eq!(listed["rules"][0]["servers"], serde_json::json!(["QA"]));
    assert_eq!(listed["rules"][0]["packages"], serde_json::json!(["FIN"]));
    assert_eq!(listed["rules"].as_array().unwrap().len(), 1);
}

#[test]
fn explain_shows_levels_hits_relays_and_what_matched_nothing() {
    let world = world();
    world.write(
        "central/rules/later.rhai",
        "replace(\"Job_Machine_Name\", \"WINQA01\", \"WINQA99\");\nreplace(\"Job_Machine_Name\", \"WINDEV01\", \"X\");\nreplace(\"Windows_User\", \"NOBODY\", \"X\");\nfor j in jobs(\"REP*\") { j.user = \"qabatch\"; }\n",
    );
    world.central(&["package", "create", "FIN", "Payroll", "--rule", "machines"]).ok();
    let args = ["rules", "explain", "package:FIN", "--to", "QA", "--rule", "later", "--environment", "Q"];
    assert_data_eq!(
        world.central(&args).ok().to_string(),
        str![[r#"
Payroll@1 → QA
server
  machines (version 1)
    line 4: Job_Machine_Name `DEV` → `QA`, parts of values
      Payroll / LOAD /primaryMachine: "WINDEV01" → "WINQA01", relayed by `later` line 1
      Payroll / REPORT /primaryMachine: "UNXDEV01" → "UNXQA01", relayed by `environment`
package
  machines (version 1)
    line 4: Job_Machine_Name `DEV` → `QA`, parts of values
      ignored at Payroll / LOAD /primaryMachine: taken by `machines` line 4
      ignored at Payroll / REPORT /primaryMachine: taken by `machines` line 4
deployment
  later
    line 1: Job_Machine_Name `WINQA01` → `WINQA99`
      Payroll / LOAD /primaryMachine: "WINQA01" → "WINQA99", relayed by `environment`
    line 2: Job_Machine_Name `WINDEV01` → `X`
      ignored at Payroll / LOAD /primaryMachine: taken by `machines` line 4
    line 3: Windows_User `NOBODY` → `X`
      matched nothing
    line 4: script
      Payroll / REPORT /unixData/userId: "batch" → "qabatch"
environment
  environment
    environment `` → `Q`
      /propertyList/0/name: "ENV" → "Q_ENV"
      Payroll /name: "Payroll" → "Q_Payroll"
      Payroll / LOAD /primaryMachine: "WINQA99" → "Q_WINQA99"
      Payroll / LOAD /windowsData/commandLine: "load.exe -env [[ENV]] -t25" → "load.exe -env [[Q_ENV]] -t25"
      Payroll / REPORT /primaryMachine: "UNXQA01" → "Q_UNXQA01"
--- stderr
`rules/later.rhai` is read from the work tree, not as main has it
Warning: `later` line 3: `Windows_User` matched nothing: no value is `NOBODY`
4 rules: 9 values changed
--- exit 0

"#]]
    );
    let explained = world.central(&[&args[..], &["--json"]].concat()).ok().json();
    assert_eq!(explained["explanation"]["rules"][0]["level"], "server");
    assert_eq!(explained["explanation"]["rules"][0]["version"], "1");
    let markdown = world.central(&["rules", "explain", "Payroll", "--to", "QA", "--markdown"]).ok().stdout();
    assert_data_eq!(
        markdown,
        str![[r####"
### Payroll@1 → QA

- **server**
  - machines (version 1)
    - line 4: Job_Machine_Name `DEV` → `QA`, parts of values
      - Payroll / LOAD /primaryMachine: "WINDEV01" → "WINQA01"
      - Payroll / REPORT /primaryMachine: "UNXDEV01" → "UNXQA01"

1 rule: 2 values changed

"####]]
    );
}

#[test]
fn apply_writes_what_explain_tells() {
    let world = world();
    let mut told = world.central(&["rules", "apply", "Payroll", "--to", "QA", "--diff"]).ok().to_string();
    told +=
        &world.central(&["rules", "apply", "Payroll", "--to", "QA", "-o", "../out.json"]).ok().to_string();
    let printed = world.central(&["rules", "apply", "Payroll@1", "--to", "QA"]).ok().stdout();
    assert_eq!(printed, world.read("out.json"));
    world.write("export.json", payroll());
    let from_file = world.central(&["rules", "apply", "../export.json", "--to", "QA"]).ok().stdout();
    assert_eq!(printed, from_file);
    told += &world.central(&["rules", "apply", "Payroll"]).exits(2).to_string();
    told += &world.central(&["rules", "apply", "Payrol", "--to", "QA"]).exits(1).to_string();
    told += &world.central(&["rules", "apply", "Payroll", "--to", "QS"]).exits(1).to_string();
    told += &world.central(&["rules", "apply", "Payroll", "--rule", "machine"]).exits(1).to_string();
    told += &world.central(&["rules", "apply", "Payroll", "Payroll@1", "--to", "QA"]).exits(1).to_string();
    assert_data_eq!(
        told,
        str![[r#"
Payroll@1 → QA
Payroll
  job LOAD
    ~ primaryMachine WINDEV01 → WINQA01
  job REPORT
    ~ primaryMachine UNXDEV01 → UNXQA01
--- exit 0
Wrote Payroll@1 to `../out.json`: 2 values changed
--- exit 0
--- stderr
Error: name a server with `--to`, or rules with `--rule`
--- exit 2
--- stderr
Error: no schedule `Payrol`; did you mean `Payroll`?
--- exit 1
--- stderr
Error: no server `QS`
Hint: `opcon-deploy list servers` shows what there is
--- exit 1
--- stderr
Error: no rule `machine`; did you mean `machines`?
--- exit 1
--- stderr
Error: schedule `Payroll` is named twice
--- exit 1

"#]]
    );
    let patch = world.central(&["rules", "apply", "Payroll", "--to", "QA", "--diff", "--json"]).ok().json();
    assert_eq!(patch.as_array().unwrap().len(), 2, "{patch}");
}

#[test]
fn several_schedules_are_one_definition() {
    let world = world();
    world.import("central", &payroll().replace("Payroll", "Billing"), &[]).ok();
    let run = world.central(&["rules", "apply", "Payroll", "Billing", "--to", "QA"]).ok().json();
    let names: Vec<_> = run["scheduleList"].as_array().unwrap().iter().map(|s| s["name"].clone()).collect();
    assert_eq!(names, ["Billing", "Payroll"]);
    assert_eq!(run["propertyList"].as_array().unwrap().len(), 1);
}

#[test]
fn the_work_tree_is_seen_and_said() {
    let world = world();
    world.write("central/rules/machines.rhai", MACHINES.replace("DEV", "WINDEV"));
    world.write(
        "central/schedules/Payroll.json",
        world.read("central/schedules/Payroll.json").replace("WINDEV01", "WINDEV02"),
    );
    let mut told = world.central(&["rules", "explain", "Payroll", "--to", "QA"]).ok().to_string();
    told += &world
        .central(&["rules", "explain", "Payroll@1", "--rule", "machines@1", "--to", "QA"])
        .ok()
        .to_string();
    assert_data_eq!(
        told,
        str![[r#"
Payroll in the work tree → QA
server
  machines
    line 4: Job_Machine_Name `WINDEV` → `QA`, parts of values
      Payroll / LOAD /primaryMachine: "WINDEV02" → "QA02"
--- stderr
`schedules/Payroll.json` is read from the work tree, not as main has it
`rules/machines.rhai` is read from the work tree, not as main has it
1 rule: 1 value changed
--- exit 0
Payroll@1 → QA
server
  machines
    line 4: Job_Machine_Name `WINDEV` → `QA`, parts of values
      Payroll / LOAD /primaryMachine: "WINDEV01" → "QA01"
deployment
  machines (version 1)
    line 4: Job_Machine_Name `DEV` → `QA`, parts of values
      Payroll / REPORT /primaryMachine: "UNXDEV01" → "UNXQA01"
      ignored at Payroll / LOAD /primaryMachine: taken by `machines` line 4
--- stderr
`rules/machines.rhai` is read from the work tree, not as main has it
2 rules: 2 values changed
--- exit 0

"#]]
    );
}

#[test]
fn a_server_may_refuse_rules() {
    let world = world();
    world.write("central/servers/QA.toml", format!("allow_rules = false\n{QA}"));
    let run = world.central(&["rules", "explain", "Payroll", "--to", "QA", "--rule", "machines"]).ok();
    assert_data_eq!(
        run.to_string(),
        str![[r#"
Payroll@1 → QA
--- stderr
Warning: server `QA` does not allow transformation rules: it gets the definition as it is
No rule applies
--- exit 0

"#]]
    );
}

#[test]
fn a_folder_is_transformed_file_by_file() {
    let world = world();
    world.write("in/a.json", payroll());
    world.write("in/sub/b.json", payroll().replace("Payroll", "Billing"));
    world.write("in/c.json", "nope");
    let mut told =
        world.central(&["rules", "apply", "../in", "--to", "QA", "-o", "../out"]).exits(1).to_string();
    told += &world.central(&["rules", "apply", "../in", "--to", "QA"]).exits(2).to_string();
    told +=
        &world.central(&["rules", "apply", "../in", "--to", "QA", "-o", "../in/out"]).exits(4).to_string();
    assert_data_eq!(
        told,
        str![[r#"
Wrote 2 files to `../out`: 4 values changed
--- stderr
Error: `../in/c.json`: line 1, column 2: this is not JSON
--- exit 1
--- stderr
Error: a folder needs `-o FOLDER` for the files it gives
--- exit 2
--- stderr
Error: `../in` and `../in/out` lie one in the other
Hint: write to a folder elsewhere
--- exit 4

"#]]
    );
    assert!(world.read("out/sub/b.json").contains("WINQA01"));
    assert!(!world.path("out/c.json").exists());
}

#[test]
fn tags_are_told_from_the_table() {
    let world = World::with_central();
    world.write(
        "central/rules/tags.toml",
        "[tag.Java_Class]\nabout = 'The class of a Java job.'\nplaces = ['job/javaData/className']\n",
    );
    let mut told = world.central(&["rules", "tags", "Java_Class"]).ok().to_string();
    told += &world.central(&["rules", "tags", "Job_Machine_Nme"]).exits(1).to_string();
    assert_data_eq!(
        told,
        str![[r#"
### Java_Class

The class of a Java job.

- options: `partial`, `job`, `schedule`, `optional`, `strict`
- places: `job/javaData/className`
--- exit 0
--- stderr
Error: no tag `Job_Machine_Nme`; did you mean `Job_Machine_Name`?
--- exit 1

"#]]
    );
    // The reference needs no repository, and leaves no tag out.
    let all = world.run("", &["rules", "tags", "--json"]).ok().json();
    assert!(all["tags"].as_array().unwrap().len() > 80);
}

#[test]
fn a_bare_repository_has_rules_too() {
    let world = world();
    world.git("", &["clone", "--quiet", "--bare", "central", "bare.git"]);
    let run = world.run("bare.git", &["rules", "explain", "Payroll", "--to", "QA"]).ok();
    assert!(run.stdout().contains("\"WINDEV01\" → \"WINQA01\""), "{run}");
    assert_eq!(run.stdout(), world.central(&["rules", "explain", "Payroll", "--to", "QA"]).ok().stdout());
    world.run("bare.git", &["rules", "new", "x"]).exits(1);
}

#[test]
fn every_result_has_one_json_form() {
    let world = world();
    world.write("to-qa.json", r#"{ "transformationsList": [] }"#);
    let cases: &[(&[&str], &str)] = &[
        (&["rules", "list"], "rules"),
        (&["rules", "show", "machines"], "rule"),
        (&["rules", "new", "other"], "files"),
        (&["rules", "import", "../to-qa.json"], "rules"),
        (&["rules", "check"], "findings"),
        (&["rules", "explain", "Payroll", "--to", "QA"], "explanation"),
        (&["rules", "apply", "Payroll", "--to", "QA", "-o", "../out.json"], "files"),
        (&["rules", "test", "--history"], "tests"),
        (&["rules", "convert", "../to-qa.json", "--prove"], "rule"),
        (&["rules", "tags"], "tags"),
    ];
    for (args, name) in cases {
        let object = world.central(&[*args, &["--json"]].concat()).ok().json();
        assert_eq!(object["schema"], 1, "{args:?}");
        let keys: Vec<&String> = object.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["schema", *name], "{args:?}");
    }
}
