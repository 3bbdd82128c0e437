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
    assert_data_eq!(told, str![]);
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
    assert_data_eq!(told, str![]);
    assert_eq!(world.git("central", &["rev-list", "--count", "HEAD"]), "1");
}

#[test]
fn a_rule_keeps_its_language_and_its_case() {
    let world = world();
    world.write("in/machines.json", VENDOR);
    world.write("in/Machines.rhai", "");
    let mut told = world.central(&["rules", "import", "../in/machines.json"]).exits(1).to_string();
    told += &world.central(&["rules", "import", "../in/Machines.rhai"]).exits(1).to_string();
    assert_data_eq!(told, str![]);
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
    assert_data_eq!(told, str![]);
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
    assert_data_eq!(told, str![]);
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
    assert_data_eq!(told, str![]);
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
    assert_data_eq!(told, str![]);
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
        if entry.is_dir() { copy(&entry, &target) } else { drop(fs::copy(&entry, &target).unwrap()) }
    }
}
