//! Killed at every step: the target is as before or as planned, the records
//! say so after `doctor --repair`, and what stood before can be put back.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, ExitStatus, Stdio};
use std::time::Instant;

use crate::faults::{DEADLINE, POLL};
use crate::harness::{Run, World, starting};
use crate::recovery::{DEPLOY, MANY, Story};

/// A `git` that kills whoever called it, at its N-th call or once that has done its work.
pub fn killing_git(world: &World, number: usize, after: bool) {
    let real = std::env::var("PATH").unwrap();
    let real = real.split(':').map(|dir| format!("{dir}/git")).find(|git| fs::exists(git).unwrap()).unwrap();
    let count = world.path("bin/count");
    let work = if after { format!("'{real}' \"$@\"") } else { String::new() };
    let script = format!(
        "#!/bin/sh\necho \"$*\" >> '{count}'\nif [ $(wc -l < '{count}') = {number} ]; then {work}\nkill -9 $PPID; exit 1; fi\nexec '{real}' \"$@\"\n",
        count = count.display()
    );
    let _ = fs::remove_file(&count);
    world.write("bin/git", script);
    fs::set_permissions(world.path("bin/git"), fs::Permissions::from_mode(0o755)).unwrap();
}

/// Runs the program with that `git`.
pub fn run_killed(world: &World, args: &[&str]) -> Run {
    let path = format!("{}:{}", world.path("bin").display(), std::env::var("PATH").unwrap());
    world.finish(world.program("central").env("PATH", path).args(args))
}

fn killed_at_every_git(remote: bool, after: bool) {
    let story = Story::begin(remote);
    let world = &story.world;
    let mut touched = 0;
    for number in 1.. {
        assert!(number < MANY);
        killing_git(world, number, after);
        let run = run_killed(world, DEPLOY);
        let calls = world.read("bin/count");
        let when = format!("killed at {}\n{run}", calls.lines().last().unwrap_or_default());
        touched += usize::from(story.assert_recovers(&when));
        if run.output.status.code().is_some() {
            run.ok();
            assert!(touched > 1, "no kill came after the target was touched");
            break;
        }
    }
    world.assert_sound("central");
}

/// Kills the program while the N-th request is held: before it is done, or before all of the
/// answer is there.
fn killed_at_every_request(fault: &str) {
    let story = Story::begin(false);
    let mut touched = 0;
    for number in 1.. {
        assert!(number < MANY);
        let before = story.systems.requests().len();
        story.systems.set_fault(format!("{fault}=600000#{number}").parse().unwrap());
        let mut program = story.world.program("central");
        let mut child = program.args(DEPLOY).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // What is held before it is done has not been recorded yet.
        let wanted = before + if fault == "latency" { number - 1 } else { number };
        let ended = killed_once(&mut child, || story.systems.requests().len() >= wanted);
        story.systems.clear_faults();
        touched += usize::from(story.assert_recovers(&format!("killed at request {number}")));
        if ended.success() {
            break;
        }
    }
    assert!(touched > 1, "no kill came after the target was touched");
}

/// Two schedules of a package that stand on a target: killed before every `git` of a command
/// that changes both, all of the package is as before or as planned.
fn package_killed(begin: &[&str], command: &[&str], before: [&str; 2], after: [&str; 2], again: &[&str]) {
    let story = Story::begin(false);
    let (world, systems) = (&story.world, &story.systems);
    world.import("central", &starting("Billing", "06:00"), &[]).ok();
    world.central(&["package", "create", "FIN", "Payroll", "Billing"]).ok();
    world.central(&["deploy", "package:FIN", "--to", "QA", "--accept-existing"]).ok();
    world.import("central", &starting("Billing", "08:00"), &[]).ok();
    world.central(&["package", "update", "FIN"]).ok();
    if !begin.is_empty() {
        world.central(begin).ok();
    }
    let stand =
        || ["Payroll", "Billing"].map(|name| systems.starts("QA", name).as_str().unwrap_or("-").to_owned());
    assert_eq!(stand(), before);
    let mut changed = 0;
    for number in 1.. {
        assert!(number < MANY);
        killing_git(world, number, false);
        let run = run_killed(world, command);
        story.repair(&run.to_string());
        assert!(stand() == before || stand() == after, "{:?}\n{run}", stand());
        assert_eq!(story.recorded_all(), stand().into_iter().filter(|time| time != "-").collect::<Vec<_>>());
        if stand() == after {
            changed += 1;
            if !again.is_empty() {
                world.central(again).ok();
                assert_eq!(stand(), before, "{run}");
            }
        }
        if run.output.status.code().is_some() {
            run.ok();
            break;
        }
    }
    assert!(changed > 1, "no kill came after the target was touched");
}

/// Kills a program as soon as something is so, unless it ends before; how it ended.
pub fn killed_once(child: &mut Child, is_so: impl Fn() -> bool) -> ExitStatus {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < DEADLINE);
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        std::thread::sleep(POLL);
    }
    child.kill().unwrap();
    child.wait().unwrap()
}

#[test]
fn a_package_before_every_git() {
    let deploy = ["deploy", "package:FIN", "--to", "QA", "--accept-existing", "--accept-pinned"];
    let rollback = ["rollback", "package:FIN", "--on", "QA", "--yes"];
    package_killed(&[], &deploy, ["07:00", "06:00"], ["07:00", "08:00"], &rollback);
}

#[test]
fn a_rollback_before_every_git() {
    let deploy = ["deploy", "package:FIN", "--to", "QA", "--accept-existing", "--accept-pinned"];
    let rollback = ["rollback", "package:FIN", "--on", "QA", "--yes"];
    package_killed(&deploy, &rollback, ["07:00", "08:00"], ["07:00", "06:00"], &rollback);
}

#[test]
fn before_every_git_with_a_remote() {
    killed_at_every_git(true, false);
}

#[test]
fn after_every_git_with_a_remote() {
    killed_at_every_git(true, true);
}

#[test]
fn before_every_git_without_a_remote() {
    killed_at_every_git(false, false);
}

#[test]
fn after_every_git_without_a_remote() {
    killed_at_every_git(false, true);
}

#[test]
fn before_every_request_is_done() {
    killed_at_every_request("latency");
}

#[test]
fn before_every_answer_is_there() {
    killed_at_every_request("slow-body");
}

#[test]
fn a_deletion_before_every_git() {
    let story = Story::begin(false);
    let (world, systems) = (&story.world, &story.systems);
    let mut deleted = 0;
    for number in 1.. {
        assert!(number < MANY);
        killing_git(world, number, false);
        let run = run_killed(world, &["delete", "Payroll", "--from", "QA", "--yes"]);
        story.repair(&run.to_string());
        let stands = systems.starts("QA", "Payroll");
        let recorded = story.recorded_all();
        assert_eq!(recorded, stands.as_str().into_iter().collect::<Vec<_>>(), "{run}");
        if stands.is_null() {
            deleted += 1;
            let records = world.central(&["deployments", "--json"]).ok().json();
            let id = records["deployments"][0]["id"].as_str().unwrap().to_owned();
            world.central(&["rollback", "--record", &id, "--yes"]).ok();
        }
        assert_eq!(systems.starts("QA", "Payroll"), "06:00", "{run}");
        if run.output.status.code().is_some() {
            run.ok();
            break;
        }
    }
    assert!(deleted > 1, "no kill came after the target was touched");
}
