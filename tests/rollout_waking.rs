//! Servers that a run has woken, and that was killed before it could switch them off.

use std::process::Stdio;
use std::time::Instant;

use crate::faults::{DEADLINE, POLL};
use crate::harness::starting;
use crate::rollout_faults::{WAKING, sleeping};

const POWER_OFF: &str = "opcon-deploy.powerOffCommand";

#[test]
fn what_a_killed_run_has_woken_is_switched_off_by_the_next_one() {
    let (systems, world) = sleeping();
    world.propose("night", WAKING);
    // It is killed while it works on what it has woken.
    systems.set_fault("PROD-B:latency=600000@POST /impex2/schedules*#1".parse().unwrap());
    let mut program = world.program("central");
    program.args(["rollout", "run", "--due"]).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = program.spawn().unwrap();
    let started = Instant::now();
    while world.states("central", "night")[1] != "running" {
        assert!(started.elapsed() < DEADLINE);
        std::thread::sleep(POLL);
    }
    child.kill().unwrap();
    child.wait().unwrap();
    systems.clear_faults();
    world.forget_leases();
    assert!(!world.path("off").exists());
    let run = world.run_due().ok().to_string();
    assert!(!run.contains("Waking"), "{run}");
    assert_eq!(world.states("central", "night"), ["succeeded"; 2], "{run}");
    assert_eq!(systems.starts("PROD-B", "Payroll"), "06:00");
    assert_eq!(world.read("off"), "PROD-B at 127.0.0.1\n", "{run}");
}

#[test]
fn one_that_is_killed_with_nothing_left_to_do_but_that_as_well() {
    let (systems, world) = sleeping();
    let off = world.git("", &["config", "--global", POWER_OFF]);
    // The command's parent is the run.
    world.git("", &["config", "--global", POWER_OFF, "kill -9 $PPID"]);
    world.propose("night", WAKING);
    let run = world.run_due();
    assert_eq!(run.output.status.code(), None, "{run}");
    world.git("", &["config", "--global", POWER_OFF, &off]);
    world.forget_leases();
    assert_eq!(world.states("central", "night"), ["succeeded"; 2]);
    let run = world.run_due().ok().to_string();
    assert!(run.contains("`PROD-B` is switched off"), "{run}");
    assert_eq!(world.read("off"), "PROD-B at 127.0.0.1\n");
    // Once: it is up by somebody else's doing from now on.
    world.import("central", &starting("Payroll", "07:00"), &[]).ok();
    world.propose("next", WAKING);
    world.run_due().ok();
    assert_eq!(systems.starts("PROD-B", "Payroll"), "07:00");
    assert_eq!(world.read("off"), "PROD-B at 127.0.0.1\n");
}

#[test]
fn one_that_comes_up_after_its_run_was_killed_has_been_woken_by_it() {
    let (systems, world) = sleeping();
    // The packets are sent by then; the command's parent is the run.
    world.git("", &["config", "--global", "opcon-deploy.wakeCommand", "kill -9 $PPID"]);
    world.propose("night", WAKING);
    let run = world.run_due();
    assert_eq!(run.output.status.code(), None, "{run}");
    world.git("", &["config", "--global", "--unset", "opcon-deploy.wakeCommand"]);
    let started = Instant::now();
    while !systems.is_on("PROD-B") {
        assert!(started.elapsed() < DEADLINE);
        std::thread::sleep(POLL);
    }
    world.forget_leases();
    let run = world.run_due().ok().to_string();
    assert!(!run.contains("Waking"), "{run}");
    assert_eq!(world.states("central", "night"), ["succeeded"; 2], "{run}");
    assert_eq!(world.read("off"), "PROD-B at 127.0.0.1\n", "{run}");
}
