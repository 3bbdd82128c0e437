//! Deployments that are refused, or asked for on a terminal.

use serde_json::json;
use snapbox::{assert_data_eq, str};

use crate::deploying::world;
use crate::harness::starting;

#[test]
fn what_stands_on_a_test_system_already_is_asked_for() {
    let (systems, world) = world();
    world.central(&["deploy", "Payroll", "--to", "QA"]).ok();
    world.import("central", &starting("Payroll", "07:00"), &[]).ok();
    let run = world.central(&["deploy", "Payroll", "--to", "QA"]).exits(4);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
`Payroll` stands on `QA` already, deployed by Ann Ops (version 1) on [..]
Error: nothing was deployed to `QA`
Hint: `--accept-existing` goes on nevertheless
--- exit 4

"#]]
    );
    assert_eq!(systems.starts("QA", "Payroll"), "06:00");
    world.central(&["deploy", "Payroll", "--to", "QA", "--accept-existing"]).ok();
    assert_eq!(systems.starts("QA", "Payroll"), "07:00");
    let records = world.central(&["deployments", "--json"]).ok().json();
    let told: Vec<_> =
        records["deployments"].as_array().unwrap().iter().map(|one| one["status"].clone()).collect();
    assert_eq!(told, ["Active", "Inactive"]);
}

#[test]
fn a_change_by_hand_in_production_is_shown_and_asked_for() {
    let (systems, world) = world();
    world.central(&["deploy", "Payroll", "--to", "PROD"]).ok();
    world.import("central", &starting("Payroll", "07:00"), &[]).ok();
    systems.edit("PROD", "Payroll", |schedule| schedule["jobList"][0]["name"] = json!("HAND"));
    let run = world.central(&["deploy", "Payroll", "--to", "PROD"]).exits(4);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
`Payroll` was changed on `PROD` since it was deployed by Ann Ops (version 1) on [..]
  remove /scheduleList/0/jobList/0  job LOAD: is gone
  add /scheduleList/0/jobList/0  job HAND: is new
Error: nothing was deployed to `PROD`
Hint: `--accept-drift` goes on nevertheless
--- exit 4

"#]]
    );
    world.central(&["deploy", "Payroll", "--to", "PROD", "--accept-drift"]).ok();
    assert_eq!(systems.starts("PROD", "Payroll"), "07:00");
    // Without changes by hand production takes the next version as it is.
    world.import("central", &starting("Payroll", "08:00"), &[]).ok();
    world.central(&["deploy", "Payroll", "--to", "PROD"]).ok();
}

#[test]
fn what_nobody_knows_of_is_asked_for() {
    let (systems, world) = world();
    world.central(&["deploy", "Payroll", "--to", "PROD"]).ok();
    world.git("central", &["update-ref", "-d", "refs/heads/deployments"]);
    world.git("central", &["update-ref", "-d", "refs/opcon-deploy/seen/heads/deployments"]);
    systems.edit("PROD", "Payroll", |schedule| schedule["documentation"] = json!(""));
    let run = world.central(&["deploy", "Payroll", "--to", "PROD"]).exits(4);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
`Payroll` stands on `PROD` without deployment information and without a record
Error: nothing was deployed to `PROD`
Hint: `--accept-unknown` goes on nevertheless
--- exit 4

"#]]
    );
    world.central(&["deploy", "Payroll", "--to", "PROD", "--accept-unknown"]).ok();
}

