//! Several at once, stopped, dead or without room: one at a time changes a
//! target, and nothing is touched that is not recorded.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Stdio};
use std::time::Instant;

use deploy_sandbox::SystemType;
use snapbox::{assert_data_eq, str};

use crate::faults::{DEADLINE, POLL};
use crate::harness::{Run, Systems, World, starting};
use crate::limits::noise;
use crate::recovery::{DEPLOY, Story};

/// Two clones of a remote that knows a test system, with two schedules on main.
pub fn world() -> (Systems, World) {
    let systems = Systems::empty(&[("QA", SystemType::QualityAssurance)]);
    let world = World::with_systems(&systems);
    for name in ["Payroll", "Billing"] {
        world.import("central", &starting(name, "06:00"), &[]).ok();
    }
    world.add_remote();
    world.add_clone("colleague", "Carl Dev");
    (systems, world)
}

pub fn hook(world: &World, name: &str, script: &str) {
    let path = format!("remote.git/hooks/{name}");
    world.write(&path, format!("#!/bin/sh\n{script}\n"));
    fs::set_permissions(world.path(path), fs::Permissions::from_mode(0o755)).unwrap();
}

/// The N-th push of records waits until it is let go.
pub fn hold_push(world: &World, number: usize) {
    world.finish(world.command("mkfifo", "").arg("gate")).ok();
    let script = format!(
        "while read old new ref; do\n  if [ $ref = refs/heads/deployments ]; then\n    echo x >> ../pushes\n    if [ $(wc -l < ../pushes) = {number} ]; then : > ../held; cat ../gate > /dev/null; [ -e ../refuse ] && exit 1; fi\n  fi\ndone\nexit 0"
    );
    hook(world, "pre-receive", &script);
}

pub fn let_go(world: &World) {
    drop(fs::File::options().write(true).open(world.path("gate")).unwrap());
}

pub fn start(world: &World, folder: &str, args: &[&str]) -> Child {
    let mut program = world.program(folder);
    program.args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

pub fn wait_until(condition: impl Fn() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < DEADLINE);
        std::thread::sleep(POLL);
    }
}

/// What a process printed, and how it ended.
pub fn ended(world: &World, child: Child, said: &str) -> String {
    let mut output = child.wait_with_output().unwrap();
    output.stderr.splice(0..0, said.bytes());
    world.shown(output).to_string()
}

/// One deploys from the colleague's clone and is held while it records its begin; then
/// another one begins here. What both said.
fn two_at_once(world: &World, schedule: &str) -> (String, String) {
    hold_push(world, 1);
    let first = start(world, "colleague", &["deploy", "Payroll", "--to", "QA"]);
    wait_until(|| world.path("held").exists());
    let mut second = start(world, "central", &["deploy", schedule, "--to", "QA"]);
    let mut said = String::new();
    let mut stderr = BufReader::new(second.stderr.take().unwrap());
    stderr.read_line(&mut said).unwrap();
    assert!(said.starts_with("Waiting for"), "{said}");
    let_go(world);
    let first = ended(world, first, "");
    let reader = std::thread::spawn(move || std::io::read_to_string(stderr).unwrap());
    let output = second.wait_with_output().unwrap();
    said.push_str(&reader.join().unwrap());
    let mut second = output;
    second.stderr = said.into_bytes();
    (first, world.shown(second).to_string())
}

