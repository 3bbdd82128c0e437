//! `simulate`: what may be tried, and what is refused before anything is planned.

use deploy_sandbox::{Config, SystemConfig, SystemType};
use snapbox::{assert_data_eq, str};

use crate::harness::{Systems, World, starting};
use crate::simulate::{empty, findings};

#[test]
fn what_is_tried_may_be_what_no_deployment_takes() {
    let (_systems, world) = empty();
    world.add_remote();
    world.import("central", &starting("Payroll", "06:00"), &[]).ok();
    let selection = |args: &[&str]| {
        let args = [&["simulate", "Payroll", "--to", "PROD", "--json"], args].concat();
        findings(&world.central(&args).json(), "selection")
    };
    assert_eq!(
        selection(&[]),
        [
            "warning Payroll: a deployment will be refused: version 1 of schedule `Payroll` is not on the remote `origin` yet"
        ]
    );
    world.git("central", &["push", "--quiet", "origin", "main"]);
    assert_eq!(selection(&[]), [""; 0]);
    let path = "central/schedules/Payroll.json";
    world.write(path, world.read(path).replace("06:00", "09:00"));
    assert_eq!(
        selection(&[]),
        [
            "warning Payroll: a deployment will be refused: the content of schedule `Payroll` is not on `main`, \
             and `PROD` (Production) takes nothing else",
            "note Payroll: taken from the work tree, which differs from the latest version",
        ]
    );
    world.git("central", &["switch", "--quiet", "-c", "side"]);
    world.commit_all("Aside");
    world.git("central", &["push", "--quiet", "origin", "side"]);
    let refused = selection(&["--ref", "side"]);
    assert_eq!(
        refused[0],
        "warning -: a deployment will be refused: `side` is not on `main`, and `PROD` (Production) takes nothing else"
    );
    assert_data_eq!(
        world.central(&["simulate", "Payrol", "--to", "PROD"]).exits(1).to_string(),
        str![[r#"
--- stderr
`origin/main` as of the last clone or push; `--fetch` asks the remote
Error: no schedule `Payrol`; did you mean `Payroll`?
--- exit 1

"#]]
    );
    assert_data_eq!(
        world.central(&["simulate", "--to", "PROD"]).exits(2).to_string(),
        str![[r#"
--- stderr
`origin/main` as of the last clone or push; `--fetch` asks the remote
Error: nothing to deploy was named
Hint: name schedules, a pattern, or `package:NAME`
--- exit 2

"#]]
    );
    assert_data_eq!(
        world.central(&["simulate", "Payroll", "--to", "PROD", "--rule", "gone"]).exits(1).to_string(),
        str![[r#"
--- stderr
`origin/main` as of the last clone or push; `--fetch` asks the remote
Error: no rule `gone`
Hint: `opcon-deploy rules list` shows what there is
--- exit 1

"#]]
    );
}

#[test]
fn what_is_wrong_is_told_before_anything_is_planned() {
    let (_systems, world) = empty();
    world.import("central", &starting("Payroll", "06:00"), &[]).ok();
    let wrong = |path: &str, text: &str| {
        let path = format!("central/{path}");
        world.write(&path, text);
        world.commit_all("Wrong");
        let told =
            world.central(&["simulate", "Payroll", "--to", "PROD", "--rule", "stop"]).exits(1).to_string();
        std::fs::remove_file(world.path(&path)).unwrap();
        told
    };
    let mut told = wrong("rules/stop.rhai", "if count_jobs() > 0 { fail(\"too big\"); }\n");
    world.write("central/rules/stop.rhai", "let x = 1;\n");
    told += &wrong("drift-accepted.toml", "[[accepted]]\nserver = \"PROD\"\nuntill = 2026-01-01\n");
    told += &wrong("rules/features.toml", "[feature.x]\nsince = \"soon\"\n");
    world.write("central/schedules/Other.json", world.read("central/schedules/Payroll.json"));
    world.commit_all("A file of another name");
    told += &world.central(&["simulate", "Other", "--to", "PROD"]).exits(1).to_string();
    told += &world.central(&["simulate", "Payroll", "--to", "QUA"]).exits(1).to_string();
    assert_data_eq!(
        told,
        str![[r#"
--- stderr
Error: rules/stop.rhai:1:23: too big
  |
1 | if count_jobs() > 0 { fail("too big"); }
  |                       ^
--- exit 1
--- stderr
Error: drift-accepted.toml:3:1: unknown key `untill`; did you mean `until`?
Hint: `opcon-deploy schema drift-accepted` describes the keys
--- exit 1
--- stderr
Error: rules/features.toml:2:9: `soon` is not a release such as `23.0`
--- exit 1
--- stderr
Error: `schedules/Other.json` is the file of schedule `Other` and holds `Payroll`
Hint: `opcon-deploy check` tells all that is wrong
--- exit 1
--- stderr
Error: no server `QUA`
Hint: `opcon-deploy server list` shows what there is; `server add` adds one
--- exit 1

"#]]
    );
}

#[test]
fn a_system_without_a_licence_is_refused() {
    let mut system = SystemConfig::new("PROD", SystemType::Production);
    system.deploy_licence = false;
    let systems = Systems::start(Config { systems: vec![system], ..Config::default() });
    let world = World::with_systems(&systems);
    world.import("central", &starting("Payroll", "06:00"), &[]).ok();
    let told = world.central(&["simulate", "Payroll", "--to", "PROD"]).exits(1).to_string();
    assert!(told.contains("the system has no valid licence for Deploy"), "{told}");
}
