//! `rollout …`: files of rollouts, made, listed, shown and checked.

use snapbox::str;

use crate::harness::{World, definition};

/// A repository with a package of two versions, and four servers.
fn world() -> World {
    let world = World::with_central();
    for (server, kind, groups) in [
        ("DEV", "Development", ""),
        ("PROD-A", "Production", "\"retail\", \"canary\""),
        ("PROD-B", "Production", "\"retail\""),
        ("PROD-C", "Production", ""),
    ] {
        let text =
            format!("type = \"{kind}\"\naddress = \"127.0.0.1\"\ncredential = \"x\"\ngroups = [{groups}]\n");
        world.write(&format!("central/servers/{server}.toml"), text);
    }
    world.commit("central", "Servers");
    world.import("central", &definition("Ledger", &["LOAD"]), &[]).ok();
    world.import("central", &definition("Payroll", &["PAY"]), &[]).ok();
    world.central(&["package", "create", "FINANCE", "Ledger", "Payroll"]).ok();
    world.central(&["package", "remove", "FINANCE", "Payroll"]).ok();
    world
}

#[test]
fn a_rollout_is_a_file_on_main() {
    let world = world();
    let run = world.central(&[
        "rollout",
        "new",
        "package:FINANCE@1",
        "--to",
        "group:retail",
        "--to",
        "PROD-C",
        "--name",
        "Quarter end",
        "--timezone",
        "Europe/Berlin",
        "--start",
        "2036-12-01 18:00",
        "--end",
        "2036-12-03 06:00",
        "--frame",
        "18:00-24:00",
        "--frame",
        "!SAT 11:00-13:00",
        "--priority",
        "10",
        "--order",
        "group:canary",
        "--order",
        "*",
        "--soak",
        "30m",
    ]);
    snapbox::assert_data_eq!(
        run.ok().to_string(),
        str![[r#"
finance-1  3 jobs on 3 servers in 2 waves
--- stderr
Commit [commit] on `main`
Hint: `opcon-deploy rollout show "finance-1"` shows its jobs
--- exit 0

"#]]
    );
    snapbox::assert_data_eq!(
        world.read("central/rollouts/finance-1.toml"),
        str![[r#"
name = "Quarter end"
timezone = "Europe/Berlin"
what = ["package:FINANCE@1"]
to = ["group:retail", "PROD-C"]
start = "2036-12-01 18:00"
end = "2036-12-03 06:00"
frames = ["18:00-24:00", "!SAT 11:00-13:00"]
priority = 10
order = ["group:canary", "*"]
soak = "30m"

"#]]
    );
    let run = world.central(&["rollout", "new", "package:FINANCE", "--to", "prod-a"]).ok();
    assert!(run.stdout().starts_with("finance  1 job on 1 server"), "{run}");
    let run = world.central(&["rollout", "new", "--uninstall", "package:FINANCE", "--from", "group:test"]);
    snapbox::assert_data_eq!(
        run.exits(1).to_string(),
        str![[r#"
--- stderr
Error: the targets are empty: there is no server of that kind
Hint: `opcon-deploy server list` shows servers and groups
--- exit 1

"#]]
    );
    snapbox::assert_data_eq!(
        world.central(&["rollout", "list"]).ok().to_string(),
        str![[r#"
ID         STATE    DONE  FAILED  PRIORITY  WHAT               TO                    WINDOW                               NAME
finance    ready     0/1                 0  package:FINANCE    prod-a
finance-1  waiting   0/3                10  package:FINANCE@1  group:retail, PROD-C  2036-12-01 18:00 – 2036-12-03 06:00  Quarter end
--- exit 0

"#]]
    );
    snapbox::assert_data_eq!(
        world.central(&["rollout", "show", "finance-1"]).ok().to_string(),
        str![[r#"
finance-1  waiting, 0/3 jobs ended
Name: Quarter end
Carries: package:FINANCE@1
To: group:retail, PROD-C
Window: 2036-12-01 18:00 – 2036-12-03 06:00 (Europe/Berlin)
Frames: 18:00-24:00, !SAT 11:00-13:00
Priority: 10
On failure: abort
Waves: group:canary, *
Soak: 30m

WAVE  SERVER  DOES    WHAT               STATE    CODE  TIME  JOB           WHY
   1  PROD-A  deploy  package:FINANCE@1  waiting              80e13a5fb6fc  until 2036-12-01 18:00
   2  PROD-B  deploy  package:FINANCE@1  waiting              1b38fd9b8ae6  for wave 1
   2  PROD-C  deploy  package:FINANCE@1  waiting              2dab60a4a623  for wave 1
--- exit 0

"#]]
    );
    let json = world.central(&["rollout", "show", "finance-1", "--json"]).ok().json();
    assert_eq!(json["rollout"]["jobs"][1]["why"], "for wave 1");
    assert_eq!(json["rollout"]["jobs"][0]["state"], "waiting");
    snapbox::assert_data_eq!(
        world.central(&["rollout", "check"]).ok().to_string(),
        str![[r#"
rollouts/finance.toml: note[rollout-conflict]: package `FINANCE` goes to `PROD-A` otherwise in `rollouts/finance-1.toml`; if both are due at once, the one of lower priority ends as a conflict
--- stderr
Checked 2 rollouts: 1 note
--- exit 0

"#]]
    );
    world.assert_sound("central");
}

#[test]
fn a_rollout_on_a_branch_is_a_proposal() {
    let world = world();
    let args = ["rollout", "new", "Payroll", "--to", "DEV", "--id", "payroll to dev", "--branch=proposal"];
    snapbox::assert_data_eq!(
        world.central(&args).ok().to_string(),
        str![[r#"
payroll to dev  1 job on 1 server
--- stderr
Commit [commit] on `proposal`
It is in force when it is on `main`
Hint: `opcon-deploy rollout show "payroll to dev"` shows its jobs
--- exit 0

"#]]
    );
    let run = world.central(&["rollout", "show", "payroll to dev"]);
    snapbox::assert_data_eq!(
        run.exits(1).to_string(),
        str![[r#"
--- stderr
Error: no rollout `payroll to dev` on `main`
Hint: `opcon-deploy rollout list` shows what there is
--- exit 1

"#]]
    );
    world.git("central", &["merge", "--quiet", "--no-edit", "proposal"]);
    world.central(&["rollout", "show", "payroll to dev"]).ok();
    // Their names would clash on some systems.
    let run = world.central(&["rollout", "new", "Payroll", "--to", "DEV", "--id", "Payroll to DEV"]);
    snapbox::assert_data_eq!(
        run.exits(1).to_string(),
        str![[r#"
--- stderr
Error: there is a rollout `payroll to dev` already
Hint: `--id NAME` gives it another name; `opcon-deploy rollout show "payroll to dev"` shows the one there is
--- exit 1

"#]]
    );
}

#[test]
fn what_cannot_work_is_not_committed() {
    let world = world();
    let before = world.git("central", &["rev-parse", "HEAD"]);
    let said: Vec<String> = [
        &["Payrol", "--to", "DEV"][..],
        &["Payroll@2", "--to", "DEV"],
        &["Payroll@main", "--to", "DEV"],
        &["Pay*", "--to", "DEV"],
        &["Payroll", "Payroll@1", "--to", "DEV"],
        &["Payroll", "--to", "PROD-D"],
        &["Payroll", "--to", "group:retial"],
        &["Payroll", "--to", "DEV", "--order", "PROD-A"],
        &["Payroll", "--to", "group:retail", "--order", "PROD-A"],
        &["Payroll", "--to", "DEV", "--start", "2036-12-01 18:00"],
        &["Payroll", "--to", "DEV", "--timezone", "Europe/Belin"],
        &["Payroll", "--to", "DEV", "--timezone", "Europe/Berlin", "--start", "2036-10-26 02:30"],
        &["Payroll", "--to", "DEV", "--start", "2036-12-01T18:00:00Z", "--end", "2036-12-01T18:00:00Z"],
        &["Payroll", "--to", "DEV", "--end", "2026-01-01T18:00:00Z"],
        &["Payroll", "--to", "DEV", "--timezone", "UTC", "--frame", "!0:00-24:00"],
        &["Payroll", "--to", "DEV", "--frame", "18-24"],
        &["Payroll", "--to", "DEV", "--priority", "-101"],
        &["Payroll", "--to", "DEV", "--accept", "everything"],
    ]
    .into_iter()
    .map(|args| {
        let run = world.central(&[&["rollout", "new"], args].concat());
        assert!(matches!(run.output.status.code(), Some(1 | 2)), "{run}");
        String::from_utf8_lossy(&run.output.stderr).lines().next().unwrap_or_default().to_owned() + "\n"
    })
    .collect();
    snapbox::assert_data_eq!(
        said.concat(),
        str![[r#"
Error: no schedule `Payrol`; did you mean `Payroll`?
Error: schedule `Payroll` has no version 2; its latest is 1
Error: `Payroll@main` names no version of main, and a rollout carries nothing else
Error: `what`: `Pay*` is a pattern: a rollout names what it carries, so that it can be reviewed
Error: `what`: schedule `Payroll` is named twice
Error: no server `PROD-D`; did you mean `PROD-C`?
Error: no server is in a group `retial`; did you mean `group:retail`?
Error: wave `PROD-A` names no target of the rollout
Error: target `PROD-B` is in no wave; `*` names all that no other wave does
Error: `timezone`: is missing, and `start`, `end` and `frames` are local times
Error: `timezone`: no time zone is called `Europe/Belin`; did you mean `Europe/Berlin`?
Error: `start`: 2036-10-26 02:30 happens twice in Europe/Berlin, as the clocks are put back; write `2036-10-26 02:30+02:00` or `2036-10-26 02:30+01:00`
Error: `end`: `2036-12-01T18:00:00Z` is not after the start `2036-12-01T18:00:00Z`
Error: `end`: `2026-01-01T18:00:00Z` is over already
Error: `frames`: `!00:00-24:00` never open
Error: `18-24` is not a time frame; one is written `18:00-24:00`, `FRI 22:00-06:00` or `!SAT 11:00-13:00`
Error: `priority`: -101 is not between -100 and 100
error: invalid value 'everything' for '--accept <WHAT>': not one of drift, existing, unknown, warnings, pinned

"#]]
    );
    assert_eq!(world.git("central", &["rev-parse", "HEAD"]), before);
    let run = world.central(&["rollout", "new", "Payroll", "--to", "DEV", "--end", "2036-12-01 18:00"]);
    snapbox::assert_data_eq!(
        run.exits(1).to_string(),
        str![[r#"
--- stderr
Error: `timezone`: is missing, and `start`, `end` and `frames` are local times
Hint: `--timezone Europe/Berlin` names it
--- exit 1

"#]]
    );
}

#[test]
fn the_work_tree_is_checked() {
    let world = world();
    world.write(
        "central/rollouts/q4.toml",
        "what = [\"package:FINANCE@3\"]\nto = [\"group:retail\"]\nprio = 3\n",
    );
    snapbox::assert_data_eq!(
        world.central(&["rollout", "check"]).exits(3).to_string(),
        str![[r#"
rollouts/q4.toml:3:1: error[toml]: unknown key `prio`; did you mean `priority`?
--- stderr
Checked 0 rollouts: 1 error
--- exit 3

"#]]
    );
    let rest = "what = [\"package:FINANCE@2\"]\nto = [\"group:retail\"]\nframes = [\"18:00-24:00\"]\n";
    world.write("central/rollouts/q4.toml", rest);
    snapbox::assert_data_eq!(
        world.central(&["rollout", "check", "q4"]).exits(3).to_string(),
        str![[r#"
rollouts/q4.toml: error[rollout-value]: `timezone`: is missing, and `start`, `end` and `frames` are local times
--- stderr
Checked 1 rollout: 1 error
--- exit 3

"#]]
    );
    world.write("central/rollouts/q4.toml", format!("timezone = \"Europe/Berlin\"\n{rest}"));
    world.central(&["rollout", "check", "q4"]).ok();
    world.central(&["rollout", "check", "q5"]).exits(1);
    // On main a file that cannot be read is told where it would be listed.
    world.write("central/rollouts/q5.toml", "what = [\n");
    world.commit("central", "Broken");
    let run = world.central(&["rollout", "list"]).ok().to_string();
    assert!(run.contains("Warning: rollout `q5`: rollouts/q5.toml:"), "{run}");
    world.central(&["rollout", "show", "q5"]).exits(1);
}
