//! Rule files from elsewhere: imported, converted, proved; and the tests of rules.

use std::fs;
use std::path::Path;

use snapbox::{assert_data_eq, str};

use crate::harness::World;
use crate::rules::{payroll, world};

const VENDOR: &str = r#"{ "transformationsList": [
  { "tagId": "Job_Machine_Name", "currentValue": "DEV", "newValue": "QA", "partialUpdate": true },
  { "tagId": "Windows_User", "scheduleName": "", "jobName": "LOAD*", "currentValue": "DEVDOM\\batch", "newValue": "QADOM\\batch" }
] }
"#;

#[test]
fn files_of_both_kinds_become_versions_in_one_commit() {
    let world = World::with_central();
    world.write("old/to-qa.json", VENDOR);
    world.write("old/tags.rhai", "//! Tags.\nfor j in jobs() { j.add_tag(\"qa\"); }\n");
    world.write("old/list.txt", "# the rules\nto-qa.json\n\n  tags.rhai\n");
    let mut told = world
        .central(&["rules", "import", "--list", "../old/list.txt", "-m", "Rules of old"])
        .ok()
        .to_string();
    told += &world.git("central", &["log", "-1", "--format=%B"]);
    told += "\n";
    told += &world.central(&["rules", "import", "../old/to-qa.json"]).ok().to_string();
    world.write("old/to-qa.json", VENDOR.replace("QA", "TST"));
    told += &world.central(&["rules", "import", "../old/to-qa.json", "--branch=tst"]).ok().to_string();
    assert_data_eq!(
        told,
        str![[r#"
to-qa  version 1
tags  version 1
--- stderr
Commit [commit] on `main`
--- exit 0
Rules of old

Rule: to-qa | new
Rule: tags | new
to-qa  equals version 1
--- stderr
nothing to commit
--- exit 0
to-qa  will be version 2 when merged
--- stderr
Commit [commit] on `tst`
--- exit 0

"#]]
    );
    // What the vendor's product wrote is stored as it is.
    assert_eq!(world.read("central/rules/to-qa.json"), VENDOR);
    world.assert_sound("central");
}

#[test]
fn what_does_not_compile_is_not_stored() {
    let world = World::with_central();
    world.write("in/good.json", VENDOR);
    world.write("in/bad.rhai", "replace(\"Job_Machine_Nam\", \"A\", \"B\");\n");
    world.write("in/worse.json", "{ \"transformationsList\": [\n  { \"tagId\": 5 } ] }");
    world.write("in/rule.txt", "");
    let mut told = world
        .central(&["rules", "import", "../in/good.json", "../in/bad.rhai", "../in/worse.json"])
        .exits(1)
        .to_string();
    told += &world.central(&["rules", "import", "../in/rule.txt"]).exits(1).to_string();
    told += &world.central(&["rules", "import", "../in/none.json"]).exits(1).to_string();
    assert_data_eq!(
        told,
        str![[r#"
--- stderr
Error: ../in/bad.rhai:1:9: unknown tag `Job_Machine_Nam` (did you mean `Job_Machine_Name`?)
  |
1 | replace("Job_Machine_Nam", "A", "B");
  |         ^
../in/worse.json:2:5: unknown tag `5`
  |
2 |   { "tagId": 5 } ] }
  |     ^
Hint: nothing was stored; correct the files and import them again
--- exit 1
--- stderr
Error: `../in/rule.txt` is no rule: its name ends in .rhai or .json
--- exit 1
--- stderr
Error: cannot read `../in/none.json`: No such file or directory (os error 2)
--- exit 1

"#]]
    );
    assert_eq!(world.git("central", &["rev-list", "--count", "HEAD"]), "1");
}

#[test]
fn a_rule_keeps_its_language_and_its_case() {
    let world = world();
    world.write("in/machines.json", VENDOR);
    world.write("in/Machines.rhai", "");
    let mut told = world.central(&["rules", "import", "../in/machines.json"]).exits(1).to_string();
    told += &world.central(&["rules", "import", "../in/Machines.rhai"]).exits(1).to_string();
    assert_data_eq!(
        told,
        str![[r#"
--- stderr
Error: rule `machines` is there already as `rules/machines.rhai`
Hint: `git rm "rules/machines.rhai" && git commit` makes room for it
--- exit 1
--- stderr
Error: `Machines` differs only in case from the rule `machines`
--- exit 1

"#]]
    );
}

#[test]
fn the_vendors_json_becomes_a_script_that_does_the_same() {
    let world = world();
    world.write("to-qa.json", VENDOR);
    let mut told = world.central(&["rules", "convert", "../to-qa.json"]).ok().to_string();
    told += &world
        .central(&["rules", "convert", "../to-qa.json", "-o", "rules/to-qa.rhai", "--prove"])
        .ok()
        .to_string();
    told +=
        &world.central(&["rules", "convert", "../to-qa.json", "-o", "rules/to-qa.rhai"]).exits(4).to_string();
    told += &world.central(&["rules", "convert", "rules/machines.rhai"]).exits(2).to_string();
    assert_data_eq!(
        told,
        str![[r#"
//! Converted from the transformation rules `to-qa`.

replace("Job_Machine_Name", "DEV", "QA", #{ partial: true });

replace("Windows_User", "DEVDOM//batch", "QADOM//batch", #{ job: "LOAD*" });
--- exit 0
Wrote `rules/to-qa.rhai`
--- stderr
Compared 1 stored definition: the same result for each
--- exit 0
--- stderr
Error: `rules/to-qa.rhai` is there already
Hint: name another file, or remove it first
--- exit 4
--- stderr
Error: `rules/machines.rhai` is not JSON
--- exit 2

"#]]
    );
    world.central(&["rules", "check"]).ok();
}

#[test]
fn tests_say_what_is_not_as_expected() {
    let world = world();
    world.write(
        "central/rules/tests/machines.toml",
        "rules = [\"machines\"]\n[given]\ndefinition = \"Payroll\"\n[target]\nvars = { part = \"QA\" }\n[expect]\nvalues = { \"@LOAD/primaryMachine\" = \"WINQA02\", \"@REPORT/primaryMachine\" = \"UNXQA01\" }\nabsent = [\"@LOAD/name\"]\n",
    );
    world.write(
        "central/rules/tests/golden.toml",
        "rules = [\"machines\"]\n[given]\ndefinition = \"Payroll@1\"\n[target]\nvars = { part = \"QA\" }\n[expect]\ngolden = \"golden.json\"\n",
    );
    world.write(
        "central/rules/tests/out.toml",
        "rules = [\"machines\"]\n[given]\nfile = \"../machines.rhai\"\n[expect]\nunchanged = true\n",
    );
    let mut told = world.central(&["rules", "test"]).exits(1).to_string();
    told += &world.central(&["rules", "test", "golden", "--update"]).ok().to_string();
    told += &world.central(&["rules", "test", "golden"]).ok().to_string();
    told += &world.central(&["rules", "test", "goldne"]).exits(1).to_string();
    assert_data_eq!(
        told,
        str![[r#"
golden  failed  rules/tests/golden.toml
    `golden.json`: there is no file `rules/tests/golden.json`
machines  failed  rules/tests/machines.toml
    `@LOAD/primaryMachine` is "WINQA01", not "WINQA02"
    `@LOAD/name` is "LOAD"; nothing was expected there
out  failed  rules/tests/out.toml
    `../machines.rhai` is no file below rules/tests/
--- stderr
3 tests: 0 passed, 3 failed
--- exit 1
golden  passed
    wrote `rules/tests/golden.json`
--- stderr
1 test: 1 passed, 0 failed
--- exit 0
golden  passed
--- stderr
1 test: 1 passed, 0 failed
--- exit 0
--- stderr
Error: no test `goldne`; did you mean `golden`?
--- exit 1

"#]]
    );
    let tests = world.central(&["rules", "test", "machines", "--json"]).exits(1).json();
    assert_eq!(tests["tests"][1]["outcome"], "failed");
}

#[test]
fn a_test_that_could_not_fail_or_be_read_is_told() {
    let world = world();
    world.write("central/rules/tests/a.toml", "rules = [\"machines\"]\n[given]\ninline = \"{}\"\n");
    let mut told = world.central(&["rules", "test"]).exits(1).to_string();
    world.write("central/rules/tests/a.toml", "ruels = []\n");
    told += &world.central(&["rules", "test"]).exits(1).to_string();
    told += &world.central(&["rules", "check"]).exits(3).to_string();
    assert_data_eq!(
        told,
        str![[r#"
--- stderr
Error: rules/tests/a.toml:1:1: `expect` asks for nothing: the test could not fail
--- exit 1
--- stderr
Error: rules/tests/a.toml:1:1: unknown field `ruels`, expected one of `description`, `rules`, `given`, `target`, `deploy`, `expect` (did you mean `rules`?)
--- exit 1
error: rules/tests/a.toml:1:1: unknown field `ruels`, expected one of `description`, `rules`, `given`, `target`, `deploy`, `expect` (did you mean `rules`?)
--- stderr
Checked 1 rule, 1 test: 1 finding
--- exit 3

"#]]
    );
}

#[test]
fn rules_are_held_against_everything_ever_stored() {
    let world = world();
    world.import("central", &payroll().replace("LOAD", "QALOAD"), &[]).ok();
    world.write(
        "central/rules/names.rhai",
        "//! @idempotent\nfor j in jobs(\"LOAD*\") { j.name = \"REPORT\"; }\nfor j in jobs(\"QA*\") { j.name = j.name + \"X\"; }\n",
    );
    world.write(
        "central/rules/tests/names.toml",
        "rules = [\"names\"]\n[given]\ninline = '{\"scheduleList\":[{\"name\":\"S\",\"jobList\":[{\"name\":\"A\"}]}]}'\n[expect]\nunchanged = true\n",
    );
    let mut told = world.central(&["rules", "test", "names", "--history"]).exits(1).to_string();
    world.write("central/rules/names.rhai", "//! @idempotent\nif count_jobs() > 1 { fail(\"too many\"); }\n");
    told += &world.central(&["rules", "test", "names", "--history"]).ok().to_string();
    assert_data_eq!(
        told,
        str![[r#"
names  passed
    Payroll@1: rule `names`, line 2: two jobs of the schedule `Payroll` would be named `REPORT`
    Payroll@2: applied twice is not as applied once: `/scheduleList/0/internalDependencyList/0/predecessorJobName` is "QALOADXX", not "QALOADX"
    history: 2 definitions, 2 do not hold
--- stderr
1 test: 0 passed, 1 failed
--- exit 1
names  passed
    history: 2 definitions, all hold
--- stderr
1 test: 1 passed, 0 failed
--- exit 0

"#]]
    );
}

/// The rules that this project ships pass their tests, also over stored definitions.
#[test]
fn the_ready_made_rules_pass_their_tests() {
    let world = World::with_central();
    world.import("central", &payroll(), &[]).ok();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules"), &world.path("central/rules"));
    world.commit("central", "Ready-made rules");
    world.central(&["rules", "check"]).ok();
    let run = world.central(&["rules", "test", "--history", "--json"]).ok().json();
    let tests = run["tests"].as_array().unwrap();
    assert!(tests.len() >= 12);
    assert!(tests.iter().all(|test| test["outcome"] == "passed"), "{run}");
    let rules = world.central(&["rules", "list", "--json"]).ok().json();
    assert!(rules["rules"].as_array().unwrap().iter().all(|rule| rule["description"] != ""), "{rules}");
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (entry, target) = (entry.as_ref().unwrap().path(), to.join(entry.as_ref().unwrap().file_name()));
        if entry.is_dir() {
            copy(&entry, &target);
        } else {
            fs::copy(&entry, &target).unwrap();
        }
    }
}