/// Runs the program on a terminal of its own, and answers its questions.
#[cfg(target_os = "linux")]
fn on_terminal(world: &crate::harness::World, args: &str, answers: &str) -> String {
    use std::io::Write;
    let program = format!("'{}' {args}", env!("CARGO_BIN_EXE_opcon-deploy"));
    let mut command = world.command("script", "central");
    command.args(["--quiet", "--return", "--echo", "never", "--command", &program, "/dev/null"]);
    command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(answers.as_bytes()).unwrap();
    world.shown(child.wait_with_output().unwrap()).to_string().replace('\r', "")
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_terminal_it_is_shown_and_asked() {
    let (systems, world) = world();
    world.central(&["deploy", "Payroll", "--to", "QA"]).ok();
    world.import("central", &starting("Payroll", "07:00"), &[]).ok();
    let said = on_terminal(&world, "deploy Payroll --to QA", "n\n");
    assert!(said.contains("~ startTime 06:00 → 07:00"), "{said}");
    assert!(said.contains("Deploy nevertheless (--accept-existing)? [y/N] "), "{said}");
    assert!(said.ends_with("Nothing was changed on `QA`\n--- exit 4\n"), "{said}");
    assert_eq!(systems.starts("QA", "Payroll"), "06:00");
    let said = on_terminal(&world, "deploy Payroll --to QA", "y\nn\n");
    assert!(said.contains("Deploy 1 schedule to `QA`? [y/N] "), "{said}");
    assert_eq!(systems.starts("QA", "Payroll"), "06:00");
    // `--yes` answers the last question, never one before it.
    let said = on_terminal(&world, "deploy Payroll --to QA --yes", "n\n");
    assert!(said.ends_with("--- exit 4\n"), "{said}");
    let said = on_terminal(&world, "deploy Payroll --to QA", "y\ny\n");
    assert!(said.ends_with("--- exit 0\n"), "{said}");
    assert_eq!(systems.starts("QA", "Payroll"), "07:00");
    let record = world.git("central", &["show", "deployments:active/QA/53/Payroll/record.toml"]);
    assert!(record.contains("accepted = [\"existing\"]"), "{record}");
    let said = on_terminal(&world, "rollback Payroll --on QA", "n\n");
    assert!(said.contains("version 1 comes back") && said.ends_with("--- exit 4\n"), "{said}");
    let said = on_terminal(&world, "delete Payroll --from QA", "y\n");
    assert!(said.ends_with("--- exit 0\n"), "{said}");
    assert!(systems.stands("QA", "Payroll").is_null());
}

#[test]
fn what_cannot_be_selected_is_refused_before_the_target_is_asked() {
    let (systems, world) = world();
    world.add_remote();
    world.git("central", &["switch", "--quiet", "-c", "side"]);
    world.import("central", &starting("Payroll", "09:00"), &[]).ok();
    world.git("central", &["push", "--quiet", "origin", "side"]);
    let run = world.central(&["deploy", "Payroll", "--to", "PROD", "--ref", "side"]).exits(4);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
Error: `side` is not on `main`, and `PROD` (Production) takes nothing else
Hint: bring it to main, or name the branch in `[deploy] production_refs` of deploy.toml
--- exit 4

"#]]
    );
    world.git("central", &["switch", "--quiet", "main"]);
    world.import("central", &starting("Payroll", "07:00"), &[]).ok();
    let run = world.central(&["deploy", "Payroll", "--to", "QA"]).exits(1);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
Error: version 2 of schedule `Payroll` is not on the remote `origin` yet
Hint: `git push`, or `--offline` to leave the remote out
--- exit 1

"#]]
    );
    for (what, code) in [("Payroll@9", 1), ("Payrol", 1), ("None*", 1), ("package:NONE", 1)] {
        let run = world.central(&["deploy", what, "--to", "QA"]).exits(code);
        assert!(run.stdout().is_empty(), "{run}");
    }
    let run = world.central(&["deploy", "--to", "QA"]).exits(2);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
Error: nothing to deploy was named
Hint: name schedules, a pattern, or `package:NAME`
--- exit 2

"#]]
    );
    assert_eq!(systems.requests().len(), 0);
}

#[test]
fn roles_decide_who_may_change_which_server() {
    let (systems, world) = world();
    world.central(&["user", "add", "Tess", "--email", "tess@corp.example", "--role", "Test"]).ok();
    world.git("central", &["config", "user.email", "tess@corp.example"]);
    for command in [
        &["deploy", "Payroll", "--to", "PROD"][..],
        &["rollback", "Payroll", "--on", "PROD", "--yes"],
        &["delete", "Payroll", "--from", "PROD", "--yes"],
        &["adopt", "PROD"],
    ] {
        let run = world.central(command).exits(4).to_string();
        assert!(run.contains("`Tess` has the role Test"), "{run}");
    }
    assert_eq!(systems.requests().len(), 0);
    world.central(&["deploy", "Payroll", "--to", "QA"]).ok();
    world.git("central", &["config", "user.email", "nobody@corp.example"]);
    let run = world.central(&["deploy", "Payroll", "--to", "QA"]).exits(4);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
Error: nobody in users.toml on `main` has the e-mail address `nobody@corp.example`: without a role nothing may be done
Hint: somebody with the role Administration enters you: `opcon-deploy user add NAME --email nobody@corp.example --role ROLE`
Hint: `git config user.email ADDRESS` says who you are; `opcon-deploy user list` shows the people
--- exit 4

"#]]
    );
}