#[test]
fn of_two_that_deploy_the_same_one_wins() {
    let (systems, world) = world();
    let (first, second) = two_at_once(&world, "Payroll");
    assert_data_eq!(
        first,
        str![[r#"
Payroll  version 1 on QA
--- stderr
Record [record]
--- exit 0

"#]]
    );
    assert_data_eq!(
        second,
        str![[r#"
--- stderr
Waiting for Ann Ops on `[..]` (deploy Payroll) to finish with `QA`
Error: `Payroll` on `QA` was changed by Carl Dev (2026-05-28 20:40) while this command waited; nothing was changed by this one
Hint: look at what stands there now, then run the command again
--- exit 4

"#]]
    );
    assert_eq!(systems.asked("POST", "/impex2/schedules"), 1);
    assert_eq!(world.git("remote.git", &["rev-list", "--count", "deployments"]), "2");
}

#[test]
fn two_that_deploy_different_things_go_one_after_the_other() {
    let (systems, world) = world();
    let (first, second) = two_at_once(&world, "Billing");
    assert!(first.ends_with("--- exit 0\n"), "{first}");
    assert_data_eq!(
        second,
        str![[r#"
Billing  version 1 on QA
--- stderr
Waiting for Ann Ops on `[..]` (deploy Payroll) to finish with `QA`
Record [record]
--- exit 0

"#]]
    );
    assert!(!systems.stands("QA", "Payroll").is_null() && !systems.stands("QA", "Billing").is_null());
    assert_eq!(world.git("remote.git", &["rev-list", "--count", "deployments"]), "4");
    assert_eq!(world.git("remote.git", &["for-each-ref", "refs/opcon-deploy"]), "");
}

#[test]
fn who_waits_too_long_is_told_who_is_at_work() {
    let (_systems, world) = world();
    hold_push(&world, 1);
    let first = start(&world, "colleague", &["deploy", "Payroll", "--to", "QA"]);
    wait_until(|| world.path("held").exists());
    let run = world.central(&["deploy", "Billing", "--to", "QA", "--wait", "0"]).exits(4);
    assert_data_eq!(
        run.to_string(),
        str![[r#"
--- stderr
Waiting for Ann Ops on `[..]` (deploy Payroll) to finish with `QA`
Error: `QA` is in use by Ann Ops on `[..]`: deploy Payroll
Hint: `--wait SECONDS` waits longer; `opcon-deploy lock break "QA"` takes it from somebody who will not come back
--- exit 4

"#]]
    );
    let_go(&world);
    assert!(ended(&world, first, "").ends_with("--- exit 0\n"));
}

#[test]
fn the_lease_of_one_that_died_is_taken_over_and_what_it_left_is_ended() {
    let (systems, world) = world();
    let settings = world.read("central/deploy.toml");
    world.write("central/deploy.toml", settings.replace("[git]", "[git]\nlock_seconds = 1"));
    world.commit_all("Short leases");
    world.git("central", &["push", "--quiet"]);
    // Killed before its end is recorded: the schedule stands there already.
    hold_push(&world, 2);
    let mut first = start(&world, "colleague", &["deploy", "Payroll", "--to", "QA"]);
    wait_until(|| world.path("held").exists());
    first.kill().unwrap();
    first.wait().unwrap();
    world.write("refuse", "");
    let_go(&world);
    assert!(!systems.stands("QA", "Payroll").is_null());
    let run = world.central(&["deploy", "Billing", "--to", "QA"]).ok();
    assert_data_eq!(
        run.to_string(),
        str![[r#"
Billing  version 1 on QA
--- stderr
Waiting for Ann Ops on `[..]` (deploy Payroll) to finish with `QA`
Took `QA` over from Ann Ops on `[..]` (deploy Payroll), who gave no sign of life
Warning: an earlier command left `Payroll` open: it stands there as planned, and is recorded as active
Record [record]
--- exit 0

"#]]
    );
    let tree = world.git("remote.git", &["ls-tree", "-r", "--name-only", "deployments"]);
    assert!(!tree.contains("open/") && tree.contains("Payroll") && tree.contains("Billing"), "{tree}");
}

pub fn interrupt(child: &Child) {
    let kill = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
}

#[test]
fn ctrl_c_before_the_insert_changes_nothing() {
    let (systems, world) = world();
    hold_push(&world, 1);
    let child = start(&world, "central", &["deploy", "Payroll", "--to", "QA"]);
    wait_until(|| world.path("held").exists());
    interrupt(&child);
    let_go(&world);
    assert_data_eq!(
        ended(&world, child, ""),
        str![[r#"
--- stderr
Error: stopped; nothing was changed on `QA`
--- exit 130

"#]]
    );
    assert_eq!(systems.asked("POST", "/impex2/schedules"), 0);
    let records = world.central(&["deployments", "--json"]).ok().json();
    assert_eq!(records["deployments"][0]["status"], "Cancelled");
}

#[test]
fn ctrl_c_after_the_insert_finishes_first() {
    let (systems, world) = world();
    hold_push(&world, 2);
    let child = start(&world, "central", &["deploy", "Payroll", "--to", "QA"]);
    wait_until(|| world.path("held").exists());
    interrupt(&child);
    let_go(&world);
    assert_data_eq!(
        ended(&world, child, ""),
        str![[r#"
Payroll  version 1 on QA
--- stderr
Record [record]
--- exit 0

"#]]
    );
    assert!(!systems.stands("QA", "Payroll").is_null());
    let records = world.central(&["deployments", "--json"]).ok().json();
    assert_eq!(records["deployments"][0]["status"], "Active");
}

/// Runs the program where no file may be longer than so many blocks of 512 bytes.
fn with_room(world: &World, blocks: usize, args: &str) -> Run {
    let mut command = world.command("sh", "central");
    let program = env!("CARGO_BIN_EXE_opcon-deploy");
    world.finish(command.args(["-c", &format!("ulimit -f {blocks}; exec '{program}' {args}")]))
}

#[test]
fn without_room_for_the_records_nothing_is_lost() {
    let story = Story::begin(false);
    story.world.import("central", &starting("Payroll", "07:00").replace("23.0.1", &noise(6000)), &[]).ok();
    let (mut blocks, mut refused) = (0, 0);
    loop {
        let run = with_room(&story.world, blocks, &DEPLOY.join(" "));
        story.assert_recovers(&format!("with {blocks} blocks\n{run}"));
        if run.output.status.success() {
            break;
        }
        refused += usize::from(run.to_string().contains("; nothing was changed on `QA`"));
        blocks += 1;
    }
    assert!(refused > 0, "no room was never found out before the target was touched");
    story.world.assert_sound("central");
}
